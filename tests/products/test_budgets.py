"""Attacks compared at equal norms, on made-up users."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from embrittle.attacks.norms import METADATA, perturbation_norms
from embrittle.files import write_parquet
from embrittle.products.budgets.evaluate import (
    POINT_COLUMNS,
    curves_of,
    explained_shares,
    long_form,
    matched,
    ndcg_at,
    over_seeds,
    read_points,
)

ABOUT = {"dataset": "ml-1m", "model": "BPR-MF", "seed": "3"}
USERS = np.array([1.0, 0.5, 0.0, np.nan])


def point(attack, epsilon, spent, share, iterations=1):
    """All users keep `share` of their nDCG."""
    return {
        "attack": attack,
        "epsilon": epsilon,
        "iterations": iterations,
        "spent_norm": spent,
        "ndcg": USERS * share,
    }


# FGSM loses 0.2 per unit of norm; BIM spends five times its epsilon, and loses 0.3 per unit.
POINTS = [
    point("initial", 0.0, 0.0, 1.0, 0),
    *(point("fgsm", e, e, 1 - 0.2 * e) for e in (0.5, 1.0, 3.0)),
    *(point("bim", e, 5 * e, 1 - 0.3 * 5 * e, 25) for e in (0.1, 0.2, 0.5)),
    point("bim", 0.5, 1.0, 0.9, 10),
]
CURVES = curves_of(POINTS, 25)


def test_a_curve_begins_with_the_unperturbed_model_and_has_one_number_of_steps():
    assert list(CURVES) == ["fgsm", "bim"]
    assert [p["spent_norm"] for p in CURVES["bim"]] == [0.0, 0.5, 1.0, 2.5]
    assert all(p["iterations"] in (0, 25) for p in CURVES["bim"])


@pytest.mark.parametrize(("norm", "share"), [(0, 1), (0.5, 0.9), (0.75, 0.85), (2, 0.6), (3, 0.4)])
def test_users_are_interpolated_between_neighbours(norm, share):
    np.testing.assert_allclose(ndcg_at(CURVES["fgsm"], norm), USERS * share)


def test_beyond_the_largest_norm_nothing_is_made_up():
    assert ndcg_at(CURVES["bim"], 2.6) is None
    np.testing.assert_allclose(ndcg_at(CURVES["bim"], 2.5), USERS * 0.25)


def test_equal_norms_twice_are_no_division_by_zero():
    twice = [point("initial", 0, 0.0, 1.0), point("a", 1, 1.0, 0.5), point("a", 2, 1.0, 0.4)]
    np.testing.assert_allclose(ndcg_at(twice, 1.0), USERS * 0.5)


def test_single_steps_among_several_are_no_point_of_the_curve_over_epsilon():
    points = [*POINTS, point("bim", 0.5, 0.2, 0.97, 1)]
    assert all(p["iterations"] in (0, 25) for p in curves_of(points, 25)["bim"])
    assert [p["epsilon"] for p in curves_of(points, 25)["fgsm"]] == [0, 0.5, 1, 3]


def test_without_the_reference_there_are_values_and_no_differences():
    table = matched({"bim": CURVES["bim"]}, "fgsm", [1.0], ABOUT).iloc[0]
    assert table["value"] == pytest.approx(0.5 * 0.7)
    assert np.isnan(table["difference"])


def test_matched_norms_compare_user_by_user():
    table = matched(CURVES, "fgsm", [1.0, 3.0], ABOUT).set_index(["attack", "spent_norm"])
    bim = table.loc["bim", 1.0]
    assert bim["value"] == pytest.approx(0.5 * 0.7)
    differences = np.array([1.0, 0.5, 0.0]) * (0.7 - 0.8)
    assert bim["difference"] == pytest.approx(differences.mean())
    half = stats.t.ppf(0.975, 2) * differences.std(ddof=1) / np.sqrt(3)
    assert (bim["low"], bim["high"]) == pytest.approx((-0.05 - half, -0.05 + half))
    assert bim["n_users"] == 3
    assert table.loc["fgsm", 1.0]["difference"] == 0
    assert np.isnan(table.loc["bim", 3.0]["value"])  # BIM was not run that far
    assert table.loc["fgsm", 3.0]["value"] == pytest.approx(0.5 * 0.4)
    assert set(table["seed"]) == {3}


def test_the_share_of_the_gap_that_the_norm_explains():
    share = explained_shares(POINTS, CURVES, "fgsm", 0.5, 25, ABOUT).iloc[0]
    # At equal epsilon 0.9 against 0.25; FGSM with BIM's norm, 2.5, keeps 0.5.
    assert share["single_step"] == pytest.approx(0.5 * 0.9)
    assert share["single_step_at_norm"] == pytest.approx(0.5 * 0.5)
    assert share["value"] == pytest.approx(0.5 * 0.25)
    assert share["share"] == pytest.approx((0.9 - 0.5) / (0.9 - 0.25))


def test_no_gap_no_share_and_no_norm_no_share():
    weak = [*POINTS[:4], point("bim", 0.5, 2.5, 0.95, 25)]
    assert np.isnan(
        explained_shares(weak, curves_of(weak, 25), "fgsm", 0.5, 25, ABOUT)["share"]
    ).all()
    far = [*POINTS[:4], point("bim", 0.5, 4.0, 0.1, 25)]
    assert np.isnan(
        explained_shares(far, curves_of(far, 25), "fgsm", 0.5, 25, ABOUT)["share"]
    ).all()


def test_the_long_form_says_norm_and_what_was_spent():
    table = long_form(POINTS, {**ABOUT, "metric": "nDCG@10"}, {"bim": "linf", "fgsm": "l2"})
    assert list(table) == POINT_COLUMNS
    row = table[(table["attack"] == "bim") & (table["epsilon"] == 0.2)].iloc[0]
    assert row[["norm", "iterations", "spent_norm", "seed"]].tolist() == ["linf", 25, 1.0, 3]
    assert row["value"] == pytest.approx(0.35)


def test_intervals_over_seeds_are_students():
    rows = pd.DataFrame({"attack": ["a"] * 3 + ["b"], "x": [1.0, 2.0, 3.0, 5.0]})
    table = over_seeds(rows, "x", ["attack"]).set_index("attack")
    half = stats.t.ppf(0.975, 2) / np.sqrt(3)
    assert table.loc["a"].tolist() == pytest.approx([2, 2 - half, 2 + half, 3])
    assert table.loc["b", "mean"] == 5
    assert np.isnan(table.loc["b", "low"])
    rows.loc[1, "x"] = np.nan
    assert np.isnan(over_seeds(rows, "x", ["attack"]).set_index("attack").loc["a", "mean"])


def columns_of(items):
    n = len(items)
    return {
        "user": np.arange(n, dtype=np.int32),
        "rank": np.ones(n, np.int16),
        "item": np.array(items, np.int32),
        "score": np.zeros(n, np.float32),
    }


def test_points_are_read_from_lists_and_what_they_say_of_themselves(tmp_path):
    paths = [tmp_path / name for name in ("initial.parquet", "bim-1.parquet", "bim-25.parquet")]
    write_parquet(columns_of([0, 1, 2]), paths[0])
    for path, items, delta in ((paths[1], [0, 0, 0], (0.6, 0.3)), (paths[2], [2, 1, 0], (2, 2))):
        norms = perturbation_norms(np.full((2, 1), delta[0]), np.full((1, 1), delta[1]))
        write_parquet(columns_of(items), path, {METADATA: norms})
    conditions = [("initial", "0", 0), ("bim", "0.5", 1), ("bim", "0.5", 25)]
    points = read_points(paths, conditions, np.array([0, 1, -1]), k=1, length=1)
    assert [p["spent_norm"] for p in points] == [0.0, 0.5, 2.0]
    np.testing.assert_array_equal(points[0]["ndcg"], [1, 1, np.nan])
    np.testing.assert_array_equal(points[1]["ndcg"], [1, 0, np.nan])
    np.testing.assert_array_equal(points[2]["ndcg"], [0, 1, np.nan])
    with pytest.raises(ValueError, match="zip"):
        read_points(paths[1:], conditions, np.array([0, 1, -1]), k=1, length=1)
