"""The one training loop of the course, and the record that it keeps."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from course_utils import checks
from course_utils.data import Data
from course_utils.progress import progress_bar

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass
class History:
    """What happened during a training.

    ``status`` is "finished", "interrupted" or "diverged". ``step_rows`` and ``epoch_rows`` are the raw records,
    ``steps`` and ``epochs`` the same as tables. Seconds are those of training since the start, without testing.
    """

    status: str = "finished"
    step_rows: list[tuple[float, float]] = field(default_factory=list, repr=False)
    epoch_rows: list[tuple[float, float, float, float]] = field(default_factory=list, repr=False)

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step: loss (of this batch, per example), seconds; indexed by step, from 1."""
        table = pd.DataFrame(self.step_rows, columns=["loss", "seconds"])
        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="step"))

    @property
    def epochs(self) -> pd.DataFrame:
        """One row a finished epoch: train_loss (mean over its examples, each before its step), test_loss, test_accuracy
        (0 to 1), seconds; indexed by epoch, from 1."""
        table = pd.DataFrame(self.epoch_rows, columns=["train_loss", "test_loss", "test_accuracy", "seconds"])
        return table.set_index(pd.RangeIndex(1, len(table) + 1, name="epoch"))


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: Data,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    reduction: str = "mean",
    seed: int = 0,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` on ``data`` by cross-entropy, testing it after each epoch, and return the history.

    Each epoch goes through the training pictures once, in an order drawn from ``seed``, ``batch_size`` at a time (the
    last batch may be smaller; at most all of them). ``reduction`` is "mean" or "sum" over a batch: what the gradient
    is of. The history's losses are per example either way. ``device`` defaults to the GPU if there is one; model and
    data are moved there.

    A training or test loss that is no longer finite ends the training ("diverged"); so does an interrupt from the
    keyboard ("interrupted"). Both keep what was recorded until then. Raises TypeError or ValueError for bad arguments,
    among them an optimizer that holds none of the model's parameters.
    """
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1), got {optimizer!r}.")
    if not isinstance(data, Data):
        raise TypeError(f"data must be what data.load(...) returns, got {data!r}.")
    epochs, batch_size = checks.whole("epochs", epochs), checks.whole("batch_size", batch_size)
    seed = checks.whole("seed", seed, least=0)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}.")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError("optimizer holds none of the model's parameters: make a new optimizer for each new model.")

    for part, x, y in (("training", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        if len(x) != len(y) or not len(x):
            raise ValueError(
                f"data must have as many labels as pictures, got {len(x)} {part} pictures, {len(y)} labels."
            )

    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model, data = model.to(device), data.to(device)
    n = len(data.y_train)
    batch_size = min(batch_size, n)
    generator = torch.Generator().manual_seed(seed)

    history = History()
    bar = progress_bar(total=epochs * math.ceil(n / batch_size), enabled=progress)
    seconds = 0.0
    # What else the model draws (dropout) comes from the seed too, without touching the caller's random numbers.
    with bar, torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        try:
            for epoch in range(1, epochs + 1):
                total = 0.0
                _mode(optimizer, "train")
                for batch in torch.randperm(n, generator=generator).split(batch_size):
                    started = time.perf_counter()
                    loss = _step(model, optimizer, data.x_train[batch], data.y_train[batch], reduction)
                    seconds += time.perf_counter() - started
                    total += loss * len(batch)
                    history.step_rows.append((loss, seconds))
                    bar.update()
                    if not math.isfinite(loss):
                        history.status = "diverged"
                        return history
                _mode(optimizer, "eval")
                test_loss, accuracy = evaluate(model, data.x_test, data.y_test)
                history.epoch_rows.append((total / n, test_loss, accuracy, seconds))
                if not math.isfinite(test_loss):
                    history.status = "diverged"
                    return history
                bar.set_postfix_str(f"epoch {epoch}/{epochs}, loss {total / n:.3f}, test accuracy {accuracy:.1%}")
        except KeyboardInterrupt:
            history.status = "interrupted"
    return history


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 1000) -> tuple[float, float]:
    """The mean cross-entropy of the model on x (N, ...) and y (N,), and its accuracy from 0 to 1.

    The model is in evaluation mode meanwhile, and no graph is kept.
    """
    was_training = model.training
    try:
        model.eval()
        scores = torch.cat([model(part) for part in x.split(batch_size)])
    finally:
        model.train(was_training)
    return F.cross_entropy(scores, y).item(), (scores.argmax(1) == y).float().mean().item()


def loss_gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of the mean cross-entropy on x (N, ...) and y (N,), all parameters in one vector."""
    loss = F.cross_entropy(model(x), y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])


def _mode(optimizer: torch.optim.Optimizer, mode: str) -> None:
    """Call ``train`` or ``eval`` of an optimizer that has them, such as ``ScheduleFree``."""
    getattr(optimizer, mode, lambda: None)()


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, reduction: str) -> float:
    """One step on one batch; returns its loss per example, before the step."""
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y, reduction=reduction)
    loss.backward()
    optimizer.step()
    return loss.item() / (len(y) if reduction == "sum" else 1)
