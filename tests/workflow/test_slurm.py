"""The Slurm profile on Slurm itself: one study, with jobs that die, and the same results as on one machine.

Skipped where Slurm cannot be started; fails there with REQUIRE_SLURM=1 in the environment, as in .ci/run.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from slurm_cluster import SlurmCluster, SlurmUnavailableError
from tiny_study import Project

pytestmark = pytest.mark.slow

# What the profile has for real clusters, shortened.
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"]
GROUP_OF = 4
SMALL_GROUPS = ["--group-components", f"attacks-{{dataset}}-{{model}}-{{seed}}={GROUP_OF}"]
SECONDS = 900


@pytest.fixture(scope="module")
def cluster():
    # Not in pytest's own folders: munged refuses a folder that others cannot enter.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        try:
            running = SlurmCluster(Path(folder)).__enter__()
        except SlurmUnavailableError as error:
            if os.environ.get("REQUIRE_SLURM"):
                raise
            pytest.skip(f"Slurm cannot be started here: {error}")
        yield running
        running.stop()


def through_slurm(project, cluster, *arguments, **changes) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *QUICK]
    command += project.arguments(*arguments, **changes)
    streams = {"capture_output": True, "text": True, "check": False}
    return subprocess.run(
        command, cwd=project.folder, env=cluster.environment, timeout=SECONDS, **streams
    )


def entries(cluster, rule: str, since: int = 0) -> list[dict[str, str]]:
    """Slurm's entries for the jobs of a rule or group."""
    return [
        job
        for job in cluster.jobs()
        if f"rule_{rule}" in job["Comment"] and int(job["JobId"]) > since
    ]


def megabytes(job) -> int:
    """The memory that a job requested."""
    return int(job["MinMemoryNode"].removesuffix("M"))


def signal_first(cluster, rule: str, *options: str, step: bool = False) -> threading.Thread:
    """Signal a rule's first job, or only the job's own process (`step`), from when that runs until it has ended.

    More than once, because a process that is only just starting does not get the signal.
    """

    def wait_and_signal():
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            first = next(iter(entries(cluster, rule)), {"JobState": "PENDING"})
            if first["JobState"] in ("RUNNING", "STOPPED"):
                own = f"{first['JobId']}.0"
                steps = cluster("squeue", "--steps", "--noheader", "--format=%i", check=False)
                if own in steps.split():
                    cluster("scancel", *options, own if step else first["JobId"], check=False)
            elif first["JobState"] != "PENDING":
                return
            time.sleep(0.3)

    thread = threading.Thread(target=wait_and_signal, daemon=True)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def disturbed(cluster, tmp_path_factory):
    """The tiny study through Slurm. Four of its jobs die: each in a way of its own, once."""
    project = Project(tmp_path_factory.mktemp("slurm"))
    deaths = [
        # Cancelled by somebody, or with the node.
        signal_first(cluster, "train_model_wildcards_shop_BPR-MF_0_4"),
        # Killed in the middle, by the kernel for instance: a group of attacks.
        signal_first(cluster, "attacks-shop-AMF-0", "--signal=KILL", step=True),
        # Stopped, so that it is still running when its time limit is reached.
        signal_first(cluster, "recommend_random", "--signal=STOP"),
    ]
    limits = [
        # Far too little memory in the first attempt, and the shortest time limit that Slurm allows.
        "--set-resources",
        "split_dataset:mem_mb=30 if attempt == 1 else 1500",
        "recommend_random:runtime=attempt",
    ]
    done = through_slurm(project, cluster, *SMALL_GROUPS, *limits)
    assert done.returncode == 0, done.stdout + done.stderr
    for thread in deaths:
        thread.join(1)
    return project


def test_the_results_are_those_of_one_machine(disturbed, finished_study):
    expected, through_cluster = finished_study.content(), disturbed.content()
    assert {"metrics.parquet", "tables/table1.csv", "figures/shop/figure1.pdf"} <= expected.keys()
    assert through_cluster.keys() == expected.keys()
    different = [file for file, content in expected.items() if through_cluster[file] != content]
    assert different == []


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        ("split_dataset", ["FAILED", "COMPLETED"]),
        ("recommend_random", ["TIMEOUT", "COMPLETED"]),
        ("train_model_wildcards_shop_BPR-MF_0_4", ["CANCELLED", "COMPLETED"]),
    ],
)
def test_a_job_that_died_is_submitted_again(disturbed, cluster, rule, states):
    assert [job["JobState"] for job in entries(cluster, rule)] == states


def test_too_little_memory_is_what_the_first_split_died_of(disturbed):
    logs = disturbed.folder / ".snakemake" / "slurm_logs" / "rule_split_dataset" / "shop"
    (log,) = logs.glob("*.log")  # the logs of successful jobs are removed
    assert "exceeded memory limit" in log.read_text(encoding="utf-8")


def test_a_second_attempt_asks_for_more(disturbed, cluster):
    first, second = entries(cluster, "train_model_wildcards_shop_BPR-MF_0_4")
    assert megabytes(second) == 2 * megabytes(first) > 2 * 1000
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:06:00", "00:12:00")
    killed = next(
        job for job in entries(cluster, "attacks-shop-AMF-0") if job["JobState"] == "FAILED"
    )
    again = entries(cluster, "attacks-shop-AMF-0")[-1]
    assert megabytes(again) == 2 * megabytes(killed)
    first, second = entries(cluster, "recommend_random")
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")


def test_attacks_share_places_in_the_queue(disturbed, cluster):
    """The unperturbed lists and five chains a model, in fours: two places, one more for the group that was killed."""
    for model, killed in (("BPR-MF", 0), ("AMF", 1)):
        groups = entries(cluster, f"attacks-shop-{model}-0")
        assert len(groups) == -(-(1 + 5) // GROUP_OF) + killed
        assert sum(job["JobState"] != "COMPLETED" for job in groups) == killed
        assert all(int(job["NumCPUs"]) <= 4 for job in groups)


def test_what_only_collects_and_draws_stays_on_the_login_node(disturbed, cluster):
    ran = {job["Comment"].removeprefix("rule_").split("_wildcards")[0] for job in cluster.jobs()}
    groups = {name for name in ran if name.startswith("attacks-")}
    assert ran - groups == {
        "prepare_dataset",
        "split_dataset",
        "recommend_random",
        "train_model",
        "evaluate_model",
        "evaluate_fairness",
        "evaluate_users",
    }


def test_a_gpu_is_asked_for_by_jobs_and_once_by_groups(disturbed, cluster):
    """There is no GPU here: the jobs get Slurm's device, and say that they cannot use it."""
    before = int(cluster.jobs()[-1]["JobId"])
    lists = [
        path
        for model in ("BPR-MF", "AMF")
        for path in disturbed.results(f"lists/shop/{model}/seed-0").glob("bim*")
    ]
    assert len(lists) == 2 * 4
    for path in lists:
        path.unlink()
    targets = [str(path.relative_to(disturbed.folder)) for path in lists]
    rules = ("train_model", "recommend", "attack_model", "attack_model_last")
    partition = ["--set-resources", *(f"{rule}:slurm_partition=gpu" for rule in rules)]
    triggers = ["--rerun-triggers", "mtime"]
    done = through_slurm(
        disturbed, cluster, *targets, "--retries", "0", *triggers, *partition, device="cuda"
    )
    assert done.returncode != 0
    new = [job for job in cluster.jobs() if int(job["JobId"]) > before]
    names = sorted(job["Comment"].split("_")[1] for job in new)
    assert names == ["attacks-shop-AMF-0", "attacks-shop-BPR-MF-0"]
    for job in new:
        assert job["TresPerJob"] == "gres:gpu:1"
        assert job["Partition"] == "gpu"
        assert job["NumCPUs"] == "1"
