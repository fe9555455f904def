"""Figures that move: one that a slider turns, and one that plays by itself."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from course_utils import checks
from course_utils.descent import Path
from course_utils.gradients import curvatures
from course_utils.plotting import (
    BLACK,
    BLUE,
    DPI,
    RED,
    STYLES,
    Figure,
    draw_start,
    draw_surface,
    finite,
    leaves,
    marks,
    mimebundle,
    plot_paths,
)
from course_utils.rules import sgd

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from PIL import Image


class DescentFigure(Figure):
    """One path of gradient descent out of a grid over lr: on the surface, its loss by step, and what theory says.

    ``show(i)`` turns it to the i-th learning rate; only what changes is drawn anew. The right-hand lower panel holds
    the factor |1 - lr λ| by which each direction's distance from the minimum shrinks in a step, for the curvatures λ of
    the surface at the minimum nearest to the start: a path settles there only where all factors are below 1, that is,
    below lr = 2 / λmax.

    Raises ValueError unless the paths are those of ``rules.sgd``, whose theory this is, over a grid of "lr" alone, on a
    surface that has a curvature at its minimum.
    """

    def __init__(self, paths: Path):
        if paths.rule is not sgd or paths.grid != ["lr"]:
            raise ValueError(
                f"paths must be of sgd over a list of lr, got {checks.name_of(paths.rule)} over {paths.grid}."
            )
        super().__init__(size=(10, 5))
        self.paths, self.lr = paths, paths.hyper["lr"].numpy()
        left, right = self.add_gridspec(1, 2, width_ratios=[1.15, 1])
        upper, lower = right.subgridspec(2, 1)
        self._draw_still(self.add_subplot(left), self.add_subplot(upper), self.add_subplot(lower))
        self.moving = [artist for artist in self.findobj() if artist.get_animated()]
        self.canvas.draw()
        self.set_layout_engine("none")  # what moves must not move the rest
        self._background = self.canvas.copy_from_bbox(self.bbox)
        self.show(0)

    def _draw_still(self, on_surface: Axes, by_step: Axes, by_lr: Axes) -> None:
        """Draw what stays as it is, and make the artists that move."""
        paths, surface = self.paths, self.paths.surface
        start, minima = paths.x[0].reshape(-1, 2)[0], torch.tensor(surface.minima, dtype=torch.float64)
        minimum = minima[(minima - start).norm(dim=-1).argmin()]  # the nearest
        curvature = curvatures(surface, minimum)
        if not curvature.isfinite().all():
            raise ValueError(f"surface must have a curvature at its minimum, {surface.name} comes to a point there.")
        self.threshold = 2 / curvature.max().item()
        self._floor = surface(minimum)
        moving = {"animated": True, "color": BLUE}
        self.suptitle(" ", fontsize=16)  # keeps the place of the verdict
        self.verdict = self.text(0.5, 0.985, "", ha="center", va="top", fontsize=16, weight="bold", animated=True)

        draw_surface(on_surface, surface)
        draw_start(on_surface, start)
        self.line = on_surface.plot([], [], marker="o", markersize=6, markevery=marks(len(paths.x)), **moving)[0]
        self.left_at = on_surface.text(
            0.5,
            0.03,
            "",
            transform=on_surface.transAxes,
            ha="center",
            color=RED,
            weight="bold",
            animated=True,
            bbox={"facecolor": "white", "edgecolor": RED},
        )

        height = min(max(1e-12, (paths.loss.reshape(-1)[0] - self._floor).item()), 1e100)
        by_step.set(
            title="loss above the minimum",
            xlabel="step",
            yscale="log",
            xlim=(0, len(paths.x) - 1),
            ylim=(height * 1e-6, height * 1e3),
        )
        by_step.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        self.above = by_step.plot([], [], **moving)[0]

        by_lr.set(
            title="factor per step near the minimum\n ",
            xlabel="lr",
            ylabel=r"$|1 - \mathrm{lr}\,\lambda|$",
            xscale="log",
            xlim=(self.lr[0], self.lr[-1]),
            ylim=(0, 2.2),
        )
        by_lr.axhspan(1, 2.2, color=RED, alpha=0.12)
        by_lr.axvline(self.threshold, color=RED, linestyle=":")
        by_lr.annotate(
            rf"edge: $2\,/\,\lambda_{{\max}}$ = {self.threshold:.3g}",
            (self.threshold, 2.2),
            xytext=(-6, -6),
            textcoords="offset points",
            ha="right",
            va="top",
        )
        fine = np.geomspace(self.lr[0], self.lr[-1], 200)
        self.factors, self.curvature = [], curvature.tolist()
        for lam, style in zip(self.curvature, STYLES[2:4], strict=True):
            by_lr.plot(fine, abs(1 - fine * lam), color=style["color"], linestyle=style["linestyle"])
            self.factors += by_lr.plot(
                [],
                [],
                animated=True,
                marker=style["marker"],
                color=style["color"],
                markersize=11,
                markeredgecolor=BLACK,
                linestyle="none",
            )
        self.factor_text = by_lr.text(0.5, 1.05, "", ha="center", fontsize=11, transform=by_lr.transAxes, animated=True)

    def show(self, index: int) -> None:
        """Turn the figure, and its ``alt`` text, to the path of the learning rate ``lr[index]``."""
        path, lr = self.paths[index], self.lr[index]
        x = finite(path.x)
        end = leaves(path)
        self.line.set_data(x[: end + 1, 0], x[: end + 1, 1])
        told = f"leaves the picture at step {end}" if end else "starts outside the picture"
        self.left_at.set_text(told if end < len(x) else "")
        self.above.set_data(np.arange(len(x)), finite(path.loss - self._floor))
        told = []
        for symbol, lam, dot in zip("▲◆", self.curvature, self.factors, strict=True):
            dot.set_data([lr], [abs(1 - lr * lam)])
            told.append(f"{symbol} λ = {f'{lam:.3g}' if lam < 1000 else f'{lam:,.0f}'}: × {1 - lr * lam:.4f}")
        self.factor_text.set_text("   ".join(told).replace("-", "−"))
        self.verdict.set_text(f"lr = {lr:.3g}: {path.outcome}")
        self.verdict.set_color(RED if path.diverges else BLACK)
        side = "below" if lr < self.threshold * (1 - 1e-9) else "not below"
        self.alt = (
            f"Gradient descent on the {path.surface.name} surface. {self.verdict.get_text()}. "
            f"This learning rate is {side} the threshold 2 / λmax = {self.threshold:.3g}."
        )

    def png(self, compress_level: int = 6) -> bytes:
        """The figure as it stands, as the bytes of a PNG picture; what stands still is drawn only once."""
        self.canvas.restore_region(self._background)
        for artist in self.moving:
            self.draw_artist(artist)
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3]).save(
            buffer, format="PNG", compress_level=compress_level
        )
        return buffer.getvalue()


class Animation:
    """Paths that grow step by step: a moving picture (an animated PNG) that needs no kernel and no script.

    Shown where pictures are shown; a reader that knows no animation shows its first frame, so that is the finished
    picture, held for a moment.
    """

    def __init__(self, paths: Mapping[str, Path], *, title: str):
        self.figure = plot_paths(paths, title=title)
        self.alt = f"Animation. {self.figure.alt}"
        self.figure.set_dpi(DPI)  # for the size of the file
        lines = [line for line in self.figure.axes[0].lines if line.get_label() in paths]
        whole = [line.get_data() for line in lines]
        points = max(len(x) for x, _ in whole)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the frames must not move
        frames = []
        for k in [points, *range(1, points)]:
            for line, (x, y) in zip(lines, whole, strict=True):
                line.set_data(x[:k], y[:k])
                line.set_markevery(marks(k) if k == points else [min(k, len(x)) - 1])
            self.figure.canvas.draw()
            frame = Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3])
            # One palette and no dithering: then two frames differ only where something moved, and the file stays small.
            palette = frames[0] if frames else frame.quantize(128)
            frames.append(frame.quantize(palette=palette, dither=Image.Dither.NONE))
        buffer = io.BytesIO()
        frames[0].save(
            buffer,
            format="PNG",
            save_all=True,
            append_images=[*frames[1:], frames[0]],
            duration=[700, *[140] * (len(frames) - 1), 2500],
            loop=0,
        )
        self.bytes = buffer.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.figure.get_size_inches() * DPI
        return mimebundle(self.bytes, self.alt, width, height)
