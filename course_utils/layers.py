"""The signal and the gradient of each layer of a network: at one place, and step by step while it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from course_utils import checks

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEEPEST = {nn.Sigmoid: 0.25, nn.Tanh: 1.0, nn.ReLU: 1.0}  # the largest derivative of each activation


def layers_of(model: nn.Module) -> list[nn.Module]:
    """The linear and convolutional layers of a network, in the order in which it holds them.

    Raises TypeError for what is not a network, ValueError for one that has no such layer.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a network, such as models.mlp_deep(), got {model!r}.")
    found = [part for part in model.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if not found:
        raise ValueError(f"model must have a linear or convolutional layer, got {model!r}.")
    return found


@contextmanager
def _as_in_a_step(model: nn.Module) -> Iterator[torch.device]:
    """The model in training mode, for a while; then its modes, its running statistics and random numbers are back.

    Gives the device that it is on.
    """
    modes = {part: part.training for part in model.modules()}
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            yield device
        finally:
            for part, training in modes.items():
                part.training = training
            with torch.no_grad():
                for buffer, value in before:
                    buffer.copy_(value)


def gradients(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The norm of the gradient of the mean cross-entropy on x (N, ...) and y (N,), for the weights of each layer: (L,).

    As in a training step: batch normalisation uses these pictures. The model, its gradients and its running statistics
    stay as they are.
    """
    weights = [layer.weight for layer in layers_of(model)]
    with _as_in_a_step(model) as device:
        loss = F.cross_entropy(model.train()(x.to(device)), y.to(device))
        found = torch.autograd.grad(loss, weights, allow_unused=True)
    return _norms(found, weights)


def _norms(found: Sequence[Tensor | None], weights: Sequence[Tensor]) -> Tensor:
    """The norm of each layer's gradient, 0 for one that has none; in float64, as squares of small numbers vanish."""
    norms = [w.new_zeros(()) if g is None else g.norm(dtype=torch.float64) for g, w in zip(found, weights, strict=True)]
    return torch.stack([norm.double() for norm in norms])


@torch.no_grad()
def signals(model: nn.Module, x: Tensor) -> Tensor:
    """How much what enters each layer differs between the pictures x (N, ...): (L,).

    The standard deviation over the pictures, its root mean square over the units. 0: the layer is given the same for
    all pictures, whatever they show. As in a training step; the model stays as it is.
    """
    seen: list[Tensor] = []
    hooks = [layer.register_forward_pre_hook(lambda _, given: seen.append(given[0])) for layer in layers_of(model)]
    try:
        with _as_in_a_step(model) as device:
            model.train()(x.to(device))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack([given.flatten(1).double().var(0, correction=0).mean().sqrt().float() for given in seen])


@torch.no_grad()
def bounds(model: nn.Module, x: Tensor) -> Tensor | None:
    """What the norm of each layer's gradient (L,) cannot exceed on the pictures x (N, ...), whatever their labels.

    For a plain perceptron: d is the largest derivative of its activation (1/4 for a sigmoid), ‖W‖ the largest singular
    value. The error at the scores has norm √2 at most, each layer on the way back multiplies it by d ‖W‖ at most, and
    a layer's gradient is an error times what entered the layer. None for a network of another kind: with batch
    normalisation or skips, the product of these factors is no bound.
    """
    if not isinstance(model, nn.Sequential):
        return None
    kinds = {type(part) for part in model} - {nn.Flatten, nn.Linear}
    if not kinds <= set(STEEPEST):
        return None
    steepest = max((STEEPEST[kind] for kind in kinds), default=1.0)
    layers, entering = layers_of(model), []
    h = x.to(layers[0].weight.device)
    for part in model:
        if isinstance(part, nn.Linear):
            entering.append(h.square().sum(1).mean().sqrt())
        h = part(h)
    bound, found = h.new_tensor(math.sqrt(2)), []
    for layer, length in zip(reversed(layers), reversed(entering), strict=True):
        found.append(bound * length)
        bound = bound * steepest * torch.linalg.matrix_norm(layer.weight, 2)
    return torch.stack(found[::-1])


class Recorder:
    """Keeps the norm of each layer's gradient at every step of an optimizer: in a ``with``, around any training.

    ``norms`` is a tensor (steps, L), ``every`` keeps one step in so many. Nothing of the training changes.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, every: int = 1):
        self.weights = [layer.weight for layer in layers_of(model)]
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(
                f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1), got {optimizer!r}."
            )
        self.model, self.optimizer, self.every = model, optimizer, checks.whole("every", every)
        self.step, self.rows = 0, []

    @property
    def norms(self) -> Tensor:
        return torch.stack(self.rows).cpu() if self.rows else torch.empty(0, len(self.weights))

    def __enter__(self) -> Recorder:
        self.hook = self.optimizer.register_step_pre_hook(self._before_step)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.hook.remove()

    @torch.no_grad()
    def _before_step(self, optimizer: torch.optim.Optimizer, args: Sequence, kwargs: dict) -> None:
        if self.step % self.every == 0:
            self.rows.append(_norms([w.grad for w in self.weights], self.weights))
        self.step += 1
