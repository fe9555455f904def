"""Right answers to the exercises of lecture 4, each written in another way than the course's own."""

import math

from course_utils import rules
from course_utils.rules import State

import numpy as np
import torch


def by_torch(make):
    """One of torch's optimizers as a rule."""

    def rule(x, g, s, t, **hyper):
        if t == 1:
            s.p = torch.nn.Parameter(x.clone())
            s.optimizer = make([s.p], **hyper)
        s.p.grad = g.clone()
        s.optimizer.step()
        return s.p.detach().clone(), s

    return rule


# How much a gradient counts, by its age


def weight_difference(age, rho):
    return rho**age - rho ** (age + 1)


def weight_loop(age, rho):
    weight = 1 - rho
    for _ in range(age):
        weight *= rho
    return weight


def weight_recursive(age, rho):
    return rho * weight_recursive(age - 1, rho) if age else 1 - rho


def weight_by_the_average(age, rho):
    v = 0.0
    for k in range(age + 1):
        v = rho * v + (1 - rho) * (k == 0)
    return v


def weight_numpy(age, rho):
    return np.multiply(1 - rho, np.power(rho, age))


def weight_logarithm(age, rho):
    return torch.tensor((1 - rho) * math.exp(age * math.log(rho)))


# Adagrad


def adagrad_in_place(x, g, s, t, lr, eps):
    r = torch.zeros_like(x) if t == 1 else s.r
    r.addcmul_(g, g)
    return torch.addcdiv(x, g, r.sqrt().add_(eps), value=-lr), State(r=r)


def adagrad_numpy(x, g, s, t, lr, eps):
    r = (s["r"] if t > 1 else 0) + np.square(g.numpy())
    return x.numpy() - lr * g.numpy() / (np.sqrt(r) + eps), {"r": r}


def adagrad_history(x, g, s, t, lr, eps):
    past = [*s, g] if t > 1 else [g]
    return x - lr / (torch.stack(past).norm(dim=0) + eps) * g, past


def adagrad_root_kept(x, g, s, t, lr, eps):
    root = torch.hypot(torch.as_tensor(s.root, dtype=g.dtype).expand_as(g), g)
    return x - lr * g / (root + eps), State(root=root)


def adagrad_rule(x, g, s, t, lr, eps):
    return rules.adagrad(x, g, s, t, lr, eps=eps)


# RMSProp


def rmsprop_in_place(x, g, s, t, lr, rho, eps):
    v = torch.zeros_like(x) if t == 1 else s.v
    v.mul_(rho).addcmul_(g, g, value=1 - rho)
    return torch.addcdiv(x, g, v.sqrt().add_(eps), value=-lr), State(v=v)


def rmsprop_numpy(x, g, s, t, lr, rho, eps):
    g = g.numpy()
    v = g**2 * (1 - rho) + rho * (s if t > 1 else np.zeros(g.shape))
    return x.numpy() - g * lr / (eps + v**0.5), v


def rmsprop_towards(x, g, s, t, lr, rho, eps):
    v = s.v + (1 - rho) * (g.square() - s.v)
    return x - g.div(v.pow(0.5) + eps).mul(lr), State(v=v)


def rmsprop_lerp(x, g, s, t, lr, rho, eps):
    old = torch.zeros_like(g) if t == 1 else s.v
    v = torch.lerp(g * g, old, rho)
    return x - lr * g / (torch.sqrt(v) + eps), State(v=v)


def rmsprop_float32(x, g, s, t, lr, rho, eps):
    g = g.float()
    v = rho * s.v + (1 - rho) * g * g
    return x - lr * g / (v.sqrt() + eps), State(v=v)


def rmsprop_by_sign(x, g, s, t, lr, rho, eps):
    v = rho * s.v + (1 - rho) * g.abs() ** 2
    return x - lr * g.sign() / (v.sqrt() / g.abs() + eps / g.abs()), State(v=v)


# Adadelta


def adadelta_in_place(x, g, s, t, lr, rho, eps):
    v, u = (torch.zeros_like(x), torch.zeros_like(x)) if t == 1 else (s.v, s.u)
    v.mul_(rho).addcmul_(g, g, value=1 - rho)
    d = (u + eps).sqrt_().div_((v + eps).sqrt_()).mul_(g)
    u.mul_(rho).addcmul_(d, d, value=1 - rho)
    return x.sub(d, alpha=lr), State(v=v, u=u)


def adadelta_numpy(x, g, s, t, lr, rho, eps):
    x, g = x.numpy(), g.numpy()
    v, u = s if t > 1 else (0, 0)
    v = rho * v + (1 - rho) * g**2
    step = -np.sqrt(u + eps) / np.sqrt(v + eps) * g
    return x + lr * step, (v, rho * u + (1 - rho) * step**2)


def adadelta_one_root(x, g, s, t, lr, rho, eps):
    v = s.v * rho + g * g * (1 - rho)
    d = g * ((s.u + eps) / (v + eps)) ** 0.5
    return x - lr * d, State(v=v, u=s.u * rho + d * d * (1 - rho))


def adadelta_rms(x, g, s, t, lr, rho, eps):
    def rms(mean):
        return (mean + eps) ** 0.5

    def average(old, new):
        return rho * old + (1 - rho) * new**2

    grads = average(s.grads, g)
    step = rms(s.steps) / rms(grads) * g
    return x - lr * step, State(grads=grads, steps=average(s.steps, step))


def adadelta_rule(x, g, s, t, lr, rho, eps):
    return rules.adadelta(x, g, s, t, lr, rho, eps)


# RMSProp with Nesterov's momentum


def rn_plainly(x, gradient, s, t, lr, rho, momentum, delta):
    v, r = (s.v, s.r) if t > 1 else (torch.zeros_like(x), torch.zeros_like(x))
    ahead = x + momentum * v
    g = gradient(ahead)
    r = rho * r + (1 - rho) * torch.square(g)
    v = momentum * v - lr / torch.sqrt(r + delta) * g
    return x + v, State(r=r, v=v)


def rn_in_place(x, gradient, s, t, lr, rho, momentum, delta):
    v, r = (torch.zeros_like(x), torch.zeros_like(x)) if t == 1 else (s.v, s.r)
    g = gradient(v.mul_(momentum).add(x))
    r.mul_(rho).addcmul_(g, g, value=1 - rho)
    v.addcdiv_(g, (r + delta).sqrt_(), value=-lr)
    return x + v, State(r=r, v=v)


def rn_downhill(x, gradient, s, t, lr, rho, momentum, delta):
    g = gradient(x - lr * momentum * s.u)
    r = rho * s.r + (1 - rho) * g**2
    u = momentum * s.u + g * (r + delta) ** -0.5
    return x - lr * u, State(r=r, u=u)


def rn_from_ahead(x, gradient, s, t, lr, rho, momentum, delta):
    ahead = x + momentum * s.v
    g = gradient(ahead)
    r = rho * s.r + (1 - rho) * g * g
    scaled = lr * g / (r + delta).sqrt()
    return ahead - scaled, State(r=r, v=momentum * s.v - scaled)


def rn_shifted(x, gradient, s, t, lr, rho, momentum, delta):
    ahead = x if t == 1 else s.ahead
    ahead, state = rules.rmsprop_nesterov(ahead, gradient(ahead), s, t, lr, rho, momentum, delta)
    return ahead - momentum * state.v, State(r=state.r, v=state.v, ahead=ahead)


def rn_numpy(x, gradient, s, t, lr, rho, momentum, delta):
    r, v = s if t > 1 else (0.0, np.zeros(x.shape))
    g = gradient(x + torch.from_numpy(momentum * v)).numpy()
    r = rho * r + (1 - rho) * g**2
    v = momentum * v - lr * g / np.sqrt(r + delta)
    return x.numpy() + v, (r, v)


RIGHT = {
    "weight_of_age": [
        weight_difference,
        weight_loop,
        weight_recursive,
        weight_by_the_average,
        weight_numpy,
        weight_logarithm,
    ],
    "adagrad": [
        adagrad_in_place,
        adagrad_numpy,
        adagrad_history,
        adagrad_root_kept,
        adagrad_rule,
        by_torch(torch.optim.Adagrad),
    ],
    "rmsprop": [
        rmsprop_in_place,
        rmsprop_numpy,
        rmsprop_towards,
        rmsprop_lerp,
        rmsprop_float32,
        rmsprop_by_sign,
        by_torch(lambda ps, lr, rho, eps: torch.optim.RMSprop(ps, lr=lr, alpha=rho, eps=eps)),
    ],
    "adadelta": [
        adadelta_in_place,
        adadelta_numpy,
        adadelta_one_root,
        adadelta_rms,
        adadelta_rule,
        by_torch(torch.optim.Adadelta),
    ],
    "rmsprop_nesterov": [rn_plainly, rn_in_place, rn_downhill, rn_from_ahead, rn_shifted, rn_numpy],
}
