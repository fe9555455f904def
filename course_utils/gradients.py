"""The gradient of a function, exactly by autograd and approximately by differences, and what it tells of curvature.

A function here maps points (..., n) to values (...): it takes one point or a whole array of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def value_and_gradient(f: Function, x: Tensor) -> tuple[Tensor, Tensor]:
    """f (...) and its gradient (..., n) at the points x (..., n), by automatic differentiation."""
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        value = f(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)  # each value depends on its own point alone
    return value.detach(), gradient


def gradient(f: Function, x: Tensor) -> Tensor:
    """The gradient (..., n) of f at the points x (..., n), by automatic differentiation."""
    return value_and_gradient(f, x)[1]


def forward_difference(f: Function, x: Tensor, h: float = 1e-8) -> Tensor:
    """(f(x + h) - f(x)) / h for each coordinate of x (..., n), in float64; returns (..., n).

    It takes n + 1 evaluations, and its error is of order h.
    """
    x = x.to(torch.float64)
    at_x = f(x)
    return torch.stack([(f(x + e) - at_x) / h for e in _steps(x, h)], dim=-1)


def central_difference(f: Function, x: Tensor, h: float = 1e-5) -> Tensor:
    """(f(x + h) - f(x - h)) / 2h for each coordinate of x (..., n), in float64; returns (..., n).

    It takes 2n evaluations, and its error is of order h².
    """
    x = x.to(torch.float64)
    return torch.stack([(f(x + e) - f(x - e)) / (2 * h) for e in _steps(x, h)], dim=-1)


def relative_error(a: Tensor, b: Tensor) -> float:
    """|a - b| / max(|a|, |b|), with Euclidean norms over all numbers: 0 when equal, 1 to 2 when unlike."""
    scale = torch.maximum(a.norm(), b.norm())  # NaN if either is, which max() would lose
    return ((a - b).norm() / scale).item() if scale != 0 else 0.0


def curvatures(f: Function, x: Tensor) -> Tensor:
    """The eigenvalues (n,) of the Hessian of f at one point x (n,), in ascending order; NaN where there is none."""
    hessian = torch.autograd.functional.hessian(f, x.detach())
    return torch.linalg.eigvalsh(hessian) if hessian.isfinite().all() else torch.full_like(x, torch.nan)


def _steps(x: Tensor, h: float) -> Tensor:
    """One step of length h along each coordinate: (n, n)."""
    return h * torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
