"""PureSVD: a truncated singular value decomposition of the interactions (docs/method.md, "Further models")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.backend import Backend
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.state import TrainedState
from embrittle.models.without_epochs import Rows, trained
from embrittle.rng import Stream, generator


@dataclass(frozen=True)
class TrainingSettings:
    """The settings that decide a training's result, besides data (explained in config/README.md)."""

    model: str
    factors: int
    criterion: str
    singular_values: str


def factorise(train: UserItems, n_factors: int, singular_values: str) -> Rows:
    """Return the factors of the best approximation of rank `n_factors` to the binary matrix of interactions.

    Args:
        train: the interactions.
        n_factors: number of singular values, less than the numbers of users and of items.
        singular_values: "users" multiplies the user factors by them, "both" each side by their roots.

    Raises:
        TrainingError: there are too few users or items.
    """
    shape = train.n_users, train.n_items
    if n_factors >= min(shape):
        raise TrainingError(
            f"PureSVD needs more than training.factors users and items: {n_factors} factors, {shape[0]} users, "
            f"{shape[1]} items. Choose a smaller training.factors."
        )
    matrix = csr_matrix((np.ones(len(train.indices)), train.indices, train.indptr), shape)
    # The same start for every seed of a study: the decomposition is unique, only the last digits depend on the start.
    start = generator(Stream.PURE_SVD_START, 0).standard_normal(min(shape))
    left, values, right = svds(matrix, k=n_factors, v0=start)
    order = np.argsort(-values)
    users, values, items = left[:, order], values[order], right[order].T
    largest = np.abs(items).argmax(axis=0)  # a pair of singular vectors may change its sign
    signs = np.where(items[largest, np.arange(n_factors)] < 0, -1.0, 1.0)
    on_items = np.sqrt(values) if singular_values == "both" else np.ones(n_factors)
    on_users = np.sqrt(values) if singular_values == "both" else values
    user_factors, item_factors = users * signs * on_users, items * signs * on_items
    return Rows(user_factors.astype(np.float32), item_factors.astype(np.float32))


def train(
    backend: Backend,
    train: UserItems,
    test: UserItems,
    validation: UserItems,
    settings: TrainingSettings,
    seed: int,
    epochs: int,
    checkpoint: Checkpoint | None = None,
) -> TrainedState:
    """Compute PureSVD; `epochs` and `checkpoint` have no meaning for it, other arguments as in `training.train`.

    Raises:
        TrainingError: `training.factors` is not less than the numbers of users and of items.
    """
    rows = factorise(train, settings.factors, settings.singular_values)
    about = {"model": settings.model, "seed": seed, "criterion": settings.criterion}
    return trained(backend, rows, train, test, validation, **about)
