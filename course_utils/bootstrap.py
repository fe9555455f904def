"""Intervals for means and for differences of means, from a handful of runs, by resampling the runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def intervals(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 4000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Low and high ends (P,) of intervals around the means of the columns of ``values`` (n, P), which hold *together*.

    The bootstrap-t: draw n rows with replacement, see by how many standard errors each column's mean is off the mean
    of all n, keep the largest over the columns, and repeat. In the part ``level`` of the resamples it stays below some
    number c; each interval is the mean ± c standard errors. Its length so allows both for the few rows and for the many
    columns. (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, section 12.5; Romano and Wolf,
    *Econometrica* 73, 2005, for the largest over columns.)

    Raises ValueError for fewer than three rows.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n < 3:
        raise ValueError(f"values must have three rows (runs) or more, got {n}.")
    drawn = x[np.random.default_rng(seed).integers(n, size=(resamples, n))]
    mean, error = x.mean(axis=0), x.std(axis=0, ddof=1) / np.sqrt(n)
    off, errors = np.abs(drawn.mean(axis=1) - mean), drawn.std(axis=1, ddof=1) / np.sqrt(n)
    # A column without spread is off by nothing; a resample without spread, of a column with some, tells nothing.
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(off <= 1e-12 * (1 + np.abs(mean)), 0.0, off / errors)
    c = np.quantile(t.max(axis=1), level, method="higher")
    reach = np.where(error > 0, c * error, 0.0)
    return mean - reach, mean + reach


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
