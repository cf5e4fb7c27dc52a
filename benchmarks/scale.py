"""How training, ranking, attacks and certificates grow, on made-up interactions: `python -m benchmarks.scale`.

Two series: more interactions of as many users and items as Gowalla has, and as many interactions of fewer users and
items. If memory grew with users x items, the second would show it. Certificates and attacks on the ranking have a
series of users and items alone, because the number of interactions does not matter to them. Every training, ranking,
certificate and attack is the workflow's own script in a process of its own. docs/benchmarks.md has the results.
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
CERTIFICATE = "certificate, a job"
ATTACK = "attack on the ranking, a job of one step"


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


def _model_job(
    size: Size,
    name: str,
    parts: Sequence[str],
    outputs: Sequence[str],
    params: dict[str, object],
    wildcards: dict[str, str] | None = None,
) -> tuple[float, float]:
    """Run the workflow's script of a made-up model; return seconds and peak memory in MB.

    Args:
        size: of the data.
        name: of the script.
        parts: of the split, those that the job reads.
        outputs: the names of its outputs.
        params, wildcards: of the job.
    """
    rng = np.random.default_rng(SEED)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_split(size, folder)
        factors = {
            "user_factors": rng.normal(0, 0.3, (size.users, 64)).astype(np.float32),
            "item_factors": rng.normal(0, 0.3, (size.items, 64)).astype(np.float32),
        }
        write_tensors(factors, folder / "model.safetensors", {})
        files = (*(f"{part}.parquet" for part in parts), "statistics.json", "model.safetensors")
        job = {
            "input": {"parent": "", "test": ""}
            | {file.split(".")[0]: str(folder / file) for file in files},
            "output": {output: str(folder / output) for output in outputs},
            "params": params,
            "wildcards": wildcards or {},
        }
        peaks: list[float] = []
        seconds = seconds_of(lambda: peaks.append(run_script(name, job, folder)))
    return seconds, peaks[0]


def ranking_row(size: Size) -> table.Row:
    """Time and peak memory of the job that lists a model's items, top 100."""
    seconds, peak = _model_job(
        size, "attack/recommend.py", ("train", "validation"), ["lists"], {"length": K}
    )
    return table.Row(
        f"top-{K} lists, a job",
        str(size),
        (seconds,),
        target=targets.RANKING_MEMORY,
        peak_memory_mb=peak,
    )


def certificate_row(size: Size) -> table.Row:
    """Time and peak memory of the job that certifies a model: the test items, and all items of the top-10 lists."""
    seconds, peak = _model_job(
        size,
        "products/certificates/certify_model.py",
        ("train", "validation", "test"),
        ["radii"],
        {"certificate": {"k": 10, "length": 10}},
    )
    return table.Row(CERTIFICATE, str(size), (seconds,), peak_memory_mb=peak)


def attack_row(size: Size) -> table.Row:
    """Time and peak memory of the job that attacks all top-10 lists with a step of APGD, which takes two gradients."""
    definition = {"method": "apgd", "loss": "smooth-rank"}
    seconds, peak = _model_job(
        size,
        "attack/attack_model.py",
        ("train", "validation"),
        ("lists", "perturbation"),
        {"attack": {"definition": definition, "loss": "bpr", "length": 10, "k": 10}},
        {"epsilon": "0.5", "iterations": "1", "seed": str(SEED)},
    )
    return table.Row(ATTACK, str(size), (seconds,), peak_memory_mb=peak)


def growth_note(
    rows: Sequence[table.Row], amounts: Sequence[int], part: str, of: str
) -> str | None:
    """Say how a part grows: the straight line of its memory through its sizes, and the power of its time.

    Args:
        rows: of several parts; the first ones of `part` belong to `amounts`.
        amounts: what grows.
        part: the name of the part.
        of: the singular of what grows.
    """
    of_part = [row for row in rows if row.part == part][: len(amounts)]
    if len(amounts) < 2:
        return None
    x = np.array(amounts, dtype=float)
    memory = np.array([row.peak_memory_mb for row in of_part])
    slope, base = np.polyfit(x, memory, 1)
    seconds = np.array([row.summary()["seconds"] for row in of_part])
    power = np.polyfit(np.log(x), np.log(seconds), 1)[0]
    off = np.abs(slope * x + base - memory).max()
    return (
        f"{part}: memory is {base:.0f} MB + {1e6 * slope:.3g} bytes for each {of} (at most {off:.0f} MB off that "
        f"line); time grows with the power {power:.2f} of their number."
    )


def measure(
    interactions: Sequence[int],
    shapes: Sequence[float],
    gowalla: tuple[int, int],
    epochs: int,
    pairs: Sequence[float],
) -> tuple[list[table.Row], list[str]]:
    """Both series, then the ranking, the certificates and the attacks on the ranking."""
    sizes = [Size(n, *gowalla) for n in interactions]
    middle = interactions[len(interactions) // 2]
    sizes += [Size(middle, *(round(factor * n) for n in gowalla)) for factor in shapes]
    rows = [row for size in sizes for row in training_rows(size, epochs)]
    rows.append(ranking_row(Size(middle, *gowalla)))
    sizes_of_pairs = [
        Size(interactions[0], *(round(factor * n) for n in gowalla)) for factor in pairs
    ]
    rows += [row_of(size) for row_of in (certificate_row, attack_row) for size in sizes_of_pairs]
    notes = [
        "Made-up data: users are about equally active, items of Zipf's popularity. 64 factors, batches of 512.",
        f"Medians and ranges over {epochs} epochs but the first, with one evaluation; peak memory of the process.",
    ]
    grown = [
        growth_note(rows, interactions, f"{of.model} epoch", "interaction") for of in (BPR_MF, AMF)
    ]
    n_pairs = [size.users * size.items for size in sizes_of_pairs]
    grown += [
        growth_note(rows, n_pairs, part, "pair of user and item") for part in (CERTIFICATE, ATTACK)
    ]
    return rows, [*notes, *filter(None, grown)]


def main(arguments: Sequence[str]) -> None:
    """Run on one thread, print the table and write the files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    add = parser.add_argument
    add("--interactions", nargs="+", type=positive, default=[10**5, 10**6, 10**7])
    add("--shapes", nargs="*", type=float, default=[0.25, 0.5], help="users and items, x Gowalla's")
    add("--users-items", nargs=2, type=positive, default=GOWALLA, help="(those of Gowalla)")
    add(
        "--pairs",
        nargs="*",
        type=float,
        default=[0.125, 0.25, 0.5],
        help="of certificates and attacks",
    )
    add("--epochs", type=positive, default=4, help="of each training (%(default)s)")
    add("--output", type=Path, default=Path("results/benchmarks-scale"), help="(%(default)s)")
    options = parser.parse_args(arguments)
    on_one_thread("benchmarks.scale", arguments)
    about = machine.describe()
    rows, notes = measure(
        options.interactions,
        options.shapes,
        tuple(options.users_items),
        options.epochs,
        options.pairs,
    )
    print(table.write(rows, about, notes, options.output), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
