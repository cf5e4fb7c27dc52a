"""Reading and writing the files between stages: Parquet, safetensors and JSON.

Every writer is atomic: the file appears under its name only when it is complete and on disk, so that a full
disk or a killed job never leaves half a file that a later run would trust.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def written_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed to disk and renamed to `path`.

    On any exception the temporary file is removed and an existing `path` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept at the end because writers (matplotlib, say) choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: str | os.PathLike) -> None:
    """Write `text` as UTF-8."""
    with written_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(content: Any, path: str | os.PathLike) -> None:
    """Write `content` as indented JSON with sorted keys."""
    write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", path)


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(
    columns: Any, path: str | os.PathLike, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a table: a pandas DataFrame, a pyarrow Table, or a mapping of column names to arrays.

    `metadata` (JSON values) goes into the file's schema, beside what is there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(columns, pa.Table):
        table = columns
    elif isinstance(columns, Mapping):
        table = pa.table(dict(columns))
    else:
        table = pa.Table.from_pandas(columns, preserve_index=False)
    if metadata is not None:
        entry = {"metadata": json.dumps(metadata, sort_keys=True)}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **entry})
    with written_atomically(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_columns(path: str | os.PathLike, *names: str) -> list[np.ndarray]:
    """Read the named columns of a Parquet file as NumPy arrays, in the order of `names`."""
    import pyarrow.parquet as pq

    # partitioning=None: a folder called "seed=0" on the way to the file is not a column.
    table = pq.read_table(path, columns=list(names), partitioning=None)
    return [table.column(name).to_numpy() for name in names]


def read_metadata(path: str | os.PathLike) -> dict[str, Any]:
    """Read the metadata of a Parquet file as written by `write_parquet`; empty where there is none."""
    import pyarrow.parquet as pq

    return json.loads((pq.read_schema(path).metadata or {}).get(b"metadata", b"{}"))


def write_tensors(
    tensors: Mapping[str, np.ndarray], path: str | os.PathLike, metadata: Mapping[str, Any]
) -> None:
    """Write arrays as safetensors; `metadata` (JSON values) goes into the header."""
    from safetensors.numpy import save_file

    # One entry: safetensors writes several in an order that changes from run to run.
    header = {"metadata": json.dumps(metadata, sort_keys=True)}
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    with written_atomically(path) as temporary:
        save_file(arrays, temporary, metadata=header)


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read arrays and metadata as written by `write_tensors`."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        metadata = json.loads((file.metadata() or {}).get("metadata", "{}"))
        names = file.keys()  # the file itself cannot be iterated over
        return {name: file.get_tensor(name) for name in names}, metadata


def count_rows(path: str | os.PathLike) -> int:
    """Number of rows of a Parquet file, from its footer."""
    import pyarrow.parquet as pq

    return pq.read_metadata(path).num_rows


def write_csv(table: Any, path: str | os.PathLike) -> None:
    """Write a pandas DataFrame without its index."""
    write_text(table.to_csv(index=False, lineterminator="\n"), path)
