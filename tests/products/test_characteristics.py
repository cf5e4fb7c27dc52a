"""Rho, characteristics and regressions on data with known lines, and what is said about them."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from embrittle.errors import ConfigError, DataError
from embrittle.products.characteristics import cells as ch
from embrittle.products.characteristics import tables as report
from embrittle.render import published as pub
from made_up_subsamples import COUNTS, made_up_points, statistics, table_of

PUBLISHED = Path(__file__).parents[2] / "resources" / "published" / "characteristics.csv"
DENSITY = np.array([statistics(k)["density"] for k in COUNTS])


@pytest.fixture(scope="module")
def published():
    return pub.load(PUBLISHED)


def metrics(*rows):
    """Rows of (dataset, model, seed, attack, epsilon, iterations, nDCG)."""
    names = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "value"]
    return pd.DataFrame(rows, columns=names).assign(k=10, metric="nDCG")


def only(frame, **wanted):
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    return frame


def one(frame, **wanted):
    (row,) = only(frame, **wanted).itertuples(index=False)
    return row


# --- rho


METRICS = metrics(
    ("a", "BPR-MF", 0, "initial", 0.0, 0, 0.04),
    ("a", "BPR-MF", 0, "fgsm", 0.5, 1, 0.03),
    ("a", "BPR-MF", 0, "pgd", 0.5, 25, 0.05),
    ("a", "BPR-MF", 1, "initial", 0.0, 0, 0.08),
    ("a", "BPR-MF", 1, "fgsm", 0.5, 1, 0.08),
    ("a", "BPR-MF", 1, "fgsm", 1.0, 1, 0.02),
    ("a", "Random", 0, "initial", 0.0, 0, 0.001),
)


def test_rho_is_the_share_that_a_perturbation_takes_away():
    found = ch.robustness(METRICS, 10)
    assert list(found.columns) == ch.ROBUSTNESS
    assert found["rho"].tolist() == pytest.approx([25.0, -25.0, 0.0, 75.0])
    assert found["initial"].tolist() == [0.04, 0.04, 0.08, 0.08]
    assert found["value"].tolist() == [0.03, 0.05, 0.08, 0.02]
    assert ch.robustness(METRICS, 10, epsilon=0.5)["epsilon"].tolist() == [0.5] * 3


def test_only_ndcg_at_k_counts():
    others = pd.concat([METRICS, METRICS.assign(metric="RE", value=1), METRICS.assign(k=20)])
    assert ch.robustness(others, 10).equals(ch.robustness(METRICS, 10))
    with pytest.raises(DataError, match="nothing at K = 5"):
        ch.robustness(METRICS, 5)


def test_without_an_unperturbed_value_there_is_no_rho(caplog):
    broken = metrics(
        ("a", "AMF", 0, "initial", 0.0, 0, 0.0),
        ("a", "AMF", 0, "fgsm", 0.5, 1, 0.0),
        ("a", "AMF", 0, "pgd", 0.5, 25, 0.1),
        ("b", "AMF", 3, "fgsm", 0.5, 1, 0.1),
    )
    with caplog.at_level(logging.WARNING):
        found = ch.robustness(broken, 10)
    assert found["rho"].isna().tolist() == [True] * 3
    assert caplog.messages == [
        "a, AMF, seed 0: the unperturbed nDCG@10 is 0 or missing, so rho is not defined",
        "b, AMF, seed 3: the unperturbed nDCG@10 is 0 or missing, so rho is not defined",
    ]


# --- the table of sub-samples


def test_characteristics_are_ordered_by_source_and_k():
    rows = [*table_of((100, 10)), ("ml-1m", "ml-1m", None, statistics(10)), *table_of((20,), "x")]
    table = ch.characteristics_table(rows)
    assert list(table.columns) == ch.TABLE
    assert table["dataset"].tolist() == ["ml-1m", "ml-1m-k10", "ml-1m-k100", "x-k20"]
    assert table["k"].fillna(0).tolist() == [0, 10, 100, 20]
    whole, small = one(table, dataset="ml-1m"), one(table, dataset="ml-1m-k100")
    assert (whole.n_users, whole.n_items, whole.n_interactions) == (6040, 3260, 998_539)
    assert small.density == pytest.approx(0.13868, abs=1e-5)
    assert small.size == 2945 * 1927
    assert small.shape == 2945 / 1927
    with pytest.raises(DataError, match="'ml-1m-k10' is there twice"):
        ch.characteristics_table(table_of((10, 10)))


def test_a_sub_sample_without_metrics_does_not_take_the_others_with_it(caplog):
    table = ch.characteristics_table(table_of((10, 20)))
    robust = made_up_points({"AMF": -5}, ks=(10, 30))[ch.ROBUSTNESS]
    with caplog.at_level(logging.WARNING):
        joined = ch.points(robust, table)
    assert set(joined["dataset"]) == {"ml-1m-k10"}
    assert joined["density"].unique() == pytest.approx([998_539 / (6040 * 3260)])
    assert caplog.messages == ["ml-1m-k20: no metrics, so it is in no regression"]


# --- one characteristic


@pytest.mark.parametrize("errors", ["means", "clusters", "repeats"])
@pytest.mark.parametrize(("over", "slope"), [("density", -96.1), ("size", 1.2e-6), ("shape", 18.5)])
def test_a_known_slope_comes_back(errors, over, slope):
    data = made_up_points({"BPR-MF": slope}, over=over, seeds=(0, 1))
    row = one(ch.regressions(data, errors), attack="pgd", iterations=25, characteristic=over)
    centre = np.mean([statistics(k)[over] for k in COUNTS])
    assert row.slope == pytest.approx(slope, rel=1e-10)
    assert row.intercept == pytest.approx(43.0 - slope * centre, rel=1e-10)
    assert row.ci_low == pytest.approx(slope)
    assert row.ci_high == pytest.approx(slope)
    assert row.r_squared == pytest.approx(1.0)
    assert (row.n, row.n_subsamples, row.n_seeds, row.errors) == (20, 10, 2, errors)


def test_rows_and_their_order():
    fits = ch.regressions(made_up_points({"AMF": -5, "BPR-MF": -96}))
    keys = fits[["model", "attack", "iterations"]].drop_duplicates()
    attacks = [("fgsm", 1), ("bim", 10), ("bim", 25), ("pgd", 10), ("pgd", 25)]
    assert list(keys.itertuples(index=False, name=None)) == [
        (model, *attack) for model in ("BPR-MF", "AMF") for attack in attacks
    ]
    assert fits["characteristic"].tolist() == ["density", "size", "shape"] * 10


def closed_form(x, y):
    """The textbook's slope, its standard error, interval and p, intercept and R squared."""
    n, dx = len(x), x - x.mean()
    slope = (dx * y).sum() / (dx**2).sum()
    intercept = y.mean() - slope * x.mean()
    residual = ((y - intercept - slope * x) ** 2).sum()
    error = np.sqrt(residual / (n - 2) / (dx**2).sum())
    half = stats.t.ppf(0.975, n - 2) * error
    p = 2 * stats.t.sf(abs(slope / error), n - 2)
    r_squared = 1 - residual / ((y - y.mean()) ** 2).sum()
    return [slope, intercept, error, slope - half, slope + half, p, r_squared]


def numbers(row):
    names = ["slope", "intercept", "standard_error", "ci_low", "ci_high", "p", "r_squared"]
    return [getattr(row, name) for name in names]


@pytest.fixture(scope="module")
def noisy():
    return made_up_points({"BPR-MF": -96, "AMF": -4}, seeds=(0, 1, 2), noise=2.0)


def fit_of(data, errors, model="BPR-MF", attack="pgd", iterations=25, characteristic="density"):
    wanted = {"model": model, "attack": attack, "iterations": iterations}
    return one(ch.regressions(data, errors), **wanted, characteristic=characteristic)


def test_intervals_of_means_and_repeats_are_the_textbook_s(noisy):
    rows = only(noisy, model="BPR-MF", attack="pgd", iterations=25)
    means = rows.groupby("k")["rho"].mean().to_numpy()
    assert numbers(fit_of(noisy, "means")) == pytest.approx(closed_form(DENSITY, means))
    every = closed_form(rows["density"].to_numpy(), rows["rho"].to_numpy())
    assert numbers(fit_of(noisy, "repeats")) == pytest.approx(every)


def test_intervals_of_clusters_are_those_of_statsmodels(noisy):
    rows = only(noisy, model="BPR-MF", attack="pgd", iterations=25).reset_index(drop=True)
    groups = pd.factorize(rows["dataset"])[0]
    theirs = smf.ols("rho ~ density", rows).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    ours = fit_of(noisy, "clusters")
    assert ours.standard_error == pytest.approx(theirs.bse["density"])
    assert (ours.ci_low, ours.ci_high) == pytest.approx(tuple(theirs.conf_int().loc["density"]))
    assert ours.p == pytest.approx(theirs.pvalues["density"])
    half = stats.t.ppf(0.975, 9) * theirs.bse["density"]  # ten sub-samples
    assert ours.ci_high - ours.slope == pytest.approx(half)


def test_the_three_differ_in_the_interval_only(noisy):
    slopes = [fit_of(noisy, errors).slope for errors in ("means", "clusters", "repeats")]
    assert slopes[1:] == pytest.approx(slopes[:1] * 2)
    # The seeds of a sub-sample moved together: the mean of ten is no better than before.
    moved = noisy.assign(
        rho=noisy.groupby(["dataset", "model", "attack", "iterations"])["rho"].transform("mean")
    )
    means, repeats = fit_of(moved, "means"), fit_of(moved, "repeats")
    assert means.standard_error == pytest.approx(fit_of(noisy, "means").standard_error)
    assert repeats.standard_error == pytest.approx(means.standard_error * np.sqrt(8 / 28))


def test_the_band_is_the_interval_of_the_line(noisy):
    rows = only(noisy, model="AMF", attack="bim", iterations=10)
    x = np.array([0.06, DENSITY.mean(), 0.13])
    band = ch.line(rows, "density").band(x)
    y = rows.groupby("k")["rho"].mean().to_numpy()
    slope, intercept, error, *_ = closed_form(DENSITY, y)
    spread = ((DENSITY - DENSITY.mean()) ** 2).sum()
    half = stats.t.ppf(0.975, 8) * error * np.sqrt(spread / 10 + (x - DENSITY.mean()) ** 2)
    assert band["mean"].to_numpy() == pytest.approx(intercept + slope * x)
    assert band["high"].to_numpy() == pytest.approx(intercept + slope * x + half)
    assert band["low"].to_numpy() == pytest.approx(intercept + slope * x - half)


@pytest.mark.parametrize("errors", ["means", "clusters", "repeats"])
def test_two_sub_samples_give_a_line_but_no_interval_and_one_gives_nothing(errors):
    two = fit_of(made_up_points({"BPR-MF": -96}, ks=(10, 100), seeds=(0, 1), noise=1), errors)
    assert np.isfinite([two.slope, two.intercept]).all()
    assert np.isnan([two.standard_error, two.ci_low, two.ci_high, two.p]).all()
    lone = fit_of(made_up_points({"BPR-MF": -96}, ks=(10,), seeds=(0, 1), noise=1), errors)
    assert np.isnan(numbers(lone)).all()
    assert (lone.n, lone.n_subsamples, lone.n_seeds) == (2, 1, 2)


def test_runs_without_rho_do_not_count(noisy):
    gone = (noisy["k"] == 100) & (noisy["seed"] < 2)
    lame = noisy.assign(rho=noisy["rho"].mask(gone))
    row = fit_of(lame, "means")
    assert (row.n, row.n_subsamples, row.n_seeds) == (28, 10, 3)
    assert numbers(row) == pytest.approx(numbers(fit_of(noisy[~gone], "means")))


def test_rho_that_never_moves_has_slope_zero_and_no_share_of_variance():
    data = made_up_points({"AMF": 0.0}).assign(rho=12.5)
    row = fit_of(data, "means", model="AMF")
    assert row.slope == pytest.approx(0, abs=1e-10)
    assert np.isnan(row.r_squared)


def test_points_of_several_budgets_are_refused(noisy):
    mixed = noisy.assign(epsilon=np.where(noisy["seed"] == 0, 0.5, 1.0))
    for regress in (ch.regressions, ch.joint_regression, ch.slope_differences):
        with pytest.raises(
            DataError, match=r"ml-1m, BPR-MF, fgsm, 1: .* several budgets \(0.5, 1\)"
        ):
            regress(mixed)


def test_an_unknown_treatment_of_seeds_is_refused(noisy):
    with pytest.raises(ConfigError, match="'robust'; possible: means, clusters, repeats"):
        ch.regressions(noisy, "robust")


# --- all three


def spread_out(n=12):
    """Points whose characteristics go their own ways."""
    draw = np.random.default_rng(0)
    data = pd.DataFrame(np.exp(draw.normal(size=(n, 3))), columns=list(ch.CHARACTERISTICS))
    names = {"dataset": [f"d{i}" for i in range(n)], "source": "d", "model": "AMF", "seed": 0}
    names |= {"attack": "pgd", "iterations": 25, "epsilon": 0.5}
    return data.assign(**names)


def test_a_known_plane_comes_back_and_is_readable():
    data = spread_out()
    data["rho"] = (
        30 - 4 * np.log(data["density"]) + 2 * np.log(data["size"]) + np.log(data["shape"])
    )
    joint = ch.joint_regression(data)
    assert joint["characteristic"].tolist() == ["log density", "log size", "log shape"]
    assert joint["slope"].tolist() == pytest.approx([-4, 2, 1])
    assert joint["readable"].all()
    assert (joint["note"] == "").all()


def test_collinearity_is_measured(noisy):
    data = spread_out().assign(rho=np.arange(12.0))
    logs = np.log(data[list(ch.CHARACTERISTICS)].to_numpy())
    correlation = np.corrcoef(logs, rowvar=False)
    joint = ch.joint_regression(data)
    assert joint["vif"].to_numpy() == pytest.approx(np.diag(np.linalg.inv(correlation)))
    eigenvalues = np.linalg.eigvalsh(correlation)
    condition = np.sqrt(eigenvalues[-1] / eigenvalues[0])
    assert joint["condition_number"].to_numpy() == pytest.approx([condition] * 3)
    frame = data.assign(x=logs[:, 0], y=logs[:, 1], z=logs[:, 2])
    theirs = smf.ols("rho ~ x + y + z", frame).fit()
    assert joint["slope"].to_numpy() == pytest.approx(theirs.params[1:].to_numpy())
    assert joint["ci_low"].to_numpy() == pytest.approx(theirs.conf_int()[0].to_numpy()[1:])
    assert joint["p"].to_numpy() == pytest.approx(theirs.pvalues[1:].to_numpy())
    of_one_source = ch.joint_regression(noisy)
    assert not of_one_source["readable"].any()
    assert of_one_source["vif"].max() > 1000
    assert of_one_source["note"].str.startswith("unreadable: the three move together").all()


def test_a_joint_regression_needs_five_sub_samples_that_differ():
    few = ch.joint_regression(made_up_points({"AMF": -4}, ks=(10, 40, 70, 100), seeds=(0, 1)))
    assert few["note"].str.startswith("not determined").all()
    assert few["p"].isna().all()
    assert not few["readable"].any()
    same = spread_out().assign(rho=1.0)
    same["shape"] = same["size"] * same["density"]
    same = ch.joint_regression(same)
    assert same["slope"].isna().all()
    assert same["note"].str.startswith("not determined").all()


# --- two models


@pytest.mark.parametrize("errors", ["means", "clusters", "repeats"])
def test_a_known_difference_of_slopes_comes_back(errors):
    data = made_up_points({"BPR-MF": -96.1, "AMF": -3.65}, seeds=(0, 1))
    row = one(
        ch.slope_differences(data, errors), attack="bim", iterations=10, characteristic="density"
    )
    found = (row.slope_first, row.slope_second, row.difference, row.sum)
    assert found == pytest.approx((-96.1, -3.65, -92.45, -99.75))
    assert (row.n, row.n_subsamples, row.n_seeds) == (20, 10, 2)


def test_the_difference_is_the_interaction_with_a_level_for_each_pair_of_runs(noisy):
    ours = one(
        ch.slope_differences(noisy, "repeats"), attack="pgd", iterations=25, characteristic="shape"
    )
    rows = only(noisy, attack="pgd", iterations=25)
    rows = rows.assign(
        pair=rows["dataset"] + "/" + rows["seed"].astype(str),
        first=(rows["model"] == "BPR-MF").astype(float),
        product=(rows["model"] == "BPR-MF") * rows["shape"],
    )
    theirs = smf.ols("rho ~ C(pair) + first + product", rows).fit()
    assert ours.difference == pytest.approx(theirs.params["product"])
    assert ours.standard_error == pytest.approx(theirs.bse["product"])
    assert (ours.ci_low, ours.ci_high) == pytest.approx(tuple(theirs.conf_int().loc["product"]))
    assert ours.p == pytest.approx(theirs.pvalues["product"])


def test_only_runs_of_both_models_are_compared(noisy):
    lame = noisy[~((noisy["model"] == "AMF") & (noisy["k"] == 10) & (noisy["seed"] > 0))]
    assert set(ch.slope_differences(lame)["n"]) == {28}
    alone = ch.slope_differences(only(noisy, model="AMF"))
    assert alone.empty
    assert "difference" in alone


# --- beside the published


def test_published_numbers(published):
    numbers = published.groupby(["model", "quantity"])["value"].agg(list)
    assert numbers.loc[("BPR-MF", "rho")] == [43.79, 28.90]
    assert numbers.loc[("BPR-MF", "slope")] == [-96.10]
    assert numbers.loc[("AMF", "slope")] == [-3.65]
    assert set(published["source"]) == {"section 5.2"}


def test_ours_stand_beside_the_published(noisy, published):
    fits = ch.regressions(noisy)
    beside = ch.compare_with_published(noisy, fits, published, 10)
    assert beside["iterations"].tolist() == [10, 25] * 4
    point = one(beside, quantity="rho", x=0.1387, iterations=25)
    runs = only(noisy, model="BPR-MF", attack="pgd", iterations=25, k=100)["rho"]
    assert (point.value, point.low, point.high) == (runs.mean(), runs.min(), runs.max())
    assert (point.n_seeds, point.published) == (3, 28.90)
    slope = one(beside, quantity="slope", model="AMF", iterations=10)
    fit = fit_of(noisy, "means", model="AMF", iterations=10)
    assert (slope.value, slope.low, slope.high) == (fit.slope, fit.ci_low, fit.ci_high)
    assert slope.published == -3.65


def test_what_is_not_comparable_is_not_compared(noisy, published):
    fits = ch.regressions(noisy)
    assert ch.compare_with_published(noisy, fits, published, 20).empty
    assert ch.compare_with_published(noisy.assign(epsilon=1.0), fits, published, 10).empty
    assert ch.compare_with_published(noisy.assign(source="x"), fits, published, 10).empty
    few = noisy[noisy["k"] < 100]
    beside = ch.compare_with_published(few, ch.regressions(few), published, 10)
    absent = one(beside, quantity="rho", x=0.1387, iterations=25)
    assert np.isnan([absent.value, absent.low, absent.high]).all()
    assert absent.n_seeds == 0


# --- the long form


def test_long_form_has_one_number_a_row(noisy):
    fits = ch.regressions(noisy)
    long = ch.long_form(fits)
    keys = ["source", "model", "attack", "iterations", "characteristic", "errors"]
    assert list(long.columns) == [*keys, "quantity", "value"]
    wide = long.pivot(index=keys, columns="quantity", values="value").reset_index()
    both = fits.merge(wide, on=keys, suffixes=("", "_long"), validate="one_to_one")
    for name in ch.ESTIMATES:
        assert both[name].to_numpy(float) == pytest.approx(both[f"{name}_long"].to_numpy(float))
    assert long["quantity"].tolist()[:3] == ["slope", "intercept", "standard_error"]
    joint = ch.long_form(ch.joint_regression(noisy))
    assert set(joint["quantity"]) >= {"vif", "condition_number"}
    assert pd.api.types.is_float_dtype(pd.to_numeric(joint["value"]))


# --- the words


def judged(data, errors="means"):
    fits, apart = ch.regressions(data, errors), ch.slope_differences(data, errors)
    found = report.statements(fits, apart)
    return {(entry["statement"], entry["model"]): entry["verdict"] for entry in found}


def test_the_paper_s_slopes_without_noise_hold_where_they_are_tested():
    """Density falls while size and shape grow, so one slope gives all three."""
    found = judged(made_up_points({"BPR-MF": -96.1, "AMF": -3.65}, noise=0.001))
    assert set(found.values()) == {"holds"}
    assert list(found) == [
        (report.DENSER, "BPR-MF"),
        (report.DENSER, "AMF"),
        (report.LARGER, "BPR-MF"),
        (report.LARGER, "AMF"),
        (report.FLATTER, None),
    ]


def test_the_opposite_does_not_hold():
    found = judged(made_up_points({"BPR-MF": 3.65, "AMF": 96.1}, noise=0.001))
    assert set(found.values()) == {"does not hold"}


def test_with_one_attack_each_way_it_is_mixed():
    slopes = {
        ("BPR-MF", "fgsm"): -90,
        ("BPR-MF", "pgd"): 40,
        ("AMF", "fgsm"): -30,
        ("AMF", "pgd"): 80,
    }
    data = made_up_points(slopes, noise=0.001, conditions=(("fgsm", 1), ("pgd", 25)))
    assert set(judged(data).values()) == {"mixed"}


def test_noise_and_few_sub_samples_leave_it_open():
    noisy = made_up_points({"BPR-MF": -5, "AMF": -5}, noise=10.0)
    assert set(judged(noisy).values()) == {"cannot be told"}
    two = made_up_points({"BPR-MF": -96, "AMF": -5}, ks=(10, 100), seeds=(0, 1, 2), noise=0.01)
    for errors in ("means", "clusters", "repeats"):
        assert set(judged(two, errors).values()) == {"cannot be told"}


def test_flatter_is_nearer_to_zero_whatever_the_sign():
    """A difference of slopes alone would call +50 flatter than -30."""
    for bpr, amf, expected in [
        (-30, 50, "does not hold"),
        (30, -50, "does not hold"),
        (-50, 30, "holds"),
        (50, 30, "holds"),
        (40, 40, "cannot be told"),
        (40, -40, "cannot be told"),
    ]:
        data = made_up_points({"BPR-MF": bpr, "AMF": amf}, noise=0.05)
        verdicts = report.statements(
            ch.regressions(data), only(ch.slope_differences(data), characteristic="density")
        )
        assert verdicts[-1]["verdict"] == expected, (bpr, amf)


def test_one_case_against_and_none_for_is_enough_and_is_named():
    slopes = {("BPR-MF", "fgsm"): 0, ("BPR-MF", "pgd"): 80}
    data = made_up_points(slopes, noise=1.0, conditions=(("fgsm", 1), ("pgd", 25)))
    denser = report.statements(ch.regressions(data), ch.slope_differences(data))[0]
    assert denser == {
        "source": "ml-1m",
        "statement": "denser data are safer",
        "model": "BPR-MF",
        "verdict": "does not hold",
        "evidence": "of 2 cases 0 for it; 1 against it: PGD at L = 25; 1 open",
        "n_for": 0,
        "n_against": 1,
        "n_open": 1,
    }


def paragraph(data, with_joint=True, **more):
    joint = ch.joint_regression(data) if with_joint else None
    return report.verdict(ch.regressions(data), ch.slope_differences(data), joint, **more)


def test_the_paragraph_says_what_it_rests_on(noisy):
    text = paragraph(noisy, titles={"ml-1m": "MovieLens 1M"})
    assert text.startswith(f"MovieLens 1M: slopes of {report.RHO}")
    assert "10 sub-samples with 3 seeds each" in text
    assert "for BPR-MF it holds in every case (of 5 cases 5 for it; 0 against it)" in text
    assert "for AMF it cannot be told with these runs" in text
    assert "not adjusted for their number (45 cases)" in text
    assert "unreadable: the three move together" in text
    assert "one seed" not in text
    assert "joint regression" not in paragraph(noisy, with_joint=False)


def test_the_paragraph_says_that_there_is_one_seed_or_one_model():
    text = paragraph(made_up_points({"AMF": -4}, ks=(10, 50, 100)))
    assert "3 sub-samples with 1 seed each, for AMF under" in text
    assert "There is one seed:" in text
    assert "takes both models" in text
    assert "not determined" in text


def test_the_paragraph_says_where_the_joint_regression_can_be_read():
    data = spread_out().assign(rho=np.arange(12.0))
    assert "is readable here (largest VIF" in paragraph(data)


def test_each_source_has_its_paragraph_and_nothing_has_a_sentence(noisy):
    both = pd.concat([noisy, made_up_points({"AMF": -4}, source="x", ks=(10, 100))])
    assert [text.split(":")[0] for text in paragraph(both).split("\n\n")] == ["ml-1m", "x"]
    assert paragraph(noisy.iloc[:0]) == "There are no sub-samples with metrics to decide by.\n"


# --- Markdown


def cells(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]


def test_the_markdown_tables_print_the_numbers(noisy, published):
    table = ch.characteristics_table([*table_of((10,)), ("w", "ml-1m", None, statistics(20))])
    assert cells(report.characteristics_markdown(table, {"ml-1m": "ML"}))[1:] == [
        ["ML", "all", "6,022", "3,043", "995,000", "0.0543", "18,324,946", "1.979"],
        ["ML", "10", "6,040", "3,260", "998,539", "0.0507", "19,690,400", "1.853"],
    ]
    exact = made_up_points({"BPR-MF": 2e-6, "AMF": 0.5e-6}, over="size", conditions=(("pgd", 25),))
    head, _, size, _ = cells(report.regressions_markdown(ch.regressions(exact)))[:4]
    assert head[:5] == ["Data set", "Model", "Attack", "Over", "Slope"]
    assert size[:6] == [
        "ml-1m",
        "BPR-MF",
        "PGD at L = 25",
        "size (millions)",
        "2.00",
        "2.00 to 2.00",
    ]
    apart = cells(report.differences_markdown(ch.slope_differences(exact)))
    assert apart[0][3:6] == ["Slope BPR-MF", "Slope AMF", "Difference"]
    assert apart[2][:6] == ["ml-1m", "PGD at L = 25", "size (millions)", "2.00", "0.500", "1.50"]
    beside = ch.compare_with_published(noisy, ch.regressions(noisy), published, 10)
    rows = cells(report.comparison_markdown(beside))
    assert [row[4] for row in rows[1::2]] == [
        f"{report.RHO} at 0.0507",
        f"{report.RHO} at 0.1387",
        f"slope of {report.RHO}",
        f"slope of {report.RHO}",
    ]
    assert [row[-1] for row in rows[1::2]] == [
        "43.79",
        "28.90",
        f"{report.MINUS}96.10",
        f"{report.MINUS}3.65",
    ]
    joint = report.joint_markdown(ch.joint_regression(noisy))
    assert cells(joint)[1][-1] == "no"
    assert "Unreadable: the three move together" in joint


def test_missing_numbers_are_dashes():
    two = ch.regressions(made_up_points({"AMF": -4}, ks=(10, 100), conditions=(("fgsm", 1),)))
    row = cells(report.regressions_markdown(two))[1]
    assert row[:5] == ["ml-1m", "AMF", "FGSM", "density", f"{report.MINUS}4.00"]
    assert row[5:8] == ["—", "—", "—"]
