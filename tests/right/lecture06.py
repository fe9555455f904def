"""Right answers to the exercises of lecture 6, each written in another way than the course's own."""

import statistics

from course_utils import optimizers, rules
from course_utils.rules import State

import numpy as np
import torch


def two_weights(a, x, t):
    return (1 - 1 / t) * a + x / t


def from_the_sum(a, x, t):
    return ((t - 1) * a + x) / t


def two_cases(a, x, t):
    if t == 1:
        return x
    return a * (t - 1) / t + x / t


def as_array(a, x, t):
    return np.average([a, x], weights=[t - 1, 1])


def with_lerp(a, x, t):
    return torch.lerp(torch.tensor([a]), torch.tensor([x]), 1 / t)[0]


def in_double(a, x, t):
    mean = torch.tensor(a, dtype=torch.float64)
    mean += (x - mean) / t
    return mean


def kept_points(x, gradient, lr, steps, t0):
    points = [x]
    for t in range(1, steps + 1):
        points.append(points[-1] - lr * gradient(points[-1], t))
    return statistics.mean(points[t0 + 1 :])


def running(x, gradient, lr, steps, t0):
    a = x
    for t in range(1, steps + 1):
        x -= lr * gradient(x, t)
        mu = 1 / max(1, t - t0)
        a = (1 - mu) * a + mu * x
    return a


def numpy_points(x, gradient, lr, steps, t0):
    points = np.empty(steps)
    for i in range(steps):
        x = points[i] = x - lr * gradient(x, i + 1)
    return points[t0:].mean()


def with_asgd(x, gradient, lr, steps, t0):
    s = State()
    for t in range(1, steps + 1):
        x, s = rules.asgd(x, gradient(x, t), s, t, lr=lr, lambd=0, t0=t0 - 1)
    return s.ax


def tensors(x, gradient, lr, steps, t0):
    x, points, t = torch.tensor([x], dtype=torch.float64), [], 0
    while t < steps:
        t += 1
        x = x.sub(gradient(x, t), alpha=lr)
        points.append(x)
    return torch.cat(points)[t0 - steps :].mean()


def slow_as_state(x, g, s, t, lr, k, alpha):
    slow = x if s == State() else s
    fast = x - lr * g
    if t % k:
        return fast, slow
    slow = (1 - alpha) * slow + alpha * fast
    return slow, slow


def numpy_lookahead(x, g, s, t, lr, k, alpha):
    slow = x.numpy().copy() if t == 1 else s["slow"]
    x = x.numpy() - lr * g.numpy()
    if t // k * k == t:
        slow += alpha * (x - slow)
        x = slow.copy()
    return x, {"slow": slow}


def own_counter(x, g, s, t, lr, k, alpha):
    phi, count = (x.clone(), 0) if t == 1 else s
    fast = torch.sub(x, g, alpha=lr)
    count += 1
    if count == k:
        fast = torch.lerp(phi, fast, alpha)
        phi, count = fast, 0
    return fast, (phi, count)


def with_a_wrapped(x, g, s, t, lr, k, alpha):
    if t == 1:
        s.p = torch.nn.Parameter(x.clone())
        s.optimizer = optimizers.Lookahead(torch.optim.SGD([s.p], lr=lr), k=k, alpha=alpha)
    s.p.grad = g.clone()
    s.optimizer.step()
    return s.p.detach().clone(), s


def displacement(x, g, s, t, lr, k, alpha):
    walked = s.walked - lr * g
    if t % k == 0:
        return x - lr * g - (1 - alpha) * walked, State()
    return x - lr * g, State(walked=walked)


def float32(x, g, s, t, lr, k, alpha):
    phi = x.float() if t == 1 else s.phi
    x = x.float() - lr * g.float()
    phi = phi + alpha * (x - phi) if t % k == 0 else phi
    return (phi if t % k == 0 else x).double(), State(phi=phi)


def three_points(x, gradient, s, t, lr, beta):
    z = s.z if t > 1 else x.clone()
    y = torch.lerp(z, x, beta)
    z = z.sub(gradient(y), alpha=lr)
    return x + (z - x) / t, State(z=z)


def numpy_free(x, gradient, s, t, lr, beta):
    x = x.numpy()
    z = x if t == 1 else s
    y = z + beta * (x - z)
    z = z - lr * gradient(torch.as_tensor(y)).numpy()
    return ((t - 1) * x + z) / t, z


def from_a_sum(x, gradient, s, t, lr, beta):
    z = x if t == 1 else s.z
    z = z - lr * gradient(z - beta * (z - x))
    total = s.total + z
    return total / t, State(z=z, total=total)


def with_the_rule(x, gradient, s, t, lr, beta):
    y = x if t == 1 else s.y
    y, s = rules.schedule_free(y, gradient(y), s, t, lr=lr, beta=beta)
    s.y = y
    return s.a, s


def shifted(x, gradient, s, t, lr, beta):
    """It keeps z - x."""
    d = s.d - lr * gradient(x + (1 - beta) * s.d)
    return x + d / t, State(d=d - d / t)


class Free:
    def __call__(self, x, gradient, s, t, lr, beta):
        z = getattr(s, "z", x) if t > 1 else x
        c = 1 / t
        new_z = z - lr * gradient(beta * x + (1 - beta) * z)
        return c * new_z + x - c * x, State(z=new_z)


def wrapped(params, lr, k, alpha):
    return optimizers.Lookahead(torch.optim.SGD(params, lr=lr), k=k, alpha=alpha)


class Inherits(torch.optim.SGD):
    def __init__(self, params, lr, k, alpha):
        super().__init__(params, lr=lr)
        self.k, self.alpha, self.count = k, alpha, 0

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if "slow" not in self.state[p]:
                    self.state[p]["slow"] = p.detach().clone()
        loss = super().step(closure)
        self.count = (self.count + 1) % self.k
        if self.count == 0:
            for p, state in self.state.items():
                state["slow"].lerp_(p.detach(), self.alpha)
                p.data.copy_(state["slow"])
        return loss


class ClockPerParameter(torch.optim.Optimizer):
    def __init__(self, params, lr, k, alpha):
        super().__init__(params, {"lr": lr, "k": k, "alpha": alpha})

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                lr, k, alpha = (group[name] for name in ("lr", "k", "alpha"))
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state[p]
                    if not state:
                        state["phi"], state["t"] = p.detach().clone(), 0
                    state["t"] += 1
                    p -= lr * p.grad
                    if state["t"] % k == 0:
                        state["phi"] = (1 - alpha) * state["phi"] + alpha * p
                        p.copy_(state["phi"])
        return loss


class WithTheRule(torch.optim.Optimizer):
    def __init__(self, params, lr, k, alpha):
        super().__init__(params, {"lr": lr, "k": k, "alpha": alpha})

    def step(self, closure=None):
        loss = closure() if closure else None
        for group in self.param_groups:
            hyper = {name: group[name] for name in ("lr", "k", "alpha")}
            for p in (p for p in group["params"] if p.grad is not None):
                kept = self.state[p]
                kept["t"] = kept.get("t", 0) + 1
                p.data, kept["s"] = rules.lookahead(rules.sgd)(
                    p.detach(), p.grad, kept.get("s", State()), kept["t"], **hyper
                )
        return loss


class InLists(torch.optim.Optimizer):
    def __init__(self, params, lr, k, alpha):
        super().__init__(params, {"lr": lr})
        self.k, self.alpha, self.t = k, alpha, 0
        self.phi = {p: p.data.clone() for group in self.param_groups for p in group["params"]}

    def step(self, closure=None):
        loss = None if closure is None else closure()
        self.t += 1
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    fast = p.data - group["lr"] * p.grad
                    if not self.t % self.k:
                        fast = self.phi[p] = self.phi[p] + self.alpha * (fast - self.phi[p])
                    p.data = fast.clone()
        return loss


RIGHT = {
    "running_mean": [two_weights, from_the_sum, two_cases, as_array, with_lerp, in_double],
    "averaged_sgd": [kept_points, running, numpy_points, with_asgd, tensors],
    "lookahead": [
        slow_as_state,
        numpy_lookahead,
        own_counter,
        with_a_wrapped,
        displacement,
        float32,
        rules.lookahead(rules.sgd),
    ],
    "schedule_free": [three_points, numpy_free, from_a_sum, with_the_rule, shifted, Free()],
    "lookahead_sgd": [wrapped, Inherits, ClockPerParameter, WithTheRule, InLists],
}
