"""Test functions of two variables: landscapes small enough to be seen whole."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import e, pi, sqrt

import torch
from torch import Tensor

__all__ = [  # the surfaces by name
    "ackley",
    "beale",
    "local_minimum",
    "long_valley",
    "quadratic",
    "rastrigin",
    "rosenbrock",
    "saddle",
]


@dataclass(frozen=True)
class Surface:
    """A function of two variables that knows how it wants to be drawn.

    Calling it on points (..., 2) gives values (...). ``start`` is where a descent begins by default, ``minima`` are
    the points of least value, ``xlim`` and ``ylim`` frame the picture, ``about`` says what it is good for.
    """

    name: str
    f: Callable[[Tensor, Tensor], Tensor] = field(repr=False)
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    about: str = ""

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (2,):
            raise ValueError(f"x must hold points of 2 coordinates, shape (..., 2), got shape {tuple(x.shape)}.")
        return self.f(x[..., 0], x[..., 1])

    @property
    def lowest(self) -> float:
        """The value at the minima."""
        return min(self(torch.tensor(minimum, dtype=torch.float64)).item() for minimum in self.minima)


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
        about=f"A bowl of curvatures {a:g} and {b:g} along its axes.",
    )


quadratic = bowl(0.2, 4.0, name="quadratic")

rosenbrock = Surface(
    name="rosenbrock",
    f=lambda x1, x2: (1 - x1) ** 2 + 100 * (x2 - x1**2) ** 2,
    start=(-1.2, 1.0),
    minima=((1.0, 1.0),),
    xlim=(-2.0, 2.0),
    ylim=(-1.0, 3.0),
    about="A curved valley. Rosenbrock, Computer J. 3 (1960).",
)

long_valley = Surface(
    name="long_valley",
    f=lambda x1, x2: 0.01 * (sqrt(3) / 2 * x1 + x2 / 2) ** 2 + (sqrt(3) / 2 * x2 - x1 / 2) ** 2,
    start=(-8.0, -2.5),
    minima=((0.0, 0.0),),
    xlim=(-10.0, 10.0),
    ylim=(-6.0, 6.0),
    about="A quadratic of curvatures 0.02 and 2, turned by 30°: no rescaling of the axes makes it round.",
)

beale = Surface(
    name="beale",
    f=lambda x1, x2: (1.5 - x1 + x1 * x2) ** 2 + (2.25 - x1 + x1 * x2**2) ** 2 + (2.625 - x1 + x1 * x2**3) ** 2,
    start=(1.0, 1.5),
    minima=((3.0, 0.5),),
    xlim=(-1.0, 4.5),
    ylim=(-1.5, 2.0),
    about="Steep cliffs and a flat floor. Beale, Princeton (1958).",
)

saddle = Surface(
    name="saddle",
    f=lambda x1, x2: x1**2 / 2 - x2**2 / 2 + x2**4 / 4,
    start=(-2.0, 0.001),
    minima=((0.0, -1.0), (0.0, 1.0)),
    xlim=(-2.5, 2.5),
    ylim=(-1.6, 1.6),
    about="A saddle point at the origin, between two minima. The start is nearly on the ridge that leads to it.",
)

ackley = Surface(
    name="ackley",
    # The norm, not a root: at the minimum its gradient is 0, where that of the root is not a number.
    f=lambda x1, x2: (
        20
        + e
        - 20 * torch.exp(-0.2 / sqrt(2) * torch.linalg.vector_norm(torch.stack((x1, x2)), dim=0))
        - torch.exp((torch.cos(2 * pi * x1) + torch.cos(2 * pi * x2)) / 2)
    ),
    start=(-2.0, -2.0),
    minima=((0.0, 0.0),),
    xlim=(-4.0, 4.0),
    ylim=(-4.0, 4.0),
    about="A funnel covered with hollows, with a sharp tip. Ackley, *Genetic hillclimbing* (1987).",
)

rastrigin = Surface(
    name="rastrigin",
    f=lambda x1, x2: 20 + x1**2 - 10 * torch.cos(2 * pi * x1) + x2**2 - 10 * torch.cos(2 * pi * x2),
    start=(-2.6, 1.7),
    minima=((0.0, 0.0),),
    xlim=(-3.5, 3.5),
    ylim=(-3.5, 3.5),
    about="A bowl covered with hollows, one around each pair of whole numbers. Rastrigin (1974).",
)

local_minimum = Surface(
    name="local_minimum",
    f=lambda x1, x2: x1**4 / 4 - x1**3 / 30 - x1**2 / 2 + x1 / 10 + x2**2 / 2,
    start=(1.8, 1.0),
    minima=((-1.0, 0.0),),
    xlim=(-2.0, 2.2),
    ylim=(-1.4, 1.4),
    about="A hollow at (1, 0), a pass at (0.1, 0), and the minimum behind it: ∂f/∂x₁ = (x₁ + 1)(x₁ - 0.1)(x₁ - 1).",
)
