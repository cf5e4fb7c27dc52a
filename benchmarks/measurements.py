"""Measurements that the CPU's and the GPU's tables share: epochs, ours and plain ones, and rows that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch

from embrittle.kernels.backend import Backend, Factors
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.training import TrainingSettings

from .plain import Epoch
from .setting import BPR_MF, SEED, Problem
from .table import Row, Target
from .timing import Measurement, ratios, seconds_of, side_by_side


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        repeats: rounds.
        epochs: epochs of a measurement, of which the mean is taken.
        plain_batches: batches of a plain torch epoch that are run and scaled up to the whole.
    """

    repeats: int
    epochs: int
    plain_batches: int


def our_epoch(
    backend: Backend, problem: Problem, settings: TrainingSettings, epochs: int
) -> Measurement:
    """Seconds of one epoch as training runs it: sampling, shuffling and all steps."""
    train = problem.train
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    start, step = problem.start(), settings.step()
    factors = Factors(*(backend.put(array) for array in vars(start).values()))
    numbers = iter(range(2**31))  # a new draw for every epoch
    return lambda: seconds_of(
        lambda: backend.train_epoch(
            factors, sampler.draw(np.random.SeedSequence([SEED, next(numbers)])), step
        ),
        epochs,
    )


def plain_epoch(epoch: Epoch, problem: Problem, batches: int, device: str = "cpu") -> Measurement:
    """Seconds of one epoch: our sampling, and some of the batches, scaled up to all."""
    train = problem.train
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    n_batches = len(train.indices) // BPR_MF.batch_size
    n_run = min(batches, n_batches)

    def measure() -> float:
        sampling = seconds_of(lambda: sampler.draw(np.random.SeedSequence([SEED])))
        some = sampler.draw(np.random.SeedSequence([SEED]))[: n_run * BPR_MF.batch_size]
        triples = torch.from_numpy(some.astype(np.int64)).to(device)
        return sampling + seconds_of(lambda: epoch(triples)) * n_batches / n_run

    return measure


def compared(
    part: str,
    measurements: Mapping[str, Measurement],
    repeats: int,
    target: Target | None = None,
    devices: Mapping[str, str] = MappingProxyType({}),
) -> list[Row]:
    """Measure side by side; every row after the first is compared with the first, and held against `target`.

    `devices` names the device of those that do not run on the CPU.
    """
    seconds = side_by_side(measurements, repeats)
    first, *others = seconds
    rows = [Row(part, first, seconds[first], device=devices.get(first, "cpu"))]
    for name in others:
        compared_with_first = ratios(seconds[name], seconds[first])
        device = devices.get(name, "cpu")
        rows.append(
            Row(part, name, seconds[name], compared_with_first, first, target, device=device)
        )
    return rows
