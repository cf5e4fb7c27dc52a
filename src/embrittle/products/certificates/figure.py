"""What is certain against epsilon, with the exact worst case and attacks: a panel for each model and kind of rows."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from embrittle.errors import DataError
from embrittle.products.certificates.evaluate import ATTACK, CERTIFIED, FOUND, PROVED
from embrittle.products.certificates.tables import ROWS
from embrittle.render.labels import EPSILON_LABELS, condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, line_look, look_of, model_panels

AT = "ε = {x:g}"
HEADINGS = {
    "absolute": "What is certain",
    "relative": "What is certain, with ε in units of the model's rows",
}
PROOF_LOOK = line_look("#000000", 0) | {"marker": "", "linewidth": 1.4}
EXACT_LOOK = line_look("#D55E00", 1) | {"marker": ""}
FOUND_LOOK = EXACT_LOOK | {"linestyle": ":"}


def certificates_figure(
    curves: pd.DataFrame,
    dataset: str,
    budget: str,
    *,
    k: int,
    settings: PlotSettings | None = None,
    title: str | None = None,
) -> Drawing:
    """Draw what is left of nDCG: for certain, in the worst case, and after attacks.

    Args:
        curves: columns `cells.SPREAD_COLUMNS`.
        dataset: the data set to show.
        budget: the unit of epsilon to show, "absolute" or "relative".
        k: length of the lists.
        settings: the appearance.
        title: by default the name of the data set.

    Raises:
        DataError: there are no certificates on the data set.
    """
    settings = settings or PlotSettings()
    rows = curves[(curves["dataset"] == dataset) & (curves["budget"] == budget)]
    rows = rows[rows["norm"] == "l2"].rename(columns={"epsilon": "x"})
    if rows.empty:
        raise DataError(f"the data set {dataset!r} has no certificates to draw")
    kinds = [kind for kind in ROWS if kind in set(rows["rows"])]
    attacks = list(dict.fromkeys(rows.loc[rows["kind"] == ATTACK, "attack"]))
    remark = (
        "Below the black line lies nothing that a perturbation within ε could leave. Means over the seeds. A "
        "perturbation of users' rows alone, or of items' rows alone, is one of both, too."
    )
    of = (title or dataset, (HEADINGS[budget], remark), len(kinds))
    with model_panels(rows, settings, *of, tall=1.2, sharex=True) as (figure, models):
        for row, kind in enumerate(kinds):
            for column, model in enumerate(models):
                ax = figure.panels[row, column]
                ax.set(title="" if row else model, xlabel=EPSILON_LABELS[budget])
                ax.set_ylabel(f"{ROWS[kind]}\nnDCG@{k} left, %")
                ax.set_xscale("log")
                ax.xaxis.set_major_locator(LogLocator(10, numticks=12))
                ax.xaxis.set_major_formatter("{x:g}")
                here = rows[(rows["rows"] == kind) & (rows["model"] == model)]
                _draw(figure, ax, here, attacks, settings)
    return figure


def _draw(
    figure: Drawing, ax: Axes, rows: pd.DataFrame, attacks: list[str], settings: PlotSettings
) -> None:
    """Draw what is proved as curves, and attacks as points: between them nothing was tried."""
    for kind, label, look in (
        (CERTIFIED, "certified", PROOF_LOOK),
        (PROVED, "exact, proved", EXACT_LOOK),
        (FOUND, "exact, found", FOUND_LOOK),
    ):
        curve = rows[rows["kind"] == kind]
        if not curve.empty:
            figure.curve(ax, curve, label, look, AT)
    for attack in attacks:
        curve = rows[(rows["kind"] == ATTACK) & (rows["attack"] == attack)]
        if not curve.empty:
            look = look_of(attack, attacks, settings)
            figure.points(ax, curve, condition_label(attack), look, AT, attack)
