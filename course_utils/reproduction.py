"""The experiments of two published notebooks, A and B, run again as they describe them, with several seeds each.

``make reproduction`` runs them on all of MNIST and writes ``results/reproduction.csv``, which comes with the course:
``results()`` reads it, ``table()`` puts it beside what the notebooks print. What they print is one untuned run each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from course_utils import benchmark, experiments, optimizers, rules, schedules
from course_utils.experiments import Run, Setting

import numpy as np
import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results" / "reproduction.csv"

# A: 784-500-256-10, batches of 64, 5 epochs, cross-entropy summed over the batch. B: 784-100-10, 3,000 batches of 100
# (which are 5 epochs), mean cross-entropy.
SETTINGS = {
    "A": Setting("mnist", 0.0, "mlp_large", epochs=5, batch_size=64, reduction="sum"),
    "B": Setting("mnist", 0.0, "mlp_small", epochs=5, batch_size=100, test_every=500),
}
STEPS = 5 * 938  # of A


def adagrad_inside(x, g, s, t, lr=1e-3, delta=1e-7):
    """Adagrad as A writes it: δ under the root. (``rules.adagrad`` has it outside, as torch has.)"""
    r = s.r + g * g
    return x - lr * g / rules.sqrt(delta + r), rules.State(r=r)


def adam_hasty(x, g, s, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, tensors=6, tensor=1):
    """Adam as A's program runs it: t goes up by one for each of the network's tensors, not once a step. This is the
    ``tensor``-th of ``tensors``."""
    return rules.adam(x, g, s, tensors * (t - 1) + tensor, lr, beta1, beta2, eps)


class AdagradInside(optimizers.RuleOptimizer):
    """``adagrad_inside``."""

    rule = adagrad_inside


class AdamHasty(optimizers.RuleOptimizer):
    """``adam_hasty``; each parameter tensor is a group of its own, which knows its place."""

    rule = adam_hasty

    def __init__(self, params, **arguments: Any):
        params = list(params)
        groups = [{"params": [p], "tensors": len(params), "tensor": i} for i, p in enumerate(params, start=1)]
        super().__init__(groups, **arguments)


@dataclass(frozen=True)
class Published:
    """A line of a source's table: its rule, what it is here, and the test accuracies that the source prints.

    A prints five, after each epoch; B one, after 3,000 steps. ``accuracy`` is the last one.
    """

    source: str
    rule: str
    accuracies: tuple[float, ...]
    make: Callable[..., torch.optim.Optimizer]
    hyper: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        return self.accuracies[-1]


_LINEAR = schedules.Linear(lr=0.005, steps=STEPS, final=0.0001)
_ADAM = (0.9553, 0.9683, 0.9714, 0.9706, 0.9731)


PUBLISHED = [
    Published("A", "SGD", (0.9056, 0.9382, 0.9570, 0.9618, 0.9692), optimizers.SGD, {"lr": 0.001}),
    Published("A", "SGD, linear decay", (0.9280, 0.9603, 0.9686, 0.9728, 0.9742), optimizers.SGD, {"lr": _LINEAR}),
    Published(
        "A", "momentum", (0.9295, 0.9556, 0.9477, 0.9599, 0.9701), optimizers.SGD, {"lr": 0.001, "momentum": 0.9}
    ),
    Published(
        "A",
        "Nesterov",
        (0.9478, 0.9607, 0.9586, 0.9614, 0.9733),
        optimizers.SGD,
        {"lr": 0.001, "momentum": 0.9, "nesterov": True},
    ),
    Published("A", "Adagrad", (0.8992, 0.9097, 0.9146, 0.9189, 0.9226), AdagradInside, {"lr": 0.001, "delta": 1e-7}),
    Published(
        "A",
        "RMSProp",
        (0.9501, 0.9627, 0.9691, 0.9683, 0.9707),
        optimizers.RMSpropNesterov,  # without momentum, it is A's formula: δ under the root
        {"lr": 0.001, "rho": 0.9, "momentum": 0.0, "delta": 1e-6},
    ),
    Published(
        "A",
        "RMSProp + Nesterov",
        (0.9364, 0.9374, 0.9204, 0.9430, 0.9327),
        optimizers.RMSpropNesterov,
        {"lr": 0.001, "rho": 0.9, "momentum": 0.9, "delta": 1e-6},
    ),
    Published("A", "Adam", _ADAM, optimizers.Adam, {"lr": 0.001}),
    Published("A", "Adam, t six times a step", _ADAM, AdamHasty, {"lr": 0.001}),
    Published("B", "SGD", (0.9582,), optimizers.SGD, {"lr": 0.1}),
    Published("B", "momentum", (0.9742,), optimizers.SGD, {"lr": 0.1, "momentum": 0.9}),
    Published("B", "Nesterov", (0.9762,), optimizers.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    Published("B", "Adagrad", (0.9542,), optimizers.Adagrad, {"lr": 0.01}),
    Published("B", "RMSProp", (0.9709,), optimizers.RMSprop, {"lr": 0.01}),
    Published("B", "Adam", (0.9710,), optimizers.Adam, {"lr": 0.001}),
    Published("B", "Adadelta", (0.9753,), optimizers.Adadelta, {"lr": 1.0}),
    Published("B", "AdaMax", (0.9648,), optimizers.Adamax, {"lr": 0.002}),
    Published("B", "RAdam", (0.9623,), optimizers.RAdam, {"lr": 0.01}),
    Published("B", "Lookahead(Adam)", (0.9748,), benchmark.lookahead, {"lr": 0.01}),
]


def runs(seeds: int = 5, root: str | None = None) -> list[Run]:
    """Every experiment of both sources, once for each of the seeds 0, 1, …; those of A with the pictures in a new order
    each epoch, and again in the order in which they come: A does not say which it used."""
    return [
        Run(
            replace(SETTINGS[line.source], root=root, shuffle=order == "shuffled"),
            {"source": line.source, "rule": line.rule, "order": order},
            line.make,
            line.hyper,
            seed,
            final=True,
        )
        for line in PUBLISHED
        for order in (("shuffled", "fixed") if line.source == "A" else ("shuffled",))
        for seed in range(seeds)
    ]


def results() -> pd.DataFrame:
    """The results that come with the course, as ``experiments.run_all`` returns them."""
    return experiments.read(RESULTS)


def table(results: pd.DataFrame) -> pd.DataFrame:
    """What the sources print, beside ours: in percent of the test pictures, the mean, standard deviation and extremes
    over the seeds, and how many points our mean is above what was printed; for each order of the pictures."""
    found = results[results.status != ""].groupby(["source", "rule", "order"], sort=False).accuracy
    told = 100 * found.agg(["mean", "std", "min", "max"])
    printed = {(line.source, line.rule): 100 * line.accuracy for line in PUBLISHED}
    told.insert(0, "printed", [printed[source, rule] for source, rule, _ in told.index])
    return told.assign(difference=told["mean"] - told.printed)


def by_epoch(results: pd.DataFrame) -> pd.DataFrame:
    """How many points our mean is above what A printed, after each of the five epochs; for each order of the pictures.

    Its Adam is the one with the hasty clock, as A's program has it.
    """
    found = results[(results.source == "A") & (results.rule != "Adam")]
    means = 100 * found.pivot_table(index=["rule", "order"], columns="epochs", values="accuracy", sort=False)
    printed = {line.rule: line.accuracies for line in PUBLISHED if line.source == "A"}
    return means - 100 * np.array([printed[rule] for rule, _ in means.index])


def main() -> None:
    parser = experiments.parser("Run the experiments of sources A and B on MNIST.", "MNIST", "build/reproduction")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each experiment")
    given = parser.parse_args()
    found = experiments.run_all(runs(given.seeds, given.root), given.folder, workers=given.workers, told="A and B")
    experiments.publish(found, RESULTS, f"seeds: {given.seeds}, {given.workers} processes")
    print(table(found).round(2).to_string())


if __name__ == "__main__":
    main()
