"""Controls in real runs of a tiny study: the lists of their model, other results under attack, no training."""

import numpy as np
import pandas as pd
import pytest

CONTROLS = {
    "doubled": {"of": "BPR-MF", "scale": 2},
    "as-AMF": {"of": "BPR-MF", "norms_of": "AMF"},
    "form": {"of": "AMF", "form": "canonical"},
}


STUDY = {
    "controls": CONTROLS,
    "scale": {
        "datasets": ["shop"],
        "attacks": ["fgsm", "bim"],
        "relative_attacks": ["bim-relative"],
        "iterations": 2,
    },
}


@pytest.fixture(scope="module")
def controlled(finished_study, tmp_path_factory):
    """The finished tiny study, with controls."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("controls") / "copy")
    planned = project.planned(**STUDY)
    assert "train_model" not in planned
    assert planned["make_control"] == len(CONTROLS)
    project.run(**STUDY)
    return project


def test_controls_have_the_lists_of_their_model_and_their_own_attacks(controlled):
    metrics = pd.read_parquet(controlled.results("metrics.parquet"))
    assert set(metrics["model"]) >= set(CONTROLS)
    key = ["attack", "epsilon", "iterations", "k", "metric"]
    of = {model: rows.set_index(key)["value"] for model, rows in metrics.groupby("model")}
    for name, control in CONTROLS.items():
        ours, theirs = of[control["of"]]["initial"], of[name]["initial"]
        np.testing.assert_allclose(theirs, ours, rtol=1e-12)
        assert (of[name]["bim"] != of[control["of"]]["bim"]).any()
        log = controlled.results(f"logs/make_control/shop/{name}/seed-0.log").read_text()
        assert "0 places of the lists hold another item" in log


def test_the_table_of_models_shows_their_epoch_and_the_size_of_their_rows(controlled):
    models = pd.read_csv(controlled.results("tables/models.csv")).set_index("model")
    epochs = models["selected_epoch"]
    assert epochs["doubled"] == epochs["as-AMF"] == epochs["BPR-MF"]
    assert epochs["form"] == epochs["AMF"]
    for side in ("users", "items"):
        sizes = models[f"{side}_norm_rms"]
        assert sizes["doubled"] == pytest.approx(2 * sizes["BPR-MF"], rel=1e-5)
        assert sizes["as-AMF"] == pytest.approx(sizes["AMF"], rel=1e-5)
    assert "doubled" in controlled.results("index.html").read_text(encoding="utf-8")


def test_what_the_defence_saves_is_on_the_page_and_in_the_tables(controlled):
    saved = pd.read_csv(controlled.results("tables/scale_savings.csv"))
    assert list(zip(saved["comparison"], saved["attack"], strict=True)) == [
        ("printed", "fgsm"), ("printed", "bim"), ("norms", "fgsm"), ("norms", "bim"),
        ("relative", "bim-relative"),
    ]  # fmt: skip
    metrics = pd.read_parquet(controlled.results("metrics.parquet"))
    rows = metrics[(metrics["metric"] == "nDCG") & (metrics["k"] == metrics["k"].min())]
    of = rows.set_index(["model", "attack", "epsilon", "iterations"])["value"]

    def left(model):
        return 100 * of[model, "bim", 0.5, 2] / of[model, "initial", 0.0, 0]

    row = saved.iloc[3]
    assert row["of_model"] == pytest.approx(left("as-AMF"))
    assert row["saved"] == pytest.approx(left("AMF") - left("as-AMF"))
    long = pd.read_csv(controlled.results("tables/table_scale.csv"))
    assert set(long["control"].dropna()) == set(CONTROLS)
    assert controlled.results("figures/shop/scale.pdf").read_bytes().startswith(b"%PDF")
    page = controlled.results("index.html").read_text(encoding="utf-8")
    assert "What the defence saves, and how much of it the norms of its rows explain" in page
    assert "is the length of its rows cannot be told" in page  # one seed
    assert (
        "bim-relative" not in pd.read_csv(controlled.results("brittleness.csv"))["attack"].unique()
    )
