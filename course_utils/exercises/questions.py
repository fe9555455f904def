"""Questions with fresh numbers for each seed: multiple choice, or numbers to work out.

The wrong options are what the misconceptions give with the same numbers: a wrong answer says which one it is.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils import checks
from course_utils.exercises.task import Task
from course_utils.exercises.trials import SURFACE, told
from course_utils.exercises.verdicts import Misconception, Verdict
from course_utils.gradients import gradient
from course_utils.rules import Rule, State

import numpy as np
import torch
from IPython.display import Markdown
from torch import Tensor

OPTIONS = 4  # of a multiple choice, at most
Answer = float | tuple[float, ...] | str
Start = tuple[float, float]


@dataclass(eq=False, kw_only=True)
class Question(Task):
    """A question whose answer follows from numbers, with others for each seed.

    ``text`` has the numbers' names as <lr>, ``numbers`` the values of each to choose from: seed 0 has the first of
    each. ``answer(**numbers)`` is right, each misconception's attempt wrong, ``because(**numbers)`` the way there, in
    Markdown. With ``choices`` the answer is a letter; else the number or numbers, to ``digits`` after the point.
    """

    text: str
    numbers: Mapping[str, Sequence[Any]]
    answer: Callable[..., Answer]
    because: Callable[..., str]
    misconceptions: Sequence[Misconception]
    choices: bool = True
    digits: int = 3

    @property
    def kind(self) -> str:
        return "a letter" if self.choices else "a number" if self.digits else "a whole number"

    def drawn(self, seed: int) -> dict[str, Any]:
        """The numbers of this seed. Raises what ``checks.whole`` raises for a bad one."""
        dice = random.Random(f"{self.name} {checks.whole('seed', seed, least=0)}")
        return {name: dice.choice(values) if seed else values[0] for name, values in self.numbers.items()}

    def options(self, seed: int = 0) -> dict[str, tuple[str, Misconception | None]]:
        """What each letter stands for: the answer as it is shown, and the misconception that leads there."""
        numbers = self.drawn(seed)
        shown: dict[str, Misconception | None] = {self._shown(self.answer(**numbers)): None}
        wrong = list(self.misconceptions)
        dice = random.Random(f"{self.name} {seed} options")
        dice.shuffle(wrong)
        for misconception in wrong:
            if len(shown) < OPTIONS:
                shown.setdefault(self._shown(misconception.attempt(**numbers)), misconception)
        rows = list(shown.items())
        dice.shuffle(rows)
        return dict(zip(string.ascii_uppercase, rows, strict=False))

    def right(self, seed: int = 0) -> Answer:
        """What ``check`` wants to hear."""
        if self.choices:
            return next(letter for letter, (_, wrong) in self.options(seed).items() if wrong is None)
        return self.answer(**self.drawn(seed))

    def ask(self, seed: int = 0) -> Markdown:
        """The question with the numbers of this seed, and the options if there are any."""
        text = self.text
        for name, value in self.drawn(seed).items():
            text = text.replace(f"<{name}>", _plain(value))
        lines = [text]
        if self.choices:
            lines += [f"**{letter}** {shown}" for letter, (shown, _) in self.options(seed).items()]
        else:
            lines.append(f"The answer is {self._wanted(seed)}.")
        return Markdown("\n\n".join(lines))

    def check(self, answer: Any, seed: int = 0) -> Verdict:
        """Whether the answer is right for the numbers of this seed; if not, which misconception leads there.

        Raises TypeError or ValueError for a bad seed, and nothing for an answer, whatever it is.
        """
        options = self.options(seed)
        if answer is None or answer is Ellipsis or (isinstance(answer, str) and not answer.strip()):
            return Verdict(False, "stub", f"**No answer yet.** First hint: {self.hints[0]}")
        if self.choices:
            letter = answer.strip().upper() if isinstance(answer, str) else None
            if letter not in options:
                return Verdict(
                    False, "no answer", f"**Not yet.** Answer with a letter, {', '.join(options)}, in quotes."
                )
            found = options[letter][1]
            passed = found is None
        else:
            numbers, right = self.drawn(seed), self._vector(self.right(seed))
            given = self._vector(answer)
            if given is None or given.shape != right.shape:
                return Verdict(False, "no answer", f"**Not yet.** The answer is {self._wanted(seed)}; yours is not.")
            passed = self._close(given, right) and not (self._whole(right) and (given % 1).any())
            wrong = (m for m in self.misconceptions if self._close(given, self._vector(m.attempt(**numbers))))
            found = None if passed else next(wrong, None)
        if passed:
            return Verdict(True, None, f"**Right.** {self.because(**self.drawn(seed))}")
        if found is None:
            near = self.digits and np.allclose(given, right, rtol=1e-4, atol=100 * 10.0**-self.digits)
            told = (
                f"Near, but not the same to {self.digits} decimals. Was it rounded too early, or worked out in float32?"
                " Or is a small term, such as ε, in another place?"
                if near and not self.choices
                else "It is none of the misconceptions that have a name. A hint may help."
            )
            return Verdict(False, None, f"**Not yet.** {told}")
        return Verdict(False, found.name, f"**Not yet: {found.name}.** {found.says}\n\nRead again: {found.look}")

    def solution(self, seed: int = 0) -> Markdown:
        """The right answer for the numbers of this seed, and how to get there."""
        right = self.right(seed)
        shown = f"**{right}**" if self.choices else f"**{self._shown(right)}**"
        return Markdown(f"{shown}. {self.because(**self.drawn(seed))}")

    def _shown(self, answer: Answer) -> str:
        if isinstance(answer, str):
            return answer
        values = [f"{value:.{self.digits}f}" for value in np.atleast_1d(answer).tolist()]
        values = [value.rstrip("0").rstrip(".") if self.digits else value for value in values]
        values = ["0" if value == "-0" else value for value in values]
        return values[0] if len(values) == 1 else f"({', '.join(values)})"

    def _vector(self, answer: Any) -> np.ndarray | None:
        try:
            answer = answer.detach().cpu() if torch.is_tensor(answer) else answer
            return np.atleast_1d(np.asarray(answer, dtype=float)).reshape(-1)
        except Exception:  # whatever it is, it is no answer
            return None

    def _close(self, given: np.ndarray, value: np.ndarray) -> bool:
        """Whether they agree to the last digit; for a value that is smaller than that, to a twentieth of it."""
        least = max(0.05 * np.abs(value).max(), 1e-12)
        return bool((np.abs(given - value) <= min(0.51 * 10.0**-self.digits, least)).all())

    def _whole(self, right: np.ndarray) -> bool:
        """Whether a whole number is asked for, and not one that is rounded to one."""
        return self.digits == 0 and not (right % 1).any()

    def _wanted(self, seed: int) -> str:
        right = self._vector(self.right(seed))
        if self._whole(right):
            return "a whole number" if len(right) == 1 else f"{len(right)} whole numbers"
        kind = "one number" if len(right) == 1 else f"{len(right)} numbers, as in (1.5, 2.5)"
        return f"{kind}, to {self.digits} digits after the point" if self.digits else f"{kind}, rounded to a whole one"


def _plain(value: Any) -> str:
    return f"({', '.join(f'{v:g}' for v in value)})" if isinstance(value, tuple) else f"{value:g}"


def walk(rule: Rule, start: Start, steps: int, **hyper: float) -> list[tuple[Tensor, State, Tensor]]:
    """Gradient, state and new x at each step of ``rule`` on the quadratic surface."""
    x, s, rows = torch.tensor(start, dtype=torch.float64), State(), []
    for t in range(1, steps + 1):
        g = gradient(SURFACE, x)
        x, s = rule(x, g, s, t, **hyper)
        rows.append((g, s, x))
    return rows


def steps_of(
    rule: Rule,
    name: str,
    lecture: int,
    steps: int,
    numbers: Mapping[str, Sequence[Any]],
    misconceptions: Sequence[Misconception],
    formula: str,
    **options: Any,
) -> Question:
    """Source C's kind of question: where is x after so many steps on f(x) = 0.1 x₁² + 2 x₂²?

    ``numbers`` are those of the hyperparameters, ``misconceptions`` are of rules: their attempts are wrong rules.
    """

    def end(rule: Rule) -> Callable[..., Answer]:
        return lambda start, **hyper: tuple(walk(rule, start, steps, **hyper)[-1][2].tolist())

    def because(start: Start, **hyper: float) -> str:
        rows = walk(rule, start, steps, **hyper)
        shown = [*range(min(steps, 3)), *([steps - 1] if steps > 3 else [])]
        kept = list(vars(rows[0][1]))
        head = ["t", "g", *kept, "x"]
        lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        for i in shown:
            g, s, x = rows[i]
            values = [g, *(getattr(s, letter) for letter in kept), x]
            cells = [f"({', '.join(f'{v:.4g}' for v in value.tolist())})" for value in values]
            lines.append(f"| {i + 1} | " + " | ".join(cells) + " |")
        return f"${formula}$, with {told(hyper)}:\n\n" + "\n".join(lines)

    def ended(wrong: Misconception) -> Misconception:
        return Misconception(wrong.name, wrong.says, wrong.look, end(wrong.attempt))

    settings = ", ".join(f"{hyper} = <{hyper}>" for hyper in numbers)
    return Question(
        name=name,
        lecture=lecture,
        text=f"On $f(x) = 0.1\\,x_1^2 + 2\\,x_2^2$ you start at <start> and walk by ${formula}$, with {settings}. "
        f"Where are you after {steps} steps?",
        numbers={"start": ((-5.0, -2.0), (-4.0, 1.5), (5.0, -1.0), (4.0, 2.0), (-3.0, -1.5)), **numbers},
        answer=end(rule),
        because=because,
        misconceptions=[ended(wrong) for wrong in misconceptions],
        **options,
    )
