"""The panels of explorers: the surface, the loss against the step, and what theory says of a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_utils.descent import Path
from course_utils.plotting import BLACK, HEIGHTS, RED, STYLES, draw_surface, left_at, marks
from course_utils.surfaces import Surface
from course_utils.widgets.moves import Saying, Track
from course_utils.widgets.sliders import Slider

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator


def draw_panels(on_surface: Axes, by_step: Axes, surface: Surface, start: tuple[float, float], steps: int) -> None:
    """What stands still: the contours, and the axes of the loss above the minimum."""
    draw_surface(on_surface, surface)
    above = surface(torch.tensor(start, dtype=torch.float64)).item() - surface.lowest
    height = min(max(1e-12, above), 1e100)
    by_step.set(
        title="loss above the minimum",
        xlabel="step",
        yscale="log",
        xlim=(0, steps),
        ylim=(height * 1e-6, height * 1e3),
    )
    by_step.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def start_track(on_surface: Axes, start: Sequence[float]) -> Track:
    """The white disc where paths begin."""
    return Track(on_surface, "mark", np.array([start], dtype=float), (), {"color": "white", "marker": "o"}, size=7.5)


def path_tracks(
    paths: Path,
    on_surface: Axes,
    by_step: Axes,
    by: Sequence[str],
    style: Mapping[str, Any],
    told: Sequence[str | None] = ("x₁", "x₂", "loss above the minimum"),
    vector: bool = True,
) -> tuple[list[Track], np.ndarray]:
    """Paths on both panels, over the sliders in ``by``, and what became of each, in words.

    A path ends where it leaves the surface's frame for good: later jumps right across it would look like steps there.
    """
    x = np.moveaxis(paths.x.numpy(), 0, -2)  # (..., steps + 1, 2)
    loss = np.moveaxis(paths.loss.numpy(), 0, -1) - paths.surface.lowest
    gone = left_at(x, on_surface.get_xlim(), on_surface.get_ylim())
    step = np.arange(len(paths.x))
    x = np.where((step > gone[..., None])[..., None], np.nan, x)
    at_step = np.stack([np.broadcast_to(step, loss.shape), drawable(loss)], axis=-1)
    tracks = [
        Track(on_surface, "path", x, by, style, 4, marks(len(step)).step, told=(told[0], told[1]), vector=vector),
        Track(by_step, "path", at_step, by, style, 4, len(step) // 8 + 1, told=(None, told[2])),
    ]
    lost = np.where(np.isfinite(loss), step + 1, 0).max(axis=-1)  # the first step from which there are no numbers
    return tracks, np.vectorize(_told, otypes=[object])(paths.outcomes, gone, lost, len(step))


def drawable(loss: np.ndarray) -> np.ndarray:
    """The values with NaN for what a logarithmic axis cannot show."""
    return np.where((loss > 0) & (loss < 1e100), loss, np.nan)


def _told(outcome: str, gone: int, lost: int, points: int) -> str:
    words = [outcome]
    if gone < points:
        words.append(f"leaves the picture at step {gone}" if gone else "starts outside the picture")
    if lost < points:
        words.append(f"no finite number from step {lost} on")
    return ", ".join(words)


def draw_factors(ax: Axes, lr: np.ndarray, curvatures: Sequence[float]) -> None:
    """The theory of gradient descent: the factor |1 - lr λ| of each curvature λ against lr, and the edge, 2 / λ_max."""
    edge = 2 / max(curvatures)
    ax.set(
        title="factor per step near the minimum",
        xlabel="lr",
        ylabel=r"$|1 - \mathrm{lr}\,\lambda|$",
        xscale="log",
        xlim=(lr[0], lr[-1]),
        ylim=(0, 2.2),
    )
    ax.axhspan(1, 2.2, color=RED, alpha=0.12)
    ax.axvline(edge, color=RED, linestyle=":")
    ax.annotate(
        rf"edge: $2\,/\,\lambda_{{\max}}$ = {edge:.3g}",
        (edge, 2.2),
        xytext=(-6, -6),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    fine = np.geomspace(lr[0], lr[-1], 200)
    for curvature, style in zip(curvatures, STYLES[2:4], strict=True):
        ax.plot(fine, abs(1 - fine * curvature), color=style["color"], linestyle=style["linestyle"])


def factor_tracks(ax: Axes, lr: Slider, curvatures: Sequence[float]) -> tuple[list[Track], Saying]:
    """Where the factor of each curvature is for the lr of the slider, and what it is in words."""
    tracks, notes = [], [[] for _ in lr.values]
    for curvature, style, glyph in zip(curvatures, STYLES[2:4], "▲◆", strict=True):
        at = np.stack([lr.values, abs(1 - lr.values * curvature)], axis=-1)
        tracks.append(Track(ax, "mark", at[:, None], [lr.name], style))
        shown = f"{curvature:.3g}" if curvature < 1000 else f"{curvature:,.0f}"
        for note, rate in zip(notes, lr.values, strict=True):
            note.append(f"{glyph} λ = {shown}: × {1 - rate * curvature:.4f}".replace("-", "−"))
    return tracks, Saying(np.array(["   ".join(note) for note in notes]), [lr.name])


def draw_map(ax: Axes, lr: np.ndarray, momentum: np.ndarray, radius: np.ndarray) -> None:
    """A map of the spectral radius (momentum, lr): darker is faster; beyond the edge, where it is 1, paths diverge."""
    levels = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    ax.contourf(lr, momentum, radius, levels, colors=HEIGHTS(np.linspace(0, 1, len(levels) - 1)))
    ax.contourf(lr, momentum, radius, [1, np.inf], colors=[RED], alpha=0.15)
    lines = ax.contour(lr, momentum, radius, levels[1:-1], colors="#5f7f98", linewidths=1)
    ax.clabel(lines, fmt="%g", fontsize=11)
    ax.contour(lr, momentum, radius, [1], colors=RED, linewidths=3)
    ax.annotate("diverges", (lr[-1], momentum[0]), xytext=(-8, 10), textcoords="offset points", ha="right")
    best = np.unravel_index(radius.argmin(), radius.shape)
    ax.plot(lr[best[1]], momentum[best[0]], marker="*", markersize=17, color="white", markeredgecolor=BLACK)
    ax.set(xscale="log", xlabel="lr", ylabel="momentum", title="part of the distance left by a step")
    ax.grid(False)
