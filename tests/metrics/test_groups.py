"""Groups of users and items."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from embrittle.errors import DataError
from embrittle.metrics.groups import build, quantile_groups, value_groups

LISTS = pd.ArrowDtype(pa.list_(pa.string()))


def members(groups):
    return [np.flatnonzero(row).tolist() for row in groups.member]


def test_quartiles_are_cut_at_the_values_least_first():
    groups = quantile_groups("items", np.array([8, 1, 7, 2, 6, 3, 5, 4]), 4)
    assert members(groups) == [[1, 3], [5, 7], [4, 6], [0, 2]]
    assert groups.names == ("C1", "C2", "C3", "C4")
    assert groups.labels == ("1 to 2", "3 to 4", "5 to 6", "7 to 8")


def test_equal_values_at_an_edge_stay_together_in_the_lower_group():
    # The median lies between two of the three 2s: all three go below it.
    groups = quantile_groups("items", np.array([1, 2, 2, 2, 3, 4]), 2)
    assert members(groups) == [[0, 1, 2, 3], [4, 5]]
    assert groups.sizes.tolist() == [4, 2]


def test_where_all_values_are_equal_the_other_groups_are_empty():
    groups = quantile_groups("users", np.array([5, 5, 5]), 4)
    assert groups.sizes.tolist() == [3, 0, 0, 0]
    assert groups.labels == ("5", "none", "none", "none")


def test_every_number_is_in_one_group_and_nan_in_none():
    values = np.random.default_rng(0).poisson(3, 500).astype(float)
    values[::7] = np.nan
    groups = quantile_groups("users", values, 4)
    assert (groups.member.sum(axis=0) == ~np.isnan(values)).all()
    highest = [np.nanmax(values[row]) for row in groups.member]
    assert highest == sorted(highest)


def test_quantiles_of_nothing():
    with pytest.raises(DataError, match="users have no values"):
        quantile_groups("users", np.array([np.nan]), 4)


def test_values_make_groups_in_the_order_asked_for_and_missing_ones_none():
    gender = pd.Series(["F", "M", None, "M", "X"], name="gender")
    groups = value_groups("users", gender, ["M", "F"])
    assert members(groups) == [[1, 3], [0]]
    assert groups.labels == ("M", "F")


def test_without_an_order_numbers_are_sorted_as_numbers():
    age = pd.Series([56, 1, 18, 1], name="age", dtype=pd.ArrowDtype(pa.int16()))
    groups = value_groups("users", age)
    assert groups.labels == ("1", "18", "56")
    assert members(groups) == [[1, 3], [2], [0]]


def test_whole_numbers_with_unknown_ones_among_them_stay_whole():
    assert value_groups("users", pd.Series([1.0, np.nan, 2.0], name="age")).labels == ("1", "2")


def test_an_item_with_several_values_is_in_several_groups():
    genres = pd.Series([["Action", "Comedy"], ["Comedy"], None, []], name="genres", dtype=LISTS)
    groups = value_groups("items", genres)
    assert groups.labels == ("Action", "Comedy")
    assert members(groups) == [[0], [0, 1]]


def test_a_group_that_does_not_occur_is_empty_but_one_must():
    gender = pd.Series(["F", "F"], name="gender")
    assert value_groups("users", gender, ["M", "F"]).sizes.tolist() == [0, 2]
    with pytest.raises(DataError, match=r"none of the groups male, female .* values are F\."):
        value_groups("users", gender, ["male", "female"])


def test_a_column_without_values():
    with pytest.raises(DataError, match="'gender' of the users has no values"):
        value_groups("users", pd.Series([None, None], name="gender", dtype=object))


def test_build_takes_counts_columns_or_quantiles_of_columns():
    table = pd.DataFrame({"item": range(4), "price": [4.0, 3.0, 2.0, 1.0]})
    counts = np.array([1, 2, 3, 4])
    assert members(build("items", table, counts, quantiles=2)) == [[0, 1], [2, 3]]
    assert members(build("items", table, counts, quantiles=2, column="price")) == [[2, 3], [0, 1]]
    assert build("items", table, counts, column="price").labels == ("1", "2", "3", "4")


def test_build_says_none_where_the_column_is_not_published():
    assert build("users", pd.DataFrame({"user": [0]}), np.array([1]), column="gender") is None


def test_quantiles_of_texts():
    table = pd.DataFrame({"price": ["cheap", "dear"]})
    with pytest.raises(DataError, match="'price' of the items is not numeric"):
        build("items", table, np.array([1, 1]), column="price", quantiles=2)


def test_build_counts_who_is_in_no_group(caplog):
    table = pd.DataFrame({"gender": ["F", None, "M"]})
    build("users", table, np.ones(3), column="gender")
    assert "1 of 3 users are in no group of gender" in caplog.text
