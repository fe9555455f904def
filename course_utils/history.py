"""What happened during a training, as tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

STEP = ["loss", "accuracy", "gradient_norm", "update_norm", "seconds"]


@dataclass
class History:
    """The record of a training on ``n`` pictures, ``batch_size`` at a time.

    ``status`` is "finished", "interrupted" or "diverged". ``step_rows`` and ``test_rows`` are the raw records;
    ``steps``, ``tests`` and ``epochs`` are tables. Losses are per picture, accuracies from 0 to 1, seconds those of
    training since the start, without testing. ``held_out`` is what the model was tested on: "test", or "val" for
    validation pictures.
    """

    n: int
    batch_size: int
    held_out: str = "test"
    status: str = "finished"
    step_rows: list[tuple[float, ...]] = field(default_factory=list, repr=False)
    test_rows: list[tuple[int, float, float]] = field(default_factory=list, repr=False)

    @property
    def steps_per_epoch(self) -> int:
        """Steps that it takes to go through the pictures once; the last batch may be smaller."""
        return -(-self.n // self.batch_size)

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step: loss and accuracy (of this batch, before it), gradient_norm and update_norm (Euclidean, of
        all parameters together; update = parameters after minus before; NaN if not asked for), seconds; indexed by
        step, from 1."""
        table = pd.DataFrame(self.step_rows, columns=STEP, dtype=float)
        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="step"))

    @property
    def tests(self) -> pd.DataFrame:
        """One row a test: test_loss and test_accuracy (or val_loss, val_accuracy), epochs gone through, seconds;
        indexed by step, from 1."""
        columns = [f"{self.held_out}_loss", f"{self.held_out}_accuracy"]
        table = pd.DataFrame(self.test_rows, columns=["step", *columns]).set_index("step")
        seconds = [self.step_rows[step - 1][-1] for step in table.index]
        return table.assign(epochs=table.index / self.steps_per_epoch, seconds=seconds)

    @property
    def epochs(self) -> pd.DataFrame:
        """One row a finished epoch: train_loss and train_accuracy (means over its pictures, each seen before its step),
        gradient_norm and update_norm (means over its steps), the test after it, seconds; indexed by epoch, from 1."""
        per_epoch, tests = self.steps_per_epoch, self.tests
        done = tests.index[tests.index % per_epoch == 0]
        sizes = np.minimum(self.batch_size, self.n - self.batch_size * np.arange(per_epoch))
        means = []
        for end in done:
            steps = np.array(self.step_rows[end - per_epoch : end])
            means.append((*np.average(steps[:, :2], axis=0, weights=sizes), *steps[:, 2:4].mean(axis=0)))
        table = pd.DataFrame(means, columns=["train_loss", "train_accuracy", *STEP[2:4]], index=done, dtype=float)
        table = table.join(tests.drop(columns="epochs"))
        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="epoch"))
