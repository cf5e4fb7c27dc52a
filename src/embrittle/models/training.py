"""Training of BPR-MF and AMF (docs/method.md, "Training"), with the choice of the epoch that is attacked."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.files import read_tensors, write_parquet, write_tensors
from embrittle.kernels.backend import Backend, Factors, StepSettings
from embrittle.kernels.ranking import target_ranks
from embrittle.kernels.sampling import TripleSampler
from embrittle.rng import truncated_normal

if TYPE_CHECKING:
    from embrittle.models.checkpoint import Checkpoint

logger = logging.getLogger(__name__)

_INIT, _EPOCH = 0, 1  # streams of random numbers under one seed


@dataclass(frozen=True)
class TrainingSettings:
    """Everything but data, start and seed that decides a training's result (config/README.md explains each).

    What came later than the first results has a default, that which made them (`config.training_settings`).
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

    @property
    def k(self) -> int:
        """Length of the lists that an epoch is judged by."""
        return int(self.criterion.split("@")[1])

    @property
    def measures(self) -> tuple[str, str]:
        """Names of what an evaluated epoch's row of the curve tells, such as HR@10 and nDCG@10."""
        return f"HR@{self.k}", f"nDCG@{self.k}"

    @property
    def curve(self) -> tuple[str, ...]:
        """Columns of the curve."""
        return ("epoch", "loss", *self.measures, "selection")

    def step(self) -> StepSettings:
        """Return the part that one optimisation step needs."""
        return StepSettings(
            self.batch_size, self.learning_rate, self.adversarial_epsilon, self.adversarial_weight
        )


@dataclass
class TrainedState:
    """A model at some epoch, and the epoch selected so far.

    Attributes:
        factors: NumPy arrays at `epoch`, from which training can go on.
        selected: user and item factors of the selected epoch, float32.
        selected_epoch: that epoch; None as long as none was looked at.
        selected_score: the criterion on the data that selects; None with selection "last".
        curve: one row an epoch, with the columns `TrainingSettings.curve`: epoch, loss (mean over triples, clean), HR
            and nDCG on the test items and the score that selects (NaN where not evaluated). No times: the same training
            writes the same bytes.
    """

    model: str
    seed: int
    epoch: int
    factors: Factors
    selected: tuple[np.ndarray, np.ndarray] | None = None
    selected_epoch: int | None = None
    selected_score: float | None = None
    curve: list[dict[str, float]] = field(default_factory=list)

    def about(self) -> dict[str, Any]:
        """What was trained and selected."""
        names = ("model", "seed", "selected_epoch", "selected_score")
        return {name: getattr(self, name) for name in names}

    def write(self, state: str | PathLike, model: str | PathLike, curve: str | PathLike) -> None:
        """Write the state to go on from, the selected factors, and the curve."""
        self.write_state(state)
        users, items = self.selected
        write_tensors({"user_factors": users, "item_factors": items}, model, self.about())
        write_parquet({name: [row[name] for row in self.curve] for name in self._columns()}, curve)

    def _columns(self) -> list[str]:
        """Columns of the curve in the order of `TrainingSettings.curve`: a state that was read has them in another."""
        place = {"epoch": 0, "loss": 1, "selection": 3}
        return sorted(self.curve[0], key=lambda name: (place.get(name, 2), name))

    def write_state(self, path: str | PathLike, **more: Any) -> None:
        """Write what is needed to go on; `more` (JSON values) goes into the header."""
        tensors = dict(vars(self.factors))
        if self.selected:
            tensors["selected_users"], tensors["selected_items"] = self.selected
        write_tensors(
            tensors, path, {**self.about(), "epoch": self.epoch, "curve": self.curve, **more}
        )


def read_state(path: str | PathLike) -> TrainedState:
    """Read a state as written by `TrainedState.write_state`."""
    tensors, about = read_tensors(path)
    return state_of(tensors, about)


def state_of(tensors: dict[str, np.ndarray], about: dict[str, Any]) -> TrainedState:
    """Put a state together from the arrays and the header of its file."""
    selected = tensors.pop("selected_users", None), tensors.pop("selected_items", None)
    return TrainedState(
        factors=Factors(**tensors), selected=None if selected[0] is None else selected, **about
    )


def initial_factors(n_users: int, n_items: int, settings: TrainingSettings, seed: int) -> Factors:
    """Draw factors from normal(0, init_scale), truncated at two standard deviations, and fresh accumulators."""
    rng = np.random.default_rng([seed, _INIT])

    users, items = (
        truncated_normal(rng, (n_rows, settings.factors)) * np.float32(settings.init_scale)
        for n_rows in (n_users, n_items)
    )
    return _fresh(users, items, settings)


def _fresh(users: np.ndarray, items: np.ndarray, settings: TrainingSettings) -> Factors:
    """Factors with Adagrad accumulators that have seen nothing yet."""
    start = np.float32(settings.initial_accumulator)
    return Factors(users, items, np.full_like(users, start), np.full_like(items, start))


def _accuracy(ranks: np.ndarray, targets: np.ndarray, k: int) -> tuple[float, float]:
    """HR@k and nDCG@k over the users with a target; NaN where nobody has one."""
    ranks = ranks[targets >= 0]
    if len(ranks) == 0:
        return math.nan, math.nan
    gains = np.where(ranks <= k, 1 / np.log2(ranks + 1.0), 0.0)
    return float(np.mean(ranks <= k)), float(np.mean(gains))


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


def check_selection(selection: str, test: np.ndarray, validation: np.ndarray) -> None:
    """Warn where the test items select.

    Raises:
        TrainingError: nobody has an item to select by.
    """
    deciding = {"best-on-test": test, "best-on-validation": validation}.get(selection)
    if deciding is not None and not (deciding >= 0).any():
        raise TrainingError(
            f"training.selection is {selection}, but no user has an item held out for that: a test item takes two "
            "interactions of a user, a validation item three. Choose another selection, such as last."
        )
    if selection == "best-on-test":
        logger.warning(
            "The test items choose the epoch (training.selection: best-on-test, as the papers' authors did), so what "
            "is then measured on them is too good; choose best-on-validation for claims of your own."
        )


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
    check_selection(settings.selection, test, validation)
    state = (checkpoint and checkpoint.load()) or state
    known = train.including(validation)
    evaluation = _Evaluation(backend, train, known, test, validation, settings)
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    factors = Factors(*(backend.put(array) for array in vars(state.factors).values()))
    for epoch in range(state.epoch + 1, epochs + 1):
        loss = backend.train_epoch(factors, sampler.draw(seed, _EPOCH, epoch), settings.step())
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of {settings.model} is {loss} at epoch {epoch} (seed {seed}): training has diverged. "
                "Choose a lower training.learning_rate, or a smaller adversarial_training.epsilon."
            )
        state.epoch = epoch
        state.curve.append(dict.fromkeys(settings.curve, math.nan) | {"epoch": epoch, "loss": loss})
        if epoch % settings.evaluate_every == 0 or epoch == epochs:
            evaluation.judge(factors, state, epoch)
        if checkpoint and epoch < epochs and checkpoint.is_due():
            checkpoint.save(replace(state, factors=_on_host(backend, factors)))
    state.factors = _on_host(backend, factors)
    return state


def _on_host(backend: Backend, factors: Factors) -> Factors:
    return Factors(*(backend.get(array) for array in vars(factors).values()))


@dataclass(frozen=True)
class _Evaluation:
    """What an epoch is judged by. At test time the validation items are known, so they are not ranked."""

    backend: Backend
    train: UserItems
    known: UserItems  # train and validation
    test: np.ndarray
    validation: np.ndarray
    settings: TrainingSettings

    def accuracy(
        self, factors: Factors, known: UserItems, targets: np.ndarray
    ) -> tuple[float, float]:
        """HR and nDCG of the targets among the items that are not known."""
        users, items = factors.user_factors, factors.item_factors
        ranks = target_ranks(self.backend, users, items, known, targets)
        return _accuracy(ranks, targets, self.settings.k)

    def judge(self, factors: Factors, state: TrainedState, epoch: int) -> None:
        """Complete the curve's last row, and keep the factors if this is the epoch to select so far."""
        row, measures = state.curve[-1], self.settings.measures
        selection, criterion = self.settings.selection, self.settings.criterion
        row.update(zip(measures, self.accuracy(factors, self.known, self.test), strict=True))
        if selection == "best-on-test":
            row["selection"] = row[criterion]
        elif selection == "best-on-validation":
            judged = self.accuracy(factors, self.train, self.validation)
            row["selection"] = dict(zip(measures, judged, strict=True))[criterion]
        logger.info("epoch %d: loss %.4f, %s %.4f", epoch, row["loss"], criterion, row[criterion])
        score = None if selection == "last" else row["selection"]
        if score is None or state.selected_score is None or score > state.selected_score:
            state.selected = (
                self.backend.get(factors.user_factors),
                self.backend.get(factors.item_factors),
            )
            state.selected_epoch, state.selected_score = epoch, score
