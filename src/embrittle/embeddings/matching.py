"""Own embeddings matched to the data by its ids, and the model file that attacks read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.embeddings import formats
from embrittle.embeddings.formats import Rows, Source
from embrittle.embeddings.settings import DOCUMENT
from embrittle.errors import DataError

logger = logging.getLogger(__name__)

_NAMED = 5  # ids that a message names


_SOME_MISSING = "Add them, or set `missing: drop`, which removes them from the data set"
_MANY_MISSING = (
    "These are more than half: are the files of users and items swapped, or of another data set?"
)


class _Ids:
    """A number of ids, of which the first are kept for a message."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[Any] = []

    def add(self, ids: Sequence[Any] | np.ndarray) -> None:
        self.count += len(ids)
        self._first += list(ids[: _NAMED - len(self._first)])

    def __str__(self) -> str:
        named = ", ".join(repr(name) for name in self._first)
        return named + (", ..." if self.count > len(self._first) else "")


class _Match:
    """Rows of a file of embeddings, placed in the order of the data.

    Attributes:
        values: float32 (n_known, n_factors), with the biases as a further column if there are any; None before the
            first rows.
    """

    def __init__(self, known: Sequence[str], kind: str, source: Source):
        self.values: np.ndarray | None = None
        self.has_bias = False
        self._known, self._kind, self._source = pd.Index(known, dtype=object), kind, source
        self._rows_of = np.zeros(len(known), dtype=np.int32)  # of each id, how many rows
        self._n_rows = 0
        self._nameless = 0
        self._unknown, self._uneven = _Ids(), _Ids()

    def add(self, rows: Rows, with_bias: bool) -> None:
        """Place some rows.

        Args:
            rows: of the file.
            with_bias: whether their biases become a further column.
        """
        self._n_rows += len(rows.ids)
        self._nameless += int(sum(name is None for name in rows.ids))
        if rows.uneven is not None:
            self._uneven.add(rows.ids[rows.uneven])
        place = self._known.get_indexer(pd.Index(rows.ids, dtype=object))
        here = place >= 0
        self._unknown.add([name for name in rows.ids[~here] if name is not None])
        np.add.at(self._rows_of, place[here], 1)
        n_factors = rows.factors.shape[1]
        self.has_bias = with_bias and rows.bias is not None
        if self.values is None:
            shape = len(self._known), n_factors + self.has_bias
            self.values = np.zeros(shape, dtype=np.float32)
        self.values[place[here], :n_factors] = rows.factors[here]
        if self.has_bias and rows.bias is not None:
            self.values[place[here], n_factors] = rows.bias[here]

    def finished(self) -> np.ndarray:
        """Return the values of all known ids; raise DataError if an id or value is wrong or missing."""
        assert self.values is not None  # `formats.read` yields rows, or raises
        path, kind = self._source.path, self._kind
        if self._unknown.count and not self._rows_of.any():
            first = ", ".join(repr(name) for name in self._known[:_NAMED])
            raise DataError(
                f"{path}: none of its {self._n_rows} {kind} ids is in the data (here {self._unknown}, in the data "
                f"{first}, ...): check that these are embeddings of this data set, and which column holds the ids "
                f"(columns.{kind})"
            )
        found = list(self._mistakes())
        if found:
            raise DataError("\n".join(f"{path}: {line}" for line in found))
        if self._unknown.count:
            logger.warning(
                "%s: %d %ss are not in the data and left out: %s",
                *(path, self._unknown.count, kind, self._unknown),
            )
        return self.values

    def _mistakes(self) -> Iterable[str]:
        kind = self._kind
        if self._nameless:
            yield f"{self._nameless} of {self._n_rows} rows have no {kind} id: give every row an id"
        if self._uneven.count:
            yield (
                f"the lists of {self._uneven.count} {kind}s have another length than the first list: {self._uneven}"
            )
        if twice := self._where(self._rows_of > 1):
            yield f"{twice.count} {kind}s have several rows: {twice}. Keep one row of each"
        if lacking := self._where(self._rows_of == 0):
            yield (
                f"{lacking.count} of {len(self._known)} {kind}s of the data have no embedding: {lacking}. "
                + (_MANY_MISSING if 2 * lacking.count > len(self._known) else _SOME_MISSING)
            )
        # The sum of a row is not finite if one of its values is not; unlike isfinite it takes no second matrix.
        with np.errstate(over="ignore", invalid="ignore"):
            sums = self.values.sum(axis=1, dtype=np.float64)  # type: ignore[union-attr]
        if infinite := self._where(~np.isfinite(sums)):
            yield (
                f"{infinite.count} {kind}s have values that are missing, NaN, infinite or too large for float32: "
                f"{infinite}"
            )

    def _where(self, chosen: np.ndarray) -> _Ids | None:
        """Return the chosen ids; None if there are none."""
        if not chosen.any():
            return None
        ids = _Ids()
        ids.add(self._known[chosen])
        return ids


def matched(
    rows: Iterable[Rows], known: Sequence[str], kind: str, source: Source
) -> tuple[np.ndarray, bool]:
    """Return embeddings in the order of the data.

    Args:
        rows: all rows of a file, in any order.
        known: the ids of the data, each once.
        kind: "user" or "item"; biases of users are left out.
        source: the file, for messages.

    Returns:
        float32 (n_known, n_factors), and whether the last column holds biases.

    Raises:
        DataError: an id is missing or given twice, an id of the data has no row, a value is not finite, or lists have
            several lengths. The message has the number of such rows and the first five ids. Ids that are not in the
            data are left out with a warning, unless no id is in the data.
    """
    match = _Match(known, kind, source)
    for part in rows:
        match.add(part, with_bias=kind == "item")
    return match.finished(), match.has_bias


def _warn_of_constants(kind: str, factors: np.ndarray, source: Source) -> None:
    """Warn of factors that are the same number for all users or all items."""
    if len(factors) < 2:
        return
    same = [k for k in range(factors.shape[1]) if (factors[:, k] == factors[0, k]).all()]
    if same and len(same) < factors.shape[1]:
        other = "item" if kind == "user" else "user"
        logger.warning(
            "%s: factor %s of the file is the same number for all %ss, as if it were there to multiply a bias of each "
            "%s. Attacks would move biases like embeddings: bring the biases of items as `bias`, and leave those of "
            "users out (%s)",
            *(source.path, ", ".join(str(k + 1) for k in same), kind, other, DOCUMENT),
        )


def read_model(
    entry: Mapping[str, Any], users: Sequence[str], items: Sequence[str]
) -> tuple[dict[str, np.ndarray], int]:
    """Read own embeddings as the factors of a model.

    The bias of an item is a further factor, by which users have 1: the scores are p·q + b. Biases of users are left
    out, because they change neither the order of a user's items nor a pairwise loss.

    Args:
        entry: the entry of the configuration, `settings.OwnEmbeddings.plain()`.
        users: the ids of the users, in the order of the data.
        items: the same of items.

    Returns:
        "user_factors" and "item_factors", float32 (n_users, n_factors) and (n_items, n_factors), and the number of
        last factors that no attack may move: 1 with biases, otherwise 0.

    Raises:
        DataError: as `formats.read` and `matched`, or users and items have different numbers of factors.
    """
    of_users, of_items = formats.sources_of(entry)
    item_factors, has_bias = matched(formats.read(of_items), items, "item", of_items)
    user_factors, _ = matched(formats.read(of_users), users, "user", of_users)
    n_factors = item_factors.shape[1] - has_bias
    if user_factors.shape[1] != n_factors:
        raise DataError(
            f"users have {user_factors.shape[1]} factors ({of_users.path}), items {n_factors} ({of_items.path}): both "
            "must be of one model"
        )
    _warn_of_constants("user", user_factors, of_users)
    _warn_of_constants("item", item_factors[:, :n_factors], of_items)
    if has_bias:
        ones = np.ones((len(user_factors), 1), dtype=np.float32)
        user_factors = np.hstack([user_factors, ones])
    logger.info(
        "%d users, %d items, %d factors, %s",
        *(len(users), len(items), n_factors, "with biases" if has_bias else "no biases"),
    )
    return {"user_factors": user_factors, "item_factors": item_factors}, int(has_bias)
