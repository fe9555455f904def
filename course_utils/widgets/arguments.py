"""What the explorers are called with, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from course_utils import checks
from course_utils.descent import place
from course_utils.surfaces import Surface
from course_utils.widgets.sliders import Slider

import numpy as np

LARGEST = 400_000  # points of all paths together: more would be too large for a notebook


def scene(surface: Any, start: Any, steps: Any) -> tuple[Surface, tuple[float, float], int]:
    """The surface, the start (by default the surface's own) and the number of steps. Raises ValueError or TypeError."""
    surface, start = place(surface, start)
    return surface, tuple(start.tolist()), checks.whole("steps", steps)


def sliders_of(
    rule: Callable, hyper: Mapping[str, Any], named: Callable[[str], str] = str
) -> tuple[dict[str, Slider], dict[str, Any]]:
    """The sliders of those hyperparameters that are (lowest, first shown, highest), and the others, which stay.

    ``named`` gives the slider's name from the hyperparameter's. Raises ValueError or TypeError.
    """
    checks.hyperparameters(rule, hyper)
    defaults = checks.defaults(rule)
    # A rule's own tuple, such as Muon's coefficients, is one choice.
    several = {name: v for name, v in hyper.items() if hasattr(v, "__len__") and not isinstance(v, str)}
    spans = {name: value for name, value in several.items() if not isinstance(defaults[name], tuple)}
    for name, value in spans.items():
        if not isinstance(value, (tuple, list)) or not all(isinstance(v, (int, float, np.number)) for v in value):
            raise TypeError(f"{name} must be a number or (lowest, first shown, highest), got {value!r}.")
    sliders = {
        name: Slider.between(
            named(name), value, name == "lr", name, checks.ALLOWED.get(name) in (checks.WHOLE, checks.WHOLE_OR_0)
        )
        for name, value in spans.items()
    }
    return sliders, {name: value for name, value in hyper.items() if name not in spans}


def small_enough(sliders: Sequence[Slider], steps: int, paths: int = 1) -> None:
    """Raises ValueError if the paths of all settings have too many points."""
    points = prod(len(slider.values) for slider in sliders) * (steps + 1) * paths
    if points > LARGEST:
        names = " x ".join([slider.name for slider in sliders] + ["steps"])
        raise ValueError(f"{names} has {points:,} points on all paths, at most {LARGEST:,} are allowed.")
