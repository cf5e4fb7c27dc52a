"""The strongest of several attacks on a model, by the nDCG of their lists (docs/method.md, "Ensembles")."""

from collections.abc import Sequence

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.metrics.measures import Lists, ndcg_per_user


def strongest(
    lists: Sequence[Lists], test_items: UserItems, k: int, *, separate: bool
) -> np.ndarray:
    """Return which attack counts for each user.

    Where the attacks move rows of items, all users share them: a perturbation that is the worst one for one user comes
    with its lists for all others. So one attack counts for all users, that with the smallest mean nDCG. Rows of users
    are separate: a perturbation may take each of them from another attack.

    Args:
        lists: of the same model after each attack.
        test_items: test items of each user.
        k: length of the lists to measure.
        separate: whether the attacks move rows of users alone.

    Returns:
        int64 (n_users,), positions in `lists`; of equally strong attacks the first.
    """
    left = np.stack([ndcg_per_user(of, test_items, k) for of in lists])
    if separate:
        return np.where(np.isnan(left).any(axis=0), 0, np.nan_to_num(left).argmin(axis=0))
    means = np.nanmean(left, axis=1)
    return np.full(test_items.n_users, int(means.argmin()))
