"""Training of BPR-MF and AMF (docs/method.md, "Training")."""

from __future__ import annotations

import logging
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

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSettings:
    """The settings that decide a training's result, besides data, start and seed (explained in config/README.md).

    Settings that were added after the first results have a default that reproduces these results
    (`study.stages.training_settings`).
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
        """Return the settings of an optimisation step."""
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
    """Return random initial factors, and accumulators at their initial value.

    Args:
        n_users, n_items: numbers of rows.
        settings: `factors` (columns), `init_scale` and `initial_accumulator` are used.
        seed: of the stream.
        stream: the stream of random numbers to draw from.

    Returns:
        Factors drawn from normal(0, init_scale) truncated at two standard deviations, on the host.
    """
    rng = generator(stream, seed)

    users, items = (
        truncated_normal(rng, (n_rows, settings.factors)) * np.float32(settings.init_scale)
        for n_rows in (n_users, n_items)
    )
    return _fresh(users, items, settings)


def _fresh(users: np.ndarray, items: np.ndarray, settings: TrainingSettings) -> Factors:
    """Return factors with Adagrad accumulators at their initial value."""
    start = np.float32(settings.initial_accumulator)
    return Factors(users, items, np.full_like(users, start), np.full_like(items, start))


def _start(
    train: UserItems, settings: TrainingSettings, seed: int, start: TrainedState | None
) -> TrainedState:
    if len(train.indices) < settings.batch_size:
        raise TrainingError(
            f"training.batch_size is {settings.batch_size}, but the data set has only {len(train.indices)} training "
            "interactions, less than one batch. Choose a smaller training.batch_size."
        )
    if start is None:
        factors = initial_factors(train.n_users, train.n_items, settings, seed)
        return TrainedState(settings.model, seed, 0, factors)
    if start.model != settings.model:  # continue from its parameters, but with an empty record
        factors = start.factors
        if settings.restart_accumulators:
            factors = _fresh(factors.user_factors, factors.item_factors, settings)
        return TrainedState(settings.model, seed, start.epoch, factors)
    return replace(start, curve=list(start.curve))


def train(
    backend: Backend,
    train: UserItems,
    test: UserItems,
    validation: UserItems,
    settings: TrainingSettings,
    seed: int,
    epochs: int,
    start: TrainedState | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainedState:
    """Train a model until epoch number `epochs`, from random factors or from a given state.

    The triples of an epoch depend only on (seed, epoch). A training in two parts therefore ends with the same bytes as
    a training in one part, if the first part ends at an epoch that is evaluated anyway. A checkpoint may be at any
    epoch.

    Args:
        backend: the device.
        train: training positives.
        test: test items of each user; the curve reports their HR and nDCG.
        validation: validation items of each user.
        settings: the model and its hyperparameters.
        seed: of initialisation, negatives and order.
        epochs: number of the last epoch, counted from random factors, the epochs of `start` included.
        start: the state to continue from, of this model or of the model that it starts from; None for random factors.
        checkpoint: where to save the state during training, and from where to continue a killed training.

    Returns:
        The state after epoch `epochs`.

    Raises:
        TrainingError: the start is not before the last epoch, there are fewer triples than a batch needs, no user has
            a held-out item to select by, or the loss is no longer finite.
    """
    state = _start(train, settings, seed, start)
    if state.epoch >= epochs:
        raise TrainingError(
            f"{settings.model} starts at epoch {state.epoch}, so it cannot end at epoch {epochs}. Choose a larger "
            "number of epochs."
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
        logger.debug("epoch %d of %d", epoch, epochs)
    state.factors = _on_host(backend, factors)
    return state


def _on_host(backend: Backend, factors: Factors) -> Factors:
    return Factors(*(backend.get(array) for array in vars(factors).values()))
