"""The explorer of theory and practice of momentum: a map of all settings, and the path of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from course_utils import checks, rules
from course_utils.descent import descend
from course_utils.plotting import STYLES, Figure
from course_utils.surfaces import Surface
from course_utils.theory import critical_momentum, curvatures_of, spectral_radius
from course_utils.widgets.arguments import scene, sliders_of, small_enough
from course_utils.widgets.explorer import Explorer, Start
from course_utils.widgets.frames import settle
from course_utils.widgets.moves import Moves, Saying, Track
from course_utils.widgets.panels import draw_critical, draw_map, draw_panels, path_tracks, start_track
from course_utils.widgets.sliders import Slider

import numpy as np
import torch

CROSS = {"color": "white", "marker": "P"}


def stability_map(
    surface: Surface | str = "quadratic",
    rule: Callable | str = rules.momentum,
    steps: int = 60,
    start: Start | None = None,
    lr: Any = (0.005, 0.1, 2.0),
    momentum: Any = (0.0, 0.9, 0.99),
) -> Explorer:
    """All settings of momentum on one map: the part ρ of the distance that a step leaves, in the long run, by theory.

    Two sliders, for ``lr`` and ``momentum``, each (lowest, first shown, highest), move a cross on the map; the path of
    that setting is beside it. Two curves mark critical damping, ▲ in the flat direction and ◆ in the steep one: above
    its curve, a direction swings. ``rule`` is ``rules.momentum`` or ``rules.nesterov``; the theory is exact on a bowl,
    and holds near the minimum of other surfaces. ``start`` defaults to the surface's own.

    Raises ValueError or TypeError, before anything is computed, for a bad argument, too many settings, or a surface
    that has no positive curvatures at its minimum.
    """
    surface, start, steps = scene(surface, start, steps)
    rule = checks.named("rule", rule, rules)
    if rule not in (rules.momentum, rules.nesterov):
        raise ValueError(f"rule must be 'momentum' or 'nesterov', got {checks.name_of(rule)!r}.")
    sliders, fixed = sliders_of(rule, {"lr": lr, "momentum": momentum})
    if fixed:
        raise ValueError(f"{', '.join(fixed)} must be (lowest, first shown, highest): the map needs both sliders.")
    small_enough(list(sliders.values()), steps)
    curvatures = curvatures_of(surface)
    if not (curvatures > 0).all():
        raise ValueError(f"surface must be curved upwards at its minimum, {surface.name} has {curvatures.tolist()}.")

    def radius(lr: np.ndarray, momentum: np.ndarray) -> np.ndarray:
        """The spectral radius (lr, momentum) in the slowest direction."""
        each = (torch.tensor(lr).reshape(-1, 1, 1), torch.tensor(momentum).reshape(-1, 1), curvatures)
        return spectral_radius(rule.__name__, *each).amax(dim=-1).numpy()

    figure = Figure(size=(10, 5.4))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.15, 1])
    on_map = figure.add_subplot(left)
    on_surface, by_step = (figure.add_subplot(row) for row in right.subgridspec(2, 1, height_ratios=[1.3, 1]))
    fine = np.geomspace(*sliders["lr"].values[[0, -1]], 400), np.linspace(*sliders["momentum"].values[[0, -1]], 400)
    draw_map(on_map, *fine, radius(*fine).T)
    critical = critical_momentum(rule.__name__, torch.tensor(fine[0]), curvatures[:, None])
    draw_critical(on_map, fine[0], critical.numpy())
    draw_panels(on_surface, by_step, surface, start, steps)
    on_map, on_surface, by_step = settle(figure)

    def lay_out(sliders: Sequence[Slider], start: Start) -> Moves:
        grid = {slider.name: slider.values for slider in sliders}
        names = list(grid)
        paths = descend(surface, rule, start, steps, **grid)
        tracks, verdict = path_tracks(paths, on_surface, by_step, names, STYLES[0])
        cross = np.stack(np.broadcast_arrays(grid["lr"][:, None], grid["momentum"]), axis=-1)[:, :, None]
        rho = radius(**grid)
        # Judged by their ends, some paths that swing out first seem to diverge.
        slow = paths.diverges.numpy() & (rho < 1)
        swings = np.char.replace(
            verdict.words.astype(str), "diverges", f"swings out, and after {steps} steps is not back"
        )
        words = np.where(slow, swings, verdict.words)
        x, y = cross[:, :, 0, 0], cross[:, :, 0, 1]
        off = (x < on_map.x.low) | (x > on_map.x.high) | (y < on_map.y.low) | (y > on_map.y.high)
        notes = Saying(np.vectorize(_told, otypes=[object])(rho, off), names)
        tracks += [start_track(on_surface, start), Track(on_map, "mark", cross, names, CROSS, size=11)]
        return Moves(tracks, [replace(verdict, words=words, bad=verdict.bad & ~slow)], [notes])

    about = f"A map of lr and momentum for {rule.__name__} on the {surface.name} surface, and a path."
    frames = {on_map: ("lr", "momentum"), on_surface: "start", by_step: ("step", None)}
    return Explorer(figure, sliders.values(), lay_out, about=about, start=start, steps=steps, frames=frames)


def _told(radius: float, off: bool) -> str:
    shown = f"{'off the map; ' if off else ''}theory: ρ = {radius:.{3 if abs(radius - 1) > 0.002 else 5}f}"
    if radius >= 1:
        return f"{shown}, not below 1: from nearly all starts, it does not converge"
    steps = np.ceil(np.log(0.1) / np.log(max(radius, 1e-9)))
    return f"{shown}: in the long run, {steps:.0f} steps leave a tenth of the distance"
