"""Runs what a student wrote at arm's length: in a process of its own, with limits of time, memory and output.

Whatever an attempt does there, loops for ever, takes all memory, deletes a module's names or ends the process, the
notebook goes on and is told what happened, in a sentence. (Memory is limited on Linux alone. On Windows, an attempt
without end outlives a notebook that is killed: there, a process is not told that its parent has ended.) The process is
kept for the next attempt while it behaves.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import linecache
import os
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import cloudpickle
import torch
from joblib.externals.loky import ProcessPoolExecutor
from torch import Tensor

SECONDS = 4.0  # that an attempt may take
MEMORY = 2 << 30  # bytes that it may take, more than the process has to begin with
PAPER = 300  # characters of its output that are kept
BROKEN = ("slow", "died", "memory")  # troubles after which the process may not be as it was
START = 120  # seconds that the process may take to start
NO_MEMORY = ("can't allocate memory", "not enough memory")  # torch's words
PACKAGE = str(Path(__file__).parents[1])
PYTHON = sysconfig.get_path("stdlib")


@dataclass(frozen=True)
class Record:
    """What an attempt gave in one case: ``values`` (steps, n), float64, with a name for each row and each column.

    ``unit`` is the size by which differences are judged: the largest step, or the largest value.
    """

    case: str
    values: Tensor
    steps: list[str]
    names: list[str]
    unit: float


class Trouble(Exception):
    """Why an attempt gave no record, or not all of it: the name of it, and a sentence to the student.

    ``line`` is (file, number) of the line of theirs where it happened, if there is one.
    """

    def __init__(self, name: str, sentence: str, line: tuple[str, int] | None = None):
        super().__init__(name, sentence, line)
        self.name, self.sentence, self.line = name, sentence, line


@dataclass(frozen=True)
class Told:
    """What is known of an attempt after it was tried: its records up to the trouble, if there was any."""

    records: list[Record] = field(default_factory=list)
    trouble: Trouble | None = None
    printed: str = ""
    tainted: bool = False  # whether it left the process so that the right answer is not right there any more


Trial = Callable[[Callable], "list[Record]"]


def run_here(trial: Trial, attempt: Callable) -> Told:
    """Try an attempt in this process, without limits."""
    records: list[Record] = []
    with _as_ever():
        try:
            for record in trial(attempt):
                records.append(record)
        except Trouble as trouble:
            return Told(records, trouble)
        except BaseException as error:  # SystemExit, too
            return Told(records, _raised(error))
    return Told(records)


@contextlib.contextmanager
def _as_ever() -> Iterator[None]:
    """Meanwhile, torch's settings are those at first; afterwards, they and the random numbers are as they were."""
    dtype = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]), torch.device("cpu"), torch.enable_grad():
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


def run(trial: Trial, attempt: Callable) -> Told:
    """Try an attempt in the other process. It takes ``SECONDS`` at most, whatever the attempt does.

    Raises RuntimeError if there is no other process to be had.
    """
    try:
        payload = _packed(trial, attempt)
    except Exception as error:
        return Told(trouble=Trouble("raised", f"Your code cannot be sent to the process that tries it: {error}"))
    answer = _submitted(payload)
    try:
        told = answer.result(timeout=SECONDS)
    except TimeoutError:
        sentence = f"It did not end within {SECONDS:g} seconds. Is there a loop that never ends?"
        told = Told(trouble=Trouble("slow", sentence))
    except BrokenProcessPool:
        told = Told(trouble=Trouble("died", "It ended the Python process that ran it, or took too much memory."))
    except Exception as error:  # it has broken what would have answered
        told = Told(trouble=Trouble("died", f"The process that tried it failed: {type(error).__name__}."))
    except BaseException:  # an interrupt: the attempt may still be running
        _give_up()
        raise
    if told.tainted or (told.trouble is not None and told.trouble.name in BROKEN):
        _give_up()
        warm_up()
    return told


def _packed(trial: Trial, attempt: Callable) -> bytes:
    """Both as bytes; what stands in a file of the student's own as it is now, not as the process once read it."""
    module = sys.modules.get(getattr(attempt, "__module__", None) or "")
    file = getattr(module, "__file__", None)  # a notebook has none: what it defines goes along anyway
    if file is None or _ours(file) or module.__name__ in cloudpickle.list_registry_pickle_by_value():
        return cloudpickle.dumps((trial, attempt))
    cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps((trial, attempt))
    finally:
        cloudpickle.unregister_pickle_by_value(module)


_pool: ProcessPoolExecutor | None = None
_ready: Future | None = None
_lock = threading.Lock()


def warm_up() -> tuple[ProcessPoolExecutor, Future]:
    """Start the process, if it is not there yet, without waiting until it is ready."""
    global _pool, _ready
    with _lock:
        if _pool is None:
            _pool = ProcessPoolExecutor(1, initializer=_prepare, env={"OMP_NUM_THREADS": "1"})
            _ready = _pool.submit(_there, cloudpickle.dumps((_nothing, None)))
        return _pool, _ready


def _submitted(payload: bytes) -> Future:
    """What the process will answer. It is ready: to start it does not count as the attempt's time."""
    for _ in range(2):
        pool, ready = warm_up()
        try:
            ready.result(timeout=START)
            return pool.submit(_there, payload)
        except (BrokenProcessPool, TimeoutError) as error:  # it may have ended while nobody asked anything of it
            _give_up()
            reason = error
    raise RuntimeError(f"The process that tries attempts does not start: {reason!r}. Restart the kernel.") from reason


@atexit.register
def _give_up() -> None:
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.shutdown(wait=False, kill_workers=True)


class _Paper(io.TextIOBase):
    """Takes what is printed, and keeps the beginning."""

    def __init__(self):
        self.text, self.lines, self.cut = "", 0, False

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        kept = text[: PAPER - len(self.text)]
        self.text, self.cut = self.text + kept, self.cut or len(kept) < len(text)
        return len(text)

    def __str__(self) -> str:
        return self.text + (f"…\n({self.lines:,} lines in all)" if self.cut else "")


def _there(payload: bytes) -> Told:
    """In the other process: try the attempt, and see whether the right answer still gives what it gave before."""
    paper = _Paper()
    with contextlib.redirect_stdout(paper), contextlib.redirect_stderr(paper):
        try:
            trial, attempt = cloudpickle.loads(payload)
        except BaseException as error:
            return Told(trouble=_raised(error), printed=str(paper))
        before = _right(trial)
        told = run_here(trial, attempt)
    return Told(told.records, told.trouble, str(paper), tainted=_right(trial) != before)


def _right(trial: Trial) -> list:
    reference = getattr(trial, "reference", None)
    told = run_here(trial, reference) if reference else Told()
    return [record.values.tolist() for record in told.records] + [told.trouble and told.trouble.sentence]


def _nothing(_: None) -> list[Record]:
    """What the process does first: let torch and the rules be imported."""
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))])  # torch takes two seconds for the first one
    return []


def _raised(error: BaseException) -> Trouble:
    """An exception as a sentence, with the last line of the student's own that it passed."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _ours(f.filename)]
    if isinstance(error, NotImplementedError):
        if len(frames) < 2:
            return Trouble("stub", "It is not written yet.")
        return Trouble("raised", f"It calls `{frames[-1].name}`, which is not written yet.")
    name = "raised"
    try:
        words = str(error).strip().splitlines()[:1]
    except Exception:
        words = []
    if isinstance(error, MemoryError) or any(words and few in words[0] for few in NO_MEMORY):
        name, sentence = "memory", "It asks for more memory than there is. Is one of its tensors far too large?"
    elif isinstance(error, RecursionError):
        sentence = "It calls itself without end."
    else:
        sentence = f"It raised {type(error).__name__}{': ' + words[0] if words else ''}"
        sentence += "" if sentence.endswith((".", "!", "?")) else "."
        if "must be Tensor, not float" in sentence:
            sentence += " What the state does not have yet is the number 0, and no tensor: `** 0.5` takes both."
    if name == "raised" and not frames:
        name = "elsewhere"  # not in a line of theirs: in torch, or here, as they left it
    return Trouble(name, sentence, (frames[-1].filename, frames[-1].lineno) if frames else None)


def _ours(filename: str) -> bool:
    """Whether a file is the course's, a library's or Python's own: not the student's."""
    return filename.startswith((PACKAGE + os.sep, PYTHON + os.sep, "<frozen")) or "site-packages" in filename


def line_of(trouble: Trouble) -> str:
    """The student's line at which it happened, in code marks, with its number; "" where it is not known."""
    if trouble.line is None:
        return ""
    text = linecache.getline(*trouble.line).strip()
    return f"line {trouble.line[1]}: `{text}`" if text else ""


def _prepare() -> None:
    """In the other process, first of all: it ends with the notebook's, and where the system can limit memory (Linux),
    it may take ``MEMORY`` more than it has now."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
