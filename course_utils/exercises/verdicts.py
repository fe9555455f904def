"""What a check says: whether an attempt is right, and if it is not, where it departs and which misconception it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from course_utils.exercises.attempts import Record
from course_utils.plotting import Figure

from IPython.display import Markdown, display
from torch import Tensor

CLOSE = 1e-5  # of the record's unit: float32 passes, every misconception of the catalogue is far beyond


@dataclass(frozen=True)
class Verdict:
    """Whether an attempt ``passed``; if not, the name of the ``misconception`` or trouble, if any; words, a picture.

    ``draw`` makes the picture when it is wanted.
    """

    passed: bool
    misconception: str | None
    text: str
    draw: Callable[[], Figure | None] = lambda: None

    @cached_property
    def figure(self) -> Figure | None:
        return self.draw()

    def __repr__(self) -> str:
        return self.text

    def _ipython_display_(self) -> None:
        display(Markdown(self.text))
        if self.figure is not None:
            display(self.figure)


@dataclass(frozen=True)
class Departure:
    """The first place where what an attempt gave is not what was expected."""

    case: str
    step: str
    name: str
    expected: float
    got: float
    way: str  # what the movement of that step is like, beside the expected one; or ""

    def __str__(self) -> str:
        values = f"should be **{self.expected:.6g}**, and yours is **{self.got:.6g}**"
        return f"At {self.step}, {self.name} {values} ({self.case})."


def same(expected: Iterable[Record], got: Iterable[Record]) -> bool:
    """Whether two attempts gave the same in all cases."""
    expected, got = list(expected), list(got)
    return len(expected) == len(got) and all(
        a.values.shape == b.values.shape and not _far(a, b).any() for a, b in zip(expected, got, strict=True)
    )


def departure(expected: Iterable[Record], got: Iterable[Record]) -> Departure | None:
    """The first value, in the order of the cases, the steps and the coordinates, that is not the expected one."""
    for a, b in zip(expected, got, strict=False):
        far = _far(a, b)
        if far.any():
            row, column = far.nonzero()[0].tolist()
            expected_value, got_value = (r.values[row, column].item() for r in (a, b))
            return Departure(a.case, a.steps[row], a.names[column], expected_value, got_value, _way(a, b, row))
    return None


def _far(a: Record, b: Record) -> Tensor:
    rows = min(len(a.values), len(b.values))
    return ~a.values[:rows].isclose(b.values[:rows], rtol=0, atol=CLOSE * a.unit, equal_nan=True)


def _way(a: Record, b: Record, row: int) -> str:
    """How the first wrong step of a path goes, if all its coordinates agree on that."""
    if a.steps[0] != "start" or row == 0:
        return ""
    right, got = a.values[row] - a.values[row - 1], b.values[row] - b.values[row - 1]
    moving = right.abs() > CLOSE * a.unit
    ratio = got[moving] / right[moving]
    if not len(ratio) or not ratio.isfinite().all():
        return ""
    if (ratio - ratio[0]).abs().max() > 1e-4 * ratio[0].abs().max().clamp_min(1e-3):
        return ""
    k = ratio[0].item()
    if abs(k) < 1e-6:
        return "Your x does not move."
    size = "" if abs(abs(k) - 1) < 1e-4 else f"{abs(k):.4g} times as long as"
    if k < 0:
        return f"Your step has the opposite direction{', and is ' + size + ' it should be' if size else ''}."
    return f"Your step is {size} it should be, in every coordinate." if size else ""


@dataclass(frozen=True)
class Misconception:
    """A named misconception: ``says`` what was done, ``look`` at which line of the formula; ``attempt`` does it.

    For a misconception that needs a memory of its own, ``fresh`` says that ``attempt()`` makes a new one.
    """

    name: str
    says: str
    look: str
    attempt: Callable
    fresh: bool = False

    def variant(self) -> Callable:
        return self.attempt() if self.fresh else self.attempt
