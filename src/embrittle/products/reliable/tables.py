"""The table of what attacks on the ranking leave, in Markdown, and its words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.reliable.cells import Attacks, curves, damage, long_form, warnings
from embrittle.render.labels import KNOWS, condition_label, in_brackets, one_decimal
from embrittle.render.markup import MARKDOWN, to_markdown


def columns(k: int, reference: str) -> list[str]:
    """The names of the two columns of numbers."""
    return [f"nDCG@{k} left", f"Damage, times that of {condition_label(reference)}"]


def report(
    metrics: pd.DataFrame,
    *,
    attacks: Attacks,
    epsilon: Mapping[str, Sequence[float]],
    reference: str,
    datasets: Sequence[str],
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the tables over seeds.

    Args:
        metrics, attacks, epsilon, datasets, k: as in `cells.long_form`.
        reference: as in `cells.damage`.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end.

    Returns:
        "long", "curves", "damage" and "warnings" (see `cells`), and "markdown".
    """
    long = long_form(metrics, attacks, epsilon, datasets, k)
    table, warned = damage(long, attacks, reference), warnings(long, attacks, reference)
    rows = [
        [
            MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            MARKDOWN.escape(row.model),
            f"{row.epsilon:g}{' relative' if row.budget == 'relative' else ''}",
            condition_label(row.attack),
            KNOWS[row.knows],
            *cells_of(row),
        ]
        for row in table.sort_values(
            ["dataset", "model", "budget", "epsilon"], kind="stable"
        ).itertuples(index=False)
    ]
    head = ["Data set", "Model", "ε", "Attack", "Knows", *columns(k, reference)]
    text = to_markdown(pd.DataFrame(rows, columns=head), n_left=5)
    lines = [
        f"- {titles.get(row.dataset, row.dataset)}, {row.model}, {row.attack}, ε = {row.epsilon:g}: {row.warning}."
        for row in warned.itertuples(index=False)
    ]
    warned_of = "Warnings: an attack may be weaker than it could be.\n\n" + "\n".join(lines)
    parts = [text, caption(), *notes, *([warned_of] if lines else [])]
    return {
        "long": long,
        "curves": curves(long, attacks),
        "damage": table,
        "warnings": warned,
        "markdown": "\n\n".join(parts) + "\n",
    }


def caption() -> str:
    """Say what the columns are."""
    return (
        "Means over the seeds, in brackets 95 % intervals. Damage: what the attack takes of nDCG, as a multiple of "
        "what the reference takes at the same ε (Fieller's interval); not given where the reference may take nothing."
    )


def cells_of(row: Any) -> list[str]:
    """Return the two numbers of a row of `cells.damage` as text."""
    left = f"{one_decimal(row.left)} %{in_brackets(row.low, row.high)}"
    ratio = ""
    if not np.isnan(row.ratio):
        ratio = f"{one_decimal(row.ratio)}{in_brackets(row.ratio_low, row.ratio_high)}"
    return [left, ratio]
