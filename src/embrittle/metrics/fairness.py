"""Fairness between groups of users or items, from stored lists (docs/method.md, "Fairness").

Every group has a value, its nDCG; generalised cross entropy (GCE) and the mean absolute difference (MAD) compare the
values. Nothing here is silently NaN: where a group has nothing to measure, its value is NaN with a note that says
why, and it takes no part in the comparison.

What the value of an item is can be chosen: `@item_value` names a definition for the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from embrittle.errors import ConfigError, DataError
from embrittle.metrics.groups import Groups
from embrittle.metrics.measures import NO_ITEM, Lists, hit_ranks, ndcg_per_user

NO_MEMBERS = "no members"
NO_TEST_ITEMS = "no test items"
NOT_RECOMMENDED = "none recommended"  # of an item group, whose value then is 0

# --- Between groups -------------------------------------------------------------------------------


def gce(
    values: Sequence[float],
    fair: Sequence[float],
    beta: float = 2.0,
    smoothing: float = 0.05,
    background: float = 1e-4,
) -> float:
    """Generalised cross entropy between a fair distribution and that of the groups' values (Deldjoo et al. 2019).

    1 / (beta (1 - beta)) * (sum_j fair_j^beta p_j^(1 - beta) - 1), where p are the values, each smoothed to
    (1 - smoothing) * value + smoothing * background, divided by their sum. 0 is fair; the further below, the less.

    Args:
        values: at least 0, one a group; groups with NaN are left out and `fair` is scaled to the others.
        fair: probabilities, positive, one a group.
        beta: not 0 or 1, where the measure has other forms. The papers use 2.
        smoothing: share of the background, so that a group with value 0 does not make the measure infinite.
        background: the value that is mixed in.

    Returns:
        NaN if no group has a value.

    Raises:
        ConfigError: beta is 0 or 1.
        DataError: the lengths differ, or nothing smooths a value of 0.
    """
    values, fair = np.asarray(values, dtype=np.float64), np.asarray(fair, dtype=np.float64)
    if beta in (0, 1):
        raise ConfigError(
            f"GCE with beta = {beta:g} is another formula: choose another beta, such as 2"
        )
    if values.shape != fair.shape:
        raise DataError(f"a fair distribution over {len(fair)} groups for {len(values)} groups")
    known = ~np.isnan(values)
    if not known.any():
        return np.nan
    smoothed = (1 - smoothing) * values[known] + smoothing * background
    if (smoothed <= 0).any():
        raise DataError("GCE needs positive values: a group has 0, and the smoothing is 0")
    p, f = smoothed / smoothed.sum(), fair[known] / fair[known].sum()
    # + 0.0 turns the -0.0 of perfect fairness into 0.0.
    return float((np.sum(f**beta * p ** (1 - beta)) - 1) / (beta * (1 - beta)) + 0.0)


def mad(values: Sequence[float]) -> float:
    """Mean absolute difference of the groups' values over all pairs of groups (Zhu et al. 2018).

    Groups with NaN are left out. One group alone differs from none: 0. NaN if no group has a value.
    """
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return np.nan
    pairs = [abs(a - b) for a, b in combinations(known, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


# --- Of single users and items --------------------------------------------------------------------

Values = Callable[[Lists, np.ndarray, np.ndarray, int, int], np.ndarray]


@dataclass(frozen=True)
class ItemValue:
    """What an item is worth that is recommended.

    Attributes:
        of_items: function(lists, test_items, relevance, k, n_items) -> float64 (n_items,), at least 0; for items that
            are not recommended its result is not looked at.
        words: what it is, to end the sentence "the value of an item is".
    """

    of_items: Values
    words: str


ITEM_VALUES: dict[str, ItemValue] = {}


def item_value(name: str, words: str) -> Callable[[Values], Values]:
    """Register a function as the item value `name` (`ItemValue`).

    Raises:
        ValueError: there already is one of that name.
    """

    def register(function: Values) -> Values:
        if name in ITEM_VALUES:
            raise ValueError(f"there already is an item value named {name!r}")
        ITEM_VALUES[name] = ItemValue(function, words)
        return function

    return register


@item_value(
    "rated-hits",
    "the relevance of its hits, summed, per user who has it as the test item (rated-hits: recovered from the printed "
    "numbers, not documented)",
)
def rated_hits(
    lists: Lists, test_items: np.ndarray, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Relevance of an item's hits, summed, per user who has it as the test item; 0 where nobody has.

    What comes closest to the printed item popularity columns of MSAP's Table 2. The paper does not define them: this
    is recovered, not documented. There is no discount in it, and with ratings of 1 to 5 it may exceed 1.
    """
    tested = np.bincount(test_items[test_items != NO_ITEM], minlength=n_items)
    return _on_hits(lists, test_items, relevance, k, n_items) / np.maximum(tested, 1)


@item_value("ndcg", "the mean nDCG of the users who have it as the test item (ndcg)")
def item_ndcg(
    lists: Lists, test_items: np.ndarray, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Mean nDCG of the users who have an item as the test item; 0 where nobody has."""
    tested = np.bincount(test_items[test_items != NO_ITEM], minlength=n_items)
    ndcg = np.nan_to_num(ndcg_per_user(lists, test_items, k))
    return _on_hits(lists, test_items, ndcg, k, n_items) / np.maximum(tested, 1)


def _on_hits(
    lists: Lists, test_items: np.ndarray, values: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Sum of the users' `values` over the hits of each item, float64 (n_items,)."""
    hit = hit_ranks(lists, test_items, k) > 0
    return np.bincount(test_items[hit], weights=values[hit], minlength=n_items)


def recommended(lists: Lists, k: int, n_items: int) -> np.ndarray:
    """How often each item is recommended, int64 (n_items,)."""
    top = lists.items[:, :k]
    return np.bincount(top[top != NO_ITEM], minlength=n_items)


def score_per_user(lists: Lists, k: int) -> np.ndarray:
    """Mean predicted score of each user's list, float64 (n_users,); NaN for an empty list."""
    filled = lists.items[:, :k] != NO_ITEM
    total = np.where(filled, lists.scores[:, :k], 0).sum(axis=1, dtype=np.float64)
    length = filled.sum(axis=1)
    return np.where(length > 0, total / np.maximum(length, 1), np.nan)


def score_per_item(lists: Lists, test_items: np.ndarray, k: int, n_items: int) -> np.ndarray:
    """Predicted scores of an item's hits, summed, per time that it is recommended; float64 (n_items,).

    So does Elliot, the MSAP authors' later framework (ItemMADrating); the paper does not say.
    """
    ranks = hit_ranks(lists, test_items, k)
    at_hit = lists.scores[np.arange(lists.n_users), np.maximum(ranks, 1) - 1]
    on_hits = _on_hits(lists, test_items, np.where(ranks > 0, at_hit, 0), k, n_items)
    return on_hits / np.maximum(recommended(lists, k, n_items), 1)


def gain_per_item(
    lists: Lists, test_items: np.ndarray, relevance: np.ndarray, k: int, n_items: int
) -> np.ndarray:
    """Graded gain, 2^relevance - 1, of an item's hits per time that it is recommended; float64 (n_items,).

    So does Elliot (ItemMADranking).
    """
    on_hits = _on_hits(lists, test_items, 2.0**relevance - 1, k, n_items)
    return on_hits / np.maximum(recommended(lists, k, n_items), 1)


# --- Of groups ------------------------------------------------------------------------------------


def group_means(groups: Groups, values: np.ndarray) -> np.ndarray:
    """Mean value of each group's members that have one (are not NaN), float64 (n_groups,); NaN where none has."""
    counted = groups.member & ~np.isnan(values)
    totals = np.where(counted, np.nan_to_num(values), 0).sum(axis=1)
    sizes = counted.sum(axis=1)
    return np.where(sizes > 0, totals / np.maximum(sizes, 1), np.nan)


def group_values(
    groups: Groups,
    lists: Lists,
    test_items: np.ndarray,
    relevance: np.ndarray,
    k: int,
    n_items: int,
    value: str = "rated-hits",
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return what is compared between groups, each float64 (n_groups,), and a note on each group, else "".

    "nDCG" makes Table 2 and GCE, "score" MADr, "gain" MADR. Of user groups, nDCG and gain are the mean nDCG of their
    users who have a test item, score the mean of their lists' mean scores. Of item groups all three are means over
    their items that are recommended at least once: nDCG of the item value named `value`, score of `score_per_item`,
    gain of `gain_per_item`. An item group of which nothing is recommended has 0 in each.

    Args:
        groups: of users or of items.
        lists: the top lists.
        test_items: int (n_users,), -1 for none.
        relevance: float (n_users,), of the test item for its user: its rating, or 1.
        k: length of the lists.
        n_items: size of the catalogue.
        value: key of `ITEM_VALUES`.

    Raises:
        ConfigError: no such item value.
    """
    if groups.of == "users":
        ndcg = group_means(groups, ndcg_per_user(lists, test_items, k))
        score = group_means(groups, score_per_user(lists, k))
        return {"nDCG": ndcg, "score": score, "gain": ndcg}, _notes(groups, ndcg, NO_TEST_ITEMS)
    if value not in ITEM_VALUES:
        raise ConfigError(f"there is no item value {value!r}; known: {', '.join(ITEM_VALUES)}")
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
    """GCE against the uniform and each further fair distribution, MADr and MADR.

    Args:
        values: of the groups, from `group_values`.
        distributions: name -> fair distribution, beside the uniform "f0".
        settings: beta, smoothing and background of `gce`.

    Raises:
        DataError: a distribution is over another number of groups.
    """
    n = len(values["nDCG"])
    fair = {"f0": np.full(n, 1 / n), **distributions}
    measures = {f"GCE_{name}": gce(values["nDCG"], f, **settings) for name, f in fair.items()}
    return {**measures, "MADr": mad(values["score"]), "MADR": mad(values["gain"])}
