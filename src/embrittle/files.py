"""Reading and writing the files between stages: Parquet, safetensors and JSON.

Every writer is atomic: a file appears under its final name only once it is complete and flushed to disk. A full disk or
a killed job therefore never leaves a partial file that a later run would use.
"""

import errno
import glob
import hashlib
import io
import json
import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from embrittle.errors import DataError
from embrittle.vocabulary import NAME_COLUMNS


@contextmanager
def written_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on success flush the file to disk and rename it to `path`.

    On an exception the temporary file is removed, and an existing `path` is left unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    # The suffix stays at the end, because some writers (such as matplotlib) choose the format by it.
    owner = f"{_place()}.{os.getpid()}.{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.stem}.{owner}.partial{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _place() -> str:
    """Return a short name for where process ids are unique: the host, and the container on it (PID namespace)."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        namespace = ""
    place = f"{socket.gethostname()} {namespace}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def _remove_abandoned(path: Path) -> None:
    """Delete temporary files of earlier processes that were killed while they wrote `path`.

    Files of other hosts and containers stay: from here nobody can see whether their processes are alive.
    """
    start = f".{path.stem}.{_place()}."
    for file in path.parent.glob(f"{glob.escape(start)}*.partial{glob.escape(path.suffix)}"):
        process = file.name.removeprefix(start).split(".")[0]
        try:
            os.kill(int(process), 0)  # signal 0 only tests whether the process exists
        except ProcessLookupError:
            file.unlink(missing_ok=True)
        except (PermissionError, ValueError):
            continue


def _sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that a rename in it survives a power failure; not all file systems can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_text(text: str, path: str | os.PathLike) -> None:
    """Write `text` as UTF-8."""
    with written_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(content: Any, path: str | os.PathLike) -> None:
    """Write `content` as indented JSON with sorted keys."""
    write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", path)


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file; raise DataError if the file is damaged."""
    with _named(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(
    columns: Any, path: str | os.PathLike, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a table as Parquet.

    Args:
        columns: a pandas DataFrame (its index is dropped), a pyarrow Table, or a mapping from column names to arrays.
        path: the file to write.
        metadata: JSON values to add to the metadata of the file's schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(columns, pa.Table):
        table = columns
    elif isinstance(columns, Mapping):
        table = pa.table({name: _arrow_array(values) for name, values in columns.items()})
    else:
        table = pa.Table.from_pandas(columns, preserve_index=False)
    if metadata is not None:
        entry = {"metadata": json.dumps(metadata, sort_keys=True)}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **entry})
    with written_atomically(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def _arrow_array(values: Any) -> Any:
    """Return an Arrow array; numbers are converted without `pyarrow.array`, which imports pandas."""
    import pyarrow as pa

    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        return pa.array(values)
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, buffer])


@contextmanager
def _named(path: str | os.PathLike) -> Iterator[None]:
    """Turn errors while reading a file into a DataError that names the file and says what to do."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # each format has exceptions of its own
        if isinstance(error, OSError) and error.errno:
            raise  # errors of the operating system, such as a missing file or permission
        # Studies share trainings by links.
        place = f"{os.path.realpath(path)}, to which it links," if os.path.islink(path) else "it"
        raise DataError(
            f"{path} is damaged and cannot be read ({error}). Delete {place} and run the same command again, which "
            "makes the file anew."
        ) from error


def read_parquet(path: str | os.PathLike, columns: Iterable[str] | None = None) -> Any:
    """Read a Parquet file of the workflow as a pyarrow Table.

    Args:
        path: the file.
        columns: names of columns, in the order of the result; None for all columns.

    Raises:
        DataError: the file is damaged.
    """
    import pyarrow.parquet as pq

    names = None if columns is None else list(columns)
    # read_table is avoided because it imports pandas, which takes longer than the work of a short job.
    with _named(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        table = file.read(names)
        return table if names is None else table.select(names)


def read_columns(path: str | os.PathLike, *names: str) -> list[np.ndarray]:
    """Read columns of a Parquet file as NumPy arrays, in the order of `names`; errors as in `read_parquet`."""
    table = read_parquet(path, names)
    return [_numpy_array(table.column(name)) for name in names]


def _numpy_array(column: Any) -> np.ndarray:
    """Return a column as `to_numpy` does; columns of numbers without nulls avoid it, because it imports pandas."""
    import pyarrow.types as kinds

    if column.null_count or not (kinds.is_integer(column.type) or kinds.is_floating(column.type)):
        return column.to_numpy()
    array = column.combine_chunks()
    dtype = np.dtype(array.type.to_pandas_dtype())
    offset = array.offset * dtype.itemsize
    return np.frombuffer(array.buffers()[1] or b"", dtype, len(array), offset)


def read_metadata(path: str | os.PathLike) -> dict[str, Any]:
    """Read the metadata that `write_parquet` added; empty without metadata, DataError if the file is damaged."""
    import pyarrow.parquet as pq

    with _named(path):
        return json.loads((pq.read_metadata(path).metadata or {}).get(b"metadata", b"{}"))


def write_tensors(
    tensors: Mapping[str, np.ndarray], path: str | os.PathLike, metadata: Mapping[str, Any]
) -> None:
    """Write named arrays as safetensors, with `metadata` (JSON values) in the header."""
    from safetensors.numpy import save

    # A single entry, because safetensors writes several entries in an order that changes from run to run.
    header = {"metadata": json.dumps(metadata, sort_keys=True)}
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    with written_atomically(path) as temporary:
        # save_file is avoided because it writes to a temporary file of its own, which remains if the job is killed.
        temporary.write_bytes(save(arrays, metadata=header))


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read arrays and metadata that `write_tensors` wrote; raise DataError if the file is damaged."""
    from safetensors import safe_open

    with _named(path), safe_open(path, framework="numpy") as file:
        metadata = json.loads((file.metadata() or {}).get("metadata", "{}"))
        names = file.keys()  # the file object itself is not iterable
        return {name: file.get_tensor(name) for name in names}, metadata


def count_rows(path: str | os.PathLike) -> int:
    """Return the number of rows of a Parquet file, from its footer; raise DataError if the file is damaged."""
    import pyarrow.parquet as pq

    with _named(path):
        return pq.read_metadata(path).num_rows


def write_csv(table: Any, path: str | os.PathLike) -> None:
    """Write a pandas DataFrame as CSV, without its index."""
    write_text(table.to_csv(index=False, lineterminator="\n"), path)


def write_results(results: Mapping[str, Any], paths: Any) -> None:
    """Write each result to the path of the same name: text as it is, a pandas DataFrame as CSV."""
    for name, result in results.items():
        (write_text if isinstance(result, str) else write_csv)(result, paths[name])


def read_csv(path: str | os.PathLike, text: Iterable[str] = ()) -> Any:
    """Read a table that `write_csv` wrote; raise DataError if the file is damaged or truncated.

    Names are text, even if they look like a number, a truth value or a missing value (`NAME_COLUMNS`). An empty field
    is a missing value; nothing else is.

    Args:
        path: the file.
        text: further columns of text.
    """
    import pandas as pd

    content = Path(path).read_bytes()
    with _named(path):
        if not content.endswith(b"\n"):
            raise ValueError("the last line is incomplete")
        return pd.read_csv(
            io.BytesIO(content),
            dtype=dict.fromkeys((*NAME_COLUMNS, *text), str),
            keep_default_na=False,
            na_values=[""],
        )
