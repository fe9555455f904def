"""What the lectures call to put sliders into a cell."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from course_utils import checks, rules
from course_utils.descent import descend
from course_utils.explorer import Explorer
from course_utils.surfaces import Surface

import numpy as np

LR_POSITIONS, POSITIONS = 81, 19
LARGEST = 400_000  # points of all paths together: more would be too large for a notebook


def explore(
    surface: Surface | str,
    rule: Callable | str = rules.sgd,
    steps: int = 60,
    start: tuple[float, float] | None = None,
    **hyper: Any,
) -> Explorer:
    """A rule on a surface: a slider for each hyperparameter, the path, the loss, what became of it.

    Each hyperparameter is a number, or (lowest, first shown, highest) for a slider; ``lr`` defaults to (0.01, 0.1,
    1). The slider of lr is logarithmic, with 81 positions, the others are linear, with 19. ``start`` defaults to the
    surface's own. Raises ValueError or TypeError, before anything is computed, for a bad argument, or for too many
    settings.
    """
    rule = checks.named("rule", rule, rules)
    hyper = {"lr": (0.01, 0.1, 1.0), **hyper} if "lr" in checks.defaults(rule) else hyper
    checks.hyperparameters(rule, hyper)
    grids = {name: positions(name, value) for name, value in hyper.items() if isinstance(value, (tuple, list))}
    if not grids:
        raise ValueError("hyper must have a slider: give one of them as (lowest, first shown, highest).")
    points = prod(map(len, grids.values())) * (checks.whole("steps", steps) + 1)
    if points > LARGEST:
        raise ValueError(f"{' x '.join(grids)} has {points:,} points on all paths, at most {LARGEST:,} are allowed.")
    paths = descend(surface, rule, start=start, steps=steps, **{**hyper, **grids})
    return Explorer(paths, {name: int(np.abs(grid - hyper[name][1]).argmin()) for name, grid in grids.items()})


def positions(name: str, bounds: tuple[float, float, float]) -> np.ndarray:
    """All positions of a slider from (lowest, first shown, highest); the first shown is one of them, or is near one."""
    if len(bounds) != 3 or list(bounds) != sorted(bounds) or bounds[0] == bounds[2]:
        raise ValueError(f"{name} must be (lowest, first shown, highest), in ascending order, got {bounds!r}.")
    low, first, high = bounds
    if name == "lr":
        return np.geomspace(low, high, LR_POSITIONS)

    def off(n: int) -> float:
        """How far the first shown is from the nearest of n positions, in parts of a step; of equals, as near to 19."""
        at = (first - low) / (high - low) * (n - 1)
        return round(abs(at - round(at)), 6) + abs(n - POSITIONS) / 1e4

    return np.linspace(low, high, min(range(11, 28), key=off))
