"""Common functions for tables of cells over seeds: shape, texts, captions, and comparison with published numbers.

Cells are in long form: the columns that name a cell, then mean, sd and n_seeds (`tidy.spread_over_seeds`). Rows and
columns of all shapes keep the order of the cells, which is the papers'.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from embrittle.render.labels import condition_label
from embrittle.render.markup import MARKDOWN, Markup, to_markdown


def wide_numbers(cells: pd.DataFrame, rows: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return unrounded means in wide form: columns `rows`, then a column "a/b" per pair of values of two `columns`."""
    named = cells.assign(column=cells[columns[0]] + "/" + cells[columns[1]])
    wide = _pivoted(named, list(rows), "column", "mean")
    return wide.reset_index().rename_axis(columns=None)


def wide_texts(
    cells: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    labels: Mapping[str, Callable[[str], str]],
    markup: Markup,
) -> pd.DataFrame:
    """Return the texts of cells in the papers' shape, for `wide_markdown` or `markup.to_latex`.

    Args:
        cells: with a column "text" in the language of `markup`.
        rows: the two columns of `cells` that name a row, and their headings.
        columns: the two columns of `cells` that name a column.
        labels: column of `cells` -> function from a value to its label; without one, the value is the label.
        markup: the output language, for which labels are escaped.
    """
    wide = _pivoted(cells, list(rows), list(columns), "text").fillna(markup.missing)

    def labelled(index: pd.MultiIndex, names: Sequence[str]) -> pd.MultiIndex:
        of = [labels.get(name, str) for name in names]
        return pd.MultiIndex.from_tuples(
            [
                [markup.escape(label(value)) for label, value in zip(of, key, strict=True)]
                for key in index
            ]
        )

    wide.index = labelled(wide.index, rows).set_names([name.capitalize() for name in rows])
    wide.columns = labelled(wide.columns, columns)
    return wide


def _pivoted(
    cells: pd.DataFrame, rows: list[str], columns: str | list[str], values: str
) -> pd.DataFrame:
    """Pivot as `DataFrame.pivot`, which sorts rows and columns, but in the order of the cells."""
    wide = cells.pivot(index=rows, columns=columns, values=values)
    index, across = (
        pd.MultiIndex.from_frame(cells[names].drop_duplicates())
        if isinstance(names, list)
        else cells[names].drop_duplicates()
        for names in (rows, columns)
    )
    return wide.reindex(index=index, columns=across)


def wide_markdown(wide: pd.DataFrame) -> str:
    """Return a pipe table of texts from `wide_texts`, with both levels of columns in one heading."""
    flat = wide.set_axis([f"{over}: {name}" for over, name in wide.columns], axis=1)
    return to_markdown(flat.reset_index(), n_left=2)


def mean_text(
    mean: float, sd: float, write: Callable[[float], str], markup: Markup, bold: bool = False
) -> str:
    """Return "mean ± sd" as text; without sd if it is NaN, and a dash if the mean is NaN."""
    text = markup.missing if np.isnan(mean) else write(mean).replace("-", markup.minus)
    text = markup.bold(text) if bold else text
    return text if np.isnan(sd) else text + markup.plus_minus + write(sd)


def seeds_sentences(cells: pd.DataFrame, a_dash_is: str = "not computed") -> list[str]:
    """Return the sentences of a caption on the number of seeds (if several) and on missing cells (if any)."""
    sentences = []
    present = cells.loc[cells["mean"].notna(), "n_seeds"]
    if not present.empty and present.max() > 1:
        few, many = present.min(), present.max()
        number = str(many) if few == many else f"{few} to {many}"
        sentences.append(f"Mean ± standard deviation of {number} seeds.")
    if cells["mean"].isna().any():
        sentences.append(f"A dash: {a_dash_is} for at least one seed.")
    return sentences


def comparison_markdown(
    compared: pd.DataFrame,
    titles: Mapping[str, str],
    names: Mapping[str, Callable[[Mapping], str]],
    values: Mapping[str, Callable[[Mapping], str]],
) -> str:
    """Return a Markdown table of cells and published numbers: data set, model, condition and `names`, then `values`.

    Args:
        compared: one row per cell, with columns dataset, model and condition.
        titles: data set -> title; without one, its name.
        names: heading of a further column that names a cell -> function from a row to its text, not yet escaped.
        values: heading of a column of values -> function from a row to its text.
    """
    names = {
        "Data set": lambda row: titles.get(row["dataset"], row["dataset"]),
        "Model": lambda row: row["model"],
        "Condition": lambda row: condition_label(row["condition"]),
        **names,
    }
    rows = [
        {head: MARKDOWN.escape(text(row)) for head, text in names.items()}
        | {head: text(row) for head, text in values.items()}
        for row in compared.to_dict("records")
    ]
    return to_markdown(pd.DataFrame(rows), n_left=len(names)) + "\n"
