"""Training of matrix factorisation: BPR-MF and AMF (docs/method.md, "Training")."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.backend import Array, Backend, Factors, StepSettings
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.epochs import run_epochs
from embrittle.models.selection import EpochSelection
from embrittle.models.state import TrainedState
from embrittle.rng import Stream, generator, seeds, truncated_normal


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
    selection = EpochSelection(settings.selection, settings.criterion, train, test, validation)
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)

    def learner(state: TrainedState) -> _Factorisation:
        return _Factorisation(backend, state.factors, sampler, settings, seed)

    every = settings.evaluate_every
    return run_epochs(learner, state, backend, selection, every, epochs, checkpoint)


class _Factorisation:
    """Matrix factorisation in training (`epochs.Learner`)."""

    advice = "Choose a lower training.learning_rate, or a smaller adversarial_training.epsilon."

    def __init__(
        self,
        backend: Backend,
        factors: Factors,
        sampler: TripleSampler,
        settings: TrainingSettings,
        seed: int,
    ):
        """Copy the factors to the device."""
        self._factors = Factors(*(backend.put(array) for array in vars(factors).values()))
        self._backend, self._sampler = backend, sampler
        self._step, self._seed = settings.step(), seed

    def train_epoch(self, epoch: int) -> float:
        """Take a step for each full batch of the epoch's triples."""
        triples = self._sampler.draw(seeds(Stream.TRIPLES, self._seed, epoch))
        return self._backend.train_epoch(self._factors, triples, self._step)

    def rows(self) -> tuple[Array, Array]:
        """Return the factors."""
        return self._factors.user_factors, self._factors.item_factors

    def parameters(self) -> Factors:
        """Return factors and accumulators."""
        return Factors(*(self._backend.get(array) for array in vars(self._factors).values()))
