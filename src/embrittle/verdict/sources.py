"""The sources of the figures in claims: a study's results (`StudyResults`), and the papers' own tables (`Published`).

Both return the values of *quantities*. A quantity is a mapping with the key `from` (table1, metrics, groups or
fairness), and further keys that identify a value in that table:

| from | keys |
| --- | --- |
| table1 | model, attack, metric: a cell, accumulated for multi-step attacks |
| metrics | model, attack, metric, epsilon, iterations; the random recommender is the model "Random" |
| groups | model, attack, attribute, group: nDCG of a group of users or items |
| fairness | model, attack, attribute, measure |

The unperturbed model has the attack "initial", without epsilon and iterations. Missing values are NaN.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import getitem
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
"""Table -> the keys that, with the data set, identify a quantity in it."""


def key_of(dataset: str, quantity: Quantity) -> tuple:
    """Return the tuple (data set, values of the keys in `KEYS`) that identifies a quantity in its table."""
    names = dict(quantity)
    if quantity["from"] == "metrics":
        unperturbed = quantity["attack"] == UNPERTURBED
        names["epsilon"] = 0.0 if unperturbed else number_key(quantity["epsilon"])
        names["iterations"] = 0 if unperturbed else int(quantity["iterations"])
    return dataset, *(names[key] for key in KEYS[quantity["from"]])


@dataclass(frozen=True)
class Files:
    """The result tables of a study; None for tables that the study does not have.

    Attributes:
        metrics: the tidy metrics, including those of baselines.
        groups, fairness: the tidy tables of `metrics.evaluation.evaluate_fairness`.
        users: columns dataset, model, seed, user, condition, ndcg: nDCG of every user in the cells of Table 1.
        points, regressions, differences, comparison: the tables of Figure 3.
        selected: tables/models.csv, the selected epochs.
        budgets: tables/budgets_seeds.csv, attacks compared at equal norms.
        scale: tables/scale_seeds.csv, the defence beside copies of the model.
        certificates: tables/certificates_seeds.csv, how much more is certain of one model than of another, and
            how much more its worst case leaves at least.
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
    scale: pd.DataFrame | None = None
    certificates: pd.DataFrame | None = None


@dataclass(frozen=True)
class StudyResults:
    """The results of a study at one length of lists.

    Attributes:
        files: the result tables.
        configuration: the canonical configuration.
        k: length of the lists.
        single_step: attack of Table 1 -> whether it takes a single step.
        comparable: the products whose settings are the papers'.
    """

    files: Files
    configuration: Mapping[str, Any]
    k: int
    single_step: Mapping[str, bool] = field(default_factory=dict)
    comparable: Collection[str] = ()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The tidy metrics at this k; an empty table if there are none."""
        if self.k not in set(self.files.metrics["k"]):
            return self.files.metrics.iloc[:0]
        return metrics_at(self.files.metrics, self.k)

    def setting(self, key: str) -> Any:
        """Return the value of a setting of the study by its dotted key."""
        return reduce(getitem, key.split("."), self.configuration)

    def models(self, dataset: str) -> list[str]:
        """Return the recommenders measured on a data set, without the random one and copies of another one."""
        here = models_in(self.rows[self.rows["dataset"] == dataset])
        return [name for name in here if name not in self.configuration.get("controls", {})]

    @cached_property
    def seeds(self) -> dict[str, list[int]]:
        """Data set -> seeds, for data sets with metrics."""
        datasets = dict.fromkeys(self.rows["dataset"])
        return {name: [int(seed) for seed in seeds_of(self.rows, name)] for name in datasets}

    def values(self, dataset: str, quantity: Quantity) -> pd.Series:
        """Return a quantity for each seed of the data set, indexed by seed; NaN for missing values."""
        table, place = self.tables[quantity["from"]], key_of(dataset, quantity)
        seeds = self.seeds.get(dataset, [])
        found = [table.get((*place, seed), np.nan) for seed in seeds]
        return pd.Series(found, index=seeds, dtype=float)

    def users(self, dataset: str, quantity: Quantity) -> pd.Series | None:
        """Return the nDCG of each user in a cell of Table 1, as the mean over the seeds, indexed by user.

        None for other quantities, or if the users' values are not stored for every seed.
        """
        is_stored = quantity["from"] == "table1" and quantity.get("metric") == "nDCG"
        if not is_stored or self.files.users is None:
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
        """Table -> (*`key_of` of a quantity, seed) -> value."""
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
        """Take the tables of `published.load` by name; quantities from tables that are left out are NaN."""
        self._tables = {
            name: _values(tables.get(file))
            for name, file in {"table1": "table1", "groups": "table2", "fairness": "table3"}.items()
        }
        self._points = _curve_points(tables.get("figures_1_2"))
        self._poster = _poster_points(tables.get("apr_performance"), tables.get("apr_robustness"))
        self.characteristics = tables.get("characteristics")

    def value(self, dataset: str, quantity: Quantity, k: int) -> float:
        """Return a quantity as printed, for lists of length `k`; NaN if the papers do not print it."""
        place = key_of(dataset, quantity)
        if quantity["from"] == "metrics" and k == pub.APR_K:
            return self._poster.get(place, np.nan)
        if k != pub.FIGURES_K:
            return np.nan
        if quantity["from"] == "metrics":
            return self._point(place)
        return self._tables[quantity["from"]].get(place, np.nan)

    def _point(self, place: tuple) -> float:
        dataset, model, attack, epsilon, _, metric = place
        # Cells of Table 1 that are values of a single condition, not accumulated over iterations.
        if attack == UNPERTURBED or (attack, epsilon) == ("fgsm", pub.TABLE1_EPSILON):
            return self._tables["table1"].get((dataset, model, attack, metric), np.nan)
        return self._points.get(place, np.nan)


def _values(table: pd.DataFrame | None) -> dict[tuple, float]:
    """Return a published table as a mapping from all columns but the last to the last column."""
    rows = table.itertuples(index=False, name=None) if table is not None else ()
    return {tuple(names): value for *names, value in rows}


def _curve_points(table: pd.DataFrame | None) -> dict[tuple, float]:
    """Return the points of Figures 1 and 2 by `key_of` of a quantity from the metrics."""
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
    """Return the poster's accuracy, unperturbed and after the printed relative changes, by `key_of` of a quantity."""
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
    """Return the quantity of the same metric for the random recommender."""
    return {"from": "metrics", "model": RANDOM, "attack": UNPERTURBED, "metric": quantity["metric"]}
