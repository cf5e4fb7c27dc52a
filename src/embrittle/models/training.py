"""Training of BPR-MF and AMF (docs/method.md, "Training")."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.backend import Backend, Factors, StepSettings
from embrittle.kernels.ranking import target_ranks
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.selection import EpochSelection
from embrittle.models.state import TrainedState
from embrittle.rng import Stream, generator, seeds, truncated_normal


@dataclass(frozen=True)
class TrainingSettings:
    """Everything but data, start and seed that decides a training's result (config/README.md explains each).

    What came later than the first results has a default, that which made them (`study.settings.training_settings`).
    """

    model: str
    factors: int
    batch_size: int
    learning_rate: float
    initial_accumulator: float
    init_scale: float
    selection: str
    evaluate_every: int
    adversarial_epsilon: float = 0.0
    adversarial_weight: float = 0.0
    restart_accumulators: bool = False
    criterion: str = "HR@10"
    loss: str = "bpr"

    def step(self) -> StepSettings:
        """Return the part that one optimisation step needs."""
        return StepSettings(
            self.batch_size,
            self.learning_rate,
            self.adversarial_epsilon,
            self.adversarial_weight,
            self.loss,
        )


def initial_factors(
    n_users: int,
    n_items: int,
    settings: TrainingSettings,
    seed: int,
    stream: Stream = Stream.INITIAL_FACTORS,
) -> Factors:
    """Draw factors from normal(0, init_scale), truncated at two standard deviations, and fresh accumulators."""
    rng = generator(stream, seed)

    users, items = (
        truncated_normal(rng, (n_rows, settings.factors)) * np.float32(settings.init_scale)
        for n_rows in (n_users, n_items)
    )
    return _fresh(users, items, settings)


def _fresh(users: np.ndarray, items: np.ndarray, settings: TrainingSettings) -> Factors:
    """Factors with Adagrad accumulators that have seen nothing yet."""
    start = np.float32(settings.initial_accumulator)
    return Factors(users, items, np.full_like(users, start), np.full_like(items, start))


def _start(
    train: UserItems, settings: TrainingSettings, seed: int, start: TrainedState | None
) -> TrainedState:
    if len(train.indices) < settings.batch_size:
        raise TrainingError(
            f"training.batch_size is {settings.batch_size}, but there are only {len(train.indices)} training "
            "interactions, so that not one batch would be full; choose a smaller batch."
        )
    if start is None:
        factors = initial_factors(train.n_users, train.n_items, settings, seed)
        return TrainedState(settings.model, seed, 0, factors)
    if start.model != settings.model:  # its parameters are taken over, its record is not
        factors = start.factors
        if settings.restart_accumulators:
            factors = _fresh(factors.user_factors, factors.item_factors, settings)
        return TrainedState(settings.model, seed, start.epoch, factors)
    return replace(start, curve=list(start.curve))


def train(
    backend: Backend,
    train: UserItems,
    test: np.ndarray,
    validation: np.ndarray,
    settings: TrainingSettings,
    seed: int,
    epochs: int,
    start: TrainedState | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedState:
    """Train until epoch number `epochs`, from random factors or from a given state.

    Every epoch draws its triples from (seed, epoch) alone, so a training in two parts ends with the same bytes as
    one in a single part, if the first part ends at an epoch that is evaluated anyway; a checkpoint may be anywhere.

    Args:
        backend: the device.
        train: training positives.
        test: int32 (n_users,), test item of each user, -1 for none; followed in the curve.
        validation: the same for validation items; decides with selection "best-on-validation".
        settings: the model and its hyperparameters.
        seed: of initialisation, negatives and order.
        epochs: number of the last epoch, counted from the very first, another model's included.
        start: state to go on from.
        checkpoint: where the state is kept on the way; what it has of this very training is taken up.

    Raises:
        TrainingError: the start lies behind the end, no batch is full, nobody has an item to select by, or the loss
            is no longer a number.
    """
    state = _start(train, settings, seed, start)
    if state.epoch >= epochs:
        raise TrainingError(
            f"{settings.model} would start at epoch {state.epoch}, not before its end at {epochs}."
        )
    selection = EpochSelection(settings.selection, settings.criterion, train, test, validation)
    state = (checkpoint and checkpoint.load()) or state
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    factors = Factors(*(backend.put(array) for array in vars(state.factors).values()))
    for epoch in range(state.epoch + 1, epochs + 1):
        loss = backend.train_epoch(
            factors, sampler.draw(seeds(Stream.TRIPLES, seed, epoch)), settings.step()
        )
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of {settings.model} is {loss} at epoch {epoch} (seed {seed}): training has diverged. "
                "Choose a lower training.learning_rate, or a smaller adversarial_training.epsilon."
            )
        state.epoch = epoch
        state.curve.append(selection.row(epoch, loss))
        if epoch % settings.evaluate_every == 0 or epoch == epochs:
            on_device = factors.user_factors, factors.item_factors
            if selection.judge(state, partial(target_ranks, backend, *on_device)):
                state.selected = tuple(map(backend.get, on_device))
        if checkpoint and epoch < epochs and checkpoint.is_due():
            checkpoint.save(replace(state, factors=_on_host(backend, factors)))
    state.factors = _on_host(backend, factors)
    return state


def _on_host(backend: Backend, factors: Factors) -> Factors:
    return Factors(*(backend.get(array) for array in vars(factors).values()))
