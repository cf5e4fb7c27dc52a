"""The CUDA path beside plain torch autograd on the same GPU and beside our compiled loops on one core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from embrittle.kernels import reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.sampling import draw_negatives
from embrittle.models.training import TrainingSettings

from .loops import Effort, compared, our_epoch, plain_epoch
from .plain import Epoch, reference_epoch
from .setting import AMF, BPR_MF, SEED, Problem
from .table import Row
from .timing import Measurement, seconds_of

OURS, COMPILED = "embrittle on the GPU", "embrittle, compiled, one core"
REFERENCE = "torch autograd on the GPU, the reference"


def _finish(device: str) -> None:
    """Wait until the GPU has done what it was given, which calls do not do by themselves."""
    if device == "cuda":
        torch.cuda.synchronize()


def _finished(work: Callable[[], object], device: str, times: int = 1) -> Measurement:
    def to_the_end() -> None:
        work()
        _finish(device)

    return lambda: seconds_of(to_the_end, times)


def epoch_rows(
    problem: Problem, settings: TrainingSettings, effort: Effort, device: str, label: str
) -> list[Row]:
    """An epoch of one model; its triples are drawn on the CPU in all three."""
    plain = reference_epoch(problem.start(), settings.step(), device)

    def plain_to_the_end(triples: torch.Tensor) -> None:
        plain(triples)
        _finish(device)

    epoch: Epoch = plain_to_the_end
    measurements = {
        OURS: our_epoch(CudaBackend(device), problem, settings, effort.epochs),
        COMPILED: our_epoch(CpuBackend(), problem, settings, effort.epochs),
        REFERENCE: plain_epoch(epoch, problem, effort.plain_batches, device),
    }
    return compared(f"{settings.model} epoch", measurements, effort.repeats, device=label)


def gradient_rows(problem: Problem, effort: Effort, device: str, label: str) -> list[Row]:
    """The full-batch gradient that attacks ascend, with the same negatives."""
    train, start, backend = problem.train, problem.start(), CudaBackend(device)
    host = (start.user_factors, start.item_factors)
    placed = [backend.put(array) for array in host]
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([SEED])
    )
    columns = np.stack([problem.users(), train.indices, negatives], axis=1)
    triples = torch.from_numpy(columns.astype(np.int64)).to(device)
    ours = (lambda: backend.full_batch_gradient(*placed, train, negatives), device, 5)
    compiled = (lambda: CpuBackend().full_batch_gradient(*host, train, negatives), "cpu", 5)
    measurements = {
        OURS: _finished(*ours),
        COMPILED: _finished(*compiled),
        REFERENCE: _finished(lambda: reference.gradient(placed, triples), device),
    }
    return compared("full-batch gradient", measurements, effort.repeats, device=label)


def gpu_rows(problem: Problem, effort: Effort, device: str = "cuda") -> list[Row]:
    """All rows of this module; `device` "cpu" runs the same operations there, for tests."""
    label = torch.cuda.get_device_name(0) if device == "cuda" else "torch on the CPU"
    return [
        *epoch_rows(problem, BPR_MF, effort, device, label),
        *epoch_rows(problem, AMF, effort, device, label),
        *gradient_rows(problem, effort, device, label),
    ]
