"""Training a baseline, with the choice of the epoch whose lists count (docs/method.md, "The APR poster")."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError, TrainingError
from embrittle.kernels.ranking import lists_to_columns, top_items_by
from embrittle.metrics.measures import Lists, ndcg, recall
from embrittle.models.baselines import BASELINES
from embrittle.models.training import check_selection

logger = logging.getLogger(__name__)


class Recommender(Protocol):
    """What a baseline has to offer."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Take the positives, all options of its entry in `BASELINES`, a seed, and "cpu" or "cuda"."""

    def train_epoch(self) -> float:
        """Train for one epoch; return its mean loss. Only of those whose entry has `epochs`."""

    def scores(self, block: slice) -> np.ndarray:
        """Scores of a block of users for all items: a new float32 array (n_block, n_items)."""


@dataclass
class TrainedBaseline:
    """What is left of a training.

    Attributes:
        lists: the selected epoch's, long form (`ranking.lists_to_columns`).
        selected_epoch: that epoch; 0 where nothing is trained.
        selected_score: the criterion on the data that selects; None with selection "last".
        curve: one row an epoch: epoch, loss, HR@k and nDCG@k on the test items, selection (NaN where unknown).
    """

    lists: dict[str, np.ndarray] = field(default_factory=dict)
    selected_epoch: int | None = None
    selected_score: float | None = None
    curve: list[dict[str, float]] = field(default_factory=list)

    def curve_columns(self) -> dict[str, list[float]]:
        """The curve as columns, with the epoch that was selected marked in one more."""
        columns = {name: [row[name] for row in self.curve] for name in self.curve[0]}
        return {**columns, "selected": [row["epoch"] == self.selected_epoch for row in self.curve]}


def create(
    name: str, train: UserItems, options: Mapping[str, float], seed: int, device: str
) -> Recommender:
    """Make the baseline `name`, untrained.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in BASELINES:
        raise ConfigError(f"There is no baseline {name!r}; known: {', '.join(BASELINES)}.")
    Model = BASELINES[name].load()
    return Model(train, {**BASELINES[name].options, **options}, seed, device)


def train_baseline(
    name: str,
    train: UserItems,
    test: np.ndarray,
    validation: np.ndarray,
    *,
    options: Mapping[str, float],
    selection: str,
    criterion: str,
    length: int,
    seed: int,
    device: str,
) -> TrainedBaseline:
    """Train a baseline and keep the lists of the epoch that `selection` chooses.

    Args:
        name: a key of `BASELINES`.
        train: training positives.
        test, validation: int32 (n_users,), held-out item of each user, -1 for none; validation items are not listed.
        options: those that differ from the defaults of `BASELINES`.
        selection, criterion: as in `embrittle.training.TrainingSettings`.
        length: of the lists, K.
        seed: of everything random.
        device: "cpu" or "cuda".

    Raises:
        TrainingError: nobody has an item to select by, or the loss is no longer a number.
        ConfigError: there is no such baseline.
    """
    options = {**(BASELINES[name].options if name in BASELINES else {}), **options}
    check_selection(selection, test, validation)
    measure, k = criterion.split("@")
    known = train.including(validation)
    judge = _Judge(train, known, test, validation, selection, measure, int(k), length)
    began = time.perf_counter()
    model = create(name, train, options, seed, device)
    logger.info("%s: made ready in %.0f s", name, time.perf_counter() - began)
    result, epochs = TrainedBaseline(), int(options.get("epochs", 0))
    if epochs == 0:
        result.curve.append(judge.row(0))
        judge.look(model, result)
    for epoch in range(1, epochs + 1):
        row = judge.row(epoch) | {"loss": model.train_epoch()}
        if not math.isfinite(row["loss"]):
            raise TrainingError(
                f"The loss of {name} is {row['loss']} at epoch {epoch} (seed {seed}): training has diverged. "
                f"Choose a lower baselines.{name}.learning_rate."
            )
        result.curve.append(row)
        if epoch % int(options["evaluate_every"]) == 0 or epoch == epochs:
            judge.look(model, result)
    return result


@dataclass(frozen=True)
class _Judge:
    """What an epoch is judged by; as `embrittle.training`, but from lists, which any recommender has."""

    train: UserItems
    known: UserItems  # train and validation
    test: np.ndarray
    validation: np.ndarray
    selection: str
    measure: str
    k: int
    length: int

    def row(self, epoch: int) -> dict[str, float]:
        """A row of the curve."""
        names = ("epoch", "loss", f"HR@{self.k}", f"nDCG@{self.k}", "selection")
        return dict.fromkeys(names, math.nan) | {"epoch": epoch}

    def accuracy(self, lists: Lists, targets: np.ndarray) -> dict[str, float]:
        """HR and nDCG at the k of the criterion."""
        if not (targets >= 0).any():
            return {"HR": math.nan, "nDCG": math.nan}
        counts = self.train.item_counts()
        return {
            "HR": recall(lists, targets, counts, self.k),
            "nDCG": ndcg(lists, targets, counts, self.k),
        }

    def look(self, model: Recommender, result: TrainedBaseline) -> None:
        """Complete the curve's last row, and keep the lists if this is the epoch to select so far."""
        row = result.curve[-1]
        longest = min(max(self.length, self.k), self.train.n_items)
        lists = Lists(*top_items_by(model.scores, self.known, longest))
        accuracy = self.accuracy(lists, self.test)
        row.update({f"{name}@{self.k}": value for name, value in accuracy.items()})
        if self.selection == "best-on-test":
            row["selection"] = accuracy[self.measure]
        elif self.selection == "best-on-validation":
            judged = Lists(*top_items_by(model.scores, self.train, longest))
            row["selection"] = self.accuracy(judged, self.validation)[self.measure]
        logger.info("epoch %d: loss %.4f, %s", row["epoch"], row["loss"], accuracy)
        score = None if self.selection == "last" else row["selection"]
        if score is None or result.selected_score is None or score > result.selected_score:
            result.lists = lists_to_columns(
                lists.items[:, : self.length], lists.scores[:, : self.length]
            )
            result.selected_epoch, result.selected_score = int(row["epoch"]), score
