"""Own embeddings of a million users: bringing them in, and listing the items: `python -m benchmarks.embeddings`.

Both are the workflow's own scripts, each in a process of its own. docs/benchmarks.md has the results.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embrittle.embeddings.settings import OwnEmbeddings
from embrittle.files import write_json, write_parquet

from . import machine, table, targets
from .command import on_one_thread, positive
from .jobs import run_script
from .setting import SEED, K
from .timing import seconds_of

_ROWS = 50_000  # written at a time
_TRAIN_ITEMS = 5  # of a user


@dataclass(frozen=True)
class Size:
    """How many embeddings."""

    users: int
    items: int
    factors: int

    def __str__(self) -> str:
        """As it stands in the table."""
        return f"{self.users:,} users, {self.items:,} items, {self.factors} factors"

    @property
    def megabytes(self) -> float:
        """Of the factors in float32, in 10^6 bytes."""
        return 4e-6 * (self.users + self.items) * self.factors


def write_embeddings(path: Path, ids: np.ndarray, n_factors: int, rng: np.random.Generator) -> None:
    """Write a Parquet table of ids, in random order, and factors; the whole table is never in memory."""
    schema = pa.schema(
        [("id", pa.string()), *((f"factor_{k}", pa.float32()) for k in range(n_factors))]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for part in _parts(rng.permutation(ids)):
            factors = rng.standard_normal((n_factors, len(part)), dtype=np.float32)
            writer.write_table(pa.table([pa.array(part), *map(pa.array, factors)], schema=schema))


def _parts(ids: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(ids), _ROWS):
        yield ids[first : first + _ROWS]


def write_data(size: Size, folder: Path) -> dict[str, str]:
    """Write the embeddings, the tables of ids and a split in which each user has a few items; return the paths."""
    rng = np.random.default_rng(SEED)
    for kind, count in (("user", size.users), ("item", size.items)):
        ids = np.char.add(f"{kind}-", np.arange(count).astype(str))
        write_parquet({"id": ids.astype(object)}, folder / f"{kind}_table.parquet")
        write_embeddings(folder / f"{kind}s.parquet", ids, size.factors, rng)
    users = np.repeat(np.arange(size.users, dtype=np.int32), _TRAIN_ITEMS)
    items = rng.integers(0, size.items, len(users), dtype=np.int32)
    pairs = np.unique(np.stack([users, items], axis=1), axis=0)
    write_parquet({"user": pairs[:, 0], "item": pairs[:, 1]}, folder / "train.parquet")
    nobody = np.empty(0, np.int32)
    write_parquet({"user": nobody, "item": nobody}, folder / "validation.parquet")
    write_json({"n_users": size.users, "n_items": size.items}, folder / "statistics.json")
    names = ("user_table.parquet", "item_table.parquet", "train.parquet", "validation.parquet")
    return {name.split(".")[0]: str(folder / name) for name in (*names, "statistics.json")}


def measure(size: Size) -> list[table.Row]:
    """Time and peak memory of the two jobs."""
    limit = table.Target("peak_memory_mb", "<", targets.OWN_EMBEDDINGS_MEMORY + size.megabytes)
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_data(size, folder)
        entry = OwnEmbeddings(users=f"{folder}/users.parquet", items=f"{folder}/items.parquet")
        model = str(folder / "model.safetensors")
        scripts = {
            "own embeddings, read and checked": (
                "train/import_embeddings.py",
                {
                    "input": paths,
                    "output": {"model": model},
                    "params": {"embeddings": entry.plain()},
                    "wildcards": {"model": "own", "seed": str(SEED)},
                },
            ),
            f"top-{K} lists of own embeddings": (
                "attack/recommend.py",
                {
                    "input": paths | {"model": model},
                    "output": {"lists": str(folder / "lists.parquet")},
                    "params": {"length": K},
                },
            ),
        }
        return [_row(part, size, *script, folder, limit) for part, script in scripts.items()]


def _row(
    part: str, size: Size, script: str, job: dict[str, object], folder: Path, limit: table.Target
) -> table.Row:
    peaks: list[float] = []
    seconds = seconds_of(lambda: peaks.append(run_script(script, job, folder)))
    return table.Row(part, str(size), (seconds,), target=limit, peak_memory_mb=peaks[0])


def main(arguments: Sequence[str]) -> None:
    """Run on one thread, print the table and write the files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embeddings", description=__doc__)
    add = parser.add_argument
    add("--users", type=positive, default=10**6, help="(%(default)s)")
    add("--items", type=positive, default=10**5, help="(%(default)s)")
    add("--factors", type=positive, default=64, help="(%(default)s)")
    add("--output", type=Path, default=Path("results/benchmarks-embeddings"), help="(%(default)s)")
    options = parser.parse_args(arguments)
    on_one_thread("benchmarks.embeddings", arguments)
    size = Size(options.users, options.items, options.factors)
    about = machine.describe()
    notes = [f"The factors alone are {size.megabytes:.0f} MB. Parquet files, rows in random order."]
    print(table.write(measure(size), about, notes, options.output), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
