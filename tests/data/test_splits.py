"""Splits: which interactions are held out, and what cannot be split."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.data.splits import split_interactions, statistics
from embrittle.errors import ConfigError, DataError


def interactions(*rows, **columns):
    """Rows of (user, item, timestamp); rating is 10 * user + item."""
    user, item, timestamp = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "user": np.array(user, dtype=np.int32),
            "item": np.array(item, dtype=np.int32),
            "rating": 10.0 * np.array(user, dtype=np.float32) + np.array(item, dtype=np.float32),
            "timestamp": pd.array(timestamp, dtype="Int64"),
        }
    )
    return frame.assign(**columns)


def pairs(frame):
    return list(zip(frame["user"].tolist(), frame["item"].tolist(), strict=True))


TIMED = interactions(
    *[(1, 3, 50), (0, 2, 10), (0, 0, 30), (1, 0, 50), (0, 1, 20), (1, 2, 40), (0, 3, 5)]
)


def test_last_takes_the_largest_timestamp_and_the_later_row_of_equal_ones():
    split = split_interactions(TIMED, "last")
    assert pairs(split.test) == [(0, 0), (1, 0)]  # user 1: items 3 and 0 both at 50, 0 comes later
    assert pairs(split.train) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)]
    assert split.validation.empty


def test_last_validation_is_the_one_before_the_test_item():
    split = split_interactions(TIMED, "last", validation=True)
    assert pairs(split.test) == [(0, 0), (1, 0)]
    assert pairs(split.validation) == [(0, 1), (1, 3)]
    assert pairs(split.train) == [(0, 2), (0, 3), (1, 2)]


def test_parts_have_the_columns_and_types_of_the_files_between_the_stages():
    split = split_interactions(TIMED, "last", validation=True)
    for part in (split.train, split.validation, split.test):
        assert {n: str(t) for n, t in part.dtypes.items()} == {
            "user": "int32",
            "item": "int32",
            "rating": "float32",
        }
        assert part.index.tolist() == list(range(len(part)))
    assert split.validation["rating"].tolist() == [1.0, 13.0]


def test_last_without_timestamps_names_the_alternatives():
    rows = interactions((0, 0, 1), (0, 1, None), (1, 0, None))
    with pytest.raises(
        DataError, match=r"2 of 3 .* no timestamp.*`split: random`, or `split: published`"
    ):
        split_interactions(rows, "last")


def test_single_interaction_stays_in_training(caplog):
    rows = interactions((0, 0, 1), (1, 0, 1), (1, 1, 2), (2, 2, 1), (2, 0, 2), (2, 1, 3))
    with caplog.at_level(logging.WARNING):
        split = split_interactions(rows, "last", validation=True)
    assert pairs(split.train) == [(0, 0), (1, 0), (2, 2)]
    assert pairs(split.validation) == [(2, 0)]
    assert pairs(split.test) == [(1, 1), (2, 1)]
    assert "1 of 3 users have no test interaction" in caplog.text
    assert "2 of 3 users have no validation interaction" in caplog.text


def test_random_draws_every_item_about_equally_often():
    rows = interactions(*[(user, item, None) for user in range(4000) for item in range(4)])
    counts = np.bincount(split_interactions(rows, "random", seed=1).test["item"])
    # Binomial(4000, 1/4): mean 1000, standard deviation 27.4.
    assert (np.abs(counts - 1000) < 5 * 27.4).all()


@settings(deadline=None)
@given(st.permutations(range(40)), st.booleans())
def test_random_does_not_depend_on_the_order_of_rows(order, validation):
    rows = interactions(*[(n % 7, n, None) for n in range(40)])
    expected = split_interactions(rows, "random", 3, validation)
    split = split_interactions(rows.iloc[order], "random", 3, validation)
    pd.testing.assert_frame_equal(split.test, expected.test)
    pd.testing.assert_frame_equal(split.validation, expected.validation)
    pd.testing.assert_frame_equal(split.train, expected.train)


def test_random_depends_on_the_seed_and_validation_leaves_the_test_items():
    rows = interactions(*[(n % 20, n, None) for n in range(400)])
    first = split_interactions(rows, "random", seed=0)
    assert pairs(first.test) != pairs(split_interactions(rows, "random", seed=1).test)
    validated = split_interactions(rows, "random", seed=0, validation=True)
    assert pairs(validated.test) == pairs(first.test)
    assert len(validated.validation) == 20
    assert pairs(validated.validation) != pairs(
        split_interactions(rows, "random", seed=1, validation=True).validation
    )


@settings(deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=1),
    st.sampled_from(["last", "random"]),
    st.booleans(),
)
def test_parts_make_up_the_whole(chosen, method, validation):
    rows = interactions(*[(u, i, (7 * u + 3 * i) % 5) for u, i in sorted(chosen)], (0, 9, 9))
    rows = pd.concat([rows, interactions((6, 0, 0), (6, 1, 1))], ignore_index=True)
    split = split_interactions(rows, method, 0, validation)
    parts = [split.train, split.validation, split.test]
    assert sorted(pair for part in parts for pair in pairs(part)) == sorted(pairs(rows))
    for user, count in rows["user"].value_counts().items():
        of_user = [int((part["user"] == user).sum()) for part in parts]
        test = int(count > 1)
        held_out = int(validation and count > 2)
        assert of_user == [count - test - held_out, held_out, test]
    assert all(pairs(part) == sorted(pairs(part)) for part in parts)


def test_published_follows_the_column():
    rows = interactions(
        *[(0, 0, None), (0, 1, None), (1, 0, None), (1, 2, None), (2, 1, None)],
        part=["train", "test", "test", "train", "train"],
    )
    split = split_interactions(rows, "published")
    assert pairs(split.test) == [(0, 1), (1, 0)]
    assert pairs(split.train) == [(0, 0), (1, 2), (2, 1)]


def test_published_validation_comes_from_training():
    rows = interactions(
        *[(u, i, None) for u in range(3) for i in range(5)],
        part=["train", "train", "test", "train", "train"] * 2 + ["train"] * 4 + ["test"],
    )
    split = split_interactions(rows, "published", seed=4, validation=True)
    assert pairs(split.test) == [(0, 2), (1, 2), (2, 4)]
    assert split.validation["user"].tolist() == [0, 1, 2]
    assert len(split.train) == 9


def test_published_with_several_test_items_and_a_validation_part_of_its_own():
    rows = interactions(
        *[(u, i, None) for u in range(2) for i in range(6)],
        part=[
            *("train", "test", "test", "validation", "test", "train"),
            *("train", "train", "train", "test", "validation", "validation"),
        ],
    )
    for asked in (
        False,
        True,
    ):  # what is for validation is not for training, whatever selects the epoch
        split = split_interactions(rows, "published", seed=4, validation=asked)
        assert pairs(split.train) == [(0, 0), (0, 5), (1, 0), (1, 1), (1, 2)]
        assert pairs(split.validation) == [(0, 3), (1, 4), (1, 5)]
        assert pairs(split.test) == [(0, 1), (0, 2), (0, 4), (1, 3)]


def test_published_users_without_training_items_are_left_out_and_counted(caplog):
    # As a sub-sample may leave it: `normalise` has no such users.
    rows = interactions(
        *[(0, 0, None), (0, 1, None), (1, 2, None), (1, 0, None), (2, 3, None), (2, 4, None)],
        part=["train", "test", "test", "validation", "train", "test"],
    )
    with caplog.at_level(logging.WARNING):
        split = split_interactions(rows, "published")
    assert pairs(split.test) == [(0, 1), (2, 4)]
    assert split.validation.empty
    assert "1 users have no training interaction and are left out, with their 2 held" in caplog.text
    assert "2 items have held-out interactions but no training interaction" in caplog.text
    numbers = statistics(split, n_users=3, n_items=5)
    assert (numbers["users_without_train"], numbers["users_without_test"]) == (1, 1)
    assert numbers["test_items_unseen_in_train"] == 2


def test_published_split_that_a_sub_sample_has_emptied():
    rows = interactions((0, 0, None), (1, 1, None), part=["train", "test"])
    with pytest.raises(DataError, match="no user with training and test interactions"):
        split_interactions(rows, "published")


def test_published_without_the_column():
    with pytest.raises(DataError, match="no published split"):
        split_interactions(TIMED, "published")


def test_user_with_the_whole_catalogue_is_named():
    rows = interactions(
        *[(0, 0, None), (0, 2, None), (1, 0, None), (1, 1, None), (1, 2, None)],
        part=["train", "test", "train", "train", "train"],
    )
    with pytest.raises(DataError, match=r"user 1 .* all 3 items of the catalogue in training"):
        split_interactions(rows, "published")


def test_all_but_the_test_item_is_not_the_whole_catalogue():
    rows = interactions(*[(0, item, item) for item in range(3)])
    assert pairs(split_interactions(rows, "last").test) == [(0, 2)]


def test_nothing_to_split():
    with pytest.raises(DataError, match="no interactions"):
        split_interactions(TIMED.iloc[:0], "last")


def test_unknown_method():
    with pytest.raises(
        ConfigError, match="unknown split method 'first': use last, random or published"
    ):
        split_interactions(TIMED, "first")


def test_statistics_by_hand():
    rows = interactions((0, 0, 1), (1, 0, 1), (1, 1, 2), (2, 2, 1), (2, 0, 2), (2, 1, 3))
    split = split_interactions(rows, "last", validation=True)
    # train: (0,0) (1,0) (2,2); validation: (2,0); test: (1,1) (2,1)
    assert statistics(split, n_users=3, n_items=4) == {
        "n_users": 3,
        "n_items": 4,
        "n_interactions": 6,
        "n_train": 3,
        "n_validation": 1,
        "n_test": 2,
        "density": 0.5,
        "size": 12,
        "shape": 0.75,
        "users_without_train": 0,
        "users_without_validation": 2,
        "users_without_test": 1,
        "items_unseen_in_train": 2,
        "test_items_unseen_in_train": 2,
    }
