"""Twelve optimizers on CIFAR-10: the benchmark that a published notebook, E, describes, run, and then made fair.

``make cifar10`` trains a small network with each of them, on a part of the pictures, in about two minutes on a laptop.
``make cifar10 SCALE=medium`` makes what comes with the course (``results()``), in about two hours on two cores:
each optimizer also with a tuned learning rate, and several seeds. ``make cifar10 SCALE=full`` is the same with
ResNet-18 and all pictures, for a GPU. What is done is kept: call again to go on. The results of the first and the last
are left beside the runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from course_utils import benchmark, experiments, optimizers, rules
from course_utils.benchmark import Contender
from course_utils.experiments import Run, Setting

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "cifar10.csv"


@dataclass(frozen=True)
class Scale:
    """How large the benchmark is: its setting, the seeds of each optimizer, and whether learning rates are tuned."""

    setting: Setting
    seeds: int
    tuned: bool


_AUGMENT = ("random_flip", "random_crop")  # E's: mirrored at random, and moved by up to 4 pixels
_SMALL = Setting("cifar10", 0.1, "resnet8", epochs=5, batch_size=32, augment=_AUGMENT)
SCALES = {
    "small": Scale(replace(_SMALL, fraction=0.04, options={"width": 8}), seeds=1, tuned=False),
    "medium": Scale(replace(_SMALL, fraction=0.2), seeds=3, tuned=True),
    "full": Scale(
        replace(_SMALL, model="resnet18", batch_size=128, device="cuda", precision="bfloat16"), seeds=3, tuned=True
    ),
}


def muon_and_adamw(x, g, s, t, lr=1e-3, weight_decay=0.1, momentum=0.95, adamw_lr=1e-3):
    """Muon for filters (out, in, height, width), each a row of a matrix, and AdamW for all other parameters."""
    if x.ndim < 4:
        return rules.adamw(x, g, s, t, adamw_lr)
    matrix, s = rules.muon(x.flatten(1), g.flatten(1), s, t, lr, weight_decay, momentum)
    return matrix.view(x.shape), s


class MuonAndAdamW(optimizers.RuleOptimizer):
    """``muon_and_adamw``."""

    rule = muon_and_adamw
    may_come_later = {"v"}  # noqa: RUF012  (AdamW's alone)


# What E takes: torch's defaults; of SGD, what E says. Of the other five the same. And the learning rates to tune on:
# two decades, about what is customary.
DEFAULTS = {
    "SGD": (benchmark.momentum, 0.01, (3e-3, 0.3)),  # with momentum 0.9
    "Nesterov": (benchmark.nesterov, 0.01, (3e-3, 0.3)),
    "Adagrad": (optimizers.Adagrad, 0.01, (1e-3, 0.1)),
    "Adadelta": (optimizers.Adadelta, 1.0, (0.1, 10)),
    "Adam": (optimizers.Adam, 1e-3, (1e-4, 1e-2)),
    "AdamW": (optimizers.AdamW, 1e-3, (1e-4, 1e-2)),
    "AdaMax": (optimizers.Adamax, 2e-3, (2e-4, 2e-2)),
    "NAdam": (optimizers.NAdam, 2e-3, (1e-4, 1e-2)),
    "RAdam": (optimizers.RAdam, 1e-3, (1e-4, 1e-2)),
    "ASGD": (optimizers.ASGD, 0.01, (0.03, 3)),
    "Lion": (optimizers.Lion, 1e-4, (1e-5, 1e-3)),
    "Muon": (MuonAndAdamW, 1e-3, (1e-3, 0.1)),
}
OF_E = ("SGD", "Adam", "Adadelta", "Adagrad", "AdamW", "AdaMax", "ASGD")


def runs(scale: Scale, root: str | None = None) -> list[Run]:
    """Each optimizer with E's settings, once for each seed, judged by the test pictures."""
    setting = replace(scale.setting, root=root)
    return [
        Run(setting, {"optimizer": name, "stage": "default", "lr": lr}, make, {"lr": lr}, seed, final=True)
        for name, (make, lr, _) in DEFAULTS.items()
        for seed in range(benchmark.FINAL_SEEDS, benchmark.FINAL_SEEDS + scale.seeds)
    ]


def run(scale: Scale, folder: str, root: str | None = None, workers: int = 2) -> pd.DataFrame:
    """Run it all: the stage "default", then, if learning rates are tuned, those of ``benchmark.compare``."""
    found = experiments.run_all(runs(scale, root), folder, workers=workers, told="E's settings")
    if not scale.tuned:
        return found
    contenders = [Contender(name, make, *lrs) for name, (make, _, lrs) in DEFAULTS.items()]
    fair = benchmark.compare(
        replace(scale.setting, root=root),
        contenders,
        folder,
        lrs=5,
        values=0,
        tuning_seeds=1,
        final_seeds=scale.seeds,
        workers=workers,
    )
    return pd.concat([found, fair], ignore_index=True)


def results() -> pd.DataFrame:
    """The results that come with the course, as ``run`` returns them."""
    return experiments.read(RESULTS)


def table(results: pd.DataFrame) -> pd.DataFrame:
    """A line for each epoch of each optimizer, as E prints it: means over the seeds, accuracies from 0 to 1.

    train_loss and train_accuracy are those of the epoch's own steps, seconds those of its training; diverged is how
    many runs had diverged by then, which the means leave out. Raises ValueError for the results of several stages.
    """
    if results.stage.nunique() != 1:
        raise ValueError(f"results must be those of one stage, got {', '.join(results.stage.unique()) or 'none'}.")
    of_epoch = results.groupby(["optimizer", "seed"], sort=False).seconds.diff().fillna(results.seconds)
    rows = results.assign(seconds=of_epoch, epoch=np.ceil(results.epochs).astype(int))
    ended = rows[rows.status == "diverged"].groupby(["optimizer", "epoch"]).size()
    told = rows[rows.status != "diverged"].groupby(["optimizer", "epoch"], sort=False)
    means = told[["train_accuracy", "train_loss", "accuracy", "loss", "seconds"]].mean()
    diverged = [int(ended.loc[name].loc[:epoch].sum()) if name in ended else 0 for name, epoch in means.index]
    return means.rename(columns={"accuracy": "test_accuracy", "loss": "test_loss"}).assign(diverged=diverged)


def main() -> None:
    parser = experiments.parser("Train twelve optimizers on CIFAR-10.", "CIFAR-10", "build/cifar10")
    parser.add_argument("scale", choices=SCALES, nargs="?", default="small")
    given = parser.parse_args()
    scale = SCALES[given.scale]
    found = run(scale, given.folder, given.root, given.workers)
    for stage in ("default", "final"):
        if stage in set(found.stage):
            print(f"\n{stage}\n{table(found[found.stage == stage]).round(3).to_string()}")
    file = RESULTS if given.scale == "medium" else Path(given.folder, f"{given.scale}.csv")
    experiments.publish(found, file, f"{scale.setting}, {scale.seeds} seeds, {given.workers} processes")
    print(f"\nall of it: {file}")


if __name__ == "__main__":
    main()
