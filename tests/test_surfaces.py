from course_utils import surfaces
from course_utils.gradients import curvatures, gradient

import pytest
import torch

ALL = [getattr(surfaces, name) for name in surfaces.__all__]


@pytest.mark.parametrize("surface", ALL, ids=lambda s: s.name)
def test_minima_are_minima(surface):
    for minimum in surface.minima:
        x = torch.tensor(minimum, dtype=torch.float64)
        assert gradient(surface, x).norm() < 1e-12
        assert curvatures(surface, x).min() > 0
        assert surface(x) < surface(torch.tensor(surface.start, dtype=torch.float64))


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


def test_refuses():
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 2\), got shape \(3,\)"):
        surfaces.quadratic(torch.zeros(3))
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="curvatures must be positive"):
            surfaces.bowl(1, bad)
