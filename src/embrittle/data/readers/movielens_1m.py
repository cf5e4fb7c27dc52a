"""The MovieLens-1M archive: latin-1 text with fields separated by `::`, as its README describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.data.readers import Entry, Files, Format

if TYPE_CHECKING:
    import pandas as pd

    from embrittle.data.normal_form import NormalForm

FORMAT = Format(sources=True, timestamps=True, published_split=False)


def read(entry: Entry, files: Files) -> NormalForm:
    """Read ratings, users and movies from the archive; errors as `readers.read`."""
    from embrittle.data.normal_form import normalise
    from embrittle.data.source_files import archive_members, numeric_rows, only_file

    path = only_file(entry, files)
    members = archive_members(path, "ratings.dat", "users.dat", "movies.dat")
    where = f"{path.name}: ratings.dat"
    ratings = numeric_rows(
        members["ratings.dat"].replace(b"::", b"\t"),
        {"user": "int64", "item": "int64", "rating": "float64", "timestamp": "int64"},
        where,
    )
    return normalise(
        ratings,
        where,
        users=_users(members["users.dat"], f"{path.name}: users.dat"),
        items=_movies(members["movies.dat"], f"{path.name}: movies.dat"),
        duplicates=entry.get("duplicates", "last"),
    )


def _users(content: bytes, where: str) -> pd.DataFrame:
    """Read users.dat: id, gender, age group, occupation (as coded in the archive's README)."""
    from embrittle.data.source_files import text_rows, to_numbers

    rows = text_rows(content, ("id", "gender", "age", "occupation", "postcode"), where)
    codes = {
        name: to_numbers(rows[name], name, where, whole=True).astype("Int16")
        for name in ("age", "occupation")
    }
    return rows.assign(**codes).drop(columns="postcode")


def _movies(content: bytes, where: str) -> pd.DataFrame:
    """Read movies.dat: id, title with its year, genres."""
    from embrittle.data.normal_form import list_column
    from embrittle.data.source_files import text_rows

    rows = text_rows(content, ("id", "title", "genres"), where)
    return rows.assign(genres=list_column(rows["genres"]))
