"""The deep network of a published notebook, C, that does not learn; and each cure, on all of Fashion-MNIST.

``make vanishing`` runs them and writes two files that come with the course. ``results/vanishing.csv``: C's network and
one cure at a time, several seeds each; ``results()`` reads it, ``table()`` sums it up. ``results/switches.csv``: every
combination of five switches, once each, with the gradient of each layer; ``switched()`` reads it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils import experiments, models, optimizers
from course_utils.experiments import Run, Setting
from course_utils.layers import Recorder
from course_utils.progress import progress_bar
from course_utils.training import evaluate, fit

import joblib
import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results" / "vanishing.csv"
SWITCHED = RESULTS.with_name("switches.csv")

# C: 784-128-128-128-128-128-10, a sigmoid after each hidden layer, batches of 512, SGD with lr 0.01. What it prints,
# epoch after epoch: a training loss from the first to the second of these, and this accuracy. It planned 300 epochs.
PRINTED_LOSS, PRINTED_ACCURACY = (2.3027, 2.3028), 0.10
EPOCHS, PLANNED, BATCH = 10, 300, 512
SGD = (optimizers.SGD, {"lr": 0.01})
ADAM = (optimizers.Adam, {"lr": 0.001})


@dataclass(frozen=True)
class Cure:
    """What is changed of C's network (arguments of ``models.mlp``) and optimizer, and for how long it is trained."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    optimizer: tuple[type[torch.optim.Optimizer], Mapping[str, Any]] = SGD
    epochs: int = EPOCHS
    seeds: int = 5  # at most


CURES = [
    Cure("none", {}),
    Cure("Xavier", {"init": "xavier"}),
    Cure("He", {"init": "he"}),
    Cure("weights 4/√n", {"init": 4.0}),
    Cure("ReLU", {"activation": "relu"}),
    Cure("ReLU + He", {"activation": "relu", "init": "he"}),
    Cure("tanh + Xavier", {"activation": "tanh", "init": "xavier"}),
    Cure("batch norm", {"batch_norm": True}),
    Cure("residual", {"residual": True}),
    Cure("momentum 0.9", {}, (optimizers.SGD, {"lr": 0.01, "momentum": 0.9})),
    Cure("Adam", {}, ADAM),
    Cure("all of them", {"activation": "relu", "init": "he", "batch_norm": True, "residual": True}, ADAM),
    Cure("none, 300 epochs", {}, SGD, PLANNED, 2),
    Cure("lr 1, 100 epochs", {}, (optimizers.SGD, {"lr": 1.0}), 100, 3),
]

# The switches, by name: what each position changes.
SWITCHES = {
    "activation": {"sigmoid": {}, "ReLU": {"activation": "relu"}},
    "first weights": {"torch's": {}, "Xavier": {"init": "xavier"}, "He": {"init": "he"}},
    "batch norm": {"off": {}, "on": {"batch_norm": True}},
    "residual": {"off": {}, "on": {"residual": True}},
    "optimizer": {"SGD": SGD, "Adam": ADAM},
}


def runs(seeds: int = 5, root: str | None = None, name: str = "fashion-mnist") -> list[Run]:
    """C's network and each cure, once for each of the seeds 0, 1, …; the long ones for fewer."""
    return [
        Run(
            Setting(name, 0.0, "mlp_deep", epochs=cure.epochs, batch_size=BATCH, options=dict(cure.options), root=root),
            {"cure": cure.name},
            *cure.optimizer,
            seed,
            final=True,
        )
        for cure in CURES
        for seed in range(min(seeds, cure.seeds))
    ]


def results() -> pd.DataFrame:
    """The results that come with the course, as ``experiments.run_all`` returns them."""
    return experiments.read(RESULTS)


def table(results: pd.DataFrame) -> pd.DataFrame:
    """After the last epoch of each cure: the training loss in it, and the test accuracy in percent (mean, standard
    deviation and extremes over the seeds); and the number of seeds."""
    last = results[results.status != ""]
    found = last.assign(percent=100 * last.accuracy).groupby("cure", sort=False)
    told = found.percent.agg(["mean", "std", "min", "max", "count"])
    told.insert(0, "train_loss", found.train_loss.mean())
    return told.rename(columns={"count": "seeds"})


def switched() -> pd.DataFrame:
    """Every combination of ``SWITCHES`` on all of Fashion-MNIST, by ``switch_all``; comes with the course."""
    return pd.read_csv(SWITCHED, comment="#", dtype=dict.fromkeys(SWITCHES, str))


def switch_all(
    folder: str | os.PathLike,
    name: str = "fashion-mnist",
    root: str | None = None,
    fraction: float = 1.0,
    epochs: int = EPOCHS,
    workers: int = 1,
) -> pd.DataFrame:
    """Train C's network with every combination of the switches, with the first weights of seed 0.

    One row an epoch, from 0, where nothing is trained: the positions of the switches, by name; training loss and test
    accuracy; ``layer1``, ``layer2``, … the norm of the layer's gradient, its mean over the steps of that epoch (in row
    0, at the first step). Each training is kept in ``folder`` as soon as it is done: call again to go on.
    """
    positions = list(itertools.product(*SWITCHES.values()))
    switch = joblib.Memory(folder, verbose=0).cache(_switch)
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator")
    tasks = (joblib.delayed(switch)(chosen, name, root, fraction, epochs) for chosen in positions)
    return pd.concat(progress_bar(parallel(tasks), total=len(positions)), ignore_index=True)


def _switch(chosen: tuple[str, ...], name: str, root: str | None, fraction: float, epochs: int) -> pd.DataFrame:
    """The training with these positions of the switches."""
    changes = [positions[p] for positions, p in zip(SWITCHES.values(), chosen, strict=True)]
    options = {key: value for change in changes[:-1] for key, value in change.items()}
    make, hyper = changes[-1]
    some = experiments.loaded(name, root, fraction=fraction)
    with experiments.one_thread():
        model = models.mlp_deep(**options)
        optimizer = make(model.parameters(), **hyper)
        untrained = evaluate(model, some.x_test, some.y_test)[1]
        with Recorder(model, optimizer) as seen:
            settings = {"epochs": epochs, "batch_size": BATCH, "norms": False, "progress": False, "device": "cpu"}
            history = fit(model, optimizer, some, **settings)
    if history.status == "interrupted":
        raise KeyboardInterrupt
    norms = seen.norms.double()
    means = [norms[0], *(part.mean(0) for part in norms.split(history.steps_per_epoch))]
    told = history.epochs[["train_loss", "test_accuracy"]].reindex(range(len(means)))
    told.loc[0] = history.steps.loss[1], untrained
    told[[f"layer{i}" for i in range(1, norms.shape[1] + 1)]] = torch.stack(means).numpy()
    return told.rename_axis("epoch").reset_index().assign(**dict(zip(SWITCHES, chosen, strict=True)))


def main() -> None:
    parser = experiments.parser(
        "Source C's network on Fashion-MNIST, and each cure.", "Fashion-MNIST", "build/vanishing"
    )
    parser.add_argument("--seeds", type=int, default=5, help="runs of each cure")
    given = parser.parse_args()
    told = f"seeds: {given.seeds} (fewer for the long ones), {given.workers} processes, one thread each"
    found = experiments.run_all(runs(given.seeds, given.root), given.folder, workers=given.workers, told="cures")
    experiments.publish(found, RESULTS, told)
    print(table(found).round(4).to_string())
    switched = switch_all(Path(given.folder, "switches"), root=given.root, workers=given.workers)
    experiments.write(switched.round(8), SWITCHED, experiments.provenance())


if __name__ == "__main__":
    main()
