"""The items of a model's own lists, which need no test items: targets of attacks, and what certificates are about."""

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import top_items


def own_lists(
    backend: Backend, factors: tuple[np.ndarray, np.ndarray], seen: UserItems, k: int
) -> UserItems:
    """Return the items of a model's top-k lists.

    Args:
        backend: the device to compute on.
        factors: float32 user_factors and item_factors, on the host.
        seen: items that are not listed.
        k: length of the lists.

    Raises:
        DataError: `k` exceeds the catalogue, or a score is NaN.
    """
    lists, _ = top_items(backend, *map(backend.put, factors), seen, k)
    users, places = np.nonzero(lists >= 0)
    return UserItems.from_pairs(users, lists[users, places], seen.n_users, seen.n_items)
