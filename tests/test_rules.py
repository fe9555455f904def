"""Rules against torch.optim and against numbers worked out by hand."""

from course_utils import rules, surfaces
from course_utils.descent import descend

import pytest
import torch


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_sgd_is_torch_sgd(scale):
    """200 steps of recorded gradients; the error is compared with the distance moved, not with x."""
    generator = torch.Generator().manual_seed(0)
    start = scale * torch.randn(7, 3, generator=generator, dtype=torch.float64)  # or rounding x hides the movement
    gradients = scale * torch.randn(200, 7, 3, generator=generator, dtype=torch.float64)
    theirs = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([theirs], lr=0.05)
    ours, s = start, rules.State()
    for t, g in enumerate(gradients, 1):
        theirs.grad = g.clone()
        optimizer.step()
        ours, s = rules.sgd(ours, g, s, t, lr=0.05)
    movement = (theirs.detach() - start).norm()
    assert movement > 0.1 * scale
    assert (ours - theirs.detach()).norm() <= 1e-12 * movement


def test_defaults_are_torchs():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    g = torch.ones(1, dtype=torch.float64)
    assert rules.sgd(x, g, rules.State(), 1)[0].item() == -torch.optim.SGD([x]).defaults["lr"]


def test_quiz():
    """0.1 x1² + 2 x2² from (-5, -2) with lr 0.4: by hand, each step multiplies by (0.92, -0.6)."""
    path = descend(surfaces.quadratic, rules.sgd, lr=0.4, steps=30)
    assert path.x[2].tolist() == pytest.approx([-4.232, -0.72], rel=1e-12)
    assert path.x[30].tolist() == pytest.approx([-5 * 0.92**30, -2 * 0.6**30], rel=1e-12)


def test_nothing_is_edited_in_place():
    x, g = torch.ones(3), torch.full((3,), 2.0)
    rules.sgd(x, g, rules.State(), 1, lr=0.1)
    assert x.tolist() == [1, 1, 1]
    assert g.tolist() == [2, 2, 2]
