"""Tables 2 and 3 of the MSAP paper: as numbers, in Markdown and LaTeX, and compared with the published tables.

Both tables have the same shape: rows are models and conditions, columns the groups or measures of each attribute. Each
data set has its own table.
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
# Values from here on have no decimals: GCE reaches thousands if a group has no hit.
LARGE = 100
ROWS = ["model", "condition"]


def caption(
    about: Mapping[str, Any],
    spread: pd.DataFrame,
    groups: pd.DataFrame,
    table: FairnessTable,
    dataset: str,
) -> list[str]:
    """Return the caption of one data set's table, as sentences.

    Args:
        about: k, the length of the lists; epsilon, the budget of the perturbations; iterations, of the multi-step ones;
            attributes, those of the configuration; item_value, a key of `fairness.ITEM_VALUES`; gce, the settings of
            `fairness.gce`; distributions, attribute -> name -> fair distribution; notes, further sentences for the end.
        spread: the cells of the table.
        groups: the tidy groups from `evaluation.evaluate_fairness`.
        table: the table.
        dataset: the name of the data set.
    """
    spread = spread[spread["dataset"] == dataset]
    labels = labels_of(groups[groups["dataset"] == dataset])
    present = {name: labels[name] for name in about["attributes"] if name in labels}
    absent = ", ".join(
        _in_words(name).lower() for name in about["attributes"] if name not in labels
    )
    k = about["k"]
    what = {"table2": f"nDCG@{k} of groups", "table3": "Differences between groups"}
    return [
        f"{what[table.name]}, top-{k} lists, perturbation budget ε = {about['epsilon']:g}, "
        f"{about['iterations']} iterations of the multi-step perturbations.",
        *(_of_groups if table is TABLE2 else _of_measures)(about, present),
        *([f"Attributes that these data do not have: {absent}."] if absent else []),
        *tables.seeds_sentences(spread, "nothing to measure or not computed"),
        *about["notes"],
    ]


def labels_of(groups: pd.DataFrame) -> dict[str, str]:
    """Attribute -> a sentence with the names and labels of its groups, from the tidy groups of a data set."""
    rows = groups[["attribute", "group", "label"]].drop_duplicates()
    return {
        str(name): f"{_in_words(name)}: {', '.join(of['group'] + ' ' + of['label'])}."
        for name, of in rows.groupby("attribute", sort=False)
    }


def _of_groups(about: Mapping[str, Any], present: Mapping[str, str]) -> list[str]:
    """Return the sentences on Table 2; `present`: attribute of the data set -> the labels of its groups."""
    return [
        "User groups: the mean nDCG of their users. Item groups: the mean over their recommended items, where the "
        f"value of an item is {ITEM_VALUES[about['item_value']].words}; 0 if none is recommended.",
        *present.values(),
        "Bold: the highest value of a model.",
    ]


def _of_measures(about: Mapping[str, Any], present: Mapping[str, str]) -> list[str]:
    """Return the sentences on Table 3; `present` as in `_of_groups`."""
    shares = "; ".join(
        f"{_in_words(attribute)} {name} ({', '.join(f'{share:g}' for share in fair)})"
        for attribute in present
        for name, fair in about["distributions"].get(attribute, {}).items()
    )
    gce = about["gce"]
    return [
        f"GCE: generalised cross entropy (β = {gce['beta']:g}, smoothing {gce['smoothing']:g} of "
        f"{gce['background']:g}) of Table 2's values against the uniform distribution f0"
        + (f" and {shares}." if shares else "."),
        "MADr, MADR: mean absolute difference between groups in predicted scores and in ranking quality.",
        "Bold: the value of a model that is nearest to 0.",
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
    """Return all forms of a table, by the names of outputs in rule tabulate_fairness.

    Args:
        name: "table2" or "table3".
        groups, fairness: the tidy tables of the study.
        published: the published table of that name.
        shown: the further arguments of `cells`.
        about: the content of captions, see `caption`.
        titles: data set -> title; without one, its name.
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
    """Return one data set's table in the paper's shape, as text.

    Returns:
        Rows (Model, Condition), columns (attribute, group or measure). The best value of each model is bold; with
        several seeds, texts are "mean ± sd".
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
    """Return which cells print the best value of their model: the highest nDCG, or the measure nearest to 0.

    No cell is the best if all print the same.
    """
    printed = spread["mean"].round(DECIMALS) + 0.0
    goodness = printed if table is TABLE2 else -printed.abs()
    keys = ["dataset", "model", "attribute", table.column]
    groups = goodness.groupby([spread[key] for key in keys])
    return (goodness == groups.transform("max")) & (groups.transform("nunique") > 1)


def _text(value: float, missing: str) -> str:
    return missing if np.isnan(value) else number_text(value)


def number_text(value: float) -> str:
    """Return a value as the tables print it."""
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
    """Return the tables of all data sets with captions, as "markdown" and "latex"; arguments as in `forms`."""
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
    """Return the comparison as a Markdown table."""
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
