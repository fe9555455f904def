"""Figures from paths, series and pictures: data in, Figure out.

Every figure has an ``alt`` text, which says in words what it shows, and displays itself in a notebook. pyplot is never
used: its figures are global, and its notebook backend draws each of them twice.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as _Figure
from PIL import Image
from torch import Tensor

from course_utils.descent import Path
from course_utils.gradients import curvatures
from course_utils.surfaces import Surface

# Okabe and Ito's colours, told apart by colour-blind readers too, each with a marker and a line style of its own.
BLUE, ORANGE, GREEN, RED, PURPLE, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#000000"
STYLES = [
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": RED, "marker": "s", "linestyle": "--"},
    {"color": GREEN, "marker": "^", "linestyle": "-."},
    {"color": PURPLE, "marker": "D", "linestyle": ":"},
    {"color": ORANGE, "marker": "v", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": BLACK, "marker": "P", "linestyle": (0, (3, 1))},
]

HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#a9cce6", "#f4f8fb"])  # low to high, pale under the paths

DPI = 100  # CSS pixels an inch: a type of 13 points is 18 pixels high
SHARP = 1.5  # drawn so much finer, for projectors and dense screens

LOOKS = {
    "figure.dpi": DPI * SHARP,
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


class Figure(_Figure):
    """A matplotlib figure in the course's looks, that shows itself in a notebook with its ``alt`` text.

    ``size`` is (width, height) in inches at 100 CSS pixels an inch.
    """

    def __init__(self, size: tuple[float, float] = (9, 4.5), alt: str = ""):
        with mpl.rc_context(LOOKS):
            super().__init__(figsize=size, dpi=DPI * SHARP, layout="constrained")
        FigureCanvasAgg(self)
        self.alt = alt

    def add_subplot(self, *args, **kwargs) -> Axes:
        with mpl.rc_context(LOOKS):
            return super().add_subplot(*args, **kwargs)

    def png(self) -> bytes:
        """The figure as it stands, as the bytes of a PNG picture."""
        buffer = io.BytesIO()
        with mpl.rc_context(LOOKS):
            self.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        width, height = self.get_size_inches() * DPI
        return mimebundle(self.png(), self.alt, width, height)


def mimebundle(png: bytes, alt: str, width: float, height: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """What IPython shows for a picture of that many CSS pixels: the picture, or its words where there are no pictures."""
    shown = {"image/png": png, "text/plain": alt}
    return shown, {"image/png": {"alt": alt, "width": round(width), "height": round(height)}}


def plot_curves(
    series: Mapping[str, tuple[Any, Any]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    alt: str,
    xscale: str = "linear",
    yscale: str = "linear",
    size: tuple[float, float] = (9, 4.5),
) -> Figure:
    """Curves y against x, {label: (x, y)}; values that are not finite leave a gap.

    More can be drawn on ``figure.axes[0]``. Markers stand on each point of a short series, on some of a long one.
    """
    figure = Figure(size, alt)
    ax = figure.add_subplot()
    for (label, (x, y)), style in zip(series.items(), cycle(STYLES), strict=False):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        ax.plot(x, np.where(np.isfinite(y), y, np.nan), label=label, markevery=max(1, len(x) // 12), **style)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    if len(series) > 1:
        ax.legend()
    return figure


def draw_surface(ax: Axes, surface: Surface) -> None:
    """Draw the surface's contours, closer towards the minimum, and its minima on ``ax``."""
    x, y = np.linspace(*surface.xlim, 241), np.linspace(*surface.ylim, 241)
    points = torch.tensor(np.stack(np.meshgrid(x, y), axis=-1))
    value = surface(points).numpy()
    low = min(surface(torch.tensor(m, dtype=torch.float64)).item() for m in surface.minima)
    levels = low + (value.max() - low) * np.linspace(0, 1, 13) ** 3
    ax.contourf(x, y, value, levels=levels, colors=HEIGHTS(np.linspace(0, 1, len(levels) - 1)))
    ax.contour(x, y, value, levels=levels, colors="#7f9fb8", linewidths=0.7)
    for i, minimum in enumerate(surface.minima):
        ax.plot(*minimum, marker="*", markersize=17, color="white", markeredgecolor=BLACK, linestyle="none",
                zorder=4, label="minimum" if i == 0 else None)  # fmt: skip
    ax.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)


def draw_path(ax: Axes, path: Path, label: str, style: Mapping[str, Any]) -> None:
    """Draw one path on ``ax``, its start as a white disc; what leaves the frame is cut off at its edge."""
    x = finite(path.x)
    ax.plot(x[:, 0], x[:, 1], label=label, markersize=6, markevery=marks(len(x)), **style)
    ax.plot(*x[0], marker="o", markersize=11, color="white", markeredgecolor=BLACK, markeredgewidth=2, zorder=5)


def marks(n: int) -> slice:
    """Which of n points get a marker: all of a short path, some 40, evenly, of a long one; never the start."""
    return slice(1, None, max(1, n // 40))


def finite(values: Tensor) -> np.ndarray:
    """The values as an array in which infinity, and what is too large to be drawn, is NaN: matplotlib leaves it out."""
    values = values.numpy()
    return np.where(np.abs(values) < 1e100, values, np.nan)


def plot_paths(paths: Mapping[str, Path], *, title: str, size: tuple[float, float] = (9, 4.8)) -> Figure:
    """Some paths, {label: path}, on the contours of the surface that they share."""
    surface = next(iter(paths.values())).surface
    told = "; ".join(f"{label}: {path.outcome}" for label, path in paths.items())
    figure = Figure(size, f"Paths on the contours of the {surface.name} surface. {told}.")
    ax = figure.add_subplot(title=title)
    draw_surface(ax, surface)
    for (label, path), style in zip(paths.items(), cycle(STYLES), strict=False):
        draw_path(ax, path, label, style)
    ax.legend(loc="upper right")
    return figure


def plot_pictures(x: Tensor, labels: Sequence[str], *, title: str, alt: str) -> Figure:
    """Grey pictures x (N, 1, H, W) in a row, each with its label."""
    figure = Figure((9, 1.9), alt)
    figure.suptitle(title, fontsize=14)
    for i, (picture, label) in enumerate(zip(x, labels, strict=True)):
        ax = figure.add_subplot(1, len(x), i + 1)
        ax.imshow(picture[0].cpu(), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(label)
        ax.set_axis_off()
    return figure


class DescentFigure(Figure):
    """One path out of a grid over the learning rate: on the surface, its loss by step, and what theory says of it.

    ``show(i)`` turns it to the i-th learning rate; only what changes is drawn anew. The right-hand lower panel holds the
    factor |1 - lr λ| by which each direction's distance from the minimum shrinks in a step, for the curvatures λ of the
    surface at its minimum: a path settles there only where all factors are below 1, that is, below lr = 2 / λmax.

    Raises ValueError unless the grid is over "lr" alone.
    """

    def __init__(self, paths: Path, index: int = 0):
        lists = [name for name, value in paths.hyper.items() if value.ndim]
        if lists != ["lr"]:
            raise ValueError(f"paths must be a grid over lr alone, got one over {', '.join(lists) or 'nothing'}.")
        super().__init__(size=(10, 5))
        self.paths, self.lr = paths, paths.hyper["lr"].numpy()
        with mpl.rc_context(LOOKS):
            left, right = self.add_gridspec(1, 2, width_ratios=[1.15, 1])
            upper, lower = right.subgridspec(2, 1)
            self._draw_still(self.add_subplot(left), self.add_subplot(upper), self.add_subplot(lower))
        self.moving = [artist for artist in self.findobj() if artist.get_animated()]
        self.canvas.draw()
        self.set_layout_engine("none")  # what moves must not move the rest
        self._background = None
        self.show(index)

    def _draw_still(self, on_surface: Axes, by_step: Axes, by_lr: Axes) -> None:
        """Draw what stays as it is, and make the artists that move."""
        paths, surface = self.paths, self.paths.surface
        minimum = torch.tensor(surface.minima[0], dtype=torch.float64)
        curvature = curvatures(surface, minimum)
        self.threshold = 2 / curvature.max().item()
        self._floor = surface(minimum)
        moving = {"animated": True, "color": BLUE}
        self.suptitle(" ", fontsize=16)  # keeps the place of the verdict
        self.verdict = self.text(0.5, 0.985, "", ha="center", va="top", fontsize=16, weight="bold", animated=True)

        draw_surface(on_surface, surface)
        on_surface.plot(*paths.x[0].reshape(-1, 2)[0], marker="o", markersize=11, color="white",
                        markeredgecolor=BLACK, markeredgewidth=2)  # fmt: skip
        self.line = on_surface.plot([], [], marker="o", markersize=6, markevery=marks(len(paths.x)), **moving)[0]
        self.left_at = on_surface.text(0.5, 0.03, "", transform=on_surface.transAxes, ha="center", color=RED,
                                       weight="bold", animated=True, bbox={"facecolor": "white", "edgecolor": RED})  # fmt: skip

        height = (paths.loss.reshape(-1)[0] - self._floor).item()
        by_step.set(title="height above the minimum", xlabel="step", yscale="log",
                    xlim=(0, len(paths.x) - 1), ylim=(height * 1e-8, height * 1e4))  # fmt: skip
        self.height = by_step.plot([], [], **moving)[0]

        by_lr.set(title="factor per step near the minimum\n ", xlabel="lr", xscale="log",
                  xlim=(self.lr[0], self.lr[-1]), ylim=(0, 2.2))  # fmt: skip
        by_lr.axhspan(1, 2.2, color=RED, alpha=0.12)
        by_lr.axvline(self.threshold, color=RED, linestyle=":")
        by_lr.annotate(rf"$2\,/\,\lambda_{{\max}}$ = {self.threshold:.3g}", (self.threshold, 2.2), xytext=(-6, -6),
                       textcoords="offset points", ha="right", va="top")  # fmt: skip
        fine = np.geomspace(self.lr[0], self.lr[-1], 200)
        self.factors, self.curvature = [], curvature.tolist()
        for lam, style in zip(self.curvature, STYLES[2:4], strict=True):
            by_lr.plot(fine, abs(1 - fine * lam), color=style["color"], linestyle=style["linestyle"])
            self.factors += by_lr.plot([], [], animated=True, marker=style["marker"], color=style["color"],
                                       markersize=11, markeredgecolor=BLACK, linestyle="none")  # fmt: skip
        self.factor_text = by_lr.text(0.5, 1.05, "", ha="center", fontsize=11, transform=by_lr.transAxes, animated=True)

    def show(self, index: int) -> None:
        """Turn the figure, and its ``alt`` text, to the path of the learning rate ``lr[index]``."""
        path, lr = self.paths[index], self.lr[index]
        x = finite(path.x)
        (x0, x1), (y0, y1) = path.surface.xlim, path.surface.ylim
        outside = ~((x[:, 0] >= x0) & (x[:, 0] <= x1) & (x[:, 1] >= y0) & (x[:, 1] <= y1))
        # Where a path leaves for good, it ends: its later jumps across the frame would look like steps on the surface.
        leaves = len(x) - outside[::-1].argmin() if outside[-1] else len(x)
        self.line.set_data(x[: leaves + 1, 0], x[: leaves + 1, 1])
        self.left_at.set_text(f"leaves the picture at step {leaves}" if outside[-1] else "")
        self.height.set_data(np.arange(len(x)), finite(path.loss - self._floor))
        told = []
        for symbol, lam, dot in zip("▲◆", self.curvature, self.factors, strict=True):
            dot.set_data([lr], [abs(1 - lr * lam)])
            told.append(f"{symbol} λ = {f'{lam:.3g}' if lam < 1000 else f'{lam:,.0f}'}: × {1 - lr * lam:.4f}")
        self.factor_text.set_text("   ".join(told).replace("-", "−"))
        self.verdict.set_text(f"lr = {lr:.3g}: {path.outcome}")
        self.verdict.set_color(RED if path.diverges else BLACK)
        side = "below" if lr < self.threshold else "not below"
        self.alt = (
            f"Gradient descent on the {path.surface.name} surface. {self.verdict.get_text()}. "
            f"This learning rate is {side} the threshold 2 / λmax = {self.threshold:.3g}."
        )

    def png(self) -> bytes:
        """The figure as it stands, as the bytes of a PNG picture; what stands still is drawn only once."""
        if self._background is None:
            self.canvas.draw()
            self._background = self.canvas.copy_from_bbox(self.bbox)
        self.canvas.restore_region(self._background)
        for artist in self.moving:
            self.draw_artist(artist)
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3]).save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()


class Animation:
    """Paths that grow step by step: a moving picture (an animated PNG) that needs no kernel and no script.

    Shown where pictures are shown; a reader that knows no animation shows its first frame, so that is the finished
    picture, held for a moment.
    """

    def __init__(self, paths: Mapping[str, Path], *, title: str, steps: int = 30, size: tuple[float, float] = (9, 4.8)):
        self.figure = plot_paths(paths, title=title, size=size)
        self.alt = f"Animation. {self.figure.alt}"
        ax = self.figure.axes[0]
        lines = [line for line in ax.lines if line.get_label() in paths]
        whole = [line.get_data() for line in lines]
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the frames must not move
        frames = []
        for k in [len(whole[0][0]), *range(1, steps + 2)]:
            for line, (x, y) in zip(lines, whole, strict=True):
                line.set_data(x[:k], y[:k])
                line.set_markevery([k - 1] if k <= steps else marks(k))
            self.figure.canvas.draw()
            frames.append(Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3]))
        # One palette and no dithering: then two frames differ only where something moved, and the file stays small.
        palette = frames[0].quantize(128)
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
        buffer = io.BytesIO()
        frames[0].save(buffer, format="PNG", save_all=True, append_images=[*frames[1:], frames[0]],
                       duration=[700, *[140] * (len(frames) - 1), 2500], loop=0)  # fmt: skip
        self.bytes = buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        width, height = self.figure.get_size_inches() * DPI
        return mimebundle(self.bytes, self.alt, width, height)
