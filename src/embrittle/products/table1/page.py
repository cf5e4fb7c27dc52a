"""Table 1 on the page."""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from embrittle.products.table1.cells import CELL
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label, format_value
from embrittle.render.page_tables import Cell, Table, by_dataset, cell, shaped


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """The table of each data set beside the published one; none where the study has not made it."""
    spread, compared = inputs.csv("table1_seeds"), inputs.csv("table1_comparison")
    if spread is None or compared is None:
        return []
    both = spread.merge(compared[[*CELL, "published"]], on=CELL, validate="one_to_one")
    both = both.assign(label=both["condition"].map(condition_label))

    def make(entry: pd.Series) -> Cell:
        write = partial(format_value, metric=entry["metric"])
        return cell(entry["mean"], entry["sd"], entry["published"], write)

    return by_dataset(both, titles, "Table 1", lambda of, caption: shaped(
        of, ["model", "metric"], ["label"], caption, make, ["Model", "Measure"]
    ))  # fmt: skip
