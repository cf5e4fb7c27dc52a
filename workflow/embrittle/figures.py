"""Figures 1 and 2 of the MSAP paper from the tidy metrics (columns: see `embrittle.tables`).

Figure 1 shows a metric against the number of iterations, Figure 2 against the budget epsilon. A
figure belongs to one data set and shows the attacks it is asked for: the multi-step ones as curves,
the single-step ones as horizontal lines. So are the other references, the unperturbed model and the
random recommender. All are means over the seeds. What cannot be drawn is said in the panel.

Figures are built as objects and saved with `save`; no global state of matplotlib is left changed.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

from embrittle import published as pub
from embrittle.errors import ConfigError, DataError
from embrittle.files import written_atomically
from embrittle.tables import (
    PAPER_ATTACKS,
    RANDOM,
    condition_label,
    is_epsilon,
    metrics_at,
    models_in,
    seeds_of,
    spread_over_seeds,
)

CURVE = ["figure", "metric", "dataset", "model", "attack", "x_name"]
LONG_COLUMNS = pub.COLUMNS["figures_1_2"]

# Okabe and Ito's palette, made to be told apart with any kind of colour vision. Line styles and
# markers differ as well, so that a print in grey can be read.
COLOURS = {
    "bim": "#0072B2",
    "pgd": "#D55E00",
    "initial": "#000000",
    "fgsm": "#009E73",
    "random": "#AA4499",
}
FURTHER_COLOURS = ("#56B4E9", "#E69F00", "#999999")
CURVE_STYLES = {
    "bim": {"linestyle": "-", "marker": "o"},
    "pgd": {"linestyle": (0, (4, 1.5)), "marker": "s", "markerfacecolor": "white"},
}
FURTHER_CURVE_STYLES = (
    {"linestyle": "-.", "marker": "^"},
    {"linestyle": ":", "marker": "v", "markerfacecolor": "white"},
    {"linestyle": "-", "marker": "D"},
)
REFERENCE_STYLES = {
    "initial": {"linestyle": "-", "linewidth": 0.9},
    "fgsm": {"linestyle": (0, (6, 1.5, 1, 1.5)), "linewidth": 1.1},
    "random": {"linestyle": (0, (1, 1.3)), "linewidth": 1.3},
}
FURTHER_REFERENCE_STYLE = {"linestyle": "--", "linewidth": 0.9}
REFERENCE_LABELS = {"initial": "unperturbed", "random": "random"}
PUBLISHED_STYLE = {"linewidth": 2.6, "alpha": 0.3, "zorder": 1.5, "solid_capstyle": "butt"}
BAND_STYLE = {"alpha": 0.2, "linewidth": 0}
# Where falling curves leave room: axes coordinates, horizontal alignment.
NOTE_PLACES = {"fig1": (0.98, 0.55, "right"), "fig2": (0.04, 0.16, "left")}
NOTE_STYLE = {
    "va": "center",
    "fontstyle": "italic",
    "fontsize": "small",
    "bbox": {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0},
}


@dataclass(frozen=True)
class Panel:
    """One panel of a figure: its name in the published CSV, and what it shows."""

    figure: str
    metric: str
    model: str


FIGURE1 = (
    Panel("fig1a", "nDCG", "BPR-MF"),
    Panel("fig1b", "nDCG", "AMF"),
    Panel("fig1c", "ICov", "BPR-MF"),
    Panel("fig1d", "ICov", "AMF"),
)
FIGURE2 = (Panel("fig2a", "nDCG", "BPR-MF"), Panel("fig2b", "nDCG", "AMF"))


@dataclass(frozen=True)
class PlotSettings:
    """How figures look; nothing here changes what is computed.

    Attributes:
        dpi: dots per inch of the raster formats.
        width: inches; the default is the width of one column of the paper.
        panel_height: inches per row of panels.
        font_size: points.
        band: what the band around a mean over seeds shows, "min-max" or "sd".
        published: whether to draw the published curves, where there are comparable ones.
        coverage_axis: "log" or "linear"; the random recommender covers many times more items.
        colours: by "bim", "pgd", "initial", "fgsm", "random" or another attack's name.
    """

    dpi: int = 200
    width: float = 3.45
    panel_height: float = 1.45
    font_size: float = 7.0
    band: str = "min-max"
    published: bool = True
    coverage_axis: str = "log"
    colours: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse values that would otherwise be taken for their alternative."""
        for name, allowed in (("band", ("min-max", "sd")), ("coverage_axis", ("log", "linear"))):
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f"plots: {name} is {getattr(self, name)!r}; possible: {', '.join(allowed)}"
                )

    @classmethod
    def from_config(cls, plots: Mapping[str, Any]) -> "PlotSettings":
        """From the section `plots` of the configuration; `formats` is not for the figures to know.

        Raises:
            ConfigError: an unknown key or value.
        """
        known = [item.name for item in fields(cls)]
        unknown = [key for key in plots if key not in known and key != "formats"]
        if unknown:
            raise ConfigError(f"plots: unknown key {unknown[0]!r}; known: {', '.join(known)}")
        return cls(**{key: value for key, value in plots.items() if key in known})


def figure1_curves(
    metrics: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The curves of Figure 1, all data sets.

    Args:
        metrics: the tidy metrics.
        epsilon: budget of the attacks.
        iterations: grid of the x axis.
        k: length of the lists.
        attacks: the attacks to show, in this order: name -> whether it takes a single step. Such
            an attack has no curve, but a reference line.

    Returns:
        Columns figure, metric, dataset, model, attack, x_name, x, mean, sd, low, high, n_seeds (see
        `spread_over_seeds`), in the order of the published CSV. The multi-step ones of `attacks`
        are there, NaN where not computed, and no others.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    rows = metrics_at(metrics, k)
    rows = rows[is_epsilon(rows["epsilon"], epsilon) | (rows["attack"] == "initial")]
    points = rows.assign(x=rows["iterations"].astype(float))
    return _curves(points, FIGURE1, "iterations", iterations, attacks)


def figure2_curves(
    metrics: pd.DataFrame,
    iterations: int,
    epsilon: Sequence[float],
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> pd.DataFrame:
    """The curves of Figure 2, all data sets; as `figure1_curves` with `epsilon` the grid."""
    rows = metrics_at(metrics, k)
    rows = rows[(rows["iterations"] == iterations) | (rows["attack"] == "initial")]
    grid = np.array([float(value) for value in epsilon])
    # The nearest grid value, where it is the same but for the last bits of a float.
    budgets = rows["epsilon"].to_numpy(dtype=float)
    nearest = grid[np.abs(budgets[:, None] - grid[None, :]).argmin(axis=1)]
    points = rows.assign(x=np.where(np.isclose(budgets, nearest, atol=0.0), nearest, np.nan))
    return _curves(points, FIGURE2, "epsilon", epsilon, attacks)


def _curves(
    points: pd.DataFrame,
    panels: Sequence[Panel],
    x_name: str,
    grid: Sequence[float],
    attacks: Mapping[str, bool],
) -> pd.DataFrame:
    """Curves of the panels whose model is there; `points` are metrics with a column x."""
    multi_step = [name for name, single_step in attacks.items() if not single_step]
    models = models_in(points)
    seeds = {name: seeds_of(points, name) for name in dict.fromkeys(points["dataset"])}
    keys = [
        (panel.figure, panel.metric, dataset, panel.model, attack, x_name, float(x), seed)
        for panel in panels
        if panel.model in models
        for dataset in seeds
        for attack in multi_step
        for x in sorted(grid)
        for seed in seeds[dataset]
    ]
    wanted = pd.DataFrame(keys, columns=[*CURVE, "x", "seed"])
    names = ["metric", "dataset", "model", "attack", "x", "seed"]
    values = dict(
        zip(points[names].itertuples(index=False, name=None), points["value"], strict=True)
    )
    found = [values.get(key, np.nan) for key in wanted[names].itertuples(index=False, name=None)]
    return spread_over_seeds(wanted.assign(value=np.array(found, dtype=float)), [*CURVE, "x"])


def figures_long(*curves: pd.DataFrame) -> pd.DataFrame:
    """Curves in the columns of the published figures_1_2.csv; value is the mean over the seeds.

    Args:
        curves: from `figure1_curves` and `figure2_curves`.
    """
    together = pd.concat(curves, ignore_index=True)
    return together.rename(columns={"mean": "value"})[list(LONG_COLUMNS)]


def references(
    metrics: pd.DataFrame,
    dataset: str,
    model: str,
    metric: str,
    epsilon: float,
    k: int,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> dict[str, float]:
    """The values of a panel's horizontal lines, each a mean over the seeds.

    Args:
        metrics: the tidy metrics.
        dataset: name of a data set.
        model: the model of the panel.
        metric: the metric of the panel.
        epsilon: budget of the single-step attacks.
        k: length of the lists.
        attacks: name -> whether it takes a single step; the others are left out.

    Returns:
        "initial", the single-step attacks in their order, and "random"; NaN where a seed is missing.

    Raises:
        DataError: the metrics are not usable, or have nothing for the data set.
    """
    rows = metrics_at(metrics, k)
    n_seeds = len(seeds_of(rows, dataset))
    rows = rows[rows["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"the metrics have nothing for the data set {dataset!r}")
    rows = rows[rows["metric"] == metric]
    of_model = rows[rows["model"] == model]
    one_step = of_model[is_epsilon(of_model["epsilon"], epsilon) & (of_model["iterations"] == 1)]
    per_seed = {"initial": of_model.loc[of_model["attack"] == "initial", "value"]}
    for attack, single_step in attacks.items():
        if single_step:
            per_seed[attack] = one_step.loc[one_step["attack"] == attack, "value"]
    means = {
        name: values.mean() if values.count() == n_seeds else np.nan
        for name, values in per_seed.items()
    }
    # The random recommender has seeds of its own, or one for all: nothing is trained.
    random = rows.loc[(rows["model"] == RANDOM) & (rows["attack"] == "initial"), "value"]
    return {**means, "random": random.mean(skipna=False)}


def figure1(
    metrics: pd.DataFrame,
    dataset: str,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    settings: PlotSettings | None = None,
    published: pd.DataFrame | None = None,
    title: str | None = None,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> Figure:
    """Figure 1 of one data set: nDCG (a, b) and ICov (c, d) against the number of iterations.

    Args:
        metrics: the tidy metrics.
        dataset: name of the data set to draw.
        epsilon: budget of all attacks.
        iterations: grid of the x axis.
        k: length of the lists.
        settings: how it looks.
        published: the published figures_1_2.csv; its curves are drawn where the data set, K and
            epsilon are the same.
        title: printed above; by default the name of the data set.
        attacks: the attacks to show, as in `figure1_curves`.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    comparable = k == pub.FIGURES_K and np.isclose(epsilon, pub.FIGURE1_EPSILON)
    curves = figure1_curves(metrics, epsilon, iterations, k, attacks)
    drawing = _Drawing(
        attacks=attacks,
        models=models_in(metrics_at(metrics, k)),
        curves=curves[curves["dataset"] == dataset],
        references=_references_of(FIGURE1, metrics, dataset, epsilon, k, attacks),
        published=_published_of(dataset, published if comparable else None),
        attack_epsilon=epsilon,
        k=k,
        settings=settings or PlotSettings(),
    )
    return drawing.draw(FIGURE1, title or dataset, "iterations $L$", log_x=False)


def figure2(
    metrics: pd.DataFrame,
    dataset: str,
    iterations: int,
    epsilon: Sequence[float],
    fgsm_epsilon: float,
    k: int,
    settings: PlotSettings | None = None,
    published: pd.DataFrame | None = None,
    title: str | None = None,
    attacks: Mapping[str, bool] = PAPER_ATTACKS,
) -> Figure:
    """Figure 2 of one data set: nDCG of BPR-MF (a) and AMF (b) against epsilon.

    Args:
        metrics: the tidy metrics.
        dataset: name of the data set to draw.
        iterations: steps of the multi-step attacks.
        epsilon: grid of the x axis, which is logarithmic.
        fgsm_epsilon: budget of the single-step attacks, the horizontal lines.
        k: length of the lists.
        settings: how it looks.
        published: the published figures_1_2.csv; its curves are drawn where the data set, K and
            iterations are the same.
        title: printed above; by default the name of the data set.
        attacks: the attacks to show, as in `figure1_curves`.

    Raises:
        DataError: the metrics are not usable, see `metrics_at`.
    """
    comparable = k == pub.FIGURES_K and iterations == pub.FIGURE2_ITERATIONS
    curves = figure2_curves(metrics, iterations, epsilon, k, attacks)
    drawing = _Drawing(
        attacks=attacks,
        models=models_in(metrics_at(metrics, k)),
        curves=curves[curves["dataset"] == dataset],
        references=_references_of(FIGURE2, metrics, dataset, fgsm_epsilon, k, attacks),
        published=_published_of(dataset, published if comparable else None),
        attack_epsilon=fgsm_epsilon,
        k=k,
        settings=settings or PlotSettings(),
    )
    x_label = rf"budget $\epsilon$ ($L$ = {iterations})"
    return drawing.draw(FIGURE2, title or dataset, x_label, log_x=True)


def save(figure: Figure, path: str | os.PathLike, dpi: int) -> None:
    """Write a figure, atomically, in the format of the file's suffix (pdf, png, svg ...).

    Fonts are embedded as TrueType, and no date is written: the same figure gives the same bytes.
    """
    suffix = Path(path).suffix.lower()
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".ps": {"CreationDate": None}}
    settings = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.hashsalt": "embrittle"}
    with written_atomically(path) as temporary, matplotlib.rc_context(settings):
        figure.savefig(temporary, dpi=dpi, metadata=dates.get(suffix))


def _references_of(
    panels: Sequence[Panel],
    metrics: pd.DataFrame,
    dataset: str,
    epsilon: float,
    k: int,
    attacks: Mapping[str, bool],
) -> dict[str, dict[str, float]]:
    """`references` of every panel, by its name."""
    return {
        panel.figure: references(metrics, dataset, panel.model, panel.metric, epsilon, k, attacks)
        for panel in panels
    }


def _published_of(dataset: str, published: pd.DataFrame | None) -> pd.DataFrame:
    """The published curves of the data set, without rows if there are none."""
    if published is None:
        return pd.DataFrame(columns=list(LONG_COLUMNS))
    return published[published["dataset"] == dataset]


@dataclass(frozen=True)
class _Drawing:
    """What one figure shows, all of one data set; the methods put it on the axes."""

    attacks: Mapping[str, bool]
    models: Sequence[str]
    curves: pd.DataFrame
    references: Mapping[str, Mapping[str, float]]
    published: pd.DataFrame
    attack_epsilon: float
    k: int
    settings: PlotSettings

    def draw(self, panels: Sequence[Panel], title: str, x_label: str, log_x: bool) -> Figure:
        """The figure: two panels to a row, one legend for all."""
        n_rows = len(panels) // 2
        size = (self.settings.width, n_rows * self.settings.panel_height + 0.85)
        with matplotlib.rc_context(text_style(self.settings.font_size)):
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots(n_rows, 2, sharex=True, sharey="row", squeeze=False)
            for panel, ax in zip(panels, axes.flat, strict=True):
                self._draw_panel(ax, panel)
            # After all panels, because the scale of a row is shared.
            for panel, ax in zip(panels[::2], axes[:, 0], strict=True):
                ax.set_ylabel(f"{panel.metric}@{self.k}")
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
        if panel.model in self.models:
            notes = self._draw_curves(ax, panel) + self._draw_references(ax, panel)
        else:
            notes = [f"{panel.model}: not in this study"]
        if notes:
            x, y, side = NOTE_PLACES[panel.figure[:4]]
            text = "\n".join(notes)
            ax.text(x, y, text, ha=side, transform=ax.transAxes, gid="notes", **NOTE_STYLE)

    def _draw_curves(self, ax: Axes, panel: Panel) -> list[str]:
        """Draw the curves of all multi-step attacks; say what is missing."""
        if all(self.attacks.values()):
            return ["no multi-step attack: no curve"]
        curves = self.curves[self.curves["figure"] == panel.figure]
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
        theirs = self.published[self.published["figure"] == panel.figure]
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
            low, high = self._band(curve)
            ax.fill_between(curve["x"], low, high, color=colour, gid=f"band {attack}", **BAND_STYLE)
        n_missing = int((~there).sum())
        return [f"{label}: {n_missing} of {len(curve)} points missing"] if n_missing else []

    def _band(self, curve: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        if self.settings.band == "sd":
            return curve["mean"] - curve["sd"], curve["mean"] + curve["sd"]
        return curve["low"], curve["high"]

    def _draw_references(self, ax: Axes, panel: Panel) -> list[str]:
        """Draw the horizontal lines; say which are missing."""
        notes = []
        for name, value in self.references[panel.figure].items():
            label = REFERENCE_LABELS.get(name, condition_label(name))
            if np.isnan(value):
                notes.append(f"{label}: not computed")
                continue
            if name not in REFERENCE_LABELS:
                label += rf" ($\epsilon$ = {self.attack_epsilon:g})"
            style = REFERENCE_STYLES.get(name, FURTHER_REFERENCE_STYLE)
            colour = self._colour(name)
            ax.axhline(value, color=colour, label=label, gid=name, zorder=1.8, **style)
        return notes

    def _colour(self, name: str) -> str:
        further = [attack for attack in self.attacks if attack not in COLOURS]
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
                is_line = gid in self.references[ax.get_gid()]
                group = lines if is_line else published if "published" in gid else ours
                group.setdefault(label, handle)
        n_seeds = self.curves["n_seeds"].max()
        if n_seeds > 1:
            what = "min to max" if self.settings.band == "min-max" else "mean ± sd"
            ours[f"{what}, {n_seeds} seeds"] = Patch(color="#888888", **BAND_STYLE)
        # Columns are filled downwards, in this order.
        entries = {**ours, **published, **lines}
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)


def _scale_x(ax: Axes, log_x: bool) -> None:
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(numticks=7))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))


def colour_of(name: str, settings: PlotSettings, number: int = 0) -> str:
    """Colour of an attack or reference; `number` chooses for names that have none of their own."""
    further = FURTHER_COLOURS[number % len(FURTHER_COLOURS)]
    return settings.colours.get(name, COLOURS.get(name, further))


def text_style(font_size: float) -> dict[str, Any]:
    """Settings of matplotlib (for `rc_context`) that a figure takes when it is built."""
    return {
        "font.size": font_size,
        "axes.titlesize": font_size,
        "axes.labelsize": font_size,
        "figure.titlesize": font_size + 1,
        "figure.titleweight": "bold",
        "xtick.labelsize": font_size - 1,
        "ytick.labelsize": font_size - 1,
        "legend.fontsize": font_size - 0.5,
        "legend.frameon": False,
        "legend.handlelength": 2.0,
        "legend.columnspacing": 1.0,
        "legend.labelspacing": 0.3,
        "legend.handletextpad": 0.6,
        "axes.linewidth": 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.major.width": 0.5,
        "ytick.major.width": 0.5,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "xtick.minor.width": 0.4,
        "lines.linewidth": 1.1,
        "lines.markeredgewidth": 0.7,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.constrained_layout.h_pad": 0.03,
    }


def curve_style(attack: str, number: int) -> dict[str, Any]:
    """Line style and marker of an attack; `number` chooses for attacks not of the papers."""
    further = FURTHER_CURVE_STYLES[number % len(FURTHER_CURVE_STYLES)]
    return CURVE_STYLES.get(attack, further)
