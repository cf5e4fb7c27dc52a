"""The hot loops on the CPU: compiled with numba, one core."""

from __future__ import annotations

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels import numba_ranking_losses
from embrittle.kernels.backend import ADAGRAD_EPS, SQUARED_NORM_FLOOR, WITHIN, Factors, StepSettings
from embrittle.kernels.numba_gradient import ascent_step, ascent_step_in_ball, gradient_kernel
from embrittle.kernels.numba_training import epoch_kernel
from embrittle.kernels.ranking_losses import RankingLoss


class CpuBackend:
    """The interface `backend.Backend` on one CPU core."""

    def put(self, array: np.ndarray) -> np.ndarray:
        """Copy as float32, C-contiguous."""
        return np.array(array, dtype=np.float32, order="C")

    def get(self, array: np.ndarray) -> np.ndarray:
        """Copy."""
        return array.copy()

    def train_epoch(self, factors: Factors, triples: np.ndarray, settings: StepSettings) -> float:
        """Train for one epoch with the loop of `numba_training`."""
        n_factors = factors.user_factors.shape[1]
        epoch = epoch_kernel(n_factors, settings.adversarial_weight > 0, settings.loss)
        return epoch(
            factors.user_factors,
            factors.item_factors,
            factors.user_accumulators,
            factors.item_accumulators,
            triples,
            settings.batch_size,
            np.float32(settings.learning_rate),
            np.float32(ADAGRAD_EPS),
            np.float32(settings.adversarial_epsilon),
            np.float32(settings.adversarial_weight),
        )

    def full_batch_gradient(
        self,
        user_factors: np.ndarray,
        item_factors: np.ndarray,
        train: UserItems,
        negatives: np.ndarray,
        loss: str = "bpr",
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient with the loop of `numba_gradient`."""
        user_gradient, item_gradient = np.empty_like(user_factors), np.empty_like(item_factors)
        kernel = gradient_kernel(user_factors.shape[1], loss)
        kernel(
            user_factors, item_factors, train.indptr, train.indices, negatives,
            user_gradient, item_gradient,
        )  # fmt: skip
        return user_gradient, item_gradient

    def ranking_gradient(
        self, user_factors: np.ndarray, item_factors: np.ndarray, loss: RankingLoss
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return losses and gradient with the loops of `numba_ranking_losses`."""
        return numba_ranking_losses.losses_and_gradient(user_factors, item_factors, loss)

    def ascent_step(
        self, delta: np.ndarray, gradient: np.ndarray, step: float, bound: float
    ) -> np.ndarray:
        """Change `delta` in place and return it."""
        ascent_step(
            delta, gradient, np.float32(step), np.float32(bound), np.float32(SQUARED_NORM_FLOOR)
        )
        return delta

    def ascent_step_in_ball(
        self, delta: np.ndarray, gradient: np.ndarray, step: float, radius: float
    ) -> np.ndarray:
        """Change `delta` in place and return it."""
        floor = np.float32(SQUARED_NORM_FLOOR)
        ascent_step_in_ball(delta, gradient, np.float32(step), radius, floor, WITHIN)
        return delta

    def scores(self, user_factors: np.ndarray, item_factors: np.ndarray) -> np.ndarray:
        """Return the matrix product (BLAS)."""
        return user_factors @ item_factors.T
