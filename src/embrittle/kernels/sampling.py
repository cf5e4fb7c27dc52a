"""Compiled sampling of BPR triples: one negative for each positive, uniform over items the user has not in train.

Negatives are drawn user by user (CSR order). Whether a drawn item is one of the user's positives is then a single
lookup in an array with n_items entries, which stays in the inner cache. Memory grows with items, not with
users x items.
"""

import numpy as np
from numba import njit

from embrittle.errors import TrainingError
from embrittle.kernels.cache import compiled

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(inline="always")
def _below(state: np.ndarray, bound: int) -> np.int64:
    """Draw an integer in [0, bound): splitmix64 (Steele et al. 2014), reduced by multiplication (Lemire 2019)."""
    state[0] += _GAMMA
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return np.int64(((z >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@compiled(cache=True)
def _draw_negatives(
    indptr: np.ndarray,
    indices: np.ndarray,
    n_items: int,
    state: np.ndarray,
    negatives: np.ndarray,
) -> None:
    owner = np.full(n_items, -1, np.int64)
    for user in range(len(indptr) - 1):
        for t in range(indptr[user], indptr[user + 1]):
            owner[indices[t]] = user
        for t in range(indptr[user], indptr[user + 1]):
            item = _below(state, n_items)
            while owner[item] == user:
                item = _below(state, n_items)
            negatives[t] = item


@compiled(cache=True)
def _shuffle_rows(rows: np.ndarray, state: np.ndarray) -> None:
    """Fisher-Yates on the rows of an (n, 3) array, in place."""
    for t in range(len(rows) - 1, 0, -1):
        other = _below(state, t + 1)
        for column in range(3):
            kept = rows[t, column]
            rows[t, column] = rows[other, column]
            rows[other, column] = kept


def _state(seeds: np.random.SeedSequence) -> np.ndarray:
    return seeds.generate_state(1, np.uint64)


def _check_negatives_exist(indptr: np.ndarray, n_items: int) -> None:
    full = np.flatnonzero(np.diff(indptr) >= n_items)
    if len(full):
        raise TrainingError(
            f"user {full[0]} has all {n_items} items of the catalogue in train ({len(full)} such users), so no "
            "negative can be drawn. Remove these users from the data."
        )


def draw_negatives(
    indptr: np.ndarray, indices: np.ndarray, n_items: int, seeds: np.random.SeedSequence
) -> np.ndarray:
    """Draw one negative for each training positive.

    Args:
        indptr, indices: training positives, as in `UserItems`.
        n_items: size of the catalogue.
        seeds: from `rng.seeds`; equal seeds give equal draws.

    Returns:
        int32 (n_positives,), aligned with `indices`.

    Raises:
        TrainingError: a user has the whole catalogue in train.
    """
    _check_negatives_exist(indptr, n_items)
    negatives = np.empty(len(indices), np.int32)
    _draw_negatives(indptr, indices, n_items, _state(seeds), negatives)
    return negatives


class TripleSampler:
    """Draws the (user, positive, negative) triples of an epoch: every positive once, with a new negative, shuffled."""

    def __init__(self, indptr: np.ndarray, indices: np.ndarray, n_items: int):
        """Take the training positives; arguments and errors as in `draw_negatives`."""
        _check_negatives_exist(indptr, n_items)
        self._indptr, self._indices, self._n_items = indptr, indices, n_items
        self._users = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
        self._negatives = np.empty(len(indices), np.int32)
        self._triples = np.empty((len(indices), 3), np.int32)

    def draw(self, seeds: np.random.SeedSequence) -> np.ndarray:
        """Return the triples of an epoch: int32 (n_positives, 3). The next call overwrites the array.

        Args:
            seeds: from `rng.seeds`; equal seeds give equal triples.
        """
        state = _state(seeds)
        _draw_negatives(self._indptr, self._indices, self._n_items, state, self._negatives)
        for column, values in enumerate((self._users, self._indices, self._negatives)):
            self._triples[:, column] = values
        _shuffle_rows(self._triples, state)
        return self._triples
