"""Tables for the page: ours beside the published, with a mark for how far they are apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label

# Percent of the published value up to which a cell has a mark; beyond the last one it is "far".
MARKS = ((5.0, "near"), (10.0, "close"), (25.0, "off"))
FAR = "far"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        ours: our mean, as text; a dash where there is none.
        spread: "± sd", or "".
        published: the published value, as text, or "".
        deviation: "+3.1 %" or the like, or "".
        mark: "near", "close", "off", "far", or "" without a published value.
        above: whether ours is larger.
        note: a further line, or "".
    """

    ours: str
    spread: str = ""
    published: str = ""
    deviation: str = ""
    mark: str = ""
    above: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table of cells: `rows` are (headings, cells); `groups` are (heading, number of columns) over the columns."""

    caption: str
    head: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[tuple[Sequence[str], Sequence[Cell]]]
    groups: Sequence[tuple[str, int]] = ()


def deviation_mark(percent: float) -> str:
    """How far a deviation is from none."""
    if np.isnan(percent):
        return ""
    return next((mark for limit, mark in MARKS if abs(percent) <= limit), FAR)


def cell(
    mean: float,
    sd: float,
    published: float,
    write: Callable[[float], str],
    points: bool = False,
) -> Cell:
    """A cell from numbers, NaN for what is not there.

    Args:
        mean, sd: ours, over the seeds.
        published: what it is set beside.
        write: how a number is written.
        points: whether the values are percent: then their difference is marked, not their ratio.
    """
    ours = "—" if np.isnan(mean) else write(mean)
    spread = "" if np.isnan(sd) or np.isnan(mean) else f"± {write(abs(sd)).lstrip('+')}"
    if np.isnan(published):
        return Cell(ours, spread)
    if np.isnan(mean):
        return Cell(ours, spread, write(published))
    if points:
        difference, unit = mean - published, "points"
    else:
        difference = 100 * (mean / published - 1) if published else np.nan
        unit = "%"
    text = "" if np.isnan(difference) else f"{difference:+.1f} {unit}".replace("-", "−")
    return Cell(
        ours, spread, write(published), text, deviation_mark(difference), bool(difference > 0)
    )


def shaped(
    cells: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    make: Callable[[pd.Series], Cell],
    heads: Sequence[str],
) -> Table:
    """A table from long cells, in their order.

    Args:
        cells: a row a cell.
        rows: columns of `cells` that name a row.
        columns: one or two that name a column, the first over the second.
        caption: of the table.
        make: the cell of a row of `cells`.
        heads: headings over the names of the rows.
    """
    wide: dict[tuple, dict[tuple, Cell]] = {}
    for _, entry in cells.iterrows():
        place = tuple(entry[name] for name in rows)
        wide.setdefault(place, {})[tuple(entry[name] for name in columns)] = make(entry)
    order = list(dict.fromkeys(cells[list(columns)].itertuples(index=False, name=None)))
    groups: dict[str, int] = {}
    if len(columns) > 1:
        for first, *_ in order:
            groups[first] = groups.get(first, 0) + 1
    return Table(
        caption=caption,
        head=list(heads),
        columns=[names[-1] for names in order],
        rows=[
            (list(map(str, place)), [found.get(names, Cell("—")) for names in order])
            for place, found in wide.items()
        ],
        groups=list(groups.items()),
    )


def by_dataset(
    rows: pd.DataFrame,
    titles: Mapping[str, str],
    what: str,
    make: Callable[[pd.DataFrame, str], Table],
) -> list[Table]:
    """A table for each data set, made from its rows and a caption that ends in its title."""
    return [
        make(of, f"{what}, {titles.get(name, name)}")
        for name, of in rows.groupby("dataset", sort=False)
    ]


def beside_published(
    inputs: Inputs,
    name: str,
    cells: Sequence[str],
    titles: Mapping[str, str],
    what: str,
    make: Callable[[pd.DataFrame, str], Table],
) -> list[Table]:
    """`by_dataset` of the cells of {name}_seeds.csv with the column published of {name}_comparison.csv.

    Cells that are not compared are left out; so is everything where the study has not made the table.

    Args:
        inputs: maybe with {name}_seeds and {name}_comparison.
        name: of the table.
        cells: columns that name a cell.
        titles, what, make: as `by_dataset`; the rows have a further column label, the condition in print.
    """
    spread, compared = inputs.csv(f"{name}_seeds"), inputs.csv(f"{name}_comparison")
    if spread is None or compared is None:
        return []
    cells = list(cells)
    both = spread.merge(compared[[*cells, "published"]], on=cells, validate="one_to_one")
    both = both.assign(label=both["condition"].map(condition_label))
    return by_dataset(both, titles, what, make)
