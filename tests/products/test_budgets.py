"""Attacks compared at equal norms: on made-up users, then tables, statements and figure of several seeds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from awkward_title import AWKWARD, IN_LATEX, IN_MARKDOWN, assert_written
from embrittle.attacks.norms import NORMS_KEY, perturbation_norms
from embrittle.errors import DataError
from embrittle.files import write_parquet
from embrittle.products.budgets.cells import (
    EQUAL_EPSILON,
    EQUAL_NORM,
    curve_points,
    matched_over_seeds,
    shares_over_seeds,
)
from embrittle.products.budgets.evaluate import (
    MATCHED_COLUMNS,
    POINT_COLUMNS,
    SHARE_COLUMNS,
    curves_of,
    explained_shares,
    long_form,
    matched,
    ndcg_at,
    read_points,
)
from embrittle.products.budgets.figure import budget_figure
from embrittle.products.budgets.tables import report
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.statements import CANNOT_BE_TOLD, DOES_NOT_HOLD, HOLDS, MIXED
from embrittle.render.style import COLOURS
from embrittle.stats import over_seeds
from held_out import held_out

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


# FGSM loses 0.2 per unit of norm; the norm of BIM is five times its epsilon, and BIM loses 0.3 per unit.
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


def test_the_long_form_has_the_budget_norm_and_the_perturbation_norm():
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


def test_points_are_read_from_lists_and_their_metadata(tmp_path):
    paths = [tmp_path / name for name in ("initial.parquet", "bim-1.parquet", "bim-25.parquet")]
    write_parquet(columns_of([0, 1, 2]), paths[0])
    for path, items, delta in ((paths[1], [0, 0, 0], (0.6, 0.3)), (paths[2], [2, 1, 0], (2, 2))):
        norms = perturbation_norms(np.full((2, 1), delta[0]), np.full((1, 1), delta[1]))
        write_parquet(columns_of(items), path, {NORMS_KEY: norms})
    conditions = [("initial", "0", 0), ("bim", "0.5", 1), ("bim", "0.5", 25)]
    points = read_points(paths, conditions, held_out([0, 1, -1], 3), k=1, length=1)
    assert [p["spent_norm"] for p in points] == [0.0, 0.5, 2.0]
    np.testing.assert_array_equal(points[0]["ndcg"], [1, 1, np.nan])
    np.testing.assert_array_equal(points[1]["ndcg"], [1, 0, np.nan])
    np.testing.assert_array_equal(points[2]["ndcg"], [0, 1, np.nan])
    with pytest.raises(ValueError, match="zip"):
        read_points(paths[1:], conditions, held_out([0, 1, -1], 3), k=1, length=1)


# --- Over seeds -----------------------------------------------------------------------------------


SETTINGS = {
    "titles": {"ml-1m": "ML-1M"},
    "reference": "fgsm",
    "compare_at": 0.5,
    "iterations": 25,
    "k": 10,
}


def seeds_at(attack, norm, differences, user_interval=(-1.0, 1.0), value=0.3):
    return [
        ("ml-1m", "BPR-MF", seed, attack, norm, value, difference, *user_interval, 100)
        for seed, difference in enumerate(differences)
    ]


def table(*rows, columns=MATCHED_COLUMNS):
    return pd.DataFrame([row for several in rows for row in several], columns=columns)


def shares(attack, values, single=0.4, share=0.9):
    return [
        ("ml-1m", "BPR-MF", seed, attack, 2.5, single, 0.15, value, share)
        for seed, value in enumerate(values)
    ]


REFERENCE = seeds_at("fgsm", 1.0, [0.0, 0.0, 0.0], (0.0, 0.0))
GAPS = table(shares("bim", [0.1, 0.11, 0.12]), columns=SHARE_COLUMNS)


def said(*rows, gaps=GAPS):
    result = report(table(REFERENCE, *rows), gaps, multi_step=["bim", "pgd"], **SETTINGS)
    return result["statements"].set_index("statement")["verdict"]


def test_intervals_are_over_seeds_and_with_one_seed_over_its_users():
    differences = [-0.01, -0.02, -0.03]
    cells = matched_over_seeds(table(seeds_at("bim", 1.0, differences))).iloc[0]
    half = stats.t.ppf(0.975, 2) * np.std(differences, ddof=1) / np.sqrt(3)
    assert cells["difference"] == pytest.approx(-0.02)
    assert (cells["low"], cells["high"]) == pytest.approx((-0.02 - half, -0.02 + half))
    alone = matched_over_seeds(table(seeds_at("bim", 1.0, [-0.01], (-0.015, -0.005)))).iloc[0]
    assert (alone["low"], alone["high"], alone["n_seeds"]) == (-0.015, -0.005, 1)


def test_many_steps_can_win_at_equal_epsilon_and_lose_at_equal_norm():
    verdicts = said(seeds_at("bim", 1.0, [0.01, 0.011, 0.012]))
    assert verdicts[EQUAL_EPSILON] == HOLDS
    assert verdicts[EQUAL_NORM] == DOES_NOT_HOLD


def test_an_interval_around_nothing_decides_nothing():
    verdicts = said(seeds_at("bim", 1.0, [0.01, -0.01, 0.0]))
    assert verdicts[EQUAL_NORM] == CANNOT_BE_TOLD
    verdicts = said(seeds_at("bim", 1.0, [-0.01, -0.011, -0.012]), seeds_at("pgd", 1.0, [0.01] * 3))
    assert verdicts[EQUAL_NORM] == MIXED


def test_the_report_says_how_many_cases_chance_decides():
    rows = table(REFERENCE, seeds_at("bim", 1.0, [0.01] * 3), seeds_at("pgd", 1.0, [0.02] * 3))
    found = report(rows, GAPS, multi_step=["bim", "pgd"], **SETTINGS)
    # One share, and two attacks at one norm.
    assert "not adjusted for their number (3 cases)" in found["markdown"]
    assert "chance alone decides 0.15 cases" in found["markdown"]


def test_an_awkward_title_is_escaped():
    settings = {**SETTINGS, "titles": {"ml-1m": AWKWARD}}
    rows = table(REFERENCE, seeds_at("bim", 1.0, [0.01, 0.02]))
    found = report(rows, GAPS, multi_step=["bim"], **settings)
    assert_written(found["markdown"], IN_MARKDOWN)
    assert_written(found["latex"], IN_LATEX)


def test_the_single_step_and_noise_are_no_cases():
    verdicts = said(seeds_at("noise", 1.0, [0.1, 0.11, 0.12]))
    assert verdicts[EQUAL_NORM] == CANNOT_BE_TOLD


def test_the_gap_has_an_interval():
    row = shares_over_seeds(GAPS).iloc[0]
    half = stats.t.ppf(0.975, 2) * 0.01 / np.sqrt(3)
    assert row["gap"] == pytest.approx(-0.29)
    assert row["gap_low"] == pytest.approx(-0.29 - half)
    assert (row["share"], row["n_seeds"]) == (pytest.approx(0.9), 3)


def test_the_page_shows_what_was_not_run_as_a_dash_and_what_is_decided_bold():
    rows = table(
        REFERENCE,
        seeds_at("bim-l2", 1.0, [-0.01, -0.011, -0.012]),
        seeds_at("bim-l2", 3.0, [np.nan], value=np.nan),
        seeds_at("fgsm", 3.0, [0.0], (0.0, 0.0), value=0.05),
    )
    page = report(rows, GAPS, multi_step=["bim-l2"], **SETTINGS)
    line = next(line for line in page["markdown"].splitlines() if "bim-l2" in line and "**" in line)
    assert line.startswith("| ML-1M, BPR-MF")
    assert "**0.3000 (-0.0110 [" in line
    assert line.rstrip(" |").endswith("—")
    # The reference has no difference to itself.
    line = next(line for line in page["markdown"].splitlines() if "| FGSM" in line)
    assert "0.3000 |" in line
    assert "0.0500 |" in line
    assert "(" not in line.partition("FGSM")[2]
    assert "0.4000" in page["markdown"]
    assert "90 %" in page["markdown"]
    assert r"\toprule" in page["latex"]
    assert r"$\Delta$" in page["latex"]


def test_a_share_of_nothing_has_no_sign():
    page = report(table(REFERENCE), GAPS.assign(share=-0.001), multi_step=["bim"], **SETTINGS)
    assert "| 0 % |" in " ".join(page["markdown"].split())
    assert "-0 %" not in page["markdown"]


def points(seeds=(0, 1)):
    rows = [
        ("ml-1m", "BPR-MF", seed, *row, "nDCG@10", value + 0.01 * seed)
        for seed in seeds
        for *row, value in [
            ("initial", "", 0.0, 0, 0.0, 0.4),
            ("fgsm", "l2", 0.5, 1, 0.5, 0.35),
            ("fgsm", "l2", 1.0, 1, 1.0, 0.3),
            ("bim", "linf", 0.1, 25, 0.6, 0.33),
            ("bim", "linf", 0.5, 1, 0.125, 0.39),
            ("bim", "linf", 0.5, 10, 1.1, 0.25),
            ("bim", "linf", 0.5, 25, 2.5, 0.1),
        ]
    ]
    return pd.DataFrame(rows, columns=POINT_COLUMNS)


METRICS = pd.DataFrame(
    [("ml-1m", "Random", seed, "initial", 0.0, 0, 10, "nDCG", 0.01 * seed) for seed in (1, 2)],
    columns=["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric", "value"],
)


def draw(rows, dataset="ml-1m"):
    methods = {"fgsm": "fgsm", "bim": "bim"}
    return budget_figure(rows, METRICS, dataset, methods, iterations=25, k=10, largest=4.5)


def lines_of(figure):
    return {line.get_label(): line for line in figure.axes[0].get_lines()}


def test_curves_are_means_over_seeds_from_the_unperturbed_model_on():
    lines = lines_of(draw(points()))
    np.testing.assert_allclose(lines["FGSM"].get_xdata(), [0, 0.5, 1])
    np.testing.assert_allclose(lines["FGSM"].get_ydata(), [0.405, 0.355, 0.305])
    np.testing.assert_allclose(lines["BIM"].get_xdata(), [0, 0.6, 2.5])
    over = next(line for label, line in lines.items() if "over L" in label)
    np.testing.assert_allclose(over.get_xdata(), [0.125, 1.1, 2.5])
    levels = [line.get_ydata()[0] for line in lines.values() if line.get_gid() == "random"]
    assert levels == [pytest.approx(0.015)]


def test_the_unperturbed_line_of_every_model_is_inside_its_panel():
    better = points().assign(model="AMF", value=lambda rows: rows["value"] + 0.1)
    for rows in (pd.concat([points(), better]), points()):
        figure = draw(rows)
        for ax in figure.axes:
            line = next(line for line in ax.get_lines() if line.get_gid() == "initial")
            assert ax.get_ylim()[0] == 0
            assert ax.get_ylim()[1] > 1.02 * line.get_ydata()[0]


def test_a_colour_is_that_of_the_attack_in_the_settings_or_else_of_its_method():
    plots = PlotSettings(colours={"weak": "#123456"})
    methods = {"fgsm": "fgsm", "weak": "fgsm"}
    weak = points().query("attack == 'fgsm'").assign(attack="weak")
    rows = pd.concat([points(), weak])
    lines = lines_of(budget_figure(rows, METRICS, "ml-1m", methods, 25, 10, 3.0, plots))
    assert (lines["weak"].get_color(), lines["FGSM"].get_color()) == ("#123456", COLOURS["fgsm"])


def test_points_of_one_condition_are_taken_together():
    row = curve_points(points()).query("attack == 'bim' and epsilon == 0.1").iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((0.335, 0.33, 0.34))
    assert row["n_seeds"] == 2


def test_a_data_set_without_budgets_cannot_be_drawn():
    with pytest.raises(DataError, match="no budgets of the data set 'lastfm'"):
        draw(points(), "lastfm")
