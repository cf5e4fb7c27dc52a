"""What attacks leave of nDCG against epsilon, a panel for each model."""

import pandas as pd

from embrittle.errors import DataError
from embrittle.render.labels import EPSILON_LABELS, condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, look_of, model_panels

AT = "ε = {x:g}"


def reliable_figure(
    curves: pd.DataFrame,
    dataset: str,
    *,
    k: int,
    settings: PlotSettings | None = None,
    title: str | None = None,
) -> Drawing:
    """Draw what is left of nDCG against epsilon: a row of panels for each budget, a column for each model.

    Args:
        curves: columns `cells.CURVE_COLUMNS`.
        dataset: the data set to show.
        k: length of the lists.
        settings: the appearance.
        title: by default the name of the data set.

    Raises:
        DataError: there are no attacks on the data set.
    """
    settings = settings or PlotSettings()
    rows = curves[curves["dataset"] == dataset].rename(columns={"epsilon": "x"})
    if rows.empty:
        raise DataError(f"the data set {dataset!r} has no attacks to draw")
    budgets = list(dict.fromkeys(rows["budget"]))
    attacks = list(dict.fromkeys(rows["attack"]))
    remark = "Means over the seeds. At one ε, all perturbations of a panel may be of the same size."
    of = (title or dataset, ("Attacks on the ranking", remark), len(budgets))
    with model_panels(rows, settings, *of) as (figure, models):
        for row, budget in enumerate(budgets):
            for column, model in enumerate(models):
                ax = figure.panels[row, column]
                ax.set(title=model, xlabel=EPSILON_LABELS[budget], ylabel=f"nDCG@{k} left, %")
                ax.set_xscale("log")
                here = rows[(rows["model"] == model) & (rows["budget"] == budget)]
                ticks = sorted(set(here["x"]))
                ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                ax.set_xticks([], minor=True)
                for attack in attacks:
                    curve = here[here["attack"] == attack]
                    if not curve.empty:
                        look = look_of(attack, attacks, settings)
                        figure.curve(ax, curve, condition_label(attack), look, AT, attack)
    return figure
