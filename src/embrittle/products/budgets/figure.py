"""nDCG against the norm of the perturbation: equal height at equal x means equal strength."""

from collections.abc import Mapping

import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.tidy import known_first
from embrittle.products.budgets.cells import curve_of, curve_points, levels, line_numbers
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, colour_of, drawing, line_look
from embrittle.vocabulary import PAPER_MODELS

OVER_ITERATIONS = {"linestyle": "-", "linewidth": 0.6, "marker": "x", "markersize": 2.4}
AT = "ε = {epsilon:g}, L = {iterations:.0f}, norm {x:.3g}"
AXES = {"spent_norm": "x", "value": "mean"}


def budget_figure(
    points: pd.DataFrame,
    metrics: pd.DataFrame,
    dataset: str,
    methods: Mapping[str, str],
    iterations: int,
    k: int,
    largest: float,
    settings: PlotSettings | None = None,
    title: str | None = None,
) -> Drawing:
    """Draw nDCG against the mean L2 norm of the rows of Δ, a panel for each model.

    Args:
        points: every point of all runs (`budgets.POINT_COLUMNS`).
        metrics: the tidy metrics, for the random recommender.
        methods: attack -> its method, in the order of the legend. Attacks of one method differ in norm and negatives:
            they share a colour, unless the settings give one of them another, and each has a line style of its own.
        iterations: of the multi-step attacks in the curves over epsilon. At each epsilon with several other numbers of
            iterations, a thin curve shows these.
        largest: where the x axis ends.
        title: by default the name of the data set.

    Raises:
        DataError: there is nothing of the data set.
    """
    settings = settings or PlotSettings()
    rows = curve_points(points[points["dataset"] == dataset])
    if rows.empty:
        raise DataError(f"there are no budgets of the data set {dataset!r} to draw")
    models = known_first(rows["model"], PAPER_MODELS)
    remark = f"Equal height at equal x means equal strength. Multi-step attacks after {iterations} iterations."
    about, shape = ("Equal budgets", remark), (1, len(models))
    more = {"height": settings.panel_height * 1.6 + 0.85, "sharey": True}
    more["width"] = settings.width * max(1, len(models) / 2)
    with drawing(settings, title or dataset, about, shape, **more) as figure:
        for model, ax in zip(models, figure.panels.flat, strict=True):
            ax.set(title=model, xlabel="mean row norm of Δ", ylabel=f"nDCG@{k}", xlim=(0, largest))
            here = rows[rows["model"] == model]
            figure.references(ax, levels(here, metrics, k))
            for attack, (number, method) in line_numbers(methods).items():
                label = condition_label(attack)
                named = attack if attack in settings.colours else methods[attack]
                colour = colour_of(named, settings, method)
                curve = curve_of(here, attack, iterations).rename(columns=AXES)
                figure.curve(ax, curve, label, line_look(colour, number), AT, attack)
                for epsilon, steps in here[here["attack"] == attack].groupby("epsilon"):
                    if len(steps) > 2:
                        over = steps.sort_values("iterations").rename(columns=AXES)
                        over["n_seeds"] = 1  # without a band
                        look = {"color": colour, "markeredgecolor": colour, **OVER_ITERATIONS}
                        figure.curve(ax, over, f"{label}, ε = {epsilon:g}, over L", look, AT)
        # At the end: the panels share their y axis, and setting one end of it fixes the other where it is.
        figure.panels[0, 0].set_ylim(bottom=0)
        figure.add_legend(rows["n_seeds"].max(), ncols=2)
    return figure
