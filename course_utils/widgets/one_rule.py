"""The explorer of one rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from course_utils import checks, rules
from course_utils.descent import descend
from course_utils.plotting import STYLES, Figure
from course_utils.surfaces import Surface
from course_utils.theory import curvatures_of
from course_utils.widgets.arguments import scene, sliders_of, small_enough
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves
from course_utils.widgets.panels import draw_factors, draw_panels, factor_tracks, order_of, path_tracks, start_track
from course_utils.widgets.sliders import Slider


def explore(
    surface: Surface | str,
    rule: Callable | str = rules.sgd,
    steps: int = 60,
    start: Start | None = None,
    follow: str | None = None,
    **hyper: Any,
) -> Explorer:
    """A rule on a surface: a slider for each hyperparameter, the path, the loss, what became of it.

    Each hyperparameter is a number, or (lowest, first shown, highest) for a slider; ``lr`` defaults to (0.01, 0.1,
    1). The slider of lr is logarithmic, with 81 positions, the others are linear, with about 19. ``start`` defaults to
    the surface's own. For gradient descent on a surface that is curved at its minimum, with a slider for lr alone, a
    third panel holds the theory: the factor |1 - lr λ| by which each direction's distance from the minimum shrinks in a
    step. ``follow`` names a point that the rule remembers, such as "slow" of lookahead, to draw its path, too.

    Raises ValueError or TypeError, before anything is computed, for a bad argument, or for too many settings.
    """
    surface, start, steps = scene(surface, start, steps)
    rule = checks.named("rule", rule, rules)
    hyper = {"lr": (0.01, 0.1, 1.0), **hyper} if "lr" in checks.defaults(rule) else hyper
    sliders, fixed = sliders_of(rule, hyper)
    if not sliders:
        raise ValueError("hyper must have a slider: give one of them as (lowest, first shown, highest).")
    small_enough(list(sliders.values()), steps, paths=1 if follow is None else 2)
    if follow is not None:
        first = {name: slider.values[slider.first] for name, slider in sliders.items()}
        descend(surface, rule, start, 1, **fixed, **first).remembered(follow)
    curvatures = curvatures_of(surface)
    theory = rule is rules.sgd and list(sliders) == ["lr"] and bool((curvatures > 0).all())

    figure = Figure(size=(10, 5))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    rows = right.subgridspec(2 if theory else 1, 1)
    on_surface, by_step = figure.add_subplot(left), figure.add_subplot(rows[0])
    draw_panels(on_surface, by_step, surface, start, steps)
    if theory:
        draw_factors(figure.add_subplot(rows[1]), sliders["lr"].values, curvatures.tolist())
    on_surface, by_step, *by_lr = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        grid = {slider.name: slider.values for slider in sliders}
        paths = descend(surface, rule, start, steps, **fixed, **grid)
        tracks, verdict = path_tracks(paths, on_surface, by_step, list(grid), STYLES[0])
        moves = Moves([start_track(on_surface, start), *tracks], [verdict])
        if follow is not None:
            followed = paths.follow(follow)
            told = (None, None, f"that of {follow}")
            more, its = path_tracks(followed, on_surface, by_step, list(grid), STYLES[1], told, vector=False)
            both = [
                replace(said, name=name, style=style, order=order_of(p))
                for said, name, style, p in ((verdict, "x", STYLES[0], paths), (its, follow, STYLES[1], followed))
            ]
            moves = Moves([*moves.tracks, *more], both)
        if not theory:
            return moves
        factors, notes = factor_tracks(*by_lr, sliders[0], curvatures.tolist())
        return replace(moves, tracks=[*moves.tracks, *factors], notes=notes)

    about = f"The path of {checks.name_of(rule)} on the {surface.name} surface."
    frames = {on_surface: "start", by_step: ("step", None), **{frame: ("lr", None) for frame in by_lr}}
    return Explorer(figure, sliders.values(), lay_out, about=about, start=start, steps=steps, frames=frames)
