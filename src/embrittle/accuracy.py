"""Hits and nDCG of each user, from the ranks of held-out items (docs/method.md, "Measures").

The held-out items of all users are in one array, user by user, as in `data.interactions.UserItems`. A rank is counted
from 1; 0 stands for an item that is not ranked.
"""

import numpy as np


def discounts(ranks: np.ndarray) -> np.ndarray:
    """Return disc(rank) = 1 / log2(rank + 1), for ranks from 1."""
    return 1.0 / np.log2(ranks + 1.0)


def is_hit(ranks: np.ndarray, k: int) -> np.ndarray:
    """Return whether each item is among the first k: bool (n_items,)."""
    return (ranks > 0) & (ranks <= k)


def gains(ranks: np.ndarray, k: int) -> np.ndarray:
    """Return disc(rank) of each hit, and 0 of the other items: float64 (n_items,)."""
    return np.where(is_hit(ranks, k), discounts(np.maximum(ranks, 1)), 0.0)


def sums_per_user(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the sum of a value over the held-out items of each user.

    Args:
        values: (n_items,), user by user.
        counts: integers (n_users,), the number of held-out items of each user; their sum is n_items.

    Returns:
        float64 (n_users,), NaN for users without held-out items.
    """
    sums, tested = np.full(len(counts), np.nan), counts > 0
    if tested.any():
        starts = np.cumsum(counts) - counts
        sums[tested] = np.add.reduceat(values.astype(np.float64), starts[tested])
    return sums


def hits_per_user(ranks: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """Return the number of each user's held-out items among the first k; arguments and result as in `sums_per_user`."""
    return sums_per_user(is_hit(ranks, k), counts)


def ideal_gains(counts: np.ndarray, k: int) -> np.ndarray:
    """Return the largest possible sum of gains, the ideal DCG: the first ranks all have held-out items.

    Returns:
        float64 (n_users,); 1 for users with at most one held-out item.
    """
    best = np.cumsum(discounts(np.arange(1, k + 1)))
    return best[np.clip(counts, 1, k) - 1]


def ndcg_per_user(ranks: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """Return nDCG@k of each user, DCG / ideal DCG; arguments and result as in `sums_per_user`."""
    return sums_per_user(gains(ranks, k), counts) / ideal_gains(counts, k)
