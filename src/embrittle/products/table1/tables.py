"""Table 1 of the MSAP paper from the tidy metrics: cells, shape, and ours beside the published.

The tidy metrics have one row per dataset, model, seed, attack, epsilon, iterations, k and metric,
with a value. A cell that cannot be computed from them, for one seed or for all, is NaN in the long
forms and a dash in the rendered ones; it is never the mean of what happens to be there.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from embrittle.attacks.norms import MEAN_NORM_METRIC
from embrittle.render.labels import (
    DECIMALS,
    DEFAULT_DECIMALS,
    METRIC_LABELS,
    condition_label,
    format_value,
)
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex, to_markdown


def table1_wide(
    spread: pd.DataFrame, titles: Mapping[str, str] | None = None, markup: Markup = MARKDOWN
) -> pd.DataFrame:
    """The paper's shape, as text.

    Args:
        spread: as from `table1_spread`; a long table with mean renamed from value, sd NaN and
            n_seeds 1 does as well (`without_spread`).
        titles: data set name -> the title to print; the name itself where there is none.
        markup: the language of the cells, `MARKDOWN` or `LATEX`.

    Returns:
        Rows (Model, Metric), columns (data set, condition). Per row and data set the lowest value
        under a perturbation is bold, and any that prints the same. "mean ± sd" where there are
        several seeds.
    """
    titles = titles or {}
    cells = spread.assign(bold=_is_lowest(spread))
    text = [
        _cell_text(row.mean, row.sd, row.n_seeds, row.metric, row.bold, markup)
        for row in cells[["mean", "sd", "n_seeds", "metric", "bold"]].itertuples(index=False)
    ]
    cells = cells.assign(text=text)
    wide = cells.pivot(index=["model", "metric"], columns=["dataset", "condition"], values="text")
    # pivot sorts; the order of the long form is the paper's.
    rows = list(dict.fromkeys(zip(cells["model"], cells["metric"], strict=True)))
    labelled = [(model, METRIC_LABELS.get(metric, metric)) for model, metric in rows]
    columns = [
        (dataset, condition)
        for dataset in dict.fromkeys(cells["dataset"])
        for condition in dict.fromkeys(cells["condition"])
    ]
    wide = wide.reindex(index=pd.MultiIndex.from_tuples(rows))
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(columns)).fillna(markup.missing)
    wide.index = pd.MultiIndex.from_tuples(labelled, names=["Model", "Metric"])
    wide.columns = pd.MultiIndex.from_tuples(
        [(markup.escape(titles.get(d, d)), markup.escape(condition_label(c))) for d, c in columns]
    )
    return wide


def table1_wide_csv(spread: pd.DataFrame) -> pd.DataFrame:
    """The paper's shape as numbers: the means, unrounded, NaN where missing.

    Args:
        spread: as from `table1_spread`.

    Returns:
        Columns model, metric, then "data set/condition" for each of these pairs.
    """
    column = spread["dataset"] + "/" + spread["condition"]
    cells = spread.assign(column=column)
    wide = cells.pivot(index=["model", "metric"], columns="column", values="mean")
    # pivot sorts; the order of the long form is the paper's.
    rows = pd.MultiIndex.from_frame(spread[["model", "metric"]].drop_duplicates())
    columns = [
        f"{dataset}/{condition}"
        for dataset in dict.fromkeys(spread["dataset"])
        for condition in dict.fromkeys(spread["condition"])
    ]
    return wide.reindex(index=rows, columns=columns).reset_index().rename_axis(columns=None)


def _is_lowest(spread: pd.DataFrame) -> pd.Series:
    """Where a cell prints the lowest of at least two values under perturbations."""
    decimals = spread["metric"].map(DECIMALS).fillna(DEFAULT_DECIMALS).astype(int)
    printed = pd.Series(
        [round(value, places) for value, places in zip(spread["mean"], decimals, strict=True)],
        index=spread.index,
        dtype=float,
    ).where((spread["condition"] != "initial") & (spread["metric"] != MEAN_NORM_METRIC))
    groups = printed.groupby([spread["dataset"], spread["model"], spread["metric"]])
    return (printed == groups.transform("min")) & (groups.transform("count") > 1)


def _cell_text(
    mean: float, sd: float, n_seeds: int, metric: str, bold: bool, markup: Markup
) -> str:
    text = format_value(mean, metric, markup.missing)
    if bold:
        text = markup.bold(text)
    # A missing mean has no spread to print, and neither has a single seed.
    return text if np.isnan(sd) else text + markup.plus_minus + format_value(sd, metric)


def table1_caption(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    notes: Sequence[str] = (),
) -> list[str]:
    """What a reader must know to read the table, as plain sentences.

    Args:
        spread: as from `table1_spread`.
        epsilon: budget of the perturbations.
        iterations: grid over which the multi-step attacks are accumulated.
        k: length of the lists.
        notes: further sentences, for the end.
    """
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
            "Spent norm: the mean L2 norm of the rows of Δ; perturbations of one ε are not of one size."
        )
    present = spread.loc[spread["mean"].notna(), "n_seeds"]
    if not present.empty and present.max() > 1:
        few, many = present.min(), present.max()
        number = str(many) if few == many else f"{few} to {many}"
        sentences.append(f"Mean ± standard deviation of {number} seeds.")
    if spread["mean"].isna().any():
        sentences.append("A dash: not computed, for one seed at least.")
    return [*sentences, *notes]


def table1_markdown(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Table 1 in Markdown with its caption below; arguments as `table1_wide`, `table1_caption`."""
    wide = table1_wide(spread, titles, MARKDOWN)
    wide.columns = [f"{dataset}: {condition}" for dataset, condition in wide.columns]
    table = to_markdown(wide.reset_index(), n_left=2)
    caption = " ".join(table1_caption(spread, epsilon, iterations, k, notes))
    return f"{table}\n\n{caption}\n"


def table1_latex(
    spread: pd.DataFrame,
    epsilon: float,
    iterations: Sequence[int],
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    label: str = "tab:table1",
) -> str:
    """Table 1 as a LaTeX table over both columns; needs the package booktabs.

    Arguments as `table1_wide` and `table1_caption`; `label` is what \\ref names.
    """
    wide = table1_wide(spread, titles, LATEX)
    wide.index = pd.MultiIndex.from_tuples(
        [tuple(map(LATEX.escape, names)) for names in wide.index], names=wide.index.names
    )
    caption = table1_caption(spread, epsilon, iterations, k, notes)
    return to_latex(wide, " ".join(caption), label)


def comparison_markdown(comparison: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """The comparison as a Markdown table; `titles` as in `table1_wide`."""
    titles = titles or {}
    rows = [
        {
            "Data set": MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            "Model": MARKDOWN.escape(row.model),
            "Condition": MARKDOWN.escape(condition_label(row.condition)),
            "Metric": MARKDOWN.escape(METRIC_LABELS.get(row.metric, row.metric)),
            "Ours": format_value(row.value, row.metric),
            "Published": format_value(row.published, row.metric, "not published"),
            "Ratio": "—" if np.isnan(row.ratio) else f"{row.ratio:.3f}",
            "Deviation": "—" if np.isnan(row.ratio) else f"{row.deviation_percent:+.1f} %",
        }
        for row in comparison.itertuples(index=False)
    ]
    return to_markdown(pd.DataFrame(rows), n_left=4) + "\n"
