"""PureSVD, ALS and LightGCN in the workflow: trained by their modules, attacked like any model."""

import os
from importlib import util

import numpy as np
import pandas as pd
import pytest

from embrittle.data.interactions import read_user_items
from embrittle.files import read_tensors
from embrittle.kernels.cpu import CpuBackend
from embrittle.models import light_gcn
from tiny_study import CONDITIONS_PER_MODEL, Project

HAS_ALS = util.find_spec("implicit") is not None or os.environ.get("REQUIRE_ALS")
MODELS = ["PureSVD", "LightGCN", *(["ALS"] if HAS_ALS else [])]
EPOCHS = 6
STUDY = {
    "models": MODELS,
    "light_gcn": {"epochs": EPOCHS, "evaluate_every": 2, "batch_size": 16, "learning_rate": 0.05},
}
PLACE = "shop/{model}/seed-0"
ATTACKED = f"results/tiny/lists/{PLACE}/fgsm_epsilon-0.5_iterations-1.parquet"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The study with every model trained, and the lists of each under FGSM."""
    project = Project(tmp_path_factory.mktemp("victims"))
    initial = [f"results/tiny/lists/{PLACE}/initial.parquet".format(model=m) for m in MODELS]
    attacked = [ATTACKED.format(model=model) for model in MODELS]
    project.run("models", *initial, *attacked, **STUDY)
    return project


def test_each_model_is_one_training_and_nothing_else_is_trained(tmp_path):
    planned = Project(tmp_path).planned(**STUDY)
    assert planned["train_model"] == len(MODELS)
    attacks = planned["attack_model"] + planned["attack_model_last"]
    assert attacks == len(MODELS) * CONDITIONS_PER_MODEL


def rows_of(project, model, name):
    epoch = EPOCHS if model == "LightGCN" else 0
    place = PLACE.format(model=model)
    return read_tensors(
        project.folder / f"results/tiny/models/{place}/epoch-{epoch}/{name}.safetensors"
    )


@pytest.mark.parametrize("model", MODELS)
def test_stored_rows_make_the_lists_and_an_attack_changes_them(trained, model):
    best, about = rows_of(trained, model, "best")
    last, _ = rows_of(trained, model, "last")
    assert (about["model"], about["seed"]) == (model, 0)
    assert set(best) == {"user_factors", "item_factors"}
    assert best["user_factors"].shape[1] == best["item_factors"].shape[1] == 8
    if model != "LightGCN":
        assert about["selected_epoch"] == 0
        assert all((best[name] == last[name]).all() for name in best)
    lists = trained.folder / f"results/tiny/lists/{PLACE.format(model=model)}"
    initial = pd.read_parquet(lists / "initial.parquet")
    scores = (best["user_factors"] @ best["item_factors"].T)[initial["user"], initial["item"]]
    np.testing.assert_allclose(initial["score"], scores, rtol=1e-5, atol=1e-6)
    attacked = pd.read_parquet(trained.folder / ATTACKED.format(model=model))
    assert (attacked["item"] != initial["item"]).any()


def test_light_gcn_is_stored_after_propagation(trained):
    split = trained.folder / "results/tiny/data/shop/split"
    train, test, validation = (
        read_user_items(split / f"{part}.parquet", split / "statistics.json")
        for part in ("train", "test", "validation")
    )
    settings = light_gcn.TrainingSettings(
        model="LightGCN", factors=8, selection="best-on-test", criterion="nDCG@3", evaluate_every=2,
        batch_size=16, learning_rate=0.05, init_scale=0.1, layers=3, regularisation=1e-4,
    )  # fmt: skip
    state = light_gcn.train(CpuBackend(), train, test, validation, settings, 0, EPOCHS)
    for name, rows in (("last", state.last), ("best", state.selected)):
        stored, _ = rows_of(trained, "LightGCN", name)
        for side, array in zip(("user_factors", "item_factors"), rows, strict=True):
            np.testing.assert_array_equal(stored[side], array)
    assert len(state.factors.embeddings) == train.n_users + train.n_items
    assert (state.factors.embeddings[: train.n_users] != state.last[0]).any()
