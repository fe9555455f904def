import itertools
from dataclasses import replace

from course_utils import data, models, optimizers
from course_utils.training import evaluate, fit, loss_gradient

import numpy as np
import pytest
import torch
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
        ({"seed": -1}, ValueError, "seed must be a whole number, 0 or more, got -1"),
    ],
)
def test_bad_settings_are_refused(few, settings, error, message):
    with pytest.raises(error, match=message):
        run(few, **settings)


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
