"""Lecture 5: the correction of the start, Adam, AMSGrad, AdamW, and Adam as an optimizer of one's own."""

import random
from collections.abc import Callable
from typing import Any

from course_utils.exercises import misconceptions, questions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, OptimizerTrial, RuleTrial
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State, larger, sqrt

import torch

LRS, EPS = (0.2, 0.1, 0.3, 0.15), (0.1, 0.05, 0.2, 0.02)
BETAS = {"beta1": (0.9, 0.8, 0.7, 0.6), "beta2": (0.99, 0.95, 0.9, 0.85)}
AVERAGES = r"m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t & v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2"


def without_bias(m, beta, t):
    return m / (1 - beta**t)


def of_both_averages(x, g, s, t, lr, beta1, beta2, eps):
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * m_hat / (sqrt(v_hat) + eps), State(m=m, v=v)


def of_the_largest(x, g, s, t, lr, beta1, beta2, eps):
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    v_max = torch.maximum(torch.as_tensor(s.v_max), v)
    m_hat, v_hat = m / (1 - beta1**t), v_max / (1 - beta2**t)
    return x - lr * m_hat / (sqrt(v_hat) + eps), State(m=m, v=v, v_max=v_max)


def decoupled(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return x - lr * (m_hat / (sqrt(v_hat) + eps) + weight_decay * x), State(m=m, v=v)


class OwnAdam(torch.optim.Optimizer):
    def __init__(self, params, lr, beta1, beta2, eps):
        super().__init__(params, dict(lr=lr, beta1=beta1, beta2=beta2, eps=eps))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, beta1, beta2, eps = (group[name] for name in ("lr", "beta1", "beta2", "eps"))
            for p in group["params"]:
                if p.grad is not None:
                    s = self.state[p]
                    t = s["t"] = s.get("t", 0) + 1
                    m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * p.grad
                    v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * p.grad**2
                    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
                    p.sub_(lr * m_hat / (v_hat.sqrt() + eps))
        return loss


# Wrong ones: the right rule, with one line of it replaced.


def adam_by(
    m=lambda s, g, beta1: beta1 * s.m + (1 - beta1) * g,
    v=lambda s, g, m, beta2: beta2 * s.v + (1 - beta2) * g * g,
    ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v / c2) + eps),
) -> Callable:
    """With c1 = 1 - β1^t and c2 = 1 - β2^t."""

    def rule(x, g, s, t, lr, beta1, beta2, eps):
        new_m = m(s, g, beta1)
        new_v = v(s, g, new_m, beta2)
        return x - lr * ratio(new_m, new_v, 1 - beta1**t, 1 - beta2**t, eps), State(m=new_m, v=new_v)

    return rule


def old_averages(x, g, s, t, lr, beta1, beta2, eps):
    step = s.m / (1 - beta1**t) / (sqrt(s.v / (1 - beta2**t)) + eps)
    return x - lr * step, of_both_averages(x, g, s, t, lr, beta1, beta2, eps)[1]


def amsgrad_by(
    largest=lambda s, g, v, c2: larger(s.v_max, v),
    kept=lambda v, v_max: v,
    ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v / c2) + eps),
    remembered=lambda v, v_max: v_max,
    m=lambda s, g, beta1: beta1 * s.m + (1 - beta1) * g,
    v=lambda s, g, m, beta2: beta2 * s.v + (1 - beta2) * g * g,
) -> Callable:
    def rule(x, g, s, t, lr, beta1, beta2, eps):
        new_m = m(s, g, beta1)
        new_v = v(s, g, new_m, beta2)
        c1, c2 = 1 - beta1**t, 1 - beta2**t
        v_max = largest(s, g, new_v, c2)
        new = x - lr * ratio(new_m, v_max, c1, c2, eps)
        return new, State(m=new_m, v=kept(new_v, v_max), v_max=remembered(new_v, v_max))

    return rule


def adamw_by(
    x=lambda x, lr, decay: x,
    g=lambda x, g, decay: g,
    step=lambda x, m_hat, root, decay: m_hat / root,
    after=lambda old, new, lr, decay: new,
) -> Callable:
    """Adam, with a decay before it, in the gradient, in the step or after it."""

    def rule(old, grad, s, t, lr, beta1, beta2, eps, weight_decay):
        grad = g(old, grad, weight_decay)
        m = beta1 * s.m + (1 - beta1) * grad
        v = beta2 * s.v + (1 - beta2) * grad * grad
        m_hat, root = m / (1 - beta1**t), sqrt(v / (1 - beta2**t)) + eps
        new = x(old, lr, weight_decay) - lr * step(old, m_hat, root, weight_decay)
        return after(old, new, lr, weight_decay), State(m=m, v=v)

    return rule


def decoupled_by(**lines: Callable) -> Callable:
    """AdamW, with one line of its Adam replaced."""
    adam = adam_by(**lines)

    def rule(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
        new, s = adam(x, g, s, t, lr, beta1, beta2, eps)
        return new - lr * weight_decay * x, s

    return rule


def optimizer_by(
    clock=lambda optimizer, p: optimizer.state[p]["t"],
    ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v / c2) + eps),
    change=lambda p, step: p.sub_(step),
    keep=True,
) -> type[torch.optim.Optimizer]:
    """OwnAdam, with one line of it replaced."""

    class Variant(OwnAdam):
        tensors = groups = 0

        @torch.no_grad()
        def step(self, closure=None):
            with torch.enable_grad():
                loss = closure() if closure else None
            for group in self.param_groups:
                self.groups += 1
                for p in filter(lambda p: p.grad is not None, group["params"]):
                    self.tensors += 1
                    self.state[p]["t"] = self.state[p].get("t", 0) + 1
                    self.update(p, **group)
            return loss

        def update(self, p, lr, beta1, beta2, eps, **_):
            s, t = self.state[p], clock(self, p)
            m, v = beta1 * s.get("m", 0) + (1 - beta1) * p.grad, beta2 * s.get("v", 0) + (1 - beta2) * p.grad**2
            if keep:
                s |= {"m": m, "v": v}
            change(p, lr * ratio(m, v, 1 - beta1**t, 1 - beta2**t, eps))

    return Variant


def nothing_corrected(rule: Callable) -> Misconception:
    return Misconception(
        "the start is not corrected",
        r"You use $m_t$ and $v_t$ as they are. Both begin at 0, and are too small at first; your first steps are wrong "
        "by far.",
        r"the two hats: $m_t/(1-\beta_1^t)$ and $v_t/(1-\beta_2^t)$.",
        rule,
    )


def eps_on_the_ratio(rule: Callable) -> Misconception:
    return Misconception(
        "ε is added to the ratio",
        "You divide first and add ε then, as notebook C does: it pushes every coordinate by lr ε, whichever way its "
        "gradient points. A matter of parentheses.",
        r"what $\epsilon$ is added to: the root. `m_hat / (root + eps)`, not `m_hat / root + eps`.",
        rule,
    )


def of_adam(right: Callable, by: Callable, letters: str, v_hat: str = r"\hat v_t") -> list[Misconception]:
    """Those of Adam and its family: ``by`` makes the rule with one line replaced, ``v_hat`` is under its root."""

    def exchanged(x, g, s, t, lr, beta1, beta2, eps, **more):
        return right(x, g, s, t, lr, beta2, beta1, eps, **more)

    def hats_kept(x, g, s, t, lr, beta1, beta2, eps, **more):
        new, s = right(x, g, s, t, lr, beta1, beta2, eps, **more)
        return new, State(**vars(s) | {"m": s.m / (1 - beta1**t), "v": s.v / (1 - beta2**t)})

    without_eps = by(ratio=lambda m, v, c1, c2, eps: m / c1 / sqrt(v / c2))
    return [
        *misconceptions.with_state(right, letters),
        *(misconceptions.one_lost(right, name) for name in "mv"),
        misconceptions.clock_from_0(right),
        misconceptions.clock_stands(right),
        misconceptions.clock_ahead(right),
        misconceptions.clock_per_parameter(right),
        nothing_corrected(by(ratio=lambda m, v, c1, c2, eps: m / (sqrt(v) + eps))),
        Misconception(
            "v is not corrected",
            r"You correct $m$ alone. $v$ begins at 0, too, and as it is below the line, your first steps are too long.",
            rf"what is under the root: ${v_hat}$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v) + eps)),
        ),
        Misconception(
            "m is not corrected",
            "You correct $v$ alone. $m$ begins at 0, too: your first steps are too short.",
            r"$m_t / (1-\beta_1^t)$.",
            by(ratio=lambda m, v, c1, c2, eps: m / (sqrt(v / c2) + eps)),
        ),
        Misconception(
            "the corrections multiply",
            r"You multiply by $1-\beta^t$. That makes what is too small still smaller.",
            r"where $1-\beta_1^t$ and $1-\beta_2^t$ stand: below the line.",
            by(ratio=lambda m, v, c1, c2, eps: m * c1 / (sqrt(v * c2) + eps)),
        ),
        Misconception(
            "the corrections are exchanged",
            r"You correct $m$ with $\beta_2$ and $v$ with $\beta_1$.",
            r"which $\beta$ goes with which average: $\beta_1$ with $m$, $\beta_2$ with $v$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c2 / (sqrt(v / c1) + eps)),
        ),
        Misconception(
            "the betas are exchanged",
            r"You average the gradients with $\beta_2$ and their squares with $\beta_1$.",
            r"which $\beta$ goes with which average: $\beta_1$ with $m$, $\beta_2$ with $v$.",
            exchanged,
        ),
        Misconception(
            "v is corrected after the root",
            r"You take the root of $v_t$ and divide it by $1-\beta_2^t$ then. The correction stands under the root.",
            rf"what is under the root: ${v_hat}$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v) / c2 + eps)),
        ),
        Misconception(
            "what is corrected is kept",
            "You hand the corrected averages on, and correct them again in the next step. The corrections are for this "
            "step alone; keep $m_t$ and $v_t$.",
            r"the first two formulas of Adam: $m_{t-1}$ and $v_{t-1}$ wear no hats.",
            hats_kept,
        ),
        eps_on_the_ratio(by(ratio=lambda m, v, c1, c2, eps: m / c1 / sqrt(v / c2) + eps)),
        Misconception(
            "ε is inside the root",
            "You add ε inside the root. There it acts on far larger gradients. In Adam it stands outside.",
            rf"how far the root reaches: $\sqrt{{{v_hat}}} + \epsilon$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c1 / sqrt(v / c2 + eps)),
        ),
        misconceptions.eps_missing(without_eps),
        misconceptions.eps_at_the_end(without_eps),
        Misconception(
            "ε is added before the correction",
            r"You add ε to the root of what is not corrected yet, and correct after that: at first, your ε is too "
            r"large. "
            "(Adam's paper has this form as a faster one, with another ε.)",
            rf"what $\epsilon$ is added to: $\sqrt{{{v_hat}}}$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c1 * sqrt(c2) / (sqrt(v) + eps)),
        ),
        Misconception(
            "the root is forgotten",
            rf"You divide by ${v_hat}$ itself. That has the units of $g^2$: then small gradients make long steps.",
            rf"what is below the line: $\sqrt{{{v_hat}}} + \epsilon$.",
            by(ratio=lambda m, v, c1, c2, eps: m / c1 / (v / c2 + eps)),
        ),
        Misconception(
            "the gradient itself is on top",
            r"Above the line you have $g_t$, not the average of the gradients: that is RMSProp, corrected.",
            r"what is above the line: $m_t / (1-\beta_1^t)$.",
            by(ratio=lambda m, v, c1, c2, eps: m / (sqrt(v / c2) + eps), m=lambda s, g, beta1: g),
        ),
        Misconception(
            "m is a sum",
            r"You take all of $g_t$ into $m$. The average takes the part $1-\beta_1$ of it.",
            "the factor in front of $g_t$.",
            by(m=lambda s, g, beta1: beta1 * s.m + g),
        ),
        Misconception(
            "v is a sum",
            r"You take all of $g_t^2$ into $v$. The average takes the part $1-\beta_2$ of it.",
            "the factor in front of $g_t^2$.",
            by(v=lambda s, g, m, beta2: beta2 * s.v + g * g),
        ),
        Misconception(
            "both averages are sums",
            r"You take all of $g_t$ into $m$, and all of $g_t^2$ into $v$. Averages take a part: $1-\beta_1$, "
            r"$1-\beta_2$.",
            "the factors in front of $g_t$ and $g_t^2$.",
            by(m=lambda s, g, beta1: beta1 * s.m + g, v=lambda s, g, m, beta2: beta2 * s.v + g * g),
        ),
        Misconception(
            "the weights of m are exchanged",
            r"You weigh the old $m$ with $1-\beta_1$ and the new gradient with $\beta_1$.",
            r"which factor stands in front of $m_{t-1}$: $\beta_1$.",
            by(m=lambda s, g, beta1: (1 - beta1) * s.m + beta1 * g),
        ),
        Misconception(
            "the weights of v are exchanged",
            r"You weigh the old $v$ with $1-\beta_2$ and the new square with $\beta_2$.",
            r"which factor stands in front of $v_{t-1}$: $\beta_2$.",
            by(v=lambda s, g, m, beta2: (1 - beta2) * s.v + beta2 * g * g),
        ),
        Misconception(
            "the weights of both averages are exchanged",
            r"You weigh the old averages with $1-\beta$ and what is new with $\beta$.",
            r"which factors stand in front of $m_{t-1}$ and $v_{t-1}$: $\beta_1$ and $\beta_2$.",
            by(
                m=lambda s, g, beta1: (1 - beta1) * s.m + beta1 * g,
                v=lambda s, g, m, beta2: (1 - beta2) * s.v + beta2 * g * g,
            ),
        ),
        Misconception(
            "the factor is squared, too",
            r"You square $(1-\beta_2)\,g_t$ as a whole. Only the gradient is squared.",
            r"$(1-\beta_2)\, g_t^2$: what the 2 belongs to.",
            by(v=lambda s, g, m, beta2: beta2 * s.v + ((1 - beta2) * g) ** 2),
        ),
        Misconception(
            "v is made of m",
            "You average the squares of $m_t$. It is the gradient that is squared.",
            "what goes into $v_t$: $g_t^2$.",
            by(v=lambda s, g, m, beta2: beta2 * s.v + (1 - beta2) * m * m),
        ),
        Misconception(
            "the gradient is not squared",
            "You keep gradients where the formula keeps their squares. A gradient below 0 then makes a root of less "
            "than 0.",
            "what goes into $v_t$: $g_t^2$.",
            by(v=lambda s, g, m, beta2: beta2 * s.v + (1 - beta2) * g),
        ),
        Misconception(
            "sizes instead of squares",
            "You put $|g_t|$ into $v_t$, and take the root of that. The root undoes a square; there must be one.",
            "what goes into $v_t$: $g_t^2$.",
            by(v=lambda s, g, m, beta2: beta2 * s.v + (1 - beta2) * g.abs()),
        ),
    ]


OF_ADAM = {wrong.name: wrong for wrong in of_adam(of_both_averages, adam_by, "m, v")}


def averages_so_far(seed: int) -> dict[str, dict[int, dict[str, Any]]]:
    """An average m of twelve noisy numbers, for two β."""
    dice = random.Random(seed)
    betas, cases = dice.sample((0.6, 0.7, 0.8, 0.85, 0.95), 2) if seed else (0.9, 0.7), {}
    for beta in betas:
        m, rows = torch.zeros((), dtype=torch.float64), {}
        for t in range(1, 13):
            m = beta * m + (1 - beta) * round(dice.gauss(2, 0.5), 1)
            rows[t] = {"m": m, "beta": beta, "t": t}
        cases[f"β = {beta:g}"] = rows
    return cases


bias_correction = Exercise(
    name="bias_correction",
    lecture=5,
    task="An average that began at 0 is too small at first. Its weights add up to $1-\\beta^t$ in step $t$, and not to "
    "1. Write `bias_correction(m, beta, t)`, which makes up for that.",
    formula=r"\hat m_t = \frac{m_t}{1-\beta^t}",
    trial=FunctionTrial(reference=without_bias, cases=averages_so_far, axis="t"),
    misconceptions=[
        Misconception(
            "the clock stands still",
            r"You divide by $1-\beta$ in every step, as notebook B prints it. That is right in the first step alone: "
            "later, your average is far too large.",
            r"the exponent of $\beta$: $t$.",
            lambda m, beta, t: m / (1 - beta),
        ),
        Misconception(
            "nothing is corrected",
            "You return $m$ as it is.",
            r"what divides $m_t$.",
            lambda m, beta, t: m,
        ),
        Misconception(
            "the correction multiplies",
            r"You multiply by $1-\beta^t$. That makes what is too small still smaller.",
            r"where $1-\beta^t$ stands: below the line.",
            lambda m, beta, t: m * (1 - beta**t),
        ),
        Misconception(
            "the clock is a step ahead",
            r"Your exponent is $t+1$. `t` is counted from 1 already.",
            r"the exponent of $\beta$: in the first step it is 1.",
            lambda m, beta, t: m / (1 - beta ** (t + 1)),
        ),
        Misconception(
            "a product instead of the power",
            r"You have $\beta$ times $t$. Each step multiplies by $\beta$ once more: a power, `beta**t`.",
            r"$\beta^t$.",
            lambda m, beta, t: m / (1 - beta * t),
        ),
        Misconception(
            "the power is of the whole",
            r"You have $(1-\beta)^t$: parentheses too many. Only $\beta$ is raised.",
            r"what the $t$ belongs to: $\beta$ alone.",
            lambda m, beta, t: m / (1 - beta) ** t,
        ),
        Misconception(
            "the parentheses below the line",
            "`m / 1 - beta**t` divides by 1, and subtracts the power then.",
            "what is below the line: all of `(1 - beta**t)`.",
            lambda m, beta, t: m - beta**t,
        ),
        Misconception(
            "the 1 is missing",
            r"You divide by $\beta^t$: that is the part which is *missing*. Divide by the part which is there.",
            r"$1-\beta^t$.",
            lambda m, beta, t: m / beta**t,
        ),
    ],
    hints=[
        "If the weights add up to a half, the average is half of what it should be. What do you do?",
        "Divide by what the weights add up to.",
        "`m / (1 - beta**t)`",
    ],
)

adam = Exercise(
    name="adam",
    lecture=5,
    task="Write Adam: `adam(x, g, s, t, lr, beta1, beta2, eps)`.",
    formula=rf"\begin{{aligned}} {AVERAGES} \\ "
    r"\hat m_t &= \frac{m_t}{1-\beta_1^t} & \hat v_t &= \frac{v_t}{1-\beta_2^t} \\ "
    r"x_t &= x_{t-1} - \mathrm{lr}\; \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} \end{aligned}",
    trial=RuleTrial(reference=of_both_averages, hyper={"lr": LRS, **BETAS, "eps": EPS}),
    misconceptions=[
        *OF_ADAM.values(),
        Misconception(
            "the averages are used before they are brought up to date",
            "You take the step with the averages of the step before. In the first step they are 0, and you do not "
            "move.",
            "the indices of $m$ and $v$ in the last line: $t$.",
            old_averages,
        ),
    ],
    hints=[
        "Five lines, in the order of the formulas: two averages, two corrections, the step.",
        "Return the averages *without* hats: `return ..., State(m=m, v=v)`.",
        "`m_hat = m / (1 - beta1**t)`, and in the same way `v_hat`. `t` is 1 in the first step.",
        "`x - lr * m_hat / (v_hat**0.5 + eps)`",
    ],
)

adamw = Exercise(
    name="adamw",
    lecture=5,
    task="Write AdamW: `adamw(x, g, s, t, lr, beta1, beta2, eps, weight_decay)`. The averages are made of the "
    "gradient of "
    "the loss alone.",
    formula=r"\hat m_t,\ \hat v_t \text{ as in Adam}, \qquad x_t = x_{t-1} - \mathrm{lr}\, "
    r"\Big(\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda\, x_{t-1}\Big)",
    trial=RuleTrial(reference=decoupled, hyper={"lr": LRS, **BETAS, "eps": EPS, "weight_decay": (0.1, 0.2, 0.05, 0.3)}),
    misconceptions=[
        *of_adam(decoupled, decoupled_by, "m, v"),
        Misconception(
            "the decay is coupled",
            r"You add $\lambda x$ to the gradient: that is L2 inside Adam. It is averaged and divided by the root, "
            r"too, and "
            "spares the weights with large gradients.",
            r"where $\lambda\, x_{t-1}$ stands: beside the ratio. No average has seen it.",
            adamw_by(g=lambda x, g, decay: g + decay * x),
        ),
        Misconception(
            "the decay is divided by the root",
            r"You add $\lambda x$ to $\hat m$. It stands beside the ratio, not above its line.",
            r"where $\lambda\, x_{t-1}$ stands: beside the ratio.",
            adamw_by(step=lambda x, m_hat, root, decay: (m_hat + decay * x) / root),
        ),
        Misconception(
            "the decay lacks the learning rate",
            r"You take $\lambda x$ off. It is $\mathrm{lr}\,\lambda\,x$, as in torch: lr stands in front of the "
            r"parentheses.",
            r"the parentheses after $\mathrm{lr}$.",
            adamw_by(x=lambda x, lr, decay: x - decay * x),
        ),
        Misconception(
            "the weights grow",
            r"You add $\mathrm{lr}\,\lambda\,x$ where it is taken off. Decay makes weights smaller.",
            r"the sign of $\lambda\, x_{t-1}$: with the minus in front of lr.",
            adamw_by(x=lambda x, lr, decay: x + lr * decay * x),
        ),
        Misconception(
            "nothing decays",
            r"That is Adam: $\lambda$ is nowhere.",
            r"$\lambda\, x_{t-1}$.",
            adamw_by(),
        ),
        Misconception(
            "the decay comes after the step",
            r"You let the *new* x decay, the step included. What decays is $x_{t-1}$.",
            r"the index of $x$ behind $\lambda$: $t-1$.",
            adamw_by(after=lambda old, new, lr, decay: (1 - lr * decay) * new),
        ),
        Misconception(
            "the decay is added, and lacks the learning rate",
            r"You add $\lambda x$ to x. Decay makes weights smaller: it is taken off, and lr multiplies it, too.",
            r"the parentheses after $\mathrm{lr}$, and the sign in front of it.",
            adamw_by(x=lambda x, lr, decay: x + decay * x),
        ),
        Misconception(
            "the decay comes after the step, and lacks the learning rate",
            r"You let the *new* x decay, by $\lambda$. What decays is $x_{t-1}$, by $\mathrm{lr}\,\lambda$.",
            r"the index of $x$ behind $\lambda$, and the parentheses after $\mathrm{lr}$.",
            adamw_by(after=lambda old, new, lr, decay: (1 - decay) * new),
        ),
    ],
    hints=[
        "Begin with Adam as it is. One term is new, in the last line.",
        "Two ways to the same: add $\\lambda x$ to the ratio, or let x shrink first: "
        "$(1-\\mathrm{lr}\\,\\lambda)\\,x$.",
        "`x - lr * (m_hat / (v_hat**0.5 + eps) + weight_decay * x)`",
    ],
)

amsgrad = Exercise(
    name="amsgrad",
    lecture=5,
    task="Write AMSGrad: `amsgrad(x, g, s, t, lr, beta1, beta2, eps)`. It divides by the largest average of squares so "
    "far, as torch does: the maximum first, then its correction. (`torch.maximum` wants two tensors, and "
    "what the state does not "
    "have yet is the number 0: `torch.as_tensor(s.v_max)` is right for both.)",
    formula=rf"\begin{{aligned}} {AVERAGES} \\ "
    r"\bar v_t &= \max(\bar v_{t-1},\, v_t), \quad \bar v_0 = 0 & x_t &= x_{t-1} - \mathrm{lr}\; "
    r"\frac{m_t / (1-\beta_1^t)}{\sqrt{\bar v_t / (1-\beta_2^t)} + \epsilon} \end{aligned}",
    trial=RuleTrial(
        reference=of_the_largest,
        hyper={"lr": LRS, "beta1": BETAS["beta1"], "beta2": (0.7, 0.55, 0.8, 0.6), "eps": EPS},
    ),
    misconceptions=[
        *(
            wrong
            for wrong in of_adam(of_the_largest, amsgrad_by, r"m, v, \bar v", r"\bar v_t / (1-\beta_2^t)")
            if wrong.name != "v is not corrected"
        ),
        Misconception(
            "the maximum is not corrected",
            r"You correct $m$ alone. The paper that introduced AMSGrad corrects nothing; torch, and the formula here, "
            "correct both.",
            r"what is under the root: $\bar v_t / (1-\beta_2^t)$.",
            amsgrad_by(ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v) + eps)),
        ),
        Misconception(
            "there is no maximum",
            "You divide by the newest average: that is Adam. Either there is no maximum, or you do not return it, as "
            "`v_max`, so that nothing is there to compare with.",
            r"what is under the root: $\bar v_t$, made of $\bar v_{t-1}$.",
            amsgrad_by(largest=lambda s, g, v, c2: v),
        ),
        Misconception(
            "the maximum is of the corrected averages",
            r"You correct first and take the maximum of $\hat v$ then. Early corrections are large: they win, and "
            r"stay.",
            r"what the maximum is of: $v_t$ as it is. Its correction comes after it.",
            amsgrad_by(
                largest=lambda s, g, v, c2: larger(s.v_max, v / c2),
                ratio=lambda m, v, c1, c2, eps: m / c1 / (sqrt(v) + eps),
            ),
        ),
        Misconception(
            "the maximum is of the squares",
            "You take the largest single square. It is the largest *average* of squares that counts.",
            "what the maximum is of: $v_t$.",
            amsgrad_by(largest=lambda s, g, v, c2: larger(s.v_max, g * g)),
        ),
        Misconception(
            "the maximum goes into the average",
            r"Your average goes on from the maximum. Keep both: $v$ goes on by itself, and $\bar v$ watches it.",
            r"the first line: $v_{t-1}$ has no bar.",
            amsgrad_by(kept=lambda v, v_max: v_max),
        ),
        Misconception(
            "the maximum is of the last two",
            r"You compare with $v_{t-1}$. The largest so far is $\bar v_{t-1}$: keep it in the state.",
            r"what $v_t$ is compared with: $\bar v_{t-1}$.",
            amsgrad_by(remembered=lambda v, v_max: v),
        ),
        Misconception(
            "one maximum for all coordinates",
            r"You take the largest of all coordinates (`torch.max` of one tensor). `torch.maximum` compares two "
            r"tensors, "
            "number by number.",
            r"$\max(\bar v_{t-1},\, v_t)$: a tensor, as $v_t$ is.",
            amsgrad_by(largest=lambda s, g, v, c2: larger(s.v_max, v).max().expand_as(v)),
        ),
        Misconception(
            "the least instead of the largest",
            "Your divisor never grows: from the first step on you keep the smallest average.",
            r"$\max$.",
            amsgrad_by(largest=lambda s, g, v, c2: torch.minimum(s.v_max, v) if torch.is_tensor(s.v_max) else v),
        ),
    ],
    hints=[
        "Adam, with one line more, and a third thing to remember.",
        "`State(m=m, v=v, v_max=v_max)`: the average goes on from `s.v`, not from the maximum.",
        "`v_max = torch.maximum(torch.as_tensor(s.v_max), v)`",
    ],
)

own_adam = Exercise(
    name="own_adam",
    lecture=5,
    task="Adam as a `torch.optim.Optimizer` of your own: `OwnAdam(params, lr, beta1, beta2, eps)`. Keep what each "
    "parameter needs in `self.state[p]`, read lr from the group at each step, pass over parameters without gradient, "
    "leave `p.grad` as it is, and let `step(closure=None)` return the closure's loss. Below `@torch.no_grad()` the "
    "closure has no graph: call it in `with torch.enable_grad():`.",
    formula=adam.formula,
    trial=OptimizerTrial(reference=OwnAdam, hyper={"lr": LRS, **BETAS, "eps": EPS}),
    misconceptions=[
        *misconceptions.of_an_optimizer(OwnAdam),
        Misconception(
            "the clock is advanced by every parameter",
            "You count parameter tensors, not steps, as notebook A does: with two of them, your clock runs twice "
            "as fast, "
            "and the correction fades too soon.",
            "where `t` goes up: once a step. In `self.state[p]`, each parameter has a clock of its own.",
            optimizer_by(clock=lambda optimizer, p: optimizer.tensors),
        ),
        Misconception(
            "the clock is advanced by every group",
            "You count groups, not steps: with two groups, your clock runs twice as fast.",
            "where `t` goes up: once a step. In `self.state[p]`, each parameter has a clock of its own.",
            optimizer_by(clock=lambda optimizer, p: optimizer.groups),
        ),
        Misconception(
            "the clock stands still",
            r"Every step of yours is corrected as if it were the first: $\beta$ stands where the formula has "
            r"$\beta^t$.",
            r"the exponent of $\beta$ in the correction.",
            optimizer_by(clock=lambda optimizer, p: 1),
        ),
        Misconception(
            "the parameter itself is not changed",
            "`p = p - ...` makes a new tensor, which only your loop knows. The parameter stays where it was.",
            "`p.sub_(...)` or `p -= ...`, below `@torch.no_grad()`: here, in place is right.",
            optimizer_by(change=lambda p, step: p - step),
        ),
        Misconception(
            "the sign",
            "Your step goes up: it is added where the formula subtracts it.",
            "the sign in front of the step.",
            optimizer_by(change=lambda p, step: p.add_(step)),
        ),
        Misconception(
            "the state is not kept",
            "Your averages begin anew in each step. Write them back: `self.state[p]['m'] = m`.",
            "`self.state[p]`: it outlives the step, a variable does not.",
            optimizer_by(keep=False),
        ),
        nothing_corrected(optimizer_by(ratio=lambda m, v, c1, c2, eps: m / (sqrt(v) + eps))),
        eps_on_the_ratio(optimizer_by(ratio=lambda m, v, c1, c2, eps: m / c1 / sqrt(v / c2) + eps)),
    ],
    hints=[
        "`super().__init__(params, dict(lr=lr, beta1=beta1, beta2=beta2, eps=eps))` makes the groups.",
        "In `step`: `for group in self.param_groups: for p in group['params']:`, and `continue` if `p.grad is None`.",
        "`s = self.state[p]` is an empty dictionary at first: `s['t'] = s.get('t', 0) + 1`, and `s.get('m', "
        "0)` likewise.",
        "Change the parameter in place, without a graph: `@torch.no_grad()` above `step`, and `p.sub_(lr * "
        "...)`. If there "
        "is a closure, call it under `torch.enable_grad()`, first.",
    ],
)

BY_HAND = {
    "numbers": {
        "lr": (0.2, 0.1, 0.3, 0.25),
        "beta1": (0.9, 0.8, 0.95, 0.7),
        "beta2": (0.999, 0.995, 0.98, 0.97),
        "eps": (1e-6, 1e-5, 1e-4, 3e-5),
    },
    "formula": adam.formula,
}
two_steps_of_adam = questions.steps_of(
    of_both_averages,
    name="two_steps_of_adam",
    lecture=5,
    steps=2,
    digits=8,
    misconceptions=[
        OF_ADAM[name] for name in ("ε is added to the ratio", "the clock stands still", "the start is not corrected")
    ],
    hints=[
        "The first step needs no calculator, but for ε: $\\hat m$ is g and the root of $\\hat v$ is |g|, so "
        "it is lr long.",
        "Two of the answers are close together: one of them has ε in another place. A pencil does not tell them apart; "
        "the side on which each lies does.",
        "ε added to the ratio moves both coordinates towards smaller x, whatever the gradient is. Added to "
        "the root, it "
        "makes the step a little shorter.",
    ],
    **BY_HAND,
)

thirty_steps_of_adam = questions.steps_of(
    of_both_averages,
    name="thirty_steps_of_adam",
    lecture=5,
    steps=30,
    choices=False,
    digits=7,
    misconceptions=[
        OF_ADAM[name]
        for name in (
            "ε is added to the ratio",
            "ε is inside the root",
            "ε is missing",
            "ε is added before the correction",
            "the clock stands still",
            "the start is not corrected",
            "v is not corrected",
            "the betas are exchanged",
            "the gradient itself is on top",
            "the state is not kept",
            "the sign",
        )
    ],
    hints=[
        "A loop of 30 turns: gradient, averages, corrections, step. Or `descend` of the lecture, with the "
        "right arguments.",
        "In `float64`: with `float32`, the last decimals are not right.",
        '`descend("quadratic", "adam", start=..., lr=..., beta1=..., beta2=..., eps=..., steps=30).x[-1]`',
    ],
    numbers=BY_HAND["numbers"] | {"lr": (0.2, 0.1, 0.15, 0.12), "beta2": (0.999, 0.995, 0.99, 0.97)},
    formula=BY_HAND["formula"],
)

start_without_correction = Question(
    name="start_without_correction",
    lecture=5,
    text="The gradient is <g> in every step. Adam walks with β₁ = <beta1>, β₂ = <beta2> and ε = 0, but both "
    "corrections "
    "were forgotten. How long is its step number <t>, in units of lr?",
    numbers={
        "g": (2.0, 0.01, 5.0, 0.3),
        "beta1": (0.9, 0.8, 0.95),
        "beta2": (0.999, 0.995, 0.9999),
        "t": (10, 3, 5, 7),
    },
    answer=lambda g, beta1, beta2, t: (1 - beta1**t) / sqrt(1 - beta2**t),
    because=lambda g, beta1, beta2, t: (
        rf"$m_t = (1-\beta_1^t)\,g$ = {(1 - beta1**t):.4g} g and $v_t = (1-\beta_2^t)\,g^2$ = {(1 - beta2**t):.4g} g². "
        f"So the step is {1 - beta1**t:.4g} / √{1 - beta2**t:.4g} = {(1 - beta1**t) / sqrt(1 - beta2**t):.2f} "
        f"lr. With both "
        "corrections, it would be 1."
    ),
    misconceptions=[
        Misconception(
            "as if it were corrected",
            "1 lr: that is what the two corrections make of it. Here they were forgotten.",
            "how large $m_t$ and $v_t$ are after so many equal gradients.",
            lambda g, beta1, beta2, t: 1.0,
        ),
        Misconception(
            "the fraction is upside down",
            r"$m$ is above the line: its part $1-\beta_1^t$ is, too.",
            r"which average is above the line.",
            lambda g, beta1, beta2, t: sqrt(1 - beta2**t) / (1 - beta1**t),
        ),
        Misconception(
            "the root is forgotten",
            r"It is the root of $v_t$ that divides.",
            r"$\sqrt{v_t}$.",
            lambda g, beta1, beta2, t: (1 - beta1**t) / (1 - beta2**t),
        ),
        Misconception(
            "the first step instead",
            "That is the length of the first step. The averages have filled up further since.",
            r"the exponents: $1-\beta^t$.",
            lambda g, beta1, beta2, t: (1 - beta1) / sqrt(1 - beta2),
        ),
        Misconception(
            "only m begins at 0",
            r"You take $v$ as if it were full. It begins at 0, too, and fills far more slowly: so steps are too "
            r"*long*.",
            "how large $v_t$ is after so many equal gradients.",
            lambda g, beta1, beta2, t: 1 - beta1**t,
        ),
    ],
    digits=2,
    hints=[
        "How large is $m$ after so many equal gradients, and how large is $v$? Both began at 0.",
        r"$m_t = (1-\beta_1^t)\,g$, and $v_t = (1-\beta_2^t)\,g^2$. Divide; the gradient cancels.",
    ],
)

memory_of_adam = Question(
    name="memory_of_adam",
    lecture=5,
    text="A network has <n> million weights, in float32: 4 bytes each. How many megabytes (10⁶ bytes) does Adam "
    "need beside the weights "
    "and their gradients?",
    numbers={"n": (25, 7, 11, 14, 22, 44, 60, 66, 86, 110, 138, 340)},
    answer=lambda n: 8 * n,
    because=lambda n: (
        f"Two averages, $m$ and $v$: two numbers of 4 bytes for each weight, 8 × {n} = {8 * n} megabytes."
    ),
    misconceptions=[
        Misconception(
            "one average alone",
            "You count one number per weight: that is RMSProp, or momentum. Adam keeps two averages.",
            "the first two formulas of Adam.",
            lambda n: 4 * n,
        ),
        Misconception(
            "a velocity left over",
            "You count three numbers per weight. Adam's $m$ is its velocity: there is no other. (Notebook A's "
            "Adam does "
            "keep a third: it still updates the velocity of the cell before, which nothing reads.)",
            "the first two formulas of Adam.",
            lambda n: 12 * n,
        ),
        Misconception(
            "weights and gradients are counted, too",
            "You count all four: weights, gradients, $m$ and $v$. The question is about what Adam adds.",
            "the words *beside the weights and their gradients*.",
            lambda n: 16 * n,
        ),
        Misconception(
            "numbers instead of bytes",
            "You count numbers. Each of them has 4 bytes.",
            "the words *4 bytes each*.",
            lambda n: 2 * n,
        ),
        Misconception(
            "bytes, not megabytes",
            "You count bytes. A megabyte has a million of them.",
            "the words *10⁶ bytes*.",
            lambda n: 8 * n * 10**6,
        ),
        Misconception(
            "mebibytes",
            "You divide by 2²⁰ bytes: those are mebibytes (MiB), which many tools show. Here a megabyte is 10⁶ bytes.",
            "the words *10⁶ bytes*.",
            lambda n: round(8 * n * 10**6 / 2**20),
        ),
    ],
    choices=False,
    digits=0,
    hints=["What does Adam hand on from step to step? One number per weight for each of them.", "`State(m=m, v=v)`"],
)

EXERCISES = [
    two_steps_of_adam,
    bias_correction,
    start_without_correction,
    adam,
    thirty_steps_of_adam,
    adamw,
    amsgrad,
    memory_of_adam,
    own_adam,
]
