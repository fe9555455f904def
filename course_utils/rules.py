"""Update rules, each one a pure function that reads as its formula does.

All rules have the same shape::

    x, s = rule(x, g, s, t, **hyperparameters)

``x`` are the parameters (a tensor of any shape), ``g`` the gradient at ``x``, ``s`` what the rule remembers from
the step before (an empty ``State()`` at the start) and ``t`` the number of the step, counted from 1. The new
parameters and the new state come back; nothing is edited in place. A hyperparameter is a number, or a tensor that
broadcasts against ``x``: then one call advances a whole grid of settings.
"""

from types import SimpleNamespace

from torch import Tensor

__all__ = ["sgd"]  # the rules by name


class State(SimpleNamespace):
    """What a rule remembers between two steps, as named tensors; empty before the first."""


def sgd(x: Tensor, g: Tensor, s: State, t: int, lr: float | Tensor = 1e-3) -> tuple[Tensor, State]:
    r"""Gradient descent; *stochastic* gradient descent when $g$ comes from a random batch.

    $$x_t = x_{t-1} - \mathrm{lr}\; g_t$$

    where $g_t$ is the gradient at $x_{t-1}$, or an estimate of it.

    **Source.** Cauchy, *Méthode générale pour la résolution des systèmes d'équations simultanées*, Comptes Rendus 25
    (1847), for the exact gradient; Robbins and Monro, *A Stochastic Approximation Method*, Ann. Math. Stat. 22
    (1951), for steps along noisy observations.

    **Arguments.**

    - `lr`: the learning rate, a positive number; default 0.001. It carries units: those of $x$ over those of $g$.

    **State.** None: 0 numbers per parameter.

    **torch.optim.** The same as `torch.optim.SGD` with its other arguments at their defaults.
    """
    return x - lr * g, s
