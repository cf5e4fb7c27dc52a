"""Sub-samples: what one pass and the k-core keep, and that the rest of the normal form follows."""

import logging
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embrittle.data.normal_form import NormalForm, list_column, normalise
from embrittle.data.readers import read
from embrittle.data.subsample import core, largest_k, subsample
from embrittle.errors import ConfigError, DataError

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("EMBRITTLE_MIRROR", ROOT.parent / "shared" / "data"))
needs_ml1m = pytest.mark.skipif(
    not (MIRROR / "ml-1m.zip").is_file(), reason="no ml-1m.zip in the folder EMBRITTLE_MIRROR"
)
METHODS = ("one-pass", "iterative")


def pairs_frame(pairs) -> pd.DataFrame:
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return pd.DataFrame(
        {"user": np.array(users, dtype=np.int32), "item": np.array(items, dtype=np.int32)}
    )


def kept_pairs(pairs, k, method):
    mask = core(pairs_frame(pairs), k, method)
    assert mask.dtype == bool
    return {pair for pair, keep in zip(pairs, mask, strict=True) if keep}


def one_by_one(pairs, k, method):
    """The definitions in plain Python."""
    left = set(pairs)
    while True:
        before = set(left)
        for side in (0, 1):
            counts = {i: sum(pair[side] == i for pair in left) for i in {p[side] for p in left}}
            left = {pair for pair in left if counts[pair[side]] >= k}
        if method == "one-pass" or left == before:
            return left


def is_core(pairs, users, items, k):
    """Whether each of these users and items has k or more interactions among them."""
    inside = [(u, i) for u, i in pairs if u in users and i in items]
    return all(sum(u == user for u, _ in inside) >= k for user in users) and all(
        sum(i == item for _, i in inside) >= k for item in items
    )


def subsets(ids):
    return [set(chosen) for size in range(len(ids) + 1) for chosen in combinations(ids, size)]


graphs = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), unique=True, min_size=1, max_size=16
)
larger_graphs = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 14)), unique=True, min_size=1, max_size=90
)


@given(graphs, st.integers(1, 4))
def test_the_iterative_core_is_the_largest_set_where_all_have_k(pairs, k):
    kept = kept_pairs(pairs, k, "iterative")
    users, items = {u for u, _ in kept}, {i for _, i in kept}
    # Every pair of the users and items kept is kept, and all have k.
    assert kept == {(u, i) for u, i in pairs if u in users and i in items}
    assert is_core(pairs, users, items, k)
    # Every set of users and items where all have k, of all there are, lies inside.
    for some_users in subsets(range(4)):
        for some_items in subsets(range(4)):
            if is_core(pairs, some_users, some_items, k):
                assert some_users <= users
                assert some_items <= items


@given(larger_graphs, st.integers(1, 6), st.sampled_from(METHODS))
def test_both_methods_do_what_they_say_step_by_step(pairs, k, method):
    assert kept_pairs(pairs, k, method) == one_by_one(pairs, k, method)


def test_one_pass_drops_users_first_and_does_not_come_back():
    # User 2 has one interaction. Without it item 1 has one, and without that user 1 has one.
    pairs = [(0, 0), (0, 2), (1, 0), (1, 1), (2, 1), (0, 3), (3, 3), (3, 2)]
    assert kept_pairs(pairs, 2, "one-pass") == set(pairs) - {(2, 1), (1, 1)}
    assert kept_pairs(pairs, 2, "iterative") == {(0, 2), (0, 3), (3, 2), (3, 3)}


@given(larger_graphs, st.sampled_from(METHODS))
def test_the_largest_k_leaves_something_and_the_next_does_not(pairs, method):
    largest = largest_k(pairs_frame(pairs), method)
    assert kept_pairs(pairs, largest, method)
    assert not kept_pairs(pairs, largest + 1, method)


def made_up_form() -> NormalForm:
    """Users a to d with 3, 1, 2 and 2 items; the part is given."""
    raw = pd.DataFrame(
        {
            "user": ["c", "a", "b", "a", "d", "a", "c", "d"],
            "item": ["x", "z", "y", "x", "z", "w", "z", "w"],
            "rating": [1.0, 2, 3, 4, 5, 1, 2, 3],
            "timestamp": pd.array([8, 7, 6, None, 4, 3, 2, 1], dtype="Int64"),
            "part": ["train", "test", "train", "train", "train", "test", "train", "test"],
        }
    )
    users = pd.DataFrame({"id": ["a", "b", "c"], "age": pd.array([30, 40, 50], dtype="Int16")})
    items = pd.DataFrame({"id": list("wxyz"), "tags": list_column(["p|q", None, "q", "r"])})
    return normalise(raw, "made up", users=users, items=items)


@pytest.mark.parametrize("method", METHODS)
def test_a_sub_sample_is_a_normal_form_of_its_own(method):
    form = made_up_form()
    small = subsample(form, 2, method)
    assert small.users["id"].tolist() == ["a", "c", "d"]
    assert small.users["age"].fillna(0).tolist() == [30, 50, 0]
    assert small.items["id"].tolist() == ["w", "x", "z"]
    assert small.items["tags"].isna().tolist() == [False, True, False]
    assert [list(tags) for tags in small.items["tags"].dropna()] == [["p", "q"], ["r"]]
    rows = small.interactions
    named = zip(small.users["id"][rows["user"]], small.items["id"][rows["item"]], strict=True)
    assert [u + i for u, i in named] == ["cx", "az", "ax", "dz", "aw", "cz", "dw"]
    assert rows["rating"].tolist() == [1, 2, 4, 5, 1, 2, 3]
    assert rows["timestamp"].fillna(0).tolist() == [8, 7, 0, 4, 3, 2, 1]
    assert rows["part"].tolist() == ["train", "test", "train", "train", "test", "train", "test"]
    assert rows.index.tolist() == list(range(7))
    assert small.users["user"].tolist() == [0, 1, 2]
    assert small.items["item"].tolist() == [0, 1, 2]
    for name in ("interactions", "users", "items"):
        assert getattr(small, name).dtypes.equals(getattr(form, name).dtypes)
    assert len(form.interactions) == 8  # the whole is left as it was
    assert form.users["id"].tolist() == ["a", "b", "c", "d"]


def test_a_user_whose_items_are_all_dropped_is_dropped_in_one_pass_too():
    # User 1 has two items that nobody else has.
    raw = pd.DataFrame({"user": [0, 0, 1, 1, 2, 2], "item": [0, 1, 2, 3, 0, 1]})
    small = subsample(normalise(raw, "made up"), 2, "one-pass")
    assert small.users["id"].tolist() == ["0", "2"]
    assert small.interactions["user"].tolist() == [0, 0, 1, 1]


def test_users_without_interactions_do_not_stay():
    raw = pd.DataFrame({"user": [0, 3], "item": [2, 0]})
    small = subsample(normalise(raw, "made up", ids_are_indices=True), 1, "iterative")
    assert small.users["id"].tolist() == ["0", "3"]
    assert small.items["id"].tolist() == ["0", "2"]


def test_k_of_one_keeps_everything():
    form = made_up_form()
    same = subsample(form, 1, "iterative")
    assert same.interactions.equals(form.interactions)
    assert same.users.equals(form.users)
    assert same.items["id"].equals(form.items["id"])


def test_a_k_that_leaves_nothing_names_the_largest_that_does():
    # One pass at k = 2 leaves two interactions of item 2; no set has two everywhere.
    pairs = [(0, 0), (0, 2), (1, 1), (1, 2)]
    form = normalise(pairs_frame(pairs), "made up")
    assert len(subsample(form, 2, "one-pass").interactions) == 2
    with pytest.raises(DataError, match=r"k = 3 \(one-pass\) leaves .* 2 is the largest k"):
        subsample(form, 3, "one-pass")
    with pytest.raises(DataError, match=r"k = 2 \(iterative\) leaves .* 1 is the largest k"):
        subsample(form, 2, "iterative")
    empty = NormalForm(form.interactions.iloc[:0], form.users, form.items)
    with pytest.raises(DataError, match="no interactions to take"):
        subsample(empty, 1, "one-pass")


def test_what_cannot_be_asked_for():
    with pytest.raises(ConfigError, match="must be at least 1, not 0"):
        core(pairs_frame([(0, 0)]), 0, "one-pass")
    with pytest.raises(ConfigError, match="'k-core': use one-pass or iterative"):
        core(pairs_frame([(0, 0)]), 1, "k-core")


def test_the_log_says_what_is_left(caplog):
    with caplog.at_level(logging.INFO, logger="embrittle.data.subsample"):
        subsample(made_up_form(), 2, "one-pass")
    assert caplog.messages[-1:] == [
        "k = 2, one-pass: 7 of 8 interactions, 3 of 4 users, 3 of 4 items"
    ]


@needs_ml1m
def test_the_paper_s_sub_samples_of_movielens_1m():
    """The printed densities, 0.0507 and 0.1387, are those of one pass and not of the k-core."""
    # Without a checksum: a mirror may hold the archive packed anew.
    entry = {"reader": "movielens-1m", "sources": [{"file": "ml-1m.zip"}]}
    form = read(entry, {"ml-1m.zip": MIRROR / "ml-1m.zip"})

    def counts(k, method):
        small = subsample(form, k, method)
        return len(small.interactions), len(small.users), len(small.items)

    def density(n_interactions, n_users, n_items):
        return round(n_interactions / (n_users * n_items), 4)

    assert counts(10, "one-pass") == (998_539, 6_040, 3_260)
    assert density(998_539, 6_040, 3_260) == 0.0507
    assert counts(100, "one-pass") == (787_026, 2_945, 1_927)
    assert density(787_026, 2_945, 1_927) == 0.1387
    assert density(*counts(100, "iterative")) == 0.1428
