"""Measures of accuracy, novelty, diversity and coverage, computed from stored top-K lists.

The measures need only the lists, so memory grows with users x K, not with users x items.
With one test item for each user (leave-one-out), they are the measures of the MSAP paper (Anelli et
al., FLAIRS 2021, "Evaluation Metrics"): PR, RE, nDCG, EFD, SE and ICov. Users without a test item
are left out of PR, RE, nDCG and EFD; SE and ICov, which do not need test items, include their lists.

To add a measure, write a function with the decorator `@measure("name")`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from embrittle.errors import DataError

NO_ITEM = -1  # padding of lists shorter than K, and the test item of users without one


@dataclass(frozen=True)
class Lists:
    """Top-K lists of all users.

    Attributes:
        items: int32 (n_users, K), best first; `NO_ITEM` after the end of a list shorter than K.
        scores: float32 (n_users, K), the predicted scores; NaN after the end of a list.
    """

    items: np.ndarray
    scores: np.ndarray

    @property
    def n_users(self) -> int:
        """Number of users, including users with empty lists."""
        return self.items.shape[0]

    @property
    def length(self) -> int:
        """The K at which the lists are stored, the largest at which they can be evaluated."""
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
        """Build from the stored long form, one row for each recommendation, in any order.

        Args:
            user: integers (n,), in 0 ... n_users - 1.
            rank: integers (n,), from 1; the ranks of a user have no gaps.
            item: integers (n,), not negative; each item at most once in a user's list.
            score: floats (n,).
            n_users: number of users; users without a row get an empty list.
            length: the K at which the lists are stored; by default the largest rank. The two differ only if no user
                has K candidates.

        Raises:
            DataError: the columns violate one of these rules.
        """
        _check_long(user, rank, item, score, n_users)
        longest = int(rank.max(initial=0))
        length = longest if length is None else length
        if longest > length:
            raise DataError(f"the lists have a rank {longest} beyond their length of {length}")
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
        raise DataError(f"the lists have a user outside 0 ... {n_users - 1}")
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

    The arguments of the function are those of `evaluate`, with one K.

    Raises:
        ValueError: the name is registered already.
    """

    def register(function: Measure) -> Measure:
        if name in MEASURES:
            raise ValueError(f"a measure named {name!r} is registered already")
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
    """Return every measure, or those in `names`, at every K.

    Args:
        lists: top-K lists of all users.
        test_items: integers (n_users,), test item of each user, `NO_ITEM` for none.
        train_counts: integers (n_items,), training interactions of each item.
        ks: list lengths to evaluate, each from 1 to `lists.length`.
        names: keys of `MEASURES`; all by default.

    Returns:
        (K, measure, value) for each K, in the order of `ks` and `names`.

    Raises:
        DataError: a K is out of range, the sizes of the arrays do not match, no user has a test item, or there are no
            training interactions.
    """
    _check_evaluation(lists, test_items, train_counts)
    names = list(MEASURES) if names is None else names
    return [
        (k, name, MEASURES[name](lists, test_items, train_counts, k)) for k in ks for name in names
    ]


def _check_evaluation(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray) -> None:
    if len(test_items) != lists.n_users:
        raise DataError(
            f"the lists have {lists.n_users} users, but test items are given for {len(test_items)}"
        )
    n_items = len(train_counts)
    largest = max(lists.items.max(initial=NO_ITEM), test_items.max(initial=NO_ITEM))
    if largest >= n_items:
        raise DataError(
            f"the lists or test items contain item {largest}, but the catalogue has {n_items} items"
        )


def _top(lists: Lists, k: int) -> np.ndarray:
    """Return the first k items of every list, int32 (n_users, k); raise DataError if the lists are shorter."""
    if not 1 <= k <= lists.length:
        raise DataError(
            f"cannot evaluate at K = {k}: the stored lists have length {lists.length}. Lists are stored at the largest "
            "K of evaluation.k; recompute the lists for a larger K."
        )
    return lists.items[:, :k]


def _discounts(ranks: np.ndarray) -> np.ndarray:
    """Return disc(rank) = 1 / log2(rank + 1), for ranks from 1."""
    return 1.0 / np.log2(ranks + 1.0)


def _mean_over_tested(values: np.ndarray) -> float:
    """Return the mean over the users with a test item; users without one have NaN."""
    tested = values[~np.isnan(values)]
    if len(tested) == 0:
        raise DataError("no user has a test item, so accuracy cannot be measured")
    return float(tested.mean())


def hit_ranks(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """Return the rank of each user's test item among the first k items of the list.

    Returns:
        int64 (n_users,), from 1; 0 if the test item is not among the first k, or the user has none.
    """
    # Without the mask, a missing test item would match the padding of a short list.
    hits = (_top(lists, k) == test_items[:, None]) & (test_items != NO_ITEM)[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def _per_tested_user(test_items: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(test_items != NO_ITEM, values, np.nan)


def recall_per_user(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """Return 1 for users whose test item is among the first k items of the list, else 0.

    Returns:
        float64 (n_users,), NaN for users without a test item.
    """
    return _per_tested_user(test_items, (hit_ranks(lists, test_items, k) > 0).astype(np.float64))


def ndcg_per_user(lists: Lists, test_items: np.ndarray, k: int) -> np.ndarray:
    """Return nDCG@k of each user: disc(rank of the test item), 0 if the item is not among the first k.

    With one relevant item the ideal DCG is disc(1) = 1, so no further normalisation is needed.

    Returns:
        float64 (n_users,), NaN for users without a test item.
    """
    ranks = hit_ranks(lists, test_items, k)
    return _per_tested_user(test_items, np.where(ranks > 0, _discounts(np.maximum(ranks, 1)), 0.0))


def item_novelty(train_counts: np.ndarray) -> np.ndarray:
    """Return the novelty of each item: -log2 of its share of the training interactions, in bits.

    Args:
        train_counts: integers (n_items,), training interactions of each item.

    Returns:
        float64 (n_items,); an item without training interactions gets the largest novelty of the other items.

    Raises:
        DataError: there are no training interactions.
    """
    total = train_counts.sum()
    if total == 0:
        raise DataError("the training set is empty, so the novelty of items is not defined")
    seen = np.maximum(train_counts, train_counts[train_counts > 0].min())
    return -np.log2(seen / total)


def efd_per_user(
    lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int
) -> np.ndarray:
    """Return expected free discovery: the discounted novelty of the relevant items (Vargas & Castells, RecSys 2011).

    EFD@k is the sum over ranks of disc x relevance x novelty, divided by the sum of disc over all k ranks. The divisor
    is the same for lists shorter than k, as it is in PR.

    Returns:
        float64 (n_users,) in bits, NaN for users without a test item.
    """
    novelty = item_novelty(train_counts)[np.maximum(test_items, 0)]
    gain = ndcg_per_user(lists, test_items, k) * novelty
    return gain / _discounts(np.arange(1, k + 1)).sum()


@measure("PR")
def precision(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """PR@K: share of relevant items among the K recommendations, mean over users."""
    return recall(lists, test_items, train_counts, k) / k


@measure("RE")
def recall(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """RE@K, mean over users; with one test item for each user, RE@K is HR@K."""
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
    """SE@K: Shannon entropy in bits of the items in all users' lists together; 0 if every list is empty."""
    top = _top(lists, k)
    counts = np.bincount(top[top != NO_ITEM])
    shares = counts[counts > 0] / max(counts.sum(), 1)
    # + 0.0 turns the -0.0 of a single item into 0.0.
    return float(-(shares * np.log2(shares)).sum() + 0.0)


@measure("ICov")
def item_coverage(lists: Lists, test_items: np.ndarray, train_counts: np.ndarray, k: int) -> float:
    """ICov@K: number of distinct items in all users' lists (a count, not a share)."""
    top = _top(lists, k)
    return float(len(np.unique(top[top != NO_ITEM])))
