"""Tables 2 and 3 of the MSAP paper: nDCG of groups, and how far the groups are apart.

From the tidy tables of `evaluation.evaluate_fairness`, collected over the study. Both tables have the same shape: rows
are models and conditions, columns the groups or measures of each attribute, and each data set has a table of its own.
As in Table 1, a cell that a seed lacks is NaN or a dash, never the mean of what happens to be there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.fairness import ITEM_VALUES
from embrittle.metrics.tidy import models_in, spread_over_seeds
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex, to_markdown

DECIMALS = 3
# From here on decimals would say nothing: GCE reaches thousands where a group has nothing.
LARGE = 100


@dataclass(frozen=True)
class FairnessTable:
    """One of the two tables.

    Attributes:
        name: "table2" or "table3".
        column: the tidy column that names a cell within an attribute, "group" or "measure".
        value: what the published table calls the value.
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
    """The cells of a table over the seeds.

    Args:
        rows: the tidy groups (Table 2) or fairness measures (Table 3).
        table: which one.
        k: length of the lists.
        attacks: the conditions beside "initial", in this order.
        attributes: what to show, in this order; one that a data set does not have is left out for it.
        seeds: what makes a complete cell.

    Returns:
        The columns `table.cell`, then mean, sd, low, high, n_seeds (`tables.spread_over_seeds`).

    Raises:
        DataError: there is nothing at this K, or two rows have the same key.
    """
    rows = rows[rows["k"] == k].rename(columns={"attack": "condition"})
    if rows.empty:
        raise DataError(f"{table.name} has nothing to show at K = {k}")
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
    """The groups or measures of an attribute that a data set has; none where it lacks the attribute."""
    here = (rows["dataset"] == dataset) & (rows["attribute"] == attribute)
    return list(dict.fromkeys(rows.loc[here, table.column]))


def long_form(spread: pd.DataFrame, table: FairnessTable) -> pd.DataFrame:
    """The means, in the columns of the published CSV."""
    return spread[[*table.cell, "mean"]].rename(columns={"mean": table.value})


def wide_csv(spread: pd.DataFrame, table: FairnessTable) -> pd.DataFrame:
    """The paper's shape as numbers: columns dataset, model, condition, then "attribute/name", the means."""
    column = spread["attribute"] + "/" + spread[table.column]
    keys = ["dataset", "model", "condition"]
    wide = spread.assign(column=column).pivot(index=keys, columns="column", values="mean")
    rows = pd.MultiIndex.from_frame(spread[keys].drop_duplicates())
    wide = wide.reindex(index=rows, columns=list(dict.fromkeys(column)))
    return wide.reset_index().rename_axis(columns=None)


def _text(value: float, missing: str) -> str:
    return missing if np.isnan(value) else number_text(value)


def number_text(value: float) -> str:
    """A value as the tables print it."""
    decimals = 0 if abs(value) >= LARGE else DECIMALS
    # + 0.0 after rounding: a small negative number prints as 0.000, not as -0.000.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def _is_best(spread: pd.DataFrame, table: FairnessTable) -> pd.Series:
    """Where a cell prints the best of its model: the highest nDCG, the smallest distance. None where all are alike."""
    printed = spread["mean"].round(DECIMALS) + 0.0
    goodness = printed if table is TABLE2 else -printed.abs()
    keys = ["dataset", "model", "attribute", table.column]
    groups = goodness.groupby([spread[key] for key in keys])
    return (goodness == groups.transform("max")) & (groups.transform("nunique") > 1)


def wide_text(
    spread: pd.DataFrame, table: FairnessTable, dataset: str, markup: Markup
) -> pd.DataFrame:
    """One data set's table in the paper's shape, as text.

    Returns:
        Rows (Model, Condition), columns (attribute, group or measure). The best of each model is bold; "mean ± sd"
        where there are several seeds.
    """
    here = spread.assign(best=_is_best(spread, table))
    here = here[here["dataset"] == dataset]
    texts = []
    for row in here.itertuples(index=False):
        text = (
            markup.missing if np.isnan(row.mean) else _text(row.mean, "").replace("-", markup.minus)
        )
        text = markup.bold(text) if row.best else text
        texts.append(text if np.isnan(row.sd) else text + markup.plus_minus + _text(row.sd, ""))
    index = pd.MultiIndex.from_tuples(
        [
            (markup.escape(model), markup.escape(condition_label(condition)))
            for model, condition in zip(here["model"], here["condition"], strict=True)
        ],
        names=["Model", "Condition"],
    )
    columns = pd.MultiIndex.from_tuples(
        [
            (markup.escape(_in_words(attribute)), markup.escape(name.replace("_", " ")))
            for attribute, name in zip(here["attribute"], here[table.column], strict=True)
        ]
    )
    cell = pd.Series(texts, index=pd.MultiIndex.from_arrays([index, columns]), dtype=object)
    # Both in the order of the long form, which is the paper's; unstack would sort.
    wide = cell.unstack()
    wide = wide.reindex(index=index.drop_duplicates(), columns=columns.drop_duplicates())
    wide.index = index.drop_duplicates()
    wide.columns = columns.drop_duplicates()
    return wide


def _in_words(attribute: str) -> str:
    return attribute.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Caption:
    """What a reader must know to read the tables.

    Attributes:
        k: length of the lists.
        epsilon: budget of the perturbations.
        iterations: of the multi-step ones.
        attributes: what was asked for.
        item_value: key of `fairness.ITEM_VALUES`.
        gce: settings of `fairness.gce`.
        distributions: attribute -> name -> fair distribution.
        notes: further sentences, for the end.
    """

    k: int
    epsilon: float
    iterations: int
    attributes: Sequence[str]
    item_value: str
    gce: Mapping[str, float]
    distributions: Mapping[str, Mapping[str, Sequence[float]]]
    notes: Sequence[str] = ()

    def sentences(
        self, spread: pd.DataFrame, groups: pd.DataFrame, table: FairnessTable, dataset: str
    ) -> list[str]:
        """The sentences for one data set's table; `groups` as from `evaluation.evaluate_fairness`."""
        spread = spread[spread["dataset"] == dataset]
        here = groups[(groups["dataset"] == dataset) & (groups["k"] == self.k)]
        what = {"table2": f"nDCG@{self.k} of groups", "table3": "How far groups are apart"}
        first = (
            f"{what[table.name]}, top-{self.k} lists, perturbation budget ε = {self.epsilon:g}, "
            f"{self.iterations} iterations of the multi-step perturbations."
        )
        of_table = self._of_groups(here) if table is TABLE2 else self._of_measures(here)
        return [first, *of_table, *self._of_all(spread, here), *self.notes]

    def _of_groups(self, here: pd.DataFrame) -> list[str]:
        described = [
            f"{_in_words(attribute)}: "
            + ", ".join(f"{row.group} {row.label}" for row in rows)
            + "."
            for attribute in self.attributes
            if (rows := _distinct_groups(here, attribute))
        ]
        return [
            "User groups: the mean nDCG of their users. Item groups: the mean over their recommended items; the value "
            f"of an item is {ITEM_VALUES[self.item_value].words}; 0 where none is recommended.",
            *described,
            "Bold: the highest of a model.",
        ]

    def _of_measures(self, here: pd.DataFrame) -> list[str]:
        shares = "; ".join(
            f"{_in_words(attribute)} {name} ({', '.join(f'{share:g}' for share in fair)})"
            for attribute in self.attributes
            if _distinct_groups(here, attribute)
            for name, fair in self.distributions.get(attribute, {}).items()
        )
        return [
            f"GCE: generalised cross entropy (β = {self.gce['beta']:g}, smoothing {self.gce['smoothing']:g} of "
            f"{self.gce['background']:g}) of Table 2's values against the uniform distribution f0"
            + (f" and {shares}." if shares else "."),
            "MADr, MADR: mean absolute difference between groups of predicted scores and of ranking quality.",
            "Bold: the nearest to 0 of a model.",
        ]

    def _of_all(self, spread: pd.DataFrame, here: pd.DataFrame) -> list[str]:
        sentences = []
        absent = [name for name in self.attributes if not _distinct_groups(here, name)]
        if absent:
            names = ", ".join(_in_words(name).lower() for name in absent)
            sentences.append(f"Not published with these data: {names}.")
        if (many := spread.loc[spread["mean"].notna(), "n_seeds"].max()) > 1:
            sentences.append(f"Mean ± standard deviation of {many} seeds.")
        if spread["mean"].isna().any():
            sentences.append("A dash: nothing to measure, or not computed, for one seed at least.")
        return sentences


def _distinct_groups(here: pd.DataFrame, attribute: str) -> list[Any]:
    rows = here.loc[here["attribute"] == attribute, ["group", "label"]].drop_duplicates()
    return list(rows.itertuples(index=False))


def markdown(
    spread: pd.DataFrame,
    groups: pd.DataFrame,
    table: FairnessTable,
    caption: Caption,
    titles: Mapping[str, str],
) -> str:
    """A Markdown table with its caption for each data set; `titles` are the data sets' names for people."""
    parts = []
    for dataset in dict.fromkeys(spread["dataset"]):
        wide = wide_text(spread, table, dataset, MARKDOWN)
        wide.columns = [f"{attribute}: {name}" for attribute, name in wide.columns]
        sentences = map(MARKDOWN.escape, caption.sentences(spread, groups, table, dataset))
        parts += [
            f"**{MARKDOWN.escape(titles.get(dataset, dataset))}**",
            to_markdown(wide.reset_index(), n_left=2),
            " ".join(sentences),
        ]
    return "\n\n".join(parts) + "\n"


def latex(
    spread: pd.DataFrame,
    groups: pd.DataFrame,
    table: FairnessTable,
    caption: Caption,
    titles: Mapping[str, str],
) -> str:
    """A LaTeX table for each data set (booktabs); arguments as `markdown`."""
    parts = []
    for dataset in dict.fromkeys(spread["dataset"]):
        sentences = [f"{titles.get(dataset, dataset)}."]
        sentences += caption.sentences(spread, groups, table, dataset)
        wide = wide_text(spread, table, dataset, LATEX)
        parts.append(to_latex(wide, " ".join(sentences), f"tab:{table.name}-{dataset}"))
    return "\n".join(parts)


def comparison(long: pd.DataFrame, published: pd.DataFrame, table: FairnessTable) -> pd.DataFrame:
    """Ours beside the published cells, in the order of ours.

    Returns:
        The columns `table.cell`, then value, published, difference (value - published), ratio (NaN where 0 was
        published) and note: "not published" or "not computed" where a side is missing, else "". Cells published for
        attributes that the data set does not have are at the end, not computed; those of data sets that are not in
        ours are left out.
    """
    ours = long.rename(columns={table.value: "value"})
    theirs = published.rename(columns={table.value: "published"})
    theirs = theirs[theirs["dataset"].isin(ours["dataset"])]
    both = ours.merge(theirs, on=table.cell, how="left", validate="one_to_one")
    rest = theirs.merge(ours, on=table.cell, how="left")
    both = pd.concat([both, rest[rest["value"].isna()]], ignore_index=True)
    both = both.drop_duplicates(table.cell)[[*table.cell, "value", "published"]]
    note = np.select(
        [both["published"].isna(), both["value"].isna()], ["not published", "not computed"], ""
    )
    ratio = both["value"] / both["published"].where(both["published"] != 0)
    return both.assign(difference=both["value"] - both["published"], ratio=ratio, note=note)


def comparison_markdown(
    compared: pd.DataFrame, table: FairnessTable, titles: Mapping[str, str]
) -> str:
    """The comparison as a Markdown table."""
    rows = [
        {
            "Data set": MARKDOWN.escape(titles.get(row["dataset"], row["dataset"])),
            "Model": MARKDOWN.escape(row["model"]),
            "Condition": MARKDOWN.escape(condition_label(row["condition"])),
            "Attribute": MARKDOWN.escape(_in_words(row["attribute"])),
            table.column.capitalize(): MARKDOWN.escape(row[table.column]),
            "Ours": _text(row["value"], "not computed"),
            "Published": _text(row["published"], "not published"),
            "Difference": _text(row["difference"], "—"),
        }
        for row in compared.to_dict("records")
    ]
    return to_markdown(pd.DataFrame(rows), n_left=5) + "\n"
