"""The tidy metrics: one row for each dataset, model, seed, attack, epsilon, iterations, k and metric."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.vocabulary import HIT_RATE, PAPER_MODELS, RANDOM

logger = logging.getLogger(__name__)

KEY = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric"]
ROBUSTNESS = [*KEY[:6], "initial", "value", "rho"]


def metrics_at(metrics: pd.DataFrame, k: int) -> pd.DataFrame:
    """Check the tidy metrics and return their rows for lists of length k.

    Args:
        metrics: columns dataset, model, seed, attack, epsilon, iterations, k, metric, value.
        k: length of the lists.

    Raises:
        DataError: a column is missing, two rows have the same key, or no row has this k.
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
        available = ", ".join(str(value) for value in sorted(metrics["k"].unique()))
        raise DataError(
            f"the metrics have no rows for K = {k}; available K: {available or 'none'}. Choose a K of evaluation.k."
        )
    return rows


def with_hit_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics with HR for every data set: where each user has one test item, HR is RE and is not stored."""
    stored = rows.loc[rows["metric"] == HIT_RATE, "dataset"].unique()
    recall = rows[(rows["metric"] == "RE") & ~rows["dataset"].isin(stored)]
    return pd.concat([rows, recall.assign(metric=HIT_RATE)], ignore_index=True)


def known_first(names: pd.Series, known: Sequence[str]) -> list[str]:
    """Return the distinct `names`: first those in `known`, in its order, then the others, in order of appearance."""
    present = list(dict.fromkeys(names))
    return [name for name in known if name in present] + [n for n in present if n not in known]


def models_in(rows: pd.DataFrame) -> list[str]:
    """Return the models in the metrics without the random recommender, in the papers' order."""
    return known_first(rows.loc[rows["model"] != RANDOM, "model"], PAPER_MODELS)


def seeds_of(rows: pd.DataFrame, dataset: str) -> list[int]:
    """Return the seeds of a complete cell of this data set: all seeds of its trained models, ascending."""
    trained = (rows["dataset"] == dataset) & (rows["model"] != RANDOM)
    return sorted(rows.loc[trained, "seed"].unique())


def is_epsilon(column: pd.Series, epsilon: float) -> pd.Series:
    """Return where a column of budgets equals `epsilon`, up to rounding."""
    return pd.Series(np.isclose(column, epsilon, rtol=1e-9, atol=0.0), index=column.index)


def spread_over_seeds(per_seed: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return mean, standard deviation and range over the seeds of each cell.

    Args:
        per_seed: the columns `by` and value; one row for each cell and seed, NaN for a missing value.
        by: columns that identify a cell.

    Returns:
        One row for each cell, in order of first appearance: the columns `by`, then mean, sd (sample standard
        deviation, NaN for one seed), low and high (minimum and maximum) and n_seeds (seeds with a value). If a seed has
        no value, the statistics are NaN.
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
    """Return the column value as a mapping from tuples of the columns `names`; of repeated keys the last row counts."""
    keys = rows[list(names)].itertuples(index=False, name=None)
    return dict(zip(keys, rows["value"], strict=True))


def number_key(number: float) -> float:
    """Return a budget rounded to nine digits, so that equal budgets are equal keys."""
    return float(f"{float(number):.9g}")


def robustness(metrics: pd.DataFrame, k: int, epsilon: float | None = None) -> pd.DataFrame:
    """Return the loss of nDCG@k by each perturbation, rho = 100 (initial - after) / initial, in percent.

    This is rho of the longer MSAP paper, section 5.2 (docs/method.md, "Characteristics of the data").

    Args:
        metrics: the tidy metrics of any number of data sets.
        k: length of the lists.
        epsilon: keep only attacks with this budget; None keeps all.

    Returns:
        Columns dataset, model, seed, attack, epsilon, iterations, initial (nDCG of the unperturbed model), value (nDCG
        after the attack) and rho; rows in the order of the metrics, without the random recommender. rho is negative if
        nDCG rises. If the unperturbed nDCG is 0 or missing, rho is NaN and a warning is logged.

    Raises:
        DataError: as in `metrics_at`.
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
