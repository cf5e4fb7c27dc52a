"""ItemPop: every user is recommended the items with the most training interactions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from embrittle.data.interactions import UserItems


class Model:
    """See `training.Recommender`; there is nothing to train, so it has no epochs."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Count."""
        self._counts = train.item_counts().astype(np.float32)

    def scores(self, block: slice) -> np.ndarray:
        """The same for everybody."""
        return np.tile(self._counts, (block.stop - block.start, 1))
