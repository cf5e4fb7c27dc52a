"""What the page shows of attacks at equal norms."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.budgets.figure import budget_figure
from embrittle.products.budgets.tables import difference_text, number, percent
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset, shaped
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing

MINUS = "\N{MINUS SIGN}"


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Attacks at equal norms, then at equal ε, each for every data set.

    Args:
        inputs: budgets_matched and budgets_shares, or none.
        titles: data set -> title.
    """
    matched, shares = inputs.csv("budgets_matched"), inputs.csv("budgets_shares")
    found = []
    if matched is not None:
        what = "nDCG where the same norm is spent, and its difference to that of one step"
        found += by_dataset(matched, titles, what, _equal_norms)
    if shares is not None:
        what = (
            "What many steps take beyond one at equal ε, and the share of it that the norm explains"
        )
        found += by_dataset(shares, titles, what, _equal_epsilon)
    return found


def _equal_norms(rows: pd.DataFrame, caption: str) -> Table:
    rows = rows.assign(
        label=rows["attack"].map(condition_label),
        over=rows["spent_norm"].map(lambda norm: f"norm {norm:g}"),
    )

    def make(entry: pd.Series) -> Cell:
        return Cell(number(entry["value"]), note=difference_text(entry, MINUS))

    return shaped(rows, ["model", "label"], ["over"], caption, make, ["Model", "Attack"])


def _equal_epsilon(rows: pd.DataFrame, caption: str) -> Table:
    columns = ["Spent norm", "nDCG", "One step", "One step of that norm", "Share"]
    shown = [_share_row(row) for row in rows.itertuples(index=False)]
    return Table(caption, ["Model", "Attack"], columns, shown)


def _share_row(row: Any) -> tuple[list[str], list[Cell]]:
    share, *ends = (
        percent(value).replace("-", MINUS) for value in (row.share, row.share_low, row.share_high)
    )
    ndcg = row.value, row.single_step, row.single_step_at_norm
    note = "" if np.isnan(row.share_low) else f"[{', '.join(ends)}]"
    cells = [Cell(f"{row.spent_norm:.2f}"), *(Cell(number(value)) for value in ndcg)]
    return [row.model, condition_label(row.attack)], [*cells, Cell(share, note=note)]


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from metrics and budgets_points, if there are any."""
    points, metrics = inputs.csv("budgets_points"), inputs.parquet("metrics")
    for of in settings["figures"] if points is not None else ():
        look = PlotSettings(**of["plots"])
        yield budget_figure(points, metrics, of["dataset"], settings=look, **of["arguments"])
