"""Lecture 2: stairs, source A's straight line, a warm-up before a cosine, a rule that reads a schedule; noise balls."""

import math
from collections.abc import Callable

from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial, RuleTrial, Trial, told
from course_utils.exercises.verdicts import Misconception
from course_utils.rules import State


def stairs(t, lr, every, factor):
    return lr * factor ** ((t - 1) // every)


def straight_line(k, lr_0, lr_tau, tau):
    if k > tau:
        return lr_tau
    return (1 - k / tau) * lr_0 + k / tau * lr_tau


def up_and_down(t, lr, up, steps):
    if t <= up:
        return lr * t / (up + 1)
    return lr / 2 * (1 + math.cos(math.pi * (t - 1 - up) / (steps - up)))


def sgd_on_a_line(x, g, s, t, lr_0, lr_tau, tau):
    part = min((t - 1) / tau, 1)
    lr = (1 - part) * lr_0 + part * lr_tau
    return x - lr * g, s


# stairs


def some_stairs(seed):
    """Three stairs and a little more; of seed 0, those of the lecture's six shapes."""
    cases = Trial(seed).chosen(
        {"lr": (1.0, 0.4, 0.3, 0.2), "every": (34, 10, 25, 16), "factor": (0.1, 0.5, 0.3, 0.7)},
    )
    return {told(case): {t: {"t": t, **case} for t in range(1, 3 * case["every"] + 5)} for case in cases}


def stairs_of(name: str, says: str, look: str, exponent: Callable) -> Misconception:
    """Stairs whose factor has a wrong ``exponent(t, every)``."""
    return Misconception(name, says, look, lambda t, lr, every, factor: lr * factor ** exponent(t, every))


FLOOR = r"the exponent: $\lfloor (t-1) / \mathrm{every} \rfloor$."

step_decay = Exercise(
    name="step_decay",
    lecture=2,
    task="Fill in one line: `step_decay(t, lr, every, factor)` is the learning rate of step `t`, counted from 1. It "
    "stays for `every` steps, then it is multiplied by `factor`, and so on.",
    formula=r"\mathrm{lr}_t = \mathrm{lr} \cdot \mathrm{factor}^{\lfloor (t-1) / \mathrm{every} \rfloor}",
    trial=FunctionTrial(reference=stairs, cases=some_stairs, axis="t"),
    misconceptions=[
        stairs_of(
            "the first stair is one step short",
            "You count the steps from 0, but the first one is $t = 1$. So your lr falls one step early.",
            FLOOR,
            lambda t, every: t // every,
        ),
        stairs_of(
            "the parentheses around t - 1",
            "`t - 1 // every` is `t - (1 // every)`: Python divides first, and 1 holds no whole `every`. Your lr "
            "falls at every step.",
            FLOOR,
            lambda t, every: t - 1 // every,
        ),
        stairs_of(
            "a slope, no stairs",
            "Your exponent is not rounded down, so lr falls a little at each step: that is the exponential schedule.",
            r"the brackets $\lfloor\;\rfloor$: rounded down. In Python, `//`.",
            lambda t, every: (t - 1) / every,
        ),
        stairs_of(
            "rounded to the nearest",
            "You round to the nearest whole number, so each fall comes half a stair early.",
            r"the brackets $\lfloor\;\rfloor$: rounded *down*. In Python, `//`.",
            lambda t, every: round((t - 1) / every),
        ),
        stairs_of(
            "it falls at every step",
            "You multiply by the factor at each step. It shall stay for a while.",
            FLOOR,
            lambda t, every: t - 1,
        ),
        stairs_of(
            "the remainder",
            "`%` is the remainder of a division: yours begins anew with each stair. How often `every` goes into "
            "$t - 1$, says `//`.",
            FLOOR,
            lambda t, every: (t - 1) % every,
        ),
        stairs_of(
            "it falls only once",
            "Your lr falls after the first stair, and never again.",
            FLOOR,
            lambda t, every: int(t > every),
        ),
        stairs_of(
            "the fall is not kept",
            "Your lr is small in every so-many-th step, and right after it as large as before.",
            FLOOR,
            lambda t, every: int(t % every == 0),
        ),
        stairs_of(
            "it climbs",
            "You divide by the factor. It is below 1, so your lr grows.",
            r"$\mathrm{lr} \cdot \mathrm{factor}^{\dots}$: a product, and no minus in the exponent.",
            lambda t, every: -((t - 1) // every),
        ),
        Misconception(
            "a product instead of a power",
            "You multiply by the number of the stair. On the first stair that is 0.",
            r"$\mathrm{factor}^{\dots}$: a power. In Python, `**`.",
            lambda t, lr, every, factor: lr * factor * ((t - 1) // every),
        ),
    ],
    hints=[
        "How often has it fallen at step t? Not yet in the first `every` steps, once in the next.",
        "How often it has fallen is `(t - 1) // every`: a division, rounded down.",
        "Each fall multiplies by the factor: `lr * factor ** ...`.",
    ],
)

# source A's line


def some_lines(seed):
    """Each to beyond its end; of seed 0, that of source A: 5 epochs of 938 batches."""
    cases = Trial(seed).chosen(
        {"lr_0": (0.005, 0.3, 0.4, 0.1), "lr_tau": (0.02, 0.1, 0.2, 0.05), "tau": (5 * 938, 20, 60, 40)}
    )
    cases = [{**case, "lr_tau": round(case["lr_0"] * case["lr_tau"], 6)} for case in cases]
    return {
        told(case): {k: {"k": k, **case} for k in sorted({round(case["tau"] * i / 20) for i in range(28)})}
        for case in cases
    }


FIRST = r"the first formula: $(1 - k/\tau)\,\mathrm{lr}_0 + (k/\tau)\,\mathrm{lr}_\tau$."
SECOND = r"the second formula: $\mathrm{lr}_k = \mathrm{lr}_\tau$ for $k > \tau$."
COUNTED = r"$k$: it is 0 in the first step, and there $\mathrm{lr}_k = \mathrm{lr}_0$."

linear_decay = Exercise(
    name="linear_decay",
    lecture=2,
    task="Notebook A's schedule: `linear_decay(k, lr_0, lr_tau, tau)` is the learning rate of step `k`, here counted "
    "from 0. It goes from `lr_0` to `lr_tau` along a straight line, in `tau` steps, and stays there.",
    formula=r"\mathrm{lr}_k = \Big(1 - \frac{k}{\tau}\Big)\, \mathrm{lr}_0 + \frac{k}{\tau}\; \mathrm{lr}_\tau "
    r"\quad (k \le \tau), \qquad \mathrm{lr}_k = \mathrm{lr}_\tau \quad (k > \tau)",
    trial=FunctionTrial(reference=straight_line, cases=some_lines, axis="k"),
    misconceptions=[
        Misconception(
            "the second formula is forgotten",
            r"Your line goes on beyond $\tau$, and soon below zero. A negative learning rate walks uphill.",
            SECOND,
            lambda k, lr_0, lr_tau, tau: lr_0 + (lr_tau - lr_0) * k / tau,
        ),
        Misconception(
            "nothing is left after the end",
            r"Beyond $\tau$ your learning rate is 0. It shall stay at $\mathrm{lr}_\tau$.",
            SECOND,
            lambda k, lr_0, lr_tau, tau: straight_line(k, lr_0, lr_tau, tau) * (k <= tau),
        ),
        Misconception(
            "back to the beginning",
            r"Beyond $\tau$ your learning rate is $\mathrm{lr}_0$ again.",
            SECOND,
            lambda k, lr_0, lr_tau, tau: lr_0 if k > tau else straight_line(k, lr_0, lr_tau, tau),
        ),
        Misconception(
            "the ends are exchanged",
            r"Your line begins at $\mathrm{lr}_\tau$ and climbs to $\mathrm{lr}_0$.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: lr_0 if k > tau else straight_line(k, lr_tau, lr_0, tau),
        ),
        Misconception(
            "the parentheses in the first factor",
            r"`(1 - k) / tau` divides the 1, too: your first factor is negative from the second step on.",
            r"the first factor: $1 - k/\tau$, that is `(1 - k / tau)`.",
            lambda k, lr_0, lr_tau, tau: lr_tau if k > tau else (1 - k) / tau * lr_0 + k / tau * lr_tau,
        ),
        Misconception(
            "the parentheses around the first factor",
            r"You have $1 - (k/\tau)\,\mathrm{lr}_0$: the product comes before the difference. Your line begins at 1.",
            r"the first factor: $(1 - k/\tau)$, all of it times $\mathrm{lr}_0$.",
            lambda k, lr_0, lr_tau, tau: lr_tau if k > tau else 1 - k / tau * lr_0 + k / tau * lr_tau,
        ),
        Misconception(
            "it does not fall",
            r"All your steps have $\mathrm{lr}_0$.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: lr_0,
        ),
        Misconception(
            "a stair, no line",
            r"All steps up to $\tau$ have $\mathrm{lr}_0$; then your learning rate jumps.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: lr_tau if k > tau else lr_0,
        ),
        Misconception(
            "one step late",
            "You take away 1 from $k$. But $k$ is counted from 0 already: your line is one step late, and begins above "
            r"$\mathrm{lr}_0$.",
            COUNTED,
            lambda k, lr_0, lr_tau, tau: straight_line(k - 1, lr_0, lr_tau, tau),
        ),
        Misconception(
            "one step early",
            "You add 1 to $k$: your line is one step early. The first step, $k = 0$, has all of $\\mathrm{lr}_0$.",
            COUNTED,
            lambda k, lr_0, lr_tau, tau: straight_line(k + 1, lr_0, lr_tau, tau),
        ),
        Misconception(
            "the line goes down to 0",
            r"Your line heads for 0, and at $\tau$ it jumps to $\mathrm{lr}_\tau$. The second term is missing.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: lr_tau if k > tau else (1 - k / tau) * lr_0,
        ),
        Misconception(
            "a floor instead of an end",
            r"Your line heads for 0, and you stop it at $\mathrm{lr}_\tau$, with a maximum. So it is too steep, and "
            r"gets there before $\tau$.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: max((1 - k / tau) * lr_0, lr_tau),
        ),
        Misconception(
            "the part is a whole number",
            r"`k // tau` rounds down: it is 0 up to $\tau$, so your learning rate does not move, and then jumps.",
            r"the quotient $k/\tau$: in Python, `k / tau`.",
            lambda k, lr_0, lr_tau, tau: straight_line(min(k // tau, 1), lr_0, lr_tau, 1),
        ),
        Misconception(
            "a curve, no line",
            "You multiply by the same factor at each step. That is exponential decay, between the same two ends.",
            FIRST,
            lambda k, lr_0, lr_tau, tau: lr_0 * (lr_tau / lr_0) ** min(k / tau, 1),
        ),
    ],
    hints=[
        r"Two formulas, two cases: an `if` for $k > \tau$ first.",
        r"$k/\tau$ is the part of the way that is done: of $\mathrm{lr}_0$ there is the rest, of $\mathrm{lr}_\tau$ "
        "that part.",
        "`(1 - k / tau) * lr_0 + k / tau * lr_tau`, unless k is beyond tau.",
    ],
)

# a warm-up, then a cosine


def some_waves(seed):
    cases = Trial(seed).chosen({"lr": (0.4, 1.5, 1.0, 0.3), "up": (10, 5, 8, 4), "steps": (100, 40, 60, 50)})
    return {told(case): {t: {"t": t, **case} for t in range(1, case["steps"] + 1)} for case in cases}


def waves_of(name: str, says: str, look: str, down: Callable, rise: Callable = lambda t, up: t / (up + 1)):
    """A wrong rise, or a wrong way down: the part of lr."""

    def wrong(t, lr, up, steps):
        return lr * (rise(t, up) if t <= up else down(t, up, steps))

    return Misconception(name, says, look, wrong)


def wave(part):
    return (1 + math.cos(math.pi * part)) / 2


def right_wave(t, up, steps):
    return wave((t - 1 - up) / (steps - up))


RISE, PART = r"the first case: $t / (\mathrm{up} + 1)$.", r"the fraction in the cosine: from 0, at $t = \mathrm{up}+1$."

warmup_cosine = Exercise(
    name="warmup_cosine",
    lecture=2,
    task="Up a line, then down a wave: `warmup_cosine(t, lr, up, steps)` is the learning rate of step `t`, from 1 to "
    "`steps`. It climbs for `up` steps, has all of `lr` in the step after them, and then falls along half a cosine; it "
    "would be 0 in the step after the last.",
    formula=r"\mathrm{lr}_t = \mathrm{lr} \cdot \begin{cases} \dfrac{t}{\mathrm{up} + 1} & t \le \mathrm{up} \\[2ex] "
    r"\dfrac12 \Big(1 + \cos\Big(\pi\, \dfrac{t - 1 - \mathrm{up}}{\mathrm{steps} - \mathrm{up}}\Big)\Big) & "
    r"t > \mathrm{up} \end{cases}",
    trial=FunctionTrial(reference=up_and_down, cases=some_waves, axis="t"),
    misconceptions=[
        waves_of(
            "the first step is lost",
            "Your warm-up begins at 0: the first step does not move at all.",
            RISE,
            right_wave,
            lambda t, up: (t - 1) / up,
        ),
        waves_of(
            "at the top a step early",
            r"Your warm-up is at the top in its last step already, and the wave begins there, too: two steps with all "
            r"of lr. The climb goes from 0 to lr in $\mathrm{up} + 1$ equal steps.",
            RISE,
            right_wave,
            lambda t, up: t / up,
        ),
        waves_of(
            "all of it a step early",
            r"Your climb is over in step $\mathrm{up}$, and your wave begins there: all is one step early. All of lr "
            r"belongs to step $\mathrm{up} + 1$.",
            RISE,
            lambda t, up, steps: wave((t - up) / (steps - up)),
            lambda t, up: t / up,
        ),
        waves_of(
            "no warm-up",
            "You begin with all of lr. The first steps are those that should be small.",
            RISE,
            right_wave,
            lambda t, up: 1,
        ),
        waves_of(
            "the warm-up falls",
            "Your warm-up begins high and goes down.",
            RISE,
            right_wave,
            lambda t, up: 1 - t / (up + 1),
        ),
        waves_of(
            "the climb is a step late",
            r"You take away 1 from $t$: the first step does not move at all, and all of lr is never reached on a line.",
            RISE,
            right_wave,
            lambda t, up: (t - 1) / (up + 1),
        ),
        Misconception(
            "the parentheses around up + 1",
            "`lr * t / up + 1` adds the 1 at the very end, to the learning rate.",
            r"the first case: `t / (up + 1)`.",
            lambda t, lr, up, steps: lr * t / up + 1 if t <= up else lr * right_wave(t, up, steps),
        ),
        Misconception(
            "the climb ends a step early",
            r"In step $t = \mathrm{up}$ you are in the second case already: you wrote `<` for `<=`.",
            r"where the two cases meet: $t \le \mathrm{up}$.",
            lambda t, lr, up, steps: lr * (t / (up + 1) if t < up else right_wave(t, up, steps)),
        ),
        Misconception(
            "one case for all steps",
            "You take the second case for all steps: the first ones are on the wave, too, before its top.",
            r"the two cases: up to $t = \mathrm{up}$ there is a line.",
            lambda t, lr, up, steps: lr * right_wave(t, up, steps),
        ),
        Misconception(
            "the cosine alone",
            "Your cosine runs from step 1 to the end, and there is no warm-up.",
            r"the two cases: up to $t = \mathrm{up}$ there is a line.",
            lambda t, lr, up, steps: lr * wave((t - 1) / steps),
        ),
        waves_of(
            "the wave is a step short",
            "Your wave is 0 in the last step. It would be 0 in the step *after* the last.",
            r"the denominator in the cosine: $\mathrm{steps} - \mathrm{up}$ steps are left.",
            lambda t, up, steps: wave((t - 1 - up) / (steps - up - 1)),
        ),
        waves_of(
            "the wave has not waited",
            "Your cosine has run since step 1: when the warm-up is over, a part of it is gone, and lr jumps.",
            PART,
            lambda t, up, steps: wave((t - 1) / steps),
        ),
        waves_of(
            "the wave is too long",
            "Your cosine begins in the right step, but is as long as the whole training: it does not come down to 0.",
            r"the denominator in the cosine: $\mathrm{steps} - \mathrm{up}$ steps are left.",
            lambda t, up, steps: wave((t - 1 - up) / steps),
        ),
        waves_of(
            "the wave is one step early",
            r"In step $\mathrm{up} + 1$ lr is at its top. Your cosine has fallen a little by then.",
            PART,
            lambda t, up, steps: wave((t - up) / (steps - up)),
        ),
        waves_of(
            "the half is missing",
            r"$1 + \cos$ goes from 2 to 0: your wave begins at twice lr.",
            r"the factor $\tfrac12$.",
            lambda t, up, steps: 2 * right_wave(t, up, steps),
        ),
        waves_of(
            "the 1 is missing",
            "Your wave goes from lr to $-$lr. A negative learning rate walks uphill.",
            r"$1 + \cos$: it is 0 at the lowest.",
            lambda t, up, steps: 2 * right_wave(t, up, steps) - 1,
        ),
        waves_of(
            "a quarter of a wave",
            "You take a quarter of a cosine: flat at the top, steep at the end. Half a cosine is flat at both ends.",
            r"$\pi$ in the cosine, and $\tfrac12 (1 + \dots)$ around it.",
            lambda t, up, steps: math.cos(math.pi / 2 * (t - 1 - up) / (steps - up)),
        ),
        waves_of(
            "degrees",
            "Your cosine gets degrees. `math.cos` wants radians: half a wave is π, not 180.",
            r"$\pi$ in the cosine.",
            lambda t, up, steps: (1 + math.cos(180 * (t - 1 - up) / (steps - up))) / 2,
        ),
        waves_of(
            "a line, no wave",
            "You go down a straight line.",
            r"the second case: $\tfrac12 (1 + \cos(\dots))$.",
            lambda t, up, steps: 1 - (t - 1 - up) / (steps - up),
        ),
        Misconception(
            "the wave times the warm-up",
            "You multiply the warm-up with a cosine that runs from step 1. The two come one after the other.",
            r"the two cases: up to $t = \mathrm{up}$ there is no cosine.",
            lambda t, lr, up, steps: lr * min(t / (up + 1), 1) * wave((t - 1) / steps),
        ),
    ],
    hints=[
        r"Two cases: `if t <= up`, the climb; else the wave. The climb is in proportion to $t$.",
        "The wave begins in step up + 1, and has steps - up steps. So the part of it that is done is "
        "`(t - 1 - up) / (steps - up)`.",
        "A part of 0 shall give 1, a part of 1 shall give 0: `(1 + math.cos(math.pi * part)) / 2`.",
    ],
)

# the rule, with an lr that falls


def moving(name: str, says: str, look: str, lr: Callable) -> Misconception:
    """The rule with a wrong ``lr(t, lr_0, lr_tau, tau)``."""

    def wrong(x, g, s, t, **line):
        return x - lr(t, **line) * g, s

    return Misconception(name, says, look, wrong)


def calls_counted():
    calls = {"t": 0}

    def wrong(x, g, s, t, lr_0, lr_tau, tau):
        calls["t"] += 1
        return sgd_on_a_line(x, g, s, calls["t"], lr_0, lr_tau, tau)

    return wrong


def decayed_again(x, g, s, t, lr_0, lr_tau, tau):
    part = min((t - 1) / tau, 1)
    lr = (1 - part) * (lr_0 if t == 1 else s.lr) + part * lr_tau
    return x - lr * g, State(lr=lr)


STEP = r"$x_t = x_{t-1} - \mathrm{lr}_k\; g_t$."
CLOCK = "$k = t - 1$: the first step, $t = 1$, has all of $\\mathrm{lr}_0$."

decayed_sgd = Exercise(
    name="decayed_sgd",
    lecture=2,
    task="Let the rule walk by the line: `decayed_sgd(x, g, s, t, lr_0, lr_tau, tau)` returns the new x and the "
    "memory. Mind the two clocks: the rule's steps are counted from $t = 1$, the line's from $k = 0$.",
    formula=r"x_t = x_{t-1} - \mathrm{lr}_k\; g_t, \qquad k = t - 1, \qquad \mathrm{lr}_k = \Big(1 - "
    r"\frac{k}{\tau}\Big)\, \mathrm{lr}_0 + \frac{k}{\tau}\; \mathrm{lr}_\tau \ \ (k \le \tau), \quad "
    r"\mathrm{lr}_\tau \ \ (k > \tau)",
    trial=RuleTrial(
        reference=sgd_on_a_line,
        hyper={"lr_0": (0.4, 0.3, 0.45, 0.35), "lr_tau": (0.04, 0.1, 0.05, 0.08), "tau": (6, 8, 5, 7)},
    ),
    misconceptions=[
        moving(
            "the line begins a step early",
            "You count the line's steps from $t$ as it is. So the first step has less than $\\mathrm{lr}_0$.",
            CLOCK,
            lambda t, **line: straight_line(t, **line),
        ),
        moving(
            "the line begins a step late",
            "You count the line's steps from $t - 2$: it is one step late, and begins above $\\mathrm{lr}_0$.",
            CLOCK,
            lambda t, **line: straight_line(t - 2, **line),
        ),
        moving(
            "the second formula is forgotten",
            r"Your line goes on beyond $\tau$. Soon lr is negative, and x walks back uphill.",
            SECOND,
            lambda t, lr_0, lr_tau, tau: lr_0 + (lr_tau - lr_0) * (t - 1) / tau,
        ),
        moving(
            "it does not fall",
            "All your steps have $\\mathrm{lr}_0$.",
            STEP,
            lambda t, lr_0, lr_tau, tau: lr_0,
        ),
        moving(
            "the ends are exchanged",
            r"Your line begins at $\mathrm{lr}_\tau$ and climbs to $\mathrm{lr}_0$.",
            FIRST,
            lambda t, lr_0, lr_tau, tau: straight_line(min(t - 1, tau), lr_tau, lr_0, tau),
        ),
        moving(
            "the line goes down to 0",
            r"Your line heads for 0, and at its end it jumps to $\mathrm{lr}_\tau$. The second term is missing.",
            FIRST,
            lambda t, lr_0, lr_tau, tau: lr_tau if t - 1 > tau else (1 - (t - 1) / tau) * lr_0,
        ),
        moving(
            "the sign",
            "You walk uphill: the step is added where the formula subtracts it.",
            STEP,
            lambda t, **line: -straight_line(t - 1, **line),
        ),
        Misconception(
            "what has fallen falls again",
            r"You put the lr of the step before where $\mathrm{lr}_0$ stands. So each fall is taken from what is left, "
            "and lr falls much too fast.",
            r"$\mathrm{lr}_0$ in the formula: it is the same in all steps.",
            decayed_again,
        ),
        Misconception(
            "the clock is advanced by every parameter",
            "You count calls, not steps: with two parameters your line is twice as fast. `t` is the number of the "
            "step, the same for all parameters.",
            "$k = t - 1$: it counts steps.",
            calls_counted,
            fresh=True,
        ),
    ],
    hints=[
        "Three lines: which part of the line is done? What is lr there? Then the step.",
        "In the first step, `t` is 1 and nothing is done: the part is `(t - 1) / tau`. And it is never more than 1.",
        "`part = min((t - 1) / tau, 1)`, then `lr = (1 - part) * lr_0 + part * lr_tau`.",
    ],
)

# questions


def variance(lr, sigma, curvature):
    return lr * sigma**2 / (curvature * (2 - lr * curvature))


noise_ball = Question(
    name="noise_ball",
    lecture=2,
    text=r"In one direction, of curvature $\lambda$ = <curvature>, you walk with lr = <lr>, and the gradient's error "
    r"has the size $\sigma$ = <sigma>. How wide is the ball in which you end up: what is its radius $\sqrt V$?",
    numbers={"lr": (0.1, 0.2, 0.3, 0.15), "sigma": (2, 3.5, 1.6, 1.2), "curvature": (4, 3, 4.5, 2)},
    answer=lambda lr, sigma, curvature: variance(lr, sigma, curvature) ** 0.5,
    because=lambda lr, sigma, curvature: (
        rf"$V = \mathrm{{lr}}\,\sigma^2 / (\lambda\,(2 - \mathrm{{lr}}\,\lambda)) = {lr:g} \cdot {sigma**2:g} / "
        rf"({curvature:g} \cdot {2 - lr * curvature:g}) = {variance(lr, sigma, curvature):.4g}$, and its root is "
        f"{variance(lr, sigma, curvature) ** 0.5:.3g}."
    ),
    misconceptions=[
        Misconception(
            "the variance, not the radius",
            "That is $V$, the variance. The radius is its root.",
            r"the radius: $\sqrt V$.",
            variance,
        ),
        Misconception(
            "the short form",
            r"You took the short form, $\mathrm{lr}\,\sigma^2 / 2\lambda$. It is for an lr far below the edge; here "
            r"$\mathrm{lr}\,\lambda$ is not small beside 2.",
            r"the denominator: $\lambda\,(2 - \mathrm{lr}\,\lambda)$.",
            lambda lr, sigma, curvature: (lr * sigma**2 / (2 * curvature)) ** 0.5,
        ),
        Misconception(
            "one of the curvatures is missing",
            r"You forgot one of the two $\lambda$: it stands in front of the parentheses, too.",
            r"the denominator: $\lambda\,(2 - \mathrm{lr}\,\lambda)$.",
            lambda lr, sigma, curvature: (lr * sigma**2 / (2 - lr * curvature)) ** 0.5,
        ),
        Misconception(
            "the square is forgotten",
            r"You took $\sigma$ where the formula has $\sigma^2$.",
            r"the numerator: $\mathrm{lr}\;\sigma^2$.",
            lambda lr, sigma, curvature: (lr * sigma / (curvature * (2 - lr * curvature))) ** 0.5,
        ),
    ],
    hints=[
        r"The lecture has the variance $V$ of the balance, with lr, σ and λ in it.",
        r"$V = \mathrm{lr}\,\sigma^2 / (\lambda\,(2 - \mathrm{lr}\,\lambda))$. Then the root.",
    ],
)


def first_below(lr_0, lr_tau, tau, limit):
    return math.floor(tau * (lr_0 - limit) / (lr_0 - lr_tau)) + 2


below_the_limit = Question(
    name="below_the_limit",
    lecture=2,
    text=r"A training's lr falls along a line from $\mathrm{lr}_0$ = <lr_0> to $\mathrm{lr}_\tau$ = <lr_tau>, with "
    r"$\tau$ = <tau>. Steps are counted from $t = 1$, so $k = t - 1$. What is the first step $t$ whose lr is below "
    "<limit>?",
    numbers={
        "lr_0": (0.005, 0.006, 0.004, 0.008),
        "lr_tau": (0.0001, 0.0002, 0.0003, 0.0007),
        "tau": (5 * 938, 4 * 938, 3001, 1999),
        "limit": (0.001, 0.0013, 0.0017, 0.0023),
    },
    answer=first_below,
    because=lambda lr_0, lr_tau, tau, limit: (
        rf"$\mathrm{{lr}}_k$ is below {limit:g} for $k > \tau\,({lr_0:g} - {limit:g}) / ({lr_0:g} - {lr_tau:g}) = "
        rf"{tau * (lr_0 - limit) / (lr_0 - lr_tau):.2f}$. So the first is "
        f"$k = {first_below(lr_0, lr_tau, tau, limit) - 1}$, and $t = {first_below(lr_0, lr_tau, tau, limit)}$."
    ),
    misconceptions=[
        Misconception(
            "k, not t",
            "That is $k$, counted from 0. The step $t$ has the number $k + 1$.",
            "$k = t - 1$.",
            lambda **numbers: first_below(**numbers) - 1,
        ),
        Misconception(
            "one step late",
            "You are one step late: it is below the limit already in the step before. Did you add 1 twice?",
            "$k = t - 1$.",
            lambda **numbers: first_below(**numbers) + 1,
        ),
        Misconception(
            "the line goes down to 0",
            r"Your line heads for 0 instead of $\mathrm{lr}_\tau$.",
            FIRST,
            lambda lr_0, lr_tau, tau, limit: first_below(lr_0, 0, tau, limit),
        ),
    ],
    choices=False,
    digits=0,
    hints=[
        "By hand: set the first formula equal to the limit, solve for $k$, and take the next whole number.",
        "Or with code: `linear_decay` of the exercise above, and a loop over k until it is below.",
        "Steps $t$ are counted from 1: add 1 to your $k$.",
    ],
)


def falling(c, power):
    return rf"$\mathrm{{lr}}_t = {c:g} \,/\, {power}$" if power else rf"$\mathrm{{lr}}_t = {c:g}$"


def power_of(p):
    return "t" if p == 1 else f"t^{{{p:g}}}"


def falls_like(name: str, says: str, look: str, power: str) -> Misconception:
    return Misconception(name, says, look, lambda c, p: falling(c, power))


ARRIVE = r"the two sums: $\sum \mathrm{lr}_t = \infty$ and $\sum \mathrm{lr}_t^2 < \infty$."

how_fast_may_it_fall = Question(
    name="how_fast_may_it_fall",
    lecture=2,
    text="Robbins and Monro say how fast lr may fall, so that a walk with noise arrives, sooner or later. Which of "
    "these fulfils both of their conditions?",
    numbers={"c": (0.2, 0.3, 0.1, 0.4), "p": (1, 0.8, 0.7, 0.9)},
    answer=lambda c, p: falling(c, power_of(p)),
    because=lambda c, p: (
        f"The sum of $1/{power_of(p)}$ has no limit, that of its squares, $1/{power_of(2 * p)}$, has one. So it is for "
        r"all powers above $\tfrac12$, up to 1."
    ),
    misconceptions=[
        falls_like(
            "it does not fall",
            "A constant lr ends in a noise ball. The sum of its squares has no limit.",
            ARRIVE,
            "",
        ),
        falls_like(
            "it falls too fast",
            r"All these learning rates together make a number: if the way is longer than that, you get stuck. The sum "
            r"of $1/t^2$ has a limit.",
            ARRIVE,
            "t^2",
        ),
        falls_like(
            "it just misses",
            r"The squares are $1/t$, and their sum has no limit. (In the lecture's bowl it arrives all the same: the "
            "conditions are enough, not necessary.)",
            ARRIVE,
            r"\sqrt t",
        ),
    ],
    hints=[
        "The learning rates together must have no limit: you can get anywhere. Their squares together must have one.",
        r"The sum of $1/t^q$ has a limit for $q > 1$, and none for $q \le 1$.",
    ],
)

EXERCISES = [noise_ball, how_fast_may_it_fall, step_decay, linear_decay, below_the_limit, warmup_cosine, decayed_sgd]
