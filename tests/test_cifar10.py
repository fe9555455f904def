"""The benchmark on CIFAR-10: whole, on a few pictures; and the results that come with the course."""

from dataclasses import replace

from course_utils import cifar10, optimizers, rules
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
    assert list(table.columns) == ["train_accuracy", "train_loss", "test_accuracy", "test_loss", "seconds"]
    assert list(table.index) == [(name, epoch) for name in cifar10.DEFAULTS for epoch in (1, 2)]
    adam = chosen[(chosen.optimizer == "Adam") & (chosen.epochs == 2)]
    assert table.test_accuracy["Adam", 2] == pytest.approx(adam.accuracy.mean())
    assert table.train_accuracy["Adam", 2] == pytest.approx(adam.train_accuracy.mean())
    assert table.seconds["Adam"].sum() == pytest.approx(adam.seconds.mean())  # each epoch's own, not since the start


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
    kept = cifar10.results()
    assert set(kept.stage) == {"default", "lr", "final"}
    again = cifar10.run(scales["medium"], folder, root, workers=1)
    tables = [cifar10.table(results[results.stage == "final"]) for results in (kept, again)]
    pd.testing.assert_frame_equal(*tables, atol=1e-5)
