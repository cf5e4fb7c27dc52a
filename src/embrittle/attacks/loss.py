"""The loss that attacks ascend."""

from __future__ import annotations

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, generator, seeds, truncated_normal

Pair = tuple[
    Array, Array
]  # arrays (n_users, n_moved) of users and (n_items, n_moved) of items, on the device


class PairwiseLoss:
    """The full-batch pairwise loss L(Theta + Delta) of a model, which attacks ascend.

    The loss is summed over all training positives with one negative each (docs/method.md, "Perturbations"). The last
    `fixed` factors, such as the biases of items in own embeddings, count in the loss, but Delta has no column for them:
    n_moved = n_factors - fixed. No step, random start, norm or budget can therefore involve them.
    """

    def __init__(
        self,
        backend: Backend,
        factors: tuple[np.ndarray, np.ndarray],
        train: UserItems,
        seed: int,
        loss: str = "bpr",
        fixed: int = 0,
    ):
        """Copy the factors to the device.

        Args:
            backend: the device.
            factors: Theta, float32 user_factors (n_users, n_factors) and item_factors (n_items, n_factors).
            train: training positives.
            seed: of the negatives.
            loss: key of `losses.LOSSES`.
            fixed: the number of last factors that do not move.
        """
        self.backend, self._loss = backend, loss
        self.factors = tuple(backend.put(array) for array in factors)
        self._fixed = fixed
        self._n_moved = factors[0].shape[1] - fixed
        self._train = train
        self._seed = seed
        self._negatives: np.ndarray | None = None  # drawn before the first gradient

    def draw_negatives(self, seed: int, iteration: int = 0) -> None:
        """Draw one new negative for each positive. The loss is over the new triples from now on.

        Args:
            seed: seed of the stream `ATTACK_NEGATIVES`.
            iteration: number of the ascent step, from 0; negatives differ between iterations.

        Raises:
            TrainingError: a user has the whole catalogue in train.
        """
        train, stream = self._train, seeds(Stream.ATTACK_NEGATIVES, seed, iteration)
        self._negatives = draw_negatives(train.indptr, train.indices, train.n_items, stream)

    def perturbed(self, delta: Pair) -> Pair:
        """Return the perturbed factors Theta + Delta, with the fixed ones."""
        if not self._fixed:
            return tuple(array + change for array, change in zip(self.factors, delta, strict=True))
        copies = tuple(1 * array for array in self.factors)
        for array, change in zip(copies, delta, strict=True):
            array[:, : self._n_moved] += change
        return copies

    def gradient(self, delta: Pair) -> Pair:
        """Return the gradient of the loss at Theta + Delta, in the shapes of `delta`."""
        if self._negatives is None:
            self.draw_negatives(self._seed)
        users, items = self.perturbed(delta)
        gradient = self.backend.full_batch_gradient(
            users, items, self._train, self._negatives, self._loss
        )
        if not self._fixed:
            return gradient
        # The product is an array without gaps between its rows, which the compiled loops need.
        return tuple(1 * slope[:, : self._n_moved] for slope in gradient)

    def ascent_step(self, delta: Pair, step: float, bound: float, norm: str = "linf") -> Pair:
        """Return Delta + step * g / ||g||, with the norm of each row, projected to the budget (MSAP, Eq. 6 and 7).

        Args:
            delta: Delta before the step; may be overwritten.
            step: L2 norm of the step in each row.
            bound: the budget, epsilon.
            norm: "linf" clips each element to [-bound, bound]; "l2" projects each row to the L2 ball of radius bound.
        """
        ascend = {"linf": self.backend.ascent_step, "l2": self.backend.ascent_step_in_ball}[norm]
        gradient = self.gradient(delta)
        return tuple(
            ascend(change, slope, step, bound)
            for change, slope in zip(delta, gradient, strict=True)
        )

    def no_change(self) -> Pair:
        """Return Delta = 0."""
        return tuple(0 * array[:, : self._n_moved] for array in self.factors)

    def uniform_change(self, half_width: float, seed: int) -> Pair:
        """Return Delta with elements drawn from uniform(-half_width, half_width)."""
        rng = generator(Stream.START_IN_BOX, seed)
        return tuple(
            self.backend.put(rng.uniform(-half_width, half_width, shape))
            for shape in self._shapes()
        )

    def uniform_in_ball(self, radius: float, seed: int) -> Pair:
        """Return Delta with rows drawn uniformly from the L2 ball of this radius."""
        rng = generator(Stream.START_IN_BALL, seed)

        def rows(n_rows: int, n_factors: int) -> np.ndarray:
            direction = rng.standard_normal((n_rows, n_factors))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            return direction * (radius * rng.random((n_rows, 1)) ** (1 / n_factors))

        return tuple(self.backend.put(rows(*shape)) for shape in self._shapes())

    def random_directions(self, norm: float, seed: int) -> Pair:
        """Return Delta with rows of L2 norm `norm` in the directions of truncated normal vectors."""
        rng = generator(Stream.NOISE, seed)
        drawn = (truncated_normal(rng, shape) for shape in self._shapes())
        return tuple(
            self.backend.put(
                rows * (np.float32(norm) / np.linalg.norm(rows, axis=1, keepdims=True))
            )
            for rows in drawn
        )

    def _shapes(self) -> list[tuple[int, int]]:
        """The shapes of Delta of users and of items."""
        return [(len(array), self._n_moved) for array in self.factors]
