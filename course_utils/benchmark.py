"""A comparison of optimizers that one can believe: each is tuned with the same effort, then repeated with fresh seeds.

``compare`` runs one, ``standings`` says who is better than whom, as far as the runs can tell, and ``time_to_target``
who is faster. ``make benchmark`` runs the large one, on all of MNIST; its results come with the course:
``results()``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils import checks, experiments, optimizers
from course_utils.bootstrap import intervals, pairwise
from course_utils.experiments import Run, Setting

import numpy as np
import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results" / "benchmark.csv"

FULL = Setting("mnist", 1 / 6, "mlp_small", epochs=5, batch_size=100, test_every=100)  # 50,000 + 10,000 pictures
FINAL_SEEDS = 1000  # the first of those that no tuning has seen


@dataclass(frozen=True)
class Contender:
    """An optimizer that takes part: ``make(parameters, lr=..., **{second: ...})``.

    Learning rates are tried from ``lowest`` to ``highest``, evenly on a logarithmic scale, then the ``values`` of its
    ``second`` hyperparameter, in their order: those nearest to its default first. One without a second spends those
    trials on learning rates around its best.
    """

    name: str
    make: Callable[..., torch.optim.Optimizer]
    lowest: float
    highest: float
    second: str | None = None
    values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for learning rates that are no range."""
        if not 1e-9 <= self.lowest < self.highest:
            got = f"{self.lowest} and {self.highest}"
            raise ValueError(f"{self.name}: lowest must be 1e-9 or more, and below highest, got {got}.")


def momentum(params, lr: float, momentum: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.SGD(params, lr=lr, momentum=momentum)


def nesterov(params, lr: float, momentum: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.SGD(params, lr=lr, momentum=momentum, nesterov=True)


def adam(params, lr: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.Adam(params, lr=lr, betas=(beta1, 0.999))


def adamax(params, lr: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.Adamax(params, lr=lr, betas=(beta1, 0.999))


def nadam(params, lr: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.NAdam(params, lr=lr, betas=(beta1, 0.999))


def radam(params, lr: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.RAdam(params, lr=lr, betas=(beta1, 0.999))


def lookahead(params, lr: float, alpha: float = 0.5) -> torch.optim.Optimizer:
    return optimizers.Lookahead(optimizers.Adam(params, lr=lr), alpha=alpha)


def lion(params, lr: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    return optimizers.Lion(params, lr=lr, betas=(beta1, 0.99))


# Four decades of learning rates each, about what is customary, and four other values of what is tuned next.
_MASSES = ("momentum", (0.8, 0.95, 0.5, 0.99))
_BETAS = ("beta1", (0.8, 0.95, 0.5, 0.99))
CONTENDERS = {
    c.name: c
    for c in (
        Contender("SGD", optimizers.SGD, 1e-3, 10),
        Contender("momentum", momentum, 1e-4, 1, *_MASSES),
        Contender("Nesterov", nesterov, 1e-4, 1, *_MASSES),
        Contender("Adagrad", optimizers.Adagrad, 1e-4, 1, "eps", (1e-8, 1e-6, 1e-4, 1e-2)),
        Contender("RMSprop", optimizers.RMSprop, 1e-5, 0.1, "alpha", (0.95, 0.999, 0.9, 0.5)),
        Contender("Adadelta", optimizers.Adadelta, 1e-2, 100, "rho", (0.8, 0.95, 0.5, 0.99)),
        Contender("Adam", adam, 1e-5, 0.1, *_BETAS),
        Contender("AdaMax", adamax, 1e-5, 0.1, *_BETAS),
        Contender("AdamW", optimizers.AdamW, 1e-5, 0.1, "weight_decay", (1e-3, 0.1, 1e-4, 1.0)),
        Contender("NAdam", nadam, 1e-5, 0.1, *_BETAS),
        Contender("RAdam", radam, 1e-5, 0.1, *_BETAS),
        Contender("Lookahead(Adam)", lookahead, 1e-5, 0.1, "alpha", (0.35, 0.65, 0.2, 0.8)),
        Contender("Lion", lion, 1e-6, 1e-2, *_BETAS),
        Contender("ScheduleFree", optimizers.ScheduleFree, 1e-3, 10, "beta", (0.8, 0.95, 0.5, 0.98)),
    )
}


def compare(
    setting: Setting,
    contenders: Sequence[Contender | str],
    folder: str | os.PathLike,
    *,
    lrs: int = 9,
    values: int = 4,
    tuning_seeds: int = 3,
    final_seeds: int = 20,
    workers: int | None = None,
) -> pd.DataFrame:
    """Tune each contender on validation pictures, then run its best setting with fresh seeds on the test pictures.

    Each contender gets ``lrs`` trials of the learning rate and ``values`` of its second hyperparameter, at the best
    of these. A trial is ``tuning_seeds`` runs; the best one has the highest mean accuracy at the end.

    Returns the results of all runs as ``experiments.run_all`` does, with the columns ``optimizer``, ``stage`` ("lr",
    "second" or "final"), ``lr`` and ``second`` (NaN for its default). What is done is kept in ``folder``: call again
    to go on; ``workers`` is as there. A contender is known again by its name and that of ``make``: give it another name
    when you change its code.

    Raises ValueError for a setting without validation pictures, for too few contenders, trials or seeds.
    """
    if not isinstance(setting, Setting) or not setting.validation:
        raise ValueError(f"setting must be a Setting with validation above 0, to tune on, got {setting!r}.")
    known = [c if isinstance(c, Contender) else _contender(c) for c in contenders]
    if len({c.name for c in known}) < max(2, len(known)):
        raise ValueError(f"contenders must be two or more, each once, got {[c.name for c in known]}.")
    lrs, values = checks.whole("lrs", lrs, least=2), checks.whole("values", values, least=0)
    few = [c.name for c in known if c.second and len(c.values) < values]
    if few:
        raise ValueError(f"values must be no more than {few[0]} has to try, got {values}.")
    tuning_seeds = range(checks.whole("tuning_seeds", tuning_seeds))
    final_seeds = range(FINAL_SEEDS, FINAL_SEEDS + checks.whole("final_seeds", final_seeds, least=3))

    def stage(name: str, settings: dict[str, list[tuple[float, float]]], seeds: Sequence[int]) -> pd.DataFrame:
        """Run each contender, by name, with each of its (lr, second) and each seed."""
        runs = [_run(setting, c, name, lr, second, s) for c in known for lr, second in settings[c.name] for s in seeds]
        return experiments.run_all(runs, folder, workers=workers, told=f"{name}: {len(known)} optimizers")

    trials = {c.name: [(float(lr), np.nan) for lr in np.geomspace(c.lowest, c.highest, lrs).round(10)] for c in known}
    tuned = stage("lr", trials, tuning_seeds)
    if values:
        at = {name: lr for name, (lr, _) in best(tuned).items()}
        trials = {c.name: _second_trials(c, at[c.name], lrs, values) for c in known}
        tuned = pd.concat([tuned, stage("second", trials, tuning_seeds)], ignore_index=True)
    chosen = {name: [hyper] for name, hyper in best(tuned).items()}
    return pd.concat([tuned, stage("final", chosen, final_seeds)], ignore_index=True)


def _contender(name: str) -> Contender:
    if name not in CONTENDERS:
        raise ValueError(f"There is no contender {name!r}; {checks.suggestion(name, CONTENDERS)}")
    return CONTENDERS[name]


def _second_trials(contender: Contender, lr: float, lrs: int, n: int) -> list[tuple[float, float]]:
    if contender.second:
        return [(lr, value) for value in contender.values[:n]]
    ratio = (contender.highest / contender.lowest) ** (1 / (lrs - 1))  # between neighbours
    steps = [(-1) ** i * (1 + i // 2) for i in range(n)]  # 1, -1, 2, -2, …
    return [(float(f"{lr * ratio ** (step / (2 + (n - 1) // 2)):.6g}"), np.nan) for step in steps]


def _run(setting: Setting, contender: Contender, stage: str, lr: float, second: float, seed: int) -> Run:
    hyper = {"lr": lr} | ({} if np.isnan(second) else {contender.second: second})
    labels = {"optimizer": contender.name, "stage": stage, "lr": lr, "second": second}
    return Run(setting, labels, contender.make, hyper, seed, final=stage == "final")


def ends(results: pd.DataFrame) -> pd.DataFrame:
    """The last row of each run. One that diverged has learned nothing: its accuracy is 0."""
    rows = results[results.status != ""].copy()
    rows.loc[rows.status == "diverged", "accuracy"] = 0.0
    return rows


def best(results: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Each optimizer's (lr, second) with the highest mean validation accuracy."""
    tuning = ends(results[results.stage != "final"])
    means = tuning.groupby(["optimizer", "lr", "second"], dropna=False, sort=False).accuracy.mean().reset_index()
    rows = means.loc[means.groupby("optimizer", sort=False).accuracy.idxmax()]
    return {row.optimizer: (row.lr, row.second) for row in rows.itertuples()}


def standings(results: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Who is better than whom on the test pictures, the highest mean first; accuracies in percent.

    For each optimizer its best lr and second, whether each is the last that was tried on one side (then a better one
    may lie beyond), the runs that diverged, its mean test accuracy, an interval for the mean, and an interval for how
    far it is behind the leader. The latter hold together for all pairs (``bootstrap.pairwise``); they are about other
    seeds, not about other pictures. The verdict: "best" for a leader of whom every other is clearly behind; "behind"
    where the interval excludes 0; else "no difference found". Raises ValueError if an optimizer lacks a seed that
    another has.
    """
    level = checks.number("level", level, checks.BELOW_ONE)
    final = ends(results[results.stage == "final"])
    if final.optimizer.nunique() < 2:
        raise ValueError(f"results must be those of two optimizers or more, got {list(final.optimizer.unique())}.")
    table = 100 * final.pivot(index="seed", columns="optimizer", values="accuracy")
    table = table[table.mean().sort_values(ascending=False, kind="stable").index]
    if table.isna().any(axis=None):
        counts = final.optimizer.value_counts().to_dict()
        raise ValueError(f"results must have the same final seeds for each optimizer, got {counts}.")
    low, high = pairwise(table, level=level)
    rows, chosen = [], best(results)
    lrs = results[results.stage == "lr"].groupby("optimizer").lr
    values = results[results.stage == "second"].groupby("optimizer").second
    for i, name in enumerate(table):
        own_low, own_high = intervals(table[[name]], level=level)
        lr, second = chosen[name]
        rows.append(
            {
                "optimizer": name,
                "lr": lr,
                "second": second,
                "lr_at_edge": not lrs.min()[name] < lr < lrs.max()[name],
                "second_at_edge": second in (values.min().get(name), values.max().get(name)),
                "diverged": int((final[final.optimizer == name].status == "diverged").sum()),
                "accuracy": table[name].mean(),
                "low": own_low[0],
                "high": own_high[0],
                "behind_low": low[0, i],
                "behind_high": high[0, i],
                "verdict": "behind" if low[0, i] > 0 else "no difference found",
            }
        )
    # Rounded, so that what is printed does not depend on the order of a sum.
    found = pd.DataFrame(rows).set_index("optimizer").round(6)
    if (found.verdict[1:] == "behind").all():
        found.loc[found.index[0], "verdict"] = "best"
    return found


def time_to_target(results: pd.DataFrame, target: float) -> pd.DataFrame:
    """When each final run first had a test accuracy of ``target`` (0 to 1): steps and seconds; NaN if it never had."""
    target = checks.number("target", target, checks.UP_TO_ONE)
    final = results[results.stage == "final"]
    runs = final[["optimizer", "seed"]].drop_duplicates()
    hits = final[final.accuracy >= target].drop_duplicates(["optimizer", "seed"])
    return runs.merge(hits[["optimizer", "seed", "step", "seconds"]], how="left").rename(columns={"step": "steps"})


def results() -> pd.DataFrame:
    """The results that come with the course, as ``compare`` returns them."""
    return experiments.read(RESULTS)


def main() -> None:
    parser = experiments.parser("Compare the optimizers on MNIST.", "MNIST", "build/benchmark")
    given = parser.parse_args()
    setting = replace(FULL, root=given.root)
    found = compare(setting, list(CONTENDERS), given.folder, workers=given.workers)
    # Of a tuning run, its end; of a final one, each test.
    kept = found[(found.stage == "final") | (found.status != "")]
    experiments.publish(kept, RESULTS, f"{setting}, {given.workers} processes")
    print(standings(found).round(3).to_string())


if __name__ == "__main__":
    main()
