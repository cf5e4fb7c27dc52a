"""The compiled loops of LightGCN: propagation over the graph of users and items, a batch's gradient, and Adam.

A node is a user or an item, users first; arrays with a row for each node are float32 (n_nodes, n_factors). Propagation
takes nearly all of the time of a step, whatever the size of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.kernels.cache import compiled
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.numba_training import FAST_MATH, difference_of, term_and_slope

# Adam's constants, as in the paper of LightGCN: the defaults of Kingma and Ba 2015.
FIRST_DECAY, SECOND_DECAY, ADAM_EPS = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Graph:
    """The graph of users and items with the weights D^-1/2 A D^-1/2 of its edges (He et al. 2020, Eq. 8), in CSR form.

    Attributes:
        indptr: int64 (n_nodes + 1,); the edges of node n are indptr[n] ... indptr[n + 1] - 1.
        neighbours: int32 (n_edges,), nodes. Each interaction is two edges, one from each side.
        weights: float32 (n_edges,), 1 / sqrt(degree of the one node * degree of the other).
    """

    indptr: np.ndarray
    neighbours: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, train: UserItems) -> Graph:
        """Return the graph of the training positives."""
        by_item = np.argsort(train.indices, kind="stable")
        degrees = np.concatenate([train.counts, train.item_counts()])
        users_by_item = train.users[by_item].astype(np.int32)
        neighbours = np.concatenate([train.indices + np.int32(train.n_users), users_by_item])
        with np.errstate(divide="ignore"):  # a node without edges is in no product
            inverse_roots = 1 / np.sqrt(degrees)
        weights = np.repeat(inverse_roots, degrees) * inverse_roots[neighbours]
        indptr = np.concatenate([[0], np.cumsum(degrees)])
        return cls(indptr.astype(np.int64), neighbours, weights.astype(np.float32))

    def mean_of_layers(self, rows: np.ndarray, n_layers: int) -> np.ndarray:
        """Return (rows + Â rows + ... + Â^n_layers rows) / (n_layers + 1) as a new array, Â the matrix of the weights.

        The matrix of this linear map is symmetric. The same function is therefore its own transpose: applied to the
        gradient with respect to its result, it gives the gradient with respect to `rows`.
        """
        add = neighbours_kernel(rows.shape[1])
        result, spare = rows.copy(), np.empty_like(rows)
        for _ in range(n_layers):  # Horner's rule: rows + Â (rows + Â (rows + ...))
            add(self.indptr, self.neighbours, self.weights, result, rows, spare)
            result, spare = spare, result
        result /= np.float32(n_layers + 1)
        return result


@cache
def neighbours_kernel(n_factors: int) -> Callable[..., None]:
    """Compile the sum over neighbours for a number of factors.

    Returns:
        A function (indptr, neighbours, weights, rows, first, result) that writes first + Â rows to `result`.
    """

    @compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
    def add_neighbours(
        indptr: np.ndarray,
        neighbours: np.ndarray,
        weights: np.ndarray,
        rows: np.ndarray,
        first: np.ndarray,
        result: np.ndarray,
    ) -> None:
        total = np.empty(n_factors, np.float32)
        for node in range(len(indptr) - 1):
            for k in range(n_factors):
                total[k] = first[node, k]
            edge, end = indptr[node], indptr[node + 1]
            while edge + 4 <= end:  # four at a time, so that the sum is read and written less often
                a, b = neighbours[edge], neighbours[edge + 1]
                c, d = neighbours[edge + 2], neighbours[edge + 3]
                of_a, of_b = weights[edge], weights[edge + 1]
                of_c, of_d = weights[edge + 2], weights[edge + 3]
                for k in range(n_factors):
                    total[k] += (
                        of_a * rows[a, k]
                        + of_b * rows[b, k]
                        + of_c * rows[c, k]
                        + of_d * rows[d, k]
                    )
                edge += 4
            while edge < end:
                a, of_a = neighbours[edge], weights[edge]
                for k in range(n_factors):
                    total[k] += of_a * rows[a, k]
                edge += 1
            for k in range(n_factors):
                result[node, k] = total[k]

    return add_neighbours


@cache
def batch_kernel(n_factors: int) -> Callable[..., float]:
    """Compile the gradient of a batch's mean BPR loss with respect to the final rows, for a number of factors.

    Returns:
        A function (rows, triples, n_users, gradient, counts) that returns the sum of the losses (nats). `triples` is
        int32 (n, 3): user, positive, negative. It overwrites `gradient`, and `counts` (float32 (n_nodes,)) with how
        often each node is in the batch.
    """

    formula = LOSSES["bpr"].formula

    @compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
    def batch_gradient(
        rows: np.ndarray,
        triples: np.ndarray,
        n_users: int,
        gradient: np.ndarray,
        counts: np.ndarray,
    ) -> float:
        gradient[:] = 0
        counts[:] = 0
        loss, share = 0.0, np.float32(1 / len(triples))
        for t in range(len(triples)):
            user = triples[t, 0]
            positive, negative = n_users + triples[t, 1], n_users + triples[t, 2]
            difference = difference_of(n_factors, rows, user, rows, positive, negative)
            term, slope = term_and_slope(formula, difference)
            loss += math.log1p(term)
            slope *= share
            counts[user] += 1
            counts[positive] += 1
            counts[negative] += 1
            for k in range(n_factors):
                gradient[user, k] += slope * (rows[positive, k] - rows[negative, k])
                gradient[positive, k] += slope * rows[user, k]
                gradient[negative, k] -= slope * rows[user, k]
        return loss

    return batch_gradient


@compiled(cache=True, error_model="numpy")
def adam_step(
    embeddings: np.ndarray,
    first_moments: np.ndarray,
    second_moments: np.ndarray,
    gradient: np.ndarray,
    decays: np.ndarray,
    step_size: np.float32,
    correction: np.float32,
) -> None:
    """Take one step of Adam (Kingma and Ba 2015) on all rows, in place.

    Args:
        embeddings, first_moments, second_moments: the parameters and Adam's state.
        gradient: of the loss without regularisation.
        decays: float32 (n_nodes,), the regularisation's gradient as a multiple of each row.
        step_size: learning rate / (1 - 0.9^t), t the number of this step.
        correction: 1 / sqrt(1 - 0.999^t).
    """
    keep_first, keep_second = np.float32(FIRST_DECAY), np.float32(SECOND_DECAY)
    new_first, new_second = np.float32(1 - FIRST_DECAY), np.float32(1 - SECOND_DECAY)
    eps = np.float32(ADAM_EPS)
    for node in range(len(embeddings)):
        for k in range(embeddings.shape[1]):
            slope = gradient[node, k] + decays[node] * embeddings[node, k]
            first = keep_first * first_moments[node, k] + new_first * slope
            second = keep_second * second_moments[node, k] + new_second * slope * slope
            first_moments[node, k], second_moments[node, k] = first, second
            embeddings[node, k] -= step_size * first / (math.sqrt(second) * correction + eps)
