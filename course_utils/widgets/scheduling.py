"""The explorer of a learning-rate schedule: the schedule, and the path that it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from course_utils import checks, rules
from course_utils.descent import Path, descend
from course_utils.plotting import RED, STYLES, Figure
from course_utils.surfaces import Surface
from course_utils.theory import curvatures_of
from course_utils.widgets.arguments import scene, small_enough
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves, Track
from course_utils.widgets.panels import draw_panels, path_tracks, start_track
from course_utils.widgets.sliders import Slider

import numpy as np


def explore_schedule(
    schedule: Callable[..., Callable[[int], float]],
    surface: Surface | str = "quadratic",
    rule: Callable | str = rules.sgd,
    steps: int = 60,
    start: Start | None = None,
    **numbers: Any,
) -> Explorer:
    """A rule on a surface, its learning rate set by a schedule, which has a slider for each of its numbers.

    ``schedule`` is a function of numbers, by name, that returns a schedule. Each of its ``numbers`` is (lowest, first
    shown, highest) for a slider of about 11 positions, or stays as it is. From a slider, it gets a float: ``round`` it
    where a whole number is needed. One panel shows the learning rate of each step and, for gradient descent on a
    surface that is curved at its minimum, the edge that a constant one has there. ``start`` defaults to the surface's
    own.

    Raises ValueError or TypeError, before anything is computed, for a bad argument, or for too many settings.
    """
    surface, start, steps = scene(surface, start, steps)
    rule = checks.named("rule", rule, rules)
    if "lr" not in checks.defaults(rule):
        raise ValueError(f"rule must take a learning rate, lr, {checks.name_of(rule)} does not.")
    if not callable(schedule):
        raise TypeError(f"schedule must be a function of numbers that returns a schedule, got {schedule!r}.")
    try:
        inspect.signature(schedule).bind(**numbers)
    except TypeError as wrong:
        known = ", ".join(inspect.signature(schedule).parameters)
        raise TypeError(f"schedule: {wrong}. It takes {known}, got {', '.join(numbers) or 'none'}.") from None
    spans = {name: value for name, value in numbers.items() if isinstance(value, (tuple, list))}
    sliders = {
        name: Slider.between(name, checks.numbers(name, value, checks.FINITE).tolist(), coarse=True)
        for name, value in spans.items()
    }
    fixed = {name: value for name, value in numbers.items() if name not in spans}
    if not sliders:
        raise ValueError("numbers must have a slider: give one of them as (lowest, first shown, highest).")
    small_enough(list(sliders.values()), steps)

    def schedules_of(sliders: Sequence[Slider]) -> list[Callable[[int], float]]:
        names = [slider.name for slider in sliders]
        settings = product(*(slider.values.tolist() for slider in sliders))
        try:
            made = [schedule(**fixed, **dict(zip(names, values, strict=True))) for values in settings]
        except ArithmeticError as wrong:
            raise ValueError(f"schedule: {wrong}") from None
        if not all(map(callable, made)):
            raise TypeError(f"schedule must return a function of the step, got {made[0]!r}.")
        return made

    def rates(sliders: Sequence[Slider]) -> np.ndarray:
        """The learning rate of each step, from 1, at each setting of the sliders in their order: (settings, steps)."""
        table = [[made(t) for t in range(1, steps + 1)] for made in schedules_of(sliders)]
        return checks.numbers("lr of the schedule", table, checks.NOT_NEGATIVE).numpy()

    highest = rates(list(sliders.values())).max()
    curvatures = curvatures_of(surface)
    figure = Figure(size=(10, 5.4))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    rows = right.subgridspec(2, 1)
    on_surface, of_lr, by_step = (figure.add_subplot(place) for place in (left, *rows))
    draw_panels(on_surface, by_step, surface, start, steps)
    of_lr.set(title="learning rate", xlabel="step", xlim=by_step.get_xlim(), ylim=(-0.05 * highest, 1.1 * highest or 1))
    if inspect.unwrap(rule) is inspect.unwrap(rules.sgd) and (curvatures > 0).all():
        edge = 2 / curvatures.max().item()
        if edge < highest:
            of_lr.axhline(edge, color=RED, linestyle=":")
            of_lr.annotate("edge of a constant lr", (steps, edge), ha="right", va="bottom")
    on_surface, of_lr, by_step = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        names, shape = [slider.name for slider in sliders], [len(slider.values) for slider in sliders]
        table = rates(sliders)
        by_table = [lambda t, row=row: row[t - 1] for row in table.tolist()]
        paths = _reshaped(descend(surface, rule, start, steps, lr=by_table), shape)
        tracks, verdict = path_tracks(paths, on_surface, by_step, names, STYLES[0])
        before = np.full((*shape, 1), np.nan)  # no step leads to the start
        lr = np.concatenate([before, table.reshape(*shape, steps)], axis=-1)
        at = np.stack([np.broadcast_to(np.arange(steps + 1), lr.shape), lr], axis=-1)
        curve = Track(of_lr, "path", at, names, STYLES[2], 4, steps // 8 + 1, told=(None, "lr"))
        return Moves([start_track(on_surface, start), *tracks, curve], [verdict])

    about = f"The path of {checks.name_of(rule)} with a schedule on the {surface.name} surface."
    frames = {on_surface: "start", of_lr: ("step", None), by_step: ("step", None)}
    return Explorer(figure, sliders.values(), lay_out, about=about, start=start, steps=steps, frames=frames)


def _reshaped(paths: Path, shape: Sequence[int]) -> Path:
    """The paths of a flat list of schedules, as a grid of the sliders' settings; without memory."""
    return replace(paths, x=paths.x.reshape(-1, *shape, 2), loss=paths.loss.reshape(-1, *shape), memory=())
