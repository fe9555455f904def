"""Learning rates that change on the way: each schedule is a function of the step t, counted from 1.

Give one to a rule, to ``descend`` or to an optimizer wherever a learning rate goes: ``descend("quadratic", "sgd",
lr=Cosine(0.4, steps=100))``. They are equal to torch's
schedulers, whose clock starts at 0: step t here is ``last_epoch = t - 1`` there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from course_utils import checks


@dataclass(frozen=True)
class Schedule:
    """What the schedules share: their numbers are checked when they are made.

    Raises TypeError for what is no number, ValueError for one that is not allowed.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "int":
                checks.whole(field.name, value)
            elif callable(value) and "Callable" in field.type:
                checks.schedule(field.name, value)
            else:
                checks.number(field.name, value)


@dataclass(frozen=True)
class Constant(Schedule):
    """lr at every step."""

    lr: float

    def __call__(self, t: int) -> float:
        return self.lr


@dataclass(frozen=True)
class Linear(Schedule):
    """From ``lr`` to ``final`` along a straight line, in ``steps`` steps; ``final`` from then on.

    lr_t = (1 - k/τ) lr + (k/τ) final for k = t - 1 up to τ = ``steps``. Goodfellow, Bengio and Courville, *Deep
    Learning* (2016), equation 8.14. ``LinearLR(start_factor=1, end_factor=final / lr, total_iters=steps)``.
    """

    lr: float
    steps: int
    final: float = 0.0

    def __call__(self, t: int) -> float:
        return line(self.lr, self.final, (t - 1) / self.steps)


@dataclass(frozen=True)
class Step(Schedule):
    """``lr``, multiplied by ``factor`` after every ``every`` steps. ``StepLR(step_size=every, gamma=factor)``."""

    lr: float
    every: int
    factor: float = 0.1

    def __call__(self, t: int) -> float:
        return self.lr * self.factor ** ((t - 1) // self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    """``lr``, multiplied by ``factor`` after every step. ``ExponentialLR(gamma=factor)``."""

    lr: float
    factor: float

    def __call__(self, t: int) -> float:
        return self.lr * self.factor ** (t - 1)


@dataclass(frozen=True)
class Cosine(Schedule):
    """From ``lr`` to ``final`` in ``steps`` steps, along half a cosine: flat, steep, flat.

    Loshchilov and Hutter, *SGDR*, ICLR 2017, arXiv:1608.03983, equation (5), without restarts.
    ``CosineAnnealingLR(T_max=steps, eta_min=final)``; as there, it climbs back if it is asked for more steps.
    """

    lr: float
    steps: int
    final: float = 0.0

    def __call__(self, t: int) -> float:
        return wave(self.lr, self.final, (t - 1) / self.steps)


@dataclass(frozen=True)
class Warmup(Schedule):
    """``steps`` steps along a straight line up to another schedule, or a constant, that begins after them.

    The first step has ``start_factor`` times the other's first learning rate. ``SequentialLR([LinearLR(start_factor,
    total_iters=steps), ...], milestones=[steps])``.
    """

    lr: float | Callable[[int], float]
    steps: int
    start_factor: float = 1 / 3

    def __call__(self, t: int) -> float:
        after = self.lr if callable(self.lr) else Constant(self.lr)
        if t > self.steps:
            return after(t - self.steps)
        return line(self.start_factor, 1.0, (t - 1) / self.steps) * after(1)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to ``lr`` and down to nearly nothing, in ``steps`` steps, along two half cosines; at its end from then on.

    It begins at lr / ``div_factor`` (a cycle of a few steps only: at lr), is at ``lr`` after the part ``pct_start`` of
    its steps, and ends
    ``final_div_factor`` times below its beginning. Smith and Topin, *Super-Convergence*, arXiv:1708.07120 (2018), in
    the form of ``OneCycleLR(max_lr=lr, total_steps=steps)``; torch's moves momentum, too, unless told not to.
    """

    lr: float
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __call__(self, t: int) -> float:
        k, top, end = t - 1, self.pct_start * self.steps - 1, self.steps - 1
        first = self.lr / self.div_factor
        if k <= top and top > 0:
            return wave(first, self.lr, k / top)
        return wave(self.lr, first / self.final_div_factor, min(1.0, (k - top) / (end - top)))


def line(start: float, end: float, part: float) -> float:
    """``part`` of the way from start to end, and no further."""
    return start + (end - start) * min(part, 1.0)


def wave(start: float, end: float, part: float) -> float:
    """As ``line``, along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2
