"""Whether two models have the same lists, up to items whose scores are equal but for rounding."""

from __future__ import annotations

import numpy as np

from embrittle.controls.forms import Model
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import top_items
from embrittle.vocabulary import FACTORS

# Of ||p|| ||q||, the largest that a score could be: float32 sums of 64 products are off by about a tenth of it.
ROUNDING = 4e-6
_NAMED = 5


def compare_lists(
    backend: Backend, model: Model, control: Model, seen_items: UserItems, length: int
) -> int:
    """Compare the top-K lists of a model with those of a control.

    Args:
        backend: the device.
        model, control: "user_factors" and "item_factors", float32, the same numbers of rows.
        seen_items: items that are not listed.
        length: length of the lists, K.

    Returns:
        How many places of lists hold another item, whose score in `model` differs by rounding only.

    Raises:
        DataError: a list differs by more than rounding. The message has the number of such places and the first pairs.
    """
    ours, theirs = (
        top_items(backend, *(backend.put(of[side]) for side in FACTORS), seen_items, length)[0]
        for of in (model, control)
    )
    users, ranks = np.nonzero(ours != theirs)
    rows, items = (model[side].astype(np.float64) for side in FACTORS)
    expected, found = items[ours[users, ranks]], items[theirs[users, ranks]]
    gap = np.abs(np.einsum("nk,nk->n", rows[users], expected - found))
    longest = np.maximum(np.linalg.norm(expected, axis=1), np.linalg.norm(found, axis=1))
    wrong = gap > ROUNDING * np.linalg.norm(rows[users], axis=1) * longest
    if wrong.any():
        first = np.flatnonzero(wrong)[:_NAMED]
        named = ", ".join(
            f"user {users[n]} at rank {ranks[n] + 1}: item {theirs[users[n], ranks[n]]} instead of "
            f"{ours[users[n], ranks[n]]}"
            for n in first
        )
        raise DataError(
            f"the lists of the control are not those of the model: {wrong.sum()} of {ours.size} places differ by more "
            f"than rounding ({named})"
        )
    return len(users)
