"""The page's plots, from the study's result files."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pandas as pd

from embrittle.metrics.tidy import models_in
from embrittle.page.plots import (
    budget_plot,
    characteristics_plot,
    noise_plot,
    training_plot,
)
from embrittle.products.budgets.figure import curve_points, random_level
from embrittle.products.characteristics.cells import CHARACTERISTICS
from embrittle.products.poster.figure import noise_curves, training_curves
from embrittle.render import published as pub
from embrittle.render.inputs import Inputs
from embrittle.render.plots import group


def figures(
    pages: Mapping[str, ModuleType], inputs: Inputs, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Groups of plots (`render.plots.group`) of every product, then the training curves; `pages` as `page.PAGES`."""
    found = []
    for name, own in own_settings(settings).items():
        if name in pages:
            found += pages[name].figures(inputs, {**own, "titles": settings["titles"]})
    metrics = inputs.parquet("metrics")
    for dataset, title in settings["titles"].items():
        found.append(_noise(metrics, dataset, title, settings))
        found.append(_budgets(inputs, metrics, dataset, title, settings["budgets"]))
    found += _characteristics(inputs, settings)
    found += _training(inputs, settings)
    return [one for one in found if one and one["plots"]]


def own_settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the figures of a product take, by the product's name, in the order of the page."""
    return {
        "curves": {name: settings[name] for name in ("figures", "single_step_epsilon")},
        "poster": settings["noise"],
        "budgets": settings["budgets"],
        "characteristics": {"iterations": settings["sample_iterations"]},
    }


def _noise(
    metrics: pd.DataFrame, dataset: str, title: str, settings: Mapping[str, Any]
) -> dict[str, Any] | None:
    noise = settings["noise"]
    if dataset not in noise["datasets"]:
        return None
    curves = noise_curves(metrics, [dataset], noise["methods"], noise["epsilon"], noise["k"])
    curves = curves[curves["mean"].notna()]
    models = list(dict.fromkeys(curves["model"]))
    plots = [noise_plot(curves, model, noise["methods"], noise["k"]) for model in models]
    return group(f"Noise, {title}", "The figure of the APR poster.", plots)


def _budgets(
    inputs: Inputs, metrics: pd.DataFrame, dataset: str, title: str, budgets: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The attacks at the norm that they spend; None if the study does not compare them on these data."""
    points = inputs.csv("budgets_points")
    if points is None or dataset not in set(points["dataset"]):
        return None
    rows = curve_points(points[points["dataset"] == dataset])
    random = random_level(metrics, dataset, budgets["k"])
    shown = budgets["methods"], budgets["iterations"], random, budgets["k"]
    note = (
        f"Equal height at equal x means equal strength. Attacks in steps after {budgets['iterations']} of them. Means "
        "over the seeds, bands from lowest to highest."
    )
    plots = [budget_plot(rows, model, *shown) for model in models_in(rows)]
    return group(f"Equal budgets, {title}", note, plots)


def _characteristics(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figure 3 of each source and number of iterations."""
    points = inputs.csv("points")
    if points is None:
        return []
    theirs = pub.load(inputs.one("published_characteristics"))
    found = []
    for source, rows in points.groupby("source", sort=False):
        title = settings["titles"].get(source, source)
        for iterations in settings["sample_iterations"]:
            here = rows[rows["iterations"].isin([1, iterations])]
            plots = [
                characteristics_plot(here, theirs[theirs["dataset"] == source], model, name)
                for model in models_in(here)
                for name in CHARACTERISTICS
            ]
            note = "Means over the seeds, bars from lowest to highest; crosses: the printed points."
            found.append(group(f"Figure 3, {title}, L = {iterations}", note, plots))
    return found


def _training(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Training curves of each data set."""
    paths = inputs.all("curves")
    if not paths:
        return []
    k = settings["curve_k"]
    curves = training_curves(zip(settings["trainings"], paths, strict=True), k)
    note = "Means over the seeds, bands from lowest to highest. AMF goes on from a BPR-MF state."
    return [
        group(
            f"Training, {settings['titles'].get(dataset, dataset)}",
            note,
            [training_plot(rows[rows["metric"] == metric], metric, k) for metric in ("HR", "nDCG")],
        )
        for dataset, rows in curves.groupby("dataset", sort=False)
    ]
