"""The loss that attacks ascend."""

from __future__ import annotations

import math

import numpy as np

from embrittle.attacks.norms import row_sizes
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, generator, seeds, truncated_normal

Pair = tuple[
    Array, Array
]  # arrays (n_users, n_moved) of users and (n_items, n_moved) of items, on the device


_TRIPLES = 2**16  # whose rows are in memory at a time


class PairwiseLoss:
    """The full-batch pairwise loss L(Theta + Delta) of a model, which attacks ascend.

    The loss is summed over all training positives with one negative each (docs/method.md, "Perturbations"). The last
    `fixed` factors, such as the biases of items in own embeddings, count in the loss, but Delta has no column for them:
    n_moved = n_factors - fixed. No step, random start, norm or budget can therefore involve them.

    Attributes:
        units: what a length of 1 is in Delta of users and of items: 1 and 1, or with relative budgets the root mean
            squares of the row norms of both sides (docs/method.md, "Relative budgets").
    """

    def __init__(
        self,
        backend: Backend,
        factors: tuple[np.ndarray, np.ndarray],
        train: UserItems,
        seed: int,
        loss: str = "bpr",
        fixed: int = 0,
        *,
        relative: bool = False,
        standardised: bool = False,
    ):
        """Copy the factors to the device.

        Args:
            backend: the device.
            factors: Theta, float32 user_factors (n_users, n_factors) and item_factors (n_items, n_factors).
            train: training positives.
            seed: of the negatives.
            loss: key of `losses.LOSSES`.
            fixed: the number of last factors that do not move.
            relative: whether steps, starts and budgets are in units of the size of the rows.
            standardised: whether score differences are divided by their standard deviation at Delta = 0 before they
                enter the loss, so that the loss is the same for a rescaled model.

        Raises:
            DataError: `relative`, and all rows of users or of items are zero.
        """
        self.backend, self._loss = backend, loss
        self.factors = tuple(backend.put(array) for array in factors)
        self._fixed = fixed
        self._n_moved = factors[0].shape[1] - fixed
        self._train = train
        self._seed = seed
        self._negatives: np.ndarray | None = None  # drawn before the first gradient
        self._standardised = standardised
        self._shrink: float | None = None  # of both factors, computed before the first gradient
        self.units = self._row_sizes(factors) if relative else (1.0, 1.0)

    def _row_sizes(self, factors: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
        """Return the root mean squares of the norms of user rows and of item rows, without the fixed factors."""
        users, items = row_sizes(*factors, self._n_moved)
        if users == 0 or items == 0:
            raise DataError(
                f"all {'user' if users == 0 else 'item'} rows of the model are zero, so a relative budget is zero as "
                "well: choose budget: absolute"
            )
        return users, items

    def draw_negatives(self, seed: int, iteration: int = 0) -> None:
        """Draw one new negative for each positive. The loss is over the new triples from now on.

        Args:
            seed: seed of the stream `ATTACK_NEGATIVES`.
            iteration: number of the ascent step, from 0; negatives differ between iterations.

        Raises:
            TrainingError: a user has the whole catalogue in train.
        """
        self._negatives = self._drawn(seed, iteration)

    def _drawn(self, seed: int, iteration: int) -> np.ndarray:
        train, stream = self._train, seeds(Stream.ATTACK_NEGATIVES, seed, iteration)
        return draw_negatives(train.indptr, train.indices, train.n_items, stream)

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
        if self._standardised:
            users, items = users * self._shrinking(), items * self._shrinking()
        gradient = self.backend.full_batch_gradient(
            users, items, self._train, self._negatives, self._loss
        )
        if not self._fixed:
            return gradient
        # The product is an array without gaps between its rows, which the compiled loops need.
        return tuple(1 * slope[:, : self._n_moved] for slope in gradient)

    def _shrinking(self) -> float:
        """Return 1 / sqrt(standard deviation of the score differences of the first triples at Delta = 0).

        Both factors times this number have the differences divided by their standard deviation. The gradient with
        respect to the scaled factors has the directions of the gradient with respect to the factors themselves.
        """
        if self._shrink is None:
            users, items = map(self.backend.get, self.factors)
            # Not the current negatives, which an attack may draw anew and which a continued attack starts with.
            deviation = difference_deviation(users, items, self._train, self._drawn(self._seed, 0))
            # Equal differences have nothing to be divided by; 1 leaves the loss as it is.
            self._shrink = 1 / math.sqrt(deviation) if deviation > 0 else 1.0
        return self._shrink

    def ascent_step(self, delta: Pair, step: float, bound: float, norm: str = "linf") -> Pair:
        """Return Delta + step * g / ||g||, with the norm of each row, projected to the budget (MSAP, Eq. 6 and 7).

        Args:
            delta: Delta before the step; may be overwritten.
            step: L2 norm of the step in each row, in `units`.
            bound: the budget, epsilon, in `units`.
            norm: "linf" clips each element to [-bound, bound]; "l2" projects each row to the L2 ball of radius bound.
        """
        ascend = {"linf": self.backend.ascent_step, "l2": self.backend.ascent_step_in_ball}[norm]
        gradient = self.gradient(delta)
        return tuple(
            ascend(change, slope, step * unit, bound * unit)
            for change, slope, unit in zip(delta, gradient, self.units, strict=True)
        )

    def no_change(self) -> Pair:
        """Return Delta = 0."""
        return tuple(0 * array[:, : self._n_moved] for array in self.factors)

    def uniform_change(self, half_width: float, seed: int) -> Pair:
        """Return Delta with elements drawn from uniform(-half_width, half_width), in `units`."""
        rng = generator(Stream.START_IN_BOX, seed)
        return tuple(
            self.backend.put(unit * rng.uniform(-half_width, half_width, shape))
            for shape, unit in zip(self._shapes(), self.units, strict=True)
        )

    def uniform_in_ball(self, radius: float, seed: int) -> Pair:
        """Return Delta with rows drawn uniformly from the L2 ball of this radius, in `units`."""
        rng = generator(Stream.START_IN_BALL, seed)

        def rows(n_rows: int, n_factors: int) -> np.ndarray:
            direction = rng.standard_normal((n_rows, n_factors))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            return direction * (radius * rng.random((n_rows, 1)) ** (1 / n_factors))

        return tuple(
            self.backend.put(unit * rows(*shape))
            for shape, unit in zip(self._shapes(), self.units, strict=True)
        )

    def random_directions(self, norm: float, seed: int) -> Pair:
        """Return Delta with rows of L2 norm `norm`, in `units`, in the directions of truncated normal vectors."""
        rng = generator(Stream.NOISE, seed)
        drawn = (truncated_normal(rng, shape) for shape in self._shapes())
        return tuple(
            self.backend.put(
                rows * (np.float32(norm * unit) / np.linalg.norm(rows, axis=1, keepdims=True))
            )
            for rows, unit in zip(drawn, self.units, strict=True)
        )

    def _shapes(self) -> list[tuple[int, int]]:
        """The shapes of Delta of users and of items."""
        return [(len(array), self._n_moved) for array in self.factors]


def difference_deviation(
    users: np.ndarray, items: np.ndarray, train: UserItems, negatives: np.ndarray
) -> float:
    """Return the standard deviation of the score differences s(u, i) - s(u, j) of the training triples.

    Args:
        users, items: the factors, float32 (n_users, n_factors) and (n_items, n_factors).
        train: training positives.
        negatives: a negative for each positive, int32 (n_positives,).
    """
    owners, differences = train.users, np.empty(len(negatives), np.float32)
    for first in range(0, len(negatives), _TRIPLES):
        part = slice(first, first + _TRIPLES)
        spread = items[train.indices[part]] - items[negatives[part]]
        differences[part] = np.einsum("nk,nk->n", users[owners[part]], spread)
    return float(differences.std(dtype=np.float64))
