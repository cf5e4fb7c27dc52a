"""Training of baselines, and selection of the epoch whose lists count (docs/method.md, "The baselines")."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.ranking import lists_to_columns, top_items_by
from embrittle.models.baselines import module_of
from embrittle.models.selection import EpochSelection

logger = logging.getLogger(__name__)


class Recommender(Protocol):
    """The interface of a baseline's class `Model`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Initialise the baseline.

        Args:
            train: training positives.
            options: all options of the baseline's entry in `BASELINES`.
            seed: of everything random.
            device: "cpu" or "cuda".
        """

    def train_epoch(self) -> float:
        """Train for one epoch and return the mean loss. Baselines without the option `epochs` need no such method."""

    def scores(self, block: slice) -> np.ndarray:
        """Return the scores of a block of users for all items: a new float32 array (n_block, n_items)."""


@dataclass
class TrainedBaseline:
    """The result of training a baseline.

    Attributes:
        lists: top-K lists of the selected epoch in long form (`ranking.lists_to_columns`).
        selected_epoch: the selected epoch; 0 for a baseline that is not trained.
        selected_score: value of the criterion at the selected epoch; None with selection "last".
        curve: one row for each epoch, with the columns of `EpochSelection.row`; see `models.state.TrainedState`.
    """

    lists: dict[str, np.ndarray] = field(default_factory=dict)
    selected_epoch: int | None = None
    selected_score: float | None = None
    curve: list[dict[str, float]] = field(default_factory=list)

    def curve_columns(self) -> dict[str, list[float]]:
        """Return the curve as columns, with a further column `selected` that is true for the selected epoch."""
        columns = {name: [row[name] for row in self.curve] for name in self.curve[0]}
        return {**columns, "selected": [row["epoch"] == self.selected_epoch for row in self.curve]}


def create(
    name: str, train: UserItems, options: Mapping[str, float], seed: int, device: str
) -> Recommender:
    """Return the untrained baseline `name`; arguments as in `Recommender`.

    The baseline's module is imported only here, because importing torch takes seconds.
    """
    return import_module(module_of(name)).Model(train, options, seed, device)


def train_baseline(
    name: str,
    train: UserItems,
    test: UserItems,
    validation: UserItems,
    *,
    options: Mapping[str, float],
    selection: str,
    criterion: str,
    length: int,
    seed: int,
    device: str,
) -> TrainedBaseline:
    """Train a baseline and return the lists of the selected epoch.

    Args:
        name: key of `registry.BASELINES`.
        train: training positives.
        test, validation: held-out items of each user; validation items are not listed.
        options: all options of the baseline's entry in `registry.BASELINES`.
        selection, criterion: rule and criterion of `selection.EpochSelection`.
        length: length of the lists, K.
        seed: of everything random.
        device: "cpu" or "cuda".

    Raises:
        TrainingError: no user has a held-out item to select by, or the loss is no longer finite.
    """
    selection = EpochSelection(selection, criterion, train, test, validation)
    began = time.perf_counter()
    model = create(name, train, options, seed, device)
    logger.info("%s: initialised in %.0f s", name, time.perf_counter() - began)
    result, epochs = TrainedBaseline(), int(options.get("epochs", 0))
    if epochs == 0:
        result.curve.append(selection.row(0))
        _judge(model, selection, length, result)
    for epoch in range(1, epochs + 1):
        loss = model.train_epoch()
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of {name} is {loss} at epoch {epoch} (seed {seed}): training has diverged. "
                f"Choose a lower baselines.{name}.learning_rate."
            )
        result.curve.append(selection.row(epoch, loss))
        if epoch % int(options["evaluate_every"]) == 0 or epoch == epochs:
            _judge(model, selection, length, result)
        logger.debug("epoch %d of %d", epoch, epochs)
    return result


def _judge(
    model: Recommender, selection: EpochSelection, length: int, result: TrainedBaseline
) -> None:
    """Evaluate the epoch of the curve's last row, and keep its lists if it is selected."""
    longest = min(max(length, selection.k), selection.train.n_items)
    items, scores = top_items_by(model.scores, selection.seen_items, longest)

    def ranks(seen: UserItems, targets: UserItems) -> np.ndarray:
        of_seen = seen is selection.seen_items
        return targets.ranks_in(items if of_seen else top_items_by(model.scores, seen, longest)[0])

    if selection.judge(result, ranks):
        result.lists = lists_to_columns(items[:, :length], scores[:, :length])
