"""The budgets of several seeds: tables, statements, figure, on made-up numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from embrittle.errors import DataError
from embrittle.products.budgets.evaluate import MATCHED_COLUMNS, POINT_COLUMNS, SHARE_COLUMNS
from embrittle.products.budgets.figure import budget_figure, curve_points
from embrittle.products.budgets.tables import (
    EQUAL_EPSILON,
    EQUAL_NORM,
    matched_over_seeds,
    report,
    shares_over_seeds,
)
from embrittle.render.statements import CANNOT_BE_TOLD, DOES_NOT_HOLD, HOLDS, MIXED

SETTINGS = {"reference": "fgsm", "compare_at": 0.5, "iterations": 25, "k": 10}


def matched(attack, norm, differences, user_interval=(-1.0, 1.0), value=0.3):
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


REFERENCE = matched("fgsm", 1.0, [0.0, 0.0, 0.0], (0.0, 0.0))
GAPS = table(shares("bim", [0.1, 0.11, 0.12]), columns=SHARE_COLUMNS)


def said(*rows, gaps=GAPS):
    result = report(table(REFERENCE, *rows), gaps, multi_step=["bim", "pgd"], **SETTINGS)
    return result.statements.set_index("statement")["verdict"]


def test_intervals_are_over_seeds_and_with_one_seed_over_its_users():
    differences = [-0.01, -0.02, -0.03]
    cells = matched_over_seeds(table(matched("bim", 1.0, differences))).iloc[0]
    half = stats.t.ppf(0.975, 2) * np.std(differences, ddof=1) / np.sqrt(3)
    assert cells["difference"] == pytest.approx(-0.02)
    assert (cells["low"], cells["high"]) == pytest.approx((-0.02 - half, -0.02 + half))
    alone = matched_over_seeds(table(matched("bim", 1.0, [-0.01], (-0.015, -0.005)))).iloc[0]
    assert (alone["low"], alone["high"], alone["n_seeds"]) == (-0.015, -0.005, 1)


def test_many_steps_can_win_at_equal_epsilon_and_lose_at_equal_norm():
    verdicts = said(matched("bim", 1.0, [0.01, 0.011, 0.012]))
    assert verdicts[EQUAL_EPSILON] == HOLDS
    assert verdicts[EQUAL_NORM] == DOES_NOT_HOLD


def test_an_interval_around_nothing_decides_nothing():
    verdicts = said(matched("bim", 1.0, [0.01, -0.01, 0.0]))
    assert verdicts[EQUAL_NORM] == CANNOT_BE_TOLD
    verdicts = said(matched("bim", 1.0, [-0.01, -0.011, -0.012]), matched("pgd", 1.0, [0.01] * 3))
    assert verdicts[EQUAL_NORM] == MIXED


def test_the_single_step_and_noise_are_no_cases():
    verdicts = said(matched("noise", 1.0, [0.1, 0.11, 0.12]))
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
        matched("bim-l2", 1.0, [-0.01, -0.011, -0.012]),
        matched("bim-l2", 3.0, [np.nan], value=np.nan),
        matched("fgsm", 3.0, [0.0], (0.0, 0.0), value=0.05),
    )
    page = report(rows, GAPS, multi_step=["bim-l2"], titles={"ml-1m": "ML-1M"}, **SETTINGS)
    line = next(line for line in page.markdown.splitlines() if "bim-l2" in line and "**" in line)
    assert line.startswith("| ML-1M, BPR-MF")
    assert "**0.3000 (-0.0110 [" in line
    assert line.rstrip(" |").endswith("—")
    # The reference has no difference to itself.
    line = next(line for line in page.markdown.splitlines() if "| FGSM" in line)
    assert "0.3000 |" in line
    assert "0.0500 |" in line
    assert "(" not in line.partition("FGSM")[2]
    assert "0.4000" in page.markdown
    assert "90 %" in page.markdown
    assert r"\toprule" in page.latex
    assert r"$\Delta$" in page.latex


def test_a_share_of_nothing_has_no_sign():
    page = report(table(REFERENCE), GAPS.assign(share=-0.001), multi_step=["bim"], **SETTINGS)
    assert "| 0 % |" in " ".join(page.markdown.split())
    assert "-0 %" not in page.markdown


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
    over = next(line for label, line in lines.items() if "over $L$" in label)
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


def test_points_of_one_condition_are_taken_together():
    row = curve_points(points()).query("attack == 'bim' and epsilon == 0.1").iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((0.335, 0.33, 0.34))
    assert row["n_seeds"] == 2


def test_a_data_set_without_budgets_cannot_be_drawn():
    with pytest.raises(DataError, match="no budgets of the data set 'lastfm'"):
        draw(points(), "lastfm")
