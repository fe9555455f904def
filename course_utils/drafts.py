"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

DAY = 24 * 3600  # seconds: a draft that is older was left by a program that was killed


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft beside ``path``, which takes its place at the end; after an error, all is as it was."""
    sweep(path.parent, f".{path.name}.*.draft")
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.draft")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def sweep(folder: Path, pattern: str) -> None:
    """Remove the drafts that killed programs have left."""
    for old in folder.glob(pattern):
        with contextlib.suppress(OSError):  # another program may be quicker
            if time.time() - old.stat().st_mtime > DAY:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
