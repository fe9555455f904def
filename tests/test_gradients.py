from course_utils.gradients import (
    central_difference,
    curvatures,
    forward_difference,
    gradient,
    relative_error,
    value_and_gradient,
)
from course_utils.surfaces import rosenbrock

import numpy as np
import pytest
import torch

POINTS = torch.tensor([[[-1.2, 1.0], [0.3, 0.7]], [[1.0, 1.0], [2.0, -1.0]]], dtype=torch.float64)


def by_hand(x):
    """The gradient of (1 - x1)² + 100 (x2 - x1²)²."""
    x1, x2 = x[..., 0], x[..., 1]
    return torch.stack([-2 * (1 - x1) - 400 * x1 * (x2 - x1**2), 200 * (x2 - x1**2)], dim=-1)


def test_autograd_is_the_gradient_by_hand():
    value, g = value_and_gradient(rosenbrock, POINTS)
    assert torch.equal(value, rosenbrock(POINTS))
    assert torch.allclose(g, by_hand(POINTS), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("difference", "order"), [(forward_difference, 1), (central_difference, 2)])
def test_order_of_the_differences(difference, order):
    """A ten times smaller h makes the error 10 or 100 times smaller."""
    x = POINTS[0, 0]
    coarse, fine = (relative_error(difference(rosenbrock, x, h), by_hand(x)) for h in (1e-2, 1e-3))
    assert np.log10(coarse / fine) == pytest.approx(order, abs=0.05)


def test_forward_goes_forward():
    x = torch.tensor([1.0], dtype=torch.float64)
    assert forward_difference(lambda x: x[..., 0] ** 2, x, h=0.1).item() == pytest.approx(2.1)


def test_defaults_are_near_the_best_step():
    assert relative_error(forward_difference(rosenbrock, POINTS), by_hand(POINTS)) < 1e-6
    assert relative_error(central_difference(rosenbrock, POINTS.float()), by_hand(POINTS.float())) < 1e-6


def test_differences_work_on_arrays_of_points():
    assert relative_error(central_difference(rosenbrock, POINTS), by_hand(POINTS)) < 1e-9


def test_the_check_finds_the_missing_parentheses():
    def published(f, x, h):
        return torch.stack([f(x + e) - f(x - e) / (2 * h) for e in h * torch.eye(2, dtype=x.dtype)])

    x = POINTS[0, 0]
    assert relative_error(published(rosenbrock, x, 1e-5), gradient(rosenbrock, x)) > 0.5


def test_relative_error():
    a = torch.tensor([3.0, 4.0])
    assert relative_error(a, a) == 0
    assert relative_error(torch.zeros(2), torch.zeros(2)) == 0
    assert relative_error(a, -a) == pytest.approx(2)
    assert relative_error(1e-9 * a, torch.zeros(2)) == relative_error(torch.zeros(2), a) == 1


def test_nan_is_no_agreement():
    nan, zero = torch.tensor([float("nan"), 1.0]), torch.zeros(2)
    assert not relative_error(nan, zero) < 1
    assert not relative_error(zero, nan) < 1


def test_curvatures_of_rosenbrock_at_its_minimum():
    """The Hessian there is [[802, -400], [-400, 200]]: trace 1002, determinant 400."""
    low, high = curvatures(rosenbrock, torch.tensor([1.0, 1.0], dtype=torch.float64)).tolist()
    assert low + high == pytest.approx(1002)
    assert low * high == pytest.approx(400)
