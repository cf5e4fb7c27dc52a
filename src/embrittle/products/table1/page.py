"""Table 1 on the page."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pandas as pd

from embrittle.products.table1.cells import CELL
from embrittle.render.inputs import Inputs
from embrittle.render.labels import format_value
from embrittle.render.page_tables import Cell, Table, beside_published, cell, shaped

# Beside it, the first part of the page says what is left after the largest number of steps.
NOTE = (
    "A value of an attack in several steps is the area under its curve over the number of steps, divided by the "
    "largest: an average over the steps, not the value after the last one. PR and RE: precision and recall. EFD: "
    "expected free discovery, how novel the hits are. SE: Shannon entropy, how evenly items are recommended. ICov: the "
    "number of different items in all lists."
)


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """The table of each data set beside the published one; none where the study has not made it."""
    return beside_published(inputs, "table1", CELL, titles, "Table 1", _shaped)


def _shaped(rows: pd.DataFrame, caption: str) -> Table:
    table = shaped(rows, ["model", "metric"], ["label"], caption, _cell, ["Model", "Measure"])
    return replace(table, note=NOTE)


def _cell(entry: pd.Series) -> Cell:
    write = partial(format_value, metric=entry["metric"])
    return cell(entry["mean"], entry["sd"], entry["published"], write)
