"""Lists and ranks against full sorts, and the random recommender."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels import ranking
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.ranking import (
    lists_to_columns,
    random_items,
    target_ranks,
    top_items,
)
from held_out import held_out


@st.composite
def rankings(draw):
    """Small whole factors, so that scores are exact and often equal, training items and a block size."""
    n_users, n_items = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    value = st.integers(-2, 2)
    row = st.lists(value, min_size=2, max_size=2)
    users = draw(st.lists(row, min_size=n_users, max_size=n_users))
    items = draw(st.lists(row, min_size=n_items, max_size=n_items))
    # Up to the whole catalogue: such a user has no candidates.
    owned = draw(st.lists(st.sets(st.integers(0, n_items - 1)), min_size=n_users, max_size=n_users))
    pairs = [(user, item) for user, their in enumerate(owned) for item in their]
    pairs = np.array(pairs, int).reshape(-1, 2)
    train = UserItems.from_pairs(*pairs.T, n_users, n_items)
    rows_per_block = draw(st.integers(1, n_users + 1))
    factors = np.array(users, np.float32), np.array(items, np.float32)
    return factors, train, owned, rows_per_block


def sorted_candidates(factors, owned, user) -> list[tuple[float, int]]:
    """(score, item) of the user's candidates, best first, equal scores by item number."""
    scores = (factors[1] @ factors[0][user]).tolist()
    candidates = [(score, item) for item, score in enumerate(scores) if item not in owned[user]]
    return sorted(candidates, key=lambda pair: (-pair[0], pair[1]))


def in_blocks(rows_per_block, n_items):
    return mock.patch.object(ranking, "SCORED", n_items * rows_per_block)


def owned_by(n_users, *items):
    """Training data in which all users have the same items."""
    return np.repeat(np.arange(n_users), len(items)), np.tile(items, n_users)


@settings(max_examples=150, deadline=None)
@given(rankings(), st.data())
def test_lists_equal_a_full_sort(case, data):
    factors, train, owned, rows_per_block = case
    length = data.draw(st.integers(1, train.n_items))
    with in_blocks(rows_per_block, train.n_items):
        items, scores = top_items(CpuBackend(), *factors, train, length)
    assert (items.dtype, scores.dtype) == (np.int32, np.float32)
    assert items.shape == scores.shape == (train.n_users, length)
    for user in range(train.n_users):
        expected = sorted_candidates(factors, owned, user)[:length]
        missing = length - len(expected)
        assert items[user].tolist() == [item for _, item in expected] + [-1] * missing
        np.testing.assert_array_equal(
            scores[user], [score for score, _ in expected] + [math.nan] * missing
        )


@settings(max_examples=150, deadline=None)
@given(rankings(), st.data())
def test_ranks_equal_a_full_sort(case, data):
    factors, train, owned, rows_per_block = case
    targets, expected = [], []
    for user in range(train.n_users):
        candidates = [item for _, item in sorted_candidates(factors, owned, user)]
        some = sorted(candidates[: data.draw(st.integers(0, len(candidates)))])
        targets.append(some[data.draw(st.integers(0, len(some))) :])
        expected += [candidates.index(target) + 1 for target in targets[-1]]
    with in_blocks(rows_per_block, train.n_items):
        targets = held_out(targets, train.n_items)
        ranks = target_ranks(CpuBackend(), *factors, train, targets)
    assert ranks.dtype == np.int32
    assert ranks.tolist() == expected


def test_ranks_are_places_in_the_lists_for_real_scores():
    rng = np.random.default_rng(2)
    owned = rng.random((300, 200)) < 0.1
    train = UserItems.from_pairs(*np.nonzero(owned), 300, 200)
    factors = [rng.normal(0, 1, (n, 16)).astype(np.float32) for n in (300, 200)]
    items, scores = top_items(CpuBackend(), *factors, train, 200)
    assert (np.diff(scores[~owned.any(1)]) <= 0).all()
    place = rng.integers(0, 100, 300)
    targets = held_out(items[np.arange(300), place], 200)
    assert (target_ranks(CpuBackend(), *factors, train, targets) == place + 1).all()


def test_a_block_holds_one_user_at_least():
    train = UserItems.from_pairs(*owned_by(5, 0), 5, 4)
    factors = np.ones((5, 2), np.float32), np.ones((4, 2), np.float32)
    with mock.patch.object(ranking, "SCORED", 1):
        items, _ = top_items(CpuBackend(), *factors, train, 3)
    assert items.tolist() == [[1, 2, 3]] * 5


def test_lists_longer_than_the_catalogue_are_an_error():
    train = UserItems.from_pairs(*owned_by(5, 0), 5, 4)
    message = r"evaluation\.k asks for lists of 5 items, .* only 4 items"
    factors = np.ones((5, 2), np.float32), np.ones((4, 2), np.float32)
    with pytest.raises(DataError, match=message):
        top_items(CpuBackend(), *factors, train, 5)
    with pytest.raises(DataError, match=message):
        random_items(train, 5, seed=0)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    ("side", "value"), [(0, math.nan), (1, math.nan), (1, math.inf), (1, -math.inf)]
)
def test_a_score_that_is_no_number_is_an_error(side, value):
    train = UserItems.from_pairs(*owned_by(5, 0), 5, 4)
    factors = [np.zeros((n, 2), np.float32) for n in (5, 4)]
    factors[side][3, 1] = value  # infinity times 0 is NaN
    with pytest.raises(DataError, match="A score is NaN"):
        top_items(CpuBackend(), *factors, train, 2)
    with pytest.raises(DataError, match="A score is NaN"):
        target_ranks(CpuBackend(), *factors, train, held_out([2] * 5, 4))


# --- The random recommender ---------------------------------------------------------------------------


def test_random_lists_are_uniform_over_ordered_candidates():
    n_users = 12_000
    train = UserItems.from_pairs(*owned_by(n_users, 0, 1, 4), n_users, 7)
    items, _ = random_items(train, 2, seed=3)
    pairs, counts = np.unique(items, axis=0, return_counts=True)
    # Candidates 2, 3, 5, 6: twelve ordered pairs without repetition, 1,000 times each.
    expected = [[a, b] for a in (2, 3, 5, 6) for b in (2, 3, 5, 6) if a != b]
    assert pairs.tolist() == expected
    assert (np.abs(counts - 1000) < 5 * math.sqrt(1000 * 11 / 12)).all()


def test_random_lists_of_users_with_few_candidates_are_short():
    train = UserItems.from_pairs(
        np.repeat([0, 1], [3, 5]), np.array([0, 2, 4, 0, 1, 2, 3, 4]), 3, 5
    )
    items, scores = random_items(train, 4, seed=0)
    assert sorted(items[0].tolist()) == [-1, -1, 1, 3]
    assert items[0, 2:].tolist() == [-1, -1]
    assert np.isnan(scores[0]).tolist() == [False, False, True, True]
    assert items[1].tolist() == [-1] * 4
    assert len(set(items[2].tolist()) & set(range(5))) == 4
    assert (np.diff(scores[2]) < 0).all()


def test_random_lists_are_fixed_by_the_seed_whatever_the_blocks():
    train = UserItems.from_pairs(*owned_by(50, 3), 50, 21)
    items, scores = random_items(train, 10, seed=4)
    for rows_per_block in (1, 7, 50):
        with in_blocks(rows_per_block, 21):
            again = random_items(train, 10, seed=4)
        np.testing.assert_array_equal(again[0], items)
        np.testing.assert_array_equal(again[1], scores)
    assert (random_items(train, 10, seed=5)[0] != items).mean() > 0.5


def test_lists_become_one_row_per_recommendation():
    items = np.array([[7, 2, 5], [4, -1, -1], [-1, -1, -1], [0, 1, -1]], np.int32)
    scores = np.where(items < 0, np.nan, 10 - items).astype(np.float32)
    columns = lists_to_columns(items, scores)
    assert {name: column.tolist() for name, column in columns.items()} == {
        "user": [0, 0, 0, 1, 3, 3],
        "rank": [1, 2, 3, 1, 1, 2],
        "item": [7, 2, 5, 4, 0, 1],
        "score": [3, 8, 5, 6, 10, 9],
    }
    assert [column.dtype.name for column in columns.values()] == [
        "int32",
        "int16",
        "int32",
        "float32",
    ]


def test_ranks_of_targets_in_lists_of_any_length():
    items = np.array([[3, 1, 2], [0, -1, -1], [4, 5, 6], [-1, -1, -1]], np.int32)
    targets = held_out([[0, 2, 3], 5, -1, [0, 7]], 8)
    assert targets.ranks_in(items).tolist() == [0, 3, 1, 0, 0, 0]
