"""Each rule of ``rules`` as a drop-in for its namesake in torch.optim."""

from collections.abc import Callable, Iterable
from typing import Any

from course_utils import checks, rules

import torch
from torch import Tensor


class RuleOptimizer(torch.optim.Optimizer):
    """Applies ``rule`` to every parameter that has a gradient; the hyperparameters' defaults are the rule's own.

    What the rule remembers is kept in ``self.state[p]``; hyperparameters are read from the group at each step, so
    that torch's schedulers, parameter groups, closures and ``state_dict`` work as ever. ``p.grad`` is not touched.
    Raises TypeError or ValueError for a hyperparameter that the rule does not take or allow.
    """

    rule: Callable
    hyper: tuple[str, ...]  # the names of the rule's hyperparameters

    def __init_subclass__(cls) -> None:
        cls.hyper = tuple(checks.hyperparameters(cls.rule, {}))

    def __init__(self, params: Iterable, **hyper: Any):
        super().__init__(params, checks.hyperparameters(self.rule, hyper))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        checks.hyperparameters(self.rule, {k: v for k, v in param_group.items() if k in self.hyper})
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take one step; returns what ``closure``, which re-evaluates the model, returned, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            hyper = {name: group[name] for name in self.hyper}
            for p in group["params"]:
                if p.grad is None:  # a frozen layer, or one that took no part in this loss
                    continue
                t = self.state[p].pop("step", 0) + 1
                new, s = self.rule(p, p.grad, rules.State(**self.state[p]), t, **hyper)
                p.copy_(new)
                self.state[p] = {"step": t, **vars(s)}
        return loss


class SGD(RuleOptimizer):
    """Gradient descent (``rules.sgd``) on a network's parameters."""

    rule = staticmethod(rules.sgd)

    def __init__(self, params: Iterable, lr: float = 1e-3):
        super().__init__(params, lr=lr)
