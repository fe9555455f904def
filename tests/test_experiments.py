"""Runs kept on the disk: broken off, killed, done by several processes, by a cluster; always the same results, once."""

import errno
import importlib.metadata
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from course_utils import data, models, optimizers
from course_utils.augment import random_crop, random_flip
from course_utils.experiments import Run, Setting, one_thread, perform, provenance, read, run_all
from course_utils.training import fit

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from conftest import ROOT, kills

SHORT = Setting(epochs=1, batch_size=200, test_every=5)  # 16 steps


def run(lr, seed=0, setting=SHORT, **settings):
    return Run(setting, {"optimizer": "SGD", "lr": lr}, optimizers.SGD, {"lr": lr}, seed, **settings)


RUNS = [run(lr, seed) for lr in (0.1, 0.2, 1e30) for seed in (0, 1)]


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """The results of RUNS, done one after the other."""
    return run_all(RUNS, tmp_path_factory.mktemp("serial"))


def equal(a, b):
    """Whether two tables are the same, bit for bit, but for the seconds."""
    pd.testing.assert_frame_equal(a.drop(columns="seconds"), b.drop(columns="seconds"), check_exact=True)
    return True


def test_results_are_those_of_fit(serial):
    digits = data.load(validation=0.2)
    model = models.mlp_small(seed=1)
    optimizer = optimizers.SGD(model.parameters(), lr=0.1)
    with one_thread():
        history = fit(model, optimizer, digits, epochs=1, batch_size=200, test_every=5, seed=1)
    rows = serial[(serial.lr == 0.1) & (serial.seed == 1)]
    assert rows.step.tolist() == [5, 10, 15, 16]
    assert rows.accuracy.tolist() == history.tests.val_accuracy.tolist()
    assert rows.loss.tolist() == history.tests.val_loss.tolist()
    assert rows.train_loss.tolist()[1] == pytest.approx(history.steps.loss[5:10].mean())
    assert rows.epochs.tolist() == [5 / 16, 10 / 16, 15 / 16, 1]
    assert rows.status.tolist() == ["", "", "", "finished"]
    assert set(rows.part) == {"val"}


def test_a_setting_says_how_a_run_is_done():
    """Its part of the data, its network and its arguments, its augmentation and precision: as fit does it."""
    network = {"channels": 1, "width": 2}
    how = {"model": "resnet8", "options": network, "augment": ("random_crop", "random_flip"), "precision": "bfloat16"}
    setting = Setting(epochs=1, batch_size=200, fraction=0.5, **how)
    digits = data.load(validation=0.2, fraction=0.5)
    model = models.resnet8(**network, seed=3)
    optimizer = optimizers.SGD(model.parameters(), lr=0.1)
    with one_thread():
        settings = {"precision": "bfloat16", "augment": lambda x: random_flip(random_crop(x))}
        history = fit(model, optimizer, digits, epochs=1, batch_size=200, seed=3, **settings)
    (row,) = perform(run(0.1, 3, setting)).itertuples()
    assert row.step == 8
    assert row.train_loss == pytest.approx(history.steps.loss.mean())
    assert row.train_accuracy == pytest.approx(history.steps.accuracy.mean())
    assert row.accuracy == history.tests.val_accuracy[8]


def test_a_final_run_is_judged_by_the_test_pictures(serial):
    rows = perform(run(0.1, final=True))
    assert set(rows.part) == {"test"}
    assert rows.step.tolist() == serial.step.tolist()[:4]  # it is trained on the same pictures
    assert rows.accuracy.iloc[-1] != serial.accuracy.iloc[3]


def test_a_run_that_diverged_ends_in_a_row_without_accuracy(serial):
    rows = serial[(serial.lr == 1e30) & (serial.seed == 0)]
    assert rows.status.iloc[-1] == "diverged"
    assert np.isnan(rows.accuracy.iloc[-1])


def test_a_run_uses_one_thread_and_gives_the_others_back(monkeypatch):
    threads = []
    monkeypatch.setattr(
        "course_utils.experiments.fit", lambda *a, **k: threads.append(torch.get_num_threads()) or 1 / 0
    )
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        perform(RUNS[0])
    assert threads == [1]
    assert torch.get_num_threads() == before


def test_nothing_is_done_twice(serial, tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr("course_utils.experiments.perform", lambda run: done.append(run) or perform(run))
    run_all(RUNS[:2], tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert equal(run_all(RUNS, tmp_path), serial)
    assert sorted(run.file for run in done) == sorted(run.file for run in RUNS)
    assert {path: path.read_bytes() for path in files} == files
    assert equal(run_all(RUNS[::-1], tmp_path).sort_values(["lr", "seed", "step"], ignore_index=True), serial)
    assert len(done) == len(RUNS)


@pytest.mark.parametrize(
    "other",
    [
        run(0.3),
        run(0.1, 1),
        run(0.1, final=True),
        run(0.1, setting=Setting(epochs=2)),
        run(0.1, setting=Setting("mnist")),
    ],
)
def test_runs_that_differ_have_files_of_their_own(other):
    assert other.file != run(0.1).file


def test_where_the_data_lie_makes_no_difference():
    assert run(0.1, setting=Setting(root="/here")).file == run(0.1, setting=Setting(root="/there")).file


def test_options_are_known_again_however_they_are_written():
    given = {"width": 2, "channels": 1}
    setting = Setting(model="resnet8", options=given, augment=["random_flip"])
    same = Setting(model="resnet8", options={"channels": 1.0, "width": 2.0}, augment=("random_flip",))
    other = Setting(model="resnet8", options={"channels": 1, "width": 3}, augment=("random_flip",))
    file = run(0.1, setting=setting).file
    given["width"] = 3
    assert file == run(0.1, setting=setting).file == run(0.1, setting=same).file != run(0.1, setting=other).file
    assert len({setting, other}) == 2


def test_what_makes_the_optimizer_is_part_of_the_run():
    other = Run(SHORT, {"optimizer": "SGD", "lr": 0.1}, optimizers.Adam, {"lr": 0.1}, 0)
    assert other.file != run(0.1).file


def test_threads_of_one_process_give_the_same_results(serial, tmp_path):
    """Torch's random numbers are shared by all threads of a process."""
    with joblib.parallel_config("threading", n_jobs=4):
        assert equal(run_all(RUNS, tmp_path), serial)


def test_labels_come_back_as_they_were_given(tmp_path):
    labels = [{"name": name, "n": 1} for name in ("#2", "NA", "007", "a, b")]
    runs = [Run(SHORT, label, optimizers.SGD, {"lr": 0.1}, 0) for label in labels]
    for _ in range(2):
        table = run_all(runs, tmp_path)
        assert table.name.drop_duplicates().tolist() == ["#2", "NA", "007", "a, b"]
        assert set(table.n) == {1}


def test_a_folder_may_begin_with_a_tilde(serial, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert equal(run_all(RUNS[:2], "~/results"), serial[serial.lr == 0.1])
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_each_run_reads_the_data_that_were_meant_when_it_was_asked_for(tmp_path, monkeypatch):
    """Whatever COURSE_DATA said before."""
    roots = []
    monkeypatch.setattr("course_utils.experiments.perform", lambda run: roots.append(run.setting.root) or 1 / 0)
    for name in ("a", "b"):
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / name))
        with pytest.raises(ZeroDivisionError):
            run_all([run(0.1, setting=Setting("mnist"))], tmp_path)
    assert roots == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_old_drafts_are_swept_and_new_ones_left(tmp_path):
    old, new = (tmp_path / f".{RUNS[0].file}.{age}.draft" for age in ("old", "new"))
    for draft in (old, new):
        draft.write_text("half", encoding="utf-8")
    os.utime(old, (0, 0))
    run_all(RUNS[:1], tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Setting("mnits"), "There is no data set 'mnits'; did you mean 'mnist'"),
        (lambda: Setting(model="mlp_smal"), "There is no model 'mlp_smal'; did you mean 'mlp_small'"),
        (lambda: Setting(model="itertools"), "There is no model 'itertools'"),
        (lambda: Setting(options={"width": 3}), "options must be arguments of mlp_small: .*'width'"),
        (lambda: Setting(model="mlp_deep", options={"activaton": "relu"}), "options must be arguments of mlp_deep"),
        (lambda: Setting(model="_seeded"), "There is no model '_seeded'; Known: mlp"),
        (lambda: Setting(precision="half"), "There is no precision 'half'"),
        (lambda: Setting(augment="random_flip"), "augment must be names in a tuple"),
        (lambda: Setting(augment=("random_flop",)), "There is no augmentation 'random_flop'; did you mean 'random_fl"),
        (lambda: Run(SHORT, {"step": 1}, optimizers.SGD, {}, 0), "labels must be texts or numbers, named other than"),
        (lambda: Run(SHORT, {"a": [1]}, optimizers.SGD, {}, 0), r"labels must be .*, got 'a': \[1\]"),
        (lambda: Run(SHORT, {}, optimizers.SGD, {"lr": lambda t: 0.1}, 0), "lr must be a number, a text or a schedule"),
        (lambda: Run(SHORT, {}, optimizers.SGD, {"lr": torch.tensor(0.1)}, 0), "lr must be a number, a text or a sch"),
        (lambda: run_all(RUNS, "nowhere", workers=0), "workers must be a whole number, 1 or more, got 0"),
    ],
)
def test_bad_experiments_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
    assert not Path("nowhere").exists()


def test_two_processes_give_the_same_results(serial, tmp_path):
    assert equal(run_all(RUNS, tmp_path, workers=2), serial)


def test_an_interrupt_keeps_what_is_done(serial, tmp_path, monkeypatch):
    count = itertools.count(1)

    def interrupted(run):
        if next(count) == 4:
            raise KeyboardInterrupt
        return perform(run)

    monkeypatch.setattr("course_utils.experiments.perform", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_all(RUNS, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert equal(run_all(RUNS, tmp_path), serial)


def test_an_interrupt_within_a_run_is_no_result(monkeypatch):
    class Interrupted(optimizers.SGD):
        def step(self, closure=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform(Run(SHORT, {}, Interrupted, {"lr": 0.1}, 0))


# Processes of their own, each of which notes every run that it begins.
PROGRAM = """
import os, sys, time
from course_utils import optimizers
from course_utils.experiments import Run, Setting, run_all

folder, log, workers = sys.argv[1:]


class Noted(optimizers.SGD):
    def __init__(self, params, lr):
        with open(log, "a") as file:
            file.write(f"{lr}\\n")
        time.sleep(0.1)
        super().__init__(params, lr=lr)


lrs = [i / 100 for i in range(1, 25)]
runs = [Run(Setting(epochs=1, batch_size=200), {"lr": lr}, Noted, {"lr": lr}, 0) for lr in lrs]
table = run_all(runs, folder, workers=int(workers))
print(table.drop(columns="seconds").to_csv(), end="")
"""


def started(folder, log, workers):
    command = [sys.executable, "-c", PROGRAM, str(folder), str(log), str(workers)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def finished(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return finished(started(folder / "results", folder / "log", 1))


@kills
@pytest.mark.parametrize("workers", [1, 2])
def test_after_kill_9_nothing_is_lost_and_nothing_done_twice(tmp_path, undisturbed, workers):
    results, log = tmp_path / "results", tmp_path / "log"
    process = started(results, log, workers)
    while len(list(results.glob("*.csv"))) < 6:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = {path: path.read_bytes() for path in results.glob("*.csv")}
    before = log.read_text(encoding="utf-8").split()
    assert 6 <= len(kept) < 24
    assert finished(started(results, log, workers)) == undisturbed
    again = log.read_text(encoding="utf-8").split()[len(before) :]
    assert {path: path.read_bytes() for path in kept} == kept
    assert len(again) == len(set(again)) == 24 - len(kept)  # those that were not kept, once
    assert {str(read(path).lr[0]) for path in kept}.isdisjoint(again)


def test_two_programs_may_use_a_folder_at_once(tmp_path, undisturbed):
    programs = [started(tmp_path / "results", tmp_path / "log", 1) for _ in range(2)]
    assert [finished(program) for program in programs] == [undisturbed] * 2
    assert len(list((tmp_path / "results").iterdir())) == 24
    begun = (tmp_path / "log").read_text(encoding="utf-8").split()
    assert len(set(begun)) == 24
    assert len(begun) < 40  # each takes over what the other has done


@kills
def test_a_cluster_that_loses_a_worker_gives_the_same_results(serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    runs = [run(lr, seed) for lr in (0.1, 0.2) for seed in range(8)]
    local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    done = []

    def kill():
        while len(list(tmp_path.glob("*.csv"))) < 3:
            time.sleep(0.01)
        done.append(len(list(tmp_path.glob("*.csv"))))
        os.kill(next(iter(cluster.workers.values())).process.process.pid, signal.SIGKILL)

    with distributed.LocalCluster(**local) as cluster, distributed.Client(cluster):
        threading.Thread(target=kill, daemon=True).start()
        with joblib.parallel_config("dask"):
            found = run_all(runs, tmp_path)
    assert 3 <= done[0] < 16
    assert equal(found, run_all(runs, tmp_path / "alone"))
    assert equal(found[found.seed < 2].reset_index(drop=True), serial[serial.lr < 1].reset_index(drop=True))


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "row", "binary"])
def test_a_damaged_file_of_results_is_named_before_anything_is_run(tmp_path, monkeypatch, damage):
    run_all(RUNS[:1], tmp_path)
    file = tmp_path / RUNS[0].file
    content = file.read_text(encoding="utf-8")
    rows = content.splitlines(keepends=True)
    damaged = {"empty": "", "text": "hello", "cut": content[: len(content) - 7], "row": "".join(rows[:-1])}
    file.write_bytes(damaged[damage].encode() if damage in damaged else b"\xff\x00" * 50)
    before = file.read_bytes()
    monkeypatch.setattr("course_utils.experiments.perform", lambda run: pytest.fail("a run was begun"))
    with pytest.raises(
        ValueError, match=rf"results: .*{RUNS[0].file} is damaged \(.+\)\. Delete it, and its runs are done"
    ):
        run_all(RUNS, tmp_path)
    assert file.read_bytes() == before


def test_runs_that_cannot_be_told_apart_are_refused(tmp_path):
    for runs in ([RUNS[0], RUNS[0]], [RUNS[0], run(np.float64(0.1))], []):
        with pytest.raises(ValueError, match="runs must be one or more, and differ from each other"):
            run_all(runs, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match=r"folder: cannot write to .*below \(Not a directory\)\. Name another"):
        run_all(RUNS, tmp_path / "file" / "below")


def test_a_full_disk_is_told_and_keeps_what_was_done(tmp_path, monkeypatch):
    run_all(RUNS[:1], tmp_path)
    write_text = Path.write_text

    def full(self, text, **settings):
        write_text(self, text[:20], **settings)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=r"results: cannot write .*csv \(No space left on device\)\. What was done"):
        run_all(RUNS[:2], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [RUNS[0].file]


def test_provenance_tells_machine_versions_and_date():
    machine, versions, date = provenance()
    assert f"{os.cpu_count()} cores" in machine
    assert f"torch {importlib.metadata.version('torch')}" in versions
    assert date == f"date: {time.strftime('%Y-%m-%d')}"


def test_comments_are_no_results(tmp_path):
    run_all(RUNS[:1], tmp_path)
    file = Path(tmp_path, RUNS[0].file)
    table = read(file)
    file.write_text("# machine: mine\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    pd.testing.assert_frame_equal(read(file), table)
