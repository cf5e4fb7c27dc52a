"""Compiled selection of the best items, and ranks of target items, from a block of scores."""

import numpy as np
from numba import njit

from embrittle.kernels.cache import compiled


@njit(inline="always")
def _is_before(score: float, item: int, other_score: float, other_item: int) -> bool:
    """Return whether an item precedes another one in a list: higher scores first, equal scores by item number."""
    return score > other_score or (score == other_score and item < other_item)


@compiled(cache=True)
def best_items(
    scores: np.ndarray,
    first_user: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    items: np.ndarray,
    kept_scores: np.ndarray,
) -> bool:
    """Fill each user's list with the best items that are not seen items.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r. Scores of seen items become -inf.
        first_user: index of the block's first user.
        indptr, indices: seen items, CSR over all users.
        items: int32 (n_block, length), overwritten with the lists, best first; -1 after the end of a list if a user
            has fewer than `length` candidates.
        kept_scores: float32 (n_block, length), overwritten with the scores of the lists; NaN after the end of a list.

    Returns:
        False if a score is NaN (then the lists are incomplete), else True.
    """
    n_block, n_items = scores.shape
    length = items.shape[1]
    for row in range(n_block):
        user = first_user + row
        for t in range(indptr[user], indptr[user + 1]):
            scores[row, indices[t]] = -np.inf
        n_kept = 0
        threshold = np.float32(-np.inf)  # lowest score of a full list, which new items must exceed
        for item in range(n_items):
            score = scores[row, item]
            if score <= threshold:
                continue
            if np.isnan(score):
                return False
            # Items are visited in ascending order, so a new item goes behind items with an equal score.
            place = n_kept if n_kept < length else length - 1
            while place > 0 and kept_scores[row, place - 1] < score:
                kept_scores[row, place] = kept_scores[row, place - 1]
                items[row, place] = items[row, place - 1]
                place -= 1
            kept_scores[row, place] = score
            items[row, place] = item
            n_kept = min(n_kept + 1, length)
            if n_kept == length:
                threshold = kept_scores[row, length - 1]
        for place in range(n_kept, length):
            items[row, place] = -1
            kept_scores[row, place] = np.nan
    return True


@compiled(cache=True)
def ranks_of_targets(
    scores: np.ndarray,
    first_user: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    target_indptr: np.ndarray,
    targets: np.ndarray,
    ranks: np.ndarray,
) -> bool:
    """Fill `ranks` with the rank (from 1) of each target among the items that its user has not seen.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r.
        first_user, indptr, indices: as in `best_items`.
        target_indptr, targets: target items, CSR over all users; none of them is seen.
        ranks: int32 (n_targets,), overwritten for the users of the block.

    Returns:
        False if a score is NaN (then the ranks are incomplete), else True.
    """
    n_block, n_items = scores.shape
    for row in range(n_block):
        user = first_user + row
        for place in range(target_indptr[user], target_indptr[user + 1]):
            target = targets[place]
            own = scores[row, target]
            n_before, n_nan = 0, 0
            for item in range(n_items):
                n_before += scores[row, item] > own
                n_nan += scores[row, item] != scores[row, item]
            for item in range(target):
                n_before += scores[row, item] == own
            for t in range(indptr[user], indptr[user + 1]):
                item = indices[t]
                n_before -= _is_before(scores[row, item], item, own, target)
            if n_nan > 0:
                return False
            ranks[place] = 1 + n_before
    return True
