"""Right answers to the exercises of lecture 5, each written in another way than the course's own."""

import math
from collections import defaultdict
from functools import partial

from course_utils import rules
from course_utils.optimizers import RuleOptimizer
from course_utils.rules import State

import numpy as np
import torch
from right.lecture04 import by_torch

# The correction of the start


def bias_sum_of_weights(m, beta, t):
    return m / sum((1 - beta) * beta**k for k in range(t))


def bias_in_place(m, beta, t):
    return m.clone().div_(1 - beta**t)


def bias_logarithm(m, beta, t):
    return -m / math.expm1(t * math.log(beta))


def bias_numpy(m, beta, t):
    return np.divide(m.numpy(), 1 - np.power(beta, t))


def bias_loop(m, beta, t):
    left = 1.0
    for _ in range(t):
        left *= beta
    return m * (1 / (1 - left))


def bias_taken_off(m, beta, t):
    return m + m * beta**t / (1 - beta**t)


# Adam


def adam_in_place(x, g, s, t, lr, beta1, beta2, eps):
    m, v = (torch.zeros_like(x), torch.zeros_like(x)) if t == 1 else (s.m, s.v)
    m.mul_(beta1).add_(g, alpha=1 - beta1)
    v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
    root = (v / (1 - beta2**t)).sqrt_().add_(eps)
    return torch.addcdiv(x, m, root, value=-lr / (1 - beta1**t)), State(m=m, v=v)


def adam_numpy(x, g, s, t, lr, beta1, beta2, eps):
    x, g = x.numpy(), g.numpy()
    m, v = s if t > 1 else (np.zeros_like(x), np.zeros_like(x))
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return x - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), (m, v)


def adam_paper(x, g, s, t, lr, beta1, beta2, eps):
    """The paper's faster form, with the ε that belongs to it."""
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g * g
    c = math.sqrt(1 - beta2**t)
    return x - lr * c / (1 - beta1**t) * m / (v.sqrt() + eps * c), State(m=m, v=v)


def adam_own_clock(x, g, s, t, lr, beta1, beta2, eps):
    clock = s.clock + 1
    m, v = s.m + (1 - beta1) * (g - s.m), s.v + (1 - beta2) * (g**2 - s.v)
    ratio = m / (1 - beta1**clock) / ((v / (1 - beta2**clock)) ** 0.5 + eps)
    return x - lr * ratio, State(m=m, v=v, clock=clock)


def adam_running_products(x, g, s, t, lr, beta1, beta2, eps):
    left1, left2 = (beta1 * s.left1, beta2 * s.left2) if t > 1 else (beta1, beta2)
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g.square()
    x = x - lr * m / (1 - left1) / (eps + torch.sqrt(v / (1 - left2)))
    return x, State(m=m, v=v, left1=left1, left2=left2)


def adam_sums(x, g, s, t, lr, beta1, beta2, eps):
    """Sums in the state, averages by what their weights add up to."""
    m, v = beta1 * s.m + g, beta2 * s.v + g * g
    w1, w2 = beta1 * s.w1 + 1, beta2 * s.w2 + 1
    return x - lr * (m / w1) / ((v / w2) ** 0.5 + eps), State(m=m, v=v, w1=w1, w2=w2)


def adam_rule(x, g, s, t, lr, beta1, beta2, eps):
    return rules.adam(x, g, s, t, lr, beta1, beta2, eps)


def with_betas(make, **more):
    """One of torch's optimizers, whose betas are a pair."""

    def made(ps, lr, beta1, beta2, eps, **hyper):
        return make(ps, lr=lr, betas=(beta1, beta2), eps=eps, **hyper, **more)

    return made


# AdamW


def adamw_shrink_first(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    x, s = adam_numpy((1 - lr * weight_decay) * x, g, s, t, lr, beta1, beta2, eps)
    return torch.from_numpy(x), s


def adamw_shrink_last(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    new, s = adam_paper(x, g, s, t, lr, beta1, beta2, eps)
    return new - lr * weight_decay * x, s


def adamw_in_place(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    new = x.clone().mul_(1 - lr * weight_decay)
    return adam_in_place(new, g, s, t, lr, beta1, beta2, eps)


def adamw_rule(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    return rules.adamw(x, g, s, t, lr, beta1, beta2, eps, weight_decay)


def adamw_by_step(x, g, s, t, lr, beta1, beta2, eps, weight_decay):
    there, s = adam_sums(torch.zeros_like(x), g, s, t, 1.0, beta1, beta2, eps)
    return x + lr * (there - weight_decay * x), s


# AMSGrad


def amsgrad_where(x, g, s, t, lr, beta1, beta2, eps):
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g * g
    largest = torch.where(v > s.largest, v, s.largest)
    return x - lr * m / (1 - beta1**t) / ((largest / (1 - beta2**t)) ** 0.5 + eps), State(m=m, v=v, largest=largest)


def amsgrad_numpy(x, g, s, t, lr, beta1, beta2, eps):
    x, g = x.numpy(), g.numpy()
    m, v, top = s if t > 1 else (0.0, 0.0, 0.0)
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    top = np.maximum(top, v)
    return x - lr * m / (1 - beta1**t) / (np.sqrt(top / (1 - beta2**t)) + eps), (m, v, top)


def amsgrad_root_kept(x, g, s, t, lr, beta1, beta2, eps):
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g * g
    root = torch.maximum(v.sqrt(), torch.as_tensor(s.root, dtype=x.dtype))
    c1, c2 = 1 - beta1**t, math.sqrt(1 - beta2**t)
    return x - lr * (m / c1) / (root / c2 + eps), State(m=m, v=v, root=root)


def amsgrad_history(x, g, s, t, lr, beta1, beta2, eps):
    m, v = beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g * g
    all_v = [*s.all_v, v] if t > 1 else [v]
    top = torch.stack(all_v).amax(dim=0)
    return x - lr * m / (1 - beta1**t) / ((top / (1 - beta2**t)).sqrt() + eps), State(m=m, v=v, all_v=all_v)


def amsgrad_rule(x, g, s, t, lr, beta1, beta2, eps):
    return rules.amsgrad(x, g, s, t, lr, beta1, beta2, eps)


# Adam as an optimizer


class Own(torch.optim.Optimizer):
    """Its clock is in the group, and its buffers are changed in place."""

    def __init__(self, params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps})

    def step(self, closure=None):
        loss = closure() if closure else None
        with torch.no_grad():
            for group in self.param_groups:
                group["t"] = group.get("t", 0) + 1
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    self.update(p, self.state[p], group)
        return loss

    def update(self, p, s, group):
        if not s:
            s.update(m=torch.zeros_like(p), v=torch.zeros_like(p))
        s["m"].mul_(group["beta1"]).add_(p.grad, alpha=1 - group["beta1"])
        s["v"].mul_(group["beta2"]).addcmul_(p.grad, p.grad, value=1 - group["beta2"])
        root = (s["v"] / (1 - group["beta2"] ** group["t"])).sqrt() + group["eps"]
        p.addcdiv_(s["m"], root, value=-group["lr"] / (1 - group["beta1"] ** group["t"]))


class OwnByData(Own):
    """Its clock is its own, and goes up once a step."""

    def __init__(self, params, **hyper):
        super().__init__(params, **hyper)
        self.t, self.kept = 0, defaultdict(State)

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        self.t += 1
        for group in self.param_groups:
            hyper = [group[name] for name in ("lr", "beta1", "beta2", "eps")]
            for p in group["params"]:
                if p.grad is not None:
                    p.data, self.kept[p] = adam_sums(p.data, p.grad.data, self.kept[p], self.t, *hyper)
        return loss


class ByRule(RuleOptimizer):
    rule = rules.adam


class OfTorch(torch.optim.Adam):
    def __init__(self, params, lr, beta1, beta2, eps):
        super().__init__(params, lr=lr, betas=(beta1, beta2), eps=eps)


RIGHT = {
    "bias_correction": [
        bias_sum_of_weights,
        bias_in_place,
        bias_logarithm,
        bias_numpy,
        bias_loop,
        bias_taken_off,
    ],
    "adam": [
        adam_in_place,
        adam_numpy,
        adam_paper,
        adam_own_clock,
        adam_running_products,
        adam_sums,
        adam_rule,
        by_torch(with_betas(torch.optim.Adam)),
    ],
    "adamw": [
        adamw_shrink_first,
        adamw_shrink_last,
        adamw_in_place,
        adamw_by_step,
        adamw_rule,
        by_torch(with_betas(torch.optim.AdamW)),
    ],
    "amsgrad": [
        amsgrad_where,
        amsgrad_numpy,
        amsgrad_root_kept,
        amsgrad_history,
        amsgrad_rule,
        by_torch(with_betas(torch.optim.Adam, amsgrad=True)),
    ],
    "own_adam": [
        Own,
        OwnByData,
        OfTorch,
        with_betas(ByRule),
        with_betas(partial(torch.optim.Adam, foreach=True)),
        with_betas(torch.optim.AdamW, weight_decay=0.0),
    ],
}
