"""Running an attack on a model: the loss that attacks climb, and the lists that come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.norms import spent_norms
from embrittle.attacks.trajectories import Snapshot
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.kernels.backend import Array, Backend
from embrittle.kernels.ranking import lists_to_columns, top_items
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import truncated_normal

Pair = tuple[Array, Array]  # of users and of items
_NEGATIVES, _START, _NOISE = 2, 3, 4  # streams of random numbers; training has 0 and 1


class BprLoss:
    """The full-batch pairwise loss around a model, for attacks to climb."""

    def __init__(
        self,
        backend: Backend,
        factors: tuple[np.ndarray, np.ndarray],
        train: UserItems,
        seed: int,
        loss: str = "bpr",
    ):
        """Take (user_factors, item_factors), the positives, the seed that fixes the negatives, and the loss's name."""
        self.backend, self._loss = backend, loss
        self.factors = tuple(backend.put(array) for array in factors)
        self._train = train
        self.draw_negatives(seed)

    def draw_negatives(self, *seed: int) -> None:
        """Draw the negatives, one for each positive, anew: from here on the loss is over other triples."""
        train, seed = self._train, (seed[0], _NEGATIVES, *seed[1:])
        self._negatives = draw_negatives(train.indptr, train.indices, train.n_items, *seed)

    def perturbed(self, delta: Pair) -> Pair:
        """Theta + Delta."""
        return tuple(array + change for array, change in zip(self.factors, delta, strict=True))

    def gradient(self, delta: Pair) -> Pair:
        """Gradient of the loss at Theta + Delta."""
        users, items = self.perturbed(delta)
        return self.backend.full_batch_gradient(
            users, items, self._train, self._negatives, self._loss
        )

    def climb(self, delta: Pair, step: float, bound: float, norm: str = "linf") -> Pair:
        """One step, Delta + step * g / ||g|| per row, brought back to the budget.

        Args:
            delta: where the step starts.
            step: its L2 norm in each row.
            bound: the budget.
            norm: "linf" clips each element to +-bound, "l2" projects each row to the ball of radius bound.
        """
        climb = {"linf": self.backend.ascent_step, "l2": self.backend.ascent_step_in_ball}[norm]
        gradient = self.gradient(delta)
        return tuple(
            climb(change, slope, step, bound) for change, slope in zip(delta, gradient, strict=True)
        )

    def no_change(self) -> Pair:
        """Delta = 0."""
        return tuple(0 * array for array in self.factors)

    def uniform_change(self, half_width: float, seed: int) -> Pair:
        """Delta from uniform(-half_width, half_width), element by element."""
        rng = np.random.default_rng([seed, _START])
        return tuple(
            self.backend.put(rng.uniform(-half_width, half_width, array.shape))
            for array in self.factors
        )

    def uniform_in_ball(self, radius: float, seed: int) -> Pair:
        """Delta whose rows are uniform in the ball of this radius."""
        rng = np.random.default_rng([seed, _START])

        def rows(n_rows: int, n_factors: int) -> np.ndarray:
            direction = rng.standard_normal((n_rows, n_factors))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            return direction * (radius * rng.random((n_rows, 1)) ** (1 / n_factors))

        return tuple(self.backend.put(rows(*array.shape)) for array in self.factors)

    def random_directions(self, norm: float, seed: int) -> Pair:
        """Delta whose rows have the L2 norm given, and truncated normal directions."""
        rng = np.random.default_rng([seed, _NOISE])
        drawn = (truncated_normal(rng, tuple(array.shape)) for array in self.factors)
        return tuple(
            self.backend.put(
                rows * (np.float32(norm) / np.linalg.norm(rows, axis=1, keepdims=True))
            )
            for rows in drawn
        )


def perturb(
    loss: BprLoss,
    method: str,
    *,
    epsilon: float,
    iterations: Sequence[int],
    seed: int,
    **options: float | str,
) -> Iterator[tuple[int, Pair]]:
    """Run the attack named `method` once, and take Delta after each of several numbers of iterations on its way.

    Args:
        loss: what is climbed. It may have other negatives afterwards.
        method: key of `attacks.ATTACKS`.
        epsilon: the budget.
        iterations: numbers of steps, ascending; the attack ends with the last.
        seed: fixes what the attack draws.
        options: of the method.

    Returns:
        (number of iterations, Delta of users and of items), each computed when it is asked for.

    Raises:
        ConfigError: no such attack, more than one iteration of a single-step attack, or no ascending numbers.
    """
    if method not in ATTACKS:
        raise ConfigError(f"There is no attack method {method!r}; known: {', '.join(ATTACKS)}.")
    asked = ", ".join(map(str, iterations))
    if ATTACKS[method].single_step and list(iterations) != [1]:
        raise ConfigError(f"{method} is a single step; {asked} iterations were asked for.")
    if not iterations or any(a >= b for a, b in pairwise([0, *iterations])):
        raise ConfigError(f"Numbers of iterations must ascend from 1 on; asked for: {asked}.")
    return _snapshots(ATTACKS[method].run(loss, epsilon=epsilon, seed=seed, **options), iterations)


def _snapshots(deltas: Iterator[Pair], iterations: Sequence[int]) -> Iterator[tuple[int, Pair]]:
    """Take some of the steps of an attack, as copies: its next step may be made in place."""
    for before, steps in pairwise([0, *iterations]):
        delta = next(islice(deltas, steps - before - 1, None))
        yield steps, tuple(1 * array for array in delta)


def attacked_lists(
    backend: Backend,
    model: dict[str, np.ndarray],
    train: UserItems,
    known: UserItems,
    *,
    attack: dict[str, Any],
    epsilon: float,
    iterations: Sequence[int],
    seed: int,
    length: int,
    loss: str = "bpr",
) -> Iterator[Snapshot]:
    """Perturb a model, and list its items after each of several numbers of iterations, one after the other.

    Args:
        backend: the device.
        model: float32 "user_factors" and "item_factors".
        train: training positives, whose loss is climbed.
        known: items to leave out of the lists: those of `train`, and of validation.
        attack: the definition from the configuration: `method` and its options.
        epsilon: the budget.
        iterations: the numbers of steps, L, ascending.
        seed: the training's; fixes negatives and start, so that all attacks on a model meet the same ones.
        length: K.
        loss: the model's, key of `losses.LOSSES`.

    Yields:
        The lists as `ranking.lists_to_columns`, and `spent.spent_norms`. None is kept here: who does not either has
        one set of lists in memory at a time.

    Raises:
        ConfigError: as `perturb`, when the first is asked for.
    """
    around = BprLoss(backend, (model["user_factors"], model["item_factors"]), train, seed, loss)
    deltas = perturb(around, epsilon=epsilon, iterations=iterations, seed=seed, **attack)
    for steps, delta in deltas:
        yield Snapshot(
            steps,
            lists_to_columns(*top_items(backend, *around.perturbed(delta), known, length)),
            spent_norms(*map(backend.get, delta)),
        )
