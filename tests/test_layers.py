"""The signal and the gradient of each layer, and the figure that follows a training."""

import io
import math

from course_utils import data, layers, models, optimizers, watching
from course_utils.training import fit, loss_gradient
from course_utils.watching import watch

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn


@pytest.fixture(scope="module")
def digits():
    return data.load()


@pytest.fixture(scope="module")
def few(digits):
    return digits.x_train[:200], digits.y_train[:200]


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"residual": True, "activation": "relu"}], ids=str)
def test_gradients_are_those_of_a_step(few, options):
    model = models.mlp_deep(**options).eval()
    before = state(model)
    found = layers.gradients(model, *few)
    assert not model.training  # as it was
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    whole = loss_gradient(model.train(), *few)
    parts = whole.split([p.numel() for p in model.parameters()])
    kinds = [p.ndim for p in model.parameters()]
    expected = [part.double().norm() for part, ndim in zip(parts, kinds, strict=True) if ndim == 2]
    assert torch.allclose(found, torch.stack(expected), rtol=1e-5)


def test_the_smallest_gradients_are_not_rounded_to_zero(few):
    """In float32, the square of a gradient of 1e-30 is 0."""
    model = models.mlp(784, *[128] * 32, 10, activation="sigmoid")
    assert 1e-32 < layers.gradients(model, *few)[0] < 1e-22


def test_a_layer_that_is_not_used_has_no_gradient(few):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = models.mlp(784, 10), nn.Linear(3, 3)

        def forward(self, x):
            return self.used(x)

    assert layers.gradients(Two(), *few).tolist()[1] == 0


def test_a_frozen_layer_has_no_gradient(few):
    """As a Recorder notes it; the others have theirs."""
    model = models.mlp_deep(activation="relu")
    whole = layers.gradients(model, *few)
    for layer in layers.layers_of(model)[:5]:
        layer.requires_grad_(False)
    assert torch.equal(layers.gradients(model, *few), whole * torch.tensor([0, 0, 0, 0, 0, 1]))
    assert layers.gradients(model.requires_grad_(False), *few).tolist() == [0] * 6


def test_errors_are_those_of_the_chain_rule(few):
    """The error at the scores is p - y; one layer further back, W^T of it, times the slope."""
    model = models.mlp(784, 30, 10, activation="sigmoid")
    first, last = layers.layers_of(model)
    x, y = few
    before = state(model)
    with torch.no_grad():
        at_scores = model(x).softmax(1) - nn.functional.one_hot(y, 10)
        h = torch.sigmoid(first(x.flatten(1)))
        behind = at_scores @ last.weight * h * (1 - h)
    expected = [error.square().sum(1).mean().sqrt().double() for error in (behind, at_scores)]
    assert torch.allclose(layers.errors(model, *few), torch.stack(expected), rtol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(part._forward_hooks for part in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_errors_need_no_weights_that_learn(few):
    model = models.mlp_deep(activation="relu", batch_norm=True)
    found = layers.errors(model, *few)
    assert torch.allclose(layers.errors(model.requires_grad_(False), *few), found)


def test_level_gradients_may_hide_errors_that_vanish(few):
    """ReLU with torch's weights: error and signal shrink alike, their product hardly does."""
    model = models.mlp(784, *[128] * 12, 10, activation="relu")
    found = layers.errors(model, *few)
    factors = (found[1:-2] / found[2:-1]).log().mean().exp()
    assert factors == pytest.approx(math.sqrt(1 / 6), rel=0.15)


def test_a_sigmoid_layer_leaves_a_seventh(few):
    """1/4 · √(1/3) a layer, backwards and forwards, with torch's weights; a little less, as not all slopes are 1/4."""
    model = models.mlp(784, *[256] * 8, 10, activation="sigmoid")
    gradients, signals = layers.gradients(model, *few), layers.signals(model, few[0])
    for factors in (gradients[1:-2] / gradients[2:-1], signals[2:-1] / signals[1:-2]):
        assert factors.log().mean().exp() == pytest.approx(0.25 / math.sqrt(3), rel=0.1)


def test_signals_are_what_enters(few):
    model = models.mlp(784, 20, 10, activation="tanh")
    x = few[0].flatten(1)
    expected = [h.var(0, correction=0).mean().sqrt() for h in (x, torch.tanh(model[1](x)))]
    assert torch.allclose(layers.signals(model, few[0]), torch.stack(expected))
    assert not any(part._forward_pre_hooks for part in model.modules())
    same = few[0][:1].expand(5, -1, -1, -1)
    assert layers.signals(model, same).max() < 1e-6


def test_signals_leave_running_statistics_alone(few):
    model = models.mlp_deep(batch_norm=True)
    before = state(model)
    layers.signals(model, few[0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("init", ["default", 4.0])
def test_no_gradient_is_above_its_bound(few, activation, init):
    model = models.mlp_deep(activation=activation, init=init)
    bound = layers.bounds(model, few[0])
    assert (layers.gradients(model, *few) <= bound).all()
    one = few[0][:1], few[1][:1]
    assert (layers.gradients(model, *one) <= layers.bounds(model, one[0])).all()


def test_the_bound_is_reached():
    """One unit a layer, at the steepest place of each sigmoid: nothing is lost but what the bound allows."""
    model = models.mlp(1, 1, 1, 2, activation="sigmoid")
    with torch.no_grad():
        for layer, weight, bias in zip(
            layers.layers_of(model), (1.0, 2.0, [[40.0], [-40.0]]), (-1, -1, 0), strict=True
        ):
            layer.weight.copy_(torch.tensor(weight).expand_as(layer.weight))
            layer.bias.fill_(bias)
    x, y = torch.ones(1, 1), torch.tensor([1])  # sure, and wrong: the error at the scores is (1, -1)
    found, bound = layers.gradients(model, x, y), layers.bounds(model, x)
    assert found.numpy() == pytest.approx(bound.numpy(), rel=1e-4)


def test_the_bound_knows_where_no_activation_stands(few):
    """Between two linear layers the slope is 1, whatever stands elsewhere."""
    torch.manual_seed(0)
    plain = models.mlp(784, 128, 128, 10, activation="sigmoid")
    flat, one, sigmoid, two, _, three = plain
    last = nn.Linear(10, 10)
    with torch.no_grad():
        for layer in (two, three, last):  # nothing is lost at a rotation
            nn.init.orthogonal_(layer.weight)
        three.weight.mul_(20)
    for model in (nn.Sequential(flat, one, two, sigmoid, three), nn.Sequential(flat, one, sigmoid, two, three, last)):
        assert all(
            (layers.gradients(model, x[None], y[None]) <= 1.0001 * layers.bounds(model, x[None])).all()  # float32
            for x, y in zip(*few, strict=True)
        )
    # And it is no looser than it need be: a quarter for each activation, in each place.
    a, b = (layers.bounds(m, few[0]) for m in (nn.Sequential(flat, one, two), nn.Sequential(flat, one, sigmoid, two)))
    assert b[0] == pytest.approx(a[0].item() / 4, rel=1e-5)


def test_there_is_no_bound_where_the_product_is_none(few):
    for options in ({"batch_norm": True}, {"residual": True}):
        assert layers.bounds(models.mlp_deep(**options), few[0]) is None


def test_what_is_no_network_is_refused(few):
    with pytest.raises(TypeError, match="model must be a network, such as"):
        layers.gradients("mlp", *few)
    with pytest.raises(ValueError, match="model must have a linear or convolutional layer"):
        layers.signals(nn.Flatten(), few[0])
    with pytest.raises(TypeError, match="optimizer must be an optimizer"):
        layers.Recorder(models.mlp_small(), 0.1)


@pytest.mark.parametrize("make", [optimizers.SGD, optimizers.Adam, torch.optim.SGD, torch.optim.Adam])
def test_a_recorder_sees_each_step_and_changes_nothing(digits, make):
    some = digits.to("cpu")
    losses, model = [], None
    for record in (False, True):
        model = models.mlp_deep(activation="relu")
        optimizer = make(model.parameters(), lr=0.01)
        first = layers.gradients(model, *(part[:500] for part in (some.x_train, some.y_train)))
        settings = {"epochs": 1, "batch_size": 500, "shuffle": False, "progress": False, "device": "cpu"}
        if record:
            with layers.Recorder(model, optimizer) as seen:
                losses.append(fit(model, optimizer, some, **settings).steps.loss.tolist())
            fit(model, optimizer, some, **settings)  # no longer watched
        else:
            losses.append(fit(model, optimizer, some, **settings).steps.loss.tolist())
    assert losses[0] == losses[1]
    assert seen.norms.shape == (8, 6)
    assert torch.allclose(seen.norms[0], first, rtol=1e-4)


def test_a_training_that_diverges_is_drawn_to_its_end(digits):
    """With weights that are no numbers, a bound is none; and what the training raises is what is seen."""
    model = models.mlp_deep(activation="relu", init=4.0)
    optimizer = optimizers.SGD(model.parameters(), lr=100)
    with watch(model, optimizer, digits.x_train[:100], title="It diverges") as seen:
        history = fit(model, optimizer, digits, epochs=1, batch_size=500, progress=False)
    assert history.status == "diverged"
    assert not seen.norms.isfinite().all()
    assert not layers.bounds(model, digits.x_train[:100])[0].isfinite()
    assert seen.figure.png()
    with pytest.raises(ZeroDivisionError), watch(model, optimizer, digits.x_train[:100], title="It breaks off"):
        raise ZeroDivisionError


def test_a_layer_that_is_used_twice_has_no_bound():
    twice = nn.Linear(4, 4)
    assert layers.bounds(nn.Sequential(twice, nn.Sigmoid(), twice), torch.rand(3, 4)) is None


def test_the_figure_is_drawn_again_with_the_same_words(digits, monkeypatch):
    """First, at times, and at the end; its words do not tell how often, and its lines are what was recorded."""
    shown = []

    class Handle:
        def update(self, figure):
            shown.append(figure)

    monkeypatch.setattr(watching, "get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    monkeypatch.setattr(watching, "display", lambda figure, display_id: (shown.append(figure), Handle())[1])
    monkeypatch.setattr(watching, "EVERY", 0.0)
    model = models.mlp_deep()
    optimizer = optimizers.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, digits.x_train[:100], title="It moves") as seen:
        fit(model, optimizer, digits, epochs=1, batch_size=1000, progress=False)
        seen.tell("accuracy 10 %")
    assert len(shown) == 5
    assert len({figure.alt for figure in shown}) == 1
    assert shown[0].alt.startswith("It moves: the gradient norm of each layer")
    left, right = shown[-1].axes
    first, now, bound = (line.get_ydata() for line in left.lines)
    assert np.allclose(first, seen.norms[0])
    assert np.allclose(now, seen.norms[-1])
    assert np.allclose(bound, layers.bounds(model, digits.x_train[:100]).detach())
    for line, i in zip(right.lines, (0, -1), strict=True):
        assert np.allclose(line.get_ydata(), seen.norms[:, i])
    assert all(Image.open(io.BytesIO(figure.png())).width > 1000 for figure in shown[:1])
    assert [figure.get_suptitle() for figure in shown] == ["It moves"] * 4 + ["It moves\naccuracy 10 %"]


def test_all_that_the_legend_tells_is_in_the_figure(digits):
    """The bound of a network with large weights lies far above its gradients."""
    model = models.mlp_deep(activation="relu", init="he")
    optimizer = optimizers.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, digits.x_train[:100], title="High") as seen:
        fit(model, optimizer, digits, epochs=1, batch_size=1000, progress=False)
    left, right = seen.figure.axes
    low, high = left.get_ylim()
    assert len(left.lines) == 3
    assert all(((low < line.get_ydata()) & (line.get_ydata() < high)).all() for line in left.lines)
    assert right.get_ylim() == (low, high)


def test_outside_of_a_notebook_nothing_is_shown(digits, monkeypatch):
    monkeypatch.setattr(watching, "display", lambda *_, **__: pytest.fail("shown"))
    model = models.mlp_deep()
    optimizer = optimizers.SGD(model.parameters(), lr=0.01)
    with watch(model, optimizer, digits.x_train[:100], title="Quiet") as seen:
        fit(model, optimizer, digits, epochs=1, batch_size=1000, progress=False)
    assert len(seen.figure.axes) == 2
