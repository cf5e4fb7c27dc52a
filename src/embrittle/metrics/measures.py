"""Measures of accuracy, novelty, diversity and coverage, computed from stored top-K lists.

The measures need only the lists, so memory grows with users x K, not with users x items.
They are the measures of the MSAP paper (Anelli et al., FLAIRS 2021, "Evaluation Metrics"), PR, RE, nDCG, EFD, SE and
ICov, and HR. Users without a test item are left out of PR, RE, HR, nDCG and EFD; SE and ICov, which do not need test
items, include their lists.

To add a measure, write a function with the decorator `@measure("name")`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from embrittle import accuracy
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.vocabulary import HIT_RATE

NO_ITEM = -1  # padding of lists shorter than K


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


Measure = Callable[[Lists, UserItems, np.ndarray, int], float]
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
    test_items: UserItems,
    train_counts: np.ndarray,
    ks: Iterable[int],
    names: Sequence[str] | None = None,
) -> list[tuple[int, str, float]]:
    """Return every measure that `measures_of` names, or those in `names`, at every K.

    Args:
        lists: top-K lists of all users.
        test_items: test items of each user.
        train_counts: integers (n_items,), training interactions of each item.
        ks: list lengths to evaluate, each from 1 to `lists.length`.
        names: keys of `MEASURES`.

    Returns:
        (K, measure, value) for each K, in the order of `ks` and `names`.

    Raises:
        DataError: a K is out of range, the sizes of the arrays do not match, no user has a test item, or there are no
            training interactions.
    """
    _check_evaluation(lists, test_items, train_counts)
    names = measures_of(test_items) if names is None else names
    return [
        (k, name, MEASURES[name](lists, test_items, train_counts, k)) for k in ks for name in names
    ]


def measures_of(test_items: UserItems) -> list[str]:
    """Return the measures of a data set: all, but HR only if a user has several test items, because else it is RE."""
    several = (test_items.counts > 1).any()
    return [name for name in MEASURES if several or name != HIT_RATE]


def _check_evaluation(lists: Lists, test_items: UserItems, train_counts: np.ndarray) -> None:
    if test_items.n_users != lists.n_users:
        raise DataError(
            f"the lists have {lists.n_users} users, but test items are given for {test_items.n_users}"
        )
    n_items = len(train_counts)
    largest = max(lists.items.max(initial=NO_ITEM), test_items.indices.max(initial=NO_ITEM))
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


def _mean_over_tested(values: np.ndarray) -> float:
    """Return the mean over the users with a test item; users without one have NaN."""
    tested = values[~np.isnan(values)]
    if len(tested) == 0:
        raise DataError("no user has a test item, so accuracy cannot be measured")
    return float(tested.mean())


def hit_ranks(lists: Lists, test_items: UserItems, k: int) -> np.ndarray:
    """Return the rank of each test item among the first k items of its user's list.

    Returns:
        int64 (n_test_items,), in the order of `test_items.indices`, from 1; 0 if the item is not among the first k.
    """
    return test_items.ranks_in(_top(lists, k))


def hits_per_user(lists: Lists, test_items: UserItems, k: int) -> np.ndarray:
    """Return how many of each user's test items are among the first k items of the list.

    Returns:
        float64 (n_users,), NaN for users without a test item.
    """
    return accuracy.hits_per_user(hit_ranks(lists, test_items, k), test_items.counts, k)


def ndcg_per_user(lists: Lists, test_items: UserItems, k: int) -> np.ndarray:
    """Return nDCG@k of each user: the sum of disc over the ranks of the test items, divided by the largest such sum.

    Returns:
        float64 (n_users,), NaN for users without a test item.
    """
    return accuracy.ndcg_per_user(hit_ranks(lists, test_items, k), test_items.counts, k)


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
    lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int
) -> np.ndarray:
    """Return expected free discovery: the discounted novelty of the relevant items (Vargas & Castells, RecSys 2011).

    EFD@k is the sum over ranks of disc x relevance x novelty, divided by the sum of disc over all k ranks. The divisor
    is the same for lists shorter than k, as it is in PR.

    Returns:
        float64 (n_users,) in bits, NaN for users without a test item.
    """
    novelty = item_novelty(train_counts)[test_items.indices]
    gains = accuracy.gains(hit_ranks(lists, test_items, k), k) * novelty
    norm = accuracy.discounts(np.arange(1, k + 1)).sum()
    return accuracy.sums_per_user(gains, test_items.counts) / norm


@measure("PR")
def precision(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """PR@K: share of test items among the K recommendations, mean over users."""
    return _mean_over_tested(hits_per_user(lists, test_items, k)) / k


@measure("RE")
def recall(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """RE@K: share of a user's test items that are in the list, mean over users."""
    return _mean_over_tested(hits_per_user(lists, test_items, k) / np.maximum(test_items.counts, 1))


@measure(HIT_RATE)
def hit_rate(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """HR@K: share of users with at least one test item in the list."""
    return _mean_over_tested(np.minimum(hits_per_user(lists, test_items, k), 1))


@measure("nDCG")
def ndcg(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """nDCG@K, mean over users."""
    return _mean_over_tested(ndcg_per_user(lists, test_items, k))


@measure("EFD")
def expected_free_discovery(
    lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int
) -> float:
    """EFD@K in bits, mean over users."""
    return _mean_over_tested(efd_per_user(lists, test_items, train_counts, k))


@measure("SE")
def shannon_entropy(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """SE@K: Shannon entropy in bits of the items in all users' lists together; 0 if every list is empty."""
    top = _top(lists, k)
    counts = np.bincount(top[top != NO_ITEM])
    shares = counts[counts > 0] / max(counts.sum(), 1)
    # + 0.0 turns the -0.0 of a single item into 0.0.
    return float(-(shares * np.log2(shares)).sum() + 0.0)


@measure("ICov")
def item_coverage(lists: Lists, test_items: UserItems, train_counts: np.ndarray, k: int) -> float:
    """ICov@K: number of distinct items in all users' lists (a count, not a share)."""
    top = _top(lists, k)
    return float(len(np.unique(top[top != NO_ITEM])))
