"""ALS: its solution, its lists against implicit's own, and that a seed gives the same bytes."""

import os
from importlib import metadata, util

import numpy as np
import pytest

from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.ranking import top_items
from embrittle.models import als
from embrittle.models.als import TrainingSettings
from embrittle.models.registry import require_packages
from held_out import held_out

MISSING = util.find_spec("implicit") is None and not os.environ.get("REQUIRE_ALS")
needs_implicit = pytest.mark.skipif(MISSING, reason="implicit is not installed")

N_USERS, N_ITEMS, K = 50, 40, 10
NOBODY = held_out([-1] * N_USERS, N_ITEMS)
SETTINGS = TrainingSettings("ALS", 6, "HR@10", iterations=4, alpha=10.0, regularisation=0.5)


@pytest.fixture(scope="module")
def interactions():
    """Random interactions as a dense matrix and as UserItems; the last user and the last item have none."""
    liked = np.random.default_rng(5).random((N_USERS, N_ITEMS)) < np.linspace(0.05, 0.5, N_ITEMS)
    liked[-1], liked[:, -1] = False, False
    return liked.astype(float), UserItems.from_pairs(*np.nonzero(liked), N_USERS, N_ITEMS)


def run(interactions, seed=0):
    _, train = interactions
    test = held_out([N_ITEMS - 1] * N_USERS, N_ITEMS)
    return als.train(CpuBackend(), train, test, NOBODY, SETTINGS, seed, 0)


@needs_implicit
def test_item_factors_solve_the_weighted_least_squares(interactions):
    """Hu et al. 2008, Eq. 5: the last half of an iteration, solved with dense matrices."""
    dense, _ = interactions
    users, items = run(interactions).last
    for item in range(N_ITEMS - 1):
        weights = 1 + SETTINGS.alpha * dense[:, item]
        left = (users.T * weights) @ users + SETTINGS.regularisation * np.eye(6)
        wanted = np.linalg.solve(left, users.T @ (weights * dense[:, item]))
        np.testing.assert_allclose(items[item], wanted, rtol=1e-3, atol=1e-5)
    assert not users[-1].any()  # without interactions
    assert not items[-1].any()


@needs_implicit
def test_lists_are_those_of_implicit(interactions):
    dense, train = interactions
    users, items = run(interactions).last
    lists, scores = top_items(CpuBackend(), users, items, train, K)
    from scipy.sparse import csr_matrix

    model = als.fitted(train, SETTINGS, seed=0)
    known = np.arange(N_USERS - 1)
    theirs, their_scores = model.recommend(known, csr_matrix(dense)[known], N=K)
    np.testing.assert_array_equal(lists[known], theirs)
    np.testing.assert_allclose(scores[known], their_scores, rtol=1e-5)


@needs_implicit
def test_a_seed_gives_the_same_bytes_and_another_does_not(interactions):
    first, again, other = (run(interactions, seed) for seed in (1, 1, 2))
    for array, same, different in zip(first.last, again.last, other.last, strict=True):
        np.testing.assert_array_equal(array, same)
        assert (array != different).any()
    assert first.selected is first.last
    assert (first.selected_epoch, first.epoch) == (0, 0)


def test_a_missing_package_is_named_with_the_models_that_need_it(monkeypatch):
    def not_found(package):
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", not_found)
    require_packages(["BPR-MF", "AMF", "PureSVD", "LightGCN"])
    with pytest.raises(ConfigError) as caught:
        require_packages(["BPR-MF", "ALS"])
    assert str(caught.value) == (
        "implicit is not installed, but needed for models: ALS. Install it with `make implicit` or, outside of a "
        "clone, `pip install implicit`."
    )
