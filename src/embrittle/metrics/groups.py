"""Groups of users or of items, between which fairness is measured (docs/method.md, "Groups").

Groups are formed from quantiles (of training interactions or of a numeric column), or from the values of a column of
the user or item table. If the column contains lists, such as genres, an item belongs to several groups. Users and items
without a value belong to no group.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from embrittle.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Groups:
    """The groups of one attribute.

    Attributes:
        of: "users" or "items".
        labels: description of each group: a value, or a range of numbers.
        member: bool (n_groups, n), whether each user or item belongs to each group.
    """

    of: str
    labels: tuple[str, ...]
    member: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups as in the papers: C1, C2, ..."""
        return tuple(f"C{i}" for i in range(1, len(self.labels) + 1))

    @property
    def sizes(self) -> np.ndarray:
        """Number of members of each group, int64 (n_groups,)."""
        return self.member.sum(axis=1)


def quantile_groups(of: str, values: np.ndarray, n_groups: int) -> Groups:
    """Form groups between the quantiles of `values`, in ascending order.

    A value equal to a quantile belongs to the group below. Equal values are therefore always in the same group, so
    groups may differ in size or be empty. For the training interactions of ML-1M's users, this gives the ranges stated
    in the MSAP paper (19 to 43 interactions in C1).

    Args:
        of: "users" or "items".
        values: numbers (n,); NaN belongs to no group.
        n_groups: number of groups, such as 4 for quartiles.

    Raises:
        DataError: all values are NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(values)
    if not present.any():
        raise DataError(f"the {of} have no values to take quantiles of")
    edges = np.quantile(values[present], np.arange(1, n_groups) / n_groups)
    group = np.where(present, np.searchsorted(edges, values, side="left"), -1)
    member = group == np.arange(n_groups)[:, None]
    return Groups(of, tuple(_range(values[row]) for row in member), member)


def value_groups(of: str, column: pd.Series, order: Sequence[str] | None = None) -> Groups:
    """Form a group for each value of a column, or for each value in its lists.

    Args:
        of: "users" or "items".
        column: a value or a list of values for each user or item; missing values belong to no group.
        order: the values that form groups, as text, in this order; a value that does not occur gives an empty group.
            By default all values that occur, sorted: numbers first, in numeric order.

    Raises:
        DataError: none of the values in `order` occurs, or the column has no values.
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
            f"none of the groups {', '.join(labels)} is a value of the column {column.name!r} of the {of}, whose "
            f"values are {', '.join(present)}. Write groups exactly as the values."
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
        train_counts: integers (n,), training interactions of each user or item; quantiles are taken of them if no
            column is given.
        column: a column of the table.
        quantiles: number of groups by quantiles; None for a group for each value of the column.
        groups: the values that form groups, in order, if `quantiles` is None; None for all values.

    Returns:
        The groups; None if the table has no such column, since data sets differ in their attributes.

    Raises:
        DataError: the column cannot form such groups.
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


def build_defined(
    attributes: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, pd.DataFrame],
    counts: Mapping[str, np.ndarray],
) -> dict[str, Groups]:
    """Build the groups of each attribute that the data set has.

    Args:
        attributes: name -> definition: `of` ("users" or "items"), and the arguments of `build`.
        tables: "users" and "items" of the normal form, those that the attributes are of.
        counts: the training interactions of each user and of each item, by the same names.

    Raises:
        DataError: as in `build`.
    """
    built = {}
    for name, definition in attributes.items():
        of = definition["of"]
        how = {
            key: definition[key] for key in ("column", "quantiles", "groups") if key in definition
        }
        groups = build(of, tables[of], counts[of], **how)
        if groups is not None:
            built[name] = groups
    return built


def _numbers(of: str, column: pd.Series) -> np.ndarray:
    try:
        return pd.to_numeric(column).astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"quantiles need numbers, but the column {column.name!r} of the {of} is not numeric: {error}"
        ) from None


def _text(value: object) -> str:
    """Return a value as text; 3.0 and 3 give the same text."""
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
