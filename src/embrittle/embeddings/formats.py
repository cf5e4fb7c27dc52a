"""Readers of files of embeddings, one for each format; all read in chunks, and none loads anything pickled.

To add a format, add a reader to `READERS` and its ending to `settings.ENDINGS`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embrittle.data.source_files import SEPARATORS
from embrittle.embeddings.settings import format_of, refusal
from embrittle.errors import DataError

# Rows that are in memory at a time, beside the result.
CHUNK = 2**16
_BLOCK = 2**24  # bytes of a text table at a time
_LINES = 2**13  # lines of word2vec's text format at a time


@dataclass(frozen=True)
class Source:
    """A file of embeddings.

    Attributes:
        path: the file.
        ids: for arrays, the text file with one id a line.
        id_column: for tables, the column of ids; None for the first.
        bias_column: the column or array of biases, if there is one.
        needs_bias: whether there must be one.
        bias_file: a .npy file with the bias of each row.
    """

    path: Path
    ids: Path | None = None
    id_column: str | None = None
    bias_column: str = "bias"
    needs_bias: bool = False
    bias_file: Path | None = None


class Rows(NamedTuple):
    """Some rows of a file of embeddings.

    Attributes:
        ids: text, or None for a missing id, (n,).
        factors: float32 (n, n_factors).
        bias: float32 (n,); None without biases.
        uneven: the rows whose list has another length than the first list of the file, bool (n,); None if all have
            the same length.
    """

    ids: np.ndarray
    factors: np.ndarray
    bias: np.ndarray | None = None
    uneven: np.ndarray | None = None


def read(source: Source) -> Iterator[Rows]:
    """Yield the rows of a file of embeddings in chunks, in the order of the file.

    Raises:
        DataError: the file is missing, empty or damaged, has another format than its ending says, might be pickled, or
            lacks a column; or the ids or biases beside it have another length.
    """
    path = source.path
    if reason := refusal(str(path)):
        raise DataError(reason)
    for file in filter(None, (path, source.ids, source.bias_file)):
        if not file.is_file():
            raise DataError(f"{file} not found: check the path (relative to the working directory)")
        if file.stat().st_size == 0:
            raise DataError(f"{file} is empty")
    reader = READERS[format_of(str(path)) or ""]
    chunks = reader(source)
    if source.bias_file:
        chunks = _with_biases(chunks, source.bias_file)
    n_rows = 0
    with _named(path):
        for rows in chunks:
            n_rows += len(rows.ids)
            yield rows
    if not n_rows:
        raise DataError(f"{path} has no rows")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn errors of the libraries that read a file into a DataError that names the file."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:  # each format has exceptions of its own
        raise DataError(f"{path} cannot be read: {error}") from error


# --- Arrays ---------------------------------------------------------------------------------------


def read_npy(source: Source) -> Iterator[Rows]:
    """Read a .npy file, with the ids beside it."""
    yield from _array_rows(source, _npy(source.path), None)


def _npy(path: Path) -> np.ndarray:
    with _named(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


def read_safetensors(source: Source) -> Iterator[Rows]:
    """Read a .safetensors file with one matrix and, optionally, a vector of biases, with the ids beside it."""
    from safetensors import safe_open

    with safe_open(source.path, framework="numpy") as file:
        names = list(file.keys())
        biases = file.get_tensor(source.bias_column) if source.bias_column in names else None
        others = [name for name in names if name != source.bias_column]
        if len(others) != 1 or (source.needs_bias and biases is None):
            raise DataError(
                f"{source.path} holds the arrays {', '.join(names) or '(none)'}: save one matrix and, if there are "
                f"biases, a vector {source.bias_column!r} of them"
            )
        yield from _array_rows(source, file.get_tensor(others[0]), biases)


def _array_rows(source: Source, matrix: np.ndarray, biases: np.ndarray | None) -> Iterator[Rows]:
    ids = _read_ids(source.ids) if source.ids else np.empty(0, dtype=object)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise DataError(
            f"{source.path} holds {matrix.dtype} of shape {matrix.shape}: save a matrix of float16, float32 or "
            "float64, one row for each id"
        )
    if len(ids) != len(matrix):
        raise DataError(
            f"{source.ids} has {len(ids)} ids, but {source.path} has {len(matrix)} rows: write the id of each row, "
            "one a line"
        )
    if biases is not None:
        biases = _as_vector(biases, len(matrix), source.path)
    for first in range(0, len(matrix), CHUNK):
        part = slice(first, first + CHUNK)
        yield Rows(ids[part], _as_float32(matrix[part]), None if biases is None else biases[part])


def _read_ids(path: Path) -> np.ndarray:
    """Read one id a line; an empty line is a missing id."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from error
    lines = text.removesuffix("\n").split("\n")
    return np.array([line.removesuffix("\r") or None for line in lines], dtype=object)


def _with_biases(chunks: Iterable[Rows], path: Path) -> Iterator[Rows]:
    """Add the biases of a file to the rows that they belong to."""
    biases = _npy(path)
    first = 0
    for rows in chunks:
        if rows.bias is not None:
            raise DataError(f"there are biases in the file of items and in {path}: give them once")
        last = first + len(rows.ids)
        if biases.size < last:
            break
        yield rows._replace(bias=_as_vector(biases.reshape(-1)[first:last], last - first, path))
        first = last
    else:
        if first == biases.size:
            return
    raise DataError(
        f"{path} has {biases.size} biases, which is not the number of items in its file"
    )


def _as_vector(values: np.ndarray, length: int, path: Path) -> np.ndarray:
    if values.size != length or values.dtype.kind not in "fiu":
        raise DataError(
            f"{path}: the biases are {values.dtype} of shape {values.shape}: there must be one number for each of "
            f"the {length} rows"
        )
    return _as_float32(values.reshape(-1))


def _as_float32(values: np.ndarray) -> np.ndarray:
    """Copy as float32; what is too large becomes infinite, which is reported with the infinite values."""
    with np.errstate(over="ignore"):
        return np.array(values, dtype=np.float32)


# --- Tables ---------------------------------------------------------------------------------------


def read_parquet(source: Source) -> Iterator[Rows]:
    """Read a Parquet table: a column of ids and one column for each factor, or one column of lists."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        names = file.schema_arrow.names
        table = _Table(source, names)
        for batch in file.iter_batches(batch_size=CHUNK):
            yield table.rows(batch)


def read_text_table(source: Source) -> Iterator[Rows]:
    """Read a CSV or TSV table of the same columns; a list is written as numbers with spaces, commas or | between."""
    from pyarrow import csv as arrow_csv

    names, separator = _header(source.path)
    table = _Table(source, names)
    kinds = {name: pa.float64() for name in [*table.factors, *table.bias]}
    kinds |= dict.fromkeys(
        [table.id, *(table.factors if len(table.factors) == 1 else ())], pa.string()
    )
    with pa.input_stream(source.path, compression="detect") as stream:
        batches = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(delimiter=separator),
            convert_options=arrow_csv.ConvertOptions(column_types=kinds),
        )
        for batch in batches:
            yield table.rows(batch)


def _header(path: Path) -> tuple[list[str], str]:
    """Return the column names of a text table, and the separator that gives the most."""
    with pa.input_stream(path, compression="detect") as stream:
        start = stream.read(2**20)
    try:
        line = start.split(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from error
    ending = ".tsv" if ".tsv" in path.name.lower() else ".csv"
    columns = {c: next(csv.reader([line], delimiter=c), []) for c in SEPARATORS[ending]}
    separator = max(columns, key=lambda c: len(columns[c]))
    names = columns[separator]
    if len(names) > 1 and all(map(_is_number, names[1:])) and any("." in n for n in names[1:]):
        raise DataError(f"{path}: the first line holds numbers; it must hold the names of columns")
    return names, separator


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Names that pandas gives an index that is written as a column.
_INDEX_NAMES = ("", "index", "level_0", "Unnamed: 0", "__index_level_0__")
_FEW_ROWS = 3  # so few may hold 0, 1, 2 by chance


def _index_message(path: Path, name: str) -> str:
    return (
        f"{path}: the column {name!r} looks like the row numbers of pandas, and would count as a factor: write the "
        "table without them (index=False), or remove the column"
    )


class _Table:
    """The columns of a table of embeddings.

    Attributes:
        id: the column of ids.
        bias: the column of biases, in a list; an empty list without biases.
        factors: the other columns.
    """

    def __init__(self, source: Source, names: list[str]):
        self._path = source.path
        self.id = source.id_column or (names[0] if names else "")
        self.bias = [source.bias_column] if source.bias_column in names else []
        wanted = [self.id, *([source.bias_column] if source.needs_bias else [])]
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        for name in wanted:
            if name not in names:
                raise DataError(f"{source.path} has no column {name!r}; its columns are {shown}")
        if len(set(names)) < len(names):
            raise DataError(f"{source.path} has two columns of one name; its columns are {shown}")
        self.factors = [name for name in names if name not in (self.id, *self.bias)]
        if not self.factors:
            raise DataError(
                f"{source.path} has only the columns {shown}: it needs a column of ids and one column for each "
                "factor, or one column of lists"
            )
        self._length: int | None = None  # of the first list
        if named := [name for name in self.factors if name in _INDEX_NAMES]:
            raise DataError(_index_message(source.path, named[0]))
        self._first = True

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """Return the rows of a batch."""
        ids = self._ids(batch.column(self.id))
        bias = self._numbers(batch, self.bias[0]) if self.bias else None
        first = batch.column(self.factors[0])
        if len(self.factors) > 1:
            factors = np.empty((len(ids), len(self.factors)), dtype=np.float32)
            for position, name in enumerate(self.factors):
                factors[:, position] = self._numbers(batch, name)
            self._check_no_row_numbers(factors)
            return Rows(ids, factors, bias)
        if pa.types.is_string(first.type) or pa.types.is_large_string(first.type):
            first = self._lists(first)
        if not _is_list(first.type):
            return Rows(ids, self._numbers(batch, self.factors[0])[:, None], bias)
        return self._of_lists(ids, first, bias)

    def _check_no_row_numbers(self, factors: np.ndarray) -> None:
        """Raise DataError if a column holds 0, 1, 2, ...: an index that would count as a very large factor."""
        if self._first and len(factors) > _FEW_ROWS:
            numbers = (factors == np.arange(len(factors), dtype=np.float32)[:, None]).all(axis=0)
            if numbers.any():
                raise DataError(_index_message(self._path, self.factors[int(numbers.argmax())]))
        self._first = False

    def _ids(self, column: pa.Array) -> np.ndarray:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_floating(column.type):
            try:
                # Many programs store integer columns with missing values as floats.
                column = column.cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise DataError(
                    f"{self._path}: the column {self.id!r} holds fractions and is taken for the ids: name the column "
                    "of ids (columns)"
                ) from error
        if _is_list(column.type):
            raise DataError(
                f"{self._path}: the column {self.id!r} holds lists and is taken for the ids: name the column of ids "
                "(columns)"
            )
        ids = column.cast(pa.string()).to_numpy(zero_copy_only=False).astype(object)
        ids[ids == ""] = None
        return ids

    def _numbers(self, batch: pa.RecordBatch, name: str) -> np.ndarray:
        column = batch.column(name)
        kind = column.type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise DataError(
                f"{self._path}: the column {name!r} holds {kind}, not numbers: keep the ids, the factors and "
                "optionally a column of biases, or one column of lists in place of the factors"
            )
        return _as_float32(column.to_numpy(zero_copy_only=False))

    def _lists(self, column: pa.Array) -> pa.Array:
        """Turn text such as "[0.5, -1]" into lists."""
        spaced = pc.replace_substring_regex(column, r"[\[\]\s,;|]+", " ")
        words = pc.split_pattern(pc.utf8_trim_whitespace(spaced), " ")
        try:
            return words.cast(pa.list_(pa.float64()))
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{self._path}: the column {self.factors[0]!r} must hold a number, or numbers with spaces, commas or "
                f"| between them ({error})"
            ) from error

    def _of_lists(self, ids: np.ndarray, lists: pa.Array, bias: np.ndarray | None) -> Rows:
        lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
        if self._length is None and len(lengths):
            self._length = int(lengths[0])
        uneven = lengths != self._length
        if not uneven.any():
            values = lists.flatten().to_numpy(zero_copy_only=False)
            return Rows(ids, _as_float32(values).reshape(len(ids), -1), bias)
        factors = np.zeros((len(ids), self._length or 0), dtype=np.float32)  # not used
        return Rows(ids, factors, bias, uneven)


def _is_list(kind: pa.DataType) -> bool:
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


# --- word2vec ---------------------------------------------------------------------------------------


def read_word2vec(source: Source) -> Iterator[Rows]:
    """Read word2vec's text format: a line with both sizes, then in each line an id and its numbers."""
    path = source.path
    with path.open(encoding="utf-8") as file:
        sizes = file.readline().split()
        if len(sizes) != 2 or not all(size.isdecimal() for size in sizes):
            raise DataError(
                f"{path}: the first line of word2vec's text format holds the number of rows and the number of factors"
            )
        n_rows, n_factors = map(int, sizes)
        found = 0
        while lines := list(islice(file, _LINES)):
            # An id may contain spaces.
            parts = [line.rstrip().rsplit(" ", n_factors) for line in lines]
            for number, part in enumerate(parts, start=found + 2):
                if len(part) != n_factors + 1:
                    raise DataError(
                        f"{path}, line {number}: expected an id and {n_factors} numbers"
                    )
            found += len(lines)
            ids = np.array([part[0] or None for part in parts], dtype=object)
            yield Rows(ids, _as_float32(np.array([p[1:] for p in parts], dtype=np.float64)))
    if found != n_rows:
        raise DataError(f"{path} is incomplete: its first line says {n_rows} rows, it has {found}")


READERS: dict[str, Callable[[Source], Iterator[Rows]]] = {
    "parquet": read_parquet,
    "text table": read_text_table,
    "npy": read_npy,
    "safetensors": read_safetensors,
    "word2vec": read_word2vec,
}


def sources_of(entry: Mapping[str, Any]) -> tuple[Source, Source]:
    """Return the files of users and of items of an entry (`settings.OwnEmbeddings.plain()`)."""
    columns = entry.get("columns", {})
    bias = columns.get("bias", "bias")

    def path(key: str) -> Path | None:
        return Path(entry[key]) if key in entry else None

    users = Source(Path(entry["users"]), path("user_ids"), columns.get("user"), bias)
    items = Source(
        Path(entry["items"]),
        path("item_ids"),
        columns.get("item"),
        bias,
        needs_bias="bias" in columns,
        bias_file=path("item_bias"),
    )
    return users, items
