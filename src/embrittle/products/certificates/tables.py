"""The tables of certificates, in Markdown, and their words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.certificates import cells
from embrittle.render.labels import KNOWS, condition_label, in_brackets, one_decimal
from embrittle.render.markup import MARKDOWN, to_markdown

ROWS = {"users": "users", "items": "items", "both": "users and items"}
NORMS = {"l2": "L2 norm of each row", "linf": "each element"}

Run = tuple[str, str, int]


def report(
    curves: Mapping[Run, pd.DataFrame],
    groups: Mapping[Run, pd.DataFrame],
    *,
    model: str,
    epsilon: float,
    attacks: cells.Attacks,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the tables over seeds.

    Args:
        curves: (data set, model, seed) -> the model's curves.
        groups: the same -> the radii of its groups.
        model: the model that the others are compared with.
        epsilon: the relative epsilon at which models are compared.
        attacks: what is known of each attack.
        k: length of the lists.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end.

    Returns:
        "long", "curves", "sandwich", "differences" and "groups" (see `cells`); "seeds", the differences of each seed at
        `epsilon`; and "markdown".
    """
    long = cells.long_form(curves, k)
    seeds = cells.per_seed(long, model)
    beside, compared = cells.sandwich(long, attacks), cells.differences(seeds)
    at_one = cells.at(seeds, epsilon, budget="relative")
    parts = [
        *_titled(
            "What any perturbation leaves, and what attacks leave",
            _sandwich_rows(beside, titles),
            n_left=7,
        ),
        *_titled(
            f"Models compared, at a relative ε of {epsilon:g}",
            _difference_rows(cells.differences(at_one), titles),
            n_left=5,
        ),
        caption(k),
        *notes,
    ]
    return {
        "long": long,
        "curves": cells.curves(long, attacks),
        "sandwich": beside,
        "differences": compared,
        "seeds": at_one,
        "groups": cells.groups(groups),
        "markdown": "\n\n".join(parts) + "\n",
    }


def _titled(title: str, rows: pd.DataFrame, *, n_left: int) -> list[str]:
    """Return a title and its table in Markdown; nothing without rows, as in a study without attacks."""
    return [] if rows.empty else [title, to_markdown(rows, n_left=n_left)]


def caption(k: int) -> str:
    """Say what the columns are."""
    return (
        f"Percent of nDCG@{k} without perturbation, means over the seeds, in brackets 95 % intervals. Certified: no "
        "perturbation within ε leaves less. Exact: the worst case of each user, where users' rows alone are perturbed; "
        "two numbers if the search did not decide every user. Gap: what the strongest attack, or the search for the "
        "exact worst case, leaves, less the strongest proof, in points. Models compared: that more is certified of a "
        "model does not prove that its worst case leaves more. Worst cases differ by at least the strongest proof for "
        "the first model less what the search or an attack leaves of the other, and by at most what these leave of the "
        "first less the strongest proof for the other."
    )


def threat_text(row: Any) -> list[str]:
    """Say in three cells what is perturbed: rows, norm and epsilon."""
    unit = " relative" if row.budget == "relative" else ""
    return [ROWS[row.rows], NORMS[row.norm], f"{row.epsilon:g}{unit}"]


def sandwich_cells(row: Any) -> list[str]:
    """The numbers of a row of `cells.sandwich` as text: certified, exact, strongest attack, gap."""
    exact = ""
    if not np.isnan(row.proved):
        low, high = one_decimal(row.proved), one_decimal(row.found)
        exact = f"{low} %" if low == high else f"{low} to {high} %"
    return [
        f"{one_decimal(row.certified)} %{in_brackets(row.certified_low, row.certified_high)}",
        exact,
        f"{one_decimal(row.attacked)} %{in_brackets(row.attacked_low, row.attacked_high)}",
        one_decimal(row.gap),
    ]


SANDWICH_HEAD = ["Certified", "Exact", "Strongest attack", "Gap"]


def _sandwich_rows(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        [
            MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            MARKDOWN.escape(row.model),
            *threat_text(row),
            condition_label(row.strongest),
            KNOWS[row.knows],
            *sandwich_cells(row),
        ]
        for row in table.itertuples(index=False)
    ]
    head = ["Data set", "Model", "Rows", "Limit on", "ε", "Attack", "Knows", *SANDWICH_HEAD]
    return pd.DataFrame(rows, columns=head)


def difference_cells(row: Any) -> list[str]:
    """The numbers of a row of `cells.differences` as text: of both models, their difference, bounds of worst cases'."""
    return [
        f"{one_decimal(row.of_model)} %",
        f"{one_decimal(row.of_other)} %",
        f"{one_decimal(row.difference)}{in_brackets(row.low, row.high)}",
        *(
            "" if np.isnan(bound) else f"{one_decimal(bound)}{in_brackets(low, high)}"
            for bound, low, high in (
                (row.at_least, row.at_least_low, row.at_least_high),
                (row.at_most, row.at_most_low, row.at_most_high),
            )
        ),
    ]


DIFFERENCE_HEAD = [
    *("Certified", "Of the other", "Difference, in points"),
    *("Worst cases differ by at least", "By at most"),
]


def _difference_rows(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        [
            MARKDOWN.escape(titles.get(row.dataset, row.dataset)),
            f"{MARKDOWN.escape(row.model)} and {MARKDOWN.escape(row.compared_with)}",
            *threat_text(row),
            *difference_cells(row),
        ]
        for row in table.itertuples(index=False)
    ]
    head = ["Data set", "Models", "Rows", "Limit on", "ε", *DIFFERENCE_HEAD]
    return pd.DataFrame(rows, columns=head)
