"""The panels of explorers: the surface, the loss against the step, and what theory says of a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_utils.descent import Path
from course_utils.plotting import BLACK, HEIGHTS, RED, STYLES, draw_surface, left_at, marks
from course_utils.surfaces import Surface
from course_utils.widgets.frames import Frame
from course_utils.widgets.moves import Saying, Track
from course_utils.widgets.sliders import Slider

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

LAST = 1e9  # the order of those that diverge


def draw_panels(on_surface: Axes, by_step: Axes, surface: Surface, start: tuple[float, float], steps: int) -> None:
    """What stands still: the contours, and the axes of the loss above the minimum."""
    draw_surface(on_surface, surface)
    above = surface(torch.tensor(start, dtype=torch.float64)).item() - surface.lowest
    height = min(max(1e-12, above), 1e100)
    by_step.set(
        title="loss above the minimum",
        xlabel="step",
        yscale="log",
        xlim=(-0.02 * steps, 1.02 * steps),
        ylim=(height * 1e-6, height * 1e3),
    )
    by_step.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def start_track(on_surface: Frame, start: Sequence[float]) -> Track:
    """The white disc where paths begin."""
    return Track(on_surface, "mark", np.array([start], dtype=float), (), {"color": "white", "marker": "o"}, size=7.5)


def path_tracks(
    paths: Path,
    on_surface: Frame,
    by_step: Frame,
    by: Sequence[str],
    style: Mapping[str, Any],
    told: Sequence[str | None] = ("x₁", "x₂", "loss above the minimum"),
    vector: bool = True,
) -> tuple[list[Track], Saying]:
    """Paths on both panels, over the sliders in ``by``, and what became of each.

    A path ends where it leaves the surface's frame for good: later jumps right across it would look like steps there.
    """
    x = np.moveaxis(paths.x.numpy(), 0, -2)  # (..., steps + 1, 2)
    loss = np.moveaxis(paths.loss.numpy(), 0, -1) - paths.surface.lowest
    gone = left_at(x, *((axis.low, axis.high) for axis in (on_surface.x, on_surface.y)))
    step = np.arange(len(paths.x))
    x = np.where((step > gone[..., None])[..., None], np.inf, x)
    at_step = np.stack([np.broadcast_to(step, loss.shape), drawable(loss)], axis=-1)
    tracks = [
        Track(on_surface, "path", x, by, style, 4, marks(len(step)).step, told=(told[0], told[1]), vector=vector),
        Track(by_step, "path", at_step, by, style, 4, len(step) // 8 + 1, told=(None, told[2])),
    ]
    lost = np.where(np.isfinite(loss), step + 1, 0).max(axis=-1)  # the first step from which there are no numbers
    words = np.vectorize(_told, otypes=[object])(paths.outcomes, step[-1], gone, lost)
    return tracks, Saying(words, by, bad=paths.diverges.numpy())


def order_of(paths: Path) -> np.ndarray:
    """Who is before whom: the step of arrival; then those under way, the nearest first; at last those that diverge."""
    under_way = len(paths.x) + paths.remaining[-1].clamp_max(LAST / 2).numpy()
    order = np.where(paths.arrival.numpy() >= 0, paths.arrival.numpy(), under_way)
    return np.where(paths.diverges.numpy(), LAST, order)


def drawable(loss: np.ndarray) -> np.ndarray:
    """The values for a logarithmic axis: what is too low for it is 0, what is not finite is NaN."""
    return np.where(np.isfinite(loss), np.maximum(loss, 0), np.nan)


def _told(outcome: str, steps: int, gone: int, lost: int) -> str:
    words = [f"{outcome} after {steps} steps" if outcome.startswith("still") else outcome]
    if gone <= steps:
        words.append(f"leaves the picture at step {gone}" if gone else "starts outside the picture")
    if lost <= steps:
        words.append(f"the loss overflows at step {lost}")
    return ", ".join(words)


def draw_factors(ax: Axes, lr: np.ndarray, curvatures: Sequence[float]) -> None:
    """The theory of gradient descent: the factor |1 - lr λ| of each curvature λ against lr, and the edge, 2 / λ_max."""
    edge = 2 / max(curvatures)
    top = np.clip(1.1 * abs(1 - lr[[0, -1], None] * np.array(curvatures)).max(), 2.2, 3.2)
    ax.set(
        title="factor per step near the minimum",
        xlabel="lr",
        ylabel=r"$|1 - \mathrm{lr}\,\lambda|$",
        xscale="log",
        xlim=(lr[0], lr[-1]),
        ylim=(0, top),
    )
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.axhspan(1, top, color=RED, alpha=0.12)
    ax.annotate("grows", (lr[0], 1), xytext=(6, 6), textcoords="offset points", va="bottom")
    ax.axvline(edge, color=RED, linestyle=":")
    ax.annotate(
        rf"edge: $2\,/\,\lambda_{{\max}}$ = {edge:.3g}",
        (edge, top),
        xytext=(-6, -6),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    fine = np.geomspace(lr[0], lr[-1], 200)
    for curvature, style in zip(curvatures, STYLES[2:4], strict=True):
        ax.plot(fine, abs(1 - fine * curvature), color=style["color"], linestyle=style["linestyle"])


def factor_tracks(by_lr: Frame, lr: Slider, curvatures: Sequence[float]) -> tuple[list[Track], list[Saying]]:
    """Where the factor of each curvature is for the lr of the slider, and what it is in words."""
    tracks, notes = [], []
    for curvature, style in zip(curvatures, STYLES[2:4], strict=True):
        at = np.stack([lr.values, abs(1 - lr.values * curvature)], axis=-1)
        tracks.append(Track(by_lr, "mark", at[:, None], [lr.name], style))
        shown = f"{curvature:.3g}" if curvature < 999.5 else f"{curvature:,.0f}"
        words = [f"λ = {shown}: × {1 - rate * curvature:.4f}".replace("-", "−") for rate in lr.values]
        notes.append(Saying(np.array(words), [lr.name], style=style))
    return tracks, notes


def draw_map(ax: Axes, lr: np.ndarray, momentum: np.ndarray, radius: np.ndarray) -> None:
    """A map of the spectral radius (momentum, lr): darker is faster; beyond the edge, where it is 1, paths diverge."""
    levels = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1]
    ax.contourf(lr, momentum, radius, levels, colors=HEIGHTS(np.linspace(0, 1, len(levels) - 1)))
    ax.contourf(lr, momentum, radius, [1, np.inf], colors=[RED], alpha=0.15)
    looks = {"colors": "#3d5a70", "linewidths": 1}  # dark: their labels are text
    ax.contour(lr, momentum, radius, levels[1:3], **looks)
    lines = ax.contour(lr, momentum, radius, levels[3:-1], **looks)
    places = []  # of the labels: on the left of each region, a third of the way up, away from the edge
    for level in levels[3:-1]:
        rows = np.flatnonzero((radius < level).any(axis=1))
        if (radius < level).mean() > 0.05:  # else there is no room
            row = rows[len(rows) // 3]
            places.append((lr[(radius[row] < level).argmax()], momentum[row]))
    ax.clabel(lines, fmt="%g", fontsize=11, manual=places)
    ax.contour(lr, momentum, radius, [1], colors=RED, linewidths=3)
    if radius[0, -1] >= 1:
        ax.annotate("diverges", (lr[-1], momentum[0]), xytext=(-8, 10), textcoords="offset points", ha="right")
    if radius.min() < 1:
        row, columns = np.nonzero(radius <= radius.min() + 1e-9)  # many may be equal: the middle one
        star = lr[columns[len(columns) // 2]], momentum[row[len(row) // 2]]
        ax.plot(*star, marker="*", markersize=17, color="white", markeredgecolor=BLACK, zorder=6)
        ax.annotate("fastest", star, xytext=(-10, 0), textcoords="offset points", ha="right", va="center")
    ax.set(xscale="log", xlabel="lr", ylabel="momentum", title="ρ, what a step leaves of the distance")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(False)


def draw_critical(ax: Axes, lr: np.ndarray, critical: np.ndarray) -> None:
    """On a map of ``draw_map``, the critical momentum (2, lr) of the flat and of the steep direction."""
    limits = ax.get_ylim()
    for momentum, style in zip(critical, STYLES[2:4], strict=True):
        on = np.where((momentum >= limits[0]) & (momentum <= limits[1]), momentum, np.nan)
        ax.plot(lr, on, color=style["color"], linestyle=style["linestyle"])
        (places,) = np.nonzero(np.isfinite(on))
        if len(places):
            i = places[len(places) // 3]
            ax.plot(lr[i], on[i], marker=style["marker"], color=style["color"], markersize=9)
    ax.set_ylim(limits)
