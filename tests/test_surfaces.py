import math

from course_utils import surfaces
from course_utils.descent import descend
from course_utils.gradients import central_difference, curvatures, gradient, relative_error

import pytest
import torch

ALL = [getattr(surfaces, name) for name in surfaces.__all__]


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
def test_minima_are_minima(surface):
    """The gradient is zero there, all around it is higher, and nowhere in the picture is it lower."""
    angles = torch.arange(360, dtype=torch.float64).deg2rad()
    circle = torch.stack((angles.cos(), angles.sin()), dim=-1)
    everywhere = torch.cartesian_prod(
        *(torch.linspace(*lim, 301, dtype=torch.float64) for lim in (surface.xlim, surface.ylim))
    )
    for minimum in surface.minima:
        x = torch.tensor(minimum, dtype=torch.float64)
        assert gradient(surface, x).norm() < 1e-12
        for radius in (1e-4, 1e-2):
            assert (surface(x + radius * circle) > surface(x)).all()
        assert (surface(everywhere) >= surface(x) - 1e-12).all()
        assert surface(x) < surface(torch.tensor(surface.start, dtype=torch.float64))


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
def test_gradients_are_those_of_differences(surface):
    points = torch.randn(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert relative_error(gradient(surface, points), central_difference(surface, points)) < 1e-8
    assert gradient(surface, torch.tensor(surface.start, dtype=torch.float64)).norm() > 0


def test_a_ball_with_momentum_leaves_the_local_minimum():
    surface = surfaces.local_minimum
    paths = descend(surface, "momentum", lr=0.05, momentum=[0.0, 0.9], steps=400)
    assert paths[0].x[-1].tolist() == pytest.approx([1, 0], abs=1e-3)  # caught in the hollow
    assert paths[1].outcome.startswith("converged")


def test_a_saddle_holds_gradient_descent_for_a_while():
    path = descend("saddle", "sgd", lr=0.1, steps=200)
    close = path.x.norm(dim=-1) < 0.1
    assert 15 < close.sum() < 150
    assert path.outcome.startswith("converged")


def test_the_long_valley_is_turned():
    x = torch.zeros(2, dtype=torch.float64)
    assert curvatures(surfaces.long_valley, x).tolist() == pytest.approx([0.02, 2])
    hessian = torch.autograd.functional.hessian(surfaces.long_valley, x)
    assert hessian[0, 1].abs() > 0.5


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
def test_start_and_minima_are_in_the_picture(surface):
    for x1, x2 in (surface.start, *surface.minima):
        assert surface.xlim[0] < x1 < surface.xlim[1]
        assert surface.ylim[0] < x2 < surface.ylim[1]


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
def test_known_by_its_own_name(surface):
    assert getattr(surfaces, surface.name) is surface


def test_known_values():
    x = torch.tensor([[2.0, 3.0], [-1.0, 1.0]], dtype=torch.float64)
    assert surfaces.quadratic(x).tolist() == pytest.approx([0.1 * 4 + 2 * 9, 0.1 + 2])
    assert surfaces.rosenbrock(x).tolist() == pytest.approx([1 + 100, 4])
    assert curvatures(surfaces.bowl(3, 7), x[0]).tolist() == pytest.approx([3, 7])
    # At (2, 3): 1.5 - 2 + 6 = 5.5, 2.25 - 2 + 18 = 18.25, 2.625 - 2 + 54 = 54.625.
    assert surfaces.beale(x[0]).item() == pytest.approx(5.5**2 + 18.25**2 + 54.625**2)
    # On whole numbers the cosines are 1: the funnel alone, and the bowl alone.
    assert surfaces.ackley(x[1]).item() == pytest.approx(20 - 20 * math.exp(-0.2))
    assert surfaces.rastrigin(x).tolist() == pytest.approx([13, 2])
    assert surfaces.saddle(x).tolist() == pytest.approx([2 - 4.5 + 81 / 4, 0.5 - 0.5 + 0.25])
    assert surfaces.local_minimum(x[1]).item() == pytest.approx(1 / 4 + 1 / 30 - 1 / 2 - 1 / 10 + 1 / 2)


def test_refuses():
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 2\), got shape \(3,\)"):
        surfaces.quadratic(torch.zeros(3))
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="curvatures must be positive"):
            surfaces.bowl(1, bad)
