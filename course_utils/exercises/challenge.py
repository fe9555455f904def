"""Design a rule of your own, and see whether it beats Adam: with a leaderboard for a class, which is a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path as File

from course_utils import checks
from course_utils.descent import Path, descend
from course_utils.exercises import attempts
from course_utils.exercises.attempts import Record, Told
from course_utils.exercises.exercise import printed, troubled
from course_utils.exercises.task import Task
from course_utils.exercises.trials import Trial, step
from course_utils.exercises.verdicts import Verdict
from course_utils.gradients import gradient
from course_utils.plotting import BLACK, BLUE, Figure
from course_utils.rules import State
from course_utils.surfaces import Surface

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown
from torch import Tensor

BOARD = 24  # starts of an entry in the leaderboard
LRS = np.geomspace(1e-3, 10, 41).tolist()  # of which the rival gets the best
COLUMNS = ["name", "part", "arrived"]


@dataclass(frozen=True)
class Race(Trial):
    """Tries ``x, s = attempt(x, g, s, t)`` from several starts on a surface that lies somewhere else each time.

    Moved, so that a rule that knows where the minimum is does not find it there. A path that diverges is no trouble.
    """

    surface: Surface = None
    steps: int = 200
    starts: int = 16
    kind = "a rule of your own"

    def all_starts(self) -> Tensor:
        """Anywhere in the frame: (starts, 2)."""
        dice = torch.Generator().manual_seed(self.seed)
        low, high = torch.tensor([self.surface.xlim, self.surface.ylim], dtype=torch.float64).T
        return low + (high - low) * torch.rand(self.starts, 2, generator=dice, dtype=torch.float64)

    def __call__(self, attempt: Callable) -> Iterator[Record]:
        dice = torch.Generator().manual_seed(self.seed + 1)
        for i, start in enumerate(self.all_starts(), 1):
            moved = 10 * torch.randn(2, generator=dice, dtype=torch.float64)
            points, s = [start], State()
            for t in range(1, self.steps + 1):
                x, s = step(attempt, points[-1] + moved, gradient(self.surface, points[-1]), s, t, {})
                points.append(x - moved)
                if not x.isfinite().all():
                    points += [points[-1]] * (self.steps - t)
                    break
            yield Record(f"start {i}", torch.stack(points), [], ["x[0]", "x[1]"], 1.0)

    def arrivals(self, x: Tensor) -> Tensor:
        """The steps to the minimum of paths x (steps + 1, ..., 2): all of them for a path that does not get there."""
        found = Path(x, self.surface(x), self.surface, None, {}, ()).arrival
        return torch.where(found < 0, self.steps, found).double()


@dataclass(eq=False, kw_only=True)
class Challenge(Task):
    """Beat ``rival``, a rule by its name, on ``trial``'s surface, with the same number of steps."""

    trial: Race
    rival: str = "adam"

    @property
    def kind(self) -> str:
        return self.trial.kind

    def ask(self) -> Markdown:
        """The task."""
        attempts.warm_up()
        surface, rival, steps = self.trial.surface.name.capitalize(), self.rival.capitalize(), self.trial.steps
        return Markdown(
            f"Design a rule, `x, s = rule(x, g, s, t)`, that gets to the minimum of {surface}'s function in fewer "
            f"steps than {rival}, on average over {self.trial.starts} starts. It has arrived when it is within 1 % of "
            f"its first distance from the minimum, and stays there; where it has not after {steps} steps, {steps} "
            f"count. To diverge is no error: it does not arrive. {rival} has its usual β₁ and β₂, and the learning "
            f"rate, of {len(LRS)}, that is best for the starts of seed 0; it stays constant. {rival} with other "
            "hyperparameters, or a schedule, counts as a rule of your own. Where the minimum is, no rule can know: the "
            "map is moved, by another distance for each start."
        )

    def check(self, rule: Callable, seed: int = 0) -> Verdict:
        """Whether ``rule`` beats the rival from the starts of this seed.

        The rival's lr is always the best for the starts of seed 0. Raises TypeError or ValueError for a bad seed.
        """
        trial = self.trial.seeded(checks.whole("seed", seed, least=0))
        if not callable(rule):
            return Verdict(
                False, "not callable", f"**Not yet.** Give your rule itself; this is a {type(rule).__name__}."
            )
        return self.judge(attempts.run(trial, rule), seed)

    def judge(self, told: Told, seed: int = 0) -> Verdict:
        """The verdict on what a rule gave."""
        if told.trouble and told.trouble.name == "stub":
            return Verdict(False, "stub", f"**Not written yet.** First hint: {self.hints[0]}")
        if told.trouble:
            return Verdict(
                False, told.trouble.name, "\n\n".join([f"**Not yet.** {troubled(told.trouble)}", *printed(told)])
            )
        yours, its = _arrivals(self.trial, told), self.rivals(seed)
        passed = yours.mean().item() < its.mean().item()
        name = self.rival.capitalize()
        text = [
            f"**{'You beat' if passed else 'Not yet: you do not beat'} {name}.**",
            f"Yours: {self._told(yours)}. {name} at lr = {self.lr:.3g}: {self._told(its)}.",
            *printed(told),
        ]
        return Verdict(passed, None, "\n\n".join(text), partial(self._picture, yours, its))

    def enter(self, rule: Callable, name: str, file: str | File = "leaderboard.csv") -> Markdown:
        """Try ``rule`` and the rival from ``BOARD`` new starts, write the result into a class's file, show the table.

        Nobody knows these starts beforehand. What counts is the average number of steps as a part of the rival's.
        Raises TypeError or ValueError for a bad name and for a rule that cannot be tried, with the reason, before the
        file is touched; OSError if it cannot be written. Each result is one line, added at once: many may share it.
        """
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ValueError(f"name must be a name, in quotes, got {name!r}.")
        if not callable(rule):
            raise TypeError(f"rule must be a rule itself, got {rule!r:.60}.")
        trial = replace(self.trial, seed=secrets.randbelow(2**31), starts=BOARD)
        told = attempts.run(trial, rule)
        if told.trouble:
            raise ValueError(f"This rule cannot be entered. {troubled(told.trouble)}")
        yours, its = _arrivals(trial, told), self._its(trial)
        row = [name.strip(), yours.mean().item() / its.mean().item(), int((yours < trial.steps).sum())]
        with File(file).open("a", encoding="utf-8", newline="") as lines:
            lines.write(pd.DataFrame([row]).to_csv(index=False, header=False, lineterminator="\n"))
        return self.board(file)

    def board(self, file: str | File = "leaderboard.csv") -> Markdown:
        """A class's file as a table: the last result of each name, with the rival among them."""
        rows = pd.read_csv(file, names=COLUMNS, dtype={"name": str}, keep_default_na=False)
        rows = rows.drop_duplicates("name", keep="last")
        rows["name"] = rows.name.str.replace("|", "\\|")
        rival = pd.DataFrame([[f"*{self.rival.capitalize()}*", 1.0, ""]], columns=COLUMNS)
        lines = ["| place | name | steps, as a part of Adam's | arrived |", "| --- | --- | --- | --- |"]
        table = pd.concat([rows, rival]).sort_values("part", kind="stable")
        for place, (name, part, arrived) in enumerate(table.itertuples(index=False), 1):
            lines.append(f"| {place} | {name} | {part:.2f} | {f'{arrived} of {BOARD}' if arrived != '' else ''} |")
        return Markdown("\n".join(lines).replace("Adam's", f"{self.rival.capitalize()}'s"))

    def solution(self) -> Markdown:
        """There is none: what comes to mind instead."""
        return Markdown("There is no one solution. " + " ".join(self.hints))

    @lru_cache(maxsize=8)  # noqa: B019
    def rivals(self, seed: int) -> Tensor:
        """The rival's steps from each start of this seed."""
        return self._its(self.trial.seeded(seed))

    def _its(self, trial: Race) -> Tensor:
        path = descend(trial.surface, self.rival, start=trial.all_starts(), steps=trial.steps, lr=self.lr)
        return trial.arrivals(path.x)

    @cached_property
    def lr(self) -> float:
        """The rival's learning rate: the best for the starts of seed 0."""
        trial = self.trial.seeded(0)
        paths = descend(trial.surface, self.rival, start=trial.all_starts(), steps=trial.steps, lr=LRS)
        return LRS[trial.arrivals(paths.x).mean(dim=0).argmin()]

    def _told(self, arrivals: Tensor) -> str:
        arrived = int((arrivals < self.trial.steps).sum())
        return f"{arrivals.mean():.1f} steps on average, arrived from {arrived} of {len(arrivals)} starts"

    def _picture(self, yours: Tensor, its: Tensor) -> Figure:
        wins = int((yours < its).sum())
        title = f"From {wins} of {len(its)} starts, yours is faster"
        figure = Figure((6, 5.2), f"{title}. Your steps against {self.rival}'s, a dot for each start.")
        ax = figure.add_subplot(title=title, xlabel=f"steps of {self.rival.capitalize()}", ylabel="your steps")
        ax.plot([0, self.trial.steps], [0, self.trial.steps], color=BLACK, linewidth=1, linestyle="--")
        ax.plot(its, yours, "o", color=BLUE, alpha=0.7, markersize=9)
        ax.annotate("yours is faster below", (self.trial.steps, 2), ha="right", va="bottom")
        ax.set_aspect("equal")
        return figure


def _arrivals(trial: Race, told: Told) -> Tensor:
    return trial.arrivals(torch.stack([record.values for record in told.records], dim=1))
