"""The snippets in docs/embeddings.md: each is short, and those whose library is installed are run."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from embrittle.data.normal_form import normalise, write
from embrittle.data.splits import split_interactions
from embrittle.embeddings.matching import read_model

TEXT = Path(__file__).parents[2].joinpath("docs", "embeddings.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"<!-- snippet: ([\w-]+) -->\n\n```python\n(.*?)```", TEXT, re.DOTALL))
IDS = ["b", "a"], [30, 10, 20]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_snippet_has_less_than_ten_lines():
    assert set(SNIPPETS) == {"split", "torch", "implicit", "gensim", "recbole"}
    for code in SNIPPETS.values():
        assert len([line for line in code.splitlines() if line]) < 10


def assert_exported(users, items):
    """The files that a snippet wrote are those factors, by their ids."""
    files = {"users": "users.parquet", "items": "items.parquet"}
    model, _ = read_model(files, ["a", "b"], ["10", "20", "30"])
    np.testing.assert_allclose(model["user_factors"], users[[1, 0]], rtol=1e-6)
    np.testing.assert_allclose(model["item_factors"], items[[1, 2, 0]], rtol=1e-6)


def test_embeddings_of_torch(here):
    tables = torch.nn.Embedding(2, 4), torch.nn.Embedding(3, 4)
    model = SimpleNamespace(user_embedding=tables[0], item_embedding=tables[1])
    exec(SNIPPETS["torch"], {"model": model, "user_ids": IDS[0], "item_ids": IDS[1]})
    assert_exported(*(table.weight.detach().numpy() for table in tables))


def test_factors_of_implicit(here):
    als = pytest.importorskip("implicit.als")
    from scipy.sparse import csr_matrix

    model = als.AlternatingLeastSquares(factors=4, iterations=1, use_gpu=False)
    model.fit(csr_matrix(np.eye(2, 3, dtype=np.float32)), show_progress=False)
    exec(SNIPPETS["implicit"], {"model": model, "user_ids": IDS[0], "item_ids": IDS[1]})
    assert_exported(model.user_factors, model.item_factors)


def test_vectors_of_gensim(here):
    models = pytest.importorskip("gensim.models")
    rng, sides = np.random.default_rng(2), {}
    for side, ids in zip(("users", "items"), IDS, strict=True):
        sides[side] = models.KeyedVectors(4)
        sides[side].add_vectors([str(name) for name in ids], rng.normal(size=(len(ids), 4)))
    exec(SNIPPETS["gensim"], dict(sides))
    lengths = {side: np.linalg.norm(sides[side].vectors, axis=1, keepdims=True) for side in sides}
    assert_exported(*(sides[side].vectors / lengths[side] for side in ("users", "items")))


def test_the_training_part_with_the_users_own_ids(here):
    pairs = pd.DataFrame({"user": list("xxxyyy"), "item": list("321213")}).rename_axis("row")
    pairs["timestamp"] = range(6)
    folder = here / "results" / "my-model" / "data" / "my-shop"
    (folder / "split").mkdir(parents=True)
    form = normalise(pairs, "pairs")
    write(form, *(folder / "prepared" / f"{n}.parquet" for n in ("interactions", "users", "items")))
    split_interactions(form.interactions, "last").train.to_parquet(
        folder / "split" / "train.parquet"
    )
    names = {}
    exec(SNIPPETS["split"], names)
    found = set(zip(names["train"]["user"], names["train"]["item"], strict=True))
    assert found == {("x", "3"), ("x", "2"), ("y", "2"), ("y", "1")}


def test_biases_of_implicit_are_where_the_document_says(here):
    """Users have 1 at the place of the items' bias, and items at that of the users'."""
    lmf = pytest.importorskip("implicit.lmf")
    bpr = pytest.importorskip("implicit.bpr")
    from scipy.sparse import csr_matrix

    pairs = csr_matrix(np.eye(5, 6, dtype=np.float32) + np.eye(5, 6, 1, dtype=np.float32))
    logistic = lmf.LogisticMatrixFactorization(factors=3, iterations=1, use_gpu=False)
    logistic.fit(pairs, show_progress=False)
    assert logistic.user_factors.shape[1] == 3 + 2
    assert (logistic.user_factors[:, -2] == 1).all()
    assert (logistic.item_factors[:, -1] == 1).all()
    # Without the biases of users, which change no order of items.
    expected = logistic.user_factors @ logistic.item_factors.T - logistic.user_factors[:, -1:]
    assert_scores(logistic, expected)
    logistic.save("model.npz")
    assert_scores(SimpleNamespace(**np.load("model.npz")), expected)
    ranking = bpr.BayesianPersonalizedRanking(factors=3, iterations=1, use_gpu=False)
    ranking.fit(pairs, show_progress=False)
    assert ranking.user_factors.shape[1] == 3 + 1
    assert (ranking.user_factors[:, -1] == 1).all()
    assert_scores(ranking, ranking.user_factors @ ranking.item_factors.T)


def assert_scores(model, expected):
    """The snippet exports a model of implicit, from which these scores come back."""
    ids = list("abcde"), list("uvwxyz")
    exec(SNIPPETS["implicit"], {"model": model, "user_ids": ids[0], "item_ids": ids[1]})
    read, fixed = read_model({"users": "users.parquet", "items": "items.parquet"}, *ids)
    scores = read["user_factors"] @ read["item_factors"].T
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
    assert fixed == 1
