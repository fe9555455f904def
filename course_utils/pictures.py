"""CIFAR-10 as picture files: a folder, or an archive, of PNG or JPEG pictures."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath

from course_utils.downloads import Parts
from course_utils.progress import progress_bar

import numpy as np
import torch
from PIL import Image

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".npz")
SUFFIXES = (".png", ".jpg", ".jpeg")

# What the libraries raise for files that are cut off, or something else.
BROKEN = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    SyntaxError,
    RuntimeError,
    struct.error,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    Image.DecompressionBombError,
)

Entry = tuple[str, str, str, Callable[[], bytes]]  # part, class, name of the file, what reads it


def find(root: Path) -> Path | None:
    """The folder or archive of pictures at ``root`` or ``root/CIFAR10``, or None.

    A folder, or a .zip, .tar, .tar.gz or .tgz of one, has files such as ``train/cat/0001.png`` and ``test/dog/7.jpg``;
    an .npz has the arrays ``jpeg`` (the bytes of all files), ``offset`` (where each begins, and the end), ``label``,
    ``train`` (true or false) and ``classes``.
    """
    for place in (root, root / "CIFAR10"):
        if place.is_file() and place.name.lower().endswith(ARCHIVES):
            return place
        if (place / "train").is_dir():
            return place
    archives = sorted(p for p in (root / "CIFAR10").glob("*") if p.is_file() and p.name.lower().endswith(ARCHIVES))
    return archives[0] if archives else None


def read(path: Path) -> Parts:
    """What ``downloads.local`` returns, from a folder or archive that ``find`` found.

    Raises OSError, which names the file, for one that is damaged or no picture of 32x32, or if a part is missing.
    """
    try:
        entries = list(_entries(path))
    except BROKEN as error:
        raise OSError(f"cifar10: {path} is damaged ({_first_line(error)}). Get it again.") from error
    classes = tuple(sorted({label for _, label, _, _ in entries}))
    found = []
    with progress_bar(total=len(entries)) as bar:
        bar.set_description_str("reading pictures")
        for part in ("train", "test"):
            chosen = [entry for entry in entries if entry[0] == part]
            if not chosen:
                raise OSError(f"cifar10: {path} has no pictures such as {part}/cat/1.png. Get it again.")
            x = np.empty((len(chosen), 3, 32, 32), np.uint8)
            for i, (_, _, name, content) in enumerate(chosen):
                x[i] = _decoded(path, name, content)
                bar.update()
            found += [x, torch.tensor([classes.index(label) for _, label, _, _ in chosen])]
    return (*found, classes)


def _entries(path: Path) -> Iterator[Entry]:
    """Every picture of the folder or archive, in the order of their names; they are not read yet."""
    if path.suffix.lower() == ".npz":
        with np.load(path, allow_pickle=False) as file:
            jpeg, offset, label, train, classes = (file[k] for k in ("jpeg", "offset", "label", "train", "classes"))
        for i, (start, end) in enumerate(pairwise(offset)):
            part = "train" if train[i] else "test"
            yield part, str(classes[label[i]]), f"picture {i}", jpeg[start:end].tobytes
        return
    if path.is_dir():
        contents = {p.relative_to(path).as_posix(): p.read_bytes for p in path.rglob("*") if p.is_file()}
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            contents = {name: _giver(archive.read(name)) for name in archive.namelist()}
    else:
        with tarfile.open(path) as archive:
            contents = {m.name: _giver(archive.extractfile(m).read()) for m in archive if m.isfile()}
    for name, content in sorted(contents.items()):
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith((".", "__MACOSX")) for part in parts)  # what a Mac adds
        if not hidden and len(parts) >= 3 and parts[-3] in ("train", "test") and name.lower().endswith(SUFFIXES):
            yield parts[-3], parts[-2], name, content


def _giver(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def _decoded(path: Path, name: str, content: Callable[[], bytes]) -> np.ndarray:
    try:
        picture = np.asarray(Image.open(io.BytesIO(content())).convert("RGB"))
    except BROKEN as error:
        raise OSError(f"cifar10: {name} in {path} is damaged ({_first_line(error)}). Get it again.") from error
    if picture.shape != (32, 32, 3):
        raise OSError(f"cifar10: {name} in {path} must be 32x32, got {picture.shape[1]}x{picture.shape[0]}.")
    return picture.transpose(2, 0, 1)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
