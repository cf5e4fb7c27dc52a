"""Which of several attacks counts: one for all users, or one for each where only rows of users move."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embrittle.data.interactions import UserItems
from embrittle.metrics.ensemble import strongest
from embrittle.metrics.measures import Lists, ndcg_per_user

TEST_ITEMS = UserItems(np.array([0, 1, 2, 2]), np.array([0, 1], np.int32), 4)  # the last has none


def lists_of(*items):
    return Lists(np.array(items, np.int32), np.zeros((len(items), len(items[0])), np.float32))


# Ranks of the test items of users 0 and 1 in lists of 3: first and out; second and second.
UNEVEN = lists_of([0, 2, 3], [0, 2, 3], [0, 1, 2])
EVEN = lists_of([2, 0, 3], [2, 1, 3], [0, 1, 2])


def test_shared_rows_have_the_attack_with_the_smallest_mean():
    """Means 1/2 and 0.63: the first, although it leaves user 0 all."""
    for members, place in (([UNEVEN, EVEN], 0), ([EVEN, UNEVEN], 1)):
        chosen = strongest(members, TEST_ITEMS, 3, separate=False)
        assert chosen.tolist() == [place] * 3


def test_separate_rows_have_the_worst_for_each_user():
    assert strongest([UNEVEN, EVEN], TEST_ITEMS, 3, separate=True).tolist() == [1, 0, 0]


def test_at_shorter_lists_the_choice_may_be_another():
    """In lists of 1 the second attack leaves nothing."""
    assert strongest([UNEVEN, EVEN], TEST_ITEMS, 1, separate=False).tolist() == [1, 1, 1]


@pytest.mark.parametrize("separate", [False, True])
@given(data=st.data())
def test_an_ensemble_is_never_weaker_than_a_member(separate, data):
    orders = data.draw(
        st.lists(
            st.lists(st.permutations(range(4)), min_size=3, max_size=3), min_size=1, max_size=4
        )
    )
    members = [lists_of(*[order[:2] for order in of]) for of in orders]
    chosen = strongest(members, TEST_ITEMS, 2, separate=separate)
    left = np.array([ndcg_per_user(of, TEST_ITEMS, 2) for of in members])
    found = left[chosen, np.arange(3)]
    assert np.nanmean(found) <= np.nanmean(left, axis=1).min() + 1e-12
    if not separate:
        assert len(set(chosen.tolist())) == 1
