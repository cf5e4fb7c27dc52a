"""Groups of users or of items: what fairness is measured between (docs/method.md, "Groups").

A group is a set of users or of items. Groups come from quantiles (of training interactions, or of a numeric
column) or from the values of a column of the user or item table. With a column of lists, such as genres, an item is
in several groups; where a value is missing, it is in none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from embrittle.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Groups:
    """The groups of one attribute.

    Attributes:
        of: "users" or "items".
        labels: what each group is, for people: a value, or a range of numbers.
        member: bool (n_groups, n), whether each user or item is in each group.
    """

    of: str
    labels: tuple[str, ...]
    member: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """C1, C2, ..., as the papers call them."""
        return tuple(f"C{i}" for i in range(1, len(self.labels) + 1))

    @property
    def sizes(self) -> np.ndarray:
        """Number of members of each group, int64 (n_groups,)."""
        return self.member.sum(axis=1)


def quantile_groups(of: str, values: np.ndarray, n_groups: int) -> Groups:
    """Cut at the quantiles of `values`, least first.

    An edge belongs to the group below it, and so do all that tie with it: equal values are never parted, and where
    more share a value than fit into a group, groups differ in size or are empty. With the training interactions of
    ML-1M's users this gives the ranges that the MSAP paper states (19 to 43 interactions in C1).

    Args:
        of: "users" or "items".
        values: numbers (n,); NaN is in no group.
        n_groups: 4 for quartiles.

    Raises:
        DataError: there is no number at all.
    """
    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values)
    if not known.any():
        raise DataError(f"the {of} have no values to take quantiles of")
    edges = np.quantile(values[known], np.arange(1, n_groups) / n_groups)
    group = np.where(known, np.searchsorted(edges, values, side="left"), -1)
    member = group == np.arange(n_groups)[:, None]
    return Groups(of, tuple(_range(values[row]) for row in member), member)


def value_groups(of: str, column: pd.Series, order: Sequence[str] | None = None) -> Groups:
    """One group for each value of a column, or of the lists in it.

    Args:
        of: "users" or "items".
        column: a value or a list of values for each; missing ones are in no group.
        order: the values that make groups, in this order, as text. By default all there are, sorted: as numbers if
            all are numbers. One that does not occur makes an empty group.

    Raises:
        DataError: none of `order` occurs, or the column is empty.
    """
    rows = column.reset_index(drop=True).explode().dropna()
    texts = rows.map(_text)
    found = sorted(rows.drop_duplicates(), key=_sort_key)
    if not found:
        raise DataError(f"the column {column.name!r} of the {of} has no values")
    present = list(dict.fromkeys(_text(value) for value in found))
    labels = present if order is None else list(order)
    if not set(labels) & set(present):
        raise DataError(
            f"none of the groups {', '.join(labels)} is a value of the column {column.name!r} of the {of}: "
            f"there are {', '.join(present)}. Groups and values must be spelt alike."
        )
    member = np.zeros((len(labels), len(column)), dtype=bool)
    for i, label in enumerate(labels):
        member[i, texts.index[texts == label]] = True
    return Groups(of, tuple(labels), member)


def build(
    of: str,
    table: pd.DataFrame,
    train_counts: np.ndarray,
    *,
    column: str | None = None,
    quantiles: int | None = None,
    groups: Sequence[str] | None = None,
) -> Groups | None:
    """Build the groups of one attribute as the configuration defines it.

    Args:
        of: "users" or "items".
        table: the user or item table of the normal form; row i is user or item i.
        train_counts: training interactions of each user or item, what quantiles are taken of without a column.
        column: a column of the table.
        quantiles: number of quantiles to cut at; without it each value is a group.
        groups: the values that make groups, in order; for columns without `quantiles`.

    Returns:
        None if the table has no such column: not every data set publishes it.

    Raises:
        DataError: the column cannot make such groups.
    """
    if column is not None and column not in table:
        return None
    if quantiles is None:
        result = value_groups(of, table[column], groups)
    else:
        values = train_counts if column is None else _numbers(of, table[column])
        result = quantile_groups(of, values, quantiles)
    without = int((~result.member.any(axis=0)).sum())
    if without:
        logger.warning(
            "%d of %d %s are in no group of %s", without, len(table), of, column or "interactions"
        )
    return result


def _numbers(of: str, column: pd.Series) -> np.ndarray:
    try:
        return pd.to_numeric(column).astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the column {column.name!r} of the {of} is not numeric, so it has no quantiles: {error}"
        ) from None


def _text(value: object) -> str:
    """3.0 and 3 are one value."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return str(value)


def _sort_key(value: object) -> tuple:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return (0, float(value), "") if number else (1, 0.0, str(value))


def _range(values: np.ndarray) -> str:
    if len(values) == 0:
        return "none"
    low, high = _text(values.min()), _text(values.max())
    return low if low == high else f"{low} to {high}"
