"""The curves and reference lines of Figures 1 and 2, from the tidy metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import cast

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
from embrittle.vocabulary import PAPER_ATTACKS, PAPER_MODELS, RANDOM, UNPERTURBED

CURVE = ["figure", "metric", "dataset", "model", "attack", "x_name"]

LONG_COLUMNS = pub.COLUMNS["figures_1_2"]


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: its name in the published CSV, its metric and its model."""

    figure: str
    metric: str
    model: str


# Figure -> its measures, and the quantity on its x axis.
MEASURES = {"figure1": ("nDCG", "ICov"), "figure2": ("nDCG",)}
X_NAMES = {"figure1": "iterations", "figure2": "epsilon"}
COLUMNS = 2


@dataclass(frozen=True)
class Layout:
    """The panels of a figure.

    Attributes:
        rows: the panels of each row; None where a row has one less.
        x_name: the quantity on the x axis, "iterations" or "epsilon".
    """

    rows: Sequence[Sequence[Panel | None]]
    x_name: str

    @property
    def panels(self) -> list[Panel]:
        """All panels, row by row."""
        return [panel for row in self.rows for panel in row if panel]


def layout(name: str, models: Sequence[str]) -> Layout:
    """Return the layout of a figure: that of the papers, if the study has no other models than theirs.

    Otherwise two models stand side by side, each measure in a row of its own, and a single model has its measures side
    by side. Panels have letters, row by row.

    Args:
        name: "figure1" or "figure2".
        models: the models in the metrics, those of the papers first.
    """
    measures = MEASURES[name]
    shown = models if set(models) - set(PAPER_MODELS) else PAPER_MODELS
    if len(shown) == 1:
        rows = [[(measure, shown[0]) for measure in measures]]
    else:
        pairs = [shown[first : first + COLUMNS] for first in range(0, len(shown), COLUMNS)]
        rows = [[(measure, model) for model in pair] for pair in pairs for measure in measures]
    letters = iter(ascii_lowercase)
    width = max(map(len, rows))
    panels = [
        [Panel(f"fig{name[-1]}{next(letters)}", *of) for of in row] + [None] * (width - len(row))
        for row in rows
    ]
    return Layout(panels, X_NAMES[name])


def curves(
    metrics: pd.DataFrame,
    name: str,
    epsilon: float | Sequence[float],
    iterations: int | Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """Return the curves of a figure for all data sets.

    Args:
        metrics: the tidy metrics.
        name: "figure1", with the grid `iterations` at one epsilon, or "figure2", with the grid `epsilon` at one number
            of iterations.
        epsilon: the budget of the attacks, or the grid of the x axis.
        iterations: the grid of the x axis, or the number of iterations of multi-step attacks.
        k: the length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. A single-step attack has no
            curve, but a reference line (see `shown`).

    Returns:
        Columns figure, metric, dataset, model, attack, x_name, x, mean, sd, low, high, n_seeds (see
        `spread_over_seeds`), in the order of the published CSV, of the multi-step attacks; NaN if not computed.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    rows = metrics_at(metrics, k)
    arranged = layout(name, models_in(rows))
    initial = rows["attack"] == UNPERTURBED
    if arranged.x_name == "iterations":
        rows = rows[is_epsilon(rows["epsilon"], cast(float, epsilon)) | initial]
        points = rows.assign(x=rows["iterations"].astype(float))
        return _curves(points, arranged, cast(Sequence[int], iterations), attacks)
    rows = rows[(rows["iterations"] == iterations) | initial]
    grid = np.array(cast(Sequence[float], epsilon), dtype=float)
    # Replace each epsilon by the grid value that equals it except for the last bits of a float.
    budgets = rows["epsilon"].to_numpy(dtype=float)
    nearest = grid[np.abs(budgets[:, None] - grid[None, :]).argmin(axis=1)]
    points = rows.assign(x=np.where(np.isclose(budgets, nearest, atol=0.0), nearest, np.nan))
    return _curves(points, arranged, grid.tolist(), attacks)


def _curves(
    points: pd.DataFrame, layout: Layout, grid: Sequence[float], attacks: Mapping[str, bool]
) -> pd.DataFrame:
    """Return the curves of the models with metrics, on each data set; `points` are metrics with a column x."""
    multi_step = [name for name, single_step in attacks.items() if not single_step]
    datasets = dict.fromkeys(points["dataset"])
    models = {name: models_in(points[points["dataset"] == name]) for name in datasets}
    seeds = {name: seeds_of(points, name) for name in datasets}
    keys = [
        (panel.figure, panel.metric, dataset, panel.model, attack, layout.x_name, float(x), seed)
        for panel in layout.panels
        for dataset in seeds
        if panel.model in models[dataset]
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
    """Return curves in the columns of the published figures_1_2.csv; value is the mean over seeds.

    Args:
        curves: from `curves`, of one or both figures.
    """
    together = pd.concat(curves, ignore_index=True)
    return together.rename(columns={"mean": "value"})[list(LONG_COLUMNS)]


def _references(
    rows: pd.DataFrame, panel: Panel, epsilon: float, attacks: Mapping[str, bool], n_seeds: int
) -> dict[str, float]:
    """Return the values of a panel's horizontal lines, each a mean over the seeds, NaN if a seed is missing.

    The lines are "initial", the single-step attacks in their order, and "random"; `rows` are the metrics of one data
    set.
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
    # The random recommender is not trained, so it may have other seeds than the models, or a single one.
    random = rows.loc[(rows["model"] == RANDOM) & (rows["attack"] == UNPERTURBED), "value"]
    return {**means, "random": random.mean(skipna=False)}


@dataclass(frozen=True)
class Shown:
    """All numbers that a figure shows for one data set.

    Attributes:
        layout: the layout of the figure.
        models: the models in the metrics of the data set.
        curves: the curves of the data set, from `curves`.
        references: panel -> name -> value of a horizontal line, a mean over the seeds, NaN if a seed is missing. The
            names are "initial", the single-step attacks in their order, and "random".
        reference_epsilon: the budget of the single-step attacks.
        published: the comparable rows of the published figures_1_2.csv, possibly none.
        attacks, iterations, k: as in `curves`.
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
    """Return all numbers that a figure shows for one data set.

    Args:
        metrics, name, epsilon, iterations, k, attacks: as in `curves`.
        dataset: the name of the data set.
        fgsm_epsilon: the budget of the single-step attacks; by default `epsilon`.
        published: the published figures_1_2.csv. Its curves are shown if K and the fixed setting (epsilon in Figure 1,
            iterations in Figure 2) are the same.

    Raises:
        DataError: the metrics are not usable, or have no rows of the data set.
    """
    rows = metrics_at(metrics, k)
    here = rows[rows["dataset"] == dataset]
    if here.empty:
        raise DataError(f"the metrics have no rows for the data set {dataset!r}")
    arranged = layout(name, models_in(here))
    found = curves(metrics, name, epsilon, iterations, k, attacks)
    fixed_as_published = (
        np.isclose(epsilon, pub.FIGURE1_EPSILON)
        if arranged.x_name == "iterations"
        else iterations == pub.FIGURE2_ITERATIONS
    )
    if published is None or k != pub.FIGURES_K or not fixed_as_published:
        published = pd.DataFrame(columns=list(LONG_COLUMNS))
    reference_epsilon = cast(float, epsilon if fgsm_epsilon is None else fgsm_epsilon)
    return Shown(
        layout=arranged,
        models=models_in(here),
        curves=found[found["dataset"] == dataset],
        references={
            panel.figure: _references(
                here, panel, reference_epsilon, attacks, len(seeds_of(rows, dataset))
            )
            for panel in arranged.panels
        },
        reference_epsilon=reference_epsilon,
        published=published[published["dataset"] == dataset],
        attacks=attacks,
        iterations=iterations,
        k=k,
    )
