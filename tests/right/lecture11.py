"""Right answers to the exercises of lecture 11, each written in another way than the course's own."""

import copy

from course_utils import training
from course_utils.models import Normalise

import numpy as np
import torch
from torch.nn import functional as F
from torchvision.transforms import v2


def normalise_by_torchvision(x, mean, std):
    return v2.functional.normalize(x, mean.tolist(), std.tolist())


def normalise_by_the_network(x, mean, std):
    return Normalise(tuple(mean.tolist()), tuple(std.tolist())).double()(x)


def normalise_channels_last(x, mean, std):
    return ((x.movedim(1, -1) - mean) / std).movedim(-1, 1)


def normalise_in_numpy(x, mean, std):
    return (x.numpy() - mean.numpy().reshape(1, -1, 1, 1)) / std.numpy().reshape(1, -1, 1, 1)


def normalise_in_a_loop(x, mean, std):
    new = x.clone()
    for c in range(x.shape[1]):
        new[:, c] -= mean[c]
        new[:, c] /= std[c]
    return new


def normalise_as_a_line(x, mean, std):
    return torch.einsum("nchw,c->nchw", x, 1 / std) - (mean / std).view(-1, 1, 1)


def std_of_flat(x):
    flat = x.transpose(0, 1).flatten(1)
    return (flat - flat.mean(1, keepdim=True)).square().mean(1).sqrt()


def std_in_numpy(x):
    return x.numpy().std(axis=(0, 2, 3))


def std_by_parts(x):
    within, means = x.var((2, 3), correction=0), x.mean((2, 3))
    return (within.mean(0) + means.var(0, correction=0)).sqrt()


def std_by_squares(x):
    return (x.square().mean((0, 2, 3)) - x.mean((0, 2, 3)) ** 2) ** 0.5


def std_in_a_list(x):
    return [np.std(x[:, c].numpy()) for c in range(x.shape[1])]


def std_by_batch_norm(x):
    norm = torch.nn.BatchNorm2d(x.shape[1], momentum=1.0).double()
    norm(x)
    n = x[:, 0].numel()
    return (norm.running_var * (n - 1) / n).sqrt()


def flip_in_a_loop(x, flips):
    return torch.stack([p.flip(-1) if f else p for p, f in zip(x, flips, strict=True)])


def flip_by_index(x, flips):
    new = x.clone()
    new[flips] = x[flips].flip(3)
    return new


def flip_in_numpy(x, flips):
    return np.where(flips.numpy()[:, None, None, None], x.numpy()[..., ::-1], x.numpy())


def flip_by_weights(x, flips):
    f = flips.double().view(-1, 1, 1, 1)
    return f * torch.flip(x, dims=[-1]) + (1 - f) * x


def flip_by_gather(x, flips):
    columns = torch.arange(x.shape[-1]).expand(x.shape).clone()
    columns[flips] = x.shape[-1] - 1 - columns[flips]
    return x.gather(-1, columns)


def flip_by_torchvision(x, flips):
    flips = flips.tolist()
    return torch.cat([(v2.functional.hflip(x[i : i + 1]) if flips[i] else x[i : i + 1]) for i in range(len(x))])


def evaluate_ours(model, x, y, batch_size):
    return training.evaluate(model, x, y, batch_size)[1]


@torch.no_grad()
def evaluate_decorated(model, x, y, batch_size):
    mode = model.training
    try:
        model.eval()
        scores = torch.cat([model(x[i : i + batch_size]) for i in range(0, len(x), batch_size)])
    finally:
        model.train(mode)
    return (scores.argmax(1) == y).double().mean()


def evaluate_inference_mode(model, x, y, batch_size):
    was, right = model.training, torch.zeros(())
    model.eval()
    with torch.inference_mode():
        for part in torch.arange(len(y)).split(batch_size):
            right = right + (model(x[part]).max(dim=1).indices == y[part]).float().sum()
    if was:
        model.train()
    return (right / len(y)).item()


def evaluate_a_copy(model, x, y, batch_size):
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch_size)
    return sum((copied(a).argmax(1) == b).sum().item() for a, b in loader) / len(loader.dataset)


def evaluate_weighted(model, x, y, batch_size):
    with training.modes_kept(model), torch.no_grad():
        model.train(False)
        total = 0.0
        for i in range(-(-len(y) // batch_size)):
            a, b = (part[i * batch_size : (i + 1) * batch_size] for part in (x, y))
            total += np.mean(model(a).numpy().argmax(axis=-1) == b.numpy()) * len(b)
    return total / len(x)


def race_with_closures(make_model, optimizers, train, test, steps, seed):
    def run(kind, options):
        model = make_model(seed)
        optimizer = kind(list(model.parameters()), **options)

        def closure():
            optimizer.zero_grad(set_to_none=False)
            loss = F.cross_entropy(model(train[0]), train[1])
            loss.backward()
            return loss

        for _ in range(steps):
            optimizer.step(closure)
        return F.cross_entropy(model(test[0]), test[1])

    return torch.stack([run(*pair) for pair in optimizers])


def race_of_copies(make_model, optimizers, train, test, steps, seed):
    start, found = make_model(seed), []
    for kind, options in optimizers:
        model = copy.deepcopy(start)
        optimizer = kind(model.parameters(), **options)
        for _ in range(steps):
            loss = torch.nn.CrossEntropyLoss()(model(train[0]), train[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found.append(torch.nn.functional.nll_loss(model(test[0]).log_softmax(1), test[1]).item())
    return found


def race_with_one_model(make_model, optimizers, train, test, steps, seed):
    model = make_model(seed)
    start, found = copy.deepcopy(model.state_dict()), []
    for kind, options in optimizers:
        model.load_state_dict(start)
        found.append(trained(model, kind(model.parameters(), **options), train, test, steps))
    return tuple(found)


def trained(model, optimizer, train, test, steps):
    x, y = train
    while steps > 0:
        for p in model.parameters():
            p.grad = None
        (-model(x).log_softmax(1)[range(len(y)), y]).mean().backward()
        optimizer.step()
        steps -= 1
    with torch.no_grad():
        return float(F.cross_entropy(model(test[0]), test[1]))


def race_side_by_side(make_model, optimizers, train, test, steps, seed):
    models = [make_model(seed=seed) for _ in optimizers]
    pairs = [(m, kind(m.parameters(), **options)) for m, (kind, options) in zip(models, optimizers, strict=True)]
    for _ in range(steps):
        for model, optimizer in pairs:
            optimizer.zero_grad()
            F.cross_entropy(model(train[0]), train[1]).backward()
            optimizer.step()
    return np.array([F.cross_entropy(model(test[0]), test[1]).item() for model in models])


def race_by_grad(make_model, optimizers, train, test, steps, seed):
    losses = []
    for pair in optimizers:
        model = make_model(seed)
        ps = list(model.parameters())
        optimizer = pair[0](ps, **pair[1])
        for _ in range(steps):
            grads = torch.autograd.grad(F.cross_entropy(model(train[0]), train[1]), ps)
            for p, g in zip(ps, grads, strict=True):
                p.grad = g
            optimizer.step()
        losses += [F.cross_entropy(model(test[0]), test[1]).detach()]
    return losses


RIGHT = {
    "normalise": [
        normalise_by_torchvision,
        normalise_by_the_network,
        normalise_channels_last,
        normalise_in_numpy,
        normalise_in_a_loop,
        normalise_as_a_line,
    ],
    "channel_std": [std_of_flat, std_in_numpy, std_by_parts, std_by_squares, std_in_a_list, std_by_batch_norm],
    "random_flip": [
        flip_in_a_loop,
        flip_by_index,
        flip_in_numpy,
        flip_by_weights,
        flip_by_gather,
        flip_by_torchvision,
    ],
    "evaluate": [
        evaluate_ours,
        evaluate_decorated,
        evaluate_inference_mode,
        evaluate_a_copy,
        evaluate_weighted,
    ],
    "race": [race_with_closures, race_of_copies, race_with_one_model, race_side_by_side, race_by_grad],
}
