"""Intervals over seeds, paired tests over users, and the correction for their number."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

LEVEL = 0.95


def half_width(
    standard_error: float | np.ndarray | pd.Series, n: int | np.ndarray | pd.Series
) -> float | np.ndarray | pd.Series:
    """Half the t interval (95 %) of a mean of `n` values, at least two, by its standard error."""
    return standard_error * stats.t.ppf((1 + LEVEL) / 2, np.maximum(n - 1, 1))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The t interval (95 %) of a mean over seeds; NaN, NaN for fewer than two values, or where one is NaN."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or np.isnan(values).any():
        return np.nan, np.nan
    half = half_width(stats.sem(values), len(values))
    return float(values.mean() - half), float(values.mean() + half)


def over_seeds(rows: pd.DataFrame, column: str, by: Sequence[str]) -> pd.DataFrame:
    """Mean of a column over seeds, with the t interval (95 %) of the mean.

    Args:
        rows: one row a seed for each `by`.
        column: what to average.
        by: columns that name a cell.

    Returns:
        The columns `by`, then mean, low, high, n_seeds. A cell without a value for some seed is NaN; one seed has no
        interval.
    """
    groups = rows.groupby(list(by), sort=False)[column]
    n, mean = groups.size(), groups.mean().where(groups.count() == groups.size())
    half = half_width(groups.std(ddof=1) / np.sqrt(n), n).where(n > 1)
    result = pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half, "n_seeds": n})
    return result.reset_index()


def paired_p(first: np.ndarray, second: np.ndarray) -> float:
    """The two-sided p of a paired t test; users without a value (NaN) in either take no part.

    Args:
        first, second: float64 (n_users,), a value of each user in two conditions.

    Returns:
        NaN with fewer than two users; 1 where no user differs; 0 where all differ by the same.
    """
    differences = first - second
    differences = differences[~np.isnan(differences)]
    if len(differences) < 2:
        return np.nan
    if np.ptp(differences) == 0:
        return 0.0 if differences[0] else 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's correction of p values as one family; NaN stays NaN and does not count."""
    p = np.asarray(p, dtype=float)
    corrected = np.full(p.shape, np.nan)
    there = ~np.isnan(p)
    if there.any():
        corrected[there] = multipletests(p[there], method="holm")[1]
    return corrected
