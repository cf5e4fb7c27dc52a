"""What a device has to offer (`devices.get_backend` gives it).

Arrays named `Array` live on the device: NumPy arrays on the CPU, torch tensors on CUDA. Both take +, -, *.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from embrittle.data.interactions import UserItems

Array = Any
ADAGRAD_EPS = 1e-7  # added outside the root (Keras' default; docs/method.md, "Training")
SQUARED_NORM_FLOOR = 1e-12  # TensorFlow's l2_normalize
# A row is cut to this share of the radius, so that rounding its elements to float32 does not make it longer again.
WITHIN = 1 - 1e-7
# Score differences are clipped to this range; one outside it has no gradient (docs/method.md, "Training").
LOWEST_DIFFERENCE, HIGHEST_DIFFERENCE = -80.0, 1e8


@dataclass
class Factors:
    """The learned parameters and the state of Adagrad, all float32 and changed in place by training.

    Attributes:
        user_factors, user_accumulators: (n_users, n_factors).
        item_factors, item_accumulators: (n_items, n_factors).
    """

    user_factors: Array
    item_factors: Array
    user_accumulators: Array
    item_accumulators: Array


@dataclass(frozen=True)
class StepSettings:
    """What one optimisation step needs to know.

    Attributes:
        batch_size: triples in a step.
        learning_rate: of Adagrad.
        adversarial_epsilon: length of the perturbed rows' shift.
        adversarial_weight: of the loss at the perturbed rows; 0 for BPR-MF, above for AMF.
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
        """Copy a NumPy array to the device."""

    def get(self, array: Array) -> np.ndarray:
        """Copy a device array to a new NumPy array."""

    def train_epoch(self, factors: Factors, triples: np.ndarray, settings: StepSettings) -> float:
        """Run one epoch over int32 triples (n, 3), the last partial batch dropped; return the mean loss."""

    def full_batch_gradient(
        self,
        user_factors: Array,
        item_factors: Array,
        train: UserItems,
        negatives: np.ndarray,
        loss: str = "bpr",
    ) -> tuple[Array, Array]:
        """Gradient of the loss (key of `losses.LOSSES`) summed over all training positives, one negative each."""

    def ascent_step(self, delta: Array, gradient: Array, step: float, bound: float) -> Array:
        """Return clip(delta + step * g / ||g|| per row, -bound, bound); `delta` may be changed."""

    def ascent_step_in_ball(
        self, delta: Array, gradient: Array, step: float, radius: float
    ) -> Array:
        """Return delta + step * g / ||g|| per row, rows longer than `radius` cut to it; `delta` may be changed."""

    def scores(self, user_factors: Array, item_factors: Array) -> np.ndarray:
        """Scores of a block of users for all items: float32 (n_block, n_items), on the host."""
