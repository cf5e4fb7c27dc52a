"""A user's own tables (CSV, TSV, Parquet), with column names from the entry (docs/data.md, "Your own data")."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=False, timestamps=True, published_split=False, path=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the interactions and, if the entry names them, the tables of users and items; errors as `readers.read`."""
    from embrittle.data.normal_form import normalise
    from embrittle.data.own_tables import read_attribute_table, read_interactions_table
    from embrittle.errors import ConfigError

    columns = entry.get("columns", {})
    if not entry.get("path") or not {"user", "item"} <= set(columns):
        raise ConfigError(
            "an own data set needs `path:` and, under `columns:`, the names of its user column (`user:`) and "
            "item column (`item:`)"
        )
    path = files.get(entry["path"], Path(entry["path"]))
    interactions = read_interactions_table(path, columns)
    attributes = {}
    for kind in ("users", "items"):
        if entry.get(kind):
            table = entry[kind]
            attributes[kind] = read_attribute_table(
                files.get(table["path"], Path(table["path"])),
                table["id"],
                table.get("attributes"),
                table.get("lists", ()),
            )
    return normalise(
        interactions, str(path), duplicates=entry.get("duplicates", "error"), **attributes
    )
