"""Right answers to the exercises of lecture 3, each written in another way than the course's own."""

from course_utils import optimizers
from course_utils.rules import State

import numpy as np
import torch


def in_place(x, g, s, t, lr, momentum):
    v = g.clone() if t == 1 else s.v.mul_(momentum).add_(g)
    return torch.sub(x, v, alpha=lr), State(v=v)


def numpy(x, g, s, t, lr, momentum):
    v = np.zeros(x.shape) if t == 1 else s["v"]
    v = momentum * v + g.numpy()
    return x.numpy() - lr * v, {"v": v}


def with_torch(x, g, s, t, lr, momentum):
    if t == 1:
        s.p = torch.nn.Parameter(x.clone())
        s.optimizer = torch.optim.SGD([s.p], lr=lr, momentum=momentum)
    s.p.grad = g.clone()
    s.optimizer.step()
    return s.p.detach().clone(), s


def reordered(x, g, s, t, lr, momentum):
    step = momentum * s.step - lr * g
    return x + step, State(step=step)


def history(x, g, s, t, lr, momentum):
    gradients = [*s, g] if t > 1 else [g]
    v = sum(momentum ** (len(gradients) - 1 - i) * gradient for i, gradient in enumerate(gradients))
    return x - lr * v, gradients


def float32(x, g, s, t, lr, momentum):
    v = momentum * s.v + g.float()
    return (x.double() - lr * v), State(v=v)


class Momentum:
    def __call__(self, x, g, s, t, lr, momentum):
        return x - lr * (momentum * s.v + g), State(v=g + s.v * momentum)


def average_in_place(x, g, s, t, lr, beta):
    v = torch.zeros_like(x) if t == 1 else s.v
    v.mul_(beta).add_(g, alpha=1 - beta)
    return x.clone().sub_(v, alpha=lr), State(v=v)


def average_lerp(x, g, s, t, lr, beta):
    v = torch.lerp(g, s.v if t > 1 else torch.zeros_like(g), beta)
    return x - lr * v, State(v=v)


def average_numpy(x, g, s, t, lr, beta):
    v = beta * (s if t > 1 else 0.0) + (1 - beta) * g.numpy()
    return np.subtract(x.numpy(), lr * v), v


def average_as_a_move(x, g, s, t, lr, beta):
    v = s.v + (1 - beta) * (g - s.v)
    return x - lr * v, State(v=v)


def average_as_a_sum(x, g, s, t, lr, beta):
    v = beta * s.v + g
    return x - lr * (1 - beta) * v, State(v=v)


def average_with_torch(x, g, s, t, lr, beta):
    if t == 1:
        s.p = torch.nn.Parameter(x.clone())
        s.optimizer = torch.optim.SGD([s.p], lr=lr * (1 - beta), momentum=beta)
    s.p.grad = g.clone()
    s.optimizer.step()
    return s.p.detach().clone(), s


def ahead_in_place(x, gradient, s, t, lr, momentum):
    v = torch.zeros_like(x) if t == 1 else s.v
    g = gradient(x.clone().sub_(lr * momentum * v))
    return x - lr * v.mul_(momentum).add_(g), s if t > 1 else State(v=v)


def ahead_with_a_step(x, gradient, s, t, lr, momentum):
    step = momentum * s.step
    step = step - lr * gradient(x + step)
    return x + step, State(step=step)


def ahead_from_the_last_point(x, gradient, s, t, lr, momentum):
    ahead = x if t == 1 else x + momentum * (x - s.last)
    return ahead - lr * gradient(ahead), State(last=x)


def ahead_numpy(x, gradient, s, t, lr, momentum):
    v = np.zeros(x.shape) if t == 1 else s
    v = momentum * v + gradient(x - lr * momentum * torch.from_numpy(v)).numpy()
    return x - lr * torch.from_numpy(v), v


def ahead_with_torch(x, gradient, s, t, lr, momentum):
    """torch's optimizer holds the point ahead; where one stands is behind it by the momentum's part of the step."""
    if t == 1:
        s.p = torch.nn.Parameter(x.clone())
        s.optimizer = torch.optim.SGD([s.p], lr=lr, momentum=momentum, nesterov=True)
    s.p.grad = gradient(s.p.detach())
    s.optimizer.step()
    return s.p.detach() + lr * momentum * s.optimizer.state[s.p]["momentum_buffer"], s


def torchs_own(params, lr, momentum, weight_decay):
    return torch.optim.SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=True)


def ours(params, lr, momentum, weight_decay):
    return optimizers.SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=True)


class InPlace(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.9, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d = p.grad.add(p, alpha=group["weight_decay"])
                state = self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p)
                v = state["v"].mul_(group["momentum"]).add_(d)
                p.add_(d.add(v, alpha=group["momentum"]), alpha=-group["lr"])
        return loss


class ByData(InPlace):
    def step(self, closure=None):
        loss = closure() if closure else None
        for group in self.param_groups:
            lr, mu, decay = group["lr"], group["momentum"], group["weight_decay"]
            for p in filter(lambda p: p.grad is not None, group["params"]):
                d = p.grad.data + decay * p.data
                self.state[p]["v"] = mu * self.state[p].get("v", torch.zeros(())) + d
                p.data = p.data - lr * d - lr * mu * self.state[p]["v"]
        return loss


class ByRule(optimizers.RuleOptimizer):
    def rule(x, g, s, t, lr=0.1, momentum=0.9):
        v = momentum * s.v + g
        return x - lr * (g + momentum * v), State(v=v)


class Numpy(InPlace):
    def step(self, closure=None):
        loss = closure() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    d = p.grad.numpy() + group["weight_decay"] * p.detach().numpy()
                    v = d + group["momentum"] * self.state[p].get("v", 0)
                    self.state[p]["v"] = v
                    p.data.copy_(torch.from_numpy(p.detach().numpy() - group["lr"] * (d + group["momentum"] * v)))
        return loss


RIGHT = {
    "momentum": [in_place, numpy, with_torch, reordered, history, float32, Momentum()],
    "momentum_ema": [
        average_in_place,
        average_lerp,
        average_numpy,
        average_as_a_move,
        average_as_a_sum,
        average_with_torch,
    ],
    "nesterov": [ahead_in_place, ahead_with_a_step, ahead_from_the_last_point, ahead_numpy, ahead_with_torch],
    "nesterov_sgd": [torchs_own, ours, InPlace, ByData, ByRule, Numpy],
}
