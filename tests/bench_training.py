"""What the training loop saves: an epoch of full MNIST beside the sources' own way, and two workers beside one.

``make bench-training`` prints the ratios, of times taken by turns in one run. MNIST is read from COURSE_DATA, or
downloaded. No part of ``make test``.
"""

import os
import statistics
import tempfile
import time
from functools import partial

from course_utils import data, downloads, models, optimizers
from course_utils.experiments import Run, Setting, run_all
from course_utils.training import fit

import torch
import torchvision
from torch.nn import functional as F

ROUNDS = 5
# Network, batch size, how the loss is reduced, and lr: sources A and B. A's rules are written by hand.
SOURCES = {
    "A, SGD": (models.mlp_large, 64, "sum", 0.001),
    "A, Adam": (models.mlp_large, 64, "sum", 0.001),
    "B, SGD": (models.mlp_small, 100, "mean", 0.1),
}


class SGDByHand:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def step(self):
        for p in self.params:
            p -= self.lr * p.grad


class AdamByHand(SGDByHand):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.m, self.v = ([torch.zeros_like(p) for p in self.params] for _ in range(2))
        self.t = 0

    def step(self):
        self.t += 1
        for i, p in enumerate(self.params):
            self.m[i] = 0.9 * self.m[i] + 0.1 * p.grad
            self.v[i] = 0.999 * self.v[i] + 0.001 * p.grad**2
            m_hat, v_hat = self.m[i] / (1 - 0.9**self.t), self.v[i] / (1 - 0.999**self.t)
            p -= self.lr * m_hat / (v_hat.sqrt() + 1e-8)


THEIRS = {"A, SGD": SGDByHand, "A, Adam": AdamByHand, "B, SGD": torch.optim.SGD}
OURS = {"A, SGD": optimizers.SGD, "A, Adam": optimizers.Adam, "B, SGD": optimizers.SGD}


def their_epoch(source: str, folder: str) -> tuple[float, float]:
    """An epoch and a test as the sources do it: a DataLoader of torchvision's set, ToTensor, a loop by hand; seconds
    and accuracy."""
    make, batch_size, reduction, lr = SOURCES[source]
    as_tensor = torchvision.transforms.ToTensor()
    parts = [torchvision.datasets.MNIST(folder, train=train, transform=as_tensor) for train in (True, False)]
    train, test = (
        torch.utils.data.DataLoader(part, batch_size=batch_size, shuffle=shuffle)
        for part, shuffle in zip(parts, (True, False), strict=True)
    )
    model = make()
    optimizer = THEIRS[source](model.parameters(), lr=lr)
    started = time.perf_counter()
    for x, y in train:
        model.zero_grad()
        F.cross_entropy(model(x), y, reduction=reduction).backward()
        with torch.no_grad():
            optimizer.step()
    right = 0
    with torch.no_grad():
        for x, y in test:
            right += (model(x).argmax(1) == y).sum().item()
    return time.perf_counter() - started, right / len(parts[1])


def our_epoch(source: str, mnist: data.Data, norms: bool) -> tuple[float, float]:
    make, batch_size, reduction, lr = SOURCES[source]
    model = make()
    optimizer = OURS[source](model.parameters(), lr=lr)
    settings = {"batch_size": batch_size, "reduction": reduction, "norms": norms, "device": "cpu", "progress": False}
    started = time.perf_counter()
    history = fit(model, optimizer, mnist, epochs=1, **settings)
    return time.perf_counter() - started, history.epochs.test_accuracy[1]


def arithmetic(source: str, mnist: data.Data) -> tuple[float, float]:
    """Forward and backward alone, of one batch again and again: what no loop can save. It learns nothing."""
    make, batch_size, reduction, _ = SOURCES[source]
    model, x, y = make(), mnist.x_train[:batch_size], mnist.y_train[:batch_size]
    started = time.perf_counter()
    for _ in range(-(-len(mnist.y_train) // batch_size)):
        model.zero_grad()
        F.cross_entropy(model(x), y, reduction=reduction).backward()
    return time.perf_counter() - started, float("nan")


def epochs(folder: str) -> None:
    mnist = data.load("mnist", root=folder)
    for source in SOURCES:
        ways = {
            "theirs": partial(their_epoch, source, folder),
            "ours": partial(our_epoch, source, mnist, norms=False),
            "ours, with norms": partial(our_epoch, source, mnist, norms=True),
            "arithmetic alone": partial(arithmetic, source, mnist),
        }
        found = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                found[name].append(way())
        for name, runs in found.items():
            seconds, accuracy = statistics.median(s for s, _ in runs), statistics.mean(a for _, a in runs)
            ratio = statistics.median(t / o for (t, _), (o, _) in zip(found["theirs"], runs, strict=True))
            print(f"{source}, {name}: {seconds:.2f} s an epoch, {ratio:.1f}x, test accuracy {accuracy:.4f}", flush=True)


def workers(folder: str) -> None:
    setting = Setting("mnist", 1 / 6, epochs=2, batch_size=100, root=folder)
    runs = [Run(setting, {"lr": lr}, optimizers.SGD, {"lr": lr}, seed) for lr in (0.05, 0.1) for seed in range(10)]
    warm = [Run(setting, {"lr": 0.2}, optimizers.SGD, {"lr": 0.2}, seed) for seed in range(4)]
    found = {1: [], 2: []}
    for round_ in range(ROUNDS):
        for n, times in found.items():
            with tempfile.TemporaryDirectory() as results:
                if not round_:
                    run_all(warm, results, workers=n)  # starts the workers, which load the data
                started = time.perf_counter()
                run_all(runs, results, workers=n)
                times.append(time.perf_counter() - started)
    ratio = statistics.median(one / two for one, two in zip(*found.values(), strict=True))
    one, two = map(statistics.median, found.values())
    print(f"{len(runs)} runs: one worker {one:.1f} s, two {two:.1f} s, {ratio:.2f}x")


if __name__ == "__main__":
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, OMP_WAIT_POLICY {os.environ['OMP_WAIT_POLICY']}")
    data.load("mnist")  # downloads it, if it must
    epochs(str(downloads.folder(None)))
    workers(str(downloads.folder(None)))
