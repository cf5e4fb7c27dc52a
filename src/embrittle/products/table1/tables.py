"""Table 1 of the MSAP paper: as numbers, in Markdown and LaTeX, and compared with the published table.

A cell that cannot be computed for at least one seed is NaN in numbers and a dash in text, never the mean of the other
seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from embrittle.attacks.norms import MEAN_NORM_METRIC
from embrittle.products.table1.cells import long_form, table1_comparison, table1_spread
from embrittle.render import tables
from embrittle.render.labels import (
    DECIMALS,
    DEFAULT_DECIMALS,
    METRIC_LABELS,
    condition_label,
    format_value,
)
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex

ROWS, COLUMNS = ["model", "metric"], ["dataset", "condition"]


def forms(
    metrics: pd.DataFrame,
    published: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    attacks: Mapping[str, bool],
) -> dict[str, pd.DataFrame | str]:
    """Return all forms of the table, by the names of outputs in rule tabulate_table1.

    Args:
        metrics: the tidy metrics.
        published: the published table1.csv.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end of the caption.
        epsilon, iterations, k, attacks: as in `table1_seeds`.
    """
    spread = table1_spread(metrics, epsilon, iterations, k, attacks)
    long = long_form(spread)
    comparison = table1_comparison(long, published)
    said = " ".join([*caption(spread, epsilon, iterations, k), *notes])
    return {
        "long": long,
        "spread": spread,
        "wide": tables.wide_numbers(spread, ROWS, COLUMNS),
        "markdown": f"{tables.wide_markdown(wide(spread, titles, MARKDOWN))}\n\n{said}\n",
        "latex": to_latex(wide(spread, titles, LATEX), said, "tab:table1"),
        "comparison": comparison,
        "comparison_markdown": comparison_markdown(comparison, titles),
    }


def wide(spread: pd.DataFrame, titles: Mapping[str, str], markup: Markup) -> pd.DataFrame:
    """Return the table in the paper's shape, as text.

    Args:
        spread: from `table1_spread`.
        titles: as in `forms`.
        markup: the output language.

    Returns:
        Rows (Model, Metric), columns (data set, condition). In each row and data set, the lowest value under a
        perturbation is bold, and any that prints the same. With several seeds, texts are "mean ± sd".
    """
    cells = spread[["mean", "sd", "metric"]].assign(bold=_is_lowest(spread))
    text = [
        tables.mean_text(
            row.mean, row.sd, partial(format_value, metric=row.metric), markup, row.bold
        )
        for row in cells.itertuples(index=False)
    ]
    labels: dict[str, Callable[[str], str]] = {
        "metric": lambda name: METRIC_LABELS.get(name, name),
        "dataset": lambda name: titles.get(name, name),
        "condition": condition_label,
    }
    return tables.wide_texts(spread.assign(text=text), ROWS, COLUMNS, labels, markup)


def _is_lowest(spread: pd.DataFrame) -> pd.Series:
    """Return which cells print the lowest of at least two values under perturbations."""
    decimals = spread["metric"].map(DECIMALS).fillna(DEFAULT_DECIMALS).astype(int)
    printed = pd.Series(
        [round(value, places) for value, places in zip(spread["mean"], decimals, strict=True)],
        index=spread.index,
        dtype=float,
    ).where((spread["condition"] != "initial") & (spread["metric"] != MEAN_NORM_METRIC))
    groups = printed.groupby([spread["dataset"], spread["model"], spread["metric"]])
    return (printed == groups.transform("min")) & (groups.transform("count") > 1)


def caption(spread: pd.DataFrame, epsilon: float, iterations: Sequence[int], k: int) -> list[str]:
    """Return the caption of the table, as sentences; arguments as in `forms`."""
    grid = ", ".join(str(x) for x in iterations)
    if len(iterations) > 5:
        grid = f"{iterations[0]}, {iterations[1]}, {iterations[2]}, …, {iterations[-1]}"
    sentences = [
        f"Top-{k} lists, perturbation budget ε = {epsilon:g}.",
        "Multi-step perturbations: accumulated normalised values, the integral over "
        f"L = {grid} iterations divided by {max(iterations)}; the others: single values.",
        "Bold: the lowest value under a perturbation (the most effective one).",
    ]
    if MEAN_NORM_METRIC in set(spread["metric"]):
        sentences.append(
            "Perturbation norm: the mean L2 norm of the rows of Δ, which differs between attacks of one ε."
        )
    return sentences + tables.seeds_sentences(spread)


def comparison_markdown(comparison: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Return the comparison as a Markdown table; `titles` as in `forms`."""

    def in_percent(row: Mapping) -> str:
        return "—" if np.isnan(row["ratio"]) else f"{row['deviation_percent']:+.1f} %"

    names = {"Metric": lambda row: METRIC_LABELS.get(row["metric"], row["metric"])}
    values = {
        "Ours": lambda row: format_value(row["value"], row["metric"]),
        "Published": lambda row: format_value(row["published"], row["metric"], "not published"),
        "Ratio": lambda row: "—" if np.isnan(row["ratio"]) else f"{row['ratio']:.3f}",
        "Deviation": in_percent,
    }
    return tables.comparison_markdown(comparison, titles, names, values)
