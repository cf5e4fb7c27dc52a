"""A user's own tables (CSV, TSV, Parquet), with column names from the entry (docs/data.md, "Your own data")."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    from embrittle.data.normal_form import NormalForm

# Whether there is a split depends on the entry: `_has_split` in study/settings.py.
FORMAT = Format(sources=False, timestamps=True, published_split=True, path=True, parts=True)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read the interactions and, if the entry names them, the tables of users and items; errors as `readers.read`."""
    from embrittle.data.normal_form import Part, normalise, normalise_parts
    from embrittle.data.own_tables import read_attribute_table, read_interactions_table
    from embrittle.errors import ConfigError

    columns = entry.get("columns", {})
    if not (entry.get("path") or entry.get("parts")) or not {"user", "item"} <= set(columns):
        raise ConfigError(
            "an own data set needs `path:` or `parts:` and, under `columns:`, the names of its user column (`user:`) "
            "and item column (`item:`)"
        )
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
    arguments = {"duplicates": entry.get("duplicates", "error"), **attributes}

    def interactions(name: str) -> Part:
        path = files.get(name, Path(name))
        return Part(read_interactions_table(path, columns), str(path))

    if "parts" in entry:
        parts = {part: interactions(name) for part, name in entry["parts"].items()}
        return normalise_parts(parts, **arguments)
    return normalise(*interactions(entry["path"]), **arguments)
