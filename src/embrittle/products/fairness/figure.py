"""A heat map of how perturbations change fairness: which measure notices which attack.

Rows are the measures of Table 3 within each attribute, columns the attacks on each model. A cell is the change of a
measure's distance from 0, its fair value, relative to the unperturbed model, from the means over seeds of Table 3.
Red: the groups are further apart; blue: closer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from embrittle.errors import DataError
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, drawing

# Diverging, and different with any colour vision; white is no change. Of 50 colours or more, matplotlib draws the scale
# as an image instead of shapes.
COLOURS = sns.color_palette("RdBu_r", as_cmap=True).resampled(47)
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
) -> Drawing:
    """Draw the `changes` (`cells.relative_changes`) of one data set; `title` is by default its name.

    Raises:
        DataError: there is nothing of the data set.
    """
    settings = settings or PlotSettings()
    rows = changes[changes["dataset"] == dataset]
    if rows.empty:
        raise DataError(f"there is no fairness of the data set {dataset!r} to draw")
    models = list(dict.fromkeys(rows["model"]))
    names = list(dict.fromkeys(zip(rows["attribute"], rows["measure"], strict=True)))
    about = (
        "Changes of fairness",
        "How perturbations move the measures of Table 3 from 0, their fair value.",
    )
    more = {"height": len(names) * 1.9 * settings.font_size / 72 + 1.1, "sharey": True}
    more["width"] = max(settings.width, _width_of_labels(rows, names, settings))
    with drawing(settings, title or dataset, about, (1, len(models)), **more) as figure:
        for model, ax in zip(models, figure.panels.flat, strict=True):
            _draw_model(figure, ax, rows[rows["model"] == model], names)
            ax.set(title=model, xlabel="", ylabel="")
        bar = figure.colorbar(
            ax.collections[0], ax=list(figure.panels.flat), location="bottom", aspect=40, pad=0.02
        )
        bar.set_ticks(colour_position(np.array(list(SCALE)) - 1), labels=list(SCALE.values()))
        bar.solids.set_edgecolor("face")  # else a browser shows seams
        bar.set_label("distance from fair: blue smaller, red larger")
    return figure


def _width_of_labels(
    rows: pd.DataFrame, names: Sequence[tuple[str, str]], settings: PlotSettings
) -> float:
    """About how many inches the labels need: of the measures, and below and above each model's panel."""
    attacks = [len(condition_label(name)) for name in dict.fromkeys(rows["condition"])]
    titles = [len(settings.named(model)) for model in dict.fromkeys(rows["model"])]
    panel = max(len(attacks) * (max(attacks) + 1), 1.2 * max(titles) + 2)  # titles are larger
    letters = max(len(": ".join(name)) for name in names) + len(titles) * panel
    return 0.6 * letters * settings.font_size / 72


def colour_position(changes: Any) -> Any:
    """Where a change, an array or a table of them lie on the colour scale, from -1 to 1; NaN stays NaN."""
    with np.errstate(divide="ignore"):  # a change to 0 is at the end of the scale
        magnitude = np.log10(changes + 1) / np.log10(LARGEST_FACTOR)
    return np.clip(np.sign(magnitude) * np.sqrt(np.abs(magnitude)), -1, 1)


def _draw_model(
    figure: Drawing, ax: Axes, rows: pd.DataFrame, names: Sequence[tuple[str, str]]
) -> None:
    attacks = list(dict.fromkeys(rows["condition"]))
    cells = rows.set_index(["attribute", "measure", "condition"])
    positions = colour_position(cells["change"].unstack()[attacks].reindex(names))
    sns.heatmap(positions, vmin=-1, vmax=1, cmap=COLOURS, cbar=False, ax=ax)
    ax.set_facecolor(NOTHING)
    ax.set_xticks(np.arange(len(attacks)) + 0.5, labels=map(condition_label, attacks))
    # Each attribute stands beside the first measure of its own.
    new = [i == 0 or names[i - 1][0] != attribute for i, (attribute, _) in enumerate(names)]
    labels = [": ".join(name) if first else name[1] for name, first in zip(names, new, strict=True)]
    ax.set_yticks(np.arange(len(names)) + 0.5, labels=[text.replace("_", " ") for text in labels])
    ax.tick_params(length=0, rotation=0)
    for above in np.flatnonzero(new)[1:]:
        ax.axhline(above, color="black", linewidth=0.6)
    for (y, x), position in np.ndenumerate(positions.to_numpy()):
        _, _, initial, after, change = cells.loc[(*names[y], attacks[x])]
        colour = "white" if abs(position) > 0.65 else "black"
        style = {"ha": "center", "va": "center", "fontsize": "small", "color": colour}
        ax.text(x + 0.5, y + 0.5, change_text(change), **style)
        cell = ", ".join((condition_label(attacks[x]), *names[y])).replace("_", " ")
        text = f"{cell}: {initial:.4g}, after {after:.4g} ({change_text(change)})"
        figure.marks.append((ax, x + 0.5, y + 0.5, text))


def change_text(change: float) -> str:
    """-12 % or +35 %; the factor from a doubling on; a dash where no change can be stated."""
    if not np.isfinite(change):
        return "–"
    if change < 1:
        return f"{100 * change:+.0f} %".replace("-", "−")
    factor = change + 1
    if factor < 10:
        return f"×{factor:.1f}"
    return f"×{factor:.0f}" if factor < 1000 else f"×{factor / 1000:.0f}k"
