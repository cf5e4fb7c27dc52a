"""The pairwise loss of a model's training, as in the papers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from embrittle.attacks.loss import Loss, Pair, Rows
from embrittle.data.interactions import UserItems
from embrittle.kernels.backend import LOWEST_DIFFERENCE, Backend
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, seeds

if TYPE_CHECKING:
    from embrittle.attacks.run import Attacked

_TRIPLES = 2**16  # whose rows are in memory at a time


class PairwiseLoss(Loss):
    """The full-batch pairwise loss of a model, summed over all training positives with one negative each.

    See docs/method.md, "Perturbations".
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
        rows: Rows = "both",
        standardised: bool = False,
    ):
        """Copy the factors to the device.

        Args:
            backend, factors, fixed, relative, rows: as in `Loss`.
            train: training positives.
            seed: of the negatives.
            loss: key of `losses.LOSSES`.
            standardised: whether score differences are divided by their standard deviation at Delta = 0 before they
                enter the loss, so that the loss is the same for a rescaled model.

        Raises:
            DataError: as `Loss`.
        """
        super().__init__(backend, factors, fixed, relative=relative, rows=rows)
        self._loss = loss
        self._train = train
        self._seed = seed
        self._negatives: np.ndarray | None = None  # drawn before the first gradient
        self._standardised = standardised
        self._shrink: float | None = None  # of both factors, computed before the first gradient

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

    def gradient(self, delta: Pair) -> Pair:
        """Return the gradient of the loss at Theta + Delta, in the shapes of `delta`."""
        return self._gradient_at(self._at(delta))

    def losses_and_gradient(self, delta: Pair) -> tuple[np.ndarray, Pair]:
        """Return the users' losses at Theta + Delta, in nats, and the gradient. Only for BPR.

        The loops of the gradient give no value, so the score differences are computed a second time.
        """
        at = self._at(delta)
        gradient = self._gradient_at(at)
        users, items = map(self.backend.get, at)
        differences = _differences(users, items, self._train, self._negatives)
        losses = [np.logaddexp(0, -np.maximum(part, LOWEST_DIFFERENCE)) for part in differences]
        owners = self._train.users
        return np.bincount(owners, np.concatenate(losses), len(users)), gradient

    def _at(self, delta: Pair) -> Pair:
        """Return the factors at which the gradient is taken; draw the negatives before the first."""
        if self._negatives is None:
            self.draw_negatives(self._seed)
        users, items = self.perturbed(delta)
        if self._standardised:
            users, items = users * self._shrinking(), items * self._shrinking()
        return users, items

    def _gradient_at(self, factors: Pair) -> Pair:
        return self._without_fixed(
            self.backend.full_batch_gradient(*factors, self._train, self._negatives, self._loss)
        )

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


def difference_deviation(
    users: np.ndarray, items: np.ndarray, train: UserItems, negatives: np.ndarray
) -> float:
    """Return the standard deviation of the score differences s(u, i) - s(u, j) of the training triples.

    Args:
        users, items: the factors, float32 (n_users, n_factors) and (n_items, n_factors).
        train: training positives.
        negatives: a negative for each positive, int32 (n_positives,).
    """
    differences = np.concatenate(list(_differences(users, items, train, negatives)))
    return float(differences.std(dtype=np.float64))


def _differences(
    users: np.ndarray, items: np.ndarray, train: UserItems, negatives: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the score differences of the training triples in their order, some triples at a time."""
    owners = train.users
    for first in range(0, len(negatives), _TRIPLES):
        part = slice(first, first + _TRIPLES)
        spread = items[train.indices[part]] - items[negatives[part]]
        yield np.einsum("nk,nk->n", users[owners[part]], spread)


def loss_of(attacked: Attacked, definition: Mapping[str, Any], **geometry: Any) -> PairwiseLoss:
    """Return the loss of an attack.

    Args:
        attacked: the model, its data and the device.
        definition: of the attack, in the configuration.
        geometry: `relative` and `rows`, as in `Loss`.
    """
    return PairwiseLoss(
        attacked.backend, attacked.factors, attacked.train, attacked.seed, attacked.loss, attacked.fixed,
        standardised=definition.get("loss") == "standardised", **geometry,
    )  # fmt: skip
