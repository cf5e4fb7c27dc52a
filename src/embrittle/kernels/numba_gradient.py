"""The compiled full-batch gradient of the loss, and the ascent steps of attacks (docs/method.md, "Perturbations")."""

from collections.abc import Callable
from functools import cache

import numpy as np

from embrittle.kernels.cache import compiled
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.numba_training import FAST_MATH, difference_of, term_and_slope
from embrittle.kernels.prefetch import prefetch_row

_AHEAD = 4  # distance of the prefetch, in triples


@cache
def gradient_kernel(n_factors: int, loss_name: str) -> Callable[..., None]:
    """Compile the gradient for a number of factors and a loss (key of `LOSSES`).

    Returns:
        A function (user_factors, item_factors, indptr, indices, negatives, user_gradient, item_gradient) that
        overwrites the two gradients, float32 (n_users, n_factors) and (n_items, n_factors). indptr and indices are
        those of `UserItems`; negatives is int32 (n_positives,), aligned with indices. Triples are visited in the order
        of users, so that a user's factors and gradient stay in the innermost cache.
    """

    formula = LOSSES[loss_name].formula

    @compiled(cache=LOSSES[loss_name].cached, fastmath=set(FAST_MATH), error_model="numpy")
    def gradient(
        user_factors: np.ndarray,
        item_factors: np.ndarray,
        indptr: np.ndarray,
        indices: np.ndarray,
        negatives: np.ndarray,
        user_gradient: np.ndarray,
        item_gradient: np.ndarray,
    ) -> None:
        user_gradient[:] = 0
        item_gradient[:] = 0
        for user in range(len(user_factors)):
            for t in range(indptr[user], indptr[user + 1]):
                ahead = min(t + _AHEAD, len(indices) - 1)
                prefetch_row(item_factors, indices[ahead])
                prefetch_row(item_factors, negatives[ahead])
                prefetch_row(item_gradient, indices[ahead])
                prefetch_row(item_gradient, negatives[ahead])
                positive, negative = indices[t], negatives[t]
                difference = difference_of(
                    n_factors, user_factors, user, item_factors, positive, negative
                )
                _, slope = term_and_slope(formula, difference)
                for k in range(n_factors):
                    user_gradient[user, k] += slope * (
                        item_factors[positive, k] - item_factors[negative, k]
                    )
                for k in range(n_factors):
                    item_gradient[positive, k] += slope * user_factors[user, k]
                for k in range(n_factors):
                    item_gradient[negative, k] -= slope * user_factors[user, k]

    return gradient


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def ascent_step(
    delta: np.ndarray,
    gradient: np.ndarray,
    step: np.float32,
    bound: np.float32,
    squared_norm_floor: np.float32,
) -> None:
    """Set delta to clip(delta + step * g / ||g||, -bound, bound), with the norm of each row (MSAP, Eq. 6 and 7).

    Args:
        delta: float32 (n, n_factors), changed in place.
        gradient: float32 (n, n_factors), g.
        step, bound, squared_norm_floor: float32; see `Backend.ascent_step` and `SQUARED_NORM_FLOOR`.
    """
    n_rows, n_factors = delta.shape
    for row in range(n_rows):
        squared_norm = np.float32(0)
        for k in range(n_factors):
            squared_norm += gradient[row, k] * gradient[row, k]
        scale = step / np.sqrt(max(squared_norm, squared_norm_floor))
        for k in range(n_factors):
            moved = delta[row, k] + scale * gradient[row, k]
            delta[row, k] = min(max(moved, -bound), bound)


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def ascent_step_in_ball(
    delta: np.ndarray,
    gradient: np.ndarray,
    step: np.float32,
    radius: float,
    squared_norm_floor: np.float32,
    within: float,
) -> None:
    """Set delta to delta + step * g / ||g||, with the norm of each row, and project rows to the ball of `radius`.

    Row lengths are summed in float64: a float32 sum might exceed the radius for a row that has been projected already.

    Args:
        delta: float32 (n, n_factors), changed in place.
        gradient: float32 (n, n_factors), g.
        step, squared_norm_floor: float32; see `Backend.ascent_step_in_ball` and `SQUARED_NORM_FLOOR`.
        radius: float64, largest L2 norm of a row.
        within: share of the radius to which longer rows are scaled (`backend.WITHIN`).
    """
    n_rows, n_factors = delta.shape
    for row in range(n_rows):
        squared_norm = np.float32(0)
        for k in range(n_factors):
            squared_norm += gradient[row, k] * gradient[row, k]
        scale = step / np.sqrt(max(squared_norm, squared_norm_floor))
        squared_length = 0.0
        for k in range(n_factors):
            moved = delta[row, k] + scale * gradient[row, k]
            delta[row, k] = moved
            squared_length += np.float64(moved) * np.float64(moved)
        if squared_length > radius * radius:
            cut = within * radius / np.sqrt(squared_length)
            for k in range(n_factors):
                delta[row, k] = np.float32(cut * delta[row, k])
