"""What jobs ask a cluster for, as functions of the size of the data and of the attempt.

A job that was killed for memory or time is tried again with more (`retries` in profiles/slurm). The numbers are those
measured, with some room (docs/cluster.md). On one machine they limit nothing. Snakemake calls the functions with the
arguments that they name: wildcards, input, attempt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embrittle.study.study import Study

# Whatever the job: two processes of Snakemake beside it, and Python's libraries.
LEAST_MB = 1000
# A process that uses CUDA has its libraries in the host's memory.
CUDA_MB = 3000


def sizes(statistics: str) -> tuple[float, float]:
    """Millions of interactions of a split, and millions of pairs of a user and an item, from its statistics.json."""
    try:
        content = json.loads(Path(statistics).read_text(encoding="utf-8"))
    except ValueError:  # damaged, which the job will say
        return 0.0, 0.0
    return content["n_interactions"] / 1e6, content["size"] / 1e6


def memory_for_tables(mb_per_mb: float) -> Callable[..., int]:
    """Megabytes of a job that has whole tables in memory, by the size of its files."""

    def mem_mb(wildcards: Any, input: Any, attempt: int) -> int:
        return attempt * math.ceil(LEAST_MB + mb_per_mb * input.size_mb)

    return mem_mb


def table_minutes(wildcards: Any, input: Any, attempt: int) -> int:
    """Minutes of a job that reads and writes tables."""
    return attempt * math.ceil(5 + input.size_mb / 20)


@dataclass(frozen=True)
class ClusterResources:
    """Of a study's jobs that have a split and a model in memory."""

    study: Study
    gpus: int

    def model_memory(self, wildcards: Any, input: Any, attempt: int) -> int:
        """Megabytes."""
        interactions, _ = sizes(input.statistics)
        return attempt * math.ceil(LEAST_MB + CUDA_MB * self.gpus + 80 * interactions)

    def training_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """Minutes of a training up to an epoch, as if it started at the first."""
        interactions, pairs = sizes(input.statistics)
        epochs = int(wildcards.epoch)
        evaluations = epochs / self.study.settings.training.evaluate_every
        seconds = 0.5 * interactions * epochs + 0.015 * pairs * evaluations
        return attempt * math.ceil(5 + seconds / 60)

    def baseline_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """Minutes of a baseline: what a neural one takes on a CPU, with room."""
        interactions, _ = sizes(input.statistics)
        return attempt * math.ceil(30 + 600 * interactions)

    def attack_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """Minutes of making lists: the steps that this job of an attack takes, if it is one, and the listing."""
        interactions, pairs = sizes(input.statistics)
        steps = 0
        if wildcards.get("attack"):
            steps = int(wildcards.iterations) - self.study.iterations_before(wildcards)
        seconds = 60 + 0.25 * interactions * steps + 0.02 * pairs
        return attempt * math.ceil(seconds / 60)
