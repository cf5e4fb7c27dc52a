"""Budgets in units of the rows, and the loss of standardised score differences: a rescaled model is the same model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attack_problem import assert_equal
from embrittle.attacks.losses.pairwise import PairwiseLoss, difference_deviation
from embrittle.attacks.norms import relative_norms
from embrittle.attacks.run import Attacked, Perturbation, attack_model, perturb
from embrittle.errors import DataError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.sampling import draw_negatives
from embrittle.row_norms import rms_norm

SEED = 5
ATTACKS = [
    ("fgsm", {}),
    ("bim", {}),
    ("bim", {"norm": "l2"}),
    ("pgd", {"norm": "l2", "negatives": "resampled"}),
]
FREE = {"relative": True, "standardised": True}


def attacked_scores(make, factors, train, method, options, iterations=10, **of_loss):
    """The scores of the perturbed model, float64, from a backend on the CPU."""
    loss = PairwiseLoss(make(), factors, train, SEED, **of_loss)
    steps = 1 if method == "fgsm" else iterations
    delta = perturb(loss, method, epsilon=0.2, iterations=steps, seed=SEED, **options)
    users, items = (loss.backend.get(array).astype(np.float64) for array in loss.perturbed(delta))
    return users @ items.T


@pytest.mark.parametrize(("method", "options"), ATTACKS)
@pytest.mark.parametrize(
    "make", [CpuBackend, lambda: CudaBackend("cpu")], ids=["compiled", "torch"]
)
@settings(max_examples=12, deadline=None)
@given(scale=st.floats(0.1, 10), balance=st.floats(0.1, 10))
def test_a_rescaled_or_rebalanced_model_has_the_same_perturbed_scores(
    factors, train, make, method, options, scale, balance
):
    users, items = factors
    rescaled = (
        (scale * balance * users).astype(np.float32),
        (scale / balance * items).astype(np.float32),
    )
    expected = attacked_scores(make, factors, train, method, options, **FREE)
    found = attacked_scores(make, rescaled, train, method, options, **FREE)
    np.testing.assert_allclose(
        found / scale**2, expected, rtol=0, atol=2e-4 * np.abs(expected).max()
    )


def test_an_absolute_budget_or_the_plain_loss_depends_on_the_scale(factors, train):
    doubled = tuple(2 * array for array in factors)
    for of_loss in ({}, {"relative": True}, {"standardised": True}):
        expected = attacked_scores(CpuBackend, factors, train, "bim", {}, **of_loss)
        found = attacked_scores(CpuBackend, doubled, train, "bim", {}, **of_loss)
        assert np.abs(found / 4 - expected).max() > 0.01 * np.abs(expected).max()


@pytest.mark.parametrize(("method", "options"), [*ATTACKS, ("noise", {})])
def test_a_relative_epsilon_is_an_absolute_one_where_the_rows_have_norm_one(
    factors, train, method, options
):
    normalised = tuple((array / rms_norm(array)).astype(np.float32) for array in factors)
    steps = 1 if method in ("fgsm", "noise") else 4

    def delta(**of_loss):
        loss = PairwiseLoss(CpuBackend(), normalised, train, SEED, **of_loss)
        return perturb(loss, method, epsilon=0.3, iterations=steps, seed=SEED, **options)

    for found, expected in zip(delta(relative=True), delta(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", ["fgsm", "noise"])
def test_the_rows_of_each_side_move_by_epsilon_times_its_own_size(factors, train, method):
    users, items = factors[0], 7 * factors[1]
    loss = PairwiseLoss(CpuBackend(), (users, items), train, SEED, relative=True)
    delta = perturb(loss, method, epsilon=0.25, iterations=1, seed=SEED)
    for change, rows in zip(delta, (users, items), strict=True):
        size = np.sqrt((np.linalg.norm(rows, axis=1) ** 2).mean())
        norms = np.linalg.norm(change, axis=1)
        np.testing.assert_allclose(norms[norms > 0], 0.25 * size, rtol=1e-5)


def test_the_size_of_rows_leaves_out_factors_that_do_not_move(factors, train):
    users, items = factors
    biased = (
        np.hstack([users, np.ones((len(users), 1), np.float32)]),
        np.hstack([items, np.full((len(items), 1), 50, np.float32)]),
    )
    loss = PairwiseLoss(CpuBackend(), biased, train, SEED, fixed=1, relative=True)
    assert loss.units == pytest.approx((rms_norm(users), rms_norm(items)))


def test_score_differences_are_divided_by_their_standard_deviation(factors, train, monkeypatch):
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([3])
    )
    users, items = factors
    differences = [
        float(users[u].astype(np.float64) @ (items[i].astype(np.float64) - items[j]))
        for u, i, j in zip(train.users, train.indices, negatives, strict=True)
    ]
    monkeypatch.setattr("embrittle.attacks.losses.pairwise._TRIPLES", 7)
    found = difference_deviation(users, items, train, negatives)
    assert found == pytest.approx(np.std(differences), rel=1e-5)


def test_a_continued_attack_divides_by_the_same_deviation(factors, train):
    """A job of its own draws other negatives first if they are resampled."""
    options = {"norm": "l2", "negatives": "resampled"}
    settings = {"attack": {"method": "bim", "loss": "standardised", **options}, "epsilon": 0.4}
    settings |= {"length": 5}
    model = Attacked(CpuBackend(), factors, train, train, SEED)
    first, _ = attack_model(model, iterations=2, **settings)
    continued, _ = attack_model(model, iterations=5, parent=first, **settings)
    at_once, _ = attack_model(model, iterations=5, **settings)
    assert_equal([continued.users, continued.items], [at_once.users, at_once.items])


def test_the_definition_chooses_budget_and_loss(factors, train):
    model = Attacked(CpuBackend(), factors, train, train, SEED)

    def users(**definition):
        attack = {"method": "bim", **definition}
        settings = {"epsilon": 0.3, "iterations": 3, "length": 5}
        return attack_model(model, attack=attack, **settings)[0].users

    for definition, of_loss in (
        ({"budget": "relative"}, {"relative": True}),
        ({"loss": "standardised"}, {"standardised": True}),
    ):
        loss = PairwiseLoss(CpuBackend(), factors, train, SEED, **of_loss)
        expected, _ = perturb(loss, "bim", epsilon=0.3, iterations=3, seed=SEED)
        np.testing.assert_array_equal(users(**definition), expected)
        assert (users(**definition) != users()).any()


def test_a_model_whose_rows_are_zero_has_no_relative_budget(factors, train):
    users, items = factors
    for broken, side in (((0 * users, items), "user"), ((users, 0 * items), "item")):
        with pytest.raises(DataError, match=f"all {side} rows of the model are zero"):
            PairwiseLoss(CpuBackend(), broken, train, SEED, relative=True)


def test_equal_scores_are_divided_by_nothing(factors, train):
    users, items = factors
    equal = users, np.ones_like(items)
    loss = PairwiseLoss(CpuBackend(), equal, train, SEED, standardised=True)
    delta = perturb(loss, "fgsm", epsilon=0.1, iterations=1, seed=SEED)
    assert all(np.isfinite(array).all() for array in delta)


def test_what_was_spent_is_reported_in_both_units():
    users = np.array([[3, 4], [0, 1]], np.float32)
    items = np.array([[0, 2]], np.float32)
    model = {
        "user_factors": np.array([[6, 8], [0, 0]], np.float32),  # rms: sqrt(50)
        "item_factors": np.array([[0.5, 0]], np.float32),
    }
    norms = Perturbation(3, users, items).norms(model)
    assert norms["users L2 mean"] == 3
    assert norms["users relative L2 mean"] == pytest.approx(3 / np.sqrt(50))
    assert norms["items relative L2 mean"] == pytest.approx(4)
    assert norms["all relative L2 mean"] == pytest.approx((6 / np.sqrt(50) + 4) / 3)
    assert relative_norms(users, items, (0, 1)) == {}
