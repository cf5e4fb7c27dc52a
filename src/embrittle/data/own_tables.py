"""Reading a user's own tables (CSV, TSV and Parquet), with messages that name column and line."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from embrittle.data.normal_form import RESERVED, list_column
from embrittle.data.source_files import SEPARATORS, place_of, require_columns, to_numbers
from embrittle.errors import DataError

PARQUET = (".parquet", ".pq")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def read_interactions_table(
    path: str | os.PathLike, columns: Mapping[str, str | None]
) -> pd.DataFrame:
    """Read the interactions of a user's own data.

    Args:
        path: a CSV, TSV or Parquet file.
        columns: "user", "item" and optionally "rating", "timestamp" and "part" -> the table's column, or None.

    Returns:
        The columns user and item (strings) and, if mapped, rating (float64), timestamp (Int64, seconds since 1970 for
        dates) and part (string); rows in the order of the file; the index is the line (Parquet: the row).

    Raises:
        DataError: the file or a column is missing, the file is damaged, or a rating or timestamp cannot be read.
    """
    path = Path(path)
    mapped = {role: column for role, column in columns.items() if column}
    table = _read(path, list(mapped.values()))
    where = str(path)
    rows = {role: _as_ids(table[mapped[role]], where) for role in ("user", "item")}
    if "rating" in mapped:
        rows["rating"] = to_numbers(table[mapped["rating"]], mapped["rating"], where)
    if "timestamp" in mapped:
        rows["timestamp"] = _to_timestamps(table[mapped["timestamp"]], mapped["timestamp"], where)
    if "part" in mapped:
        rows["part"] = table[mapped["part"]].astype("string")
    return pd.DataFrame(rows, index=table.index)


def read_attribute_table(
    path: str | os.PathLike,
    id_column: str,
    attributes: Sequence[str] | None = None,
    lists: Sequence[str] = (),
) -> pd.DataFrame:
    """Read the attributes of users or items.

    Args:
        path: a CSV, TSV or Parquet file with one row for each user or item.
        id_column: the column with the ids that the interactions use.
        attributes: the columns to keep; None keeps all columns.
        lists: columns with several values separated by `|`.

    Returns:
        The column id (string) and the attributes as nullable columns; `lists` as lists of strings.

    Raises:
        DataError: the file or a column is missing, the file is damaged, a row has no id, or an attribute has a
            reserved name.
    """
    path = Path(path)
    wanted = [id_column, *(attributes or []), *lists]
    table = _read(path, wanted, infer_except=(id_column, *lists))
    ids = _as_ids(table[id_column], str(path))
    if ids.isna().any():
        raise DataError(
            f"{path}: {ids.isna().sum()} rows have no {id_column}, first in "
            f"{place_of(ids, ids.isna())}: fill in the {id_column} or remove the row"
        )
    names = list(table.columns) if attributes is None else [*attributes, *lists]
    names = [name for name in dict.fromkeys(names) if name != id_column]
    for name in RESERVED.intersection(names):
        raise DataError(
            f"{path}: an attribute cannot be called {name!r}, a column name of the normal form: rename "
            "the column, or exclude it by listing the other columns in `attributes`"
        )
    values = table[names].copy()
    for name in lists:
        if not pa.types.is_list(pa.Array.from_pandas(values[name]).type):
            values[name] = list_column(values[name])
    values.insert(0, "id", ids)
    return values.reset_index(drop=True)


def _to_timestamps(values: pd.Series, column: str, where: str) -> pd.Series:
    """Return integers unchanged, and dates (ISO 8601) as seconds since 1970, UTC.

    If any date has a fraction of a second, all dates become microseconds: later stages use only their order.
    """
    given = values.dropna()
    is_text = pd.api.types.is_string_dtype(given.dtype) or given.dtype == object
    if is_text and len(given) and pd.isna(pd.to_numeric(given.iloc[0], errors="coerce")):
        dates = pd.to_datetime(given.astype(str), format="ISO8601", utc=True, errors="coerce")
    elif pd.api.types.is_datetime64_any_dtype(given.dtype):
        dates = given
    else:
        return to_numbers(values, column, where, whole=True, missing=True)
    if dates.isna().any():
        raise DataError(
            f"{where}, {place_of(dates, dates.isna())}: {column} must be a whole number (such as "
            "seconds since 1970) or a date such as 2024-05-31 or 2024-05-31T18:30:00, found "
            f"{given[dates.isna()].iloc[0]!r}"
        )
    instants = pa.array(dates, from_pandas=True)
    zone = instants.type.tz if pa.types.is_timestamp(instants.type) else None
    instants = instants.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
    microseconds = pd.Series(instants.to_numpy(), index=dates.index, dtype="Int64")
    times = microseconds if (microseconds % 1_000_000).any() else microseconds // 1_000_000
    return times.reindex(values.index)


def _as_ids(values: pd.Series, where: str) -> pd.Series:
    """Return ids as strings, integers without a decimal point."""
    if pd.api.types.is_float_dtype(values.dtype):
        # Many programs store integer columns with missing values as floats.
        values = to_numbers(values, str(values.name), where, whole=True, missing=True)
    return values.astype("string")


def _read(
    path: Path, wanted: Sequence[str], infer_except: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read a table that must have the `wanted` columns; the index is the line (Parquet: the row).

    In text formats all columns are strings; with `infer_except` only the columns it names are strings, and the types
    of the others are inferred.
    """
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    kind = name.suffix.lower()
    if kind not in SEPARATORS and kind not in PARQUET:
        raise DataError(f"{path}: save the table as .csv, .tsv or .parquet")
    if not path.is_file():
        raise DataError(f"{path} not found: check `path` (relative to the working directory)")
    if kind in PARQUET:
        return _read_parquet(path, wanted)
    return _read_text(path, SEPARATORS[kind], wanted, infer_except)


def _read_parquet(path: Path, wanted: Sequence[str]) -> pd.DataFrame:
    """Read a Parquet table."""
    try:
        require_columns(wanted, pq.read_schema(path).names, str(path))
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable Parquet file: {error}") from error
    # Arrow's types preserve integers in columns with nulls.
    rows = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return rows.set_index(pd.RangeIndex(1, len(rows) + 1, name="row"))


def _read_text(
    path: Path, separators: str, wanted: Sequence[str], infer_except: Sequence[str] | None
) -> pd.DataFrame:
    """Read a CSV or TSV table."""
    form = {"encoding": "utf-8-sig", "index_col": False, "skip_blank_lines": False}
    form |= {"keep_default_na": False, "na_values": [""], "dtype": str}
    if infer_except is not None:
        form |= {"dtype": dict.fromkeys(infer_except, "string"), "dtype_backend": "pyarrow"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            headers = {c: list(pd.read_csv(path, sep=c, nrows=0, **form)) for c in separators}
            # The separator that gives the most wanted columns; of equal ones, the most columns.
            separator = max(
                separators, key=lambda c: (len(set(wanted) & set(headers[c])), len(headers[c]))
            )
            require_columns(wanted, headers[separator], str(path))
            rows = pd.read_csv(path, sep=separator, low_memory=False, **form)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path} is empty: it needs a header with column names") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{path}: a line has more or fewer fields than the header ({str(error).strip()}): put "
            "values that contain the separator in double quotes"
        ) from error
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    rows.index = pd.RangeIndex(2, len(rows) + 2, name="line")
    return rows[~rows.isna().all(axis=1)]
