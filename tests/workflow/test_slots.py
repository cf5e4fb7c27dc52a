"""What a job is given of the machine: a GPU slot, where there are GPUs, and its threads. No GPU is needed here."""

import json
import os
import sys

import pytest

from tiny_study import Project

pytestmark = pytest.mark.slow

# Snakemake's own process sees two GPUs; jobs do not ask for GPUs themselves.
TWO_GPUS = """
import sys
try:
    from embrittle import device
except ImportError:
    pass
else:
    device.cuda_device_count = lambda: 2
    device.torch_can_use_cuda = lambda: True
"""
# Replaces a training: records its time and resources, and takes a while.
JOB = """
import json, os, time
from pathlib import Path

began = time.time()
time.sleep(4)
import numba, torch
told = {
    "began": began,
    "ended": time.time(),
    "gpu": snakemake.resources.gpu,
    "threads": snakemake.threads,
    "torch": torch.get_num_threads(),
    "environment": {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
}
for path in snakemake.output:
    Path(path).write_text("{}")
Path(f"told-{os.getpid()}.json").write_text(json.dumps(told))
"""
TARGETS = [
    f"results/tiny/models/shop/BPR-MF/seed-{seed}/epoch-2/state.safetensors" for seed in range(3)
]


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Run three trainings on four cores; return the jobs' reports and Snakemake's output."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(TWO_GPUS)
    project = Project(tmp_path / "project", own_code=True)
    project.script("train_model").write_text(JOB)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))

    def run(*arguments, **changes):
        done = project.snakemake(
            "--cores", "4", *arguments, "--", *TARGETS, seeds=[0, 1, 2], **changes
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        return [json.loads(path.read_text()) for path in project.folder.glob("told-*")], output

    return run


def most_at_once(jobs):
    return max(sum(j["began"] <= job["began"] < j["ended"] for j in jobs) for job in jobs)


def test_as_many_jobs_at_once_as_there_are_gpus(told):
    jobs, _ = told(device="auto")
    assert [job["gpu"] for job in jobs] == [1, 1, 1]
    assert most_at_once(jobs) == 2


def test_the_users_own_number_of_slots_stands(told):
    jobs, _ = told("--resources", "gpu=1", device="auto")
    assert most_at_once(jobs) == 1


def test_without_gpus_there_are_no_slots_and_every_core_has_a_job_of_one_thread(told):
    jobs, output = told(device="cpu")
    assert "gpu=" not in output.split("Job stats")[0]
    assert most_at_once(jobs) == 3
    for job in jobs:
        assert (job["gpu"], job["threads"], job["torch"]) == (0, 1, 1)
        assert job["environment"]["OMP_NUM_THREADS"] == "1"
