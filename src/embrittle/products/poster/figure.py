"""The two figures of the APR poster: nDCG against the size of noise, and the training curve.

Both have two panels and take their numbers from a table that is written beside them; looks as in `render.style`.
"""

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from embrittle.errors import DataError
from embrittle.metrics.tidy import known_first
from embrittle.products.poster.tables import LABELS
from embrittle.render.labels import condition_label
from embrittle.render.style import BAND_STYLE, PlotSettings, colour_of, text_style
from embrittle.vocabulary import PAPER_MODELS

STYLES = (
    {"linestyle": "-", "marker": "o", "markersize": 2.6},
    {"linestyle": (0, (4, 1.5)), "marker": "s", "markersize": 2.6, "markerfacecolor": "white"},
    {"linestyle": ":", "marker": "^", "markersize": 2.6},
)
# There are no attacks in the training curve, so their colours are free.
MODEL_STYLES = {
    "BPR-MF": {"color": "#56B4E9", "linestyle": "-"},
    "AMF": {"color": "#D55E00", "linestyle": (0, (4, 1.2))},
}


def noise_figure(
    curves: pd.DataFrame,
    dataset: str,
    methods: Mapping[str, str],
    k: int,
    settings: PlotSettings,
    title: str,
) -> Figure:
    """NDCG@k against ε, a panel for each model, a curve for each kind of noise.

    Args:
        curves: from `cells.noise_curves`.
        dataset: the one to draw.
        methods: attack -> its method, which names the curve.
        k: length of the lists.
        settings: how it looks.
        title: printed above.

    Raises:
        DataError: there is nothing of the data set.
    """
    rows = _rows_of(curves, dataset)
    models = known_first(rows["model"], PAPER_MODELS)
    figure, axes = _panels(len(models), title, settings)
    with matplotlib.rc_context(text_style(settings.font_size)):
        for model, ax in zip(models, axes, strict=True):
            of_model = rows[rows["model"] == model]
            for number, (attack, method) in enumerate(methods.items()):
                curve = of_model[of_model["attack"] == attack].sort_values("epsilon")
                label = f"{LABELS[method]} noise" if method in LABELS else condition_label(attack)
                look = {"color": colour_of(attack, settings), **STYLES[number % len(STYLES)]}
                _draw(ax, curve["epsilon"], curve, label, look, settings)
            ax.set_title(model)
            ax.set_xlabel(r"noise per row, $\epsilon$")
        axes[0].set_ylabel(f"nDCG@{k}")
        axes[0].set_ylim(bottom=0)
        _legend(figure, axes[0], rows, settings)
    return figure


def training_figure(
    curves: pd.DataFrame, dataset: str, k: int, settings: PlotSettings, title: str
) -> Figure:
    """HR@k and nDCG@k on the test items by epoch: BPR-MF, and AMF from where it starts.

    Args:
        curves: from `cells.training_curves`.
        dataset: the one to draw.
        k: length of the lists.
        settings: how it looks.
        title: printed above.

    Raises:
        DataError: there is nothing of the data set.
    """
    rows = _rows_of(curves, dataset)
    figure, axes = _panels(2, title, settings, share_y=False)
    with matplotlib.rc_context(text_style(settings.font_size)):
        for metric, ax in zip(("HR", "nDCG"), axes, strict=True):
            of_metric = rows[rows["metric"] == metric]
            for number, model in enumerate(known_first(rows["model"], PAPER_MODELS)):
                curve = of_metric[of_metric["model"] == model].sort_values("epoch")
                look = MODEL_STYLES.get(model, {"linestyle": "--", "color": f"C{number}"})
                _draw(ax, curve["epoch"], curve, model, {**look, "linewidth": 0.9}, settings)
            first = rows.loc[rows["model"] == "AMF", "epoch"].min()
            if not np.isnan(first):
                grey = {"color": "#777777", "linestyle": ":", "linewidth": 0.8, "zorder": 1}
                ax.axvline(first, label="AMF starts", gid="start", **grey)
            ax.set_xlabel("epoch")
            ax.set_ylabel(f"{metric}@{k}, test items")
        _legend(figure, axes[0], rows, settings)
    return figure


def _rows_of(curves: pd.DataFrame, dataset: str) -> pd.DataFrame:
    rows = curves[curves["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"there is nothing to draw for the data set {dataset!r}")
    return rows


def _panels(
    number: int, title: str, settings: PlotSettings, share_y: bool = True
) -> tuple[Figure, np.ndarray]:
    """A figure of one row of panels."""
    with matplotlib.rc_context(text_style(settings.font_size)):
        size = (settings.width, settings.panel_height + 0.85)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, number, sharey=share_y, squeeze=False)[0]
        figure.suptitle(title)
    return figure, axes


def _draw(
    ax: Axes,
    x: pd.Series,
    curve: pd.DataFrame,
    label: str,
    look: Mapping[str, object],
    settings: PlotSettings,
) -> None:
    """A line through the means, a band where there are several seeds, a note where nothing was computed."""
    if curve["mean"].isna().all():
        ax.plot([], [], label=f"{label}: not computed", **look)
        return
    ax.plot(x, curve["mean"], label=label, gid=label, **look)
    if curve["n_seeds"].max() > 1:
        ends = settings.band_ends(curve)
        ax.fill_between(x, *ends, color=look["color"], gid=f"band {label}", **BAND_STYLE)


def _legend(figure: Figure, ax: Axes, rows: pd.DataFrame, settings: PlotSettings) -> None:
    """One for all panels, with what the band means."""
    handles, labels = ax.get_legend_handles_labels()
    n_seeds = rows["n_seeds"].max()
    if n_seeds > 1:
        handles.append(Patch(color="#888888", **BAND_STYLE))
        labels.append(settings.band_label(n_seeds))
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


DRAW = {"noise": noise_figure, "training": training_figure}
"""The figures by the name of their file."""
