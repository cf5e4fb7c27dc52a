"""Table 1 on the page."""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from embrittle.products.table1.cells import CELL
from embrittle.render.inputs import Inputs
from embrittle.render.labels import format_value
from embrittle.render.page_tables import Cell, Table, beside_published, cell, shaped


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """The table of each data set beside the published one; none where the study has not made it."""
    return beside_published(inputs, "table1", CELL, titles, "Table 1", _shaped)


def _shaped(rows: pd.DataFrame, caption: str) -> Table:
    return shaped(rows, ["model", "metric"], ["label"], caption, _cell, ["Model", "Measure"])


def _cell(entry: pd.Series) -> Cell:
    write = partial(format_value, metric=entry["metric"])
    return cell(entry["mean"], entry["sd"], entry["published"], write)
