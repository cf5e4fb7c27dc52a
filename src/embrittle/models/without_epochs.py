"""Models that are computed without epochs: there is nothing to select, and the best rows are the last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Backend
from embrittle.kernels.ranking import target_ranks
from embrittle.models.selection import EpochSelection
from embrittle.models.state import TrainedState
from embrittle.row_norms import row_norms


@dataclass
class Rows:
    """The result of a training without epochs, in place of a state from which it could continue.

    Attributes:
        user_factors, item_factors: float32 (n_users, n_factors) and (n_items, n_factors).
    """

    user_factors: np.ndarray
    item_factors: np.ndarray


def trained(
    backend: Backend,
    rows: Rows,
    train: UserItems,
    test: UserItems,
    validation: UserItems,
    *,
    model: str,
    seed: int,
    criterion: str,
) -> TrainedState:
    """Return the state of a model without epochs: epoch 0, with its accuracy on the test items as the curve.

    Args:
        backend: ranks the test items; the rows are on the host.
        rows: the model.
        train: training positives.
        test, validation: held-out items of each user.
        model, seed: of the training.
        criterion: `training.criterion`, which names the measures of the curve.
    """
    selection = EpochSelection("last", criterion, train, test, validation)
    factors = rows.user_factors, rows.item_factors
    state = TrainedState(model, seed, 0, rows, selected=factors, last=factors)
    state.curve.append(selection.row(0) | row_norms(*factors, factors[0].shape[1]))
    selection.judge(state, partial(target_ranks, backend, *map(backend.put, factors)))
    return state
