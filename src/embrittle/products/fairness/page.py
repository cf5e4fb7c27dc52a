"""Tables 2 and 3 and the heat map on the page."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from embrittle.products.fairness.cells import TABLE2, TABLE3, FairnessTable, cells, relative_changes
from embrittle.products.fairness.figure import heat_map
from embrittle.products.fairness.tables import labels_of, number_text
from embrittle.render.inputs import Inputs
from embrittle.render.page_tables import Cell, Table, beside_published, cell, shaped
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing

CAPTIONS = {TABLE2: "Table 2, nDCG of groups", TABLE3: "Table 3, how far groups are apart"}

NOTES = {
    TABLE2: (
        "C1, C2, … are the groups of an attribute. Of quantiles, C1 has the fewest training interactions: the least "
        "popular items, or the least active users."
    ),
    TABLE3: (
        "GCE, generalised cross entropy, is 0 where groups have the shares of a fair distribution, and below 0 "
        "otherwise. It reaches thousands where a group has no hit: then its size says little. MADr and MADR are the "
        "mean absolute differences between groups in predicted scores and in ranking quality."
    ),
}


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Both tables of each data set beside the published ones; none where the study has not made them."""
    groups = inputs.parquet("groups")
    labels = (
        {name: labels_of(of) for name, of in groups.groupby("dataset")}
        if groups is not None
        else {}
    )
    return [
        made
        for table, what in CAPTIONS.items()
        for made in beside_published(
            inputs, table.name, table.cell, titles, what, partial(_shaped, table, labels)
        )
    ]


def _shaped(
    table: FairnessTable,
    labels: Mapping[Any, Mapping[str, str]],
    rows: pd.DataFrame,
    caption: str,
) -> Table:
    rows = rows.assign(
        over=rows["attribute"].str.replace("_", " "),
        under=rows[table.column].str.replace("_", " "),
    )
    places = ["model", "label"], ["over", "under"]
    made = shaped(rows, *places, caption, _cell, ["Model", "Condition"])
    groups = labels.get(rows["dataset"].iloc[0], {}) if table is TABLE2 else {}
    return replace(made, note=" ".join([NOTES[table], *groups.values()]))


def _cell(entry: pd.Series) -> Cell:
    return cell(entry["mean"], entry["sd"], entry["published"], number_text)


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from fairness, if there is any."""
    fairness = inputs.parquet("fairness")
    for of in settings["figures"] if fairness is not None else ():
        changes = relative_changes(cells(fairness, TABLE3, **of["cells"]))
        yield heat_map(changes, of["dataset"], PlotSettings(**of["plots"]), of["title"])
