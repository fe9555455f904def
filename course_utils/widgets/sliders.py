"""The sliders of an explorer: their positions, their words, their ipywidgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ipywidgets
import numpy as np

LOG_POSITIONS, POSITIONS = 81, 19


@dataclass(frozen=True, eq=False)
class Slider:
    """A slider of an explorer: ``values`` are its positions in ascending order, ``first`` the one where it begins.

    ``name`` is its own in the explorer, ``short`` is enough beside the name of what it belongs to. ``log``: the
    positions are a constant factor apart, as those of a learning rate are.
    """

    name: str
    values: np.ndarray
    first: int
    log: bool
    short: str

    @classmethod
    def between(cls, name: str, bounds: Sequence[float], log: bool = False, short: str = "") -> Slider:
        """From (lowest, first shown, highest); 81 positions if ``log``, else about 19, of which the first shown is one.

        Raises ValueError for bounds that are not three numbers in ascending order.
        """
        if len(bounds) != 3 or list(bounds) != sorted(bounds) or bounds[0] == bounds[2]:
            raise ValueError(f"{name} must be (lowest, first shown, highest), in ascending order, got {bounds!r}.")
        low, first, high = bounds
        if log:
            values = np.geomspace(low, high, LOG_POSITIONS)
        else:
            values = np.linspace(low, high, min(range(11, 28), key=lambda n: _off(n, (first - low) / (high - low))))
        return cls(name, values, int(np.abs(values - first).argmin()), log, short or name)

    def through(self, value: float) -> Slider:
        """The slider with ``value`` as one of its positions, the first: in place of the nearest, or as its new end.

        Raises ValueError for a logarithmic slider and a value that is not positive.
        """
        if self.log and value <= 0:
            raise ValueError(f"{self.name} must be a positive, finite number, got {value:g}.")
        low, high = self.values[[0, -1]]
        if not low <= value <= high:
            return self.between(self.name, (min(low, value), value, max(high, value)), self.log, self.short)
        first = int(np.abs(self.values - value).argmin())
        values = self.values.copy()
        values[first] = value
        return replace(self, values=values, first=first)

    @property
    def texts(self) -> list[str]:
        return [f"{value:.3g}" for value in self.values]

    def widget(self) -> ipywidgets.FloatSlider | ipywidgets.FloatLogSlider:
        """The slider as an ipywidget, at its first position."""
        kind = ipywidgets.FloatLogSlider if self.log else ipywidgets.FloatSlider
        return kind(
            **self._state(),
            description=self.name,
            readout=False,  # it would show the nearest position of a value that was typed; the picture says the value
            layout=ipywidgets.Layout(width="100%", max_width="1000px"),
            style={"description_width": "9em"},
        )

    def adjust(self, widget: ipywidgets.Widget) -> None:
        """Give an ipywidget of the slider as it was before ``through`` its new range and value."""
        with widget.hold_sync():
            for name, value in self._state().items():
                setattr(widget, name, value)

    def _state(self) -> dict[str, float]:
        low, high = np.log10(self.values[[0, -1]]) if self.log else self.values[[0, -1]]
        step = (high - low) / (len(self.values) - 1)
        return {"min": low, "max": high, "step": step, "value": self.values[self.first]}


def _off(n: int, first: float) -> float:
    """How far the part ``first`` of the way is from the nearest of n positions; of equals, better as near to 19."""
    at = first * (n - 1)
    return round(abs(at - round(at)), 6) + abs(n - POSITIONS) / 1e4
