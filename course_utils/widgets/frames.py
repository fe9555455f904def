"""Where the Axes of a figure are in the picture, and how numbers become pixels in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course_utils.plotting import DPI, Figure

import numpy as np

UNIT = 16  # parts of a pixel


@dataclass(frozen=True)
class Axis:
    """One axis of a frame: pixel = (v - origin) / scale, for a value v, or its logarithm to base 10 if ``log``."""

    low: float
    high: float
    origin: float
    scale: float
    log: bool

    def pixels(self, values: np.ndarray) -> np.ndarray:
        """Where values are, in CSS pixels of the picture. A logarithmic axis has 0 and less at infinity."""
        with np.errstate(divide="ignore", over="ignore"):
            v = np.log10(np.maximum(values, 0)) if self.log else values
            return (v - self.origin) / self.scale


@dataclass(frozen=True)
class Frame:
    """One Axes of a figure: its number, its rectangle (left, top, width, height) in CSS pixels, and its axes."""

    number: int
    box: tuple[float, float, float, float]
    x: Axis
    y: Axis

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Where points (..., 2) are, in CSS pixels from the upper left corner of the picture."""
        return np.stack([self.x.pixels(points[..., 0]), self.y.pixels(points[..., 1])], axis=-1)

    def known(self) -> dict[str, Any]:
        """What the browser needs to know of it. It tells numbers with as many digits as the pixels tell."""
        coarser = max(abs(axis.scale) for axis in (self.x, self.y) if not axis.log) / UNIT
        digits = min(max(0, int(-np.log10(2 * coarser))), 15)  # the same along x and y
        axes = {
            name: {"origin": axis.origin, "scale": axis.scale, "log": axis.log, "digits": 2 if axis.log else digits}
            for name, axis in (("x", self.x), ("y", self.y))
        }
        return {"box": self.box, **axes}


def settle(figure: Figure) -> list[Frame]:
    """Lay the figure out for good, and give the frame of each of its Axes, in their order."""
    figure.canvas.draw()
    figure.set_layout_engine("none")  # what moves must find everything where it is
    width, height = figure.get_size_inches() * DPI
    frames = []
    for number, ax in enumerate(figure.axes):
        place = ax.get_position()
        box = (place.x0 * width, (1 - place.y1) * height, place.width * width, place.height * height)
        across = _axis(ax.get_xlim(), ax.get_xscale(), box[0], box[0] + box[2])
        up = _axis(ax.get_ylim(), ax.get_yscale(), box[1] + box[3], box[1])
        frames.append(Frame(number, box, across, up))
    return frames


def _axis(limits: tuple[float, float], kind: str, first: float, last: float) -> Axis:
    """The axis from its low end at the pixel ``first`` to its high end at ``last``."""
    log = kind == "log"
    low, high = np.log10(limits) if log else limits
    scale = (high - low) / (last - first)
    return Axis(*map(float, limits), float(low - first * scale), float(scale), log)
