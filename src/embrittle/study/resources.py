"""The memory and time that jobs request on a cluster, from the size of the data and the number of the attempt.

A job that is killed for memory or time runs again with more (`retries` in profiles/slurm). The numbers are measured
ones with a margin (docs/cluster.md). On a single machine they limit nothing. Snakemake calls the functions with the
arguments that they name: wildcards, input, attempt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embrittle.attacks.losses import knows
from embrittle.models.registry import FACTORISATION, MODELS
from embrittle.study.stages import own_training

if TYPE_CHECKING:
    from embrittle.study.study import Study

# The memory of any job: two processes of Snakemake, and Python's libraries.
LEAST_MB = 1000
# The memory of the CUDA libraries on the host.
CUDA_MB = 3000


def sizes(statistics: str) -> tuple[float, float]:
    """Read the size of a split from its statistics.json.

    Returns:
        The number of interactions and the number of pairs of user and item, both in millions; 0 if the file is damaged.
    """
    try:
        content = json.loads(Path(statistics).read_text(encoding="utf-8"))
    except ValueError:  # the job will report the damage
        return 0.0, 0.0
    return content["n_interactions"] / 1e6, content["size"] / 1e6


def memory_for_tables(mb_per_mb: float) -> Callable[..., int]:
    """Return the function for the memory (MB) of a job that holds its input tables, `mb_per_mb` per MB of files."""

    def mem_mb(wildcards: Any, input: Any, attempt: int) -> int:
        return attempt * math.ceil(LEAST_MB + mb_per_mb * input.size_mb)

    return mem_mb


def table_minutes(wildcards: Any, input: Any, attempt: int) -> int:
    """The minutes of a job that reads and writes tables."""
    return attempt * math.ceil(5 + input.size_mb / 20)


@dataclass(frozen=True)
class ClusterResources:
    """The resources of jobs that hold a split and a model in memory.

    Attributes:
        study: the study, for its settings.
        gpus: the number of GPUs that a job requests.
    """

    study: Study
    gpus: int

    def model_memory(self, wildcards: Any, input: Any, attempt: int) -> int:
        """The memory of a job in MB."""
        interactions, _ = sizes(input.statistics)
        return attempt * math.ceil(LEAST_MB + CUDA_MB * self.gpus + 80 * interactions)

    def training_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """The minutes of a training up to an epoch, counted from the first epoch."""
        interactions, pairs = sizes(input.statistics)
        if MODELS[wildcards.model].trained_by != FACTORISATION:
            own = own_training(self.study.settings, wildcards.model)
            return attempt * math.ceil(5 + own.seconds(interactions) / 60)
        epochs = int(wildcards.epoch)
        evaluations = epochs / self.study.settings.training.evaluate_every
        seconds = 0.5 * interactions * epochs + 0.015 * pairs * evaluations
        return attempt * math.ceil(5 + seconds / 60)

    def baseline_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """The minutes of a neural baseline on a CPU, with a margin; the same for all baselines."""
        interactions, _ = sizes(input.statistics)
        return attempt * math.ceil(30 + 600 * interactions)

    def attack_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """The minutes of making recommendation lists, including the ascent steps that a job of an attack takes."""
        interactions, pairs = sizes(input.statistics)
        seconds = 60 + 0.02 * pairs
        if wildcards.get("attack"):
            attack = self.study.settings.attacks[wildcards.attack]
            steps = int(wildcards.iterations) - self.study.iterations_before(wildcards)
            on_ranking = knows(attack.plain()) != "train"
            seconds += steps * (0.04 * pairs if on_ranking else 0.25 * interactions)
            seconds *= getattr(attack, "starts", None) or 1
        return attempt * math.ceil(seconds / 60)

    def certificate_minutes(self, wildcards: Any, input: Any, attempt: int) -> int:
        """The minutes of certifying a model, or of searching its users' worst cases."""
        _, pairs = sizes(input.statistics)
        return attempt * math.ceil(10 + 0.05 * pairs)
