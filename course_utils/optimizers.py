"""Each rule of ``rules`` as a drop-in for its namesake in torch.optim, for the arguments that the rule has."""

from collections.abc import Callable, Iterable
from typing import Any

from course_utils import checks, rules

import torch
from torch import Tensor

# What a parameter group may hold besides the rule's hyperparameters: what torch and its schedulers put there.
TORCHS = ("params", "param_names", "name", "differentiable", "initial_lr", "max_lr", "min_lr", "swa_lr")


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
        super().__init__(
            params, {**checks.defaults(self.rule), **positional, **hyper}
        )  # adds, and so checks, the groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        group = {**self.defaults, **param_group}
        own = {name: value for name, value in group.items() if name not in TORCHS}
        for name, value in checks.hyperparameters(self.rule, own).items():
            if value.numel() != 1:
                raise TypeError(f"{name} must be one number, got a list of {value.numel()}.")
            if not isinstance(own[name], Tensor):
                group[name] = value.item()
        super().add_param_group(group)

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
    if value is tensor or not torch.is_tensor(value):
        return value is tensor
    if not value.layout == tensor.layout == torch.strided:  # sparse tensors have no storage of their own
        return False
    return value.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


class SGD(RuleOptimizer):
    """``rules.sgd`` for the parameters of a network; its argument is lr."""

    rule = staticmethod(rules.sgd)
