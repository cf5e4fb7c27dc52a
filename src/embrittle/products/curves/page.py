"""Figures 1 and 2 on the page."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from embrittle.products.curves.cells import Panel, Shown, shown
from embrittle.render import published
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.plots import (
    Plot,
    add_curve,
    add_references,
    colour_of_attack,
    curve_style,
    empty_figure,
    faint,
    floats,
    group,
)


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A group of panels for each data set and figure that shows any attack.

    Args:
        inputs: metrics and published_figures.
        settings: titles; figures: name -> arguments of `cells.shown`; single_step_epsilon of Figure 2's lines.
    """
    metrics = inputs.parquet("metrics")
    theirs = published.load(inputs.one("published_figures"))
    single_step = {"figure2": {"fgsm_epsilon": settings["single_step_epsilon"]}}
    found = []
    for dataset, title in settings["titles"].items():
        for name, arguments in settings["figures"].items():
            if arguments["attacks"]:
                arguments = {**arguments, **single_step.get(name, {}), "published": theirs}
                of = shown(metrics, name, dataset, **arguments)
                heading = f"Figure {name.removeprefix('figure')}, {title}"
                plots = [_panel(panel, of) for panel in of.layout.panels]
                found.append(group(heading, _note(of), plots))
    return found


def _note(of: Shown) -> str:
    if of.published.empty:
        return "No curve is published for these data and settings."
    return "The broad, pale lines are the published curves."


def _panel(panel: Panel, of: Shown) -> Plot | None:
    """One panel; None where nothing of it was computed."""
    here = of.curves[(of.curves["figure"] == panel.figure) & of.curves["mean"].notna()]
    if here.empty:
        return None
    log_x = of.layout.x_name == "epsilon"
    x_label = f"budget ε (L = {of.iterations})" if log_x else "iterations L"
    figure = empty_figure(x_label, f"{panel.metric}@{of.k}", log_x, panel.metric == "ICov")
    attacks = list(dict.fromkeys(here["attack"]))
    theirs = of.published[of.published["figure"] == panel.figure]
    for number, attack in enumerate(attacks):
        _add_published(figure, theirs[theirs["attack"] == attack], attack, number)
    for number, attack in enumerate(attacks):
        curve = here[here["attack"] == attack].sort_values("x")
        style = curve_style(number, colour_of_attack(attack, number))
        add_curve(figure, curve, condition_label(attack), style)
    ends = [float(here["x"].min()), float(here["x"].max())]
    add_references(figure, of.references[panel.figure], ends)
    return Plot(f"({panel.figure[-1]}) {panel.metric}@{of.k} of {panel.model}", figure)


def _add_published(figure: Any, curve: pd.DataFrame, attack: str, number: int) -> None:
    if len(curve):
        curve = curve.sort_values("x")
        line = {"width": 7, "color": faint(colour_of_attack(attack, number), 0.35)}
        figure.add_scatter(
            x=floats(curve["x"]), y=floats(curve["value"]), mode="lines", line=line,
            name=f"{condition_label(attack)}, published",
        )  # fmt: skip
