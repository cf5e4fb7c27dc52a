"""ItemPop: every user is recommended the items with the most training interactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from embrittle.data.interactions import UserItems


class Model:
    """ItemPop with the interface `training.Recommender`, without `train_epoch`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Count the training interactions of each item."""
        self._counts = train.item_counts().astype(np.float32)

    def scores(self, block: slice) -> np.ndarray:
        """Return the counts, the same for every user."""
        return np.tile(self._counts, (block.stop - block.start, 1))
