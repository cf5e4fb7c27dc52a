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
    with_hit_rate,
)
from embrittle.render.published import compared
from embrittle.vocabulary import HIT_RATE, METRICS, PAPER_ATTACKS

LEFT_OUT = {*map(norm_metric, NO_PERTURBATION)} - {MEAN_NORM_METRIC}

CELL = ["dataset", "model", "condition", "metric"]


def accumulate(iterations: Sequence[float], values: Sequence[float] | np.ndarray) -> float:
    """Return Table 1's "accumulated normalised" value of a metric over numbers of iterations.

    The value is the trapezoidal integral of the metric over the numbers of iterations, divided by the largest number.
    The papers do not define it; by this definition their printed cells follow from their printed curves. Because the
    grid starts at 1, a constant c gives c (1 - 1 / largest).

    Args:
        iterations: at least two different numbers, in any order.
        values: the metric at each of them; one NaN makes the result NaN.

    Raises:
        DataError: there are fewer than two numbers, one is repeated, or the lengths differ.
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
    """Return every cell of Table 1 for every seed.

    Args:
        metrics: the tidy metrics.
        epsilon: the budget of all perturbations.
        iterations: the numbers of iterations over which multi-step attacks are accumulated.
        k: the length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. The cell of a single-step
            attack is the value after this step; cells of the others are accumulated.

    Returns:
        Columns dataset, model, condition, metric, seed, value, in the order of the published table; value is NaN if a
        row is missing. The conditions are "initial" and `attacks`; other conditions in the metrics are left out.

    Raises:
        DataError: the metrics or the numbers of iterations are not usable (see `metrics_at` and `accumulate`).
    """
    everything = metrics_at(metrics, k)
    if not models_in(everything):
        raise DataError("the metrics have no trained model, so Table 1 has no rows")
    everything = everything[~everything["metric"].isin(LEFT_OUT)]
    if HIT_RATE in set(everything["metric"]):  # a data set in which it is not RE
        everything = with_hit_rate(everything)
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
    """Yield (dataset, model, condition, metric, seed) in the order of the published table."""
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
    """Return the cells of Table 1 over seeds; arguments and errors as in `table1_seeds`.

    Returns:
        Columns dataset, model, condition, metric, mean, sd, n_seeds. mean and sd are NaN unless every seed of the data
        set has the cell; sd is NaN for a single seed.
    """
    per_seed = table1_seeds(metrics, epsilon, iterations, k, attacks)
    return spread_over_seeds(per_seed, CELL)[[*CELL, "mean", "sd", "n_seeds"]]


def long_form(spread: pd.DataFrame) -> pd.DataFrame:
    """Return the means of `table1_spread` in the columns of the published table1.csv."""
    return spread[[*CELL, "mean"]].rename(columns={"mean": "value"})


def table1_comparison(long: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Compare the cells of `long_form` with those of the published table1.csv (`published.compared`).

    Returns:
        Columns `CELL`, value, published, ratio, deviation_percent and note. The perturbation norm, which is not
        published, is left out.
    """
    theirs = published.rename(columns={"value": "published"})
    both = compared(long[long["metric"] != MEAN_NORM_METRIC], theirs, CELL)
    return both.drop(columns="difference")
