"""What the page shows of attacks at equal norms."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import models_in
from embrittle.products.budgets.cells import curve_of, curve_points, levels, line_numbers
from embrittle.products.budgets.tables import difference_text, number, percent
from embrittle.render.inputs import Inputs
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table, by_dataset, shaped
from embrittle.render.plots import (
    Plot,
    add_curve,
    add_references,
    colour_of_attack,
    curve_style,
    empty_figure,
    group,
)

MINUS = "\N{MINUS SIGN}"


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    """Attacks at equal norms, then at equal ε, each for every data set.

    Args:
        inputs: budgets_matched and budgets_shares, or none.
        titles: data set -> title.
    """
    matched, shares = inputs.csv("budgets_matched"), inputs.csv("budgets_shares")
    found = []
    if matched is not None:
        what = "nDCG where the same norm is spent, and its difference to that of one step"
        found += by_dataset(matched, titles, what, _equal_norms)
    if shares is not None:
        what = (
            "What many steps take beyond one at equal ε, and the share of it that the norm explains"
        )
        found += by_dataset(shares, titles, what, _equal_epsilon)
    return found


def _equal_norms(rows: pd.DataFrame, caption: str) -> Table:
    rows = rows.assign(
        label=rows["attack"].map(condition_label),
        over=rows["spent_norm"].map(lambda norm: f"norm {norm:g}"),
    )

    def make(entry: pd.Series) -> Cell:
        return Cell(number(entry["value"]), note=difference_text(entry, MINUS))

    return shaped(rows, ["model", "label"], ["over"], caption, make, ["Model", "Attack"])


def _equal_epsilon(rows: pd.DataFrame, caption: str) -> Table:
    columns = ["Spent norm", "nDCG", "One step", "One step of that norm", "Share"]
    shown = [_share_row(row) for row in rows.itertuples(index=False)]
    return Table(caption, ["Model", "Attack"], columns, shown)


def _share_row(row: Any) -> tuple[list[str], list[Cell]]:
    share, *ends = (
        percent(value).replace("-", MINUS) for value in (row.share, row.share_low, row.share_high)
    )
    ndcg = row.value, row.single_step, row.single_step_at_norm
    note = "" if np.isnan(row.share_low) else f"[{', '.join(ends)}]"
    cells = [Cell(f"{row.spent_norm:.2f}"), *(Cell(number(value)) for value in ndcg)]
    return [row.model, condition_label(row.attack)], [*cells, Cell(share, note=note)]


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A group of plots for each data set whose attacks are compared.

    Args:
        inputs: metrics, and budgets_points or none.
        settings: titles; methods, iterations and k as for `figure.budget_figure`.
    """
    points, metrics = inputs.csv("budgets_points"), inputs.parquet("metrics")
    if points is None:
        return []
    note = (
        f"Equal height at equal x means equal strength. Attacks in steps after {settings['iterations']} of them. Means "
        "over the seeds, bands from lowest to highest."
    )
    found = []
    for dataset, title in settings["titles"].items():
        rows = curve_points(points[points["dataset"] == dataset])
        plots = [
            _plot(rows[rows["model"] == model], metrics, settings) for model in models_in(rows)
        ]
        found.append(group(f"Equal budgets, {title}", note, plots))
    return found


def _plot(rows: pd.DataFrame, metrics: pd.DataFrame, settings: Mapping[str, Any]) -> Plot:
    """One model's nDCG after the attacks, against the norm of their perturbations."""
    methods, k = settings["methods"], settings["k"]
    figure = empty_figure("mean L2 norm of the rows of Δ spent", f"nDCG@{k}", False, False)
    # Many lines: on a phone their legend is one column, which would take half of the plot and scroll.
    figure.update_layout(height=460, legend={"maxheight": 1})
    for attack, (number_of_line, method) in line_numbers(methods).items():
        curve = curve_of(rows, attack, settings["iterations"])
        curve = curve.rename(columns={"spent_norm": "x", "value": "mean"})
        style = curve_style(number_of_line, colour_of_attack(methods[attack], method))
        add_curve(figure, curve, condition_label(attack), style)
    ends = [0.0, float(rows["spent_norm"].max())]
    add_references(figure, levels(rows, metrics, k), ends)
    return Plot(f"{rows['model'].iloc[0]} at equal norms", figure)
