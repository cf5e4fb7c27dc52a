import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.errors import DataError
from embrittle.metrics import measures
from embrittle.metrics.measures import (
    MEASURES,
    NO_ITEM,
    Lists,
    evaluate,
    item_novelty,
    ndcg_per_user,
)
from held_out import held_out


def lists_of(rows: list[list[int]], length: int | None = None) -> Lists:
    """Lists from one Python list of items per user; the score falls by one from rank to rank."""
    triples = [(u, r, i) for u, row in enumerate(rows) for r, i in enumerate(row, start=1)]
    user, rank, item = (np.array(column, dtype=np.int64) for column in zip(*triples, strict=True))
    return Lists.from_long(user, rank, item, -rank.astype(float), len(rows), length)


def values_at(lists, test_items, train_counts, k) -> dict[str, float]:
    test_items = held_out(test_items, len(train_counts))
    rows = evaluate(lists, test_items, np.array(train_counts), [k])
    assert all(row[0] == k for row in rows)
    return {name: value for _, name, value in rows}


def slow_values(rows, test_items, train_counts, k) -> dict[str, float]:
    """The definitions of docs/method.md as plain loops, sharing nothing with the module.

    Args:
        rows: the list of each user.
        test_items: the test items of each user, a list.
        train_counts, k: as in `evaluate`.
    """
    total = sum(train_counts)
    smallest = min(count for count in train_counts if count > 0)
    pooled: dict[int, int] = {}
    hits, shares, gains, discoveries = [], [], [], []
    for row, test in zip(rows, test_items, strict=True):
        hit = gain = ideal = discovery = norm = 0.0
        for position in range(1, k + 1):
            discount = 1 / math.log(position + 1, 2)
            norm += discount
            if position <= len(test):
                ideal += discount
            if position > len(row):
                continue
            item = row[position - 1]
            pooled[item] = pooled.get(item, 0) + 1
            if item in test:
                hit, gain = hit + 1, gain + discount
                discovery += discount * -math.log((train_counts[item] or smallest) / total, 2)
        if test:
            hits.append(hit)
            shares.append(hit / len(test))
            gains.append(gain / ideal)
            discoveries.append(discovery / norm)
    n = sum(pooled.values())
    return {
        "PR": sum(hits) / len(hits) / k,
        "RE": sum(shares) / len(shares),
        "HR": sum(hit > 0 for hit in hits) / len(hits),
        "nDCG": sum(gains) / len(gains),
        "EFD": sum(discoveries) / len(discoveries),
        "SE": -sum(count / n * math.log(count / n, 2) for count in pooled.values()),
        "ICov": len(pooled),
    }


def test_hand_worked_lists():
    lists = lists_of([[0, 1, 2], [2, 0, 3], [3, 1, 0]])
    # User 0 hits at rank 1, user 1 at rank 3, user 2 misses.
    # Of 16 training interactions the items have 8, 4, 2 and 2.
    values = values_at(lists, [0, 3, 2], [8, 4, 2, 2], 3)
    assert list(values) == ["PR", "RE", "nDCG", "EFD", "SE", "ICov"]
    norm = 1 + 1 / math.log2(3) + 0.5
    assert values["RE"] == pytest.approx(2 / 3)
    assert values["PR"] == pytest.approx(2 / 9)
    assert values["nDCG"] == pytest.approx((1 + 0.5) / 3)
    assert values["EFD"] == pytest.approx((1 * 1 + 0.5 * 3) / norm / 3)
    # The pool holds items 0, 1, 2, 3 with 3, 2, 2, 2 of 9.
    assert values["SE"] == pytest.approx(
        -(3 / 9) * math.log2(3 / 9) - 3 * (2 / 9) * math.log2(2 / 9)
    )
    assert values["ICov"] == 4


def test_several_test_items_by_hand():
    lists = lists_of([[0, 1, 2], [2, 0, 3], [3, 1, 0]])
    # User 0 has two of three at ranks 1 and 3, user 1 the only one at rank 2, user 2 none of two.
    values = values_at(lists, [[0, 2, 4], 0, [2, 4]], [8, 4, 2, 2, 0], 3)
    assert list(values) == ["PR", "RE", "HR", "nDCG", "EFD", "SE", "ICov"]
    second = 1 / math.log2(3)
    assert values["PR"] == pytest.approx((2 + 1 + 0) / 3 / 3)
    assert values["RE"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert values["HR"] == pytest.approx(2 / 3)
    assert values["nDCG"] == pytest.approx((1.5 / (1 + second + 0.5) + second + 0) / 3)
    # Novelty of items 0 and 2: 1 and 3 bits. There is no ideal in EFD: the divisor is that of all ranks.
    assert values["EFD"] == pytest.approx((1 + 0.5 * 3 + second * 1 + 0) / (1 + second + 0.5) / 3)


def test_the_ideal_has_no_more_test_items_than_ranks():
    lists = lists_of([[0, 1, 2, 3]])
    values = values_at(lists, [[0, 1, 2, 3]], [1] * 4, 2)
    assert values["nDCG"] == values["PR"] == 1
    assert values["RE"] == 0.5


def test_a_smaller_k_looks_at_a_prefix():
    lists = lists_of([[0, 1, 2], [2, 0, 3], [3, 1, 0]])
    values = values_at(lists, [0, 3, 2], [8, 4, 2, 2], 1)
    assert values["RE"] == values["PR"] == values["nDCG"] == pytest.approx(1 / 3)
    assert values["EFD"] == pytest.approx(1 / 3)
    assert values["ICov"] == 3
    assert values["SE"] == pytest.approx(math.log2(3))


@pytest.mark.parametrize(
    ("rank", "gain"),
    [(1, 1.0), (2, 0.6309297535714575), (3, 0.5), (7, 1 / 3), (10, 0.2890648263178878)],
)
def test_ndcg_at_each_rank(rank, gain):
    lists = lists_of([list(range(10))])
    assert ndcg_per_user(lists, held_out([rank - 1], 10), 10) == pytest.approx([gain])


def test_entropy_in_bits_of_known_distributions():
    uniform = lists_of([[0, 1], [2, 3], [4, 5], [6, 7]])
    assert values_at(uniform, [0, 0, 0, 0], [1] * 8, 2)["SE"] == 3.0
    one_item = lists_of([[5], [5], [5]])
    single = values_at(one_item, [0, 0, 0], [1] * 8, 1)["SE"]
    assert single == 0.0
    assert not np.signbit(single)
    # Shares 1/2, 1/4, 1/4.
    skewed = lists_of([[0, 1], [0, 2]])
    assert values_at(skewed, [0, 0], [1, 1, 1], 2)["SE"] == 1.5


def test_users_without_a_test_item_count_for_entropy_and_coverage_only():
    rows = [[0, 1], [2, 3]]
    alone = values_at(lists_of(rows[:1]), [1], [1] * 4, 2)
    both = values_at(lists_of(rows), [1, NO_ITEM], [1] * 4, 2)
    for name in ("PR", "RE", "nDCG", "EFD"):
        assert both[name] == alone[name]
    assert (alone["ICov"], both["ICov"]) == (2, 4)
    assert (alone["SE"], both["SE"]) == (1.0, 2.0)


def test_a_missing_test_item_is_no_hit_on_the_padding_of_a_short_list():
    lists = lists_of([[0], [0, 1]])
    assert measures.hit_ranks(lists, held_out([NO_ITEM, 1], 2), 2).tolist() == [2]
    per_user = ndcg_per_user(lists, held_out([NO_ITEM, 1], 2), 2)
    assert np.isnan(per_user[0])
    assert per_user[1] == pytest.approx(1 / math.log2(3))


def test_a_tested_user_with_an_empty_list_counts_as_a_miss():
    lists = lists_of([[0, 1], [], [1, 0]])
    assert values_at(lists, [0, 1, 2], [1, 1, 1], 2)["RE"] == pytest.approx(1 / 3)


def test_short_lists_are_measured_against_the_full_k():
    lists = lists_of([[0]], length=2)
    values = values_at(lists, [0], [1, 3], 2)
    assert values["PR"] == 0.5
    assert values["EFD"] == pytest.approx(2 / (1 + 1 / math.log2(3)))


def test_an_item_unseen_in_training_takes_the_largest_novelty():
    assert item_novelty(np.array([4, 0, 2, 2])).tolist() == [1.0, 2.0, 2.0, 2.0]
    lists = lists_of([[1]])
    assert values_at(lists, [1], [4, 0, 2, 2], 1)["EFD"] == 2.0


def test_equal_scores_keep_the_stored_order():
    user, rank, item = np.array([0, 0, 0]), np.array([2, 3, 1]), np.array([7, 5, 9])
    lists = Lists.from_long(user, rank, item, np.zeros(3), 1)
    assert lists.items.tolist() == [[9, 7, 5]]
    assert lists.items.dtype == np.int32
    assert lists.scores.dtype == np.float32


def test_from_long_pads_and_keeps_scores():
    lists = Lists.from_long(
        np.array([2, 0, 0]), np.array([1, 1, 2]), np.array([4, 3, 1]), np.array([0.5, 2, 1]), 3, 4
    )
    assert lists.items.tolist() == [[3, 1, -1, -1], [-1] * 4, [4, -1, -1, -1]]
    assert lists.scores[0, :2].tolist() == [2.0, 1.0]
    assert np.isnan(lists.scores[1]).all()
    assert (lists.n_users, lists.length) == (3, 4)


@pytest.mark.parametrize(
    ("user", "rank", "item", "message"),
    [
        ([0, 0], [1, 1], [3, 4], "two rows for one user and rank"),
        ([0, 0], [1, 3], [3, 4], "list of user 0 has a gap"),
        ([0, 1], [1, 2], [3, 4], "list of user 1 has a gap"),
        ([1, 1], [1, 2], [3, 3], "list of user 1 has an item more than once"),
        ([0, 2], [1, 1], [3, 4], r"a user outside 0 ... 1"),
        ([0, -1], [1, 1], [3, 4], r"a user outside 0 ... 1"),
        ([0, 1], [0, 1], [3, 4], "rank 0; ranks start at 1"),
        ([0, 1], [1, 1], [-1, 4], "item -1; items start at 0"),
        ([0], [1, 1], [3, 4], "differ in length"),
    ],
)
def test_broken_long_form_is_refused(user, rank, item, message):
    with pytest.raises(DataError, match=message):
        Lists.from_long(np.array(user), np.array(rank), np.array(item), np.zeros(2), 2)


def test_a_rank_beyond_the_stated_length_is_refused():
    with pytest.raises(DataError, match="rank 2 beyond their length of 1"):
        Lists.from_long(np.array([0, 0]), np.array([1, 2]), np.array([3, 4]), np.zeros(2), 1, 1)


@pytest.mark.parametrize("k", [0, 4])
@pytest.mark.parametrize("name", list(MEASURES))
def test_k_out_of_range_is_refused_by_every_measure(name, k):
    lists = lists_of([[0, 1, 2]])
    with pytest.raises(DataError, match=f"K = {k}.*length 3"):
        MEASURES[name](lists, held_out([0], 3), np.array([1, 1, 1]), k)


def test_evaluation_refuses_what_does_not_belong_together():
    lists = lists_of([[0, 1, 2]])
    with pytest.raises(DataError, match="lists have 1 users, but test items are given for 2"):
        evaluate(lists, held_out([0, 1], 3), np.ones(3, dtype=int), [1])
    with pytest.raises(DataError, match=r"item 2, .* has 2 items"):
        evaluate(lists, held_out([0], 3), np.ones(2, dtype=int), [1])
    with pytest.raises(DataError, match=r"item 9, .* has 3 items"):
        evaluate(lists, held_out([9], 10), np.ones(3, dtype=int), [1])
    with pytest.raises(DataError, match="no user has a test item"):
        evaluate(lists, held_out([NO_ITEM], 3), np.ones(3, dtype=int), [1])
    with pytest.raises(DataError, match="training set is empty"):
        evaluate(lists, held_out([0], 3), np.zeros(3, dtype=int), [1])


def test_all_lists_empty():
    empty = np.array([], dtype=np.int64)
    lists = Lists.from_long(empty, empty, empty, np.array([]), n_users=2, length=3)
    values = values_at(lists, [0, 1], [1, 1], 3)
    assert values == {"PR": 0, "RE": 0, "nDCG": 0, "EFD": 0, "SE": 0, "ICov": 0}


def test_evaluate_goes_through_the_ks_and_names_in_order():
    lists = lists_of([[0, 1, 2]])
    rows = evaluate(lists, held_out([1], 3), np.array([1, 1, 1]), [3, 1], names=["ICov", "RE"])
    assert rows == [(3, "ICov", 3.0), (3, "RE", 1.0), (1, "ICov", 1.0), (1, "RE", 0.0)]


def test_a_measure_is_added_by_one_function(monkeypatch):
    monkeypatch.setattr(measures, "MEASURES", dict(MEASURES))

    @measures.measure("first item")
    def first_item(lists, test_items, train_counts, k):
        return float(lists.items[0, 0])

    rows = evaluate(lists_of([[2, 1]]), held_out([1], 3), np.array([1, 1, 1]), [2])
    assert rows[-1] == (2, "first item", 2.0)
    with pytest.raises(ValueError, match="a measure named 'PR' is registered already"):
        measures.measure("PR")(first_item)


@st.composite
def studies(draw):
    """Lists of different lengths, any number of test items for each user and training counts (some zero)."""
    n_items = draw(st.integers(2, 9))
    n_users = draw(st.integers(1, 7))
    items = st.permutations(range(n_items))
    rows = [draw(items)[: draw(st.integers(0, n_items))] for _ in range(n_users - 1)] + [
        draw(items)
    ]  # one list has every item, so that every k up to n_items is stored
    most = draw(st.sampled_from([1, n_items]))
    test_items = [draw(items)[: draw(st.integers(0, most))] for _ in range(n_users)]
    test_items[draw(st.integers(0, n_users - 1))] = [draw(st.integers(0, n_items - 1))]
    counts = [draw(st.integers(0, 20)) for _ in range(n_items)]
    counts[draw(st.integers(0, n_items - 1))] = draw(st.integers(1, 20))
    return rows, test_items, counts, draw(st.integers(1, n_items))


@given(studies())
@settings(deadline=None, max_examples=200)
def test_equal_to_slow_loops(study):
    rows, test_items, counts, k = study
    values = values_at(lists_of(rows), test_items, counts, k)
    expected = slow_values(rows, test_items, counts, k)
    if max(map(len, test_items)) == 1:
        assert expected.pop("HR") == expected["RE"]
    assert values == pytest.approx(expected, rel=1e-12, abs=1e-12)
