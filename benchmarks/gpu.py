"""Check the CUDA path against the plain reference and the compiled loops, time it, and write one CSV.

    PYTHONPATH=src python -m benchmarks.gpu

needs this folder, NumPy, numba and torch, and nothing else: no Snakemake, no network, no installation of the project
(docs/benchmarks.md, "On a GPU"). It ends with 1 if a check fails, and with 2 if it cannot run.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import math
import re
import sys
import tomllib
import traceback
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .command import on_one_thread, positive

if TYPE_CHECKING:
    from .gpu_checks import Check
    from .setting import Problem
    from .table import Row

ROOT = Path(__file__).parents[1]
NEEDED = ("numpy", "numba", "torch")
NEEDED_FOR_DATA = ("pandas", "pyarrow")
ML_1M = (6040, 3706, 1_000_209)  # users, items, interactions
COLUMNS = (
    "kind",
    "part",
    "name",
    "against",
    "quantity",
    "round",
    "value",
    "limit",
    "reason",
    "passed",
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        help="folder of ml-1m.zip, or of a split data set (without: made-up data of ML-1M's size and skew)",
    )
    add(
        "--made-up",
        nargs=3,
        type=positive,
        default=ML_1M,
        metavar=("USERS", "ITEMS", "INTERACTIONS"),
        help="size of the made-up data (that of ML-1M)",
    )
    add("--device", choices=("cuda", "cpu"), default="cuda", help="(%(default)s)")
    add("--quick", action="store_true", help="a minute: fewer rounds, and fewer batches to check")
    add("--output", type=Path, default=Path("results/benchmarks/gpu.csv"), help="(%(default)s)")
    return parser.parse_args(arguments)


def requirements() -> dict[str, str]:
    """What the project asks of each package, such as "numba>=0.60", by the package's name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["torch"]]
    return {re.split(r"[^\w-]", requirement)[0]: requirement for requirement in asked}


def what_is_missing(packages: Iterable[str]) -> dict[str, str]:
    """Why packages cannot be imported, by name."""
    missing = {}
    for package in packages:
        if find_spec(package) is None:
            missing[package] = "is not installed"
            continue
        try:
            importlib.import_module(package)
        except ImportError as error:  # numba, for one, refuses a NumPy that is newer than it knows
            missing[package] = f"cannot be imported: {error}"
    return missing


def advice(missing: Mapping[str, str]) -> str:
    """What is missing, and the line that installs it."""
    asked = requirements()
    lines = [f"  {package} {reason}" for package, reason in missing.items()]
    wanted = " ".join(f"'{asked[package]}'" for package in missing)
    return "\n".join(
        ["This command cannot run here yet:", *lines, "Install with", f"  pip install {wanted}"]
    )


def read_problem(options: argparse.Namespace) -> tuple[str, Problem]:
    """The data to measure on, with what to call them."""
    from .made_up import make_problem
    from .setting import SEED, Problem

    if options.data is None:
        return "made up", make_problem(*options.made_up, SEED)
    if (options.data / "train.parquet").exists():
        return options.data.name, Problem.read(options.data)
    return "ML-1M", Problem.read_movielens(options.data / "ml-1m.zip")


def measure(problem: Problem, options: argparse.Namespace) -> tuple[list[Check], list[Row]]:
    """Check, telling each outcome at once, then time. An error is a failed check, after which the next part follows."""
    from .gpu_checks import Check, Tolerance, all_checks
    from .gpu_times import gpu_parts
    from .measurements import Effort

    checks, rows = [], []

    def tell(check: Check) -> None:
        checks.append(check)
        print(_told(check), flush=True)

    def stopped(part: str) -> None:
        traceback.print_exc()
        tell(Check(part, "an end without error", math.nan, Tolerance(0, "an error stopped it")))

    batches = 50 if options.quick else 200
    for name, group in all_checks(problem, batches, options.device).items():
        try:
            for check in group():
                tell(check)
        except Exception:
            stopped(name)
    effort = Effort(3, 1, 50) if options.quick else Effort(9, 3, 400)
    for name, part in gpu_parts(problem, effort, options.device).items():
        print(f"timing: {name}", flush=True)
        try:
            rows += part()
        except Exception:
            stopped(f"timing: {name}")
    return checks, rows


def _told(check: Check) -> str:
    outcome = "ok    " if check.passed else "FAILED"
    return (
        f"{outcome} {check.part}, against {check.against}: {check.difference:.2g} "
        f"(at most {check.tolerance.limit:.2g}: {check.tolerance.reason})"
    )


def records(checks: Sequence[Check], rows: Sequence[Row]) -> list[dict[str, object]]:
    """One record a number: differences, seconds and ratios of every round, and the medians."""
    found: list[dict[str, object]] = [
        {
            "kind": "check",
            "part": check.part,
            "against": check.against,
            "quantity": "largest difference",
            "value": check.difference,
            "limit": check.tolerance.limit,
            "reason": check.tolerance.reason,
            "passed": check.passed,
        }
        for check in checks
    ]
    for row in rows:
        named = {"kind": "time", "part": row.part, "name": row.name}
        for quantity, values in (("seconds", row.seconds), ("ratio", row.ratios)):
            against = {"against": row.ratio_to} if quantity == "ratio" else {}
            for number, value in enumerate(values, start=1):
                found.append(
                    {**named, **against, "quantity": quantity, "round": number, "value": value}
                )
            if values:
                median = row.summary()[quantity]
                found.append(
                    {**named, **against, "quantity": f"{quantity}, median", "value": median}
                )
    return found


def as_csv(found: Sequence[Mapping[str, object]], about: Mapping[str, object]) -> str:
    """The records, each with the properties of the machine and of the data."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *about], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**record, **about} for record in found)
    return text.getvalue()


def as_markdown(checks: Sequence[Check], rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """The checks in a table, then the times, ready for docs/benchmarks.md."""
    from . import table

    head = ["check", "against", "largest difference", "at most", "because", "passed"]
    cells = [
        [
            check.part,
            check.against,
            f"{check.difference:.2g}",
            f"{check.tolerance.limit:.2g}",
            check.tolerance.reason,
            "yes" if check.passed else "no",
        ]
        for check in checks
    ]
    return "\n".join([*table.grid(head, cells), "", table.markdown(rows, about, [])])


def main(arguments: Sequence[str]) -> int:
    """Check, time, print and write; return the exit code."""
    options = parse(arguments)
    on_one_thread("benchmarks.gpu", arguments)
    if missing := what_is_missing([*NEEDED, *(NEEDED_FOR_DATA if options.data else ())]):
        print(advice(missing), file=sys.stderr)
        return 2
    if find_spec("embrittle") is None:
        print("The library is not on Python's path: set PYTHONPATH=src.", file=sys.stderr)
        return 2

    import torch

    from embrittle.errors import EmbrittleError
    from embrittle.files import write_text
    from embrittle.kernels.devices import get_backend

    from . import machine
    from .setting import BPR_MF, SEED

    torch.set_num_threads(1)
    try:
        get_backend(options.device)  # an error here, and not in every check
        name, problem = read_problem(options)
        about = machine.describe() | {
            "device": options.device,
            "data": name,
            "users": problem.train.n_users,
            "items": problem.train.n_items,
            "training interactions": len(problem.train.indices),
            "factors": BPR_MF.factors,
            "batch size": BPR_MF.batch_size,
            "seed": SEED,
        }
        checks, rows = measure(problem, options)
    except (EmbrittleError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    write_text(as_csv(records(checks, rows), about), options.output)
    print(f"\n{as_markdown(checks, rows, about)}\nWritten to {options.output}")
    failed = sum(not check.passed for check in checks)
    if failed:
        print(f"{failed} of {len(checks)} checks FAILED.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
