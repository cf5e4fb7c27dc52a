"""The training positives in the form that the hot loops want."""

from dataclasses import dataclass
from os import PathLike

import numpy as np

from embrittle.files import read_columns, read_json


@dataclass(frozen=True)
class UserItems:
    """Each user's training items, in compressed rows (CSR).

    Attributes:
        indptr: int64 (n_users + 1,), row starts.
        indices: int32 (n_positives,), items, ascending within a user.
        n_items: size of the catalogue.
    """

    indptr: np.ndarray
    indices: np.ndarray
    n_items: int

    @property
    def n_users(self) -> int:
        """Number of users, with or without items."""
        return len(self.indptr) - 1

    @classmethod
    def from_pairs(
        cls, users: np.ndarray, items: np.ndarray, n_users: int, n_items: int
    ) -> "UserItems":
        """Build from pairs in any order (int, equal length)."""
        # Files have them in order, and sorting a million again takes longer than a step of an attack.
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
        """With one more item of each user: int32 (n_users,), not among its items already, -1 for none."""
        more = np.flatnonzero(targets >= 0)
        if len(more) == 0:
            return self  # most studies hold no validation items out: nothing to sort again
        users = np.repeat(np.arange(self.n_users), np.diff(self.indptr))
        return UserItems.from_pairs(
            np.concatenate([users, more]),
            np.concatenate([self.indices, targets[more]]),
            self.n_users,
            self.n_items,
        )

    def item_counts(self) -> np.ndarray:
        """Training interactions of each item: int64 (n_items,)."""
        return np.bincount(self.indices, minlength=self.n_items).astype(np.int64)


def read_user_items(train: str | PathLike, statistics: str | PathLike) -> UserItems:
    """Read the training positives of a split, with the sizes from its statistics."""
    sizes = read_json(statistics)
    users, items = read_columns(train, "user", "item")
    return UserItems.from_pairs(users, items, sizes["n_users"], sizes["n_items"])


def read_targets(path: str | PathLike, n_users: int) -> np.ndarray:
    """Read held-out items, at most one a user: int32 (n_users,), -1 where there is none."""
    users, items = read_columns(path, "user", "item")
    targets = np.full(n_users, -1, np.int32)
    targets[users] = items
    return targets
