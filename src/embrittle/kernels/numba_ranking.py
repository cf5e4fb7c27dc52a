"""Compiled selection of the best items from a block of scores."""

import numpy as np
from numba import njit


@njit(inline="always")
def _is_before(score, item, other_score, other_item):
    """The order of every list: higher scores first, equal scores by item number."""
    return score > other_score or (score == other_score and item < other_item)


@njit(cache=True)
def best_items(scores, first_user, indptr, indices, items, kept_scores):
    """Fill each user's list with the best items that are not among the training items.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r. Training items become -inf.
        first_user: number of the block's first user.
        indptr, indices: training items, CSR over all users.
        items: int32 (n_block, length), filled with the lists; -1 where a user has fewer candidates.
        kept_scores: float32 (n_block, length), their scores; NaN where there is none.

    Returns:
        False if a score is NaN, else True.
    """
    n_block, n_items = scores.shape
    length = items.shape[1]
    for row in range(n_block):
        user = first_user + row
        for t in range(indptr[user], indptr[user + 1]):
            scores[row, indices[t]] = -np.inf
        n_kept = 0
        threshold = np.float32(-np.inf)  # nothing at or below it can enter a full list
        for item in range(n_items):
            score = scores[row, item]
            if score <= threshold:
                continue
            if np.isnan(score):
                return False
            # Items come in rising order, so behind equal scores is where the newcomer belongs.
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


@njit(cache=True)
def ranks_of_targets(scores, first_user, indptr, indices, targets, ranks):
    """Fill `ranks` with the place (from 1) of each user's target among the items not in train; 0 without target.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r.
        first_user, indptr, indices: as in `best_items`.
        targets: int32 (n_users,), one item a user, -1 for none.
        ranks: int32 (n_users,), filled for the block's users.

    Returns:
        False if a score is NaN, else True.
    """
    n_block, n_items = scores.shape
    for row in range(n_block):
        user = first_user + row
        target = targets[user]
        ranks[user] = 0
        if target < 0:
            continue
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
        ranks[user] = 1 + n_before
    return True
