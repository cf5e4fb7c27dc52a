"""The two figures of the APR poster: nDCG against the size of noise, and the training curve.

Both have two panels and take their numbers from a table that is written beside them. Both raise a DataError where there
is nothing of the data set `dataset`; `k` is the length of the lists, and `title` is printed above.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.metrics.tidy import known_first
from embrittle.products.poster.cells import noise_names
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, drawing, line_look, look_of
from embrittle.vocabulary import PAPER_MODELS

# There are no attacks in the training curve, so their colours are free.
MODELS: dict[str, dict[str, Any]] = {
    "BPR-MF": {"color": "#56B4E9", "linestyle": "-"},
    "AMF": {"color": "#D55E00", "linestyle": (0, (4, 1.2))},
}
FURTHER_MODEL: dict[str, Any] = {"color": "#777777", "linestyle": "-."}
AMF_STARTS = {"color": "#777777", "linestyle": ":", "linewidth": 0.8, "zorder": 1}


def noise_figure(
    curves: pd.DataFrame,
    dataset: str,
    methods: Mapping[str, str],
    k: int,
    settings: PlotSettings,
    title: str,
) -> Drawing:
    """nDCG@k against ε, a panel for each model, a curve for each kind of noise.

    `curves` are from `cells.noise_curves`; `methods`, attack -> its method, names the curves.
    """
    rows = _rows_of(curves, dataset).rename(columns={"epsilon": "x"})
    models = known_first(rows["model"], PAPER_MODELS)
    about, shape = ("Noise", "The figure of the APR poster."), (1, len(models))
    height = settings.panel_height + 0.85
    with drawing(settings, title, about, shape, height=height, sharey=True) as figure:
        for model, ax in zip(models, figure.panels.flat, strict=True):
            ax.set(title=model, xlabel="noise per row, ε", ylabel=f"nDCG@{k}")
            here, missing = rows[rows["model"] == model], []
            for number, (attack, label) in enumerate(noise_names(methods).items()):
                curve = here[here["attack"] == attack].sort_values("x")
                look = line_look(look_of(attack, methods, settings)["color"], number)
                if curve["mean"].isna().all():
                    missing.append(f"{label}: not computed")
                else:
                    figure.curve(ax, curve, label, look, "ε = {x:g}")
            figure.note(ax, missing, 0.04, 0.16, "left")
        figure.panels[0, 0].set_ylim(bottom=0)
        figure.add_legend(rows["n_seeds"].max())
    return figure


def training_figure(
    curves: pd.DataFrame, dataset: str, k: int, settings: PlotSettings, title: str
) -> Drawing:
    """HR@k and nDCG@k on the test items by epoch, from `cells.training_curves`: BPR-MF, and AMF from its start."""
    rows = _rows_of(curves, dataset).rename(columns={"epoch": "x"})
    about = "Training", "AMF goes on from a state of BPR-MF."
    with drawing(settings, title, about, (1, 2), height=settings.panel_height + 0.85) as figure:
        for metric, ax in zip(("HR", "nDCG"), figure.panels.flat, strict=True):
            ax.set(xlabel="epoch", ylabel=f"{metric}@{k}, test items")
            of_metric = rows[rows["metric"] == metric].sort_values("x")
            for model in known_first(rows["model"], PAPER_MODELS):
                look = {**MODELS.get(model, FURTHER_MODEL), "linewidth": 0.9}
                curve = of_metric[of_metric["model"] == model]
                figure.curve(ax, curve, model, look, "epoch {x:g}")
            first = rows.loc[rows["model"] == "AMF", "x"].min()
            if not np.isnan(first):
                ax.axvline(first, label="AMF starts", gid="start", **AMF_STARTS)
        figure.add_legend(rows["n_seeds"].max(), ncols=4)
    return figure


def _rows_of(curves: pd.DataFrame, dataset: str) -> pd.DataFrame:
    rows = curves[curves["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"there is nothing to draw for the data set {dataset!r}")
    return rows


DRAW = {"noise": noise_figure, "training": training_figure}
"""The figures by the name of their file."""
