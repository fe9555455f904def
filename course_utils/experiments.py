"""Many trainings, each kept on the disk as soon as it is done: interrupt them anywhere, and go on from there."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from course_utils import models
from course_utils.data import Data, load
from course_utils.progress import progress_bar
from course_utils.training import fit

import joblib
import numpy as np
import pandas as pd
import torch

ENDS = ("finished", "diverged")  # how a run that counts may end
MEASURED = ["step", "epochs", "seconds", "train_loss", "loss", "accuracy", "status"]


@dataclass(frozen=True)
class Setting:
    """What the runs of an experiment have in common.

    ``data``, ``root`` and ``validation`` are arguments of ``data.load``, ``model`` is the name of a function of
    ``models`` and the others are arguments of ``training.fit``.
    """

    data: str = "mnist-5k"
    validation: float = 0.2
    model: str = "mlp_small"
    epochs: int = 5
    batch_size: int = 64
    shuffle: bool = True
    reduction: str = "mean"
    test_every: int | None = None
    device: str = "cpu"
    root: str | None = field(default=None, repr=False)  # the same data wherever they lie


@dataclass(frozen=True)
class Run:
    """One training: ``make(parameters, **hyper)`` is its optimizer.

    ``labels`` become columns of its results. ``seed`` is that of the first weights and of the order of the pictures.
    Unless it is ``final``, it is judged by validation pictures, else by the test pictures. It is known again by all
    of this but the code of ``make``: change the labels when you change the code.
    """

    setting: Setting
    labels: Mapping[str, Any]
    make: Callable[..., torch.optim.Optimizer]
    hyper: Mapping[str, Any]
    seed: int
    final: bool = False

    @property
    def file(self) -> str:
        """The name of the file of its results."""
        what = repr((self.setting, sorted(self.labels.items()), sorted(self.hyper.items()), self.seed, self.final))
        words = re.sub(r"[^\w.+]+", "-", " ".join(map(str, self.labels.values()))).strip("-").lower()
        return f"{words[:60]}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.csv"


def run_all(
    runs: Sequence[Run], folder: str | os.PathLike, *, workers: int | None = None, told: str = ""
) -> pd.DataFrame:
    """Do every run that has no results in ``folder`` yet, and return the results of all, in their order.

    One row a test: the run's labels, seed, part ("val" or "test"), step, epochs gone through, seconds of training, the
    mean of the steps' training losses since the test before, loss and accuracy; and in a run's last row, its status. A
    run that diverged ends in a row without loss and accuracy.

    ``workers`` is the number of processes; by default one, or what ``joblib.parallel_config`` says: in
    ``joblib.parallel_config("dask")``, a cluster of ``dask.distributed``. Each run uses one thread, so that its
    numbers do not depend on who did it. This process alone writes: a file a run, whole or not at all, so that any
    number of processes may use the folder at once.

    Raises ValueError for runs that cannot be told apart and for a damaged file, and OSError for a folder that cannot be
    written to, all before anything is run.
    """
    folder = Path(folder)
    files = [folder / run.file for run in runs]
    if len(set(files)) < len(files):
        raise ValueError("runs must differ from each other in labels, setting, hyper or seed.")
    _refuse_unwritable(folder)
    missing = [(run, file) for run, file in zip(runs, files, strict=True) if not file.exists()]
    for file in set(files) - {file for _, file in missing}:
        read(file)
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
    with progress_bar(total=len(runs)) as bar:
        bar.set_description_str(told)
        bar.update(len(runs) - len(missing))
        # Looked for again when its turn comes: another process may have done it.
        for file, table in parallel(joblib.delayed(_done)(*task) for task in missing if not task[1].exists()):
            write(table, file)
            bar.update()
        for run, file in missing:
            if not file.exists():
                raise RuntimeError(f"The run {dict(run.labels)} has left no results.")
    return pd.concat(map(read, files), ignore_index=True)


def perform(run: Run) -> pd.DataFrame:
    """The results of one run: see ``run_all``."""
    setting, threads = run.setting, torch.get_num_threads()
    data = _data(setting.data, setting.root, setting.validation)
    if run.final:
        data = replace(data, x_val=None, y_val=None)
    model = getattr(models, setting.model)(seed=run.seed)
    torch.set_num_threads(1)
    try:
        history = fit(
            model,
            run.make(model.parameters(), **run.hyper),
            data,
            epochs=setting.epochs,
            batch_size=setting.batch_size,
            shuffle=setting.shuffle,
            reduction=setting.reduction,
            test_every=setting.test_every,
            device=setting.device,
            seed=run.seed,
            norms=False,
            progress=False,
        )
    finally:
        torch.set_num_threads(threads)
    if history.status == "interrupted":
        raise KeyboardInterrupt
    rows, before = [], 0
    losses = history.steps.loss.to_numpy()
    for step, test in history.tests.iterrows():
        rows.append((step, test.epochs, test.seconds, losses[before:step].mean(), *test.iloc[:2], ""))
        before = step
    if history.status == "diverged":
        step = len(losses)
        last = (step, step / history.steps_per_epoch, history.steps.seconds[step], np.nan, np.nan, np.nan, "")
        rows = [row for row in rows if row[0] < step] + [last]
    table = pd.DataFrame(rows, columns=MEASURED)
    table.loc[table.index[-1], "status"] = history.status
    return pd.DataFrame({**run.labels, "seed": run.seed, "part": history.held_out}, index=table.index).join(table)


def _done(run: Run, file: Path) -> tuple[Path, pd.DataFrame]:
    return file, perform(run)


@functools.lru_cache(maxsize=1)
def _data(name: str, root: str | None, validation: float) -> Data:
    """The data, loaded once by each process."""
    return load(name, root, validation=validation)


def write(table: pd.DataFrame, file: Path, comments: Iterable[str] = ()) -> None:
    """Put the table in place of the file, whole or not at all, below some lines of comment. Raises OSError."""
    draft = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        draft.write_text("".join(f"# {line}\n" for line in comments) + table.to_csv(index=False), encoding="utf-8")
        os.replace(draft, file)
    except OSError as error:
        raise OSError(
            f"results: cannot write {file} ({error.strerror}). What was done before is kept: call again to go on."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def read(file: Path) -> pd.DataFrame:
    """The table that ``write`` wrote. Raises ValueError, which names the file, for a damaged one."""
    try:
        # Python's engine reads a number as it was written, to the last bit.
        table = pd.read_csv(file, comment="#", engine="python", dtype={"status": str})
        table["status"] = table.status.fillna("")
        if not set(MEASURED) <= set(table.columns) or table.status.iloc[-1] not in ENDS:
            raise ValueError("its end is missing")
        return table.astype({name: float for name in MEASURED[1:-1]})
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"results: {file} is damaged ({reason}). Delete it, and its runs are done again.") from error


def publish(table: pd.DataFrame, file: Path, *comments: str) -> None:
    """Write results that are to come with the course, below where and when they were made."""
    file.parent.mkdir(exist_ok=True)
    write(table.round(dict.fromkeys(MEASURED[1:-1], 6)), file, [*provenance(), *comments])


def provenance() -> list[str]:
    """Where and when something was measured, in lines: machine, versions, date."""
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        names = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        cpu = names[0] if names else cpu
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "torchvision", "numpy")]
    return [
        f"machine: {cpu or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        f"versions: Python {platform.python_version()}, {', '.join(versions)}",
        f"date: {date.today().isoformat()}",
    ]


def _refuse_unwritable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{uuid.uuid4().hex}"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise OSError(f"folder: cannot write to {folder} ({error.strerror}). Name another.") from error
