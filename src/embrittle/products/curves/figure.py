"""Figures 1 and 2 of the MSAP paper: a metric against the number of iterations, and against the budget epsilon.

A figure belongs to one data set. Multi-step attacks are curves; single-step attacks, the unperturbed model and the
random recommender are horizontal lines. All values are means over the seeds. A panel names what it cannot show.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from embrittle.products.curves.cells import Panel, Shown, shown
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import PUBLISHED_STYLE, Drawing, drawing, look_of

# Where falling curves leave room: axes coordinates, horizontal alignment.
NOTE_PLACES = {"fig1": (0.98, 0.55, "right"), "fig2": (0.04, 0.16, "left")}


def draw(
    metrics: pd.DataFrame,
    name: str,
    dataset: str,
    settings: PlotSettings | None = None,
    title: str | None = None,
    **arguments: Any,
) -> Drawing:
    """Figure 1 of one data set, nDCG and ICov against L, or Figure 2, nDCG against epsilon; a panel for each model.

    `metrics`, `name`, `dataset` and `arguments` are those of `cells.shown`, which also says what is raised; `title` is
    by default the name of the data set.
    """
    what, settings = shown(metrics, name, dataset, **arguments), settings or PlotSettings()
    rows, over_epsilon = what.layout.rows, what.layout.x_name == "epsilon"
    remark = ""
    if settings.published and len(what.published):
        remark = "The broad, pale lines are the published curves."
    about, shape = (f"Figure {name.removeprefix('figure')}", remark), (len(rows), len(rows[0]))
    more: dict[str, Any] = {"height": shape[0] * settings.panel_height + 0.85}
    if shape[0] > 1 or len({panel.metric for panel in what.layout.panels}) == 1:
        more |= {"sharex": True, "sharey": "row"}
    with drawing(settings, title or dataset, about, shape, **more) as figure:
        places = list(
            zip([panel for row in rows for panel in row], figure.panels.flat, strict=True)
        )
        axes = {panel: ax for panel, ax in places if panel}
        empty = [ax for panel, ax in places if panel is None]
        for ax in empty:
            ax.set_axis_off()
        for panel, ax in axes.items():
            ax.set(
                gid=panel.figure,
                title=f"({panel.figure[-1]}) {panel.model}",
                xlabel=f"budget ε (L = {what.iterations})" if over_epsilon else "iterations L",
                ylabel=f"{panel.metric}@{what.k}",
            )
            notes = [f"{panel.model}: not in this study"]
            if panel.model in what.models:
                heights, epsilon = what.references[panel.figure], what.reference_epsilon
                notes = list(_draw_curves(figure, ax, panel, what))
                notes += figure.references(ax, heights, what.attacks, f" (ε = {epsilon:g})")
            figure.note(ax, notes, *NOTE_PLACES[panel.figure[:4]])
        # After all panels, because those of a row or column share a scale.
        for panel, ax in axes.items():
            _scale(ax, over_epsilon, panel.metric == "ICov" and settings.coverage_axis == "log")
        figure.add_legend(what.curves["n_seeds"].max())
    if empty:  # the panel above them is the last of its column
        above = figure.panels[-1 - len(empty), -1]
        above.tick_params(axis="x", labelbottom=True)
        above.xaxis.label.set_visible(True)
    return figure


def _draw_curves(figure: Drawing, ax: Axes, panel: Panel, what: Shown) -> Iterable[str]:
    """Draw the curves of all multi-step attacks with the published ones behind; yield what is missing."""
    if all(what.attacks.values()):
        yield "no multi-step attack: no curve"
    curves = _of_panel(what.curves, panel)
    at = "ε = {x:g}" if what.layout.x_name == "epsilon" else "L = {x:g}"
    for number, (attack, curve) in enumerate(curves.groupby("attack", sort=False)):
        look, label = look_of(attack, what.attacks, figure.settings), condition_label(attack)
        theirs = _of_panel(what.published[what.published["x_name"] == what.layout.x_name], panel)
        theirs = theirs[theirs["attack"] == attack].sort_values("x")
        if figure.settings.published and not theirs.empty:
            behind = {"label": f"{label}, published", "gid": f"published {attack}"}
            style = {key: look[key] for key in ("color", "linestyle")} | PUBLISHED_STYLE
            ax.plot(theirs["x"], theirs["value"], **behind, **style)
        n_missing = int(curve["mean"].isna().sum())
        if n_missing == len(curve):
            yield f"{label}: not computed"
            continue
        # Markers of the curves in turn, so that close curves do not hide each other's.
        step = max(1, len(curve) // 7)
        look["markevery"] = (number * step // 2 % step, step)
        figure.curve(ax, curve, label, look, at, attack)
        if n_missing:
            yield f"{label}: {n_missing} of {len(curve)} points missing"


def _of_panel(curves: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    return curves[(curves["metric"] == panel.metric) & (curves["model"] == panel.model)]


def _scale(ax: Axes, log_x: bool, log_y: bool) -> None:
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=7))
        ax.xaxis.set_major_formatter("{x:g}")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))
    if log_y:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        # A little below 0, so that the axis does not hide a line at 0.
        ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
