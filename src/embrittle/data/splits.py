"""Splits of the interactions, and the statistics of a split (docs/data.md, "Splits").

Splits are deterministic: the same interactions and seed give the same split, ties included.
"""

import logging
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from embrittle.data.normal_form import PARTS
from embrittle.errors import ConfigError, DataError
from embrittle.rng import Stream, generator

logger = logging.getLogger(__name__)

Method = Literal["last", "random", "published"]
COLUMNS = ["user", "item", "rating"]


@dataclass(frozen=True)
class Split:
    """Training, validation and test interactions.

    Each table has the columns user int32, item int32, rating float32, and is sorted by user, then item. Validation and
    test have at most one row for each user, except those of a published split.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def split_interactions(
    interactions: pd.DataFrame, method: Method, seed: int = 0, validation: bool = False
) -> Split:
    """Hold out one test and optionally one validation interaction of each user, or follow a published split.

    Users keep at least one training interaction: users with a single interaction have no test item, and users with
    two have no validation item. In a published split, users without training interactions have no held-out items. The
    numbers of such users are logged.

    Args:
        interactions: of the normal form (`normal_form.NormalForm`), rows in source order.
        method: how the test interaction is chosen. "last": the largest timestamp, the later row of equal ones (ML-1M
            in the MSAP papers). "random": drawn with `seed`, independent of the order of rows. "published": all those
            of the part "test" in the column `part`.
        seed: seed of the random draws; test and validation draw from streams of their own.
        validation: whether to hold out one of each user's remaining interactions as well: the last for "last", else a
            random one. A published split with a part "validation" has this part as validation interactions, whether
            they are asked for or not: they are not for training.

    Raises:
        DataError: there are no interactions; a timestamp is missing ("last"); the column `part` is missing, or a
            sub-sample has left no training or no test interactions ("published"); or a user's training items are the
            whole catalogue, so that no negative can be drawn.
        ConfigError: the method is unknown.
    """
    rows = with_parts(interactions, method, seed, validation)
    n_items = int(rows["item"].max()) + 1
    split = Split(*(_sorted(rows[rows["part"] == part]) for part in PARTS))
    _check_negatives(split.train, n_items)
    _log_users_without(split, int(rows["user"].nunique()), validation or len(split.validation) > 0)
    return split


def with_parts(
    interactions: pd.DataFrame, method: Method, seed: int = 0, validation: bool = False
) -> pd.DataFrame:
    """Return the interactions with the column `part`, which says to which part of the split each row belongs.

    Args, errors: as `split_interactions`. The rows keep their index, but neither their order nor, in a published split,
    those of users without training interactions.
    """
    if method not in ("last", "random", "published"):
        raise ConfigError(f"unknown split method {method!r}: use last, random or published")
    if interactions.empty:
        raise DataError("the data set has no interactions to split")
    # An order of rows that does not depend on ties, for random draws and for finding the last interaction.
    rows = _in_time(interactions) if method == "last" else _in_item_order(interactions)
    held_out = np.zeros(len(rows), dtype=bool)
    if method == "published":
        rows = _published(rows)
        test, held_out = ((rows["part"] == part).to_numpy(bool) for part in ("test", "validation"))
    else:
        draw = None if method == "last" else generator(Stream.TEST_SPLIT, seed)
        test = _one_of_each_user(rows, np.ones(len(rows), dtype=bool), draw)
    if validation and not held_out.any():
        draw = None if method == "last" else generator(Stream.VALIDATION_SPLIT, seed)
        held_out = _one_of_each_user(rows, ~test, draw)
    return rows.assign(part=np.select([test, held_out], ["test", "validation"], "train"))


def statistics(split: Split, n_users: int, n_items: int) -> dict[str, Any]:
    """Return the sizes and characteristics of a split.

    Returns:
        n_users |U|, n_items |I|, n_interactions |F| (of all three parts), n_train, n_validation,
        n_test; density |F|/(|U||I|), size |U||I| and shape |U|/|I| (the characteristics of the longer
        MSAP paper, section 5.2); users_without_train, users_without_validation, users_without_test;
        items_unseen_in_train, and test_items_unseen_in_train (test interactions with such an item).
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
    """Sort by user and time; rows with equal times keep the order of the source."""
    missing = int(interactions["timestamp"].isna().sum())
    if missing:
        raise DataError(
            f"{missing} of {len(interactions)} interactions have no timestamp, which `split: last` needs: use "
            "`split: random`, or `split: published` if the data set has a published split"
        )
    time = interactions["timestamp"].to_numpy("int64")
    # lexsort is stable, and its last key is the primary one.
    return interactions.iloc[np.lexsort((time, interactions["user"].to_numpy()))]


def _in_item_order(interactions: pd.DataFrame) -> pd.DataFrame:
    """Sort by user and item, so that the order of the source does not matter."""
    order = np.lexsort((interactions["item"].to_numpy(), interactions["user"].to_numpy()))
    return interactions.iloc[order]


def _published(rows: pd.DataFrame) -> pd.DataFrame:
    """Check the column `part`, and return the rows of the users with training interactions."""
    if "part" not in rows:
        raise DataError(
            "the data set has no published split (no column `part`): use `split: last` or `random`"
        )
    # `normal_form.normalise` has done so for the whole data set, but a sub-sample may leave out training interactions.
    trained = rows["user"].isin(rows.loc[rows["part"] == "train", "user"])
    if not trained.all():
        without = rows.loc[~trained, "user"].nunique()
        logger.warning(
            "%d users have no training interaction and are left out, with their %d held-out interactions",
            *(without, (~trained).sum()),
        )
    rows = rows[trained]
    if not (rows["part"] == "test").any():
        raise DataError("the published split has no user with training and test interactions")
    unseen = ~rows["item"].isin(rows.loc[rows["part"] == "train", "item"])
    if unseen.any():
        logger.warning(
            "%d items have held-out interactions but no training interaction; they stay in the catalogue: "
            "%d held-out interactions are with them",
            *(rows.loc[unseen, "item"].nunique(), unseen.sum()),
        )
    return rows


def _one_of_each_user(
    rows: pd.DataFrame, candidates: np.ndarray, draw: np.random.Generator | None
) -> np.ndarray:
    """Return a mask of one candidate row for each user with at least two candidates.

    Args:
        rows: sorted by user.
        candidates: bool (n_rows,).
        draw: generator for a uniform choice; None takes the last candidate of each user.
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
    """Return the columns of a part of a split, sorted by user, then item."""
    ordered = _in_item_order(rows)[COLUMNS].reset_index(drop=True)
    return ordered.astype({"user": "int32", "item": "int32", "rating": "float32"})


def _check_negatives(train: pd.DataFrame, n_items: int) -> None:
    """Raise DataError if no negative item can be drawn for a user."""
    counts = np.bincount(train["user"].to_numpy())
    full = np.flatnonzero(counts >= n_items)
    if len(full):
        raise DataError(
            f"user {full[0]} (index in the users table) has all {n_items} items of the "
            f"catalogue in training, so no negative can be drawn ({len(full)} such users): remove "
            "these users, or use data with more items"
        )


def _log_users_without(split: Split, n_users: int, validation: bool) -> None:
    """Warn about users without a test, training or validation interaction."""
    parts = {"test": split.test, "training": split.train}
    if validation:
        parts["validation"] = split.validation
    for name, rows in parts.items():
        without = n_users - rows["user"].nunique()
        if without:
            logger.warning("%d of %d users have no %s interaction", without, n_users, name)
