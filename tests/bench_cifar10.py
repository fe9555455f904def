"""What the fast path saves: an epoch of CIFAR-10 with ResNet-18 beside source E's own way, on the same machine.

``make bench-cifar10`` prints the seconds that an epoch takes, without the test, their ratios and the test accuracies,
by turns, on the GPU if there is one. E: single pictures from a DataLoader with workers, the transforms of torchvision,
batches of 32, float32. CIFAR-10 is read from COURSE_DATA, or downloaded. No part of ``make test``.
"""

import os
import statistics
import sys
import time
from functools import partial

from course_utils import data, models, optimizers
from course_utils.augment import random_crop, random_flip
from course_utils.experiments import provenance
from course_utils.training import evaluate, fit

import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn import functional as F

ROUNDS, EPOCHS = 2, 5
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MEAN, STD = models.COLOUR


class Pictures(torch.utils.data.Dataset):
    """One picture after the other, as torchvision's CIFAR10 gives them."""

    def __init__(self, x, y, transform):
        self.x, self.y, self.transform = (255 * x).round().byte().movedim(1, -1).numpy(), y.tolist(), transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.x[i])), self.y[i]


def network(small_images: bool = False) -> nn.Module:
    return models.resnet18(small_images=small_images).to(DEVICE)


def their_epochs(cifar: data.Data) -> tuple[list[float], float]:
    """E's way, without its mistakes: seconds of each epoch, and the accuracy at the end."""
    t = torchvision.transforms
    plain = [t.ToTensor(), t.Normalize(MEAN, STD)]
    train = Pictures(
        cifar.x_train, cifar.y_train, t.Compose([t.RandomHorizontalFlip(), t.RandomCrop(32, padding=4), *plain])
    )
    loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True, num_workers=os.cpu_count())
    model = network()
    inner = model[1]  # the loader has normalised already
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    seconds = []
    for _ in range(EPOCHS):
        started = time.perf_counter()
        inner.train()
        total = 0.0
        for x, y in loader:
            x, y = x.to(DEVICE), y.to(DEVICE)
            optimizer.zero_grad()
            loss = F.cross_entropy(inner(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds.append(time.perf_counter() - started)
    return seconds, evaluate(model, cifar.x_test, cifar.y_test)[1]


def our_epochs(
    cifar: data.Data, batch_size: int, lr: float, precision: str, compiled: bool = False, small_images: bool = False
) -> tuple[list[float], float]:
    model = network(small_images)
    if compiled:
        model.compile()
    optimizer = optimizers.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = fit(
        model,
        optimizer,
        cifar,
        epochs=EPOCHS,
        batch_size=batch_size,
        augment=lambda x: random_crop(random_flip(x)),
        precision=precision,
        norms=False,
        device=DEVICE,
    )
    return history.epochs.seconds.diff().fillna(history.epochs.seconds).tolist(), history.epochs.test_accuracy.iloc[-1]


def main(part: float) -> None:
    cifar = data.load("cifar10", fraction=part)
    ways = {
        "E's way": partial(their_epochs, cifar),
        "ours, batches of 32, float32": partial(our_epochs, cifar, 32, 0.01, "float32"),
        "ours, batches of 128, bfloat16": partial(our_epochs, cifar, 128, 0.02, "bfloat16"),
        "ours, batches of 256, bfloat16": partial(our_epochs, cifar, 256, 0.04, "bfloat16"),
    }
    if DEVICE == "cuda":
        ways["ours, 256, bfloat16, compiled"] = partial(our_epochs, cifar, 256, 0.04, "bfloat16", compiled=True)
        ways["ours, 256, bfloat16, small_images"] = partial(our_epochs, cifar, 256, 0.04, "bfloat16", small_images=True)
    print(*provenance(), torch.cuda.get_device_name() if DEVICE == "cuda" else "no GPU", sep="\n")
    print(f"{len(cifar.y_train):,} pictures, {EPOCHS} epochs, {ROUNDS} rounds, first epochs not timed", flush=True)
    found = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds, accuracy = way()
            found[name].append((statistics.median(seconds[1:]), accuracy))
    for name, rounds in found.items():
        ratio = statistics.median(t / o for (t, _), (o, _) in zip(found["E's way"], rounds, strict=True))
        seconds, accuracy = (statistics.mean(values) for values in zip(*rounds, strict=True))
        print(f"{name}: {seconds:.2f} s an epoch, {ratio:.1f}x, test accuracy after {EPOCHS} epochs {accuracy:.3f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
