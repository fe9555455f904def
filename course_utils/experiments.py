"""Many trainings, each kept on the disk as soon as it is done: interrupt them anywhere, and go on from there."""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import io
import itertools
import os
import platform
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from course_utils import augment, checks, data, downloads, models
from course_utils.drafts import replacing
from course_utils.progress import progress_bar
from course_utils.schedules import Schedule
from course_utils.training import PRECISIONS, fit

import joblib
import numpy as np
import pandas as pd
import torch

ENDS = ("finished", "diverged")  # how a run that counts may end
MEASURED = ["step", "epochs", "seconds", "train_loss", "train_accuracy", "loss", "accuracy", "status"]
OURS = {"seed", "part", *MEASURED}  # columns that no label may have
ALONE = threading.Lock()  # torch's random numbers and its number of threads are those of the whole process


@dataclass(frozen=True)
class Setting:
    """What the runs of an experiment have in common.

    ``data``, ``root``, ``validation`` and ``fraction`` are arguments of ``data.load``, ``model`` is the name of a
    function of ``models``, ``options`` are its arguments, ``augment`` names functions of ``augment``, done one after
    the other, and the others are arguments of ``training.fit``.
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
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    fraction: float = 1.0
    augment: tuple[str, ...] = ()
    precision: str = "float32"
    root: str | None = field(default=None, repr=False)  # the same data wherever they lie

    def __post_init__(self) -> None:
        """Raises ValueError for data, a model, an option of it, an augmentation or a precision that there is not."""
        if self.data not in data.NAMES:
            raise ValueError(f"There is no data set {self.data!r}; {checks.suggestion(self.data, data.NAMES)}")
        known = _functions(models)
        if self.model not in known:
            raise ValueError(f"There is no model {self.model!r}; {checks.suggestion(self.model, known)}")
        try:
            inspect.signature(known[self.model]).bind(seed=0, **self.options)
        except TypeError as wrong:
            raise ValueError(f"options must be arguments of {self.model}: {wrong}.") from None
        object.__setattr__(self, "options", dict(sorted(self.options.items())))  # what happens to theirs is not ours
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"There is no precision {self.precision!r}; {checks.suggestion(self.precision, PRECISIONS)}"
            )
        if isinstance(self.augment, str):
            raise ValueError(f"augment must be names in a tuple, such as ('random_flip',), got {self.augment!r}.")
        object.__setattr__(self, "augment", tuple(self.augment))
        for name in self.augment:
            if name not in _functions(augment):
                raise ValueError(f"There is no augmentation {name!r}; {checks.suggestion(name, _functions(augment))}")


def _functions(module: ModuleType) -> dict[str, Callable]:
    """The module's own public functions, by name."""
    own = {k: v for k, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__}
    return {name: function for name, function in own.items() if not name.startswith("_")}


@dataclass(frozen=True)
class Run:
    """One training: ``make(parameters, **hyper)`` is its optimizer.

    ``labels`` become columns of its results. ``seed`` is that of the first weights and of the order of the pictures.
    Unless it is ``final``, it is judged by validation pictures, else by the test pictures.

    It is known again by all of this, and by the name of ``make``: change the labels when you change its code. So labels
    are texts and numbers, hyperparameters also schedules of ``schedules``; raises ValueError for others.
    """

    setting: Setting
    labels: Mapping[str, Any]
    make: Callable[..., torch.optim.Optimizer]
    hyper: Mapping[str, Any]
    seed: int
    final: bool = False

    def __post_init__(self) -> None:
        for name, value in self.labels.items():
            if not isinstance(name, str) or name in OURS or not isinstance(value, (str, int, float)):
                ours = ", ".join(sorted(OURS))
                raise ValueError(f"labels must be texts or numbers, named other than {ours}, got {name!r}: {value!r}.")
        for name, value in self.hyper.items():
            if not isinstance(value, (str, int, float, type(None), tuple, Schedule)):
                raise ValueError(f"{name} must be a number, a text or a schedule, got {value!r}.")

    @property
    def file(self) -> str:
        """The name of the file of its results."""
        labels, hyper = (sorted((k, _plain(v)) for k, v in given.items()) for given in (self.labels, self.hyper))
        make = f"{self.make.__module__}.{getattr(self.make, '__qualname__', repr(self.make))}"
        setting = replace(self.setting, options={name: _plain(value) for name, value in self.setting.options.items()})
        what = repr((setting, labels, make, hyper, self.seed, self.final))
        words = re.sub(r"[^\w.+]+", "-", " ".join(map(str, self.labels.values()))).strip("-").lower()
        return f"{words[:60]}-{hashlib.sha256(what.encode()).hexdigest()[:12]}.csv"


def _plain(value: Any) -> Any:
    """A number as a float: 1, 1.0 and NumPy's 1.0 are the same learning rate."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def run_all(
    runs: Sequence[Run], folder: str | os.PathLike, *, workers: int | None = None, told: str = ""
) -> pd.DataFrame:
    """Do every run that has no results in ``folder`` yet, and return the results of all, in their order.

    One row a test: the run's labels, seed, part ("val" or "test"), step, epochs gone through, seconds of training, the
    means of the steps' training losses and accuracies since the test before, loss and accuracy; and in a run's last
    row, its status. A run that diverged ends in a row without loss and accuracy.

    ``workers`` is the number of processes; by default one, or what ``joblib.parallel_config`` says: in
    ``joblib.parallel_config("dask")``, a cluster of ``dask.distributed``. Each run uses one thread, so that its
    numbers do not depend on who did it. This process alone writes: a file a run, whole or not at all, so that any
    number of processes may use the folder at once.

    Raises ValueError for runs that cannot be told apart and for a damaged file, and OSError for a folder that cannot be
    written to, all before anything is run.
    """
    runs = list(runs)
    if not runs or len({run.file for run in runs}) < len(runs):
        raise ValueError("runs must be one or more, and differ from each other in labels, setting, hyper or seed.")
    if workers is not None and workers != -1:
        checks.whole("workers", workers)
    folder = Path(folder).expanduser()
    _refuse_unwritable(folder)
    files = [folder / run.file for run in runs]
    tables, missing = {}, []
    for run, file in zip(runs, files, strict=True):
        if file.exists():
            tables[file] = read(file)
        else:
            missing.append((replace(run, setting=_located(run.setting)), file))
    random.SystemRandom().shuffle(missing)  # so that programs that share the folder seldom do the same at once
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
    with progress_bar(total=len(runs)) as bar:
        bar.set_description_str(told)
        bar.update(len(runs) - len(missing))
        # Looked for again when its turn comes: another program may have done it.
        for file, table in parallel(joblib.delayed(_done)(*task) for task in missing if not task[1].exists()):
            write(table, file)
            bar.update()
    tables |= {file: read(file) for _, file in missing}
    # The labels as they were given: a file knows only how they are written.
    labelled = [tables[file].assign(**run.labels) for run, file in zip(runs, files, strict=True)]
    return pd.concat(labelled, ignore_index=True)


def _located(setting: Setting) -> Setting:
    """The same, but for where its data are: in full, as each worker has a folder and an environment of its own."""
    return setting if setting.data == "mnist-5k" else replace(setting, root=str(downloads.folder(setting.root)))


def perform(run: Run) -> pd.DataFrame:
    """The results of one run: see ``run_all``."""
    setting = run.setting
    with ALONE:
        some = loaded(setting.data, setting.root, setting.validation, setting.fraction)
        if run.final:
            some = replace(some, x_val=None, y_val=None)
        with one_thread():
            model = getattr(models, setting.model)(seed=run.seed, **setting.options)
            history = fit(
                model,
                run.make(model.parameters(), **run.hyper),
                some,
                epochs=setting.epochs,
                batch_size=setting.batch_size,
                shuffle=setting.shuffle,
                reduction=setting.reduction,
                test_every=setting.test_every,
                augment=functools.partial(_augmented, names=setting.augment) if setting.augment else None,
                precision=setting.precision,
                device=setting.device,
                seed=run.seed,
                norms=False,
                progress=False,
            )
    if history.status == "interrupted":
        raise KeyboardInterrupt
    rows, before = [], 0
    trained = history.steps[["loss", "accuracy"]].to_numpy()
    for step, test in history.tests.iterrows():
        rows.append((step, test.epochs, test.seconds, *trained[before:step].mean(axis=0), *test.iloc[:2], ""))
        before = step
    if history.status == "diverged":
        step = len(trained)
        last = (step, step / history.steps_per_epoch, history.steps.seconds[step], *[np.nan] * 4, "")
        rows = [row for row in rows if row[0] < step] + [last]
    table = pd.DataFrame(rows, columns=MEASURED)
    table.loc[table.index[-1], "status"] = history.status
    return pd.DataFrame({**run.labels, "seed": run.seed, "part": history.held_out}, index=table.index).join(table)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """torch computes with one thread meanwhile: its numbers do not depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _done(run: Run, file: Path) -> tuple[Path, pd.DataFrame]:
    return file, perform(run)


@functools.lru_cache(maxsize=1)
def loaded(name: str, root: str | None = None, validation: float = 0.0, fraction: float = 1.0) -> data.Data:
    """``data.load``, once for many runs of a process."""
    return data.load(name, root, validation=validation, fraction=fraction)


def _augmented(x: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
    for name in names:
        x = getattr(augment, name)(x)
    return x


def write(table: pd.DataFrame, file: Path, comments: Iterable[str] = ()) -> None:
    """Put the table in place of the file, whole or not at all, below some lines of comment. Raises OSError."""
    text = "".join(f"# {line}\n" for line in comments) + table.to_csv(index=False, lineterminator="\n")
    try:
        with replacing(file) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        done = "What was done before is kept: call again to go on."
        raise OSError(f"results: cannot write {file} ({error.strerror}). {done}") from error


def read(file: Path) -> pd.DataFrame:
    """The table that ``write`` wrote, its numbers to the last bit. Raises ValueError, which names the file, for a
    damaged one."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(itertools.dropwhile(lambda line: line.startswith("#"), lines))
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        if not set(MEASURED) <= set(table.columns) or table.status.iloc[-1] not in ENDS:
            raise ValueError("its end is missing")
        return table.apply(_numbers).astype({"seed": int, "step": int, **dict.fromkeys(MEASURED[1:-1], float)})
    except (ValueError, KeyError, IndexError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"results: {file} is damaged ({reason}). Delete it, and its runs are done again.") from error


def _numbers(column: pd.Series) -> pd.Series:
    """A column of texts as numbers, NaN where it is empty; as it is, if one of them is no number."""
    try:
        return column.map(lambda text: float(text or "nan"))
    except ValueError:
        return column


def parser(description: str, data_set: str, folder: str) -> argparse.ArgumentParser:
    """The arguments that all programs of many runs have: root, workers and folder."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", help=f"folder of {data_set} in torchvision's layout (default: COURSE_DATA)")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--folder", default=folder, help="where each run is kept: call again to go on")
    return parser


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
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"folder: cannot write to {folder} ({error.strerror}). Name another.") from error
