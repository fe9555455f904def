"""Noise on the gradients of a surface: what a random batch does to those of a network, in two dimensions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from course_utils import checks, rules

import numpy as np
import torch
from torch import Tensor


def noisy(rule: Callable | str, noise: float = 1.0, seed: int = 0) -> Callable:
    r"""``rule`` with a noisy gradient, on a surface: $g_t + \sigma\, \xi_t$, with a new $\xi_t$ from $N(0, I)$.

    Returns a rule that takes the hyperparameters of ``rule`` and two more, whose defaults are given here:

    - ``noise``: $\sigma \ge 0$, the standard deviation in each coordinate; default 1.
    - ``seed``: a whole number, 0 or more; default 0. The paths of a grid all meet the same $\xi$, so that they differ
      in their settings alone; but a list of seeds is a grid of independent runs.

    Raises ValueError or TypeError for an unknown rule, one that has a noise or a seed of its own, or a bad number.
    """
    rule = checks.named("rule", rule, rules)
    noise, seed = checks.number("noise", noise), checks.whole("seed", seed, least=0)
    signature = inspect.signature(rule)
    if clash := {"noise", "seed"} & signature.parameters.keys():
        raise ValueError(f"rule must have no noise or seed of its own, {checks.name_of(rule)} has {', '.join(clash)}.")
    axes = 2 if getattr(rule, "matrices", False) else 1  # of a point

    def with_noise(x, g, s, t, *args, noise=noise, seed=seed, **hyper: Any):
        return rule(x, g + noise * _normal(seed, t, x.shape[-axes:]), s, t, *args, **hyper)

    two = [p for p in inspect.signature(with_noise).parameters.values() if p.name in ("noise", "seed")]
    with_noise.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *two])
    with_noise.__name__ = f"noisy {checks.name_of(rule)}"
    with_noise.matrices, with_noise.__wrapped__ = axes == 2, rule
    return with_noise


def _normal(seed: Any, t: int, shape: tuple[int, ...]) -> Tensor:
    """ξ_t for a seed, or for each in a tensor of them that has as many last axes of length 1 as a point has axes."""
    seeds = torch.as_tensor(seed)
    draws = np.stack([np.random.default_rng([int(n), t]).normal(size=shape) for n in seeds.reshape(-1).tolist()])
    return torch.from_numpy(draws).reshape(*seeds.shape[: -len(shape)], *shape)
