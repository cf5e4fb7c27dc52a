"""Controls in real runs of a tiny study: the lists of their model, other results under attack, no training."""

import numpy as np
import pandas as pd
import pytest

CONTROLS = {
    "doubled": {"of": "BPR-MF", "scale": 2},
    "as-AMF": {"of": "BPR-MF", "norms_of": "AMF"},
    "form": {"of": "AMF", "form": "canonical"},
}


@pytest.fixture(scope="module")
def controlled(finished_study, tmp_path_factory):
    """The finished tiny study, with controls."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("controls") / "copy")
    planned = project.planned(controls=CONTROLS)
    assert "train_model" not in planned
    assert planned["make_control"] == len(CONTROLS)
    project.run(controls=CONTROLS)
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
