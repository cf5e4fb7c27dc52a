"""What all losses that attacks ascend have in common: the perturbation Delta, its steps, starts and budgets."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Literal

import numpy as np

from embrittle.errors import DataError
from embrittle.kernels.backend import Array, Backend
from embrittle.rng import Stream, generator, truncated_normal
from embrittle.row_norms import row_sizes

Pair = tuple[
    Array, Array
]  # arrays (n_users, n_moved) of users and (n_items, n_moved) of items, on the device
Rows = Literal["both", "users", "items"]


class Loss(ABC):
    """A loss L(Theta + Delta) of a model, which attacks ascend.

    The last `fixed` factors, such as the biases of items in own embeddings, count in the loss, but Delta has no column
    for them: n_moved = n_factors - fixed. No step, random start, norm or budget can therefore involve them.

    Attributes:
        backend: the device.
        factors: Theta, on the device.
        units: what a length of 1 is in Delta of users and of items: 1 and 1, or with relative budgets the root mean
            squares of the row norms of both sides (docs/method.md, "Relative budgets").
        history: the values of the loss at the iterates of an attack that needs them; the others leave it empty.
    """

    def __init__(
        self,
        backend: Backend,
        factors: tuple[np.ndarray, np.ndarray],
        fixed: int = 0,
        *,
        relative: bool = False,
        rows: Rows = "both",
    ):
        """Copy the factors to the device.

        Args:
            backend: the device.
            factors: Theta, float32 user_factors (n_users, n_factors) and item_factors (n_items, n_factors).
            fixed: the number of last factors that do not move.
            relative: whether steps, starts and budgets are in units of the size of the rows.
            rows: the side whose rows move; Delta of the other one stays 0.

        Raises:
            DataError: `relative`, and all rows of users or of items are zero.
        """
        self.backend = backend
        self.factors = tuple(backend.put(array) for array in factors)
        self.history: list[float] = []
        self._fixed = fixed
        self._n_moved = factors[0].shape[1] - fixed
        self._moves = rows != "items", rows != "users"
        self.units = self._row_sizes(factors) if relative else (1.0, 1.0)

    @abstractmethod
    def gradient(self, delta: Pair) -> Pair:
        """Return the gradient of the loss at Theta + Delta, in the shapes of `delta`; any positive multiple of it."""

    @abstractmethod
    def losses_and_gradient(self, delta: Pair) -> tuple[np.ndarray, Pair]:
        """Return what each user adds to the loss at Theta + Delta, float64 (n_users,), and `gradient`."""

    @property
    def separate(self) -> bool:
        """Whether users alone move, so that the loss is a sum of terms that depend on one row of Delta each."""
        return self._moves == (True, False)

    def draw_negatives(self, seed: int, iteration: int = 0) -> None:
        """Draw new random negatives, if the loss has any.

        Args:
            seed: of the attack.
            iteration: number of the ascent step, from 0.
        """
        return None

    def _row_sizes(self, factors: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
        """Return the root mean squares of the norms of user rows and of item rows, without the fixed factors."""
        users, items = row_sizes(*factors, self._n_moved)
        if users == 0 or items == 0:
            raise DataError(
                f"all {'user' if users == 0 else 'item'} rows of the model are zero, so a relative budget is zero as "
                "well: choose budget: absolute"
            )
        return users, items

    def perturbed(self, delta: Pair) -> Pair:
        """Return the perturbed factors Theta + Delta, with the fixed ones."""
        if not self._fixed:
            return tuple(array + change for array, change in zip(self.factors, delta, strict=True))
        copies = tuple(1 * array for array in self.factors)
        for array, change in zip(copies, delta, strict=True):
            array[:, : self._n_moved] += change
        return copies

    def _without_fixed(self, gradient: Pair) -> Pair:
        """Return a gradient without the columns of the fixed factors."""
        if not self._fixed:
            return gradient
        # The product is an array without gaps between its rows, which the compiled loops need.
        return tuple(1 * slope[:, : self._n_moved] for slope in gradient)

    def ascent_step(self, delta: Pair, step: float, bound: float, norm: str = "linf") -> Pair:
        """Return Delta + step * g / ||g||, with the norm of each row, projected to the budget (MSAP, Eq. 6 and 7).

        Args:
            delta: Delta before the step; may be overwritten.
            step: L2 norm of the step in each row, in `units`.
            bound: the budget, epsilon, in `units`.
            norm: "linf" clips each element to [-bound, bound]; "l2" projects each row to the L2 ball of radius bound.
        """
        return self.step_along(delta, self.gradient(delta), step, bound, norm)

    def step_along(
        self,
        delta: Pair,
        direction: Pair,
        step: float | np.ndarray,
        bound: float,
        norm: str = "linf",
    ) -> Pair:
        """Return Delta + step * v / ||v||, with the norm of each row of a direction v, projected to the budget.

        Args:
            delta, step, bound, norm: as in `ascent_step`. If the loss is `separate`, there may be a step for each user,
                float64 (n_users,).
            direction: v, in the shapes of `delta`. With a step of 0, Delta itself is projected.
        """
        if isinstance(step, np.ndarray):
            users, items = self.step_along(self.no_change(), direction, 1.0, math.inf, norm)
            delta, step = (delta[0] + self._column(step) * users, items), 0.0
        ascend = {"linf": self.backend.ascent_step, "l2": self.backend.ascent_step_in_ball}[norm]
        return tuple(
            ascend(change, towards, step * unit, bound * unit) if moves else change
            for change, towards, unit, moves in zip(
                delta, direction, self.units, self._moves, strict=True
            )
        )

    def chosen(self, of_first: np.ndarray, first: Pair, second: Pair) -> Pair:
        """Return the users' rows of one pair of arrays or of another; the loss is `separate`.

        Args:
            of_first: whose rows are those of `first`, bool (n_users,).
            first, second: finite arrays, in the shapes of Delta.
        """
        from_first, from_second = self._column(of_first), self._column(~of_first)
        return from_first * first[0] + from_second * second[0], second[1]

    def _column(self, of_users: np.ndarray) -> Array:
        return self.backend.put(of_users.astype(np.float32)[:, None])

    def no_change(self) -> Pair:
        """Return Delta = 0."""
        return tuple(0 * array[:, : self._n_moved] for array in self.factors)

    def uniform_change(self, half_width: float, seed: int) -> Pair:
        """Return Delta with elements drawn from uniform(-half_width, half_width), in `units`."""
        rng = generator(Stream.START_IN_BOX, seed)
        return self._placed(rng.uniform(-half_width, half_width, shape) for shape in self._shapes())

    def uniform_in_ball(self, radius: float, seed: int, start: int = 0) -> Pair:
        """Return Delta with rows drawn uniformly from the L2 ball of this radius, in `units`.

        Args:
            radius: of the ball.
            seed: of the attack.
            start: number of the random start, from 0.
        """
        rng = generator(Stream.START_IN_BALL, seed, *([start] if start else []))

        def rows(n_rows: int, n_factors: int) -> np.ndarray:
            direction = rng.standard_normal((n_rows, n_factors))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            return direction * (radius * rng.random((n_rows, 1)) ** (1 / n_factors))

        return self._placed(rows(*shape) for shape in self._shapes())

    def random_directions(self, norm: float, seed: int) -> Pair:
        """Return Delta with rows of L2 norm `norm`, in `units`, in the directions of truncated normal vectors."""
        rng = generator(Stream.NOISE, seed)
        drawn = (truncated_normal(rng, shape) for shape in self._shapes())
        return tuple(
            self.backend.put(
                rows
                * (np.float32(norm * unit * moves) / np.linalg.norm(rows, axis=1, keepdims=True))
            )
            for rows, unit, moves in zip(drawn, self.units, self._moves, strict=True)
        )

    def _placed(self, drawn: Iterable[np.ndarray]) -> Pair:
        """Return drawn rows of both sides, given in `units`, on the device; 0 for the side that does not move."""
        return tuple(
            self.backend.put(unit * rows * moves)
            for rows, unit, moves in zip(drawn, self.units, self._moves, strict=True)
        )

    def _shapes(self) -> list[tuple[int, int]]:
        """The shapes of Delta of users and of items."""
        return [(len(array), self._n_moved) for array in self.factors]
