"""Leave-one-out splits of the interactions, and the statistics of a data set (docs/data.md).

Deterministic: the same interactions and seed give the same split, whatever ties there are.
"""

import logging
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from embrittle.errors import ConfigError, DataError
from embrittle.rng import Stream, generator

logger = logging.getLogger(__name__)

Method = Literal["last", "random", "published"]
COLUMNS = ["user", "item", "rating"]


@dataclass(frozen=True)
class Split:
    """Train, validation and test interactions.

    Each has the columns user int32, item int32, rating float32, sorted by user, then item;
    validation and test have one row a user at most.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def leave_one_out(
    interactions: pd.DataFrame, method: Method, seed: int = 0, validation: bool = False
) -> Split:
    """Hold out one interaction of each user for testing, and another for validation if asked.

    Args:
        interactions: the normal form's (`normal_form.NormalForm`), rows in source order.
        method: "last": the interaction with the largest timestamp, of equal ones the later row
            (ML-1M in the MSAP papers). "random": drawn with `seed`, whatever the order of rows.
            "published": as the column `part` says.
        seed: of the random choices; those for validation do not change those for testing.
        validation: hold out one more of the remaining training interactions of each user: for
            "last" the last of them, else a random one.

    Users keep at least one training interaction: those with a single one have no test item, those
    with two no validation item. Both are logged.

    Raises:
        DataError: a missing timestamp ("last"); no column `part`, another value in it than "train"
            and "test", several test items of one user ("published"); a user whose training items
            are the whole catalogue, so that there is no negative to draw.
        ConfigError: an unknown method.
    """
    if method not in ("last", "random", "published"):
        raise ConfigError(f"there is no split method {method!r}: use last, random or published")
    if interactions.empty:
        raise DataError("there are no interactions to split")
    # The rows in an order that both random draws and the searching for the last can go by.
    rows = _in_time(interactions) if method == "last" else _in_item_order(interactions)
    if method == "published":
        test = _published_test(rows)
    else:
        draw = None if method == "last" else generator(Stream.TEST_SPLIT, seed)
        test = _one_of_each_user(rows, np.ones(len(rows), dtype=bool), draw)
    held_out = np.zeros(len(rows), dtype=bool)
    if validation:
        draw = None if method == "last" else generator(Stream.VALIDATION_SPLIT, seed)
        held_out = _one_of_each_user(rows, ~test, draw)
    split = Split(
        train=_sorted(rows[~(test | held_out)]),
        validation=_sorted(rows[held_out]),
        test=_sorted(rows[test]),
    )
    _check_negatives(split.train, n_items=int(rows["item"].max()) + 1)
    _log_users_without(split, int(rows["user"].nunique()), validation)
    return split


def statistics(split: Split, n_users: int, n_items: int) -> dict[str, Any]:
    """Count what is in a split.

    Returns:
        n_users |U|, n_items |I|, n_interactions |F| (of all three parts), n_train, n_validation,
        n_test; density |F|/(|U||I|), size |U||I|, shape |U|/|I| (the characteristics of the longer
        MSAP paper); users_without_train, users_without_validation, users_without_test,
        items_unseen_in_train, test_items_unseen_in_train (test rows with such an item).
    """
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    counts = {f"n_{name}": len(rows) for name, rows in parts.items()}
    seen = np.zeros(n_items, dtype=bool)
    seen[split.train["item"].to_numpy()] = True
    users_without = {
        f"users_without_{name}": n_users - rows["user"].nunique() for name, rows in parts.items()
    }
    n_interactions = sum(counts.values())
    return {
        "n_users": n_users,
        "n_items": n_items,
        "n_interactions": n_interactions,
        **counts,
        "density": n_interactions / (n_users * n_items),
        "size": n_users * n_items,
        "shape": n_users / n_items,
        **users_without,
        "items_unseen_in_train": int(n_items - seen.sum()),
        "test_items_unseen_in_train": int((~seen[split.test["item"].to_numpy()]).sum()),
    }


def _in_time(interactions: pd.DataFrame) -> pd.DataFrame:
    """Sort by user and time; rows of the same time keep the order of the source."""
    missing = int(interactions["timestamp"].isna().sum())
    if missing:
        raise DataError(
            f"{missing} of {len(interactions)} interactions have no timestamp, so there is no last "
            "one for `split: last`: use `split: random`, or `published` if the data set has a split"
        )
    time = interactions["timestamp"].to_numpy("int64")
    # lexsort is stable, and its last key is the first to sort by.
    return interactions.iloc[np.lexsort((time, interactions["user"].to_numpy()))]


def _in_item_order(interactions: pd.DataFrame) -> pd.DataFrame:
    """Sort by user and item, an order that does not depend on that of the rows."""
    order = np.lexsort((interactions["item"].to_numpy(), interactions["user"].to_numpy()))
    return interactions.iloc[order]


def _published_test(rows: pd.DataFrame) -> np.ndarray:
    """Return the mask of the test rows that the column `part` names."""
    if "part" not in rows:
        raise DataError(
            "the data set has no published split (no column `part`): use `split: last` or `random`"
        )
    unknown = rows.loc[~rows["part"].isin(["train", "test"]), "part"]
    if len(unknown):
        raise DataError(
            f"the published split has the part {unknown.iloc[0]!r}; there are only train and test"
        )
    test = (rows["part"] == "test").to_numpy(bool)
    users = rows["user"].to_numpy()[test]
    several = users[1:][users[1:] == users[:-1]]
    if len(several):
        raise DataError(
            f"the published split has several test items of user {several[0]}; leave-one-out has "
            "one a user at most"
        )
    return test


def _one_of_each_user(
    rows: pd.DataFrame, candidates: np.ndarray, draw: np.random.Generator | None
) -> np.ndarray:
    """Return the mask of one candidate row of each user who has two or more of them.

    Args:
        rows: sorted by user.
        candidates: bool, one a row.
        draw: chooses uniformly; None takes the last candidate of each user.
    """
    positions = np.flatnonzero(candidates)
    _, starts, counts = np.unique(
        rows["user"].to_numpy()[positions], return_index=True, return_counts=True
    )
    offsets = counts - 1 if draw is None else draw.integers(0, counts)
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[positions[(starts + offsets)[counts > 1]]] = True
    return chosen


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a split's part, sorted by user, then item."""
    ordered = _in_item_order(rows)[COLUMNS].reset_index(drop=True)
    return ordered.astype({"user": "int32", "item": "int32", "rating": "float32"})


def _check_negatives(train: pd.DataFrame, n_items: int) -> None:
    """Raise DataError if some user has no item left that could be drawn as a negative."""
    counts = np.bincount(train["user"].to_numpy())
    full = np.flatnonzero(counts >= n_items)
    if len(full):
        raise DataError(
            f"user {full[0]} (the index in the users table) has all {n_items} items of the "
            f"catalogue in training, so no negative can be drawn ({len(full)} such users): remove "
            "these users, or use data with more items"
        )


def _log_users_without(split: Split, n_users: int, validation: bool) -> None:
    """Warn about users who are not tested or not trained on."""
    parts = {"test": split.test, "training": split.train}
    if validation:
        parts["validation"] = split.validation
    for name, rows in parts.items():
        lacking = n_users - rows["user"].nunique()
        if lacking:
            logger.warning("%d of %d users have no %s interaction", lacking, n_users, name)
