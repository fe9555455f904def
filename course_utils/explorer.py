"""Explorers: sliders over the paths of a rule, drawn in the browser from paths that were all computed in advance.

Python draws what stands still, once, and lays out what moves; ``explorer.js`` draws that over it. Its data are one
array of 16-bit numbers, (settings, channels, points): positions in the picture in sixteenths of a CSS pixel, as
differences along the points, deflated. ``GONE`` stands where nothing is to be drawn. Two hosts take the same module,
``spec`` and data: an anywidget beside ipywidgets sliders where a kernel runs, a piece of HTML with sliders of its own
elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from functools import cached_property
from importlib.resources import files
from typing import Any

from course_utils import checks
from course_utils.descent import Path
from course_utils.gradients import curvatures
from course_utils.plotting import (
    BLACK,
    BLUE,
    DPI,
    RED,
    SHARP,
    STYLES,
    VIEW,
    Figure,
    draw_start,
    draw_surface,
    left_at,
    marks,
)
from course_utils.rules import sgd

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from PIL import Image

UNIT = 16  # parts of a pixel
FAR = 2000  # pixels beyond which nothing is kept
GONE = -(2**15)
MODULE = files("course_utils").joinpath("explorer.js").read_text(encoding="utf-8")


class Explorer:
    """One rule on one surface: a slider for each hyperparameter that ``paths`` has a list of, and one for the step.

    ``first`` says at which position each slider begins. ``sliders`` are the ipywidgets, ``spec`` and ``data`` what
    the browser gets, ``still`` the picture (PNG) of the first setting, ``alt`` its words. Where the rule is gradient
    descent and the surface has a curvature at its minimum, a third panel holds the theory: the factor |1 - lr λ| by
    which each direction's distance from the minimum shrinks in a step.
    """

    def __init__(self, paths: Path, first: dict[str, int]):
        self.paths, self.first = paths, first
        shape = tuple(paths.loss.shape[1:])
        self._first = int(np.ravel_multi_index([first[name] for name in paths.grid], shape))  # its number
        self.values = {name: paths.hyper[name].numpy() for name in paths.grid}
        self._draw_still()
        layout = self._lay_out()
        words, outcome = np.unique(self.outcomes, return_inverse=True)
        self.spec = {
            "width": round(self.figure.get_figwidth() * DPI),
            "height": round(self.figure.get_figheight() * DPI),
            "unit": UNIT,
            "points": len(paths.x),
            "controls": [
                {
                    "name": name,
                    "label": name,
                    "values": values.tolist(),
                    "texts": [f"{v:.3g}" for v in values],
                    "first": first[name],
                }
                for name, values in self.values.items()
            ],
            "words": words.tolist(),
            "outcome": outcome.tolist(),
            "bad": [i for i, word in enumerate(words.tolist()) if word.startswith("diverges")],
            "about": f"The path of {checks.name_of(paths.rule)} on the {paths.surface.name} surface.",
            **layout,
        }
        self.alt = f"{self.spec['about']} {self._sentence()}"
        self.spec["background"] = uri(small_png(self.figure))
        self._draw_first()
        self.still = small_png(self.figure)

    def _draw_still(self) -> None:
        """What stands still: contours, axes, and the theory if there is one."""
        paths, surface = self.paths, self.paths.surface
        start, minima = paths.x[0].reshape(-1, 2)[0], torch.tensor(surface.minima, dtype=torch.float64)
        minimum = minima[(minima - start).norm(dim=-1).argmin()]  # the nearest
        curvature = curvatures(surface, minimum)
        self.curvature = curvature.tolist() if curvature.isfinite().all() else []
        self.with_theory = paths.rule is sgd and paths.grid == ["lr"] and bool(self.curvature)
        self.figure = Figure(size=(10, 5))
        left, right = self.figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
        rows = right.subgridspec(2 if self.with_theory else 1, 1)
        self.on_surface, self.by_step = self.figure.add_subplot(left), self.figure.add_subplot(rows[0])
        draw_surface(self.on_surface, surface)
        draw_start(self.on_surface, start)
        self.on_surface.set_title(" ")  # keeps the place of the still's words
        self.floor = min(surface(m).item() for m in minima)
        height = min(max(1e-12, paths.loss.reshape(-1)[0].item() - self.floor), 1e100)
        self.by_step.set(
            title="loss above the minimum",
            xlabel="step",
            yscale="log",
            xlim=(0, len(paths.x) - 1),
            ylim=(height * 1e-6, height * 1e3),
        )
        self.by_step.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        if self.with_theory:
            self._draw_theory(self.figure.add_subplot(rows[1]))
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # what moves must find everything where it is

    def _draw_theory(self, ax: Axes) -> None:
        lr, self.by_lr = self.values["lr"], ax
        self.threshold = 2 / max(self.curvature)
        ax.set(
            title="factor per step near the minimum",
            xlabel="lr",
            ylabel=r"$|1 - \mathrm{lr}\,\lambda|$",
            xscale="log",
            xlim=(lr[0], lr[-1]),
            ylim=(0, 2.2),
        )
        ax.axhspan(1, 2.2, color=RED, alpha=0.12)
        ax.axvline(self.threshold, color=RED, linestyle=":")
        ax.annotate(
            rf"edge: $2\,/\,\lambda_{{\max}}$ = {self.threshold:.3g}",
            (self.threshold, 2.2),
            xytext=(-6, -6),
            textcoords="offset points",
            ha="right",
            va="top",
        )
        fine = np.geomspace(lr[0], lr[-1], 200)
        for lam, style in zip(self.curvature, STYLES[2:4], strict=True):
            ax.plot(fine, abs(1 - fine * lam), color=style["color"], linestyle=style["linestyle"])

    def _lay_out(self) -> dict[str, Any]:
        """Everything that moves, in pixels; sets ``data``, returns what the browser must know of it."""
        paths = self.paths
        last = len(paths.x)
        x = np.moveaxis(paths.x.numpy().reshape(last, -1, 2), 0, 1)  # (settings, points, 2)
        loss = paths.loss.numpy().reshape(last, -1).T - self.floor
        at_surface, gone = departed(self._pixels(self.on_surface, x), self._clip(self.on_surface))
        fates = [
            ("" if i == last else f", leaves the picture at step {i}" if i else ", starts outside the picture")
            for i in gone
        ]
        self.outcomes = np.array([a + b for a, b in zip(paths.outcomes.reshape(-1), fates, strict=True)])
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            at_step = self._pixels(
                self.by_step, np.stack([np.broadcast_to(np.arange(last), loss.shape), loss], axis=-1)
            )
        at_step[~drawable(loss)] = np.nan
        self.drawn = ~np.isnan(at_surface[..., 0])
        channels = [at_surface[..., 0], at_surface[..., 1], at_step[..., 0], at_step[..., 1]]
        path = {"kind": "path", "color": BLUE, "dash": [], "every": marks(last).step}
        layers = [
            {**path, "x": 0, "y": 1, "clip": self._clip(self.on_surface), "arrow": True},
            {**path, "x": 2, "y": 3, "clip": self._clip(self.by_step), "arrow": False},
        ]
        told = [
            {"label": "x₁", "channel": 0, **self._scale(self.on_surface, 0)},
            {"label": "x₂", "channel": 1, **self._scale(self.on_surface, 1)},
            {"label": "loss above the minimum", "channel": 3, **self._scale(self.by_step, 1)},
        ]
        more = {}
        if self.with_theory:
            lr, dots, notes = self.values["lr"], [], [[] for _ in self.values["lr"]]
            for lam, style, (mark, corners) in zip(self.curvature, STYLES[2:4], (("▲", 3), ("◆", 4)), strict=True):
                at = self._pixels(self.by_lr, np.stack([lr, abs(1 - lr * lam)], axis=-1))
                dots.append({"x": len(channels), "y": len(channels) + 1, "color": style["color"], "corners": corners})
                channels += [np.repeat(at[:, [axis]], last, axis=1) for axis in (0, 1)]
                for note, rate in zip(notes, lr, strict=True):
                    curvature = f"{lam:.3g}" if lam < 1000 else f"{lam:,.0f}"
                    note.append(f"{mark} λ = {curvature}: × {1 - rate * lam:.4f}".replace("-", "−"))
            layers.append({"kind": "dots", "dots": dots, "clip": [0, 0, *(self.figure.get_size_inches() * DPI)]})
            more["notes"] = ["   ".join(note) for note in notes]
        self.data = packed(np.stack(channels, axis=1))
        return {"channels": len(channels), "layers": layers, "told": told, **more}

    def _pixels(self, ax: Axes, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of an Axes in CSS pixels from the upper left corner of the figure."""
        with np.errstate(invalid="ignore", over="ignore"):
            at = ax.transData.transform(points.reshape(-1, 2)).reshape(points.shape) / SHARP
        return np.stack([at[..., 0], self.figure.get_figheight() * DPI - at[..., 1]], axis=-1)

    def _clip(self, ax: Axes) -> list[float]:
        box = ax.bbox
        top = self.figure.get_figheight() * DPI - box.y1 / SHARP
        return [box.x0 / SHARP, top, box.width / SHARP, box.height / SHARP]

    def _scale(self, ax: Axes, axis: int) -> dict[str, Any]:
        """How the browser reads a number off a pixel: origin + scale · pixel, or 10 to that."""
        log = axis == 1 and ax.get_yscale() == "log"
        two = np.array([[1.0, 1.0], [2.0, 10.0 if log else 2.0]])
        a, b = self._pixels(ax, two)[:, axis]
        low, high = (0.0, 1.0) if log else (1.0, 2.0)
        scale = (high - low) / (b - a)
        return {"origin": low - a * scale, "scale": scale, "log": log}

    def _sentence(self) -> str:
        settings = ", ".join(f"{c['label']} = {c['texts'][c['first']]}" for c in self.spec["controls"])
        return f"{settings}: {self.outcomes[self._first]}."

    def _draw_first(self) -> None:
        """The path of the first setting, for where nothing moves."""
        path = self.paths[tuple(self.first[name] for name in self.values)]
        x, loss = path.x.numpy(), path.loss.numpy() - self.floor
        drawn = self.drawn[self._first]
        looks = {"color": BLUE, "marker": "o", "markersize": 6, "markevery": marks(len(x))}
        self.on_surface.plot(*np.where(drawn[:, None], x, np.nan).T, **looks)
        self.by_step.plot(np.where(drawable(loss), loss, np.nan), color=BLUE)
        if self.with_theory:
            for lam, style in zip(self.curvature, STYLES[2:4], strict=True):
                lr = float(path.hyper["lr"])
                self.by_lr.plot(
                    [lr], [abs(1 - lr * lam)], marker=style["marker"], color=style["color"], markersize=11, mec=BLACK
                )
        self.on_surface.set_title(self._sentence().rstrip("."), weight="bold")

    @cached_property
    def html(self) -> str:
        """The explorer as a piece of HTML that needs nothing else: no kernel, no network."""
        spec = json.dumps({**self.spec, "data": base64.b64encode(self.data).decode()}, separators=(",", ":"))
        name = hashlib.sha256(spec.encode()).hexdigest()[:12]
        return (
            f'<div data-downhill="{name}"><img alt="{self.alt}" src="{uri(self.still)}" '
            f'style="width:100%;max-width:{self.spec["width"]}px">'
            f'<script type="application/json">{spec}</script></div>\n'
            f'<script type="module">\n{MODULE}\n'
            f"document.querySelectorAll('[data-downhill=\"{name}\"]:not(.downhill)').forEach(page);\n</script>"
        )

    @cached_property
    def sliders(self) -> dict[str, ipywidgets.Widget]:
        return {name: _slider(name, values, self.first[name]) for name, values in self.values.items()}

    @cached_property
    def view(self) -> ipywidgets.Widget:
        """The live explorer: sliders and picture, linked in the browser."""
        picture = Picture(self.spec, self.data)
        self.links = []
        for name, slider in self.sliders.items():
            picture.add_traits(**{name: traitlets.Float(slider.value).tag(sync=True)})
            self.links.append(ipywidgets.jslink((slider, "value"), (picture, name)))
        return ipywidgets.VBox([*self.sliders.values(), picture])

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.view.model_id}
        shown = {VIEW: view, "text/html": self.html, "image/png": self.still, "text/plain": self.alt}
        return shown, {"image/png": {"alt": self.alt, "width": self.spec["width"], "height": self.spec["height"]}}


class Picture(anywidget.AnyWidget):
    """The picture of an explorer in a live notebook."""

    _esm = MODULE
    spec = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)

    def __init__(self, spec: dict[str, Any], data: bytes):
        super().__init__(spec=spec, data=data)


def _slider(name: str, values: np.ndarray, first: int) -> ipywidgets.Widget:
    layout = ipywidgets.Layout(width="100%", max_width="1000px")
    common = {"value": values[first], "description": name, "readout_format": ".3g", "layout": layout}
    if name == "lr":
        low, high = np.log10(values[[0, -1]])
        return ipywidgets.FloatLogSlider(min=low, max=high, step=(high - low) / (len(values) - 1), **common)
    return ipywidgets.FloatSlider(min=values[0], max=values[-1], step=values[1] - values[0], **common)


def drawable(loss: np.ndarray) -> np.ndarray:
    """Which values a logarithmic axis can show."""
    return (loss > 0) & (loss < 1e100)


def departed(at: np.ndarray, clip: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Paths (settings, points, 2) in pixels without what comes after each has left the frame; and when that was.

    Jumps right across the frame would look like steps in it: after the first point outside for good all is NaN. That
    point is drawn as far as ``FAR``. The second result is its number, or that of all points if there is none.
    """
    x, y, width, height = clip
    when = left_at(at, (x, x + width), (y, y + height))
    at = at.copy()
    at[np.arange(at.shape[1]) > when[:, None]] = np.nan
    outside = ~(np.abs(at) < FAR).all(axis=-1)
    for k, i in zip(*np.nonzero(outside & np.isfinite(at).all(axis=-1)), strict=True):
        before, here = at[k, i - 1] if i else np.full(2, np.nan), at[k, i]
        part = np.min((np.sign(here - before) * FAR - before) / (here - before))
        at[k, i] = before + part * (here - before)  # NaN if there is nothing before
    return at, when


def packed(channels: np.ndarray) -> bytes:
    """Channels (settings, channels, points) in pixels as the browser takes them."""
    with np.errstate(invalid="ignore"):
        whole = np.where(np.abs(channels) < (2**15 - 1) / UNIT, (channels * UNIT).round(), GONE)
    whole = whole.astype(np.int32)
    return zlib.compress(np.diff(whole, axis=-1, prepend=0).astype("<i2").tobytes(), 9)  # differences wrap around


def small_png(figure: Figure) -> bytes:
    """The figure as a PNG of few colours."""
    buffer = io.BytesIO()
    figure.raster().quantize(96, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
