"""Tables 2 and 3 of the MSAP paper in their several forms: as numbers, in Markdown and LaTeX, and beside the published.

Both tables have the same shape: rows are models and conditions, columns the groups or measures of each attribute, and
each data set has a table of its own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.fairness import ITEM_VALUES
from embrittle.products.fairness.cells import (
    TABLE2,
    TABLES,
    FairnessTable,
    cells,
    comparison,
    long_form,
)
from embrittle.render import tables
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex

DECIMALS = 3
# From here on decimals would say nothing: GCE reaches thousands where a group has nothing.
LARGE = 100
ROWS = ["model", "condition"]


def caption(
    about: Mapping[str, Any],
    spread: pd.DataFrame,
    groups: pd.DataFrame,
    table: FairnessTable,
    dataset: str,
) -> list[str]:
    """What a reader must know to read one data set's table, as sentences.

    Args:
        about: k, length of the lists; epsilon, budget of the perturbations, and iterations of the multi-step ones;
            attributes, what was asked for; item_value, key of `fairness.ITEM_VALUES`; gce, settings of `fairness.gce`;
            distributions, attribute -> name -> fair distribution; notes, further sentences for the end.
        spread: the cells of the table.
        groups: the tidy groups, as from `evaluation.evaluate_fairness`.
        table: which one.
        dataset: name of the data set.
    """
    spread = spread[spread["dataset"] == dataset]
    here = groups[(groups["dataset"] == dataset) & (groups["k"] == about["k"])]
    groups_of = {
        name: here.loc[here["attribute"] == name, ["group", "label"]].drop_duplicates()
        for name in about["attributes"]
    }
    there = {name: rows for name, rows in groups_of.items() if len(rows)}
    absent = ", ".join(_in_words(name).lower() for name in groups_of if name not in there)
    k = about["k"]
    what = {"table2": f"nDCG@{k} of groups", "table3": "How far groups are apart"}
    return [
        f"{what[table.name]}, top-{k} lists, perturbation budget ε = {about['epsilon']:g}, "
        f"{about['iterations']} iterations of the multi-step perturbations.",
        *(_of_groups if table is TABLE2 else _of_measures)(about, there),
        *([f"Not published with these data: {absent}."] if absent else []),
        *tables.seeds_sentences(spread, "nothing to measure, or not computed"),
        *about["notes"],
    ]


def _of_groups(about: Mapping[str, Any], there: Mapping[str, pd.DataFrame]) -> list[str]:
    """What Table 2 shows; `there`: attribute -> its groups and their labels."""
    described = [
        f"{_in_words(name)}: "
        + ", ".join(f"{row.group} {row.label}" for row in rows.itertuples(index=False))
        + "."
        for name, rows in there.items()
    ]
    return [
        "User groups: the mean nDCG of their users. Item groups: the mean over their recommended items; the value "
        f"of an item is {ITEM_VALUES[about['item_value']].words}; 0 where none is recommended.",
        *described,
        "Bold: the highest of a model.",
    ]


def _of_measures(about: Mapping[str, Any], there: Mapping[str, pd.DataFrame]) -> list[str]:
    """What Table 3 shows; `there` as for `_of_groups`."""
    shares = "; ".join(
        f"{_in_words(attribute)} {name} ({', '.join(f'{share:g}' for share in fair)})"
        for attribute in there
        for name, fair in about["distributions"].get(attribute, {}).items()
    )
    gce = about["gce"]
    return [
        f"GCE: generalised cross entropy (β = {gce['beta']:g}, smoothing {gce['smoothing']:g} of "
        f"{gce['background']:g}) of Table 2's values against the uniform distribution f0"
        + (f" and {shares}." if shares else "."),
        "MADr, MADR: mean absolute difference between groups of predicted scores and of ranking quality.",
        "Bold: the nearest to 0 of a model.",
    ]


def forms(
    name: str,
    groups: pd.DataFrame,
    fairness: pd.DataFrame,
    published: pd.DataFrame,
    *,
    shown: Mapping[str, Any],
    about: Mapping[str, Any],
    titles: Mapping[str, str],
) -> dict[str, pd.DataFrame | str]:
    """Every form of a table, by the name of its output in rule tabulate_fairness.

    Args:
        name: "table2" or "table3".
        groups, fairness: the tidy tables of the study.
        published: the published table of that name.
        shown: what the table shows, the further arguments of `cells`.
        about: what its captions say, see `caption`.
        titles: data set -> title; the name itself without one.
    """
    table = TABLES[name]
    spread = cells(groups if table is TABLE2 else fairness, table, **shown)
    long = long_form(spread, table)
    beside = comparison(long, published, table)
    return {
        "long": long,
        "spread": spread,
        "wide": tables.wide_numbers(spread, ["dataset", *ROWS], ["attribute", table.column]),
        **texts(spread, groups, table, about, titles),
        "comparison": beside,
        "comparison_markdown": comparison_markdown(beside, table, titles),
    }


def wide(spread: pd.DataFrame, table: FairnessTable, dataset: str, markup: Markup) -> pd.DataFrame:
    """One data set's table in the paper's shape, as text.

    Returns:
        Rows (Model, Condition), columns (attribute, group or measure). The best of each model is bold; "mean ± sd"
        where there are several seeds.
    """
    here = spread.assign(best=_is_best(spread, table))
    here = here[here["dataset"] == dataset]
    text = [
        tables.mean_text(row.mean, row.sd, number_text, markup, row.best)
        for row in here[["mean", "sd", "best"]].itertuples(index=False)
    ]
    labels = {
        "condition": condition_label,
        "attribute": _in_words,
        table.column: lambda name: name.replace("_", " "),
    }
    columns = ["attribute", table.column]
    return tables.wide_texts(here.assign(text=text), ROWS, columns, labels, markup)


def _in_words(attribute: str) -> str:
    return attribute.replace("_", " ").capitalize()


def _is_best(spread: pd.DataFrame, table: FairnessTable) -> pd.Series:
    """Where a cell prints the best of its model: the highest nDCG, the smallest distance. None where all are alike."""
    printed = spread["mean"].round(DECIMALS) + 0.0
    goodness = printed if table is TABLE2 else -printed.abs()
    keys = ["dataset", "model", "attribute", table.column]
    groups = goodness.groupby([spread[key] for key in keys])
    return (goodness == groups.transform("max")) & (groups.transform("nunique") > 1)


def _text(value: float, missing: str) -> str:
    return missing if np.isnan(value) else number_text(value)


def number_text(value: float) -> str:
    """A value as the tables print it."""
    decimals = 0 if abs(value) >= LARGE else DECIMALS
    # + 0.0 after rounding: a small negative number prints as 0.000, not as -0.000.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def texts(
    spread: pd.DataFrame,
    groups: pd.DataFrame,
    table: FairnessTable,
    about: Mapping[str, Any],
    titles: Mapping[str, str],
) -> dict[str, str]:
    """The table of every data set with its caption, in "markdown" and "latex"; arguments as in `forms`."""
    markdown, latex = [], []
    for dataset in dict.fromkeys(spread["dataset"]):
        title = titles.get(dataset, dataset)
        said = " ".join(caption(about, spread, groups, table, dataset))
        shape = wide(spread, table, dataset, MARKDOWN)
        markdown += [
            f"**{MARKDOWN.escape(title)}**",
            tables.wide_markdown(shape),
            MARKDOWN.escape(said),
        ]
        label = f"tab:{table.name}-{dataset}"
        latex.append(to_latex(wide(spread, table, dataset, LATEX), f"{title}. {said}", label))
    return {"markdown": "\n\n".join(markdown) + "\n", "latex": "\n".join(latex)}


def comparison_markdown(
    compared: pd.DataFrame, table: FairnessTable, titles: Mapping[str, str]
) -> str:
    """The comparison as a Markdown table."""
    names = {
        "Attribute": lambda row: _in_words(row["attribute"]),
        table.column.capitalize(): lambda row: row[table.column],
    }
    values = {
        "Ours": lambda row: _text(row["value"], "not computed"),
        "Published": lambda row: _text(row["published"], "not published"),
        "Difference": lambda row: _text(row["difference"], "—"),
    }
    return tables.comparison_markdown(compared, titles, names, values)
