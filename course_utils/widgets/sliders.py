"""The sliders of an explorer: their positions, their words, their ipywidgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets
import numpy as np

LOG_POSITIONS, POSITIONS, COARSE = 81, 19, 11  # as many, or a few more or less, so that a given value is one of them


@dataclass(frozen=True, eq=False)
class Slider:
    """A slider of an explorer: ``values`` are its positions in ascending order, ``first`` the one where it begins.

    ``name`` is its own in the explorer, ``short`` is enough beside the name of what it belongs to. ``log``: the
    positions are a constant factor apart, as those of a learning rate are. ``choices``: what the positions are called,
    if they are no numbers; ``values`` are 0, 1, … then.
    """

    name: str
    values: np.ndarray
    first: int
    log: bool
    short: str
    choices: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, choices: Sequence[str], first: str) -> Slider:
        """A switch: a slider over some choices, by name, which begins at ``first``.

        Raises ValueError for fewer than two choices, one that comes twice, or a ``first`` that is none of them.
        """
        choices = tuple(choices)
        if len(choices) < 2 or len(set(choices)) < len(choices):
            raise ValueError(f"{name} must be two choices or more, each once, got {choices}.")
        if first not in choices:
            raise ValueError(f"{name} must begin at one of {', '.join(choices)}, got {first!r}.")
        return cls(name, np.arange(len(choices), dtype=float), choices.index(first), False, name, choices)

    @classmethod
    def between(
        cls,
        name: str,
        bounds: Sequence[float],
        log: bool = False,
        short: str = "",
        whole: bool = False,
        coarse: bool = False,
    ) -> Slider:
        """From (lowest, first shown, highest), each of them a position.

        81 or more if ``log``, else about 19; about 11 if ``coarse``; or all ``whole`` numbers.

        Raises ValueError for bounds that are not three numbers in ascending order.
        """
        if len(bounds) != 3 or list(bounds) != sorted(bounds) or bounds[0] == bounds[2]:
            raise ValueError(f"{name} must be (lowest, first shown, highest), in ascending order, got {bounds!r}.")
        if whole:
            return cls._at(name, np.arange(bounds[0], bounds[2] + 1.0), bounds[1], log, short or name)
        a, v, b = np.log10(bounds) if log else np.array(bounds, dtype=float)
        part = (v - a) / (b - a)
        usual, counts = (LOG_POSITIONS, range(81, 122)) if log else (POSITIONS, range(11, 28))
        if coarse:
            usual, counts = COARSE, range(9, 14)
        n = min(counts, key=lambda n: (round(abs(part * (n - 1) - round(part * (n - 1))), 2), abs(n - usual)))
        return cls._at(name, np.linspace(a, b, n), bounds[1], log, short or name)

    @classmethod
    def _at(cls, name: str, positions: np.ndarray, value: float, log: bool, short: str) -> Slider:
        """A slider that begins at ``value``, which takes the place of the nearest of the positions."""
        values = 10**positions if log else positions
        first = int(np.abs(values - value).argmin())
        if values[0] < value < values[-1]:
            first = min(max(first, 1), len(values) - 2)  # the ends stay
        values[first] = value
        return cls(name, values, first, log, short)

    def through(self, value: float) -> Slider:
        """The slider with ``value`` as a position, the first. If it is in the range, the nearer end moves a little.

        Raises ValueError for a logarithmic slider and a value that is not positive, and for choices.
        """
        if self.choices:
            raise ValueError(f"{self.name} is one of {', '.join(self.choices)}: use its slider.")
        if self.log and value <= 0:
            raise ValueError(f"{self.name} must be a positive, finite number, got {value:g}.")
        low, high = self.values[[0, -1]]
        if not low <= value <= high:
            return self.between(self.name, (min(low, value), value, max(high, value)), self.log, self.short)
        # Steps of equal length, as an ipywidgets slider has, from the farther end through the value.
        a, v, b = np.log10([low, value, high]) if self.log else (low, value, high)
        far, near = (b, a) if v - a < b - v else (a, b)
        step = (v - far) / np.ceil(abs(v - far) / abs(b - a) * (len(self.values) - 1) - 1e-9)
        positions = np.sort(far + step * np.arange(int((near - far) / step + 1e-9) + 1))
        return self._at(self.name, positions, value, self.log, self.short)

    @property
    def texts(self) -> list[str]:
        """The values in words: with as many digits as tell neighbours, and 1, apart, and the first as it was given."""
        if self.choices:
            return list(self.choices)
        for digits in range(3, 17):
            texts = [f"{value:.{digits}g}" for value in self.values]
            below = np.array(texts, dtype=float) < 1
            if len(set(texts)) == len(texts) and (below == (self.values < 1)).all():
                break
        texts[self.first] = f"{self.values[self.first]:.10g}"
        return texts

    @property
    def position(self) -> str:
        """The attribute of its ipywidget that says where it is."""
        return "index" if self.choices else "value"

    def widget(self) -> ipywidgets.FloatSlider | ipywidgets.FloatLogSlider | ipywidgets.SelectionSlider:
        """The slider as an ipywidget, at its first position."""
        looks = {
            "description": self.name,
            "layout": ipywidgets.Layout(width="100%", max_width="1000px"),
            "style": {"description_width": "9em"},
        }
        if self.choices:
            return ipywidgets.SelectionSlider(options=self.choices, index=self.first, **looks)
        kind = ipywidgets.FloatLogSlider if self.log else ipywidgets.FloatSlider
        return kind(**self._state(), readout_format=".3g", **looks)

    def adjust(self, widget: ipywidgets.Widget) -> None:
        """Give an ipywidget of the slider as it was before ``through`` its new range and value."""
        with widget.hold_sync():
            for name, value in self._state().items():
                setattr(widget, name, value)

    def _state(self) -> dict[str, float]:
        low, high = np.log10(self.values[[0, -1]]) if self.log else self.values[[0, -1]]
        step = (high - low) / (len(self.values) - 1)
        return {"min": low, "max": high, "step": step, "value": self.values[self.first]}
