"""What theory says of gradient descent and momentum near a minimum: which settings converge there, and how fast.

Near a minimum a surface is a bowl, f = ½ λ x² along each of its axes; λ is its curvature there.
"""

from __future__ import annotations

from course_utils.gradients import curvatures
from course_utils.surfaces import Surface

import torch
from torch import Tensor


def curvatures_near(surface: Surface, start: tuple[float, float]) -> Tensor:
    """The curvatures (2,) of a surface at the minimum nearest to ``start``, ascending; NaN if there are none."""
    minima, start = (torch.tensor(v, dtype=torch.float64) for v in (surface.minima, start))
    return curvatures(surface, minima[(minima - start).norm(dim=-1).argmin()])


def spectral_radius(rule: str, lr: Tensor, momentum: Tensor, curvature: Tensor) -> Tensor:
    r"""ρ: in the long run, each step of "momentum" or "nesterov" leaves this part of the distance along an axis.

    Two steps of the rule are linked by x_{t+1} = b x_t - c x_{t-1}, so ρ is the larger |z| of z² - b z + c = 0, with

        momentum: b = 1 + μ - lr λ,        c = μ
        nesterov: b = (1 + μ) (1 - lr λ),  c = μ (1 - lr λ)

    The arguments broadcast. It converges where ρ < 1: for momentum, where lr λ < 2 (1 + μ), for Nesterov's, where
    lr λ < 2 (1 + μ) / (1 + 2μ).

    Source: Polyak 1964, section 2; for Nesterov's, Lessard, Recht and Packard, *Analysis and design of optimization
    algorithms via integral quadratic constraints*, SIAM J. Optim. 26 (2016), section 2.2.
    """
    shrink = 1 - lr * curvature
    b, c = {
        "momentum": (momentum + shrink, momentum + 0 * shrink),
        "nesterov": ((1 + momentum) * shrink, momentum * shrink),
    }[rule]
    discriminant = b * b - 4 * c
    real = (b.abs() + discriminant.clamp_min(0).sqrt()) / 2
    return torch.where(discriminant < 0, c.clamp_min(0).sqrt(), real)
