"""What the page shows of controls: what a defence saves, the figure, and a sentence at the beginning of the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.problems import listed
from embrittle.products.scale.cells import NORMS
from embrittle.products.scale.figure import scale_figure
from embrittle.products.scale.tables import COLUMNS, cells_of, comparison_text, share_text
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """What the defence saves, for every data set.

    Args:
        inputs: scale_savings, or none.
        titles: data set -> title.
    """
    saved = inputs.csv("scale_savings")
    if saved is None:
        return []
    what = "What the defence saves, and how much of it the norms of its rows explain"
    return by_dataset(saved, titles, what, _table)


def _table(rows: pd.DataFrame, caption: str) -> Table:
    shown = [
        (
            [
                condition_label(row.attack),
                comparison_text(row.comparison, "model", "the defence", row.epsilon),
            ],
            [Cell(text or "—") for text in cells_of(row)],
        )
        for row in rows.itertuples(index=False)
    ]
    return Table(caption, ["Attack", "Compared with"], COLUMNS, shown)


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from scale_curves and models, if there are any."""
    curves, sizes = inputs.csv("scale_curves"), inputs.csv("models")
    for of in settings["figures"] if curves is not None else ():
        look = PlotSettings(**of["plots"])
        yield scale_figure(curves, sizes, of["dataset"], settings=look, **of["arguments"])


def remarks(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Data set -> a sentence on how much of the defence's robustness its row norms explain."""
    saved = inputs.csv("scale_savings")
    if saved is None:
        return {}
    names = {of["dataset"]: of["arguments"] for of in settings["figures"]}
    found: dict[str, Sequence[str]] = {}
    for dataset, rows in saved[saved["comparison"] == NORMS].groupby("dataset", sort=False):
        model, defence = (names[dataset][key] for key in ("model", "defence"))
        of_attacks = [
            f"{share_text(row)} under {condition_label(row.attack)}"
            for row in rows.itertuples(index=False)
            if not np.isnan(row.share_low)
        ]
        against = rows["share_high"].lt(0).any()
        undecided = [
            condition_label(row.attack)
            for row in rows.itertuples(index=False)
            if np.isnan(row.share_low)
        ]
        text = (
            f"A copy of {model} with the same lists and the row norms of {defence} has, without any defence, "
            f"{listed(of_attacks)} of what {defence} saves."
            if of_attacks
            else f"How much of what {defence} saves is the length of its rows cannot be told."
        )
        if of_attacks and undecided:
            text += f" It cannot be told under {listed(undecided)}."
        if against:
            text += (
                f" Below 0: the copy keeps less than {model} itself, so the norms explain nothing."
            )
        found[dataset] = [text]
    return found
