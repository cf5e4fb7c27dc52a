"""Figures 1 and 2 of the MSAP paper: a metric against the number of iterations, and against the budget epsilon.

A figure belongs to one data set and shows the attacks it is asked for: the multi-step ones as curves,
the single-step ones as horizontal lines. So are the other references, the unperturbed model and the
random recommender. All are means over the seeds. What cannot be drawn is said in the panel.

Figures are built as objects and saved with `style.save`; no global state of matplotlib is left changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from embrittle.products.curves.cells import Panel, Shown, shown
from embrittle.render.labels import condition_label
from embrittle.render.style import (
    BAND_STYLE,
    COLOURS,
    FURTHER_REFERENCE_STYLE,
    NOTE_STYLE,
    PUBLISHED_STYLE,
    REFERENCE_LABELS,
    REFERENCE_STYLES,
    PlotSettings,
    colour_of,
    curve_style,
    text_style,
)

# Where falling curves leave room: axes coordinates, horizontal alignment.
NOTE_PLACES = {"fig1": (0.98, 0.55, "right"), "fig2": (0.04, 0.16, "left")}


def draw(
    metrics: pd.DataFrame,
    name: str,
    dataset: str,
    settings: PlotSettings | None = None,
    title: str | None = None,
    **arguments: Any,
) -> Figure:
    """Figure 1 of one data set, nDCG (a, b) and ICov (c, d) against L, or Figure 2, nDCG (a, b) against epsilon.

    Args:
        metrics: the tidy metrics.
        name: "figure1" or "figure2".
        dataset: name of the data set to draw.
        settings: how it looks.
        title: printed above; by default the name of the data set.
        arguments: further arguments of `cells.shown`, which also says what is raised.
    """
    what = shown(metrics, name, dataset, **arguments)
    return _Drawing(what, settings or PlotSettings()).draw(title or dataset)


@dataclass(frozen=True)
class _Drawing:
    """A figure being drawn; the methods put what it shows on the axes."""

    shown: Shown
    settings: PlotSettings

    def draw(self, title: str) -> Figure:
        """The figure: two panels to a row, one legend for all."""
        panels, log_x = self.shown.layout.panels, self.shown.layout.x_name == "epsilon"
        x_label = (
            rf"budget $\epsilon$ ($L$ = {self.shown.iterations})" if log_x else "iterations $L$"
        )
        n_rows = len(panels) // 2
        size = (self.settings.width, n_rows * self.settings.panel_height + 0.85)
        with matplotlib.rc_context(text_style(self.settings.font_size)):
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(n_rows, 2, sharex=True, sharey="row", squeeze=False)
            for panel, ax in zip(panels, axes.flat, strict=True):
                self._draw_panel(ax, panel)
            # After all panels, because the scale of a row is shared.
            for panel, ax in zip(panels[::2], axes[:, 0], strict=True):
                ax.set_ylabel(f"{panel.metric}@{self.shown.k}")
                self._scale_y(ax, panel)
            for ax in axes[-1]:
                ax.set_xlabel(x_label)
                _scale_x(ax, log_x)
            figure.suptitle(title)
            self._add_legend(figure, axes.flat)
        return figure

    def _draw_panel(self, ax: Axes, panel: Panel) -> None:
        ax.set_gid(panel.figure)
        ax.set_title(f"({panel.figure[-1]}) {panel.model}")
        if panel.model in self.shown.models:
            notes = self._draw_curves(ax, panel) + self._draw_references(ax, panel)
        else:
            notes = [f"{panel.model}: not in this study"]
        if notes:
            x, y, side = NOTE_PLACES[panel.figure[:4]]
            text = "\n".join(notes)
            ax.text(x, y, text, ha=side, transform=ax.transAxes, gid="notes", **NOTE_STYLE)

    def _draw_curves(self, ax: Axes, panel: Panel) -> list[str]:
        """Draw the curves of all multi-step attacks; say what is missing."""
        if all(self.shown.attacks.values()):
            return ["no multi-step attack: no curve"]
        curves = self.shown.curves[self.shown.curves["figure"] == panel.figure]
        return [
            note
            for number, (attack, curve) in enumerate(curves.groupby("attack", sort=False))
            for note in self._draw_curve(ax, panel, attack, curve, number)
        ]

    def _draw_curve(
        self, ax: Axes, panel: Panel, attack: str, curve: pd.DataFrame, number: int
    ) -> list[str]:
        """Draw one attack's curve, its band, and the published one behind; say what is missing."""
        colour, style = self._colour(attack), curve_style(attack, number)
        label = condition_label(attack)
        theirs = self.shown.published[self.shown.published["figure"] == panel.figure]
        theirs = theirs[theirs["attack"] == attack].sort_values("x")
        if self.settings.published and not theirs.empty:
            faint = {"color": colour, "linestyle": style["linestyle"], **PUBLISHED_STYLE}
            gid = f"published {attack}"
            ax.plot(theirs["x"], theirs["value"], label=f"{label}, published", gid=gid, **faint)
        there = curve["mean"].notna()
        if not there.any():
            return [f"{label}: not computed"]
        # Markers of the curves in turn, so that close curves do not hide each other's.
        step = max(1, len(curve) // 7)
        marks = {"markevery": (number * step // 2 % step, step), "markersize": 2.6}
        ax.plot(curve["x"], curve["mean"], color=colour, label=label, gid=attack, **marks, **style)
        if curve["n_seeds"].max() > 1:
            low, high = self.settings.band_ends(curve)
            ax.fill_between(curve["x"], low, high, color=colour, gid=f"band {attack}", **BAND_STYLE)
        n_missing = int((~there).sum())
        return [f"{label}: {n_missing} of {len(curve)} points missing"] if n_missing else []

    def _draw_references(self, ax: Axes, panel: Panel) -> list[str]:
        """Draw the horizontal lines; say which are missing."""
        notes = []
        for name, value in self.shown.references[panel.figure].items():
            label = REFERENCE_LABELS.get(name, condition_label(name))
            if np.isnan(value):
                notes.append(f"{label}: not computed")
                continue
            if name not in REFERENCE_LABELS:
                label += rf" ($\epsilon$ = {self.shown.reference_epsilon:g})"
            style = REFERENCE_STYLES.get(name, FURTHER_REFERENCE_STYLE)
            colour = self._colour(name)
            ax.axhline(value, color=colour, label=label, gid=name, zorder=1.8, **style)
        return notes

    def _colour(self, name: str) -> str:
        further = [attack for attack in self.shown.attacks if attack not in COLOURS]
        return colour_of(name, self.settings, further.index(name) if name in further else 0)

    def _scale_y(self, ax: Axes, panel: Panel) -> None:
        if panel.metric == "ICov" and self.settings.coverage_axis == "log":
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
            ax.yaxis.set_major_formatter(ScalarFormatter())
            ax.yaxis.set_minor_locator(NullLocator())
        else:
            # A little below 0, so that a line at 0 is not hidden by the axis.
            ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])
            ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))

    def _add_legend(self, figure: Figure, axes: Iterable[Axes]) -> None:
        """One entry for everything that is in any panel, and what the band means."""
        ours, published, lines = {}, {}, {}
        for ax in axes:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                gid = handle.get_gid()
                is_line = gid in self.shown.references[ax.get_gid()]
                group = lines if is_line else published if "published" in gid else ours
                group.setdefault(label, handle)
        n_seeds = self.shown.curves["n_seeds"].max()
        if n_seeds > 1:
            ours[self.settings.band_label(n_seeds)] = Patch(color="#888888", **BAND_STYLE)
        # Columns are filled downwards, in this order.
        entries = {**ours, **published, **lines}
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)


def _scale_x(ax: Axes, log_x: bool) -> None:
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=7))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))
