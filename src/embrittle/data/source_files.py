"""Shared functions of the readers: opening source files, and turning their lines into checked columns."""

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from embrittle.data.normal_form import NormalForm, normalise
from embrittle.data.readers import Entry, Files
from embrittle.errors import DataError

LARGEST_INTEGER = np.iinfo(np.int64).max
# Separators to try for each file ending, in order of preference.
SEPARATORS = {".csv": ",;\t", ".tsv": "\t,;", ".tab": "\t,;", ".txt": "\t,;"}
FETCH_AGAIN = "delete the file, so that it is fetched again, or check the copy in the mirror folder"
CHECK_PATH = "check the file, and `path` (relative to the working directory)"
# Part of a published split -> how RecBole and LightGCN call it in file names.
PUBLISHED_PARTS = {"train": "train", "validation": "valid", "test": "test"}


def published_split(parts: list[pd.DataFrame], entry: Entry) -> NormalForm:
    """Return the normal form of a published split of one test item for each user.

    A pair in both parts is in the test set alone, unless `duplicates` says otherwise.

    Args:
        parts: training and test interactions, with the columns user and item (0-based indices), optionally rating and
            timestamp, and part.
        entry: the data set's entry, of which `duplicates` is read (default: last).

    Raises:
        DataError: as `normal_form.normalise`.
    """
    rows = pd.concat(parts, ignore_index=True).rename_axis("row")
    return normalise(
        rows,
        "the published split",
        duplicates=entry.get("duplicates", "last"),
        ids_are_indices=True,
        parts_may_overlap=True,
    )


def only_file(entry: Entry, files: Files) -> Path:
    """Return the source file of a format with one file; raise DataError unless exactly one is given."""
    if len(files) != 1:
        given = ", ".join(files) or "none"
        raise DataError(
            f"the reader {entry['reader']} needs exactly one source file; given: {given}"
        )
    return next(iter(files.values()))


def file_ending(ending: str, files: Files) -> Path:
    """Return the source file whose name ends with `ending`; raise DataError if there is none."""
    for name, path in files.items():
        if name.endswith(ending):
            return path
    given = ", ".join(files) or "none"
    raise DataError(f"`sources` needs a file whose name ends with {ending}; given: {given}")


def own_path(entry: Mapping, files: Files) -> Path:
    """Return where the file lies that `path:` of the entry, or of one of its tables, names."""
    return files.get(entry["path"], Path(entry["path"]))


def contents(entry: Entry, files: Files, endings: tuple[str, ...]) -> dict[str, bytes]:
    """Read the files of a data set, or the members of their zip archives, by the endings of their names.

    Args:
        entry: the data set's entry; with `path:` that file is read, otherwise all source files.
        files: as in `readers.read`.
        endings: the endings of the names to read; other files are ignored, hidden ones too.

    Returns:
        Name in messages, which ends with the name of the file -> content.

    Raises:
        DataError: no name has such an ending, or a file is missing or damaged.
    """
    own = "path" in entry
    paths = [own_path(entry, files)] if own else list(files.values())
    advice = CHECK_PATH if own else FETCH_AGAIN
    found = {}
    for path in paths:
        if path.suffix.lower() == ".zip":
            with opened_archive(path, advice) as (archive, members):
                found |= {
                    f"{path.name}: {member}": archive.read(member)
                    for member in members
                    if member.endswith(endings) and not PurePosixPath(member).name.startswith(".")
                }
        elif path.name.endswith(endings):
            found[path.name] = read_bytes(path, advice)
    if not found:
        given = ", ".join(path.name for path in paths) or "no file"
        raise DataError(
            f"the reader {entry['reader']} needs files, or a zip archive with files, whose names end with "
            f"{' or '.join(endings)}; found none in {given}"
        )
    return found


def only_ending(ending: str, names: Iterable[str]) -> str | None:
    """Return the name that ends with `ending`, None if there is none; raise DataError if there are several."""
    found = [name for name in names if name.endswith(ending)]
    if len(found) > 1:
        raise DataError(
            f"several files have names that end with {ending}: {', '.join(found)}; keep those of one data set"
        )
    return found[0] if found else None


def published_parts(pattern: str, names: Iterable[str]) -> dict[str, str]:
    """Find the parts of a published split by their names.

    Args:
        pattern: the ending of the names, such as "{}.txt", with {} for train, valid or test.
        names: the names of the files.

    Returns:
        Part ("train", "validation", "test") -> name; validation may be missing. Empty if there are no parts.

    Raises:
        DataError: of training and test part only one is there, or a part is there several times.
    """
    names = list(names)
    endings = {part: pattern.format(word) for part, word in PUBLISHED_PARTS.items()}
    found = {part: only_ending(ending, names) for part, ending in endings.items()}
    parts = {part: name for part, name in found.items() if name is not None}
    for part in ("train", "test"):
        if parts and part not in parts:
            raise DataError(
                f"a published split needs a file whose name ends with {endings[part]}; found {', '.join(names)}"
            )
    return parts


def read_bytes(path: Path, advice: str = FETCH_AGAIN) -> bytes:
    """Return the content of a file; raise DataError with the reason and the advice if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {advice}") from error


@contextmanager
def opened_archive(
    path: Path, advice: str = FETCH_AGAIN
) -> Iterator[tuple[zipfile.ZipFile, list[str]]]:
    """Open a zip archive; nothing is ever extracted to disk.

    Args:
        path: the archive.
        advice: what to do about a damaged archive, for messages.

    Yields:
        The archive and the names of its members.

    Raises:
        DataError: the archive is damaged, encrypted or missing, or the path of a member leads out of the archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            for member in members:
                _require_inside(member, path.name)
            yield archive, members
    # RuntimeError: an encrypted member, or a compression that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DataError(f"{path} is a truncated or damaged archive ({error}): {advice}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): {advice}") from error


def _require_inside(member: str, archive: str) -> None:
    """Raise DataError if the path of a member is absolute or climbs with `..`: no honest archive has such a path."""
    steps = member.replace("\\", "/").split("/")
    if ".." in steps or steps[0] == "" or steps[0].endswith(":"):
        raise DataError(
            f"{archive} holds {member!r}, a path that leads out of the archive: get the archive from a source that "
            "you trust, or pack its files again"
        )


def archive_members(path: Path, *names: str) -> dict[str, bytes]:
    """Read members of a zip archive.

    Args:
        path: the archive.
        names: file names of members, without folders.

    Returns:
        Name -> content.

    Raises:
        DataError: as `opened_archive`, or a member is missing.
    """
    content = {}
    with opened_archive(path) as (archive, paths):
        members = {PurePosixPath(member).name: member for member in paths}
        for name in names:
            if name not in members:
                held = ", ".join(sorted(members)) or "no files"
                raise DataError(
                    f"{path.name} contains {held}, but no {name}: this reader expects another archive"
                )
            content[name] = archive.read(members[name])
    return content


def numeric_rows(
    content: bytes, columns: Mapping[str, str], where: str, first_line: int = 1
) -> pd.DataFrame:
    """Read tab-separated numbers without header; the index is the line in the source.

    Args:
        content: the lines.
        columns: name -> "int64" or "float64", in the order of the fields.
        where: the file's name in messages.
        first_line: the line number of the first line of `content`.

    Raises:
        DataError: a line has another number of fields, or a field is not a number of its type.
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
            pass  # A field is not a number: read again as text, to name the field and its line.
        try:
            rows = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, **form)
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise DataError(
                f"{where}: a line does not have {len(columns)} fields ({str(error).strip()}): "
                "the file is damaged or has another format"
            ) from error
    rows.index = pd.RangeIndex(first_line, first_line + len(rows), name="line")
    rows = rows[~(rows.isna() | rows.eq("")).all(axis=1)]
    return pd.DataFrame(
        {
            name: to_numbers(rows[name], name, where, whole=kind == "int64")
            for name, kind in columns.items()
        }
    )


def text_rows(content: bytes, columns: Sequence[str], where: str) -> pd.DataFrame:
    """Split latin-1 lines at `::` into columns of text; the index is the line.

    Raises:
        DataError: a line has another number of fields than `columns`.
    """
    lines = content.decode("latin-1").removesuffix("\n").split("\n")
    rows = [line.removesuffix("\r").split("::") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise DataError(
                f"{where}, line {number}: expected {len(columns)} fields separated by `::`, found {len(row)}"
            )
    index = pd.RangeIndex(1, len(rows) + 1, name="line")
    return pd.DataFrame(rows, columns=list(columns), index=index, dtype="str")


def require_columns(wanted: Iterable[str], present: Sequence[str], where: str) -> None:
    """Raise DataError unless all `wanted` columns are among the `present` ones."""
    missing = [column for column in dict.fromkeys(wanted) if column not in present]
    if missing:
        raise DataError(
            f"{where} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, present)) or '(none)'}"
        )


def to_numbers(
    values: pd.Series, column: str, where: str, whole: bool = False, missing: bool = False
) -> pd.Series:
    """Convert a column to numbers.

    Args:
        values: the column; its index holds the positions in the source, for messages.
        column: name of the column in messages.
        where: name of the source in messages.
        whole: whether the values must be integers.
        missing: whether values may be missing; if not, a missing value is an error.

    Returns:
        float64; with `whole` int64, or Int64 if values may be missing.

    Raises:
        DataError: a value is not a finite number, or not an integer with `whole`; the message names the first.
    """
    if pd.api.types.is_bool_dtype(values.dtype):
        values = values.astype("Int64")
    given = values.dropna() if missing else values
    numbers = pd.to_numeric(given, errors="coerce")
    size = np.abs(numbers.to_numpy("float64", na_value=np.nan))
    bad = ~np.isfinite(size)
    if whole:
        bad |= (size % 1 != 0) | (size > LARGEST_INTEGER)
    if bad.any():
        value = given[bad].iloc[0]
        kind = "a whole number" if whole else "a number"
        found = "no value" if pd.isna(value) or value == "" else repr(value)
        raise DataError(
            f"{where}, {place_of(given, bad)}: {column} must be {kind}, found {found}"
            + (f" ({bad.sum()} such rows)" if bad.sum() > 1 else "")
        )
    if not whole:
        return numbers.astype("float64")
    return numbers.astype("Int64").reindex(values.index) if missing else numbers.astype("int64")


def place_of(values: pd.Series, chosen: pd.Series | np.ndarray) -> str:
    """Return the position of the first chosen value in its source, such as "line 7"."""
    return f"{values.index.name} {values.index[np.asarray(chosen, dtype=bool)][0]}"
