"""The normal form that every reader gives: dense indices, original ids beside them."""

import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from embrittle.errors import DataError
from embrittle.files import read_parquet, write_parquet

logger = logging.getLogger(__name__)

Duplicates = Literal["error", "first", "last"]
STRINGS = pd.ArrowDtype(pa.list_(pa.string()))
# The compiled loops and the files between the stages hold indices in 32 bits.
LARGEST_INDEX = np.iinfo(np.int32).max


@dataclass(frozen=True)
class NormalForm:
    """A data set as the later stages read it.

    Attributes:
        interactions: columns user int32 and item int32 (0-based, without gaps), rating float32,
            timestamp Int64 (null if unknown; its unit is the source's) and, for published splits
            only, part ("train" or "test"); rows in the order of the source.
        users: user int32, id string, attributes; row u is user u.
        items: item int32, id string, attributes; row i is item i.
    """

    interactions: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame


def list_column(values: Iterable[str | None]) -> pd.arrays.ArrowExtensionArray:
    """Make a multi-valued attribute: "Action|Comedy" becomes ["Action", "Comedy"], None a null."""
    lists = [value.split("|") if isinstance(value, str) else None for value in values]
    return pd.array(lists, dtype=STRINGS)


def normalise(
    raw: pd.DataFrame,
    where: str,
    *,
    users: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    duplicates: Duplicates = "error",
    ids_are_indices: bool = False,
) -> NormalForm:
    """Bring interactions and attributes into the normal form.

    Args:
        raw: columns user and item (ids, integers or strings) and, each optional, rating,
            timestamp, part; rows in source order. The index says where a row stands in the
            source and its name what is counted there ("line" or "row"), for messages.
        where: the source's name in messages.
        users: column id and attribute columns; for ids without a row attributes are null.
        items: the same for items.
        duplicates: what to do with a second interaction of the same user and item.
        ids_are_indices: the ids are 0-based indices already and are kept: the catalogue then is
            all ids up to the largest. Otherwise indices follow the sorted ids: numerically if all
            ids are integers, else by code points.

    Raises:
        DataError: no interactions, a missing id, a rating that is not finite, duplicates (unless
            `duplicates` says which to keep), negative ids as indices, a broken attribute table.
    """
    _check_rows(raw, where)
    raw = _without_duplicates(raw, where, duplicates)
    index_ids = _keep_indices if ids_are_indices else _index_sorted
    user, user_ids = index_ids(raw["user"], "user", where)
    item, item_ids = index_ids(raw["item"], "item", where)
    rows = {
        "user": user,
        "item": item,
        "rating": _filled(raw, "rating", 1.0).to_numpy("float32"),
        "timestamp": _filled(raw, "timestamp", pd.NA).astype("Int64").array,
    }
    if "part" in raw:
        rows["part"] = raw["part"].astype("str").array
    return NormalForm(
        pd.DataFrame(rows),
        _with_attributes("user", user_ids, users, where),
        _with_attributes("item", item_ids, items, where),
    )


def write(
    form: NormalForm,
    interactions: str | os.PathLike,
    users: str | os.PathLike,
    items: str | os.PathLike,
) -> None:
    """Write the three tables of `form` as Parquet files under the paths given."""
    tables = ((form.interactions, interactions), (form.users, users), (form.items, items))
    for table, path in tables:
        # Without pandas' metadata the file reads the same with any library.
        columns = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        write_parquet(_with_plain_types(columns), path)


def read(
    interactions: str | os.PathLike, users: str | os.PathLike, items: str | os.PathLike
) -> NormalForm:
    """Read the three tables as written by `write`."""
    return NormalForm(
        read_interactions(interactions), read_attributes(users), read_attributes(items)
    )


def read_attributes(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table of users or of items as written by `write`."""
    # Arrow's types keep lists, and whole numbers with unknown ones among them, as they are.
    return read_parquet(path).to_pandas(types_mapper=pd.ArrowDtype)


def read_interactions(path: str | os.PathLike) -> pd.DataFrame:
    """Read interactions as written by `write`, with the column types of `NormalForm`."""
    table = read_parquet(path)
    # to_pandas would turn an integer column that has nulls into floats and lose digits.
    timestamp = table.column("timestamp").to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    rows = table.drop_columns("timestamp").to_pandas()
    rows.insert(3, "timestamp", timestamp)
    return rows


def _check_rows(raw: pd.DataFrame, where: str) -> None:
    """Raise DataError for what no interaction may have: no id, a rating that is no number."""
    if raw.empty:
        raise DataError(f"{where}: it holds no interactions; check that it is the right file")
    for column in ("user", "item", "rating"):
        if column not in raw:
            continue
        bad = raw[column].isna()
        if column == "rating":
            bad |= ~np.isfinite(raw[column].to_numpy("float64", na_value=np.nan))
        if bad.any():
            name = column if column == "rating" else f"{column} id"
            raise DataError(
                f"{where}: {bad.sum()} of {len(raw)} interactions have no {name}, the first in "
                f"{_place(raw, bad)}: fill it in or remove the row"
            )


def _place(raw: pd.DataFrame, chosen: pd.Series | np.ndarray) -> str:
    """Say where the first chosen row stands in its source: "line 7"."""
    return f"{raw.index.name or 'row'} {raw.index[np.asarray(chosen, dtype=bool)][0]}"


def _without_duplicates(raw: pd.DataFrame, where: str, duplicates: Duplicates) -> pd.DataFrame:
    """Keep the first or the last of the interactions of one user with one item, or complain."""
    repeated = raw.duplicated(["user", "item"], keep="first").to_numpy()
    if not repeated.any():
        return raw
    if duplicates == "error":
        first = raw[repeated].iloc[0]
        raise DataError(
            f"{where}: {repeated.sum()} interactions repeat a pair of user and item, the first in "
            f"{_place(raw, repeated)} (user {first['user']}, item {first['item']}). Set "
            "`duplicates: first` or `duplicates: last` in the data set's entry to keep one of each"
        )
    logger.warning("%s: %d repeated pairs, kept the %s", where, repeated.sum(), duplicates)
    return raw[~raw.duplicated(["user", "item"], keep=duplicates)]


def _filled(raw: pd.DataFrame, column: str, value: object) -> pd.Series:
    """Return the column, or `value` in every row where there is no such column."""
    return raw[column] if column in raw else pd.Series(value, index=raw.index)


def _index_sorted(ids: pd.Series, kind: str, where: str) -> tuple[np.ndarray, pd.Index]:
    """Return each row's index (int32) into the sorted distinct ids, and these ids as strings."""
    codes, distinct = pd.factorize(ids)
    if pd.api.types.is_integer_dtype(distinct.dtype):
        order = np.argsort(distinct.to_numpy())
    else:
        order = _text_order([str(value) for value in distinct])
    position = np.empty(len(order), dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    return position[codes], pd.Index(distinct[order].astype("str"), name="id")


def _text_order(ids: list[str]) -> np.ndarray:
    """Return the order of distinct ids: numeric if all are plain integers, else lexical."""
    # "07" and "7" are different ids, so only the usual spelling counts as a number.
    numeric = all(re.fullmatch(r"0|-?[1-9][0-9]*", value) for value in ids)
    keys = [int(value) for value in ids] if numeric else ids
    return np.array(sorted(range(len(ids)), key=keys.__getitem__), dtype=np.intp)


def _keep_indices(ids: pd.Series, kind: str, where: str) -> tuple[np.ndarray, pd.Index]:
    """Return ids that are indices already, and all ids up to the largest as strings."""
    smallest, largest = ids.min(), ids.max()
    if smallest < 0 or largest > LARGEST_INDEX:
        wrong = smallest if smallest < 0 else largest
        raise DataError(
            f"{where}: {kind} id {wrong} cannot be an index; this format numbers {kind}s from 0"
        )
    unused = largest + 1 - ids.nunique()
    if unused:
        logger.warning(
            "%s: %d of %d %ss have no interaction; they are kept, so that ids stay indices",
            *(where, unused, largest + 1, kind),
        )
    return ids.to_numpy("int32"), pd.RangeIndex(largest + 1, name="id").astype("str")


def _with_attributes(
    kind: str, ids: pd.Index, attributes: pd.DataFrame | None, where: str
) -> pd.DataFrame:
    """Return the table of users or items: index, id, and the attributes known for each id."""
    table = pd.DataFrame({kind: np.arange(len(ids), dtype=np.int32), "id": ids.array})
    if attributes is None:
        return table
    repeated = attributes["id"].duplicated()
    if repeated.any():
        raise DataError(
            f"{where}: the {kind} attributes have {repeated.sum()} repeated ids, the first is "
            f"{attributes['id'][repeated].iloc[0]!r}: leave one row for each {kind}"
        )
    values = attributes.assign(id=attributes["id"].astype("str")).set_index("id")
    unknown, unused = (~ids.isin(values.index)).sum(), (~values.index.isin(ids)).sum()
    if unknown:
        logger.warning("%s: %d of %d %ss have no attributes", where, unknown, len(ids), kind)
    if unused:
        logger.info("%s: %d %ss with attributes have no interaction", where, unused, kind)
    if unknown == len(ids):
        raise DataError(
            f"{where}: none of the {len(ids)} {kind} ids is in the {kind} attributes: check that "
            f"both use the same ids (here {ids[0]!r}, there {values.index[0]!r})"
        )
    return pd.concat([table, values.reindex(ids).reset_index(drop=True)], axis=1)


def _with_plain_types(table: pa.Table) -> pa.Table:
    """Make texts strings (not large_string), and columns without any value strings too."""
    for position, field in enumerate(table.schema):
        if pa.types.is_null(field.type) or pa.types.is_large_string(field.type):
            column = table.column(position).cast(pa.string())
            table = table.set_column(position, field.name, column)
    return table
