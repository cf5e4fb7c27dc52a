"""GCE, MAD and the values of groups, by hand and against the published tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embrittle.errors import ConfigError, DataError
from embrittle.metrics.fairness import (
    ITEM_VALUES,
    NO_MEMBERS,
    NO_TEST_ITEMS,
    NOT_RECOMMENDED,
    compare_groups,
    gce,
    group_hits,
    group_values,
    mad,
)
from embrittle.metrics.groups import Groups
from embrittle.metrics.measures import Lists
from embrittle.products.fairness.plan import FairnessSettings
from embrittle.render import published
from embrittle.section import choices
from held_out import held_out

RESOURCES = Path(__file__).parents[2] / "resources" / "published"
FAIR = {
    4: {"f0": [0.25] * 4, "f1": [0.7, 0.1, 0.1, 0.1], "f4": [0.1, 0.1, 0.1, 0.7]},
    2: {"f0": [0.5] * 2, "f1": [0.75, 0.25], "f2": [0.25, 0.75]},
}
DISC = 1 / np.log2(np.arange(2, 12))  # of the ranks 1, 2, ...

# --- GCE and MAD ----------------------------------------------------------------------------------


def test_gce_by_hand():
    # p = (0.75, 0.25) without smoothing: -1/2 (0.25 / 0.75 + 0.25 / 0.25 - 1) = -1/6.
    assert gce([3, 1], [0.5, 0.5], smoothing=0) == pytest.approx(-1 / 6)
    # beta = 1/2: 4 (sqrt(0.5 * 0.75) + sqrt(0.5 * 0.25) - 1).
    expected = 4 * (np.sqrt(0.375) + np.sqrt(0.125) - 1)
    assert gce([3, 1], [0.5, 0.5], beta=0.5, smoothing=0) == pytest.approx(expected)


def test_gce_smooths_towards_the_background_and_then_normalises():
    x = np.array([0.95 * 0.2 + 0.05 * 1e-4, 0.05 * 1e-4])
    p = x / x.sum()
    expected = -0.5 * (0.25 / p[0] + 0.25 / p[1] - 1)
    assert gce([0.2, 0.0], [0.5, 0.5]) == pytest.approx(expected)
    assert expected < -4000


def test_gce_is_0_where_the_values_are_as_the_fair_ones():
    assert gce([0.7, 0.1, 0.1, 0.1], FAIR[4]["f1"], smoothing=0) == pytest.approx(0, abs=1e-12)
    # Nobody gets anything: smoothed, all get the same.
    assert gce([0, 0], [0.5, 0.5]) == 0
    assert str(gce([0, 0], [0.5, 0.5])) == "0.0"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_gce_is_never_above_fair_and_does_not_depend_on_the_order(values):
    n = len(values)
    assert gce(values, np.full(n, 1 / n)) <= 1e-12
    assert gce(values[::-1], np.full(n, 1 / n)) == pytest.approx(gce(values, np.full(n, 1 / n)))


def test_groups_without_a_value_take_no_part():
    assert gce([np.nan, 3, 1], [0.5, 0.25, 0.25]) == gce([3, 1], [0.5, 0.5])
    assert mad([np.nan, 3, 1]) == 2
    assert np.isnan(gce([np.nan], [1]))
    assert np.isnan(mad([np.nan]))


def test_one_group_alone_is_as_fair_as_can_be():
    assert gce([0.3], [1]) == 0
    assert mad([0.3]) == 0


def test_gce_refuses_what_is_not_defined():
    with pytest.raises(ConfigError, match="not defined for beta = 1"):
        gce([1, 2], [0.5, 0.5], beta=1)
    with pytest.raises(DataError, match="choose a smoothing above 0"):
        gce([0, 2], [0.5, 0.5], smoothing=0)
    with pytest.raises(DataError, match="has 2 groups, but there are 3 groups"):
        gce([1, 2, 3], [0.5, 0.5])


def test_mad_is_the_mean_over_pairs():
    # 1, 3, 3 from the first, 2, 2 from the second, 0.
    assert mad([0, 1, 3, 3]) == pytest.approx(11 / 6)


# --- The published tables -------------------------------------------------------------------------


def published_groups():
    """(dataset, model, condition, attribute) -> the printed nDCG of the groups."""
    table = published.load(RESOURCES / "table2.csv")
    keys = ["dataset", "model", "condition", "attribute"]
    return {key: rows["nDCG"].to_numpy() for key, rows in table.groupby(keys)}


def interval(function, values):
    """The range of `function` that rounding to three decimals leaves: over what may have printed as `values`.

    Looked for at the corners and in the middle, so it may be a little too narrow, never too wide.
    """
    low, high = np.maximum(values - 0.0005, 0), values + 0.0005
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(len(values), -1).T
    results = [function(corner) for corner in corners] + [function(values)]
    return min(results), max(results)


def cells_of_table3(measures):
    table = published.load(RESOURCES / "table3.csv")
    table = table[table["measure"].isin(measures)]
    groups = published_groups()
    for row in table.itertuples(index=False):
        if (row.dataset, row.attribute) != ("lastfm", "user_gender"):
            yield row, groups[row.dataset, row.model, row.condition, row.attribute]


def test_gce_of_the_printed_table_2_is_the_printed_table_3():
    inside, outside = 0, []
    for row, values in cells_of_table3(["GCE_f0", "GCE_f1", "GCE_f2", "GCE_f4"]):
        fair = FAIR[len(values)][row.measure.removeprefix("GCE_")]
        low, high = interval(lambda v, fair=fair: gce(v, fair), values)
        if low - 0.0005 <= row.value <= high + 0.0005:
            inside += 1
        else:
            outside.append((row.dataset, row.model, row.condition, row.attribute, row.measure))
    assert inside + len(outside) == 120
    assert inside >= 117, outside


def test_mad_of_the_printed_user_groups_is_the_printed_madr():
    checked = 0
    for row, values in cells_of_table3(["MADR"]):
        if row.attribute == "item_popularity":
            continue  # of another value than Table 2's
        # Rounding moves each mean by half a unit at most, so a difference by one unit.
        assert row.value == pytest.approx(mad(values), abs=0.001 + 0.0005 + 1e-9), row
        checked += 1
    assert checked == 24


# --- Values of groups -----------------------------------------------------------------------------


def lists_of(rows, scores=None):
    items = np.array(rows, dtype=np.int32)
    scores = np.array(scores, dtype=np.float32) if scores is not None else -items.astype(np.float32)
    return Lists(items, np.where(items < 0, np.nan, scores).astype(np.float32))


def groups(of, *rows):
    return Groups(of, tuple("abcdef"[: len(rows)]), np.array(rows, dtype=bool))


# Four users, five items. Users 0 and 2 hit, at ranks 1 and 2; user 1 misses, user 3 has no test item.
LISTS = lists_of([[0, 1], [1, 2], [2, 3], [0, 3]], [[4, 2], [3, 1], [8, 6], [1, 1]])
TEST = held_out([0, 0, 3, -1], 5)
RATING = np.array([5.0, 4.0, 2.0])


def values_of(which, value="rated-hits"):
    return group_values(which, LISTS, TEST, RATING, 2, 5, value)


def test_user_groups_have_the_mean_of_their_tested_users():
    values, notes = values_of(groups("users", [1, 1, 0, 0], [0, 0, 1, 1]))
    assert values["nDCG"] == pytest.approx([(1 + 0) / 2, DISC[1]])
    assert values["gain"] == pytest.approx(values["nDCG"])
    # Scores of all lists, tested or not: (3 + 2) / 2 and (7 + 1) / 2.
    assert values["score"] == pytest.approx([2.5, 4.0])
    assert notes == ["", ""]


def test_user_groups_without_hits_tests_or_members_have_a_defined_value():
    values, notes = values_of(groups("users", [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]))
    np.testing.assert_array_equal(values["nDCG"], [0, np.nan, np.nan])
    assert notes == ["", NO_TEST_ITEMS, NO_MEMBERS]
    # The mean score needs no test item.
    np.testing.assert_allclose(values["score"], [2.0, 1.0, np.nan])


def test_item_groups_have_the_mean_over_their_recommended_items():
    # Item 0: one hit rated 5, two users have it as the test item, recommended twice.
    # Item 3: one hit rated 2, one user, recommended twice. Items 1 and 2: no hit. Item 4: not recommended.
    values, notes = values_of(groups("items", [1, 1, 0, 0, 1], [0, 0, 1, 1, 0]))
    assert values["nDCG"] == pytest.approx([(5 / 2 + 0) / 2, (0 + 2 / 1) / 2])
    assert values["score"] == pytest.approx([(4 / 2 + 0) / 2, (0 + 6 / 2) / 2])
    assert values["gain"] == pytest.approx([(31 / 2 + 0) / 2, (0 + 3 / 2) / 2])
    assert notes == ["", ""]


def test_another_item_value_changes_ndcg_alone():
    which = groups("items", [1, 1, 0, 0, 1], [0, 0, 1, 1, 0])
    values, _ = values_of(which, "ndcg")
    assert values["nDCG"] == pytest.approx([(1 / 2 + 0) / 2, (0 + DISC[1]) / 2])
    assert values["gain"] == pytest.approx(values_of(which)[0]["gain"])


def test_several_test_items_in_groups():
    # User 0 has item 0 (rated 5) at rank 1 and item 4 not, user 1 item 2 (rated 1) at rank 2 and item 0 not, user 2
    # both of its items, 2 (rated 3) and 3 (rated 2), user 3 none in its list.
    test = held_out([[0, 4], [0, 2], [2, 3], 1], 5)
    relevance = np.array([5.0, 1, 4, 1, 3, 2, 1])
    arguments = (LISTS, test, relevance, 2, 5)
    ideal = 1 + DISC[1]
    users, _ = group_values(groups("users", [1, 1, 0, 0], [0, 0, 1, 1]), *arguments)
    expected = [(1 / ideal + DISC[1] / ideal) / 2, (1 + 0) / 2]
    assert users["nDCG"] == pytest.approx(expected)
    assert users["gain"] == pytest.approx(expected)
    # One item a group: 0, 2 and 3, each recommended to two users.
    single = groups("items", [1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0])
    items, _ = group_values(single, *arguments)
    assert items["nDCG"] == pytest.approx([5 / 2, (1 + 3) / 2, 2 / 1])
    assert items["score"] == pytest.approx([4 / 2, (1 + 8) / 2, 6 / 2])
    assert items["gain"] == pytest.approx([31 / 2, (1 + 7) / 2, 3 / 2])
    ndcg = group_values(single, *arguments, "ndcg")[0]["nDCG"]
    assert ndcg == pytest.approx([1 / ideal / 2, (DISC[1] + 1) / ideal / 2, DISC[1] / ideal])


def test_item_groups_without_recommended_items_have_0_and_those_without_items_nothing():
    values, notes = values_of(groups("items", [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 0]))
    for name in ("nDCG", "score", "gain"):
        assert values[name][0] == 0
        assert np.isnan(values[name][1])
        assert values[name][2] > 0
    assert notes == [NOT_RECOMMENDED, NO_MEMBERS, ""]


def test_only_the_first_k_count_and_short_lists_are_no_hits_of_nobody():
    lists = lists_of([[1, 0], [2, -1]])
    values, _ = group_values(
        groups("users", [1, 0], [0, 1]), lists, held_out([0, -1], 3), np.ones(1), 1, 3
    )
    np.testing.assert_array_equal(values["nDCG"], [0, np.nan])
    np.testing.assert_array_equal(values["score"], [-1, -2])
    longer, _ = group_values(
        groups("users", [1, 0], [0, 1]), lists, held_out([0, -1], 3), np.ones(1), 2, 3
    )
    assert longer["nDCG"][0] == pytest.approx(DISC[1])
    assert longer["score"][1] == -2  # the mean over one item, not over two places


def test_hits_of_groups_of_users_and_of_items():
    # Users 0 and 1 hit items 0 and 2 at the first two places; user 2 misses.
    lists = lists_of([[1, 0, 3], [2, 3, 0], [1, 3, 2]])
    held = held_out([0, 2, 0], 4)
    users = groups("users", [1, 1, 0], [0, 0, 1], [0, 1, 1])
    np.testing.assert_array_equal(group_hits(users, lists, held, 2), [2, 0, 1])
    np.testing.assert_array_equal(group_hits(users, lists, held, 1), [1, 0, 1])
    items = groups("items", [1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1])
    np.testing.assert_array_equal(group_hits(items, lists, held, 2), [1, 2, 0])


def test_unknown_item_value():
    with pytest.raises(ConfigError, match="unknown item value 'fame'; valid: rated-hits, ndcg"):
        values_of(groups("items", [1, 1, 1, 1, 1]), "fame")


def test_the_item_values_are_those_the_configuration_allows():
    allowed = choices(FairnessSettings.model_fields["item_value"].annotation)
    assert allowed == list(ITEM_VALUES)


def test_comparing_groups():
    values = {
        "nDCG": np.array([0.3, 0.1]),
        "score": np.array([5.0, 2.0]),
        "gain": np.array([1.0, 1.5]),
    }
    settings = {"beta": 2.0, "smoothing": 0.0, "background": 1e-4}
    result = compare_groups(values, {"f1": [0.75, 0.25]}, settings)
    assert list(result) == ["GCE_f0", "GCE_f1", "MADr", "MADR"]
    assert result["GCE_f0"] == pytest.approx(-1 / 6)
    assert result["GCE_f1"] == pytest.approx(0, abs=1e-12)
    assert (result["MADr"], result["MADR"]) == (3.0, 0.5)


def test_quantiles_of_a_larger_sample_against_pandas():
    counts = np.random.default_rng(3).geometric(0.05, 400)
    from embrittle.metrics.groups import quantile_groups

    ours = quantile_groups("items", counts, 4).member.argmax(axis=0)
    np.testing.assert_array_equal(ours, pd.qcut(counts, 4, labels=False))
