"""Which epoch of a training is selected, for models and baselines alike (docs/method.md, "Training")."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError

logger = logging.getLogger(__name__)

# (seen items, targets) -> integers (n_users,): rank of each user's target among the items not seen, from 1; 0 where
# the target has no rank, or there is no target.
Ranks = Callable[[UserItems, np.ndarray], np.ndarray]


class Record(Protocol):
    """What a training has written down so far; `models.state.TrainedState` says more."""

    selected_epoch: int | None
    selected_score: float | None
    curve: list[dict[str, float]]


@dataclass(frozen=True)
class EpochSelection:
    """How epochs are judged, and which one is selected: of equally good ones the earliest.

    Attributes:
        rule: "best-on-test", "best-on-validation" or "last".
        criterion: what decides between epochs, such as HR@10 or nDCG@100.
        train: training positives.
        test, validation: int32 (n_users,), held-out item of each user, -1 for none.
    """

    rule: str
    criterion: str
    train: UserItems
    test: np.ndarray
    validation: np.ndarray

    def __post_init__(self):
        """Warn where the test items select; raise TrainingError where nobody has an item to select by."""
        deciding = {"best-on-test": self.test, "best-on-validation": self.validation}.get(self.rule)
        if deciding is not None and not (deciding >= 0).any():
            raise TrainingError(
                f"training.selection is {self.rule}, but no user has an item held out for that: a test item takes two "
                "interactions of a user, a validation item three. Choose another selection, such as last."
            )
        if self.rule == "best-on-test":
            logger.warning(
                "The test items choose the epoch (training.selection: best-on-test, as the papers' authors did), so "
                "what is then measured on them is too good; choose best-on-validation for claims of your own."
            )

    @property
    def k(self) -> int:
        """Length of the lists that an epoch is judged by."""
        return int(self.criterion.split("@")[1])

    @cached_property
    def seen_items(self) -> UserItems:
        """Items that are not ranked at test time: those of training and validation."""
        return self.train.including(self.validation)

    def row(self, epoch: int, loss: float = math.nan) -> dict[str, float]:
        """Return an epoch's row of the curve, not yet judged."""
        judged = (f"HR@{self.k}", f"nDCG@{self.k}", "selection")
        return {"epoch": epoch, "loss": loss, **dict.fromkeys(judged, math.nan)}

    def judge(self, record: Record, ranks: Ranks) -> bool:
        """Complete the curve's last row; return whether its epoch is now the selected one of the record."""
        row = record.curve[-1]
        row.update(self._accuracy(ranks(self.seen_items, self.test), self.test))
        if self.rule == "best-on-test":
            row["selection"] = row[self.criterion]
        elif self.rule == "best-on-validation":
            judged = self._accuracy(ranks(self.train, self.validation), self.validation)
            row["selection"] = judged[self.criterion]
        logger.info(
            "epoch %d: loss %.4f, %s %.4f",
            *(row["epoch"], row["loss"], self.criterion, row[self.criterion]),
        )
        score = None if self.rule == "last" else row["selection"]
        best = record.selected_score
        is_selected = score is None or best is None or score > best
        if is_selected:
            record.selected_epoch, record.selected_score = int(row["epoch"]), score
        return is_selected

    def _accuracy(self, ranks: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """HR@k and nDCG@k over the users with a target; NaN where nobody has one."""
        ranks = ranks[targets >= 0]
        hits, gains = (ranks > 0) & (ranks <= self.k), 1 / np.log2(np.maximum(ranks, 1) + 1.0)
        values = (hits, np.where(hits, gains, 0.0))
        hr, ndcg = (float(np.mean(each)) if len(ranks) else math.nan for each in values)
        return {f"HR@{self.k}": hr, f"nDCG@{self.k}": ndcg}
