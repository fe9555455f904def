"""The perceptrons: their options, and where they start."""

from course_utils import models

import pytest
import torch
from torch import nn


def linear(model):
    return [part for part in model.modules() if isinstance(part, nn.Linear)]


def test_the_network_that_did_not_learn():
    model = models.mlp_deep()
    assert [(p.in_features, p.out_features) for p in linear(model)] == [(784, 128), *[(128, 128)] * 4, (128, 10)]
    assert sum(isinstance(part, nn.Sigmoid) for part in model) == 5
    assert sum(p.numel() for p in model.parameters()) == 167_818


def test_the_default_is_torch_s_own():
    """The very numbers that torch draws for layers made one after the other."""
    torch.manual_seed(3)
    expected = [nn.Linear(784, 100), nn.Linear(100, 10)]
    for ours, theirs in zip(linear(models.mlp(784, 100, 10, seed=3)), expected, strict=True):
        assert torch.equal(ours.weight, theirs.weight)
        assert torch.equal(ours.bias, theirs.bias)


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        ("default", 1 / (3 * 600)),
        ("xavier", 2 / (600 + 300)),
        ("he", 2 / 600),
        (4.0, 16 / 600),
        (0.5, 0.25 / 600),
    ],
)
def test_weights_have_their_variance(init, variance):
    layer = linear(models.mlp(600, 300, 10, init=init))[0]
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
    assert abs(layer.weight.mean().item()) < 0.03 * variance**0.5
    assert layer.bias.abs().max() == 0 if init != "default" else layer.bias.abs().max() > 0


def test_options_come_from_the_seed_and_leave_the_callers_randomness():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    options = {"init": "he", "batch_norm": True, "residual": True}
    first, again, other = (models.mlp_deep(seed=seed, **options) for seed in (1, 1, 2))
    assert torch.rand(1) == expected
    assert torch.equal(linear(first)[2].weight, linear(again)[2].weight)
    assert not torch.equal(linear(first)[2].weight, linear(other)[2].weight)


def test_a_residual_layer_is_added_to_what_enters_it():
    """Where the widths are equal; the first and the last layer stand alone."""
    plain = models.mlp(20, 8, 8, 10, activation="tanh", seed=1)
    around = models.mlp(20, 8, 8, 10, activation="tanh", residual=True, seed=1)
    x = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    first, second, last = linear(plain)
    h = torch.tanh(first(x))
    assert torch.allclose(around(x), last(h + torch.tanh(second(h))))
    assert not torch.allclose(around(x), plain(x))
    assert not any(isinstance(part, models.Skip) for part in models.mlp(20, 8, 9, 10, residual=True))


def test_batch_normalisation_stands_before_the_activation():
    model = models.mlp(20, 8, 10, activation="sigmoid", batch_norm=True)
    assert [type(part).__name__ for part in model] == ["Flatten", "Linear", "BatchNorm1d", "Sigmoid", "Linear"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"activation": "sigmoyd"}, ValueError, "There is no activation 'sigmoyd'; did you mean 'sigmoid'"),
        ({"init": "xavir"}, ValueError, "There is no init 'xavir'; did you mean 'xavier'.* Or give the gain"),
        ({"init": 0}, ValueError, "init must be a positive, finite number, got 0"),
        ({"init": None}, TypeError, "init must be a positive, finite number, got None"),
        ({"batch_norm": 1}, TypeError, "batch_norm must be True or False, got 1"),
        ({"residual": "yes"}, TypeError, "residual must be True or False, got 'yes'"),
        ({"seed": -1}, ValueError, "seed must be a whole number, 0 or more, got -1"),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        models.mlp_deep(**options)
