"""Top-K lists and ranks of held-out items, over all items that are not known of a user.

Users are scored in blocks, so that memory grows with the length of a block, never with users x items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.numba_ranking import best_items, ranks_of_targets
from embrittle.rng import Stream, generator

# Scores of a block of users, named by its slice, for all items: float32 (n_block, n_items), on the host.
Scorer = Callable[[slice], np.ndarray]
_BLOCK_BYTES = 8 * 2**20  # of scores at a time: small enough to stay in the outer cache


def _blocks(train: UserItems) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // (4 * train.n_items))
    for start in range(0, train.n_users, size):
        yield slice(start, min(start + size, train.n_users))


def _check_length(length: int, train: UserItems) -> None:
    if length > train.n_items:
        raise DataError(
            f"Lists of {length} items were asked for (evaluation.k), but the catalogue has only {train.n_items} items."
        )


def _check(finite: bool) -> None:
    if not finite:
        raise DataError(
            "A score is not a number: the factors hold NaN or infinite values. Training has diverged, or the model "
            "file is damaged; train again, with a lower training.learning_rate if it repeats."
        )


def top_items(
    backend: Backend, user_factors: Array, item_factors: Array, train: UserItems, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rank every user's candidates (all items but the training items) and keep the best.

    Args:
        backend: where the factors are.
        user_factors, item_factors: (n_users, n_factors) and (n_items, n_factors).
        train: items to leave out.
        length: length of the lists, K.

    Returns:
        items int32 (n_users, length), best first, equal scores by item number, -1 where a user has fewer candidates;
        scores float32 (n_users, length), NaN there.

    Raises:
        DataError: `length` exceeds the catalogue, or a score is NaN.
    """
    return top_items_by(
        lambda block: backend.scores(user_factors[block], item_factors), train, length
    )


def top_items_by(scorer: Scorer, train: UserItems, length: int) -> tuple[np.ndarray, np.ndarray]:
    """As `top_items`, for any recommender that scores a block of users; the scores may be changed."""
    _check_length(length, train)
    items = np.empty((train.n_users, length), np.int32)
    kept = np.empty((train.n_users, length), np.float32)
    for block in _blocks(train):
        lists = items[block], kept[block]
        _check(best_items(scorer(block), block.start, train.indptr, train.indices, *lists))
    return items, kept


def target_ranks(
    backend: Backend,
    user_factors: Array,
    item_factors: Array,
    train: UserItems,
    targets: np.ndarray,
) -> np.ndarray:
    """Rank (from 1) of each user's target among the items not in train: int32 (n_users,), 0 without a target.

    Args:
        backend, user_factors, item_factors, train: as in `top_items`.
        targets: int32 (n_users,), -1 for none.
    """
    ranks = np.zeros(train.n_users, np.int32)
    for block in _blocks(train):
        scores = backend.scores(user_factors[block], item_factors)
        _check(ranks_of_targets(scores, block.start, train.indptr, train.indices, targets, ranks))
    return ranks


def ranks_in_lists(items: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Rank (from 1) of each user's target in the user's list: int64 (n_users,), 0 where it is not listed.

    Args:
        items: int32 (n_users, length), as in `top_items`.
        targets: int32 (n_users,), -1 for none.
    """
    # Without the second condition, a missing target would equal the end of a short list.
    hits = (items == targets[:, None]) & (targets >= 0)[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def random_items(train: UserItems, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists of the random recommender: `length` candidates of each user, uniformly, without repetition.

    Returns:
        items and scores as in `top_items`; the scores are the random numbers that the lists are sorted by.
    """
    rng = generator(Stream.RANDOM_LISTS, seed)
    return top_items_by(
        lambda block: rng.random((block.stop - block.start, train.n_items), dtype=np.float32),
        train,
        length,
    )


def lists_to_columns(items: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Turn (n_users, K) lists into long-form columns: user, rank (from 1), item, score; empty places left out."""
    users, places = np.nonzero(items >= 0)
    return {
        "user": users.astype(np.int32),
        "rank": (places + 1).astype(np.int16),
        "item": items[users, places],
        "score": scores[users, places],
    }
