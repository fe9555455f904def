import itertools
import math
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace

from course_utils import augment, data, models, optimizers, schedules
from course_utils.training import evaluate, fit, fresh_statistics, loss_gradient, take_statistics

import numpy as np
import pytest
import torch
from conftest import kills
from torch import nn


@pytest.fixture(scope="module")
def digits():
    return data.load()


@pytest.fixture
def few(digits):
    return data.Data(
        "few", digits.x_train[:100], digits.y_train[:100], digits.x_test[:50], digits.y_test[:50], digits.classes
    )


class Watched(nn.Module):
    """The small network, which calls ``see(x, training)`` at each forward pass."""

    def __init__(self, see):
        super().__init__()
        self.inner, self.see = models.mlp_small(), see

    def forward(self, x):
        self.see(x, self.training)
        return self.inner(x)


def run(data_, *, lr=0.1, model=None, **settings):
    model = model or models.mlp_small()
    return model, fit(model, optimizers.SGD(model.parameters(), lr=lr), data_, device="cpu", progress=False, **settings)


@pytest.mark.parametrize("make", [models.mlp_small, models.mlp_large])
def test_learns_real_digits(digits, make):
    _, history = run(digits, lr=0.3, epochs=8, model=make())
    assert history.status == "finished"
    assert history.epochs.test_accuracy[8] > 0.9
    assert list(history.epochs.index) == list(range(1, 9))
    assert len(history.steps) == 8 * 63


def test_models_have_the_sources_shapes():
    for model, widths in ((models.mlp_small(), (784, 100, 10)), (models.mlp_large(), (784, 500, 256, 10))):
        linear = [layer for layer in model if isinstance(layer, nn.Linear)]
        assert [(layer.in_features, layer.out_features) for layer in linear] == list(itertools.pairwise(widths))
        assert isinstance(model[-1], nn.Linear)


def test_models_start_where_their_seed_says_and_leave_the_callers_randomness():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = models.mlp_small(1), models.mlp_small(1), models.mlp_small(2)
    assert torch.rand(1) == expected
    assert torch.equal(first[1].weight, again[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)


def test_same_seed_same_numbers_other_seed_other_numbers(few):
    losses = [run(few, epochs=2, seed=seed)[1].steps.loss for seed in (0, 0, 1)]
    assert losses[0].equals(losses[1])
    assert not losses[0].equals(losses[2])


def test_fit_leaves_the_callers_randomness(few):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    run(few, epochs=1)
    assert torch.rand(1) == expected


def test_every_picture_is_seen_once_an_epoch(few):
    seen = []
    run(few, epochs=1, batch_size=32, model=Watched(lambda x, training: training and seen.append(x.clone())))
    assert [len(x) for x in seen] == [32, 32, 32, 4]
    seen = torch.cat(seen).flatten(1).sum(1).sort().values
    assert torch.allclose(seen, few.x_train.flatten(1).sum(1).sort().values)


def test_history_holds_the_loss_per_example(few):
    """In one full batch with a tiny step, the training loss is that of the first model, whatever the reduction."""
    expected, _ = evaluate(models.mlp_small(), few.x_train, few.y_train)
    for reduction in ("mean", "sum"):
        for batch_size in (100, 32):  # of 32, the last batch has 4
            _, history = run(few, lr=1e-9, epochs=1, batch_size=batch_size, reduction=reduction)
            assert history.epochs.train_loss[1] == pytest.approx(expected, rel=1e-5)
            assert history.steps.loss.between(0.8 * expected, 1.2 * expected).all()


def test_testing_is_done_on_the_test_pictures(few):
    wrong = replace(few, y_test=(few.y_test + 1) % 10)
    model, history = run(wrong, lr=0.3, epochs=10, batch_size=10)
    loss, accuracy = evaluate(model, wrong.x_test, wrong.y_test)
    assert history.epochs.test_loss[10] == pytest.approx(loss)
    assert history.epochs.test_accuracy[10] == pytest.approx(accuracy)
    assert accuracy < 0.2 < evaluate(model, few.x_train, few.y_train)[1]


def test_schedule_free_is_tested_at_its_average(few):
    """fit calls eval and train of an optimizer that has them, and leaves the model at the average."""
    model = models.mlp_small()
    optimizer = optimizers.ScheduleFree(model.parameters(), lr=0.5)
    for _ in range(2):
        history = fit(model, optimizer, few, epochs=2, progress=False)
        assert evaluate(model, few.x_test, few.y_test)[0] == history.epochs.test_loss.iloc[-1]
        weight, state = model[1].weight, optimizer.state[model[1].weight]
        mean = weight.detach().clone()
        optimizer.train()
        assert torch.equal(state["a"], mean)
        assert not torch.equal(weight, mean)


def test_what_is_no_optimizer_is_refused(few):
    model = models.mlp_small()
    with pytest.raises(TypeError, match=r"optimizer must be an optimizer, such as SGD.*got 'adam'"):
        fit(model, "adam", few)
    optimizer = optimizers.SGD(model.parameters())
    with pytest.raises(TypeError, match=r"data must be what data.load\(...\) returns, got 'mnist'"):
        fit(model, optimizer, "mnist")


def test_each_epoch_has_an_order_of_its_own(few):
    """With steps too small to matter, equal orders would give equal losses."""
    _, history = run(few, lr=1e-12, epochs=2, batch_size=10)
    first, second = history.steps.loss[:10].to_numpy(), history.steps.loss[10:].to_numpy()
    assert not np.allclose(first, second)


def test_seconds_are_those_of_training(few, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("course_utils.training.time.perf_counter", lambda: clock[0])

    def take_time(x, training):
        """1 second to train on a batch, and 100 to be tested."""
        clock[0] += 1 if training else 100

    _, history = run(few, epochs=2, batch_size=50, model=Watched(take_time))
    assert history.steps.seconds.tolist() == [1, 2, 3, 4]
    assert history.epochs.seconds.tolist() == [2, 4]


def test_dropout_follows_the_seed(few):
    def losses(seed):
        model = nn.Sequential(models.mlp_small(), nn.Dropout(0.5))
        return run(few, epochs=1, batch_size=100, seed=seed, model=model)[1].steps.loss

    torch.manual_seed(1)
    first = losses(0)
    torch.manual_seed(2)
    assert losses(0).equals(first)


def test_sum_is_the_mean_with_lr_times_the_batch(few):
    mean, _ = run(few, lr=0.1, epochs=2, batch_size=50)
    summed, _ = run(few, lr=0.1 / 50, epochs=2, batch_size=50, reduction="sum")
    assert torch.allclose(mean[1].weight, summed[1].weight, atol=1e-5)
    assert not torch.allclose(mean[1].weight, models.mlp_small()[1].weight, atol=1e-3)


def test_divergence_is_recorded_and_ends_the_run(few):
    _, history = run(few, lr=1e30, epochs=50)
    assert history.status == "diverged"
    assert len(history.steps) < 50
    assert not np.isfinite(history.steps.loss.iloc[-1])


def test_divergence_in_the_very_last_step_is_seen_too(few):
    _, history = run(few, lr=1e38, epochs=1, batch_size=100)
    assert history.status == "diverged"
    assert len(history.epochs) == 1


def test_interrupt_keeps_what_is_done(few):
    class Interrupted(optimizers.SGD):
        def step(self, closure=None):
            if self.state and next(iter(self.state.values()))["step"] == 5:
                raise KeyboardInterrupt
            return super().step(closure)

    model = models.mlp_small()
    history = fit(
        model, Interrupted(model.parameters(), lr=0.1), few, epochs=9, batch_size=50, device="cpu", progress=False
    )
    assert history.status == "interrupted"
    assert len(history.epochs) == 2
    assert len(history.steps) == 5


def test_testing_is_in_evaluation_mode_and_training_is_not(few):
    modes = []

    def see(x, training):
        modes.append((training, torch.is_grad_enabled()))

    run(few, epochs=2, batch_size=100, model=Watched(see))
    assert modes == [(True, True), (False, False)] * 2
    model = models.mlp_small()
    evaluate(model, few.x_test, few.y_test)
    assert model.training  # as it was before


def test_evaluate_counts_right():
    """A model whose scores are its input: 3 of 4 right."""
    x = torch.eye(4) * 5
    loss, accuracy = evaluate(nn.Identity(), x, torch.tensor([0, 1, 2, 0]), batch_size=3)
    assert accuracy == 0.75
    assert loss == pytest.approx(nn.functional.cross_entropy(x, torch.tensor([0, 1, 2, 0])).item())


def test_loss_gradient_is_what_backward_gives(few):
    model = models.mlp_small()
    g = loss_gradient(model, few.x_train, few.y_train)
    nn.functional.cross_entropy(model(few.x_train), few.y_train).backward()
    assert torch.allclose(g, torch.cat([p.grad.flatten() for p in model.parameters()]))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be a whole number, 1 or more, got 0"),
        ({"epochs": 2.5}, TypeError, "epochs must be a whole number"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number, 1 or more, got 0"),
        ({"reduction": "avg"}, ValueError, "reduction must be 'mean' or 'sum', got 'avg'"),
        ({"precision": "half"}, ValueError, "precision must be 'float32' or 'bfloat16', got 'half'"),
        ({"seed": -1}, ValueError, "seed must be a whole number, 0 or more, got -1"),
    ],
)
def test_bad_settings_are_refused(few, settings, error, message):
    with pytest.raises(error, match=message):
        run(few, **settings)


def test_what_is_no_network_is_refused(few):
    with pytest.raises(TypeError, match=r"model must be a network, such as models.mlp_small\(\), got"):
        fit(models.mlp_small, None, few)


class Normalised(nn.Sequential):
    """A network with batch normalisation, which notes what it was evaluated with."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10), nn.Dropout(0.5))
        self.noted = []

    def forward(self, x):
        if not self.training:
            self.noted.append((self[1].weight.clone(), self[2].running_mean.clone()))
        return super().forward(x)

    def mean_of_the_training_pictures(self, x, weight):
        return (x.flatten(1) @ weight.T + self[1].bias).mean(0)


@pytest.mark.parametrize("name", ["ASGD", "Lookahead", "ScheduleFree"])
def test_an_average_is_tested_with_batch_statistics_of_its_own(few, name):
    make = {
        "ASGD": lambda ps: optimizers.ASGD(ps, lr=0.5, t0=0),
        "Lookahead": lambda ps: optimizers.Lookahead(optimizers.SGD(ps, lr=0.5), k=7),
        "ScheduleFree": lambda ps: optimizers.ScheduleFree(ps, lr=0.5),
    }[name]
    torch.manual_seed(0)
    model = Normalised()
    model[1].bias.requires_grad_(False)
    optimizer = make(model.parameters())
    fit(model, optimizer, few, epochs=2, batch_size=20, device="cpu", progress=False)
    assert len(model.noted) == 2
    for weight, mean in model.noted:
        torch.testing.assert_close(mean, model.mean_of_the_training_pictures(few.x_train, weight))
    weight, mean = model.noted[-1]  # left with its answer
    assert torch.equal(model[1].weight, weight)
    assert torch.equal(model[2].running_mean, mean)
    assert not torch.equal(optimizer.state[model[1].weight][optimizer.average], weight)  # holds where it trained


def test_statistics_taken_for_a_test_leave_the_training_as_it_was(few):
    """Its random numbers, which dropout draws, and the running statistics of the weights that are trained."""
    ends = []
    for test_every in (None, 3):
        torch.manual_seed(0)
        model = Normalised()
        optimizer = optimizers.ScheduleFree(model.parameters(), lr=0.5)
        history = fit(
            model, optimizer, few, epochs=2, batch_size=20, test_every=test_every, device="cpu", progress=False
        )
        ends.append((history.steps.loss, model[1].weight.clone()))
    assert (ends[0][0] == ends[1][0]).all()
    assert torch.equal(ends[0][1], ends[1][1])
    model = Normalised()
    before = model[2].running_mean.clone()
    with fresh_statistics(model, few.x_train):
        assert not torch.equal(model[2].running_mean, before)
    assert torch.equal(model[2].running_mean, before)


def test_statistics_are_of_a_part_of_many_pictures_and_of_any_number(few, monkeypatch):
    model = Normalised()
    monkeypatch.setattr("course_utils.training.SEEN", 25)
    take_statistics(model, few.x_train)  # every fourth
    expected = model.mean_of_the_training_pictures(few.x_train[::4], model[1].weight)
    torch.testing.assert_close(model[2].running_mean, expected)
    monkeypatch.setattr("course_utils.training.SEEN", 10_000)
    take_statistics(model, few.x_train[:1].expand(513, -1, -1, -1))  # 512 and 1: a batch of one has no variance
    assert model.training
    assert model[2].momentum == 0.1


@pytest.mark.parametrize("when", ["in a test", "at the end"])
def test_an_interrupt_while_statistics_are_taken_harms_nothing(few, tmp_path, when):
    model = Normalised()
    model.left = 1 if when == "in a test" else 2  # statistics are taken once for the test, once at the end

    def interrupt(module, given):
        if module.training and module[2].momentum is None:
            model.left -= 1
            if model.left == 0:
                raise KeyboardInterrupt

    hook = model.register_forward_pre_hook(interrupt)
    optimizer = optimizers.ASGD(model.parameters(), lr=0.5, t0=0)
    settings = {"batch_size": 50, "device": "cpu", "progress": False, "checkpoint": tmp_path / "run.pt"}
    history = fit(model, optimizer, few, epochs=1, **settings)
    assert history.status == "interrupted"
    assert len(history.steps) == 2
    assert model[2].momentum == 0.1
    hook.remove()
    again = Normalised()
    fit(again, optimizers.ASGD(again.parameters(), lr=0.5, t0=0), few, epochs=2, **settings)  # not refused


def test_bfloat16_is_nearly_the_same_and_keeps_float32_weights(few):
    ends = {}
    for precision in ("float32", "bfloat16"):
        model = models.mlp_small()
        scores = []
        model.register_forward_hook(lambda module, given, out, scores=scores: scores.append(out.dtype))
        _, history = run(few, model=model, precision=precision, epochs=3, batch_size=20)
        assert set(scores) == {getattr(torch, precision)}  # in training and in testing
        assert {p.dtype for p in model.parameters()} == {torch.float32}
        ends[precision] = torch.tensor(history.steps.loss.to_numpy())
    assert not torch.equal(*ends.values())
    torch.testing.assert_close(*ends.values(), rtol=0.05, atol=0.02)


def test_a_compiled_model_goes_on_from_a_checkpoint_of_a_plain_one(few, tmp_path):
    """Compiled in place, its parameters keep their names. (By a backend that needs no compiler of C++.)"""

    def train(model, epochs, name):
        optimizer = optimizers.ScheduleFree(model.parameters(), lr=0.1)
        file = tmp_path / name
        return fit(
            model, optimizer, few, epochs=epochs, batch_size=50, checkpoint=file, device="cpu", progress=False
        ).steps.loss

    train(models.resnet8(channels=1, width=2), 1, "plain")
    (tmp_path / "compiled").write_bytes((tmp_path / "plain").read_bytes())
    plain = train(models.resnet8(channels=1, width=2), 2, "plain")
    model = models.resnet8(channels=1, width=2)
    model.compile(backend="eager")
    compiled = train(model, 2, "compiled")
    assert len(compiled) == 4
    np.testing.assert_allclose(plain, compiled, rtol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_residual_network_on_a_gpu_as_on_the_cpu(few, precision):
    losses = []
    for device in ("cpu", "cuda"):
        model = models.resnet8(channels=1)
        optimizer = optimizers.SGD(model.parameters(), lr=0.05)
        history = fit(
            model, optimizer, few, epochs=2, batch_size=50, precision=precision, device=device, progress=False
        )
        losses.append(torch.tensor(history.steps.loss.to_numpy()))
    assert model[1].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(*losses, rtol=0.05, atol=0.02)


def test_the_optimizer_of_another_model_is_refused(few):
    optimizer = optimizers.SGD(models.mlp_small().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="optimizer holds none of the model's parameters"):
        fit(models.mlp_small(), optimizer, few)


def test_bad_widths_are_refused():
    with pytest.raises(ValueError, match="widths must be two numbers or more"):
        models.mlp(784)
    with pytest.raises(ValueError, match="each width must be a whole number, 1 or more, got 0"):
        models.mlp(784, 0, 10)


def test_progress_is_told_on_the_terminal_and_then_wiped(few, capsys):
    model = models.mlp_small()
    fit(model, optimizers.SGD(model.parameters(), lr=0.1), few, epochs=3, device="cpu")
    told = capsys.readouterr().err
    assert "epoch 3/3" in told
    assert "test accuracy" in told
    assert told.endswith("\r")


def test_data_that_do_not_fit_together_are_refused(few):
    for bad in (replace(few, y_train=few.y_train[:7]), replace(few, x_test=few.x_test[:0], y_test=few.y_test[:0])):
        with pytest.raises(ValueError, match="data must have as many labels as pictures, got"):
            run(bad)


def test_data_with_validation_pictures_are_tested_on_these_and_the_test_pictures_left_alone(digits):
    some = data.load(fraction=0.1, validation=0.25)
    spoiled = replace(some, x_test=torch.full_like(some.x_test, torch.nan))
    model, history = run(spoiled, epochs=2)
    assert history.status == "finished"
    assert list(history.epochs.columns[-3:]) == ["val_loss", "val_accuracy", "seconds"]
    assert history.epochs.val_accuracy[2] == evaluate(model, some.x_val, some.y_val)[1]


def test_the_history_holds_accuracy_and_the_norms_of_gradient_and_update(few):
    start, (model, history) = models.mlp_small(), run(few, lr=0.25, epochs=1, batch_size=100)
    row = history.steps.loc[1]
    gradient = loss_gradient(start, few.x_train, few.y_train).norm().item()
    assert row.gradient_norm == pytest.approx(gradient, rel=1e-4)
    assert row.update_norm == pytest.approx(0.25 * gradient, rel=1e-4)
    assert row.accuracy == pytest.approx(evaluate(start, few.x_train, few.y_train)[1])
    moved = torch.cat([(p - q).flatten() for p, q in zip(model.parameters(), start.parameters(), strict=True)])
    assert row.update_norm == pytest.approx(moved.norm().item(), rel=1e-4)


def test_epochs_are_means_of_their_steps(few):
    """Batches of 32, 32, 32 and 4."""
    _, history = run(few, epochs=2, batch_size=32)
    second = history.steps.loc[5:8]
    epoch = history.epochs.loc[2]
    assert epoch.train_accuracy == pytest.approx(np.average(second.accuracy, weights=[32, 32, 32, 4]))
    assert epoch.train_loss == pytest.approx(np.average(second.loss, weights=[32, 32, 32, 4]))
    assert epoch.gradient_norm == pytest.approx(second.gradient_norm.mean())
    assert epoch.seconds == second.seconds[8]


def test_norms_may_be_left_out_and_change_nothing(few):
    (_, bare), (_, full) = (run(few, epochs=2, norms=norms) for norms in (False, True))
    assert bare.steps.gradient_norm.isna().all()
    assert bare.steps.update_norm.isna().all()
    assert bare.steps.loss.equals(full.steps.loss)


def test_tests_within_an_epoch_change_nothing(few):
    class Model(nn.Sequential):
        def __init__(self):
            super().__init__(models.mlp_small(), nn.Dropout(0.3))

    for make in (optimizers.SGD, optimizers.ScheduleFree):
        histories = []
        for every in (None, 3):
            model = Model()
            optimizer = make(model.parameters(), lr=0.1)
            histories.append(fit(model, optimizer, few, epochs=2, batch_size=25, test_every=every, progress=False))
        seldom, often = histories
        assert seldom.steps.loss.equals(often.steps.loss)
        assert list(seldom.tests.index) == [4, 8]
        assert list(often.tests.index) == [3, 4, 6, 8]
        assert often.tests.test_loss[8] == seldom.tests.test_loss[8]
        assert often.tests.epochs.tolist() == [0.75, 1, 1.5, 2]
        assert often.tests.seconds[6] == often.steps.seconds[6]
        assert often.epochs.test_loss.tolist() == [often.tests.test_loss[4], often.tests.test_loss[8]]


def test_without_shuffle_pictures_come_in_their_order(few):
    seen = []
    model = Watched(lambda x, training: training and seen.append(x))
    run(few, epochs=2, batch_size=40, shuffle=False, model=model)
    assert torch.equal(torch.cat(seen), torch.cat([few.x_train, few.x_train]))


@pytest.mark.parametrize("module", [torch.optim, optimizers])
def test_a_schedule_is_that_of_a_rule_with_a_scheduled_lr(few, module):
    schedule = schedules.Linear(0.3, steps=6, final=0.01)
    model = models.mlp_small()
    history = fit(model, module.SGD(model.parameters(), lr=9.0), few, epochs=3, batch_size=50, schedule=schedule)
    expected = run(few, lr=schedule, epochs=3, batch_size=50)[1]
    assert np.allclose(history.steps.loss, expected.steps.loss, rtol=1e-5)
    ratio = history.steps.update_norm / history.steps.gradient_norm
    assert np.allclose(ratio, [schedule(t) for t in range(1, 7)], rtol=1e-3)


def test_augmentation_follows_the_seed_and_is_not_for_testing(few):
    seen = []

    def mirrored(x):
        seen.append(len(x))
        return augment.random_flip(x)

    torch.manual_seed(1)
    first, again, other = (
        run(few, epochs=2, batch_size=50, augment=mirrored, shuffle=False, seed=seed)[1].steps.loss
        for seed in (0, 0, 1)
    )
    assert seen == [50] * 12
    assert first.equals(again)
    assert not first.equals(other)


# Checkpoints: broken off anywhere, a training goes on to the same numbers.


class Net(nn.Module):
    """It has all that a state may hold: dropout, batch normalisation's running means, a frozen layer."""

    def __init__(self):
        super().__init__()
        self.body = models.mlp(784, 20, 10, seed=3)
        self.norm, self.drop = nn.BatchNorm1d(10), nn.Dropout(0.2)
        self.body[1].bias.requires_grad_(False)

    def forward(self, x):
        return self.drop(self.norm(self.body(x)))


OPTIMIZERS = {
    "SGD": lambda ps: optimizers.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda ps: optimizers.Adam(ps, lr=0.01),
    "ASGD": lambda ps: optimizers.ASGD(ps, lr=0.1),
    "ScheduleFree": lambda ps: optimizers.ScheduleFree(ps, lr=0.1),
    "Lookahead": lambda ps: optimizers.Lookahead(optimizers.RAdam(ps, lr=0.01), k=3),
    "Ranger": lambda ps: optimizers.Ranger(ps, lr=0.01),
    "torch.NAdam": lambda ps: torch.optim.NAdam(ps, lr=0.01),
    "torch.SGD": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9),
}
SETTINGS = {"epochs": 3, "batch_size": 25, "test_every": 3, "augment": augment.random_flip, "progress": False}


def training(few, make, after=None, **settings):
    """Train a Net; with ``after``, an interrupt comes in that many steps."""
    model = Net()
    optimizer = make(model.parameters())
    count = itertools.count()

    def interrupt(x):
        if next(count) == after:
            raise KeyboardInterrupt
        return augment.random_flip(x)

    history = fit(model, optimizer, few, **{**SETTINGS, "augment": interrupt, **settings})
    return history, {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    """Whether two trainings had the same numbers, bit for bit, but for seconds."""
    (first, x), (second, y) = a, b
    assert first.status == second.status
    assert first.steps.drop(columns="seconds").equals(second.steps.drop(columns="seconds"))
    assert first.test_rows == second.test_rows
    return all(torch.equal(x[name], y[name]) for name in x | y)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("save_every", [0, 60])
def test_a_broken_training_goes_on_to_the_same_numbers(few, tmp_path, monkeypatch, name, save_every):
    """Saved after each step or each epoch of 4, and broken off twice."""
    monkeypatch.setattr("course_utils.training.SAVE_EVERY", save_every)
    path = tmp_path / "run.pt"
    whole = training(few, OPTIMIZERS[name])
    broken, _ = training(few, OPTIMIZERS[name], after=6, checkpoint=path)
    assert (broken.status, len(broken.steps)) == ("interrupted", 6)
    done = 6 if save_every == 0 else 4
    again, _ = training(few, OPTIMIZERS[name], after=1, checkpoint=path)
    assert (again.status, len(again.steps)) == ("interrupted", done + 1)
    assert same(training(few, OPTIMIZERS[name], checkpoint=path), whole)
    assert same(training(few, OPTIMIZERS[name], checkpoint=path, after=0), whole)  # nothing is left to do
    assert os.listdir(tmp_path) == ["run.pt"]


def test_more_epochs_go_on_from_the_end(few, tmp_path):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path, epochs=2)
    assert same(training(few, OPTIMIZERS["Adam"], checkpoint=path), training(few, OPTIMIZERS["Adam"]))


def test_a_diverged_training_stays_so(few, tmp_path):
    make = lambda ps: optimizers.SGD(ps, lr=1e30)  # noqa: E731
    first, _ = training(few, make, checkpoint=tmp_path / "run.pt")
    again, _ = training(few, make, checkpoint=tmp_path / "run.pt", epochs=9)
    assert first.status == again.status == "diverged"
    assert len(first.steps) == len(again.steps) < 12


def test_a_checkpoint_holds_no_code(few, tmp_path):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    assert torch.load(path, weights_only=True)["settings"]["seed"] == 0


class Bomb:
    def __reduce__(self):
        return (os.system, ("echo exploded >&2; exit 1",))


def test_code_in_a_checkpoint_is_not_run(few, tmp_path, capfd):
    path = tmp_path / "run.pt"
    torch.save({"settings": Bomb()}, path)
    with pytest.raises(ValueError, match=r"checkpoint: .*run.pt is no whole checkpoint .* Delete it to begin again"):
        training(few, OPTIMIZERS["Adam"], checkpoint=path)
    assert "exploded" not in capfd.readouterr().err


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "pickle"])
def test_a_damaged_checkpoint_is_named(few, tmp_path, damage):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    content = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "cut": content[: len(content) // 2],
            "text": b"hello",
            "pickle": pickle.dumps([1, 2], protocol=2),
        }[damage]
    )
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"checkpoint: .*run.pt is no whole checkpoint"):
        training(few, OPTIMIZERS["Adam"], checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 20}, "with batch_size 25, not 20"),
        ({"seed": 1}, "with seed 0, not 1"),
        ({"reduction": "sum"}, "with reduction 'mean', not 'sum'"),
        (
            {"make": lambda ps: optimizers.Adam(ps, lr=0.02)},
            r"with optimizer \['Adam', 'lr=0.01.*, not .*'lr=0.02",
        ),
        ({"make": lambda ps: torch.optim.NAdam(ps, lr=0.01)}, r"with optimizer \['Adam'.*, not \['NAdam'"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_and_nothing_changed(few, tmp_path, change, message):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"checkpoint: .*run.pt is of a training {message}"):
        training(few, change.pop("make", OPTIMIZERS["Adam"]), checkpoint=path, **change)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_model_is_refused(few, tmp_path):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    model = models.mlp_small()
    weights = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=r"run.pt is of a training with model"):
        fit(model, OPTIMIZERS["Adam"](model.parameters()), few, **SETTINGS, checkpoint=path)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), weights, strict=True))


@pytest.mark.parametrize("other", ["labels", "pictures", "part"])
def test_a_checkpoint_of_other_data_is_refused(few, tmp_path, other):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    others = {
        "labels": replace(few, y_train=few.y_train.flip(0)),
        "pictures": replace(few, x_train=1 - few.x_train),
        "part": replace(few, x_val=few.x_test, y_val=few.y_test),
    }
    with pytest.raises(ValueError, match=r"run.pt is of a training with data \['few', 100, 'test'"):
        training(others[other], OPTIMIZERS["Adam"], checkpoint=path)


def test_a_checkpoint_of_another_lookahead_is_refused(few, tmp_path):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Lookahead"], checkpoint=path)
    with pytest.raises(ValueError, match=r"with optimizer \['Lookahead', 'k=3, alpha=0.5, of RAdam'.* not .*'k=4"):
        training(few, lambda ps: optimizers.Lookahead(optimizers.RAdam(ps, lr=0.01), k=4), checkpoint=path)


def test_numpys_numbers_do_not_spoil_a_checkpoint(few, tmp_path):
    def make(ps):
        return torch.optim.SGD(ps, lr=0.1, momentum=np.float64(0.9))

    for schedule in (None, lambda t: np.float64(0.1) / t):
        settings = {"schedule": schedule, "checkpoint": tmp_path / f"{schedule is None}.pt"}
        training(few, make, after=6, **settings)
        assert same(training(few, make, **settings), training(few, make, schedule=schedule))


def test_norms_are_those_of_what_the_optimizer_moves(few):
    """Gradients of other parameters pile up unseen."""
    model = models.mlp_small()
    history = fit(model, optimizers.SGD(model[-1].parameters(), lr=1e-9), few, epochs=3, batch_size=100, shuffle=False)
    assert np.allclose(history.steps.gradient_norm, history.steps.gradient_norm[1], rtol=1e-4)


def test_a_checkpoint_that_cannot_be_written_is_refused_before_any_step(few, tmp_path):
    with pytest.raises(OSError, match=r"checkpoint: cannot write .*missing/run.pt"):
        training(few, OPTIMIZERS["Adam"], after=0, checkpoint=tmp_path / "missing" / "run.pt")


def test_a_checkpoint_must_be_a_file_and_no_longer_than_asked_for(few, tmp_path):
    with pytest.raises(ValueError, match="checkpoint must name a file, got the folder"):
        training(few, OPTIMIZERS["Adam"], checkpoint=tmp_path)
    training(few, OPTIMIZERS["Adam"], checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"epochs must be 3 or more to go on from .*run.pt, got 1"):
        training(few, OPTIMIZERS["Adam"], checkpoint=tmp_path / "run.pt", epochs=1)


def test_a_checkpoint_of_another_part_of_the_model_is_refused(few, tmp_path):
    path = tmp_path / "run.pt"
    training(few, OPTIMIZERS["Adam"], checkpoint=path)
    with pytest.raises(ValueError, match=r"run.pt is of a training with optimizer"):
        training(few, lambda ps: optimizers.Adam(list(ps)[2:], lr=0.01), checkpoint=path)


def test_a_checkpoint_cannot_hold_a_schedule(few, tmp_path):
    make = lambda ps: optimizers.SGD(ps, lr=schedules.Cosine(0.1, steps=9))  # noqa: E731
    with pytest.raises(ValueError, match=r"checkpoint cannot hold an optimizer whose lr is a schedule: give it as"):
        training(few, make, checkpoint=tmp_path / "run.pt")


def test_a_training_with_a_schedule_goes_on(few, tmp_path):
    settings = {"schedule": schedules.Cosine(0.1, steps=12), "checkpoint": tmp_path / "run.pt"}
    training(few, OPTIMIZERS["torch.SGD"], after=6, **settings)
    whole = training(few, OPTIMIZERS["torch.SGD"], schedule=settings["schedule"])
    assert same(training(few, OPTIMIZERS["torch.SGD"], **settings), whole)


KILLED = """
import os, signal, sys
from course_utils import data, models, optimizers, training

training.SAVE_EVERY = 0
count = iter(range(100))


def kill(x):
    if next(count) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return x


model = models.mlp_small()
optimizer = optimizers.Adam(model.parameters())
some = data.load(fraction=0.05)
history = training.fit(model, optimizer, some, epochs=2, augment=kill, checkpoint=sys.argv[1], progress=False)
print([row[:-1] for row in history.step_rows], history.test_rows)
"""


@kills
def test_a_killed_training_goes_on_to_the_same_numbers(tmp_path):
    def trained(name, after):
        command = [sys.executable, "-c", KILLED, tmp_path / name, str(after)]
        return subprocess.run(command, capture_output=True, text=True)

    assert trained("killed", 5).returncode == -signal.SIGKILL
    again, whole = trained("killed", 99), trained("whole", 99)
    assert again.returncode == whole.returncode == 0
    assert again.stdout == whole.stdout != ""


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"schedule": 0.1}, TypeError, "schedule must be a function of the step, such as .*, got 0.1"),
        ({"schedule": lambda t: -1.0}, ValueError, "schedule at step 1 must be"),
        ({"schedule": lambda t: 0.1 if t == 1 else math.nan, "epochs": 9}, ValueError, "0 or more, got nan at step 2"),
        ({"augment": "flip"}, TypeError, "augment must be a function of a batch of pictures, got 'flip'"),
        ({"test_every": 0}, ValueError, "test_every must be a whole number, 1 or more, got 0"),
        ({"norms": 1}, TypeError, "norms must be True or False, got 1"),
        ({"shuffle": "yes"}, TypeError, "shuffle must be True or False, got 'yes'"),
    ],
)
def test_bad_new_settings_are_refused(few, settings, error, message):
    with pytest.raises(error, match=message):
        run(few, **settings)
