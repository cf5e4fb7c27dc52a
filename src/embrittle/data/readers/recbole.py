"""RecBole's atomic files (https://recbole.io/docs/user_guide/data/atomic_files.html), also in a zip archive.

`name.inter` holds the interactions, or `name.train.inter`, `name.valid.inter` and `name.test.inter` hold the parts of a
published split; `name.user` and `name.item` hold attributes. Fields are separated by tabs and never quoted. Each field
of the first line is the name and the type of a column, such as `user_id:token`. Where there are parts, `name.inter` is
not read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

# Only the files say whether there are timestamps and parts.
FORMAT = Format(sources=True, timestamps=True, published_split=True, path=True)
TYPES = ("token", "token_seq", "float", "float_seq")
# Role of a column of interactions -> RecBole's default name, and the type that the role needs.
NAMES = {"user": "user_id", "item": "item_id", "rating": "rating", "timestamp": "timestamp"}
ROLE_TYPES = {
    "user": "token",
    "item": "token",
    "rating": "float",
    "timestamp": "float",
    "part": "token",
}

logger = logging.getLogger(__name__)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the interactions and, where there are such files, the attributes of users and items.

    `columns` in the entry names the columns; without it they are user_id, item_id and, if the file has them, rating and
    timestamp. Repeated interactions are an error in the user's own file (`path`); of those in published files
    (`sources`) the last is kept. Errors as `readers.read`.
    """
    from embrittle.data import source_files
    from embrittle.data.normal_form import Part, normalise, normalise_parts
    from embrittle.errors import DataError

    contents = source_files.contents(entry, files, (".inter", ".user", ".item"))
    names = [name for name in contents if name.endswith(".inter")]
    duplicates = entry.get("duplicates", "error" if "path" in entry else "last")

    def interactions(name: str) -> Part:
        return Part(_interactions(contents[name], name, entry.get("columns")), name)

    if names_of := source_files.published_parts(".{}.inter", names):
        parts = {part: interactions(name) for part, name in names_of.items()}
        attributes = _attributes(entry, files, contents)
        return normalise_parts(parts, duplicates=duplicates, **attributes)
    if name := source_files.only_ending(".inter", names):
        whole = interactions(name)
        return normalise(*whole, duplicates=duplicates, **_attributes(entry, files, contents))
    raise DataError(f"found no file whose name ends with .inter, only {', '.join(contents)}")


def _interactions(
    content: bytes, where: str, columns: Mapping[str, str | None] | None
) -> pd.DataFrame:
    """Read user and item (strings) and, if there, rating (float64), timestamp (Int64), part; the index is the line."""
    from embrittle.data.source_files import place_of, require_columns, to_numbers
    from embrittle.errors import DataError

    types = _header(content, where)
    if columns is None:
        mapped = {r: name for r, name in NAMES.items() if name in types or r in ("user", "item")}
    else:
        mapped = {role: name for role, name in columns.items() if name}
    require_columns(mapped.values(), list(types), where)
    for role, name in mapped.items():
        if types[name] != ROLE_TYPES[role]:
            raise DataError(
                f"{where}: the column of {role}s must have the type {ROLE_TYPES[role]}, found {name}:{types[name]}"
            )
    table = _rows(content, where, list(types), list(mapped.values()))
    rows = table.rename(columns={name: role for role, name in mapped.items()})
    if rows.empty:
        raise DataError(f"{where}: no interactions found; check that this is the right file")
    for role in ("user", "item"):
        missing = rows[role].isna()
        if missing.any():
            raise DataError(
                f"{where}, {place_of(rows[role], missing)}: {mapped[role]} is empty ({missing.sum()} such rows)"
            )
    if "rating" in rows:
        rows["rating"] = to_numbers(rows["rating"], mapped["rating"], where)
    if "timestamp" in rows:
        rows["timestamp"] = _times(rows["timestamp"], mapped["timestamp"], where)
    return rows


def _times(values: pd.Series, column: str, where: str) -> pd.Series:
    """Return timestamps as whole numbers; if any has a fraction, all in millionths: only their order is used."""
    from embrittle.data.source_files import to_numbers

    numbers = to_numbers(values, column, where, missing=True)
    if (numbers % 1 == 0).all():
        return to_numbers(values, column, where, whole=True, missing=True)  # exact, unlike float64
    return (numbers * 1_000_000).round().astype("Int64").reindex(values.index)


def _attributes(
    entry: Entry, files: Files, contents: Mapping[str, bytes]
) -> dict[str, pd.DataFrame]:
    """Read the files of users and items: the one that the entry names, or the one among the contents."""
    from embrittle.data import source_files

    found = {}
    for kind in ("user", "item"):
        table: Mapping[str, Any] = entry.get(f"{kind}s") or {}
        id_column = table.get("id") or (entry.get("columns") or NAMES)[kind]
        if table:
            path = source_files.own_path(table, files)
            content, where = source_files.read_bytes(path, source_files.CHECK_PATH), str(path)
        else:
            name = source_files.only_ending(f".{kind}", contents)
            if name is None:
                continue
            content, where = contents[name], name
        found[f"{kind}s"] = _attribute_table(content, where, id_column, table.get("attributes"))
    return found


def _attribute_table(
    content: bytes, where: str, id_column: str, attributes: list[str] | None
) -> pd.DataFrame:
    """Read a file of users or items.

    Args:
        content: the file.
        where: its name in messages.
        id_column: the column of ids.
        attributes: the columns to keep; None keeps all but vectors of numbers, which cannot define groups.

    Returns:
        The column id (string) and the attributes: tokens as strings, sequences of tokens as lists, floats as numbers;
        missing values are null.

    Raises:
        DataError: the file is damaged, lacks a column or an id, or an attribute has a reserved name.
    """
    from embrittle.data.normal_form import RESERVED, list_column
    from embrittle.data.source_files import place_of, require_columns, to_numbers
    from embrittle.errors import DataError

    types = _header(content, where)
    require_columns([id_column, *(attributes or [])], list(types), where)
    if attributes is None:
        attributes = [name for name, kind in types.items() if kind != "float_seq"]
    names = [name for name in attributes if name != id_column]
    for name in RESERVED.intersection(names):
        raise DataError(f"{where}: an attribute cannot be called {name!r}: rename the column")
    rows = _rows(content, where, list(types), [id_column, *names])
    missing = rows[id_column].isna()
    if missing.any():
        raise DataError(f"{where}, {place_of(rows, missing)}: {id_column} is empty")
    for name in names:
        if types[name] == "float":
            numbers = to_numbers(rows[name], name, where, missing=True)
            rows[name] = numbers.astype("Float64").reindex(rows.index)
        elif types[name] != "token":
            rows[name] = list_column(rows[name], " ")
    return rows.rename(columns={id_column: "id"}).reset_index(drop=True)


def _header(content: bytes, where: str) -> dict[str, str]:
    """Return the name and the type of each column from the first line; raise DataError if it is no header."""
    from embrittle.errors import DataError

    first = content.partition(b"\n")[0].decode("utf-8-sig", errors="replace").rstrip("\r")
    valid = f"the types are {', '.join(TYPES)}"
    if not first:
        raise DataError(f"{where} is empty: it needs a header such as user_id:token; {valid}")
    types: dict[str, str] = {}
    for field in first.split("\t"):
        name, _, kind = field.rpartition(":")
        if not name:
            raise DataError(
                f"{where}: the first line must name each column and its type, such as user_id:token, separated by "
                f"tabs; found {field!r}; {valid}"
            )
        if kind not in TYPES:
            raise DataError(f"{where}: column {name!r} has the unknown type {kind!r}; {valid}")
        if name in types:
            raise DataError(f"{where}: two columns have the name {name!r}")
        types[name] = kind
    return types


def _rows(content: bytes, where: str, names: list[str], wanted: list[str]) -> pd.DataFrame:
    """Read the wanted columns of the lines after the header as text; empty fields are null, the index is the line."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    from embrittle.errors import DataError

    # A last line without content is no row. (A line of tabs is one: its ids are missing.)
    end = len(content.rstrip(b"\r\n"))
    start = content.find(b"\n") + 1
    if not 0 < start < end:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in wanted}).rename_axis("line")
    wrong: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip" if len(wrong) == 1 else "error"

    try:
        table = csv.read_csv(
            pa.BufferReader(memoryview(content)[start:end]),
            # One thread, because pyarrow counts lines only then.
            read_options=csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=csv.ParseOptions(
                delimiter="\t", quote_char=False, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            convert_options=csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        if not wrong:
            reason = "is not UTF-8 text" if "UTF8" in str(error) else f"cannot be read: {error}"
            raise DataError(f"{where} {reason}") from error
    if wrong:
        first = wrong[0]
        raise DataError(
            f"{where}, line {(first.number or 0) + 1}: {first.actual_columns} tab-separated fields, but the first "
            f"line has {len(names)}"
        )
    rows = table.to_pandas()
    return rows.set_index(pd.RangeIndex(2, len(rows) + 2, name="line"))
