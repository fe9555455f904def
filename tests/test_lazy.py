"""Lazy formulas have the values of plain ones, whatever is written."""

import operator

from course_utils.lazy import Lazy

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

LEAVES = st.sampled_from(["x", "y", "plain", "plain 0-d", 0.0, 1.0, 0.5, -2.0, 1e-3])
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("√"), inner),
    max_leaves=12,
)
PLAIN = torch.tensor([0.7, -0.2, 3.0], dtype=torch.float64)


def value_of(formula, x, y):
    if not isinstance(formula, tuple):
        return {"x": x, "y": y, "plain": PLAIN, "plain 0-d": PLAIN[0]}.get(formula, formula)
    name, *parts = formula
    a, *rest = (value_of(part, x, y) for part in parts)
    if name == "√":
        return abs(a) ** 0.5
    (b,) = rest
    if name == "/" and not torch.is_tensor(a) and not isinstance(a, Lazy) and isinstance(b, float) and b == 0:
        return a  # numbers alone: Python's own affair
    value = OPERATORS[name](a, b)
    if name in "+-" and torch.is_tensor(value):
        # Where a sum nearly vanishes, rounding is all that is left of it, and a root makes 1e-9 of its 1e-17.
        size = abs(a) + abs(b)
        assume(bool(((abs(value) > 1e-6 * size) | (size == 0) | ~torch.isfinite(value)).all()))
    return value


@settings(max_examples=500, deadline=None)
@given(FORMULAS)
def test_random_formulas(formula):
    x, y = torch.tensor([0.3, -1.7, 2.0], dtype=torch.float64), torch.tensor([1.9, 0.4, -0.6], dtype=torch.float64)
    expected = value_of(formula, x, y)
    found = value_of(formula, Lazy(x), Lazy(y))
    if not torch.is_tensor(expected):
        assert found == pytest.approx(expected, nan_ok=True)
        return
    # Where a difference nearly vanishes, rounding is all that is left of it, and no quotient by it can be compared.
    if not (expected.isfinite() & (expected.abs() < 1e6)).all():
        return
    if not isinstance(found, Lazy):  # made of plain tensors alone
        assert torch.allclose(found, expected)
        return
    assert torch.allclose(found.tensor(), expected, rtol=1e-6, atol=1e-9)
    out = torch.empty(3, dtype=torch.float64)
    value_of(formula, Lazy(x), Lazy(y)).into(out)
    assert torch.allclose(out, expected, rtol=1e-6, atol=1e-9)
    assert x.tolist() == [0.3, -1.7, 2.0]


def test_what_vanishes_vanishes_but_for_rounding():
    x = torch.tensor([0.3, -1.7, 2.0], dtype=torch.float64)
    for formula in (lambda a: a - a, lambda a: a * a - a * a, lambda a: 0.3 * a - 0.1 * a - 0.2 * a):
        assert torch.allclose(formula(Lazy(x)).tensor(), torch.zeros_like(x), rtol=0, atol=1e-15)


def test_into_may_overwrite_what_it_reads():
    x, g = torch.ones(3), torch.full((3,), 2.0)
    (Lazy(x) - 0.1 * Lazy(g)).into(x)
    assert x.tolist() == pytest.approx([0.8] * 3)
    (Lazy(x) - 0.5 * Lazy(g) / Lazy(x)).into(x)
    assert x.tolist() == pytest.approx([0.8 - 1 / 0.8] * 3)


def test_into_takes_views_of_what_it_overwrites():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    expected = x - 0.1 * x.mT
    (Lazy(x) - 0.1 * Lazy(x.mT)).into(x)
    assert torch.allclose(x, expected)


def test_shapes_and_types_are_those_of_plain_tensors():
    short, tall = torch.ones(2), torch.ones(3, 2, dtype=torch.float64)
    for formula in (
        lambda a, b: a + 0.0 * b,
        lambda a, b: 0.5 * a + 0.5 * b,
        lambda a, b: a - 0.1 * b,
        lambda a, b: a / b,
    ):
        expected, found = formula(short, tall), formula(Lazy(short), Lazy(tall)).tensor()
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert torch.allclose(found, expected)


def test_tiny_and_huge_factors_do_not_overflow():
    x, y = torch.ones(2), torch.ones(2)
    for formula in (lambda a, b: 1e-40 * a + 1, lambda a, b: 1e-40 * a + 0.5 * b, lambda a, b: (1e-30 * a) ** -1):
        assert torch.allclose(formula(Lazy(x), Lazy(y)).tensor(), formula(x, y))


@pytest.mark.parametrize(
    ("formula", "calls"),
    [
        (lambda x, g: x - 0.1 * g, ["add"]),
        (lambda x, g: 0.9 * x + 0.1 * g, ["lerp"]),
        (lambda x, g: x - 0.1 * g / (1 - 0.9**3), ["add"]),
        (lambda x, g: x - 0.1 * (g / x), ["addcdiv"]),
        (lambda x, g: x + g * g, ["addcmul"]),
        (lambda x, g: g + 0.0 * x, []),
        (lambda x, g: (1 - 0.1) * x - 0.1 * g, ["add", "mul"]),
    ],
)
def test_trips_to_memory(formula, calls):
    """The point of it all: so many calls of torch, and no more."""
    made = []

    class Spy(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function.__name__ in ("add", "lerp", "addcdiv", "addcmul", "mul", "div", "sub", "true_divide"):
                made.append(function.__name__)
            return function(*args, **(kwargs or {}))

    x, g = torch.ones(3), torch.ones(3)
    with Spy():
        formula(Lazy(x), Lazy(g)).into(x)
    assert made == calls
