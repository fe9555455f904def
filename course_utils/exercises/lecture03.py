"""Lecture 3: momentum as a sum and as an average, Nesterov's look-ahead, and source D's project, an optimizer."""

from collections.abc import Callable

from course_utils import rules
from course_utils.exercises import misconceptions, questions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.trials import OptimizerTrial, RuleTrial
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State

import torch

LRS, MUS = (0.1, 0.05, 0.2, 0.15), (0.5, 0.9, 0.8, 0.7)


def sum_of_gradients(x, g, s, t, lr, momentum):
    v = momentum * s.v + g
    return x - lr * v, State(v=v)


def average_of_gradients(x, g, s, t, lr, beta):
    v = beta * s.v + (1 - beta) * g
    return x - lr * v, State(v=v)


def corrected(x, g, s, t, lr, beta):
    v = beta * s.v + (1 - beta) * g
    return x - lr * v / (1 - beta**t), State(v=v)


def look_ahead(x, gradient, s, t, lr, momentum):
    ahead = x - lr * momentum * s.v
    v = momentum * s.v + gradient(ahead)
    return x - lr * v, State(v=v)


def from_there(x, gradient, s, t, lr, momentum):
    ahead = x - lr * momentum * s.v
    v = momentum * s.v + gradient(ahead)
    return ahead - lr * v, State(v=v)


def shifted(x, gradient, s, t, lr, momentum):
    g = gradient(x)
    v = momentum * s.v + g
    return x - lr * (g + momentum * v), State(v=v)


def looking_from(name: str, says: str, point: Callable) -> Misconception:
    """Nesterov's rule with the gradient at another point."""

    def wrong(x, gradient, s, t, lr, momentum):
        v = momentum * s.v + gradient(point(x, s.v, lr, momentum))
        return x - lr * v, State(v=v)

    look = r"the point in $\nabla f(\,\cdot\,)$: $x_{t-1} - \mathrm{lr}\,\mu\,v_{t-1}$."
    return Misconception(name, says, look, wrong)


class NesterovSGD(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum, weight_decay):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    d = p.grad + group["weight_decay"] * p
                    v = self.state[p]["v"] = group["momentum"] * self.state[p].get("v", 0) + d
                    p.sub_(group["lr"] * (d + group["momentum"] * v))
        return loss


def nesterov_by(
    d=lambda p, g, decay: g + decay * p,
    v=lambda old, d, momentum: momentum * old + d,
    along=lambda p, g, d, v, momentum, decay: d + momentum * v,
    change=lambda p, step: p.sub_(step),
    keep=True,
) -> type[torch.optim.Optimizer]:
    """NesterovSGD, with one line of it replaced."""

    class Variant(NesterovSGD):
        @torch.no_grad()
        def step(self, closure=None):
            with torch.enable_grad():
                loss = closure() if closure else None
            for group in self.param_groups:
                for p in filter(lambda p: p.grad is not None, group["params"]):
                    self.update(p, **group)
            return loss

        def update(self, p, lr, momentum, weight_decay, **_):
            new_d = d(p, p.grad, weight_decay)
            new_v = v(self.state[p].get("v", 0), new_d, momentum)
            if keep:
                self.state[p]["v"] = new_v
            change(p, lr * along(p, p.grad, new_d, new_v, momentum, weight_decay))

    return Variant


SUM = Misconception(
    "the sum instead of the average",
    r"You take all of $g_t$. The average takes the part $1-\beta$ of it.",
    r"the factor in front of $g_t$.",
    lambda x, g, s, t, lr, beta: sum_of_gradients(x, g, s, t, lr, beta),
)
EXCHANGED = Misconception(
    "the weights are exchanged",
    r"You weigh the old velocity with $1-\beta$ and the gradient with $\beta$.",
    r"which factor stands in front of $v_{t-1}$.",
    lambda x, g, s, t, lr, beta: average_of_gradients(x, g, s, t, lr, 1 - beta),
)

momentum = Exercise(
    name="momentum",
    lecture=3,
    task="Write momentum as a **sum**: `momentum(x, g, s, t, lr, momentum)` gets the parameters `x`, the gradient "
    "`g` at `x`, the state `s` and the number `t` of the step, and returns the new x and the new state. What the state "
    "does not have yet is 0: `s.v` can be read at once.",
    formula=r"v_t = \mu\, v_{t-1} + g_t, \qquad x_t = x_{t-1} - \mathrm{lr}\; v_t",
    trial=RuleTrial(reference=sum_of_gradients, hyper={"lr": LRS, "momentum": MUS}),
    misconceptions=[
        *misconceptions.with_state(sum_of_gradients, "v"),
        Misconception(
            "the average instead of the sum",
            r"You weigh the new gradient with $1-\mu$: that is the average. The sum takes all of $g_t$.",
            r"$v_t = \mu\, v_{t-1} + g_t$: no factor in front of $g_t$.",
            lambda x, g, s, t, lr, momentum: rules.momentum_ema(x, g, s, t, lr, momentum),
        ),
        Misconception(
            "the step goes along the old velocity",
            "You take the step with the velocity of the step before, and bring the velocity up to date afterwards.",
            r"$x_t = x_{t-1} - \mathrm{lr}\; v_t$: the index of $v$ is $t$.",
            lambda x, g, s, t, lr, momentum: (x - lr * s.v, State(v=momentum * s.v + g)),
        ),
        Misconception(
            "the velocity is not braked",
            "Nothing multiplies your old velocity: each step adds to it, and nothing is ever taken away.",
            r"the factor in front of $v_{t-1}$: $\mu$.",
            lambda x, g, s, t, lr, momentum: sum_of_gradients(x, g, s, t, lr, 1),
        ),
        Misconception(
            "the momentum multiplies the gradient, too",
            r"You have $\mu\,(v_{t-1} + g_t)$: the new gradient is braked before it was ever used.",
            r"$v_t = \mu\, v_{t-1} + g_t$: $\mu$ belongs to the old velocity alone.",
            lambda x, g, s, t, lr, momentum: (
                x - lr * momentum * (s.v + g),
                State(v=momentum * (s.v + g)),
            ),
        ),
    ],
    hints=[
        "Two lines: the new velocity first, from the old one and the gradient; then the step, along the new velocity.",
        "The old velocity is `s.v`. Keep the new one by returning it: `return ..., State(v=v)`.",
        "`v = momentum * s.v + g`",
    ],
)

momentum_ema = Exercise(
    name="momentum_ema",
    lecture=3,
    task="Write momentum as an **average**: `momentum_ema(x, g, s, t, lr, beta)`.",
    formula=r"v_t = \beta\, v_{t-1} + (1-\beta)\, g_t, \qquad x_t = x_{t-1} - \mathrm{lr}\; v_t",
    trial=RuleTrial(reference=average_of_gradients, hyper={"lr": (0.6, 0.4, 0.5, 0.3), "beta": (0.9, 0.6, 0.8, 0.7)}),
    misconceptions=[
        *misconceptions.with_state(average_of_gradients, "v"),
        SUM,
        EXCHANGED,
        Misconception(
            "the step goes along the old velocity",
            "You take the step with the velocity of the step before, and bring the velocity up to date afterwards.",
            r"$x_t = x_{t-1} - \mathrm{lr}\; v_t$: the index of $v$ is $t$.",
            lambda x, g, s, t, lr, beta: (x - lr * s.v, State(v=beta * s.v + (1 - beta) * g)),
        ),
        Misconception(
            "beta in both places",
            r"Both terms of yours have the factor $\beta$. The two factors add up to 1.",
            r"the factor in front of $g_t$: $1-\beta$.",
            lambda x, g, s, t, lr, beta: (x - lr * beta * (s.v + g), State(v=beta * (s.v + g))),
        ),
        Misconception(
            "the velocity is not braked",
            "Nothing multiplies your old velocity: each step adds to it, and nothing is ever taken away.",
            r"the factor in front of $v_{t-1}$: $\beta$.",
            lambda x, g, s, t, lr, beta: (x - lr * (s.v + (1 - beta) * g), State(v=s.v + (1 - beta) * g)),
        ),
        Misconception(
            "the average is corrected",
            r"You divide $v_t$ by $1-\beta^t$. That is Adam's correction; plain momentum starts slowly.",
            r"$x_t = x_{t-1} - \mathrm{lr}\; v_t$: nothing divides $v_t$.",
            corrected,
        ),
    ],
    hints=[
        "The new velocity is a mix of two: the part β of the old one, and the rest of the new gradient.",
        "`v = beta * s.v + (1 - beta) * g`",
    ],
)

nesterov = Exercise(
    name="nesterov",
    lecture=3,
    task="Write Nesterov's momentum: `nesterov(x, gradient, s, t, lr, momentum)`. Here you get the gradient as a "
    "**function**: `gradient(z)` is the gradient at the point `z`, wherever you want to know it.",
    formula=r"v_t = \mu\, v_{t-1} + \nabla f(x_{t-1} - \mathrm{lr}\,\mu\, v_{t-1}), \qquad "
    r"x_t = x_{t-1} - \mathrm{lr}\; v_t",
    trial=RuleTrial(reference=look_ahead, hyper={"lr": LRS, "momentum": MUS}, looks=True),
    misconceptions=[
        *misconceptions.with_state(look_ahead, "v"),
        looking_from(
            "the gradient is taken at x",
            "You ask for the gradient where you stand: that is momentum without the look ahead.",
            lambda x, v, lr, momentum: x,
        ),
        looking_from(
            "the look ahead goes backwards",
            "You look at the point behind you: the step is $-\\mathrm{lr}\\,\\mu\\,v$, and you went $+$.",
            lambda x, v, lr, momentum: x + lr * momentum * v,
        ),
        looking_from(
            "the look ahead lacks the learning rate",
            "You look $\\mu\\,v$ ahead. The ball will roll $\\mathrm{lr}\\,\\mu\\,v$.",
            lambda x, v, lr, momentum: x - momentum * v,
        ),
        looking_from(
            "the look ahead lacks the momentum",
            "You look $\\mathrm{lr}\\,v$ ahead. What is left of the velocity is $\\mu\\,v$.",
            lambda x, v, lr, momentum: x - lr * v,
        ),
        Misconception(
            "the step begins at the point ahead",
            "You look ahead and stay there: the step is taken from the point at which you looked.",
            r"$x_t = x_{t-1} - \dots$: it begins at $x_{t-1}$.",
            from_there,
        ),
        Misconception(
            "torch's shifted form",
            "This is the rule as torch.optim has it: its x is the point ahead, not the point where you stand. A right "
            "rule, but its path is another one than the formula's here.",
            "which point is called $x$.",
            shifted,
        ),
    ],
    hints=[
        "Three lines: where would the old velocity take me? What is the gradient there? Then as in momentum.",
        "The point ahead is `x - lr * momentum * s.v`.",
        "`v = momentum * s.v + gradient(x - lr * momentum * s.v)`",
    ],
)

nesterov_sgd = Exercise(
    name="nesterov_sgd",
    lecture=3,
    task="The final project of source D: a `torch.optim.Optimizer` of your own. `NesterovSGD(params, lr, momentum, "
    "weight_decay)` shall do what `torch.optim.SGD(..., nesterov=True)` does; `step(closure=None)` returns the "
    "closure's loss. Keep each parameter's velocity in `self.state[p]`, read lr from the group at each step, pass over "
    "parameters without gradient, and leave `p.grad` as it is. Below `@torch.no_grad()` the closure has no graph: call "
    "it in `with torch.enable_grad():`.",
    formula=r"d = g + \lambda\, x, \qquad v_t = \mu\, v_{t-1} + d, \qquad "
    r"x_t = x_{t-1} - \mathrm{lr}\,(d + \mu\, v_t)",
    trial=OptimizerTrial(
        reference=NesterovSGD, hyper={"lr": LRS, "momentum": MUS, "weight_decay": (0.1, 0.2, 0.05, 0.3)}
    ),
    misconceptions=[
        *misconceptions.of_an_optimizer(NesterovSGD),
        Misconception(
            "the step goes along the velocity alone",
            r"You step along $v_t$, or along $d + \mu\, v_{t-1}$, which is the same: plain momentum, without "
            r"Nesterov's part.",
            r"the parentheses in the last line: $d + \mu\, v_t$, with the new $v$.",
            nesterov_by(along=lambda p, g, d, v, momentum, decay: v),
        ),
        Misconception(
            "the velocity is not braked in the step",
            r"You step along $d + v_t$. Only the part $\mu$ of the velocity is in the step.",
            r"the parentheses in the last line: $d + \mu\, v_t$.",
            nesterov_by(along=lambda p, g, d, v, momentum, decay: d + v),
        ),
        Misconception(
            "the bare gradient in the step",
            r"You step along $g + \mu\, v_t$. The weight decay is in your velocity, and missing beside it.",
            r"the parentheses in the last line: $d$, not $g$.",
            nesterov_by(along=lambda p, g, d, v, momentum, decay: g + momentum * v),
        ),
        Misconception(
            "no weight decay",
            r"Nothing decays: $\lambda$ is nowhere in your step.",
            r"$d = g + \lambda\, x$.",
            nesterov_by(d=lambda p, g, decay: g),
        ),
        Misconception(
            "the decay is decoupled",
            r"You take $\mathrm{lr}\,\lambda\,x$ off beside the step, as AdamW will (lecture 5). In SGD the decay is a "
            "part of the gradient: the velocity remembers it, too.",
            r"$d = g + \lambda\, x$, and where $d$ stands: in $v_t$ and in the step.",
            nesterov_by(
                d=lambda p, g, decay: g, along=lambda p, g, d, v, momentum, decay: d + momentum * v + decay * p
            ),
        ),
        Misconception(
            "the weights grow",
            r"You subtract $\lambda x$ from the gradient. The step subtracts the gradient: two minus signs.",
            r"$d = g + \lambda\, x$: the sign.",
            nesterov_by(d=lambda p, g, decay: g - decay * p),
        ),
        Misconception(
            "the average instead of the sum",
            r"You weigh $d$ with $1-\mu$: that is the average. torch's SGD takes the sum.",
            r"$v_t = \mu\, v_{t-1} + d$: no factor in front of $d$.",
            nesterov_by(v=lambda old, d, momentum: momentum * old + (1 - momentum) * d),
        ),
        Misconception(
            "the velocity is never braked",
            r"Nothing multiplies your old velocity: each step adds to it, and nothing is ever taken away.",
            r"the factor in front of $v_{t-1}$: $\mu$.",
            nesterov_by(v=lambda old, d, momentum: old + d),
        ),
        Misconception(
            "the state is not kept",
            "Your velocity begins anew in each step. Write it back: `self.state[p]['v'] = v`.",
            "`self.state[p]`: it outlives the step, a variable does not.",
            nesterov_by(keep=False),
        ),
        Misconception(
            "the parameter itself is not changed",
            "`p = p - ...` makes a new tensor, which only your loop knows. The parameter stays where it was.",
            "`p.sub_(...)` or `p -= ...`, below `@torch.no_grad()`: here, in place is right.",
            nesterov_by(change=lambda p, step: p - step),
        ),
        Misconception(
            "the sign",
            "Your step goes up: it is added where the formula subtracts it.",
            "the sign in front of the step.",
            nesterov_by(change=lambda p, step: p.add_(step)),
        ),
    ],
    hints=[
        "Two loops: over the groups, and in each over its parameters. Each parameter makes one step by itself.",
        "`for group in self.param_groups: for p in group['params']:`, and `continue` if `p.grad is None`.",
        "Nesterov's part is one line: the step goes along `d + momentum * v`, and not along `v`.",
        "Change the parameter in place, without a graph: `@torch.no_grad()` above `step`, and `p.sub_(lr * ...)`. The "
        "closure needs its graph: call it first, in `with torch.enable_grad():`.",
    ],
)

AVERAGE = {"rule": average_of_gradients, "lecture": 3, "formula": momentum_ema.formula}
OF_THE_AVERAGE = [
    misconceptions.state_lost(average_of_gradients, "v"),
    SUM,
    misconceptions.sign(average_of_gradients),
]
two_steps_of_momentum = questions.steps_of(
    **AVERAGE,
    name="two_steps_of_momentum",
    steps=2,
    numbers={"lr": (0.6, 0.5, 0.4, 0.8), "beta": (0.5, 0.6, 0.8, 0.9)},
    misconceptions=OF_THE_AVERAGE,
    hints=["g is (0.2 x₁, 4 x₂): work it out at the start.", "The velocity begins at (0, 0)."],
)
thirty_steps_of_momentum = questions.steps_of(
    **AVERAGE,
    numbers={"lr": (0.6, 0.5, 0.4, 0.8), "beta": (0.6, 0.8, 0.9, 0.7)},  # not ½: the weights could be exchanged
    misconceptions=[*OF_THE_AVERAGE, EXCHANGED],
    name="thirty_steps_of_momentum",
    steps=30,
    choices=False,
    hints=[
        "Write the rule first, the exercise `momentum_ema` below: then call it 30 times.",
        "`x = torch.tensor(...)`, `s = State()`, and in the loop `g = torch.tensor([0.2, 4.0]) * x`.",
        '`descend("quadratic", rules.momentum_ema, start=..., steps=30, lr=..., beta=...).x[-1]` does it in one line.',
    ],
)

EXERCISES = [two_steps_of_momentum, thirty_steps_of_momentum, momentum, momentum_ema, nesterov, nesterov_sgd]
