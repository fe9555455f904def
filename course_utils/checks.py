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
WHOLE: Allowed = ("a whole number, 1 or more", lambda v: (v >= 1) & (v == v.floor()))

# By the argument's name. Others need only be finite.
ALLOWED: dict[str, Allowed] = {
    "start": ("two finite numbers (x, y)", torch.isfinite),
    **dict.fromkeys(("lr", "factor", "div_factor", "final_div_factor"), POSITIVE),
    **dict.fromkeys(("beta", "beta1", "beta2", "rho", "pct_start"), BELOW_ONE),
    **dict.fromkeys(("momentum", "weight_decay", "alpha", "eps", "delta", "lambd", "final"), NOT_NEGATIVE),
    **dict.fromkeys(("lr_decay", "momentum_decay", "initial_accumulator_value"), NOT_NEGATIVE),
    **dict.fromkeys(("k", "ns_steps"), WHOLE),
}


def suggestion(name: object, known: Iterable[str]) -> str:
    """What to say after a name that is not among ``known``: the nearest one that is, and the list of all."""
    known = list(known)
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(known)}."


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
    if tensor.numel() != 1:
        raise TypeError(f"{name} must be one number, got a list of {tensor.numel()}.")
    return tensor.item()


def defaults(rule: Callable) -> dict[str, Any]:
    """The rule's hyperparameters, in its own order, with the defaults of its signature."""
    return {name: p.default for name, p in list(inspect.signature(rule).parameters.items())[4:]}


def hyperparameters(rule: Callable, given: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters that were given: numbers as tensors, schedules and other choices as they are.

    Raises TypeError for a name that the rule does not take, and what ``numbers`` raises for a bad value.
    """
    known = defaults(rule)
    for name in given:
        if name not in known:
            raise TypeError(f"{rule.__name__} takes no hyperparameter {name!r}; {suggestion(name, known)}")
    return {name: _hyperparameter(name, value, known[name]) for name, value in given.items()}


def _hyperparameter(name: str, value: Any, default: Any) -> Any:
    if callable(value):
        return value
    if isinstance(value, (list, tuple)) and value and all(map(callable, value)):
        return tuple(value)
    if isinstance(default, bool) and not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    if default is None or isinstance(default, (bool, str, tuple)):
        return value
    return numbers(name, value)
