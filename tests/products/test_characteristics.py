"""Rho, characteristics and regressions on data with known lines, what is said about them, and their figure."""

import logging
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from awkward_title import AWKWARD, IN_MARKDOWN, assert_written
from embrittle.errors import DataError
from embrittle.metrics import tidy
from embrittle.products.characteristics import cells as ch
from embrittle.products.characteristics import tables as report
from embrittle.products.characteristics.figure import figure3
from embrittle.render import published as pub
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save
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
    found = tidy.robustness(METRICS, 10)
    assert list(found.columns) == tidy.ROBUSTNESS
    assert found["rho"].tolist() == pytest.approx([25.0, -25.0, 0.0, 75.0])
    assert found["initial"].tolist() == [0.04, 0.04, 0.08, 0.08]
    assert found["value"].tolist() == [0.03, 0.05, 0.08, 0.02]
    assert tidy.robustness(METRICS, 10, epsilon=0.5)["epsilon"].tolist() == [0.5] * 3


def test_only_ndcg_at_k_counts():
    others = pd.concat([METRICS, METRICS.assign(metric="RE", value=1), METRICS.assign(k=20)])
    assert tidy.robustness(others, 10).equals(tidy.robustness(METRICS, 10))
    with pytest.raises(DataError, match="no rows for K = 5"):
        tidy.robustness(METRICS, 5)


def test_without_an_unperturbed_value_there_is_no_rho(caplog):
    broken = metrics(
        ("a", "AMF", 0, "initial", 0.0, 0, 0.0),
        ("a", "AMF", 0, "fgsm", 0.5, 1, 0.0),
        ("a", "AMF", 0, "pgd", 0.5, 25, 0.1),
        ("b", "AMF", 3, "fgsm", 0.5, 1, 0.1),
    )
    with caplog.at_level(logging.WARNING):
        found = tidy.robustness(broken, 10)
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
    with pytest.raises(DataError, match="'ml-1m-k10' occurs twice"):
        ch.characteristics_table(table_of((10, 10)))


def test_a_sub_sample_without_metrics_does_not_take_the_others_with_it(caplog):
    table = ch.characteristics_table(table_of((10, 20)))
    robust = made_up_points({"AMF": -5}, ks=(10, 30))[tidy.ROBUSTNESS]
    with caplog.at_level(logging.WARNING):
        joined = ch.points(robust, table)
    assert set(joined["dataset"]) == {"ml-1m-k10"}
    assert joined["density"].unique() == pytest.approx([998_539 / (6040 * 3260)])
    assert caplog.messages == ["ml-1m-k20 has no metrics, so the regressions leave it out"]


# --- one characteristic


@pytest.mark.parametrize(("over", "slope"), [("density", -96.1), ("size", 1.2e-6), ("shape", 18.5)])
def test_a_known_slope_comes_back(over, slope):
    data = made_up_points({"BPR-MF": slope}, over=over, seeds=(0, 1))
    row = one(ch.regressions(data), attack="pgd", iterations=25, characteristic=over)
    centre = np.mean([statistics(k)[over] for k in COUNTS])
    assert row.slope == pytest.approx(slope, rel=1e-10)
    assert row.intercept == pytest.approx(43.0 - slope * centre, rel=1e-10)
    assert row.ci_low == pytest.approx(slope)
    assert row.ci_high == pytest.approx(slope)
    assert row.r_squared == pytest.approx(1.0)
    assert (row.n, row.n_subsamples, row.n_seeds, row.errors) == (20, 10, 2, "means")


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


def fit_of(data, model="BPR-MF", attack="pgd", iterations=25, characteristic="density"):
    wanted = {"model": model, "attack": attack, "iterations": iterations}
    return one(ch.regressions(data), **wanted, characteristic=characteristic)


def test_a_line_through_the_means_of_seeds_is_the_textbook_s(noisy):
    rows = only(noisy, model="BPR-MF", attack="pgd", iterations=25)
    means = rows.groupby("k")["rho"].mean().to_numpy()
    assert numbers(fit_of(noisy)) == pytest.approx(closed_form(DENSITY, means))


def test_seeds_that_move_together_make_no_interval_narrower(noisy):
    run = ["dataset", "model", "attack", "iterations"]
    moved = noisy.assign(rho=noisy.groupby(run)["rho"].transform("mean"))
    assert fit_of(moved).standard_error == pytest.approx(fit_of(noisy).standard_error)


def test_the_band_is_the_interval_of_the_line(noisy):
    rows = only(noisy, model="AMF", attack="bim", iterations=10)
    x = np.array([0.06, DENSITY.mean(), 0.13])
    band = ch.regress(rows, ["density"]).band(x)
    y = rows.groupby("k")["rho"].mean().to_numpy()
    slope, intercept, error, *_ = closed_form(DENSITY, y)
    spread = ((DENSITY - DENSITY.mean()) ** 2).sum()
    half = stats.t.ppf(0.975, 8) * error * np.sqrt(spread / 10 + (x - DENSITY.mean()) ** 2)
    assert band["mean"].to_numpy() == pytest.approx(intercept + slope * x)
    assert band["high"].to_numpy() == pytest.approx(intercept + slope * x + half)
    assert band["low"].to_numpy() == pytest.approx(intercept + slope * x - half)


def test_two_sub_samples_give_a_line_but_no_interval_and_one_gives_nothing():
    two = fit_of(made_up_points({"BPR-MF": -96}, ks=(10, 100), seeds=(0, 1), noise=1))
    assert np.isfinite([two.slope, two.intercept]).all()
    assert np.isnan([two.standard_error, two.ci_low, two.ci_high, two.p]).all()
    lone = fit_of(made_up_points({"BPR-MF": -96}, ks=(10,), seeds=(0, 1), noise=1))
    assert np.isnan(numbers(lone)).all()
    assert (lone.n, lone.n_subsamples, lone.n_seeds) == (2, 1, 2)


def test_runs_without_rho_do_not_count(noisy):
    gone = (noisy["k"] == 100) & (noisy["seed"] < 2)
    lame = noisy.assign(rho=noisy["rho"].mask(gone))
    row = fit_of(lame)
    assert (row.n, row.n_subsamples, row.n_seeds) == (28, 10, 3)
    assert numbers(row) == pytest.approx(numbers(fit_of(noisy[~gone])))


def test_rho_that_never_moves_has_slope_zero_and_no_share_of_variance():
    data = made_up_points({"AMF": 0.0}).assign(rho=12.5)
    row = fit_of(data, model="AMF")
    assert row.slope == pytest.approx(0, abs=1e-10)
    assert np.isnan(row.r_squared)


def test_points_of_several_budgets_are_refused(noisy):
    mixed = noisy.assign(epsilon=np.where(noisy["seed"] == 0, 0.5, 1.0))
    for regress in (ch.regressions, ch.joint_regression, ch.slope_differences):
        with pytest.raises(
            DataError, match=r"ml-1m, BPR-MF, fgsm, 1: .* several budgets \(0.5, 1\)"
        ):
            regress(mixed)


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


def test_a_known_difference_of_slopes_comes_back():
    data = made_up_points({"BPR-MF": -96.1, "AMF": -3.65}, seeds=(0, 1))
    row = one(ch.slope_differences(data), attack="bim", iterations=10, characteristic="density")
    found = (row.slope_first, row.slope_second, row.difference, row.sum)
    assert found == pytest.approx((-96.1, -3.65, -92.45, -99.75))
    assert (row.n, row.n_subsamples, row.n_seeds) == (20, 10, 2)


def test_the_difference_is_the_interaction_with_a_level_for_each_pair_of_runs(noisy):
    noisy = noisy[noisy["seed"] == 0]
    ours = one(ch.slope_differences(noisy), attack="pgd", iterations=25, characteristic="shape")
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
    fit = fit_of(noisy, model="AMF", iterations=10)
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


# --- the words


def said_of(data):
    return ch.statements(ch.regressions(data), ch.slope_differences(data))


def judged(data):
    found = said_of(data).itertuples()
    return {
        (row.statement, None if row.statement == ch.FLATTER else row.model): row.verdict
        for row in found
    }


def test_the_paper_s_slopes_without_noise_hold_where_they_are_tested():
    """Density falls while size and shape grow, so one slope gives all three."""
    found = judged(made_up_points({"BPR-MF": -96.1, "AMF": -3.65}, noise=0.001))
    assert set(found.values()) == {"holds"}
    assert list(found) == [
        (ch.DENSER, "BPR-MF"),
        (ch.DENSER, "AMF"),
        (ch.LARGER, "BPR-MF"),
        (ch.LARGER, "AMF"),
        (ch.FLATTER, None),
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
    assert set(judged(two).values()) == {"cannot be told"}


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
        verdicts = ch.statements(
            ch.regressions(data), only(ch.slope_differences(data), characteristic="density")
        )
        assert verdicts["verdict"].iloc[-1] == expected, (bpr, amf)


def test_one_case_against_and_none_for_is_enough_and_is_named():
    slopes = {("BPR-MF", "fgsm"): 0, ("BPR-MF", "pgd"): 80}
    data = made_up_points(slopes, noise=1.0, conditions=(("fgsm", 1), ("pgd", 25)))
    assert said_of(data).iloc[0].to_dict() == {
        "source": "ml-1m",
        "statement": "denser data are safer",
        "model": "BPR-MF",
        "verdict": "does not hold",
        "evidence": "of 2 cases 0 for it; 1 against it: PGD at L = 25; 1 open",
        "n_for": 0,
        "n_against": 1,
        "n_open": 1,
    }


def paragraph(data, titles=None):
    return report.verdict(
        ch.regressions(data), said_of(data), ch.joint_regression(data), titles or {}
    )


def test_the_paragraph_says_what_it_rests_on(noisy):
    text = paragraph(noisy, titles={"ml-1m": "MovieLens 1M"})
    assert text.startswith(f"MovieLens 1M: slopes of {report.RHO}")
    assert "10 sub-samples with 3 seeds each" in text
    assert "for BPR-MF it holds in every case (of 5 cases 5 for it; 0 against it)" in text
    assert "for AMF these runs do not decide it" in text
    assert "not adjusted for their number (45 cases)" in text
    assert "unreadable: the three move together" in text
    assert "one seed" not in text


def test_the_paragraph_says_that_there_is_one_seed_or_one_model():
    text = paragraph(made_up_points({"AMF": -4}, ks=(10, 50, 100)))
    assert "3 sub-samples with 1 seed each, for AMF under" in text
    assert "There is only one seed," in text
    assert "needs both models" in text
    assert "not determined" in text


def test_the_paragraph_says_where_the_joint_regression_can_be_read():
    data = spread_out().assign(rho=np.arange(12.0))
    assert "is readable here (largest VIF" in paragraph(data)


def test_each_source_has_its_paragraph_and_nothing_has_a_sentence(noisy):
    both = pd.concat([noisy, made_up_points({"AMF": -4}, source="x", ks=(10, 100))])
    assert [text.split(":")[0] for text in paragraph(both).split("\n\n")] == ["ml-1m", "x"]
    assert paragraph(noisy.iloc[:0]) == "There are no verdicts, because no sub-sample has metrics."


# --- Markdown


def cells(markdown):
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]


def test_the_markdown_tables_print_the_numbers(noisy, published):
    table = ch.characteristics_table([*table_of((10,)), ("w", "ml-1m", None, statistics(20))])
    assert cells(report.samples_markdown(table))[1:] == [
        ["ml-1m", "all", "6,022", "3,043", "995,000", "0.0543", "18,324,946", "1.979"],
        ["ml-1m", "10", "6,040", "3,260", "998,539", "0.0507", "19,690,400", "1.853"],
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


def test_the_report_has_every_table_and_a_text_with_titles_and_notes(noisy, published):
    samples = ch.characteristics_table(table_of())
    found = report.report(noisy, samples, published, 10, {"ml-1m": "ML_1"}, ["A note."])
    tables = ch.figure3(noisy, published, 10)
    assert list(found) == [*tables, "markdown"]
    assert all(found[name].equals(table) for name, table in tables.items())
    heads = [line[3:] for line in found["markdown"].splitlines() if line.startswith("## ")]
    assert heads == [
        "Verdicts from the intervals", "Sub-samples", "Regressions over one characteristic",
        "Regressions over all three", "Slopes of BPR-MF minus AMF", "Comparison with the published numbers",
    ]  # fmt: skip
    assert "\n\nA note.\n\n## Sub-samples" in found["markdown"]
    named = {row[0] for row in cells(found["markdown"])} - {"Data set"}
    assert named == {"ML\\_1"}
    empty = report.report(noisy.iloc[:0], samples.iloc[:0], published, 10, {})
    assert "no sub-sample has metrics" in empty["markdown"]


def test_an_awkward_title_is_escaped(noisy, published):
    samples = ch.characteristics_table(table_of())
    found = report.report(noisy, samples, published, 10, {"ml-1m": AWKWARD})
    assert_written(found["markdown"], IN_MARKDOWN)


# --- the figure


PANELS = [f"{model} {name}" for model in ("BPR-MF", "AMF") for name in ch.CHARACTERISTICS]


def panel_of(figure, name):
    return next(ax for ax in figure.axes if ax.get_gid() == name)


def artists_of(ax) -> dict:
    found = {artist.get_gid(): artist for artist in [*ax.lines, *ax.collections]}
    return {gid: artist for gid, artist in found.items() if gid is not None}


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def notes_of(figure) -> dict:
    return {ax.get_gid(): text.get_text() for ax in figure.axes for text in ax.texts}


def runs_of(data, model, attack, iterations):
    wanted = (data["model"] == model) & (data["attack"] == attack)
    return data[wanted & (data["iterations"] == iterations)]


def test_six_panels_each_row_with_its_own_scale(noisy):
    figure = figure3(noisy, "ml-1m", 25, 10, title="MovieLens 1M")
    assert [ax.get_gid() for ax in figure.axes] == PANELS
    assert [ax.get_title() for ax in figure.axes] == [
        "(a) BPR-MF", "(b) BPR-MF", "(c) BPR-MF", "(d) AMF", "(e) AMF", "(f) AMF",
    ]  # fmt: skip
    assert figure.get_suptitle() == "MovieLens 1M"
    assert figure3(noisy, "ml-1m", 25, 10).get_suptitle() == "ml-1m"
    heights = [ax.get_ylim() for ax in figure.axes]
    assert len({*heights[:3]}) == len({*heights[3:]}) == 1
    assert heights[0] != heights[3]
    widths = [ax.get_xlim() for ax in figure.axes]
    assert widths[:3] == widths[3:]
    assert "nDCG@10" in figure.axes[0].get_ylabel()
    assert [ax.get_xlabel()[:5] for ax in figure.axes[3:]] == ["densi", "size ", "shape"]


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize(("attack", "iterations"), [("fgsm", 1), ("bim", 10), ("pgd", 10)])
def test_points_bars_line_and_band_carry_the_values(noisy, name, attack, iterations):
    model, characteristic = name.split()
    artists = artists_of(panel_of(figure3(noisy, "ml-1m", 10, 10), name))
    runs = runs_of(noisy, model, attack, iterations)
    by_x = runs.groupby(characteristic)["rho"].agg(["mean", "min", "max"])
    points = np.asarray(artists[f"points {attack}"].get_offsets())
    assert points[:, 0] == pytest.approx(by_x.index.to_numpy())
    assert points[:, 1] == pytest.approx(by_x["mean"].to_numpy())
    bars = np.array(artists[f"bars {attack}"].get_segments())
    assert bars[:, 0, 1] == pytest.approx(by_x["min"].to_numpy())
    assert bars[:, 1, 1] == pytest.approx(by_x["max"].to_numpy())
    fit = ch.regress(runs, [characteristic])
    line = artists[f"line {attack}"]
    x = line.get_xdata()
    assert (x[0], x[-1]) == pytest.approx((by_x.index[0], by_x.index[-1]))
    assert line.get_ydata() == pytest.approx(fit.intercept() + fit.estimate()["slope"] * x)
    vertices = artists[f"band {attack}"].get_paths()[0].vertices
    ends = fit.band(x[:1])
    at_start = vertices[np.isclose(vertices[:, 0], x[0], rtol=1e-12, atol=0), 1]
    assert (at_start.min(), at_start.max()) == pytest.approx((ends["low"][0], ends["high"][0]))


def test_bars_can_be_standard_deviations(noisy):
    figure = figure3(noisy, "ml-1m", 25, 10, PlotSettings(band="sd"))
    bars = artists_of(panel_of(figure, "AMF density"))["bars pgd"]
    by_x = runs_of(noisy, "AMF", "pgd", 25).groupby("density")["rho"].agg(["mean", "std"])
    ends = np.array(bars.get_segments())[:, 1, 1]
    assert ends == pytest.approx((by_x["mean"] + by_x["std"]).to_numpy())
    assert "bars: mean ± sd, 3 seeds" in legend_of(figure)


def test_the_legend(noisy, published):
    assert legend_of(figure3(noisy, "ml-1m", 25, 10, published=published)) == [
        "FGSM",
        "BIM, L = 25",
        "PGD, L = 25",
        "bars: min to max, 3 seeds",
        "band: 95 % interval of the line",
        "PGD, published (L not stated)",
    ]


def test_one_seed_has_neither_bars_nor_band():
    figure = figure3(made_up_points({"BPR-MF": -96, "AMF": -4}, noise=1), "ml-1m", 10, 10)
    for ax in figure.axes:
        names = set(artists_of(ax))
        assert names == {
            f"{what} {a}" for what in ("points", "line") for a in ("fgsm", "bim", "pgd")
        }
    assert legend_of(figure) == ["FGSM", "BIM, L = 10", "PGD, L = 10"]


def test_the_scale_is_that_of_the_points_not_of_a_wide_band():
    few = made_up_points({"BPR-MF": -96, "AMF": -4}, ks=(10, 50, 100), seeds=(0, 1), noise=2)
    ax = panel_of(figure3(few, "ml-1m", 25, 10), "BPR-MF density")
    vertices = artists_of(ax)["band pgd"].get_paths()[0].vertices
    low, high = ax.get_ylim()
    assert vertices[:, 1].max() > high  # else there would be nothing to show
    shown = few[few["iterations"].isin([1, 25]) & (few["model"] == "BPR-MF")]["rho"]
    assert low < shown.min() < shown.max() < high
    assert high - low < 1.25 * (shown.max() - shown.min())


def test_published_points_are_there_where_they_are_comparable(noisy, published):
    for iterations in (10, 25):
        figure = figure3(noisy, "ml-1m", iterations, 10, published=published)
        theirs = artists_of(panel_of(figure, "BPR-MF density"))["published pgd"]
        assert theirs.get_xdata().tolist() == [0.0507, 0.1387]
        assert theirs.get_ydata().tolist() == [43.79, 28.90]
        assert theirs.get_alpha() < 0.5
        gids = [gid for ax in figure.axes for gid in artists_of(ax)]
        assert [gid for gid in gids if gid.startswith("published")] == ["published pgd"]
    at_one = noisy.assign(epsilon=1.0)
    for figure in (
        figure3(noisy, "ml-1m", 25, 10),
        figure3(noisy, "ml-1m", 25, 20, published=published),
        figure3(at_one, "ml-1m", 25, 10, published=published),
        figure3(noisy.assign(source="x"), "x", 25, 10, published=published),
        figure3(noisy, "ml-1m", 25, 10, PlotSettings(published=False), published),
    ):
        assert not [g for ax in figure.axes for g in artists_of(ax) if g.startswith("published")]


def test_what_is_missing_is_said_in_the_panel(noisy):
    kept = noisy[(noisy["model"] == "BPR-MF") & (noisy["attack"] != "bim")]
    figure = figure3(kept, "ml-1m", 25, 10)
    expected = ["BIM: not computed"] * 3 + ["AMF: not in this study"] * 3
    assert notes_of(figure) == dict(zip(PANELS, expected, strict=True))
    assert notes_of(figure3(noisy, "ml-1m", 25, 10)) == {}


def test_a_sub_sample_or_seed_that_is_missing_leaves_the_others(noisy):
    gone = (noisy["k"] == 50) | ((noisy["k"] == 10) & (noisy["seed"] > 0))
    lame = noisy.assign(rho=noisy["rho"].mask(gone))
    points = artists_of(panel_of(figure3(lame, "ml-1m", 25, 10), "AMF size"))["points bim"]
    x, y = np.asarray(points.get_offsets()).T
    assert len(x) == 9
    left = runs_of(lame, "AMF", "bim", 25)
    sizes = sorted(statistics(k)["size"] for k in COUNTS if k != 50)
    assert x.tolist() == sizes
    assert y[-1] == left.loc[(left["k"] == 10) & (left["seed"] == 0), "rho"].item()


def test_further_attacks_and_models_have_their_own_looks(noisy):
    mine = noisy[noisy["attack"] == "pgd"].assign(attack="mine")
    other = noisy[noisy["model"] == "AMF"].assign(model="Other")
    everything = pd.concat([noisy, mine, other])
    attacks = {"fgsm": True, "bim": False, "pgd": False, "mine": False}
    figure = figure3(everything, "ml-1m", 25, 10, attacks=attacks)
    assert len(figure.axes) == 9
    artists = artists_of(panel_of(figure, "AMF shape"))
    points = [artists[f"points {a}"] for a in ("fgsm", "bim", "pgd", "mine")]
    assert len({tuple(p.get_edgecolor()[0]) for p in points}) == 4
    assert len({p.get_paths()[0].vertices.tobytes() for p in points}) == 4
    assert "mine, L = 25" in legend_of(figure)
    # What is not asked for is not drawn, though it is there.
    unasked = artists_of(panel_of(figure3(everything, "ml-1m", 25, 10), "AMF shape"))
    assert "points mine" not in unasked
    assert "points pgd" in unasked


def test_what_cannot_be_drawn_is_refused(noisy):
    with pytest.raises(DataError, match="no sub-samples with metrics of the data set 'x'"):
        figure3(noisy, "x", 25, 10)
    mixed = noisy.assign(epsilon=np.where(noisy["attack"] == "pgd", 1.0, 0.5))
    with pytest.raises(DataError, match=r"several budgets \(0.5, 1\)"):
        figure3(mixed, "ml-1m", 25, 10)


def test_saving_leaves_matplotlib_as_it_was(noisy, tmp_path):
    before = dict(matplotlib.rcParams)
    for name in ("figure3.png", "figure3.pdf"):
        save(figure3(noisy, "ml-1m", 25, 10), tmp_path / name, dpi=50)
        assert (tmp_path / name).stat().st_size > 1000
    assert dict(matplotlib.rcParams) == before
