"""The table of what a defence saves, in Markdown, and its words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.scale.cells import (
    CANONICAL,
    NORMS,
    PRINTED,
    RELATIVE,
    Controls,
    curves,
    long_form,
    per_seed,
    savings,
)
from embrittle.render.labels import MINUS, condition_label, in_brackets
from embrittle.render.markup import MARKDOWN, to_markdown

COLUMNS = ["Model keeps", "Defence keeps", "Saved, in points", "Share that the norms explain"]
CANNOT_BE_TOLD = "cannot be told"


def comparison_text(comparison: str, model: str, defence: str, epsilon: float) -> str:
    """Say what is compared in a row of the table."""
    return {
        PRINTED: f"{model} as it is, ε = {epsilon:g}",
        NORMS: f"{model} with the norms of {defence}, ε = {epsilon:g}",
        RELATIVE: f"{model} as it is, relative ε = {epsilon:g}",
        CANONICAL: f"canonical forms, relative ε = {epsilon:g}",
    }[comparison]


def report(
    metrics: pd.DataFrame,
    sizes: pd.DataFrame,
    *,
    controls: Controls,
    attacks: Mapping[str, tuple[float, int]],
    relative: Sequence[str],
    datasets: Sequence[str],
    model: str,
    defence: str,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the tables over seeds.

    Args:
        metrics, sizes, controls, attacks, relative, datasets, k: as in `cells.long_form`.
        model, defence: as in `cells.per_seed`.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end.

    Returns:
        "long", "curves", "seeds" and "savings" (see `cells`), and "markdown".
    """
    long = long_form(metrics, sizes, controls, attacks, relative, datasets, k)
    seeds = per_seed(long, controls, model=model, defence=defence)
    saved = savings(seeds)
    rows = [
        [
            MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            condition_label(row.attack),
            comparison_text(row.comparison, model, defence, row.epsilon),
            *cells_of(row),
        ]
        for row in saved.itertuples(index=False)
    ]
    head = ["Data set", "Attack", f"{defence} compared with", *COLUMNS]
    table = to_markdown(pd.DataFrame(rows, columns=head), n_left=3)
    return {
        "long": long,
        "curves": curves(long, controls),
        "seeds": seeds,
        "savings": saved,
        "markdown": "\n\n".join([table, caption(defence, k), *notes]) + "\n",
    }


def caption(defence: str, k: int) -> str:
    """Say what the columns are."""
    return (
        f"Keeps: the percentage of nDCG@{k} that an attack leaves. Saved: the difference, {defence} minus model, "
        "paired by seed. In brackets: 95 % intervals over the seeds. Share: a copy of the model with the same lists "
        "and the defence's row norms has this much of what the defence saves as printed. Its interval is Fieller's; it "
        "cannot be told where the interval of what is saved as printed is not above 0."
    )


def cells_of(row: Any) -> list[str]:
    """Return the four numbers of a row of `cells.savings` as text."""
    share = ""
    if row.comparison == NORMS:
        share = share_text(row)
    saved = f"{_signed(row.saved)}{in_brackets(row.low, row.high, _signed)}"
    return [f"{row.of_model:.1f} %", f"{row.of_defence:.1f} %", saved, share]


def share_text(row: Any) -> str:
    """Return the share that norms explain with its interval; `CANNOT_BE_TOLD` without one."""
    if np.isnan(row.share_low):
        return CANNOT_BE_TOLD
    return f"{_percent(row.share)}{in_brackets(row.share_low, row.share_high, _percent)}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", MINUS)


def _percent(value: float) -> str:
    return f"{value:.0f} %".replace("-", MINUS)
