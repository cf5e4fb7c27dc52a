"""Figure 3 of the longer MSAP paper: rho against density, size and shape of sub-samples ([L] 5.2).

A row of panels for each model, with a scale of its own, and a column for each characteristic. A point is a sub-sample:
the mean of its seeds, with a bar for their spread. The lines are those of the regression table, with the 95 % interval
of their height where there are several seeds.
"""

from collections.abc import Mapping
from itertools import product
from string import ascii_lowercase

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator, NullLocator

from embrittle.metrics.tidy import spread_over_seeds
from embrittle.products.characteristics.cells import CHARACTERISTICS, regress, shown
from embrittle.products.characteristics.tables import RHO
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import BAND_STYLE, Drawing, drawing, grey_band, look_of
from embrittle.vocabulary import PAPER_ATTACKS, PAPER_MODELS

LABELS = {"density": "density |F| / (|U| |I|)", "size": "size |U| |I|", "shape": "shape |U| / |I|"}
PUBLISHED_POINT = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 5.0,
    "alpha": 0.35,
    "zorder": 1.5,
}
BAR_IN_LEGEND = {"color": "#555555", "linestyle": "none", "marker": "|", "markersize": 7}
TICKS = {"nbins": 5, "steps": [1, 2, 2.5, 5, 10]}


def figure3(
    data: pd.DataFrame,
    source: str,
    iterations: int,
    k: int,
    settings: PlotSettings | None = None,
    published: pd.DataFrame | None = None,
    title: str | None = None,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> Drawing:
    """Figure 3 of one source at one number of iterations, two columns of the paper wide.

    Args:
        data, source, iterations, k, published, attacks: as `cells.shown`, which also says what is raised; the attacks
            are in the order of the legend.
        settings: how it looks; the bars of the points show `band`.
        title: printed above; by default the name of the source.
    """
    settings = settings or PlotSettings()
    published = published if settings.published else None
    rows, theirs = shown(data, source, iterations, k, attacks, published)
    models = list(dict.fromkeys([*PAPER_MODELS, *rows["model"]]))
    remark = f"{RHO} is the share of nDCG that a perturbation takes away; a point is a sub-sample."
    about, shape = (f"Figure 3 at L = {iterations}", remark), (len(models), 3)
    # The paper's figure goes over both of its columns.
    more = {"height": len(models) * settings.panel_height * 1.15 + 0.75, "sharex": "col"}
    more |= {"width": 2 * settings.width, "sharey": "row"}
    with drawing(settings, title or source, about, shape, **more) as figure:
        panels = zip(product(models, CHARACTERISTICS), figure.panels.flat, strict=True)
        for letter, ((model, over), ax) in zip(ascii_lowercase, panels, strict=False):
            ax.margins(x=0.07)
            here = rows[rows["model"] == model]
            notes = [] if len(here) else [f"{model}: not in this study"]
            for attack, single_step in attacks.items() if len(here) else ():
                name, look = condition_label(attack), look_of(attack, attacks, settings)
                panel = {"model": model, "attack": attack, "characteristic": over}
                printed = theirs[(theirs[list(panel)] == pd.Series(panel)).all(axis=1)]
                if len(printed):
                    pale = {"color": look["color"], "gid": f"published {attack}", **PUBLISHED_POINT}
                    label = f"{name}, published (L not stated)"
                    ax.plot(printed["x"], printed["value"], label=label, **pale)
                runs = here[(here["attack"] == attack) & here["rho"].notna()]
                if runs.empty:
                    notes.append(f"{name}: not computed")
                else:
                    label = name if single_step else f"{name}, L = {iterations}"
                    _draw_attack(figure, ax, runs.assign(x=runs[over]), attack, label, look)
            figure.note(ax, notes, 0.5, 0.5, "center")
            ax.set(gid=f"{model} {over}", title=f"({letter}) {model}", xlabel=LABELS[over])
            ax.set_ylabel(f"{RHO} of nDCG@{k} (%)")
            ax.xaxis.set_major_locator(MaxNLocator(**TICKS))
            ax.yaxis.set_major_locator(MaxNLocator(**TICKS) if len(here) else NullLocator())
            if over == "size":
                ax.xaxis.set_major_formatter(EngFormatter(sep=""))
        figure.add_legend(more=_bars_and_bands(figure, rows))
    return figure


def _draw_attack(
    figure: Drawing, ax: Axes, runs: pd.DataFrame, attack: str, label: str, look: dict
) -> None:
    """Draw the mean of each sub-sample with a bar over its seeds, and the least-squares line with its interval."""
    place, colour = ["dataset", "x"], look["color"]
    points = spread_over_seeds(runs[place].assign(value=runs["rho"]), place).sort_values("x")
    fit = regress(runs, ["x"])
    # seaborn draws the same line; its interval would be another one, of a bootstrap.
    face = {"facecolors": look.get("markerfacecolor", colour), "linewidths": 0.7, "alpha": 1}
    line = {**look, "gid": f"line {attack}", "label": label, "zorder": 2, "linewidth": 1.1}
    sns.regplot(
        points, x="x", y="mean", ax=ax, ci=None, fit_reg=not np.isnan(fit.intercept()),
        color=colour, marker=look["marker"],
        scatter_kws={"s": 3.2**2, "gid": f"points {attack}", "zorder": 2.1, **face},
        line_kws={**line, "markevery": slice(0)},  # the marker is for the legend
    )  # fmt: skip
    if np.isnan(fit.intercept()):
        ax.plot([], [], label=label, **look)
    figure.mark(ax, points, label, "{dataset}")
    if fit.counts["n_seeds"] > 1:
        low, high = (end.fillna(points["mean"]) for end in figure.settings.band_ends(points))
        ax.vlines(points["x"], low, high, colour, linewidth=0.7, gid=f"bars {attack}")
        x = np.linspace(runs["x"].min(), runs["x"].max())
        band = fit.band(x).dropna()
        if len(band):
            # The scale is that of the points: the band of three sub-samples can be ten times as high.
            limits = ax.dataLim.frozen()
            style = {"color": colour, "gid": f"band {attack}", "zorder": 1.2, **BAND_STYLE}
            ax.fill_between(x, band["low"], band["high"], **style)
            ax.dataLim.set(limits)


def _bars_and_bands(figure: Drawing, rows: pd.DataFrame) -> dict[str, Artist]:
    """What the legend says of bars and bands, where there are any."""
    n_seeds = int(rows.groupby(["dataset", "model", "attack"])["rho"].count().max())
    drawn = "".join(str(one.get_gid()) for ax in figure.panels.flat for one in ax.collections)
    entries = {
        f"bars: {figure.settings.band_label(n_seeds)}": Line2D([], [], **BAR_IN_LEGEND),
        "band: 95 % interval of the line": grey_band(),
    }
    return {label: artist for label, artist in entries.items() if label[:4] in drawn}
