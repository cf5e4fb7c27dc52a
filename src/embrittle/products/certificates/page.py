"""What the page shows of certificates: tables, figure, and sentences at the beginning of the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from embrittle.metrics.tidy import known_first
from embrittle.problems import listed
from embrittle.products.certificates import cells
from embrittle.products.certificates.evaluate import CERTIFIED
from embrittle.products.certificates.figure import certificates_figure
from embrittle.products.certificates.tables import (
    DIFFERENCE_HEAD,
    SANDWICH_HEAD,
    difference_cells,
    sandwich_cells,
    threat_text,
)
from embrittle.render.inputs import Inputs
from embrittle.render.labels import KNOWS, condition_label, one_decimal
from embrittle.render.page_tables import Cell, Table, by_dataset
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing
from embrittle.vocabulary import PAPER_MODELS

BESIDE = "What any perturbation leaves, and what attacks leave"
COMPARED = "How much more is certain of a model"
RADII = "Who is fragile: certified radii of users with a hit"


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Proofs beside attacks, models compared, and the radii of groups, for every data set.

    Args:
        inputs: certificates_sandwich, certificates_seeds and certificates_groups, or none.
        titles: data set -> title.
    """
    made: list[Table] = []
    for name, caption, shown in (
        ("sandwich", BESIDE, _beside),
        ("seeds", COMPARED, _compared),
        ("groups", RADII, _radii),
    ):
        found = inputs.csv(f"certificates_{name}")
        if found is not None and not found.empty:
            made += by_dataset(found, titles, caption, shown)
    return made


def _beside(rows: pd.DataFrame, caption: str) -> Table:
    shown = [
        (
            [row.model, *threat_text(row), condition_label(row.strongest), KNOWS[row.knows]],
            [Cell(text or "—") for text in sandwich_cells(row)],
        )
        for row in rows.itertuples(index=False)
    ]
    head = ["Model", "Rows", "Limit on", "ε", "Attack", "Knows"]
    return Table(caption, head, SANDWICH_HEAD, shown)


def _compared(rows: pd.DataFrame, caption: str) -> Table:
    shown = [
        (
            [f"{row.model} and {row.compared_with}", *threat_text(row)],
            [Cell(text or "—") for text in difference_cells(row)],
        )
        for row in cells.differences(rows).itertuples(index=False)
    ]
    return Table(caption, ["Models", "Rows", "Limit on", "ε"], DIFFERENCE_HEAD, shown)


def _radii(rows: pd.DataFrame, caption: str) -> Table:
    rows = rows[(rows["budget"] == "relative") & (rows["norm"] == "l2")]
    shown = [
        (
            [row.model, row.rows, row.attribute or "—", row.label],
            [Cell(f"{100 * row.hits:.1f} %"), *(Cell(f"{x:.3g}") for x in quartiles)],
        )
        for row in _readable(rows).itertuples(index=False)
        for quartiles in [(row.q25, row.median, row.q75)]
    ]
    head = ["Model", "Rows", "Groups by", "Group"]
    numbers = ["Users with a hit", "Radius, first quartile", "Median", "Third quartile"]
    return Table(caption, head, numbers, shown)


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from certificates_curves, if there are any."""
    curves = inputs.csv("certificates_curves")
    for of in settings["figures"] if curves is not None else ():
        look = PlotSettings(**of["plots"])
        yield certificates_figure(
            curves, of["dataset"], of["budget"], settings=look, **of["arguments"]
        )


def remarks(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Data set -> what is certain of each model at a relative epsilon, and of whom it is most."""
    curves, groups = inputs.csv("certificates_curves"), inputs.csv("certificates_groups")
    if curves is None or groups is None:
        return {}
    return {
        str(dataset): [
            text
            for text in (
                _certain(rows, **settings["sentence"]),
                _fragile(groups[groups["dataset"] == dataset], settings["sentence"]["model"]),
            )
            if text
        ]
        for dataset, rows in curves.groupby("dataset", sort=False)
    }


def _certain(curves: pd.DataFrame, *, epsilon: float, model: str, k: int) -> str:
    """What no perturbation of the item rows can take of each model."""
    rows = cells.at(
        curves, epsilon, rows="items", norm="l2", budget="relative", kind=CERTIFIED
    ).set_index("model")
    models = known_first(pd.Series(rows.index), PAPER_MODELS)
    taken = [f"{one_decimal(100 - rows.loc[name, 'mean'])} % ({name})" for name in models]
    n_seeds = int(rows["n_seeds"].max())
    means = f", means of {n_seeds} seeds" if n_seeds > 1 else ""
    return (
        f"No perturbation of the item rows of relative size {epsilon:g} or less takes more of nDCG@{k} than "
        f"{listed(taken)}{means}: this is proved, whatever the attack (docs/certificates.md)."
    )


def _readable(groups: pd.DataFrame) -> pd.DataFrame:
    """Return groups with the names of attributes as words; all users have none."""
    return groups.assign(attribute=groups["attribute"].fillna("").str.replace("_", " "))


def _fragile(groups: pd.DataFrame, model: str) -> str:
    """In which group of users a hit is lost most easily."""
    rows = groups[
        (groups["rows"] == "items") & (groups["norm"] == "l2") & (groups["budget"] == "relative")
    ]
    model = model if model in set(rows["model"]) else rows["model"].iloc[0]
    rows = _readable(rows[rows["model"] == model])
    of_groups = rows[rows["attribute"] != ""].dropna(subset="median")
    if len(of_groups) < 2:
        return ""
    low = of_groups.loc[of_groups["median"].idxmin()]
    high = of_groups.loc[of_groups["median"].idxmax()]
    return (
        f"Among {model}'s groups of users, hits are certified least far for {low['attribute']} = {low['label']} "
        f"(median relative radius {low['median']:.2g}) and furthest for {high['attribute']} = {high['label']} "
        f"({high['median']:.2g})."
    )
