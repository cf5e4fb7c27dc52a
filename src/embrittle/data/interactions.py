"""The items of each user in compressed sparse row (CSR) form, as the hot loops read them: one part of a split."""

from dataclasses import dataclass
from os import PathLike

import numpy as np

from embrittle.files import read_columns, read_json


@dataclass(frozen=True)
class UserItems:
    """The items of every user in compressed sparse row (CSR) form: training positives, held-out items, or seen items.

    Attributes:
        indptr: int64 (n_users + 1,); the items of user u are indices[indptr[u] : indptr[u + 1]].
        indices: int32 (n,), items, ascending within each user.
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
            users: integers (n,), each in 0 ... n_users - 1, in any order.
            items: integers (n,), each in 0 ... n_items - 1.
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

    @property
    def counts(self) -> np.ndarray:
        """Number of items of each user: int64 (n_users,)."""
        return np.diff(self.indptr)

    @property
    def users(self) -> np.ndarray:
        """The user of each item, in the order of `indices`: int64 (n,)."""
        return np.repeat(np.arange(self.n_users), self.counts)

    def including(self, further: "UserItems") -> "UserItems":
        """Return a copy with further items, such as the validation items; no user may have one of them already."""
        if len(further.indices) == 0:
            return self  # most studies have no validation items, and so nothing to sort
        return UserItems.from_pairs(
            np.concatenate([self.users, further.users]),
            np.concatenate([self.indices, further.indices]),
            self.n_users,
            self.n_items,
        )

    def ranks_in(self, lists: np.ndarray) -> np.ndarray:
        """Return the rank of each item in its user's list.

        Args:
            lists: integers (n_users, length), items, best first; negative after the end of a shorter list.

        Returns:
            int64 (n,), in the order of `indices`, from 1; 0 for an item that is not in the list.
        """
        users, ranks = self.users, np.zeros(len(self.indices), np.int64)
        # Rank by rank, because the lists of all items at once may not fit into memory.
        for place in range(lists.shape[1]):
            ranks[lists[users, place] == self.indices] = place + 1
        return ranks

    def item_counts(self) -> np.ndarray:
        """Return the number of interactions of each item: int64 (n_items,)."""
        return np.bincount(self.indices, minlength=self.n_items).astype(np.int64)


def read_user_items(part: str | PathLike, statistics: str | PathLike) -> UserItems:
    """Read a part of a split: the training positives, or the held-out items of each user.

    Args:
        part: Parquet file of the interactions, with the columns user and item.
        statistics: JSON file of `splits.statistics`, which states n_users and n_items.

    Raises:
        DataError: a file is damaged.
    """
    sizes = read_json(statistics)
    users, items = read_columns(part, "user", "item")
    return UserItems.from_pairs(users, items, sizes["n_users"], sizes["n_items"])


def read_train_and_seen(
    train: str | PathLike, validation: str | PathLike, statistics: str | PathLike
) -> tuple[UserItems, UserItems]:
    """Read the training positives of a split, and the seen items, which are not recommended: with the validation items.

    Args:
        train, validation, statistics: the files of the split, as in `read_user_items`.

    Raises:
        DataError: a file is damaged.
    """
    positives = read_user_items(train, statistics)
    return positives, positives.including(read_user_items(validation, statistics))
