"""Selection of the epoch whose factors or lists count, for models and baselines (docs/method.md, "Model selection")."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from embrittle import accuracy
from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError

logger = logging.getLogger(__name__)

# Function (seen items, targets) -> integers (n_targets,): the rank, from 1, of each target among the items that its
# user has not seen; 0 if the target is not ranked.
Ranks = Callable[[UserItems, UserItems], np.ndarray]


class Record(Protocol):
    """The record of a training that the selection reads and updates; see `models.state.TrainedState`."""

    selected_epoch: int | None
    selected_score: float | None
    curve: list[dict[str, float]]


@dataclass(frozen=True)
class EpochSelection:
    """How epochs are evaluated and one of them is selected; of equally good epochs the earliest.

    Attributes:
        rule: "best-on-test", "best-on-validation" or "last".
        criterion: the measure that decides between epochs, such as HR@10 or nDCG@100.
        train: training positives.
        test, validation: held-out items of each user.

    Raises:
        TrainingError: no user has a held-out item that `rule` selects by.
    """

    rule: str
    criterion: str
    train: UserItems
    test: UserItems
    validation: UserItems

    def __post_init__(self):
        """Check that the rule has held-out items, and say in the log if the test items select the epoch."""
        deciding = {"best-on-test": self.test, "best-on-validation": self.validation}.get(self.rule)
        if deciding is not None and not len(deciding.indices):
            raise TrainingError(
                f"No user has a held-out item by which the best epoch is selected ({self.rule}): only users with at "
                "least two interactions have a test item, with at least three a validation item."
            )
        if self.rule == "best-on-test":
            logger.info(
                "The best epoch is the best on the test items (best-on-test, as in the papers' code), so its measures "
                "on the test items are biased upwards. Choose best-on-validation for claims of your own."
            )

    @property
    def k(self) -> int:
        """Length of the lists that the criterion is measured on."""
        return int(self.criterion.split("@")[1])

    @cached_property
    def seen_items(self) -> UserItems:
        """The seen items at test time, which are not ranked: training and validation items."""
        return self.train.including(self.validation)

    def row(self, epoch: int, loss: float = math.nan) -> dict[str, float]:
        """Return the row of an epoch in the curve, before evaluation.

        Returns:
            epoch, loss (mean of a triple), and HR@k, nDCG@k and selection, which are NaN until `judge` sets them.
        """
        judged = (f"HR@{self.k}", f"nDCG@{self.k}", "selection")
        return {"epoch": epoch, "loss": loss, **dict.fromkeys(judged, math.nan)}

    def judge(self, record: Record, ranks: Ranks) -> bool:
        """Evaluate the epoch of the curve's last row, and select it if it is the best so far.

        Args:
            record: the training's record. The last row of its curve is completed, and selected_epoch and
                selected_score are set if the epoch is selected.
            ranks: ranks of held-out items under the model of this epoch.

        Returns:
            Whether the epoch is selected.
        """
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

    def _accuracy(self, ranks: np.ndarray, targets: UserItems) -> dict[str, float]:
        """Return HR@k and nDCG@k over the users with a target; NaN if there is none."""
        counts, k = targets.counts, self.k
        values = (
            accuracy.hits_per_user(ranks, counts, k) > 0,
            accuracy.ndcg_per_user(ranks, counts, k),
        )
        tested = counts > 0
        hr, ndcg = (float(np.mean(of[tested])) if tested.any() else math.nan for of in values)
        return {f"HR@{k}": hr, f"nDCG@{k}": ndcg}
