"""The intervals: do they hold the truth as often as they say?"""

from course_utils.bootstrap import intervals, pairwise

import numpy as np
import pytest
from scipy.stats import t as student


def test_an_interval_is_around_the_mean_and_shrinks_like_one_over_root_n():
    rng = np.random.default_rng(0)
    widths = []
    for n in (20, 320):
        x = rng.normal(7, 2, size=(n, 1))
        low, high = intervals(x)
        assert low[0] + high[0] == pytest.approx(2 * x.mean())
        widths.append((high - low)[0])
    assert 3 < widths[0] / widths[1] < 6


def missed(n, columns, together, trials=400):
    """How often not all of the intervals of independent columns of mean 0 hold 0."""
    rng = np.random.default_rng(1)
    count = 0
    for trial in range(trials):
        x = rng.normal(size=(n, columns))
        parts = [x] if together else x.T[:, :, None]
        ends = [intervals(part, resamples=1000, seed=trial) for part in parts]
        count += any((low > 0).any() or (high < 0).any() for low, high in ends)
    return count / trials


def test_nineteen_of_twenty_intervals_hold_the_mean():
    assert 0.02 < missed(10, 1, together=True) < 0.08
    assert 0.02 < missed(20, 1, together=True) < 0.08


def test_many_intervals_hold_together_and_would_not_one_by_one():
    assert missed(20, 12, together=True) < 0.08
    assert missed(20, 12, together=False) > 0.25


def test_pairs_that_do_not_differ_are_seldom_told_apart():
    """What is common to a row, such as an easy seed, is not counted: differences are."""
    rng = np.random.default_rng(2)
    wrong = 0
    for trial in range(200):
        x = 5 * rng.normal(size=(20, 1)) + rng.normal(size=(20, 6))
        low, _ = pairwise(x, resamples=1000, seed=trial)
        wrong += (low > 0).any()
    assert wrong / 200 < 0.09


def test_a_difference_much_larger_than_the_noise_is_found():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(10, 3)) + np.array([0, 0, 4])
    low, high = pairwise(x)
    assert low[2, 0] > 0
    assert low[2, 1] > 0
    assert low[0, 1] < 0 < high[0, 1]
    assert np.allclose(low, -high.T)
    assert np.allclose(np.diag(low), 0)
    assert (low <= x.mean(axis=0)[:, None] - x.mean(axis=0)).all()


def test_the_level_is_obeyed_and_the_seed():
    x = np.random.default_rng(0).normal(size=(12, 1))
    narrow, wide = (np.ptp(intervals(x, level=level)) for level in (0.5, 0.99))
    assert wide > 2 * narrow
    assert intervals(x, seed=5)[0] == intervals(x, seed=5)[0] != intervals(x, seed=6)[0]


def test_equal_values_have_an_interval_of_no_width():
    x = np.column_stack([np.full(5, 3.0), np.arange(5.0)])
    low, high = intervals(x)
    assert low[0] == high[0] == 3
    assert low[1] < 2 < high[1]


def test_two_rows_are_too_few():
    with pytest.raises(ValueError, match=r"values must have three rows \(runs\) or more, got 2"):
        intervals([[1.0], [2.0]])


@pytest.mark.parametrize("n", [3, 5])
def test_few_rows_give_no_more_than_students_t(n):
    """Resamples of few rows often have no spread, and would say that anything is possible."""
    x = np.random.default_rng(4).normal(size=(n, 14))
    low, high = pairwise(x)
    error = (x[:, 0] - x[:, 1]).std(ddof=1) / np.sqrt(n)
    assert (high - low)[0, 1] / 2 / error <= student.ppf(1 - 0.05 / (2 * 91), n - 1) * (1 + 1e-9)


def test_a_column_of_equal_values_spoils_no_other():
    x = np.random.default_rng(5).normal(size=(20, 3))
    x[:18, 2] = 7
    alone, together = (intervals(x[:, :k])[1][0] - x[:, 0].mean() for k in (2, 3))
    assert together < 1.5 * alone


def test_nan_is_refused():
    with pytest.raises(ValueError, match="values must be numbers, one for each run and column, got NaN"):
        intervals([[1.0], [2.0], [np.nan]])
