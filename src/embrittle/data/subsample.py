"""Sub-samples of a data set without its rare users and items, after [L] section 5.2 (docs/method.md).

The longer MSAP paper calls them k-cores, but its printed densities come from dropping users once and
items once, which may leave users (never items) below k. Both that and the true k-core are here.
Sub-samples are taken before the split.
"""

import logging
from typing import Literal, get_args

import numpy as np
import pandas as pd

from embrittle.data.normal_form import NormalForm
from embrittle.errors import ConfigError, DataError

logger = logging.getLogger(__name__)

Method = Literal["one-pass", "iterative"]


def core(interactions: pd.DataFrame, k: int, method: Method) -> np.ndarray:
    """Find the interactions of users and items that have at least k of them.

    Args:
        interactions: columns user and item, 0-based indices.
        k: at least 1.
        method: "one-pass" (the paper's): users with fewer than k interactions are dropped, then the
            items with fewer than k of what is left, and nothing more: users may end up with fewer.
            "iterative": both again and again until nothing changes, which leaves the k-core: the
            largest set in which every user and item has k interactions or more.

    Returns:
        bool (n_interactions,), true for what is kept; possibly for nothing.

    Raises:
        ConfigError: k is below 1, or there is no such method.
    """
    if method not in get_args(Method):
        methods = " or ".join(get_args(Method))
        raise ConfigError(f"there is no method of sub-sampling {method!r}: use {methods}")
    if k < 1:
        raise ConfigError(f"a sub-sample needs a k of at least 1, not {k}")
    return _core(interactions, k, k, method)


def subsample(form: NormalForm, k: int, method: Method) -> NormalForm:
    """Make the data set of the interactions that `core` keeps.

    Users and items without any interaction left are dropped, whatever the method, and the others
    indexed anew without gaps, in their old order, with their ids and attributes. Interactions keep their
    order and, where they have one, their `part`.

    Raises:
        DataError: nothing is left; the message names the largest k that leaves something.
        ConfigError: as for `core`.
    """
    mask = core(form.interactions, k, method)
    if not mask.any():
        raise DataError(_nothing_left(form.interactions, k, method))
    return _restricted(form, mask, f"k = {k}, {method}")


def without_rare(form: NormalForm, users: int, items: int) -> NormalForm:
    """Make the largest data set in which users and items have at least so many interactions.

    Args:
        form: the data set.
        users: interactions that a user needs.
        items: interactions that an item needs.

    Raises:
        DataError: nothing is left.
    """
    mask = _core(form.interactions, users, items, "iterative")
    if not mask.any():
        raise DataError(
            f"no interactions are left when users need at least {users} and items at least {items}: "
            "lower at_least in the data set's entry"
        )
    return _restricted(form, mask, f"users with {users}, items with {items} interactions")


def _core(interactions: pd.DataFrame, k_users: int, k_items: int, method: Method) -> np.ndarray:
    """`core` with a k of their own for users and for items."""
    users, items = interactions["user"].to_numpy(), interactions["item"].to_numpy()
    kept = _pass(users, items, np.arange(len(users)), k_users, k_items)
    if method == "iterative":
        n_before = len(users)
        while len(kept) < n_before:
            n_before = len(kept)
            kept = _pass(users, items, kept, k_users, k_items)
    mask = np.zeros(len(users), dtype=bool)
    mask[kept] = True
    return mask


def _restricted(form: NormalForm, mask: np.ndarray, why: str) -> NormalForm:
    """Return the data set of the chosen interactions, indexed anew."""
    rows = form.interactions[mask].reset_index(drop=True)
    users, rows["user"] = _reindexed(form.users, rows["user"], "user")
    items, rows["item"] = _reindexed(form.items, rows["item"], "item")
    logger.info(
        "%s: %d of %d interactions, %d of %d users, %d of %d items",
        *(why, len(rows), len(mask)),
        *(len(users), len(form.users), len(items), len(form.items)),
    )
    return NormalForm(rows, users, items)


def largest_k(interactions: pd.DataFrame, method: Method) -> int:
    """Find the largest k whose sub-sample is not empty; 0 if there are no interactions."""
    low, high = 0, int(np.bincount(interactions["user"]).max(initial=0))
    # What a larger k keeps is part of what a smaller one keeps, so the search can halve the range.
    while low < high:
        middle = (low + high + 1) // 2
        if core(interactions, middle, method).any():
            low = middle
        else:
            high = middle - 1
    return low


def _pass(
    users: np.ndarray, items: np.ndarray, rows: np.ndarray, k_users: int, k_items: int
) -> np.ndarray:
    """Of `rows` (positions), keep those of users with enough of them, then those of items with enough."""
    for ids, k in ((users, k_users), (items, k_items)):
        chosen = ids[rows]
        rows = rows[(np.bincount(chosen) >= k)[chosen]]
    return rows


def _reindexed(
    table: pd.DataFrame, indices: pd.Series, kind: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of users or items that are still there, and the new index for each old one."""
    present = np.zeros(len(table), dtype=bool)
    present[indices.to_numpy()] = True
    new = (np.cumsum(present) - 1).astype(np.int32)
    kept = table[present].reset_index(drop=True)
    kept[kind] = np.arange(len(kept), dtype=np.int32)
    return kept, new[indices.to_numpy()]


def _nothing_left(interactions: pd.DataFrame, k: int, method: Method) -> str:
    """Say that k is too large, and how large it may be."""
    largest = largest_k(interactions, method)
    if not largest:
        return "there are no interactions to take a sub-sample of"
    return (
        f"k = {k} ({method}) leaves no interactions: the largest k that leaves something is {largest} "
        "for this data set; lower k or leave this sub-sample out"
    )
