"""Lecture 6: averages of the points, Lookahead as a rule and as an optimizer, Schedule-Free."""

import math
import random
from collections.abc import Callable

from course_utils import rules
from course_utils.exercises import misconceptions, questions
from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, OptimizerTrial, RuleTrial, told
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State

import torch

LRS = (0.2, 0.15, 0.25, 0.1)
KS, ALPHAS = (3, 4, 2, 5), (0.6, 0.3, 0.8, 0.25)  # 0.5 would hide that α and 1 - α are exchanged
PULL = r"\phi \leftarrow \phi + \alpha\,(x_t - \phi), \quad x_t \leftarrow \phi"


def updated_mean(a, x, t):
    return a + (x - a) / t


def sgd_and_average(x, gradient, lr, steps, t0):
    total = 0.0
    for t in range(1, steps + 1):
        x = x - lr * gradient(x, t)
        if t > t0:
            total = total + x
    return total / (steps - t0)


def k_steps_forward(x, g, s, t, lr, k, alpha):
    phi = x if t == 1 else s.phi
    x = x - lr * g
    if t % k == 0:
        phi = phi + alpha * (x - phi)
        x = phi
    return x, State(phi=phi)


def ask_between(x, gradient, s, t, lr, beta):
    z = x if t == 1 else s.z
    y = (1 - beta) * z + beta * x
    z = z - lr * gradient(y)
    x = (1 - 1 / t) * x + 1 / t * z
    return x, State(z=z)


class LookaheadSGD(torch.optim.SGD):
    def __init__(self, params, lr, k, alpha):
        super().__init__(params, lr=lr)
        self.k, self.alpha, self.t = k, alpha, 0
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["phi"] = p.detach().clone()

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        self.t += 1
        if self.t % self.k == 0:
            for p, state in self.state.items():
                state["phi"].lerp_(p, self.alpha)
                p.copy_(state["phi"])
        return loss


def noisy_walks(seed: int) -> list[list[float]]:
    """Two walks on one axis, towards 0 and about it."""
    dice = random.Random(f"walks {seed}")
    return [[round(5 * 0.5**t + dice.uniform(-1, 1), 1) for t in range(10)] for _ in range(2)]


def cases_of_a_mean(seed: int) -> dict:
    """Each point of a walk with the mean of those before it."""
    return {
        f"walk {i}": {t: {"a": sum(xs[: t - 1]) / max(1, t - 1), "x": xs[t - 1], "t": t} for t in range(1, 11)}
        for i, xs in enumerate(noisy_walks(seed), 1)
    }


def cases_of_sgd(seed: int) -> dict:
    """Two axes, each with its noise; the walk is stopped after more and more steps."""
    dice, cases = random.Random(f"axes {seed}"), {}
    for lr, t0 in zip(dice.sample((0.2, 0.3, 0.4, 0.5), 2), dice.sample((3, 4, 5, 6), 2), strict=True):
        curvature, start = dice.choice((0.8, 1.0, 1.2, 1.5)), dice.choice((-5.0, -4.0, 4.0, 5.0))
        noise = [round(dice.gauss(0, 1.5), 1) for _ in range(20)]
        known = {"x": start, "gradient": noisy_gradient(curvature, noise), "lr": lr, "t0": t0}
        cases[told({"lr": lr, "t0": t0})] = {steps: known | {"steps": steps} for steps in range(t0 + 2, 21)}
    return cases


def noisy_gradient(curvature: float, noise: list[float]) -> Callable:
    return lambda x, t: curvature * x + noise[int(t) - 1]


def sgd_and(answer: Callable) -> Callable:
    """SGD on one axis that keeps all its points, the start among them; ``answer(points, t0)`` is handed in."""

    def walked(x, gradient, lr, steps, t0):
        points = [x]
        for t in range(1, steps + 1):
            points.append(points[-1] - lr * gradient(points[-1], t))
        return answer(points, t0)

    return walked


def counted_from_0(answer: Callable) -> Callable:
    """The same with a loop that calls the first step 0."""

    def walked(x, gradient, lr, steps, t0):
        return sgd_and(answer)(x, lambda z, t: gradient(z, t - 1), lr, steps, t0)

    return walked


def mean(points: list[float]) -> float:
    return sum(points) / len(points)


def from_the_average(x, gradient, lr, steps, t0):
    a = x
    for t in range(1, steps + 1):
        x = a - lr * gradient(a, t)
        a = x if t <= t0 else a + (x - a) / (t - t0)
    return a


def ahead(
    due: Callable = lambda t, k: t % k == 0,
    pulled: Callable = lambda phi, x, alpha: (phi + alpha * (x - phi),) * 2,
    first: Callable = lambda before, after: before,
    go: float = -1.0,
    counter: bool = False,
) -> Callable:
    """Lookahead around gradient descent, one part of which may be wrong: when it pulls, how, and where φ begins."""
    calls = {"t": 0}

    def wrong(x, g, s, t, lr, k, alpha):
        calls["t"] += 1
        before, x = x, x + go * lr * g
        phi = first(before, x) if t == 1 else s.phi
        if due(calls["t"] if counter else t, k):
            phi, x = pulled(phi, x, alpha)
        return x, State(phi=phi)

    return wrong


def slow_is_returned(x, g, s, t, lr, k, alpha):
    """The fast weights are kept aside, and x is the slow ones."""
    phi = x
    fast = (x if t == 1 else s.fast) - lr * g
    if t % k == 0:
        phi = fast = phi + alpha * (fast - phi)
    return phi, State(fast=fast)


def before_the_step(x, g, s, t, lr, k, alpha):
    phi = x if t == 1 else s.phi
    if t % k == 0:
        phi = x = phi + alpha * (x - phi)
    return x - lr * g, State(phi=phi)


def asking(name: str, says: str, point: Callable) -> Misconception:
    """Schedule-Free with the gradient at another point."""

    def wrong(x, gradient, s, t, lr, beta):
        z = (x if t == 1 else s.z) - lr * gradient(point(x, x if t == 1 else s.z, beta))
        return (1 - 1 / t) * x + z / t, State(z=z)

    return Misconception(
        name, says, r"the point in $\nabla f(\,\cdot\,)$: $y_t = (1-\beta)\,z_{t-1} + \beta\,x_{t-1}$.", wrong
    )


def free(
    begin: Callable = lambda x, s, t: x if t == 1 else s.z,
    step: Callable = lambda z, y, d: z - d,
    average: Callable = lambda x, old, new, t, beta: (1 - 1 / t) * x + new / t,
) -> Callable:
    """Schedule-Free, one line of which may be wrong."""

    def wrong(x, gradient, s, t, lr, beta):
        old = begin(x, s, t)
        y = (1 - beta) * old + beta * x
        z = step(old, y, lr * gradient(y))
        return average(x, old, z, t, beta), State(z=z)

    return wrong


def exchanged_and_from_y(x, gradient, s, t, lr, beta):
    old = x if t == 1 else s.z
    y = beta * old + (1 - beta) * x
    z = y - lr * gradient(y)
    return (1 - 1 / t) * x + z / t, State(z=z)


def three_points(x, gradient, s, t, lr, beta):
    """Schedule-Free that hands in the point where it asks."""
    a, z = (x, x) if t == 1 else (s.a, s.z)
    z = z - lr * gradient((1 - beta) * z + beta * a)
    a = (1 - 1 / t) * a + z / t
    return (1 - beta) * z + beta * a, State(a=a, z=z)


def walker(x, gradient, s, t, lr, beta):
    """Schedule-Free that hands in the walker."""
    a = x if t == 1 else s.a
    z = x - lr * gradient((1 - beta) * x + beta * a)
    return z, State(a=(1 - 1 / t) * a + z / t)


def ball(curvature: float, noise: float, lr: float) -> float:
    """The variance of the noise ball."""
    return lr * noise**2 / (curvature * (2 - lr * curvature))


def of_average(curvature: float, noise: float, steps: float) -> float:
    """The variance of the average of the points, in the long run."""
    return noise**2 / curvature**2 / steps


class NotPulled(LookaheadSGD):
    def __init__(self, params, **hyper):
        super().__init__(params, **hyper)
        self.k = math.inf


class EveryStep(LookaheadSGD):
    def __init__(self, params, **hyper):
        super().__init__(params, **hyper)
        self.k = 1


class Exchanged(LookaheadSGD):
    def __init__(self, params, **hyper):
        super().__init__(params, **hyper)
        self.alpha = 1 - self.alpha


class LateStart(LookaheadSGD):
    def step(self, closure=None):
        loss = super().step(closure)
        if self.t == 1:
            for p, state in self.state.items():
                state["phi"] = p.detach().clone()
        return loss


class SlowStays(LookaheadSGD):
    def step(self, closure=None):
        kept = {p: state["phi"].clone() for p, state in self.state.items()}
        loss = super().step(closure)
        for p, phi in kept.items():
            self.state[p]["phi"] = phi
        return loss


class FromZero(LookaheadSGD):
    def __init__(self, params, **hyper):
        super().__init__(params, **hyper)
        for state in self.state.values():
            state["phi"].zero_()


class Due(LookaheadSGD):
    """Pulls when ``due()``; its steps are counted rightly."""

    def due(self) -> bool:
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure=None):
        loss = torch.optim.SGD.step(self, closure)
        self.t += 1
        if self.due():
            for p, state in self.state.items():
                state["phi"].lerp_(p, self.alpha)
                p.copy_(state["phi"])
        return loss


class PullsLate(Due):
    def due(self):
        return (self.t - 1) % self.k == 0


class PullsEarly(Due):
    def due(self):
        return (self.t + 1) % self.k == 0


class PullsOtherwise(Due):
    def due(self):
        return self.t % self.k != 0


class PullsFirst(LookaheadSGD):
    @torch.no_grad()
    def step(self, closure=None):
        self.t += 1
        if self.t % self.k == 0:
            for p, state in self.state.items():
                state["phi"].lerp_(p, self.alpha)
                p.copy_(state["phi"])
        return torch.optim.SGD.step(self, closure)


class OneTensor(LookaheadSGD):
    """From its first pull on, the parameter and φ are the same numbers."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = torch.optim.SGD.step(self, closure)
        self.t += 1
        if self.t == self.k:
            for p, state in self.state.items():
                p.copy_(state["phi"].lerp(p, self.alpha))
        return loss


class CountsParameters(LookaheadSGD):
    @torch.no_grad()
    def step(self, closure=None):
        loss = torch.optim.SGD.step(self, closure)
        for p, state in self.state.items():
            if p.grad is not None:
                self.t += 1
                if self.t % self.k == 0:
                    state["phi"] += self.alpha * (p - state["phi"])
                    p.copy_(state["phi"])
        return loss


ALPHA_EXCHANGED = Misconception(
    "α and 1 - α are exchanged",
    r"Your slow weights go the part $1-\alpha$ of the way. α is how far they follow.",
    r"$\phi \leftarrow \phi + \alpha\,(x_t - \phi)$: the same as $(1-\alpha)\,\phi + \alpha\,x_t$.",
    ahead(pulled=lambda phi, x, alpha: (alpha * phi + (1 - alpha) * x,) * 2),
)
EVERY_STEP = Misconception(
    "the pull comes in every step",
    "You pull after each step. The fast weights are to go k steps forward before they go one back.",
    "*if $k$ divides $t$*.",
    ahead(due=lambda t, k: True),
)
NOT_SET_BACK = Misconception(
    "the fast weights are not set back",
    "Your slow weights follow, but the walker never hears of them: its path is that of plain gradient descent.",
    r"$x_t \leftarrow \phi$, after the pull.",
    ahead(pulled=lambda phi, x, alpha: (phi + alpha * (x - phi), x)),
)
PHI_STAYS = Misconception(
    "the slow weights stay at the start",
    r"You set $x$ back, but you do not keep the new $\phi$: each pull goes towards the old one again.",
    r"$\phi \leftarrow \dots$: φ is new, too. Is it in the state that you return?",
    ahead(pulled=lambda phi, x, alpha: (phi, phi + alpha * (x - phi))),
)
BEGINS_AT_0 = Misconception(
    "the slow weights begin at 0",
    r"In your first pull φ is 0, not the start. What the state does not have yet is 0: at $t = 1$, φ is $x_0$.",
    r"$\phi_0 = x_0$.",
    ahead(first=lambda before, after: 0.0),
)
LATE = Misconception(
    "the pull comes a step late",
    r"You count the steps from 0: you pull in the steps 1, k + 1, 2k + 1, …",
    "*if $k$ divides $t$*: the first pull is in step $k$.",
    ahead(due=lambda t, k: (t - 1) % k == 0),
)
EARLY = Misconception(
    "the pull comes a step early",
    "You pull in the steps k - 1, 2k - 1, …, after k - 1 steps forward. `t` is the number of the step that you are in.",
    "*if $k$ divides $t$*.",
    ahead(due=lambda t, k: (t + 1) % k == 0),
)
TURNED_ROUND = Misconception(
    "the condition is turned round",
    "`if t % k` holds when k does *not* divide t: you pull in all steps but the right ones.",
    "*if $k$ divides $t$*: the remainder is 0.",
    ahead(due=lambda t, k: t % k != 0),
)
BEFORE = Misconception(
    "the pull comes before the step",
    "You pull first, and then take the step. The step of now is one of the k.",
    "the order: the step, *and* if $k$ divides $t$, the pull.",
    before_the_step,
)


last_and_average = Question(
    name="last_and_average",
    lecture=6,
    text="A walker goes by SGD along one axis of curvature λ = <curvature>. Its gradients have noise of size σ = "
    "<noise>. It has lr = <lr>, began at the minimum, and is stopped after <steps> steps. What is the variance of its "
    "last point, and what is that of the average of all its points? (In the long run, to leading order in 1/n, "
    "rounded.)",
    numbers={
        "curvature": (0.5, 2.0, 0.25, 1.25),
        "noise": (2.0, 1.0, 3.0, 1.5),
        "lr": (0.4, 0.2, 0.1, 0.3),
        "steps": (1000, 2000, 4000, 5000),
    },
    answer=lambda curvature, noise, lr, steps: (ball(curvature, noise, lr), of_average(curvature, noise, steps)),
    because=lambda curvature, noise, lr, steps: (
        rf"The ball: $\frac{{\mathrm{{lr}}\,\sigma^2}}{{\lambda\,(2 - \mathrm{{lr}}\,\lambda)}} = "
        rf"{ball(curvature, noise, lr):.4g}$. "
        rf"The average: $\frac{{\sigma^2}}{{\lambda^2 n}} = {of_average(curvature, noise, steps):.4g}$, whatever lr is."
    ),
    misconceptions=[
        Misconception(
            "neighbours count as independent",
            r"You divided the ball by $n$. Points near each other in time are alike: $n$ of them are worth only "
            r"$n/\tau$.",
            r"the correlation time $\tau$: the average has $V\,\tau/n = \sigma^2/(\lambda^2 n)$.",
            lambda curvature, noise, lr, steps: (ball(curvature, noise, lr), ball(curvature, noise, lr) / steps),
        ),
        Misconception(
            "spreads instead of variances",
            "You took the roots: these are the spreads. The variance is their square.",
            "what was asked for: the variance.",
            lambda curvature, noise, lr, steps: (
                ball(curvature, noise, lr) ** 0.5,
                of_average(curvature, noise, steps) ** 0.5,
            ),
        ),
        Misconception(
            "the root of n",
            r"The *distance* of the average falls like $1/\sqrt n$. Its variance falls like $1/n$.",
            r"$\sigma^2 / (\lambda^2 n)$.",
            lambda curvature, noise, lr, steps: (ball(curvature, noise, lr), of_average(curvature, noise, steps**0.5)),
        ),
        Misconception(
            "the average depends on lr",
            "Your average has the learning rate in it. A larger one makes the ball larger, and makes the walker cross "
            "it faster: the two cancel.",
            r"$\sigma^2 / (\lambda^2 n)$: there is no lr in it.",
            lambda curvature, noise, lr, steps: (ball(curvature, noise, lr), lr * of_average(curvature, noise, steps)),
        ),
        Misconception(
            "the curvature is not squared",
            "Your average has λ where the formula has its square. Noise of size σ in a slope of λx is an error of σ/λ "
            "in x.",
            r"$\sigma^2 / (\lambda^2 n)$.",
            lambda curvature, noise, lr, steps: (
                ball(curvature, noise, lr),
                curvature * of_average(curvature, noise, steps),
            ),
        ),
        Misconception(
            "one kick instead of the ball",
            r"$\mathrm{lr}^2\sigma^2$ is what one step adds. The kicks of the steps before are still there, each a "
            r"little smaller.",
            r"$V = \rho^2 V + \mathrm{lr}^2\sigma^2$: solve it for $V$.",
            lambda curvature, noise, lr, steps: (lr**2 * noise**2, of_average(curvature, noise, steps)),
        ),
    ],
    digits=5,
    hints=[
        r"Two formulas of the lecture: the noise ball, and *How good can an average be?*",
        r"The ball: $\mathrm{lr}\,\sigma^2 / (\lambda\,(2 - \mathrm{lr}\,\lambda))$.",
        r"The average: $\sigma^2 / (\lambda^2 n)$.",
    ],
)


running_mean = Exercise(
    name="running_mean",
    lecture=6,
    task="An average needs no list of all points. `running_mean(a, x, t)` gets the mean `a` of the first t - 1 points "
    "and the point `x` with the number `t`, from 1, and returns the mean of all t. (At t = 1, `a` is 0.)",
    formula=r"a_t = a_{t-1} + \frac1t\,(x_t - a_{t-1})",
    trial=FunctionTrial(reference=updated_mean, cases=cases_of_a_mean, axis="t"),
    misconceptions=[
        Misconception(
            "half of the way",
            "You take the middle between the old mean and the new point. The new point is one of t: it has the weight "
            "1/t.",
            r"the factor $\frac1t$ in front of the bracket.",
            lambda a, x, t: (a + x) / 2,
        ),
        Misconception(
            "steps are counted from 0",
            "You divide by t + 1, as if `t` had begun at 0. The first point has the number 1.",
            r"the factor $\frac1t$: at $t = 1$ the mean is $x_1$ itself.",
            lambda a, x, t: a + (x - a) / (t + 1),
        ),
        Misconception(
            "the weights are exchanged",
            r"You give the new point the weight $1 - \frac1t$, and the old mean $\frac1t$.",
            r"the factor in front of $x_t$: it is $\frac1t$.",
            lambda a, x, t: x + (a - x) / t,
        ),
        Misconception(
            "the mean is taken for the sum",
            "You add the point to the old *mean*, and divide by t. That would be right if `a` were the sum of the "
            "points.",
            r"what $a_{t-1}$ is: $t - 1$ points, already divided.",
            lambda a, x, t: (a + x) / t,
        ),
        Misconception(
            "the old mean keeps all of its weight",
            "You add the t-th part of the new point, and take nothing away from the old mean.",
            r"the bracket: $x_t - a_{t-1}$.",
            lambda a, x, t: a + x / t,
        ),
        Misconception(
            "the sign",
            "Your mean goes away from the new point: the difference is the other way round.",
            r"the bracket: $x_t - a_{t-1}$.",
            lambda a, x, t: a - (x - a) / t,
        ),
        Misconception(
            "the last point",
            "You return the new point. The old mean is not in it.",
            r"the bracket: the mean moves only the part $\frac1t$ of the way to $x_t$.",
            lambda a, x, t: x,
        ),
        Misconception(
            "the sum",
            "You add and do not divide.",
            r"the factor $\frac1t$.",
            lambda a, x, t: a + x,
        ),
        Misconception(
            "an exponential average",
            "The weight of your new point is always 1/10. In the mean of all points it falls: the t-th has 1/t.",
            r"the factor $\frac1t$.",
            lambda a, x, t: 0.9 * a + 0.1 * x,
        ),
    ],
    hints=[
        "How far does the mean of nine points move when a tenth one comes? Towards it, and by which part of the way?",
        "The sum of the first t - 1 points is `(t - 1) * a`. Add the new one, and divide.",
        "`return a + (x - a) / t`",
    ],
)

averaged_sgd = Exercise(
    name="averaged_sgd",
    lecture=6,
    task="Polyak's and Ruppert's idea as a loop. `averaged_sgd(x, gradient, lr, steps, t0)` walks `steps` steps of SGD "
    "along one axis, from the number `x`, and returns the mean of the points after step `t0`: of $x_{t_0+1}, …, x_n$. "
    "`gradient(x, t)` is the noisy gradient at `x` in step `t`, from 1.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; g_t(x_{t-1}), \qquad a = \frac{1}{n - t_0} \sum_{t = t_0 + 1}^{n} x_t",
    trial=FunctionTrial(reference=sgd_and_average, cases=cases_of_sgd, axis="steps"),
    misconceptions=[
        Misconception(
            "the last point",
            "You return the point where the walker happens to be.",
            r"the second formula: the mean.",
            sgd_and(lambda points, t0: points[-1]),
        ),
        Misconception(
            "the average begins at the start",
            "You average over the whole walk, whatever t0 is: the way down is dragged along.",
            r"the lower end of the sum: $t_0 + 1$.",
            sgd_and(lambda points, t0: mean(points[1:])),
        ),
        Misconception(
            "the average begins one step early",
            r"Your average has the point of step $t_0$ in it. It is the last that is left out.",
            r"the lower end of the sum: $t_0 + 1$.",
            sgd_and(lambda points, t0: mean(points[t0:])),
        ),
        Misconception(
            "a point too many in the sum",
            r"Your sum has the point of step $t_0$ in it, and you divide by $n - t_0$, the number of those after it.",
            r"the lower end of the sum: $t_0 + 1$.",
            sgd_and(lambda points, t0: sum(points[t0:]) / (len(points) - 1 - t0)),
        ),
        Misconception(
            "a point too few in the sum",
            r"Your sum has a point less than the number by which you divide: that of step $t_0 + 1$ is missing. Does "
            r"your loop count from 0?",
            r"the lower end of the sum: $t_0 + 1$.",
            sgd_and(lambda points, t0: sum(points[t0 + 2 :]) / (len(points) - 1 - t0)),
        ),
        Misconception(
            "the average begins one step late",
            r"The point of step $t_0 + 1$ is missing: it is the first of the average.",
            r"the lower end of the sum: $t_0 + 1$.",
            sgd_and(lambda points, t0: mean(points[t0 + 2 :])),
        ),
        Misconception(
            "the end is missing",
            "Your mean is of the points *before* each step: the last one is missing, and the one that you stood on "
            "after step t0 is in it.",
            r"the index in the sum: $x_t$, after step $t$.",
            sgd_and(lambda points, t0: mean(points[t0:-1])),
        ),
        Misconception(
            "divided by all steps",
            "You add up the points after step t0, and divide by the number of all steps.",
            r"the factor in front of the sum: so many points were added.",
            sgd_and(lambda points, t0: sum(points[t0 + 1 :]) / (len(points) - 1)),
        ),
        Misconception(
            "the walker goes on from the average",
            "You set the walker to its average. The walker is to know nothing of it: its next step begins where it "
            "stands.",
            r"the first formula: $x_{t-1}$, not $a$.",
            from_the_average,
        ),
        Misconception(
            "the sign",
            "Your walker goes up the slope.",
            r"the sign in front of $\mathrm{lr}$.",
            lambda x, gradient, lr, steps, t0: sgd_and_average(x, gradient, -lr, steps, t0),
        ),
        Misconception(
            "the learning rate is missing",
            "Your steps have the full length of the gradient.",
            r"the factor $\mathrm{lr}$.",
            lambda x, gradient, lr, steps, t0: sgd_and_average(x, gradient, 1.0, steps, t0),
        ),
        Misconception(
            "steps are counted from 0",
            "Your loop calls the first step 0: each gradient has the noise of the step before it. `range(1, steps + "
            "1)`.",
            r"the first formula: the steps are $t = 1, …, n$.",
            lambda x, gradient, lr, steps, t0: sgd_and_average(x, lambda z, t: gradient(z, t - 1), lr, steps, t0),
        ),
        *[
            Misconception(
                f"steps are counted from 0, and {name}",
                f"Your loop calls the first step 0: each gradient has the noise of the step before it. And {says}.",
                r"both formulas: the steps are $t = 1, …, n$. `range(1, steps + 1)`",
                counted_from_0(answer),
            )
            for name, says, answer in (
                (
                    "a point is missing",
                    "`t > t0` leaves one point out, while you divide by the number with it",
                    lambda points, t0: sum(points[t0 + 2 :]) / (len(points) - 1 - t0),
                ),
                (
                    "the average begins late",
                    "with that count, `t > t0` begins one step late",
                    lambda points, t0: mean(points[t0 + 2 :]),
                ),
            )
        ],
        Misconception(
            "the gradient of the start",
            "All your gradients are taken at the start: it is asked once, or always at the same point.",
            r"$g_t(x_{t-1})$: at the point where the walker stands now.",
            lambda x, gradient, lr, steps, t0: sgd_and_average(x, lambda _, t: gradient(x, t), lr, steps, t0),
        ),
    ],
    hints=[
        "A loop over the steps, from 1 to n. In it the step of SGD, and then, if the step is after t0, the point is "
        "added up.",
        "`for t in range(1, steps + 1):` and in it `x = x - lr * gradient(x, t)`.",
        "`if t > t0: total = total + x`, and at the end `return total / (steps - t0)`.",
    ],
)

lookahead = Exercise(
    name="lookahead",
    lecture=6,
    task=r"Write Lookahead around gradient descent: `lookahead(x, g, s, t, lr, k, alpha)`. `x` are the fast weights. "
    r"The slow weights φ are yours to keep; they begin where x begins, $\phi_0 = x_0$. The first pull comes in step k.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; g_t, \qquad \text{and if } k \text{ divides } t: \quad " + PULL,
    trial=RuleTrial(reference=k_steps_forward, hyper={"lr": LRS, "k": KS, "alpha": ALPHAS}),
    misconceptions=[
        *[make(k_steps_forward) for make in (misconceptions.lr_forgotten, misconceptions.lr_twice)],
        *[make(k_steps_forward) for make in (misconceptions.step_alone, misconceptions.x_unchanged)],
        Misconception(
            "the sign",
            "Your fast weights go up the slope.",
            r"the sign in front of $\mathrm{lr}$.",
            ahead(go=1.0),
        ),
        EVERY_STEP,
        ALPHA_EXCHANGED,
        NOT_SET_BACK,
        PHI_STAYS,
        BEGINS_AT_0,
        Misconception(
            "the slow weights begin one step late",
            r"Your φ begins at $x_1$, after the first step. It begins where x begins, before it.",
            r"$\phi_0 = x_0$.",
            ahead(first=lambda before, after: after),
        ),
        Misconception(
            "the state is not kept",
            "When you pull, φ is not there, and is 0. It is needed in every step, also between two pulls: is it in the "
            "state that you return, always, and under the name by which you read it?",
            "φ changes only if $k$ divides $t$. In between it has to be handed on.",
            misconceptions.state_lost(k_steps_forward, r"\phi").attempt,
        ),
        Misconception(
            "the slow weights begin anew in each step",
            "Your φ is the x that you got, in every step: so a pull undoes a part of one step, instead of a part of k.",
            r"φ changes only when $k$ divides $t$. In between it has to be kept.",
            lambda x, g, s, t, lr, k, alpha: (x - (alpha if t % k == 0 else 1) * lr * g, s),
        ),
        LATE,
        EARLY,
        TURNED_ROUND,
        BEFORE,
        Misconception(
            "the slow weights are returned",
            "You return the slow weights in every step: they stand still between two pulls. The x of this rule is the "
            "fast weights.",
            r"$x_t \leftarrow \phi$ only if $k$ divides $t$.",
            slow_is_returned,
        ),
        Misconception(
            "the clock is advanced by every parameter",
            "You count calls, not steps: with two parameters, yours pulls at the wrong time. `t` is the number of the "
            "step.",
            "*if $k$ divides $t$*: $t$ counts steps, the same for all parameters.",
            lambda: ahead(counter=True),
            fresh=True,
        ),
        misconceptions.state_shared(k_steps_forward, r"\phi"),
    ],
    hints=[
        "Three parts: get φ from the state (at t = 1 it is x); the step of the fast weights; and in every k-th step, "
        "the pull.",
        "`phi = x if t == 1 else s.phi`, before the step. And `t % k == 0` says that k divides t.",
        "`if t % k == 0:` then `phi = phi + alpha * (x - phi)` and `x = phi`. Return φ in the state in every step.",
    ],
)

schedule_free = Exercise(
    name="schedule_free",
    lecture=6,
    task="Write Schedule-Free in the letters of its paper: `schedule_free(x, gradient, s, t, lr, beta)`. Here `x` is "
    "the *average*, the answer. The walker z is yours to keep; it begins where x begins. You get the gradient as a "
    "**function**, to ask at the point y between the two.",
    formula=r"\begin{aligned} y_t &= (1-\beta)\, z_{t-1} + \beta\, x_{t-1}, \qquad z_0 = x_0 \\ z_t &= z_{t-1} - "
    r"\mathrm{lr}\; \nabla f(y_t) \\ x_t &= \Big(1 - \frac1t\Big)\, x_{t-1} + \frac1t\, z_t \end{aligned}",
    trial=RuleTrial(
        reference=ask_between, hyper={"lr": (0.3, 0.2, 0.25, 0.15), "beta": (0.8, 0.9, 0.6, 0.7)}, looks=True
    ),
    misconceptions=[
        *[make(ask_between) for make in (misconceptions.lr_forgotten, misconceptions.lr_twice)],
        *[make(ask_between) for make in (misconceptions.step_alone, misconceptions.x_unchanged)],
        Misconception(
            "the sign",
            "Your walker goes up the slope.",
            r"the sign in front of $\mathrm{lr}$.",
            free(step=lambda z, y, d: z + d),
        ),
        asking(
            "the gradient is taken at the walker",
            r"You ask for the gradient at $z$: that is SGD and its average, Polyak's and Ruppert's, and β has no part "
            r"in it.",
            lambda x, z, beta: z,
        ),
        asking(
            "the gradient is taken at the average",
            "You ask for the gradient at $x$, the average. It is asked for between x and z.",
            lambda x, z, beta: x,
        ),
        asking(
            "the weights are exchanged",
            r"You ask at $\beta z + (1-\beta) x$: β is the part of the average.",
            lambda x, z, beta: beta * z + (1 - beta) * x,
        ),
        Misconception(
            "the walker begins at 0",
            r"At $t = 1$ your z is 0: what the state does not have yet. The walker begins where x begins.",
            r"$z_0 = x_0$.",
            free(begin=lambda x, s, t: s.z),
        ),
        misconceptions.state_lost(ask_between, "z"),
        Misconception(
            "the walker begins anew in each step",
            "Your z is set to x in every step: the walker is called back to the average, and takes one step from "
            "there.",
            r"$z_{t-1}$: the walker goes on from where *it* was. Keep it: `State(z=z)`.",
            free(begin=lambda x, s, t: x),
        ),
        Misconception(
            "the walker steps from y",
            "Your step begins at the point where you asked. The walker takes it from where it stands.",
            r"$z_t = z_{t-1} - \dots$",
            free(step=lambda z, y, d: y - d),
        ),
        Misconception(
            "the weights are exchanged, and the walker steps from y",
            r"Two things: you ask at $\beta z + (1-\beta) x$, though β is the part of the average; and your step "
            "begins at that point, not where the walker stands.",
            r"the first line, and $z_t = z_{t-1} - \dots$ in the second.",
            exchanged_and_from_y,
        ),
        Misconception(
            "the average is of the old walker",
            "Your average takes in z before its step.",
            r"the third line: $z_t$, the new one.",
            free(average=lambda x, old, new, t, beta: (1 - 1 / t) * x + old / t),
        ),
        Misconception(
            "the weights of the average are exchanged",
            r"You give the walker the weight $1 - \frac1t$. It is one point of t.",
            r"the third line: $\frac1t\, z_t$.",
            free(average=lambda x, old, new, t, beta: x / t + (1 - 1 / t) * new),
        ),
        Misconception(
            "steps are counted from 0",
            r"Your average has $\frac{1}{t+1}$: as if `t` had begun at 0. In the first step, $x_1 = z_1$.",
            r"$\frac1t$: at $t = 1$ it is 1.",
            free(average=lambda x, old, new, t, beta: x + (new - x) / (t + 1)),
        ),
        Misconception(
            "an exponential average",
            r"You average with β. In the third line every point counts alike: the new one has the weight $\frac1t$.",
            r"the third line: there is no β in it.",
            free(average=lambda x, old, new, t, beta: beta * x + (1 - beta) * new),
        ),
        Misconception(
            "the point y is returned",
            "You return the point where the gradient is asked for, as the model holds it in a training. Here, x is the "
            "average, the answer.",
            r"the third line: $x_t$.",
            three_points,
        ),
        Misconception(
            "the walker is returned",
            "You return z, the walker. Hand in the average.",
            r"the third line: $x_t$.",
            walker,
        ),
        misconceptions.state_shared(ask_between, "z"),
    ],
    hints=[
        "Four lines: get z from the state (at t = 1 it is x); then the three lines of the formula.",
        "`z = x if t == 1 else s.z`, and `y = (1 - beta) * z + beta * x`.",
        "`z = z - lr * gradient(y)`: asked at y, walked from z.",
        "`x = (1 - 1 / t) * x + 1 / t * z`, and `return x, State(z=z)`.",
    ],
)

lookahead_sgd = Exercise(
    name="lookahead_sgd",
    lecture=6,
    task="The same as an optimizer for networks: `LookaheadSGD(params, lr, k, alpha)`. It may inherit from "
    "`torch.optim.SGD`, which takes the step, and knows groups, parameters without gradient and the closure, whose "
    "loss it returns. What is left to you are the slow weights, in `self.state[p]`, and the clock.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; g_t, \qquad \text{and if } k \text{ divides } t: \quad " + PULL,
    trial=OptimizerTrial(reference=LookaheadSGD, hyper={"lr": LRS, "k": KS, "alpha": ALPHAS}),
    misconceptions=[
        *misconceptions.of_an_optimizer(LookaheadSGD),
        Misconception(
            "nothing is pulled back",
            "Your path is that of plain gradient descent. Is `state['phi']` the parameter itself, instead of a copy of "
            "it? Then it moves along, and there is nowhere to go back to. Or is the parameter never set to φ?",
            r"$\phi_0 = x_0$: a copy, `p.clone()`. And $x_t \leftarrow \phi$: `p.copy_(phi)`.",
            NotPulled,
        ),
        Misconception(
            "the slow weights begin one step late",
            r"Your φ is copied after the first step. It begins where x begins.",
            r"$\phi_0 = x_0$: a copy of what the parameter is before the first step.",
            LateStart,
        ),
        Misconception(
            "the clock is advanced by every parameter",
            "You count inside the loop over the parameters: with two of them, your clock runs twice as fast.",
            r"$t$ counts steps: `self.t += 1` once in each step, outside of the loops.",
            CountsParameters,
        ),
        *[
            Misconception(of_rule.name, of_rule.says, of_rule.look, optimizer)
            for of_rule, optimizer in (
                (EVERY_STEP, EveryStep),
                (ALPHA_EXCHANGED, Exchanged),
                (LATE, PullsLate),
                (EARLY, PullsEarly),
                (TURNED_ROUND, PullsOtherwise),
                (BEFORE, PullsFirst),
            )
        ],
        Misconception(
            "the slow weights begin at 0",
            r"In your first pull φ is 0, not the start. φ begins where x begins: a copy of it.",
            r"$\phi_0 = x_0$: `p.detach().clone()`, and not `torch.zeros_like(p)`.",
            FromZero,
        ),
        Misconception(
            "parameter and φ are one tensor",
            "After your first pull the parameter and φ are the same tensor: `p.data = phi` gives it another name, and "
            "copies nothing. From then on φ moves along, and there is nothing to go back to.",
            r"$x_t \leftarrow \phi$: the numbers of it. `p.copy_(phi)`",
            OneTensor,
        ),
        Misconception(
            PHI_STAYS.name,
            r"You set the parameter back, but φ is not brought up to date: each pull goes towards the start again.",
            r"$\phi \leftarrow \dots$: φ is new, too. Is it in `self.state[p]`?",
            SlowStays,
        ),
    ],
    hints=[
        "It is your rule from above. What was `s` is now `self.state[p]`, a dictionary; what was `t` you have to "
        "count; the step itself is `super().step(closure)`.",
        'A copy for each parameter, at the end of `__init__`: `self.state[p]["phi"] = p.detach().clone()`, for all p '
        'in `group["params"]`, for all groups in `self.param_groups`.',
        "In `step`: `loss = super().step(closure)`, `self.t += 1`, and if k divides that, the pull, for each "
        "parameter. Then `return loss`.",
        'The pull, in place, under `@torch.no_grad()`: `state["phi"] += self.alpha * (p - state["phi"])` and '
        '`p.copy_(state["phi"])`.',
    ],
)

two_rounds_of_lookahead = questions.steps_of(
    rules.lookahead(rules.sgd),
    name="two_rounds_of_lookahead",
    lecture=6,
    steps=4,
    numbers={"lr": (0.1, 0.2, 0.15, 0.3), "k": (2,), "alpha": (0.25, 0.2, 0.75, 0.8)},
    formula=r"x_t = x_{t-1} - \mathrm{lr}\; g_t, \text{ and if } k \text{ divides } t: " + PULL,
    misconceptions=[
        EVERY_STEP,
        ALPHA_EXCHANGED,
        NOT_SET_BACK,
        PHI_STAYS,
        Misconception(
            "the slow weights begin at 0",
            r"In your first pull, φ is 0. It begins at the start.",
            r"$\phi_0 = x_0$.",
            ahead(first=lambda before, after: 0 * before),
        ),
    ],
    hints=[
        r"One step of gradient descent multiplies $x_1$ by $1 - 0.2\,\mathrm{lr}$ and $x_2$ by $1 - 4\,\mathrm{lr}$.",
        r"Call that ρ. Two steps multiply by $\rho^2$, and after the pull it is $1 - \alpha + \alpha\,\rho^2$ in all.",
        r"Two rounds: $(1 - \alpha + \alpha\,\rho^2)^2$ times the start.",
    ],
)

EXERCISES = [
    last_and_average,
    running_mean,
    averaged_sgd,
    two_rounds_of_lookahead,
    lookahead,
    schedule_free,
    lookahead_sgd,
]
