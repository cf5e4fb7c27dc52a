"""Attacks on the ranking beside the papers' attacks: cells, warnings, table, figure and page."""

import re

import numpy as np
import pandas as pd
import pytest

from embrittle.attacks.norms import MEAN_NORM_METRIC, RELATIVE_NORM_METRIC, SHORT_METRIC
from embrittle.products.reliable import page
from embrittle.products.reliable.cells import curves, damage, long_form, warnings
from embrittle.products.reliable.figure import reliable_figure
from embrittle.products.reliable.tables import report
from embrittle.render.inputs import Inputs
from embrittle.stats import interval


def about(knows, budget="absolute", shown=True, iterations=50, members=(), model=""):
    loss = {"train": "pairwise", "lists": "margin", "test": "margin", "model": ""}[knows]
    of_budget = {"loss": loss, "knows": knows, "rows": "both", "budget": budget}
    apart = {"members": list(members), "model": model}
    return {**of_budget, **apart, "iterations": iterations, "shown": shown}


ATTACKS = {
    "pgd-l2": about("train", members=["pgd-l2"]),
    "reliable": about("lists", members=["member", "another"]),
    "member": about("lists", shown=False, members=["member"]),
    "reliable-test": about("test", members=["reliable-test"]),
    "own-scale": about("lists", "relative", members=["own-scale"]),
}
EPSILON = {"absolute": [0.1, 0.5], "relative": [0.2]}
# What is left in percent, in three seeds, at each epsilon.
LEFT = {
    ("pgd-l2", 0.1): (98, 97, 99),
    ("pgd-l2", 0.5): (90, 88, 86),
    ("reliable", 0.1): (92, 90, 91),
    ("reliable", 0.5): (60, 58, 56),
    ("member", 0.1): (80, 80, 80),
    ("member", 0.5): (95, 96, 97),
    ("reliable-test", 0.1): (50, 51, 52),
    ("reliable-test", 0.5): (2, 1, 3),
    ("own-scale", 0.2): (40, 41, 42),
}


def metrics(models=("BPR-MF",)):
    rows = []
    for model in models:
        for seed in range(3):
            initial = 0.04 + 0.01 * seed
            run = {"dataset": "shop", "model": model, "seed": seed, "k": 10}
            rows.append(
                {
                    **run,
                    "attack": "initial",
                    "epsilon": 0.0,
                    "iterations": 0,
                    "metric": "nDCG",
                    "value": initial,
                }
            )
            for (attack, epsilon), left in LEFT.items():
                condition = {**run, "attack": attack, "epsilon": epsilon, "iterations": 50}
                inside = 0.4 if attack == "pgd-l2" and epsilon == 0.5 else epsilon
                values = {
                    "nDCG": initial * left[seed] / 100,
                    MEAN_NORM_METRIC: inside if attack != "own-scale" else 9.0,
                    RELATIVE_NORM_METRIC: epsilon if attack == "own-scale" else 9.0,
                    SHORT_METRIC: 0.25 if inside < epsilon else 0.0,
                }
                rows += [
                    {**condition, "metric": name, "value": value} for name, value in values.items()
                ]
            rows.append(
                {
                    **run,
                    "attack": "reliable",
                    "epsilon": 2.0,
                    "iterations": 50,
                    "metric": "nDCG",
                    "value": 9.0,
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def long():
    return long_form(metrics(), ATTACKS, EPSILON, ["shop"], 10)


def test_the_long_form_says_what_each_attack_is_and_spends(long):
    assert len(long) == len(LEFT) * 3 * 5
    row = long.query("attack == 'reliable' and epsilon == 0.5 and seed == 2").set_index("metric")
    assert row["value"].to_dict() == {
        "initial nDCG@10": pytest.approx(0.06),
        "nDCG@10": pytest.approx(0.06 * 0.56),
        "left": pytest.approx(56),
        "norm": 0.5,
        "short": 0.0,
    }
    assert set(row["knows"]) == {"lists"}
    relative = long.query("attack == 'own-scale' and metric == 'norm'")
    assert set(relative["value"]) == {0.2}
    assert set(relative["budget"]) == {"relative"}


def test_curves_are_of_the_attacks_that_are_shown(long):
    table = curves(long, ATTACKS)
    assert list(dict.fromkeys(table["attack"])) == [
        "pgd-l2",
        "reliable",
        "reliable-test",
        "own-scale",
    ]
    ours = table[table["attack"] == "reliable"]
    assert ours["epsilon"].tolist() == [0.1, 0.5]
    assert ours[["mean", "low", "high"]].values.tolist() == [
        pytest.approx([91, 90, 92]),
        pytest.approx([58, 56, 60]),
    ]


def test_damage_is_compared_with_the_reference_at_the_same_epsilon(long):
    table = damage(long, ATTACKS, "pgd-l2").set_index(["attack", "epsilon"])
    row = table.loc["reliable", 0.5]
    assert row["left"] == pytest.approx(58)
    assert (row["low"], row["high"]) == pytest.approx(interval(np.array([60, 58, 56])))
    assert row["ratio"] == pytest.approx(42 / 12)
    assert row["ratio_low"] < 42 / 12 < row["ratio_high"]
    assert np.isnan(table.loc["pgd-l2", 0.5]["ratio"])
    assert np.isnan(table.loc["own-scale", 0.2]["ratio"])


def test_without_a_certain_damage_of_the_reference_there_is_no_ratio():
    table = metrics()
    weak = (table["attack"] == "pgd-l2") & (table["metric"] == "nDCG") & (table["epsilon"] == 0.1)
    table.loc[weak, "value"] = [0.04 * 1.02, 0.05 * 0.98, 0.06 * 0.99]
    found = damage(long_form(table, ATTACKS, EPSILON, ["shop"], 10), ATTACKS, "pgd-l2")
    row = found.set_index(["attack", "epsilon"]).loc["reliable", 0.1]
    assert np.isnan([row["ratio"], row["ratio_low"], row["ratio_high"]]).all()


def test_warnings_name_attacks_that_are_weaker_than_they_could_be(long):
    found = warnings(long, ATTACKS, "pgd-l2")
    said = {(row.attack, row.epsilon, row.kind): row.warning for row in found.itertuples()}
    assert said == {
        (
            "member",
            0.5,
            "more left at a larger epsilon",
        ): "leaves 96.0 %, and only 80.0 % at a smaller ε",
        ("member", 0.5, "weaker than the reference"): "leaves 96.0 %, more than pgd-l2 (88.0 %)",
        (
            "pgd-l2",
            0.5,
            "inside the ball",
        ): "moves rows by 80 % of ε in the mean, 25 % of them by less than the others",
    }


def test_a_warning_names_what_another_models_perturbation_leaves():
    """The attack on AMF itself leaves more than the perturbation found on BPR-MF: its gradient leads it astray."""
    attacks = {**ATTACKS, "from-bpr": about("model", members=["member"], model="BPR-MF")}
    table = metrics(("BPR-MF", "AMF"))
    of_member = table[table["attack"] == "member"].assign(attack="from-bpr")
    ndcg = of_member["metric"] == "nDCG"
    of_member.loc[ndcg & (of_member["epsilon"] == 0.5), "value"] *= 70 / 96
    table = pd.concat([table, of_member])
    found = warnings(long_form(table, attacks, EPSILON, ["shop"], 10), attacks, "pgd-l2")
    said = found[found["kind"] == "weaker than a transfer"]
    of_models = curves(long_form(table, attacks, EPSILON, ["shop"], 10), attacks)
    assert set(of_models.loc[of_models["attack"] == "from-bpr", "model"]) == {"AMF"}
    # What is transferred at ε = 0.1 leaves as much as the attack itself, and the ensemble is stronger at 0.5.
    assert said[["model", "attack", "epsilon"]].values.tolist() == [
        ["AMF", "reliable", 0.1],
        ["AMF", "member", 0.5],
    ]
    assert said["warning"].tolist() == [
        "leaves 91.0 %, and only 80.0 % is left by the perturbation found on BPR-MF (from-bpr)",
        "leaves 96.0 %, and only 70.0 % is left by the perturbation found on BPR-MF (from-bpr)",
    ]


def arguments():
    shown = {"attacks": ATTACKS, "epsilon": EPSILON, "reference": "pgd-l2"}
    return {
        **shown,
        "datasets": ["shop"],
        "k": 10,
        "titles": {"shop": "The shop"},
        "notes": ["Note."],
    }


def test_the_table_says_what_each_attack_knows():
    text = re.sub(" +", " ", report(metrics(), **arguments())["markdown"])
    assert (
        "| The shop | BPR-MF | 0.5 | reliable | the model's own lists | 58.0 % [53.0, 63.0] | 3.5 ["
        in text
    )
    assert "| 0.2 relative | own-scale |" in text
    assert (
        "- The shop, BPR-MF, pgd-l2, ε = 0.5: moves rows by 80 % of ε in the mean, 25 % of" in text
    )
    assert "Note." in text


def test_the_figure_has_a_row_for_each_budget_and_a_column_for_each_model():
    table = curves(long_form(metrics(("AMF", "BPR-MF")), ATTACKS, EPSILON, ["shop"], 10), ATTACKS)
    figure = reliable_figure(table, "shop", k=10)
    assert figure.panels.shape == (2, 2)
    assert [ax.get_title() for ax in figure.panels[0]] == ["BPR-MF", "AMF"]
    for row, (unit, ticks) in enumerate(
        [("ε, L2 norm of each row", ["0.1", "0.5"]), ("ε, relative to the rows", ["0.2"])]
    ):
        ax = figure.panels[row, 0]
        assert ax.get_xlabel() == unit
        labels = ax.get_xticklabels()
        assert [label.get_text() for label in labels if label.get_visible()] == ticks
    lines = {line.get_gid(): line.get_ydata().tolist() for line in figure.panels[0, 0].lines}
    assert lines["reliable-test"] == pytest.approx([51, 2])
    assert any("reliable, ε = 0.5: 58" in text for *_, text in figure.marks)


def test_the_page_has_table_warnings_figure_and_sentences(tmp_path):
    found = report(metrics(), **arguments())
    files = {}
    for name in ("curves", "damage", "warnings"):
        path = tmp_path / f"{name}.csv"
        found[name].to_csv(path, index=False)
        files[f"reliable_{name}"] = [str(path)]
    inputs = Inputs(files)
    numbers, warned = page.tables(inputs, {"shop": "The shop"})
    shown = {heads[1:3]: cells[0].ours for heads, cells in ((tuple(h), c) for h, c in numbers.rows)}
    assert shown["0.5", "reliable"].startswith("58.0 % [")
    assert len(warned.rows) == 3
    sentence = {"reference": "pgd-l2", "epsilon": 0.5, "k": 10}
    settings = {"figures": [], "sentence": sentence}
    first, second = page.remarks(inputs, settings)["shop"]
    assert "leaves 58 % of BPR-MF's nDCG@10 (pgd-l2: 88 %), at an L2 norm of ε = 0.5" in first
    assert "leaves 2 % of BPR-MF's" in second
    assert page.remarks(Inputs({}), settings) == {}
