"""The loop over epochs: training, evaluation, selection and checkpoints, the same for all models with epochs."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from embrittle.errors import TrainingError
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.ranking import target_ranks
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.selection import EpochSelection
from embrittle.models.state import TrainedState
from embrittle.row_norms import STATISTICS, row_norms

logger = logging.getLogger(__name__)


class Learner(Protocol):
    """A model in training.

    Attributes:
        advice: what to change in the configuration if the loss is no longer finite, "Choose ...".
    """

    advice: str

    def train_epoch(self, epoch: int) -> float:
        """Train for epoch number `epoch`, counted from 1, and return the mean loss of a triple."""

    def rows(self) -> tuple[Array, Array]:
        """Return the rows of users and of items that scores are made of, float32, on the device."""

    def parameters(self) -> Any:
        """Return what training continues from (`TrainedState.factors`), copied to the host."""


def run_epochs(
    learner_of: Callable[[TrainedState], Learner],
    state: TrainedState,
    backend: Backend,
    selection: EpochSelection,
    evaluate_every: int,
    epochs: int,
    checkpoint: Checkpoint | None,
) -> TrainedState:
    """Train from a state, or from the checkpoint of a killed training, until epoch number `epochs`.

    Args:
        learner_of: returns the model at a state.
        state: the start; it is changed, its arrays are not.
        backend: the device of the rows.
        selection: how epochs are evaluated and selected.
        evaluate_every: number of epochs between evaluations; the last epoch is always evaluated.
        epochs: number of the last epoch.
        checkpoint: where to save the state, and from where to continue; None for nowhere.

    Returns:
        The state after epoch `epochs`.

    Raises:
        TrainingError: the state is not before the last epoch, or the loss is no longer finite.
    """
    if state.epoch >= epochs:
        raise TrainingError(
            f"{state.model} starts at epoch {state.epoch}, so it cannot end at epoch {epochs}. Choose a larger "
            "number of epochs."
        )
    state = (checkpoint and checkpoint.load(type(state.factors))) or state
    learner = learner_of(state)
    for epoch in range(state.epoch + 1, epochs + 1):
        loss = learner.train_epoch(epoch)
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of {state.model} is {loss} at epoch {epoch} (seed {state.seed}): training has diverged. "
                f"{learner.advice}"
            )
        state.epoch = epoch
        state.curve.append(selection.row(epoch, loss) | dict.fromkeys(STATISTICS, math.nan))
        if epoch % evaluate_every == 0 or epoch == epochs:
            rows = learner.rows()
            # The copy for the norms is gone before the ranks need their memory.
            state.curve[-1] |= row_norms(*_on_host(backend, rows), rows[0].shape[1])
            if selection.judge(state, partial(target_ranks, backend, *rows)):
                state.selected = _on_host(backend, rows)
        if checkpoint and epoch < epochs and checkpoint.is_due():
            checkpoint.save(replace(state, factors=learner.parameters()))
        logger.debug("epoch %d of %d", epoch, epochs)
    state.factors, state.last = learner.parameters(), _on_host(backend, learner.rows())
    return state


def _on_host(backend: Backend, rows: tuple[Array, Array]) -> tuple[Any, Any]:
    users, items = map(backend.get, rows)
    return users, items
