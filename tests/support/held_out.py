"""Held-out items for tests, from what is easy to write."""

from collections.abc import Sequence

import numpy as np

from embrittle.data.interactions import UserItems


def held_out(items: Sequence[int | Sequence[int]], n_items: int) -> UserItems:
    """The held-out items of each user: one item, -1 for none, or several items in any order."""
    rows = [[row] if np.ndim(row) == 0 else list(row) for row in items]
    pairs = [(user, item) for user, row in enumerate(rows) for item in row if item >= 0]
    users, of_users = np.array(pairs, np.int64).reshape(-1, 2).T
    return UserItems.from_pairs(users, of_users, len(rows), n_items)
