"""The curves of Figures 1 and 2, and their reference lines, from the tidy metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.tidy import (
    is_epsilon,
    metrics_at,
    models_in,
    seeds_of,
    spread_over_seeds,
    values_by,
)
from embrittle.render import published as pub
from embrittle.vocabulary import PAPER_ATTACKS, RANDOM, UNPERTURBED

CURVE = ["figure", "metric", "dataset", "model", "attack", "x_name"]

LONG_COLUMNS = pub.COLUMNS["figures_1_2"]


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: its name in the published CSV, and what it shows."""

    figure: str
    metric: str
    model: str


@dataclass(frozen=True)
class Layout:
    """What distinguishes the two figures: their panels, and what their x axis is ("iterations" or "epsilon")."""

    panels: Sequence[Panel]
    x_name: str


FIGURES = {
    "figure1": Layout(
        (
            Panel("fig1a", "nDCG", "BPR-MF"),
            Panel("fig1b", "nDCG", "AMF"),
            Panel("fig1c", "ICov", "BPR-MF"),
            Panel("fig1d", "ICov", "AMF"),
        ),
        "iterations",
    ),
    "figure2": Layout((Panel("fig2a", "nDCG", "BPR-MF"), Panel("fig2b", "nDCG", "AMF")), "epsilon"),
}


def curves(
    metrics: pd.DataFrame,
    name: str,
    epsilon: float | Sequence[float],
    iterations: int | Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The curves of a figure, all data sets.

    Args:
        metrics: the tidy metrics.
        name: "figure1", over the grid `iterations` at one epsilon, or "figure2", over the grid `epsilon` after a number
            of iterations.
        epsilon: budget of the attacks, or grid of the x axis.
        iterations: grid of the x axis, or number of iterations of the multi-step attacks.
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
    initial = rows["attack"] == UNPERTURBED
    if FIGURES[name].x_name == "iterations":
        rows = rows[is_epsilon(rows["epsilon"], epsilon) | initial]
        points = rows.assign(x=rows["iterations"].astype(float))
        return _curves(points, FIGURES[name], iterations, attacks)
    rows = rows[(rows["iterations"] == iterations) | initial]
    grid = np.array([float(value) for value in epsilon])
    # The nearest grid value, where it is the same but for the last bits of a float.
    budgets = rows["epsilon"].to_numpy(dtype=float)
    nearest = grid[np.abs(budgets[:, None] - grid[None, :]).argmin(axis=1)]
    points = rows.assign(x=np.where(np.isclose(budgets, nearest, atol=0.0), nearest, np.nan))
    return _curves(points, FIGURES[name], epsilon, attacks)


def _curves(
    points: pd.DataFrame, layout: Layout, grid: Sequence[float], attacks: Mapping[str, bool]
) -> pd.DataFrame:
    """Curves of the panels whose model is there; `points` are metrics with a column x."""
    multi_step = [name for name, single_step in attacks.items() if not single_step]
    models = models_in(points)
    seeds = {name: seeds_of(points, name) for name in dict.fromkeys(points["dataset"])}
    keys = [
        (panel.figure, panel.metric, dataset, panel.model, attack, layout.x_name, float(x), seed)
        for panel in layout.panels
        if panel.model in models
        for dataset in seeds
        for attack in multi_step
        for x in sorted(grid)
        for seed in seeds[dataset]
    ]
    wanted = pd.DataFrame(keys, columns=[*CURVE, "x", "seed"])
    names = ["metric", "dataset", "model", "attack", "x", "seed"]
    values = values_by(points, names)
    found = [values.get(key, np.nan) for key in wanted[names].itertuples(index=False, name=None)]
    return spread_over_seeds(wanted.assign(value=np.array(found, dtype=float)), [*CURVE, "x"])


def long_form(*curves: pd.DataFrame) -> pd.DataFrame:
    """Curves in the columns of the published figures_1_2.csv; value is the mean over the seeds.

    Args:
        curves: from `curves`, of one or both figures.
    """
    together = pd.concat(curves, ignore_index=True)
    return together.rename(columns={"mean": "value"})[list(LONG_COLUMNS)]


def _references(
    rows: pd.DataFrame, panel: Panel, epsilon: float, attacks: Mapping[str, bool], n_seeds: int
) -> dict[str, float]:
    """The values of a panel's horizontal lines, each a mean over the seeds, NaN where a seed is missing.

    "initial", the single-step attacks in their order, and "random"; `rows` are the metrics of one data set.
    """
    rows = rows[rows["metric"] == panel.metric]
    of_model = rows[rows["model"] == panel.model]
    one_step = of_model[is_epsilon(of_model["epsilon"], epsilon) & (of_model["iterations"] == 1)]
    per_seed = {UNPERTURBED: of_model.loc[of_model["attack"] == UNPERTURBED, "value"]}
    for attack, single_step in attacks.items():
        if single_step:
            per_seed[attack] = one_step.loc[one_step["attack"] == attack, "value"]
    means = {
        name: values.mean() if values.count() == n_seeds else np.nan
        for name, values in per_seed.items()
    }
    # The random recommender has seeds of its own, or one for all: nothing is trained.
    random = rows.loc[(rows["model"] == RANDOM) & (rows["attack"] == UNPERTURBED), "value"]
    return {**means, "random": random.mean(skipna=False)}


@dataclass(frozen=True)
class Shown:
    """All that a figure shows of one data set.

    Attributes:
        layout: of the figure.
        models: those that are in the metrics.
        curves: of the data set, from `curves`.
        references: panel -> name -> value of a horizontal line, a mean over the seeds, NaN where one is missing:
            "initial", the single-step attacks (at `reference_epsilon`) in their order, and "random".
        published: rows of the published figures_1_2.csv that can be compared, maybe none.
        attacks, iterations, k: as `curves`.
    """

    layout: Layout
    models: Sequence[str]
    curves: pd.DataFrame
    references: Mapping[str, Mapping[str, float]]
    reference_epsilon: float
    published: pd.DataFrame
    attacks: Mapping[str, bool]
    iterations: int | Sequence[int]
    k: int


def shown(
    metrics: pd.DataFrame,
    name: str,
    dataset: str,
    epsilon: float | Sequence[float],
    iterations: int | Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
    fgsm_epsilon: float | None = None,
    published: pd.DataFrame | None = None,
) -> Shown:
    """What a figure shows of one data set.

    Args:
        metrics, name, epsilon, iterations, k, attacks: as `curves`.
        dataset: name of the data set.
        fgsm_epsilon: budget of the single-step attacks; by default `epsilon`.
        published: the published figures_1_2.csv; its curves are shown where the data set, K and what is fixed (the
            epsilon of Figure 1, the iterations of Figure 2) are the same.

    Raises:
        DataError: the metrics are not usable, or have nothing for the data set.
    """
    layout, rows = FIGURES[name], metrics_at(metrics, k)
    here = rows[rows["dataset"] == dataset]
    if here.empty:
        raise DataError(f"the metrics have no rows for the data set {dataset!r}")
    found = curves(metrics, name, epsilon, iterations, k, attacks)
    fixed_as_published = (
        np.isclose(epsilon, pub.FIGURE1_EPSILON)
        if layout.x_name == "iterations"
        else iterations == pub.FIGURE2_ITERATIONS
    )
    if published is None or k != pub.FIGURES_K or not fixed_as_published:
        published = pd.DataFrame(columns=list(LONG_COLUMNS))
    reference_epsilon = epsilon if fgsm_epsilon is None else fgsm_epsilon
    return Shown(
        layout=layout,
        models=models_in(rows),
        curves=found[found["dataset"] == dataset],
        references={
            panel.figure: _references(
                here, panel, reference_epsilon, attacks, len(seeds_of(rows, dataset))
            )
            for panel in layout.panels
        },
        reference_epsilon=reference_epsilon,
        published=published[published["dataset"] == dataset],
        attacks=attacks,
        iterations=iterations,
        k=k,
    )
