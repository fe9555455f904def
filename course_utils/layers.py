"""The signal and the gradient of each layer of a network: at one place, and step by step while it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from course_utils.training import buffers_kept, chance_kept, modes_kept

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
    device = next(model.parameters()).device
    with chance_kept(device), buffers_kept(model), modes_kept(model):
        yield device


def gradients(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The norm of the gradient of the mean cross-entropy on x (N, ...) and y (N,), for the weights of each layer: (L,).

    As in a training step: batch normalisation uses these pictures. A frozen layer, and one that is not used, has 0. The
    model, its gradients and its running statistics stay as they are.
    """
    weights = [layer.weight for layer in layers_of(model)]
    learnt = [weight for weight in weights if weight.requires_grad]
    with _as_in_a_step(model) as device:
        loss = F.cross_entropy(model.train()(x.to(device)), y.to(device))
        found = iter(torch.autograd.grad(loss, learnt, allow_unused=True) if learnt else ())
    return _norms([next(found) if weight.requires_grad else None for weight in weights], weights)


def errors(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The error of each layer: how the cross-entropy of a picture x (N, ...), y (N,) changes with what it gives: (L,).

    The norm for one picture, its root mean square over the pictures: √2 at most at the scores. For one picture, the
    norm of a layer's gradient is the error's times that of what enters the layer. As in a training step; the model
    stays as it is. A layer that is used several times counts as it was last used, one that is not used has 0.
    """
    parts = layers_of(model)
    given: dict[nn.Module, Tensor] = {}

    def keep(part: nn.Module, _: tuple, out: Tensor) -> Tensor:
        given[part] = out if out.requires_grad else out.requires_grad_()
        return out

    hooks = [part.register_forward_hook(keep) for part in parts]
    try:
        with _as_in_a_step(model) as device:
            loss = F.cross_entropy(model.train()(x.to(device)), y.to(device), reduction="sum")
            found = torch.autograd.grad(loss, list(given.values()), allow_unused=True)
    finally:
        for hook in hooks:
            hook.remove()
    norms = dict(zip(given, _norms(found, list(given.values())) / len(x) ** 0.5, strict=True))
    unused = torch.zeros((), dtype=torch.float64, device=device)
    return torch.stack([norms.get(part, unused) for part in parts])


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

    For a plain perceptron: d is the largest derivative of the activation behind a layer (1/4 for a sigmoid, 1 where
    there is none), ‖W‖ the largest singular value of the layer behind that. The error at the scores has norm √2 at
    most, each layer on the way back multiplies it by d ‖W‖ at most, and a layer's gradient is an error times what
    entered the layer. None for a network of another kind: with batch normalisation or skips, the product of these
    factors is no bound.
    """
    if not isinstance(model, nn.Sequential) or not {type(part) for part in model} <= {nn.Flatten, nn.Linear, *STEEPEST}:
        return None
    layers, entering, steepest = layers_of(model), [], []
    if sum(isinstance(part, nn.Linear) for part in model) != len(layers):  # one is used twice
        return None
    h = x.to(layers[0].weight.device)
    for part in model:
        if isinstance(part, nn.Linear):
            entering.append(h.square().sum(1).mean().sqrt())
            steepest.append(1.0)
        elif steepest:
            steepest[-1] *= STEEPEST.get(type(part), 1.0)
        h = part(h)
    error, found = h.new_tensor(math.sqrt(2)), []
    for layer, length, slope in zip(*(reversed(kept) for kept in (layers, entering, steepest)), strict=True):
        error = slope * error  # of what the layer gives; what it takes has an error of ‖W‖ times as much, at most
        found.append(error * length)
        finite = bool(layer.weight.isfinite().all())  # not in a training that diverges
        error = error * (torch.linalg.matrix_norm(layer.weight, 2) if finite else math.nan)
    return torch.stack(found[::-1])


class Recorder:
    """Keeps the norm of each layer's gradient at every step of an optimizer: in a ``with``, around a training.

    ``norms`` is a tensor (steps, L). Nothing of the training changes. It sees what ``backward`` left before a step: for
    optimizers that call a closure, such as LBFGS, that is the step before.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer):
        self.weights = [layer.weight for layer in layers_of(model)]
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise TypeError(
                f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1), got {optimizer!r}."
            )
        self.model, self.optimizer = model, optimizer
        self.rows: list[Tensor] = []

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
        self.rows.append(_norms([w.grad for w in self.weights], self.weights))
