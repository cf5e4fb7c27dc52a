"""The compiled full-batch gradient of the loss, and the steps of attacks (docs/method.md, "Perturbations")."""

from functools import cache

import numpy as np
from numba import njit

from embrittle.kernels.losses import LOSSES
from embrittle.kernels.numba_training import FAST_MATH, difference_of, term_and_slope
from embrittle.kernels.prefetch import prefetch_row

_AHEAD = 4  # triples


@cache
def gradient_kernel(n_factors: int, loss_name: str):
    """Compile the gradient for this number of factors and loss (key of `LOSSES`).

    Returns:
        A function (user_factors, item_factors, indptr, indices, negatives, user_gradient, item_gradient) that fills
        the two float32 gradients. The triples come in user-sorted (CSR) order, so that one user's factors and
        gradient stay in the innermost cache while the items pass by.
    """

    formula = LOSSES[loss_name].formula

    @njit(cache=LOSSES[loss_name].cached, fastmath=set(FAST_MATH), error_model="numpy")
    def gradient(
        user_factors, item_factors, indptr, indices, negatives, user_gradient, item_gradient
    ):
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


@njit(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def ascent_step(delta, gradient, step, bound, squared_norm_floor):
    """delta <- clip(delta + step * g / ||g|| per row, -bound, bound), in place, in one pass (MSAP, Eq. 6 and 7)."""
    n_rows, n_factors = delta.shape
    for row in range(n_rows):
        squared_norm = np.float32(0)
        for k in range(n_factors):
            squared_norm += gradient[row, k] * gradient[row, k]
        scale = step / np.sqrt(max(squared_norm, squared_norm_floor))
        for k in range(n_factors):
            moved = delta[row, k] + scale * gradient[row, k]
            delta[row, k] = min(max(moved, -bound), bound)


@njit(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def ascent_step_in_ball(delta, gradient, step, radius, squared_norm_floor, within):
    """delta <- delta + step * g / ||g|| per row, rows longer than `radius` scaled to it, in place, in one pass.

    Lengths are summed in float64: with float32 sums a row that has been cut might count as too long once more.
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
