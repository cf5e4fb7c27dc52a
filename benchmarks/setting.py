"""What every measurement starts from: a split data set and the papers' hyperparameters (docs/method.md, "Training")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from embrittle.data.interactions import UserItems, read_user_items
from embrittle.kernels.backend import Factors
from embrittle.models.training import TrainingSettings, initial_factors

BPR_MF = TrainingSettings(
    model="BPR-MF",
    factors=64,
    batch_size=512,
    learning_rate=0.05,
    initial_accumulator=0.1,
    init_scale=0.01,
    selection="best-on-test",
    evaluate_every=10,
)
AMF = replace(BPR_MF, model="AMF", adversarial_epsilon=0.5, adversarial_weight=1.0)
BPR_EPOCHS, AMF_EPOCHS = (
    2000,
    1000,
)  # of the papers' training; AMF goes on from the middle of BPR-MF's
SEED = 0
K = 10  # length of the lists


@dataclass(frozen=True)
class Problem:
    """A data set to measure on.

    Attributes:
        folder: where its split lies; None if it is in memory alone.
        train: training positives.
        test: test items, at most one for each user.
    """

    folder: Path | None
    train: UserItems
    test: UserItems

    @classmethod
    def read(cls, folder: Path) -> Problem:
        """Read a split as the workflow writes it."""
        parts = (folder / f"{part}.parquet" for part in ("train", "test"))
        return cls(folder, *(read_user_items(part, folder / "statistics.json") for part in parts))

    @classmethod
    def read_movielens(cls, archive: Path) -> Problem:
        """Read and split MovieLens-1M's archive as the workflow does."""
        # Here, because these need pandas, which a machine that measures made-up data may not have.
        from embrittle.data.readers import movielens_1m
        from embrittle.data.splits import split_interactions

        form = movielens_1m.read({"reader": "movielens-1m"}, {archive.name: archive})
        n_users, n_items = len(form.users), len(form.items)
        split = split_interactions(form.interactions, "last")
        pairs = (
            (part["user"].to_numpy(), part["item"].to_numpy()) for part in (split.train, split.test)
        )
        return cls(None, *(UserItems.from_pairs(*part, n_users, n_items) for part in pairs))

    def start(self) -> Factors:
        """Fresh factors and accumulators, the same ones at every call."""
        return initial_factors(self.train.n_users, self.train.n_items, BPR_MF, SEED)

    def targets(self) -> np.ndarray:
        """The test item of each user, -1 for none: int32 (n_users,)."""
        targets = np.full(self.test.n_users, -1, np.int32)
        targets[self.test.users] = self.test.indices
        return targets

    def users(self) -> np.ndarray:
        """The user of every training positive, int32, in CSR order."""
        return np.repeat(np.arange(self.train.n_users, dtype=np.int32), np.diff(self.train.indptr))
