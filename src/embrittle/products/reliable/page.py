"""What the page shows of attacks on the ranking: table, figure, and a sentence at the beginning of the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from embrittle.metrics.tidy import is_epsilon
from embrittle.problems import listed
from embrittle.products.reliable.figure import reliable_figure
from embrittle.products.reliable.tables import cells_of
from embrittle.render.inputs import Inputs
from embrittle.render.labels import KNOWS, condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """What is left after each attack, for every data set, and the warnings.

    Args:
        inputs: reliable_damage and reliable_warnings, or none.
        titles: data set -> title.
    """
    found = inputs.csv("reliable_damage")
    if found is None:
        return []
    warned = inputs.csv("reliable_warnings")
    made = by_dataset(found, titles, "What attacks on the ranking leave", _table)
    if warned is not None and not warned.empty:
        made += by_dataset(
            warned, titles, "Signs that an attack is weaker than it could be", _warned
        )
    return made


def _table(rows: pd.DataFrame, caption: str) -> Table:
    shown = [
        (
            [row.model, _epsilon(row), condition_label(row.attack), KNOWS[row.knows]],
            [Cell(text or "—") for text in cells_of(row)],
        )
        for row in rows.itertuples(index=False)
    ]
    head = ["Model", "ε", "Attack", "Knows"]
    return Table(caption, head, ["nDCG left", "Damage, times the reference's"], shown)


def _warned(rows: pd.DataFrame, caption: str) -> Table:
    shown = [
        ([row.model, condition_label(row.attack), _epsilon(row)], [Cell(row.warning)])
        for row in rows.itertuples(index=False)
    ]
    return Table(caption, ["Model", "Attack", "ε"], ["Sign"], shown)


def _epsilon(row: Any) -> str:
    return f"{row.epsilon:g}{' relative' if row.budget == 'relative' else ''}"


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from reliable_curves, if there are any."""
    curves = inputs.csv("reliable_curves")
    for of in settings["figures"] if curves is not None else ():
        look = PlotSettings(**of["plots"])
        yield reliable_figure(curves, of["dataset"], settings=look, **of["arguments"])


def remarks(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Data set -> a sentence on what the strongest attack without test items leaves, beside the reference."""
    found = inputs.csv("reliable_damage")
    if found is None:
        return {}
    said: dict[str, Sequence[str]] = {}
    for dataset, rows in found[found["budget"] == "absolute"].groupby("dataset", sort=False):
        sentences = [
            text
            for knows in ("lists", "test")
            if (text := _sentence(rows, knows, **settings["sentence"]))
        ]
        if sentences:
            said[str(dataset)] = sentences
    return said


def _sentence(rows: pd.DataFrame, knows: str, *, reference: str, epsilon: float, k: int) -> str:
    """What the strongest attack that knows so much leaves at an epsilon; empty without such an attack."""
    rows = rows[is_epsilon(rows["epsilon"], epsilon)]
    here = rows[rows["knows"] == knows].sort_values("left").drop_duplicates("model")
    if here.empty:
        return ""
    base = rows[rows["attack"] == reference].set_index("model")
    models = [model for model in dict.fromkeys(rows["model"]) if model in set(here["model"])]
    here = here.set_index("model").loc[models]
    shares = [
        f"{row.left:z.0f} % of {model}'s"
        + ("" if n else f" nDCG@{k}")
        + (
            f" ({condition_label(reference)}: {base.loc[model, 'left']:.0f} %)"
            if model in base.index
            else ""
        )
        for n, (model, row) in enumerate(zip(models, here.itertuples(), strict=True))
    ]
    what = (
        "A perturbation that pushes the model's own lists down, and knows no test item,"
        if knows == "lists"
        else "A perturbation that knows the test items, which measures the worst case,"
    )
    return f"{what} leaves {listed(shares)}, at an L2 norm of ε = {epsilon:g} in each row."
