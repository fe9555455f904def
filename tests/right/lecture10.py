"""Right answers to the exercises of lecture 10, each written in another way than the course's own."""

import itertools
import statistics

import numpy as np
import pandas as pd
import scipy.special
import scipy.stats
import torch


def choose_in_numpy(lrs, training, validation, test):
    means = np.nan_to_num(validation.numpy(), nan=0.0).mean(axis=1)
    best = int(np.argmax(means))
    return float(lrs[best]), float(test.numpy()[best].mean())


def choose_by_pandas(lrs, training, validation, test):
    means = pd.DataFrame(validation.numpy(), index=lrs.tolist()).fillna(0).mean(axis=1)
    return means.idxmax(), pd.DataFrame(test.numpy(), index=lrs.tolist()).loc[means.idxmax()].mean()


def choose_in_a_loop(lrs, training, validation, test):
    best, found = -1.0, None
    for lr, seen, unseen in zip(lrs.tolist(), validation.tolist(), test.tolist(), strict=True):
        mean = sum(0 if v != v else v for v in seen) / len(seen)
        if mean > best:
            best, found = mean, [lr, sum(unseen) / len(unseen)]
    return found


def choose_by_sorting(lrs, training, validation, test):
    whole = torch.where(validation.isnan(), 0, validation)
    order = whole.sum(1).argsort(descending=True)
    return torch.stack([lrs[order][0], test[order[0]].mean()])


def choose_by_max(lrs, training, validation, test):
    _, i = torch.max(torch.nansum(validation, dim=1) / validation.shape[1], dim=0)
    return torch.tensor([lrs[i].item(), test.mean(1)[i].item()])


def time_by_nonzero(accuracies, target, every):
    hits = (accuracies >= target).nonzero().flatten()
    return (hits[0] + 1) * every if len(hits) else -1


def time_by_argmax(accuracies, target, every):
    reached = accuracies.numpy() >= target
    return every * (np.argmax(reached) + 1) if reached.any() else -1


def time_by_next(accuracies, target, every):
    return next((step for step, a in zip(itertools.count(every, every), accuracies, strict=False) if a >= target), -1)


def time_by_while(accuracies, target, every):
    i = 0
    while i < len(accuracies):
        if not accuracies[i].item() < target:
            return float(every + i * every)
        i += 1
    return -1.0


def time_by_running_best(accuracies, target, every):
    below = int((accuracies.cummax(0).values < target).sum())
    return -1 if below == len(accuracies) else (below + 1) * every


def interval_in_numpy(a, b, c):
    d = a.numpy() - b.numpy()
    return d.mean() - c * d.std(ddof=1) / np.sqrt(len(d)), d.mean() + c * d.std(ddof=1) / np.sqrt(len(d))


def interval_by_scipy(a, b, c):
    d = a - b
    return torch.tensor([d.mean() - c * scipy.stats.sem(d.numpy()), d.mean() + c * scipy.stats.sem(d.numpy())])


def interval_by_statistics(a, b, c):
    d = [p - q for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    middle, half = statistics.fmean(d), c * statistics.stdev(d) / len(d) ** 0.5
    return [middle - half, middle + half]


def interval_by_covariance(a, b, c):
    table = torch.cov(torch.stack([a, b]))
    half = c * ((table[0, 0] + table[1, 1] - 2 * table[0, 1]) / len(a)).sqrt()
    return a.mean() - b.mean() - half, a.mean() - b.mean() + half


def interval_by_sums(a, b, c):
    d, n = a - b, len(a)
    variance = ((d**2).sum() - d.sum() ** 2 / n) / (n - 1)
    return d.mean() + torch.tensor([-c, c]) * (variance / n) ** 0.5


def allowance_by_isf(n, K, level):
    return scipy.stats.t.isf((1 - level) / (K * (K - 1)), n - 1)


def allowance_by_interval(n, K, level):
    pairs = len(list(itertools.combinations(range(K), 2)))
    return scipy.stats.t.interval(1 - (1 - level) / pairs, df=n - 1)[1]


def allowance_by_the_lower_end(n, K, level):
    return -scipy.stats.t.ppf((1 - level) / (2 * sum(range(K))), n - 1)


def allowance_by_special(n, K, level):
    return scipy.special.stdtrit(n - 1, 1 - (1 - level) / 2 / scipy.special.comb(K, 2))


def allowance_frozen(n, K, level):
    error = (1 - level) / (K * (K - 1) // 2)
    return torch.tensor(scipy.stats.t(df=n - 1).ppf(1 - error / 2))


def behind_in_numpy(runs, level):
    x = runs.numpy()
    n, K = x.shape
    d = x[:, [np.argmax(x.mean(axis=0))]] - x
    half = scipy.stats.t.ppf(1 - (1 - level) / K / (K - 1), n - 1) * scipy.stats.sem(d)
    return np.column_stack([d.mean(axis=0) - half, d.mean(axis=0) + half])


def behind_in_a_loop(runs, level):
    c = allowance_by_isf(*runs.shape, level)
    leader = max(range(runs.shape[1]), key=lambda k: runs[:, k].mean().item())
    return [interval_by_statistics(runs[:, leader], column, c) for column in runs.T]


def behind_by_pandas(runs, level):
    table = pd.DataFrame(runs.numpy())
    d = -table.sub(table[table.mean().idxmax()], axis=0)
    half = allowance_by_interval(*runs.shape, level) * d.sem()
    return pd.concat([d.mean() - half, d.mean() + half], axis=1)


def behind_from_the_pairs(runs, level):
    c, K = allowance_by_special(*runs.shape, level), runs.shape[1]
    middle = (runs[:, :, None] - runs[:, None, :]).mean(0)
    half = c * (runs[:, :, None] - runs[:, None, :]).std(0) / len(runs) ** 0.5
    leader = (middle >= 0).sum(1).argmax()
    assert middle.shape == (K, K)
    return torch.stack([middle - half, middle + half], dim=2)[leader]


def behind_by_covariance(runs, level):
    leader, cov = runs.sum(0).argmax(), torch.cov(runs.T)
    variance = cov.diag() + cov[leader, leader] - 2 * cov[leader]
    half = allowance_frozen(*runs.shape, level) * (variance.clamp(min=0) / len(runs)).sqrt()
    mean = runs.mean(0)
    return (mean[leader] - mean)[:, None] + half[:, None] * torch.tensor([-1.0, 1.0])


RIGHT = {
    "choose_lr": [choose_in_numpy, choose_by_pandas, choose_in_a_loop, choose_by_sorting, choose_by_max],
    "time_to_target": [time_by_nonzero, time_by_argmax, time_by_next, time_by_while, time_by_running_best],
    "paired_interval": [
        interval_in_numpy,
        interval_by_scipy,
        interval_by_statistics,
        interval_by_covariance,
        interval_by_sums,
    ],
    "allowance": [
        allowance_by_isf,
        allowance_by_interval,
        allowance_by_the_lower_end,
        allowance_by_special,
        allowance_frozen,
    ],
    "behind_the_leader": [
        behind_in_numpy,
        behind_in_a_loop,
        behind_by_pandas,
        behind_from_the_pairs,
        behind_by_covariance,
    ],
}
