"""An exercise: its task, ``check``, ``hint`` and ``solution``."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from course_utils import checks
from course_utils.descent import Path
from course_utils.exercises import attempts
from course_utils.exercises.attempts import Record, Told, Trouble
from course_utils.exercises.task import Task
from course_utils.exercises.trials import SURFACE, FunctionTrial, RuleTrial, Trial
from course_utils.exercises.verdicts import Departure, Misconception, Verdict, departure, same
from course_utils.plotting import BLACK, Figure, plot_curves, plot_paths
from course_utils.show import source_of

from IPython.display import Markdown


@dataclass(eq=False, kw_only=True)
class Exercise(Task):
    """Something to write, and what the course knows of it.

    ``trial`` tries an attempt beside the right answer, its ``reference``; ``formula`` is in LaTeX; ``misconceptions``
    are what the check can name.
    """

    task: str
    formula: str
    trial: Trial
    misconceptions: Sequence[Misconception]

    @property
    def kind(self) -> str:
        return self.trial.kind

    def ask(self) -> Markdown:
        """The task and the formula."""
        attempts.warm_up()
        self.known(0)  # now, so that the first check is as quick as the others
        return Markdown(f"{self.task}\n\n$${self.formula}$$")

    def check(self, attempt: Callable, seed: int = 0) -> Verdict:
        """Whether ``attempt`` does what it should; if not, where it departs and which misconception it is.

        It is tried in a process of its own, for a few seconds at most. Whatever it does, check returns a Verdict.
        Raises TypeError or ValueError for a seed that is not a whole number, 0 or more, and for nothing else.
        """
        trial = self.trial.seeded(checks.whole("seed", seed, least=0))
        if not callable(attempt):
            kind = type(attempt).__name__
            return Verdict(False, "not callable", f"**Not yet.** Give `check` your function itself; this is a {kind}.")
        return self.judge(attempts.run(trial, attempt), seed)

    def solution(self) -> Markdown:
        """The right answer, as the course has it."""
        return Markdown(f"$${self.formula}$$\n\n```python\n{source_of(self.trial.reference)}\n```")

    def judge(self, told: Told, seed: int = 0) -> Verdict:
        """The verdict on what an attempt gave."""
        trouble, found = told.trouble, departure(self.expected(seed), told.records)
        notes = printed(told)
        if trouble is None and found is None:
            return Verdict(True, None, "\n\n".join([self._praise(told), *notes]))
        if trouble and trouble.name == "stub":
            return Verdict(False, "stub", f"**Not written yet.** First hint: {self.hints[0]}")
        known = self._known(told, seed)
        if known:
            words = [f"**Not yet: {known.name}.** {known.says}"]
        else:
            words = [f"**Not yet.** {troubled(trouble) if trouble else self._unknown(found, seed)}"]
        if found:
            words.append(f"{found} {found.way}".strip())
        if found or known:
            words.append(f"Read again: {known.look if known else f'${self.formula}$'}")
        name = known.name if known else trouble.name if trouble else None
        return Verdict(False, name, "\n\n".join([*words, *notes]), partial(self._picture, told.records, seed))

    @lru_cache(maxsize=32)  # noqa: B019  (exercises live as long as the program)
    def expected(self, seed: int) -> list[Record]:
        """What the right answer gives."""
        told = attempts.run_here(self.trial.seeded(seed), self.trial.reference)
        if told.trouble:  # ours
            raise told.trouble
        return told.records

    @lru_cache(maxsize=32)  # noqa: B019
    def known(self, seed: int) -> list[tuple[Misconception, Told]]:
        """What each misconception of the catalogue gives."""
        trial = self.trial.seeded(seed)
        return [
            (misconception, attempts.run_here(trial, misconception.variant())) for misconception in self.misconceptions
        ]

    def _known(self, told: Told, seed: int) -> Misconception | None:
        """The misconception that gives just what the attempt gave."""
        if _name(told) == "raised" and all(record.steps == ["start"] for record in told.records):
            return None  # it raised at once: that says nothing
        for misconception, variant in self.known(seed):
            alike = _name(told) == _name(variant) and same(variant.records, told.records)
            if alike and (told.records or told.trouble.sentence == variant.trouble.sentence):
                return misconception
        return None

    def _praise(self, told: Told) -> str:
        return f"**Right.** In {len(told.records)} cases it gives what the formula gives."

    def _unknown(self, found: Departure, seed: int) -> str:
        first = self.expected(seed)[0].case
        if found.case != first:
            return (
                f"With {first} all is right, with {found.case} it is not. Is there a number where the formula has a "
                "letter? Or is it something that only the second case has?"
            )
        return "It is none of the misconceptions that this course has a name for."

    def _picture(self, records: list[Record], seed: int) -> Figure | None:
        """Both paths, or both curves, in the first case in which they differ."""
        for a, b in zip(self.expected(seed), records, strict=False):
            if departure([a], [b]) is None:
                continue
            if isinstance(self.trial, FunctionTrial):
                return self._curves(a, b)
            finite = b.values.isfinite().all(dim=1)
            if [name for name in a.names if name.startswith("x")] == ["x[0]", "x[1]"] and finite.sum() > 1:
                recorded = isinstance(self.trial, RuleTrial) and not self.trial.looks
                return _paths(a, b, "Both get the same gradients" if recorded else "Yours and what it should be")
        return None

    def _curves(self, a: Record, b: Record) -> Figure | None:
        axis = self.trial.axis
        if not axis or a.values.shape[1] > 1:
            return None
        both = {"as it should be": a, "yours": b}
        x = {label: [float(step.rpartition("=")[2]) for step in r.steps] for label, r in both.items()}
        curves = {label: (x[label], r.values[:, 0]) for label, r in both.items()}
        return plot_curves(curves, title=f"Yours and what it should be: {a.case}", xlabel=axis, ylabel=self.title)


def _paths(a: Record, b: Record, title: str) -> Figure | None:
    """Both paths of x, if these part: what is recorded beside them, of other parameters, is in no picture."""
    found = departure(*([replace(r, values=r.values[:, :2], names=r.names[:2])] for r in (a, b)))
    if found is None:
        return None
    both = {"as it should be": a, "yours": b}
    points = {label: r.values[r.values.isfinite().all(dim=1), :2] for label, r in both.items()}
    paths = {label: Path(x, SURFACE(x), SURFACE, None, {}, ()) for label, x in points.items()}
    figure = plot_paths(paths, title=f"{title} ({a.case})")
    row = a.steps.index(found.step)
    x = b.values[row, :2]
    figure.axes[0].plot(*x, marker="o", markersize=17, color="none", markeredgecolor=BLACK, markeredgewidth=2)
    figure.alt += f" They part at {found.step}."
    return figure


def _name(told: Told) -> str | None:
    """The name of the trouble; an exception is one in a line of the student's as in a line of ours."""
    return told.trouble and told.trouble.name.replace("elsewhere", "raised")


def troubled(trouble: Trouble) -> str:
    line = attempts.line_of(trouble)
    return trouble.sentence + (f" It happened in {line}." if line else "")


def printed(told: Told) -> list[str]:
    return [f"It printed:\n\n{textwrap.indent(told.printed.rstrip(), '    ')}"] if told.printed.strip() else []
