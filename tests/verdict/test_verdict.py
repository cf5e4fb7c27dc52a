"""The tests of claims on made-up results, and the verdicts that follow."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from embrittle.files import write_csv
from embrittle.products.characteristics import cells as ch
from embrittle.render import published as pub
from embrittle.verdict import decisions, judge
from embrittle.verdict.decisions import (
    AGAINST,
    FOR,
    MISSING,
    OPEN,
    PERCENT,
    TESTS,
    TIMES,
    Case,
    Region,
    Setting,
)
from embrittle.verdict.judge import (
    CANNOT_BE_TOLD,
    NOT_REPRODUCED,
    NOT_RUN,
    PARTLY,
    REPRODUCED,
    SHOWN,
)
from embrittle.verdict.sources import Files, StudyResults
from embrittle.verdict.verdict import judge_files
from made_up_claims import (
    ATTACKS,
    COMPARABLE,
    PUT,
    RESOURCES,
    SEEDS,
    World,
    configuration,
    load_published,
    load_register,
    skeleton,
    world_of,
)
from made_up_metrics import FIGURE1_ITERATIONS, TABLE1_ITERATIONS, study_metrics
from made_up_study import MadeUpStudy
from made_up_subsamples import made_up_points

REGISTER, PUBLISHED = load_register(), load_published()
BY_VALUES = [claim for claim in REGISTER.claims if claim.test in {*PUT, "rises_then_falls"}]
OTHERS = [claim for claim in REGISTER.claims if claim not in BY_VALUES]
CLAIMS = {claim.name: claim for claim in REGISTER.claims}


def n_cases(claim) -> int:
    setting = Setting(World("ml-1m", claim.k).study(), PUBLISHED, claim.datasets[0])
    if claim.test == "above_all_others":  # one for each other model: BPR-MF alone here
        return len(list(decisions.bindings(claim.parameters["over"])))
    return len(list(TESTS[claim.test](setting, **claim.parameters)))


def verdict_of(claim, world) -> str:
    (one,) = judge.judge([claim], lambda k: world.study(), PUBLISHED)
    assert one.papers_data
    return one.verdict


# --- Every claim, every verdict -------------------------------------------------------------------


@pytest.mark.parametrize("claim", BY_VALUES, ids=lambda claim: claim.name)
@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (lambda n: [FOR] * n, REPRODUCED),
        (lambda n: [AGAINST] * n, NOT_REPRODUCED),
        (lambda n: [OPEN] * n, CANNOT_BE_TOLD),
        (lambda n: [None] * n, NOT_RUN),
    ],
    ids=["for", "against", "open", "nothing"],
)
def test_every_claim_is_decided_by_made_up_results(claim, sides, expected):
    world = world_of(claim, claim.datasets[0], sides(n_cases(claim)), PUBLISHED)
    assert verdict_of(claim, world) == expected


@pytest.mark.parametrize("claim", BY_VALUES, ids=lambda claim: claim.name)
@pytest.mark.parametrize("odd", [AGAINST, OPEN, None])
def test_one_case_that_is_not_for_a_claim_makes_it_partly_reproduced(claim, odd):
    n = n_cases(claim)
    if n < 2:
        pytest.skip("has a single case")
    world = world_of(claim, claim.datasets[0], [FOR] * (n - 1) + [odd], PUBLISHED)
    assert verdict_of(claim, world) == PARTLY


def figure3(slopes, noise=0.0, ks=tuple(range(10, 101, 10))) -> Files:
    points = made_up_points(slopes, noise=noise, seeds=SEEDS, ks=ks)
    fits = ch.regressions(points)
    return Files(
        metrics=skeleton(["ml-1m"]),
        points=points,
        regressions=fits,
        differences=ch.slope_differences(points),
        comparison=ch.compare_with_published(
            points, fits, pub.load(RESOURCES / "characteristics.csv"), 10
        ),
    )


def judged_by(files: Files, claim, dataset="ml-1m") -> judge.Judged:
    study = StudyResults(files, configuration([dataset]), 10, comparable=COMPARABLE)
    (one,) = judge.judge([claim], lambda k: study, PUBLISHED)
    return one


# Slopes of BPR-MF and AMF over density, noise, and the verdicts. Density falls where size and shape rise.
FALLING, RISING = {"BPR-MF": -96.1, "AMF": -3.65}, {"BPR-MF": 96.1, "AMF": 200.0}
MIXED, NOISY = {"BPR-MF": -96.1, "AMF": 60.0}, {"BPR-MF": 0.0, "AMF": 0.0}
FIGURE3 = [
    ("denser-is-safer", FALLING, 0.05, REPRODUCED),
    ("denser-is-safer", RISING, 0.05, NOT_REPRODUCED),
    ("denser-is-safer", MIXED, 0.05, PARTLY),
    ("denser-is-safer", NOISY, 9.0, CANNOT_BE_TOLD),
    ("larger-is-more-exposed", FALLING, 0.05, REPRODUCED),
    ("larger-is-more-exposed", RISING, 0.05, NOT_REPRODUCED),
    ("larger-is-more-exposed", MIXED, 0.05, PARTLY),
    ("larger-is-more-exposed", NOISY, 9.0, CANNOT_BE_TOLD),
    ("density-slopes", FALLING, 0.01, REPRODUCED),
    ("density-slopes", RISING, 0.01, NOT_REPRODUCED),
    ("density-slopes", MIXED, 0.01, PARTLY),
    ("density-slopes", FALLING, 9.0, CANNOT_BE_TOLD),
    ("defence-flattens", FALLING, 0.05, REPRODUCED),
    ("defence-flattens", RISING, 0.05, NOT_REPRODUCED),
    ("defence-flattens", NOISY, 9.0, CANNOT_BE_TOLD),
]


@pytest.mark.parametrize(("name", "slopes", "noise", "expected"), FIGURE3)
def test_claims_about_slopes(name, slopes, noise, expected):
    # Of its twelve slopes of mere noise one differs from 0 by chance over ten sub-samples; over three, none does.
    few = expected == CANNOT_BE_TOLD and name == "larger-is-more-exposed"
    ks = (10, 50, 100) if few else tuple(range(10, 101, 10))
    assert judged_by(figure3(slopes, noise, ks), CLAIMS[name]).verdict == expected


def test_the_verdict_on_figure_3_names_the_epoch_that_was_attacked():
    judged = judged_by(figure3(FALLING), CLAIMS["denser-is-safer"])
    assert judged.under == "training.selection: best-on-test"
    assert set(judge.claims_table([judged])["under"]) == {judged.under}
    hanging = {name for name, claim in CLAIMS.items() if claim.hangs_on}
    assert hanging == {
        *("denser-is-safer", "larger-is-more-exposed", "density-slopes"),
        *("cost-at-two-densities", "defence-flattens"),
    }


def test_a_defence_that_flattens_some_lines_only():
    steep = {("BPR-MF", attack): -96.1 for attack in ("fgsm", "bim", "pgd")}
    slopes = {**steep, ("AMF", "fgsm"): -3.0, ("AMF", "bim"): -3.0, ("AMF", "pgd"): -200.0}
    assert judged_by(figure3(slopes, 0.05), CLAIMS["defence-flattens"]).verdict == PARTLY


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({10: 43.0, 100: 29.0}, REPRODUCED),
        ({10: 43.0, 100: 40.0}, PARTLY),
        ({10: 60.0, 100: 60.0}, NOT_REPRODUCED),
        ({}, NOT_RUN),
    ],
)
def test_the_cost_at_the_printed_densities(costs, expected):
    files = figure3(FALLING)
    points = files.points.copy()
    points["density"] = points["k"].map({10: 0.05071, 100: 0.13869}).fillna(points["density"])
    points["rho"] = points["k"].map(costs)
    points = points[points["rho"].notna()]
    fits = ch.regressions(points)
    theirs = pub.load(RESOURCES / "characteristics.csv")
    comparison = ch.compare_with_published(points, fits, theirs, 10)
    files = replace(files, points=points, comparison=comparison)
    assert judged_by(files, CLAIMS["cost-at-two-densities"]).verdict == expected


def test_sub_samples_without_results_decide_nothing():
    files = figure3(FALLING)
    points = files.points.assign(rho=np.nan)
    fits, apart = ch.regressions(points), ch.slope_differences(points)
    empty = replace(files, points=points, regressions=fits, differences=apart, comparison=None)
    for name in ("denser-is-safer", "density-slopes", "defence-flattens"):
        assert judged_by(empty, CLAIMS[name]).verdict == NOT_RUN


def test_without_figure_3_its_claims_are_not_run():
    files = Files(metrics=skeleton(["ml-1m"]))
    for claim in OTHERS:
        assert judged_by(files, claim).verdict == NOT_RUN, claim.name


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([-0.01, -0.011, -0.009], REPRODUCED),
        ([0.01, 0.011, 0.009], NOT_REPRODUCED),
        ([-0.01, 0.01, 0.0], CANNOT_BE_TOLD),
    ],
)
def test_at_equal_norms(differences, expected):
    rows = [
        ("ml-1m", model, seed, attack, 0.5, difference)
        for model in ("BPR-MF", "AMF")
        for attack in ("bim", "pgd")
        for seed, difference in zip(SEEDS, differences, strict=True)
    ]
    columns = ["dataset", "model", "seed", "attack", "spent_norm", "difference"]
    files = Files(metrics=skeleton(["ml-1m"]), budgets=pd.DataFrame(rows, columns=columns))
    assert judged_by(files, CLAIMS["equal-norm"]).verdict == expected
    assert judged_by(Files(metrics=skeleton(["ml-1m"])), CLAIMS["equal-norm"]).verdict == NOT_RUN


LEADS = [
    ([10, 11, 9], REPRODUCED),
    ([-10, -11, -9], NOT_REPRODUCED),
    ([-10, 10, 0], CANNOT_BE_TOLD),
]
"""How much more is left of the defence, by seed, and the verdict that follows."""


@pytest.mark.parametrize(("saved", "expected"), LEADS)
def test_the_defence_beside_a_copy_with_its_norms(saved, expected):
    rows = [
        {
            "dataset": "ml-1m",
            "comparison": comparison,
            "attack": attack,
            "seed": seed,
            "saved": value,
        }
        for attack in ("fgsm", "bim", "pgd")
        for comparison, factor in (("printed", -1), ("norms", 1))
        for seed, value in zip(SEEDS, factor * np.array(saved), strict=True)
    ]
    claim = CLAIMS["defence-beyond-its-norms"]
    judged = judged_by(Files(metrics=skeleton(["ml-1m"]), scale=pd.DataFrame(rows)), claim)
    assert judged.verdict == expected
    assert [case.name for case in judged.cases] == ["FGSM", "BIM", "PGD"]
    assert judged_by(Files(metrics=skeleton(["ml-1m"])), claim).verdict == NOT_RUN


@pytest.mark.parametrize(("leads", "expected"), LEADS)
def test_the_defence_by_certificates(leads, expected):
    rows = [
        {
            **{"dataset": "ml-1m", "model": model, "compared_with": "BPR-MF", "rows": rows},
            **{"norm": norm, "seed": seed, "at_least": value if right else -value},
        }
        for model in ("AMF", "copy")
        for norm in ("l2", "linf")
        for rows in ("users", "items", "both")
        for right in [(model, norm, rows) == ("AMF", "l2", "users")]
        for seed, value in zip(SEEDS, leads, strict=True)
    ]
    claim = CLAIMS["defence-certified"]
    files = Files(metrics=skeleton(["ml-1m"]), certificates=pd.DataFrame(rows))
    judged = judged_by(files, claim)
    assert judged.verdict == expected
    assert [case.name for case in judged.cases] == ["users"]
    assert judged_by(Files(metrics=skeleton(["ml-1m"])), claim).verdict == NOT_RUN


def test_every_claim_has_been_put_to_a_test_above():
    tested = {name for name, *_ in FIGURE3} | {"cost-at-two-densities", "equal-norm"}
    tested |= {"defence-beyond-its-norms", "defence-certified"}
    assert {claim.name for claim in OTHERS} == tested


# --- What decides ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([FOR, FOR], REPRODUCED),
        ([FOR, OPEN], PARTLY),
        ([FOR, MISSING], PARTLY),
        ([FOR, AGAINST, OPEN], PARTLY),
        ([AGAINST, OPEN, MISSING], NOT_REPRODUCED),
        ([OPEN, MISSING], CANNOT_BE_TOLD),
        ([MISSING, MISSING], NOT_RUN),
        ([], NOT_RUN),
    ],
)
def test_cases_together(sides, expected):
    cases = [Case("", side) for side in sides]
    assert judge.decide(cases) == expected


@pytest.mark.parametrize(
    ("figure", "side"), [(-1, FOR), (0, FOR), (0.5, AGAINST), (np.nan, OPEN), (np.inf, AGAINST)]
)
def test_sides_of_a_region(figure, side):
    assert Region(high=0).side(figure) == side


def case_of(figures, unit=PERCENT, **limits) -> Case:
    setting = Setting(World("ml-1m").study(), PUBLISHED, "ml-1m")
    return setting.case(pd.Series(figures, dtype=float), unit, **limits)


@pytest.mark.parametrize(
    ("unit", "limits"),
    [
        (PERCENT, {"above": 1}),
        (PERCENT, {"below": 1}),
        (PERCENT, {"above": 0.2, "below": 2}),
        (TIMES, {"above": 1}),
        (TIMES, {"above": 0.5, "below": 1.5}),
    ],
)
def test_a_case_alone_is_decided_exactly_as_by_its_interval(unit, limits):
    low, high = limits.get("above", -np.inf), limits.get("below", np.inf)
    draw, seen = np.random.default_rng(0), set()
    for spread in np.repeat([0.01, 0.1, 0.4, 1.0], 50):
        figures = draw.uniform(0.1, 2.5) * np.exp(spread * draw.normal(size=3))
        case = case_of(figures, unit, **limits)
        inside = low <= case.low and case.high <= high
        outside = case.high < low or case.low > high
        assert case.side == (FOR if inside else AGAINST if outside else OPEN)
        seen.add(case.side)
    assert seen == {FOR, AGAINST, OPEN}


def test_the_p_of_a_case_is_that_of_a_t_test_against_the_nearest_bound():
    figures = [1.0, 2.0, 4.0]
    case = case_of(figures, above=0, below=3)
    assert case.p == pytest.approx(stats.ttest_1samp(figures, 3).pvalue)
    ratio = case_of(figures, TIMES, above=1)
    assert ratio.p == pytest.approx(stats.ttest_1samp(np.log(figures), 0).pvalue)
    assert ratio.ours == pytest.approx(2)


@pytest.mark.parametrize(
    ("figures", "p", "side"),
    [
        ([-0.1] * 3, 0, FOR),
        ([0.1] * 3, 0, AGAINST),
        # Exactly at the bound nothing is shown, for example that no user has a hit before or after.
        ([0.0] * 3, 1, OPEN),
        ([0.1], np.nan, OPEN),
        ([-np.inf] * 3, np.nan, OPEN),
    ],
)
def test_figures_without_variance(figures, p, side):
    case = case_of(figures, below=0)
    assert case.p == pytest.approx(p, nan_ok=True)
    assert case.side == side


# --- Several cases of a claim ---------------------------------------------------------------------

TWENTY = replace(
    CLAIMS["msap-stronger"],
    parameters={
        "over": {"model": [f"M{number}" for number in range(20)]},
        "of": {"from": "table1", "attack": "bim", "metric": "nDCG"},
        "to": {"from": "table1", "attack": "fgsm", "metric": "nDCG"},
        "below": 0,
    },
)
# The mean of three seeds is so many standard errors below 0; with two degrees of freedom 4.3 give p = 0.05.
CLEAR, CLEARER, NOTHING = 6.0, 60.0, 0.5


def judged_at(standard_errors, datasets=("ml-1m",), claim=TWENTY) -> dict[str, judge.Judged]:
    """Data set -> the claim judged there, with cases so many standard errors below 0, in their order over all data."""
    values, heights = {}, iter(standard_errors)
    world = World(datasets[0])
    for dataset in datasets:
        world.dataset = dataset
        for model in claim.parameters["over"]["model"]:
            figures = np.array([-1, 0, 1]) * np.sqrt(3) - next(heights)
            world.put({**claim.parameters["to"], "model": model}, 1.0)
            world.put({**claim.parameters["of"], "model": model}, 1 + figures / 1e4)
        values = world.values
    files = Files(metrics=skeleton(datasets))
    study = StudyResults(files, configuration(datasets), 10, ATTACKS, COMPARABLE)
    study.__dict__["tables"] = values
    return {one.dataset: one for one in judge.judge([claim], lambda k: study, PUBLISHED)}


def n_for(one: judge.Judged) -> int:
    return sum(case.side == FOR for case in one.cases)


def test_one_clear_case_among_many_is_no_reproduction_in_part():
    one = judged_at([CLEAR, *[NOTHING] * 19])["ml-1m"]
    assert one.cases[0].p < 0.05 < one.cases[0].p_holm
    assert one.verdict == CANNOT_BE_TOLD
    assert judged_at([CLEARER, *[NOTHING] * 19])["ml-1m"].verdict == PARTLY
    # Against a claim it counts no more.
    assert judged_at([-CLEAR, *[-NOTHING] * 19])["ml-1m"].verdict == CANNOT_BE_TOLD
    assert judged_at([-CLEARER, *[-NOTHING] * 19])["ml-1m"].verdict == NOT_REPRODUCED


def test_cases_that_are_all_clear_need_no_correction():
    one = judged_at([CLEAR] * 20)["ml-1m"]
    assert one.verdict == REPRODUCED
    assert all(case.p_holm > 0.05 for case in one.cases)
    assert n_for(judged_at([CLEAR] * 19 + [NOTHING])["ml-1m"]) == 0


def test_the_papers_data_sets_are_one_family_and_each_other_one_its_own():
    three = replace(TWENTY, parameters={**TWENTY.parameters, "over": {"model": ["M0", "M1", "M2"]}})
    # Of five cases without an effect and one with p = 0.01: 3 * 0.01 is below 0.05, 6 * 0.01 is not.
    heights = [9.925, NOTHING, NOTHING, *[NOTHING] * 3]
    own = judged_at(heights, ("ml-1m", "lastfm"), three)
    assert own["ml-1m"].cases[0].p_holm == pytest.approx(6 * 0.01, rel=1e-3)
    assert n_for(own["ml-1m"]) == 0
    apart = judged_at(heights, ("ml-1m", "my-shop"), three)
    assert apart["ml-1m"].cases[0].p_holm == pytest.approx(3 * 0.01, rel=1e-3)
    assert n_for(apart["ml-1m"]) == 1
    # All cases of one data set are clear, but the claim is about both.
    assert n_for(judged_at([CLEAR] * 3 + [NOTHING] * 3, ("ml-1m", "lastfm"), three)["ml-1m"]) == 0
    assert n_for(judged_at([CLEAR] * 3 + [NOTHING] * 3, ("ml-1m", "my-shop"), three)["ml-1m"]) == 3


def test_the_table_says_how_many_cases_chance_would_bring():
    judged = judged_at([CLEARER, *[NOTHING] * 19])
    whole, here = judge.claims_table(list(judged.values())).to_dict("records")
    assert whole["for_by_chance"] == here["for_by_chance"] == pytest.approx(20 * 0.025)
    cases = judge.cases_table(list(judged.values()))
    np.testing.assert_allclose(cases["p_holm"], [min(1, 20 * cases["p"][0]), *[1] * 19])
    # A case of one seed can be decided only by its users.
    assert judge.claims_table([one_seed(LOWER)])["for_by_chance"].tolist() == [0, 0]
    by_users = judge.claims_table([one_seed(LOWER, users_of(LOWER))])
    assert by_users["for_by_chance"].tolist() == pytest.approx([0.1, 0.1])


def test_near_is_relative_or_in_points():
    assert Region.around(-20.0, percent=10) == Region(-22, -18)
    assert Region.around(-20.0, points=3) == Region(-23, -17)
    # What is near to a figure that is not printed is not known.
    assert Region.around(np.nan, percent=10).side(1) == OPEN


# --- One seed, several data sets ------------------------------------------------------------------

TWO_CASES = CLAIMS["msap-stronger"]


def users_of(values, seeds=(0,)) -> pd.DataFrame:
    """Of 200 users; (model, condition) -> value, with a little that differs by user."""
    wobble = 0.01 * np.sin(np.arange(200))
    tables = [
        pd.DataFrame({"user": np.arange(200), "ndcg": value + wobble * (1 + len(condition) / 9)})
        .assign(dataset="ml-1m", model=model, seed=seed, condition=condition)
        for (model, condition), value in values.items()
        for seed in seeds
    ]  # fmt: skip
    return pd.concat(tables)


def one_seed(value_of, users=None) -> judge.Judged:
    world = World("ml-1m", seeds=(0,))
    for (model, condition), value in value_of.items():
        world.put({"from": "table1", "model": model, "attack": condition, "metric": "nDCG"}, value)
    (one,) = judge.judge([TWO_CASES], lambda k: world.study(users=users), PUBLISHED)
    return one


LOWER = {
    (model, condition): {"fgsm": 0.04, "bim": 0.02, "pgd": 0.02}[condition]
    for model in ("BPR-MF", "AMF")
    for condition in ("fgsm", "bim", "pgd")
}


def test_one_seed_alone_decides_nothing():
    one = one_seed(LOWER)
    assert one.verdict == CANNOT_BE_TOLD
    assert all(case.n_seeds == 1 and np.isnan(case.low) for case in one.cases)


def test_one_seed_is_decided_by_its_users_where_they_are_stored():
    one = one_seed(LOWER, users_of(LOWER))
    assert one.verdict == REPRODUCED
    assert {case.decided_by for case in one.cases} == {"users"}
    # Four tests: the smallest p counts four times.
    p = sorted(case.p_users for case in one.cases)
    assert min(case.p_users_holm for case in one.cases) == pytest.approx(min(1, 4 * p[0]))
    higher = {key: 0.06 - value for key, value in LOWER.items()}
    assert one_seed(higher, users_of(higher)).verdict == NOT_REPRODUCED


def test_users_do_not_decide_where_several_seeds_do_not():
    world = World("ml-1m")
    for model in ("BPR-MF", "AMF"):
        for condition, values in {"fgsm": 0.04, "bim": [0.01, 0.02, 0.08]}.items():
            place = {"from": "table1", "model": model, "attack": condition, "metric": "nDCG"}
            world.put(place, values)
    study = world.study(users=users_of(LOWER, SEEDS))
    (one,) = judge.judge([TWO_CASES], lambda k: study, PUBLISHED)
    bim = [case for case in one.cases if "BIM" in case.name]
    assert {case.side for case in bim} == {OPEN}
    assert all(case.p_users_holm < 0.001 for case in bim)


def test_users_of_some_seeds_do_not_stand_for_all():
    world = World("ml-1m", seeds=(0, 1))
    users = pd.concat([users_of(LOWER, (0, 1)), users_of({("AMF", "extra"): 0.1})])
    cell = {"from": "table1", "model": "AMF", "metric": "nDCG"}
    study = world.study(users=users)
    assert study.users("ml-1m", {**cell, "attack": "bim"}).mean() == pytest.approx(0.02, abs=1e-3)
    assert study.users("ml-1m", {**cell, "attack": "extra"}) is None


def test_a_seed_that_lacks_a_value_is_not_left_out_of_a_mean():
    world = World("ml-1m")
    cell = {"from": "table1", "model": "BPR-MF", "metric": "nDCG"}
    world.put({**cell, "attack": "fgsm"}, 0.04)
    world.put({**cell, "attack": "bim"}, [0.02, np.nan, 0.02])
    (one,) = judge.judge([TWO_CASES], lambda k: world.study(), PUBLISHED)
    bim = next(case for case in one.cases if case.name.startswith("BPR-MF, BIM"))
    assert (bim.side, bim.n_seeds) == (MISSING, 2)
    assert np.isnan(bim.ours)


def test_other_data_do_not_count_for_the_verdict():
    n = n_cases(TWO_CASES)
    world = world_of(TWO_CASES, "ml-1m", [FOR] * n, PUBLISHED)
    world.dataset = "my-shop"
    for table in world.values.values():
        for place in list(table):
            table["my-shop", *place[1:]] = table.pop(place)
    judged = judge.judge([TWO_CASES], lambda k: world.study(), PUBLISHED)
    table = judge.claims_table(judged).set_index("dataset")
    assert table.loc[judge.ALL_DATA, "verdict"] == NOT_RUN
    assert table.loc[judge.ALL_DATA, "not_run_on"] == "ml-1m lastfm"
    assert table.loc["my-shop", "verdict"] == REPRODUCED
    assert not table.loc["my-shop", "papers_data"]


def test_a_figure_printed_for_one_data_set_is_only_shown_on_another():
    claim = CLAIMS["amf-loses-11-percent"]
    world = World("my-shop")
    cell = {"from": "table1", "model": "AMF", "metric": "nDCG"}
    world.put({**cell, "attack": "fgsm"}, 0.5)
    world.put({**cell, "attack": "initial"}, 1.0)
    judged = judge.judge([claim], lambda k: world.study(), PUBLISHED)
    assert judged[0].verdict == SHOWN
    cases = judge.cases_table(judged)
    assert cases["side"].tolist() == [SHOWN]
    assert cases["ours"].tolist() == [-50.0]


def test_the_papers_tables_hold_for_their_own_settings_and_length_alone():
    study = World("ml-1m").study()
    others = [name for name in COMPARABLE if name != "table1"]
    other = StudyResults(study.files, study.configuration, 10, comparable=others)
    (one,) = judge.judge([TWO_CASES], lambda k: other, PUBLISHED)
    assert not one.papers_data
    assert np.isnan([case.published for case in one.cases]).all()
    longer = StudyResults(
        Files(metrics=skeleton(["ml-1m"], 50)), configuration(["ml-1m"], [50]), 50, {}, COMPARABLE
    )
    assert not judge.judge([TWO_CASES], lambda k: longer, PUBLISHED)[0].papers_data


def test_a_recommender_is_not_compared_with_copies_of_itself():
    study = World("ml-1m").study()
    metrics = study.files.metrics
    copies = metrics[metrics["model"] == "AMF"].assign(model="AMF-double")
    files = Files(metrics=pd.concat([metrics, copies], ignore_index=True))
    with_copies = StudyResults(files, study.configuration, 10)
    assert with_copies.models("ml-1m") == ["BPR-MF", "AMF", "AMF-double"]
    controls = {"AMF-double": {"of": "AMF", "scale": 2}}
    known = StudyResults(files, {**study.configuration, "controls": controls}, 10)
    assert known.models("ml-1m") == ["BPR-MF", "AMF"]


def test_the_figure_of_a_claim_is_that_of_the_case_that_speaks_least_for_it():
    world = World("ml-1m")
    heights = {("BPR-MF", "bim"): 0.5, ("BPR-MF", "pgd"): 0.9, ("AMF", "bim"): 0.4}
    for model in ("BPR-MF", "AMF"):
        cell = {"from": "table1", "model": model, "metric": "nDCG"}
        world.put({**cell, "attack": "fgsm"}, 1.0)
        for attack in ("bim", "pgd"):
            world.put({**cell, "attack": attack}, heights.get((model, attack), 0.3))
    judged = judge.judge([TWO_CASES], lambda k: world.study(), PUBLISHED)
    whole = judge.claims_table(judged).iloc[0]
    assert whole["case"] == "BPR-MF, PGD, nDCG"
    assert whole["ours"] == pytest.approx(-10)
    # ML-1M's printed cells: 0.0172 / 0.0368 - 1.
    assert whole["published"] == pytest.approx(100 * (0.0172 / 0.0368 - 1))


# --- The papers' own figures ----------------------------------------------------------------------


def test_the_texts_figures_follow_from_the_published_tables_or_are_told_apart():
    """What S and L compute in words, computed from their tables and curves by the register's tests."""

    def theirs(name, dataset="lastfm"):
        claim = CLAIMS[name]
        setting = Setting(World(dataset).study(), PUBLISHED, dataset)
        return {case.name: case for case in TESTS[claim.test](setting, **claim.parameters)}

    assert theirs("fifteen-times")["L = 25"].published == pytest.approx(15.1, abs=0.2)
    assert theirs("one-and-a-half-times-on-amf")["L = 30"].published == pytest.approx(
        1.86, abs=0.01
    )
    assert theirs("coverage-by-76-percent")["BIM, L = 20"].published == pytest.approx(76, abs=1)
    assert theirs("amf-loses-11-percent")["AMF"].published == pytest.approx(-11.31, abs=0.02)
    cells = theirs("amf-loses-58-percent")
    assert (cells["BIM"].published_side, cells["PGD"].published_side) == (FOR, AGAINST)
    diversity = theirs("a-fifth-of-the-diversity")
    # L says "20 % or more", and its own table has 10 % for BPR-MF on LastFM.
    assert diversity["BPR-MF, BIM, SE"].published_side == AGAINST
    assert diversity["AMF, BIM, SE"].published_side == FOR
    yelp = theirs("apr-yelp", "yelp")
    assert yelp  # at K = 100, see below
    setting = Setting(World("yelp", 100).study(), PUBLISHED, "yelp")
    claim = CLAIMS["apr-yelp"]
    cases = {case.name: case for case in TESTS[claim.test](setting, **claim.parameters)}
    assert cases["BPR-MF, ε = 0.5"].published == pytest.approx(-22.1)
    assert cases["AMF, ε = 0.5"].published == pytest.approx(-4.7)


def test_every_claim_but_those_told_apart_holds_in_the_papers_own_tables():
    against = set()
    for claim in REGISTER.claims:
        for dataset in claim.datasets:
            setting = Setting(World(dataset, claim.k).study(), PUBLISHED, dataset)
            cases = TESTS[claim.test](setting, **claim.parameters)
            against |= {(claim.name, dataset) for case in cases if case.published_side == AGAINST}
    assert against == {
        ("amf-loses-58-percent", "lastfm"),
        ("a-fifth-of-the-diversity", "lastfm"),
        ("popular-items-lose-most", "ml-1m"),  # under FGSM
        ("madr-notices", "ml-1m"),
        ("madr-notices", "lastfm"),
    }


# --- From tidy metrics ----------------------------------------------------------------------------


def test_quantities_are_those_of_the_tidy_metrics():
    metrics = study_metrics(datasets=("ml-1m",), seeds=(0, 1, 2))
    settings = configuration(["ml-1m"])
    study = StudyResults(
        Files(metrics=metrics), settings, 10, {"fgsm": True, "bim": False, "pgd": False}
    )
    rows = metrics[(metrics["model"] == "AMF") & (metrics["metric"] == "nDCG")]

    def by_hand(attack, epsilon, iterations):
        same = (rows["attack"] == attack) & (rows["iterations"] == iterations)
        return rows[same & (rows["epsilon"] == epsilon)].set_index("seed")["value"]

    place = {"from": "metrics", "model": "AMF", "metric": "nDCG"}
    point = study.values("ml-1m", {**place, "attack": "bim", "epsilon": 0.1, "iterations": 25})
    np.testing.assert_allclose(point, by_hand("bim", 0.1, 25))
    np.testing.assert_allclose(
        study.values("ml-1m", {**place, "attack": "initial"}), by_hand("initial", 0.0, 0)
    )
    # A cell of Table 1: the area under the curve, divided by 300.
    cell = study.values("ml-1m", {**place, "from": "table1", "attack": "bim"})
    curve = [by_hand("bim", 0.5, number)[1] for number in TABLE1_ITERATIONS]
    assert cell[1] == pytest.approx(np.trapezoid(curve, TABLE1_ITERATIONS) / 300)
    nothing = study.values("ml-1m", {**place, "attack": "bim", "epsilon": 0.2, "iterations": 25})
    assert nothing.isna().all()
    assert list(nothing.index) == [0, 1, 2]


# --- Attacks under other names --------------------------------------------------------------------


def test_claims_find_an_attack_of_the_papers_under_the_name_of_the_study(tmp_path):
    study = MadeUpStudy(tmp_path, datasets=("ml-1m",))
    inputs = {**study.made, "published": [str(RESOURCES / f"{n}.csv") for n in pub.COLUMNS]}
    for name in ("metrics", "groups", "fairness"):
        table = pd.read_parquet(inputs[name])
        decoy = table[table["attack"] == "fgsm"].copy()
        values = decoy.select_dtypes("float").columns.difference(["epsilon"])
        decoy[values] = decoy[values] * 7
        again = table[table["attack"] == "bim"].assign(attack="bim-again")
        table = table.assign(attack=table["attack"].replace("fgsm", "one-step"))
        inputs[name] = str(tmp_path / f"renamed-{name}.parquet")
        pd.concat([decoy, table, again]).to_parquet(inputs[name])
    settings = {
        **configuration(["ml-1m"]), "figure1": {"iterations": FIGURE1_ITERATIONS},
    }  # fmt: skip
    names = {"one-step": "fgsm", "bim": "bim", "bim-again": "bim", "pgd": "pgd"}
    attacks = {"one-step": True, "bim": False, "pgd": False}
    found = judge_files(inputs, settings, attacks, COMPARABLE, [], names)
    for name, table in {"claims": found.claims, "cases": found.cases}.items():
        write_csv(table, tmp_path / f"renamed-{name}.csv")
        expected = judge.read_table(study.made[name])
        pd.testing.assert_frame_equal(judge.read_table(tmp_path / f"renamed-{name}.csv"), expected)
    assert REPRODUCED in set(found.claims["verdict"])
    assert set(found.cases.loc[found.cases["claim"] == "defence-helps", "side"]) != {MISSING}
