"""ALS: weighted least squares on all pairs of user and item, by `implicit` (docs/method.md, "Further models")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Backend
from embrittle.models.checkpoint import Checkpoint
from embrittle.models.state import TrainedState
from embrittle.models.without_epochs import Rows, trained
from embrittle.rng import Stream, generator


@dataclass(frozen=True)
class TrainingSettings:
    """The settings that decide a training's result, besides data and seed (explained in config/README.md)."""

    model: str
    factors: int
    criterion: str
    iterations: int
    alpha: float
    regularisation: float


def fitted(train: UserItems, settings: TrainingSettings, seed: int):
    """Return a fitted `implicit.cpu.als.AlternatingLeastSquares`, the same for the same seed.

    Args:
        train: training positives.
        settings: `factors`, `iterations`, `alpha` and `regularisation` are used.
        seed: of the initial factors.
    """
    # Imported here, because they are not installed everywhere (`registry.require_packages`).
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    shape = train.n_users, train.n_items
    ones = np.ones(len(train.indices), np.float32)
    with threadpool_limits(1, "blas"):  # sums in the same order on any machine
        model = AlternatingLeastSquares(
            factors=settings.factors,
            regularization=settings.regularisation,
            alpha=1 + settings.alpha,  # implicit's alpha is the whole weight of an interaction
            iterations=settings.iterations,
            use_cg=False,  # solves each row's equations exactly
            num_threads=1,
            random_state=generator(Stream.ALS_FACTORS, seed),
        )
        model.fit(csr_matrix((ones, train.indices, train.indptr), shape), show_progress=False)
    return model


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
    """Fit ALS; `epochs` and `checkpoint` have no meaning for it, other arguments as in `training.train`."""
    model = fitted(train, settings, seed)
    rows = Rows(model.user_factors, model.item_factors)
    about = {"model": settings.model, "seed": seed, "criterion": settings.criterion}
    return trained(backend, rows, train, test, validation, **about)
