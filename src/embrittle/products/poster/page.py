"""What the page shows of the APR poster, and the training curves of every study."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from embrittle.products.poster.cells import noise_curves, training_curves
from embrittle.products.poster.figure import noise_figure, training_figure
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, cell, shaped
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Robustness and accuracy beside the printed values.

    Args:
        inputs: robustness and accuracy, or none.
        titles: data set -> title.
    """
    found = []
    for name, make in {"robustness": _robustness, "accuracy": _accuracy}.items():
        rows = inputs.csv(name)
        if rows is not None:
            named = rows["dataset"].map(lambda dataset: titles.get(dataset, dataset))
            found.append(make(rows.assign(title=named)))
    return found


def _robustness(rows: pd.DataFrame) -> Table:
    rows = rows.assign(
        label=rows["attack"].map(condition_label),
        over=rows["epsilon"].map(lambda value: f"ε = {value:g}"),
    )

    def make(entry: pd.Series) -> Cell:
        return cell(
            entry["mean"], entry["sd"], entry["published"],
            lambda value: f"{value:+.1f}".replace("-", "−"), points=True,
        )  # fmt: skip

    caption = "APR poster, robustness: change of nDCG in percent under noise of the L2 norm ε"
    return shaped(rows, ["title", "label"], ["over", "model"], caption, make, ["Data", "Noise"])


def _accuracy(rows: pd.DataFrame) -> Table:
    rows = rows.assign(under=[f"{row.metric}@{row.k}" for row in rows.itertuples()])

    def make(entry: pd.Series) -> Cell:
        return cell(entry["mean"], entry["sd"], entry["published"], lambda value: f"{value:.4f}")

    caption = "APR poster, accuracy"
    return shaped(rows, ["model"], ["title", "under"], caption, make, ["Recommender"])


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The noise figures of the poster's data sets, then the training curves of all.

    Args:
        inputs: metrics and curves.
        settings: titles, plots; noise: datasets, methods, epsilon and k of `cells.noise_curves`; trainings and curve_k
            of `cells.training_curves`.
    """
    look, titles = PlotSettings(**settings["plots"]), settings["titles"]
    noise, metrics = settings["noise"], inputs.parquet("metrics")
    methods, k = noise["methods"], noise["k"]
    for name in noise["datasets"]:
        curves = noise_curves(metrics, [name], methods, noise["epsilon"], k)
        yield noise_figure(curves, name, methods, k, look, titles[name])
    paths, k = inputs.all("curves"), settings["curve_k"]
    if paths:
        curves = training_curves(zip(settings["trainings"], paths, strict=True), k)
        for name in (name for name in titles if name in set(curves["dataset"])):
            yield training_figure(curves, name, k, look, titles[name])
