"""Figure 3 of the longer MSAP paper: rho against density, size and shape of sub-samples ([L] 5.2).

Two rows (BPR-MF, AMF), each with a scale of its own, and three columns. A point is a sub-sample: the mean
of its seeds, with a bar for their spread; the lines are those of the regression table, with the 95 %
interval of their height where there are several seeds.
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
from embrittle.metrics.tidy import known_first, spread_over_seeds
from embrittle.products.characteristics.cells import CHARACTERISTICS, Errors, line
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
    errors: Errors = "means",
) -> Figure:
    """Figure 3 of one source at one number of iterations.

    Args:
        data: from `characteristics.points`.
        source: the data set that the sub-samples were taken from.
        iterations: of the multi-step attacks; the single-step ones are drawn whatever it is.
        k: length of the lists that rho was taken from.
        settings: how it looks; the figure is two columns of the paper wide. `band` is here what the
            bars of the points show.
        published: the published characteristics.csv; its points are drawn where source, K and epsilon are
            the same, whatever the iterations: those are not printed.
        title: printed above; by default the name of the source.
        attacks: what is drawn, in this order: name -> whether it takes a single step.
        errors: what the seeds are for the band, see `embrittle.characteristics`.

    Raises:
        DataError: there is nothing of the source, or a line would be through points of several budgets.
        ConfigError: there is no such `errors`.
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
    nothing = pd.DataFrame(columns=list(pub.COLUMNS["characteristics"]))
    theirs = nothing if published is None or not comparable else published
    drawing = _Drawing(
        rows=rows,
        published=theirs[(theirs["dataset"] == source) & (theirs["quantity"] == "rho")],
        iterations=iterations,
        k=k,
        settings=settings or PlotSettings(),
        attacks=attacks,
        errors=errors,
    )
    return drawing.draw(title or source)


@dataclass(frozen=True)
class _Drawing:
    """What one figure shows, all of one source, attack budget and number of iterations."""

    rows: pd.DataFrame
    published: pd.DataFrame
    iterations: int
    k: int
    settings: PlotSettings
    attacks: Mapping[str, bool]
    errors: Errors

    def draw(self, title: str) -> Figure:
        """The figure: a row of panels for each model, one legend for all."""
        models = [
            *PAPER_MODELS,
            *(m for m in known_first(self.rows["model"], PAPER_MODELS) if m not in PAPER_MODELS),
        ]
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
        """Draw what there is of a model; say what is not."""
        of_model = self.rows[self.rows["model"] == model]
        if of_model.empty:
            notes = [f"{model}: not in this study"]
        else:
            notes = [
                note
                for number, attack in enumerate(self.attacks)
                for note in self._draw_attack(ax, of_model, attack, characteristic, number)
            ]
        if notes:
            text = "\n".join(notes)
            ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes, gid="notes", **NOTE_STYLE)

    def _draw_attack(
        self, ax: Axes, of_model: pd.DataFrame, attack: str, characteristic: str, number: int
    ) -> list[str]:
        """Draw one attack's points, line and band; say what is missing."""
        self._draw_published(ax, of_model["model"].iloc[0], attack, characteristic, number)
        rows = of_model[(of_model["attack"] == attack) & of_model["rho"].notna()]
        if rows.empty:
            return [f"{condition_label(attack)}: not computed"]
        colour, style = colour_of(attack, self.settings, number), _style_of(attack, number)
        place = ["dataset", characteristic]
        points = spread_over_seeds(rows[place].assign(value=rows["rho"]), place)
        points = points.sort_values(characteristic)
        bars = {"yerr": self._bars(points)} if points["n_seeds"].max() > 1 else {}
        marks = {name: value for name, value in style.items() if name.startswith("marker")}
        container = ax.errorbar(
            *(points[characteristic], points["mean"]),
            **bars,
            **{"linestyle": "none", "color": colour, "markersize": 3.2, "elinewidth": 0.7, **marks},
        )
        container.lines[0].set_gid(f"points {attack}")
        for bar in container.lines[2]:
            bar.set_gid(f"bars {attack}")
        self._draw_line(ax, rows, attack, characteristic, colour, style["linestyle"])
        return []

    def _draw_line(
        self,
        ax: Axes,
        rows: pd.DataFrame,
        attack: str,
        characteristic: str,
        colour: str,
        linestyle: object,
    ) -> None:
        """Draw the least-squares line over the range of the points, and its band."""
        fitted = line(rows, characteristic, self.errors)
        if np.isnan(fitted.slope):
            return
        x = np.linspace(rows[characteristic].min(), rows[characteristic].max(), LINE_POINTS)
        band = fitted.band(x)
        look = {"color": colour, "linestyle": linestyle, "zorder": 1.9}
        ax.plot(x, band["mean"], gid=f"line {attack}", **look)
        if fitted.n_seeds > 1 and band["low"].notna().all():
            # The scale is that of the points: the band of three sub-samples can be ten times as high.
            limits = ax.dataLim.frozen()
            ax.fill_between(
                *(x, band["low"], band["high"]),
                **{"color": colour, "gid": f"band {attack}", "zorder": 1.2, **BAND_STYLE},
            )
            ax.dataLim.set(limits)

    def _draw_published(
        self, ax: Axes, model: str, attack: str, characteristic: str, number: int
    ) -> None:
        """Draw the printed points, if there are any for this panel."""
        theirs = self.published
        theirs = theirs[(theirs["model"] == model) & (theirs["attack"] == attack)]
        theirs = theirs[theirs["characteristic"] == characteristic]
        if self.settings.published and not theirs.empty:
            colour = colour_of(attack, self.settings, number)
            look = {"color": colour, "linestyle": "none", **PUBLISHED_POINT}
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
        for number, attack in enumerate(self.attacks):
            colour = colour_of(attack, self.settings, number)
            label = condition_label(attack)
            if f"points {attack}" in drawn:
                look = {"color": colour, "markersize": 3.2, **_style_of(attack, number)}
                steps = "" if self.attacks[attack] else rf", $L$ = {self.iterations}"
                entries[f"{label}{steps}"] = Line2D([], [], **look)
            if f"published {attack}" in drawn:
                look = {"color": colour, "linestyle": "none", **PUBLISHED_POINT}
                entries[f"{label}, published ($L$ not stated)"] = Line2D([], [], **look)
        n_seeds = int(self.rows.groupby(["dataset", "model", "attack"])["rho"].count().max())
        if n_seeds > 1:
            what = "min to max" if self.settings.band == "min-max" else "mean ± sd"
            look = {"color": "#555555", "linestyle": "none", "marker": "|", "markersize": 7}
            entries[f"bars: {what}, {n_seeds} seeds"] = Line2D([], [], **look)
        if any(str(gid).startswith("band") for gid in drawn):
            entries["band: 95 % interval of the line"] = Patch(color="#888888", **BAND_STYLE)
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)


def _style_of(attack: str, number: int) -> dict[str, object]:
    """Line and marker of an attack; FGSM is no curve in the other figures."""
    return FGSM_STYLE if attack == "fgsm" else curve_style(attack, number)
