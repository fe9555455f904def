"""Right answers to the exercises of lecture 1, each written in another way than the course's own."""

from course_utils import gradients, rules
from course_utils.rules import State

import numpy as np
import torch


def in_place_on_a_copy(x, g, s, t, lr):
    new = x.clone()
    new -= lr * g
    return new, s


def with_add(x, g, s, t, lr):
    return torch.add(x, g, alpha=-lr), State()


def with_numpy(x, g, s, t, lr):
    return x.numpy() - lr * g.numpy(), None


def with_torch(x, g, s, t, lr):
    p = torch.nn.Parameter(x.clone())
    p.grad = g.clone()
    torch.optim.SGD([p], lr=lr).step()
    return p, {}


def number_by_number(x, g, s, t, lr):
    pairs = zip(x.flatten().tolist(), g.flatten().tolist(), strict=True)
    return torch.tensor([a - lr * b for a, b in pairs]).reshape(x.shape), s


def as_one_product(x, g, s, t, lr):
    return torch.stack([x, g], dim=-1) @ torch.tensor([1.0, -lr], dtype=x.dtype), s


def by_formula(curvatures):
    low, high = torch.aminmax(curvatures)
    return 2.0 / (low + high)


def in_plain_python(curvatures):
    values = curvatures.tolist()
    return 2 / (min(values) + max(values))


def by_sorting(curvatures):
    ordered = curvatures.sort().values
    return (2 / (ordered[0] + ordered[-1])).item()


def by_the_mean_of_the_extremes(curvatures):
    return 1 / np.mean([curvatures.numpy().min(), curvatures.numpy().max()])


def by_the_condition_number(curvatures):
    kappa = curvatures.max() / curvatures.min()
    return 2 / curvatures.max() * kappa / (kappa + 1)


def by_units(f, x, h):
    return torch.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in torch.eye(len(x), dtype=x.dtype)])


def as_a_list(f, x, h):
    slopes = []
    for i in range(len(x)):
        ahead, behind = x.clone(), x.clone()
        ahead[i] += h
        behind[i] -= h
        slopes.append((f(ahead).item() - f(behind).item()) / 2 / h)
    return slopes


def all_points_at_once(f, x, h):
    e = h * torch.eye(len(x), dtype=x.dtype)
    return 0.5 * (f(x + e) - f(x - e)) / h


def mean_of_both_sides(f, x, h):
    e = torch.diag(torch.full_like(x, h))
    forward, backward = (f(x + e) - f(x)) / h, (f(x) - f(x - e)) / h
    return (forward + backward) / 2


def put_back(f, x, h):
    slopes = np.zeros(len(x))
    for i, was in enumerate(x.tolist()):
        x[i] = was + h
        slopes[i] = f(x)
        x[i] = was - h
        slopes[i] -= f(x)
        x[i] = was
    return slopes / (2 * h)


def filled(gradient, start, lr, steps):
    points = torch.empty(steps + 1, len(start), dtype=start.dtype)
    points[0] = start
    for t in range(steps):
        points[t + 1] = points[t] - lr * gradient(points[t])
    return points


def in_place_with_clones(gradient, start, lr, steps):
    x = start.clone()
    points = [x.clone()]
    for _ in range(1, steps + 1):
        x -= lr * gradient(x)
        points.append(x.clone())
    return torch.stack(points)


def recursive(gradient, start, lr, steps):
    if steps == 0:
        return start[None]
    rest = recursive(gradient, start - lr * gradient(start), lr, steps - 1)
    return torch.cat([start[None], rest])


def by_the_rule(gradient, start, lr, steps):
    x, points = start, [start]
    for t in range(1, steps + 1):
        x, _ = rules.sgd(x, gradient(x), State(), t, lr=lr)
        points += [x]
    return points


def rows_of_numpy(gradient, start, lr, steps):
    rows, x = [start.numpy()], start
    while len(rows) <= steps:
        x = x - lr * gradient(x)
        rows.append(x.numpy())
    return np.array(rows)


def with_an_optimizer(gradient, start, lr, steps):
    p = torch.nn.Parameter(start.clone())
    optimizer, points = torch.optim.SGD([p], lr=lr), [start]
    for _ in range(steps):
        p.grad = gradient(p.detach())
        optimizer.step()
        points.append(p.detach().clone())
    return torch.stack(points)


RIGHT = {
    "sgd": [rules.sgd, in_place_on_a_copy, with_add, with_numpy, with_torch, number_by_number, as_one_product],
    "best_lr": [by_formula, in_plain_python, by_sorting, by_the_mean_of_the_extremes, by_the_condition_number],
    "central_difference": [
        gradients.central_difference,
        by_units,
        as_a_list,
        all_points_at_once,
        mean_of_both_sides,
        put_back,
    ],
    "descent": [filled, in_place_with_clones, recursive, by_the_rule, rows_of_numpy, with_an_optimizer],
}
