"""The cells of Table 1 from the tidy metrics."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from embrittle.attacks.norms import MEAN_NORM_METRIC, NO_PERTURBATION, norm_metric
from embrittle.errors import DataError
from embrittle.metrics.tidy import (
    is_epsilon,
    known_first,
    metrics_at,
    models_in,
    seeds_of,
    spread_over_seeds,
    values_by,
)
from embrittle.render.published import compared
from embrittle.vocabulary import METRICS, PAPER_ATTACKS

LEFT_OUT = {*map(norm_metric, NO_PERTURBATION)} - {MEAN_NORM_METRIC}

CELL = ["dataset", "model", "condition", "metric"]


def accumulate(iterations: Sequence[float], values: Sequence[float]) -> float:
    """Table 1's "accumulated normalised" value of a metric over a grid of iteration counts.

    The trapezoidal integral of the metric over the iteration counts, divided by the largest one.
    The papers do not define it; with this, their printed cells follow from their printed curves.
    Because the grid starts at 1, a constant c gives c (1 - 1 / largest).

    Args:
        iterations: at least two different iteration counts, in any order.
        values: the metric at each of them; one NaN makes the result NaN.

    Raises:
        DataError: fewer than two points, a repeated iteration count, or unequal lengths.
    """
    x, y = np.asarray(iterations, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x.shape != y.shape:
        raise DataError(f"there are {x.size} iteration counts, but {y.size} values")
    if x.size < 2:
        raise DataError("the accumulated cells of Table 1 need at least two iteration counts")
    if len(np.unique(x)) != x.size:
        raise DataError("an iteration count occurs twice")
    order = np.argsort(x)
    x, y = x[order], y[order]
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / x[-1])


def table1_seeds(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """Every cell of Table 1 for every seed.

    Args:
        metrics: the tidy metrics.
        epsilon: budget of the perturbations, the same for all.
        iterations: grid over which the multi-step attacks are accumulated.
        k: length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. The
            cell of such an attack is the value after that step; those of the others are
            accumulated.

    Returns:
        Columns dataset, model, condition, metric, seed, value, in the order of the published table;
        value is NaN where a needed row is missing. The conditions are "initial" and `attacks`,
        whatever else is in the metrics.

    Raises:
        DataError: the metrics are not usable (see `metrics_at`) or the grid is not (`accumulate`).
    """
    everything = metrics_at(metrics, k)
    if not models_in(everything):
        raise DataError("the metrics have no trained model, so Table 1 has no rows")
    everything = everything[~everything["metric"].isin(LEFT_OUT)]
    of_table = (everything["attack"] == "initial") | is_epsilon(everything["epsilon"], epsilon)
    rows = everything[of_table]
    names = ["dataset", "model", "seed", "attack", "iterations", "metric"]
    values = values_by(rows, names)
    single = {"initial": 0, **{name: 1 for name, single_step in attacks.items() if single_step}}

    def cell(dataset: str, model: str, condition: str, metric: str, seed: int) -> float:
        grid = (single[condition],) if condition in single else tuple(iterations)
        y = [values.get((dataset, model, seed, condition, x, metric), np.nan) for x in grid]
        return y[0] if condition in single else accumulate(grid, y)

    cells = [(*key, cell(*key)) for key in _cell_keys(everything, ["initial", *attacks])]
    return pd.DataFrame(cells, columns=[*CELL, "seed", "value"])


def _cell_keys(
    rows: pd.DataFrame, conditions: Sequence[str]
) -> Iterator[tuple[str, str, str, str, int]]:
    """(dataset, model, condition, metric, seed) in the order of the published table."""
    datasets = dict.fromkeys(rows["dataset"])
    seeds = {dataset: seeds_of(rows, dataset) for dataset in datasets}
    outer = product(models_in(rows), known_first(rows["metric"], METRICS), datasets, conditions)
    for model, metric, dataset, condition in outer:
        for seed in seeds[dataset]:
            yield dataset, model, condition, metric, seed


def table1_spread(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The cells of Table 1 over the seeds; arguments and errors as `table1_seeds`.

    Returns:
        Columns dataset, model, condition, metric, mean, sd, n_seeds. mean and sd are NaN unless
        every seed of the data set has the cell; sd is NaN for a single seed.
    """
    per_seed = table1_seeds(metrics, epsilon, iterations, k, attacks)
    return spread_over_seeds(per_seed, CELL)[[*CELL, "mean", "sd", "n_seeds"]]


def long_form(spread: pd.DataFrame) -> pd.DataFrame:
    """The means of `table1_spread` in the columns of the published table1.csv.

    NaN where the cell of a seed is missing.
    """
    return spread[[*CELL, "mean"]].rename(columns={"mean": "value"})


def table1_comparison(long: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The cells of `long_form` beside those of the published table1.csv (`published.compared`).

    Returns:
        The columns `CELL`, value, published, ratio, deviation_percent and note. Norms of perturbations were not
        published, and are left out.
    """
    theirs = published.rename(columns={"value": "published"})
    both = compared(long[long["metric"] != MEAN_NORM_METRIC], theirs, CELL)
    return both.drop(columns="difference")
