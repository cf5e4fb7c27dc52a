"""The strongest of several attacks on a model, by the nDCG of their lists (docs/method.md, "Ensembles")."""

from collections.abc import Sequence
from os import PathLike

import numpy as np

from embrittle.attacks.norms import NORMS_KEY
from embrittle.data.interactions import UserItems
from embrittle.files import read_metadata
from embrittle.kernels.ranking import lists_to_columns
from embrittle.metrics.evaluation import read_lists
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


def combined(
    paths: Sequence[str | PathLike], test_items: UserItems, k: int, length: int, *, separate: bool
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, float]]:
    """Return the lists of an ensemble: for each user those of the attack that counts.

    Args:
        paths: the files of lists after each attack.
        test_items, k, separate: as in `strongest`.
        length: length of the stored lists.

    Returns:
        Which attack counts for each user; the lists as `ranking.lists_to_columns`; the perturbation norms, none if
        several attacks count, because those of a perturbation that is put together are not known from its lists.

    Raises:
        DataError: a file is damaged.
    """
    members = [read_lists(path, test_items.n_users, length) for path in paths]
    chosen = strongest(members, test_items, k, separate=separate)
    users = np.arange(test_items.n_users)
    items, scores = (
        np.stack([getattr(of, part) for of in members])[chosen, users]
        for part in ("items", "scores")
    )
    one = len(set(chosen.tolist())) == 1
    norms = read_metadata(paths[chosen[0]])[NORMS_KEY] if one else {}
    return chosen, lists_to_columns(items, scores), norms
