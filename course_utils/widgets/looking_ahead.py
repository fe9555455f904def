"""The explorer of the one difference between momentum and Nesterov's: where the gradient is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from course_utils import checks, rules
from course_utils.descent import Path, descend
from course_utils.gradients import gradient
from course_utils.plotting import BLACK, GREEN, RED, STYLES, Figure
from course_utils.surfaces import Surface
from course_utils.widgets.arguments import scene, sliders_of, small_enough
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import Frame, settle
from course_utils.widgets.moves import Moves, Track
from course_utils.widgets.panels import draw_panels, drawable, path_tracks, start_track
from course_utils.widgets.sliders import Slider

import numpy as np
import torch
from matplotlib.lines import Line2D
from torch import Tensor

CARRY = {"color": BLACK, "marker": "o", "linestyle": "-"}
HERE = {"color": RED, "marker": "s", "linestyle": "-"}
AHEAD = {"color": GREEN, "marker": "^", "linestyle": "-"}


def look_ahead(
    surface: Surface | str = "quadratic",
    steps: int = 10,
    start: Start | None = None,
    lr: Any = (0.02, 0.1, 0.5),
    momentum: Any = (0.0, 0.9, 0.95),
) -> Explorer:
    """A step of momentum and one of Nesterov's, from the same point with the same velocity, vector by vector.

    Both are carried on by the velocity. Momentum takes the gradient where it stood, Nesterov's where it has been
    carried to. The points and velocities are those of a path of momentum. ``lr`` and ``momentum`` are (lowest, first
    shown, highest) for a slider, or numbers. ``start`` defaults to the surface's own.

    Raises ValueError or TypeError, before anything is computed, for a bad argument, or for too many settings.
    """
    surface, start, steps = scene(surface, start, steps)
    sliders, fixed = sliders_of(rules.momentum, {"lr": lr, "momentum": momentum})
    for name, value in fixed.items():
        checks.number(name, value)  # no schedule: the vectors are those of one lr
    if not sliders:
        raise ValueError("lr or momentum must be (lowest, first shown, highest) for a slider.")
    small_enough(list(sliders.values()), steps, paths=5)  # with the ends of the vectors

    figure = Figure(size=(10, 5.4))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    near = figure.add_subplot(left, title="at this point, magnified", xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    on_surface, by_step = (figure.add_subplot(row) for row in right.subgridspec(2, 1, height_ratios=[1.3, 1]))
    draw_panels(on_surface, by_step, surface, start, steps + 1)
    _, top = by_step.get_ylim()
    by_step.set_ylim(top * 1e-6, top * 1e-2)
    near.grid(False)
    near.spines[["top", "right"]].set_visible(True)
    looks = (
        Line2D([], [], label="momentum × last step", color=BLACK),
        Line2D([], [], label="−lr × gradient where it stands", **HERE),
        Line2D([], [], label="−lr × gradient where it is carried", **AHEAD),
    )
    figure.legend(handles=looks, loc="outside lower center", ncols=3)
    near, on_surface, by_step = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        grid = {slider.name: slider.values for slider in sliders}
        by = list(grid)
        paths = descend(surface, rules.momentum, start, steps + 1, **fixed, **grid)
        shown = replace(paths, x=paths.x[:-1], loss=paths.loss[:-1])
        (path, loss), verdict = path_tracks(shown, on_surface, by_step, by, STYLES[0], ("x₁", "x₂", None), vector=False)
        here, next_ = paths.x[:-1], paths.x[1:]
        carried, ahead = _looking_ahead(paths)
        gradient_here = here + next_ - carried
        points = np.moveaxis(torch.stack([here, carried, gradient_here, next_, ahead]).numpy(), 1, -2)
        points = np.where(np.isfinite(path.at), points, np.inf)  # (5, ..., steps + 1, 2)
        tail, tip, downhill, landing, landing_ahead = _magnified(points, on_surface, near)

        def arrow(tail: np.ndarray, tip: np.ndarray, style: Mapping[str, Any], phase: int) -> Track:
            return Track(near, "arrow", tail, by, style, to=tip, phase=phase)

        def landings(x: np.ndarray, magnified: np.ndarray, style: Mapping[str, Any], name: str) -> list[Track]:
            after = drawable(surface(torch.tensor(x)).numpy() - surface.lowest)
            at_step = np.stack([np.broadcast_to(np.arange(1, steps + 2), after.shape), after], axis=-1)
            told = (None, name)
            return [
                Track(near, "mark", magnified, by, style, 9, phase=3),
                Track(on_surface, "mark", x, by, style, 5, phase=3),
                Track(by_step, "mark", at_step, by, style, 6, told=told, phase=3),
            ]

        tracks = [
            start_track(on_surface, start),
            path,
            loss,
            arrow(tail, tip, CARRY, 1),
            arrow(tail, downhill, HERE, 2),
            arrow(tip, landing_ahead, AHEAD, 2),
            arrow(tip, landing, {**HERE, "linestyle": "--"}, 3),  # the same vector once more, to where it leads
            *landings(points[3], landing, HERE, "next loss: momentum's"),
            *landings(points[4], landing_ahead, AHEAD, "Nesterov's"),
            Track(near, "mark", tail, by, STYLES[0], 9),
        ]
        return Moves(tracks, [verdict])

    about = f"A step of momentum beside one of Nesterov's, on the {surface.name} surface."
    frames = {near: None, on_surface: "start", by_step: ("step", None)}
    return Explorer(
        figure,
        sliders.values(),
        lay_out,
        about=about,
        start=start,
        steps=steps,
        frames=frames,
        phases=("where it stands", "carried on", "the gradients", "where they lead"),
        step=min(steps, 2),
    )


def _looking_ahead(paths: Path) -> tuple[Tensor, Tensor]:
    """From each point but the last of a path of momentum: where the velocity carries it, and a step of Nesterov's.

    ``rules.nesterov`` has the point in front, x = w + μ u, and takes it to the next one, w' + μ u', with u' = -lr v'.
    """
    # Each in its own axis of the grid, followed by that of the coordinates; a number stays a number.
    axes = {name: [-1, *[1] * (len(paths.grid) - i)] for i, name in enumerate(paths.grid)}
    lr, mu = (paths.hyper[name].reshape(axes.get(name, [])) for name in ("lr", "momentum"))
    last_step = paths.x.diff(dim=0, prepend=paths.x[:1])[:-1]
    carried = paths.x[:-1] + mu * last_step
    state = rules.State(v=-last_step / lr)
    front, state = rules.nesterov(carried, gradient(paths.surface, carried), state, 2, lr, mu)
    return carried, front + lr * mu * state.v


def _magnified(points: np.ndarray, on_surface: Frame, near: Frame) -> np.ndarray:
    """Points (n, ..., 2) of the surface, so that the n of them fill ``near``, in the proportions of the surface."""
    at, room = on_surface.pixels(points), np.array(near.box[2:])
    low, high = at.min(axis=0), at.max(axis=0)
    with np.errstate(invalid="ignore"):
        span = ((high - low) / room).max(axis=-1, keepdims=True)
        return (at - (low + high) / 2) / room * 1.7 / np.maximum(span, 1e-9) * [1, -1]  # pixels count downwards
