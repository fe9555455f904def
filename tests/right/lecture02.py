"""Right answers to the exercises of lecture 2, each written in another way than the course's own."""

import math

from course_utils import rules, schedules
from course_utils.rules import State

import numpy as np
import torch

# stairs


def by_the_course(t, lr, every, factor):
    return schedules.Step(lr, every=every, factor=factor)(t)


def by_torch(t, lr, every, factor):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=every, gamma=factor)
    for _ in range(t - 1):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]["lr"]


def by_a_loop(t, lr, every, factor):
    for k in range(1, t):
        if k % every == 0:
            lr *= factor
    return lr


def by_recursion(t, lr, every, factor):
    return lr if t <= every else by_recursion(t - every, lr * factor, every, factor)


def by_floor(t, lr, every, factor):
    return torch.tensor(lr) * factor ** math.floor((t - 1) / every)


def by_ceil(t, lr, every, factor):
    return lr * np.power(factor, math.ceil(t / every) - 1)


# the line


def one_formula(k, lr_0, lr_tau, tau):
    part = min(k / tau, 1)
    return (1 - part) * lr_0 + part * lr_tau


def a_slope(k, lr_0, lr_tau, tau):
    return lr_0 - min(k, tau) * (lr_0 - lr_tau) / tau


def from_below(k, lr_0, lr_tau, tau):
    return max(lr_tau, lr_tau + (1 - k / tau) * (lr_0 - lr_tau))


def interpolated(k, lr_0, lr_tau, tau):
    return np.interp(k, [0, tau], [lr_0, lr_tau])


def lerp(k, lr_0, lr_tau, tau):
    return torch.lerp(torch.tensor(lr_0), torch.tensor(lr_tau), min(1.0, k / tau))


def the_course_counts_from_1(k, lr_0, lr_tau, tau):
    return schedules.Linear(lr_0, steps=tau, final=lr_tau)(k + 1)


def torchs_line(k, lr_0, lr_tau, tau):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr_0)
    kind = torch.optim.lr_scheduler.LinearLR
    scheduler = kind(optimizer, start_factor=1.0, end_factor=lr_tau / lr_0, total_iters=tau)
    for _ in range(min(k, tau)):
        optimizer.step()
        scheduler.step()
    return optimizer.param_groups[0]["lr"]


# the wave


def the_courses_own(t, lr, up, steps):
    after = schedules.Cosine(lr, steps=steps - up)
    return schedules.Warmup(after, steps=up, start_factor=1 / (up + 1))(t)


def counted_from_0(t, lr, up, steps):
    k = t - 1
    if k < up:
        return lr * (k + 1) / (up + 1)
    return 0.5 * lr * (1 + np.cos(np.pi * (k - up) / (steps - up)))


def half_angle(t, lr, up, steps):
    return lr * min(t / (up + 1), math.cos(math.pi / 2 * max(t - 1 - up, 0) / (steps - up)) ** 2)


def with_tensors(t, lr, up, steps):
    t = torch.tensor(float(t))
    part = (t - 1 - up) / (steps - up)
    return torch.where(t > up, lr * (torch.cos(torch.pi * part) + 1) / 2, lr / (up + 1) * t)


def a_table(t, lr, up, steps):
    rise = np.linspace(0, lr, up + 2)[1:-1]
    fall = lr * (1 + np.cos(np.linspace(0, np.pi, steps - up + 1)[:-1])) / 2
    return np.concatenate([rise, fall])[t - 1]


def torchs_sequence(t, lr, up, steps):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / (up + 1), total_iters=up)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - up)
    both = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[up])
    for _ in range(t - 1):
        optimizer.step()
        both.step()
    return optimizer.param_groups[0]["lr"]


# the rule on the line


def two_cases(x, g, s, t, lr_0, lr_tau, tau):
    k = t - 1
    lr = lr_tau if k > tau else (1 - k / tau) * lr_0 + k / tau * lr_tau
    return torch.sub(x, g, alpha=lr), s


def its_own_clock(x, g, s, t, lr_0, lr_tau, tau):
    k = s.k if t > 1 else 0
    return x - np.interp(k, [0, tau], [lr_0, lr_tau]) * g, State(k=k + 1)


def lr_in_the_state(x, g, s, t, lr_0, lr_tau, tau):
    lr = lr_0 if t == 1 else max(lr_tau, s["lr"] - (lr_0 - lr_tau) / tau)
    return x - lr * g, {"lr": lr}


def by_a_schedule(x, g, s, t, lr_0, lr_tau, tau):
    return rules.sgd(x, g, s, t, lr=schedules.Linear(lr_0, steps=tau, final=lr_tau))


def numpy_in_place(x, g, s, t, lr_0, lr_tau, tau):
    new = x.numpy().copy()
    new -= linear(t - 1, lr_0, lr_tau, tau) * g.numpy()
    return new, None


def linear(k, lr_0, lr_tau, tau):
    return lr_0 + (lr_tau - lr_0) * min(k, tau) / tau


def with_torchs_scheduler(x, g, s, t, lr_0, lr_tau, tau):
    if t == 1:
        s.p = torch.nn.Parameter(x.clone())
        s.optimizer = torch.optim.SGD([s.p], lr=lr_0)
        s.scheduler = torch.optim.lr_scheduler.LinearLR(s.optimizer, 1.0, lr_tau / lr_0, total_iters=tau)
    s.p.grad = g.clone()
    s.optimizer.step()
    s.scheduler.step()
    return s.p.detach().clone(), s


RIGHT = {
    "step_decay": [by_the_course, by_torch, by_a_loop, by_recursion, by_floor, by_ceil],
    "linear_decay": [
        one_formula,
        a_slope,
        from_below,
        interpolated,
        lerp,
        the_course_counts_from_1,
        torchs_line,
    ],
    "warmup_cosine": [
        the_courses_own,
        counted_from_0,
        half_angle,
        with_tensors,
        a_table,
        torchs_sequence,
    ],
    "decayed_sgd": [
        two_cases,
        its_own_clock,
        lr_in_the_state,
        by_a_schedule,
        numpy_in_place,
        with_torchs_scheduler,
    ],
}
