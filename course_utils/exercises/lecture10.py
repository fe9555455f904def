"""Lecture 10: a benchmark you can believe: choosing without looking, intervals of pairs, and allowances for many of "
"them."""

import random
from collections.abc import Callable
from math import comb

from course_utils.exercises.exercise import Exercise
from course_utils.exercises.questions import Question
from course_utils.exercises.trials import FunctionTrial
from course_utils.exercises.verdicts import Misconception

import numpy as np
import scipy  # its stats only when they are asked for: they take long to load
import torch
from torch import Tensor


def best_by_validation(lrs, training, validation, test):
    means = validation.nan_to_num(0.0).mean(dim=1)
    best = means.argmax()
    return lrs[best], test[best].mean()


def first_time(accuracies, target, every):
    for i, accuracy in enumerate(accuracies, 1):
        if accuracy >= target:
            return i * every
    return -1


def interval_of_pairs(a, b, c):
    d = a - b
    error = d.std() / len(d) ** 0.5
    return d.mean() - c * error, d.mean() + c * error


def errors_for_all_pairs(n, K, level):
    pairs = K * (K - 1) / 2
    return scipy.stats.t.ppf(1 - (1 - level) / (2 * pairs), n - 1)


def leads(runs, level):
    n, K = runs.shape
    c = scipy.stats.t.ppf(1 - (1 - level) / (K * (K - 1)), n - 1)
    d = runs[:, runs.mean(dim=0).argmax(), None] - runs
    error = d.std(dim=0) / n**0.5
    return torch.stack([d.mean(dim=0) - c * error, d.mean(dim=0) + c * error], dim=1)


def double(numbers: list) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def trials(seed: int) -> dict:
    """Nine learning rates, three seeds each. Rows 3 to 8 are, in some order, the one to choose, and one for each way to
    choose another: by the test, by the best run, by the training; and two with runs that diverged."""
    dice, found = random.Random(f"trials {seed}"), {}
    for case in ("all runs arrived", "some runs diverged"):
        roles = ["right", "test", "run", "training", "diverged", "luck"]
        dice.shuffle(roles)
        if roles.index("luck") < roles.index("diverged"):
            i, j = roles.index("luck"), roles.index("diverged")
            roles[i], roles[j] = roles[j], roles[i]
        base = {
            "right": (0.960, (0.950, 0.947, 0.952), 0.944),
            "test": (0.950, (0.930, 0.934, 0.929), 0.968),
            "run": (0.940, (0.900, 0.988, 0.910), 0.921),
            "training": (0.992, (0.921, 0.915, 0.918), 0.907),
            "diverged": (0.870, (0.820, 0.826, 0.817), 0.862),
            "luck": (0.930, (0.970, 0.978, 0.975), 0.931),
        }
        if case == "all runs arrived":
            base["luck"] = (0.930, (0.870, 0.878, 0.875), 0.880)
        rows = [(0.3, (0.2, 0.21, 0.19), 0.2), (0.6, (0.5, 0.52, 0.51), 0.5), (0.8, (0.7, 0.69, 0.72), 0.7)]
        rows += [base[role] for role in roles]
        luck = [[dice.randrange(-4, 5) / 1000 for _ in range(5)] for _ in rows]
        validation = double([[v + luck[i][0] for v in row[1]] for i, row in enumerate(rows)])
        if case != "all runs arrived":
            for role in ("diverged", "luck"):
                validation[3 + roles.index(role), 0] = torch.nan
        found[case] = {
            "the choice": {
                "lrs": double([0.0001, 0.00032, 0.001, 0.0032, 0.01, 0.032, 0.1, 0.32, 1.0]),
                "training": double([[row[0] + e for e in luck[i][:3]] for i, row in enumerate(rows)]),
                "validation": validation,
                "test": double([[row[2] + e for e in luck[i]] for i, row in enumerate(rows)]),
            }
        }
    return found


def curves(seed: int) -> dict:
    dice, found = random.Random(f"curves {seed}"), {}
    for case, every in enumerate((100, 50) if seed == 0 else (200, 25)):
        target = (0.97, 0.95)[case] if seed == 0 else 0.9 + dice.randrange(8) / 100
        start, late = (dice.randrange(2, 5) for _ in range(2))
        low = [round(target - 0.3 + 0.05 * i, 3) for i in range(start)]
        rows = {
            "a calm run": [*low, target + 0.004, target + 0.01, target + 0.02, target + 0.015],
            "a run that falls again": [*low, *[target - 0.1] * late, target + 0.01, target - 0.02, target + 0.012],
            "a run that hits it exactly": [*low, target - 0.001, target, target - 0.03, target + 0.02, target + 0.01],
            "a run that never gets there": [*low, target - 0.02, target - 0.001, target - 0.05],
        }
        found[f"target {target:g}, tested every {every} steps"] = {
            name: {"accuracies": double(row), "target": target, "every": every} for name, row in rows.items()
        }
    return found


def runs_of(seed: int, n: int, means: tuple[float, ...]) -> Tensor:
    """Accuracies in percent, a row a seed, a column an optimizer: a seed's luck is in all of them."""
    dice = torch.Generator().manual_seed(1000 * seed + n)
    luck, own = (torch.randn(n, k, generator=dice, dtype=torch.float64) for k in (1, len(means)))
    return (torch.tensor(means, dtype=torch.float64) + 0.5 * luck + 0.15 * own).mul(100).round() / 100


def pairs_of_runs(seed: int) -> dict:
    found = {}
    for n, c, means in ((5, 2.78, (97.4, 97.0)), (20, 2.09, (96.2, 96.3))):
        runs = runs_of(seed, n, means)
        found[f"{n} seeds, c = {c:g}"] = {"the interval": {"a": runs[:, 0], "b": runs[:, 1], "c": c}}
    return found


def contests(seed: int) -> dict:
    shift = 0 if seed == 0 else random.Random(f"contests {seed}").randrange(1, 4)
    return {
        f"n = {n + shift}, level = {level:g}": {
            K: {"n": n + shift, "K": K, "level": level} for K in (2, 3, 5, 8, 10, 12, 14)
        }
        for n, level in ((20, 0.95), (5, 0.9))
    }


def tables(seed: int) -> dict:
    """The last optimizer has the best mean, the first the best run."""
    found = {}
    for n, means in ((20, (96.6, 96.9, 96.4, 97.2)), (6, (97.0, 95.5, 97.4))):
        runs = runs_of(seed + 1, n, means)
        runs[:, -1] += 0.15 + (runs.mean(dim=0).max() - runs[:, -1].mean()).clamp_min(0)
        runs[seed % n, 0] = runs.max() + 0.3
        runs[(seed + 1) % n, 0] -= 1
        found[f"{n} seeds, {len(means)} optimizers"] = {"the table": {"runs": runs, "level": 0.95 if n > 10 else 0.9}}
    return found


def choosing(
    name: str,
    says: str,
    look: str,
    choose: Callable = lambda training, validation, test: validation.nan_to_num(0.0).mean(1).argmax(),
    report: Callable = lambda training, validation, test: test.mean(),
) -> Misconception:
    """The best by another choice, or with another report: of the tables' chosen row."""

    def wrong(lrs, training, validation, test):
        best = choose(training, validation, test)
        return lrs[best], report(training[best], validation[best], test[best])

    return Misconception(name, says, look, wrong)


def halves(a, b, c, error) -> tuple:
    d = a - b
    return d.mean() - c * error, d.mean() + c * error


def counting(name: str, says: str, look: str, probability: Callable, degrees: Callable = lambda n: n - 1):
    """The allowance with another probability or other degrees of freedom."""

    def wrong(n, K, level):
        return scipy.stats.t.ppf(probability(K, level), degrees(n))

    return Misconception(name, says, look, wrong)


def leading(
    name: str,
    says: str,
    look: str,
    leader: Callable = lambda runs: runs.mean(0).argmax(),
    share: Callable = lambda K: K * (K - 1),
    error: Callable = lambda d, own, its: d.std(0) / len(d) ** 0.5,
    sign: int = 1,
    best: Callable = lambda runs, leader: runs[:, leader, None],
) -> Misconception:
    """The leads with another leader, another share of the 5 %, or another error."""

    def wrong(runs, level):
        n, K = runs.shape
        its = best(runs, leader(runs))
        d = sign * (its - runs)
        half = scipy.stats.t.ppf(1 - (1 - level) / share(K), n - 1) * error(d, runs, its)
        return torch.stack([d.mean(0) - half, d.mean(0) + half], dim=1)

    return Misconception(name, says, look, wrong)


choose_lr = Exercise(
    name="choose_lr",
    lecture=10,
    task="Choose a learning rate. You get `lrs`, and three tables of accuracies with a row for each lr: `training` and "
    "`validation`, a column for each seed of the tuning, and `test`, a column for each of some fresh seeds. A run that "
    "diverged is NaN in `validation`, and counts as 0. Return the lr to choose, and what may be reported of it: "
    "`choose_lr(lrs, training, validation, test)` returns two numbers.",
    formula=r"\mathrm{best} = \arg\max_i\; \operatorname*{mean}_{\text{seeds}}\, \mathrm{validation}_i, \qquad "
    r"\text{return}\quad \mathrm{lr}_{\mathrm{best}}, \;\; \operatorname*{mean}_{\text{seeds}}\, "
    r"\mathrm{test}_{\mathrm{best}}",
    trial=FunctionTrial(reference=best_by_validation, cases=trials, names=("the lr", "the accuracy")),
    misconceptions=[
        choosing(
            "chosen on the test pictures",
            "You choose by the test accuracies. What was chosen because it looks good there will look too good there.",
            "which table the choice is made by.",
            choose=lambda training, validation, test: test.mean(1).argmax(),
        ),
        choosing(
            "chosen by the training accuracy",
            "You choose by the accuracy in training: who knows the pictures best that it has learnt. (A published "
            "benchmark stores the one under the name of the other.)",
            "which table the choice is made by.",
            choose=lambda training, validation, test: training.mean(1).argmax(),
        ),
        choosing(
            "the validation accuracy is reported",
            "You report the number that you have chosen by. It was chosen *because* it is high, and is too high on "
            "average.",
            "which table is reported.",
            report=lambda training, validation, test: validation.mean(),
        ),
        choosing(
            "the training accuracy is reported",
            "You report the accuracy in training under the name of the test's: as a published benchmark does.",
            "which table is reported.",
            report=lambda training, validation, test: training.mean(),
        ),
        choosing(
            "the best seed is reported",
            "You report the best of the test runs. That is luck; what another seed would give is told by the mean.",
            r"the mean over the seeds of the test.",
            report=lambda training, validation, test: test.max(),
        ),
        choosing(
            "the best seed chooses",
            "You look for the best single run. One lucky seed then decides; the means over the seeds should be "
            "compared.",
            r"the mean over the seeds, before the $\arg\max$.",
            choose=lambda training, validation, test: validation.nan_to_num(0.0).amax(1).argmax(),
        ),
        choosing(
            "the mean over the wrong axis",
            "You take the mean over the learning rates: that tells which *seed* was the best. A row is an lr, a column "
            "a seed.",
            "`dim=1`: over the columns.",
            choose=lambda training, validation, test: validation.nan_to_num(0.0).mean(0).argmax(),
        ),
        choosing(
            "NaN wins",
            "With NaN in a row, its mean is NaN, and for `argmax` NaN is larger than every number: you choose an lr at "
            "which a run diverged.",
            "the task: a run that diverged counts as 0.",
            choose=lambda training, validation, test: validation.mean(1).argmax(),
        ),
        choosing(
            "NaN wins, and the validation accuracy is reported",
            "Two things. With NaN in a row its mean is NaN, and for `argmax` NaN is larger than every number. And you "
            "report the number that you have chosen by.",
            "the task: a run that diverged counts as 0. And which table is reported.",
            choose=lambda training, validation, test: validation.mean(1).argmax(),
            report=lambda training, validation, test: validation.mean(),
        ),
        choosing(
            "what diverged is left out",
            "You take the mean of the runs that arrived, and choose an lr that often destroys the network.",
            "the task: a run that diverged counts as 0.",
            choose=lambda training, validation, test: validation.nanmean(1).argmax(),
        ),
        Misconception(
            "the row instead of the lr",
            "You return the number of the row. What was asked for is the learning rate in it.",
            r"$\mathrm{lr}_{\mathrm{best}}$: `lrs[best]`.",
            lambda lrs, training, validation, test: (
                validation.nan_to_num(0.0).mean(1).argmax(),
                best_by_validation(lrs, training, validation, test)[1],
            ),
        ),
        Misconception(
            "the mean of all trials",
            "You report the mean of the whole table. Only the lr that was chosen is of interest.",
            r"the index: $\mathrm{test}_{\mathrm{best}}$ is one row.",
            lambda lrs, training, validation, test: (
                best_by_validation(lrs, training, validation, test)[0],
                test.mean(),
            ),
        ),
    ],
    hints=[
        "Three lines: a mean for each lr; which row has the largest? Then its lr, and a mean of its row in another "
        "table.",
        "`validation.nan_to_num(0.0)` has 0 in the place of NaN. `.mean(dim=1)` is a mean for each row.",
        "`return lrs[best], test[best].mean()`, with `best = validation.nan_to_num(0.0).mean(dim=1).argmax()`.",
    ],
)

time_to_target = Exercise(
    name="time_to_target",
    lecture=10,
    task="How soon? A run was tested every `every` steps, the first time after `every` steps; `accuracies` are what "
    "came out. Return the number of the step at which the accuracy first was `target` or more, and -1 if it never was: "
    "`time_to_target(accuracies, target, every)`.",
    formula=r"\text{every} \cdot \min\, \{\, i : \mathrm{accuracy}_i \ge \mathrm{target} \,\}, \qquad i = 1, 2, \dots",
    trial=FunctionTrial(reference=first_time, cases=curves),
    misconceptions=[
        Misconception(
            "tests are counted from 0",
            "You are one test early: the first test has the index 0 in Python, and takes place after `every` steps.",
            r"$i = 1, 2, \dots$",
            lambda accuracies, target, every: (
                -1 if (accuracies < target).all() else (first_time(accuracies, target, every) - every)
            ),
        ),
        Misconception(
            "tests instead of steps, counted from 0",
            "Two things: you return the number of the *test*, and count the tests from 0. Between two tests there are "
            "`every` steps, and the first one takes place after `every` steps.",
            r"the factor in front, and $i = 1, 2, \dots$",
            lambda accuracies, target, every: (
                -1 if (accuracies < target).all() else (first_time(accuracies, target, 1) - 1)
            ),
        ),
        Misconception(
            "only the first test is looked at",
            "You look at the first test alone, and say -1 if that is not good enough. Does `return -1` stand inside "
            "the loop? It belongs behind it.",
            r"$\min$: over *all* $i$.",
            lambda accuracies, target, every: every if accuracies[0] >= target else -1,
        ),
        Misconception(
            "tests instead of steps",
            "You return the number of the *test*. Between two tests there are `every` steps.",
            "the factor in front.",
            lambda accuracies, target, every: first_time(accuracies, target, 1),
        ),
        Misconception(
            "never is taken for at once",
            "For a run that never gets there you say: at the first test. (`argmax` of nothing but False is 0.)",
            "the task: -1 if it never was.",
            lambda accuracies, target, every: max(first_time(accuracies, target, every), every),
        ),
        Misconception(
            "never is taken for the end",
            "For a run that never gets there you give its last step: as if it had arrived there.",
            "the task: -1 if it never was.",
            lambda accuracies, target, every: (
                len(accuracies) * every if (accuracies < target).all() else first_time(accuracies, target, every)
            ),
        ),
        Misconception(
            "more than the target",
            "You ask for *more* than the target. A run that hits it exactly has reached it.",
            r"the sign: $\ge$.",
            lambda accuracies, target, every: first_time(accuracies, target + 1e-12, every),
        ),
        Misconception(
            "the best instead of the first",
            "You take the step of the highest accuracy. Asked for is when the line was *first* crossed.",
            r"$\min$: the first $i$.",
            lambda accuracies, target, every: (
                -1 if (accuracies < target).all() else every * (accuracies.argmax().item() + 1)
            ),
        ),
        Misconception(
            "the last time below it",
            "You wait until the run stays above the line for good. Asked for is the *first* time that it is there.",
            r"$\min$: the first $i$, whatever comes later.",
            lambda accuracies, target, every: (
                -1 if accuracies[-1] < target else every * (int((accuracies < target).nonzero().max().item()) + 2)
            ),
        ),
        Misconception(
            "how often it was above",
            "You count the tests that were above the line. Asked for is the first of them.",
            r"$\min$: the first $i$.",
            lambda accuracies, target, every: every * int((accuracies >= target).sum()) or -1,
        ),
    ],
    hints=[
        "Go through the accuracies from the first on, and return as soon as one is good enough. And after the loop?",
        "`for i, accuracy in enumerate(accuracies, 1):` counts from 1.",
        "In the loop `if accuracy >= target: return i * every`, behind it `return -1`.",
    ],
)

paired_interval = Exercise(
    name="paired_interval",
    lecture=10,
    task="Two optimizers ran with the *same* seeds: `a` and `b` are their accuracies, in the same order. Give an "
    "interval for the difference of their means, a minus b: `paired_interval(a, b, c)` returns its low and its high "
    "end. `c` is how many standard errors it goes to either side.",
    formula=r"d_i = a_i - b_i, \qquad s^2 = \frac{1}{n - 1} \sum_i (d_i - \bar d)^2, \qquad "
    r"\bar d \pm c\, \frac{s}{\sqrt n}",
    trial=FunctionTrial(reference=interval_of_pairs, cases=pairs_of_runs, names=("the low end", "the high end")),
    misconceptions=[
        Misconception(
            "the pairs are ignored",
            "You add the variances of a and of b. So the luck of a seed, which both share, counts as if it were a "
            "difference: your interval is far too wide.",
            r"$s$ is the deviation of the *differences* $d_i$.",
            lambda a, b, c: halves(a, b, c, ((a.var() + b.var()) / len(a)) ** 0.5),
        ),
        Misconception(
            "the deviations are added",
            "You add the deviation of a and that of b. The luck of a seed, which both share, then counts as if it were "
            "a difference; and even without it, it is *variances* that add up.",
            r"$s$ is the deviation of the *differences* $d_i$.",
            lambda a, b, c: halves(a, b, c, (a.std() + b.std()) / len(a) ** 0.5),
        ),
        Misconception(
            "divided by n",
            "Your variance is divided by $n$. The mean was taken from the same numbers: that uses up one of them.",
            r"$\frac{1}{n-1}$. (`np.std` divides by n, unless it is told `ddof=1`.)",
            lambda a, b, c: halves(a, b, c, (a - b).std(correction=0) / len(a) ** 0.5),
        ),
        Misconception(
            "the deviation instead of the error",
            "Your interval says how far a *single* run scatters. A mean of n runs scatters less.",
            r"$s / \sqrt n$.",
            lambda a, b, c: halves(a, b, c, (a - b).std()),
        ),
        Misconception(
            "n instead of its root",
            "You divide by n. The error of a mean falls with the root of n only.",
            r"$s / \sqrt n$.",
            lambda a, b, c: halves(a, b, c, (a - b).std() / len(a)),
        ),
        Misconception(
            "the variance instead of the deviation",
            "You have the variance where the deviation belongs: a root is missing.",
            r"$s$, and not $s^2$.",
            lambda a, b, c: halves(a, b, c, (a - b).var() / len(a) ** 0.5),
        ),
        Misconception(
            "one standard error",
            "Your interval goes one standard error to each side: it would hold the truth two times in three. $c$ is "
            "missing.",
            r"the factor $c$.",
            lambda a, b, c: halves(a, b, 1, (a - b).std() / len(a) ** 0.5),
        ),
        Misconception(
            "half of it to each side",
            "Your interval has the width $c\\,s/\\sqrt n$ in all. It goes so far to *each* side.",
            r"the sign $\pm$.",
            lambda a, b, c: halves(a, b, c / 2, (a - b).std() / len(a) ** 0.5),
        ),
        Misconception(
            "b minus a",
            "Your difference is b minus a.",
            r"$d_i = a_i - b_i$.",
            lambda a, b, c: interval_of_pairs(b, a, c),
        ),
        Misconception(
            "around 0",
            "Your interval lies around 0. It belongs around the difference that was found.",
            r"$\bar d \pm \dots$",
            lambda a, b, c: tuple(end - (a - b).mean() for end in interval_of_pairs(a, b, c)),
        ),
        Misconception(
            "the ends are exchanged",
            "You return the high end first.",
            "the task: low, then high.",
            lambda a, b, c: interval_of_pairs(a, b, -c),
        ),
    ],
    hints=[
        "The differences first: `d = a - b`. From then on, forget a and b.",
        "The standard error is `d.std() / len(d) ** 0.5` (torch's `std` divides by n - 1).",
        "`return d.mean() - c * error, d.mean() + c * error`",
    ],
)

allowance = Exercise(
    name="allowance",
    lecture=10,
    task="How many standard errors must an interval have, so that *all* intervals of a benchmark hold together? `K` "
    "optimizers, `n` runs each, every pair compared, probability `level`. The simplest way is Bonferroni's: the "
    "probability of an error, 1 - level, is shared out evenly among the pairs; and each interval has two ends. "
    "Student's t with n - 1 degrees of freedom allows for few runs: `scipy.stats.t.ppf(probability, degrees)`. Write "
    "`allowance(n, K, level)`.",
    formula=r"P = \frac{K (K - 1)}{2}, \qquad c = t_{\,n-1}\!\left(1 - \frac{1 - \mathrm{level}}{2 P}\right)",
    trial=FunctionTrial(reference=errors_for_all_pairs, cases=contests, axis="K"),
    misconceptions=[
        counting(
            "no allowance",
            "You take the c of a single comparison. Of 100 such intervals, 100 · (1 - level) miss by luck alone.",
            r"the $P$ below the line.",
            lambda K, level: 1 - (1 - level) / 2,
        ),
        counting(
            "optimizers instead of pairs",
            "You share among K. There are far more comparisons: each with each.",
            r"$P = K (K - 1) / 2$.",
            lambda K, level: 1 - (1 - level) / (2 * K),
        ),
        counting(
            "only those with the leader",
            "You share among K - 1, the comparisons with one of them. But who leads is known only *after* the runs: "
            "every pair had its chance.",
            r"$P = K (K - 1) / 2$.",
            lambda K, level: 1 - (1 - level) / (2 * (K - 1)),
        ),
        counting(
            "each pair counts twice",
            "You count a with b and b with a. That is one comparison.",
            r"the 2 in $K (K - 1) / 2$.",
            lambda K, level: 1 - (1 - level) / (2 * K * (K - 1)),
        ),
        counting(
            "each with itself",
            r"You count $K (K + 1) / 2$ pairs: each optimizer with itself among them.",
            r"$P = K (K - 1) / 2$.",
            lambda K, level: 1 - (1 - level) / (K * (K + 1)),
        ),
        counting(
            "half of the square",
            r"You count $K^2/2$ pairs. Each of the K is compared with the $K - 1$ *others*.",
            r"$P = K (K - 1) / 2$.",
            lambda K, level: 1 - (1 - level) / K**2,
        ),
        counting(
            "optimizers instead of pairs, and one end only",
            "Two things: you share among K, though each is compared with each; and an interval has two ends, and may "
            "miss at either.",
            r"$2P = K (K - 1)$ below the line.",
            lambda K, level: 1 - (1 - level) / K,
        ),
        counting(
            "the other tail",
            "Your c is negative: you ask `ppf` for the probability of a miss. It wants the probability *below* c: all "
            "but the miss.",
            r"$1 - \dots$ in the brackets.",
            lambda K, level: (1 - level) / (K * (K - 1)),
        ),
        counting(
            "one end only",
            "You allow for a miss on one side. An interval has two ends, and may miss at either.",
            r"the 2 in $2 P$.",
            lambda K, level: 1 - (1 - level) / (K * (K - 1) / 2),
        ),
        counting(
            "n degrees of freedom",
            "You give Student's t n degrees of freedom. One is used up by the mean.",
            r"the index $n - 1$.",
            lambda K, level: 1 - (1 - level) / (K * (K - 1)),
            lambda n: n,
        ),
        counting(
            "degrees of freedom without pairs",
            "You have 2n - 2 degrees of freedom: that is for two samples that have nothing to do with each other. Here "
            "there are n differences.",
            r"the index $n - 1$.",
            lambda K, level: 1 - (1 - level) / (K * (K - 1)),
            lambda n: 2 * n - 2,
        ),
        Misconception(
            "the normal distribution",
            "You take the normal distribution. With few runs, the deviation itself is uncertain; Student's t allows "
            "for it.",
            r"the letter $t$.",
            lambda n, K, level: scipy.stats.norm.ppf(1 - (1 - level) / (K * (K - 1))),
        ),
        counting(
            "the level of the wrong side",
            "You share out the level itself. Shared out is the probability of an *error*, 1 - level.",
            r"$1 - \mathrm{level}$ above the line.",
            lambda K, level: 1 - level / (K * (K - 1)),
        ),
        counting(
            "Šidák's allowance",
            r"You take the P-th root of the level. That is Šidák's allowance, a little smaller than Bonferroni's, and "
            r"right "
            "for comparisons that are independent of each other. Here Bonferroni's was asked for.",
            r"$(1 - \mathrm{level}) / P$.",
            lambda K, level: 1 - (1 - level ** (1 / comb(K, 2))) / 2,
        ),
    ],
    hints=[
        "How many pairs are there among K? Share 1 - level among them; half of each share goes to either end.",
        "`pairs = K * (K - 1) / 2`, and the share of an end is `(1 - level) / (2 * pairs)`.",
        "`return scipy.stats.t.ppf(1 - (1 - level) / (2 * pairs), n - 1)`",
    ],
)

behind_the_leader = Exercise(
    name="behind_the_leader",
    lecture=10,
    task="The whole table. `runs` has a row for each of n seeds and a column for each of K optimizers, accuracies in "
    "percent. The leader has the highest mean. How far is each behind it? `behind_the_leader(runs, level)` returns a "
    "tensor (K, 2): for each optimizer the low and the high end of an interval for leader minus optimizer, with the "
    "allowance for all pairs. (The leader's own row is 0, 0.)",
    formula=r"d_{ik} = \mathrm{runs}_{i,\mathrm{leader}} - \mathrm{runs}_{ik}, \qquad "
    r"\bar d_k \pm c\, \frac{s_k}{\sqrt n}, \qquad "
    r"c = t_{\,n-1}\!\left(1 - \frac{1 - \mathrm{level}}{K (K - 1)}\right)",
    trial=FunctionTrial(reference=leads, cases=tables),
    misconceptions=[
        leading(
            "the best run leads",
            "Your leader is who had the best single run. The leader is who has the highest *mean*.",
            "how the leader is found.",
            leader=lambda runs: runs.amax(0).argmax(),
        ),
        leading(
            "the best of each seed leads",
            "You compare with the best of each row: another optimizer for another seed, and nobody's mean. The leader "
            "is *one* optimizer, the one with the highest mean.",
            r"$\mathrm{runs}_{i,\mathrm{leader}}$: the same column for all $i$.",
            best=lambda runs, leader: runs.amax(1, keepdim=True),
        ),
        leading(
            "optimizer minus leader",
            "Your differences have the opposite sign: leader minus optimizer was asked for.",
            r"$d_{ik}$.",
            sign=-1,
        ),
        leading(
            "no allowance",
            "You take the c of a single comparison. Of 100 such intervals, 100 · (1 - level) miss by luck alone.",
            r"$K (K - 1)$, below the line.",
            share=lambda K: 2,
        ),
        leading(
            "only those with the leader",
            "You allow for K - 1 comparisons. But who leads is known only *after* the runs: every pair had its chance.",
            r"$K (K - 1)$, below the line: twice the number of all pairs.",
            share=lambda K: 2 * (K - 1),
        ),
        leading(
            "one end only",
            "You allow for a miss on one side. An interval has two ends.",
            r"$2 P = K (K - 1)$.",
            share=lambda K: K * (K - 1) / 2,
        ),
        leading(
            "the pairs are ignored",
            "You add the variances of the two optimizers. The luck of a seed, which both share, then counts as "
            "difference.",
            r"$s_k$ is the deviation of the *differences* $d_{ik}$.",
            error=lambda d, own, its: ((own.var(0) + its.var(0)) / len(d)) ** 0.5 * (d != 0).any(0),
        ),
        leading(
            "the scatter of one alone",
            "You take the deviation of the optimizer's own runs. What matters is how the *difference* scatters.",
            r"$s_k$ is the deviation of the differences $d_{ik}$.",
            error=lambda d, own, its: own.std(0) / len(d) ** 0.5 * (d != 0).any(0),
        ),
        leading(
            "divided by n",
            "Your variance is divided by n. The mean was taken from the same numbers: that uses up one of them.",
            r"$s_k$, with $n - 1$ below the line.",
            error=lambda d, own, its: d.std(0, correction=0) / len(d) ** 0.5,
        ),
        leading(
            "the deviation instead of the error",
            "Your intervals say how far *single* runs scatter. A mean of n runs scatters less.",
            r"$s_k / \sqrt n$.",
            error=lambda d, own, its: d.std(0),
        ),
        leading(
            "K instead of n",
            r"You divide by $\sqrt K$. How sure a mean is depends on the number of *runs*.",
            r"$s_k / \sqrt n$: n is the number of rows.",
            error=lambda d, own, its: d.std(0) / d.shape[1] ** 0.5,
        ),
    ],
    hints=[
        "It is the exercises before, for all columns at once. First the leader: `runs.mean(dim=0).argmax()`.",
        "`d = runs[:, leader, None] - runs` has all differences, a column for each optimizer.",
        "`error = d.std(dim=0) / n**0.5`, and c is your `allowance(n, K, level)`.",
        "`return torch.stack([low, high], dim=1)`",
    ],
)

false_alarms = Question(
    name="false_alarms",
    lecture=10,
    text="<K> optimizers are all exactly equally good. Each pair of them is compared, by a test that says *different* "
    "in <percent> % of the cases in which there is no difference. How many pairs will be called different, on average?",
    numbers={"K": (14, 12, 8, 7), "percent": (5, 1, 10)},
    answer=lambda K, percent: K * (K - 1) / 2 * percent / 100,
    because=lambda K, percent: (
        f"There are {K} · {K - 1} / 2 = {comb(K, 2)} pairs, and each is called different with "
        f"probability {percent / 100:g}: {comb(K, 2) * percent / 100:g} of them. So a table needs an allowance for the "
        f"number "
        "of its comparisons."
    ),
    misconceptions=[
        Misconception(
            "optimizers instead of pairs",
            "You counted the optimizers. Compared are pairs, and of these there are many more.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, percent: K * percent / 100,
        ),
        Misconception(
            "each pair counts twice",
            "You counted a with b and b with a: that is one comparison.",
            r"the 2 in $K (K - 1) / 2$.",
            lambda K, percent: K * (K - 1) * percent / 100,
        ),
        Misconception(
            "only those with the leader",
            "You counted the comparisons with one of them. Each was compared with each.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, percent: (K - 1) * percent / 100,
        ),
        Misconception(
            "each with itself",
            "You counted each optimizer with itself, and each pair twice.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, percent: K * K * percent / 100,
        ),
        Misconception(
            "one comparison",
            "That is the number for a single pair. Every further pair is another draw in the lottery.",
            r"$K (K - 1) / 2$ pairs.",
            lambda K, percent: percent / 100,
        ),
    ],
    hints=[
        "How many pairs are there? The first has K - 1 partners, the second K - 2 others …",
        "Number of pairs times the probability for each.",
    ],
)

edge_of_the_grid = Question(
    name="edge_of_the_grid",
    lecture=10,
    text="You tuned the learning rate. At lr = <lrs> the validation accuracies were <accuracies> %, means over three "
    "seeds. What do you do next?",
    numbers={
        "lrs": ((0.001, 0.01, 0.1, 1.0), (0.0001, 0.001, 0.01, 0.1), (0.003, 0.03, 0.3, 3.0)),
        "accuracies": (
            (88.1, 93.2, 95.9, 97.0),
            (97.1, 96.2, 93.8, 71.5),
            (90.3, 94.4, 96.6, 97.2),
            (96.9, 96.6, 90.2, 10.1),
        ),
    },
    answer=lambda lrs, accuracies: _beyond(lrs, accuracies[-1] > accuracies[0]),
    because=lambda lrs, accuracies: (
        f"The best, {max(accuracies):g} %, is at an *edge*: on one side of it, nothing was tried. The accuracy may go "
        "on rising there. Only when the best has worse ones on both sides do you know that it is the best."
    ),
    misconceptions=[
        Misconception(
            "the edge is overlooked",
            "You take the best of those that were tried. It is the last one on its side: nobody knows what comes "
            "beyond.",
            "*Look at the edges*, in the list of a fair comparison.",
            lambda lrs, accuracies: f"Take lr = {lrs[int(np.argmax(accuracies))]:g}: it is the best.",
        ),
        Misconception(
            "the other side",
            "You go where the accuracies fall.",
            "where the best of them stands.",
            lambda lrs, accuracies: _beyond(lrs, accuracies[-1] < accuracies[0]),
        ),
        Misconception(
            "finer instead of farther",
            "You look between two values. That pays when the best lies *between* others; here it is the last.",
            "*Look at the edges*, in the list of a fair comparison.",
            lambda lrs, accuracies: (
                f"Try lr = {(lrs[-2] * lrs[-1] if accuracies[-1] > accuracies[0] else lrs[0] * lrs[1]) ** 0.5:.2g}, "
                "between the best two."
            ),
        ),
    ],
    hints=[
        "Where does the best stand among those that were tried?",
        "A value is known to be the best if the accuracy falls on *both* sides of it.",
    ],
)


def _beyond(lrs: tuple[float, ...], up: bool) -> str:
    return f"Try lr = {10 * lrs[-1] if up else lrs[0] / 10:g}, and farther if need be."


def _first_step(tm: float, tv: float, beta1: float, beta2: float, root: float = 0.5) -> float:
    """The length of Adam's first step, in lr, if the gradient is 1 and its corrections take these for t."""
    return (1 - beta1) / (1 - beta1**tm) / ((1 - beta2) / (1 - beta2**tv)) ** root


hasty_adam = Question(
    name="hasty_adam",
    lecture=10,
    text="A published program adds 1 to Adam's $t$ for each *tensor* of the network instead of for each step, before "
    "it uses it. Its network has <tensors> tensors; all gradients are 1, β₁ = <beta1>, β₂ = <beta2>, ε = 0. How far "
    "does the *last* tensor move in the first step, in units of lr?",
    numbers={"tensors": (6, 4, 8, 5), "beta1": (0.9, 0.8, 0.7), "beta2": (0.999, 0.995, 0.98)},
    answer=lambda tensors, beta1, beta2: _first_step(tensors, tensors, beta1, beta2),
    because=lambda tensors, beta1, beta2: (
        f"For the last tensor, $t$ is {tensors} already. $m = {1 - beta1:g}$ is "
        f"divided by $1 - {beta1:g}^{{{tensors}}} = {1 - beta1**tensors:.4f}$ and $v = {1 - beta2:g}$ by "
        f"$1 - {beta2:g}^{{{tensors}}} = {1 - beta2**tensors:.6f}$: both by too much, $\\hat m / \\sqrt{{\\hat v}} = "
        f"{_first_step(tensors, tensors, beta1, beta2):.3f}$. A right Adam moves by 1. A good accuracy at the end "
        "does not show this."
    ),
    misconceptions=[
        Misconception(
            "as it should be",
            "That is the step of a right Adam, or of this program's *first* tensor. For the last one, t has run on.",
            "what $t$ is when the last tensor's turn comes.",
            lambda tensors, beta1, beta2: 1.0,
        ),
        Misconception(
            "no correction at all",
            "You left the corrections out: $m / \\sqrt v$.",
            r"$\hat m = m / (1 - \beta_1^t)$, $\hat v = v / (1 - \beta_2^t)$.",
            lambda tensors, beta1, beta2: (1 - beta1) / (1 - beta2) ** 0.5,
        ),
        Misconception(
            "one tensor too many",
            "Your $t$ is one too large. It is 1 for the first tensor.",
            "$t$ begins at 0 and is raised before it is used.",
            lambda tensors, beta1, beta2: _first_step(tensors + 1, tensors + 1, beta1, beta2),
        ),
        Misconception(
            "one tensor too few",
            "Your $t$ is one too small. It is raised *before* it is used.",
            "$t$ is 1 for the first tensor.",
            lambda tensors, beta1, beta2: _first_step(tensors - 1, tensors - 1, beta1, beta2),
        ),
        Misconception(
            "only m is hasty",
            "You let the fast clock correct $m$ alone. $v$ is corrected by the same $t$.",
            r"$1 - \beta_2^t$.",
            lambda tensors, beta1, beta2: _first_step(tensors, 1, beta1, beta2),
        ),
        Misconception(
            "only v is hasty",
            "You let the fast clock correct $v$ alone. $m$ is corrected by the same $t$.",
            r"$1 - \beta_1^t$.",
            lambda tensors, beta1, beta2: _first_step(1, tensors, beta1, beta2),
        ),
        Misconception(
            "the root is forgotten",
            "You divided by $\\hat v$. There is a root over it.",
            r"$\hat m / \sqrt{\hat v}$.",
            lambda tensors, beta1, beta2: _first_step(tensors, tensors, beta1, beta2, root=1.0),
        ),
        Misconception(
            "as many steps as tensors",
            "You gave m and v as many steps as there are tensors. Only $t$ runs too fast; each tensor has had one "
            "gradient.",
            r"$m = (1 - \beta_1)\,g$ after one step.",
            lambda tensors, beta1, beta2: (1 - beta1**tensors) / (1 - beta2**tensors) ** 0.5,
        ),
    ],
    choices=False,
    hints=[
        "After one gradient of 1, $m = 1 - \\beta_1$ and $v = 1 - \\beta_2$.",
        "Correct both with $t$ = number of tensors: $m / (1 - \\beta_1^t)$ and $v / (1 - \\beta_2^t)$.",
        "The step is lr times $\\hat m / \\sqrt{\\hat v}$.",
    ],
)

EXERCISES = [
    false_alarms,
    edge_of_the_grid,
    hasty_adam,
    time_to_target,
    choose_lr,
    paired_interval,
    allowance,
    behind_the_leader,
]
