"""The rules beside what they should be equal to: torch.optim, or a loop written here from the paper, in other words.

``make table`` writes the table of deviations in the README.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils import optimizers, rules

import torch
from torch import Tensor
from tqdm import tqdm

SCALES = (1.0, 1e-6)  # of the gradients: a misplaced eps hides at 1
STEPS = 200


class Loop:
    """A reference that moves one parameter: ``step`` once ``p.grad`` is there."""

    def __init__(self, p: Tensor, **settings: float):
        self.p, self.t = p, 0
        self.__dict__.update(settings)
        self.begin(p.detach().clone())

    def begin(self, p: Tensor) -> None:
        self.a, self.b = torch.zeros_like(p), torch.zeros_like(p)

    def step(self) -> None:
        self.t += 1
        with torch.no_grad():
            self.p.copy_(self.next(self.p.detach(), self.p.grad))


class LionLoop(Loop):
    """Chen and others (2023), Algorithm 2, coordinate by coordinate in Python's numbers."""

    def next(self, p: Tensor, g: Tensor) -> Tensor:
        out, m = [], self.a.flatten().tolist()
        for i, (p_i, g_i) in enumerate(zip(p.flatten().tolist(), g.flatten().tolist(), strict=True)):
            c = self.beta1 * m[i] + (1 - self.beta1) * g_i
            sign = (c > 0) - (c < 0)
            out.append(p_i - self.lr * (sign + self.weight_decay * p_i))
            m[i] = self.beta2 * m[i] + (1 - self.beta2) * g_i
        self.a = torch.tensor(m).reshape(p.shape)
        return torch.tensor(out).reshape(p.shape)


class RMSpropNesterovLoop(Loop):
    """Goodfellow, Bengio and Courville (2016), Algorithm 8.6, in its own coordinates: w, and the gradient at w + αv."""

    def begin(self, p: Tensor) -> None:
        super().begin(p)
        self.w = p

    def next(self, p: Tensor, g: Tensor) -> Tensor:
        self.a = self.rho * self.a + (1 - self.rho) * g.pow(2)
        self.b = self.momentum * self.b - self.lr * torch.rsqrt(self.a + self.delta) * g
        self.w = self.w + self.b
        return self.w + self.momentum * self.b


class ScheduleFreeLoop(Loop):
    """Defazio and others (2024), with y and z alone, as their code has it: the average x is never formed."""

    def begin(self, p: Tensor) -> None:
        self.z = p

    def next(self, p: Tensor, g: Tensor) -> Tensor:
        c = 1 / self.t
        y = p.lerp(self.z, c) + self.lr * (self.beta * (1 - c) - 1) * g
        self.z = self.z - self.lr * g
        return y


class LookaheadLoop(Loop):
    """Zhang, Lucas, Ba and Hinton (2019), Algorithm 1: a loop over the slow weights around one over the fast."""

    def begin(self, p: Tensor) -> None:
        self.slow, self.inner = p, self.inner(self.p)

    def step(self) -> None:
        self.inner.step()
        self.t += 1
        if self.t == self.k:
            self.t = 0
            self.slow = self.slow + self.alpha * (self.p.detach() - self.slow)
            self.p.data.copy_(self.slow)


def settings_in_words(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def of_torch(name: str, **settings: Any) -> Callable[[Tensor], torch.optim.Optimizer]:
    return lambda p: getattr(torch.optim, name)([p], **settings)


@dataclass
class Case:
    """A rule with its settings, our optimizer that should do the same, and what both should be equal to."""

    rule: Callable
    hyper: dict[str, Any]
    reference: Callable[[Tensor], Any]
    told: str  # the reference, for the table
    ours: Callable[[Tensor], torch.optim.Optimizer] | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.rule.__name__}({settings_in_words(self.hyper)})"


def namesake(rule: Callable, name: str, hyper: dict[str, Any] | None = None, **settings: Any) -> Case:
    """A case whose reference is torch's optimizer, beside ours of the same name and settings."""
    told = f"`torch.optim.{name}({settings_in_words(settings)})`"
    ours = getattr(optimizers, name)
    hyper = settings if hyper is None else hyper
    return Case(rule, hyper, of_torch(name, **settings), told, lambda p: ours([p], **settings))


def loop(rule: Callable, kind: type[Loop], told: str, ours: Callable, **settings: float) -> Case:
    return Case(rule, settings, lambda p: kind(p, **settings), told, ours)


B = {"betas": (0.8, 0.95)}
B12 = {"beta1": 0.8, "beta2": 0.95}

CASES = [
    namesake(rules.sgd, "SGD", lr=0.05),
    namesake(rules.momentum, "SGD", lr=0.05, momentum=0.9),
    namesake(rules.momentum, "SGD", lr=0.05, momentum=0.8, dampening=0.3, weight_decay=0.02),
    Case(
        rules.momentum_ema,
        {"lr": 0.5, "beta": 0.9},
        of_torch("SGD", lr=0.5 * (1 - 0.9), momentum=0.9, dampening=0),
        "`torch.optim.SGD(lr=0.5 * (1 - 0.9), momentum=0.9)`",
    ),
    namesake(rules.nesterov, "SGD", {"lr": 0.05, "momentum": 0.9}, lr=0.05, momentum=0.9, nesterov=True),
    namesake(rules.adagrad, "Adagrad", lr=0.05),
    namesake(rules.adagrad, "Adagrad", lr=0.05, lr_decay=0.1, initial_accumulator_value=0.3, eps=1e-3),
    namesake(rules.rmsprop, "RMSprop", lr=0.05),
    namesake(rules.rmsprop, "RMSprop", lr=0.05, alpha=0.9, eps=1e-3, momentum=0.8, centered=True),
    loop(
        rules.rmsprop_nesterov,
        RMSpropNesterovLoop,
        "Algorithm 8.6 of *Deep Learning*, in its own coordinates",
        lambda p: optimizers.RMSpropNesterov([p], lr=0.05, rho=0.9, momentum=0.8, delta=1e-6),
        lr=0.05,
        rho=0.9,
        momentum=0.8,
        delta=1e-6,
    ),
    namesake(rules.adadelta, "Adadelta"),
    namesake(rules.adadelta, "Adadelta", lr=0.5, rho=0.8, eps=1e-4),
    namesake(rules.adam, "Adam", {}),
    namesake(rules.adam, "Adam", {"lr": 0.05, **B12, "eps": 1e-3}, lr=0.05, **B, eps=1e-3),
    namesake(rules.amsgrad, "Adam", {"lr": 0.05, **B12}, lr=0.05, **B, amsgrad=True),
    namesake(rules.adamax, "Adamax", {}),
    namesake(rules.adamax, "Adamax", {"lr": 0.05, **B12, "eps": 1e-3}, lr=0.05, **B, eps=1e-3),
    namesake(rules.adamw, "AdamW", {}),
    namesake(rules.adamw, "AdamW", {"lr": 0.05, **B12, "weight_decay": 0.3}, lr=0.05, **B, weight_decay=0.3),
    namesake(rules.nadam, "NAdam", {}),
    namesake(rules.nadam, "NAdam", {"lr": 0.05, **B12, "momentum_decay": 0.02}, lr=0.05, **B, momentum_decay=0.02),
    namesake(rules.radam, "RAdam", {}),
    namesake(rules.radam, "RAdam", {"lr": 0.05, **B12, "eps": 1e-3}, lr=0.05, **B, eps=1e-3),
    namesake(rules.radam, "RAdam", {"lr": 0.05, "beta1": 0.5, "beta2": 0.6}, lr=0.05, betas=(0.5, 0.6)),
    namesake(rules.asgd, "ASGD", {}),
    namesake(rules.asgd, "ASGD", lr=0.05, lambd=0.1, alpha=0.5, t0=50),
    loop(
        rules.lion,
        LionLoop,
        "Algorithm 2 of its paper, in a loop over coordinates",
        lambda p: optimizers.Lion([p], lr=0.05, betas=(0.8, 0.95), weight_decay=0.3),
        lr=0.05,
        **B12,
        weight_decay=0.3,
    ),
    namesake(rules.muon, "Muon", {}),
    namesake(rules.muon, "Muon", lr=0.05, momentum=0.8, nesterov=False, adjust_lr_fn="match_rms_adamw"),
    namesake(rules.muon, "Muon", lr=0.05, momentum=0.8, nesterov=False, eps=1e-5, adjust_lr_fn="spectral_unclamped"),
    loop(
        rules.schedule_free,
        ScheduleFreeLoop,
        "the form with two points, y and z, of its authors' code",
        lambda p: optimizers.ScheduleFree([p], lr=0.05, beta=0.8),
        lr=0.05,
        beta=0.8,
    ),
    Case(
        rules.lookahead(rules.adam),
        {"lr": 0.05, "k": 5, "alpha": 0.5},
        lambda p: LookaheadLoop(p, inner=of_torch("Adam", lr=0.05), k=5, alpha=0.5),
        "Algorithm 1 of its paper, as two loops around `torch.optim.Adam`",
        lambda p: optimizers.Lookahead(torch.optim.Adam([p], lr=0.05)),
    ),
    Case(
        rules.ranger,
        {"lr": 0.05, "k": 6, "alpha": 0.4},
        lambda p: LookaheadLoop(p, inner=of_torch("RAdam", lr=0.05), k=6, alpha=0.4),
        "the same loops around `torch.optim.RAdam`",
        lambda p: optimizers.Ranger([p], lr=0.05, k=6, alpha=0.4),
    ),
]


@contextmanager
def float64() -> Iterator[None]:
    """Everything in float64: torch keeps the scalars of NAdam and ASGD in the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def deviations(case: Case, scale: float) -> dict[str, float]:
    """How far the rule, and our optimizer, are from the reference after ``STEPS`` recorded gradients.

    The largest deviation at any step, over the distance that the reference has moved by then.
    """
    with float64():
        generator = torch.Generator().manual_seed(0)
        start = scale * torch.randn(7, 3, generator=generator)  # not larger, or rounding x hides the movement
        gradients = scale * torch.randn(STEPS, 7, 3, generator=generator)
        theirs = start.clone().requires_grad_()
        reference = case.reference(theirs)
        ours = start.clone().requires_grad_()
        optimizer = case.ours(ours) if case.ours else None
        x, s = start, rules.State()
        worst = {"rule": 0.0} | ({"optimizer": 0.0} if optimizer else {})
        for t, g in enumerate(gradients, 1):
            theirs.grad, ours.grad = g.clone(), g.clone()
            reference.step()
            x, s = case.rule(x, g, s, t, **case.hyper)
            moved = (theirs.detach() - start).norm().clamp_min(1e-300)
            worst["rule"] = max(worst["rule"], ((x - theirs.detach()).norm() / moved).item())
            if optimizer:
                optimizer.step()
                off = ((ours.detach() - theirs.detach()).norm() / moved).item()
                worst["optimizer"] = max(worst["optimizer"], off)
        assert moved > 1e-3 * scale, "nothing was tested: the reference did not move"
        return worst


def table() -> str:
    """For each case the largest deviation over both scales, of the rule and of our optimizer: Markdown."""
    lines = ["| rule | equal to | rule, off by | optimizer, off by |", "| --- | --- | --- | --- |"]
    for case in tqdm(CASES, unit="rule"):
        found = [deviations(case, scale) for scale in SCALES]
        worst = {who: f"{max(off[who] for off in found):.0e}" for who in found[0]}
        lines.append(f"| `{case.name}` | {case.told} | {worst['rule']} | {worst.get('optimizer', '')} |")
    return "\n".join(lines)


BEGIN, END = "<!-- made by make table -->", "<!-- end -->"

if __name__ == "__main__":
    readme = Path(sys.argv[1])
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}", encoding="utf-8", newline="\n")
