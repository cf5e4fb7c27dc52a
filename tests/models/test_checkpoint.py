"""Killed trainings: their checkpoints, which checkpoints are used, and that results are the same."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from embrittle.data.interactions import UserItems
from embrittle.files import read_columns, write_json, write_parquet
from embrittle.kernels.cpu import CpuBackend
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.state import TrainedState
from embrittle.models.training import TrainingSettings, train
from held_out import held_out
from tiny_study import ROOT

SETTINGS = {
    "model": "BPR-MF",
    "factors": 8,
    "batch_size": 32,
    "learning_rate": 0.05,
    "initial_accumulator": 0.1,
    "init_scale": 0.01,
    "selection": "best-on-test",
    "evaluate_every": 3,
}
LIGHT_GCN = {
    "model": "LightGCN",
    "trained_by": "light_gcn",
    "factors": 8,
    "criterion": "HR@10",
    "selection": "best-on-test",
    "evaluate_every": 3,
    "batch_size": 64,
    "learning_rate": 0.01,
    "init_scale": 0.1,
    "layers": 3,
    "regularisation": 0.0001,
}
N_USERS, N_ITEMS, EPOCHS = 40, 30, 400
KILLS = int(os.environ.get("EMBRITTLE_KILLS", "6"))  # more for docs/reliability.md


@pytest.fixture
def split(tmp_path):
    """The files of a small split, in a folder of their own."""
    rng = np.random.default_rng(0)
    pairs = [(u, i) for u in range(N_USERS) for i in rng.choice(N_ITEMS, 8, replace=False)]
    users, items = np.array(pairs, dtype=np.int32).T
    held_out = np.arange(0, len(users), 8)
    kept = np.setdiff1d(np.arange(len(users)), held_out)
    folder = tmp_path / "split"
    write_parquet({"user": users[kept], "item": items[kept]}, folder / "train.parquet")
    write_parquet({"user": users[held_out], "item": items[held_out]}, folder / "test.parquet")
    write_parquet({"user": users[:0], "item": items[:0]}, folder / "validation.parquet")
    write_json({"n_users": N_USERS, "n_items": N_ITEMS}, folder / "statistics.json")
    return folder


def start(split: Path, out: Path, settings: dict = SETTINGS) -> subprocess.Popen:
    """The rule's script in a separate process, with the object that Snakemake passes to it."""
    inputs = {part: f"{split}/{part}.parquet" for part in ("train", "validation", "test")}
    given = {
        "log": [f"{out}/log.txt"],
        "input": {**inputs, "statistics": f"{split}/statistics.json"},
        "output": {
            "state": f"{out}/state.safetensors",
            "best": f"{out}/best.safetensors",
            "last": f"{out}/last.safetensors",
            "usage": f"{out}/usage.txt",
            "curve": f"{out}/curve.parquet",
        },
        "params": {"code": "1", "settings": settings, "training": {"seed": "0"}},
        "resources": {"gpu": 0, "checkpoint_seconds": 0},
        "wildcards": {"seed": "0", "epoch": str(EPOCHS)},
    }
    job = split.parent / "job.json"
    write_json(given, job)
    script = ROOT / "workflow" / "scripts" / "train" / "train_model.py"
    command = [sys.executable, "-m", "benchmarks.script_job", str(script), str(job)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def finished(split: Path, out: Path, **keywords) -> dict[str, bytes]:
    """The bytes of the results of an undisturbed training."""
    job = start(split, out, **keywords)
    _, errors = job.communicate()
    assert job.returncode == 0, errors
    return results(out)


def results(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix != ".txt"}


@pytest.mark.parametrize("settings", [SETTINGS, LIGHT_GCN], ids=["BPR-MF", "LightGCN"])
def test_a_training_killed_again_and_again_ends_with_the_same_bytes(split, tmp_path, settings):
    undisturbed = finished(split, tmp_path / "whole", settings=settings)
    assert set(undisturbed) == {
        *("state.safetensors", "best.safetensors", "last.safetensors"),
        "curve.parquet",
    }
    out, rng = tmp_path / "killed", random.Random(0)
    n_killed, checkpoints = 0, set()
    while n_killed < KILLS:
        job = start(split, out, settings)
        # Kill at a random time, after some progress in every round.
        seen = checkpoint_date(out)
        while job.poll() is None and checkpoint_date(out) == seen:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        job.kill()
        job.communicate()
        if job.returncode == 0:
            break
        assert job.returncode == -signal.SIGKILL
        n_killed += 1
        checkpoints.add(checkpoint_date(out))
    print(f"{n_killed} kills")  # for docs/reliability.md: pytest -s
    assert n_killed >= 3
    assert len(checkpoints) == n_killed  # each went a little further
    assert finished(split, out, settings=settings) == undisturbed


def checkpoint_date(out: Path) -> int | None:
    try:
        return (out / "checkpoint.safetensors").stat().st_mtime_ns
    except FileNotFoundError:
        return None


# --- Which checkpoints are used --------------------------------------------------------------------


@pytest.fixture
def half(split, tmp_path):
    """A training with a checkpoint after 4 of 8 epochs: a function that continues it, and the expected result."""
    train_file, inputs = split / "train.parquet", [split / "train.parquet", split / "test.parquet"]
    users, items = read_columns(train_file, "user", "item")
    positives = UserItems.from_pairs(users, items, N_USERS, N_ITEMS)
    pairs = read_columns(split / "test.parquet", "user", "item")
    test = UserItems.from_pairs(*pairs, N_USERS, N_ITEMS)
    nobody = held_out([-1] * N_USERS, N_ITEMS)

    def run(epochs=8, every_seconds=3600.0, settings=("1",)):
        checkpoint = Checkpoint(tmp_path / "state.safetensors", every_seconds, inputs, settings)
        state = train(
            CpuBackend(), positives, test, nobody, TrainingSettings(**SETTINGS), 0, epochs,
            checkpoint=checkpoint,
        )  # fmt: skip
        return state, checkpoint

    right, _ = run()
    run(epochs=5, every_seconds=0.0)  # leaves the checkpoint after epoch 4
    return run, right, tmp_path / "checkpoint.safetensors"


def continued(caplog) -> bool:
    return "Training continues after epoch 4" in caplog.text


def test_a_training_continues_from_its_checkpoint(half, caplog):
    run, right, file = half
    with caplog.at_level(logging.INFO):
        state, checkpoint = run()
    assert continued(caplog)
    same(state, right)
    assert file.exists()  # until the results are written
    checkpoint.remove()
    assert not file.exists()


def same(state, right):
    for name, array in vars(right.factors).items():
        np.testing.assert_array_equal(getattr(state.factors, name), array)
    np.testing.assert_array_equal(state.selected[0], right.selected[0])
    assert state.about() == right.about()
    assert json.dumps(state.curve, sort_keys=True) == json.dumps(right.curve, sort_keys=True)


@pytest.mark.parametrize("change", ["settings", "input", "truncated", "other bytes", "empty"])
def test_a_checkpoint_that_is_not_of_this_very_training_is_left_alone(half, split, caplog, change):
    run, right, file = half
    content = file.read_bytes()
    if change == "input":
        write_parquet({"user": [0], "item": [0]}, split / "test.parquet")
    elif change == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif change == "other bytes":
        file.write_bytes(b"x" * len(content))
    elif change == "empty":
        file.write_bytes(b"")
    with caplog.at_level(logging.INFO):
        state, _ = run(settings=("2",) if change == "settings" else ("1",))
    assert not continued(caplog)
    assert "starts from the beginning" in caplog.text
    same(state, right)


def test_a_checkpoint_that_cannot_be_written_does_not_stop_the_training(half, caplog, monkeypatch):
    run, right, file = half
    file.unlink()

    def full(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TrainedState, "write_state", full)
    state, _ = run(every_seconds=0.0)
    same(state, right)
    assert "No checkpoint was written at epoch 1: [Errno 28] No space left on device" in caplog.text
