"""Intervals over seeds, paired tests and Holm's correction, against scipy's and values by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from embrittle.stats import half_width, holm, interval, over_seeds, paired_p


def test_half_the_interval_by_the_standard_error():
    # t(0.975) with 1 and 2 degrees of freedom.
    assert half_width(2.0, 2) == pytest.approx(2 * 12.706205)
    assert half_width(np.array([1.0, 0.5]), np.array([2, 3])) == pytest.approx(
        [12.706205, 2.151326]
    )


def test_cells_have_the_interval_of_their_seeds():
    rows = pd.DataFrame(
        {
            "attack": ["pgd"] * 3 + ["bim"] + ["fgsm"] * 2,
            "x": [1.0, 2.0, 4.0, 7.0, 1.0, np.nan],
        }
    )
    cells = over_seeds(rows, "x", ["attack"]).set_index("attack")
    assert list(cells.index) == ["pgd", "bim", "fgsm"]
    assert list(cells["n_seeds"]) == [3, 1, 2]
    assert tuple(cells.loc["pgd", ["low", "high"]]) == pytest.approx(interval([1.0, 2.0, 4.0]))
    assert cells.loc["bim", "mean"] == 7
    assert np.isnan(cells.loc["bim", ["low", "high"]].astype(float)).all()
    assert np.isnan(cells.loc["fgsm", ["mean", "low", "high"]].astype(float)).all()


def test_the_interval_is_students():
    # t(0.975, 1 degree of freedom) = 12.706; the standard error of 1 and 3 is 1.
    assert interval([1, 3]) == pytest.approx((2 - 12.706205, 2 + 12.706205))
    low, high = interval([1.0, 2.0, 4.0])
    expected = stats.ttest_1samp([1.0, 2.0, 4.0], 0).confidence_interval()
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert np.isnan(interval([1.0])).all()
    assert np.isnan(interval([1.0, np.nan, 2.0])).all()


def test_the_paired_test_leaves_out_users_without_a_value():
    first, second = np.array([1.0, 2.0, np.nan, 4.0]), np.array([0.0, 3.0, 5.0, 1.0])
    expected = stats.ttest_rel(first[[0, 1, 3]], second[[0, 1, 3]]).pvalue
    assert paired_p(first, second) == pytest.approx(expected)
    assert paired_p(second, second) == 1
    assert paired_p(second + 1, second) == 0
    assert np.isnan(paired_p(first[:1], second[:1]))


def test_holm_corrects_what_is_there():
    corrected = holm([0.01, np.nan, 0.04, 0.03])
    # Ascending 0.01, 0.03, 0.04: times 3, 2, 1, never falling.
    assert corrected[[0, 2, 3]] == pytest.approx([0.03, 0.06, 0.06])
    assert np.isnan(corrected[1])
    assert holm([]).size == 0
