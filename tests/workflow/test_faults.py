"""Faults of the machine during a study: no result is lost, no partial file is used, and messages say what to do.

Each test runs real jobs, causes a fault, and compares the results with those of an undisturbed study.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tiny_study import Project

pytestmark = pytest.mark.slow
STUDY = {
    "models": ["BPR-MF"],
    "training": {"epochs": 200, "checkpoint_seconds": 0},
    "adversarial_training": {"start_epoch": 100},
    "table1": {"attacks": ["fgsm", "bim"]},
    "figure1": {"attacks": ["bim"], "iterations": [1, 2]},
    "figure2": {"attacks": ["bim"], "iterations": 2, "epsilon": [0.5]},
}
KILLS = int(os.environ.get("EMBRITTLE_KILLS", "3"))  # more for docs/reliability.md


class Study(Project):
    """A study that can be disturbed while it runs."""

    def start(self, *arguments) -> subprocess.Popen:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.Popen(
            [*command, *self.arguments("--", "metrics", **STUDY)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def go(self, *arguments) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate()
        return process.returncode, output

    def finish(self) -> None:
        status, output = self.go()
        assert status == 0, output


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("finished"))
    study.finish()
    return study


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished study."""
    return finished.duplicate(tmp_path / "copy")


@pytest.fixture
def fresh(tmp_path):
    return Study(tmp_path / "fresh")


def wait_for(condition, process, seconds=300):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.002)


def trainings(process) -> list[psutil.Process]:
    """The trainings that run under a Snakemake."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        return [child for child in children if "train_model.py" in " ".join(command_of(child))]
    return []


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def checkpoints(study) -> dict[Path, int]:
    return {
        path: path.stat().st_mtime_ns
        for path in study.results("models").rglob("checkpoint.safetensors")
    }


def in_a_training(study, process) -> None:
    """Wait until a training is past its last checkpoint."""
    before = checkpoints(study)
    wait_for(lambda: checkpoints(study).items() - before.items(), process)


def continued(study) -> bool:
    """Whether one of the latest trainings continued from a checkpoint of a killed one."""
    logs = study.results("logs/train_model").rglob("*.log")
    return any("Training continues after epoch" in log.read_text(encoding="utf-8") for log in logs)


# --- Killed --------------------------------------------------------------------------------------------


def test_a_training_killed_again_and_again_continues_in_the_next_run(fresh, finished):
    rng = random.Random(1)
    # The first kill comes right after a checkpoint, from which the next run can continue.
    pauses = [0.0, *(rng.uniform(0, 0.5) for _ in range(KILLS - 1))]
    n_continued = 0
    for pause in pauses:
        process = fresh.start()
        in_a_training(fresh, process)
        time.sleep(pause)
        killed = trainings(process)
        for training in killed:
            training.kill()
        output, _ = process.communicate()
        assert killed
        assert process.returncode == 1
        assert "Fix the cause and run the same command again" in output
        n_continued += continued(fresh)
    status, output = fresh.go()
    assert status == 0, output
    assert n_continued + continued(fresh)
    assert fresh.content() == finished.content()


def test_snakemake_itself_killed_says_how_to_unlock_and_continues(fresh, finished):
    process = fresh.start()
    in_a_training(fresh, process)
    left_behind = trainings(process)
    process.kill()
    process.communicate()
    status, output = fresh.go()
    assert status == 1
    assert "cannot be locked" in output
    assert "--unlock" in output
    assert fresh.go("--unlock")[0] == 0
    fresh.finish()  # while a job of the killed Snakemake may still be running
    psutil.wait_procs(left_behind, timeout=60)
    assert fresh.content() == finished.content()


def test_a_second_snakemake_in_the_folder_is_turned_away_and_the_first_ends_well(fresh, finished):
    first = fresh.start()
    in_a_training(fresh, first)
    status, output = fresh.go()
    assert status == 1
    assert "cannot be locked" in output
    output, _ = first.communicate()
    assert first.returncode == 0, output
    assert fresh.content() == finished.content()


# --- No disk space, no permission to write ---------------------------------------------------------------


@contextmanager
def mounted(folder: Path, size: str):
    """A small file system of its own; a function to mount it again with other options."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")

    def again(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    try:
        yield again
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("size", ["16k", "128k"])
def test_a_full_file_system_is_named_and_nothing_half_written_stays(fresh, finished, size):
    with mounted(fresh.folder / "results", size) as again:
        status, output = fresh.go()
        assert status == 1
        assert re.search("no space left|No space left", output), output
        partly = fresh.content()
        whole = finished.content()
        assert {name: whole.get(name) for name in partly if "checkpoint" not in name} == {
            name: content for name, content in partly.items() if "checkpoint" not in name
        }
        again("size=64m")
        fresh.finish()
        assert fresh.content() == whole


@pytest.mark.parametrize("gone", [["metrics.csv"], ["metrics.csv", "metrics.parquet"]])
def test_results_that_cannot_be_written_are_named_and_stay_as_they_are(copy, finished, gone):
    results = copy.folder / "results"
    results.rename(copy.folder / "kept")
    with mounted(results, "64m") as again:
        shutil.copytree(copy.folder / "kept", results, dirs_exist_ok=True)
        for name in gone:
            copy.results(name).unlink()
        again("ro")
        status, output = copy.go()
        assert status == 1
        assert re.search("Read-only file system|Write-protected output files", output), output
        assert "results/tiny" in output
        again("rw")
        copy.finish()
        assert copy.content() == finished.content()


# --- Damaged files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("data/shop/split/train.parquet", "truncated"),
        ("data/shop/split/statistics.json", "truncated"),
        ("models/shop/BPR-MF/seed-0/epoch-100/state.safetensors", "truncated"),
        ("lists/shop/BPR-MF/seed-0/initial.parquet", "zeros"),
        ("metrics/shop/BPR-MF/seed-0.parquet", "zeros"),
    ],
)
def test_a_damaged_file_is_named_and_made_anew_once_it_is_deleted(copy, finished, file, damage):
    path = copy.results(file)
    content = path.read_bytes()
    written = path.stat().st_mtime_ns
    shared = copy.folder / "resources" / "trainings"
    # It happened as soon as the file was written.
    for later in [*copy.results("").rglob("*"), *shared.iterdir()]:
        if later.is_file() and later.stat().st_mtime_ns > written:
            later.unlink()
    half = len(content) // 2
    if damage == "truncated":
        path.write_bytes(content[:half])
    else:  # as after a power failure
        path.write_bytes(content[: half // 2] + bytes(half) + content[half // 2 + half :])
    status, output = copy.go()
    assert status == 1
    assert f"{file} is damaged" in output
    place = path.resolve() if path.is_symlink() else "it"
    assert f"Delete {place}" in output
    path.resolve().unlink()
    copy.finish()
    assert copy.content() == finished.content()
