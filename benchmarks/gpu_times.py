"""The CUDA path beside plain torch on the same GPU and beside our compiled loops on one core, timed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from embrittle.kernels import reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.ranking import target_ranks, top_items
from embrittle.kernels.sampling import TripleSampler, draw_negatives
from embrittle.models.training import TrainingSettings

from .measurements import Effort, compared, our_epoch, plain_epoch
from .plain import Epoch, reference_epoch, torch_target_ranks, torch_top_items
from .setting import AMF, BPR_MF, SEED, K, Problem
from .table import Row
from .timing import Measurement, seconds_of

OURS, NO_GRAPH = "embrittle, torch", "embrittle, torch, no captured graph"
COMPILED = "embrittle, compiled, one core"
REFERENCE, ALL_SCORES = "torch autograd, the reference", "torch, all scores at once"
_CALLS = 5  # of what takes milliseconds, in one measurement


def _finish(device: str) -> None:
    """Wait until the GPU has done what it was given, which calls do not do by themselves."""
    if device == "cuda":
        torch.cuda.synchronize()


def _finished(work: Callable[[], object], device: str, calls: int = _CALLS) -> Measurement:
    def to_the_end() -> None:
        work()
        _finish(device)

    return lambda: seconds_of(to_the_end, calls)


def _devices(label: str) -> dict[str, str]:
    """The device of everything but the compiled loops."""
    return dict.fromkeys((OURS, NO_GRAPH, REFERENCE, ALL_SCORES), label)


def epoch_rows(
    problem: Problem, settings: TrainingSettings, effort: Effort, device: str, label: str
) -> list[Row]:
    """An epoch of one model; its triples are drawn on the CPU in all of them."""
    plain = reference_epoch(problem.start(), settings.step(), device)

    def plain_to_the_end(triples: torch.Tensor) -> None:
        plain(triples)
        _finish(device)

    epoch: Epoch = plain_to_the_end
    measurements = {OURS: our_epoch(CudaBackend(device), problem, settings, effort.epochs)}
    if device == "cuda":
        alone = CudaBackend(device, capture=False)
        measurements[NO_GRAPH] = our_epoch(alone, problem, settings, effort.epochs)
    measurements |= {
        COMPILED: our_epoch(CpuBackend(), problem, settings, effort.epochs),
        REFERENCE: plain_epoch(epoch, problem, effort.plain_batches, device),
    }
    part = f"{settings.model} epoch"
    return compared(part, measurements, effort.repeats, devices=_devices(label))


def drawing_row(problem: Problem, effort: Effort) -> Row:
    """What of an epoch stays on the CPU: its negatives and its order."""
    train = problem.train
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)

    def measure() -> float:
        return seconds_of(lambda: sampler.draw(np.random.SeedSequence([SEED])))

    (row,) = compared("triples of an epoch", {COMPILED: measure}, effort.repeats)
    return row


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
    ours = (lambda: backend.full_batch_gradient(*placed, train, negatives), device)
    compiled = (lambda: CpuBackend().full_batch_gradient(*host, train, negatives), "cpu")
    measurements = {
        OURS: _finished(*ours),
        COMPILED: _finished(*compiled),
        REFERENCE: _finished(lambda: reference.gradient(placed, triples), device, calls=1),
    }
    return compared("full-batch gradient", measurements, effort.repeats, devices=_devices(label))


def ranking_rows(problem: Problem, effort: Effort, device: str, label: str) -> list[Row]:
    """Ranks of the test items and top lists, from factors on the device to arrays on the host."""
    train, start, backend = problem.train, problem.start(), CudaBackend(device)
    host = (start.user_factors, start.item_factors)
    placed = [backend.put(array) for array in host]
    seen = torch.from_numpy(np.stack([problem.users(), train.indices]).astype(np.int64)).to(device)
    tested = torch.from_numpy(problem.targets().astype(np.int64)).to(device)
    ranks = {
        OURS: lambda: target_ranks(backend, *placed, train, problem.test),
        COMPILED: lambda: target_ranks(CpuBackend(), *host, train, problem.test),
        ALL_SCORES: lambda: torch_target_ranks(*placed, seen, tested).cpu(),
    }
    lists = {
        OURS: lambda: top_items(backend, *placed, train, K),
        COMPILED: lambda: top_items(CpuBackend(), *host, train, K),
        ALL_SCORES: lambda: torch_top_items(*placed, seen, K).cpu(),
    }
    return [
        row
        for part, calls in (("ranks of the test items", ranks), (f"top-{K} lists", lists))
        for row in compared(
            part,
            {name: _finished(call, device) for name, call in calls.items()},
            effort.repeats,
            devices=_devices(label),
        )
    ]


def gpu_parts(problem: Problem, effort: Effort, device: str) -> dict[str, Callable[[], list[Row]]]:
    """What measures each part; `device` "cpu" runs the same operations there, for tests."""
    label = torch.cuda.get_device_name() if device == "cuda" else "torch on the CPU"
    given = problem, effort, device, label
    return {
        "BPR-MF epochs": lambda: epoch_rows(problem, BPR_MF, effort, device, label),
        "AMF epochs": lambda: epoch_rows(problem, AMF, effort, device, label),
        "drawing triples": lambda: [drawing_row(problem, effort)],
        "gradient": lambda: gradient_rows(*given),
        "ranking": lambda: ranking_rows(*given),
    }


def gpu_rows(problem: Problem, effort: Effort, device: str = "cuda") -> list[Row]:
    """All rows of this module."""
    return [row for part in gpu_parts(problem, effort, device).values() for row in part()]
