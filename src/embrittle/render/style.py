"""What all figures share: settings, palette, panels, curves drawn with seaborn, and saving.

A figure is drawn once: `save` writes the drawing to a file (PDF, PNG, SVG …), and `page.svg` puts it on the page.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from embrittle.files import written_atomically
from embrittle.metrics.tidy import known_first
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.vocabulary import PAPER_MODELS

# Okabe and Ito's palette, with Paul Tol's wine for the random recommender and three more colours of his: different with
# any kind of colour vision, and different in lightness. Line styles and markers differ as well, so that a print in grey
# can be read.
COLOURS = {"initial": "#000000", "random": "#882255"}
COLOURS |= {"bim": "#0072B2", "pgd": "#D55E00", "fgsm": "#009E73"}
FURTHER_COLOURS = ("#56B4E9", "#E69F00", "#999999", "#CC79A7", "#332288", "#DDCC77", "#44AA99")

Look = dict[str, Any]
LINES: tuple[Look, ...] = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": (0, (4, 1.5)), "marker": "s", "markerfacecolor": "white"},
    {"linestyle": (0, (1, 1.3)), "marker": "P"},
    {"linestyle": "-.", "marker": "^"},
    {"linestyle": ":", "marker": "v", "markerfacecolor": "white"},
    {"linestyle": "-", "marker": "D"},
)
LINE_OF = {"bim": 0, "pgd": 1, "fgsm": 2}

REFERENCES: dict[str, Look] = {
    "initial": {"linestyle": "-", "linewidth": 0.9},
    "fgsm": {"linestyle": (0, (6, 1.5, 1, 1.5)), "linewidth": 1.1},
    "random": {"linestyle": (0, (1, 1.3)), "linewidth": 1.3},
}
REFERENCE_LABELS = {"initial": "unperturbed", "random": "random"}

PUBLISHED_STYLE = {"linewidth": 2.6, "alpha": 0.3, "zorder": 1.5, "solid_capstyle": "butt"}
BAND_STYLE = {"alpha": 0.2, "linewidth": 0}
NOTE_BOX = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0}
NOTE_STYLE = {"va": "center", "fontstyle": "italic", "fontsize": "small", "bbox": NOTE_BOX}

HASH_SALT = {"svg.hashsalt": "embrittle"}  # the same ids every time
MOST_MARKS = 40  # so many points of a curve tell their values on the page


def colour_of(name: str, settings: PlotSettings, number: int = 0) -> str:
    """Colour of an attack or reference; `number` chooses for names that have none of their own."""
    colours = {**COLOURS, **settings.colours}
    return colours.get(name, FURTHER_COLOURS[number % len(FURTHER_COLOURS)])


def look_of(name: str, names: Collection[str], settings: PlotSettings) -> Look:
    """Colour, line and marker of one of the attacks `names`; those of the papers always look the same."""
    further = [other for other in names if other not in COLOURS]
    number = further.index(name) if name in further else 0
    place = LINE_OF.get(name, len(LINE_OF) + number)
    return line_look(colour_of(name, settings, number), place)


def line_look(colour: str, number: int) -> Look:
    """A line of this colour with the line style and marker of `number`."""
    size = {"markersize": 2.6, "markeredgewidth": 0.7, "markeredgecolor": colour}
    return {"color": colour, **size, **LINES[number % len(LINES)]}


class Drawing(Figure):
    """A figure with its panels, and what the page tells when the pointer is on one of its marks.

    Attributes:
        settings: how the figure looks.
        heading, remark: what stands above it on the page.
        panels: axes by row and column.
        marks: panel, x, y and text of every mark.
    """

    settings: PlotSettings
    heading: str
    remark: str
    panels: np.ndarray
    marks: list[tuple[Axes, float, float, str]]

    def curve(
        self, ax: Axes, rows: pd.DataFrame, label: str, look: Look, at: str, name: str = ""
    ) -> None:
        """Draw means over seeds and the band around them. The numbers are those of cells; seaborn aggregates nothing.

        `rows` have columns x, mean, low, high, sd, n_seeds, in the order of the line; a missing mean is a gap. For
        `at`, see `mark`; `name` is the gid, by default the label.
        """
        asis = {"estimator": None, "errorbar": None, "sort": False, "legend": False}
        line = {"units": rows["mean"].isna().cumsum(), "label": label, "gid": name or label, **look}
        sns.lineplot(rows, x="x", y="mean", ax=ax, **asis, **line)
        if rows["n_seeds"].max() > 1:
            band = {"color": look["color"], "gid": f"band {name or label}", **BAND_STYLE}
            ax.fill_between(rows["x"], *self.settings.band_ends(rows), **band)
        self.mark(ax, rows.iloc[:: 1 + len(rows) // MOST_MARKS], label, at)

    def points(
        self, ax: Axes, rows: pd.DataFrame, label: str, look: Look, at: str, name: str = ""
    ) -> None:
        """Draw means over seeds as points, with bars for what `curve` shows as a band; arguments as there."""
        ax.plot(
            rows["x"], rows["mean"], label=label, gid=name or label, **{**look, "linestyle": ""}
        )
        if rows["n_seeds"].max() > 1:
            bar = {"color": look["color"], "gid": f"band {name or label}", "linewidth": 1}
            ax.vlines(rows["x"], *self.settings.band_ends(rows), **bar)
        self.mark(ax, rows, label, at)

    def mark(self, ax: Axes, rows: pd.DataFrame, label: str, at: str) -> None:
        """Tell the values of points on the page; `at`, a format of their columns, says where they lie."""
        ends = zip(*self.settings.band_ends(rows), strict=True)
        for row, (low, high) in zip(rows.to_dict("records"), ends, strict=True):
            text = f"{label}, {at.format(**row)}: {row['mean']:.4g}"
            if row["n_seeds"] > 1:
                text += f" ({self.settings.band_label(row['n_seeds'])}: {low:.4g} to {high:.4g})"
            if np.isfinite(row["mean"]):
                self.marks.append((ax, row["x"], row["mean"], text))

    def references(
        self, ax: Axes, heights: Mapping[str, float], names: Collection[str] = (), more: str = ""
    ) -> list[str]:
        """Draw horizontal lines, `more` behind the labels of attacks; return notes on those without a height."""
        notes = []
        for name, height in heights.items():
            label = REFERENCE_LABELS.get(name, condition_label(name))
            if np.isnan(height):
                notes.append(f"{label}: not computed")
                continue
            label += "" if name in REFERENCE_LABELS else more
            look = REFERENCES.get(name, {"linestyle": "--", "linewidth": 0.9})
            colour = look_of(name, names, self.settings)["color"]
            ax.axhline(height, color=colour, label=label, gid=name, zorder=1.8, **look)
        return notes

    def note(self, ax: Axes, notes: Sequence[str], x: float, y: float, side: str) -> None:
        """Say in a panel what it does not show."""
        if notes:
            place = {"ha": side, "transform": ax.transAxes, "gid": "notes"}
            ax.text(x, y, "\n".join(notes), **place, **NOTE_STYLE)

    def add_legend(
        self, n_seeds: int = 1, more: Mapping[str, Artist] | None = None, ncols: int = 3
    ) -> None:
        """One legend for all panels: curves, what their bands show, `more`, reference lines, published curves.

        It has `ncols` columns, or fewer if the figure is too narrow.
        """
        found: dict[str, Any] = {}
        for ax in self.panels.flat:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                found.setdefault(label, handle)
        found = dict(sorted(found.items(), key=lambda entry: -entry[1].get_zorder()))
        entries = {label: handle for label, handle in found.items() if handle.get_zorder() >= 2}
        if n_seeds > 1:
            entries[self.settings.band_label(n_seeds)] = grey_band()
        entries = {**entries, **(more or {}), **found}
        ncols = self._columns_that_fit(entries, ncols)
        self.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=ncols)

    def _columns_that_fit(self, entries: Mapping[str, Any], most: int) -> int:
        """The largest number of columns, at most `most`, with which a legend is not wider than the figure."""
        labels = [self.settings.named(label) for label in entries]
        for ncols in range(most, 1, -1):
            legend = self.legend(entries.values(), labels, ncols=ncols)
            fits = legend.get_window_extent().width <= self.bbox.width
            legend.remove()
            if fits:
                return ncols
        return 1


@contextmanager
def drawing(
    settings: PlotSettings, title: str, about: tuple[str, str], shape: tuple[int, int], **more: Any
) -> Iterator[Drawing]:
    """A figure to draw in, in the style of all figures; panels that share axes have labels at the outer ones only.

    Args:
        settings: how it looks.
        title: printed above.
        about: what stands above it on the page: the heading, which the title follows, and a remark.
        shape: rows and columns of panels.
        more: height and maybe width in inches; sharex and sharey of matplotlib's `subplots`.
    """
    size = more.pop("width", settings.width), more.pop("height")
    with matplotlib.rc_context(text_style(settings.font_size)):
        figure = Drawing(figsize=size, layout="constrained")
        figure.settings, figure.marks = settings, []
        figure.heading, figure.remark = f"{about[0]}, {title}", about[1]
        figure.panels = figure.subplots(*shape, squeeze=False, **more)
        yield figure
        for ax in figure.panels.flat:
            _label_outer(ax, more)
        if settings.names:
            _rename(figure)
        figure.suptitle(title, parse_math=False)  # a title may have a $ in it


def _label_outer(ax: Axes, shared: Mapping[str, Any]) -> None:
    """Remove the labels of a panel's axes that a panel below it or on its left shares and shows."""
    place = ax.get_subplotspec()
    assert place is not None
    if shared.get("sharex") and not place.is_last_row():
        ax.set_xlabel("")
        ax.tick_params(axis="x", which="both", labelbottom=False)
    if shared.get("sharey") and not place.is_first_col():
        ax.set_ylabel("")
        ax.tick_params(axis="y", which="both", labelleft=False)


def _rename(figure: Drawing) -> None:
    """Call models and attacks what the settings call them, wherever they stand."""
    named = figure.settings.named
    for ax in figure.panels.flat:
        for line in ax.lines:
            line.set_label(named(str(line.get_label())))
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):  # ticks that have names
                labels = [label.get_text() for label in axis.get_ticklabels()]
                if (renamed := [named(label) for label in labels]) != labels:
                    axis.set_ticks(axis.get_ticklocs(), labels=renamed)
    for text in figure.findobj(Text):
        if (name := named(text.get_text())) != text.get_text():
            text.set(text=name, parse_math=False)  # a name may have a $ in it
    figure.marks = [(ax, x, y, named(text)) for ax, x, y, text in figure.marks]


@contextmanager
def model_panels(
    rows: pd.DataFrame,
    settings: PlotSettings,
    title: str,
    about: tuple[str, str],
    n_rows: int = 1,
    tall: float = 1.4,
    **more: Any,
) -> Iterator[tuple[Drawing, list[str]]]:
    """A figure with a column of panels for each model, y axes from 0 on and one legend; yields it and the models.

    Args:
        rows: what is drawn, columns model and n_seeds.
        settings, title, about: as in `drawing`.
        n_rows: rows of panels.
        tall: height of a panel, in units of the settings' panel height.
        more: as in `drawing`.
    """
    models = known_first(rows["model"], PAPER_MODELS)
    more["height"] = settings.panel_height * tall * n_rows + 0.75
    more["width"] = settings.width * max(1, len(models) / 2)
    shape = n_rows, len(models)
    with drawing(settings, title, about, shape, sharey=True, **more) as figure:
        yield figure, models
        figure.panels[0, 0].set_ylim(bottom=0)
        figure.add_legend(rows["n_seeds"].max())


def grey_band() -> Patch:
    """A band for the legend."""
    return Patch(color="#888888", **BAND_STYLE)


def save(figure: Figure, path: str | os.PathLike, dpi: int) -> None:
    """Write a figure, atomically, in the format of the file's suffix (pdf, png, svg ...).

    Fonts are embedded as TrueType, and no date is written: the same figure gives the same bytes.
    """
    suffix = Path(path).suffix.lower()
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".ps": {"CreationDate": None}}
    settings = {"pdf.fonttype": 42, "ps.fonttype": 42, **HASH_SALT}
    with written_atomically(path) as temporary, matplotlib.rc_context(settings):
        figure.savefig(temporary, dpi=dpi, metadata=dates.get(suffix))


def text_style(font_size: float) -> dict[str, Any]:
    """Settings of matplotlib (for `rc_context`) that a figure takes when it is built."""
    ticks = {"labelsize": font_size - 1, "major.width": 0.5, "major.size": 2.5}
    ticks |= {"minor.width": 0.4, "minor.size": 1.5}
    legend = {"fontsize": font_size - 0.5, "frameon": False, "handlelength": 2.0}
    legend |= {"handletextpad": 0.6, "columnspacing": 1.0, "labelspacing": 0.3}
    axes = {"titlesize": font_size, "labelsize": font_size, "linewidth": 0.5}
    axes |= {"spines.top": False, "spines.right": False}
    figure = {"titlesize": font_size + 1, "titleweight": "bold"}
    figure |= {"constrained_layout.w_pad": 0.03, "constrained_layout.h_pad": 0.03}
    lines = {"linewidth": 1.1, "markeredgewidth": 0.7}
    groups = {"xtick": ticks, "ytick": ticks, "legend": legend, "axes": axes, "figure": figure}
    groups |= {"lines": lines, "font": {"size": font_size}}
    return {f"{group}.{name}": value for group, of in groups.items() for name, value in of.items()}
