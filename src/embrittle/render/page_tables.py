"""Tables for the page: our values and the published ones, with a mark for the size of their difference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label

# (largest deviation in percent of the published value, mark); larger deviations have the mark "far".
MARKS = ((5.0, "near"), (10.0, "close"), (25.0, "off"))
FAR = "far"


@dataclass(frozen=True)
class Cell:
    """A cell of a table; a part that it does not have is "".

    Attributes:
        ours: our mean as text; a dash if it is missing.
        spread: the standard deviation, "± sd".
        published: the published value as text.
        deviation: the deviation of ours from the published value, such as "+3.1 %".
        mark: "near", "close", "off" or "far".
        above: whether ours is larger than the published value.
        note: a further line of text.
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
    """A table of cells.

    Attributes:
        caption: its title.
        head: the headings of the columns that name rows.
        columns: the headings of the columns of cells.
        rows: (names of the row, its cells) of each row.
        groups: (heading, number of columns) of each group of columns.
        note: a sentence below it; "" for none.
    """

    caption: str
    head: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[tuple[Sequence[str], Sequence[Cell]]]
    groups: Sequence[tuple[str, int]] = ()
    note: str = ""


def deviation_mark(percent: float) -> str:
    """Return the mark of a deviation in percent; "" for NaN."""
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
    """Return a cell from numbers, each NaN if it is missing.

    Args:
        mean, sd: of our values over the seeds.
        published: the published value.
        write: function from a number to its text.
        points: whether the values are percentages, so that the mark is for their difference in points, not their ratio.
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
    """Return a table from cells in long form, in their order.

    Args:
        cells: one row per cell.
        rows: the columns of `cells` that name a row.
        columns: the one or two columns of `cells` that name a column, the group first.
        caption: the caption of the table.
        make: function from a row of `cells` to its cell.
        heads: the headings of the columns that name rows.
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
    """Return a table for each data set.

    Args:
        rows: with a column dataset.
        titles: data set -> title; without one, its name.
        what: the caption, to which the title is appended.
        make: function from the rows of a data set and the caption to the table.
    """
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
    """Return a table of our cells and the published ones for each data set; none if the study leaves the table out.

    Args:
        inputs: {name}_seeds, our cells, and {name}_comparison, whose column published is added to the cells that both
            have; other cells are left out.
        name: the name of the table.
        cells: the columns that name a cell.
        titles, what, make: as in `by_dataset`; the rows have a further column label, the printed name of the condition.
    """
    spread, compared = inputs.csv(f"{name}_seeds"), inputs.csv(f"{name}_comparison")
    if spread is None or compared is None:
        return []
    cells = list(cells)
    both = spread.merge(compared[[*cells, "published"]], on=cells, validate="one_to_one")
    both = both.assign(label=both["condition"].map(condition_label))
    return by_dataset(both, titles, what, make)
