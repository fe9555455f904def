"""The benchmark on CIFAR-10: whole, on a few pictures; and what comes with the course."""

from dataclasses import replace

from course_utils import cifar10, comparing, experiments, optimizers, plotting, rules
from course_utils.experiments import Run

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A CIFAR-10 of 60 + 20 pictures, each class with a colour of its own."""
    folder = tmp_path_factory.mktemp("cifar")
    generator = np.random.default_rng(0)
    for part, n in (("train", 6), ("test", 2)):
        for i, name in enumerate(CLASSES):
            (folder / part / name).mkdir(parents=True)
            for k in range(n):
                noise = np.array([20 * i, 200 - 20 * i, 100 * (i % 2)]) + generator.integers(0, 40, (32, 32, 3))
                Image.fromarray(noise.astype(np.uint8)).save(folder / part / name / f"{k}.png")
    return str(folder)


TINY = replace(cifar10.SCALES["small"].setting, fraction=1.0, validation=0.34, batch_size=20, epochs=2)


@pytest.fixture(scope="module")
def found(root, tmp_path_factory):
    scale = cifar10.Scale(TINY, seeds=3, tuned=True)
    return cifar10.run(scale, str(tmp_path_factory.mktemp("runs")), root, workers=1)


def test_every_optimizer_runs_with_e_s_settings_and_tuned(found):
    ends = found[found.status != ""]
    for stage, runs in (("default", 3), ("lr", 5), ("final", 3)):
        counts = ends[ends.stage == stage].optimizer.value_counts()
        assert counts.to_dict() == dict.fromkeys(cifar10.DEFAULTS, runs)
    default = ends[(ends.stage == "default") & (ends.optimizer == "Adam")]
    assert set(default.lr) == {0.001}
    assert set(default.part) == {"test"}
    assert set(ends[ends.stage == "lr"].part) == {"val"}


def test_the_table_has_e_s_columns_one_line_an_epoch_and_means_over_seeds(found):
    chosen = found[found.stage == "default"]
    table = cifar10.table(chosen)
    ours = ["train_accuracy", "train_loss", "test_accuracy", "test_loss", "seconds", "diverged"]
    assert list(table.columns) == ours
    assert (table.diverged == 0).all()
    assert list(table.index) == [(name, epoch) for name in cifar10.DEFAULTS for epoch in (1, 2)]
    adam = chosen[(chosen.optimizer == "Adam") & (chosen.epochs == 2)]
    assert table.test_accuracy["Adam", 2] == pytest.approx(adam.accuracy.mean())
    assert table.train_accuracy["Adam", 2] == pytest.approx(adam.train_accuracy.mean())
    assert table.seconds["Adam"].sum() == pytest.approx(adam.seconds.mean())  # each epoch's own, not since the start


def test_a_run_that_diverged_is_counted_and_left_out_of_the_means(found):
    chosen = found[(found.stage == "default") & (found.optimizer.isin(["SGD", "Adam"]))].copy()
    lost = chosen.index[(chosen.optimizer == "SGD") & (chosen.seed == chosen.seed.min())]
    whole = cifar10.table(chosen)
    chosen.loc[lost[-1], ["epochs", "seconds", "train_loss", "loss", "accuracy"]] = [1.3, 1e6, np.nan, np.nan, np.nan]
    chosen.loc[lost[-1], "status"] = "diverged"
    table = cifar10.table(chosen)
    assert table.diverged.tolist() == [0, 1, 0, 0]
    assert table.index.equals(whole.index)
    survivors = chosen[(chosen.optimizer == "SGD") & (chosen.epochs == 2)]
    assert table.test_accuracy["SGD", 2] == pytest.approx(survivors.accuracy.mean())
    assert table.seconds["SGD", 2] < 1e5
    with pytest.raises(ValueError, match="results must be those of one stage, got default, lr, final"):
        cifar10.table(found)


def test_the_defaults_are_torch_s_and_e_s():
    for name, (make, lr, (lowest, highest)) in cifar10.DEFAULTS.items():
        weight = torch.zeros(4, 3, requires_grad=True)
        group = make([weight], lr=lr).param_groups[0]
        assert lowest < highest
        if name in ("SGD", "Nesterov"):
            assert (group["lr"], group["momentum"], group["nesterov"]) == (0.01, 0.9, name == "Nesterov")
        elif name == "Muon":
            assert group["lr"] == torch.optim.Muon([weight]).defaults["lr"]
        elif name == "Lion":
            assert group["lr"] == optimizers.Lion([weight]).defaults["lr"]
        else:
            theirs = getattr(torch.optim, {"AdaMax": "Adamax"}.get(name, name))([weight]).defaults
            assert group["lr"] == theirs["lr"]
    assert set(cifar10.OF_E) < set(cifar10.DEFAULTS)


def test_muon_takes_filters_as_matrices_and_leaves_the_rest_to_adamw():
    generator = torch.Generator().manual_seed(0)
    filters, bias = torch.randn(8, 3, 3, 3, generator=generator), torch.randn(8, generator=generator)
    p, q = filters.clone().requires_grad_(), bias.clone().requires_grad_()
    optimizer = cifar10.MuonAndAdamW([p, q], lr=0.02)
    matrix, vector = filters.flatten(1), bias.clone()
    state, other = rules.State(), rules.State()
    for t in (1, 2, 3):
        g, h = torch.randn(8, 27, generator=generator), torch.randn(8, generator=generator)
        p.grad, q.grad = g.view(8, 3, 3, 3).clone(memory_format=torch.channels_last), h.clone()
        optimizer.step()
        matrix, state = rules.muon(matrix, g, state, t, lr=0.02)
        vector, other = rules.adamw(vector, h, other, t, lr=1e-3)
    torch.testing.assert_close(p.flatten(1), matrix, rtol=1e-3, atol=1e-4)  # Muon works in bfloat16
    torch.testing.assert_close(q, vector)
    assert optimizers.kept_per_weight(optimizer) == (216 + 2 * 8) / 224  # one for each of a filter, AdamW's two
    again = cifar10.MuonAndAdamW([p, q], lr=0.02)
    again.load_state_dict(optimizer.state_dict())
    assert torch.equal(again.state[p]["m"], optimizer.state[p]["m"])


def test_the_full_run_is_the_same_code_on_a_gpu(monkeypatch):
    small, full = (cifar10.SCALES[name].setting for name in ("small", "full"))
    assert (full.model, full.device, full.precision, full.fraction) == ("resnet18", "cuda", "bfloat16", 1.0)
    assert small.augment == full.augment == ("random_flip", "random_crop")
    assert all(isinstance(run, Run) and run.setting == full for run in cifar10.runs(cifar10.SCALES["full"]))


def test_the_command_prints_the_table_and_writes_results_only_if_tuned(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cifar10, "RESULTS", tmp_path / "results" / "cifar10.csv")
    monkeypatch.setattr(cifar10, "DEFAULTS", {name: cifar10.DEFAULTS[name] for name in ("SGD", "Adam")})
    scales = {"small": cifar10.Scale(TINY, 1, False), "medium": cifar10.Scale(TINY, 3, True)}
    monkeypatch.setattr(cifar10, "SCALES", scales)
    for scale in scales:
        folder = str(tmp_path / "runs")
        monkeypatch.setattr("sys.argv", ["cifar10", scale, "--root", root, "--folder", folder, "--workers", "1"])
        cifar10.main()
        printed = capsys.readouterr().out
        assert "test_accuracy" in printed
        assert ("\nfinal\n" in printed) == cifar10.RESULTS.exists() == (scale == "medium")
    beside = experiments.read(tmp_path / "runs" / "small.csv")
    assert set(beside.stage) == {"default"}
    kept = cifar10.results()
    assert set(kept.stage) == {"default", "lr", "final"}
    again = cifar10.run(scales["medium"], folder, root, workers=1)
    assert len(kept) == len(again)  # with every epoch of every trial: an explorer shows them
    tables = [cifar10.table(results[results.stage == "final"]) for results in (kept, again)]
    pd.testing.assert_frame_equal(*tables, atol=1e-5)


# Figures


def test_four_panels_show_the_named_in_colours_and_the_others_in_grey(found):
    default = found[found.stage == "default"]
    figure = comparing.plot_epochs(default, ["Adam", "SGD"], title="They differ")
    values = ("accuracy", "train_accuracy", "train_loss", "loss")
    assert len(figure.axes) == 4
    for ax, value in zip(figure.axes, values, strict=True):
        scale = 100 if "accuracy" in value else 1
        lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
        assert list(lines) == ["Adam", "SGD"]
        assert len(ax.lines) == len(cifar10.DEFAULTS)
        mean = default[default.optimizer == "SGD"].groupby("epochs")[value].mean() * scale
        assert np.allclose(lines["SGD"].get_xydata(), np.stack([mean.index, mean], axis=1))
        looks = [(line.get_color(), line.get_linestyle()) for line in lines.values()]
        assert all(a != b for a, b in zip(*looks, strict=True))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Adam", "SGD", "others"]
    large, *small = (ax.get_position().width for ax in figure.axes)
    assert large > 1.5 * max(small)
    looks = {"Adam": plotting.STYLES[3], "SGD": plotting.STYLES[0]}
    for ax in comparing.plot_epochs(default, looks, title="As one likes").axes:
        for line in ax.lines[-2:]:
            assert line.get_color() == looks[line.get_label()]["color"]
    with pytest.raises(ValueError, match="optimizers must be one to six of"):
        comparing.plot_epochs(default, list(cifar10.DEFAULTS), title="")
    with pytest.raises(ValueError, match="results must be those of one stage, got default, lr, final"):
        comparing.plot_epochs(found, ["Adam"], title="")
    with pytest.raises(ValueError, match="results must have the stages default and final, got default"):
        comparing.plot_tuning(default, title="")


def test_a_run_that_diverged_is_left_out_of_the_panels_and_at_0_beside_the_tuned(found):
    results = found.copy()
    lost = (results.optimizer == "Adam") & (results.stage == "default") & (results.seed == 1000)
    results = results[~(lost & (results.epochs == 1))]
    results.loc[lost & (results.epochs == 2), ["accuracy", "loss", "status"]] = [np.nan, np.nan, "diverged"]
    default = results[results.stage == "default"]
    panel = comparing.plot_epochs(default, ["Adam"], title="One is lost").axes[0]
    (adam,) = [line for line in panel.lines if line.get_label() == "Adam"]
    kept = default[(default.optimizer == "Adam") & (default.seed != 1000)]
    assert np.allclose(adam.get_ydata(), 100 * kept.groupby("epochs").accuracy.mean())
    figure = comparing.plot_tuning(results, title="One is lost")
    assert any(0 in line.get_xdata() for line in figure.axes[0].lines)


def test_defaults_stand_beside_the_tuned_with_both_places(found):
    ax = comparing.plot_tuning(found, title="They move").axes[0]
    ends = found[(found.status != "") & (found.stage != "lr")]
    means = 100 * ends.groupby(["optimizer", "stage"]).accuracy.mean().unstack()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    names = [label.partition(":")[0] for label in labels]
    assert means.default[names].is_monotonic_decreasing
    assert labels[0].startswith(f"{names[0]}: 1. → ")
    for label in labels:
        name, _, places = label.partition(": ")
        assert int(places.split("→")[1].strip(" .")) == 1 + (means.final > means.final[name] + 1e-9).sum()
    dots = sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() in ("o", "^"))
    assert dots == 2 * 3 * len(cifar10.DEFAULTS)
    bars = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "|"]
    assert np.allclose(bars, means.loc[names, ["default", "final"]].to_numpy().ravel())
