"""What attacks leave of a model whose rows are multiplied by a number, which changes none of its lists."""

import numpy as np
import pandas as pd

from embrittle.errors import DataError
from embrittle.render.labels import condition_label
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing, look_of, model_panels

AT = "rows × {x:g}"
MARKED = {"color": "#555555", "linewidth": 0.8, "zorder": 1.7}


def scale_figure(
    curves: pd.DataFrame,
    sizes: pd.DataFrame,
    dataset: str,
    *,
    model: str,
    defence: str,
    k: int,
    settings: PlotSettings | None = None,
    title: str | None = None,
) -> Drawing:
    """Draw what is left of nDCG against the number that all rows are multiplied by, a panel for each model.

    Args:
        curves: columns `cells.CURVE_COLUMNS`.
        sizes: the attacked models with the root mean squares of their row norms, for the mark of the defence's norms.
        dataset: the data set to show.
        model, defence: in the panel of the model, a line marks the scale of the defence: the factor by which the
            product of the norms of both sides grows, as its square root, in the mean over the seeds.
        k: length of the lists.
        settings: the appearance.
        title: by default the name of the data set.

    Raises:
        DataError: there is no control of the data set with another scale.
    """
    settings = settings or PlotSettings()
    rows = curves[curves["dataset"] == dataset].rename(columns={"scale": "x"})
    if rows.empty:
        raise DataError(f"the data set {dataset!r} has no controls with `scale` to draw")
    attacks = list(dict.fromkeys(rows["attack"]))
    remark = (
        "Every point of a panel is a model with the same lists. A relative ε grows with the rows."
    )
    about = ("Scale", remark)
    with model_panels(rows, settings, title or dataset, about) as (figure, models):
        for name, ax in zip(models, figure.panels.flat, strict=True):
            ax.set(title=name, xlabel="rows multiplied by", ylabel=f"nDCG@{k} left, %")
            ax.set_xscale("log", base=2)
            here = rows[rows["model"] == name]
            ticks = sorted(set(here["x"]))
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.axvline(1, label="as trained", gid="as trained", linestyle="-", **MARKED)
            if name == model:
                at = defence_scale(sizes, dataset, model, defence)
                label = f"norms of {defence}"
                ax.axvline(at, label=label, gid=label, linestyle=(0, (4, 2)), **MARKED)
            for attack in attacks:
                curve = here[here["attack"] == attack]
                look = look_of(attack, attacks, settings)
                figure.curve(ax, curve, condition_label(attack), look, AT, attack)
    return figure


def defence_scale(sizes: pd.DataFrame, dataset: str, model: str, defence: str) -> float:
    """Return by which number both sides of the model have to grow for the product of the defence's norms; NaN without.

    Args:
        sizes: as in `scale_figure`.
        dataset, model, defence: as in `scale_figure`.
    """
    here = sizes[sizes["dataset"] == dataset].set_index(["model", "seed"])
    product = here["users_norm_rms"] * here["items_norm_rms"]
    if not {model, defence} <= set(here.index.get_level_values("model")):
        return np.nan
    return float(np.sqrt(product[defence] / product[model]).mean())
