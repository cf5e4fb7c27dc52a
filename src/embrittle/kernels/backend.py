"""The interface of a device's hot loops; `devices.get_backend` returns an implementation.

Values of type `Array` are on the device: NumPy arrays on the CPU, torch tensors on CUDA. Both support +, - and *.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.ranking_losses import RankingLoss

Array = Any
ADAGRAD_EPS = 1e-7  # added outside the root (Keras' default; docs/method.md, "Training")
SQUARED_NORM_FLOOR = 1e-12  # smaller squared norms count as this (TensorFlow's l2_normalize)
# Rows outside the ball are scaled to this share of the radius, so that rounding to float32 cannot exceed the radius.
WITHIN = 1 - 1e-7
# Score differences are clipped to this range; clipped differences have no gradient (docs/method.md, "Training").
LOWEST_DIFFERENCE, HIGHEST_DIFFERENCE = -80.0, 1e8


@dataclass
class Factors:
    """The learned parameters and the state of Adagrad; training changes the arrays in place.

    Attributes:
        user_factors, user_accumulators: float32 (n_users, n_factors).
        item_factors, item_accumulators: float32 (n_items, n_factors).
    """

    user_factors: Array
    item_factors: Array
    user_accumulators: Array
    item_accumulators: Array


@dataclass(frozen=True)
class StepSettings:
    """Settings of an optimisation step.

    Attributes:
        batch_size: number of triples in a step.
        learning_rate: of Adagrad.
        adversarial_epsilon: L2 norm of the perturbation of each row in the adversarial term.
        adversarial_weight: weight of the adversarial term, lambda; 0 for BPR-MF, positive for AMF.
        loss: key of `losses.LOSSES`.
    """

    batch_size: int
    learning_rate: float
    adversarial_epsilon: float = 0.0
    adversarial_weight: float = 0.0
    loss: str = "bpr"


class Backend(Protocol):
    """The hot loops on one device."""

    def put(self, array: np.ndarray) -> Array:
        """Copy a NumPy array to the device, as float32."""

    def get(self, array: Array) -> np.ndarray:
        """Copy a device array to a new NumPy array on the host."""

    def train_epoch(self, factors: Factors, triples: np.ndarray, settings: StepSettings) -> float:
        """Train for one epoch; change `factors` in place (docs/method.md, "Training").

        Args:
            factors: on the device.
            triples: int32 (n, 3): user, positive item, negative item. The last partial batch is dropped.
            settings: of every step.

        Returns:
            The mean loss of a triple in nats for BPR, without the adversarial term; NaN if training has diverged.
        """

    def full_batch_gradient(
        self,
        user_factors: Array,
        item_factors: Array,
        train: UserItems,
        negatives: np.ndarray,
        loss: str = "bpr",
    ) -> tuple[Array, Array]:
        """Return the gradient of the pairwise loss, summed over all training positives with one negative each.

        Args:
            user_factors, item_factors: float32 (n_users, n_factors) and (n_items, n_factors), on the device.
            train: training positives.
            negatives: int32 (n_positives,), aligned with `train.indices`.
            loss: key of `losses.LOSSES`.

        Returns:
            New arrays with the shapes of `user_factors` and `item_factors`.
        """

    def ranking_gradient(
        self, user_factors: Array, item_factors: Array, loss: RankingLoss
    ) -> tuple[np.ndarray, Array, Array]:
        """Return a loss of the ranking for each user, and the gradient of its sum with respect to both factors.

        Args:
            user_factors, item_factors: float32 (n_users, n_factors) and (n_items, n_factors), on the device.
            loss: which loss, with the seen items and the targets.

        Returns:
            The losses of the users, float64 (n_users,) on the host, and new arrays with the shapes of the factors.
        """

    def ascent_step(self, delta: Array, gradient: Array, step: float, bound: float) -> Array:
        """Take one ascent step and clip every element (MSAP, Eq. 6 and 7).

        Args:
            delta: float32 (n, n_factors), the perturbation; may be overwritten.
            gradient: float32 (n, n_factors), g.
            step: L2 norm of the step in each row.
            bound: largest absolute value of an element, epsilon; infinity for none.

        Returns:
            clip(delta + step * g / ||g||, -bound, bound), with the norm of each row.
        """

    def ascent_step_in_ball(
        self, delta: Array, gradient: Array, step: float, radius: float
    ) -> Array:
        """Take one ascent step and project every row to an L2 ball.

        Args:
            delta, gradient, step: as in `ascent_step`.
            radius: largest L2 norm of a row, epsilon.

        Returns:
            delta + step * g / ||g||, with the norm of each row; rows longer than `radius` are scaled to it.
        """

    def scores(self, user_factors: Array, item_factors: Array) -> np.ndarray:
        """Return the scores of a block of users for all items: float32 (n_block, n_items), on the host.

        Args:
            user_factors: (n_block, n_factors), on the device.
            item_factors: (n_items, n_factors), on the device.
        """
