"""Formulas in plain operators, worked out in as few trips to memory as a hand-written loop would make.

The parameters of a network do not fit into the processor's cache, so an update costs what its trips to memory cost,
and ``x - lr * g`` would make two where one will do. A tensor wrapped in ``Lazy`` for the length of one formula puts
work off: a number in front of it waits for an addition that takes it along for nothing, and a last sum or quotient
waits to be told where to write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

ROUNDING = 1e-15  # how far β + (1 - β) may be from 1
MUCH = 1e9  # a quotient of factors that may soon overflow
OF_ONE = (torch.pow, torch.abs)  # tensor, to which a number is often added: √v + ε
TAKEN_ALONG = {torch.mul: torch.addcmul, torch.div: torch.addcdiv}  # by a sum: x + c·y·z, x + c·y/z
# Done as the tensor does them, without waiting.
COMPARISONS = ("and", "bool", "eq", "ge", "gt", "invert", "le", "lt", "ne", "or")
REFLECTED = ("rfloordiv", "rmatmul", "rmod", "rpow")
OTHERS = ("float", "floordiv", "getitem", "len", "matmul", "mod", "pos", "repr")
Todo = tuple[Callable, tuple[Tensor, ...], dict[str, float]]


class Lazy:
    """c·T, for a number c and a tensor T that may not have been worked out yet.

    It goes wherever a tensor goes: through + - * / ** with numbers, tensors and its like, through torch's functions,
    and it has a tensor's methods. ``tensor()`` is its value; ``into(out)`` writes it. Numbers meet in Python's
    float64 on the way, so that values differ by rounding from what torch alone would give.
    """

    __slots__ = ("_base", "_c", "_todo")  # a tensor has T itself
    __array_ufunc__ = None  # a number of NumPy's leaves the operation to us

    def __init__(self, T: Tensor | None, c: float = 1.0, todo: Todo | None = None):
        self._base, self._c, self._todo = T, c, todo  # todo: the function, its tensors and its options that will make T

    def base(self) -> Tensor:
        """T, worked out now at the latest."""
        if self._todo is not None:
            function, tensors, options = self._todo
            self._base, self._todo = function(*tensors, **options), None
        return self._base

    def tensor(self) -> Tensor:
        return self.base() if self._c == 1 else self.base() * self._c

    def into(self, out: Tensor) -> None:
        """Write the value over ``out``, which may itself be one of the tensors that it is made of."""
        if self._todo is not None and self._c == 1 and all(T is out or T.shape == out.shape for T in self._todo[1]):
            function, tensors, options = self._todo
            try:
                function(*tensors, **options, out=out)
            except RuntimeError:  # one of the tensors is a view of out, such as its transpose
                out.copy_(self.tensor())
        elif self._c != 1 and self.base().shape == out.shape:
            torch.mul(self.base(), self._c, out=out)
        else:
            out.copy_(self.tensor())

    def _plus(self, sign: float, other: Any) -> Lazy:
        """self + sign·other."""
        if not isinstance(other, Lazy):
            if not isinstance(other, Tensor):
                return self._plus_number(sign * other)
            other = Lazy(other)
        a, b, c = self, other, sign * other._c
        if not a._c or not c:  # a term that is switched off by a factor of 0 costs nothing
            if a.base().shape == b.base().shape:
                return a if a._c else b._times(sign)
            return Lazy(a.tensor() + sign * b.tensor())
        if abs(a._c + c - 1) < ROUNDING:  # an average
            if b._todo is not None and b._todo[0] is torch.mul:  # of squares: where one is infinite, lerp gives NaN
                return Lazy(None, 1.0, (torch.addcmul, (a.tensor(), *b._todo[1]), {"value": c}))
            if a.base().dtype == b.base().dtype:
                return Lazy(torch.lerp(b.base(), a.base(), a._c))
        if c == 1 and a._c != 1:
            a, b, c = b._times(sign), a, a._c
        if abs(c) > MUCH * abs(a._c):
            a = Lazy(a.tensor())
        if b._todo is not None and b._todo[0] in TAKEN_ALONG:
            return Lazy(None, a._c, (TAKEN_ALONG[b._todo[0]], (a.base(), *b._todo[1]), {"value": c / a._c}))
        return Lazy(None, a._c, (torch.add, (a.base(), b.base()), {"alpha": c / a._c}))

    def _plus_number(self, number: float) -> Lazy:
        if number == 0:
            return self
        if abs(number) > MUCH * abs(self._c):
            return Lazy(self.tensor() + number)
        if self._todo is not None and self._todo[0] in OF_ONE:
            function, tensors, options = self._todo
            return Lazy(None, self._c, (_shifted, tensors, {**options, "of": function, "by": number / self._c}))
        return Lazy(self.base() + number / self._c, self._c)

    def __add__(self, other: Any) -> Lazy:
        return self._plus(1.0, other)

    def __sub__(self, other: Any) -> Lazy:
        return self._plus(-1.0, other)

    def __rsub__(self, other: Any) -> Lazy:
        return self._times(-1.0)._plus(1.0, other)

    def __neg__(self) -> Lazy:
        return self._times(-1.0)

    def __mul__(self, other: Any) -> Lazy:
        if isinstance(other, Lazy):
            if self.base().dtype is torch.float16:  # which g·g can overflow, and (0.001 g)·g does not
                return Lazy(None, 1.0, (torch.mul, (self.tensor(), other.tensor()), {}))
            return Lazy(None, self._c * other._c, (torch.mul, (self.base(), other.base()), {}))
        return Lazy(self.base() * other, self._c) if isinstance(other, Tensor) else self._times(other)

    def __truediv__(self, other: Any) -> Lazy:
        if isinstance(other, Lazy) and other._c:
            return Lazy(None, self._c / other._c, (torch.div, (self.base(), other.base()), {}))
        if isinstance(other, (Lazy, Tensor)) or not other:  # by 0: infinity, as torch has it
            return Lazy(self.tensor() / (other.tensor() if isinstance(other, Lazy) else other))
        return self._times(1 / other)

    def __rtruediv__(self, other: Any) -> Lazy:
        return Lazy(torch.reciprocal(self.tensor())) * other

    def __pow__(self, k: Any) -> Lazy:
        if not 1 / MUCH < self._c < MUCH or not isinstance(k, (int, float)):
            return Lazy(self.tensor() ** k)
        return Lazy(None, self._c**k, (torch.pow, (self.base(),), {"exponent": k}))

    def __abs__(self) -> Lazy:
        return Lazy(None, abs(self._c), (torch.abs, (self.base(),), {}))

    __radd__, __rmul__ = __add__, __mul__

    def _times(self, c: float) -> Lazy:
        """A quotient may wait on, with the number in front of it. What may be needed twice is worked out now."""
        if self._todo is not None and self._todo[0] is torch.div:
            return Lazy(None, self._c * c, self._todo)
        return Lazy(self.base(), self._c * c)

    @classmethod
    def __torch_function__(cls, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        value = function(*map(plain, args), **{name: plain(v) for name, v in (kwargs or {}).items()})
        return cls(value) if torch.is_tensor(value) else value

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tensor(), name)


def _shifted(T: Tensor, of: Callable, by: float, out: Tensor | None = None, **options: Any) -> Tensor:
    """of(T) + by, in place: no one else has seen of(T)."""
    return of(T, **options, out=out).add_(by)


def plain(value: Any) -> Any:
    """Tensors where there were Lazys, also in lists and tuples."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    return value.tensor() if isinstance(value, Lazy) else value


def _as_the_tensor(name: str) -> Callable:
    return lambda self, *args: getattr(self.tensor(), name)(*map(plain, args))


for name in (*COMPARISONS, *REFLECTED, *OTHERS):
    setattr(Lazy, f"__{name}__", _as_the_tensor(f"__{name}__"))
