"""Certified radii: below which epsilon other items certainly stay behind a target (docs/certificates.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np

from embrittle.certificates.threats import THREATS, Threat
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.files import read_tensors
from embrittle.kernels import numba_radii
from embrittle.kernels.blocks import SCORED, user_blocks
from embrittle.row_norms import row_sizes

_MORE_NEAR = 8  # items that are looked at first, beyond the number that sets a bound
_SLACK, _FACTORS = 1e-6, 64


def slack_of(n_factors: int) -> float:
    """Return the share of ||p|| (||q_t|| + ||q_j||) below which a margin counts as 0, for scores in float32.

    Rows of equal elements, whose float32 scores are the furthest from the truth, are off by somewhat less
    (docs/certificates.md, "Rounding").
    """
    return _SLACK * max(1.0, n_factors / _FACTORS)


@dataclass(frozen=True)
class Model:
    """A recommender whose scores are dot products.

    Attributes:
        user_factors, item_factors: float32 (n_users, n_factors) and (n_items, n_factors).
        fixed: the number of last factors that do not move, such as biases.
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    fixed: int = 0

    @classmethod
    def read(cls, path: str | PathLike) -> Model:
        """Read the file of a trained model, a control or own embeddings; raise DataError if the file is damaged."""
        factors, about = read_tensors(path)
        return cls(factors["user_factors"], factors["item_factors"], about.get("fixed_factors", 0))

    @property
    def sizes(self) -> tuple[float, float]:
        """The units of relative budgets, of users and of items (`row_norms.row_sizes`)."""
        return row_sizes(self.user_factors, self.item_factors, self.n_moved)

    @property
    def n_moved(self) -> int:
        """The number of factors that move."""
        return self.item_factors.shape[1] - self.fixed


@dataclass(frozen=True)
class Radii:
    """The smallest radii at which competitors overtake targets.

    Attributes:
        threats: what is perturbed, one for each first index of `values`.
        pairs: int64 (n,), positions in `UserItems.indices` of the targets that are in the list of the model as it is.
            All radii of other targets are 0.
        values: float32 (n_threats, n, K), ascending, rounded towards 0: the m-th is the largest epsilon up to which
            fewer than m competitors can be above the target.
    """

    threats: list[Threat]
    pairs: np.ndarray
    values: np.ndarray

    def of(self, threat: Threat) -> np.ndarray:
        """Return the radii for one threat: float32 (n, K)."""
        return self.values[self.threats.index(threat)]


def certified_radii(
    model: Model,
    seen: UserItems,
    targets: UserItems,
    length: int,
    threats: Sequence[Threat] = tuple(THREATS),
) -> Radii:
    """Return the radii of all targets; a user's other targets do not compete with a target.

    Args:
        model: the model.
        seen: items that are not listed, and so do not compete.
        targets: items whose place in their users' lists is certified, none of them seen.
        length: the number of radii of each target, K.
        threats: what is perturbed.

    Raises:
        DataError: a factor is not finite.
    """
    nothing = np.zeros(0, np.int64), np.zeros((len(threats), 0, length), np.float32)
    found = [nothing, *_blocks(model, seen, targets, length, threats, others_compete=False)]
    pairs = np.concatenate([of for of, _ in found])
    return Radii(list(threats), pairs, np.concatenate([values for _, values in found], axis=1))


def staying_radii(
    model: Model, seen: UserItems, lists: UserItems, length: int, threats: Sequence[Threat]
) -> np.ndarray:
    """Return up to which epsilon each item of a model's own lists stays in its list of this length.

    Args:
        model, seen, threats: as in `certified_radii`.
        lists: the items of each user's list.
        length: the length of the lists.

    Returns:
        float32 (n_threats, n), in the order of `lists.indices`, rounded towards 0; 0 for items that are not in the
        list of the model as it is.
    """
    radii = np.zeros((len(threats), len(lists.indices)), np.float32)
    for pairs, values in _blocks(model, seen, lists, length, threats, others_compete=True):
        radii[:, pairs] = values[:, :, -1]
    return radii


def _blocks(
    model: Model,
    seen: UserItems,
    targets: UserItems,
    length: int,
    threats: Sequence[Threat],
    *,
    others_compete: bool,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield positions of targets that are in the list, with their radii, for blocks of users."""
    users, items = (
        np.ascontiguousarray(rows, np.float32) for rows in (model.user_factors, model.item_factors)
    )
    if not (np.isfinite(users).all() and np.isfinite(items).all()):
        raise DataError("the model has a factor that is not finite, so nothing can be certified")
    moved = np.ascontiguousarray(items[:, : model.n_moved])
    squares = np.square(moved, dtype=np.float64).sum(axis=1).astype(np.float32)
    norms = np.linalg.norm(items.astype(np.float64), axis=1).astype(np.float32)
    budgets = np.array([threat.budgets(model.sizes) for threat in threats], np.float64)
    elementwise = np.array([threat.norm == "linf" for threat in threats])
    slack = slack_of(items.shape[1])
    of_users = targets.users
    for block in user_blocks(len(users), len(items), SCORED):
        start, size = block.start, block.stop - block.start
        first, last = targets.indptr[start], targets.indptr[block.stop]
        if first == last:
            continue
        scores = users[block] @ items.T
        own, may_stay = np.empty(last - first, np.float32), np.empty(last - first, np.bool_)
        numba_radii.prepare_targets(
            scores, start, seen.indptr, seen.indices, targets.indptr, targets.indices, length,
            others_compete, own, may_stay,
        )  # fmt: skip
        staying = np.flatnonzero(may_stay)
        for part in np.array_split(staying, max(1, -(-len(staying) // size))):
            if not len(part):
                continue
            pairs = first + part
            target = targets.indices[pairs]
            rows = of_users[pairs] - start
            concerned, places = np.unique(rows, return_inverse=True)
            near = _highest(scores[concerned], length + _MORE_NEAR)[places]
            radii = np.empty((len(threats), len(part), length))
            numba_radii.smallest_radii(
                scores, moved[target] @ moved.T, near, own[part], rows, of_users[pairs], target,
                users, items, squares, norms, model.fixed, slack, elementwise, budgets, radii,
            )  # fmt: skip
            yield pairs, _rounded_down(radii)


def _highest(scores: np.ndarray, n: int) -> np.ndarray:
    """Return the items with the highest scores of each row, in no particular order: integers (n_rows, <= n)."""
    n = min(n, scores.shape[1])
    return np.argpartition(scores, scores.shape[1] - n, axis=1)[:, -n:]


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """Return values >= 0 as float32, rounded towards 0."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(0)), rounded)
