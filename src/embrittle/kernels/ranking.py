"""Top-K lists, and ranks of held-out items, among all items that a user has not seen.

Users are scored in blocks, so that memory grows with the size of a block, not with users x items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.blocks import SCORED, user_blocks
from embrittle.kernels.numba_ranking import best_items, ranks_of_targets
from embrittle.rng import Stream, generator

# Function that returns the scores of a block of users (a slice) for all items: float32 (n_block, n_items), on the host.
Scorer = Callable[[slice], np.ndarray]


def _blocks(seen_items: UserItems) -> Iterator[slice]:
    return user_blocks(seen_items.n_users, seen_items.n_items, SCORED)


def _check_length(length: int, seen_items: UserItems) -> None:
    if length > seen_items.n_items:
        raise DataError(
            f"evaluation.k asks for lists of {length} items, but the catalogue has only {seen_items.n_items} items. "
            "Choose a smaller evaluation.k."
        )


def _check(finite: bool) -> None:
    if not finite:
        raise DataError(
            "A score is NaN, because the factors contain NaN or infinite values: training has diverged, or the model "
            "file is damaged. Train again; if the error persists, lower training.learning_rate."
        )


def top_items(
    backend: Backend, user_factors: Array, item_factors: Array, seen_items: UserItems, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the top-K list of every user.

    Args:
        backend: the device of the factors.
        user_factors, item_factors: float32 (n_users, n_factors) and (n_items, n_factors), on the device.
        seen_items: items of each user that are not listed: training and validation items.
        length: length of the lists, K.

    Returns:
        items: int32 (n_users, length), best first, equal scores by item number; -1 after the end of a list if a user
            has fewer than `length` candidates.
        scores: float32 (n_users, length), NaN after the end of a list.

    Raises:
        DataError: `length` exceeds the catalogue, or a score is NaN.
    """
    return top_items_by(
        lambda block: backend.scores(user_factors[block], item_factors), seen_items, length
    )


def top_items_by(
    scorer: Scorer, seen_items: UserItems, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the top-K lists of any recommender, as `top_items`.

    Args:
        scorer: returns the scores of a block of users; the array may be overwritten.
        seen_items, length: as in `top_items`.

    Raises:
        DataError: `length` exceeds the catalogue, or a score is NaN.
    """
    _check_length(length, seen_items)
    items = np.empty((seen_items.n_users, length), np.int32)
    kept = np.empty((seen_items.n_users, length), np.float32)
    for block in _blocks(seen_items):
        lists = items[block], kept[block]
        _check(
            best_items(scorer(block), block.start, seen_items.indptr, seen_items.indices, *lists)
        )
    return items, kept


def target_ranks(
    backend: Backend,
    user_factors: Array,
    item_factors: Array,
    seen_items: UserItems,
    targets: UserItems,
) -> np.ndarray:
    """Return the rank (from 1) of each target among all items that its user has not seen.

    Args:
        backend, user_factors, item_factors, seen_items: as in `top_items`.
        targets: the target items of each user, such as the test items; none of them is seen.

    Returns:
        int32 (n_targets,), in the order of `targets.indices`.

    Raises:
        DataError: a score is NaN.
    """
    ranks = np.zeros(len(targets.indices), np.int32)
    seen = seen_items.indptr, seen_items.indices
    for block in _blocks(seen_items):
        scores = backend.scores(user_factors[block], item_factors)
        of_targets = targets.indptr, targets.indices, ranks
        _check(ranks_of_targets(scores, block.start, *seen, *of_targets))
    return ranks


def random_items(seen_items: UserItems, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return lists of the random recommender: `length` candidates of each user, drawn uniformly without repetition.

    Args:
        seen_items, length: as in `top_items`.
        seed: of the stream `RANDOM_LISTS`.

    Returns:
        Items and scores as `top_items`; the scores are uniform random numbers in [0, 1).

    Raises:
        DataError: `length` exceeds the catalogue.
    """
    rng = generator(Stream.RANDOM_LISTS, seed)
    return top_items_by(
        lambda block: rng.random((block.stop - block.start, seen_items.n_items), dtype=np.float32),
        seen_items,
        length,
    )


def lists_to_columns(items: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return lists in long form, one row for each listed item.

    Args:
        items, scores: (n_users, length), as from `top_items`.

    Returns:
        Columns user (int32), rank (int16, from 1), item (int32) and score (float32).
    """
    users, places = np.nonzero(items >= 0)
    return {
        "user": users.astype(np.int32),
        "rank": (places + 1).astype(np.int16),
        "item": items[users, places],
        "score": scores[users, places],
    }
