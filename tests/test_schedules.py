"""Schedules against torch's schedulers, number by number."""

import inspect
import pickle

from course_utils import optimizers, schedules
from course_utils.descent import descend

import pytest
import torch
from torch.optim import lr_scheduler as theirs

STEPS = 40


def torchs(make, lr=0.3):
    """The learning rates that a scheduler of torch's sets for ``STEPS`` steps."""
    x = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=lr)
    scheduler = make(optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def warmed(then):
    return lambda o: theirs.SequentialLR(
        o, [theirs.LinearLR(o, start_factor=0.1, total_iters=8), then(o)], milestones=[8]
    )


@pytest.mark.parametrize(
    ("ours", "make"),
    [
        (schedules.Constant(0.3), lambda o: theirs.ConstantLR(o, factor=1)),
        (schedules.Linear(0.3, 25, final=0.03), lambda o: theirs.LinearLR(o, 1.0, 0.1, total_iters=25)),
        (schedules.Step(0.3, every=7, factor=0.2), lambda o: theirs.StepLR(o, 7, gamma=0.2)),
        (schedules.Exponential(0.3, factor=0.9), lambda o: theirs.ExponentialLR(o, gamma=0.9)),
        (schedules.Cosine(0.3, steps=39, final=0.01), lambda o: theirs.CosineAnnealingLR(o, 39, eta_min=0.01)),
        (schedules.Cosine(0.3, steps=15), lambda o: theirs.CosineAnnealingLR(o, 15)),
        (schedules.Warmup(0.3, steps=12), lambda o: theirs.LinearLR(o, total_iters=12)),
        (
            schedules.Warmup(schedules.Cosine(0.3, steps=32), steps=8, start_factor=0.1),
            warmed(lambda o: theirs.CosineAnnealingLR(o, 32)),
        ),
        (
            schedules.Warmup(schedules.Step(0.3, every=5), steps=8, start_factor=0.1),
            warmed(lambda o: theirs.StepLR(o, 5)),
        ),
        (schedules.OneCycle(0.3, steps=41), lambda o: theirs.OneCycleLR(o, 0.3, total_steps=41)),
        (schedules.OneCycle(0.3, 41, pct_start=0.01), lambda o: theirs.OneCycleLR(o, 0.3, 41, pct_start=0.01)),
        (
            schedules.OneCycle(0.3, steps=41, pct_start=0.5, div_factor=10, final_div_factor=50),
            lambda o: theirs.OneCycleLR(o, 0.3, total_steps=41, pct_start=0.5, div_factor=10, final_div_factor=50),
        ),
    ],
    ids=lambda value: None if inspect.isfunction(value) else str(value),
)
def test_equal_to_torchs(ours, make):
    assert [ours(t) for t in range(1, STEPS + 1)] == pytest.approx(torchs(make), rel=1e-9, abs=1e-15)


def test_source_as_formula():
    """lr_k = (1 - k/τ) lr_0 + (k/τ) lr_τ, constant after τ."""
    decay = schedules.Linear(0.005, steps=100, final=0.0001)
    assert [decay(k + 1) for k in (0, 50, 100, 200)] == pytest.approx([0.005, 0.00255, 0.0001, 0.0001])


def test_after_its_end():
    for t in (10, 11, 15, 500, 501):
        assert schedules.OneCycle(1.0, steps=10)(t) == pytest.approx(1 / 25 / 1e4)
    assert schedules.OneCycle(1.0, steps=10, pct_start=0.1)(1) == 1.0  # too short to rise


def test_a_path_and_a_grid_of_schedules():
    decays = [schedules.Constant(0.1), schedules.Linear(0.4, steps=20), schedules.Cosine(0.4, steps=20)]
    paths = descend("quadratic", "momentum", lr=decays, momentum=[0.0, 0.5], steps=20)
    assert paths.x.shape == (21, 3, 2, 2)
    for i, decay in enumerate(decays):
        alone = descend("quadratic", "momentum", lr=decay, momentum=0.5, steps=20)
        assert torch.allclose(paths[i, 1].x, alone.x)
        assert paths[i, 1].hyper["lr"] is decay
        assert alone.grid == []
    by_hand = torch.tensor([-5.0, -2.0], dtype=torch.float64)
    for t in range(1, 21):
        by_hand = by_hand * (1 - decays[1](t) * torch.tensor([0.2, 4.0], dtype=torch.float64))
    assert torch.allclose(paths[1, 0].x[-1], by_hand)


@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}])
def test_an_optimizer_takes_one(settings):
    """The same as torch's NAdam under torch's scheduler."""
    x, y = (torch.ones(3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    ours = optimizers.NAdam([x], lr=schedules.Cosine(0.3, steps=20), **settings)
    reference = torch.optim.NAdam([y], lr=0.3, **settings)
    scheduler = theirs.CosineAnnealingLR(reference, 20)
    for _ in range(20):
        x.grad, y.grad = x.detach() ** 3, y.detach() ** 3
        ours.step()
        reference.step()
        scheduler.step()
    assert torch.allclose(x, y, rtol=1e-6)
    assert pickle.loads(pickle.dumps(ours.state_dict()))["param_groups"][0]["lr"] == schedules.Cosine(0.3, steps=20)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Linear(-0.1, 5), "lr must be a positive, finite number, got -0.1"),
        (lambda: schedules.Linear(0.1, 0), "steps must be a whole number, 1 or more, got 0"),
        (lambda: schedules.Cosine(0.1, 5, final=-1), "final must be a finite number, 0 or more, got -1"),
        (lambda: schedules.Step(0.1, every=2.5), "every must be a whole number, 1 or more, got 2.5"),
        (lambda: schedules.Exponential(0.1, factor=0), "factor must be a positive, finite number, got 0"),
        (lambda: schedules.Warmup(float("nan"), 5), "lr must be a positive, finite number, got nan"),
        (lambda: schedules.OneCycle(0.1, 5, pct_start=1), "pct_start must be a number from 0 to 1, 1 excluded, got 1"),
    ],
)
def test_bad_numbers_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
