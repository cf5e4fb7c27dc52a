"""nDCG against the norm of the perturbation: equal height at equal x means equal strength."""

from collections.abc import Mapping, Sequence

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from embrittle.errors import DataError
from embrittle.metrics.tidy import known_first
from embrittle.products.budgets.cells import curve_of, curve_points, levels, line_numbers
from embrittle.render.labels import condition_label
from embrittle.render.style import (
    BAND_STYLE,
    REFERENCE_LABELS,
    REFERENCE_STYLES,
    PlotSettings,
    colour_of,
    text_style,
)
from embrittle.vocabulary import PAPER_MODELS

# Two attacks of one method differ in norm and negatives: the same colour, another line.
LINES = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": (0, (4, 1.5)), "marker": "s", "markerfacecolor": "white"},
    {"linestyle": ":", "marker": "^"},
)
OVER_ITERATIONS = {"linestyle": "-", "linewidth": 0.6, "marker": "x", "markersize": 2.4}


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
) -> Figure:
    """Draw nDCG against the mean L2 norm of the rows of Delta, one panel a model.

    Args:
        points: every point of all runs (`budgets.POINT_COLUMNS`).
        metrics: the tidy metrics, for what the random recommender reaches.
        dataset: what to draw.
        methods: attack -> its method, in the order of the legend; attacks of one method share its colour.
        iterations: of the multi-step attacks in the curves over epsilon. Their other numbers of iterations make the
            thin curves over iterations, at each epsilon that has several.
        k: length of the lists.
        largest: where the x axis ends.
        settings: how it looks.
        title: printed above; by default the name of the data set.

    Raises:
        DataError: there is nothing of the data set.
    """
    settings = settings or PlotSettings()
    rows = curve_points(points[points["dataset"] == dataset])
    if rows.empty:
        raise DataError(f"there are no budgets of the data set {dataset!r} to draw")
    models = known_first(rows["model"], PAPER_MODELS)
    with matplotlib.rc_context(text_style(settings.font_size)):
        size = (settings.width * max(1, len(models) / 2), settings.panel_height * 1.6 + 0.85)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
        for model, ax in zip(models, axes, strict=True):
            here = rows[rows["model"] == model]
            _draw_levels(ax, levels(here, metrics, k), settings)
            _draw_curves(ax, here, methods, iterations, settings)
            ax.set_title(model)
            ax.set_xlabel(r"mean row norm of $\Delta$ spent")
            ax.set_xlim(0, largest)
        # At the end: the panels share their y axis, and setting one end of it fixes the other where it is.
        axes[0].set_ylim(bottom=0)
        axes[0].set_ylabel(f"nDCG@{k}")
        figure.suptitle(title or dataset)
        _add_legend(figure, axes, int(rows["n_seeds"].max()))
    return figure


def _draw_levels(ax: Axes, heights: Mapping[str, float], settings: PlotSettings) -> None:
    for name, value in heights.items():
        look = {"color": colour_of(name, settings), **REFERENCE_STYLES[name]}
        ax.axhline(value, label=REFERENCE_LABELS[name], gid=name, **look)


def _draw_curves(
    ax: Axes,
    rows: pd.DataFrame,
    methods: Mapping[str, str],
    iterations: int,
    settings: PlotSettings,
) -> None:
    for attack, (number, colour) in line_numbers(methods).items():
        style = {
            "color": colour_of(methods[attack], settings, colour),
            **LINES[number % len(LINES)],
        }
        curve = curve_of(rows, attack, iterations)
        ax.plot(
            curve["spent_norm"], curve["value"], label=condition_label(attack), gid=attack,
            markersize=2.6, **style,
        )  # fmt: skip
        if curve["n_seeds"].max() > 1:
            band = curve["spent_norm"], curve["low"], curve["high"]
            ax.fill_between(*band, color=style["color"], **BAND_STYLE)
        _draw_over_iterations(ax, rows[rows["attack"] == attack], style["color"])


def _draw_over_iterations(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    """A thin curve for each epsilon at which an attack was run with several numbers of iterations."""
    for (attack, epsilon), steps in rows.groupby(["attack", "epsilon"]):
        if len(steps) < 3:
            continue
        steps = steps.sort_values("iterations")
        label = rf"{condition_label(attack)}, $\epsilon$ = {epsilon:g}, over $L$"
        ax.plot(steps["spent_norm"], steps["value"], color=colour, label=label, **OVER_ITERATIONS)


def _add_legend(figure: Figure, axes: Sequence[Axes], n_seeds: int) -> None:
    entries = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if n_seeds > 1:
        entries[f"min to max, {n_seeds} seeds"] = Patch(color="#888888", **BAND_STYLE)
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
