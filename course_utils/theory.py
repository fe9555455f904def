"""What theory says of gradient descent and momentum near a minimum: which settings converge there, and how fast.

Near a minimum a surface is a bowl, f = ½ λ x² along each of its axes; λ is its curvature there.
"""

from __future__ import annotations

from course_utils.gradients import curvatures
from course_utils.surfaces import Surface

import torch
from torch import Tensor


def curvatures_of(surface: Surface) -> Tensor:
    """The curvatures (2,) of a surface at its minimum, ascending; NaN if it has none, or others at another minimum."""
    found = torch.stack([curvatures(surface, torch.tensor(m, dtype=torch.float64)) for m in surface.minima])
    return found[0] if torch.allclose(found, found[0], rtol=1e-6) else torch.full_like(found[0], torch.nan)


def spectral_radius(rule: str, lr: Tensor, momentum: Tensor, curvature: Tensor) -> Tensor:
    r"""ρ: in the long run, each step of "momentum" or "nesterov" leaves this part of the distance along an axis.

    Two steps of the rule are linked by x_{t+1} = b x_t - c x_{t-1}, so ρ is the larger |z| of z² - b z + c = 0, with

        momentum: b = 1 + μ - lr λ,        c = μ
        nesterov: b = (1 + μ) (1 - lr λ),  c = μ (1 - lr λ)

    The arguments broadcast. With 0 < lr λ and 0 ≤ μ < 1 it converges where ρ < 1: for momentum, where lr λ < 2 (1 + μ),
    for Nesterov's, where lr λ < 2 (1 + μ) / (1 + 2μ).

    Source: for momentum, Polyak 1964 (see ``rules.momentum``); for Nesterov's, Lessard, Recht and Packard, *Analysis
    and design of optimization algorithms via integral quadratic constraints*, SIAM J. Optim. 26 (2016).
    """
    shrink = 1 - lr * curvature
    b, c = {
        "momentum": (momentum + shrink, momentum + 0 * shrink),
        "nesterov": ((1 + momentum) * shrink, momentum * shrink),
    }[rule]
    discriminant = b * b - 4 * c
    real = (b.abs() + discriminant.clamp_min(0).sqrt()) / 2
    return torch.where(discriminant < 0, c.clamp_min(0).sqrt(), real)


def critical_momentum(rule: str, lr: Tensor, curvature: Tensor) -> Tensor:
    r"""The momentum at *critical damping* along an axis: with more, x swings; with less, it is slower.

    That is where both roots z of ``spectral_radius`` are equal, with q = lr λ:

        momentum: μ = (1 - √q)²             for 0 < q < 4
        nesterov: μ = (1 - √q) / (1 + √q)   for 0 < q < 1

    There, ρ is the least that this lr allows along the axis: √μ for momentum, 1 - √q for Nesterov's. NaN outside. (For
    momentum and q > 1, x changes sides at each step with less momentum than this.)
    """
    q = lr * curvature
    root = q.sqrt()
    found, inside = {
        "momentum": ((1 - root) ** 2, (q > 0) & (q < 4)),
        "nesterov": ((1 - root) / (1 + root), (q > 0) & (q < 1)),
    }[rule]
    return torch.where(inside, found, torch.nan)
