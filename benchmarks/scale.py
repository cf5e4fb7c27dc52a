"""How training and ranking grow with the data, on made-up interactions: `python -m benchmarks.scale`.

Two series: more interactions of as many users and items as Gowalla has, and as many interactions of fewer users and
items. If memory grew with users x items, the second would show it. Every training and every ranking is the workflow's
own script in a process of its own. docs/benchmarks.md has the results.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from embrittle.data.splits import COLUMNS
from embrittle.files import write_json, write_parquet, write_tensors
from embrittle.kernels.cpu import CpuBackend

from . import machine, table, targets
from .command import on_one_thread, positive
from .jobs import run_script, train_model
from .measurements import our_epoch
from .setting import AMF, BPR_MF, SEED, Problem
from .timing import seconds_of

GOWALLA = (54_156, 52_400)  # users and items in the APR poster
K = 100


@dataclass(frozen=True)
class Size:
    """A made-up data set."""

    interactions: int
    users: int
    items: int

    def __str__(self) -> str:
        """As it stands in the table."""
        return f"{self.interactions:,} interactions, {self.users:,} x {self.items:,}"


def make_split(size: Size, folder: Path) -> Problem:
    """Write a split of a made-up data set: users alike in activity, items of Zipf's popularity, a test item a user."""
    if 4 * size.interactions > size.users * size.items:
        raise ValueError(f"{size}: too few users and items for so many different interactions")
    rng = np.random.default_rng([SEED, size.interactions, size.users, size.items])
    chances = 1 / np.arange(1, size.items + 1)
    cumulative = np.cumsum(chances / chances.sum())
    # Popular pairs come several times: draw more, and leave out what is too many.
    pairs = np.empty(0, np.int64)
    while len(pairs) < size.interactions:
        wanted = size.interactions // 2 + size.users
        items = np.minimum(np.searchsorted(cumulative, rng.random(wanted)), size.items - 1)
        users = np.arange(wanted) % size.users
        pairs = np.unique(np.concatenate([pairs, users * size.items + items]))
    users, items = np.divmod(rng.choice(pairs, size.interactions, replace=False), size.items)
    order = np.argsort(users, kind="stable")
    users, items = users[order].astype(np.int32), items[order].astype(np.int32)
    first = np.r_[True, users[1:] != users[:-1]]
    alone = first & np.r_[first[1:], True]
    for name, chosen in (
        ("train", ~first | alone),
        ("test", first & ~alone),
        ("validation", np.zeros(len(users), bool)),
    ):
        columns = (users[chosen], items[chosen], np.ones(chosen.sum(), np.float32))
        write_parquet(dict(zip(COLUMNS, columns, strict=True)), folder / f"{name}.parquet")
    write_json({"n_users": size.users, "n_items": size.items}, folder / "statistics.json")
    return Problem.read(folder)


def training_rows(size: Size, epochs: int) -> list[table.Row]:
    """Seconds of an epoch of BPR-MF and of AMF, and the peak memory of each training, with one evaluation."""
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        problem = make_split(size, folder)
        start = None
        for settings, last in ((BPR_MF, epochs), (AMF, 2 * epochs)):
            target = folder / settings.model
            peak = train_model(problem, settings, last, target, start)
            epoch = our_epoch(CpuBackend(), problem, settings, 1)
            epoch()  # the first compiles, or loads what was compiled
            seconds = tuple(epoch() for _ in range(epochs - 1))
            rows.append(
                table.Row(f"{settings.model} epoch", str(size), seconds, peak_memory_mb=peak)
            )
            start = target
    return rows


def ranking_row(size: Size) -> table.Row:
    """Time and peak memory of the job that lists a model's items, top 100."""
    rng = np.random.default_rng(SEED)
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_split(size, folder)
        factors = {
            "user_factors": rng.normal(0, 0.3, (size.users, 64)).astype(np.float32),
            "item_factors": rng.normal(0, 0.3, (size.items, 64)).astype(np.float32),
        }
        write_tensors(factors, folder / "model.safetensors", {})
        parts = ("train.parquet", "validation.parquet", "statistics.json", "model.safetensors")
        job = {
            "input": {part.split(".")[0]: str(folder / part) for part in parts},
            "output": {"lists": str(folder / "lists.parquet")},
            "params": {"length": K},
        }
        peaks: list[float] = []
        seconds = seconds_of(lambda: peaks.append(run_script("attack/recommend.py", job, folder)))
    return table.Row(
        f"top-{K} lists, a job",
        str(size),
        (seconds,),
        target=targets.RANKING_MEMORY,
        peak_memory_mb=peaks[0],
    )


def growth_note(rows: Sequence[table.Row], interactions: Sequence[int], part: str) -> str | None:
    """Say how a part grows: the straight line through its sizes, and how far it is from them at most."""
    of_part = [row for row in rows if row.part == part][: len(interactions)]
    if len(interactions) < 2:
        return None
    x = np.array(interactions, dtype=float)
    memory = np.array([row.peak_memory_mb for row in of_part])
    slope, base = np.polyfit(x, memory, 1)
    seconds = np.array([row.summary()["seconds"] for row in of_part])
    power = np.polyfit(np.log(x), np.log(seconds), 1)[0]
    off = np.abs(slope * x + base - memory).max()
    return (
        f"{part}: memory is {base:.0f} MB + {1e6 * slope:.0f} bytes an interaction (at most {off:.0f} MB off that "
        f"line); time grows with the power {power:.2f} of the interactions."
    )


def measure(
    interactions: Sequence[int], shapes: Sequence[float], gowalla: tuple[int, int], epochs: int
) -> tuple[list[table.Row], list[str]]:
    """Both series, then the ranking."""
    sizes = [Size(n, *gowalla) for n in interactions]
    middle = interactions[len(interactions) // 2]
    sizes += [Size(middle, *(round(factor * n) for n in gowalla)) for factor in shapes]
    rows = [row for size in sizes for row in training_rows(size, epochs)]
    rows.append(ranking_row(Size(middle, *gowalla)))
    notes = [
        "Made-up data: users are about equally active, items of Zipf's popularity. 64 factors, batches of 512.",
        f"Medians and ranges over {epochs} epochs but the first, with one evaluation; peak memory of the process.",
    ]
    grown = (growth_note(rows, interactions, f"{s.model} epoch") for s in (BPR_MF, AMF))
    return rows, [*notes, *filter(None, grown)]


def main(arguments: Sequence[str]) -> None:
    """Run on one thread, print the table and write the files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    add = parser.add_argument
    add("--interactions", nargs="+", type=positive, default=[10**5, 10**6, 10**7])
    add("--shapes", nargs="*", type=float, default=[0.25, 0.5], help="users and items, x Gowalla's")
    add("--users-items", nargs=2, type=positive, default=GOWALLA, help="(those of Gowalla)")
    add("--epochs", type=positive, default=4, help="of each training (%(default)s)")
    add("--output", type=Path, default=Path("results/benchmarks-scale"), help="(%(default)s)")
    options = parser.parse_args(arguments)
    on_one_thread("benchmarks.scale", arguments)
    about = machine.describe()
    rows, notes = measure(
        options.interactions, options.shapes, tuple(options.users_items), options.epochs
    )
    print(table.write(rows, about, notes, options.output), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
