"""Each rule as a torch.optim.Optimizer; those that torch has, too, under torch's names, to be exchanged freely."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from course_utils import checks, rules
from course_utils.lazy import Lazy, plain

import numpy as np
import torch
from torch import Tensor

Group = dict[str, Any]

# What a group may hold beside its arguments: what torch and its schedulers put there.
TORCHS = (
    "params",
    "param_names",
    "name",
    "initial_lr",
    "max_lr",
    "min_lr",
    "swa_lr",
    "max_momentum",
    "base_momentum",
    "evaluates",
)

OURS = {"lr": checks.NOT_NEGATIVE}  # 0 stands still, as in torch: a scheduler may begin there


class RuleOptimizer(torch.optim.Optimizer):
    """Applies ``rule`` to every parameter that has a gradient. For a rule of one's own::

        class Mine(RuleOptimizer):
            rule = my_rule

    What the rule remembers is kept in ``self.state[p]``; hyperparameters are read from the group at each step, so that
    torch's schedulers, parameter groups, closures and ``state_dict`` work as ever. ``p.grad`` is not touched.

    Arguments, defaults and what is allowed are those of ``namesake``, torch's optimizer of the same name; without one,
    they are those of the rule, its beta1 and beta2 as the pair ``betas``, and ``weight_decay`` and ``maximize``. The
    learning rate, and it alone, may be a schedule, in place of torch's schedulers; its clock is each parameter's own
    count of steps. A weight decay that is not the rule's own is added to the gradient, or taken off the parameters if
    it is decoupled. ``foreach`` and ``fused`` choose among torch's implementations; here there is but one.

    The rule sees ``lazy.Lazy`` in the place of tensors. They do what tensors do, except that they are no instances of
    Tensor, and that a term with the plain factor 0 is left out even where it would be NaN.

    Raises TypeError or ValueError for a bad argument, also in a group, in torch's words where torch has any. ``step``
    raises RuntimeError for complex parameters, and for sparse gradients where torch does, before anything has moved.
    """

    rule: Callable
    namesake: ClassVar[type[torch.optim.Optimizer] | None] = None
    takes_sparse: ClassVar[bool] = False
    may_come_later: ClassVar[set[str]] = set()  # what a saved state may lack, or have too much

    def __init_subclass__(cls) -> None:
        if inspect.isfunction(vars(cls).get("rule")):
            cls.rule = staticmethod(cls.rule)  # a function, not a method
        if cls.namesake or hasattr(cls, "rule"):
            cls.__signature__ = inspect.signature(cls.namesake) if cls.namesake else _signature(cls.rule)

    def __init__(self, params: Iterable, *args: Any, **arguments: Any):
        if not hasattr(self, "__signature__"):
            raise TypeError("RuleOptimizer needs a rule: class Mine(RuleOptimizer): rule = my_rule")
        self._refuse_unknown(arguments, self.__signature__.parameters)
        bound = self.__signature__.bind(params, *args, **arguments)
        bound.apply_defaults()
        arguments = {name: value for name, value in bound.arguments.items() if name != "params"}
        super().__init__(params, self._judged(arguments))

    def rule_for(self, group: Group) -> Callable:
        """The rule that the arguments of a group ask for."""
        return self.rule

    def add_param_group(self, param_group: Group) -> None:
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        self._refuse_unknown(param_group, [*self.defaults, *TORCHS])
        merged = {**self.defaults, **param_group}
        judged = self._judged({name: merged[name] for name in self.__signature__.parameters if name != "params"})
        param_group.update(judged)
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take one step; returns what ``closure``, which re-evaluates the model, returned, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moving = [[p for p in group["params"] if p.grad is not None] for group in self.param_groups]
        for group, ps in zip(self.param_groups, moving, strict=True):
            self._refuse_gradients(ps, group)
        for group, ps in zip(self.param_groups, moving, strict=True):
            rule, hyper = self._rule_and_hyper(group)
            for p in ps:
                self._move(p, group, rule, hyper)
        return loss

    def _move(self, p: Tensor, group: Group, rule: Callable, hyper: dict[str, Any]) -> None:
        """One step of one parameter. An interrupt before its last two lines leaves parameter and state as they were."""
        grad = p.grad
        if grad.is_sparse:
            grad = grad.to_dense()
        state = self.state[p]
        t = int(state.get("step", 0)) + 1
        if callable(group.get("lr")):
            group, hyper = ({**d, "lr": group["lr"](t)} for d in (group, hyper))
        x, g = Lazy(p), Lazy(grad)
        if group.get("maximize"):
            g = -g
        if "weight_decay" not in hyper and group["weight_decay"] != 0:
            if group.get("decoupled_weight_decay"):
                x = (1 - group["lr"] * group["weight_decay"]) * x
            else:
                g = g + group["weight_decay"] * x
        s = rules.State(**{k: Lazy(v) if isinstance(v, Tensor) else v for k, v in state.items() if k != "step"})
        x, s = rule(x, g, s, t, **hyper)
        kept = {name: _own(value, p, grad) for name, value in vars(s).items()}  # before p changes
        (x if isinstance(x, Lazy) else Lazy(x)).into(p)
        state.clear()
        state.update(kept, step=t)

    def _rule_and_hyper(self, group: Group) -> tuple[Callable, dict[str, Any]]:
        rule, values = self.rule_for(group), _split(group)
        hyper = {name: values[name] for name in _names(rule) if name in values}
        return rules.UNSCHEDULED.get(rule, rule), hyper

    def _refuse_unknown(self, given: Iterable[str], known: Iterable[str]) -> None:
        for name in given:
            if name not in known:
                ours = [k for k in known if k not in TORCHS]
                raise TypeError(f"{type(self).__name__} takes no argument {name!r}; {checks.suggestion(name, ours)}")

    def _judged(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as plain numbers, and what torch makes of them, if nothing is wrong with them."""
        arguments = {name: _python(value) for name, value in arguments.items()}
        for name in ("capturable", "differentiable"):
            if arguments.get(name):
                raise ValueError(f"{name} must be False: {type(self).__name__} of this course cannot do that.")
        if "betas" in arguments and not (isinstance(arguments["betas"], tuple) and len(arguments["betas"]) == 2):
            raise TypeError(f"betas must be a pair of numbers (beta1, beta2), got {arguments['betas']!r}.")
        first = dict(arguments)
        if callable(first.get("lr")):
            first["lr"] = checks.schedule("lr", first["lr"], checks.NOT_NEGATIVE)(1)
        defaults = _split({name: p.default for name, p in self.__signature__.parameters.items()})
        for name, value in _split(first).items():
            if isinstance(defaults[name], bool):
                checks.flag(name, value)
            elif isinstance(defaults[name], (int, float)):
                if callable(value):
                    raise TypeError(
                        f"{name} must be a number, got {value!r}: in an optimizer, only lr may be a schedule."
                    )
                checks.number(name, value, checks.FINITE if self.namesake else OURS.get(name))
        if self.namesake is None:
            return arguments
        judged = self.namesake([torch.zeros(1, 1)], **first).defaults
        return {**judged, **{name: value for name, value in arguments.items() if callable(value)}}

    def _refuse_gradients(self, ps: list[Tensor], group: Group) -> None:
        if any(p.is_complex() for p in ps):
            raise RuntimeError(f"{type(self).__name__} does not support complex parameters")
        if any(p.grad.is_sparse for p in ps):
            if not self.takes_sparse:
                instead = ", please consider SparseAdam instead" if isinstance(self, Adam) else ""
                raise RuntimeError(f"{type(self).__name__} does not support sparse gradients{instead}")
            if group["weight_decay"] != 0:
                raise RuntimeError("weight_decay option is not compatible with sparse gradients")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's. Raises ValueError for the state of another optimizer, which torch's would drop in silence."""
        for group in state_dict["param_groups"]:
            rule, hyper = self._rule_and_hyper({**self.defaults, **group})
            zero = torch.zeros(1, 1)
            expected = {"step", *vars(rule(zero, zero, rules.State(), 1, **hyper)[1])}
            for key in group["params"]:
                names = state_dict["state"].get(key, {}).keys()
                if names and (names ^ expected) - self.may_come_later:
                    raise ValueError(
                        f"state_dict is not from {type(self).__name__} with these arguments: "
                        f"it remembers {', '.join(sorted(names))}, not {', '.join(sorted(expected))}."
                    )
        super().load_state_dict(state_dict)
        for group in self.param_groups:  # saved by a torch that had fewer arguments
            for name, value in self.defaults.items():
                group.setdefault(name, value)


@functools.cache
def _names(rule: Callable) -> list[str]:
    return list(checks.defaults(rule))


def _signature(rule: Callable) -> inspect.Signature:
    """A rule's hyperparameters as an optimizer's arguments."""
    defaults = {"betas" if name == "beta1" else name: default for name, default in checks.defaults(rule).items()}
    if "betas" in defaults:
        defaults["betas"] = (defaults["betas"], defaults.pop("beta2"))
    defaults = {**defaults, "weight_decay": defaults.get("weight_decay", 0.0), "maximize": False}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    params = inspect.Parameter("params", kind)
    return inspect.Signature([params, *(inspect.Parameter(name, kind, default=v) for name, v in defaults.items())])


def _split(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as hyperparameters: betas are beta1 and beta2."""
    betas = dict(zip(("beta1", "beta2"), arguments.get("betas", ()), strict=False))
    return {name: value for name, value in arguments.items() if name != "betas"} | betas


def _python(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_python, value))
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and value.size == 1 else value


def _own(value: Any, *others: Tensor) -> Any:
    """The value on storage of its own: a rule may remember x or g themselves."""
    tensor = plain(value)
    if not torch.is_tensor(tensor):
        return tensor
    own = tensor.untyped_storage().data_ptr()
    return tensor.clone() if any(own == other.untyped_storage().data_ptr() for other in others) else tensor


class Averaging:
    """What optimizers have that take steps from one set of weights, and answer for another: an average of them.

    ``eval()`` puts the average in the place of the parameters, ``train()`` takes it away again; call them before the
    model is evaluated or saved, and before it is trained on: ``step`` raises RuntimeError in between. ``training.fit``
    does so by itself, and leaves the model at its average. Meanwhile the state holds the parameters under the
    average's name.
    """

    average: ClassVar[str]  # its name in the state

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        self._refuse_the_average()
        return super().step(closure)

    def _refuse_the_average(self) -> None:
        if any(group.get("evaluates") for group in self.param_groups):
            raise RuntimeError(f"{type(self).__name__} holds the averaged parameters: call train() before step().")

    def eval(self) -> None:
        """Put the averages in the place of the parameters."""
        self._swap(True)

    def train(self) -> None:
        """Put the parameters back where gradients are taken."""
        self._swap(False)

    @torch.no_grad()
    def _swap(self, evaluates: bool) -> None:
        for group in self.param_groups:
            if group.get("evaluates", False) != evaluates:
                group["evaluates"] = evaluates
                for p in group["params"]:
                    if self.average in self.state.get(p, {}):
                        x = p.clone()
                        p.copy_(self.state[p][self.average])
                        self.state[p][self.average] = x


class SGD(RuleOptimizer):
    """``rules.sgd``; with momentum ``rules.momentum``, or ``rules.nesterov``."""

    may_come_later: ClassVar[set[str]] = {"v"}  # when momentum is switched on
    namesake = torch.optim.SGD
    takes_sparse = True

    def rule_for(self, group: Group) -> Callable:
        if group["nesterov"]:
            return rules.nesterov
        return rules.momentum if group["momentum"] else rules.sgd


class Adagrad(RuleOptimizer):
    """``rules.adagrad``."""

    rule = rules.adagrad
    namesake = torch.optim.Adagrad
    takes_sparse = True


class RMSprop(RuleOptimizer):
    """``rules.rmsprop``."""

    may_come_later: ClassVar[set[str]] = {"b", "m"}
    rule = rules.rmsprop
    namesake = torch.optim.RMSprop


class Adadelta(RuleOptimizer):
    """``rules.adadelta``."""

    rule = rules.adadelta
    namesake = torch.optim.Adadelta


class Adam(RuleOptimizer):
    """``rules.adam``, ``rules.amsgrad`` or, with decoupled weight decay, ``rules.adamw``."""

    namesake = torch.optim.Adam

    def rule_for(self, group: Group) -> Callable:
        if group["amsgrad"]:
            return rules.amsgrad
        return rules.adamw if group["decoupled_weight_decay"] else rules.adam


class AdamW(Adam):
    """``rules.adamw``, or ``rules.amsgrad`` with decoupled weight decay."""

    namesake = torch.optim.AdamW


class Adamax(RuleOptimizer):
    """``rules.adamax``."""

    rule = rules.adamax
    namesake = torch.optim.Adamax


class NAdam(RuleOptimizer):
    """``rules.nadam``."""

    rule = rules.nadam
    namesake = torch.optim.NAdam


class RAdam(RuleOptimizer):
    """``rules.radam``."""

    rule = rules.radam
    namesake = torch.optim.RAdam


class ASGD(Averaging, RuleOptimizer):
    """``rules.asgd``; the average is ``state[p]["ax"]``, or after ``eval()`` in the parameters, as torch's never is."""

    average = "ax"
    rule = rules.asgd
    namesake = torch.optim.ASGD


class Muon(RuleOptimizer):
    """``rules.muon``, for matrices only."""

    rule = rules.muon
    namesake = torch.optim.Muon

    def add_param_group(self, param_group: Group) -> None:
        super().add_param_group(param_group)
        for p in self.param_groups[-1]["params"]:
            if p.ndim != 2:
                self.param_groups.pop()
                raise ValueError(
                    f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}. "
                    "Give biases, norms, embeddings, convolutions and the last layer to a second optimizer: AdamW."
                )


class RMSpropNesterov(RuleOptimizer):
    """``rules.rmsprop_nesterov``: lr=1e-3, rho=0.9, momentum=0.9, delta=1e-6, weight_decay=0.0."""

    rule = rules.rmsprop_nesterov


class Lion(RuleOptimizer):
    """``rules.lion``: lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0."""

    rule = rules.lion


class Ranger(RuleOptimizer):
    """``rules.ranger``: lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=5, alpha=0.5, weight_decay=0.0."""

    rule = rules.ranger


class ScheduleFree(Averaging, RuleOptimizer):
    """``rules.schedule_free``: lr=1.0, beta=0.9, weight_decay=0.0; what it answers for is the average, ``a``."""

    average = "a"
    rule = rules.schedule_free


class Lookahead(Averaging, torch.optim.Optimizer):
    """``rules.lookahead`` around any optimizer of torch's or of this module.

    Every ``k`` steps the parameters go back to the slow weights, which first go the part ``alpha`` of the way to where
    the parameters are. The slow weights begin where the first step begins; they are what it answers for, in the state
    ``slow``, or after ``eval()`` in the parameters. Groups, and so learning rates, are the inner optimizer's.

    Raises TypeError for what is no optimizer, ValueError for ScheduleFree, either for a bad k or alpha.
    """

    average = "slow"

    def __init__(self, optimizer: torch.optim.Optimizer, k: int = 5, alpha: float = 0.5):
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {optimizer!r}.")
        if isinstance(optimizer, ScheduleFree):
            raise ValueError(
                "optimizer must take its next step from the parameters: ScheduleFree goes on from its own."
            )
        self.k, self.alpha, self.t = checks.whole("k", k), checks.number("alpha", alpha), 0
        self.optimizer = optimizer
        super().__init__(optimizer.param_groups, optimizer.defaults)
        self.param_groups = optimizer.param_groups

    def add_param_group(self, param_group: Group) -> None:
        if all(param_group is not group for group in self.optimizer.param_groups):
            self.optimizer.add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take one step of the inner optimizer, and each k-th time one of the slow weights; returns closure's loss."""
        self._refuse_the_average()
        new = [p for group in self.param_groups for p in group["params"] if p not in self.state]
        before = {p: p.detach().clone() for p in new if closure is not None or p.grad is not None}
        loss = self.optimizer.step(closure)
        self.t += 1
        for p, start in before.items():
            if p.grad is not None:  # not: a frozen layer, which has no slow weights until it moves
                self.state[p]["slow"] = start
        for p, state in self.state.items():
            state["slow"], fast = rules.pull(state["slow"], p, self.t, self.k, self.alpha)
            if fast is not p:  # it was pulled
                p.copy_(fast)
        return loss

    def state_dict(self) -> dict[str, Any]:
        own = {"k": self.k, "alpha": self.alpha, "t": self.t}
        return {**super().state_dict(), "optimizer": self.optimizer.state_dict(), "lookahead": own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch's. Raises ValueError for a state that is not of a Lookahead."""
        if not {"optimizer", "lookahead"} <= state_dict.keys():
            raise ValueError(f"state_dict must be that of a Lookahead, got one of {', '.join(state_dict)}.")
        self.optimizer.load_state_dict(state_dict["optimizer"])
        super().load_state_dict(state_dict)
        self.param_groups = self.optimizer.param_groups
        self.__dict__.update(state_dict["lookahead"])

    def __getstate__(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("optimizer", "k", "alpha", "t")}
        return {**super().__getstate__(), **own}


def kept_per_weight(optimizer: torch.optim.Optimizer) -> float:
    """How many numbers an optimizer, ours or torch's, keeps for each parameter after its first step: 2 for Adam.

    Those that it keeps once for a whole tensor, such as the number of the step, are not counted. For optimizers that
    keep their numbers by parameter, in tensors of as many, as all of this course do.
    """
    inner = kept_per_weight(optimizer.optimizer) if isinstance(optimizer, Lookahead) else 0.0
    weights = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
    kept = (
        v
        for p, state in optimizer.state.items()
        for v in state.values()
        if torch.is_tensor(v) and v.numel() == p.numel() and v.ndim >= min(1, p.ndim)
    )
    return inner + sum(v.numel() for v in kept) / weights
