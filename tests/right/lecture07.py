"""Right answers to the exercises of lecture 7, each written in another way than the course's own."""

from course_utils import rules
from course_utils.rules import State

import numpy as np
import torch


def through_the_size(x, g, s, t, lr):
    return x - lr * g / g.abs().clamp_min(1e-300), s


def by_cases(x, g, s, t, lr):
    return torch.where(g > 0, x - lr, torch.where(g < 0, x + lr, x)), s


def with_numpy(x, g, s, t, lr):
    return x.numpy() - lr * np.sign(g.numpy()), None


def lion_without_memory(x, g, s, t, lr):
    return rules.lion(x, g, s, t, lr=lr, beta1=0.0)


def number_by_number(x, g, s, t, lr):
    new = x.clone()
    for i, slope in enumerate(g.reshape(-1).tolist()):
        new.view(-1)[i] -= lr * ((slope > 0) - (slope < 0))
    return new, s


def in_place(x, g, s, t, lr):
    return x.clone().add_(g.sign(), alpha=-lr), s


def lion_in_place(x, g, s, t, lr, beta1, beta2, weight_decay):
    m = torch.zeros_like(x) if t == 1 else s["m"]
    update = m.mul(beta1).add(g, alpha=1 - beta1).sign_()
    x = x.mul(1 - lr * weight_decay).add_(update, alpha=-lr)
    m.lerp_(g, 1 - beta2)
    return x, {"m": m}


def lion_numpy(x, g, s, t, lr, beta1, beta2, weight_decay):
    x, g = x.numpy(), g.numpy()
    m = s if t > 1 else np.zeros_like(x)
    return x - lr * np.sign(m * beta1 + g * (1 - beta1)) - lr * weight_decay * x, beta2 * m + (1 - beta2) * g


def lion_of_a_sum(x, g, s, t, lr, beta1, beta2, weight_decay):
    """Only the sign counts: the memory may be the sum, if it is mixed with its share."""
    u = torch.sign(beta1 * (1 - beta2) * s.total + (1 - beta1) * g)
    return (1 - lr * weight_decay) * x - lr * u, State(total=beta2 * s.total + g)


def lion_of_differences(x, g, s, t, lr, beta1, beta2, weight_decay):
    u = (s.m + (1 - beta1) * (g - s.m)).sign()
    return x - lr * (weight_decay * x + u), State(m=s.m + (1 - beta2) * (g - s.m))


def lion_of_all_gradients(x, g, s, t, lr, beta1, beta2, weight_decay):
    past = s if t > 1 else []
    m = sum((1 - beta2) * beta2 ** (len(past) - 1 - i) * old for i, old in enumerate(past))
    return x - lr * (torch.sign(beta1 * m + (1 - beta1) * g) + weight_decay * x), [*past, g]


def by_numpy(d):
    U, _, Vt = np.linalg.svd(d.numpy(), full_matrices=False)
    return U @ Vt


def polar(d):
    """d times the inverse root of the smaller of its two squares."""
    if d.shape[0] > d.shape[1]:
        return polar(d.T).T
    strengths, U = torch.linalg.eigh(d @ d.T)
    return U @ torch.diag(strengths**-0.5) @ U.T @ d


def full(d):
    U, S, Vt = torch.linalg.svd(d)
    return U[:, : len(S)] @ Vt[: len(S)]


def term_by_term(d):
    U, S, Vt = torch.linalg.svd(d, full_matrices=False)
    return sum(torch.outer(U[:, i], Vt[i]) for i in range(len(S)))


def divided(d):
    _, S, Vt = torch.linalg.svd(d, full_matrices=False)
    return d @ Vt.T @ torch.diag(1 / S) @ Vt


def old_svd(d):
    U, _, V = torch.svd(d)
    return U @ V.T


def many_rounds(d):
    X = d / d.norm()
    for _ in range(60):
        X = 1.5 * X - 0.5 * X @ X.T @ X
    return X


def by_definition(G, rounds, a, b, c):
    X = G / torch.sqrt((G**2).sum())
    for _ in range(rounds):
        X = a * X + b * X @ X.T @ X + c * X @ X.T @ X @ X.T @ X
    return X


def from_the_right(G, rounds, a, b, c):
    X = torch.div(G, torch.linalg.norm(G))
    while rounds:
        A = X.T @ X
        X, rounds = X @ (a * torch.eye(len(A), dtype=A.dtype) + b * A + c * A @ A), rounds - 1
    return X


def numpy_rounds(G, rounds, a, b, c):
    X = np.asarray(G) / np.linalg.norm(G)
    for _ in range(rounds):
        A = X @ X.T
        X = a * X + (b * A + c * np.linalg.matrix_power(A, 2)) @ X
    return X


def strength_by_strength(G, rounds, a, b, c):
    U, S, Vt = torch.linalg.svd(G / G.norm(), full_matrices=False)
    for _ in range(rounds):
        S = a * S + b * S**3 + c * S**5
    return U * S @ Vt


def recursive(G, rounds, a, b, c):
    def again(X, n):
        return X if n == 0 else again(torch.addmm(X, b * X @ X.T + c * (X @ X.T) @ (X @ X.T), X, beta=a), n - 1)

    return again(G / G.norm(), rounds)


def float32(G, rounds, a, b, c):
    return by_definition(G.float(), rounds, a, b, c)


def muon_in_place(x, g, s, t, lr, momentum, weight_decay):
    m = (torch.zeros_like(x) if t == 1 else s.m).lerp_(g, 1 - momentum)
    d = torch.lerp(g, m, momentum)
    rows, columns = x.shape
    return x.mul(1 - lr * weight_decay).sub_(full(d), alpha=lr * max(1, rows / columns) ** 0.5), State(m=m)


def muon_of_a_sum(x, g, s, t, lr, momentum, weight_decay):
    """The strengths are lost anyway: a sum will do."""
    m = momentum * s.m + g
    factor = (x.shape[0] / x.shape[1]) ** 0.5 if x.shape[0] > x.shape[1] else 1
    return x - lr * (factor * polar(g + momentum * m) + weight_decay * x), State(m=m)


def muon_numpy(x, g, s, t, lr, momentum, weight_decay):
    x, g = x.numpy(), g.numpy()
    m = momentum * (s if t > 1 else np.zeros_like(x)) + (1 - momentum) * g
    U, _, Vt = np.linalg.svd(momentum * m + (1 - momentum) * g, full_matrices=False)
    return x - lr * weight_decay * x - lr * np.sqrt(np.maximum(1, len(x) / len(x[0]))) * U @ Vt, m


def muon_term_by_term(x, g, s, t, lr, momentum, weight_decay):
    m = s.m + (1 - momentum) * (g - s.m)
    d = momentum**2 * s.m + (1 - momentum**2) * g
    size = max(x.shape[0], x.shape[1]) / x.shape[1]
    return x * (1 - lr * weight_decay) - lr * size**0.5 * term_by_term(d), State(m=m)


def muon_of_all_gradients(x, g, s, t, lr, momentum, weight_decay):
    gradients = [*s, g] if t > 1 else [g]
    m = sum(momentum ** (len(gradients) - 1 - i) * old for i, old in enumerate(gradients))
    o = by_numpy(g + momentum * m)
    return (1 - lr * weight_decay) * x - lr * max(1, x.shape[0] / x.shape[1]) ** 0.5 * torch.as_tensor(o), gradients


RIGHT = {
    "sign_sgd": [through_the_size, by_cases, with_numpy, lion_without_memory, number_by_number, in_place],
    "lion": [
        lion_in_place,
        lion_numpy,
        lion_of_a_sum,
        lion_of_differences,
        lion_of_all_gradients,
        rules.lion,
    ],
    "orthogonal": [by_numpy, polar, full, term_by_term, divided, old_svd],
    "newton_schulz": [by_definition, from_the_right, numpy_rounds, strength_by_strength, recursive, float32],
    "muon": [muon_in_place, muon_of_a_sum, muon_numpy, muon_term_by_term, muon_of_all_gradients],
}
