"""What theory says of momentum near a minimum, against what momentum does there."""

from course_utils import surfaces
from course_utils.descent import descend
from course_utils.theory import critical_momentum, curvatures_of, spectral_radius

import numpy as np
import pytest
import torch

LR, MOMENTUM = (
    torch.logspace(-2, np.log10(2), 41, dtype=torch.float64),
    torch.linspace(0, 0.99, 34, dtype=torch.float64),
)


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
@pytest.mark.parametrize("surface", [surfaces.quadratic, surfaces.long_valley], ids=lambda s: s.name)
def test_theory_is_what_a_simulation_finds_over_the_whole_map(rule, surface):
    """The factor by which the distance shrinks or grows in a step, over many steps, at each of 41 x 34 settings."""
    steps = 3000
    lam = curvatures_of(surface)
    each = [spectral_radius(rule, LR[:, None], MOMENTUM, k) for k in lam]
    theory = torch.stack(each).amax(dim=0)
    paths = descend(surface, rule, lr=LR, momentum=MOMENTUM, steps=steps)
    # Two points at a time: one alone may be passing the minimum.
    size = torch.cat([paths.x[1:], paths.x[:-1]], dim=-1).norm(dim=-1).log()  # (steps, lr, momentum)
    good = size.isfinite() & (size > -600) & (size < 300)  # not yet rounded to 0, nor too large
    last = good.int().cumprod(dim=0).sum(dim=0) - 1
    first = last // 2
    size_at = [size.gather(0, k[None])[0] for k in (first, last)]
    found = ((size_at[1] - size_at[0]) / (last - first)).exp()
    # Where the two roots are equal, the distance goes like t · ρ^t; where they are complex, it swings.
    error = (found.log() - theory.log()).abs() * (last - first)
    assert (error < 4).all()
    clear = (theory - 1).abs() > 0.001  # the others take longer to be told apart
    assert clear.double().mean() > 0.8
    assert ((theory > 1) == paths.diverges)[clear].all()


def test_the_edge_is_where_it_is_said_to_be():
    mu = torch.linspace(0, 0.95, 20, dtype=torch.float64)
    for rule, edge in (("momentum", 2 * (1 + mu)), ("nesterov", 2 * (1 + mu) / (1 + 2 * mu))):
        below, above = (spectral_radius(rule, edge * factor / 3, mu, torch.tensor(3.0)) for factor in (0.999, 1.001))
        assert (below < 1).all()
        assert (above > 1).all()


def test_the_best_setting_of_momentum():
    """Polyak: lr = (2 / (√L + √m))², μ = ((√κ - 1) / (√κ + 1))², and then ρ = √μ."""
    m, big = 0.2, 4.0
    root = np.sqrt(big / m)
    lr, mu = (2 / (np.sqrt(big) + np.sqrt(m))) ** 2, ((root - 1) / (root + 1)) ** 2

    def rho(lr, mu):
        return max(
            spectral_radius("momentum", *(torch.tensor(v, dtype=torch.float64) for v in (lr, mu, k))).item()
            for k in (m, big)
        )

    assert rho(lr, mu) == pytest.approx(np.sqrt(mu), abs=1e-6)
    for a, b in ((1.02, 1), (0.98, 1), (1, 1.02), (1, 0.98)):
        assert rho(a * lr, b * mu) > rho(lr, mu)


def test_without_momentum_it_is_gradient_descent():
    lr = torch.linspace(0.01, 1, 50)
    for rule in ("momentum", "nesterov"):
        assert torch.allclose(
            spectral_radius(rule, lr, torch.tensor(0.0), torch.tensor(4.0)), (1 - 4 * lr).abs(), atol=1e-6
        )


def test_curvatures_of_a_surface():
    assert curvatures_of(surfaces.quadratic).tolist() == pytest.approx([0.2, 4.0])
    assert curvatures_of(surfaces.saddle).isfinite().all()  # two minima, equally curved
    assert curvatures_of(surfaces.ackley).isnan().all()  # a tip
    two = surfaces.Surface(
        "two", lambda x, y: x**2 * (x - 2) ** 2 * (x + 1) + y**2, (0, 0), ((0, 0), (2, 0)), (-1, 3), (-1, 1)
    )
    assert curvatures_of(two).isnan().all()  # which of the two would it be?


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
def test_critical_damping_is_where_swinging_begins(rule):
    lr = torch.tensor([0.02, 0.1, 0.2, 0.24], dtype=torch.float64)
    critical = critical_momentum(rule, lr, torch.tensor(4.0))
    assert critical.isfinite().all()
    bowl, start = surfaces.bowl(4.0, 4.0), (1.0, 1.0)
    for rate, mu in zip(lr.tolist(), critical.tolist(), strict=True):
        for factor, swings in ((0.97, False), (1.03, True)):
            x = descend(bowl, rule, start, steps=3000, lr=rate, momentum=factor * mu).x[:, 0]
            x = x[x.abs() > 1e-200]
            assert bool((x < 0).any()) is swings, (rate, factor)
    rho = spectral_radius(rule, lr, critical, torch.tensor(4.0))
    others = spectral_radius(rule, lr[:, None], torch.linspace(0, 0.99, 400), torch.tensor(4.0))
    assert (rho <= others.amin(dim=1) + 1e-6).all()  # no other momentum is faster
    least = {"momentum": critical.sqrt(), "nesterov": 1 - (4 * lr).sqrt()}[rule]
    assert torch.allclose(rho, least, atol=1e-6)


def test_beyond_its_step_home_it_is_where_jumping_from_side_to_side_ends():
    lr = torch.tensor([1.5, 2.0, 2.5, 3.5], dtype=torch.float64)
    critical = critical_momentum("momentum", lr, torch.tensor(1.0))
    assert torch.allclose(critical, (lr.sqrt() - 1) ** 2)
    grid = torch.linspace(0, 0.999, 4000, dtype=torch.float64)
    rho = spectral_radius("momentum", lr[:, None], grid, torch.tensor(1.0))
    assert torch.allclose(grid[rho.argmin(dim=1)], critical, atol=3e-4)  # the fastest momentum of each lr
    for rate, mu in zip(lr.tolist(), critical.tolist(), strict=True):
        x = descend(surfaces.bowl(1, 1), "momentum", (1.0, 1.0), steps=60, lr=rate, momentum=0.95 * mu).x[:, 0]
        assert (x[1:] * x[:-1] < 0).all()


def test_there_is_no_critical_damping_beyond_its_range():
    q = torch.tensor([0.5, 2.0, 3.9, 4.1], dtype=torch.float64)
    assert critical_momentum("momentum", q, torch.tensor(1.0)).isfinite().tolist() == [True, True, True, False]
    assert critical_momentum("nesterov", q, torch.tensor(1.0)).isfinite().tolist() == [True, False, False, False]
