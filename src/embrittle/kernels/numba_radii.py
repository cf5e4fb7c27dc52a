"""Compiled loops of the certificates: the smallest radii at which other items overtake a target (docs/certificates.md).

A first, cheap bound leaves out nearly all items. Only the others get their radius, in float64.
"""

import math

import numpy as np
from numba import njit

from embrittle.kernels.cache import compiled
from embrittle.kernels.numba_training import FAST_MATH

CHUNK = 64  # items that are left out together
_MORE_NEAR = 8  # items that are looked at first, beyond the number that sets a limit
_LOOSER = 1.001  # the limit is too large by this share, so that rounding leaves out no item
_PRECISION, _STEPS = 1e-6, 60  # of radii that have no closed form


@compiled(cache=True, error_model="numpy")
def prepare_targets(
    scores: np.ndarray,
    first_user: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    target_indptr: np.ndarray,
    targets: np.ndarray,
    n_kept: int,
    others_compete: bool,
    own: np.ndarray,
    may_stay: np.ndarray,
) -> None:
    """Find the targets with fewer than `n_kept` competitors of a higher score.

    Args:
        scores: float32 (n_block, n_items); row r belongs to user first_user + r. The scores of items that do not
            compete become -inf.
        first_user: index of the block's first user.
        indptr, indices: seen items, CSR over all users.
        target_indptr, targets: target items, CSR over all users; none of them is seen.
        n_kept: the length of the lists.
        others_compete: whether a user's other targets compete with a target.
        own: float32 (n_targets of the block,), overwritten with the scores of the targets.
        may_stay: bool, like `own`: overwritten with whether a target is among the first `n_kept`.
    """
    offset = target_indptr[first_user]
    for row in range(len(scores)):
        user, of_items = first_user + row, scores[row]
        first, last = target_indptr[user], target_indptr[user + 1]
        for t in range(indptr[user], indptr[user + 1]):
            of_items[indices[t]] = -np.inf
        for t in range(first, last):
            own[t - offset] = of_items[targets[t]]
        if not others_compete:
            for t in range(first, last):
                of_items[targets[t]] = -np.inf
        for t in range(first, last):
            n_before, score = 0, own[t - offset]
            for item in range(len(of_items)):
                n_before += of_items[item] > score
            may_stay[t - offset] = n_before < n_kept


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _drop_of_elements(
    radius: float, user: np.ndarray, difference: np.ndarray, a: float, e: float
) -> float:
    """By how much elementwise perturbations of both sides within a radius can lower the margin of a pair."""
    total = 0.0
    shift, twice = radius * a, 2.0 * e
    for k in range(len(difference)):
        step = a * difference[k]
        total += max(
            twice * abs(user[k] + shift) - step,
            twice * abs(user[k] - shift) + step,
        )
    return radius * total


@compiled(cache=True, error_model="numpy")
def radius_of_elements(
    margin: float,
    user: np.ndarray,
    difference: np.ndarray,
    user_sum: float,
    difference_sum: float,
    a: float,
    e: float,
) -> float:
    """Return the radius of a pair for elementwise perturbations of both sides, from below.

    Args:
        margin: of the pair, positive.
        user: float64 (n_moved,), the user's factors that may move.
        difference: float64 (n_moved,), q_t - q_j.
        user_sum, difference_sum: the sums of their absolute values.
        a, e: the budgets of users and items at radius 1, both positive.
    """
    apart = a * difference_sum + 2 * e * user_sum
    low = 2 * margin / (apart + math.sqrt(apart * apart + 8 * a * e * len(user) * margin))
    high = margin / max(a * difference_sum, 2 * e * user_sum)
    was_low = False
    below = margin - _drop_of_elements(low, user, difference, a, e)
    above = _drop_of_elements(high, user, difference, a, e) - margin
    for _ in range(_STEPS):  # false position in the Illinois variant
        if high - low <= _PRECISION * low:
            break
        middle = (low * above + high * below) / (above + below) if above > 0 < below else high
        middle = min(max(middle, low + 0.25 * _PRECISION * low), high - 0.25 * _PRECISION * low)
        left = margin - _drop_of_elements(middle, user, difference, a, e)
        if left > 0:
            above = 0.5 * above if was_low else above
            low, below, was_low = middle, left, True
        else:
            below = below if was_low else 0.5 * below
            high, above, was_low = middle, -left, False
    return low


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _compare(
    user: np.ndarray, target: np.ndarray, item: np.ndarray, difference: np.ndarray
) -> tuple[float, float, float]:
    """Write q_t - q_j to `difference`, and return p . (q_t - q_j) and the squares and absolute values of the latter."""
    margin, squares, absolutes = 0.0, 0.0, 0.0
    for k in range(len(user)):
        gap = np.float64(target[k]) - np.float64(item[k])
        difference[k] = gap
        margin += user[k] * gap
        squares += gap * gap
        absolutes += abs(gap)
    return margin, squares, absolutes


@njit(inline="always")
def _radius_of_rows(
    margin: float, user2: float, distance2: float, a: float, e: float, n_fixed: int
) -> float:
    """Return the radius of a pair for perturbations of L2 norm a and e in each row at radius 1; margin > 0."""
    if e == 0.0:
        return margin / (a * math.sqrt(distance2))
    if a == 0.0:
        return margin / (2 * e * math.sqrt(user2))
    if n_fixed > 0:  # the sum of the single effects: a bound
        apart = a * math.sqrt(distance2) + 2 * e * math.sqrt(user2)
        return 2 * margin / (apart + math.sqrt(apart * apart + 8 * a * e * margin))
    across = math.sqrt(max(user2 * distance2 - margin * margin, 0.0))
    along = a * distance2 + 2 * e * across
    return margin * math.sqrt(distance2) / math.sqrt(along * along + 4 * e * e * margin * margin)


@njit(inline="always")
def _keep(kept: np.ndarray, radius: float) -> None:
    """Put a radius into its place among the smallest ones, ascending; the largest leaves."""
    if not radius < kept[-1]:  # NaN, too
        return
    place = len(kept) - 1
    while place > 0 and kept[place - 1] > radius:
        kept[place] = kept[place - 1]
        place -= 1
    kept[place] = radius


@compiled(cache=True, error_model="numpy")
def _keep_radii(
    margin: float,
    user: np.ndarray,
    difference: np.ndarray,
    user_sizes: tuple[float, float],
    difference_sizes: tuple[float, float],
    n_fixed: int,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
    radii: np.ndarray,
) -> None:
    """Put the radii of a pair of items, one for each budget, among the smallest ones.

    Args:
        margin: of the pair.
        user, difference: float64 (n_moved,): the user's factors, and q_t - q_j.
        user_sizes, difference_sizes: the sums of their squares and of their absolute values.
        n_fixed, is_elementwise, budgets: as in `smallest_radii`.
        radii: float64 (n_budgets, n_kept).
    """
    user2, user_sum = user_sizes
    distance2, distance_sum = difference_sizes
    for budget in range(len(budgets)):
        kept = radii[budget]
        a, e = budgets[budget, 0], budgets[budget, 1]
        if margin <= 0.0:
            radius = 0.0
        elif not is_elementwise[budget]:
            radius = _radius_of_rows(margin, user2, distance2, a, e, n_fixed)
        elif e == 0.0:
            radius = margin / (a * distance_sum)
        elif a == 0.0:
            radius = margin / (2 * e * user_sum)
        elif kept[-1] < np.inf and (_drop_of_elements(kept[-1], user, difference, a, e) < margin):
            continue  # further away than all that are kept
        else:
            radius = radius_of_elements(margin, user, difference, user_sum, distance_sum, a, e)
        _keep(kept, radius)


@compiled(cache=True, error_model="numpy")
def _limit(
    radii: np.ndarray,
    user_sizes: tuple[float, float],
    apart: tuple[float, float],
    n_moved: int,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
) -> float:
    """Return the margin above which an item is further away than all that are kept.

    Args:
        radii: float64 (n_budgets, n_kept), ascending.
        user_sizes: L2 norm and sum of the absolute values of the user's factors that may move.
        apart: bounds of the same two of q_t - q_j.
        n_moved: the number of factors that may move.
        is_elementwise, budgets: as in `smallest_radii`.
    """
    limit = 0.0
    for budget in range(len(budgets)):
        radius = radii[budget, -1] * _LOOSER
        a, e = radius * budgets[budget, 0], radius * budgets[budget, 1]
        if radius == np.inf:
            return np.inf
        if is_elementwise[budget]:
            limit = max(limit, 2 * e * user_sizes[1] + 2 * n_moved * a * e + a * apart[1])
        else:
            limit = max(limit, 2 * e * user_sizes[0] + 2 * a * e + a * apart[0])
    return limit


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _write_highest(scores: np.ndarray, highest: np.ndarray) -> None:
    """Write the highest score of each chunk."""
    for chunk in range(len(highest)):
        best = np.float32(-np.inf)
        for item in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(scores))):
            best = max(best, scores[item])
        highest[chunk] = best


@compiled(cache=True, error_model="numpy")
def _find_near(scores: np.ndarray, highest: np.ndarray, n_near: int, near: np.ndarray) -> int:
    """Write `n_near` items with the highest scores, or all that compete, to `near`; return their number.

    Which items these are among equal scores does not matter: they are only looked at first.

    Args:
        scores: float32 (n_items,); -inf for items that do not compete.
        highest: float32 (n_chunks,), the highest score of each chunk.
        n_near: a number of items.
        near: integers (n_items,), overwritten in part.
    """
    least = np.float32(-np.inf)
    if n_near < len(highest):  # so many items have at least this score
        least = np.partition(highest, len(highest) - n_near)[len(highest) - n_near]
    n = 0
    for chunk in range(len(highest)):
        if highest[chunk] >= least:
            for item in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(scores))):
                if scores[item] >= least and scores[item] > -np.inf:
                    near[n] = item
                    n += 1
    if n <= n_near:
        return n
    found = near[:n].copy()
    least, n = np.partition(scores[found], len(found) - n_near)[len(found) - n_near], 0
    for item in found:
        if scores[item] >= least and n < n_near:
            near[n] = item
            n += 1
    return n


@compiled(cache=True, error_model="numpy")
def _keep_item(
    item: int,
    target: int,
    user_row: np.ndarray,
    fixed_row: np.ndarray,
    user_sizes: tuple[float, float],
    user_slack: float,
    item_factors: np.ndarray,
    norms: np.ndarray,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
    difference: np.ndarray,
    kept: np.ndarray,
) -> None:
    """Put the radii at which an item overtakes a target among the smallest ones.

    Args:
        item, target: items.
        user_row, fixed_row: float64, the user's factors that move and that do not.
        user_sizes: the sums of squares and of absolute values of `user_row`.
        user_slack: slack times the norm of all factors of the user.
        item_factors, is_elementwise, budgets: as in `smallest_radii`.
        norms: float64 (n_items,), L2 norms of all factors of the items.
        difference: float64 like `user_row`, overwritten.
        kept: float64 (n_budgets, n_kept).
    """
    n_moved, n_fixed = len(user_row), len(fixed_row)
    margin, squares, absolutes = _compare(
        user_row, item_factors[target], item_factors[item], difference
    )
    for k in range(n_fixed):
        gap = np.float64(item_factors[target, n_moved + k])
        margin += fixed_row[k] * (gap - np.float64(item_factors[item, n_moved + k]))
    margin -= user_slack * (norms[target] + norms[item])
    _keep_radii(
        margin, user_row, difference, user_sizes, (squares, absolutes), n_fixed,
        is_elementwise, budgets, kept,
    )  # fmt: skip


@compiled(cache=True, error_model="numpy")
def smallest_radii(
    scores: np.ndarray,
    own: np.ndarray,
    rows: np.ndarray,
    users: np.ndarray,
    targets: np.ndarray,
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    sizes: np.ndarray,
    largest: np.ndarray,
    n_fixed: int,
    slack: float,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
    radii: np.ndarray,
) -> None:
    """Overwrite `radii` with the smallest radii at which competitors overtake each target, ascending.

    The items with the highest scores are looked at first, and then those with a small enough margin (`_limit`); chunks
    that have none are left out.

    Args:
        scores: float32 (n_block, n_items); -inf for items that do not compete.
        own: float32 (n_pairs,), the scores of the targets.
        rows, users, targets: integers (n_pairs,): row of `scores`, ascending, user, and target item.
        user_factors, item_factors: float32, all factors. The kernel is fast where the items are in descending order of
            `sizes[0]`.
        sizes: float64 (3, n_items): L2 norm and sum of the absolute values of the item factors that may move, less
            those of one point, the same for all items; L2 norm of all factors.
        largest: float64 (3, n_chunks), the largest of these in each chunk and all later ones.
        n_fixed: the number of last factors that do not move.
        slack: a margin below slack * ||p|| (||q_t|| + ||q_j||) counts as 0.
        is_elementwise: bool (n_budgets,), whether a budget limits elements; else the L2 norm of rows.
        budgets: float64 (n_budgets, 2): budgets of users and of items at radius 1; they may be 0.
        radii: float64 (n_budgets, n_pairs, n_kept); infinite if there are fewer competitors.
    """
    n_items, n_factors = item_factors.shape
    n_moved, n_chunks, n_near = n_factors - n_fixed, largest.shape[1], 0
    highest, near = np.empty(n_chunks, np.float32), np.empty(n_items, np.int64)
    is_done = np.zeros(n_items, np.bool_)
    user_row, difference = np.empty(n_moved), np.empty(n_moved)
    for pair in range(len(targets)):
        user, target, of_items = users[pair], targets[pair], scores[rows[pair]]
        if pair == 0 or rows[pair] != rows[pair - 1]:
            _write_highest(of_items, highest)
            n_near = _find_near(of_items, highest, radii.shape[2] + _MORE_NEAR, near)
        user_row[:] = user_factors[user, :n_moved]
        fixed_row = user_factors[user, n_moved:].astype(np.float64)
        user_sizes = np.square(user_row).sum(), np.abs(user_row).sum()
        user_norms = math.sqrt(user_sizes[0]), user_sizes[1]
        user_slack = slack * math.sqrt(user_sizes[0] + np.square(fixed_row).sum())
        kept = radii[:, pair]
        kept[:] = np.inf
        is_done[target] = True
        for item in near[:n_near]:
            if not is_done[item]:
                is_done[item] = True
                _keep_item(
                    item, target, user_row, fixed_row, user_sizes, user_slack, item_factors, sizes[2],
                    is_elementwise, budgets, difference, kept,
                )  # fmt: skip
        limit = np.inf
        for chunk in range(n_chunks):
            rounding = 2 * user_slack * (sizes[2, target] + largest[2, chunk])
            # The limit of an earlier chunk is not below that of this one: sizes and radii only fall.
            if highest[chunk] < own[pair] - limit - rounding or highest[chunk] == -np.inf:
                continue
            apart = sizes[0, target] + largest[0, chunk], sizes[1, target] + largest[1, chunk]
            limit = _limit(kept, user_norms, apart, n_moved, is_elementwise, budgets)
            lowest = own[pair] - limit - rounding
            if highest[chunk] < lowest:
                continue
            for item in range(chunk * CHUNK, min((chunk + 1) * CHUNK, n_items)):
                if of_items[item] >= lowest and of_items[item] > -np.inf and not is_done[item]:
                    _keep_item(
                        item, target, user_row, fixed_row, user_sizes, user_slack, item_factors,
                        sizes[2], is_elementwise, budgets, difference, kept,
                    )  # fmt: skip
        is_done[target] = False
        is_done[near[:n_near]] = False
