"""Each rule of ``rules`` as a drop-in for its namesake in torch.optim, for the arguments that the rule has."""

from collections.abc import Callable, Iterable
from typing import Any

from course_utils import checks, rules

import torch
from torch import Tensor


class RuleOptimizer(torch.optim.Optimizer):
    """Applies ``rule`` to every parameter that has a gradient; the hyperparameters' order and defaults are the rule's.

    What the rule remembers is kept in ``self.state[p]``; hyperparameters are read from the group at each step, so
    that torch's schedulers, parameter groups, closures and ``state_dict`` work as ever. ``p.grad`` is not touched.
    Raises TypeError or ValueError for a hyperparameter that the rule does not take or allow.
    """

    rule: Callable
    hyper: tuple[str, ...]  # the names of the rule's hyperparameters

    def __init_subclass__(cls) -> None:
        cls.hyper = tuple(checks.defaults(cls.rule))

    def __init__(self, params: Iterable, *args: Any, **hyper: Any):
        if len(args) > len(self.hyper):
            raise TypeError(
                f"{type(self).__name__} takes {', '.join(self.hyper)} after params, got {len(args)} values."
            )
        positional = dict(zip(self.hyper, args, strict=False))
        if twice := positional.keys() & hyper.keys():
            raise TypeError(f"{type(self).__name__} got {', '.join(twice)} twice.")
        given = {**positional, **hyper}
        checks.hyperparameters(self.rule, given)
        super().__init__(params, {**checks.defaults(self.rule), **given})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        group = {**self.defaults, **param_group}
        given = checks.hyperparameters(self.rule, {name: group[name] for name in self.hyper})
        for name, value in given.items():
            if value.ndim:
                raise TypeError(f"{name} must be one number, got a list of {len(value)}.")
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
                remembered = dict(self.state[p])
                t = remembered.pop("step", 0) + 1
                x, s = self.rule(p.detach(), p.grad, rules.State(**remembered), t, **hyper)
                # A rule may remember x or g themselves; both are about to be overwritten, here and by backward.
                kept = {k: v.clone() if _shares(v, p) or _shares(v, p.grad) else v for k, v in vars(s).items()}
                p.copy_(x)
                self.state[p] = {"step": t, **kept}
        return loss


def _shares(value: Any, tensor: Tensor) -> bool:
    return torch.is_tensor(value) and value.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


class SGD(RuleOptimizer):
    """``rules.sgd`` for the parameters of a network; its argument is lr."""

    rule = staticmethod(rules.sgd)
