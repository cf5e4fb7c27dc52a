"""Blocks of users, whose scores for all items are in memory at a time, so that memory does not grow with the users."""

from collections.abc import Iterator

CACHED = 2**20
"""Scores of a block that is worked on in place: 4 MiB in float32, which fit the outer cache beside the items' rows."""
SCORED = 2 * CACHED
"""Scores of a block that is only read."""


def user_blocks(n_users: int, n_items: int, n_scores: int) -> Iterator[slice]:
    """Yield slices of users, in their order, with at most `n_scores` scores each, but at least one user."""
    size = max(1, n_scores // n_items)
    for start in range(0, n_users, size):
        yield slice(start, min(start + size, n_users))
