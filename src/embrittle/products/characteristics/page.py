"""Figure 3 on the page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from embrittle.metrics.tidy import models_in
from embrittle.products.characteristics.cells import CHARACTERISTICS
from embrittle.render import published
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.plots import (
    Plot,
    colour_of_attack,
    curve_style,
    empty_figure,
    faint,
    floats,
    group,
)


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figure 3 of each source and number of iterations.

    Args:
        inputs: points and published_characteristics, or no points.
        settings: titles, and iterations, those of the multi-step attacks.
    """
    points = inputs.csv("points")
    if points is None:
        return []
    theirs = published.load(inputs.one("published_characteristics"))
    theirs = theirs[theirs["quantity"] == "rho"]
    note = "Means over the seeds, bars from lowest to highest; crosses: the printed points."
    found = []
    for source, rows in points.groupby("source", sort=False):
        title = settings["titles"].get(source, source)
        printed = theirs[theirs["dataset"] == source]
        for iterations in settings["iterations"]:
            here = rows[rows["iterations"].isin([1, iterations])]
            plots = [
                _plot(here[here["model"] == model], printed[printed["model"] == model], model, name)
                for model in models_in(here)
                for name in CHARACTERISTICS
            ]
            found.append(group(f"Figure 3, {title}, L = {iterations}", note, plots))
    return found


def _plot(points: pd.DataFrame, printed: pd.DataFrame, model: str, characteristic: str) -> Plot:
    """What perturbations cost one model on sub-samples, against one characteristic, with the published points."""
    figure = empty_figure(characteristic, "nDCG lost, %", False, False)
    for number, (attack, rows) in enumerate(points.groupby("attack", sort=False)):
        means = rows.groupby(characteristic)["rho"].agg(["mean", "min", "max"]).reset_index()
        spread = {
            "array": floats(means["max"] - means["mean"]),
            "arrayminus": floats(means["mean"] - means["min"]),
            "thickness": 1,
        }
        several = rows["seed"].nunique() > 1
        figure.add_scatter(
            x=floats(means[characteristic]), y=floats(means["mean"]), name=condition_label(attack),
            mode="markers+lines", error_y=spread if several else None,
            **curve_style(number, colour_of_attack(attack, number)),
        )  # fmt: skip
    printed = printed[printed["characteristic"] == characteristic]
    for attack, rows in printed.groupby("attack"):
        marker = {"size": 13, "symbol": "x", "color": faint(colour_of_attack(attack, 0), 0.5)}
        figure.add_scatter(x=floats(rows["x"]), y=floats(rows["value"]), mode="markers",
                           name=f"{condition_label(attack)}, published", marker=marker)  # fmt: skip
    return Plot(f"{model} over {characteristic}", figure)
