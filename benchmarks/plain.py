"""The same work as our hot loops, written as one would with torch or NumPy: what ours are compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from embrittle.compute import reference
from embrittle.compute.backend import ADAGRAD_EPS, Factors, StepSettings

Epoch = Callable[[torch.Tensor], object]  # of int64 triples (n, 3)


def tensors(factors: Factors, device: str) -> list[torch.Tensor]:
    """Copies of user_factors, item_factors, user_accumulators and item_accumulators on a device."""
    return [torch.tensor(array, device=device) for array in vars(factors).values()]


def reference_epoch(factors: Factors, settings: StepSettings, device: str = "cpu") -> Epoch:
    """The reference that the tests hold our loops against: autograd, and Adagrad written out."""
    arrays = tensors(factors, device)
    return lambda triples: reference.train_epoch(arrays[:2], arrays[2:], triples, settings)


def optimiser_epoch(factors: Factors, settings: StepSettings, device: str = "cpu") -> Epoch:
    """BPR-MF as it is usually written in torch: autograd and torch.optim.Adagrad."""
    parameters = [array.requires_grad_() for array in tensors(factors, device)[:2]]
    optimiser = torch.optim.Adagrad(
        parameters,
        lr=settings.learning_rate,
        initial_accumulator_value=float(factors.user_accumulators.flat[0]),
        eps=ADAGRAD_EPS,
    )

    def epoch(triples: torch.Tensor) -> None:
        n_batches = len(triples) // settings.batch_size
        for batch in triples[: n_batches * settings.batch_size].split(settings.batch_size):
            optimiser.zero_grad()
            reference.bpr_loss(parameters, batch).backward()
            optimiser.step()

    return epoch


def _scores(
    user_factors: np.ndarray, item_factors: np.ndarray, indptr: np.ndarray, indices: np.ndarray
) -> np.ndarray:
    """All scores at once, float32 (n_users, n_items), -inf for training items."""
    scores = user_factors @ item_factors.T
    scores[np.repeat(np.arange(len(user_factors)), np.diff(indptr)), indices] = -np.inf
    return scores


def numpy_top_items(
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    length: int,
) -> np.ndarray:
    """Items of the top lists, int64 (n_users, length): scores, argpartition, and a sort of what it leaves."""
    scores = _scores(user_factors, item_factors, indptr, indices)
    best = np.argpartition(scores, -length, axis=1)[:, -length:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def numpy_target_ranks(
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    targets: np.ndarray,
) -> np.ndarray:
    """Ranks of the targets, int64 (n_users,), 0 without one: how many scores are higher, plus 1."""
    scores = _scores(user_factors, item_factors, indptr, indices)
    own = scores[np.arange(len(targets)), targets]
    return np.where(targets >= 0, 1 + (scores > own[:, None]).sum(axis=1), 0)
