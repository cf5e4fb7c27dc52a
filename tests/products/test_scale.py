"""What a defence saves beside copies of the model with the same lists: cells, table, figure and page."""

import numpy as np
import pandas as pd
import pytest

from embrittle.products.scale import page
from embrittle.products.scale.cells import (
    CANONICAL,
    NORMS,
    PRINTED,
    RELATIVE,
    curves,
    long_form,
    per_seed,
    savings,
)
from embrittle.products.scale.figure import defence_scale, scale_figure
from embrittle.products.scale.tables import report
from embrittle.render.inputs import Inputs
from embrittle.stats import interval

CONTROLS = {
    "like-AMF": {"of": "BPR-MF", "norms_of": "AMF"},
    "double": {"of": "BPR-MF", "scale": 2.0},
    "half": {"of": "BPR-MF", "scale": 0.5},
    "form-BPR": {"of": "BPR-MF", "form": "canonical"},
    "form-AMF": {"of": "AMF", "form": "canonical"},
}
ATTACKS = {"bim": (0.5, 25), "bim-relative": (0.1, 25)}
# What is left of nDCG in percent, in three seeds: under bim, and under bim-relative.
LEFT = {
    "BPR-MF": ((40, 42, 44), (50, 50, 50)),
    "AMF": ((60, 64, 62), (51, 54, 52)),
    "like-AMF": ((56, 57, 58), (50, 50, 50)),
    "double": ((80, 82, 81), (50, 50, 50)),
    "half": ((10, 12, 11), (50, 50, 50)),
    "form-BPR": ((41, 41, 41), (48, 49, 50)),
    "form-AMF": ((61, 61, 61), (49, 49, 52)),
}


def metrics():
    rows = []
    for model, (absolute, relative) in LEFT.items():
        for seed in range(3):
            initial = 0.04 + 0.01 * seed
            about = {"dataset": "shop", "model": model, "seed": seed, "k": 10, "metric": "nDCG"}
            of = [("initial", 0.0, 0, 100), ("bim", 0.5, 25, absolute[seed])]
            of += [
                ("bim-relative", 0.1, 25, relative[seed]),
                ("bim", 0.5, 5, 90),
                ("bim", 1.0, 25, 7),
            ]
            rows += [
                {**about, "attack": a, "epsilon": e, "iterations": n, "value": initial * left / 100}
                for a, e, n, left in of
            ]
    return pd.DataFrame(rows)


def sizes():
    norms = {"BPR-MF": (3.0, 4.0), "AMF": (6.0, 5.0)}
    rows = [
        {"dataset": "shop", "model": model, "seed": seed, "users_norm_rms": u, "items_norm_rms": i}
        for model in LEFT
        for seed in range(3)
        for u, i in [norms.get(model, (9.0, 9.0))]
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def long():
    return long_form(metrics(), sizes(), CONTROLS, ATTACKS, ["bim-relative"], ["shop"], 10)


def saved_of(long):
    table = savings(per_seed(long, CONTROLS, model="BPR-MF", defence="AMF"))
    return table.set_index(["comparison", "attack"])


def test_the_long_form_names_model_and_control(long):
    assert len(long) == len(LEFT) * 3 * 2 * 3
    row = long.query("control == 'double' and attack == 'bim' and metric == 'left' and seed == 1")
    assert row[
        ["model", "budget", "epsilon", "iterations", "users_norm", "value"]
    ].values.tolist() == [["BPR-MF", "absolute", 0.5, 25, 9.0, pytest.approx(82)]]
    own = long.query("model == 'AMF' and control == '' and attack == 'bim-relative' and seed == 2")
    values = dict(zip(own["metric"], own["value"], strict=True))
    assert values == {
        "initial nDCG@10": pytest.approx(0.06),
        "nDCG@10": pytest.approx(0.06 * 0.52),
        "left": pytest.approx(52),
    }
    assert set(own["budget"]) == {"relative"}


def test_other_steps_epsilons_and_data_sets_do_not_count(long):
    assert set(long["iterations"]) == {25}
    assert set(long["epsilon"]) == {0.5, 0.1}
    others = long_form(metrics(), sizes(), CONTROLS, ATTACKS, ["bim-relative"], ["other"], 10)
    assert others.empty


def test_curves_go_through_the_model_itself(long):
    table = curves(long, CONTROLS)
    assert set(table["model"]) == {"BPR-MF"}  # AMF has no control of another scale
    bim = table[table["attack"] == "bim"]
    assert bim["scale"].tolist() == [0.5, 1, 2]
    assert bim["mean"].tolist() == pytest.approx([11, 42, 81])
    assert bim[["low", "high"]].values.tolist() == [
        pytest.approx([10, 12]),
        pytest.approx([40, 44]),
        pytest.approx([80, 82]),
    ]
    assert table.loc[table["attack"] == "bim-relative", "mean"].tolist() == pytest.approx([50] * 3)


def test_what_the_defence_saves_in_each_comparison(long):
    saved = saved_of(long)
    assert list(saved.index) == [
        (PRINTED, "bim"),
        (NORMS, "bim"),
        (RELATIVE, "bim-relative"),
        (CANONICAL, "bim-relative"),
    ]
    assert saved["saved"].tolist() == pytest.approx([20, 5, 7 / 3, 1])
    assert saved["of_model"].tolist() == pytest.approx([42, 57, 50, 49])
    assert saved["of_defence"].tolist() == pytest.approx([62, 62, 157 / 3, 50])
    ends = saved.loc[(NORMS, "bim"), ["low", "high"]].tolist()
    assert ends == pytest.approx(interval([4, 7, 4]))


def test_the_share_that_norms_explain_has_fiellers_interval(long):
    row = saved_of(long).loc[NORMS, "bim"]
    gained, printed = np.array([16, 15, 14]), np.array([20, 22, 18])
    assert row["share"] == pytest.approx(100 * gained.mean() / printed.mean())
    for end in (row["share_low"], row["share_high"]):
        # At its ends, 0 is an end of the interval of the mean of gained - r * printed.
        low, high = interval(gained - end / 100 * printed)
        assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-9)
    assert row["share_low"] < row["share"] < row["share_high"]


@pytest.mark.parametrize(
    "values", [[0.0160, 0.0230, 0.0260], [0.0050, 0.0060, 0.0070]], ids=["nothing", "less"]
)
def test_a_defence_that_may_save_nothing_leaves_the_share_open(values):
    of = metrics()
    nothing = of["model"].eq("AMF") & of["attack"].eq("bim") & of["iterations"].eq(25)
    of.loc[nothing & of["epsilon"].eq(0.5), "value"] = values
    tables = report(of, sizes(), **ARGUMENTS)
    row = tables["savings"].set_index("comparison").loc[NORMS]
    assert np.isnan(row["share_low"])
    assert "cannot be told" in tables["markdown"]
    assert page_remarks(tables) == [
        "How much of what AMF saves is the length of its rows cannot be told."
    ]


def test_one_seed_has_no_intervals():
    of = metrics()
    tables = report(of[of["seed"] == 0], sizes(), **ARGUMENTS)
    assert tables["savings"]["low"].isna().all()
    row = tables["savings"].set_index("comparison").loc[NORMS]
    assert row["share"] == pytest.approx(80)
    assert np.isnan(row["share_low"])


ARGUMENTS = {
    "controls": CONTROLS, "attacks": ATTACKS, "relative": ["bim-relative"], "datasets": ["shop"],
    "model": "BPR-MF", "defence": "AMF", "k": 10, "titles": {"shop": "The shop"},
}  # fmt: skip


def test_the_table_says_what_is_compared():
    lines = report(metrics(), sizes(), **ARGUMENTS, notes=["A note."])["markdown"].splitlines()
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")
    ]
    assert cells[0] == [
        "Data set",
        "Attack",
        "AMF compared with",
        "Model keeps",
        "Defence keeps",
        "Saved, in points",
        "Share that the norms explain",
    ]
    assert cells[2][:6] == [
        "The shop",
        "BIM",
        "BPR-MF as it is, ε = 0.5",
        "42.0 %",
        "62.0 %",
        "+20.0 [+15.0, +25.0]",
    ]
    assert cells[3][2:5] == ["BPR-MF with the norms of AMF, ε = 0.5", "57.0 %", "62.0 %"]
    assert cells[3][6].startswith("75 % [")
    assert cells[4][2] == "BPR-MF as it is, relative ε = 0.1"
    assert cells[5][2] == "canonical forms, relative ε = 0.1"
    assert [row[6] for row in cells[4:]] == ["", ""]
    assert lines[-1] == "A note."


def page_remarks(tables, tmp=None):
    class Made(Inputs):
        def csv(self, name):
            return {"scale_savings": tables["savings"]}.get(name)

    figures = [{"dataset": "shop", "arguments": {"model": "BPR-MF", "defence": "AMF"}}]
    return page.remarks(Made({}), {"figures": figures})["shop"]


def test_the_page_begins_with_the_share():
    (sentence,) = page_remarks(report(metrics(), sizes(), **ARGUMENTS))
    assert sentence.startswith(
        "A copy of BPR-MF with the same lists and the row norms of AMF has, without any defence, 75 % ["
    )
    assert sentence.endswith("] under BIM of what AMF saves.")


def test_the_page_says_what_a_share_below_0_is():
    of = metrics()
    copies = [name for name, entry in CONTROLS.items() if "norms_of" in entry]
    worse = of["model"].isin(copies) & of["attack"].eq("bim") & of["epsilon"].eq(0.5)
    of.loc[worse, "value"] = 0.0001 * of.loc[worse, "seed"]
    (sentence,) = page_remarks(report(of, sizes(), **ARGUMENTS))
    assert sentence.endswith(
        "Below 0: the copy keeps less than BPR-MF itself, so the norms explain nothing."
    )


def test_the_figure_marks_the_model_and_the_norms_of_the_defence(long):
    figure = scale_figure(
        curves(long, CONTROLS), sizes(), "shop", model="BPR-MF", defence="AMF", k=10
    )
    (ax,) = figure.panels.flat
    lines = {line.get_gid(): line for line in ax.get_lines()}
    assert list(lines["as trained"].get_xdata()) == [1, 1]
    (at, _) = lines["norms of AMF"].get_xdata()
    assert at == pytest.approx((30 / 12) ** 0.5)
    assert lines["bim"].get_ydata().tolist() == pytest.approx([11, 42, 81])
    assert lines["bim-relative"].get_ydata().tolist() == pytest.approx([50, 50, 50])
    assert np.isnan(defence_scale(sizes(), "other", "BPR-MF", "AMF"))
