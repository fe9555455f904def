"""torchvision's data sets: read where they are, else downloaded, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from course_utils.drafts import sweep

import numpy as np
from torch import Tensor, as_tensor

TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}  # our names and torchvision's
SIZES = {"mnist": "66 MB", "fashion-mnist": "86 MB", "cifar10": "360 MB"}  # on the disk, while it is unpacked
INSTEAD = 'or load "mnist-5k", which needs neither folder nor network'
TIMEOUT = 30.0  # seconds without an answer

# What torchvision raises for files that are not there, cut off, or something else.
BROKEN = (RuntimeError, ValueError, TypeError, AssertionError, EOFError, KeyError, OSError)

REFUSED_BY_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

Parts = tuple[np.ndarray, Tensor, np.ndarray, Tensor, tuple[str, ...]]


def folder(root: str | os.PathLike | None) -> Path:
    """Where data sets lie: ``root``, else COURSE_DATA, else ``~/.cache/course_utils``; absolute."""
    return Path(root or os.environ.get("COURSE_DATA") or "~/.cache/course_utils").expanduser().absolute()


def local(name: str, root: Path) -> Parts | None:
    """The data set, if it lies whole in ``root`` in torchvision's layout: the pictures (N, channels, height, width),
    bytes, and labels (N,) for training and for testing, and the classes."""
    try:
        return _both_parts(name, root)
    except BROKEN:
        return None


def fetch(name: str, root: Path) -> Parts:
    """The data set, downloaded into a folder of its own in ``root``, and moved to its place when it is whole.

    Raises OSError, in one sentence, if ``root`` cannot be written to or the download fails. Then it is as it was.
    """
    missing = f"{name} is not whole in {root} and could not be downloaded"
    new = [folder for folder in (root, *root.parents) if not folder.exists()]  # the innermost first
    done = False
    try:
        root.mkdir(parents=True, exist_ok=True)
        sweep(root, ".download-*")
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as folder:
            with impatience():
                _download(name, Path(folder), missing)
            parts = _both_parts(name, Path(folder))
            for file in [file for file in Path(folder).rglob("*") if file.is_file()]:
                target = root / file.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, target)
        done = True
        return parts
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = f"It takes about {SIZES[name]}: make room, name another folder as root, {INSTEAD}."
            raise OSError(f"{missing}: the disk is full. {advice}") from error
        if error.errno is not None:
            raise OSError(
                f"root: cannot write to the folder {root} ({error.strerror}). Use another, {INSTEAD}."
            ) from error
        raise
    finally:
        for folder in () if done else new:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _both_parts(name: str, root: Path) -> Parts:
    """What lies in ``root``. Raises one of BROKEN for files that are missing or do not fit together."""
    import torchvision  # takes a second, and the embedded digits do without it

    train, test = (getattr(torchvision.datasets, TORCHVISION[name])(root, train=train) for train in (True, False))
    shape = (32, 32, 3) if name == "cifar10" else (28, 28)
    found = []
    for part in (train, test):
        x = np.asarray(part.data)
        if len(x) != len(part.targets) or x.shape[1:] != shape:
            raise ValueError(f"pictures {x.shape} and {len(part.targets)} labels do not fit together.")
        found += [np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x[:, None], as_tensor(part.targets)]
    return (*found, tuple(c.partition(" - ")[0] for c in train.classes))


def _download(name: str, folder: Path, missing: str) -> None:
    """Fill an empty folder with the data set. Raises OSError: with a number if the disk refuses, else in a sentence."""
    from torchvision import datasets
    from torchvision.datasets.utils import download_and_extract_archive

    dataset = getattr(datasets, TORCHVISION[name])
    if name == "cifar10":
        files = [(folder, [dataset.url], dataset.tgz_md5)]
    else:
        raw = folder / TORCHVISION[name] / "raw"
        files = [(raw, [mirror + file for mirror in dataset.mirrors], md5) for file, md5 in dataset.resources]
    for target, urls, md5 in files:
        refusals = []
        for url in urls:
            try:
                download_and_extract_archive(url, str(target), md5=md5, remove_finished=True)
                break
            except (OSError, RuntimeError, HTTPException) as error:
                if getattr(error, "errno", None) in REFUSED_BY_DISK:
                    raise
                refusals.append(f"{urlsplit(url).netloc} {told(error)}")
        else:
            raise OSError(
                f"{missing}: {'; '.join(refusals)}. Try again later or in another network, put its files there "
                f"yourself, {INSTEAD}."
            )


def told(error: Exception) -> str:
    """What a server did, in words."""
    if isinstance(error, HTTPError):
        return f"answered {error.code} ({error.reason})"
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"did not answer for {TIMEOUT:g} seconds"
    if isinstance(reason, RuntimeError):  # torchvision's word for a checksum that does not agree
        return "sent something else, or not all of it (the checksum is wrong)"
    if isinstance(reason, (HTTPException, ConnectionResetError)):
        return "broke the connection off"
    return f"could not be reached ({getattr(reason, 'strerror', None) or reason})"


@contextlib.contextmanager
def impatience() -> Iterator[None]:
    """Connections opened meanwhile give up after TIMEOUT seconds of silence; torchvision's would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
