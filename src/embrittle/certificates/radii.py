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

_PAIRS = 2048  # of a user and a target, whose radii are in memory at a time
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
    if not (np.isfinite(model.user_factors).all() and np.isfinite(model.item_factors).all()):
        raise DataError("the model has a factor that is not finite, so nothing can be certified")
    users = np.ascontiguousarray(model.user_factors, np.float32)
    items, sizes, largest, place_of = _by_distance(model)
    kinds = _Kinds.of(threats, model)
    of_users = targets.users
    seen_items, target_items = place_of[seen.indices], place_of[targets.indices]
    for block in user_blocks(len(users), len(items), SCORED):
        start = block.start
        first, last = targets.indptr[start], targets.indptr[block.stop]
        if first == last:
            continue
        scores = users[block] @ items.T
        own, may_stay = np.empty(last - first, np.float32), np.empty(last - first, np.bool_)
        numba_radii.prepare_targets(
            scores, start, seen.indptr, seen_items, targets.indptr, target_items, length,
            others_compete, own, may_stay,
        )  # fmt: skip
        staying = np.flatnonzero(may_stay)
        for part in np.split(staying, range(_PAIRS, len(staying), _PAIRS)):
            pairs = first + part
            radii = np.empty((len(kinds.budgets), len(pairs), length))
            numba_radii.smallest_radii(
                scores, own[part], of_users[pairs] - start, of_users[pairs], target_items[pairs],
                users, items, sizes, largest, model.fixed, slack_of(items.shape[1]),
                kinds.elementwise, kinds.budgets, radii,
            )  # fmt: skip
            yield pairs, kinds.of_threats(radii)


@dataclass(frozen=True)
class _Kinds:
    """The budgets that differ by more than a factor; threats whose budgets are in proportion share their radii.

    Attributes:
        elementwise: bool (n_kinds,), whether a budget limits elements.
        budgets: float64 (n_kinds, 2), of users and of items at radius 1; the larger one is 1, or both are 0.
        kind_of, scale: integers and float64 (n_threats,): the kind of each threat, and its larger budget, or 1 if it
            is 0.
    """

    elementwise: np.ndarray
    budgets: np.ndarray
    kind_of: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, threats: Sequence[Threat], model: Model) -> _Kinds:
        budgets = np.array([threat.budgets(model.sizes) for threat in threats], np.float64)
        largest = budgets.max(axis=1)
        scale = np.where(largest > 0, largest, 1)
        elementwise = [threat.norm == "linf" for threat in threats]
        kinds, kind_of = np.unique(
            np.column_stack([elementwise, budgets / scale[:, np.newaxis]]),
            axis=0,
            return_inverse=True,
        )
        return cls(kinds[:, 0] > 0, np.ascontiguousarray(kinds[:, 1:]), kind_of.ravel(), scale)

    def of_threats(self, radii: np.ndarray) -> np.ndarray:
        """Return the radii of threats, float32 (n_threats, ...) rounded towards 0, from those of kinds, float64."""
        both = zip(self.kind_of, self.scale, strict=True)
        return np.stack([_rounded_down(radii[kind] / scale) for kind, scale in both])


def _by_distance(model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the items in descending order of their L2 distances from the mean item, of what may move.

    Returns:
        The item factors, float32; `sizes` and `largest` of `numba_radii.smallest_radii`; the place of each item.
    """
    items = np.ascontiguousarray(model.item_factors, np.float32)
    exact = items.astype(np.float64)
    apart = exact[:, : model.n_moved]
    apart = apart - apart.mean(axis=0)  # what all items have in common is in no difference
    sizes = np.stack(
        [np.linalg.norm(apart, axis=1), np.abs(apart).sum(axis=1), np.linalg.norm(exact, axis=1)]
    )
    order = np.argsort(-sizes[0], kind="stable")
    place_of = np.empty(len(order), np.int32)
    place_of[order] = np.arange(len(order))
    sizes = sizes[:, order]
    largest = np.maximum.reduceat(sizes, np.arange(0, len(order), numba_radii.CHUNK), axis=1)
    largest = np.maximum.accumulate(largest[:, ::-1], axis=1)[:, ::-1]
    return items[order], sizes, np.ascontiguousarray(largest), place_of


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """Return values >= 0 as float32, rounded towards 0."""
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(0)), rounded)
