"""Runs a rule on a surface: one path, or the paths of a whole grid of hyperparameters at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from course_utils import checks, rules, surfaces
from course_utils.gradients import value_and_gradient

import numpy as np
import torch
from torch import Tensor

ARRIVED = 0.01
"""A path has converged once it stays within this fraction of its first distance from the minimum."""


@dataclass(frozen=True, eq=False)
class Path:
    """The path, or grid of paths, that a rule took on a surface.

    ``x`` (steps+1, ..., 2) are the points in float64, the start first, and ``loss`` (steps+1, ...) the values there.
    The dots are the grid: one axis for the starts, if there were several, and one for each hyperparameter given as a
    list, in the order given. ``hyper`` holds the hyperparameters that were given (and several starts, as ``start``),
    ``memory`` what the rule remembered after each step: see ``remembered``. A path that diverges runs off to infinity
    and NaN; that is no error.
    """

    x: Tensor
    loss: Tensor
    surface: surfaces.Surface
    rule: Callable
    hyper: dict[str, Any]
    memory: tuple[dict[str, Tensor], ...]

    def __getitem__(self, index: int | tuple[int, ...]) -> Path:
        """One path of the grid: ``paths[3]``, or ``paths[3, 5]`` for a grid of two hyperparameters."""
        if not self.grid:
            raise TypeError("This is one path, not a grid of paths: there is nothing to index.")
        index = index if isinstance(index, tuple) else (index,)
        if len(index) != len(self.grid):
            # Not an IndexError: Python would take that for the end of a loop over the paths.
            raise TypeError(f"An index into this grid has one number for each of {self.grid}, got {index}.")
        one = {name: self.hyper[name][i] for name, i in zip(self.grid, index, strict=True)}
        where = (slice(None), *index)
        memory = tuple({name: value[index] for name, value in s.items()} for s in self.memory)
        return replace(self, x=self.x[where], loss=self.loss[where], hyper={**self.hyper, **one}, memory=memory)

    def __repr__(self) -> str:
        if self.grid:
            return (
                f"{self.loss[0].numel()} paths of {checks.name_of(self.rule)} on {self.surface.name}, over {self.grid}"
            )
        return f"path of {checks.name_of(self.rule)} on {self.surface.name}: {self.outcome}"

    @property
    def grid(self) -> list[str]:
        """What was given as lists: "start", if several were, and hyperparameters. They span the grid, one axis each."""
        return [name for name, value in self.hyper.items() if _is_list(value)]

    @cached_property
    def remaining(self) -> Tensor:
        """Distance from the nearest minimum as a fraction of what it was at the start: (steps+1, ...).

        A path that starts at a minimum has arrived: 0 while it stays there.
        """
        minima = torch.tensor(self.surface.minima, dtype=self.x.dtype)
        distance = (self.x.unsqueeze(-2) - minima).norm(dim=-1).amin(dim=-1)
        return distance / distance[0].clamp_min(torch.finfo(distance.dtype).tiny)

    @cached_property
    def arrival(self) -> Tensor:
        """The step from which each path is within ``ARRIVED`` of the minimum up to its last step; else -1: (...).

        One that swings must have stayed there for the last tenth of its steps: it might be passing through.
        """
        inside = self.remaining <= ARRIVED
        to_the_end = inside.flip(0).cummin(dim=0).values.flip(0)
        last = self.remaining[-len(self.x) // 10 - 1 :]  # the last tenth
        settled = (last <= ARRIVED).all(dim=0) | (inside[-1] & (last.diff(dim=0) <= 0).all(dim=0))
        return torch.where(settled, to_the_end.int().argmax(dim=0), -1)

    @cached_property
    def diverges(self) -> Tensor:
        """Whether each path ends higher than it began, or at no number at all: (...).

        Judged by its two ends alone: a path just beyond the edge takes many steps to get there.
        """
        higher = ~(self.loss[-1] <= self.loss[0]) | ~self.loss[-1].isfinite()
        return higher & (self.arrival < 0)  # none that began very low, and has arrived

    def remembered(self, name: str) -> Tensor:
        """What the rule remembered under this name after each step, such as "v" of momentum: (steps, ..., 2).

        Raises ValueError for a name under which it remembers nothing.
        """
        known = set.intersection(*map(set, self.memory))  # after every step
        if name not in known:
            hint = checks.suggestion(name, sorted(known)) if known else "it has no memory."
            raise ValueError(f"{checks.name_of(self.rule)} remembers nothing under {name!r}; {hint}")
        return torch.stack([s[name] for s in self.memory])

    def follow(self, name: str) -> Path:
        """The path of a point that the rule remembers, such as "slow" of lookahead, or "ax", the average of asgd.

        From the same start. That it is a point, and no velocity, is for you to know. Raises what ``remembered`` raises.
        """
        x = torch.cat([self.x[:1], self.remembered(name)])
        return replace(self, x=x, loss=self.surface(x))

    @property
    def outcome(self) -> str:
        """How one path ended, in words: "converged after 12 steps", "diverges", or "still 3 % away".

        The last is the straight distance from the nearest minimum, as a part of what it was at the start.
        """
        if self.loss.ndim > 1:
            raise ValueError(f"outcome is that of one path, this is a grid of {tuple(self.loss.shape[1:])}: index it.")
        return self.outcomes.item()

    @property
    def outcomes(self) -> np.ndarray:
        """The outcome of each path of the grid, as an array of words: (...)."""
        ends = zip(*(v.reshape(-1).tolist() for v in (self.diverges, self.arrival, self.remaining[-1])), strict=True)
        return np.array([_outcome(*end) for end in ends], dtype=object).reshape(self.loss.shape[1:])


def descend(
    surface: surfaces.Surface | str,
    rule: Callable | str,
    start: tuple[float, float] | Tensor | None = None,
    steps: int = 100,
    **hyper: Any,
) -> Path:
    """Run ``steps`` steps of ``rule`` on ``surface``, from ``start`` (default: the surface's own), in float64.

    ``start`` is a point, or several (n, 2): these are the first axis of the grid. Each hyperparameter is a number, a
    function of the step (see ``schedules``), or a list of either. The lists span a grid, and all of its paths advance
    together: ``descend(quadratic, sgd, lr=[0.1, 0.2, 0.4]).x`` has the shape (101, 3, 2). A rule that reads rows and
    columns, and says so by ``rule.matrices = True``, sees points as columns.

    Raises ValueError or TypeError, before any step is done, for an unknown surface, rule or hyperparameter, a
    learning rate that is not positive, a start that is not two finite numbers (or rows of two), or fewer than 1 step.
    """
    surface, start = place(surface, start, several=True)
    rule = checks.named("rule", rule, rules)
    steps = checks.whole("steps", steps)
    hyper = checks.hyperparameters(rule, hyper)

    lists = [name for name, value in hyper.items() if _is_list(value)]
    for name in lists:
        if torch.is_tensor(hyper[name]) and hyper[name].ndim > 1:
            raise ValueError(f"{name} must be a number or a flat list, got shape {tuple(hyper[name].shape)}.")

    # A rule for matrices sees a point as a column. Each list gets its own axis, followed by those of the point, so that
    # it broadcasts against x.
    point = (2, 1) if getattr(rule, "matrices", False) else (2,)
    spread = dict(hyper)
    given = {"start": start, **hyper} if start.ndim > 1 else hyper
    for axis, name in enumerate(lists):
        spread[name] = _along(hyper[name], (-1, *[1] * (len(lists) - axis - 1 + len(point))))
    sizes = [len(hyper[name]) for name in lists]
    x = start.reshape(*start.shape[:-1], *[1] * len(sizes), 2).expand(*start.shape[:-1], *sizes, 2)
    s = rules.State()
    xs, losses, memory = [], [], []
    for t in range(1, steps + 1):
        loss, g = value_and_gradient(surface, x)
        xs.append(x)
        losses.append(loss)
        now = {name: rules.at(value, t) for name, value in spread.items()}
        x, s = rule(x.reshape(*x.shape[:-1], *point), g.reshape(*g.shape[:-1], *point), s, t, **now)
        x = x.reshape(xs[-1].shape)
        memory.append(_pointwise(s, x.shape, (1,) * (len(point) - 1)))
    xs.append(x)
    losses.append(surface(x))
    return Path(torch.stack(xs), torch.stack(losses), surface, rule, given, tuple(memory))


def place(
    surface: surfaces.Surface | str, start: tuple[float, float] | Tensor | None, several: bool = False
) -> tuple[surfaces.Surface, Tensor]:
    """The surface, and the start (2,) on it, by default its own; or the starts (n, 2), if there may be ``several``.

    Raises ValueError or TypeError for what is neither.
    """
    surface = checks.named("surface", surface, surfaces, lambda s: isinstance(s, surfaces.Surface))
    start = checks.numbers("start", surface.start if start is None else start)
    if start.shape != (2,) and not (several and start.ndim == 2 and start.shape[1] == 2):
        raise ValueError(f"start must be two finite numbers (x, y), got {start.tolist()}.")
    return surface, start


def _outcome(diverges: bool, arrival: int, remaining: float) -> str:
    if diverges:
        return "diverges"
    if arrival >= 0:
        return f"converged after {arrival} step{'' if arrival == 1 else 's'}"
    if remaining > 1:
        return f"ends {remaining:.3g} times as far away as it began"
    percent = 100 * remaining
    return f"still {percent:{'.2g' if percent < 99.5 else '.0f'}} % away"


def _is_list(value: Any) -> bool:
    return value.ndim > 0 if torch.is_tensor(value) else isinstance(value, tuple) and any(map(callable, value))


def _pointwise(s: rules.State, shape: torch.Size, column: tuple[int, ...]) -> dict[str, Tensor]:
    """What a rule remembers for each coordinate of points of this shape, or once for all of them: views of that shape.

    ``column`` are the axes that points have beside these where the rule sees them. What is neither is left out.
    """
    seen, memory = (*shape, *column), {}
    for name, value in getattr(s, "__dict__", {}).items():
        if torch.is_tensor(value) and value.ndim in (0, len(seen)):
            with contextlib.suppress(RuntimeError):  # of another shape
                memory[name] = value.broadcast_to(seen).reshape(shape)
    return memory


def _along(values: Tensor | tuple, shape: tuple[int, ...]) -> Tensor | Callable:
    """A list of numbers in this shape; a list with schedules as one schedule of lists in this shape."""
    if torch.is_tensor(values):
        return values.reshape(shape)
    return lambda t: torch.tensor([rules.at(value, t) for value in values], dtype=torch.float64).reshape(shape)
