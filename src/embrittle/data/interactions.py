"""Training positives in compressed sparse row (CSR) form, and held-out items, as the hot loops read them."""

from dataclasses import dataclass
from os import PathLike

import numpy as np

from embrittle.files import read_columns, read_json


@dataclass(frozen=True)
class UserItems:
    """The items of every user in compressed sparse row (CSR) form: training positives, or seen items.

    Attributes:
        indptr: int64 (n_users + 1,); the items of user u are indices[indptr[u] : indptr[u + 1]].
        indices: int32 (n_positives,), items, ascending within each user.
        n_items: size of the catalogue.
    """

    indptr: np.ndarray
    indices: np.ndarray
    n_items: int

    @property
    def n_users(self) -> int:
        """Number of users, including users without items."""
        return len(self.indptr) - 1

    @classmethod
    def from_pairs(
        cls, users: np.ndarray, items: np.ndarray, n_users: int, n_items: int
    ) -> "UserItems":
        """Build from (user, item) pairs.

        Args:
            users: integers (n_positives,), each in 0 ... n_users - 1, in any order.
            items: integers (n_positives,), each in 0 ... n_items - 1.
            n_users: number of users.
            n_items: size of the catalogue.
        """
        # Files are sorted already, and sorting a million pairs again takes longer than an attack step.
        steps, same = np.diff(users), np.diff(users) == 0
        if not ((steps > 0) | (same & (np.diff(items) >= 0))).all():
            order = np.lexsort((items, users))
            users, items = users[order], items[order]
        counts = np.bincount(users, minlength=n_users)
        return cls(
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            indices=np.array(items, dtype=np.int32),
            n_items=n_items,
        )

    def including(self, targets: np.ndarray) -> "UserItems":
        """Return a copy with one further item for each user, such as the validation item.

        Args:
            targets: int32 (n_users,), an item that the user does not have yet; -1 adds nothing.
        """
        with_target = np.flatnonzero(targets >= 0)
        if len(with_target) == 0:
            return self  # most studies have no validation items, and so nothing to sort
        users = np.repeat(np.arange(self.n_users), np.diff(self.indptr))
        return UserItems.from_pairs(
            np.concatenate([users, with_target]),
            np.concatenate([self.indices, targets[with_target]]),
            self.n_users,
            self.n_items,
        )

    def item_counts(self) -> np.ndarray:
        """Return the number of interactions of each item: int64 (n_items,)."""
        return np.bincount(self.indices, minlength=self.n_items).astype(np.int64)


def read_user_items(train: str | PathLike, statistics: str | PathLike) -> UserItems:
    """Read the training positives of a split.

    Args:
        train: Parquet file of the training interactions, with the columns user and item.
        statistics: JSON file of `splits.statistics`, which states n_users and n_items.

    Raises:
        DataError: a file is damaged.
    """
    sizes = read_json(statistics)
    users, items = read_columns(train, "user", "item")
    return UserItems.from_pairs(users, items, sizes["n_users"], sizes["n_items"])


def read_targets(path: str | PathLike, n_users: int) -> np.ndarray:
    """Read the held-out item of each user from a test or validation file.

    Returns:
        int32 (n_users,), -1 for users without a held-out item.

    Raises:
        DataError: the file is damaged.
    """
    users, items = read_columns(path, "user", "item")
    targets = np.full(n_users, -1, np.int32)
    targets[users] = items
    return targets
