"""A heat map of what perturbations do to fairness: which measure notices which attack.

Rows are the measures of Table 3 within each attribute, columns the attacks on each model. A cell is the change of a
measure's distance from 0, which for all of them is fair, relative to the unperturbed model's; of the means over seeds
that Table 3 shows. Red: groups are further apart, blue: closer.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from embrittle.errors import DataError
from embrittle.render.labels import condition_label
from embrittle.render.style import PlotSettings, text_style

# Diverging, and told apart with any colour vision; white is no change.
COLOURS = "RdBu_r"
# The colour goes with the root of the logarithm of after / initial, so that small changes are seen beside those by a
# factor of thousands; it ends at this factor, and at its inverse.
LARGEST_FACTOR = 100.0
SCALE = {0.01: "−99 %", 0.1: "−90 %", 0.5: "−50 %", 1: "0", 2: "×2", 10: "×10", 100: "×100"}
NOTHING = "#dddddd"


def heat_map(
    changes: pd.DataFrame,
    dataset: str,
    settings: PlotSettings | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the heat map of one data set.

    Args:
        changes: from `cells.relative_changes`.
        dataset: what to draw.
        settings: how it looks; here `width`, `font_size`.
        title: printed above; by default the name of the data set.

    Raises:
        DataError: there is nothing of the data set.
    """
    settings = settings or PlotSettings()
    rows = changes[changes["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"there is no fairness of the data set {dataset!r} to draw")
    models = list(dict.fromkeys(rows["model"]))
    names = list(dict.fromkeys(zip(rows["attribute"], rows["measure"], strict=True)))
    row_height = 1.9 * settings.font_size / 72
    with matplotlib.rc_context(text_style(settings.font_size)):
        size = (settings.width, len(names) * row_height + 1.1)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
        for model, ax in zip(models, axes, strict=True):
            image = _draw_model(ax, rows[rows["model"] == model], names)
            ax.set_title(model)
        _label_rows(axes[0], names)
        bar = figure.colorbar(image, ax=list(axes), location="bottom", aspect=40, pad=0.02)
        bar.set_ticks(colour_position(np.array(list(SCALE)) - 1), labels=list(SCALE.values()))
        bar.set_label("distance from fair: blue smaller, red larger")
        figure.suptitle(title or dataset)
    return figure


def colour_position(changes: np.ndarray) -> np.ndarray:
    """Where changes lie on the colour scale, from -1 to 1; NaN stays NaN."""
    with np.errstate(divide="ignore"):  # a change to 0 is at the end of the scale
        magnitude = np.log10(changes + 1) / np.log10(LARGEST_FACTOR)
    return np.clip(np.sign(magnitude) * np.sqrt(np.abs(magnitude)), -1, 1)


def _draw_model(ax: Axes, rows: pd.DataFrame, names: Sequence[tuple[str, str]]) -> AxesImage:
    attacks = list(dict.fromkeys(rows["condition"]))
    cells = rows.set_index(["attribute", "measure", "condition"])["change"].to_dict()
    grid = np.array([[cells.get((*name, attack), np.nan) for attack in attacks] for name in names])
    colours = matplotlib.colormaps[COLOURS].with_extremes(bad=NOTHING)
    positions = np.ma.masked_invalid(colour_position(grid))
    image = ax.imshow(positions, cmap=colours, vmin=-1, vmax=1, aspect="auto")
    for (y, x), change in np.ndenumerate(grid):
        dark = abs(colour_position(change)) > 0.65
        style = {"ha": "center", "va": "center", "fontsize": "small"}
        ax.text(x, y, change_text(change), color="white" if dark else "black", **style)
    ax.set_xticks(range(len(attacks)), labels=[condition_label(attack) for attack in attacks])
    ax.tick_params(length=0)
    for above in range(1, len(names)):
        if names[above][0] != names[above - 1][0]:
            ax.axhline(above - 0.5, color="black", linewidth=0.6)
    return image


def _label_rows(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """The measures at the ticks, each attribute beside the first of its own."""
    labels = []
    for i, (attribute, measure) in enumerate(names):
        first = i == 0 or names[i - 1][0] != attribute
        words = attribute.replace("_", " ")
        measure = measure.replace("GCE_f", "GCE $f_") + "$" if "GCE_f" in measure else measure
        labels.append(f"{words}   {measure}" if first else measure)
    ax.set_yticks(range(len(names)), labels=labels)


def change_text(change: float) -> str:
    """-12 % or +35 %; the factor from a doubling on; a dash where there is no change to speak of."""
    if not np.isfinite(change):
        return "–"
    if change < 1:
        return f"{100 * change:+.0f} %".replace("-", "−")
    factor = change + 1
    if factor < 10:
        return f"×{factor:.1f}"
    return f"×{factor:.0f}" if factor < 1000 else f"×{factor / 1000:.0f}k"
