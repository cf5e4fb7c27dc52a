"""Whole processes: a training with its peak memory, the fixed cost of an attack job, and the paper study's dry run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from embrittle.files import write_json, write_parquet, write_tensors
from embrittle.models.training import TrainingSettings

from . import targets
from .setting import AMF, AMF_EPOCHS, BPR_EPOCHS, BPR_MF, SEED, Problem
from .table import Row
from .timing import seconds_of, side_by_side

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
DRY_RUN = ["-n", "--quiet", "--configfile", "config/paper.yaml"]
# A study of its own name has no results, so that all jobs are planned, whatever has been run here.
NEW_STUDY = ["--config", "study=not-run-yet"]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_script(name: str, job: dict[str, object], folder: Path) -> float:
    """Run a script of the workflow in a process of its own; return its peak memory in 10^6 bytes."""
    resources = {"gpu": 0, "checkpoint_seconds": 30}
    job = {"resources": resources, "log": [str(folder / f"{name}.log")], **job}
    write_json(job, folder / "job.json")
    command = ["-m", "benchmarks.script_job", str(SCRIPTS / name), str(folder / "job.json")]
    return json.loads(_run([sys.executable, *command]).splitlines()[-1])["peak_memory_mb"]


def train_model(
    problem: Problem, settings: TrainingSettings, epochs: int, folder: Path, start: Path | None
) -> float:
    """Train one model in a process of its own, its files in `folder`; return the peak memory in 10^6 bytes."""
    parts = ("train.parquet", "test.parquet", "validation.parquet", "statistics.json")
    source = problem.folder.resolve()
    job = {
        "input": {part.split(".")[0]: str(source / part) for part in parts},
        "output": {
            "state": str(folder / "state.safetensors"),
            "best": str(folder / "best.safetensors"),
            "last": str(folder / "last.safetensors"),
            "usage": str(folder / "usage.tsv"),
            "curve": str(folder / "curve.parquet"),
        },
        "params": {"settings": asdict(settings), "code": "", "training": {}},
        "wildcards": {"seed": str(SEED), "epoch": str(epochs)},
    }
    if start:
        job["input"]["start"] = str(start / "state.safetensors")
    folder.mkdir()
    return run_script("train/train_model.py", job, folder)


def train_both(problem: Problem, start_epoch: int, epochs: int) -> tuple[float, float]:
    """Train BPR-MF, and AMF from `start_epoch` on, in three processes one after the other, as the workflow does.

    Returns:
        Seconds from start to end, and the largest peak memory in 10^6 bytes.
    """
    peaks: list[float] = []
    with TemporaryDirectory() as name:
        half, bpr, amf = (Path(name) / part for part in ("half", "bpr", "amf"))
        runs = [
            (BPR_MF, start_epoch, half, None),
            (BPR_MF, epochs, bpr, half),
            (AMF, epochs, amf, half),
        ]
        seconds = seconds_of(lambda: peaks.extend(train_model(problem, *run) for run in runs))
    return seconds, max(peaks)


def training_rows(problem: Problem, full: bool) -> list[Row]:
    """Memory and, if `full`, time of the papers' training; else the memory of one that is 100 times shorter.

    A longer training needs no more memory, but for a line of its curve an epoch.
    """
    divisor = 1 if full else 100
    epochs, amf_epochs = BPR_EPOCHS // divisor, AMF_EPOCHS // divisor
    seconds, peak = train_both(problem, epochs - amf_epochs, epochs)
    name = f"{epochs} BPR-MF + {amf_epochs} AMF epochs, really run"
    timed = [Row("training", name, (seconds,), target=targets.BUDGET)] if full else []
    return [
        *timed,
        Row("peak memory of a training", name, target=targets.MEMORY, peak_memory_mb=peak),
    ]


def write_tiny_inputs(folder: Path) -> dict[str, str]:
    """Write the inputs of an attack job on 20 users and 30 items, factors as many as in the papers."""
    rng = np.random.default_rng(SEED)
    users, items = np.nonzero(rng.random((20, 30)) < 0.3)
    paths = {
        "train": folder / "train.parquet",
        "validation": folder / "validation.parquet",
        "statistics": folder / "statistics.json",
        "model": folder / "model.safetensors",
    }
    write_parquet({"user": users.astype("int32"), "item": items.astype("int32")}, paths["train"])
    nobody = np.empty(0, dtype="int32")
    write_parquet({"user": nobody, "item": nobody}, paths["validation"])
    write_json({"n_users": 20, "n_items": 30}, paths["statistics"])
    factors = {
        "user_factors": rng.random((20, BPR_MF.factors), dtype=np.float32),
        "item_factors": rng.random((30, BPR_MF.factors), dtype=np.float32),
    }
    write_tensors(factors, paths["model"], {})
    return {"parent": "", "test": "", **{name: str(path) for name, path in paths.items()}}


def fixed_cost_row(repeats: int) -> Row:
    """An attack of one iteration on next to no data, from the start of the process to its end.

    That is a little more than what passes before the first useful work, and what every attack job costs at least.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        job = {
            "input": write_tiny_inputs(folder),
            "output": {
                "lists": str(folder / "lists.parquet"),
                "perturbation": str(folder / "perturbation.safetensors"),
            },
            "params": {"attack": {"definition": {"method": "bim"}, "loss": "bpr", "length": 10}},
            "wildcards": {"epsilon": "0.5", "iterations": "1", "seed": str(SEED)},
        }
        seconds = side_by_side(
            {"job": lambda: seconds_of(lambda: run_script("attack/attack_model.py", job, folder))},
            repeats,
        )["job"]
    return Row("fixed cost", "attack job, after the first", seconds, target=targets.FIXED_COST)


def dry_run_row(repeats: int) -> Row:
    """Planning the whole paper study."""
    command = [sys.executable, "-m", "snakemake", *DRY_RUN, *NEW_STUDY]
    seconds = side_by_side({"dry run": lambda: seconds_of(lambda: _run(command))}, repeats)
    name = f"snakemake {' '.join(DRY_RUN)}"
    return Row("dry run", name, seconds["dry run"], target=targets.DRY_RUN)
