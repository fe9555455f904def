"""What an attempt is tried on: recorded gradients for a rule, small bowls for an optimizer, arguments for a function.

A trial is called with an attempt and yields a ``Record`` for each case. Seed 0 has the numbers of the lecture, every
other seed has numbers of its own. Each case has other hyperparameters than the one before, so that a number that was
written where the formula has a letter is seen.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from course_utils import surfaces
from course_utils.exercises.attempts import Record, Trouble
from course_utils.rules import State

import numpy as np
import torch
from torch import Tensor

SURFACE = surfaces.quadratic
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    """What all trials have: a seed, and numbers that depend on it."""

    seed: int = 0
    kind: ClassVar[str]  # what is to be written

    def seeded(self, seed: int) -> Trial:
        return replace(self, seed=seed)

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        raise NotImplementedError  # each kind of trial has its own

    def chosen(self, values: Mapping[str, Sequence[float]], cases: int = 2) -> list[dict[str, float]]:
        """Of each name one of its values for each case, none twice. Seed 0's first case has the first of each."""
        drawn = {}
        for name, known in values.items():
            first, rest = ([known[0]], list(known[1:])) if self.seed == 0 else ([], list(known))
            random.Random(f"{name} {self.seed}").shuffle(rest)
            drawn[name] = first + rest
        return [{name: known[case] for name, known in drawn.items()} for case in range(cases)]


@dataclass(frozen=True)
class Bowl:
    """½ Σ c·x², and a gradient that is c·x, plus the noise of the step: (steps, ...)."""

    start: Tensor
    curvature: Tensor
    noise: Tensor

    def gradient(self, t: int) -> Callable[[Tensor], Tensor]:
        return lambda x: self.curvature * x + self.noise[t - 1]


def bowls(seed: int, steps: int, shapes: Sequence[Shape]) -> list[Bowl]:
    """One of each shape. The first, if it has two coordinates, is the course's quadratic surface, from its start (for
    another seed than 0: from nearby); the others have noise, so that gradients change their signs and sizes."""
    dice, fields = torch.Generator().manual_seed(seed), []
    for i, shape in enumerate(shapes):
        start, noise = (_tenths(torch.randn(*n, *shape, generator=dice)) for n in ((), (steps,)))
        curvature = _tenths(torch.rand(*shape, generator=dice) * 3.8 + 0.2)
        if i == 0 and shape == (2,):
            usual = torch.tensor(SURFACE.start, dtype=torch.float64)
            nearby = start.sign() * (usual.abs() - _tenths(torch.rand(2, generator=dice)))
            start, curvature, noise = nearby if seed else usual, torch.tensor([0.2, 4.0]).double(), 0 * noise
        fields.append(Bowl(start, curvature, noise))
    return fields


def _tenths(numbers: Tensor) -> Tensor:
    return numbers.double().mul(10).round() / 10


def path(case: str, points: list[list[Tensor]]) -> Record:
    """The record of a path of several tensors: each point flat, the start first."""
    values = torch.stack([torch.cat([x.reshape(-1) for x in xs]) for xs in points])
    names = []
    for letter, x in zip("xyz", points[0], strict=False):
        names += [f"{letter}[{', '.join(map(str, index))}]" for index in np.ndindex(*x.shape)]
    steps = ["start", *(f"step {t}" for t in range(1, len(points)))]
    unit = values.diff(dim=0).abs().nan_to_num(0, 0).max().item() if len(points) > 1 else 1.0
    return Record(case, values, steps, names, unit)


def told(values: Mapping[str, Any]) -> str:
    """The values, as a case is called: "lr = 0.1, beta = 0.9"."""
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


@dataclass(frozen=True)
class RuleTrial(Trial):
    """Tries ``x, s = attempt(x, g, s, t, **hyper)`` on two tensors by turns, each with its own state.

    The gradients are those that ``reference`` meets on two ``bowls``, recorded: the attempt gets the same ones,
    wherever its own x may be. After a step to where no number is, it goes on from the x before: what comes later tells
    which misconception it is. With ``looks`` it gets the gradient as a function instead, to ask where it wants.
    ``hyper`` has the values of each hyperparameter to choose from, ``shapes`` the tensors' shapes in each case.
    """

    kind = "a rule"
    reference: Callable = None
    hyper: Mapping[str, Sequence[float]] = None
    looks: bool = False
    steps: int = 12
    shapes: Sequence[Sequence[Shape]] = (((2,), (2,)), ((2,), (2, 3)))

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        for hyper, shapes in zip(self.chosen(self.hyper), self.shapes, strict=True):
            fields = bowls(self.seed, self.steps, shapes)
            asked = [[field.gradient(t) for field in fields] for t in range(1, self.steps + 1)]
            given = asked if self.looks else _recorded(self.reference, fields, asked, hyper)
            xs, states, trouble = [field.start for field in fields], [State() for _ in fields], None
            points = [list(xs)]
            try:
                for t, gradients in enumerate(given, 1):
                    new = []
                    for i, g in enumerate(gradients):
                        x, states[i] = step(attempt, xs[i], g, states[i], t, hyper)
                        lost = no_number(x, "x", f"At step {t} ")
                        xs[i], trouble = xs[i] if lost else x, trouble or lost
                        new.append(x)
                    points.append(new)
            except Exception as error:
                trouble = trouble or error
            yield path(told(hyper), points)
            if trouble is not None:
                raise trouble


def _recorded(reference: Callable, fields: list[Bowl], asked: list, hyper: dict[str, float]) -> list[list[Tensor]]:
    """The gradients at the points of the reference's own path."""
    xs, states, recorded = [field.start for field in fields], [State() for _ in fields], []
    for t, gradients in enumerate(asked, 1):
        recorded.append([gradient(x) for gradient, x in zip(gradients, xs, strict=True)])
        for i, g in enumerate(recorded[-1]):
            xs[i], states[i] = reference(xs[i], g, states[i], t, **hyper)
    return recorded


def step(attempt: Callable, x: Tensor, g: Any, s: Any, t: int, hyper: Mapping[str, float]) -> tuple[Tensor, Any]:
    """One step of an attempt. Raises Trouble unless it returns a new x, of numbers (finite or not), and a state, and
    edits neither x nor g."""
    given_x, given_g = x.clone(), g.clone() if torch.is_tensor(g) else g
    new, s = returned(attempt(given_x, given_g, s, t, **hyper))
    if not unchanged(x, given_x):
        raise Trouble(
            "x edited in place",
            "It edits x in place. A rule gets x and returns a new one: who keeps the path would otherwise find the "
            "same point in all its places. In place are `x -= …`, `x[0] = …` and every method whose name ends with _.",
        )
    if not unchanged(g, given_g):
        raise Trouble(
            "g edited in place",
            "It edits the gradient in place. Others need it too: with a second use of the same gradient, your change "
            "counts twice.",
        )
    return numbers(new, x.shape, "x", f"At step {t} ", finite=False), s


def returned(answer: Any) -> tuple[Any, Any]:
    """What a rule returned, if it is two things. Raises Trouble."""
    if not isinstance(written(answer), tuple) or len(answer) != 2:
        kind = type(answer).__name__
        why = "It must return two things, the new x and the new state, as in `return x, s`"
        raise Trouble("returns one", f"{why}; it returned a {kind}.")
    return answer


def written(answer: Any) -> Any:
    """What an attempt returned. Raises Trouble if that is nothing."""
    if answer is Ellipsis:
        raise Trouble("stub", "It is not written yet.")
    if answer is None:
        raise Trouble("returns None", "It returned None. Does it end with `return`, and with something after it?")
    return answer


def numbers(value: Any, shape: Sequence[int], name: str, where: str = "", finite: bool = True) -> Tensor:
    """What an attempt gave, a tensor, an array, a number or a list of them, as float64. Raises Trouble."""
    tensor = _float64(value, name, where)
    if tensor.shape != torch.Size(shape):
        wanted, got = (_shape(s) for s in (shape, tensor.shape))
        raise Trouble("wrong shape", f"{where}{name} must be {wanted}, and yours is {got}.")
    return _finite(tensor, name, where) if finite else tensor


def _float64(value: Any, name: str, where: str = "") -> Tensor:
    try:
        if isinstance(value, (list, tuple)) and any(map(torch.is_tensor, value)):
            value = torch.stack([torch.as_tensor(v).detach() for v in value])
        tensor = value.detach() if torch.is_tensor(value) else torch.as_tensor(np.asarray(value, dtype=float))
        return tensor.to("cpu", torch.float64).clone()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Trouble("no numbers", f"{where}{name} holds no numbers, but {value!r:.60}.") from None


def _finite(tensor: Tensor, name: str, where: str = "") -> Tensor:
    if trouble := no_number(tensor, name, where):
        raise trouble
    return tensor


def copied(value: Any) -> Any:
    """An argument, for the attempt to do with as it likes: tensors and arrays are copied, those in lists, too."""
    if torch.is_tensor(value):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {name: copied(v) for name, v in value.items()}
    return type(value)(map(copied, value)) if isinstance(value, (list, tuple)) else value


def unchanged(was: Any, now: Any) -> bool:
    """Whether a copied argument is still as it was; NaN may be among its numbers."""
    if isinstance(was, (list, tuple)):
        return len(was) == len(now) and all(map(unchanged, was, now))
    if isinstance(was, dict):
        return was.keys() == now.keys() and all(unchanged(was[name], now[name]) for name in was)
    if torch.is_tensor(was):
        return was.shape == now.shape and torch.allclose(was, now.detach(), rtol=0, atol=0, equal_nan=True)
    return not isinstance(was, np.ndarray) or np.array_equal(was, now, equal_nan=True)


def no_number(tensor: Tensor, name: str, where: str = "") -> Trouble | None:
    """What is to be said of a tensor that holds infinity, or what is no number at all."""
    bad = tensor[~tensor.isfinite()]
    if not len(bad):
        return None
    sentence = f"{where}{name} has become {bad[0].item()}. Is there a division by 0, or a root of less?"
    return Trouble("no finite number", sentence)


def _shape(shape: Sequence[int]) -> str:
    return f"a tensor of shape {tuple(shape)}" if len(shape) else "one number"


@dataclass(frozen=True)
class FunctionTrial(Trial):
    """Tries ``attempt(**arguments)``, which returns a number or a tensor, against ``reference``.

    ``cases(seed)`` gives {case: {row: arguments}}. ``axis`` is what a row's name is on the axis of a picture, if the
    rows are numbers that a curve can be drawn over. ``names`` are those of the numbers of a value that has several.
    Tensors among the arguments must not be edited.
    """

    kind = "a function"
    reference: Callable = None
    cases: Callable[[int], Mapping[str, Mapping[Any, Mapping[str, Any]]]] = None
    axis: str = ""
    names: Sequence[str] = ()

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        for case, rows in self.cases(self.seed).items():
            shape = torch.as_tensor(self.reference(**copied(next(iter(rows.values()))))).shape
            found, trouble = [], None
            try:
                for row, arguments in rows.items():
                    found.append(self._value(attempt, arguments, self._row(row), shape))
            except Exception as error:
                trouble = error
            if found:
                values = torch.stack(found)
                places = [f"value[{', '.join(map(str, i))}]" if i else "the value" for i in np.ndindex(*shape)]
                names = list(self.names) or places
                unit = values.abs().max().item() or 1.0
                yield Record(case, values, [self._row(row) for row in rows][: len(found)], names, unit)
            if trouble is not None:
                raise trouble

    def _row(self, row: Any) -> str:
        return f"{self.axis} = {row:g}" if self.axis else str(row)

    def _value(self, attempt: Callable, arguments: Mapping[str, Any], where: str, shape: Shape) -> Tensor:
        given = copied(dict(arguments))
        value = written(attempt(**given))
        for name, was in arguments.items():
            if not unchanged(was, given[name]):
                raise Trouble(
                    f"{name} edited in place",
                    f"It edits {name} in place: who gave it to you needs it unchanged. (What is added and taken away "
                    "again leaves a rounding error.)",
                )
        found = numbers(value, shape, "the value", f"At {where} ", finite=False).reshape(-1)
        if any(torch.is_tensor(v) and v.isnan().any() for v in arguments.values()) and found.isnan().any():
            raise Trouble("no finite number", f"At {where} the value is nan: a NaN among the arguments got through.")
        return _finite(found, "the value", f"At {where} ")


@dataclass(frozen=True)
class PathTrial(Trial):
    """Tries ``attempt(gradient, start, **hyper)``, which walks, and returns all its points: (steps + 1, n).

    ``gradient`` is a function of the point. It walks on two ``bowls``, the second of three coordinates. ``hyper`` has
    the values of each hyperparameter to choose from, ``steps`` among them.
    """

    kind = "a function"
    reference: Callable = None
    hyper: Mapping[str, Sequence[float]] = None

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        for hyper, field in zip(self.chosen(self.hyper), bowls(self.seed, 1, ((2,), (3,))), strict=True):
            start, n = copied(field.start), len(field.start)
            points = _finite(_float64(written(attempt(field.gradient(1), start, **hyper)), "the path"), "the path")
            if points.shape[-1:] == (n,) and 0 < points.ndim < 3:
                yield path(told(hyper), [[x] for x in points.reshape(-1, n)])
            if points.shape != (hyper["steps"] + 1, n):
                raise Trouble(
                    "wrong shape",
                    f"With {told(hyper)}, it must return {hyper['steps'] + 1} points, the start and one after each "
                    f"step: {_shape((hyper['steps'] + 1, n))}. Yours is {_shape(points.shape)}.",
                )
            if not torch.equal(start, field.start):
                raise Trouble(
                    "start edited in place",
                    "It edits start in place: who gave it to you needs it unchanged. And a point that you kept changes "
                    "with it, if it is the same tensor.",
                )


@dataclass(frozen=True)
class OptimizerTrial(Trial):
    """Tries an optimizer, ``attempt(params, **hyper)``, a class such as torch.optim's, against ``reference``, another.

    Two parameters on two ``bowls``. First plainly. Then with a third one that has no gradient, in two groups of
    different lr, which are halved at the middle, as a scheduler does. Then with a closure, whose loss ``step`` returns.
    """

    kind = "an optimizer, as a class"
    reference: Callable = None
    hyper: Mapping[str, Sequence[float]] = None
    steps: int = 12

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        first, second = self.chosen(self.hyper)
        yield from self._case(attempt, first, told(first))
        yield from self._case(attempt, second, f"{told(second)}, two groups, lr halved half-way", special=True)
        yield from self._case(attempt, first, f"{told(first)}, with a closure", closure=True)

    def _case(
        self, attempt: Callable, hyper: dict[str, float], case: str, special: bool = False, closure: bool = False
    ) -> Iterator[Record]:
        fields, trouble = bowls(self.seed, self.steps, ((2,), (2, 3) if special else (2,))), None
        ps = [torch.nn.Parameter(field.start.clone()) for field in fields]
        points = [[p.detach().clone() for p in ps]]
        try:
            optimizer = attempt(_groups(ps, hyper, frozen=True) if special else ps, **hyper)
            for t in range(1, self.steps + 1):
                if special and t == self.steps // 2:
                    for group in optimizer.param_groups:
                        group["lr"] = group["lr"] / 2
                _step(optimizer, ps, fields, t, closure)
                points.append([numbers(p, p.shape, "a parameter", f"At step {t} ") for p in ps])
        except Exception as error:
            trouble = error
        yield path(case, points)
        if special and len(points) == 1 and self._goes_without_the_frozen(attempt, fields, hyper):
            raise Trouble(
                "a parameter without gradient",
                f"A parameter that took no part in the loss has p.grad None: with one, it raised "
                f"{type(trouble).__name__}. Pass it over.",
            ) from trouble
        for words, name, sentence in GRAPHS if isinstance(trouble, RuntimeError) else ():
            if words in str(trouble):
                raise Trouble(name, sentence) from trouble
        if trouble is not None:
            raise trouble

    def _goes_without_the_frozen(self, attempt: Callable, fields: list[Bowl], hyper: dict[str, float]) -> bool:
        ps = [torch.nn.Parameter(field.start.clone()) for field in fields]
        with contextlib.suppress(Exception):
            _step(attempt(_groups(ps, hyper, frozen=False), **hyper), ps, fields, 1, closure=False)
            return True
        return False


# What torch says when a step builds a graph, or a closure cannot.
GRAPHS = (
    (
        "a leaf Variable that requires grad",
        "the step needs no graph",
        "It edits a parameter while torch follows it. Work inside `with torch.no_grad():`, or put `@torch.no_grad()` "
        "above `step`.",
    ),
    (
        "does not require grad and does not have a grad_fn",
        "the closure needs a graph",
        "It calls the closure where torch follows nothing, and the closure wants to go backwards. Call it inside `with "
        "torch.enable_grad():`.",
    ),
)


def _groups(ps: list[Tensor], hyper: dict[str, float], frozen: bool) -> list[dict[str, Any]]:
    """Two groups with a lr each; in the first, if wanted, a parameter that gets no gradient."""
    alone = [torch.nn.Parameter(torch.ones(2, dtype=torch.float64))] if frozen else []
    return [{"params": [ps[0], *alone]}, {"params": [ps[1]], "lr": 0.7 * hyper["lr"]}]


def _step(optimizer: Any, ps: list[Tensor], fields: list[Bowl], t: int, closure: bool) -> None:
    """One step. Raises Trouble if it leaves other gradients than it found, or does not return the closure's loss."""

    def loss() -> Tensor:
        optimizer.zero_grad()
        pairs = zip(ps, fields, strict=True)
        value = sum((f.curvature * p * p / 2 + f.noise[t - 1] * p).sum() for p, f in pairs)
        value.backward()
        return value

    expected = loss().item()
    grads = [p.grad.clone() for p in ps]
    got = optimizer.step(loss) if closure else optimizer.step()
    if any(p.grad is None or not torch.equal(p.grad, was) for p, was in zip(ps, grads, strict=True)):
        raise Trouble(
            "p.grad edited",
            "It edits p.grad. With a second step on the same gradient, your change would count twice.",
        )
    if closure and not (_is_number(got) and abs(torch.as_tensor(got).item() - expected) <= 1e-9):
        why = f"step(closure) must call the closure and return its loss; it returned {got!r:.40}."
        raise Trouble("the closure's loss", why)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or (torch.is_tensor(value) and value.numel() == 1)
