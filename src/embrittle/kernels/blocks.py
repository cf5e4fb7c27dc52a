"""Blocks of users, whose scores for all items are in memory at a time, so that memory does not grow with the users."""

from collections.abc import Iterator

SCORED = 2**21
"""Scores of a block that is read: 8 MiB in float32."""
IN_PLACE = 2**22
"""Scores of a block that is overwritten with slopes, which two matrix products read: they are faster on larger blocks,
until the block leaves the outer cache."""


def user_blocks(n_users: int, n_items: int, n_scores: int) -> Iterator[slice]:
    """Yield slices of users, in their order, with at most `n_scores` scores each, but at least one user."""
    size = max(1, n_scores // n_items)
    for start in range(0, n_users, size):
        yield slice(start, min(start + size, n_users))
