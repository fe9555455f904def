"""Sliders over the figures of ``moving``."""

from __future__ import annotations

from typing import Any

from course_utils import checks, moving
from course_utils.descent import descend
from course_utils.plotting import VIEW
from course_utils.rules import sgd
from course_utils.surfaces import Surface

import ipywidgets
import numpy as np

POSITIONS = 81


class Explorer:
    """A slider for the learning rate over the picture of the path that it leads to.

    ``slider`` is the ipywidgets slider, ``figure`` the ``moving.DescentFigure`` that it turns; ``slider.value = 0.4``
    does what a hand does. The paths for all positions of the slider are computed when the explorer is made. In a live
    notebook it shows slider and picture; elsewhere, the picture and its words.
    """

    def __init__(self, figure: moving.DescentFigure, value: float):
        self.figure = figure
        low, high = np.log10(figure.lr[[0, -1]])
        self.slider = ipywidgets.FloatLogSlider(
            value=value,
            min=low,
            max=high,
            step=(high - low) / (len(figure.lr) - 1),
            description="lr",
            readout_format=".3g",
            layout=ipywidgets.Layout(width="100%", max_width="1000px"),
        )
        self.image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="1000px", max_width="100%"))
        self.slider.observe(self._turn, names="value")
        self._turn()
        self.view = ipywidgets.VBox([self.slider, self.image])

    def _turn(self, change: dict | None = None) -> None:
        self.figure.show(nearest(self.figure.lr, self.slider.value))
        self.image.value = self.figure.png(compress_level=1)  # speed before size

    def __repr__(self) -> str:
        return self.figure.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        shown, metadata = self.figure._repr_mimebundle_()
        return {
            **shown,
            VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.view.model_id},
        }, metadata


def nearest(grid: np.ndarray, value: float) -> int:
    """The index of what in a logarithmic ``grid`` is nearest to ``value``."""
    return int(np.abs(np.log(grid / value)).argmin())


def explore(
    surface: Surface | str,
    lr: tuple[float, float, float] = (0.01, 0.1, 1.0),
    steps: int = 60,
    start: tuple[float, float] | None = None,
) -> Explorer:
    """Gradient descent on ``surface``: the learning rate on a slider, the path, the loss and the theory.

    ``lr`` is (lowest, first shown, highest); the slider is logarithmic, with 81 positions. ``start`` defaults to the
    surface's own. Raises ValueError or TypeError, before anything is computed, for a bad argument.
    """
    bounds = checks.numbers("lr", lr).tolist()
    if not isinstance(bounds, list) or len(bounds) != 3 or bounds != sorted(bounds) or bounds[0] == bounds[2]:
        raise ValueError(f"lr must be (lowest, first shown, highest), in ascending order, got {lr!r}.")
    low, value, high = bounds
    grid = np.geomspace(low, high, POSITIONS)
    figure = moving.DescentFigure(descend(surface, sgd, start=start, steps=steps, lr=grid))
    return Explorer(figure, grid[nearest(grid, value)])
