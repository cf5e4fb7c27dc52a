"""Figure 3 of the longer MSAP paper: rho against density, size and shape of sub-samples ([L] 5.2).

Two rows (BPR-MF, AMF), each with a scale of its own, and three columns. A point is a sub-sample: the mean of its seeds,
with a bar for their spread; the lines are those of the regression table, with the 95 % interval of their height where
there are several seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, MaxNLocator

from embrittle.errors import DataError
from embrittle.metrics.tidy import spread_over_seeds
from embrittle.products.characteristics.cells import CHARACTERISTICS, regress
from embrittle.render import published as pub
from embrittle.render.labels import condition_label
from embrittle.render.style import (
    BAND_STYLE,
    NOTE_STYLE,
    PlotSettings,
    colour_of,
    curve_style,
    text_style,
)
from embrittle.vocabulary import PAPER_ATTACKS, PAPER_MODELS

LABELS = {
    "density": r"density $|F|\,/\,(|U||I|)$",
    "size": r"size $|U||I|$",
    "shape": r"shape $|U|\,/\,|I|$",
}
FGSM_STYLE = {"linestyle": (0, (1, 1.3)), "marker": "P"}
PUBLISHED_POINT = {"marker": "D", "markersize": 5.0, "alpha": 0.35, "zorder": 1.5}
LINE_POINTS = 60


def figure3(
    data: pd.DataFrame,
    source: str,
    iterations: int,
    k: int,
    settings: PlotSettings | None = None,
    published: pd.DataFrame | None = None,
    title: str | None = None,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> Figure:
    """Figure 3 of one source at one number of iterations.

    Args:
        data: from `cells.points`.
        source: the data set that the sub-samples were taken from.
        iterations: of the multi-step attacks; the single-step ones are drawn whatever it is.
        k: length of the lists that rho was taken from.
        settings: how it looks; the figure is two columns of the paper wide. `band` is here what the bars of the points
            show.
        published: the published characteristics.csv; its points are drawn where source, K and epsilon are the same,
            whatever the iterations: those are not printed.
        title: printed above; by default the name of the source.
        attacks: what is drawn, in this order: name -> whether it takes a single step.

    Raises:
        DataError: there is nothing of the source, or a line would be through points of several budgets.
    """
    rows = data[data["source"] == source]
    if rows.empty:
        raise DataError(f"there are no sub-samples with metrics of the data set {source!r}")
    rows = rows[rows["attack"].isin(list(attacks))]
    one_step = rows["attack"].map(attacks).astype(bool)
    rows = rows[one_step | (rows["iterations"] == iterations)]
    budgets = rows["epsilon"].round(12).unique()
    if len(budgets) > 1:
        there = ", ".join(f"{value:g}" for value in sorted(budgets))
        raise DataError(f"Figure 3 of {source}: its points have several budgets ({there})")
    comparable = k == pub.FIGURES_K and np.isclose(budgets, pub.FIGURE3_EPSILON).all()
    settings = settings or PlotSettings()
    theirs = None
    if published is not None and comparable and settings.published:
        theirs = published[(published["dataset"] == source) & (published["quantity"] == "rho")]
    return _Drawing(rows, theirs, iterations, k, settings, attacks).draw(title or source)


@dataclass(frozen=True)
class _Drawing:
    """What one figure shows, all of one source, attack budget and number of iterations."""

    rows: pd.DataFrame
    published: pd.DataFrame | None
    iterations: int
    k: int
    settings: PlotSettings
    attacks: Mapping[str, bool]

    def draw(self, title: str) -> Figure:
        """The figure: a row of panels for each model, one legend for all."""
        models = list(dict.fromkeys([*PAPER_MODELS, *self.rows["model"]]))
        n_rows = len(models)
        # The paper's figure goes over both of its columns.
        size = (2 * self.settings.width, n_rows * self.settings.panel_height * 1.15 + 0.75)
        with matplotlib.rc_context(text_style(self.settings.font_size)):
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(n_rows, 3, sharex="col", sharey="row", squeeze=False)
            letters = iter("abcdefghijklmnopqrstuvwxyz")
            for model, row in zip(models, axes, strict=True):
                row[0].set_ylabel(rf"$\rho$ of nDCG@{self.k} (%)")
                row[0].yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
                if model not in set(self.rows["model"]):
                    row[0].set_yticks([])
                for characteristic, ax in zip(CHARACTERISTICS, row, strict=True):
                    ax.margins(x=0.07)
                    ax.set_gid(f"{model} {characteristic}")
                    ax.set_title(f"({next(letters)}) {model}")
                    self._draw_panel(ax, model, characteristic)
            for characteristic, ax in zip(CHARACTERISTICS, axes[-1], strict=True):
                ax.set_xlabel(LABELS[characteristic])
                ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
                if characteristic == "size":
                    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
            figure.suptitle(title)
            self._add_legend(figure, axes)
        return figure

    def _draw_panel(self, ax: Axes, model: str, characteristic: str) -> None:
        """Draw the attacks on a model; say which are missing."""
        of_model = self.rows[self.rows["model"] == model]
        notes = []
        if of_model.empty:
            notes = [f"{model}: not in this study"]
        for attack in self.attacks if len(of_model) else ():
            self._draw_published(ax, model, attack, characteristic)
            rows = of_model[(of_model["attack"] == attack) & of_model["rho"].notna()]
            if rows.empty:
                notes.append(f"{condition_label(attack)}: not computed")
                continue
            self._draw_points(ax, rows, attack, characteristic)
            self._draw_line(ax, rows, attack, characteristic)
        if notes:
            text = "\n".join(notes)
            ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes, gid="notes", **NOTE_STYLE)

    def _look(self, attack: str) -> dict[str, object]:
        """Colour, line and marker of an attack; FGSM is no curve in the other figures."""
        number = list(self.attacks).index(attack)
        style = FGSM_STYLE if attack == "fgsm" else curve_style(attack, number)
        return {"color": colour_of(attack, self.settings, number), **style}

    def _draw_points(self, ax: Axes, rows: pd.DataFrame, attack: str, characteristic: str) -> None:
        """Draw the mean of each sub-sample, with a bar over several seeds."""
        place = ["dataset", characteristic]
        points = spread_over_seeds(rows[place].assign(value=rows["rho"]), place)
        points = points.sort_values(characteristic)
        bars = {"yerr": self._bars(points)} if points["n_seeds"].max() > 1 else {}
        look = {**self._look(attack), "linestyle": "none", "markersize": 3.2, "elinewidth": 0.7}
        container = ax.errorbar(points[characteristic], points["mean"], **bars, **look)
        container.lines[0].set_gid(f"points {attack}")
        for bar in container.lines[2]:
            bar.set_gid(f"bars {attack}")

    def _draw_line(self, ax: Axes, rows: pd.DataFrame, attack: str, characteristic: str) -> None:
        """Draw the least-squares line over the range of the points, and its band."""
        fit = regress(rows, [characteristic])
        if np.isnan(fit.intercept()):
            return
        x = np.linspace(rows[characteristic].min(), rows[characteristic].max(), LINE_POINTS)
        band, look = fit.band(x), self._look(attack)
        line = {"color": look["color"], "linestyle": look["linestyle"], "zorder": 1.9}
        ax.plot(x, band["mean"], gid=f"line {attack}", **line)
        if fit.counts["n_seeds"] > 1 and band["low"].notna().all():
            # The scale is that of the points: the band of three sub-samples can be ten times as high.
            limits = ax.dataLim.frozen()
            style = {"color": look["color"], "zorder": 1.2, **BAND_STYLE}
            ax.fill_between(x, band["low"], band["high"], gid=f"band {attack}", **style)
            ax.dataLim.set(limits)

    def _draw_published(self, ax: Axes, model: str, attack: str, characteristic: str) -> None:
        """Draw the printed points, if there are any for this panel."""
        if self.published is None:
            return
        panel = {"model": model, "attack": attack, "characteristic": characteristic}
        theirs = self.published[(self.published[list(panel)] == pd.Series(panel)).all(axis=1)]
        if not theirs.empty:
            look = {"color": self._look(attack)["color"], "linestyle": "none", **PUBLISHED_POINT}
            ax.plot(theirs["x"], theirs["value"], gid=f"published {attack}", **look)

    def _bars(self, points: pd.DataFrame) -> np.ndarray:
        """Lengths of the bars (2, points), down and up; none for a single seed."""
        if self.settings.band == "sd":
            ends = [points["sd"], points["sd"]]
        else:
            ends = [points["mean"] - points["low"], points["high"] - points["mean"]]
        return np.nan_to_num(np.array(ends, dtype=float))

    def _add_legend(self, figure: Figure, axes: np.ndarray) -> None:
        """One entry for each attack in any panel, for what is published, for bars and bands."""
        drawn = {artist.get_gid() for ax in axes.flat for artist in [*ax.lines, *ax.collections]}
        entries = {}
        for attack, single_step in self.attacks.items():
            look, label = self._look(attack), condition_label(attack)
            if f"points {attack}" in drawn:
                steps = "" if single_step else rf", $L$ = {self.iterations}"
                entries[f"{label}{steps}"] = Line2D([], [], **look, markersize=3.2)
            if f"published {attack}" in drawn:
                look = {"color": look["color"], "linestyle": "none", **PUBLISHED_POINT}
                entries[f"{label}, published ($L$ not stated)"] = Line2D([], [], **look)
        n_seeds = int(self.rows.groupby(["dataset", "model", "attack"])["rho"].count().max())
        if n_seeds > 1:
            look = {"color": "#555555", "linestyle": "none", "marker": "|", "markersize": 7}
            entries[f"bars: {self.settings.band_label(n_seeds)}"] = Line2D([], [], **look)
        if any(str(gid).startswith("band") for gid in drawn):
            entries["band: 95 % interval of the line"] = Patch(color="#888888", **BAND_STYLE)
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)
