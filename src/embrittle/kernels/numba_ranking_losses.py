"""The compiled gradient of the ranking losses, over all items, in blocks of users.

Scores and gradients are matrix products. Between them, a compiled loop overwrites the scores of a block with the slopes
of the loss with respect to the scores. Memory grows with the size of a block, not with users x items.
"""

import math

import numpy as np

from embrittle.kernels.blocks import IN_PLACE, user_blocks
from embrittle.kernels.cache import compiled
from embrittle.kernels.numba_ranking import best_items
from embrittle.kernels.numba_training import FAST_MATH
from embrittle.kernels.ranking_losses import BEYOND, LEAST_SPREAD, RankingLoss
from embrittle.kernels.vector_math import LOG2_E, power_of_two

_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_INFINITY = np.float32(np.inf)
_LARGEST_POWER = np.float32(100)


def losses_and_gradient(
    user_factors: np.ndarray, item_factors: np.ndarray, loss: RankingLoss
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the losses and their gradient with respect to both factors, as `Backend.ranking_gradient`."""
    user_gradient, item_gradient = np.empty_like(user_factors), np.zeros_like(item_factors)
    product, losses = np.empty_like(item_factors), np.empty(len(user_factors))
    write_slopes = _write_margin_slopes if loss.kind == "margin" else _write_rank_slopes
    blocks = list(user_blocks(len(user_factors), len(item_factors), IN_PLACE))
    memory = np.empty((len(user_factors[blocks[0]]), len(item_factors)), np.float32)
    for block in blocks:
        users = user_factors[block]
        scores = np.matmul(users, item_factors.T, out=memory[: len(users)])
        write_slopes(scores, block.start, loss, losses[block])
        np.matmul(scores, item_factors, out=user_gradient[block])
        np.matmul(scores.T, users, out=product)
        item_gradient += product
    return losses, user_gradient, item_gradient


def _write_rank_slopes(
    scores: np.ndarray, first_user: int, loss: RankingLoss, losses: np.ndarray
) -> None:
    seen, targets = loss.seen, loss.targets
    most = int(targets.counts.max(initial=0))
    spare = np.empty((2, scores.shape[1]), np.float32)
    of_targets = np.empty(most, np.float32)
    rank_slopes(
        scores, first_user, seen.indptr, seen.indices, targets.indptr, targets.indices,
        loss.sharpness, loss.kind == "smooth-rank", *spare, of_targets, losses,
    )  # fmt: skip


def _write_margin_slopes(
    scores: np.ndarray, first_user: int, loss: RankingLoss, losses: np.ndarray
) -> None:
    seen, targets = loss.seen, loss.targets
    shape = len(scores), loss.length + BEYOND + 1  # one more: the target itself may be among them
    best = np.empty(shape, np.int32), np.empty(shape, np.float32)
    if not best_items(scores, first_user, seen.indptr, seen.indices, *best):
        # A score is NaN, of which the lists of the attack will tell.
        scores[:], losses[:] = 0, np.nan
        return
    margin_slopes(
        scores,
        first_user,
        *best,
        targets.indptr,
        targets.indices,
        loss.length,
        np.float32(loss.enough),
        losses,
    )


# Three short loops over all items, apart from the long one over users and targets: the compiler sees each by itself and
# turns it into vector instructions.


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _write_powers(
    scores: np.ndarray, middle: np.float32, scale: np.float32, limit: np.float32, powers: np.ndarray
) -> None:
    """Write 2^(scale (scores - middle)), with exponents from -limit to limit, to `powers`."""
    for item in range(len(scores)):
        powers[item] = power_of_two((scores[item] - middle) * scale, limit)


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _write_slopes(
    powers: np.ndarray, own: np.float32, slopes: np.ndarray
) -> tuple[np.float32, np.float32]:
    """Write a b / (a + b)^2 to `slopes`, a of `powers`, b = own; return the sums of a / (a + b) and of the slopes."""
    before, total = _ZERO, _ZERO
    for item in range(len(powers)):
        inverse = _ONE / (powers[item] + own)
        share = powers[item] * inverse
        slope = share * (own * inverse)
        slopes[item] = slope
        before += share
        total += slope
    return before, total


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _add(result: np.ndarray, weight: np.float32, slopes: np.ndarray) -> None:
    """Add weight times `slopes` to `result`."""
    for item in range(len(result)):
        result[item] += weight * slopes[item]


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def rank_slopes(
    scores: np.ndarray,
    first_user: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    target_indptr: np.ndarray,
    targets: np.ndarray,
    sharpness: np.ndarray,
    discounted: bool,
    powers: np.ndarray,
    slopes: np.ndarray,
    of_targets: np.ndarray,
    losses: np.ndarray,
) -> None:
    """Overwrite scores with the slopes of the loss "lists" or, `discounted`, "smooth-rank", and write the losses.

    With a = e^(c s_j) and b = e^(c s_t), sigma(c (s_j - s_t)) is a / (a + b) and its slope c a b / (a + b)^2. So there
    is one exponential for each item, not one for each pair. Exponents are taken relative to the middle of the targets'
    scores. No slope is smaller than 2^-100, as arithmetic on numbers near the smallest float32 is a hundred times
    slower: where c times the distance of an item from the middle exceeds 69 less that of a target, it counts as this.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r.
        first_user: index of the block's first user.
        indptr, indices: seen items, CSR over all users.
        target_indptr, targets: the target items, CSR over all users.
        sharpness: c of all users.
        discounted: which loss.
        powers, slopes: float32 (n_items,), overwritten.
        of_targets: float32, at least as long as a user has targets; overwritten.
        losses: float64 (n_block,), overwritten with the loss of each user.
    """
    for row in range(len(scores)):
        user, of_items = first_user + row, scores[row]
        first, last = target_indptr[user], target_indptr[user + 1]
        losses[row] = 0.0
        if first == last:
            of_items[:] = _ZERO
            continue
        lowest, highest = _INFINITY, -_INFINITY
        for t in range(first, last):
            score = of_items[targets[t]]
            of_targets[t - first] = score
            lowest, highest = min(lowest, score), max(highest, score)
        middle, scale = _HALF * (lowest + highest), sharpness[user] * LOG2_E
        far = min(_HALF * (highest - lowest) * scale, _HALF * _LARGEST_POWER)
        limit = _LARGEST_POWER - far
        _write_powers(of_items, middle, scale, limit, powers)
        for t in range(first, last):
            powers[targets[t]] = _ZERO
        for t in range(indptr[user], indptr[user + 1]):
            powers[indices[t]] = _ZERO
        of_items[:] = _ZERO
        for t in range(last - first):
            own = power_of_two((of_targets[t] - middle) * scale, limit)
            before, slope_of_target = _write_slopes(powers, own, slopes)
            weight = sharpness[user]
            if discounted:
                logarithm = math.log2(2.0 + before)
                losses[row] += 1 - 1 / logarithm
                weight *= np.float32(1 / (math.log(2.0) * (2.0 + before) * logarithm * logarithm))
            else:
                losses[row] += before
            _add(of_items, weight, slopes)
            of_targets[t] = weight * slope_of_target
        for t in range(first, last):
            of_items[targets[t]] = -of_targets[t - first]


@compiled(cache=True, error_model="numpy")
def margin_slopes(
    scores: np.ndarray,
    first_user: int,
    all_items: np.ndarray,
    all_best: np.ndarray,
    target_indptr: np.ndarray,
    targets: np.ndarray,
    length: int,
    enough: np.float32,
    losses: np.ndarray,
) -> None:
    """Overwrite scores with the slopes of the loss "margin", and write the losses.

    Args:
        scores, first_user, target_indptr, targets, losses: as in `rank_slopes`.
        all_items, all_best: the best items of each user of the block and their scores, from `best_items`.
        length, enough: as in `RankingLoss`.
    """
    n_block, n_items = scores.shape
    n_best = all_best.shape[1]
    most = 0
    for row in range(n_block):
        user = first_user + row
        most = max(most, target_indptr[user + 1] - target_indptr[user])
    where, slopes = np.empty(4 * most, np.int64), np.empty(4 * most, np.float32)
    for row in range(n_block):
        losses[row] = 0.0
        user, of_items = first_user + row, scores[row]
        best, items = all_best[row], all_items[row]
        n_kept = 0
        while n_kept < n_best and items[n_kept] >= 0:
            n_kept += 1
        n_slopes = 0
        for t in range(target_indptr[user], target_indptr[user + 1]):
            target = targets[t]
            place = n_kept
            for other in range(n_kept):
                if items[other] == target:
                    place = other
            n_others = n_kept - (place < n_kept)
            if n_others < length:  # the list holds all candidates, so the target cannot leave it
                continue
            first = int(place <= 0)
            kth = length - 1 + (place <= length - 1)
            beyond = min(length + BEYOND, n_others) - 1
            beyond += place <= beyond
            spread = best[first] - best[beyond]
            if spread <= LEAST_SPREAD * (abs(best[first]) + abs(best[beyond])):
                continue
            margin = (best[kth] - of_items[target]) / spread
            if margin > enough:
                losses[row] += float(enough)
                continue
            losses[row] += margin
            ends = (items[kth], target, items[first], items[beyond])
            slope, of_spread = _ONE / spread, margin / spread
            values = (slope, -slope, -of_spread, of_spread)
            for n in range(4):
                where[n_slopes], slopes[n_slopes] = ends[n], values[n]
                n_slopes += 1
        for item in range(n_items):
            of_items[item] = _ZERO
        for n in range(n_slopes):
            of_items[where[n]] += slopes[n]
