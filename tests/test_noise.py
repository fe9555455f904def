"""Noise on gradients: what it is, and what theory says that it does."""

from course_utils import rules, schedules
from course_utils.descent import descend
from course_utils.noise import noisy
from course_utils.widgets import explore

import pytest
import torch


def shown(x, g, s, t, lr=1.0):
    """A rule that stays where it is, and remembers its gradient."""
    return x, rules.State(g=g)


def test_the_noise_is_normal_independent_and_of_the_given_size():
    path = descend("quadratic", noisy(shown), noise=[0.0, 3.0], seed=range(50), steps=200)
    g = path.remembered("g")  # (200, 2, 50, 2)
    assert (g[:, 0] == g[0, 0, 0]).all()  # without noise
    xi = (g[:, 1] - g[0, 0, 0]) / 3
    assert ((xi.abs() < 1).double().mean() - 0.6827).abs() < 0.014  # 4 standard errors
    assert ((xi.abs() < 2).double().mean() - 0.9545).abs() < 0.006
    assert xi.mean().abs() < 0.03  # of 20,000 numbers: 4 standard errors
    assert (xi.var() - 1).abs() < 0.05
    flat = xi.permute(2, 1, 0).reshape(100, 200)
    correlations = torch.corrcoef(flat) - torch.eye(100, dtype=torch.float64)
    assert correlations.abs().max() < 0.4  # neither seeds nor coordinates share their luck
    assert torch.corrcoef(torch.stack([xi[:-1].flatten(), xi[1:].flatten()]))[0, 1].abs() < 0.03  # nor do steps


def test_settings_share_their_luck_and_seeds_are_runs_of_their_own():
    paths = descend("quadratic", noisy(rules.adam), lr=[0.1, 0.1, 0.2], seed=[0, 7], steps=20)
    assert torch.equal(paths.x[:, 0], paths.x[:, 1])
    far = descend("quadratic", noisy("sgd"), lr=0.1, seed=[0, 97, 256, 300, 1000, 2**20, 2**32], steps=3).x[-1]
    assert len(far.unique(dim=0)) == 7  # no seed comes again
    alone = descend("quadratic", noisy(rules.adam, noise=1.0, seed=7), lr=0.2, steps=20)
    assert torch.equal(paths[2, 1].x, alone.x)
    assert not torch.equal(paths[2, 0].x, alone.x)
    assert torch.equal(paths[2, 1].remembered("v"), alone.remembered("v"))


def test_the_noise_ball_has_the_radius_of_theory():
    """x = (1 - lr λ) x - lr σ ξ has the variance lr σ² / (λ (2 - lr λ)) in the long run."""
    lr, sigma = torch.tensor([0.05, 0.2, 0.4], dtype=torch.float64), 2.0
    paths = descend("quadratic", noisy(rules.sgd, sigma), start=(0.0, 0.0), lr=lr, seed=range(400), steps=400)
    measured = paths.x[-1].square().mean(dim=1)
    for axis, curvature in enumerate((0.2, 4.0)):
        theory = lr * sigma**2 / (curvature * (2 - lr * curvature))
        settled = 1 - (1 - lr * curvature) ** 800  # it starts at rest
        assert torch.allclose(measured[:, axis], theory * settled, rtol=0.25)  # 3.5 standard errors


def test_it_goes_around_any_rule():
    for rule in (rules.muon, rules.lookahead(rules.adam), rules.schedule_free):
        path = descend("quadratic", noisy(rule), lr=schedules.Constant(0.1), noise=[0.0, 1.0], seed=[0, 1], steps=7)
        without = descend("quadratic", rule, lr=0.1, steps=7)
        assert torch.allclose(path[0, 1].x, without.x, atol=0.02)  # Muon iterates in bfloat16
        assert not torch.equal(path[1, 0].x, path[1, 1].x)
    assert noisy("sgd").__name__ == "noisy sgd"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: noisy("gd"), ValueError, "There is no rule 'gd'"),
        (lambda: noisy(rules.sgd, -1), ValueError, "noise must be a finite number, 0 or more, got -1"),
        (lambda: noisy(rules.sgd, seed=0.5), TypeError, "seed must be a whole number"),
        (lambda: noisy(noisy(rules.sgd)), ValueError, "rule must have no noise or seed of its own, noisy sgd has"),
        (lambda: descend("quadratic", noisy("sgd"), seed=[0.5]), ValueError, "seed must be a whole number, 0 or more"),
        (lambda: descend("quadratic", noisy("sgd"), noise=-1), ValueError, "noise must be a finite number, 0 or more"),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_noisy_rule_has_the_bounds_of_the_rule():
    descend("quadratic", noisy("asgd"), lr=0.1, alpha=[0.0, 2.0], steps=2)
    with pytest.raises(ValueError, match="alpha must be a number from 0 to 1, 1 excluded, got 1"):
        descend("quadratic", noisy("rmsprop"), lr=0.1, alpha=1)
    with pytest.raises(ValueError, match="alpha must be a number above 0, up to 1"):
        descend("quadratic", noisy(rules.lookahead(rules.sgd)), lr=0.1, alpha=0)
    explore("quadratic", noisy("sgd"), lr=0.1, seed=(0, 1, 5), steps=5)
