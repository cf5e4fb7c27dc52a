"""Sub-samples without rare users and items, after [L] section 5.2 (docs/method.md, "Characteristics of the data").

The longer MSAP paper [L] calls its sub-samples k-cores, but its printed densities result from a single pass over
users, then items, which may leave users (never items) with fewer than k interactions. This module offers the single
pass and the true k-core. Sub-samples are taken before the split.
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
    """Return a mask of the interactions of users and items with at least k interactions.

    Args:
        interactions: columns user and item, 0-based indices.
        k: at least 1.
        method: "one-pass" (the paper's) drops users with fewer than k interactions, then items with fewer than k of
            the remaining interactions; users may end up with fewer than k. "iterative" repeats both steps until
            nothing changes, which gives the k-core: the largest set of interactions in which every user and every
            item has at least k.

    Returns:
        bool (n_interactions,), true for kept interactions; all false if none are left.

    Raises:
        ConfigError: k is below 1, or the method is unknown.
    """
    if method not in get_args(Method):
        methods = " or ".join(get_args(Method))
        raise ConfigError(f"unknown method of sub-sampling {method!r}: use {methods}")
    if k < 1:
        raise ConfigError(f"the k of a sub-sample must be at least 1, not {k}")
    return _core(interactions, k, k, method)


def subsample(form: NormalForm, k: int, method: Method) -> NormalForm:
    """Return the data set of the interactions that `core` keeps.

    Users and items without any remaining interaction are dropped. The others get new indices without gaps, in their
    old order, and keep their ids and attributes. Interactions keep their order and their `part`, if any.

    Args:
        form: the data set.
        k, method: as in `core`.

    Raises:
        DataError: no interactions are left; the message names the largest k that leaves some.
        ConfigError: as in `core`.
    """
    mask = core(form.interactions, k, method)
    if not mask.any():
        raise DataError(_nothing_left(form.interactions, k, method))
    return _restricted(form, mask, f"k = {k}, {method}")


def without_rare(form: NormalForm, users: int, items: int) -> NormalForm:
    """Return the largest part of a data set in which users and items have a minimum number of interactions.

    Args:
        form: the data set.
        users: minimum number of interactions of a user.
        items: minimum number of interactions of an item.

    Raises:
        DataError: no interactions are left.
    """
    mask = _core(form.interactions, users, items, "iterative")
    if not mask.any():
        raise DataError(
            f"no interactions are left if users need at least {users} and items at least {items} interactions: "
            "lower `at_least` in the data set's entry"
        )
    return _restricted(form, mask, f"users with {users}, items with {items} interactions")


def with_ids(form: NormalForm, users: pd.Index, items: pd.Index, why: str) -> NormalForm:
    """Return the part of a data set with these users and items.

    Args:
        form: the data set.
        users: ids of users to keep; ids that are not in the data set have no effect.
        items: ids of items to keep.
        why: what they have in common, for messages.

    Raises:
        DataError: no interactions are left.
    """
    keep_user, keep_item = form.users["id"].isin(users), form.items["id"].isin(items)
    rows = form.interactions
    mask = keep_user.to_numpy()[rows["user"]] & keep_item.to_numpy()[rows["item"]]
    if not mask.any():
        raise DataError(
            f"no interaction has a user and an item {why}: check that their ids are those of this data set"
        )
    return _restricted(form, mask, why, logging.INFO if mask.all() else logging.WARNING)


def _core(interactions: pd.DataFrame, k_users: int, k_items: int, method: Method) -> np.ndarray:
    """`core` with separate k for users and items."""
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


def _restricted(
    form: NormalForm, mask: np.ndarray, why: str, level: int = logging.INFO
) -> NormalForm:
    """Return the data set of the chosen interactions with new indices."""
    rows = form.interactions[mask].reset_index(drop=True)
    users, rows["user"] = _reindexed(form.users, rows["user"], "user")
    items, rows["item"] = _reindexed(form.items, rows["item"], "item")
    logger.log(
        level,
        "%s: %d of %d interactions, %d of %d users, %d of %d items",
        *(why, len(rows), len(mask)),
        *(len(users), len(form.users), len(items), len(form.items)),
    )
    return NormalForm(rows, users, items)


def largest_k(interactions: pd.DataFrame, method: Method) -> int:
    """Return the largest k whose sub-sample is not empty; 0 if there are no interactions."""
    low, high = 0, int(np.bincount(interactions["user"]).max(initial=0))
    # A larger k keeps a subset of the interactions of a smaller one, which allows bisection.
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
    """Of `rows` (positions), keep those of users with at least k_users, then of items with at least k_items."""
    for ids, k in ((users, k_users), (items, k_items)):
        chosen = ids[rows]
        rows = rows[(np.bincount(chosen) >= k)[chosen]]
    return rows


def _reindexed(
    table: pd.DataFrame, indices: pd.Series, kind: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of the remaining users or items with new indices, and `indices` in the new numbering."""
    present = np.zeros(len(table), dtype=bool)
    present[indices.to_numpy()] = True
    new = (np.cumsum(present) - 1).astype(np.int32)
    kept = table[present].reset_index(drop=True)
    kept[kind] = np.arange(len(kept), dtype=np.int32)
    return kept, new[indices.to_numpy()]


def _nothing_left(interactions: pd.DataFrame, k: int, method: Method) -> str:
    """Return the error message for a k that leaves no interactions."""
    largest = largest_k(interactions, method)
    if not largest:
        return "the data set has no interactions to take a sub-sample of"
    return (
        f"k = {k} ({method}) leaves no interactions: {largest} is the largest k that leaves some in this data set. "
        "Lower k or remove this sub-sample from the configuration"
    )
