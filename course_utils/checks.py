"""Bad input is refused here, before any work is done: each error names the argument, the value and what is allowed."""

import difflib
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

Allowed = tuple[str, Callable[[Tensor], Tensor]]  # what is allowed, in words and as a test on tensors
POSITIVE: Allowed = ("a positive, finite number", lambda v: v > 0)
FINITE: Allowed = ("a finite number", torch.isfinite)
NOT_NEGATIVE: Allowed = ("a finite number, 0 or more", lambda v: v >= 0)
BELOW_ONE: Allowed = ("a number from 0 to 1, 1 excluded", lambda v: (v >= 0) & (v < 1))
UP_TO_ONE: Allowed = ("a number above 0, up to 1", lambda v: (v > 0) & (v <= 1))
WHOLE: Allowed = ("a whole number, 1 or more", lambda v: (v >= 1) & (v == v.floor()))
WHOLE_OR_0: Allowed = ("a whole number, 0 or more", lambda v: (v >= 0) & (v == v.floor()))

# By the argument's name. Others need only be finite.
ALLOWED: dict[str, Allowed] = {
    "start": ("two finite numbers (x, y)", torch.isfinite),
    **dict.fromkeys(("lr", "factor", "div_factor", "final_div_factor"), POSITIVE),
    **dict.fromkeys(("beta", "beta1", "beta2", "rho", "pct_start"), BELOW_ONE),
    **dict.fromkeys(("momentum", "weight_decay", "eps", "delta", "lambd", "final", "start_factor"), NOT_NEGATIVE),
    "noise": NOT_NEGATIVE,
    "seed": WHOLE_OR_0,
    **dict.fromkeys(("lr_decay", "momentum_decay", "initial_accumulator_value"), NOT_NEGATIVE),
    **dict.fromkeys(("k", "ns_steps"), WHOLE),
    "alpha": UP_TO_ONE,  # Lookahead's
    "rmsprop.alpha": BELOW_ONE,
    "asgd.alpha": NOT_NEGATIVE,
}

CHOICES = {"adjust_lr_fn": (None, "original", "match_rms_adamw", "spectral_unclamped")}
ALIASES = {"learning_rate": "lr", "step": "steps", "betas": "beta1", "wd": "weight_decay", "mu": "momentum"}


def suggestion(name: object, known: Iterable[str]) -> str:
    """What to say after a name that is not among ``known``: the nearest one that is, and the list of all."""
    known = {k.lower(): k for k in known}
    name = str(name).lower()
    near = [ALIASES[name]] if ALIASES.get(name) in known else difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {known[near[0]]!r}? " if near else ""
    return f"{hint}Known: {', '.join(known.values())}."


def named(kind: str, value: Any, module: ModuleType, is_one: Callable[[Any], bool] = callable) -> Any:
    """``value`` itself if it ``is_one`` of its kind; else the member of ``module.__all__`` that bears this name.

    Raises ValueError for an unknown name, TypeError for what is neither.
    """
    if isinstance(value, str):
        if value not in module.__all__:
            raise ValueError(f"There is no {kind} {value!r}; {suggestion(value, module.__all__)}")
        return getattr(module, value)
    if not is_one(value):
        raise TypeError(f"{kind} must be a {kind} or the name of one ({', '.join(module.__all__)}), got {value!r}.")
    return value


def whole(name: str, value: Any, least: int = 1) -> int:
    """``value`` as an int. Raises TypeError for what is not a whole number, ValueError for one below ``least``."""
    try:
        if isinstance(value, (bool, np.bool_, Tensor)):  # a tensor would be rounded
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, {least} or more, got {value!r}.") from None
    if number < least:
        raise ValueError(f"{name} must be a whole number, {least} or more, got {number}.")
    return number


def numbers(name: str, value: Any, allowed: Allowed | None = None) -> Tensor:
    """``value``, a number or a (nested) sequence of numbers, as a new float64 tensor.

    Raises TypeError for what holds no numbers, ValueError for an empty sequence, NaN, infinity, or what ``allowed``
    (default: what ``ALLOWED`` has under this name) rules out.
    """
    words, test = allowed or ALLOWED.get(name, FINITE)
    try:
        array = np.asarray(value.detach().cpu().tolist() if isinstance(value, Tensor) else value)
        if array.size and array.dtype.kind not in "iuf":  # no truth values, words, complex numbers or dates
            raise TypeError
        tensor = torch.from_numpy(array.astype(np.float64))
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} must be {words}, got {value!r}.") from None
    if not tensor.numel():
        raise ValueError(f"{name} must be {words}, got an empty list.")
    bad = tensor[~(torch.isfinite(tensor) & test(tensor))]
    if bad.numel():
        raise ValueError(f"{name} must be {words}, got {bad[0].item():g}.")
    return tensor


def number(name: str, value: Any, allowed: Allowed | None = None) -> float:
    """``value`` as a float. Raises what ``numbers`` raises, and TypeError for more than one number."""
    tensor = numbers(name, value, allowed)
    if tensor.ndim and not (isinstance(value, Tensor) and tensor.numel() == 1):
        raise TypeError(f"{name} must be one number, got a list of {tensor.numel()}.")
    return tensor.item()


def defaults(rule: Callable) -> dict[str, Any]:
    """The rule's hyperparameters, in its own order, with the defaults of its signature."""
    return {name: p.default for name, p in list(inspect.signature(rule).parameters.items())[4:]}


def name_of(rule: Callable) -> str:
    """The rule's name; that of the rule inside a functools.partial."""
    return getattr(rule, "__name__", None) or getattr(getattr(rule, "func", None), "__name__", repr(rule))


def hyperparameters(rule: Callable, given: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters that were given: numbers as tensors, lists with schedules as tuples, the rest as it is.

    Raises TypeError for what is no rule, for a name that the rule does not take, and for one that it needs and was not
    given; and what ``numbers`` raises for a bad value.
    """
    if isinstance(rule, type) or len(inspect.signature(rule).parameters) < 4:
        raise TypeError(f"rule must be a function of (x, g, s, t, ...), such as rules.sgd, got {rule!r}.")
    known = defaults(rule)
    for name in given:
        if name not in known:
            hint = suggestion(name, [*known, "start", "steps"])
            raise TypeError(f"{name_of(rule)} takes no hyperparameter {name!r}; {hint}")
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in given:
            raise TypeError(f"{name_of(rule)} needs {name}, which has no default.")
    return {name: _hyperparameter(rule, name, value, known[name]) for name, value in given.items()}


def _hyperparameter(rule: Callable, name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        return flag(name, value)
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, CHOICES[name]))}, got {value!r}.")
        return value
    allowed = ALLOWED.get(f"{name_of(inspect.unwrap(rule))}.{name}", ALLOWED.get(name, FINITE))
    if getattr(rule, "matrices", False) and name in ("eps", "ns_steps"):  # one for all matrices of a stack
        return number(name, value, allowed)
    if callable(value):
        return schedule(name, value, allowed)
    if isinstance(value, (list, tuple)) and any(map(callable, value)):
        return tuple(schedule(name, v, allowed) if callable(v) else number(name, v, allowed) for v in value)
    if isinstance(default, tuple):  # one choice of several numbers, such as Muon's coefficients
        if numbers(name, value).shape != (len(default),):
            raise ValueError(f"{name} must be {len(default)} numbers, got {value!r}.")
        return tuple(value)
    return numbers(name, value, allowed)


def schedule(name: str, value: Callable, allowed: Allowed | None = None) -> Callable:
    """``value``, a function of the step. Raises TypeError or ValueError if it gives no such number for step 1."""
    if isinstance(value, type):
        kind = value.__name__
        raise TypeError(f"{name} must be a number or a schedule, got the class {kind}: write {kind}(...).")
    number(f"{name} at step 1", value(1), NOT_NEGATIVE if allowed is POSITIVE else allowed)  # a warm-up may begin at 0
    return value


def flag(name: str, value: Any) -> bool:
    """``value``, if it is True or False. Raises TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return value
