"""Interactive plots for the page (plotly), of the same curves as the printed figures.

Colours are those of `render.style`, made to be told apart with any colour vision; dashes and markers differ too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from embrittle.render.labels import condition_label
from embrittle.render.style import COLOURS, FURTHER_COLOURS, REFERENCE_LABELS

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


def group(title: str, note: str, plots: Sequence[Plot | None]) -> dict[str, Any]:
    """Plots that stand together on the page, those that there are: title, note (what to know) and plots."""
    return {"title": title, "note": note, "plots": [plot for plot in plots if plot]}


def add_references(figure: go.Figure, levels: Mapping[str, float], ends: list[float]) -> None:
    """Horizontal lines, where there is a level."""
    for name, height in levels.items():
        if not np.isnan(height):
            label = REFERENCE_LABELS.get(name, condition_label(name))
            line = {"color": COLOURS.get(name, "#999999"), "width": 1.5,
                    "dash": REFERENCE_DASHES.get(name, "dash")}  # fmt: skip
            figure.add_scatter(x=ends, y=[height, height], name=label, mode="lines", line=line)


def add_curve(figure: go.Figure, curve: pd.DataFrame, name: str, style: Mapping[str, Any]) -> None:
    """A curve and, over several seeds, the band from the lowest to the highest."""
    x = floats(curve["x"])
    if curve["n_seeds"].max() > 1:
        colour = faint(style["line"]["color"], 0.2)
        band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=x, y=floats(curve["low"]), **band)
        figure.add_scatter(x=x, y=floats(curve["high"]), fill="tonexty", fillcolor=colour, **band)
    figure.add_scatter(x=x, y=floats(curve["mean"]), name=name, mode="lines+markers", **style)


def empty_figure(x_label: str, y_label: str, log_x: bool, log_y: bool) -> go.Figure:
    """Axes and legend as all plots have them; a y axis that is not logarithmic starts at 0."""
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


def colour_of_attack(attack: str, number: int) -> str:
    """Colour of an attack; `number` chooses for attacks that have none of their own."""
    return COLOURS.get(attack, FURTHER_COLOURS[number % len(FURTHER_COLOURS)])


def curve_style(number: int, colour: str) -> dict[str, Any]:
    """Line and marker of a curve; `number` chooses dashes and symbol."""
    line = {"color": colour, "dash": DASHES[number % len(DASHES)], "width": 2}
    return {
        "line": line,
        "marker": {"color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": 6},
    }


def faint(colour: str, alpha: float) -> str:
    """A colour (#rrggbb) of this opacity."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def floats(values: pd.Series) -> list[float]:
    """Values as plain numbers, which plotly writes as JSON lists."""
    return [float(value) for value in values]
