"""The deep network that does not learn, and its cures: what is run, what is recorded, and what came out."""

import itertools
from dataclasses import replace

from course_utils import data, experiments, layers, models, optimizers, vanishing
from course_utils.training import fit

import numpy as np
import pandas as pd
import pytest


def test_c_is_run_as_it_describes_itself():
    run = vanishing.runs(1)[0]
    assert run.labels == {"cure": "none"}
    setting = run.setting
    assert (setting.data, setting.model, setting.epochs, setting.batch_size) == ("fashion-mnist", "mlp_deep", 10, 512)
    assert (dict(setting.options), dict(run.hyper), run.make) == ({}, {"lr": 0.01}, optimizers.SGD)
    assert run.final
    assert vanishing.PLANNED == 300


def test_each_cure_changes_what_it_says():
    runs = vanishing.runs(5)
    assert len({run.file for run in runs}) == len(runs)
    by_name = {run.labels["cure"]: run for run in runs}
    assert list(by_name) == [cure.name for cure in vanishing.CURES]
    assert by_name["batch norm"].setting.options == {"batch_norm": True}
    assert by_name["Adam"].make is optimizers.Adam
    assert by_name["none, 300 epochs"].setting.epochs == 300
    assert sum(run.labels["cure"] == "ReLU" for run in runs) == 5
    assert sum(run.labels["cure"] == "none, 300 epochs" for run in runs) == 2


def test_the_table_sums_up_the_last_rows(tmp_path):
    """On digits, for one epoch."""
    runs = [
        replace(run, setting=replace(run.setting, data="mnist-5k", epochs=1))
        for run in vanishing.runs(2)
        if run.labels["cure"] in ("none", "ReLU + He")
    ]
    found = experiments.run_all(runs, tmp_path, workers=1)
    told = vanishing.table(found)
    assert told.index.tolist() == ["none", "ReLU + He"]
    last = found[found.status != ""]
    for name, row in told.iterrows():
        rows = last[last.cure == name]
        assert row.seeds == 2
        assert row["mean"] == pytest.approx(100 * rows.accuracy.mean())
        assert row["min"] == pytest.approx(100 * rows.accuracy.min())
        assert row.train_loss == pytest.approx(rows.train_loss.mean())


def test_switches_are_trained_recorded_and_kept(monkeypatch, tmp_path):
    """Every combination, and in each row the numbers of that training."""
    some = data.load(fraction=0.25)
    small = {"activation": {"sigmoid": {}, "ReLU": {"activation": "relu"}}, "optimizer": {"SGD": vanishing.SGD}}
    monkeypatch.setattr(vanishing, "SWITCHES", small)
    found = vanishing.switch_all(tmp_path, "mnist-5k", fraction=0.25, epochs=2)
    assert found[["activation", "epoch"]].to_numpy().tolist() == [[a, e] for a in small["activation"] for e in range(3)]
    model = models.mlp_deep(activation="relu")
    optimizer = optimizers.SGD(model.parameters(), lr=0.01)
    with layers.Recorder(model, optimizer) as seen:
        history = fit(model, optimizer, some, epochs=2, batch_size=512, progress=False, device="cpu")
    rows = found[found.activation == "ReLU"].set_index("epoch")
    assert rows.train_loss[[1, 2]].to_numpy() == pytest.approx(history.epochs.train_loss.to_numpy(), rel=1e-4)
    assert rows.test_accuracy[2] == pytest.approx(history.epochs.test_accuracy[2], abs=0.01)
    norms = seen.norms.numpy()
    columns = [f"layer{i}" for i in range(1, 7)]
    assert rows.loc[0, columns].to_numpy(float) == pytest.approx(norms[0], rel=1e-3)
    assert rows.loc[2, columns].to_numpy(float) == pytest.approx(norms[2:].mean(axis=0), rel=1e-3)
    monkeypatch.setattr(vanishing, "fit", lambda *given, **settings: pytest.fail("done already"))
    pd.testing.assert_frame_equal(vanishing.switch_all(tmp_path, "mnist-5k", fraction=0.25, epochs=2), found)


def test_an_interrupt_ends_the_switches_and_keeps_what_is_done(monkeypatch, tmp_path):
    monkeypatch.setattr(vanishing, "SWITCHES", {"residual": {"off": {}, "on": {}}, "optimizer": {"SGD": vanishing.SGD}})
    trained = []

    def interrupted(model, *given, **settings):
        trained.append(model)
        history = fit(model, *given, **settings)
        history.status = "interrupted" if len(trained) == 2 else history.status
        return history

    monkeypatch.setattr(vanishing, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        vanishing.switch_all(tmp_path, "mnist-5k", fraction=0.25, epochs=1)
    vanishing.switch_all(tmp_path, "mnist-5k", fraction=0.25, epochs=1)
    assert len(trained) == 3  # the first was kept


# What comes with the course.


@pytest.fixture(scope="module")
def results():
    return vanishing.results()


def test_it_reproduces_what_c_prints(results):
    """From the second epoch on, the loss to a unit of the fourth digit, and chance to the end."""
    for name, epochs in (("none", 10), ("none, 300 epochs", 300)):
        runs = results[(results.cure == name) & (results.epochs > 1)]
        assert runs.epochs.max() == epochs
        low, high = vanishing.PRINTED_LOSS
        assert runs.train_loss.between(low - 1.5e-4, high + 1.5e-4).all()
        assert runs.accuracy.between(0.09, 0.11).mean() > 0.99


def test_all_that_was_planned_was_run(results):
    planned = [(run.labels["cure"], run.seed) for run in vanishing.runs(5)]
    assert list(results[["cure", "seed"]].drop_duplicates().itertuples(index=False, name=None)) == planned
    assert (results[results.status != ""].status == "finished").all()


def test_every_combination_is_there_and_agrees_with_the_runs(results):
    found = vanishing.switched()
    combinations = list(itertools.product(*vanishing.SWITCHES.values()))
    assert len(found) == len(combinations) * 11
    assert not found.isna().any(axis=None)
    whole = found.set_index([*vanishing.SWITCHES, "epoch"]).sort_index()
    assert whole.index.is_unique
    same = {  # the same trainings, with the same seed
        "none": ("sigmoid", "torch's", "off", "off", "SGD"),
        "Xavier": ("sigmoid", "Xavier", "off", "off", "SGD"),
        "He": ("sigmoid", "He", "off", "off", "SGD"),
        "ReLU": ("ReLU", "torch's", "off", "off", "SGD"),
        "ReLU + He": ("ReLU", "He", "off", "off", "SGD"),
        "batch norm": ("sigmoid", "torch's", "on", "off", "SGD"),
        "residual": ("sigmoid", "torch's", "off", "on", "SGD"),
        "Adam": ("sigmoid", "torch's", "off", "off", "Adam"),
        "all of them": ("ReLU", "He", "on", "on", "Adam"),
    }
    for name, place in same.items():
        run = results[(results.cure == name) & (results.seed == 0)]
        assert np.abs(whole.loc[place].test_accuracy[1:].to_numpy() - run.accuracy.to_numpy()).max() < 0.005, name
