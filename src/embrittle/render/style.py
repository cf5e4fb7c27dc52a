"""How figures look, and how they are saved."""

import os
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from embrittle.files import written_atomically
from embrittle.render.plot_settings import PlotSettings

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

# What a panel says of curves that are not there.
NOTE_STYLE = {
    "va": "center",
    "fontstyle": "italic",
    "fontsize": "small",
    "bbox": {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0},
}


def save(figure: Figure, path: str | os.PathLike, dpi: int) -> None:
    """Write a figure, atomically, in the format of the file's suffix (pdf, png, svg ...).

    Fonts are embedded as TrueType, and no date is written: the same figure gives the same bytes.
    """
    suffix = Path(path).suffix.lower()
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".ps": {"CreationDate": None}}
    settings = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.hashsalt": "embrittle"}
    with written_atomically(path) as temporary, matplotlib.rc_context(settings):
        figure.savefig(temporary, dpi=dpi, metadata=dates.get(suffix))


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
