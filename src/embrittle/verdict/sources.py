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

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import metrics_at, models_in, number_key, seeds_of, values_by
from embrittle.products.table1.cells import table1_seeds
from embrittle.render import published as pub
from embrittle.vocabulary import RANDOM, UNPERTURBED

Quantity = Mapping[str, Any]

KEYS = {
    "table1": ("model", "attack", "metric"),
    "metrics": ("model", "attack", "epsilon", "iterations", "metric"),
    "groups": ("model", "attack", "attribute", "group"),
    "fairness": ("model", "attack", "attribute", "measure"),
}
"""What names a quantity in its table, but for the data set."""


def place_of(dataset: str, quantity: Quantity) -> tuple:
    """The data set and what names a quantity in its table."""
    names = dict(quantity)
    if quantity["from"] == "metrics":
        unperturbed = quantity["attack"] == UNPERTURBED
        names["epsilon"] = 0.0 if unperturbed else number_key(quantity["epsilon"])
        names["iterations"] = 0 if unperturbed else int(quantity["iterations"])
    return dataset, *(names[key] for key in KEYS[quantity["from"]])


@dataclass(frozen=True)
class Files:
    """What a study has found, as far as it is there; None for what it has not made.

    Attributes:
        metrics: the tidy metrics, of baselines as well.
        groups, fairness: the tidy tables of `metrics.evaluation.evaluate_fairness`.
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

    def models(self, dataset: str) -> list[str]:
        """The recommenders measured on a data set, but for the random one."""
        return models_in(self.rows[self.rows["dataset"] == dataset])

    @cached_property
    def seeds(self) -> dict[str, list[int]]:
        """Data set -> its seeds, of those that have metrics."""
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
        table, place = self.tables[quantity["from"]], place_of(dataset, quantity)
        seeds = self.seeds.get(dataset, [])
        found = [table.get((*place, seed), np.nan) for seed in seeds]
        return pd.Series(found, index=seeds, dtype=float)

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
            if set(rows["seed"]) >= set(self.seeds.get(key[0], []))
        }

    @cached_property
    def tables(self) -> dict[str, dict[tuple, float]]:
        """Where a quantity is from -> what names it, and the seed -> its value."""
        rows = {
            "table1": self._cells().rename(columns={"condition": "attack"}),
            "metrics": self.rows.assign(epsilon=self.rows["epsilon"].map(number_key)),
            "groups": self._at_k(self.files.groups),
            "fairness": self._at_k(self.files.fairness),
        }
        return {
            name: values_by(table, ["dataset", *KEYS[name], "seed"]) if len(table) else {}
            for name, table in rows.items()
        }

    def _cells(self) -> pd.DataFrame:
        table1 = self.configuration["table1"]
        if not table1["attacks"] or not models_in(self.rows):
            return pd.DataFrame()
        grid = table1["epsilon"], table1["iterations"], self.k
        return table1_seeds(self.files.metrics, *grid, self.single_step)

    def _at_k(self, table: pd.DataFrame | None) -> pd.DataFrame:
        return pd.DataFrame() if table is None else table[table["k"] == self.k]


class Published:
    """The papers' own figures, from resources/published/."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Take the tables of `published.load` by their names; one that is left out has no figures."""
        self._tables = {
            name: _values(tables.get(file))
            for name, file in {"table1": "table1", "groups": "table2", "fairness": "table3"}.items()
        }
        self._points = _curve_points(tables.get("figures_1_2"))
        self._poster = _poster_points(tables.get("apr_performance"), tables.get("apr_robustness"))
        self.characteristics = tables.get("characteristics")

    def value(self, dataset: str, quantity: Quantity, k: int) -> float:
        """A quantity as printed, for lists of length `k`; NaN where the papers do not print it."""
        place = place_of(dataset, quantity)
        if quantity["from"] == "metrics" and k == pub.APR_K:
            return self._poster.get(place, np.nan)
        if k != pub.FIGURES_K:
            return np.nan
        if quantity["from"] == "metrics":
            return self._point(place)
        return self._tables[quantity["from"]].get(place, np.nan)

    def _point(self, place: tuple) -> float:
        dataset, model, attack, epsilon, _, metric = place
        # These cells of Table 1 are single values, not accumulated.
        if attack == UNPERTURBED or (attack, epsilon) == ("fgsm", pub.TABLE1_EPSILON):
            return self._tables["table1"].get((dataset, model, attack, metric), np.nan)
        return self._points.get(place, np.nan)


def _values(table: pd.DataFrame | None) -> dict[tuple, float]:
    """The last column of a published table by all the others."""
    rows = table.itertuples(index=False, name=None) if table is not None else ()
    return {tuple(names): value for *names, value in rows}


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
    accuracy, robustness = (t.replace({"model": pub.APR_MODELS}) for t in (accuracy, robustness))
    found = {}
    for row in accuracy.itertuples():
        found[row.dataset, row.model, UNPERTURBED, 0.0, 0, names[row.metric]] = row.value
    for row in robustness.itertuples():
        initial = found.get((row.dataset, row.model, UNPERTURBED, 0.0, 0, "nDCG"), np.nan)
        left = initial * (1 + row.relative_change_ndcg100_percent / 100)
        found[row.dataset, row.model, "fgsm", number_key(row.epsilon), 1, "nDCG"] = left
    return found


def random_of(quantity: Quantity) -> dict[str, Any]:
    """The random recommender's value of the same metric."""
    return {"from": "metrics", "model": RANDOM, "attack": UNPERTURBED, "metric": quantity["metric"]}
