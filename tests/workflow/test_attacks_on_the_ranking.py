"""Attacks on the ranking in real runs of a tiny study: what their jobs read, ensembles, tables and the page."""

import json
import re

import pandas as pd
import pytest

STUDY = {
    "attacks": {
        "of-users": {"method": "apgd", "loss": "margin", "rows": "users"},
        "of-users-too": {"method": "apgd", "loss": "lists", "rows": "users"},
        "from-bpr": {"method": "transfer", "attack": "apgd-margin", "model": "BPR-MF"},
        "separate": {"method": "ensemble", "members": ["of-users", "of-users-too"]},
    },
    "reliable": {
        "datasets": ["shop"],
        "attacks": ["noise", "pgd-l2", "reliable", "reliable-test", "separate", "from-bpr"],
        "epsilon": [0.5],
        "iterations": 4,
    },
}
AT = "shop/AMF/seed-0"


@pytest.fixture(scope="module")
def attacked(finished_study, tmp_path_factory):
    """The finished tiny study, with attacks on the ranking."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("ranking") / "copy")
    planned = project.planned(**STUDY)
    assert "train_model" not in planned
    # Three ensembles of two models.
    assert planned["combine_attacks"] == 6
    assert planned["transfer_attack"] == 2
    project.run(**STUDY)
    return project


def test_an_ensemble_has_the_lists_of_its_strongest_member(attacked):
    metrics = pd.read_parquet(attacked.results("metrics.parquet"))
    k = metrics["k"].iloc[0]
    rows = metrics[
        (metrics["metric"] == "nDCG") & (metrics["k"] == k) & (metrics["epsilon"] == 0.5)
    ]
    for _, of in rows.groupby("model"):
        left = of.set_index("attack")["value"]
        if "reliable" not in left.index:
            continue  # the random recommender
        for name, members in (
            ("reliable", ["apgd-smooth-rank", "apgd-margin", "apgd-lists"]),
            (
                "reliable-test",
                ["apgd-smooth-rank-test", "apgd-sharp-rank-test", "apgd-margin-test"],
            ),
        ):
            assert left[name] == min(left[member] for member in members)
        assert left["separate"] <= min(left["of-users"], left["of-users-too"])


def test_perturbations_that_no_attack_goes_on_from_are_not_kept(attacked):
    kept = attacked.results("perturbations").rglob("*.safetensors")
    methods = {re.match("[a-z]+", path.name)[0] for path in kept}
    assert methods == {"bim", "pgd"}
    assert attacked.planned(**STUDY) == {}


def test_a_transfer_on_the_model_that_it_comes_from_is_the_attack_itself(attacked):
    metrics = pd.read_parquet(attacked.results("metrics.parquet"))
    rows = metrics[metrics["k"] == metrics["k"].iloc[0]]
    table = rows.pivot_table("value", ["model", "epsilon", "metric"], "attack")
    ours, theirs = table["from-bpr"].dropna(), table["apgd-margin"].dropna()
    assert ours["BPR-MF"].tolist() == pytest.approx(theirs["BPR-MF"].tolist(), rel=1e-5)
    norms = ours.xs("spent all L2 mean", level="metric")
    assert norms["AMF"].tolist() == pytest.approx(norms["BPR-MF"].tolist(), rel=1e-5)
    assert ours["AMF"].xs("nDCG", level="metric").notna().all()


def test_only_jobs_that_know_the_test_items_read_them(attacked):
    """Snakemake's own record of the inputs of each file."""
    records = {}
    for path in attacked.folder.glob(".snakemake/metadata/**/*"):
        if path.is_file():
            record = json.loads(path.read_text())
            if record["rule"].startswith("attack_model"):
                wildcards = re.search(r"/([\w-]+)_epsilon", " ".join(record["log"]))
                records.setdefault(wildcards[1], set()).add(
                    any(name.endswith("split/test.parquet") for name in record["input"])
                )
    assert records["apgd-margin-test"] == records["apgd-smooth-rank-test"] == {True}
    assert records["apgd-margin"] == records["apgd-lists"] == records["pgd-l2"] == {False}


def test_tables_figure_and_page_have_the_attacks_on_the_ranking(attacked):
    long = pd.read_csv(attacked.results("tables/table_reliable.csv"))
    knows = long.groupby("attack")["knows"].first()
    assert (knows["reliable"], knows["reliable-test"], knows["noise"]) == (
        "lists",
        "test",
        "nothing",
    )
    assert set(long.loc[long["attack"] == "separate", "rows"]) == {"users"}
    assert attacked.results("figures/shop/reliable.pdf").read_bytes().startswith(b"%PDF")
    page = attacked.results("index.html").read_text(encoding="utf-8")
    assert "What attacks on the ranking leave" in page
    assert "A perturbation that knows the test items, which measures the worst case, leaves" in page
    assert "the strongest attack" in page
