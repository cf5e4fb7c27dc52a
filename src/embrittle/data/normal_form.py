"""The normal form that every reader returns: users and items with dense indices, original ids and attributes."""

import logging
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from embrittle.errors import DataError
from embrittle.files import read_parquet, write_parquet

logger = logging.getLogger(__name__)

Duplicates = Literal["error", "first", "last"]
STRINGS = pd.ArrowDtype(pa.list_(pa.string()))
# Columns of the tables of users and items that are not attributes.
RESERVED = frozenset({"user", "item", "id"})
# The compiled loops and the files between the stages store indices as 32-bit integers.
LARGEST_INDEX = np.iinfo(np.int32).max
# The parts of a published split; the second may be missing.
PARTS = ("train", "validation", "test")
NAMED = 5  # how many of the interactions or users that are wrong are named in a message


@dataclass(frozen=True)
class NormalForm:
    """A data set as the later stages read it (docs/data.md, "The normal form").

    Attributes:
        interactions: columns user int32 and item int32 (0-based, without gaps), rating float32,
            timestamp Int64 (null if unknown, in the unit of the source) and, for published splits
            only, part (one of `PARTS`); rows in the order of the source.
        users: columns user int32, id string, and attributes; row u describes user u.
        items: columns item int32, id string, and attributes; row i describes item i.
    """

    interactions: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame


class Part(NamedTuple):
    """The interactions of one part of a split, and the name of their source in messages."""

    rows: pd.DataFrame
    where: str


def list_column(
    values: Iterable[str | None], separator: str = "|"
) -> pd.arrays.ArrowExtensionArray:
    """Return a multi-valued attribute as a column of lists: "Action|Comedy" becomes ["Action", "Comedy"], None null."""
    lists = [value.split(separator) if isinstance(value, str) else None for value in values]
    return pd.array(lists, dtype=STRINGS)


def normalise(
    raw: pd.DataFrame,
    where: str,
    *,
    users: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    duplicates: Duplicates = "error",
    ids_are_indices: bool = False,
    parts_may_overlap: bool = False,
) -> NormalForm:
    """Bring interactions and attributes into the normal form.

    Users with held-out interactions but without training interactions lose these interactions, because no model can
    know them. The catalogue keeps all items.

    Args:
        raw: columns user and item (ids, integers or strings) and optionally rating, timestamp and part (one of
            `PARTS`, for a data set that comes with a split); rows in source order. For messages, the index holds the
            position of each row in the source, and the name of the index says what is counted ("line" or "row").
        where: name of the source in messages.
        users: column id and attribute columns; attributes are null for ids without a row.
        items: the same for items.
        duplicates: which interaction of a repeated (user, item) pair to keep, or "error".
        ids_are_indices: keep the ids, which are 0-based indices already; the catalogue then contains every index up
            to the largest. Otherwise indices follow the sorted ids: numerically if all ids are integers, else by
            code points.
        parts_may_overlap: whether a pair may be in several parts, of which `duplicates` then keeps one.

    Raises:
        DataError: there are no interactions, an id is missing, a rating is not finite, a pair is repeated (and
            `duplicates` is "error"), an id cannot be an index, an attribute table does not match the ids, or the
            parts of a split are not usable: a part has another name, there is no training or no test interaction, a
            pair is in several parts, or no user with held-out interactions has training interactions.
    """
    _check_rows(raw, where)
    if "part" in raw:
        _check_parts(raw, where, parts_may_overlap)
    raw = _without_duplicates(raw, where, duplicates)
    index_ids = _keep_indices if ids_are_indices else _index_sorted
    item, item_ids = index_ids(raw["item"], "item", where)
    trained = _have_training(raw, where) if "part" in raw else np.ones(len(raw), dtype=bool)
    if ids_are_indices:  # also those of the users who are left out
        user, user_ids = index_ids(raw["user"], "user", where)
        user = user[trained]
    else:
        user, user_ids = index_ids(raw["user"][trained], "user", where)
    raw, item = raw[trained], item[trained]
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


def normalise_parts(parts: Mapping[str, Part], **arguments: Any) -> NormalForm:
    """Bring the parts of a split, each from a file of its own, into the normal form.

    Args:
        parts: `PARTS` -> the interactions, with the columns that `normalise` reads except part; validation may be
            missing.
        arguments: further arguments of `normalise`.

    Raises:
        DataError: as `normalise`; also if a part has no interactions. Messages name the file of the part.
    """
    joined = []
    for name, (rows, where) in parts.items():
        _check_rows(rows, where)
        kept = _without_duplicates(rows, where, arguments.get("duplicates", "error"))
        joined.append(kept.assign(part=name))
    where = ", ".join(part.where for part in parts.values())
    return normalise(pd.concat(joined, ignore_index=True).rename_axis("row"), where, **arguments)


def write(
    form: NormalForm,
    interactions: str | os.PathLike,
    users: str | os.PathLike,
    items: str | os.PathLike,
) -> None:
    """Write the three tables of `form` as Parquet files."""
    tables = ((form.interactions, interactions), (form.users, users), (form.items, items))
    for table, path in tables:
        # pandas' metadata is left out, so that every library reads the same columns.
        columns = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        write_parquet(_with_plain_types(columns), path)


def read(
    interactions: str | os.PathLike, users: str | os.PathLike, items: str | os.PathLike
) -> NormalForm:
    """Read the three tables that `write` wrote; raise DataError if a file is damaged."""
    return NormalForm(
        read_interactions(interactions), read_attributes(users), read_attributes(items)
    )


def read_attributes(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table of users or of items that `write` wrote; raise DataError if the file is damaged."""
    # Arrow's types preserve lists, and integers in columns that also have nulls.
    return read_parquet(path).to_pandas(types_mapper=pd.ArrowDtype)


def read_interactions(path: str | os.PathLike) -> pd.DataFrame:
    """Read interactions that `write` wrote, with the column types of `NormalForm`; DataError if damaged."""
    table = read_parquet(path)
    # By default to_pandas converts integers with nulls to floats, which loses digits.
    timestamp = table.column("timestamp").to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    rows = table.drop_columns("timestamp").to_pandas()
    rows.insert(3, "timestamp", timestamp)
    return rows


def _check_rows(raw: pd.DataFrame, where: str) -> None:
    """Raise DataError if there are no interactions, or one has no id or no finite rating."""
    if raw.empty:
        raise DataError(f"{where}: no interactions found; check that this is the right file")
    for column in ("user", "item", "rating"):
        if column not in raw:
            continue
        bad = raw[column].isna()
        if column == "rating":
            bad |= ~np.isfinite(raw[column].to_numpy("float64", na_value=np.nan))
        if bad.any():
            name = column if column == "rating" else f"{column} id"
            raise DataError(
                f"{where}: {bad.sum()} of {len(raw)} interactions have no {name}, first in "
                f"{_place(raw, bad)}: fill in the {name} or remove the row"
            )


def _place(raw: pd.DataFrame, chosen: pd.Series | np.ndarray) -> str:
    """Return the position of the first chosen row in its source, such as "line 7"."""
    return f"{raw.index.name or 'row'} {raw.index[np.asarray(chosen, dtype=bool)][0]}"


def _without_duplicates(raw: pd.DataFrame, where: str, duplicates: Duplicates) -> pd.DataFrame:
    """Keep the first or the last interaction of each repeated (user, item) pair, or raise DataError."""
    repeated = raw.duplicated(["user", "item"], keep="first").to_numpy()
    if not repeated.any():
        return raw
    if duplicates == "error":
        first = raw[repeated].iloc[0]
        raise DataError(
            f"{where}: {repeated.sum()} interactions repeat a (user, item) pair, first in "
            f"{_place(raw, repeated)} (user {first['user']}, item {first['item']}). Set "
            "`duplicates: first` or `duplicates: last` in the data set's entry to keep one interaction of each pair"
        )
    logger.warning(
        "%s: %d interactions repeat a (user, item) pair; kept the %s of each pair",
        *(where, repeated.sum(), duplicates),
    )
    return raw[~raw.duplicated(["user", "item"], keep=duplicates)]


def _check_parts(raw: pd.DataFrame, where: str, may_overlap: bool) -> None:
    """Raise DataError if a part has another name, training or test is empty, or a pair is in several parts."""
    unknown = ~raw["part"].isin(PARTS)
    if unknown.any():
        found = ", ".join(repr(name) for name in raw.loc[unknown, "part"].dropna().unique()[:NAMED])
        raise DataError(
            f"{where}: {unknown.sum()} of {len(raw)} interactions are in no part of the split, first in "
            f"{_place(raw, unknown)}: a part is {', '.join(PARTS[:-1])} or {PARTS[-1]}, found {found or 'no value'}"
        )
    for name in ("train", "test"):
        if not (raw["part"] == name).any():
            raise DataError(f"{where}: the part {name} of the split has no interactions")
    if may_overlap:
        return
    repeated = raw[raw.duplicated(["user", "item"], keep=False)]
    pairs = repeated.drop_duplicates(["user", "item", "part"])
    several = pairs[pairs.duplicated(["user", "item"], keep=False)]
    if len(several):
        named = [
            f"user {user}, item {item} ({', '.join(rows['part'])})"
            for (user, item), rows in several.groupby(["user", "item"], sort=False)
        ]
        raise DataError(
            f"{where}: {len(named)} (user, item) pairs are in several parts of the split: "
            f"{_first(named, '; ')}. Keep each pair in one part"
        )


def _have_training(raw: pd.DataFrame, where: str) -> np.ndarray:
    """Return which interactions are of users with training interactions; say how many others there are."""
    trained = raw["user"].isin(raw.loc[raw["part"] == "train", "user"]).to_numpy(bool)
    if trained.all():
        return trained
    if not (raw["part"] == "test")[trained].any():
        raise DataError(
            f"{where}: no user with test interactions has training interactions: check that the parts use the same ids "
            f"(train: {raw.loc[trained, 'user'].iloc[0]}, test: {raw.loc[~trained, 'user'].iloc[0]})"
        )
    unknown = raw.loc[~trained, "user"].unique()
    logger.warning(
        "%s: %d users have no training interaction and are left out, with their %d held-out interactions: %s",
        *(where, len(unknown), (~trained).sum(), _first([str(user) for user in unknown], ", ")),
    )
    return trained


def _first(named: list[str], separator: str) -> str:
    """Return the first names, and how many there are besides."""
    rest = len(named) - NAMED
    more = f"{separator}and {rest} more" if rest > 0 else ""
    return separator.join(named[:NAMED]) + more


def _filled(raw: pd.DataFrame, column: str, value: object) -> pd.Series:
    """Return the column, or a column of `value` if the column is missing."""
    return raw[column] if column in raw else pd.Series(value, index=raw.index)


def _index_sorted(ids: pd.Series, kind: str, where: str) -> tuple[np.ndarray, pd.Index]:
    """Return each row's index (int32) into the sorted distinct ids, and the sorted ids as strings."""
    codes, distinct = pd.factorize(ids)
    if pd.api.types.is_integer_dtype(distinct.dtype):
        order = np.argsort(distinct.to_numpy())
    else:
        order = _text_order([str(value) for value in distinct])
    position = np.empty(len(order), dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    return position[codes], pd.Index(distinct[order].astype("str"), name="id")


def _text_order(ids: list[str]) -> np.ndarray:
    """Return the sorting order of distinct ids: numeric if all are plain integers, else lexical."""
    # "07" and "7" are different ids, so only the canonical spelling counts as an integer.
    numeric = all(re.fullmatch(r"0|-?[1-9][0-9]*", value) for value in ids)
    keys = [int(value) for value in ids] if numeric else ids
    return np.array(sorted(range(len(ids)), key=keys.__getitem__), dtype=np.intp)


def _keep_indices(ids: pd.Series, kind: str, where: str) -> tuple[np.ndarray, pd.Index]:
    """Return ids that are indices already, and every index up to the largest as strings."""
    smallest, largest = ids.min(), ids.max()
    if smallest < 0 or largest > LARGEST_INDEX:
        wrong = smallest if smallest < 0 else largest
        raise DataError(
            f"{where}: the {kind} id {wrong} cannot be an index; this format numbers {kind}s from 0"
        )
    unused = largest + 1 - ids.nunique()
    if unused:
        logger.warning(
            "%s: %d of %d %ss have no interaction; they are kept, so that every id remains an index",
            *(where, unused, largest + 1, kind),
        )
    return ids.to_numpy("int32"), pd.RangeIndex(largest + 1, name="id").astype("str")


def _with_attributes(
    kind: str, ids: pd.Index, attributes: pd.DataFrame | None, where: str
) -> pd.DataFrame:
    """Return the table of users or items: index, id and attributes (null for ids without attributes)."""
    table = pd.DataFrame({kind: np.arange(len(ids), dtype=np.int32), "id": ids.array})
    if attributes is None:
        return table
    repeated = attributes["id"].duplicated()
    if repeated.any():
        raise DataError(
            f"{where}: the {kind} attributes have {repeated.sum()} repeated ids, first "
            f"{attributes['id'][repeated].iloc[0]!r}: keep one row for each {kind}"
        )
    values = attributes.assign(id=attributes["id"].astype("str")).set_index("id")
    unknown, unused = (~ids.isin(values.index)).sum(), (~values.index.isin(ids)).sum()
    if unknown:
        logger.warning("%s: %d of %d %ss have no attributes", where, unknown, len(ids), kind)
    if unused:
        logger.info("%s: %d %ss have attributes but no interaction", where, unused, kind)
    if unknown == len(ids):
        raise DataError(
            f"{where}: none of the {len(ids)} {kind} ids occurs in the {kind} attributes: check that both use the "
            f"same ids (interactions: {ids[0]!r}, attributes: {values.index[0]!r})"
        )
    return pd.concat([table, values.reindex(ids).reset_index(drop=True)], axis=1)


def _with_plain_types(table: pa.Table) -> pa.Table:
    """Convert large_string columns, and columns without any value, to string columns."""
    for position, field in enumerate(table.schema):
        if pa.types.is_null(field.type) or pa.types.is_large_string(field.type):
            column = table.column(position).cast(pa.string())
            table = table.set_column(position, field.name, column)
    return table
