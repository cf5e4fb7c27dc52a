"""The curves of Figures 1 and 2, and their reference lines, from the tidy metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.tidy import is_epsilon, metrics_at, models_in, seeds_of, spread_over_seeds
from embrittle.render import published as pub
from embrittle.vocabulary import PAPER_ATTACKS, RANDOM

CURVE = ["figure", "metric", "dataset", "model", "attack", "x_name"]

LONG_COLUMNS = pub.COLUMNS["figures_1_2"]


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: its name in the published CSV, and what it shows."""

    figure: str
    metric: str
    model: str


FIGURE1 = (
    Panel("fig1a", "nDCG", "BPR-MF"),
    Panel("fig1b", "nDCG", "AMF"),
    Panel("fig1c", "ICov", "BPR-MF"),
    Panel("fig1d", "ICov", "AMF"),
)

FIGURE2 = (Panel("fig2a", "nDCG", "BPR-MF"), Panel("fig2b", "nDCG", "AMF"))


def figure1_curves(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The curves of Figure 1, all data sets.

    Args:
        metrics: the tidy metrics.
        epsilon: budget of the attacks.
        iterations: grid of the x axis.
        k: length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. Such
            an attack has no curve, but a reference line.

    Returns:
        Columns figure, metric, dataset, model, attack, x_name, x, mean, sd, low, high, n_seeds (see
        `spread_over_seeds`), in the order of the published CSV. The multi-step ones of `attacks`
        are there, NaN where not computed, and no others.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    rows = metrics_at(metrics, k)
    rows = rows[is_epsilon(rows["epsilon"], epsilon) | (rows["attack"] == "initial")]
    points = rows.assign(x=rows["iterations"].astype(float))
    return _curves(points, FIGURE1, "iterations", iterations, attacks)


def figure2_curves(
    metrics: pd.DataFrame,
    iterations: int,
    epsilon: Sequence[float],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The curves of Figure 2, all data sets; as `figure1_curves` with `epsilon` the grid."""
    rows = metrics_at(metrics, k)
    rows = rows[(rows["iterations"] == iterations) | (rows["attack"] == "initial")]
    grid = np.array([float(value) for value in epsilon])
    # The nearest grid value, where it is the same but for the last bits of a float.
    budgets = rows["epsilon"].to_numpy(dtype=float)
    nearest = grid[np.abs(budgets[:, None] - grid[None, :]).argmin(axis=1)]
    points = rows.assign(x=np.where(np.isclose(budgets, nearest, atol=0.0), nearest, np.nan))
    return _curves(points, FIGURE2, "epsilon", epsilon, attacks)


def _curves(
    points: pd.DataFrame,
    panels: Sequence[Panel],
    x_name: str,
    grid: Sequence[float],
    attacks: Mapping[str, bool],
) -> pd.DataFrame:
    """Curves of the panels whose model is there; `points` are metrics with a column x."""
    multi_step = [name for name, single_step in attacks.items() if not single_step]
    models = models_in(points)
    seeds = {name: seeds_of(points, name) for name in dict.fromkeys(points["dataset"])}
    keys = [
        (panel.figure, panel.metric, dataset, panel.model, attack, x_name, float(x), seed)
        for panel in panels
        if panel.model in models
        for dataset in seeds
        for attack in multi_step
        for x in sorted(grid)
        for seed in seeds[dataset]
    ]
    wanted = pd.DataFrame(keys, columns=[*CURVE, "x", "seed"])
    names = ["metric", "dataset", "model", "attack", "x", "seed"]
    values = dict(
        zip(points[names].itertuples(index=False, name=None), points["value"], strict=True)
    )
    found = [values.get(key, np.nan) for key in wanted[names].itertuples(index=False, name=None)]
    return spread_over_seeds(wanted.assign(value=np.array(found, dtype=float)), [*CURVE, "x"])


def figures_long(*curves: pd.DataFrame) -> pd.DataFrame:
    """Curves in the columns of the published figures_1_2.csv; value is the mean over the seeds.

    Args:
        curves: from `figure1_curves` and `figure2_curves`.
    """
    together = pd.concat(curves, ignore_index=True)
    return together.rename(columns={"mean": "value"})[list(LONG_COLUMNS)]


def references(
    metrics: pd.DataFrame,
    dataset: str,
    model: str,
    metric: str,
    epsilon: float,
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> dict[str, float]:
    """The values of a panel's horizontal lines, each a mean over the seeds.

    Args:
        metrics: the tidy metrics.
        dataset: name of a data set.
        model: the model of the panel.
        metric: the metric of the panel.
        epsilon: budget of the single-step attacks.
        k: length of the lists.
        attacks: name -> whether it takes a single step; the others are left out.

    Returns:
        "initial", the single-step attacks in their order, and "random"; NaN where a seed is missing.

    Raises:
        DataError: the metrics are not usable, or have nothing for the data set.
    """
    rows = metrics_at(metrics, k)
    n_seeds = len(seeds_of(rows, dataset))
    rows = rows[rows["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"the metrics have nothing for the data set {dataset!r}")
    rows = rows[rows["metric"] == metric]
    of_model = rows[rows["model"] == model]
    one_step = of_model[is_epsilon(of_model["epsilon"], epsilon) & (of_model["iterations"] == 1)]
    per_seed = {"initial": of_model.loc[of_model["attack"] == "initial", "value"]}
    for attack, single_step in attacks.items():
        if single_step:
            per_seed[attack] = one_step.loc[one_step["attack"] == attack, "value"]
    means = {
        name: values.mean() if values.count() == n_seeds else np.nan
        for name, values in per_seed.items()
    }
    # The random recommender has seeds of its own, or one for all: nothing is trained.
    random = rows.loc[(rows["model"] == RANDOM) & (rows["attack"] == "initial"), "value"]
    return {**means, "random": random.mean(skipna=False)}
