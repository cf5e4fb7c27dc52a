"""Fairness between groups of users or items, computed from stored lists (docs/method.md, "Fairness").

Each group has a value, its nDCG. Generalised cross entropy (GCE) and mean absolute difference (MAD) compare the values
of groups. A group without members or test items has the value NaN and a note with the reason; comparisons leave it out.

Item groups need a value for each item. The configuration selects one of several definitions, which `@item_value`
registers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from embrittle import accuracy
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError, DataError
from embrittle.metrics.groups import Groups
from embrittle.metrics.measures import NO_ITEM, Lists, hit_ranks, ndcg_per_user

NO_MEMBERS = "no members"
NO_TEST_ITEMS = "no test items"
NOT_RECOMMENDED = (
    "none recommended"  # note of an item group without recommended items, whose value is 0
)

# --- Between groups -------------------------------------------------------------------------------


def gce(
    values: Sequence[float],
    fair: Sequence[float],
    beta: float = 2.0,
    smoothing: float = 0.05,
    background: float = 1e-4,
) -> float:
    """Return the generalised cross entropy of the groups' values from a fair distribution (Deldjoo et al. 2019).

    GCE = (sum_j fair_j^beta p_j^(1 - beta) - 1) / (beta (1 - beta)). The distribution p is proportional to the
    smoothed values, (1 - smoothing) * value + smoothing * background. 0 is fair; smaller values are less fair.

    Args:
        values: (n_groups,), not negative. Groups with NaN are left out, and `fair` is rescaled to the other groups.
        fair: (n_groups,), positive probabilities.
        beta: parameter of GCE, not 0 or 1, for which the formula is another one. The papers use 2.
        smoothing: weight of the background, so that GCE is finite if a group has the value 0.
        background: the value mixed in by smoothing.

    Returns:
        GCE, at most 0 for beta > 1; NaN if no group has a value.

    Raises:
        ConfigError: beta is 0 or 1.
        DataError: the lengths differ, or a smoothed value is not positive.
    """
    values, fair = np.asarray(values, dtype=np.float64), np.asarray(fair, dtype=np.float64)
    if beta in (0, 1):
        raise ConfigError(
            f"GCE is not defined for beta = {beta:g} by this formula: choose another beta, such as 2"
        )
    if values.shape != fair.shape:
        raise DataError(
            f"the fair distribution has {len(fair)} groups, but there are {len(values)} groups: "
            "write one probability for each group"
        )
    present = ~np.isnan(values)
    if not present.any():
        return np.nan
    smoothed = (1 - smoothing) * values[present] + smoothing * background
    if (smoothed <= 0).any():
        raise DataError(
            "GCE needs positive values, but a group has the value 0: choose a smoothing above 0"
        )
    p, f = smoothed / smoothed.sum(), fair[present] / fair[present].sum()
    # + 0.0 turns the -0.0 of perfect fairness into 0.0.
    return float((np.sum(f**beta * p ** (1 - beta)) - 1) / (beta * (1 - beta)) + 0.0)


def mad(values: Sequence[float]) -> float:
    """Return the mean absolute difference of the groups' values over all pairs of groups (Zhu et al. 2018).

    Args:
        values: (n_groups,); groups with NaN are left out.

    Returns:
        MAD in the unit of the values; 0 for a single group, NaN if no group has a value.
    """
    present = [value for value in values if not np.isnan(value)]
    if not present:
        return np.nan
    pairs = [abs(a - b) for a, b in combinations(present, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


# --- Of single users and items --------------------------------------------------------------------

Values = Callable[[Lists, UserItems, np.ndarray, int, int], np.ndarray]


@dataclass(frozen=True)
class ItemValue:
    """A definition of the value of a recommended item.

    Attributes:
        of_items: function(lists, test_items, relevance, k, n_items) -> float64 (n_items,), not negative. Values of
            items that are not recommended are ignored.
        words: description for captions, which ends the sentence "the value of an item is".
    """

    of_items: Values
    words: str


ITEM_VALUES: dict[str, ItemValue] = {}


def item_value(name: str, words: str) -> Callable[[Values], Values]:
    """Register a function as the item value `name`; see `ItemValue` for the function and `words`.

    Raises:
        ValueError: the name is registered already.
    """

    def register(function: Values) -> Values:
        if name in ITEM_VALUES:
            raise ValueError(f"an item value named {name!r} is registered already")
        ITEM_VALUES[name] = ItemValue(function, words)
        return function

    return register


@item_value(
    "rated-hits",
    "the relevance of its hits, summed, per user who has it as a test item (rated-hits: recovered from the printed "
    "numbers, not documented)",
)
def rated_hits(
    lists: Lists, test_items: UserItems, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Return the summed relevance of an item's hits, divided by the number of users who have it as a test item.

    Of the definitions tried, this one comes closest to the printed item popularity columns of MSAP's Table 2, which the
    paper does not define. It has no rank discount, and with ratings of 1 to 5 it may exceed 1.

    Args:
        lists, test_items, relevance, k, n_items: as in `group_values`.

    Returns:
        float64 (n_items,), 0 for items that are no user's test item.
    """
    return _on_hits(lists, test_items, relevance, k, n_items) / _tested(test_items, n_items)


@item_value(
    "ndcg", "the mean of its part in the nDCG of the users who have it as a test item (ndcg)"
)
def item_ndcg(
    lists: Lists, test_items: UserItems, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Return the mean of an item's part in the nDCG of the users who have it as a test item.

    The part is disc(rank of the item) / ideal DCG of the user, 0 if the item is not in the list. The sum of a user's
    parts is nDCG; with one test item for each user, the part is nDCG.

    Args:
        lists, test_items, relevance, k, n_items: as in `group_values`.

    Returns:
        float64 (n_items,), 0 for items that are no user's test item.
    """
    ideal = accuracy.ideal_gains(test_items.counts, k)[test_items.users]
    parts = accuracy.gains(hit_ranks(lists, test_items, k), k) / ideal
    return _on_hits(lists, test_items, parts, k, n_items) / _tested(test_items, n_items)


def _tested(test_items: UserItems, n_items: int) -> np.ndarray:
    """Return how many users have each item as a test item, at least 1, to divide by: int64 (n_items,)."""
    return np.maximum(np.bincount(test_items.indices, minlength=n_items), 1)


def _on_hits(
    lists: Lists, test_items: UserItems, values: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Return the sum of `values` (n_test_items,) over the hits of each item: float64 (n_items,)."""
    hit = hit_ranks(lists, test_items, k) > 0
    return np.bincount(test_items.indices[hit], weights=values[hit], minlength=n_items)


def recommended(lists: Lists, k: int, n_items: int) -> np.ndarray:
    """Return how many lists contain each item: int64 (n_items,)."""
    top = lists.items[:, :k]
    return np.bincount(top[top != NO_ITEM], minlength=n_items)


def score_per_user(lists: Lists, k: int) -> np.ndarray:
    """Return the mean predicted score of each user's list: float64 (n_users,), NaN for an empty list."""
    filled = lists.items[:, :k] != NO_ITEM
    total = np.where(filled, lists.scores[:, :k], 0).sum(axis=1, dtype=np.float64)
    length = filled.sum(axis=1)
    return np.where(length > 0, total / np.maximum(length, 1), np.nan)


def score_per_item(lists: Lists, test_items: UserItems, k: int, n_items: int) -> np.ndarray:
    """Return the summed predicted scores of an item's hits, divided by how often it is recommended.

    The paper gives no definition; this is the one of ItemMADrating in Elliot, the MSAP authors' later framework.

    Args:
        lists, test_items, k, n_items: as in `group_values`.

    Returns:
        float64 (n_items,), 0 for items without hits.
    """
    ranks = hit_ranks(lists, test_items, k)
    at_hit = lists.scores[test_items.users, np.maximum(ranks, 1) - 1]
    on_hits = _on_hits(lists, test_items, np.where(ranks > 0, at_hit, 0), k, n_items)
    return on_hits / np.maximum(recommended(lists, k, n_items), 1)


def gain_per_item(
    lists: Lists, test_items: UserItems, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Return the summed graded gain, 2^relevance - 1, of an item's hits, divided by how often it is recommended.

    The paper gives no definition; this is the one of ItemMADranking in Elliot.

    Args:
        lists, test_items, relevance, k, n_items: as in `group_values`.

    Returns:
        float64 (n_items,), 0 for items without hits.
    """
    on_hits = _on_hits(lists, test_items, 2.0**relevance - 1, k, n_items)
    return on_hits / np.maximum(recommended(lists, k, n_items), 1)


# --- Of groups ------------------------------------------------------------------------------------


def group_means(groups: Groups, values: np.ndarray) -> np.ndarray:
    """Return the mean value of each group's members.

    Args:
        groups: of users or of items.
        values: float64 (n_users,) or (n_items,); members with NaN are left out.

    Returns:
        float64 (n_groups,), NaN for groups without a value.
    """
    counted = groups.member & ~np.isnan(values)
    totals = np.where(counted, np.nan_to_num(values), 0).sum(axis=1)
    sizes = counted.sum(axis=1)
    return np.where(sizes > 0, totals / np.maximum(sizes, 1), np.nan)


def group_values(
    groups: Groups,
    lists: Lists,
    test_items: UserItems,
    relevance: np.ndarray,
    k: int,
    n_items: int,
    value: str = "rated-hits",
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the values of groups that fairness measures compare (docs/method.md, "Fairness").

    "nDCG" is the value in Table 2 and GCE, "score" in MADr, and "gain" in MADR. For user groups, nDCG and gain are the
    mean nDCG of users with a test item, and score is the mean of the lists' mean predicted scores. For item groups, the
    values are means over items that are recommended at least once: nDCG of the item value `value`, score of
    `score_per_item`, gain of `gain_per_item`. Item groups without recommended items have the value 0.

    Args:
        groups: of users or of items.
        lists: top-K lists of all users.
        test_items: test items of each user.
        relevance: float64 (n_test_items,), relevance of each test item: its rating, or 1.
        k: length of the lists to evaluate.
        n_items: size of the catalogue.
        value: key of `ITEM_VALUES`.

    Returns:
        values: "nDCG", "score" and "gain" -> float64 (n_groups,).
        notes: for each group the reason for a value of NaN or 0, else "".

    Raises:
        ConfigError: the item value is unknown.
        DataError: k exceeds the length of the stored lists.
    """
    if groups.of == "users":
        ndcg = group_means(groups, ndcg_per_user(lists, test_items, k))
        score = group_means(groups, score_per_user(lists, k))
        return {"nDCG": ndcg, "score": score, "gain": ndcg}, _notes(groups, ndcg, NO_TEST_ITEMS)
    if value not in ITEM_VALUES:
        raise ConfigError(f"unknown item value {value!r}; valid: {', '.join(ITEM_VALUES)}")
    shown = recommended(lists, k, n_items) > 0
    per_item = {
        "nDCG": ITEM_VALUES[value].of_items(lists, test_items, relevance, k, n_items),
        "score": score_per_item(lists, test_items, k, n_items),
        "gain": gain_per_item(lists, test_items, relevance, k, n_items),
    }
    means = {name: group_means(groups, np.where(shown, v, np.nan)) for name, v in per_item.items()}
    notes = _notes(groups, means["nDCG"], NOT_RECOMMENDED)
    empty = groups.sizes == 0
    return {name: np.where(empty, np.nan, np.nan_to_num(v)) for name, v in means.items()}, notes


def group_hits(groups: Groups, lists: Lists, test_items: UserItems, k: int) -> np.ndarray:
    """Return how many hits the nDCG of each group rests on.

    Args:
        groups, lists, test_items, k: as in `group_values`.

    Returns:
        int64 (n_groups,), the test items in the lists of the group's users, or those of the group's items.
    """
    owners = test_items.users if groups.of == "users" else test_items.indices
    hit = hit_ranks(lists, test_items, k) > 0
    return groups.member[:, owners[hit]].sum(axis=1)


def _notes(groups: Groups, values: np.ndarray, reason: str) -> list[str]:
    return [
        NO_MEMBERS if size == 0 else reason if np.isnan(value) else ""
        for size, value in zip(groups.sizes, values, strict=True)
    ]


def compare_groups(
    values: Mapping[str, np.ndarray],
    distributions: Mapping[str, Sequence[float]],
    settings: Mapping[str, Any],
) -> dict[str, float]:
    """Return the fairness measures of groups.

    Args:
        values: values of the groups, from `group_values`.
        distributions: name -> fair distribution (n_groups,), in addition to the uniform one, "f0".
        settings: beta, smoothing and background of `gce`.

    Returns:
        "GCE_f0" and "GCE_<name>" for each distribution, "MADr" and "MADR" -> value.

    Raises:
        DataError: a distribution has another number of groups.
    """
    n = len(values["nDCG"])
    fair = {"f0": np.full(n, 1 / n), **distributions}
    measures = {f"GCE_{name}": gce(values["nDCG"], f, **settings) for name, f in fair.items()}
    return {**measures, "MADr": mad(values["score"]), "MADR": mad(values["gain"])}
