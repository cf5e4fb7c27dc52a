"""Certificates beside attacks: evaluation of a model, cells, table, figure and page."""

import re

import numpy as np
import pandas as pd
import pytest

from embrittle.certificates.certificate import certify
from embrittle.certificates.radii import Model
from embrittle.certificates.threats import THREATS, Threat
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.ranking import lists_to_columns, top_items
from embrittle.metrics.measures import Lists, ndcg_per_user
from embrittle.products.certificates import cells, evaluate, page
from embrittle.products.certificates.figure import certificates_figure
from embrittle.products.certificates.tables import report
from embrittle.render.inputs import Inputs
from embrittle.stats import interval

N_USERS, N_ITEMS = 12, 40
GRID = [0.01, 0.1, 1.0]


@pytest.fixture(scope="module")
def measured():
    rng = np.random.default_rng(0)
    model = Model(*(rng.normal(size=(n, 4)).astype(np.float32) for n in (N_USERS, N_ITEMS)))
    order = np.argsort(-(model.user_factors @ model.item_factors.T), axis=1)
    seen = UserItems.from_pairs(
        np.repeat(np.arange(N_USERS), 2), order[:, 6:8].ravel(), N_USERS, N_ITEMS
    )
    pairs = [(user, order[user, user % 5]) for user in range(N_USERS - 1)] + [(0, order[0, 3])]
    users, items = np.array(pairs).T
    test_items = UserItems.from_pairs(users, items, N_USERS, N_ITEMS)
    certificate = certify(model, seen, test_items, k=3, length=5)
    searched = evaluate.search(
        model, seen, test_items, certificate, epsilon=GRID, n_nodes=1000, k=3
    )
    return model, seen, test_items, certificate, searched


def value(table, threat, epsilon, kind, metric):
    rows = table[(table["epsilon"] == epsilon) & (table["kind"] == kind)]
    for column, wanted in zip(Threat._fields, threat, strict=True):
        rows = rows[rows[column] == wanted]
    return rows.set_index("metric").loc[metric, "value"]


def test_there_is_no_exact_worst_case_where_none_was_searched_for(measured):
    """Such as in data in which every user has several test items."""
    *_, test_items, certificate, searched = measured
    table = evaluate.curves(certificate, test_items, searched.iloc[:0], epsilon=GRID, k=[3])
    assert set(table["kind"]) == {"certified"}


def test_curves_have_every_threat_the_exact_worst_case_and_own_lists(measured):
    *_, test_items, certificate, searched = measured
    table = evaluate.curves(certificate, test_items, searched, epsilon=GRID, k=[3, 5])
    users = Threat("users", "l2", "absolute")
    for epsilon in GRID:
        bounds = [value(table, t, epsilon, "certified", "nDCG@3") for t in THREATS]
        assert len(bounds) == 12
        certified, proved, found = (
            value(table, users, epsilon, kind, "nDCG@3")
            for kind in ("certified", "proved", "found")
        )
        assert certified <= proved <= found
        assert value(table, users, epsilon, "certified", "HR@5") >= certified
        assert 0 <= value(table, users, epsilon, "certified", "own list") <= 1
        # User 0 has two test items, for which the worst perturbations may differ; the others are decided.
        decided = value(table, users, epsilon, "proved", "decided")
        assert decided in (pytest.approx(1), pytest.approx(10 / 11))
    assert value(table, users, 1.0, "certified", "own list") < value(
        table, users, 0.01, "certified", "own list"
    )
    relative = searched[(searched["budget"] == "relative") & (searched["epsilon"] == 0.1)]
    assert (relative["reached"] <= relative["excluded"]).all()
    without = evaluate.curves(certificate, test_items, None, epsilon=GRID, k=[3])
    assert set(without["kind"]) == {"certified"}


def lists_at(model, seen, path, change=0.0):
    factors = model.user_factors, model.item_factors + np.float32(change)
    columns = lists_to_columns(*top_items(CpuBackend(), *factors, seen, 5))
    pd.DataFrame(columns).to_parquet(path)


ATTACKS = {
    "own": {"threat": ["items", "l2", "absolute"], "knows": "test", "shown": True},
    "member": {"threat": ["items", "l2", "absolute"], "knows": "test", "shown": False},
}


def test_attacks_stand_beside_and_one_below_its_certificate_is_an_error(measured, tmp_path):
    model, seen, test_items, certificate, _ = measured
    lists_at(model, seen, tmp_path / "initial.parquet")
    lists_at(model, seen, tmp_path / "own.parquet", 0.04)  # a change of L2 norm 0.08 in each row
    paths = [tmp_path / "initial.parquet", tmp_path / "own.parquet"]
    settings = {"attacks": ATTACKS, "k": [3, 5]}
    conditions = [("initial", "0", 0), ("own", "0.1", 5)]
    table = evaluate.beside_attacks(
        paths, certificate.radii, test_items, conditions=conditions, **settings
    )
    assert table["kind"].tolist() == ["initial"] * 2 + ["attack"] * 2
    lists = Lists(
        top_items(CpuBackend(), model.user_factors, model.item_factors, seen, 5)[0],
        np.zeros((N_USERS, 5), np.float32),
    )
    assert table["value"][0] == pytest.approx(np.nanmean(ndcg_per_user(lists, test_items, 3)))

    shuffled = pd.read_parquet(paths[1])
    shuffled["item"] = (shuffled["item"] + 1) % N_ITEMS  # no attack within epsilon could do this
    shuffled.to_parquet(paths[1])
    conditions[1] = ("own", "0.01", 5)
    with pytest.raises(
        DataError, match=r"after own with epsilon 0.01 and 5 iterations is below.*user \d+: 0 < "
    ):
        evaluate.beside_attacks(
            paths, certificate.radii, test_items, conditions=conditions, **settings
        )


def test_radii_of_users_and_of_groups(measured):
    *_, test_items, certificate, _ = measured
    users = evaluate.users_table(certificate.radii, test_items, 3)
    assert users["n_test"].tolist() == test_items.counts.tolist()
    radii = users["users_l2_absolute"]
    assert np.isnan(radii[N_USERS - 1])
    assert (radii[: N_USERS - 1] >= 0).all()
    table = pd.DataFrame({"kind": ["a", "b"] * (N_USERS // 2)})
    attributes = {
        "of_kind": {"of": "users", "column": "kind"},
        "absent": {"of": "users", "column": "none"},
    }
    groups = evaluate.groups_table(users, THREATS, attributes, table, np.ones(N_USERS, int))
    here = groups[(groups["rows"] == "users") & (groups["norm"] == "l2")]
    here = here[here["budget"] == "absolute"].set_index("label")
    assert here.index.tolist() == ["all users", "a", "b"]
    assert here["members"].tolist() == [11, 6, 5]
    of_a = radii[::2].to_numpy()
    assert here.loc["a", "hits"] == pytest.approx((of_a > 0).mean())
    assert here.loc["a", "median"] == pytest.approx(np.median(of_a[of_a > 0]))


def test_quartiles_of_radii_some_of_which_are_infinite():
    users = pd.DataFrame({"n_test": 1, "users_l2_absolute": [0.5, np.inf, 0.25, np.inf, 0.75]})
    none, of = pd.DataFrame(index=range(5)), Threat("users", "l2", "absolute")
    groups = evaluate.groups_table(users, [of], {}, none, np.ones(5, int))
    assert groups[["q25", "median", "q75"]].values.tolist() == [[0.5, 0.75, np.inf]]


# --- Cells over seeds ------------------------------------------------------------------------------

CERTIFIED = {"BPR-MF": (50, 52, 54), "AMF": (60, 63, 63)}


def curves_of(model, seed):
    initial = 0.04 + 0.01 * seed
    rows = [("", "", "", 0.0, "initial", "", "nDCG@10", initial)]
    for threat in (("items", "l2", "relative"), ("users", "l2", "absolute")):
        for epsilon, less in ((0.01, 0), (0.1, 30)):
            share = (CERTIFIED[model][seed] - less) / 100
            rows.append((*threat, epsilon, "certified", "", "nDCG@10", initial * share))
            rows.append((*threat, epsilon, "certified", "", "own list", 0.5))
            if threat[0] == "users":
                rows.append((*threat, epsilon, "proved", "", "nDCG@10", initial * (share + 0.1)))
                rows.append((*threat, epsilon, "found", "", "nDCG@10", initial * (share + 0.12)))
    for attack, left in (("strong", 0.5), ("weak", 0.9), ("member", 0.95)):
        rows.append(("users", "l2", "absolute", 0.1, "attack", attack, "nDCG@10", initial * left))
    return pd.DataFrame(rows, columns=evaluate.CURVE_COLUMNS)


def groups_of(model, seed):
    numbers = {"first": 0.01 * (seed + 1), "second": 0.1}
    rows = [
        (*about, 7, "items", "l2", "relative", 0.5, median / 2, median, median * 2)
        for about, median in (
            (("", "all", "all users"), 0.05),
            *((("sex", f"C{n}", label), m) for n, (label, m) in enumerate(numbers.items())),
        )
    ]
    return pd.DataFrame(rows, columns=evaluate.GROUP_COLUMNS)


KNOWN = {
    "strong": {"threat": ["users", "l2", "absolute"], "knows": "test", "shown": True},
    "weak": {"threat": ["users", "l2", "absolute"], "knows": "train", "shown": True},
    "member": {"threat": ["users", "l2", "absolute"], "knows": "test", "shown": False},
}
RUNS = [("shop", model, seed) for model in CERTIFIED for seed in range(3)]


def report_of(curves):
    return report(
        curves,
        {run: groups_of(*run[1:]) for run in curves},
        model="BPR-MF",
        epsilon=0.01,
        attacks=KNOWN,
        k=10,
        titles={"shop": "The shop"},
        notes=["Note."],
    )


@pytest.fixture(scope="module")
def made():
    return report_of({run: curves_of(*run[1:]) for run in RUNS})


def test_a_table_without_rows_is_left_out():
    curves = {run: curves_of(*run[1:]) for run in RUNS}
    without = {run: of[of["kind"] != "attack"] for run, of in curves.items()}
    (first, *_) = report_of(without)["markdown"].split("\n\n")
    assert first.startswith("Models compared")


def test_what_is_left_is_relative_to_the_same_seed(made):
    long = made["long"]
    rows = long[
        (long["metric"] == "left") & (long["kind"] == "certified") & (long["model"] == "AMF")
    ]
    rows = rows[(rows["epsilon"] == 0.01) & (rows["rows"] == "items")]
    assert rows.sort_values("seed")["value"].tolist() == pytest.approx([60, 63, 63])
    assert set(made["curves"]["attack"]) == {"", "strong", "weak"}  # members are not drawn
    assert set(long["attack"]) >= {"member"}


def test_the_sandwich_has_the_strongest_attack_that_is_shown_and_the_gap_to_the_best_proof(made):
    row = made["sandwich"].set_index("model").loc["BPR-MF"]
    assert (row["strongest"], row["knows"], row["epsilon"]) == ("strong", "test", 0.1)
    assert (row["certified"], row["proved"], row["found"]) == pytest.approx((22, 32, 34))
    assert row["attacked"] == pytest.approx(50)
    assert row["gap"] == pytest.approx(34 - 32)  # the search found more than the attack
    assert (row["certified_low"], row["certified_high"]) == pytest.approx(interval([20, 22, 24]))


def test_the_sandwich_is_in_the_order_of_threats_whatever_the_order_of_attacks(made):
    known = {
        f"{rows}-{budget}": {"threat": [rows, "l2", budget], "knows": "test", "shown": True}
        for budget in ("relative", "absolute")
        for rows in ("both", "items", "users")
    }
    curves = curves_of("AMF", 0)
    for name, of in known.items():
        for epsilon in (0.1, 0.01):
            row = (*of["threat"], epsilon, "attack", name, "nDCG@10", 0.03)
            curves.loc[len(curves)] = row
            curves.loc[len(curves)] = (*row[:4], "certified", "", "nDCG@10", 0.02)
    table = cells.sandwich(cells.long_form({("shop", "AMF", 0): curves}, 10), known)
    assert table["strongest"].tolist()[::2] == [
        f"{rows}-{budget}"
        for budget in ("absolute", "relative")
        for rows in ("users", "items", "both")
    ]
    assert table["epsilon"].tolist() == [0.01, 0.1] * 6


def test_models_are_compared_pair_by_pair(made):
    rows = cells.at(made["differences"], 0.01, budget="relative", rows="items")
    (row,) = rows.to_dict("records")
    assert (row["model"], row["compared_with"]) == ("AMF", "BPR-MF")
    assert (row["of_model"], row["of_other"], row["difference"]) == pytest.approx((62, 52, 10))
    assert (row["low"], row["high"]) == pytest.approx(interval([10, 11, 9]))
    assert np.isnan(row["at_least"])  # no worst case of items' rows is known
    (row,) = cells.at(made["differences"], 0.01, rows="users").to_dict("records")
    # 60 + 10 proved of AMF less 50 + 12 found of BPR-MF, and so on.
    assert row["at_least"] == pytest.approx(8)
    assert (row["at_least_low"], row["at_least_high"]) == pytest.approx(interval([8, 9, 7]))
    # 60 + 12 found of AMF less 50 + 10 proved of BPR-MF, and so on.
    assert row["at_most"] == pytest.approx(12)
    assert (row["at_most_low"], row["at_most_high"]) == pytest.approx(interval([12, 13, 11]))
    # At 0.1 what is left of BPR-MF by an attack, 50 %, is more than the search found, and does not count.
    (row,) = cells.at(made["differences"], 0.1, rows="users").to_dict("records")
    assert row["at_least"] == pytest.approx(8)
    seeds = made["seeds"]  # what the verdict reads: relative, at the compared epsilon
    assert seeds["difference"].tolist() == pytest.approx([10, 11, 9])
    assert set(seeds["budget"]) == {"relative"}


def test_the_table_and_the_page(made, tmp_path):
    text = re.sub(" +", " ", made["markdown"])
    assert (
        "| users | L2 norm of each row | 0.1 | strong | the test items | 22.0 % [17.0, 27.0] | 32.0 to 34.0 % |"
        in text
    )
    assert (
        "| AMF and BPR-MF | items | L2 norm of each row | 0.01 relative | 62.0 % | 52.0 % |" in text
    )
    assert "Note." in text
    files = {}
    for name in ("curves", "sandwich", "seeds", "groups"):
        path = tmp_path / f"{name}.csv"
        made[name].to_csv(path, index=False)
        files[f"certificates_{name}"] = [str(path)]
    inputs = Inputs(files)
    beside, compared, radii = page.tables(inputs, {"shop": "The shop"})
    assert beside.rows[0][0][-2:] == ["strong", "the test items"]
    assert beside.rows[0][1][1].ours == "32.0 to 34.0 %"
    assert len(compared.rows) == 1  # at the epsilon that the configuration compares at
    assert compared.rows[0][1][2].ours.startswith("10.0 [")
    assert [heads[2:] for heads, _ in radii.rows[:3]] == [
        ["—", "all users"], ["sex", "first"], ["sex", "second"],
    ]  # fmt: skip
    settings = {"sentence": {"epsilon": 0.01, "model": "BPR-MF", "k": 10}, "figures": []}
    certain, fragile = page.remarks(inputs, settings)["shop"]
    assert (
        "takes more of nDCG@10 than 48.0 % (BPR-MF) and 38.0 % (AMF), means of 3 seeds: this is proved"
        in certain
    )
    assert (
        "least far for sex = first (median relative radius 0.02) and furthest for sex = second"
        in fragile
    )
    assert page.tables(Inputs({}), {}) == []
    assert page.remarks(Inputs({}), settings) == {}


@pytest.mark.parametrize(("left", "at_least"), [(58, [2, 5, 5]), (70, [-10, -7, -7])])
def test_more_certain_of_a_model_than_an_attack_leaves_of_the_other_is_a_proof(left, at_least):
    curves = {run: curves_of(*run[1:]) for run in RUNS}
    for (_, model, seed), of in curves.items():
        if model == "BPR-MF":
            share = (0.04 + 0.01 * seed) * left / 100
            row = ("items", "l2", "relative", 0.01, "attack", "weak", "nDCG@10", share)
            of.loc[len(of)] = row
    seeds = cells.per_seed(cells.long_form(curves, 10), "BPR-MF")
    rows = cells.at(seeds, 0.01, rows="items").sort_values("seed")
    assert rows["at_least"].tolist() == pytest.approx(at_least)
    assert rows["difference"].tolist() == pytest.approx([10, 11, 9])
    assert cells.at(seeds, 0.1, rows="items")["at_least"].isna().all()  # no attack
    assert rows["at_most"].isna().all()  # none on AMF


def test_the_figure_has_a_panel_for_each_model_and_kind_of_rows(made):
    figure = certificates_figure(made["curves"], "shop", "absolute", k=10)
    assert figure.panels.shape == (1, 2)
    assert figure.panels[0, 0].get_ylabel() == "users\nnDCG@10 left, %"
    lines = {line.get_gid(): line for line in figure.panels[0, 0].lines}
    assert lines["certified"].get_ydata().tolist() == pytest.approx([52, 22])
    assert lines["certified"].get_linestyle() == "-"
    assert {"exact, proved", "exact, found", "weak"} <= lines.keys()
    relative = certificates_figure(made["curves"], "shop", "relative", k=10)
    assert relative.panels[0, 0].get_ylabel() == "items\nnDCG@10 left, %"
    assert [line.get_gid() for line in relative.panels[0, 0].lines] == ["certified"]
    assert "in units of the model's rows" in relative.heading
    with pytest.raises(DataError, match="no certificates"):
        certificates_figure(made["curves"], "other", "absolute", k=10)


def test_attacks_are_points_without_a_line_that_could_run_below_the_proof(made):
    rows = made["curves"].query("attack == 'strong'")
    further = rows.assign(epsilon=0.3, mean=20.0, low=15.0, high=25.0)
    curves = pd.concat([made["curves"], further])
    ax = certificates_figure(curves, "shop", "absolute", k=10).panels[0, 0]
    (points,) = (line for line in ax.lines if line.get_gid() == "strong")
    assert points.get_ydata().tolist() == pytest.approx([50, 20])
    assert points.get_linestyle() == "None" != points.get_marker()
    (bars,) = (bars for bars in ax.collections if bars.get_gid() == "band strong")
    assert len(bars.get_segments()) == 2
