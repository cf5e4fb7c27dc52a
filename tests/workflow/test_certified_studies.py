"""Certificates in a real run of a tiny study: files, the check of attacks, the page, and own embeddings with biases."""

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

STUDY = {
    "controls": {"scaled": {"of": "BPR-MF", "scale": 2}},
    "attacks": {
        "of-users": {"method": "apgd", "loss": "margin", "knows": "test", "rows": "users"},
        "relative": {"method": "apgd", "loss": "margin", "knows": "test", "budget": "relative"},
    },
    "certificates": {
        "datasets": ["shop"],
        "attacks": ["fgsm", "bim", "reliable-test", "of-users"],
        "attack_epsilon": [0.002],
        "relative_attacks": ["relative"],
        "relative_attack_epsilon": [0.05],
        "attributes": ["user_gender", "user_region"],
        "iterations": 3,
    },
}
AT = "shop/AMF/seed-0"


@pytest.fixture(scope="module")
def certified(finished_study, tmp_path_factory):
    """The finished tiny study, with certificates."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("certified") / "copy")
    planned = project.planned(**STUDY)
    assert "train_model" not in planned
    assert planned["certify_model"] == planned["search_worst_case"] == 3
    project.run(**STUDY)
    return project


def test_every_attack_is_above_its_certificate_and_controls_share_relative_ones(certified):
    long = pd.read_csv(certified.results("tables/table_certificates.csv"))
    left = long[long["metric"] == "left"]
    attacked = left[left["kind"] == "attack"]
    assert {"fgsm", "bim", "reliable-test", "of-users", "relative"} <= set(attacked["attack"])
    on = ["model", "seed", "rows", "norm", "budget", "epsilon"]
    both = attacked.merge(left[left["kind"] == "certified"], on=on)
    assert len(both) == len(attacked)
    assert (both["value_x"] >= both["value_y"] - 1e-9).all()
    assert set(attacked.loc[attacked["attack"] == "bim", "norm"]) == {"linf"}
    relative = left[(left["kind"] == "certified") & (left["budget"] == "relative")]
    values = relative.pivot_table("value", ["rows", "norm", "epsilon"], "model")
    np.testing.assert_allclose(values["scaled"], values["BPR-MF"], atol=1e-6)


def test_a_changed_epsilon_certifies_nothing_again(certified):
    more = {**STUDY, "certificates": {**STUDY["certificates"], "epsilon": [0.01, 0.02, 0.05, 0.5]}}
    planned = certified.planned(**more)
    assert "certify_model" not in planned
    assert planned["evaluate_certificates"] == 3


def test_an_attack_below_its_certificate_stops_the_study(certified, tmp_path_factory):
    project = certified.duplicate(tmp_path_factory.mktemp("below") / "copy")
    users = pd.read_parquet(project.results(f"certificates/{AT}/users.parquet"))
    user = int(users.set_index("user")["both_l2_absolute"].idxmax())
    path = project.results(f"lists/{AT}/fgsm_epsilon-0.002_iterations-1.parquet")
    lists = pq.read_table(path)
    pq.write_table(lists.filter(pc.field("user") != user), path)  # keeps the metadata
    finished = project.snakemake("--cores", "2", **STUDY)
    assert finished.returncode != 0
    log = project.results(f"logs/evaluate_certificates/{AT}.log").read_text(encoding="utf-8")
    assert "nDCG@3 after fgsm with epsilon 0.002 and 1 iterations is below its certificate" in log
    assert f"user {user}: 0 < " in log


def test_the_page_has_sentences_tables_and_figures(certified):
    page = certified.results("index.html").read_text(encoding="utf-8")
    assert (
        "No perturbation of the item rows of relative size 0.01 or less takes more of nDCG@" in page
    )
    assert "What any perturbation leaves, and what attacks leave" in page
    assert "Who is fragile" in page
    for budget in ("absolute", "relative"):
        figure = certified.results(f"figures/shop/certificates_{budget}.pdf")
        assert figure.read_bytes().startswith(b"%PDF")
