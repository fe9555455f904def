"""Lecture 4, steps of their own: how an average forgets, Adagrad, RMSProp, Adadelta, RMSProp with Nesterov."""

import random
from collections.abc import Callable
from typing import Any

from course_utils.exercises import misconceptions, questions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, RuleTrial
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State, sqrt

LRS, RHOS, EPS = (0.5, 0.3, 0.8, 0.2), (0.9, 0.8, 0.7, 0.95), (0.1, 0.05, 0.2, 0.02)
SQUARED = (
    "You keep gradients where the formula keeps their squares. A gradient below 0 then makes a root of less than 0."
)


def weight(age, rho):
    return (1 - rho) * rho**age


def sum_of_squares(x, g, s, t, lr, eps):
    r = s.r + g * g
    return x - lr * g / (sqrt(r) + eps), State(r=r)


def average_of_squares(x, g, s, t, lr, rho, eps):
    v = rho * s.v + (1 - rho) * g * g
    return x - lr * g / (sqrt(v) + eps), State(v=v)


def inside_the_root(x, g, s, t, lr, rho, delta):
    v = rho * s.v + (1 - rho) * g * g
    return x - lr * g / sqrt(v + delta), State(v=v)


def without_units(x, g, s, t, lr, rho, eps):
    v = rho * s.v + (1 - rho) * g * g
    d = sqrt(s.u + eps) / sqrt(v + eps) * g
    u = rho * s.u + (1 - rho) * d * d
    return x - lr * d, State(v=v, u=u)


def scaled_velocity(x, gradient, s, t, lr, rho, momentum, delta):
    g = gradient(x + momentum * s.v)
    r = rho * s.r + (1 - rho) * g * g
    v = momentum * s.v - lr * g / sqrt(r + delta)
    return x + v, State(r=r, v=v)


def ages(seed: int) -> dict[str, dict[int, dict[str, Any]]]:
    rhos = random.Random(seed).sample((0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85), 2) if seed else (0.9, 0.6)
    return {f"ρ = {rho:g}": {age: {"age": age, "rho": rho} for age in range(13)} for rho in rhos}


# Wrong ones: the right rule, with one line of it replaced.


def adagrad_by(r=lambda s, g, t: s.r + g * g, step=lambda g, r, eps, t: g / (sqrt(r) + eps), old=False) -> Callable:
    def rule(x, g, s, t, lr, eps):
        new = r(s, g, t)
        return x - lr * step(g, s.r if old else new, eps, t), State(r=new)

    return rule


def eps_kept(x, g, s, t, lr, eps):
    r = s.r + g * g + eps
    return x - lr * g / sqrt(r), State(r=r)


def rmsprop_by(
    v=lambda s, g, rho: rho * s.v + (1 - rho) * g * g,
    step=lambda g, v, eps, correction: g / (sqrt(v) + eps),
    old=False,
) -> Callable:
    def rule(x, g, s, t, lr, rho, eps):
        new = v(s, g, rho)
        return x - lr * step(g, s.v if old else new, eps, 1 - rho**t), State(v=new)

    return rule


def adadelta_by(
    v=lambda s, g, rho: rho * s.v + (1 - rho) * g * g,
    d=lambda g, u, v, eps: sqrt(u + eps) / sqrt(v + eps) * g,
    u=lambda s, g, d, rho, lr: rho * s.u + (1 - rho) * d * d,
) -> Callable:
    def rule(x, g, s, t, lr, rho, eps):
        new_v = v(s, g, rho)
        step = d(g, s.u, new_v, eps)
        return x - lr * step, State(v=new_v, u=u(s, g, step, rho, lr))

    return rule


def new_on_top(x, g, s, t, lr, rho, eps):
    _, s = without_units(x, g, s, t, lr, rho, eps)
    return x - lr * sqrt(s.u + eps) / sqrt(s.v + eps) * g, s


def nesterov_by(
    ahead=lambda x, v, lr, momentum: x + momentum * v,
    scaled=lambda g, r, old_r, delta: g / sqrt(r + delta),
    velocity=lambda v, lr, momentum, scaled: momentum * v - lr * scaled,
    start=lambda x, ahead: x,
    step=lambda v, lr: v,
) -> Callable:
    def rule(x, gradient, s, t, lr, rho, momentum, delta):
        there = ahead(x, s.v, lr, momentum)
        g = gradient(there)
        r = rho * s.r + (1 - rho) * g * g
        v = velocity(s.v, lr, momentum, scaled(g, r, s.r, delta))
        return start(x, there) + step(v, lr), State(r=r, v=v)

    return rule


def no_root(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "the root is forgotten",
        f"You divide by ${letter}_t$ itself. That has the units of $g^2$: then small gradients make long steps.",
        rf"what divides $g_t$: $\sqrt{{{letter}_t}} + \epsilon$.",
        rule,
    )


def half(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "a half instead of the root",
        f"`{letter}**1/2` is `({letter}**1)/2` for Python: a power binds tighter than a quotient. You divide by half "
        f"of ${letter}_t$.",
        f"the root: `{letter}**0.5`, or `{letter}**(1/2)`.",
        rule,
    )


def eps_inside(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "ε is inside the root",
        "You add ε inside the root, as many textbooks do. There it acts on far larger gradients. Here it stands "
        "outside, as in torch.",
        rf"how far the root reaches: $\sqrt{{{letter}_t}} + \epsilon$.",
        rule,
    )


def eps_on_the_ratio(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "ε is added to the ratio",
        "You divide first and add ε then: it pushes every coordinate by lr ε, whichever way its gradient points. "
        "A matter of parentheses.",
        r"what $\epsilon$ is added to: the root. `g / (root + eps)`, not `g / root + eps`.",
        rule,
    )


def old_divisor(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        f"{letter} is used before it is brought up to date",
        f"You divide by the ${letter}$ of the step before, in which the newest gradient is not yet. In the first step "
        "only ε is there to divide by.",
        f"the index of ${letter}$ in the last line: $t$.",
        rule,
    )


def not_squared(letter: str, rule: Callable) -> Misconception:
    return Misconception("the gradient is not squared", SQUARED, f"what goes into ${letter}_t$: $g_t^2$.", rule)


def sizes(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "sizes instead of squares",
        f"You put $|g_t|$ into ${letter}_t$, and take the root of that. The root undoes a square; there must be one.",
        f"what goes into ${letter}_t$: $g_t^2$.",
        rule,
    )


def one_for_all(letter: str, rule: Callable) -> Misconception:
    return Misconception(
        "one number for all coordinates",
        f"You add up the squares of all coordinates, so that all have the same ${letter}$. Then no coordinate has a "
        "step of its own.",
        "the product $g_t^2$: number by number, a tensor like $g_t$.",
        rule,
    )


weight_of_age = Exercise(
    name="weight_of_age",
    lecture=4,
    task="An average that forgets: how much does a gradient's square count in $v_t$ when it is `age` steps old? The "
    "newest has the age 0. Write `weight_of_age(age, rho)`.",
    formula=r"v_t = \rho\, v_{t-1} + (1-\rho)\, g_t^2 = w_0\, g_t^2 + w_1\, g_{t-1}^2 + w_2\, g_{t-2}^2 + \dots",
    trial=FunctionTrial(
        reference=weight,
        cases=ages,
        axis="age",
    ),
    misconceptions=[
        Misconception(
            "the factor in front is missing",
            r"You have $\rho^k$: the newest would count all. In an average, the weights add up to 1; "
            r"yours add up to $1/(1-\rho)$.",
            r"the factor in front of $g_t^2$: $1-\rho$.",
            lambda age, rho: rho**age,
        ),
        Misconception(
            "the ages are counted from 1",
            r"Your newest gradient has been braked once already. Its age is 0: it counts $1-\rho$.",
            r"$w_0$: $\rho^0 = 1$.",
            lambda age, rho: (1 - rho) * rho ** (age + 1),
        ),
        Misconception(
            "the power is one too small",
            "Your weight of each gradient is the one of the next newer one, and the newest counts too much.",
            r"$w_0$: $\rho^0 = 1$.",
            lambda age, rho: (1 - rho) * rho ** (age - 1),
        ),
        Misconception(
            "the weights are exchanged",
            r"You let $1-\rho$ be what is kept in each step. What is kept is $\rho$.",
            r"what multiplies $v_{t-1}$ in each step.",
            lambda age, rho: rho * (1 - rho) ** age,
        ),
        Misconception(
            "a product instead of a power",
            r"You multiply by the age. Each step multiplies what is left by $\rho$ once more: a power.",
            r"$\rho^k$.",
            lambda age, rho: (1 - rho) * rho * age,
        ),
        Misconception(
            "all count the same",
            r"Your weight does not depend on the age. It is the newest one's; each step multiplies it by $\rho$.",
            r"$\rho^k$: where is `age`?",
            lambda age, rho: 1 - rho,
        ),
        Misconception(
            "the weight of all newer ones, too",
            "You give what all gradients of this age or less weigh together.",
            r"$w_k$: the weight of a single one.",
            lambda age, rho: 1 - rho ** (age + 1),
        ),
    ],
    hints=[
        "The newest goes in with one factor. What does the next step do to it, and the one after that?",
        r"One step old: it went in with $1-\rho$, and was multiplied by $\rho$ once.",
        "`(1 - rho) * rho**age`",
    ],
)

adagrad = Exercise(
    name="adagrad",
    lecture=4,
    task="Write Adagrad: `adagrad(x, g, s, t, lr, eps)`. ε stands outside the root, as in torch. What the state does "
    "not have yet is the number 0: `s.r` can be read at once.",
    formula=r"r_t = r_{t-1} + g_t^2, \qquad x_t = x_{t-1} - \mathrm{lr}\; \frac{g_t}{\sqrt{r_t} + \epsilon}",
    trial=RuleTrial(reference=sum_of_squares, hyper={"lr": LRS, "eps": EPS}),
    misconceptions=[
        *misconceptions.with_state(sum_of_squares, "r"),
        no_root("r", adagrad_by(step=lambda g, r, eps, t: g / (r + eps))),
        half("r", adagrad_by(step=lambda g, r, eps, t: g / (r / 2 + eps))),
        eps_inside("r", adagrad_by(step=lambda g, r, eps, t: g / sqrt(r + eps))),
        eps_on_the_ratio("r", adagrad_by(step=lambda g, r, eps, t: g / sqrt(r) + eps)),
        misconceptions.eps_missing(adagrad_by(step=lambda g, r, eps, t: g / sqrt(r))),
        misconceptions.eps_at_the_end(adagrad_by(step=lambda g, r, eps, t: g / sqrt(r))),
        old_divisor("r", adagrad_by(old=True)),
        not_squared("r", adagrad_by(r=lambda s, g, t: s.r + g)),
        sizes("r", adagrad_by(r=lambda s, g, t: s.r + g.abs())),
        one_for_all("r", adagrad_by(r=lambda s, g, t: s.r + (g * g).sum())),
        Misconception(
            "the mean instead of the sum",
            "You divide the sum by the number of steps. Then the steps do not die out: that is not Adagrad any more.",
            "$r_t = r_{t-1} + g_t^2$: nothing divides it.",
            adagrad_by(step=lambda g, r, eps, t: g / (sqrt(r / t) + eps)),
        ),
        Misconception(
            "the sum forgets",
            r"Your $r$ is an average that forgets, with 0.9 and 0.1: that is RMSProp. Adagrad's sum keeps everything.",
            "$r_t = r_{t-1} + g_t^2$: no factor at all.",
            adagrad_by(r=lambda s, g, t: 0.9 * s.r + 0.1 * g * g),
        ),
        Misconception(
            "ε goes into the sum",
            "You keep $r$ with ε in it, so that one more ε is added in every step.",
            r"where $\epsilon$ stands: in the last line alone.",
            eps_kept,
        ),
    ],
    hints=[
        "Two lines: bring the sum of squares up to date; then the step, along g divided by the sum's root.",
        "The sum so far is `s.r`. Keep the new one by returning it: `return ..., State(r=r)`.",
        "The root of a tensor is `r**0.5` or `r.sqrt()`. Mind the parentheses around what divides g.",
        "`r = s.r + g * g`, then `x - lr * g / (r**0.5 + eps)`",
    ],
)

rmsprop = Exercise(
    name="rmsprop",
    lecture=4,
    task="Write RMSProp: `rmsprop(x, g, s, t, lr, rho, eps)`. ε stands outside the root, as in torch.",
    formula=r"v_t = \rho\, v_{t-1} + (1-\rho)\, g_t^2, \qquad "
    r"x_t = x_{t-1} - \mathrm{lr}\; \frac{g_t}{\sqrt{v_t} + \epsilon}",
    trial=RuleTrial(reference=average_of_squares, hyper={"lr": LRS, "rho": RHOS, "eps": EPS}),
    misconceptions=[
        *misconceptions.with_state(average_of_squares, "v"),
        no_root("v", rmsprop_by(step=lambda g, v, eps, c: g / (v + eps))),
        half("v", rmsprop_by(step=lambda g, v, eps, c: g / (v / 2 + eps))),
        eps_inside("v", rmsprop_by(step=lambda g, v, eps, c: g / sqrt(v + eps))),
        eps_on_the_ratio("v", rmsprop_by(step=lambda g, v, eps, c: g / sqrt(v) + eps)),
        misconceptions.eps_missing(rmsprop_by(step=lambda g, v, eps, c: g / sqrt(v))),
        misconceptions.eps_at_the_end(rmsprop_by(step=lambda g, v, eps, c: g / sqrt(v))),
        old_divisor("v", rmsprop_by(old=True)),
        not_squared("v", rmsprop_by(v=lambda s, g, rho: rho * s.v + (1 - rho) * g)),
        sizes("v", rmsprop_by(v=lambda s, g, rho: rho * s.v + (1 - rho) * g.abs())),
        one_for_all("v", rmsprop_by(v=lambda s, g, rho: rho * s.v + (1 - rho) * (g * g).sum())),
        Misconception(
            "a sum instead of the average",
            r"You take all of $g_t^2$. The average takes the part $1-\rho$ of it.",
            r"the factor in front of $g_t^2$.",
            rmsprop_by(v=lambda s, g, rho: rho * s.v + g * g),
        ),
        Misconception(
            "nothing is forgotten",
            "You add up all squares, and keep them for ever: that is Adagrad.",
            r"the factors in front of $v_{t-1}$ and $g_t^2$.",
            rmsprop_by(v=lambda s, g, rho: s.v + g * g),
        ),
        Misconception(
            "the weights are exchanged",
            r"You weigh the old average with $1-\rho$ and the new square with $\rho$.",
            "which factor stands in front of $v_{t-1}$.",
            rmsprop_by(v=lambda s, g, rho: (1 - rho) * s.v + rho * g * g),
        ),
        Misconception(
            "the factor is squared, too",
            r"You square $(1-\rho)\,g_t$ as a whole. Only the gradient is squared.",
            r"$(1-\rho)\, g_t^2$: what the 2 belongs to.",
            rmsprop_by(v=lambda s, g, rho: rho * s.v + ((1 - rho) * g) ** 2),
        ),
        Misconception(
            "the start is corrected",
            r"You divide $v_t$ by $1-\rho^t$. That is a part of Adam. RMSProp does not: its first steps are too long, "
            "until the average has filled.",
            r"what is under the root: $v_t$ alone.",
            rmsprop_by(step=lambda g, v, eps, c: g / (sqrt(v / c) + eps)),
        ),
    ],
    hints=[
        "As Adagrad, but for one line: the sum becomes an average that forgets.",
        "The part ρ of the old average, and the rest of the new square.",
        "`v = rho * s.v + (1 - rho) * g * g`",
    ],
)

adadelta = Exercise(
    name="adadelta",
    lecture=4,
    task="Write Adadelta: `adadelta(x, g, s, t, lr, rho, eps)`. It keeps two averages: `v` of the gradients' squares, "
    "`u` of the steps' squares. In the paper lr is 1; torch lets you choose it. (What the state does not have yet is "
    "the number 0. `torch.sqrt` wants a tensor; `**0.5` is right for both.)",
    formula=r"\begin{aligned} v_t &= \rho\, v_{t-1} + (1-\rho)\, g_t^2 & "
    r"d_t &= \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\; g_t \\ "
    r"u_t &= \rho\, u_{t-1} + (1-\rho)\, d_t^2 & x_t &= x_{t-1} - \mathrm{lr}\; d_t \end{aligned}",
    trial=RuleTrial(reference=without_units, hyper={"lr": (2.0, 0.5, 1.5, 3.0), "rho": RHOS, "eps": EPS}),
    misconceptions=[
        *(m for m in misconceptions.with_state(without_units, "v, u") if m.name != "the old x is returned"),
        *(misconceptions.one_lost(without_units, name) for name in "vu"),
        Misconception(
            "x does not move",
            "Your x stays where it was. Either it is the old x that you return, or ε is not under the upper root: then "
            "the first step is 0, and with it $u$, and all steps to come.",
            r"the upper root: $\sqrt{u_{t-1} + \epsilon}$.",
            adadelta_by(d=lambda g, u, v, eps: 0 * g),
        ),
        Misconception(
            "the new u is on top",
            "You bring $u$ up to date first, and measure the step by itself. On top is the average of the "
            "steps *before*.",
            r"the index of $u$ in the second formula: $t-1$.",
            new_on_top,
        ),
        Misconception(
            "no steps on top",
            "Above the line you have nothing but the gradient: that is RMSProp. The units do not work out.",
            r"what is above the line: $\sqrt{u_{t-1} + \epsilon}$.",
            adadelta_by(d=lambda g, u, v, eps: g / sqrt(v + eps)),
        ),
        Misconception(
            "u is made of gradients",
            "Both of your averages are of gradients, and their units cancel. On top belong the *steps*.",
            "what goes into $u_t$: $d_t^2$.",
            adadelta_by(u=lambda s, g, d, rho, lr: rho * s.u + (1 - rho) * g * g),
        ),
        Misconception(
            "lr goes into u",
            "You keep the squares of lr times $d$. The average takes $d$ as it is; lr multiplies it only on the way to "
            "x.",
            "what goes into $u_t$: $d_t^2$, without lr.",
            adadelta_by(u=lambda s, g, d, rho, lr: rho * s.u + (1 - rho) * (lr * d) ** 2),
        ),
        Misconception(
            "the fraction is upside down",
            "You divide by the steps and multiply by the gradients.",
            "which root is above the line: that of $u$.",
            adadelta_by(d=lambda g, u, v, eps: sqrt(v + eps) / sqrt(u + eps) * g),
        ),
        Misconception(
            "ε is outside the roots",
            r"You add ε to the roots, as in torch's RMSprop. Here it is inside both.",
            r"how far the roots reach: $\sqrt{u_{t-1} + \epsilon}$ and $\sqrt{v_t + \epsilon}$.",
            adadelta_by(d=lambda g, u, v, eps: (sqrt(u) + eps) / (sqrt(v) + eps) * g),
        ),
        Misconception(
            "the roots are forgotten",
            "You divide mean squares. Their ratio has the units of a step *squared* over those of a gradient squared.",
            "the two roots.",
            adadelta_by(d=lambda g, u, v, eps: (u + eps) / (v + eps) * g),
        ),
        Misconception(
            "the gradient is missing",
            "Your $d$ is the ratio of the roots alone: it has a length, and always the same direction.",
            "what stands behind the fraction: $g_t$.",
            adadelta_by(d=lambda g, u, v, eps: sqrt(u + eps) / sqrt(v + eps) + 0 * g),
        ),
        Misconception(
            "v is used before it is brought up to date",
            "You divide by the $v$ of the step before, in which the newest gradient is not yet.",
            "the index of $v$ in the second formula: $t$.",
            lambda x, g, s, t, lr, rho, eps: adadelta_by(d=lambda g, u, _, eps: sqrt(u + eps) / sqrt(s.v + eps) * g)(
                x, g, s, t, lr, rho, eps
            ),
        ),
        not_squared("v", adadelta_by(v=lambda s, g, rho: rho * s.v + (1 - rho) * g)),
        Misconception(
            "the step is not squared",
            "You keep steps where the formula keeps their squares. A step below 0 then makes a root of less than 0.",
            "what goes into $u_t$: $d_t^2$.",
            adadelta_by(u=lambda s, g, d, rho, lr: rho * s.u + (1 - rho) * d),
        ),
        Misconception(
            "sums instead of averages",
            r"You take all of $g_t^2$ and of $d_t^2$. The averages take the part $1-\rho$.",
            r"the factors $1-\rho$.",
            adadelta_by(v=lambda s, g, rho: rho * s.v + g * g, u=lambda s, g, d, rho, lr: rho * s.u + d * d),
        ),
        Misconception(
            "the weights are exchanged",
            r"You weigh the old averages with $1-\rho$ and what is new with $\rho$.",
            "which factor stands in front of $v_{t-1}$ and $u_{t-1}$.",
            lambda x, g, s, t, lr, rho, eps: without_units(x, g, s, t, lr, 1 - rho, eps),
        ),
    ],
    hints=[
        "Four lines, in the order of the formulas: `v`, the step `d`, `u`, the new x. Read them from left to right.",
        "For `d` you need the old `s.u` and the new `v`. Then `d` goes into the new `u`.",
        "`d = (s.u + eps)**0.5 / (v + eps)**0.5 * g`",
        "`u = rho * s.u + (1 - rho) * d * d`, and `State(v=v, u=u)`",
    ],
)

rmsprop_nesterov = Exercise(
    name="rmsprop_nesterov",
    lecture=4,
    task="RMSProp with Nesterov's momentum, as textbooks have it: `rmsprop_nesterov(x, gradient, s, t, lr, rho, "
    "momentum, delta)`. You get the gradient as a **function**: `gradient(z)` is the gradient at the point `z`. δ is "
    "inside the root.",
    formula=r"\begin{aligned} g_t &= \nabla f(x_{t-1} + \mu\, v_{t-1}) & r_t &= \rho\, r_{t-1} + (1-\rho)\, g_t^2 \\ "
    r"v_t &= \mu\, v_{t-1} - \mathrm{lr}\; \frac{g_t}{\sqrt{r_t + \delta}} & x_t &= x_{t-1} + v_t \end{aligned}",
    trial=RuleTrial(
        reference=scaled_velocity,
        hyper={"lr": (0.1, 0.05, 0.15, 0.2), "rho": RHOS, "momentum": (0.8, 0.5, 0.9, 0.6), "delta": EPS},
        looks=True,
    ),
    misconceptions=[
        *misconceptions.with_state(scaled_velocity, "r, v"),
        *(misconceptions.one_lost(scaled_velocity, name) for name in "rv"),
        Misconception(
            "the sign in the velocity",
            r"Your velocity points uphill: you add the scaled gradient to it. In this rule the minus sign is in "
            "$v_t$, and x adds it.",
            r"the sign in front of lr in the third formula.",
            nesterov_by(velocity=lambda v, lr, momentum, scaled: momentum * v + lr * scaled),
        ),
        Misconception(
            "the velocity is not braked",
            r"Nothing multiplies your old velocity: each step adds to it, and nothing is ever taken away. Notebook A "
            r"prints it like that.",
            r"the factor in front of $v_{t-1}$ in the third formula: $\mu$.",
            nesterov_by(velocity=lambda v, lr, momentum, scaled: v - lr * scaled),
        ),
        Misconception(
            "the gradient is taken at x",
            "You ask for the gradient where you stand: that is momentum without the look ahead.",
            r"the point in $\nabla f(\,\cdot\,)$: $x_{t-1} + \mu\,v_{t-1}$.",
            nesterov_by(ahead=lambda x, v, lr, momentum: x),
        ),
        Misconception(
            "the look ahead goes backwards",
            r"You look at the point behind you. Here the minus sign is in $v$ already: ahead is $+\,\mu\,v$.",
            r"the point in $\nabla f(\,\cdot\,)$: $x_{t-1} + \mu\,v_{t-1}$.",
            nesterov_by(ahead=lambda x, v, lr, momentum: x - momentum * v),
        ),
        Misconception(
            "the look ahead lacks the momentum",
            r"You look $v$ ahead. What will be left of the velocity is $\mu\,v$.",
            r"the point in $\nabla f(\,\cdot\,)$: $x_{t-1} + \mu\,v_{t-1}$.",
            nesterov_by(ahead=lambda x, v, lr, momentum: x + v),
        ),
        Misconception(
            "lr in the look ahead",
            r"You look $\mathrm{lr}\,\mu\,v$ ahead, as in lecture 3. Here lr is in $v$ already.",
            r"the point in $\nabla f(\,\cdot\,)$: $x_{t-1} + \mu\,v_{t-1}$.",
            nesterov_by(ahead=lambda x, v, lr, momentum: x + lr * momentum * v),
        ),
        Misconception(
            "lr once more in the step",
            r"You add $\mathrm{lr}\,v$ to x. Here lr is in $v$ already.",
            "$x_t = x_{t-1} + v_t$: no factor.",
            nesterov_by(step=lambda v, lr: lr * v),
        ),
        Misconception(
            "lr multiplies the old velocity, too",
            r"You take lr of all of the new velocity, the old one included.",
            "what lr stands in front of: the fraction alone.",
            nesterov_by(velocity=lambda v, lr, momentum, scaled: lr * (momentum * v - scaled)),
        ),
        Misconception(
            "the step begins at the point ahead",
            "You look ahead and stay there: the step is taken from the point at which you looked.",
            r"$x_t = x_{t-1} + v_t$: it begins at $x_{t-1}$.",
            nesterov_by(start=lambda x, ahead: ahead),
        ),
        Misconception(
            "δ is outside the root",
            "You add δ to the root, as torch does with its ε. Here it is inside.",
            r"how far the root reaches: $\sqrt{r_t + \delta}$.",
            nesterov_by(scaled=lambda g, r, old_r, delta: g / (sqrt(r) + delta)),
        ),
        Misconception(
            "δ is missing",
            "Nothing is added to what you divide by. As long as gradients are large, that hardly shows; where one "
            "is 0, "
            "you divide 0 by 0.",
            r"what is under the root: $r_t + \delta$.",
            nesterov_by(scaled=lambda g, r, old_r, delta: g / sqrt(r)),
        ),
        Misconception(
            "the root is forgotten",
            "You divide by $r_t$ itself. That has the units of $g^2$: then small gradients make long steps.",
            r"what divides $g_t$: $\sqrt{r_t + \delta}$.",
            nesterov_by(scaled=lambda g, r, old_r, delta: g / (r + delta)),
        ),
        Misconception(
            "r is used before it is brought up to date",
            "You divide by the $r$ of the step before, in which the newest gradient is not yet.",
            "the index of $r$ under the root: $t$.",
            nesterov_by(scaled=lambda g, r, old_r, delta: g / sqrt(old_r + delta)),
        ),
    ],
    hints=[
        "Four lines, in the order of the formulas. The first asks for the gradient ahead; the others you know.",
        "Ahead is `x + momentum * s.v`: $v$ is a step here, with its minus sign and lr in it.",
        "`v = momentum * s.v - lr * g / (r + delta)**0.5`",
    ],
)


def inside_by(
    v=lambda s, g, rho: rho * s.v + (1 - rho) * g * g,
    step=lambda g, v, delta, correction: g / sqrt(v + delta),
) -> Callable:
    def rule(x, g, s, t, lr, rho, delta):
        new = v(s, g, rho)
        return x - lr * step(g, new, delta, 1 - rho**t), State(v=new)

    return rule


DELTA_OUTSIDE = Misconception(
    "δ is outside the root",
    "You add δ to the root, as torch does with its ε. Here it is inside.",
    r"how far the root reaches: $\sqrt{v_t + \delta}$.",
    inside_by(step=lambda g, v, delta, correction: g / (sqrt(v) + delta)),
)
BY_HAND = {
    "numbers": {"lr": (0.3, 0.2, 0.4, 0.5), "rho": (0.9, 0.8, 0.95, 0.75), "delta": (1e-6, 1e-3, 1e-4, 1e-2)},
    "formula": r"v_t = \rho\, v_{t-1} + (1-\rho)\, g_t^2, \quad "
    r"x_t = x_{t-1} - \mathrm{lr}\; g_t / \sqrt{v_t + \delta}",
    "misconceptions": [
        Misconception(
            "nothing is forgotten",
            "You add up all squares, and keep them for ever: that is Adagrad.",
            r"the factors in front of $v_{t-1}$ and $g_t^2$.",
            inside_by(v=lambda s, g, rho: s.v + g * g),
        ),
        Misconception(
            "the root is forgotten",
            "You divide by $v_t$ itself. That has the units of $g^2$: then small gradients make long steps.",
            r"what divides $g_t$: $\sqrt{v_t + \delta}$.",
            inside_by(step=lambda g, v, delta, correction: g / (v + delta)),
        ),
        Misconception(
            "the start is corrected",
            r"You divide $v_t$ by $1-\rho^t$. That is a part of Adam. RMSProp does not: its first steps are too long, "
            "until the average has filled.",
            r"what is under the root: $v_t + \delta$.",
            inside_by(step=lambda g, v, delta, correction: g / sqrt(v / correction + delta)),
        ),
        Misconception(
            "a sum instead of the average",
            r"You take all of $g_t^2$. The average takes the part $1-\rho$ of it.",
            r"the factor in front of $g_t^2$.",
            inside_by(v=lambda s, g, rho: rho * s.v + g * g),
        ),
        Misconception(
            "the weights are exchanged",
            r"You weigh the old average with $1-\rho$ and the new square with $\rho$.",
            "which factor stands in front of $v_{t-1}$.",
            inside_by(v=lambda s, g, rho: (1 - rho) * s.v + rho * g * g),
        ),
        misconceptions.state_lost(inside_the_root, "v"),
        misconceptions.sign(inside_the_root),
    ],
}

two_steps_of_rmsprop = questions.steps_of(
    inside_the_root,
    name="two_steps_of_rmsprop",
    lecture=4,
    steps=2,
    hints=[
        "g is (0.2 x₁, 4 x₂): work it out at the start. And its square, number by number.",
        "Beside the gradients, δ is nothing yet. So the first step is lr / √(1 - ρ) long, in both coordinates.",
        "For the second step, work out g where you are now. The average keeps the part ρ of what it was.",
    ],
    **BY_HAND,
)

thirty_steps_of_rmsprop = questions.steps_of(
    inside_the_root,
    name="thirty_steps_of_rmsprop",
    lecture=4,
    steps=30,
    choices=False,
    digits=7,
    hints=[
        "A loop of 30 turns: gradient, average, step. Or `descend` of lecture 4, with the right arguments.",
        "With `rules.rmsprop`, δ inside the root is `delta`, and `eps` must be 0: it is not, by default.",
        '`descend("quadratic", "rmsprop", start=..., lr=..., alpha=..., eps=0, delta=..., steps=30).x[-1]`',
    ],
    numbers=BY_HAND["numbers"] | {"lr": (0.1, 0.07, 0.05, 0.06)},
    formula=BY_HAND["formula"],
    misconceptions=[*BY_HAND["misconceptions"], DELTA_OUTSIDE],
)

steps_that_die = Question(
    name="steps_that_die",
    lecture=4,
    text="On a slope, the gradient is <g> in every step. Adagrad walks there with lr = <lr> (and ε = 0). How long is "
    "its step number <t>?",
    numbers={"g": (3.0, 0.3, 7.0, 0.05), "lr": (0.1, 0.4, 0.25, 0.02), "t": (100, 25, 64, 16)},
    answer=lambda g, lr, t: lr / sqrt(t),
    because=lambda g, lr, t: (
        f"$r$ is then {t:g} times $g^2$, and the step "
        rf"$\mathrm{{lr}}\,g/\sqrt{{{t:g}\,g^2}} = \mathrm{{lr}}/\sqrt{{{t:g}}}$ = {lr / sqrt(t):.4g}."
    ),
    misconceptions=[
        Misconception(
            "the steps do not die",
            "You have lr: that is what an average that forgets would do. Adagrad's sum grows with every step.",
            "$r_t = r_{t-1} + g_t^2$: after so many steps?",
            lambda g, lr, t: lr,
        ),
        Misconception(
            "the root is forgotten",
            "You divide by the number of steps. By its root: squares are added, and then the root is taken.",
            r"$\sqrt{r_t}$.",
            lambda g, lr, t: lr / t,
        ),
        Misconception(
            "the steepness does not cancel",
            r"You divide lr times the gradient by $\sqrt t$. But the gradient is in $\sqrt{r_t}$, too.",
            r"$g_t / \sqrt{r_t}$, with $r_t = t\,g^2$.",
            lambda g, lr, t: lr * g / sqrt(t),
        ),
        Misconception(
            "nothing divides",
            "You have lr times the gradient: that is gradient descent.",
            r"what divides $g_t$.",
            lambda g, lr, t: lr * g,
        ),
    ],
    digits=5,
    hints=["How large is $r$ after so many equal gradients?", r"$r_t = t\,g^2$. Now divide $g$ by the root of it."],
)

EXERCISES = [
    two_steps_of_rmsprop,
    weight_of_age,
    adagrad,
    steps_that_die,
    rmsprop,
    thirty_steps_of_rmsprop,
    adadelta,
    rmsprop_nesterov,
]
