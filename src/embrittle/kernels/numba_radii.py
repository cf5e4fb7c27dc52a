"""Compiled loops of the certificates: the smallest radii at which other items overtake a target (docs/certificates.md).

A first, cheap bound in float32 leaves out nearly all items. Only the others get their radius, in float64.
"""

import math

import numpy as np
from numba import njit

from embrittle.kernels.cache import compiled
from embrittle.kernels.numba_training import FAST_MATH

_CHUNK = 512
_UNBOUNDED = np.float32(1e30)
# The first bound is looser than the radii by this share, and squared distances count as larger by this share of the
# squared norms, so that rounding to float32 leaves out no item.
_LOOSER, _DISTANCE_SLACK = 1.001, np.float32(1e-4)
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
def _write_distances(
    products: np.ndarray, squares: np.ndarray, square: np.float32, distances: np.ndarray
) -> None:
    """Write upper bounds of ||q_t - q_j|| to `distances`, from q_t . q_j and the squared norms."""
    for item in range(len(distances)):
        both = square + squares[item]
        gap = max(both - np.float32(2) * products[item], np.float32(0))
        distances[item] = math.sqrt(gap + _DISTANCE_SLACK * both)


@compiled(cache=True, fastmath=set(FAST_MATH), error_model="numpy")
def _write_bounds(
    distances: np.ndarray, intercepts: np.ndarray, slopes: np.ndarray, bounds: np.ndarray
) -> None:
    """Write the largest of intercept + slope * distance to `bounds`."""
    bounds[:] = np.float32(0)
    for budget in range(len(intercepts)):
        intercept, slope = intercepts[budget], slopes[budget]
        for item in range(len(distances)):
            bounds[item] = max(bounds[item], intercept + slope * distances[item])


@compiled(cache=True, error_model="numpy")
def _count_below(
    scores: np.ndarray,
    norms: np.ndarray,
    own: np.float32,
    slack: np.float32,
    norm: np.float32,
    bounds: np.ndarray,
    found: np.ndarray,
) -> int:
    """Write the positions of margins below their bound to `found`; return their number."""
    n = 0
    for item in range(len(scores)):
        found[n] = item
        n += own - scores[item] - slack * (norm + norms[item]) <= bounds[item]
    return n


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
def _set_bounds(
    radii: np.ndarray,
    user_sizes: tuple[float, float],
    n_moved: int,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
    intercepts: np.ndarray,
    slopes: np.ndarray,
) -> None:
    """Set the bounds of `_write_bounds`: an item with a larger margin is further away than all that are kept."""
    user2, user_sum = user_sizes
    for budget in range(len(budgets)):
        limit = radii[budget, -1]
        if limit == np.inf:
            intercepts[budget], slopes[budget] = _UNBOUNDED, np.float32(0)
            continue
        a, e = limit * budgets[budget, 0] * _LOOSER, limit * budgets[budget, 1] * _LOOSER
        if is_elementwise[budget]:
            intercept, slope = 2 * e * user_sum + 2 * n_moved * a * e, a * math.sqrt(n_moved)
        else:
            intercept, slope = 2 * e * math.sqrt(user2) + 2 * a * e, a
        intercepts[budget] = min(intercept, _UNBOUNDED)
        slopes[budget] = min(slope, _UNBOUNDED)


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
        item_factors, norms, is_elementwise, budgets: as in `smallest_radii`.
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
    products: np.ndarray,
    near: np.ndarray,
    own: np.ndarray,
    rows: np.ndarray,
    users: np.ndarray,
    targets: np.ndarray,
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    squares: np.ndarray,
    norms: np.ndarray,
    n_fixed: int,
    slack: float,
    is_elementwise: np.ndarray,
    budgets: np.ndarray,
    radii: np.ndarray,
) -> None:
    """Overwrite `radii` with the smallest radii at which competitors overtake each target, ascending.

    Args:
        scores: float32 (n_block, n_items); -inf for items that do not compete.
        products: float32 (n_pairs, n_items), products of the target's factors that may move with those of all items.
        near: integers (n_pairs, n_near), items that are likely to overtake the target first. They are looked at first,
            so that the bounds leave out most of the others.
        own: float32 (n_pairs,), the scores of the targets.
        rows, users, targets: integers (n_pairs,): row of `scores`, user, and target item.
        user_factors, item_factors: float32, all factors.
        squares: float32 (n_items,), squared norms of the item factors that may move.
        norms: float32 (n_items,), norms of all item factors.
        n_fixed: the number of last factors that do not move.
        slack: a margin below slack * ||p|| (||q_t|| + ||q_j||) counts as 0.
        is_elementwise: bool (n_budgets,), whether a budget limits elements; else the L2 norm of rows.
        budgets: float64 (n_budgets, 2): budgets of users and of items at radius 1; one of them may be 0.
        radii: float64 (n_budgets, n_pairs, n_kept); infinite if there are fewer competitors.
    """
    n_items, n_factors = item_factors.shape
    n_moved = n_factors - n_fixed
    distances, bounds = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    found, is_done = np.empty(_CHUNK + 1, np.int64), np.zeros(n_items, np.bool_)
    intercepts, slopes = np.empty(len(budgets), np.float32), np.empty(len(budgets), np.float32)
    user_row, difference = np.empty(n_moved), np.empty(n_moved)
    for pair in range(len(targets)):
        user, target, of_items = users[pair], targets[pair], scores[rows[pair]]
        user_row[:] = user_factors[user, :n_moved]
        fixed_row = user_factors[user, n_moved:].astype(np.float64)
        user_sizes = np.square(user_row).sum(), np.abs(user_row).sum()
        user_slack = slack * math.sqrt(user_sizes[0] + np.square(fixed_row).sum())
        kept, first = radii[:, pair], near[pair]
        kept[:] = np.inf
        is_done[target] = True
        for item in first:
            if of_items[item] > -np.inf and not is_done[item]:
                is_done[item] = True
                _keep_item(
                    item, target, user_row, fixed_row, user_sizes, user_slack, item_factors, norms,
                    is_elementwise, budgets, difference, kept,
                )  # fmt: skip
        for start in range(0, n_items, _CHUNK):
            stop = min(start + _CHUNK, n_items)
            part = slice(start, stop)
            here, limits = distances[: stop - start], bounds[: stop - start]
            _set_bounds(kept, user_sizes, n_moved, is_elementwise, budgets, intercepts, slopes)
            _write_distances(products[pair, part], squares[part], squares[target], here)
            _write_bounds(here, intercepts, slopes, limits)
            n_found = _count_below(
                of_items[part],
                norms[part],
                own[pair],
                np.float32(2 * user_slack),
                norms[target],
                limits,
                found,
            )
            for n in range(n_found):
                item = start + found[n]
                if not is_done[item]:
                    _keep_item(
                        item, target, user_row, fixed_row, user_sizes, user_slack, item_factors, norms,
                        is_elementwise, budgets, difference, kept,
                    )  # fmt: skip
        is_done[target] = False
        is_done[first] = False
