"""The cells of Tables 2 and 3, nDCG of groups and differences between groups, and their changes for the heat map.

The cells are computed from the tidy tables of `evaluation.evaluate_fairness`, collected over the study. As in Table 1,
a cell is NaN if any seed lacks it, never the mean of the other seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.tidy import models_in, spread_over_seeds
from embrittle.render.published import compared


@dataclass(frozen=True)
class FairnessTable:
    """One of the two tables.

    Attributes:
        name: "table2" or "table3".
        column: the tidy column that names a cell within an attribute, "group" or "measure".
        value: the column of the value in the published table.
    """

    name: str
    column: str
    value: str

    @property
    def cell(self) -> list[str]:
        """The columns that name a cell."""
        return ["dataset", "model", "condition", "attribute", self.column]


TABLE2 = FairnessTable("table2", "group", "nDCG")
TABLE3 = FairnessTable("table3", "measure", "value")
TABLES = {table.name: table for table in (TABLE2, TABLE3)}


def cells(
    rows: pd.DataFrame,
    table: FairnessTable,
    k: int,
    attacks: Sequence[str],
    attributes: Sequence[str],
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Return the cells of a table over seeds.

    Args:
        rows: the tidy groups (Table 2) or fairness measures (Table 3).
        table: the table.
        k: the length of the lists.
        attacks: the conditions in addition to "initial", in this order.
        attributes: the attributes to show, in this order; those that a data set does not have are left out for it.
        seeds: the seeds that a complete cell has.

    Returns:
        Columns `table.cell`, then mean, sd, low, high, n_seeds (`tidy.spread_over_seeds`).

    Raises:
        DataError: no row has this K, or two rows have the same key.
    """
    rows = rows[rows["k"] == k].rename(columns={"attack": "condition"})
    if rows.empty:
        raise DataError(f"{table.name} has no values at K = {k}")
    repeated = rows.duplicated([*table.cell, "seed"])
    if repeated.any():
        first = rows.loc[repeated, [*table.cell, "seed"]].iloc[0].to_dict()
        raise DataError(f"{table.name}: two rows for {first}")
    found = rows.set_index([*table.cell, "seed"])["value"]
    wanted = pd.MultiIndex.from_tuples(
        [
            (dataset, model, condition, attribute, name, seed)
            for dataset in dict.fromkeys(rows["dataset"])
            for model, condition in product(models_in(rows), ["initial", *attacks])
            for attribute in attributes
            for name in _names(rows, table, dataset, attribute)
            for seed in seeds
        ],
        names=[*table.cell, "seed"],
    )
    return spread_over_seeds(found.reindex(wanted).reset_index(), table.cell)


def _names(rows: pd.DataFrame, table: FairnessTable, dataset: str, attribute: str) -> list[str]:
    """Return the groups or measures of an attribute in a data set; none if the data set lacks the attribute."""
    here = (rows["dataset"] == dataset) & (rows["attribute"] == attribute)
    return list(dict.fromkeys(rows.loc[here, table.column]))


def long_form(spread: pd.DataFrame, table: FairnessTable) -> pd.DataFrame:
    """Return the means in the columns of the published CSV."""
    return spread[[*table.cell, "mean"]].rename(columns={"mean": table.value})


def comparison(long: pd.DataFrame, published: pd.DataFrame, table: FairnessTable) -> pd.DataFrame:
    """Compare the cells of `long_form` with the published ones of the same data sets (`published.compared`).

    Returns:
        Columns `table.cell`, then value, published, difference, ratio and note. Published cells that we do not have are
        at the end.
    """
    ours = long.rename(columns={table.value: "value"})
    theirs = published.rename(columns={table.value: "published"})
    theirs = theirs[theirs["dataset"].isin(ours["dataset"])]
    both = compared(ours, theirs, table.cell, further=True)
    return both.drop(columns="deviation_percent")


def relative_changes(spread: pd.DataFrame) -> pd.DataFrame:
    """Return the relative change of each measure's distance from 0, compared with the unperturbed model.

    Args:
        spread: the cells of Table 3 (`cells`).

    Returns:
        Columns dataset, model, condition (the attacks), attribute, measure, initial, after and change, which is
        |after| / |initial| - 1; NaN if a value is missing or the initial one is 0.
    """
    keys = ["dataset", "model", "attribute", "measure"]
    values = spread[[*keys, "condition", "mean"]]
    initial = values[values["condition"] == "initial"].drop(columns="condition")
    after = values[values["condition"] != "initial"].rename(columns={"mean": "after"})
    both = after.merge(initial.rename(columns={"mean": "initial"}), on=keys, how="left")
    reference = both["initial"].abs()
    both["change"] = both["after"].abs() / reference.where(reference > 0) - 1
    return both[
        ["dataset", "model", "condition", "attribute", "measure", "initial", "after", "change"]
    ]
