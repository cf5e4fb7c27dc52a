"""The page's interactive plots, from the same curves as the printed figures.

Colours are those of `embrittle.figures`, made to be told apart with any colour vision; dashes and markers differ too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from embrittle.products.budgets.figure import curve_of, line_numbers
from embrittle.products.curves.cells import FIGURE1, FIGURE2, Panel
from embrittle.products.poster.figure import MODEL_STYLES
from embrittle.products.poster.tables import LABELS
from embrittle.render.labels import condition_label
from embrittle.render.style import COLOURS, FURTHER_COLOURS, REFERENCE_LABELS
from embrittle.vocabulary import RANDOM, UNPERTURBED

DASHES = ("solid", "dash", "dashdot", "dot")
SYMBOLS = ("circle", "square-open", "triangle-up", "diamond-open")
# Whole numbers: plotly's own ticks say "5" for 500.
LOG_TICKS = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
REFERENCE_DASHES = {"initial": "solid", "fgsm": "longdashdot", "random": "dot"}


@dataclass(frozen=True)
class Plot:
    """A plot, and what it shows in words."""

    title: str
    figure: go.Figure

    def json(self) -> str:
        """What plotly.js draws, safe within a script element."""
        return self.figure.to_json().replace("</", "<\\/")


def curves_of_panel(
    panel: Panel,
    curves: pd.DataFrame,
    references: Mapping[str, float],
    published: pd.DataFrame,
    x_label: str,
    k: int,
    log_x: bool,
) -> Plot | None:
    """One panel of Figure 1 or 2.

    Args:
        panel: which one.
        curves: from `figures.figure1_curves` or `figure2_curves`, of one data set.
        references: of the panel (`figures.references`).
        published: rows of the published figures_1_2.csv that can be compared; maybe none.
        x_label: what the x axis is.
        k: length of the lists.
        log_x: whether the x axis is logarithmic.

    Returns:
        None where nothing of the panel was computed.
    """
    here = curves[(curves["figure"] == panel.figure) & curves["mean"].notna()]
    if here.empty:
        return None
    figure = _figure(x_label, f"{panel.metric}@{k}", log_x, panel.metric == "ICov")
    theirs = published[published["figure"] == panel.figure]
    attacks = list(dict.fromkeys(here["attack"]))
    for number, attack in enumerate(attacks):
        curve = theirs[theirs["attack"] == attack].sort_values("x")
        if len(curve):
            line = {"width": 7, "color": _faint(_colour(attack, number), 0.35)}
            name = f"{condition_label(attack)}, published"
            figure.add_scatter(x=_list(curve["x"]), y=_list(curve["value"]), name=name, line=line,
                               mode="lines")  # fmt: skip
    for number, attack in enumerate(attacks):
        curve = here[here["attack"] == attack].sort_values("x")
        style = _style(attack, number, _colour(attack, number))
        _add_curve(figure, curve, condition_label(attack), style)
    _add_references(figure, references, [float(here["x"].min()), float(here["x"].max())])
    return Plot(f"({panel.figure[-1]}) {panel.metric}@{k} of {panel.model}", figure)


def panels_of(figure: str) -> Sequence[Panel]:
    """The panels of "figure1" or "figure2"."""
    return {"figure1": FIGURE1, "figure2": FIGURE2}[figure]


def characteristics_plot(
    points: pd.DataFrame, published: pd.DataFrame, model: str, characteristic: str
) -> Plot:
    """What perturbations cost one model on sub-samples, against one characteristic, with the published points.

    Args:
        points: figure3_points.csv of one source and number of multi-step iterations.
        published: characteristics.csv of that source.
        model: name of the model.
        characteristic: density, size or shape.
    """
    figure = _figure(characteristic, "nDCG lost, %", False, False)
    here = points[points["model"] == model]
    for number, attack in enumerate(dict.fromkeys(here["attack"])):
        rows = here[here["attack"] == attack]
        means = rows.groupby(characteristic)["rho"].agg(["mean", "min", "max"]).reset_index()
        style = _style(attack, number, _colour(attack, number))
        spread = {
            "array": _list(means["max"] - means["mean"]),
            "arrayminus": _list(means["mean"] - means["min"]),
            "thickness": 1,
        }
        several = rows["seed"].nunique() > 1
        figure.add_scatter(
            x=_list(means[characteristic]), y=_list(means["mean"]), name=condition_label(attack),
            mode="markers+lines", error_y=spread if several else None, **style,
        )  # fmt: skip
    theirs = published[(published["quantity"] == "rho") & (published["model"] == model)]
    theirs = theirs[theirs["characteristic"] == characteristic]
    for attack, rows in theirs.groupby("attack"):
        marker = {"size": 13, "symbol": "x", "color": _faint(_colour(attack, 0), 0.5)}
        figure.add_scatter(x=_list(rows["x"]), y=_list(rows["value"]), mode="markers",
                           name=f"{condition_label(attack)}, published", marker=marker)  # fmt: skip
    return Plot(f"{model} over {characteristic}", figure)


def training_plot(curves: pd.DataFrame, metric: str, k: int) -> Plot:
    """Training curves of one data set; `curves` from `poster_figures.training_curves`."""
    figure = _figure("epoch", f"{metric}@{k} on the test items", False, False)
    for number, (model, rows) in enumerate(curves.groupby("model", sort=False)):
        curve = rows.sort_values("epoch").rename(columns={"epoch": "x"})
        colour = MODEL_STYLES.get(model, {}).get("color", FURTHER_COLOURS[number % 3])
        line = {"color": colour, "dash": DASHES[number % len(DASHES)]}
        _add_curve(figure, curve, model, {"line": line, "marker": {"color": colour, "size": 1}})
    return Plot(f"{metric}@{k} while training", figure)


def noise_plot(curves: pd.DataFrame, model: str, methods: Mapping[str, str], k: int) -> Plot:
    """NDCG under noise of growing size; `curves` from `poster_figures.noise_curves`, of one data set."""
    figure = _figure("L2 norm ε of the noise on each row", f"nDCG@{k}", False, False)
    here = curves[curves["model"] == model]
    for number, (attack, rows) in enumerate(here.groupby("attack", sort=False)):
        colour = _colour(attack, number)
        label = LABELS.get(methods.get(attack, ""), condition_label(attack))
        curve = rows.sort_values("epsilon").rename(columns={"epsilon": "x"})
        _add_curve(figure, curve, label, _style(attack, number, colour))
    return Plot(f"{model} under noise", figure)


def budget_plot(
    points: pd.DataFrame,
    model: str,
    methods: Mapping[str, str],
    iterations: int,
    random: float,
    k: int,
) -> Plot:
    """What attacks leave of nDCG, against the norm that they have spent.

    Args:
        points: from `budget_figure.curve_points`, of one data set.
        model: name of the model.
        methods: attack -> its method; attacks of one method share its colour.
        iterations: of the multi-step attacks.
        random: nDCG of the random recommender.
        k: length of the lists.
    """
    figure = _figure("mean L2 norm of the rows of Δ spent", f"nDCG@{k}", False, False)
    # Many lines: on a phone their legend is one column, which would take half of the plot and scroll.
    figure.update_layout(height=460, legend={"maxheight": 1})
    here = points[points["model"] == model]
    for attack, (number, colour) in line_numbers(methods).items():
        curve = curve_of(here, attack, iterations)
        curve = curve.rename(columns={"spent_norm": "x", "value": "mean"})
        style = _style(attack, number, _colour(methods[attack], colour))
        _add_curve(figure, curve, condition_label(attack), style)
    initial = here.loc[here["attack"] == UNPERTURBED, "value"].mean()
    levels = {"initial": initial, RANDOM.lower(): random}
    _add_references(figure, levels, [0.0, float(here["spent_norm"].max())])
    return Plot(f"{model} at equal norms", figure)


def _add_references(figure: go.Figure, levels: Mapping[str, float], ends: list[float]) -> None:
    """Horizontal lines, where there is a level."""
    for name, height in levels.items():
        if not np.isnan(height):
            label = REFERENCE_LABELS.get(name, condition_label(name))
            line = {"color": COLOURS.get(name, "#999999"), "width": 1.5,
                    "dash": REFERENCE_DASHES.get(name, "dash")}  # fmt: skip
            figure.add_scatter(x=ends, y=[height, height], name=label, mode="lines", line=line)


def _add_curve(figure: go.Figure, curve: pd.DataFrame, name: str, style: Mapping[str, Any]) -> None:
    """A curve and, over several seeds, the band from the lowest to the highest."""
    x = _list(curve["x"])
    if curve["n_seeds"].max() > 1:
        colour = _faint(style["line"]["color"], 0.2)
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=x, y=_list(curve["low"]), **band)
        figure.add_scatter(x=x, y=_list(curve["high"]), fill="tonexty", fillcolor=colour, **band)
    figure.add_scatter(x=x, y=_list(curve["mean"]), name=name, mode="lines+markers", **style)


def _figure(x_label: str, y_label: str, log_x: bool, log_y: bool) -> go.Figure:
    size = {"font": {"size": 13}}
    axis = {"showline": True, "linecolor": "#888", "gridcolor": "#e4e4e4", "zeroline": False}
    return go.Figure(
        layout={
            "template": "none",
            "height": 360,
            "margin": {"l": 64, "r": 12, "t": 8, "b": 96},
            "font": {"size": 13, "color": "#1b1b1b"},
            "legend": {
                "orientation": "h",
                "y": -0.24,
                "yanchor": "top",
                "traceorder": "normal",
                "font": {"size": 12},
            },
            "xaxis": {
                **axis,
                "title": {"text": x_label, "standoff": 4, **size},
                "type": "log" if log_x else "linear",
            },
            "yaxis": {
                **axis,
                "title": {"text": y_label, "standoff": 4, **size},
                **({"type": "log", "tickvals": LOG_TICKS} if log_y else {"rangemode": "tozero"}),
            },
            "hovermode": "closest",
            "dragmode": False,
        }
    )


def _colour(attack: str, number: int) -> str:
    return COLOURS.get(attack, FURTHER_COLOURS[number % len(FURTHER_COLOURS)])


def _style(attack: str, number: int, colour: str) -> dict[str, Any]:
    line = {"color": colour, "dash": DASHES[number % len(DASHES)], "width": 2}
    return {
        "line": line,
        "marker": {"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 6},
    }


def _faint(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def _list(values: pd.Series) -> list[float]:
    return [float(value) for value in values]
