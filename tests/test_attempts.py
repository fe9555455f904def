"""What students write is tried at arm's length: whatever it does, a sentence comes back, and soon."""

import _thread
import builtins
import importlib
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from course_utils import exercises, rules
from course_utils.exercises import attempts
from course_utils.rules import State

import cloudpickle
import pytest
import torch

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as a notebook's functions are sent
LIMIT = 5.0  # seconds, of the slowest answer


def right(x, g, s, t, lr, momentum):
    v = momentum * s.v + g
    return x - lr * v, State(v=v)


def loops(x, g, s, t, lr, momentum):
    while True:
        pass


def loops_stubbornly(x, g, s, t, lr, momentum):
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


def takes_all_memory(x, g, s, t, lr, momentum):
    return x + torch.ones(10**12).sum(), s


def takes_more_and_more(x, g, s, t, lr, momentum):
    kept = []
    while True:
        kept.append(bytearray(100 << 20))


def prints(lines):
    def attempt(x, g, s, t, lr, momentum):
        if t == 1:
            for i in range(lines // 4):  # two tensors, two cases
                print("line", i)
        return right(x, g, s, t, lr, momentum)

    return attempt


def deletes_what_it_finds(x, g, s, t, lr, momentum):
    torch.__dict__.clear()
    rules.__dict__.clear()
    builtins.__dict__.pop("len")
    return x, s


def ends_the_process(x, g, s, t, lr, momentum):
    os._exit(3)


def leaves(x, g, s, t, lr, momentum):
    sys.exit("enough")


def calls_itself(x, g, s, t, lr, momentum):
    return calls_itself(x, g, s, t, lr, momentum)


def asks(x, g, s, t, lr, momentum):
    return x - float(input("lr? ")) * g, s


def interrupts(x, g, s, t, lr, momentum):
    raise KeyboardInterrupt


@pytest.fixture(scope="module", autouse=True)
def _ready():
    assert exercises.momentum.check(right).passed  # the process is there
    yield
    assert exercises.momentum.check(right).passed  # and still, or again


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (loops, "did not end within 4 seconds"),
        (loops_stubbornly, "did not end within 4 seconds"),
        (takes_all_memory, "more memory than there is"),
        (deletes_what_it_finds, "Not yet"),
        (ends_the_process, "ended the Python process"),
        (leaves, "SystemExit: enough"),
        (calls_itself, "calls itself without end"),
        (asks, "EOFError"),
        (interrupts, "KeyboardInterrupt"),
        pytest.param(
            takes_more_and_more,
            "memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory"),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_attempt_ends_soon_with_a_sentence(attempt, told):
    exercises.momentum.check(right)  # a new process, if the last attempt broke the old one: its start is not counted
    started = time.monotonic()
    verdict = exercises.momentum.check(attempt)
    assert time.monotonic() - started < LIMIT
    assert not verdict.passed
    assert told in verdict.text
    assert torch.ones(2).sum() == 2  # nothing of it is felt here
    assert exercises.momentum.check(right).passed


def test_a_long_line_is_cut():
    def attempt(x, g, s, t, lr, momentum):
        print("x" * 1000, end="")
        return right(x, g, s, t, lr, momentum)

    assert "xxx…" in exercises.momentum.check(attempt).text


def test_what_is_printed_is_kept_in_part():
    verdict = exercises.momentum.check(prints(10_000))
    assert verdict.passed
    assert "line 0\n" in verdict.text
    assert "(10,000 lines in all)" in verdict.text
    assert len(verdict.text) < 2000


def test_a_million_lines_end_soon():
    exercises.momentum.check(right)
    started = time.monotonic()
    verdict = exercises.momentum.check(prints(1_000_000))
    assert time.monotonic() - started < LIMIT
    assert ("1,000,000 lines in all" in verdict.text) or ("did not end within" in verdict.text)  # on a slow machine


def test_an_answer_takes_less_than_a_second():
    exercises.momentum.check(right)
    seconds = []
    for attempt in (right, raises, lambda x, g, s, t, lr, momentum: (x + lr * g, s)):
        started = time.monotonic()
        exercises.momentum.check(attempt)
        seconds.append(time.monotonic() - started)
    assert max(seconds) < 1


def raises(x, g, s, t, lr, momentum):
    w = x - lr * g
    return w / undefined, s  # noqa: F821


def test_a_line_of_python_s_own_is_not_named():
    def attempt(x, g, s, t, lr, momentum):
        return x - statistics.mean([]) * g, s

    verdict = exercises.momentum.check(attempt)
    assert "StatisticsError" in verdict.text
    assert "`return x - statistics.mean([]) * g, s`" in verdict.text


def test_a_function_of_torch_s_on_an_empty_state_is_explained():
    verdict = exercises.momentum.check(lambda x, g, s, t, lr, momentum: (x - torch.sqrt(s.v + 1e-8), s))
    assert "not float" in verdict.text
    assert "is the number 0, and no tensor" in verdict.text


def test_an_attempt_that_calls_a_stub_is_told_which():
    def helper(g):
        raise NotImplementedError

    verdict = exercises.momentum.check(lambda x, g, s, t, lr, momentum: (x - helper(g), s))
    assert verdict.misconception == "raised"
    assert "It calls `helper`, which is not written yet." in verdict.text


def test_an_exception_names_the_line():
    verdict = exercises.momentum.check(raises)
    assert "NameError: name 'undefined' is not defined" in verdict.text
    assert "`return w / undefined, s  # noqa: F821`" in verdict.text


def test_what_an_attempt_does_is_not_felt_here():
    def counts(x, g, s, t, lr, momentum):
        rules.left = getattr(rules, "left", 0) + 1
        return right(x, g, s, t, lr, momentum)

    exercises.momentum.check(counts)
    assert not hasattr(rules, "left")


def turns_gradients_off(x, g, s, t, lr, momentum):
    torch.set_grad_enabled(False)
    return right(x, g, s, t, lr, momentum)


def turns_minus_round(x, g, s, t, lr, momentum):
    result = right(x, g, s, t, lr, momentum)
    torch.Tensor.__sub__ = torch.Tensor.__add__
    return result


def takes_the_state_s_zeros(x, g, s, t, lr, momentum):
    State.__getattr__ = lambda self, name: 1.0
    return right(x, g, s, t, lr, momentum)


@pytest.mark.parametrize("attempt", [turns_gradients_off, turns_minus_round, takes_the_state_s_zeros])
def test_what_an_attempt_leaves_behind_is_not_felt_by_the_next(attempt):
    exercises.momentum.check(attempt)
    assert exercises.momentum.check(right).passed
    assert exercises.nesterov_sgd.check(exercises.nesterov_sgd.trial.reference).passed


class HasNoWords(Exception):
    def __str__(self):
        raise RuntimeError("not even these")


def raises_without_words(x, g, s, t, lr, momentum):
    raise HasNoWords


def clears_the_process(x, g, s, t, lr, momentum):
    attempts.__dict__.clear()
    return x, s


@pytest.mark.parametrize("attempt", [raises_without_words, clears_the_process])
def test_what_the_process_cannot_tell_is_a_sentence_too(attempt):
    verdict = exercises.momentum.check(attempt)
    assert not verdict.passed
    assert "raised HasNoWords" in verdict.text or "process that tried it failed" in verdict.text
    assert exercises.momentum.check(right).passed


def test_a_file_of_one_s_own_is_read_anew(tmp_path, monkeypatch):
    file = tmp_path / "of_mine.py"
    code = "def momentum(x, g, s, t, lr, momentum):\n    s.v = momentum * s.v + g\n    return x {} lr * s.v, s\n"
    monkeypatch.syspath_prepend(tmp_path)
    file.write_text(code.format("+"), encoding="utf-8")
    of_mine = importlib.import_module("of_mine")
    assert exercises.momentum.check(of_mine.momentum).misconception == "the sign"
    exec(compile(code.format("-"), str(file), "exec"), vars(of_mine))  # as importlib.reload does, were the clock finer
    assert exercises.momentum.check(of_mine.momentum).passed


@pytest.mark.parametrize("task", [exercises.momentum, exercises.own_adam], ids=lambda task: task.name)
def test_the_notebook_s_settings_of_torch_change_nothing(task):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    task.expected.cache_clear()
    try:
        assert task.check(task.trial.reference, seed=3).passed
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)


def test_a_check_leaves_the_random_numbers_as_they_were():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    for task in exercises.ALL.values():
        if hasattr(task, "expected"):
            task.expected.__wrapped__(task, 5)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_interrupted_check_ends_the_process():
    exercises.momentum.check(right)
    pool = attempts._pool
    timer = threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        exercises.momentum.check(loops)
    assert attempts._pool is not pool
    assert exercises.momentum.check(right).passed


ORPHAN = """
import sys, threading, os, time
from course_utils import exercises
from course_utils.exercises import attempts

def loops(x, g, s, t, lr, momentum):
    while True:
        pass

exercises.momentum.ask()
print(attempts.warm_up()[0].submit(os.getpid).result(), flush=True)
threading.Timer(1.0, lambda: os.kill(os.getpid(), 9)).start()
exercises.momentum.check(loops)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_ends_with_the_notebook_s():
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} runs on")


def test_the_process_is_kept_while_attempts_behave():
    exercises.momentum.check(right)
    pool = attempts._pool
    exercises.momentum.check(raises)
    exercises.momentum.check(right)
    assert attempts._pool is pool


def test_a_process_that_ended_meanwhile_is_not_the_attempt_s_fault():
    exercises.momentum.check(right)
    attempts._pool.submit(os._exit, 1)
    time.sleep(1)
    assert exercises.momentum.check(right).passed


@pytest.mark.parametrize("attempt", [None, 3, "momentum", torch.ones(2), ...], ids=repr)
def test_what_is_no_function_is_told_so(attempt):
    verdict = exercises.momentum.check(attempt)
    assert not verdict.passed
    assert "Give `check` your function itself" in verdict.text


def test_a_function_with_other_arguments_is_told_so():
    verdict = exercises.momentum.check(lambda x, g: x - g)
    assert "unexpected keyword argument 'lr'" in verdict.text or "positional arguments" in verdict.text


def test_what_cannot_be_sent_is_told_so():
    lock = __import__("threading").Lock()
    verdict = exercises.momentum.check(lambda x, g, s, t, lr, momentum: (x, lock))
    assert "cannot be sent" in verdict.text


@pytest.mark.parametrize(
    ("attempt", "name"),
    [
        (lambda x, g, s, t, lr, momentum: None, "returns None"),
        (lambda x, g, s, t, lr, momentum: ..., "stub"),
        (lambda x, g, s, t, lr, momentum: x, "returns one"),
        (lambda x, g, s, t, lr, momentum: (x.sum(), s), "wrong shape"),
        (lambda x, g, s, t, lr, momentum: ("x", s), "no numbers"),
        (lambda x, g, s, t, lr, momentum: (x / 0, s), "no finite number"),
        (lambda x, g, s, t, lr, momentum: (x.sub_(lr * g), s), "x edited in place"),
        (lambda x, g, s, t, lr, momentum: (x - g.mul_(lr), s), "g edited in place"),
    ],
)
def test_what_is_no_step_is_told_so(attempt, name):
    verdict = exercises.momentum.check(attempt)
    assert not verdict.passed
    assert verdict.misconception == name
    assert len(verdict.text) > 40


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        exercises.momentum.check(right, seed=seed)
