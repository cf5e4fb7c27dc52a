"""The budgets of all models and seeds: tables over seeds, and what they say, in Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from embrittle.metrics.tidy import known_first
from embrittle.products.budgets.evaluate import over_seeds
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_latex, to_markdown
from embrittle.render.statements import Case, judge, side
from embrittle.vocabulary import PAPER_MODELS

CELL = ["dataset", "model", "attack", "spent_norm"]
EQUAL_EPSILON = "many steps take more than one at equal \N{GREEK SMALL LETTER EPSILON}"
EQUAL_NORM = "many steps take more than one at equal norm"


@dataclass(frozen=True)
class Report:
    """The tables of the budgets, and the page that shows them in words."""

    matched: pd.DataFrame
    shares: pd.DataFrame
    statements: pd.DataFrame
    markdown: str
    latex: str


def report(
    matched: pd.DataFrame,
    shares: pd.DataFrame,
    *,
    multi_step: Sequence[str],
    reference: str,
    compare_at: float,
    iterations: int,
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Take the seeds together and say what comes out.

    Args:
        matched, shares: of all runs (`budgets.MATCHED_COLUMNS`, `budgets.SHARE_COLUMNS`).
        multi_step: the attacks of several steps.
        reference: the single-step attack that the others are held against.
        compare_at: the epsilon of the papers' comparison.
        iterations: of the multi-step attacks.
        k: length of the lists.
        titles: data set -> title.
        notes: further sentences, for the end.
    """
    cells, gaps = matched_over_seeds(matched), shares_over_seeds(shares)
    said = statements(cells, gaps, multi_step)
    one_step, steps = condition_label(reference), f"L = {iterations}"
    caption = (
        f"nDCG@{k} of attacks that have spent the same mean L2 row norm of Δ ({steps}; between budgets that were run, "
        f"interpolated user by user), and its difference to {one_step} with a 95 % interval, "
        f"{_over(cells)}; bold where that is not around 0. A dash: not run to that norm."
    )
    shares_caption = (
        f"ε = {compare_at:g}, {steps}. Share: how much of what an attack takes beyond {one_step} at this ε {one_step} "
        "takes as well when it is given the norm that the attack has spent. Above 100 %, the attack makes less of its "
        "norm than one step would."
    )
    parts = {
        "What the intervals say": "\n".join(_sentences(said, titles or {})),
        "At equal norms": f"{_matched_markdown(cells, titles or {})}\n\n{caption}",
        "At equal ε": f"{_shares_markdown(gaps, titles or {})}\n\n{shares_caption}",
    }
    markdown = "\n\n".join([*(f"## {head}\n\n{text}" for head, text in parts.items()), *notes])
    latex = to_latex(_wide(cells, titles or {}, LATEX), caption, "tab:budgets")
    return Report(cells, gaps, said, markdown + "\n", latex)


def matched_over_seeds(matched: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of what attacks leave at equal norms.

    Args:
        matched: `budgets.MATCHED_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, value, difference, low, high, n_seeds. The interval of the mean
        difference is over seeds; with a single seed, over its users.
    """
    value = over_seeds(matched, "value", CELL).rename(columns={"mean": "value"})
    difference = over_seeds(matched, "difference", CELL).rename(columns={"mean": "difference"})
    cells = value[[*CELL, "value"]].merge(difference, on=CELL, validate="one_to_one")
    users = matched.drop_duplicates(CELL).set_index(CELL).loc[[*map(tuple, cells[CELL].to_numpy())]]
    for end in ("low", "high"):
        alone = users[end].to_numpy(dtype=float)
        cells[end] = cells[end].where(cells["n_seeds"] > 1, alone)
    return cells


def shares_over_seeds(shares: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of the papers' comparison at equal epsilon.

    Args:
        shares: `budgets.SHARE_COLUMNS`, of all runs.

    Returns:
        Columns dataset, model, attack, spent_norm, single_step, single_step_at_norm, value, gap (value - single_step)
        with gap_low and gap_high, share with share_low and share_high, n_seeds: 95 % intervals over seeds, NaN for one.
    """
    by = CELL[:-1]
    rows = shares.assign(gap=shares["value"] - shares["single_step"])
    plain = ("spent_norm", "single_step", "single_step_at_norm", "value")
    table = over_seeds(rows, "value", by)[[*by, "n_seeds"]]
    for column in (*plain, "gap", "share"):
        found = over_seeds(rows, column, by)
        table[column] = found["mean"]
        if column not in plain:
            table[f"{column}_low"], table[f"{column}_high"] = found["low"], found["high"]
    ends = [f"{column}{end}" for column in ("gap", "share") for end in ("", "_low", "_high")]
    return table[[*by, *plain, *ends, "n_seeds"]]


def statements(
    matched: pd.DataFrame, shares: pd.DataFrame, multi_step: Sequence[str]
) -> pd.DataFrame:
    """Whether many steps take more than one, at equal epsilon and at equal norm, for each data set and model.

    Args:
        matched: from `matched_over_seeds`.
        shares: from `shares_over_seeds`.
        multi_step: the attacks of several steps; a case is one of them, and at equal norm one of them at one norm.

    Returns:
        Columns dataset, model, statement, and those of `statements.judge`.
    """
    found = []
    for dataset, model in matched[["dataset", "model"]].drop_duplicates().itertuples(index=False):
        of_run = [
            rows[(rows["dataset"] == dataset) & (rows["model"] == model)]
            for rows in (shares, matched)
        ]
        gaps, cells = (rows[rows["attack"].isin(multi_step)] for rows in of_run)
        cases = {
            EQUAL_EPSILON: [
                Case(condition_label(row.attack), side(row.gap_low, row.gap_high, -1))
                for row in gaps.itertuples(index=False)
            ],
            EQUAL_NORM: [
                Case(
                    f"{condition_label(row.attack)} at {row.spent_norm:g}",
                    side(row.low, row.high, -1),
                )
                for row in cells[cells["difference"].notna()].itertuples(index=False)
            ],
        }
        found += [
            {"dataset": dataset, "model": model, "statement": statement, **judge(of)}
            for statement, of in cases.items()
        ]
    columns = ["dataset", "model", "statement"]
    counts = ["verdict", "evidence", "n_for", "n_against", "n_open"]
    return pd.DataFrame(found, columns=[*columns, *counts])


def _over(cells: pd.DataFrame) -> str:
    n = cells["n_seeds"].max()
    return f"over {n} seeds" if n > 1 else "over the users of one seed"


def _sentences(said: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    return [
        f"- {titles.get(row.dataset, row.dataset)}, {row.model}: {row.statement} — {_verdict(row)}."
        for row in said.itertuples(index=False)
    ]


def _verdict(row: Any) -> str:
    return f"{row.verdict} ({row.evidence})"


def _matched_markdown(cells: pd.DataFrame, titles: Mapping[str, str]) -> str:
    wide = _wide(cells, titles, MARKDOWN)
    wide.columns = [norm for _, norm in wide.columns]
    names = wide.index.to_frame(index=False)
    return to_markdown(pd.concat([names, wide.reset_index(drop=True)], axis=1), n_left=2)


def _wide(cells: pd.DataFrame, titles: Mapping[str, str], markup: Markup) -> pd.DataFrame:
    """Rows (data set and model, attack), a column for each norm."""
    rows = {}
    norms = list(dict.fromkeys(cells["spent_norm"]))
    for dataset in dict.fromkeys(cells["dataset"]):
        of_dataset = cells[cells["dataset"] == dataset]
        for model in known_first(of_dataset["model"], PAPER_MODELS):
            for attack, row in of_dataset[of_dataset["model"] == model].groupby(
                "attack", sort=False
            ):
                name = markup.escape(f"{titles.get(dataset, dataset)}, {model}")
                key = name, markup.escape(condition_label(attack))
                rows[key] = [_cell(cell, markup) for cell in row.itertuples(index=False)]
    index = pd.MultiIndex.from_tuples(rows, names=["Data set, model", "Attack"])
    columns = pd.MultiIndex.from_product([["Spent norm"], [f"{norm:g}" for norm in norms]])
    return pd.DataFrame([*rows.values()], index=index, columns=columns)


def _cell(row: Any, markup: Markup) -> str:
    if np.isnan(row.value):
        return markup.missing
    text, difference = f"{row.value:.4f}", difference_text(row, markup.minus)
    if not difference:
        return text
    decided = not row.low <= 0 <= row.high
    text += f" ({difference})"
    return markup.bold(text) if decided else text


def difference_text(row: Any, minus: str) -> str:
    """The difference to the single step with its interval.

    "" for the single step itself, and where one of the two was not run to that norm.

    Args:
        row: of `matched_over_seeds`.
        minus: how a minus sign is written.
    """
    if np.isnan(row.low) or row.low == row.high == 0:
        return ""
    change, low, high = (
        f"{value:+.4f}".replace("-", minus) for value in (row.difference, row.low, row.high)
    )
    return f"{change} [{low}, {high}]"


def _shares_markdown(gaps: pd.DataFrame, titles: Mapping[str, str]) -> str:
    columns: dict[str, Callable[[Any], str]] = {
        "Data set": lambda row: MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
        "Model": lambda row: MARKDOWN.escape(row.model),
        "Attack": lambda row: MARKDOWN.escape(condition_label(row.attack)),
        "Spent norm": lambda row: f"{row.spent_norm:.2f}",
        "One step": lambda row: number(row.single_step),
        "One step of that norm": lambda row: number(row.single_step_at_norm),
        "Attack's nDCG": lambda row: number(row.value),
        "Share": lambda row: percent(row.share),
        "95 % interval": lambda row: (
            "—" if np.isnan(row.share_low) else
            f"{percent(row.share_low)} to {percent(row.share_high)}"
        ),
    }  # fmt: skip
    rows = [
        {name: text(row) for name, text in columns.items()} for row in gaps.itertuples(index=False)
    ]
    return to_markdown(pd.DataFrame(rows, columns=list(columns)), n_left=3)


def number(value: float) -> str:
    """An nDCG as text."""
    return "—" if np.isnan(value) else f"{value:.4f}"


def percent(share: float) -> str:
    """A share as text."""
    return "—" if np.isnan(share) else f"{round(100 * share)} %"
