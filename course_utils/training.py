"""The one training loop of the course."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from course_utils import checkpoints, checks
from course_utils.data import Data
from course_utils.history import History
from course_utils.optimizers import Lookahead
from course_utils.progress import progress_bar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAVE_EVERY = 60.0  # seconds between checkpoints within an epoch
SEEN = 4096  # pictures that batch normalisation takes its statistics from
PRECISIONS = ("float32", "bfloat16")


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: Data,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    shuffle: bool = True,
    reduction: str = "mean",
    schedule: Callable[[int], float] | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    test_every: int | None = None,
    norms: bool = True,
    precision: str = "float32",
    checkpoint: str | os.PathLike | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` on ``data`` by cross-entropy, testing it after each epoch, and return the history.

    Each epoch goes through the training pictures once, in an order drawn from ``seed`` (without ``shuffle``, as they
    come), ``batch_size`` at a time (the last batch may be smaller; at most all of them). ``reduction`` is "mean" or
    "sum" over a batch: what the gradient is of. The history's losses are per picture either way. ``device`` defaults to
    the GPU if there is one; model and data are moved there. Data with validation pictures are tested on these, and
    their test pictures are left alone.

    ``schedule``, a function of the step from 1 such as ``schedules.Cosine(0.1, steps=1000)``, sets the learning rate of
    all the optimizer's groups. ``augment`` changes each batch of pictures before it is seen; it, and dropout, draw
    their random numbers from ``seed``. ``test_every`` tests after every so many steps, too. ``norms=False`` leaves
    out the norms of gradients and updates, which make the step of a small network a sixth to a third longer.
    ``precision`` "bfloat16" computes scores in torch's automatic mixed precision, several times as fast on a recent
    GPU; weights, gradients and updates stay float32. On a GPU, pictures and filters lie channels last in memory.

    An optimizer with ``eval`` and ``train``, such as ``ScheduleFree``, ``ASGD`` and ``Lookahead``, is tested, and left,
    with the weights that it answers for. Batch normalisation knows the statistics of other weights then: they are taken
    anew, from ``SEEN`` of the training pictures (``fresh_statistics``).

    ``checkpoint`` names a file that the training is saved in, after each epoch and every minute (``SAVE_EVERY``). If it
    is there, the training goes on from it: to the same numbers as without the break, bit for bit on a CPU with the same
    versions and number of threads, if all chance is torch's. Give it the same ``schedule`` and ``augment``: they
    cannot be compared. With more ``epochs`` than before, it goes on from its end.

    A training or test loss that is no longer finite ends the training ("diverged"); so does an interrupt from the
    keyboard ("interrupted"). Both keep what was recorded until then. Raises TypeError or ValueError for bad arguments,
    among them an optimizer that holds none of the model's parameters and a checkpoint of another training, and OSError
    for a checkpoint that cannot be written.
    """
    _refuse(model, optimizer, data)
    epochs, batch_size = checks.whole("epochs", epochs), checks.whole("batch_size", batch_size)
    seed = checks.whole("seed", seed, least=0)
    test_every = checks.whole("test_every", test_every) if test_every is not None else None
    for name, value, allowed in (("reduction", reduction, ("mean", "sum")), ("precision", precision, PRECISIONS)):
        if value not in allowed:
            raise ValueError(f"{name} must be {' or '.join(map(repr, allowed))}, got {value!r}.")
    for name, value in (("schedule", schedule), ("augment", augment)):
        if value is not None and not callable(value):
            what = {"schedule": "the step, such as schedules.Cosine(0.1, steps=1000)", "augment": "a batch of pictures"}
            raise TypeError(f"{name} must be a function of {what[name]}, got {value!r}.")
    if schedule is not None:
        checks.schedule("schedule", schedule, checks.POSITIVE)
    checks.flag("norms", norms)
    checks.flag("shuffle", shuffle)

    n = len(data.y_train)
    history = History(n, min(batch_size, n), data.held_out[0])
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    path = Path(checkpoint).expanduser() if checkpoint is not None else None
    if path and path.is_dir():
        raise ValueError(f"checkpoint must name a file, got the folder {str(checkpoint)!r}.")
    if path and any(callable(value) for group in optimizer.param_groups for value in group.values()):
        raise ValueError("checkpoint cannot hold an optimizer whose lr is a schedule: give it as schedule=... instead.")
    # What makes the training what it is: a checkpoint of another is refused.
    settings = path and {
        "data": [data.name, n, data.held_out[0], _fingerprint(data)],
        "batch_size": batch_size,
        "shuffle": shuffle,
        "reduction": reduction,
        "seed": seed,
        "test_every": test_every,
        "norms": norms,
        "precision": precision,
        "model": [str(model), *(f"{name} {tuple(value.shape)}" for name, value in model.state_dict().items())],
        "optimizer": _described(optimizer, without=("lr",) if schedule else ()),
    }

    model, data = model.to(device), data.to(device)
    layout = torch.channels_last if device.type == "cuda" and data.x_train.ndim == 4 else torch.preserve_format
    model = model.to(memory_format=layout)
    mixed = functools.partial(torch.autocast, device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext
    answers = hasattr(optimizer, "eval")  # with other weights than those that it takes steps from
    bar = progress_bar(total=epochs * history.steps_per_epoch, enabled=progress)
    # What else is drawn (dropout, augmentation) comes from the seed too, without touching the caller's random numbers.
    with bar, chance_kept(device):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)

        def save() -> None:
            if path:
                state = checkpoints.of(model, optimizer, settings, asdict(history), device)
                checkpoints.write(path, state)

        if path and path.exists():
            state = checkpoints.read(path, device)
            steps = len(state["history"]["step_rows"])
            if steps > epochs * history.steps_per_epoch:
                done = math.ceil(steps / history.steps_per_epoch)
                raise ValueError(f"epochs must be {done} or more to go on from {path}, got {epochs}.")
            history = History(**checkpoints.restore(path, state, model, optimizer, settings, device))
        save()
        saved = time.monotonic()
        model.train()
        _mode(optimizer, "train")
        seconds = history.step_rows[-1][-1] if history.step_rows else 0.0
        bar.update(len(history.step_rows))
        told = ""
        try:
            for epoch, batch, end in _batches(history, epochs, seed, shuffle, device):
                step = len(history.step_rows) + 1
                started = time.perf_counter()
                if schedule:
                    lr = float(schedule(step))
                    if not lr >= 0:
                        raise ValueError(f"schedule must give a number, 0 or more, got {lr} at step {step}.")
                    for group in optimizer.param_groups:
                        group["lr"] = lr
                x, y = data.x_train.index_select(0, batch), data.y_train.index_select(0, batch)
                x = (augment(x) if augment else x).to(memory_format=layout)
                values = _step(model, optimizer, x, y, reduction, norms, mixed)
                seconds += time.perf_counter() - started
                history.step_rows.append((*values, seconds))
                finite = math.isfinite(values[0])
                tested = finite and (end or bool(test_every and step % test_every == 0))
                if tested:
                    _mode(optimizer, "eval")
                    with mixed(), fresh_statistics(model, data.x_train) if answers else nullcontext():
                        loss, accuracy = evaluate(model, *data.held_out[1:])
                    _mode(optimizer, "train")
                    history.test_rows.append((step, loss, accuracy))
                    told = f", {history.held_out} accuracy {accuracy:.1%}"
                    finite = math.isfinite(loss)
                bar.update()
                bar.set_postfix_str(f"epoch {epoch}/{epochs}, loss {values[0]:.3f}{told}", refresh=tested)
                if not finite:
                    history.status = "diverged"
                if not finite or end or time.monotonic() - saved > SAVE_EVERY:
                    save()
                    saved = time.monotonic()
                if not finite:
                    break
        except KeyboardInterrupt:
            history.status = "interrupted"
        finally:
            _mode(optimizer, "eval")
        if answers:
            try:
                with mixed():
                    take_statistics(model, data.x_train)
            except KeyboardInterrupt:
                history.status = "interrupted"
    return history


def _batches(
    history: History, epochs: int, seed: int, shuffle: bool, device: torch.device
) -> Iterator[tuple[int, Tensor, bool]]:
    """For each step that is still to be taken: its epoch, the indices of its pictures, and whether the epoch ends."""
    done = len(history.step_rows) if history.status != "diverged" else math.inf
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(history.n, generator=generator) if shuffle else torch.arange(history.n)
        batches = order.to(device).split(history.batch_size)
        for i, batch in enumerate(batches, start=1):
            if (epoch - 1) * len(batches) + i > done:
                yield epoch, batch, i == len(batches)


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 250) -> tuple[float, float]:
    """The mean cross-entropy of the model on x (N, ...) and y (N,), and its accuracy from 0 to 1.

    The model is in evaluation mode meanwhile, and no graph is kept. Pictures are moved to where the model is.
    """
    x, y = _beside(model, x, y)
    was_training = model.training
    try:
        model.eval()
        scores = torch.cat([model(part) for part in x.split(batch_size)])
    finally:
        model.train(was_training)
    return F.cross_entropy(scores, y).item(), (scores.argmax(1) == y).sum().item() / len(y)


def take_statistics(model: nn.Module, x: Tensor) -> None:
    """Set the running statistics of batch normalisation to those of (at most ``SEEN`` of) the pictures x (N, ...).

    For weights that were never trained on, such as an average: Izmailov and others, *Averaging weights leads to wider
    optima and better generalization* (2018), section 3.2. Random numbers are as they were.
    """
    norms = {m: m.momentum for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
    if not norms:
        return
    (some,) = _beside(model, x[:: max(1, -(-len(x) // SEEN))])
    try:
        with chance_kept(some.device), modes_kept(model):  # dropout draws
            torch.optim.swa_utils.update_bn(some.tensor_split(-(-len(some) // 512)), model)
    finally:  # which update_bn leaves out if it is interrupted
        for norm, momentum in norms.items():
            norm.momentum = momentum


def chance_kept(device: torch.device) -> AbstractContextManager:
    """What is drawn meanwhile, on the CPU and on this device, leaves torch's random numbers as they were."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Each part of the model is at the end in the mode, training or evaluation, in which it was."""
    modes = {part: part.training for part in model.modules()}
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def fresh_statistics(model: nn.Module, x: Tensor) -> Iterator[None]:
    """``take_statistics`` for a while; then those from before are back."""
    with buffers_kept(model):
        take_statistics(model, x)
        yield


@contextmanager
def buffers_kept(model: nn.Module) -> Iterator[None]:
    """The model's buffers, such as running statistics, are at the end as they were."""
    before = {name: value.clone() for name, value in model.named_buffers()}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, value in model.named_buffers():
                value.copy_(before[name])


def loss_gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of the mean cross-entropy on x (N, ...) and y (N,), all parameters in one vector."""
    x, y = _beside(model, x, y)
    loss = F.cross_entropy(model(x), y)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])


def _beside(model: nn.Module, *tensors: Tensor) -> list[Tensor]:
    device = next((p.device for p in model.parameters()), tensors[0].device)
    return [tensor.to(device) for tensor in tensors]


def _refuse(model: nn.Module, optimizer: torch.optim.Optimizer, data: Data) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a network, such as models.mlp_small(), got {model!r}.")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1), got {optimizer!r}.")
    if not isinstance(data, Data):
        raise TypeError(f"data must be what data.load(...) returns, got {data!r}.")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters()):
        raise ValueError("optimizer holds none of the model's parameters: make a new optimizer for each new model.")
    for part, x, y in (("train", data.x_train, data.y_train), data.held_out):
        if len(x) != len(y) or not len(x):
            raise ValueError(
                f"data must have as many labels as pictures, got {len(x)} {part} pictures, {len(y)} labels."
            )


def _fingerprint(data: Data) -> str:
    """What other labels, or other pictures, would change: a hundred of these, and all of those."""
    some = data.x_train[:: max(1, len(data.x_train) // 100)]
    return hashlib.sha256(data.y_train.cpu().numpy().tobytes() + some.cpu().numpy().tobytes()).hexdigest()[:16]


def _described(optimizer: torch.optim.Optimizer, without: tuple[str, ...]) -> list[str]:
    """The optimizer's class, and the arguments of each of its groups."""
    names = [name for name in optimizer.defaults if name not in without]
    if isinstance(optimizer, Lookahead):
        own = f"k={optimizer.k}, alpha={optimizer.alpha}, of {type(optimizer.optimizer).__name__}"
        return ["Lookahead", own, *_described(optimizer.optimizer, without)[1:]]
    groups = []
    for group in optimizer.param_groups:
        told = [f"{name}={group[name]}" for name in names if name in group]
        groups.append(", ".join([*told, f"of {[tuple(p.shape) for p in group['params']]}"]))
    return [type(optimizer).__name__, *groups]


def _mode(optimizer: torch.optim.Optimizer, mode: str) -> None:
    """Call ``train`` or ``eval`` of an optimizer that has them, such as ``ScheduleFree``."""
    getattr(optimizer, mode, lambda: None)()


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    reduction: str,
    norms: bool,
    mixed: Callable[[], AbstractContextManager],
) -> list[float]:
    """One step on one batch; returns its loss per picture and its accuracy, both before the step, and the norms of
    gradient and update."""
    optimizer.zero_grad()
    with mixed():
        scores = model(x)
        loss = F.cross_entropy(scores, y, reduction=reduction)
    loss.backward()
    with torch.no_grad():
        moving = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None and norms]
        before = [p.clone() for p in moving]
        gradient = _norm([p.grad for p in moving])
    optimizer.step()
    with torch.no_grad():
        found = loss.detach() / (len(y) if reduction == "sum" else 1), (scores.argmax(1) == y).float().mean()
        if norms:
            found += gradient, _norm([p - b for p, b in zip(moving, before, strict=True)])
        values = torch.stack(found).tolist()  # one transfer from a GPU
    return values if norms else [*values, math.nan, math.nan]


def _norm(tensors: list[Tensor]) -> Tensor:
    """The Euclidean norm of all tensors together, by dot products: the fastest way on a CPU."""
    return sum(torch.dot(t, t) for t in (t.reshape(-1) for t in tensors)) ** 0.5
