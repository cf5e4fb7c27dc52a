"""PureSVD against a dense singular value decomposition."""

import math

import numpy as np
import pytest

from embrittle.data.interactions import UserItems
from embrittle.errors import TrainingError
from embrittle.kernels.cpu import CpuBackend
from embrittle.models import pure_svd
from embrittle.models.pure_svd import TrainingSettings, factorise
from held_out import held_out

N_USERS, N_ITEMS, D = 40, 30, 5
NOBODY = held_out([-1] * N_USERS, N_ITEMS)


@pytest.fixture(scope="module")
def interactions():
    """Random interactions as a dense matrix and as UserItems, and an item of each user to find again."""
    rng = np.random.default_rng(5)
    liked = rng.random((N_USERS, N_ITEMS)) < np.linspace(0.1, 0.6, N_ITEMS)
    test = np.array([rng.choice(np.flatnonzero(~row)) for row in liked], np.int32)
    return liked.astype(float), UserItems.from_pairs(*np.nonzero(liked), N_USERS, N_ITEMS), test


def test_scores_are_those_of_the_dense_decomposition(interactions):
    dense, train, _ = interactions
    rows = factorise(train, D, "users")
    assert rows.user_factors.dtype == rows.item_factors.dtype == np.float32
    left, values, right = np.linalg.svd(dense)
    best = left[:, :D] * values[:D] @ right[:D]
    np.testing.assert_allclose(rows.user_factors @ rows.item_factors.T, best, atol=2e-6)
    # Cremonesi et al. 2010, Eq. 12: a user's scores are the projection of the user's interactions.
    np.testing.assert_allclose(rows.user_factors, dense @ rows.item_factors, atol=5e-6)
    np.testing.assert_allclose(np.linalg.norm(rows.user_factors, axis=0), values[:D], rtol=1e-6)
    np.testing.assert_allclose(rows.item_factors.T @ rows.item_factors, np.eye(D), atol=1e-6)


def test_the_roots_of_the_singular_values_on_both_sides_give_the_same_scores(interactions):
    dense, train, _ = interactions
    users, both = factorise(train, D, "users"), factorise(train, D, "both")
    np.testing.assert_allclose(
        both.user_factors @ both.item_factors.T,
        users.user_factors @ users.item_factors.T,
        atol=2e-6,
    )
    roots = np.sqrt(np.linalg.svd(dense, compute_uv=False)[:D])
    for factors in (both.user_factors, both.item_factors):
        np.testing.assert_allclose(np.linalg.norm(factors, axis=0), roots, rtol=1e-6)


def run(interactions, factors=D, seed=0):
    _, train, test = interactions
    settings = TrainingSettings("PureSVD", factors, "HR@10", "users")
    tested = held_out(test, N_ITEMS)
    return pure_svd.train(CpuBackend(), train, tested, NOBODY, settings, seed, 0)


def test_the_same_bytes_whatever_the_seed_and_the_best_epoch_is_the_last(interactions, tmp_path):
    names = ("state.safetensors", "best.safetensors", "last.safetensors", "curve.parquet")
    for folder in ("first", "again"):
        run(interactions).write(*(tmp_path / folder / name for name in names))
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    best, last = ((tmp_path / "first" / name).read_bytes() for name in names[1:3])
    assert best == last
    first, other = run(interactions, seed=0), run(interactions, seed=1)
    for array, wanted in zip(other.last, first.last, strict=True):
        np.testing.assert_array_equal(array, wanted)
    assert (other.seed, other.selected_epoch, other.selected_score) == (1, 0, None)


def test_the_curve_has_the_accuracy_of_the_only_epoch(interactions):
    _, train, test = interactions
    state = run(interactions)
    (row,) = state.curve
    scores = state.last[0] @ state.last[1].T
    for user in range(N_USERS):
        scores[user, train.indices[train.indptr[user] : train.indptr[user + 1]]] = -np.inf
    ranks = (scores >= scores[np.arange(N_USERS), test][:, None]).sum(1)
    assert row["HR@10"] == (ranks <= 10).mean()
    assert row["epoch"] == 0
    assert math.isnan(row["loss"])
    assert math.isnan(row["selection"])


def test_as_many_factors_as_items_are_refused(interactions):
    with pytest.raises(TrainingError, match=r"30 factors, 40 users, 30 items"):
        run(interactions, factors=N_ITEMS)
