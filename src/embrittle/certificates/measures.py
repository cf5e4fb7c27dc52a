"""Certified measures: what any perturbation within a budget leaves of hits and nDCG (docs/certificates.md).

Light: NumPy alone.
"""

import numpy as np

from embrittle import accuracy
from embrittle.data.interactions import UserItems


def worst_ranks(overtaken: np.ndarray, pairs: np.ndarray, targets: UserItems) -> np.ndarray:
    """Return the ranks of the targets in the worst case that is not excluded.

    If at most c_1 <= c_2 <= ... other items can be above the targets of a user, then their ranks are at most c_1 + 1,
    c_2 + 2, ...: the targets count among each other in this order.

    Args:
        overtaken: integers (n,), how many items that are no targets can be above each target.
        pairs: integers (n,), ascending: positions of these targets in `targets.indices`.
        targets: the targets. Those that are not in `pairs` can be anywhere.

    Returns:
        int64 (n_targets,), in an order within each user that no measure depends on; 0 for no rank.
    """
    users = targets.users[pairs]
    order = np.lexsort((overtaken, users))
    _, first, counts = np.unique(users, return_index=True, return_counts=True)
    place = np.arange(len(pairs)) - np.repeat(first, counts) + 1
    ranks = np.zeros(len(targets.indices), np.int64)
    ranks[pairs] = overtaken[order] + place
    return ranks


def overtaken_at(radii: np.ndarray, epsilon: float) -> np.ndarray:
    """Return how many items can be above each target at an epsilon: integers (n,), from radii (n, K); K for K or more.

    An item with a radius of exactly epsilon counts, because ties count as lost.
    """
    return np.count_nonzero(radii <= epsilon, axis=1)


def ndcg_left(overtaken: np.ndarray, pairs: np.ndarray, targets: UserItems, k: int) -> np.ndarray:
    """Return nDCG@k of each user if so many items are above the targets, and the targets are as low as that allows.

    Args:
        overtaken, pairs, targets: as in `worst_ranks`; k or more items push a target out of the list.
        k: length of the lists.

    Returns:
        float64 (n_users,), NaN for users without a target.
    """
    ranks = worst_ranks(overtaken, pairs, targets)
    return accuracy.ndcg_per_user(ranks, targets.counts, k)


def hits_left(overtaken: np.ndarray, pairs: np.ndarray, targets: UserItems, k: int) -> np.ndarray:
    """Return whether a target of each user is among the first k then, 1 or 0; as `ndcg_left`."""
    ranks = worst_ranks(overtaken, pairs, targets)
    return np.minimum(accuracy.hits_per_user(ranks, targets.counts, k), 1)


def user_radii(radii: np.ndarray, pairs: np.ndarray, targets: UserItems, k: int) -> np.ndarray:
    """Return each user's certified radius: up to which epsilon one of the targets stays among the first k.

    Returns:
        float64 (n_users,): 0 if no target is among the first k of the model as it is, NaN for users without a target.
    """
    found = np.where(targets.counts > 0, 0.0, np.nan)
    np.maximum.at(found, targets.users[pairs], radii[:, k - 1])
    return found


def certain_share(staying: np.ndarray, lists: UserItems, epsilon: float) -> float:
    """Return the share of its own list that certainly stays in it, mean over users with a list.

    Args:
        staying: float32 (n,), from `radii.staying_radii`.
        lists: the items of each user's list.
        epsilon: the budget.
    """
    stays = accuracy.sums_per_user(staying > epsilon, lists.counts)
    return float(np.nanmean(stays / np.maximum(lists.counts, 1)))
