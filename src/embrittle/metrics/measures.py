"""Measures of accuracy, novelty, diversity and coverage, computed from stored top-K lists.

Everything works on the lists alone, so memory grows with users x K and never with users x items.
With one test item per user (leave-one-out), the measures are those of the MSAP paper (Anelli et
al., FLAIRS 2021, "Evaluation Metrics"): PR, RE, nDCG, EFD, SE and ICov. Users without a test item
are left out of the first four, which need one; their lists still count for SE and ICov, which look
at what is recommended to everybody.

A further measure is one function with the decorator `measure("its name")`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from embrittle.errors import DataError

NO_ITEM = -1  # padding of a list shorter than K, and the test item of a user who has none


@dataclass(frozen=True)
class Lists:
    """Top-K lists of all users.

    Attributes:
        items: int32 [n_users, K], best first; `NO_ITEM` after the end of a list shorter than K.
        scores: float32 [n_users, K], the predicted scores; NaN after the end of a list.
    """

    items: np.ndarray
    scores: np.ndarray

    @property
    def n_users(self) -> int:
        """Number of users, with empty lists or not."""
        return self.items.shape[0]

    @property
    def length(self) -> int:
        """The K at which the lists were stored: no measure can look further."""
        return self.items.shape[1]

    @classmethod
    def from_long(
        cls,
        user: np.ndarray,
        rank: np.ndarray,
        item: np.ndarray,
        score: np.ndarray,
        n_users: int,
        length: int | None = None,
    ) -> "Lists":
        """Build from the stored long form, one row per recommendation, in any order.

        Args:
            user: integers [n], in 0 ... n_users - 1.
            rank: integers [n], from 1; each user's ranks run from 1 without a gap.
            item: integers [n], at least 0; no item twice in one user's list.
            score: floats [n].
            n_users: number of users; those without a row get an empty list.
            length: the K that was asked for when the lists were made; by default the largest rank
                there is. They differ only if no user had K candidates.

        Raises:
            DataError: the columns break one of the rules above.
        """
        _check_long(user, rank, item, score, n_users)
        longest = int(rank.max(initial=0))
        length = longest if length is None else length
        if longest > length:
            raise DataError(f"the lists have a rank {longest}, beyond their stated length {length}")
        items = np.full((n_users, length), NO_ITEM, dtype=np.int32)
        scores = np.full((n_users, length), np.nan, dtype=np.float32)
        items[user, rank - 1] = item
        scores[user, rank - 1] = score
        _check_lists(items, n_rows=len(user))
        return cls(items, scores)


def _check_long(
    user: np.ndarray, rank: np.ndarray, item: np.ndarray, score: np.ndarray, n_users: int
) -> None:
    if len({len(user), len(rank), len(item), len(score)}) != 1:
        raise DataError("the columns of the lists (user, rank, item, score) differ in length")
    if len(user) == 0:
        return
    if user.min() < 0 or user.max() >= n_users:
        raise DataError(f"the lists have users outside 0 ... {n_users - 1}")
    if rank.min() < 1:
        raise DataError(f"the lists have a rank {rank.min()}; ranks start at 1")
    if item.min() < 0:
        raise DataError(f"the lists have an item {item.min()}; items start at 0")


def _check_lists(items: np.ndarray, n_rows: int) -> None:
    filled = items != NO_ITEM
    if np.count_nonzero(filled) != n_rows:
        raise DataError("the lists have two rows for one user and rank")
    if np.any(filled[:, 1:] & ~filled[:, :-1]):
        user = int(np.argmax(np.any(filled[:, 1:] & ~filled[:, :-1], axis=1)))
        raise DataError(f"the list of user {user} has a gap: its ranks must run from 1 upwards")
    in_order = np.sort(items, axis=1)
    repeated = np.any((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] != NO_ITEM), axis=1)
    if repeated.any():
        raise DataError(f"the list of user {int(np.argmax(repeated))} has an item more than once")


Measure = Callable[[Lists, np.ndarray, np.ndarray, int], float]
MEASURES: dict[str, Measure] = {}


def measure(name: str) -> Callable[[Measure], Measure]:
    """Register a function `(lists, test_items, train_counts, k) -> float` as the measure `name`.

    Raises:
        ValueError: there already is a measure of that name.
    """

    def register(function: Measure) -> Measure:
        if name in MEASURES:
            raise ValueError(f"there already is a measure named {name!r}")
        MEASURES[name] = function
        return function

    return register


def evaluate(
    lists: Lists,
    test_items: np.ndarray,
    train_counts: np.ndarray,
    ks: Iterable[int],
    names: Sequence[str] | None = None,
) -> list[tuple[int, str, float]]:
    """Every measure (or those in `names`) at every K.

    Args:
        lists: the top-K lists.
        test_items: integers [n_users], each user's test item or `NO_ITEM`.
        train_counts: integers [n_items], how many training interactions each item has.
        ks: list lengths to evaluate at, each from 1 to `lists.length`.
        names: keys of `MEASURES`; all of them by default.

    Returns:
        (K, measure, value), for each K in the order given, measures in the order of `names`.

    Raises:
        DataError: a K is out of range, the arrays do not belong to each other, no user has a test
            item, or nothing was trained on.
    """
    _check_evaluation(lists, test_items, train_counts)
    names = list(MEASURES) if names is None else names
    return [
        (k, name, MEASURES[name](lists, test_items, train_counts, k)) for k in ks for name in names
    ]


def _check_evaluation(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray) -> None:
    if len(test_items) != lists.n_users:
        raise DataError(f"{len(test_items)} test items for the lists of {lists.n_users} users")
    n_items = len(train_counts)
    largest = max(lists.items.max(initial=NO_ITEM), test_items.max(initial=NO_ITEM))
    if largest >= n_items:
        raise DataError(
            f"item {largest} in the lists or the test set, but there are {n_items} items"
        )


def _top(lists: Lists, k: int) -> np.ndarray:
    """The first k items of every list, int32 [n_users, k]."""
    if not 1 <= k <= lists.length:
        raise DataError(
            f"cannot evaluate at K = {k}: the stored lists have length {lists.length}. "
            "Lists are stored at the largest K asked for; make them again for a longer one."
        )
    return lists.items[:, :k]


def _discounts(ranks: np.ndarray) -> np.ndarray:
    """disc(rank) = 1 / log2(rank + 1), ranks from 1."""
    return 1.0 / np.log2(ranks + 1.0)


def _mean_over_tested(values: np.ndarray) -> float:
    """Mean over the users who have a test item: NaN stands for those who have none."""
    tested = values[~np.isnan(values)]
    if len(tested) == 0:
        raise DataError("no user has a test item: there is nothing to measure accuracy on")
    return float(tested.mean())


def hit_ranks(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """Rank of each user's test item in the first k of the list.

    Returns:
        int64 [n_users], from 1; 0 where the test item is not among the first k, or there is none.
    """
    # Without the mask, a missing test item would equal the padding of a short list.
    hits = (_top(lists, k) == test_items[:, None]) & (test_items != NO_ITEM)[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def _per_tested_user(test_items: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(test_items != NO_ITEM, values, np.nan)


def recall_per_user(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """1 where the test item is among the first k, else 0.

    Returns:
        float64 [n_users], NaN for users without a test item.
    """
    return _per_tested_user(test_items, (hit_ranks(lists, test_items, k) > 0).astype(np.float64))


def ndcg_per_user(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """disc(rank of the test item), 0 if it is not among the first k.

    The ideal list has the one relevant item first, with disc(1) = 1: the gain is normalised as is.

    Returns:
        float64 [n_users], NaN for users without a test item.
    """
    ranks = hit_ranks(lists, test_items, k)
    return _per_tested_user(test_items, np.where(ranks > 0, _discounts(np.maximum(ranks, 1)), 0.0))


def item_novelty(train_counts: np.ndarray) -> np.ndarray:
    """-log2 of each item's share of the training interactions, in bits; float64 [n_items].

    An item unseen in training takes the largest novelty among the seen ones.

    Raises:
        DataError: there is no training interaction at all.
    """
    total = train_counts.sum()
    if total == 0:
        raise DataError("the training set is empty: item novelty is not defined")
    seen = np.maximum(train_counts, train_counts[train_counts > 0].min())
    return -np.log2(seen / total)


def efd_per_user(
    lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int
) -> np.ndarray:
    """Discounted novelty of the relevant recommendations (Vargas & Castells, RecSys 2011).

    The sum over ranks of disc x relevance x novelty, divided by the sum of disc over all k ranks:
    of a shorter list too, as PR divides by k.

    Returns:
        float64 [n_users] in bits, NaN for users without a test item.
    """
    novelty = item_novelty(train_counts)[np.maximum(test_items, 0)]
    gain = ndcg_per_user(lists, test_items, k) * novelty
    return gain / _discounts(np.arange(1, k + 1)).sum()


@measure("PR")
def precision(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """PR@K: the fraction of the K recommendations that are relevant, mean over users."""
    return recall(lists, test_items, train_counts, k) / k


@measure("RE")
def recall(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """RE@K, which with one test item per user is HR@K, mean over users."""
    return _mean_over_tested(recall_per_user(lists, test_items, k))


@measure("nDCG")
def ndcg(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """nDCG@K, mean over users."""
    return _mean_over_tested(ndcg_per_user(lists, test_items, k))


@measure("EFD")
def expected_free_discovery(
    lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int
) -> float:
    """EFD@K in bits, mean over users."""
    return _mean_over_tested(efd_per_user(lists, test_items, train_counts, k))


@measure("SE")
def shannon_entropy(
    lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int
) -> float:
    """SE@K: entropy in bits of the items in all lists pooled; 0 if every list is empty."""
    top = _top(lists, k)
    counts = np.bincount(top[top != NO_ITEM])
    shares = counts[counts > 0] / max(counts.sum(), 1)
    # + 0.0 turns the -0.0 of a single item into 0.0.
    return float(-(shares * np.log2(shares)).sum() + 0.0)


@measure("ICov")
def item_coverage(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """ICov@K: how many distinct items are recommended to anybody (a count)."""
    top = _top(lists, k)
    return float(len(np.unique(top[top != NO_ITEM])))
