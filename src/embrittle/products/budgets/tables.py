"""The tables of attacks at equal norm, with verdicts, in Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import known_first
from embrittle.products.budgets.cells import (
    EQUAL_EPSILON,
    EQUAL_NORM,
    matched_over_seeds,
    shares_over_seeds,
    statements,
)
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex, to_markdown
from embrittle.render.statements import unadjusted
from embrittle.vocabulary import PAPER_MODELS

WORDS = {
    EQUAL_EPSILON: "at equal ε, multi-step attacks lower nDCG more than one step",
    EQUAL_NORM: "at equal norm, multi-step attacks lower nDCG more than one step",
}
"""Statement in the results -> its sentence in the report."""


def report(
    matched: pd.DataFrame,
    shares: pd.DataFrame,
    *,
    multi_step: Sequence[str],
    reference: str,
    compare_at: float,
    iterations: int,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the tables over seeds, with the verdicts from their intervals.

    Args:
        matched, shares: columns `evaluate.MATCHED_COLUMNS` and `evaluate.SHARE_COLUMNS`, of all runs.
        multi_step: the multi-step attacks.
        reference: the single-step attack that the others are compared with.
        compare_at: the epsilon of the papers' comparison.
        iterations: the number of iterations of multi-step attacks.
        k: the length of the lists.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end.

    Returns:
        "matched", "shares" and "statements" (see `cells`), "markdown" and "latex".
    """
    cells, gaps = matched_over_seeds(matched), shares_over_seeds(shares)
    said = statements(cells, gaps, multi_step)
    one_step, steps = condition_label(reference), f"L = {iterations}"
    n_seeds = cells["n_seeds"].max()
    over = f"over {n_seeds} seeds" if n_seeds > 1 else "over the users of one seed"
    caption = (
        f"nDCG@{k} after attacks of equal perturbation norm (the mean L2 norm of the rows of Δ; {steps}), interpolated "
        f"for each user between the budgets that were run. In parentheses: the difference to {one_step} with its 95 % "
        f"interval {over}; bold if the interval excludes 0. A dash: the attack was not run up to this norm."
    )
    shares_caption = (
        f"ε = {compare_at:g}, {steps}. Gap: nDCG after {one_step} minus nDCG after the attack, at this ε. Share: the "
        f"part of the gap that {one_step} closes if its perturbation norm is the attack's. Above 100 %, {one_step} "
        "with this norm lowers nDCG more than the attack."
    )
    lines = [
        f"- {MARKDOWN.escape(titles.get(row.dataset, row.dataset))}, {row.model}: {WORDS[row.statement]}: "
        f"{row.verdict} ({row.evidence})."
        for row in said.itertuples(index=False)
    ]
    parts = {
        "Verdicts from the intervals": "\n".join(lines)
        + (f"\n\n{unadjusted(said)}" if lines else ""),
        "At equal norms": f"{_matched_markdown(cells, titles)}\n\n{caption}",
        "At equal ε": f"{_shares_markdown(gaps, titles)}\n\n{shares_caption}",
    }
    markdown = "\n\n".join([*(f"## {head}\n\n{text}" for head, text in parts.items()), *notes])
    return {
        **{"matched": cells, "shares": gaps, "statements": said, "markdown": markdown + "\n"},
        "latex": to_latex(_wide(cells, titles, LATEX), caption, "tab:budgets"),
    }


def _matched_markdown(cells: pd.DataFrame, titles: Mapping[str, str]) -> str:
    wide = _wide(cells, titles, MARKDOWN)
    wide.columns = [norm for _, norm in wide.columns]
    return to_markdown(wide.reset_index(), n_left=2)


def _wide(cells: pd.DataFrame, titles: Mapping[str, str], markup: Markup) -> pd.DataFrame:
    """Return the cells as text: rows (data set and model, attack), a column for each norm."""
    rows = {}
    for dataset, of_dataset in cells.groupby("dataset", sort=False):
        for model in known_first(of_dataset["model"], PAPER_MODELS):
            of_model = of_dataset[of_dataset["model"] == model]
            for attack, of_attack in of_model.groupby("attack", sort=False):
                names = f"{titles.get(dataset, dataset)}, {model}", condition_label(attack)
                texts = [_cell(row, markup) for row in of_attack.itertuples(index=False)]
                rows[tuple(map(markup.escape, names))] = texts
    index = pd.MultiIndex.from_tuples(rows, names=["Data set, model", "Attack"])
    norms = [f"{norm:g}" for norm in dict.fromkeys(cells["spent_norm"])]
    columns = pd.MultiIndex.from_product([["Perturbation norm"], norms])
    return pd.DataFrame([*rows.values()], index=index, columns=columns)


def _cell(row: Any, markup: Markup) -> str:
    if np.isnan(row.value):
        return markup.missing
    text, difference = number(row.value), difference_text(row, markup.minus)
    if not difference:
        return text
    text += f" ({difference})"
    return text if row.low <= 0 <= row.high else markup.bold(text)


def difference_text(row: Any, minus: str) -> str:
    """Return the difference to the single step and its interval as text.

    The text is "" for the single step itself, and if one of the two attacks was not run up to the norm.

    Args:
        row: a row of `cells.matched_over_seeds`.
        minus: the text of a minus sign.
    """
    if np.isnan(row.low) or row.low == row.high == 0:
        return ""
    change, low, high = (
        f"{value:+.4f}".replace("-", minus) for value in (row.difference, row.low, row.high)
    )
    return f"{change} [{low}, {high}]"


def _shares_markdown(gaps: pd.DataFrame, titles: Mapping[str, str]) -> str:
    names = ["Data set", "Model", "Attack"]
    columns = ["Perturbation norm", "One step", "One step of this norm", "Attack"]
    rows = []
    for row in gaps.itertuples(index=False):
        naming = titles.get(row.dataset, row.dataset), row.model, condition_label(row.attack)
        ndcg = row.single_step, row.single_step_at_norm, row.value
        low, high = percent(row.share_low), percent(row.share_high)
        interval = "—" if np.isnan(row.share_low) else f"{low} to {high}"
        numbers = f"{row.spent_norm:.2f}", *map(number, ndcg), percent(row.share), interval
        rows.append([*map(MARKDOWN.escape, naming), *numbers])
    table = pd.DataFrame(rows, columns=[*names, *columns, "Share", "95 % interval"])
    return to_markdown(table, n_left=len(names))


def number(value: float) -> str:
    """Return an nDCG as text; a dash for NaN."""
    return "—" if np.isnan(value) else f"{value:.4f}"


def percent(share: float) -> str:
    """Return a share as text in percent; a dash for NaN."""
    return "—" if np.isnan(share) else f"{round(100 * share)} %"
