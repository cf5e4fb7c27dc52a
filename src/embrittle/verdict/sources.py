"""Where the figures of a claim come from: a study's results, and the papers' own tables.

Both answer the same question. A *quantity* is a mapping: `from` (table1, metrics, groups or fairness), and what names
a value there:

| from | keys |
| --- | --- |
| table1 | model, attack, metric: a cell, accumulated for multi-step attacks |
| metrics | model, attack, metric, epsilon, iterations; the random recommender is the model "Random" |
| groups | model, attack, attribute, group: nDCG of a group of users or items |
| fairness | model, attack, attribute, measure |

The unperturbed model is the attack "initial", which needs neither epsilon nor iterations. A figure that is not there is
NaN, of one seed as of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import metrics_at, models_in, number_key, seeds_of, values_by
from embrittle.products.table1.cells import CELL, table1_seeds
from embrittle.render import published as pub
from embrittle.vocabulary import RANDOM, UNPERTURBED

Quantity = Mapping[str, Any]


def point_key(quantity: Quantity) -> tuple[str, str, float, int, str]:
    """(model, attack, epsilon, iterations, metric) of a quantity from the metrics."""
    attack = quantity["attack"]
    if attack == UNPERTURBED:
        return quantity["model"], attack, 0.0, 0, quantity["metric"]
    place = number_key(quantity["epsilon"]), int(quantity["iterations"])
    return quantity["model"], attack, *place, quantity["metric"]


@dataclass(frozen=True)
class Files:
    """What a study has found, as far as it is there; None for what it has not made.

    Attributes:
        metrics: the tidy metrics, of baselines as well.
        groups, fairness: the tidy tables of `evaluation.evaluate_fairness`.
        users: columns dataset, model, seed, user, condition, ndcg: nDCG of every user in the cells of Table 1.
        points, regressions, differences, comparison: Figure 3's tables.
        selected: tables/models.csv.
        budgets: tables/budgets_seeds.csv, attacks compared at equal norms.
    """

    metrics: pd.DataFrame
    groups: pd.DataFrame | None = None
    fairness: pd.DataFrame | None = None
    users: pd.DataFrame | None = None
    points: pd.DataFrame | None = None
    regressions: pd.DataFrame | None = None
    differences: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    selected: pd.DataFrame | None = None
    budgets: pd.DataFrame | None = None


@dataclass(frozen=True)
class Study:
    """A study's results at one length of lists.

    Attributes:
        files: what there is.
        configuration: the canonical configuration.
        k: length of the lists.
        single_step: attack -> whether it takes a single step, of those in Table 1.
    """

    files: Files
    configuration: Mapping[str, Any]
    k: int
    single_step: Mapping[str, bool] = field(default_factory=dict)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The tidy metrics at this k, without rows if there are none."""
        if self.k not in set(self.files.metrics["k"]):
            return self.files.metrics.iloc[:0]
        return metrics_at(self.files.metrics, self.k)

    @property
    def datasets(self) -> list[str]:
        """The study's data sets."""
        return list(self.configuration["datasets"])

    def models(self, dataset: str) -> list[str]:
        """The recommenders measured on a data set, but for the random one."""
        here = self.rows[self.rows["dataset"] == dataset]
        return models_in(here) if len(here) else []

    def seeds(self, dataset: str) -> list[int]:
        """The seeds of a data set."""
        return self._seeds.get(dataset, [])

    @cached_property
    def _seeds(self) -> dict[str, list[int]]:
        datasets = dict.fromkeys(self.rows["dataset"])
        return {name: [int(seed) for seed in seeds_of(self.rows, name)] for name in datasets}

    @property
    def has_papers_grid(self) -> bool:
        """Whether the accumulated cells of Table 1 can be set beside the printed ones."""
        table1 = self.configuration["table1"]
        same_epsilon = number_key(table1["epsilon"]) == pub.TABLE1_EPSILON
        return same_epsilon and tuple(table1["iterations"]) == pub.TABLE1_ITERATIONS

    def values(self, dataset: str, quantity: Quantity) -> pd.Series:
        """A quantity for each seed of the data set; NaN where it is not there."""
        table = {
            "table1": self._cells,
            "metrics": self._points,
            "groups": self._groups,
            "fairness": self._fairness,
        }[quantity["from"]]
        place = (dataset, *_place(quantity))
        seeds = self.seeds(dataset)
        found = [table.get((*place, seed), np.nan) for seed in seeds]
        return pd.Series(found, index=seeds, dtype=float)

    def curve(self, dataset: str, quantity: Quantity) -> pd.DataFrame:
        """A quantity over the iterations, 0 for the unperturbed model: a row a seed, a column a number."""
        initial = self.values(dataset, {**quantity, "attack": UNPERTURBED})
        of = {
            iterations: self.values(dataset, {**quantity, "iterations": iterations})
            for iterations in self.configuration["figure1"]["iterations"]
        }
        return pd.DataFrame({0: initial, **of})

    def users(self, dataset: str, quantity: Quantity) -> pd.Series | None:
        """A cell of Table 1 for each user, the mean over the seeds; None where one has no users."""
        wanted = quantity["from"] == "table1" and quantity.get("metric") == "nDCG"
        if not wanted or self.files.users is None:
            return None
        return self._users.get((dataset, quantity["model"], quantity["attack"]))

    @cached_property
    def _users(self) -> dict[tuple[str, str, str], pd.Series]:
        keys = ["dataset", "model", "condition"]
        return {
            key: rows.groupby("user")["ndcg"].mean()
            for key, rows in self.files.users.groupby(keys, sort=False)
            if set(rows["seed"]) >= set(self.seeds(key[0]))
        }

    @cached_property
    def _points(self) -> dict[tuple, float]:
        epsilon = self.rows["epsilon"].map(number_key)
        names = ["dataset", "model", "attack", "epsilon", "iterations", "metric", "seed"]
        return values_by(self.rows.assign(epsilon=epsilon), names)

    @cached_property
    def _cells(self) -> dict[tuple, float]:
        table1 = self.configuration["table1"]
        if self.rows.empty or not table1["attacks"] or not models_in(self.rows):
            return {}
        cells = table1_seeds(
            self.files.metrics, table1["epsilon"], table1["iterations"], self.k, self.single_step
        )
        return values_by(cells, [*CELL, "seed"])

    @cached_property
    def _groups(self) -> dict[tuple, float]:
        return self._tidy(self.files.groups, "group")

    @cached_property
    def _fairness(self) -> dict[tuple, float]:
        return self._tidy(self.files.fairness, "measure")

    def _tidy(self, table: pd.DataFrame | None, column: str) -> dict[tuple, float]:
        if table is None:
            return {}
        rows = table[table["k"] == self.k]
        names = ["dataset", "model", "attack", "attribute", column, "seed"]
        return values_by(rows, names)


def _place(quantity: Quantity) -> tuple:
    """What names a quantity in its table, but for the data set."""
    if quantity["from"] == "metrics":
        return point_key(quantity)
    names = {
        "table1": ("model", "attack", "metric"),
        "groups": ("model", "attack", "attribute", "group"),
        "fairness": ("model", "attack", "attribute", "measure"),
    }
    return tuple(quantity[name] for name in names[quantity["from"]])


class Published:
    """The papers' own figures, from resources/published/."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Take the tables of `published.load` by their names; one that is left out has no figures."""
        self._table1 = _series(tables.get("table1"), ["dataset", "model", "condition", "metric"])
        self._groups = _series(
            tables.get("table2"), ["dataset", "model", "condition", "attribute", "group"]
        )
        self._fairness = _series(
            tables.get("table3"), ["dataset", "model", "condition", "attribute", "measure"]
        )
        self._points = _curve_points(tables.get("figures_1_2"))
        self._poster = _poster_points(tables.get("apr_performance"), tables.get("apr_robustness"))
        self.characteristics = tables.get("characteristics")

    def value(self, dataset: str, quantity: Quantity, k: int) -> float:
        """A quantity as printed, for lists of length `k`; NaN where the papers do not print it."""
        place = (dataset, *_place(quantity))
        if quantity["from"] == "metrics":
            if k == pub.APR_K:
                return self._poster.get(place, np.nan)
            return self._point(place) if k == pub.FIGURES_K else np.nan
        if k != pub.FIGURES_K:
            return np.nan
        tables = {"table1": self._table1, "groups": self._groups, "fairness": self._fairness}
        return tables[quantity["from"]].get(place, np.nan)

    def _point(self, place: tuple) -> float:
        dataset, model, attack, epsilon, _, metric = place
        # These cells of Table 1 are single values, not accumulated.
        if attack == UNPERTURBED or (attack, epsilon) == ("fgsm", pub.TABLE1_EPSILON):
            return self._table1.get((dataset, model, attack, metric), np.nan)
        return self._points.get(place, np.nan)


def _series(table: pd.DataFrame | None, keys: Sequence[str]) -> dict[tuple, float]:
    if table is None:
        return {}
    value = table.columns[-1]
    return dict(
        zip(table[list(keys)].itertuples(index=False, name=None), table[value], strict=True)
    )


def _curve_points(table: pd.DataFrame | None) -> dict[tuple, float]:
    """Points of Figures 1 and 2 by the key of a quantity from the metrics."""
    found = {}
    for row in table.itertuples(index=False) if table is not None else ():
        over_iterations = row.x_name == "iterations"
        epsilon = pub.FIGURE1_EPSILON if over_iterations else row.x
        iterations = int(row.x) if over_iterations else pub.FIGURE2_ITERATIONS
        place = (row.dataset, row.model, row.attack, number_key(epsilon), iterations, row.metric)
        found.setdefault(place, row.value)
    return found


def _poster_points(
    accuracy: pd.DataFrame | None, robustness: pd.DataFrame | None
) -> dict[tuple, float]:
    """The poster's accuracy, and what is left of it after its printed relative changes."""
    if accuracy is None or robustness is None:
        return {}
    names = {f"HR@{pub.APR_K}": "RE", f"NDCG@{pub.APR_K}": "nDCG"}
    found = {}
    for row in accuracy.itertuples(index=False):
        model = pub.APR_MODELS.get(row.model, row.model)
        found[(row.dataset, model, UNPERTURBED, 0.0, 0, names[row.metric])] = row.value
    for row in robustness.itertuples(index=False):
        model = pub.APR_MODELS.get(row.model, row.model)
        initial = found.get((row.dataset, model, UNPERTURBED, 0.0, 0, "nDCG"), np.nan)
        left = initial * (1 + row.relative_change_ndcg100_percent / 100)
        found[(row.dataset, model, "fgsm", number_key(row.epsilon), 1, "nDCG")] = left
    return found


def random_of(quantity: Quantity) -> dict[str, Any]:
    """The random recommender's value of the same metric."""
    return {"from": "metrics", "model": RANDOM, "attack": UNPERTURBED, "metric": quantity["metric"]}
