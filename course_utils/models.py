"""The networks of the course."""

import itertools

from course_utils import checks

import torch
from torch import nn


def mlp(*widths: int, seed: int = 0) -> nn.Sequential:
    """A multilayer perceptron of the given widths: ``mlp(784, 100, 10)`` has one hidden layer of 100 units.

    Takes pictures or vectors (N, ...) of ``widths[0]`` numbers each, gives scores (N, widths[-1]); a ReLU follows
    every layer but the last. The weights are torch's default ones for ``seed``, whatever else has drawn random
    numbers: two optimizers that are to be compared start from the same point.

    Raises TypeError or ValueError for fewer than two widths or one that is not a positive whole number.
    """
    if len(widths) < 2:
        raise ValueError(f"widths must be two numbers or more, as in mlp(784, 100, 10), got {widths}.")
    widths = tuple(checks.whole("each width", w) for w in widths)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(checks.whole("seed", seed, least=0))  # the CPU's, and no GPU's
        layers = [layer for a, b in itertools.pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def mlp_small(seed: int = 0) -> nn.Sequential:
    """784-100-10: 79,510 parameters, trained in seconds on a laptop."""
    return mlp(784, 100, 10, seed=seed)


def mlp_large(seed: int = 0) -> nn.Sequential:
    """784-500-256-10: 523,326 parameters."""
    return mlp(784, 500, 256, 10, seed=seed)
