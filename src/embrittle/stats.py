"""Confidence intervals and t tests over seeds, paired tests over users, and corrections for multiple testing."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special, stats

LEVEL = 0.95  # of confidence intervals


def half_width(
    standard_error: float | np.ndarray | pd.Series, n: int | np.ndarray | pd.Series
) -> float | np.ndarray | pd.Series:
    """Return half the width of the 95 % t interval of a mean.

    Args:
        standard_error: of the mean.
        n: number of values, at least 2.
    """
    return standard_error * special.stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % t interval of a mean over seeds; (NaN, NaN) if a value is NaN or there are fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or np.isnan(values).any():
        return np.nan, np.nan
    half = half_width(stats.sem(values), len(values))
    return float(values.mean() - half), float(values.mean() + half)


def ratio_interval(
    numerators: Sequence[float], denominators: Sequence[float]
) -> tuple[float, float]:
    """Return Fieller's 95 % interval of the ratio of two means over the same seeds.

    The ratios r for which a t test does not tell the mean of numerator - r * denominator from 0 (E. C. Fieller, Journal
    of the Royal Statistical Society B 16 (1954)).

    Args:
        numerators, denominators: a value of each seed.

    Returns:
        (NaN, NaN) if a value is NaN, if there are fewer than two seeds, or if the interval of the mean denominator is
        not above 0: if it holds 0, the ratios that are not ruled out have no two ends; if it lies below 0, a ratio is
        no share of anything.
    """
    both = np.array([numerators, denominators], dtype=float)
    n = both.shape[1]
    low, _ = interval(both[1])
    if np.isnan(both).any() or n < 2 or low <= 0:
        return np.nan, np.nan
    above, below = both.mean(axis=1)
    t2 = float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) ** 2
    covariance = np.cov(both) * t2 / n
    a = below**2 - covariance[1, 1]
    b = above * below - covariance[0, 1]
    c = above**2 - covariance[0, 0]
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return float((b - root) / a), float((b + root) / a)


def p_of_distance(distance: float, standard_error: float, df: float) -> float:
    """Return the two-sided p-value of the distance of an estimate to a bound, by a t test.

    p is below 0.05 exactly if the bound lies outside the 95 % t interval of the estimate.

    Args:
        distance: of the estimate to the bound, of either sign; may be infinite.
        standard_error: of the estimate; 0 for an estimate without variance.
        df: degrees of freedom of the standard error.

    Returns:
        The p-value; NaN if an argument is NaN or df is below 1. Without variance, 1 at the bound and 0 elsewhere.
    """
    if np.isnan([distance, standard_error, df]).any() or df < 1:
        return np.nan
    if standard_error == 0:
        return 0.0 if distance else 1.0
    return float(2 * special.stdtr(df, -abs(distance) / standard_error))


def over_seeds(rows: pd.DataFrame, column: str, by: Sequence[str]) -> pd.DataFrame:
    """Return the mean of a column over seeds for each cell, with the 95 % t interval of the mean.

    Args:
        rows: one row for each cell and seed.
        column: the column to average.
        by: columns that identify a cell.

    Returns:
        The columns `by`, then mean, low, high and n_seeds. The mean is NaN if a seed has no value; the interval is NaN
        for a single seed.
    """
    groups = rows.groupby(list(by), sort=False)[column]
    n, mean = groups.size(), groups.mean().where(groups.count() == groups.size())
    half = half_width(groups.std(ddof=1) / np.sqrt(n), n).where(n > 1)
    result = pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half, "n_seeds": n})
    return result.reset_index()


def paired_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the two-sided p-value of a paired t test over users.

    Args:
        first, second: float64 (n_users,), the value of each user in two conditions; users with NaN in either are left
            out.

    Returns:
        The p-value; NaN for fewer than two users, 1 if no user differs, 0 if all users differ by the same amount.
    """
    differences = first - second
    differences = differences[~np.isnan(differences)]
    if len(differences) < 2:
        return np.nan
    if np.ptp(differences) == 0:
        return 0.0 if differences[0] else 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p: Sequence[float]) -> np.ndarray:
    """Return Holm's correction of p-values as one family of tests; NaN stays NaN and does not count as a test.

    S. Holm, Scandinavian Journal of Statistics 6 (1979): the smallest of m p-values counts m times, the next m - 1
    times, and so on; none becomes smaller than one before it, or larger than 1. (statsmodels has the same correction,
    but each call collects garbage, which takes a tenth of a second.)
    """
    p = np.asarray(p, dtype=float)
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]  # NaN is sorted to the end
    counts = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(counts * p[order]), 1)
    return corrected
