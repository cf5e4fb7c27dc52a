"""What the page shows of the APR poster, and the training curves of every study."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from embrittle.products.poster.cells import noise_curves, training_curves
from embrittle.products.poster.figure import MODEL_STYLES
from embrittle.products.poster.tables import LABELS
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, cell, shaped
from embrittle.render.plots import (
    DASHES,
    Plot,
    add_curve,
    colour_of_attack,
    curve_style,
    empty_figure,
    group,
)
from embrittle.render.style import FURTHER_COLOURS


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


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The noise figure of the poster's data sets, then the training curves of all.

    Args:
        inputs: metrics and curves.
        settings: titles; noise: datasets, methods, epsilon and k of `cells.noise_curves`; trainings and curve_k of
            `cells.training_curves`.
    """
    return [*_noise(inputs, settings), *_training(inputs, settings)]


def _noise(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    noise = settings["noise"]
    methods, metrics, k = noise["methods"], inputs.parquet("metrics"), noise["k"]
    found = []
    for dataset in (name for name in settings["titles"] if name in noise["datasets"]):
        curves = noise_curves(metrics, [dataset], methods, noise["epsilon"], k)
        of_models = curves[curves["mean"].notna()].groupby("model", sort=False)
        plots = [_noise_plot(rows, model, methods, k) for model, rows in of_models]
        title = f"Noise, {settings['titles'][dataset]}"
        found.append(group(title, "The figure of the APR poster.", plots))
    return found


def _noise_plot(curves: pd.DataFrame, model: str, methods: Mapping[str, str], k: int) -> Plot:
    """NDCG under noise of growing size."""
    figure = empty_figure("L2 norm ε of the noise on each row", f"nDCG@{k}", False, False)
    for number, (attack, rows) in enumerate(curves.groupby("attack", sort=False)):
        label = LABELS.get(methods.get(attack, ""), condition_label(attack))
        curve = rows.sort_values("epsilon").rename(columns={"epsilon": "x"})
        add_curve(figure, curve, label, curve_style(number, colour_of_attack(attack, number)))
    return Plot(f"{model} under noise", figure)


def _training(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    paths, k = inputs.all("curves"), settings["curve_k"]
    if not paths:
        return []
    curves = training_curves(zip(settings["trainings"], paths, strict=True), k)
    note = "Means over the seeds, bands from lowest to highest. AMF goes on from a BPR-MF state."
    found = []
    for dataset, rows in curves.groupby("dataset", sort=False):
        title = f"Training, {settings['titles'].get(dataset, dataset)}"
        found.append(group(title, note, [_training_plot(rows, name, k) for name in ("HR", "nDCG")]))
    return found


def _training_plot(curves: pd.DataFrame, metric: str, k: int) -> Plot:
    """A measure by epoch, a curve for each model."""
    figure = empty_figure("epoch", f"{metric}@{k} on the test items", False, False)
    of_models = curves[curves["metric"] == metric].groupby("model", sort=False)
    for number, (model, rows) in enumerate(of_models):
        curve = rows.sort_values("epoch").rename(columns={"epoch": "x"})
        colour = MODEL_STYLES.get(model, {}).get("color", FURTHER_COLOURS[number % 3])
        line = {"color": colour, "dash": DASHES[number % len(DASHES)]}
        add_curve(figure, curve, model, {"line": line, "marker": {"color": colour, "size": 1}})
    return Plot(f"{metric}@{k} while training", figure)
