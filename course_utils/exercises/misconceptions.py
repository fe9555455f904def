"""Misconceptions that go with every rule: each function makes the wrong variant from the right rule."""

from __future__ import annotations

from course_utils.exercises.verdicts import Misconception
from course_utils.rules import Rule, State

import torch


def sign(rule: Rule) -> Misconception:
    """The step goes up the slope."""

    def wrong(x, g, s, t, **hyper):
        new, s = rule(x, g, s, t, **hyper)
        return 2 * x - new, s

    return Misconception(
        "the sign",
        "Your step goes the opposite way: it is added where the formula subtracts it, or the other way round.",
        "the sign in front of the step.",
        wrong,
    )


def lr_forgotten(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, lr, **hyper):
        return rule(x, g, s, t, lr=1.0, **hyper)

    return Misconception(
        "the learning rate is missing",
        "Your step has its full length: nothing multiplies it by the learning rate.",
        r"the factor $\mathrm{lr}$ in front of the step.",
        wrong,
    )


def lr_twice(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, lr, **hyper):
        return rule(x, g, s, t, lr=lr**2, **hyper)

    return Misconception(
        "the learning rate counts twice",
        "The learning rate multiplies the step twice: once in what you keep or prepare, and once more at the end.",
        r"how often $\mathrm{lr}$ stands in the formula: once.",
        wrong,
    )


def step_alone(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, **hyper):
        new, s = rule(x, g, s, t, **hyper)
        return new - x, s

    return Misconception(
        "only the step is returned",
        "You return the step itself. The rule returns where it leads: the new x.",
        "the left side of the last line: $x_t$.",
        wrong,
    )


def x_unchanged(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, **hyper):
        return x, rule(x, g, s, t, **hyper)[1]

    return Misconception(
        "the old x is returned",
        "You return the x that you got. Whatever you worked out, it is not in what you return.",
        "the left side of the last line: $x_t$ is new.",
        wrong,
    )


def state_lost(rule: Rule, letters: str) -> Misconception:
    """The state is not handed on; ``letters`` is what it holds, in LaTeX."""

    def wrong(x, g, s, t, **hyper):
        return rule(x, g, State(), t, **hyper)

    return Misconception(
        "the state is not kept",
        f"${letters}$ of the step before is not in your step. Either it is not in the state that you return (under the "
        "name by which you read it), or your formula does not use it.",
        f"where ${letters}$ has the index $t-1$: that is the state of the step before.",
        wrong,
    )


def one_lost(rule: Rule, name: str, letter: str = "") -> Misconception:
    """One of several memories is not handed on: ``name`` in the state, ``letter`` in LaTeX."""
    letter = letter or name

    def wrong(x, g, s, t, **hyper):
        return rule(x, g, State(**{kept: value for kept, value in vars(s).items() if kept != name}), t, **hyper)

    return Misconception(
        f"{name} is not kept",
        f"Your ${letter}$ begins anew in each step; the rest of the state is kept. Either `{name}` is not in the state "
        "that you return, or not as it is now, or your formula does not use it.",
        f"where ${letter}$ has the index $t-1$: that is the one of the step before.",
        wrong,
    )


def state_shared(rule: Rule, letters: str) -> Misconception:
    def fresh():
        kept = {"s": State()}

        def wrong(x, g, s, t, **hyper):
            new, kept["s"] = rule(x, g, kept["s"], t, **hyper)
            return new, s

        return wrong

    return Misconception(
        "one state for all parameters",
        f"Two parameters, one ${letters}$: yours is kept outside of `s` (in a global, a default argument or the "
        "optimizer itself), and each parameter reads what another one left there.",
        f"each parameter has a ${letters}$ of its own: it belongs into the state.",
        fresh,
        fresh=True,
    )


def clock_from_0(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, **hyper):
        return rule(x, g, s, t - 1, **hyper)

    return Misconception(
        "steps are counted from 0",
        "Your clock is one step late: the first step has the number 1, and `t` says so already.",
        "the exponent $t$: in the first step it is 1.",
        wrong,
    )


def clock_ahead(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, **hyper):
        return rule(x, g, s, t + 1, **hyper)

    return Misconception(
        "the clock is a step ahead",
        "Your exponent is $t+1$. `t` is counted from 1 already.",
        "the exponent $t$: in the first step it is 1.",
        wrong,
    )


def clock_stands(rule: Rule) -> Misconception:
    def wrong(x, g, s, t, **hyper):
        return rule(x, g, s, 1, **hyper)

    return Misconception(
        "the clock stands still",
        "Every step of yours is corrected as if it were the first: $\\beta$ stands where the formula has $\\beta^t$.",
        "the exponent of $\\beta$ in the correction.",
        wrong,
    )


def clock_per_parameter(rule: Rule) -> Misconception:
    """A counter of one's own that every call advances: source A's Adam."""

    def fresh():
        calls = {"t": 0}

        def wrong(x, g, s, t, **hyper):
            calls["t"] += 1
            return rule(x, g, s, calls["t"], **hyper)

        return wrong

    return Misconception(
        "the clock is advanced by every parameter",
        "You count calls, not steps: with two parameters your clock runs twice as fast. `t` is the number of the step, "
        "the same for all parameters.",
        "the index $t$: it counts steps.",
        fresh,
        fresh=True,
    )


def eps_missing(bare: Rule) -> Misconception:
    """``bare`` is the rule with nothing added to the root."""
    return Misconception(
        "ε is missing",
        "Nothing is added to what you divide by. As long as gradients are large, that hardly shows; where one "
        "is 0, you "
        "divide 0 by 0.",
        r"where $\epsilon$ stands: beside the root.",
        bare,
    )


def eps_at_the_end(bare: Rule) -> Misconception:
    """ε after the whole step: ``bare`` is the rule with nothing added to the root."""

    def wrong(x, g, s, t, eps, **hyper):
        new, s = bare(x, g, s, t, eps=eps, **hyper)
        return new + eps, s

    return Misconception(
        "ε is added to x",
        "There are no parentheses around what you divide by: Python divides first, and your ε is added at the "
        "very end, "
        "to x itself.",
        r"what $\epsilon$ is added to: the root. `g / (root + eps)`, not `g / root + eps`.",
        wrong,
    )


def always(rule: Rule) -> list[Misconception]:
    """Those of every rule with a learning rate."""
    return [make(rule) for make in (sign, lr_forgotten, lr_twice, step_alone, x_unchanged)]


def with_state(rule: Rule, letters: str) -> list[Misconception]:
    """Those of every rule that remembers something."""
    return [*always(rule), state_lost(rule, letters), state_shared(rule, letters)]


def of_an_optimizer(right: type[torch.optim.Optimizer]) -> list[Misconception]:
    """Those of every torch.optim.Optimizer that keeps a state and reads lr from its groups: wrong around ``right``."""

    class StateShared(right):
        def step(self, closure=None):
            ps = [p for group in self.param_groups for p in group["params"]]
            for p in ps:
                self.state[p] = self.state[ps[0]]
            return super().step(closure)

    class LrOfTheStart(right):
        def __init__(self, params, lr, **options):
            super().__init__(params, lr=lr, **options)
            self.lr = lr

        def step(self, closure=None):
            for group in self.param_groups:
                group["lr"] = self.lr
            return super().step(closure)

    class LossLost(right):
        def step(self, closure=None):
            super().step(closure)

    return [
        Misconception(
            "one state for all parameters",
            "Two parameters, one memory: each reads what the other left there. Is it kept in `self` instead of in "
            "`self.state[p]`?",
            "`self.state[p]`: a dictionary for each parameter.",
            StateShared,
        ),
        Misconception(
            "lr is read once",
            "The lr of the constructor is used for all groups and for ever: a scheduler changes `group['lr']`, and "
            "groups may have their own.",
            "`for group in self.param_groups`: lr is `group['lr']`.",
            LrOfTheStart,
        ),
        Misconception(
            "the closure's loss",
            "`step(closure)` calls the closure, and returns its loss. Yours returns something else, or a name that it "
            "does not know.",
            "`loss = closure()`, and at the end `return loss`.",
            LossLost,
        ),
    ]
