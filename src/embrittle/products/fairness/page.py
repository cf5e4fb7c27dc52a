"""Tables 2 and 3 on the page."""

from collections.abc import Mapping

import pandas as pd

from embrittle.products.fairness.cells import TABLES
from embrittle.products.fairness.tables import number_text
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset, cell, shaped

CAPTIONS = {"table2": "Table 2, nDCG of groups", "table3": "Table 3, how far groups are apart"}


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Both tables of each data set beside the published ones; none where the study has not made them."""
    found = []
    for name, table in TABLES.items():
        spread, compared = inputs.csv(f"{name}_seeds"), inputs.csv(f"{name}_comparison")
        if spread is None or compared is None:
            continue
        both = spread.merge(compared[[*table.cell, "published"]], on=table.cell, how="left")
        both = both.assign(
            label=both["condition"].map(condition_label),
            over=both["attribute"].str.replace("_", " "),
            under=both[table.column].str.replace("_", " "),
        )
        found += by_dataset(both, titles, CAPTIONS[name], _shaped)
    return found


def _shaped(rows: pd.DataFrame, caption: str) -> Table:
    places = ["model", "label"], ["over", "under"]
    return shaped(rows, *places, caption, _cell, ["Model", "Condition"])


def _cell(entry: pd.Series) -> Cell:
    return cell(entry["mean"], entry["sd"], entry["published"], number_text)
