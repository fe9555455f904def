"""Figures from paths, series and pictures: data in, Figure out.

Every figure has an ``alt`` text, which says in words what it shows, and displays itself in a notebook. pyplot is never
used: its figures are global, and its notebook backend draws each of them twice.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from course_utils.descent import Path
from course_utils.surfaces import Surface

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as _Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor

# Okabe and Ito's hues, so dark that a thin line is seen on any contour and a sign in a line of text can be read (WCAG
# AA: 3 and 4.5 to 1). Colour-blind readers tell them apart by the marker and the line style that each has of its own.
BLUE, ORANGE, GREEN, RED, PURPLE, BLACK = "#0072B2", "#9F6A00", "#008560", "#C25200", "#B3578B", "#000000"
GREY, PALE_GREY = "#767676", "#949494"  # what is compared with, and what is only beside it
STYLES = [
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": RED, "marker": "s", "linestyle": "--"},
    {"color": GREEN, "marker": "^", "linestyle": "-."},
    {"color": PURPLE, "marker": "D", "linestyle": ":"},
    {"color": ORANGE, "marker": "v", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": BLACK, "marker": "P", "linestyle": (0, (3, 1))},
]

GLYPHS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}  # the markers, in words

HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#c2daec", "#f4f8fb"])  # low to high, pale under the paths
LEVEL = "#507089"  # the lines between heights

DPI = 100  # CSS pixels an inch: a type of 13 points is 18 pixels high
SHARP = 1.5  # drawn so much finer, for projectors and dense screens

# Set for the whole session, so that what a lecture or a student adds to a figure looks the same.
mpl.rcParams.update(
    {
        "font.size": 13,
        "axes.titlesize": 14,
        "axes.labelsize": 13,
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
        "legend.fontsize": 12,
        "legend.framealpha": 0.9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#dddddd",
        "lines.linewidth": 2.2,
        "lines.markersize": 7,
        "axes.formatter.useoffset": False,
    }
)


class Figure(_Figure):
    """A matplotlib figure in the course's looks, that shows itself in a notebook with its ``alt`` text.

    ``size`` is (width, height) in inches at 100 CSS pixels an inch.
    """

    def __init__(self, size: tuple[float, float] = (9, 4.5), alt: str = ""):
        super().__init__(figsize=size, dpi=DPI * SHARP, layout="constrained")
        FigureCanvasAgg(self)
        self.alt = alt

    def png(self) -> bytes:
        """The figure as it stands, as the bytes of a PNG picture."""
        return small_png(self.raster(), 256, Image.Quantize.MEDIANCUT)

    def raster(self) -> Image.Image:
        """The figure, drawn anew, as a picture in memory."""
        self.canvas.draw()
        return Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.get_size_inches() * DPI
        return mimebundle(self.png(), self.alt, width, height)


def small_png(picture: Image.Image, colours: int = 128, method: Image.Quantize = Image.Quantize.FASTOCTREE) -> bytes:
    """The picture as a PNG of few colours, and white white: a third of the size.

    The default method keeps small areas of a colour true, MEDIANCUT the shades of large ones.
    """
    buffer = io.BytesIO()
    few = picture.quantize(colours, method=method, dither=Image.Dither.NONE)
    palette = np.array(few.getpalette()).reshape(-1, 3)
    palette[(palette > 250).all(axis=-1)] = 255
    few.putpalette(palette.reshape(-1).tolist())
    few.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def uri(png: bytes) -> str:
    """The picture as an address that holds it, for HTML."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


VIEW = "application/vnd.jupyter.widget-view+json"  # what shows a live widget


def mimebundle(png: bytes, alt: str, width: float, height: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """What IPython shows for a picture of that many CSS pixels, and its words for where there are no pictures."""
    shown = {"image/png": png, "text/plain": alt}
    return shown, {"image/png": {"alt": alt, "width": round(width), "height": round(height)}}


def plot_curves(
    series: Mapping[str, tuple[Any, Any]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    log: str = "",
) -> Figure:
    """Curves y against x, {label: (x, y)}, with the axes in ``log`` ("x", "y" or "xy") logarithmic.

    Values that are not finite leave a gap. The title says the finding: it is a part of the ``alt`` text.
    More can be drawn on ``figure.axes[0]``. Markers stand on each point of a short series, on some of a long one.
    Raises ValueError if there is no curve.
    """
    if not series:
        raise ValueError("series must hold one curve or more, got none.")
    figure = Figure(alt=f"{title}. Curves of {ylabel} against {xlabel}: {', '.join(series)}.".replace("\n", " "))
    ax = figure.add_subplot()
    for (label, (x, y)), style in zip(series.items(), cycle(STYLES), strict=False):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        ax.plot(x, np.where(np.isfinite(y), y, np.nan), label=label, markevery=max(1, len(x) // 12), **style)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if "y" in log:
        ax.set_yscale("log")
    if "x" in log:
        ax.set_xscale("log")
    else:
        ax.xaxis.set_major_locator(
            MaxNLocator("auto", integer=all(float(v).is_integer() for v in ax.lines[0].get_xdata()))
        )
    if len(series) > 1:
        ax.legend()
    return figure


def plot_heat_maps(
    maps: Mapping[str, Any],
    *,
    rows: tuple[str, Sequence[Any]],
    columns: tuple[str, Sequence[Any]],
    title: str,
    low: float,
    high: float,
) -> Figure:
    """Maps side by side, {label: values (rows, columns)}, coloured by the logarithm of the values.

    The colours go from ``low`` to ``high``. ``rows`` and ``columns`` are (their name, what they are called). In each
    field stands its value, as a power of ten, or "none" where it is not positive and finite.

    Raises ValueError for values of another shape.
    """
    shape = len(rows[1]), len(columns[1])
    if not maps or any(np.shape(values) != shape for values in maps.values()):
        raise ValueError(f"maps must be one or more of {shape[0]} rows and {shape[1]} columns each.")
    told = f"{title}. Maps of {rows[0]} and {columns[0]}: {', '.join(maps)}."
    figure = Figure((10, 1.6 + 0.45 * shape[0]), told)
    figure.suptitle(title, fontsize=14)
    for i, (label, values) in enumerate(maps.items()):
        ax = figure.add_subplot(1, len(maps), i + 1, title=label, xlabel=columns[0], facecolor="#dddddd")
        values = np.asarray(values, dtype=float)
        power = np.log10(np.where((values > 0) & np.isfinite(values), values, np.nan))
        ends = {"vmin": np.log10(low), "vmax": np.log10(high)}
        shades = ax.imshow(power, cmap="PuOr_r", aspect="auto", **ends)
        for row, column in np.ndindex(*shape):
            ten = power[row, column]
            part = (ten - ends["vmin"]) / (ends["vmax"] - ends["vmin"])
            dark = part < 0.19 or part > 0.885  # where white has the greater contrast
            text = f"{ten:.0f}".replace("-0", "0").replace("-", "−") if np.isfinite(ten) else "none"
            ax.text(column, row, text, ha="center", va="center", color="white" if dark else BLACK)
        ax.set_xticks(range(shape[1]), columns[1])
        ax.set_yticks(range(shape[0]), rows[1] if i == 0 else [""] * shape[0])
        ax.grid(False)
        if i == 0:
            ax.set_ylabel(rows[0])
    figure.colorbar(shades, ax=figure.axes, label="power of ten", extend="both", fraction=0.05)
    return figure


def draw_surface(ax: Axes, surface: Surface) -> None:
    """Draw the surface's contours, closer towards the minimum, and its minima on ``ax``."""
    x, y = np.linspace(*surface.xlim, 241), np.linspace(*surface.ylim, 241)
    points = torch.tensor(np.stack(np.meshgrid(x, y), axis=-1))
    value = surface(points).numpy()
    low = surface.lowest
    levels = low + (value.max() - low) * np.linspace(0, 1, 13) ** 3
    ax.contourf(x, y, value, levels=levels, colors=HEIGHTS(np.linspace(0, 1, len(levels) - 1)))
    ax.contour(x, y, value, levels=levels, colors=LEVEL, linewidths=0.7, linestyles="solid")
    for i, minimum in enumerate(surface.minima):
        ax.plot(
            *minimum,
            marker="*",
            markersize=17,
            color="white",
            markeredgecolor=BLACK,
            linestyle="none",
            zorder=4,
            label="minimum" if i == 0 else None,
        )
    ax.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)


def draw_path(ax: Axes, path: Path, label: str, style: Mapping[str, Any]) -> None:
    """Draw one path on ``ax``, its start as a white disc; a path that leaves the frame for good ends there."""
    x = finite(path.x)[: leaves(path) + 1]
    ax.plot(x[:, 0], x[:, 1], label=label, markersize=6, markevery=marks(len(x)), **style)
    draw_start(ax, path.x[0])


def draw_start(ax: Axes, x: Tensor) -> None:
    """Mark the point x (2,) of a surface as a start: a white disc."""
    ax.plot(*x, marker="o", markersize=11, color="white", markeredgecolor=BLACK, markeredgewidth=2, zorder=5)


def draw_arrow(ax: Axes, tail: Tensor | np.ndarray, tip: Tensor | np.ndarray, color: str) -> None:
    """Draw an arrow between two points (2,) of a surface."""
    looks = {
        "arrowstyle": "-|>",
        "linewidth": 3,
        "mutation_scale": 24,
        "shrinkA": 0,
        "shrinkB": 0,
        "color": color,
    }
    ax.annotate("", tip.tolist(), tail.tolist(), arrowprops=looks)


def marks(n: int) -> slice:
    """Which of n points get a marker: all of a short path, some 40, evenly, of a long one; never the start."""
    every = max(1, n // 40)
    return slice(every, None, every)


def leaves(path: Path) -> int:
    """The step at which a path leaves the frame of its surface for good; the number of its points if it does not.

    0 for a path that starts outside and never comes in.

    Drawing beyond it would be misleading: later jumps right across the frame would look like steps on the surface.
    """
    return int(left_at(finite(path.x), path.surface.xlim, path.surface.ylim))


def left_at(points: np.ndarray, xlim: Sequence[float], ylim: Sequence[float]) -> np.ndarray:
    """For each series of points (..., n, 2): the number of the first after which none is in the frame; n if none is."""
    (x0, x1), (y0, y1) = xlim, ylim
    x, y = points[..., 0], points[..., 1]
    inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    return np.where(inside, np.arange(1, inside.shape[-1] + 1), 0).max(axis=-1)


def finite(values: Tensor) -> np.ndarray:
    """The values as an array in which infinity, and what is too large to be drawn, is NaN: matplotlib leaves it out."""
    values = values.numpy()
    return np.where(np.abs(values) < 1e100, values, np.nan)


def plot_paths(paths: Mapping[str, Path], *, title: str) -> Figure:
    """Some paths, {label: path}, on the contours of the surface that they share.

    Raises ValueError if there is no path, or if they are on different surfaces.
    """
    if len({path.surface for path in paths.values()}) != 1:
        raise ValueError(f"paths must be one or more on one surface, got {paths}.")
    surface = next(iter(paths.values())).surface
    told = "; ".join(f"{label}: {path.outcome}" for label, path in paths.items())
    figure = Figure((9, 5.2), f"Paths on the contours of the {surface.name} surface. {told}.")
    ax = figure.add_subplot(title=title)
    draw_surface(ax, surface)
    for (label, path), style in zip(paths.items(), cycle(STYLES), strict=False):
        draw_path(ax, path, label, style)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def plot_pictures(x: Tensor, labels: Sequence[str], *, title: str) -> Figure:
    """Pictures x (N, 1, H, W), grey, or (N, 3, H, W), in colours, in a row, each with its label."""
    told = ", ".join(label.replace("\n", " ") for label in labels)
    figure = Figure((9, 1.9), f"{title}: a row of {len(x)} pictures, labelled {told}.")
    figure.suptitle(title, fontsize=14)
    for i, (picture, label) in enumerate(zip(x, labels, strict=True)):
        ax = figure.add_subplot(1, len(x), i + 1)
        picture = picture.numpy(force=True)
        ax.imshow(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(label)
        ax.set_axis_off()
    return figure
