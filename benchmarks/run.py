"""Measure, print the table and write it: `python -m benchmarks.run` in the project's folder (docs/benchmarks.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from . import libraries, machine, table
from .command import on_one_thread, positive
from .gpu_times import gpu_rows
from .jobs import dry_run_row, fixed_cost_row, training_rows
from .loops import grid_rows, loop_rows
from .measurements import Effort
from .setting import Problem

DEFAULT_SPLIT = Path("results/paper/data/ml-1m/split")
PARTS = ("loops", "training", "jobs", "gpu")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a split that is not there ends the program with the command that makes it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    add = parser.add_argument
    add(
        "--split", type=Path, default=DEFAULT_SPLIT, help="folder of a split data set (%(default)s)"
    )
    add("--output", type=Path, default=Path("results/benchmarks"), help="folder (%(default)s)")
    add("--repeats", type=positive, default=9, help="rounds of the loops (%(default)s)")
    add("--job-repeats", type=positive, default=3, help="rounds of whole jobs (%(default)s)")
    add("--epochs", type=positive, default=3, help="epochs per measurement (%(default)s)")
    add(
        "--plain-batches",
        type=positive,
        default=100,
        help="batches of a plain torch epoch that are run and scaled up (%(default)s)",
    )
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (all)")
    add("--full", action="store_true", help="really run the papers' training (about 20 minutes)")
    options = parser.parse_args(arguments)
    if not (options.split / "train.parquet").exists():
        parser.error(
            f"there is no split data set in {options.split}; the workflow makes that of ML-1M with\n"
            f"  snakemake --cores all --configfile config/paper.yaml {DEFAULT_SPLIT / 'train.parquet'}"
        )
    return options


def measure(options: argparse.Namespace) -> tuple[list[table.Row], list[str]]:
    """Measure the parts asked for; return rows, and notes on what is not among them."""
    problem = Problem.read(options.split)
    effort = Effort(options.repeats, options.epochs, options.plain_batches)
    rows: list[table.Row] = []
    notes = _notes(problem, options)
    if "loops" in options.parts:
        rows += loop_rows(problem, effort)
        rows += grid_rows(problem, options.job_repeats, options.full)
    if "training" in options.parts:
        rows += training_rows(problem, options.full)
    if "jobs" in options.parts:
        rows += [fixed_cost_row(options.job_repeats), dry_run_row(options.job_repeats)]
    if "gpu" in options.parts and torch.cuda.is_available():
        rows += gpu_rows(problem, effort)
    return rows, notes


def _notes(problem: Problem, options: argparse.Namespace) -> list[str]:
    train = problem.train
    notes = [
        f"Data: {train.n_users} users, {train.n_items} items, {len(train.indices)} training interactions; "
        "64 factors, batches of 512.",
        f"Medians and ranges over {options.repeats} rounds ({options.job_repeats} for jobs and "
        "BIM's lists). A ratio is this row's time divided by that of what it names, round by round.",
        f"The torch autograd epochs are {options.plain_batches} batches, scaled up to a whole epoch.",
    ]
    if left_out := [part for part in PARTS if part not in options.parts]:
        notes.append(f"Not asked for: {', '.join(left_out)}.")
    notes += [
        f"{name} is not installed here, so its row is missing (pip install -r envs/benchmarks.txt)."
        for name in libraries.missing()
    ]
    if not torch.cuda.is_available():
        notes.append("torch sees no CUDA device here, so the rows of the GPU are missing.")
    return notes


def main(arguments: Sequence[str]) -> None:
    """Run on one thread, print the table and write the files."""
    options = parse(arguments)
    on_one_thread("benchmarks.run", arguments)
    torch.set_num_threads(1)
    about = machine.describe()
    rows, notes = measure(options)
    print(table.write(rows, about, notes, options.output), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
