"""The tidy metrics: a row for each dataset, model, seed, attack, epsilon, iterations, k and metric."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.vocabulary import PAPER_MODELS, RANDOM

logger = logging.getLogger(__name__)

KEY = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric"]
ROBUSTNESS = [*KEY[:6], "initial", "value", "rho"]


def metrics_at(metrics: pd.DataFrame, k: int) -> pd.DataFrame:
    """The rows of the tidy metrics for top-k lists, checked.

    Args:
        metrics: columns dataset, model, seed, attack, epsilon, iterations, k, metric, value.
        k: length of the lists.

    Raises:
        DataError: a column is missing, two rows have the same key, or there is nothing at this k.
    """
    absent = [name for name in [*KEY, "value"] if name not in metrics]
    if absent:
        raise DataError(f"the metrics have no column {', '.join(absent)}")
    repeated = metrics.duplicated(KEY)
    if repeated.any():
        first = metrics.loc[repeated, KEY].iloc[0].to_dict()
        raise DataError(f"the metrics have two rows for {first}")
    rows = metrics[metrics["k"] == k]
    if rows.empty:
        there = ", ".join(str(value) for value in sorted(metrics["k"].unique()))
        raise DataError(f"the metrics have nothing at K = {k}; there is K = {there or 'none'}")
    return rows


def known_first(names: pd.Series, known: Sequence[str]) -> list[str]:
    """The distinct `names`, those in `known` first and in its order, others as they appear."""
    present = list(dict.fromkeys(names))
    return [name for name in known if name in present] + [n for n in present if n not in known]


def models_in(rows: pd.DataFrame) -> list[str]:
    """The attackable models in the metrics, in the paper's order."""
    return known_first(rows.loc[rows["model"] != RANDOM, "model"], PAPER_MODELS)


def seeds_of(rows: pd.DataFrame, dataset: str) -> list[int]:
    """The seeds that make a complete cell of this data set: all that any trained model has."""
    trained = (rows["dataset"] == dataset) & (rows["model"] != RANDOM)
    return sorted(rows.loc[trained, "seed"].unique())


def is_epsilon(column: pd.Series, epsilon: float) -> pd.Series:
    """Where a column of budgets has this one, give or take the last bits of a float."""
    return pd.Series(np.isclose(column, epsilon, rtol=1e-9, atol=0.0), index=column.index)


def spread_over_seeds(per_seed: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, in the order of first appearance of `by`.

    Args:
        per_seed: the columns `by`, and value; one row per seed, NaN where it has no value.
        by: columns that name a cell.

    Returns:
        The columns `by`, then mean, sd (sample standard deviation, NaN for one seed), low, high
        (smallest and largest) and n_seeds, how many seeds have a value. Where one has none, the
        statistics are NaN.
    """
    groups = per_seed.groupby(by, sort=False)["value"]
    complete = groups.count() == groups.size()
    result = pd.DataFrame(
        {
            "mean": groups.mean().where(complete),
            "sd": groups.std(ddof=1).where(complete),
            "low": groups.min().where(complete),
            "high": groups.max().where(complete),
            "n_seeds": groups.count(),
        }
    )
    return result.reset_index()


def values_by(rows: pd.DataFrame, names: Sequence[str]) -> dict[tuple, float]:
    """The column value by the columns `names`, in their order; of repeated keys the last one."""
    keys = rows[list(names)].itertuples(index=False, name=None)
    return dict(zip(keys, rows["value"], strict=True))


def number_key(number: float) -> float:
    """A budget without the last bits of a float, so that equal ones are equal keys."""
    return float(f"{float(number):.9g}")


def robustness(metrics: pd.DataFrame, k: int, epsilon: float | None = None) -> pd.DataFrame:
    """What each perturbation takes away: rho = 100 (initial - after) / initial of nDCG@k, in percent.

    Args:
        metrics: the tidy metrics of any number of data sets.
        k: length of the lists.
        epsilon: keep only attacks with this budget; None keeps all.

    Returns:
        Columns dataset, model, seed, attack, epsilon, iterations, initial (nDCG of the unperturbed model), value (nDCG
        after), rho; rows in the order of the metrics, without the random recommender. rho is negative where a
        perturbation helps. It is NaN, and a warning is logged, where the unperturbed nDCG is 0 or not there.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    rows = metrics_at(metrics, k)
    rows = rows[(rows["metric"] == "nDCG") & (rows["model"] != RANDOM)]
    run = ["dataset", "model", "seed"]
    unperturbed = rows["attack"] == "initial"
    initial = rows.loc[unperturbed, [*run, "value"]].rename(columns={"value": "initial"})
    after = rows[~unperturbed]
    if epsilon is not None:
        after = after[is_epsilon(after["epsilon"], epsilon)]
    after = after.merge(initial, on=run, how="left", validate="many_to_one")
    start = after["initial"].where(after["initial"] != 0)
    after["rho"] = 100 * (start - after["value"]) / start
    for names in after.loc[start.isna(), run].drop_duplicates().itertuples(index=False):
        logger.warning(
            "%s, %s, seed %s: the unperturbed nDCG@%d is 0 or missing, so rho is not defined",
            *(*names, k),
        )
    return after[ROBUSTNESS]
