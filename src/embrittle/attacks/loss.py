"""The loss that attacks ascend."""

from __future__ import annotations

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, generator, seeds, truncated_normal

Pair = tuple[Array, Array]  # of users and of items


class PairwiseLoss:
    """The full-batch pairwise loss around a model, for attacks to ascend."""

    def __init__(
        self,
        backend: Backend,
        factors: tuple[np.ndarray, np.ndarray],
        train: UserItems,
        seed: int,
        loss: str = "bpr",
    ):
        """Take (user_factors, item_factors), the positives, the seed of the negatives, and a key of `LOSSES`."""
        self.backend, self._loss = backend, loss
        self.factors = tuple(backend.put(array) for array in factors)
        self._train = train
        self._seed = seed
        self._negatives: np.ndarray | None = None  # drawn by the first gradient

    def draw_negatives(self, seed: int, iteration: int = 0) -> None:
        """Draw the negatives, one for each positive, anew: from here on the loss is over other triples."""
        train, stream = self._train, seeds(Stream.ATTACK_NEGATIVES, seed, iteration)
        self._negatives = draw_negatives(train.indptr, train.indices, train.n_items, stream)

    def perturbed(self, delta: Pair) -> Pair:
        """Theta + Delta."""
        return tuple(array + change for array, change in zip(self.factors, delta, strict=True))

    def gradient(self, delta: Pair) -> Pair:
        """Gradient of the loss at Theta + Delta."""
        if self._negatives is None:
            self.draw_negatives(self._seed)
        users, items = self.perturbed(delta)
        return self.backend.full_batch_gradient(
            users, items, self._train, self._negatives, self._loss
        )

    def ascent_step(self, delta: Pair, step: float, bound: float, norm: str = "linf") -> Pair:
        """Return Delta + step * g / ||g|| per row, brought back to the budget; `delta` may be changed in place.

        Args:
            delta: where the step starts.
            step: its L2 norm in each row.
            bound: the budget.
            norm: "linf" clips each element to +-bound, "l2" projects each row to the ball of radius bound.
        """
        ascend = {"linf": self.backend.ascent_step, "l2": self.backend.ascent_step_in_ball}[norm]
        gradient = self.gradient(delta)
        return tuple(
            ascend(change, slope, step, bound)
            for change, slope in zip(delta, gradient, strict=True)
        )

    def no_change(self) -> Pair:
        """Delta = 0."""
        return tuple(0 * array for array in self.factors)

    def uniform_change(self, half_width: float, seed: int) -> Pair:
        """Delta from uniform(-half_width, half_width), element by element."""
        rng = generator(Stream.START_IN_BOX, seed)
        return tuple(
            self.backend.put(rng.uniform(-half_width, half_width, array.shape))
            for array in self.factors
        )

    def uniform_in_ball(self, radius: float, seed: int) -> Pair:
        """Delta whose rows are uniform in the ball of this radius."""
        rng = generator(Stream.START_IN_BALL, seed)

        def rows(n_rows: int, n_factors: int) -> np.ndarray:
            direction = rng.standard_normal((n_rows, n_factors))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            return direction * (radius * rng.random((n_rows, 1)) ** (1 / n_factors))

        return tuple(self.backend.put(rows(*array.shape)) for array in self.factors)

    def random_directions(self, norm: float, seed: int) -> Pair:
        """Delta whose rows have the L2 norm given, and truncated normal directions."""
        rng = generator(Stream.NOISE, seed)
        drawn = (truncated_normal(rng, tuple(array.shape)) for array in self.factors)
        return tuple(
            self.backend.put(
                rows * (np.float32(norm) / np.linalg.norm(rows, axis=1, keepdims=True))
            )
            for rows in drawn
        )
