"""Whether two runs of a study have the same values, to the last bit: python -m benchmarks.equality BEFORE AFTER

BEFORE and AFTER are results folders (results/<study>). Compared are models, lists, metrics, tables and the data behind
them, by value, so that another layout, compression or library version in a file does not count; of text files the bytes.
Not compared are times, logs, the record of the run, the page and pictures, which hold dates, versions or fonts.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

NOT_COMPARED = {"logs", "benchmarks", "provenance.json", "run.csv", "index.html", "perturbations"}
PICTURES = {".pdf", ".png", ".svg", ".html"}


def digest(*parts: bytes) -> str:
    """The SHA-256 of bytes, shortened."""
    content = hashlib.sha256()
    for part in parts:
        content.update(part)
    return content.hexdigest()[:16]


def array_digest(name: str, values: np.ndarray) -> str:
    """The digest of an array: name, type, shape and bits; texts by their characters."""
    if values.dtype == object:
        return digest(name.encode(), repr(values.tolist()).encode())
    described = f"{name} {values.dtype} {values.shape}".encode()
    return digest(described, np.ascontiguousarray(values).tobytes())


def table_digest(columns: dict[str, np.ndarray]) -> str:
    """The digest of the columns of a table."""
    return digest(*(array_digest(name, values).encode() for name, values in columns.items()))


def values_of(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """(name, digest) of what a file holds; attacked lists are named by attack, epsilon and iterations."""
    if path.suffix == ".safetensors":
        tensors = load_file(path)
        yield name, digest(*(array_digest(n, tensors[n]).encode() for n in sorted(tensors)))
    elif path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        columns = {n: table.column(n).to_numpy() for n in table.column_names}
        if name.startswith("lists/") and "iterations" in columns:  # several in one file
            iterations = columns.pop("iterations")
            for number in np.unique(iterations):
                rows = iterations == number
                part = {n: values[rows] for n, values in columns.items()}
                yield f"{name.removesuffix('.parquet')}_iterations-{number}.parquet", table_digest(part)
        elif name.startswith("lists/") and re.search(r"(fgsm|noise)_epsilon-[^_]+\.parquet$", name):
            yield f"{name.removesuffix('.parquet')}_iterations-1.parquet", table_digest(columns)
        else:
            yield name, table_digest(columns)
    else:
        yield name, digest(path.read_bytes())


def contents(results: Path) -> dict[str, str]:
    """Name -> digest of everything that is compared in a results folder."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if path.is_file() and not NOT_COMPARED & set(name.parts) and path.suffix not in PICTURES:
            found |= dict(values_of(path, name.as_posix()))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print what differs; return 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    before, after = contents(options.before), contents(options.after)
    only = {name: "only before" for name in before.keys() - after.keys()}
    only |= {name: "only after" for name in after.keys() - before.keys()}
    apart = {n: "differs" for n in before.keys() & after.keys() if before[n] != after[n]}
    for name, what in sorted({**only, **apart}.items()):
        print(f"{what}: {name}")
    same = len(before.keys() & after.keys()) - len(apart)
    print(f"{same} equal, {len(apart)} different, {len(only)} in one alone")
    return 1 if apart or only else 0


if __name__ == "__main__":
    sys.exit(main())
