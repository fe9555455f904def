"""Right answers to the exercises of lecture 8, each written in another way than the course's own."""

import math

import numpy as np
import torch
from torch.nn import functional as F


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope_by_autograd(z):
    z = z.clone().requires_grad_()
    torch.sigmoid(z).backward()
    return z.grad


def slope_in_python(z):
    return math.exp(-z) / (1 + math.exp(-z)) ** 2


def slope_in_numpy(z):
    h = sigmoid(z.numpy())
    return h - h**2


def slope_by_tanh(z):
    return (1 - torch.tanh(z / 2) ** 2) / 4


def slope_in_float32(z):
    h = z.float().sigmoid()
    return h * (1 - h)


def he_by_torch(n_in, n_out):
    return torch.nn.init.calculate_gain("relu") / n_in**0.5


def he_by_numpy(n_in, n_out):
    variance = 2 / n_in
    return np.sqrt(variance)


def he_by_halving(n_in, n_out):
    return 1 / math.sqrt(n_in / 2)


def he_by_tensor(n_in, n_out):
    return torch.tensor(2.0 / n_in).sqrt()


def he_from_torchs(n_in, n_out):
    return math.sqrt(6) * math.sqrt(1 / (3 * n_in))


def error_from_the_left(W, z, delta):
    return (delta @ W) * z.sigmoid() * z.neg().sigmoid()


def error_by_autograd(W, z, delta):
    z = z.clone().requires_grad_()
    (W @ torch.sigmoid(z)).backward(delta)
    return z.grad


def error_in_numpy(W, z, delta):
    h = sigmoid(z.numpy())
    return W.numpy().T.dot(delta.numpy()) * h * (1 - h)


def error_by_a_diagonal(W, z, delta):
    h = z.sigmoid()
    return torch.diag(h - h * h) @ W.T @ delta


def error_by_einsum(W, z, delta):
    return torch.einsum("ji,i,j->i", W, z.sigmoid() * (1 - z.sigmoid()), delta)


def error_in_loops(W, z, delta):
    rows, columns = W.shape
    back = [sum(W[j, i].item() * delta[j].item() for j in range(rows)) for i in range(columns)]
    return [math.exp(-a) / (1 + math.exp(-a)) ** 2 * b for a, b in zip(z.tolist(), back, strict=True)]


def around_by_the_jacobian(W, z, e):
    D = torch.diag(z.sigmoid() * (1 - z.sigmoid()))
    return (torch.eye(len(z), dtype=z.dtype) + D @ W).T @ e


def around_by_autograd(W, z, e):
    h = torch.zeros_like(z, requires_grad=True)
    (h + torch.sigmoid(W @ h + z)).backward(e)
    return h.grad


def around_in_numpy(W, z, e):
    h = sigmoid(z.numpy())
    back = (h * (1 - h) * e.numpy()) @ W.numpy()
    back += e.numpy()
    return back


def around_from_the_left(W, z, e):
    return (e * z.sigmoid() * (-z).sigmoid()) @ W + e


def around_by_einsum(W, z, e):
    h = z.sigmoid()
    return torch.einsum("ji,j,j->i", W, h - h**2, e).add_(e)


def norm_by_torch(z, gamma, beta, eps):
    return F.batch_norm(z, None, None, gamma, beta, training=True, eps=eps)


def norm_by_a_layer(z, gamma, beta, eps):
    layer = torch.nn.BatchNorm1d(z.shape[1], eps=eps).double()
    layer.load_state_dict({**layer.state_dict(), "weight": gamma, "bias": beta})
    return layer(z)


def norm_in_numpy(z, gamma, beta, eps):
    z = z.numpy()
    return (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + eps) * gamma.numpy() + beta.numpy()


def norm_by_var(z, gamma, beta, eps):
    variance, mean = torch.var_mean(z, dim=0, correction=0)
    return beta + gamma * (z - mean) * torch.rsqrt(variance + eps)


def norm_by_squares(z, gamma, beta, eps):
    mean = z.sum(0) / len(z)
    return torch.addcmul(beta, gamma / ((z * z).mean(0) - mean**2 + eps) ** 0.5, z - mean)


def norm_by_columns(z, gamma, beta, eps):
    columns = []
    for column, a, b in zip(z.T, gamma, beta, strict=True):
        centred = column - column.mean()
        columns.append(a * centred / (centred.square().mean() + eps).sqrt() + b)
    return torch.stack(columns, dim=1)


def first_by_autograd(weights, x, y):
    first = weights[0].clone().requires_grad_()
    h = first @ x
    for W in weights[1:]:
        h = W @ torch.sigmoid(h)
    F.cross_entropy(h, y).backward()
    return first.grad


def first_by_grad(weights, x, y):
    def loss(first):
        h = x
        for W in [first, *weights[1:]]:
            z = W @ h
            h = z.sigmoid()
        return -(y * z.log_softmax(0)).sum()

    return torch.func.grad(loss)(weights[0])


def first_in_numpy(weights, x, y):
    weights, x, y = [W.numpy() for W in weights], x.numpy(), y.numpy()
    hs = [x]
    for W in weights[:-1]:
        hs.append(sigmoid(W @ hs[-1]))
    p = np.exp(weights[-1] @ hs[-1])
    delta = p / p.sum() - y
    for i in range(len(weights) - 1, 0, -1):
        delta = (delta @ weights[i]) * hs[i] * (1 - hs[i])
    return np.outer(delta, x)


def first_by_recursion(weights, x, y):
    def back(h, rest):
        if len(rest) == 1:
            return rest[0].T @ ((rest[0] @ h).softmax(0) - y)
        after = (rest[0] @ h).sigmoid()
        return rest[0].T @ (after * (1 - after) * back(after, rest[1:]))

    h = (weights[0] @ x).sigmoid()
    return (h * (1 - h) * back(h, weights[1:]))[:, None] * x


def first_by_jacobians(weights, x, y):
    h, product = (weights[0] @ x).sigmoid(), None
    product = torch.diag(h * (1 - h))
    for W in weights[1:-1]:
        h = (W @ h).sigmoid()
        product = torch.diag(h * (1 - h)) @ W @ product
    p = (weights[-1] @ h).softmax(0)
    return torch.outer((p - y) @ weights[-1] @ product, x)


RIGHT = {
    "sigmoid_slope": [slope_by_autograd, slope_in_python, slope_in_numpy, slope_by_tanh, slope_in_float32],
    "he_std": [he_by_torch, he_by_numpy, he_by_halving, he_by_tensor, he_from_torchs],
    "error_of_a_layer": [
        error_from_the_left,
        error_by_autograd,
        error_in_numpy,
        error_by_a_diagonal,
        error_by_einsum,
        error_in_loops,
    ],
    "residual_error": [
        around_by_the_jacobian,
        around_by_autograd,
        around_in_numpy,
        around_from_the_left,
        around_by_einsum,
    ],
    "batch_norm": [norm_by_torch, norm_by_a_layer, norm_in_numpy, norm_by_var, norm_by_squares, norm_by_columns],
    "first_gradient": [first_by_autograd, first_by_grad, first_in_numpy, first_by_recursion, first_by_jacobians],
}
