"""Intervals for means and for differences of means, from a handful of runs, by resampling the runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student


def intervals(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 4000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Low and high ends (P,) of intervals around the means of the columns of ``values`` (n, P), which hold *together*.

    The symmetric bootstrap-t: draw n rows with replacement, see by how many standard errors each column's mean is off
    the mean of all n, keep the largest over the columns, and repeat. In the part ``level`` of the resamples it stays
    below some number c; each interval is the mean ± c standard errors. So it allows both for the few rows and for the
    many columns. (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 12.5; Romano and Wolf,
    *Econometrica* 73, 2005, for the largest over columns.) With few rows, resamples without spread make c far too
    large: it is never more than Student's t with Bonferroni's correction, which suffices for normal columns.

    They hold *approximately*, if the rows are like those that could have come: a catastrophe that strikes one run in
    twenty is not allowed for by ten runs that it has spared. Raises ValueError for fewer than three rows, and for NaN.
    """
    x = np.asarray(values, dtype=float)
    n, columns = x.shape
    if n < 3:
        raise ValueError(f"values must have three rows (runs) or more, got {n}.")
    if np.isnan(x).any():
        raise ValueError("values must be numbers, one for each run and column, got NaN.")
    drawn = x[np.random.default_rng(seed).integers(n, size=(resamples, n))]
    mean, error = x.mean(axis=0), x.std(axis=0, ddof=1) / np.sqrt(n)
    off, errors = np.abs(drawn.mean(axis=1) - mean), drawn.std(axis=1, ddof=1) / np.sqrt(n)
    tiny = 1e-9 * error  # what is left of 0 after rounding
    t = np.where(errors > tiny, off / np.maximum(errors, tiny + 1e-300), np.where(off > tiny, np.inf, 0.0))
    t[:, error <= 1e-12 * np.abs(mean)] = 0  # a column without spread is off by nothing
    c = min(np.quantile(t.max(axis=1), level, method="higher"), student.ppf(1 - (1 - level) / (2 * columns), n - 1))
    return mean - c * error, mean + c * error


def pairwise(values: ArrayLike, **settings: float) -> tuple[np.ndarray, np.ndarray]:
    """Low and high ends (K, K) of the differences, column i minus column j, of the means of ``values`` (n, K).

    All K (K - 1) / 2 intervals hold together. The rows are pairs: the same seed for each column.
    """
    x = np.asarray(values, dtype=float)
    i, j = np.triu_indices(x.shape[1], k=1)
    low, high = np.zeros((2, x.shape[1], x.shape[1]))
    low[i, j], high[i, j] = intervals(x[:, i] - x[:, j], **settings)
    low[j, i], high[j, i] = -high[i, j], -low[i, j]
    return low, high
