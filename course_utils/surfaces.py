"""Test functions of two variables: landscapes small enough to be seen whole."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

__all__ = ["quadratic", "rosenbrock"]  # the surfaces by name


@dataclass(frozen=True)
class Surface:
    """A function of two variables that knows how it wants to be drawn.

    Calling it on points (..., 2) gives values (...). ``start`` is where a descent begins by default, ``minima`` are
    the points of least value, ``xlim`` and ``ylim`` frame the picture.
    """

    name: str
    f: Callable[[Tensor, Tensor], Tensor]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    xlim: tuple[float, float]
    ylim: tuple[float, float]

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (2,):
            raise ValueError(f"x must hold points of 2 coordinates, shape (..., 2), got shape {tuple(x.shape)}.")
        return self.f(x[..., 0], x[..., 1])


def bowl(curvature_1: float, curvature_2: float, name: str = "bowl") -> Surface:
    """½ (a·x₁² + b·x₂²): a bowl of curvatures a > 0 and b > 0 along its axes, with its minimum, 0, at the origin."""
    a, b = float(curvature_1), float(curvature_2)
    if not (0 < a < float("inf") and 0 < b < float("inf")):
        raise ValueError(f"curvatures must be positive and finite, got {curvature_1} and {curvature_2}.")
    return Surface(
        name=name,
        f=lambda x1, x2: (a * x1**2 + b * x2**2) / 2,
        start=(-5.0, -2.0),
        minima=((0.0, 0.0),),
        xlim=(-6.0, 6.0),
        ylim=(-3.0, 3.0),
    )


quadratic = bowl(0.2, 4.0, name="quadratic")

rosenbrock = Surface(
    name="rosenbrock",
    f=lambda x1, x2: (1 - x1) ** 2 + 100 * (x2 - x1**2) ** 2,
    start=(-1.2, 1.0),
    minima=((1.0, 1.0),),
    xlim=(-2.0, 2.0),
    ylim=(-1.0, 3.0),
)
"""Rosenbrock, *An automatic method for finding the greatest or least value of a function*, Computer J. 3 (1960)."""
