"""Certified measures: ranks of several test items, users' radii."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle import accuracy
from embrittle.certificates import measures
from embrittle.data.interactions import UserItems


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**31))
def test_several_test_items_never_do_worse_than_their_ranks(seed):
    """Any ranks with at most so many other items above each test item have at least this nDCG."""
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 6), 5
    targets = UserItems.from_pairs(np.zeros(n, int), np.arange(n), 1, 50)
    most = rng.integers(0, 7, n)
    pairs = np.flatnonzero(most < k)
    ranks = measures.worst_ranks(most[pairs], pairs, targets)
    certain = accuracy.ndcg_per_user(ranks, targets.counts, k)[0]
    for _ in range(30):
        above = rng.integers(0, most + 1)  # of other items
        order = np.lexsort((rng.random(n), above))
        true = np.empty(n, int)
        true[order] = above[order] + np.arange(n) + 1
        assert accuracy.ndcg_per_user(true, targets.counts, k)[0] >= certain - 1e-12
    worst = np.sort(most) + np.arange(n) + 1
    assert certain == pytest.approx(
        accuracy.ndcg_per_user(np.where(np.sort(most) < k, worst, 0), targets.counts, k)[0]
    )


def test_radii_count_up_to_and_with_epsilon():
    radii = np.array([[0.1, 0.2, 0.3], [0.0, 0.2, 0.2]], np.float32)
    targets = UserItems.from_pairs(np.array([0, 1, 2]), np.array([4, 5, 6]), 4, 9)
    pairs = np.array([0, 2])
    assert measures.overtaken_at(radii, 0.05).tolist() == [0, 1]
    assert measures.overtaken_at(radii, np.float32(0.2)).tolist() == [2, 3]
    overtaken = measures.overtaken_at(radii, 0.15)
    ndcg = measures.ndcg_left(overtaken, pairs, targets, 3)
    assert ndcg[:3].tolist() == pytest.approx([1 / np.log2(3), 0, 1 / np.log2(3)])
    assert np.isnan(ndcg[3])
    hits = measures.hits_left(overtaken, pairs, targets, 1)
    assert hits[:3].tolist() == [0, 0, 0]
    assert measures.hits_left(overtaken, pairs, targets, 2)[:3].tolist() == [1, 0, 1]


def test_a_users_radius_is_that_of_the_safest_test_item():
    radii = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
    targets = UserItems.from_pairs(np.array([0, 0, 2]), np.array([4, 5, 6]), 3, 9)
    found = measures.user_radii(radii, np.array([0, 1]), targets, 2)
    assert found[[0, 2]].tolist() == pytest.approx([0.4, 0.0])
    assert np.isnan(found[1])
    assert measures.user_radii(radii, np.array([0, 1]), targets, 1)[0] == pytest.approx(0.3)
