"""The compiled training epoch of BPR-MF and AMF (docs/method.md, "Training").

For each batch, the gradients of the touched rows are summed into buffers. For AMF the gradients at the perturbed rows
are added. Then each touched row takes one Adagrad step. Rows outside the batch are neither read nor written. The number
of factors is a compile-time constant, so that the compiler unrolls the loops over a row into vector instructions.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit

from embrittle.kernels import backend
from embrittle.kernels.cache import compiled
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.prefetch import prefetch_row

# float32, because a float64 constant would promote every operand to float64.
_LOWEST_DIFFERENCE = np.float32(backend.LOWEST_DIFFERENCE)
_SQUARED_NORM_FLOOR = np.float32(backend.SQUARED_NORM_FLOOR)

# All flags of `fast` except nnan and ninf: NaN must be preserved, and exp may overflow to infinity on purpose.
FAST_MATH = frozenset({"reassoc", "contract", "arcp", "nsz", "afn"})
# Distance of the prefetch, in triples: far enough for memory to respond, near enough for the row to stay in cache.
_AHEAD = 6


@njit(inline="always")
def difference_of(
    n_factors: int,
    user_rows: np.ndarray,
    user: int,
    item_rows: np.ndarray,
    positive: int,
    negative: int,
) -> np.float32:
    """Return the score difference s(u, i) - s(u, j) of a triple, float32."""
    difference = np.float32(0)
    for k in range(n_factors):
        difference += user_rows[user, k] * (item_rows[positive, k] - item_rows[negative, k])
    return difference


@njit(inline="always")
def term_and_slope(formula: Callable, difference: np.float32) -> tuple[Any, np.float32]:
    """Return term and slope of a loss (`PairwiseLoss.formula`) at the clipped difference; NaN for NaN.

    The slope is 0 where the difference is clipped.
    """
    clipped = difference
    if difference < _LOWEST_DIFFERENCE:
        clipped = _LOWEST_DIFFERENCE
    term, slope = formula(clipped)
    if difference < _LOWEST_DIFFERENCE:
        slope = np.float32(0)
    return term, np.float32(slope)


@njit(inline="always")
def _add_user_gradient(
    n_factors: int,
    gradients: np.ndarray,
    slot: int,
    fresh: bool,
    slope: np.float32,
    item_rows: np.ndarray,
    positive: int,
    negative: int,
) -> None:
    if fresh:  # the slot still contains the gradient of an earlier batch
        for k in range(n_factors):
            gradients[slot, k] = slope * (item_rows[positive, k] - item_rows[negative, k])
    else:
        for k in range(n_factors):
            gradients[slot, k] += slope * (item_rows[positive, k] - item_rows[negative, k])


@njit(inline="always")
def _add_item_gradient(
    n_factors: int,
    gradients: np.ndarray,
    slot: int,
    fresh: bool,
    slope: np.float32,
    user_rows: np.ndarray,
    user: int,
) -> None:
    if fresh:
        for k in range(n_factors):
            gradients[slot, k] = slope * user_rows[user, k]
    else:
        for k in range(n_factors):
            gradients[slot, k] += slope * user_rows[user, k]


@njit(inline="always")
def _perturb_rows(
    n_factors: int,
    n_rows: int,
    rows: np.ndarray,
    gradients: np.ndarray,
    factors: np.ndarray,
    epsilon: np.float32,
    perturbed: np.ndarray,
) -> None:
    """Write factors + epsilon * g / ||g|| of the touched rows, with the gradient g of the batch's clean loss."""
    for slot in range(n_rows):
        row = rows[slot]
        squared_norm = np.float32(0)
        for k in range(n_factors):
            squared_norm += gradients[slot, k] * gradients[slot, k]
        scale = epsilon / math.sqrt(max(squared_norm, _SQUARED_NORM_FLOOR))
        for k in range(n_factors):
            perturbed[slot, k] = factors[row, k] + scale * gradients[slot, k]


@njit(inline="always")
def _adagrad(
    n_factors: int,
    n_rows: int,
    rows: np.ndarray,
    slots: np.ndarray,
    gradients: np.ndarray,
    factors: np.ndarray,
    accumulators: np.ndarray,
    learning_rate: np.float32,
    eps: np.float32,
) -> None:
    for slot in range(n_rows):
        row = rows[slot]
        slots[row] = -1  # reset for the next batch
        for k in range(n_factors):
            gradient = gradients[slot, k]
            accumulated = accumulators[row, k] + gradient * gradient
            accumulators[row, k] = accumulated
            # 1 / (root + eps) to first order in eps / root, which is below 1e-6. The compiler replaces 1 / root by an
            # approximate instruction and a Newton step, several times faster than a square root and a division.
            inverse_root = np.float32(1) / math.sqrt(accumulated)
            inverse = inverse_root * (np.float32(1) - eps * inverse_root)
            factors[row, k] -= learning_rate * gradient * inverse


@cache
def epoch_kernel(n_factors: int, adversarial: bool, loss_name: str) -> Callable[..., float]:
    """Compile the epoch for a number of factors and a loss (key of `LOSSES`), with or without the adversarial term.

    Returns:
        A function (user_factors, item_factors, user_accumulators, item_accumulators, triples, batch_size,
        learning_rate, eps, adversarial_epsilon, adversarial_weight) that changes the four float32 arrays in place and
        returns the mean clean loss of a triple, float64 (nats for BPR). `triples` is int32 (n, 3); triples after the
        last full batch are not used.
    """

    # The closure may contain only objects that are pickled by name; otherwise the disk cache never matches.
    formula, log1p = LOSSES[loss_name].formula, LOSSES[loss_name].log1p

    @compiled(cache=LOSSES[loss_name].cached, fastmath=set(FAST_MATH), error_model="numpy")
    def epoch(
        user_factors: np.ndarray,
        item_factors: np.ndarray,
        user_accumulators: np.ndarray,
        item_accumulators: np.ndarray,
        triples: np.ndarray,
        batch_size: int,
        learning_rate: np.float32,
        eps: np.float32,
        adversarial_epsilon: np.float32,
        adversarial_weight: np.float32,
    ) -> float:
        # slot: position in the batch's buffers where the gradient of a row is summed; -1 for rows not touched yet
        user_slots = np.full(len(user_factors), -1, np.int32)
        item_slots = np.full(len(item_factors), -1, np.int32)
        users = np.empty(batch_size, np.int32)
        items = np.empty(2 * batch_size, np.int32)
        user_gradients = np.empty((batch_size, n_factors), np.float32)
        item_gradients = np.empty((2 * batch_size, n_factors), np.float32)
        perturbed_users = np.empty((batch_size if adversarial else 0, n_factors), np.float32)
        perturbed_items = np.empty((2 * batch_size if adversarial else 0, n_factors), np.float32)
        triple_slots = np.empty((batch_size, 3), np.int32)

        loss, product = 0.0, 1.0
        n_batches = len(triples) // batch_size
        for batch in range(n_batches):
            n_users, n_items = 0, 0
            for t in range(batch_size):
                ahead = min(batch * batch_size + t + _AHEAD, len(triples) - 1)
                prefetch_row(user_factors, triples[ahead, 0])
                prefetch_row(item_factors, triples[ahead, 1])
                prefetch_row(item_factors, triples[ahead, 2])

                user, positive, negative = triples[batch * batch_size + t]
                difference = difference_of(
                    n_factors, user_factors, user, item_factors, positive, negative
                )
                term, slope = term_and_slope(formula, difference)
                if log1p:  # one logarithm for many triples
                    product *= 1.0 + term
                    if product > 1e250:  # the next factor, up to 1 + e^80, may overflow float64
                        loss += math.log(product)
                        product = 1.0
                else:
                    loss += term

                slot = user_slots[user]
                fresh = slot < 0
                if fresh:
                    slot = n_users
                    n_users += 1
                    user_slots[user] = slot
                    users[slot] = user
                    prefetch_row(user_accumulators, user)
                triple_slots[t, 0] = slot
                _add_user_gradient(
                    n_factors, user_gradients, slot, fresh, slope, item_factors, positive, negative
                )
                for side in range(2):
                    item = positive if side == 0 else negative
                    slot = item_slots[item]
                    fresh = slot < 0
                    if fresh:
                        slot = n_items
                        n_items += 1
                        item_slots[item] = slot
                        items[slot] = item
                        prefetch_row(item_accumulators, item)
                    triple_slots[t, 1 + side] = slot
                    side_slope = slope if side == 0 else -slope
                    _add_item_gradient(
                        n_factors, item_gradients, slot, fresh, side_slope, user_factors, user
                    )

            if adversarial:
                _perturb_rows(
                    n_factors, n_users, users, user_gradients, user_factors,
                    adversarial_epsilon, perturbed_users,
                )  # fmt: skip
                _perturb_rows(
                    n_factors, n_items, items, item_gradients, item_factors,
                    adversarial_epsilon, perturbed_items,
                )  # fmt: skip
                for t in range(batch_size):
                    user, positive, negative = triple_slots[t]
                    difference = difference_of(
                        n_factors, perturbed_users, user, perturbed_items, positive, negative
                    )
                    _, slope = term_and_slope(formula, difference)
                    slope *= adversarial_weight
                    _add_user_gradient(
                        n_factors, user_gradients, user, False, slope,
                        perturbed_items, positive, negative,
                    )  # fmt: skip
                    _add_item_gradient(
                        n_factors, item_gradients, positive, False, slope, perturbed_users, user
                    )
                    _add_item_gradient(
                        n_factors, item_gradients, negative, False, -slope, perturbed_users, user
                    )

            _adagrad(
                n_factors, n_users, users, user_slots, user_gradients,
                user_factors, user_accumulators, learning_rate, eps,
            )  # fmt: skip
            _adagrad(
                n_factors, n_items, items, item_slots, item_gradients,
                item_factors, item_accumulators, learning_rate, eps,
            )  # fmt: skip
        return (loss + math.log(product)) / (n_batches * batch_size)

    return epoch
