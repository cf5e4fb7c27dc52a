"""How brittle a model is, from made-up metrics whose numbers are known."""

import numpy as np
import pandas as pd
import pytest

from embrittle.attacks.norms import MEAN_NORM_METRIC
from embrittle.brittleness.cells import (
    COLUMNS,
    HIT_RATE,
    ITEMS,
    LEFT,
    NDCG,
    NOISE,
    NORM,
    SINGLE_STEP,
    STRONGEST,
    WORST_GROUP,
    cells,
)
from embrittle.metrics.evaluation import COLUMNS as METRICS
from embrittle.metrics.evaluation import GROUP_COLUMNS
from embrittle.vocabulary import UNPERTURBED

METHODS = {"fgsm": "fgsm", "bim": "bim", "pgd": "pgd", "pgd-l2": "pgd", "noise": "noise"}
ATTRIBUTES = {"item_popularity": "items", "user_gender": "users"}
# (attack, epsilon, iterations) -> nDCG in percent of the unperturbed one, seed by seed
LEFT_AFTER = {
    ("fgsm", 0.5, 1): (90, 92, 88),
    ("fgsm", 2.0, 1): (1, 1, 1),
    ("bim", 0.5, 10): (5, 5, 5),  # less than at the end, where the attack is judged
    ("bim", 0.5, 50): (40, 50, 60),
    ("pgd", 0.5, 50): (30, 34, 38),
    ("pgd-l2", 0.5, 50): (80, 80, 80),
    ("noise", 0.5, 1): (20, 20, 20),  # no attack, however much it takes
}
START = (0.05, 0.04, 0.06)


def metrics_of(left=None, start=START) -> pd.DataFrame:
    rows = []

    def add(seed, condition, ndcg, items, norm):
        values = {"nDCG": ndcg, "RE": 2 * ndcg, "ICov": items, MEAN_NORM_METRIC: norm, "SE": 7.0}
        for metric, value in values.items():
            rows.append(("shop", "BPR-MF", seed, *condition, 10, metric, value))

    for seed, ndcg in enumerate(start):
        add(seed, (UNPERTURBED, 0.0, 0), ndcg, 100.0, 0.0)
        for condition, shares in (left or LEFT_AFTER).items():
            add(seed, condition, shares[seed] / 100 * ndcg, 50.0 + seed, condition[2] / 10)
    rows.append(("shop", "Random", 0, UNPERTURBED, 0.0, 0, 10, "nDCG", 0.001))
    return pd.DataFrame(rows, columns=METRICS)


RUN, HITS = ("shop", "BPR-MF", 0), 13


def groups_of(values, epsilon=0.5, attack="pgd") -> pd.DataFrame:
    """Groups by (attribute, group, members), with nDCG before and after, of one seed; 13 hits before, none after."""
    rows = [
        (*about, 10, attribute, group, f"of {group}", members, hits, value, "")
        for (attribute, group, members), both in values.items()
        for about, value, hits in zip(
            [(*RUN, UNPERTURBED, 0.0, 0), (*RUN, attack, epsilon, 25)], both, (HITS, 0), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


def numbers(metrics=None, groups=None, methods=METHODS, epsilon=0.5, model="BPR-MF"):
    table = cells(
        metrics_of() if metrics is None else metrics, groups,
        k=10, epsilon=epsilon, methods=methods, attributes=ATTRIBUTES,
    )  # fmt: skip
    return table[table["model"] == model].set_index(["role", "quantity"])


def test_the_share_that_is_left_is_the_mean_of_the_shares_of_the_seeds():
    row = numbers().loc[(SINGLE_STEP, LEFT)]
    assert row["mean"] == pytest.approx(90.0)
    # By hand: t of 2 degrees of freedom is 4.303, the standard error 2 / sqrt(3).
    assert (row["high"] - row["low"]) / 2 == pytest.approx(4.303 * 2 / np.sqrt(3), rel=1e-3)
    assert row["n_seeds"] == 3


def test_what_is_shown_before_any_perturbation():
    table = numbers()
    assert table.loc[(UNPERTURBED, NDCG), "mean"] == pytest.approx(0.05)
    assert table.loc[(UNPERTURBED, HIT_RATE), "mean"] == pytest.approx(0.1)
    assert table.loc[(UNPERTURBED, ITEMS), "mean"] == 100
    assert list(table.reset_index().columns) == sorted(
        [*COLUMNS], key=lambda name: (name not in ("role", "quantity"), COLUMNS.index(name))
    )


def test_the_random_recommender_has_only_what_it_does_by_itself():
    table = numbers(model="Random")
    assert table["mean"].to_dict() == {(UNPERTURBED, NDCG): pytest.approx(0.001)}


def test_hr_is_recall_only_where_it_is_not_measured():
    metrics = metrics_of()
    measured = metrics[metrics["metric"] == "RE"].assign(metric="HR", value=0.9)
    table = numbers(pd.concat([metrics, measured]))
    assert table.loc[(UNPERTURBED, HIT_RATE), "mean"] == pytest.approx(0.9)
    assert table.drop((UNPERTURBED, HIT_RATE)).equals(numbers().drop((UNPERTURBED, HIT_RATE)))


def test_the_strongest_attack_is_judged_after_its_largest_number_of_steps():
    row = numbers().loc[(STRONGEST, LEFT)]
    assert (row["attack"], row["iterations"], row["among"]) == ("pgd", 50, 4)
    assert row["mean"] == pytest.approx(34.0)
    assert numbers().loc[(STRONGEST, NORM), "mean"] == pytest.approx(5.0)
    assert numbers().loc[(STRONGEST, ITEMS), "mean"] == pytest.approx(51.0)


def test_an_ensemble_is_named_before_its_strongest_member():
    after = {**LEFT_AFTER, ("both", 0.5, 50): LEFT_AFTER["pgd", 0.5, 50]}
    for method, named in (("ensemble", "both"), ("apgd", "pgd")):
        table = numbers(metrics_of(after), methods={**METHODS, "both": method})
        assert table.loc[(STRONGEST, LEFT), "attack"] == named


def test_noise_is_no_attack_and_has_its_own_row():
    assert numbers().loc[(NOISE, LEFT), "mean"] == pytest.approx(20.0)
    without = numbers(metrics_of({c: v for c, v in LEFT_AFTER.items() if c[0] != "noise"}))
    assert NOISE not in without.index.get_level_values("role")


def test_another_epsilon_is_another_question():
    table = numbers(epsilon=2.0)
    assert table.loc[(STRONGEST, LEFT), "attack"] == "fgsm"
    assert table.loc[(STRONGEST, LEFT), "mean"] == pytest.approx(1.0)
    assert set(numbers(epsilon=3.0).index.get_level_values("role")) == {UNPERTURBED}


def test_an_attack_that_a_seed_lacks_is_not_shown():
    metrics = metrics_of()
    lacks = (metrics["attack"] == "pgd") & (metrics["seed"] == 1)
    metrics["value"] = metrics["value"].where(~lacks)
    assert numbers(metrics).loc[(STRONGEST, LEFT), "attack"] == "bim"


def test_nothing_can_be_left_of_nothing():
    table = numbers(metrics_of(start=(0.0, 0.04, 0.06)))
    assert set(table.index.get_level_values("role")) == {UNPERTURBED}


def test_one_seed_has_no_interval():
    metrics = metrics_of()
    row = numbers(metrics[metrics["seed"] == 0]).loc[(STRONGEST, LEFT)]
    assert row["mean"] == pytest.approx(30.0)
    assert np.isnan(row["low"])
    assert row["n_seeds"] == 1


def test_an_attack_is_known_by_its_method():
    metrics = metrics_of()
    metrics["attack"] = metrics["attack"].replace({"fgsm": "one-step", "noise": "dice"})
    methods = {"one-step": "fgsm", "pgd": "pgd", "dice": "noise"}
    table = numbers(metrics, methods=methods)
    assert table.loc[(SINGLE_STEP, LEFT), "attack"] == "one-step"
    assert table.loc[(NOISE, LEFT), "attack"] == "dice"


GROUPS = {
    ("item_popularity", "C1", 900): (0.0, 0.0),  # nothing to lose
    ("item_popularity", "C2", 40): (0.2, 0.02),
    ("user_gender", "C1", 70): (0.1, 0.01),
    ("user_gender", "C2", 20): (0.1, 0.05),
}


def test_the_group_that_keeps_the_smallest_share_is_named():
    row = numbers(groups=groups_of(GROUPS)).loc[(WORST_GROUP, LEFT)]
    assert row["mean"] == pytest.approx(10.0)
    # Of two that keep a tenth, the larger one.
    assert (row["group"], row["of"], row["members"]) == ("user gender = of C1", "users", 70)
    assert row["hits"] == 13
    assert (row["attack"], row["iterations"], row["among"]) == ("pgd", 25, 3)


def test_a_group_that_rests_on_few_hits_is_not_compared():
    groups = groups_of(GROUPS)
    groups.loc[groups["label"].eq("of C1") & groups["hits"].eq(HITS), "hits"] = 9
    row = numbers(groups=groups).loc[(WORST_GROUP, LEFT)]
    assert (row["group"], row["among"]) == ("item popularity = of C2", 2)


def test_everybody_is_no_group():
    """Where all items are as popular as another, one quarter holds them all."""
    everybody = {("item_popularity", "C1", 940): (0.1, 0.0), ("item_popularity", "C2", 0): (0, 0)}
    of_users = {key: both for key, both in GROUPS.items() if key[0] == "user_gender"}
    row = numbers(groups=groups_of(everybody | of_users)).loc[(WORST_GROUP, LEFT)]
    assert (row["group"], row["among"]) == ("user gender = of C1", 2)


def test_one_group_is_compared_with_none():
    groups = groups_of(GROUPS)
    others = groups["attribute"].ne("user_gender") | groups["label"].ne("of C1")
    groups.loc[others & groups["hits"].eq(HITS), "hits"] = 9
    assert (WORST_GROUP, LEFT) not in numbers(groups=groups).index


@pytest.mark.parametrize("other", [{"epsilon": 1.0}, {"attack": "bim"}])
def test_groups_under_another_perturbation_are_not_shown(other):
    table = numbers(groups=groups_of(GROUPS, **other))
    assert WORST_GROUP not in table.index.get_level_values("role")
