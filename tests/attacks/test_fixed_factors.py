"""Biases as a last factor that no attack may move."""

import numpy as np
import pytest

from attack_problem import (
    N_FACTORS,
    N_ITEMS,
    N_USERS,
    RecordedLoss,
    assert_close,
    assert_equal,
    run,
    slow_gradient,
)
from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.run import Attacked, Perturbation, attack_model

METHODS = [
    *((name, {}) for name in ATTACKS),
    ("bim", {"norm": "l2"}),
    ("pgd", {"norm": "l2", "negatives": "resampled"}),
]


@pytest.fixture(scope="module")
def bias():
    return np.random.default_rng(9).normal(0, 2, N_ITEMS).astype(np.float32)


@pytest.fixture(scope="module")
def biased(factors, bias):
    users, items = factors
    ones = np.ones((N_USERS, 1), np.float32)
    return np.hstack([users, ones]), np.hstack([items, bias[:, None]])


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_no_attack_moves_the_bias_and_it_counts_in_every_score(
    backend, factors, bias, biased, train, method, options
):
    iterations = 1 if ATTACKS[method].single_step else 3
    settings = {"epsilon": 0.5, "iterations": iterations, "length": 6}
    perturbation, lists = attack_model(
        Attacked(backend, biased, train, train, seed=5, fixed=1),
        attack={"method": method, **options},
        **settings,
    )
    moved = perturbation.users, perturbation.items
    assert [delta.shape for delta in moved] == [(N_USERS, N_FACTORS), (N_ITEMS, N_FACTORS)]
    assert (moved[1] != 0).any()
    loss = PairwiseLoss(backend, biased, train, 5, fixed=1)
    perturbed = [backend.get(a) for a in loss.perturbed(tuple(map(backend.put, moved)))]
    assert_equal([array[:, -1] for array in perturbed], [np.ones(N_USERS), bias])
    # p·q + b by hand, of the perturbed p and q and the bias as it was.
    users, items = (f.astype(np.float64) + d for f, d in zip(factors, moved, strict=True))
    scores = users @ items.T + bias
    scores[np.repeat(np.arange(N_USERS), np.diff(train.indptr)), train.indices] = -np.inf
    for user in range(N_USERS):
        of_user = lists["user"] == user
        best = np.argsort(-scores[user])[:6]
        assert lists["item"][of_user].tolist() == best.tolist()
        np.testing.assert_allclose(
            lists["score"][of_user], scores[user, best], rtol=1e-4, atol=1e-4
        )


def test_a_step_has_the_direction_of_the_gradient_without_the_bias(backend, biased, train):
    class Fixed(RecordedLoss):
        """As `RecordedLoss`, with one fixed factor."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self._fixed, self._n_moved = 1, N_FACTORS

    loss = Fixed(backend, biased, train, 5)
    found = run(loss, "fgsm", epsilon=0.5)
    nothing = [np.zeros_like(array) for array in biased]
    whole = slow_gradient(loss, biased, train, nothing)
    assert np.abs(whole[1][:, -1]).max() > 0.1  # the bias does have a gradient
    expected = [slope[:, :-1] for slope in whole]
    expected = [
        0.5 * slope / np.sqrt(np.maximum((slope**2).sum(1, keepdims=True), 1e-12))
        for slope in expected
    ]
    assert_close(found, expected)


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_biases_of_nought_change_nothing(backend, factors, train, method, options):
    extended = [np.hstack([array, np.zeros((len(array), 1), np.float32)]) for array in factors]
    iterations = 1 if ATTACKS[method].single_step else 2
    options = {**options, "iterations": iterations}
    plain = run(PairwiseLoss(backend, factors, train, 5), method, **options)
    found = run(PairwiseLoss(backend, extended, train, 5, fixed=1), method, **options)
    assert_close(found, plain)


def test_an_attack_with_biases_continues_where_it_stopped(backend, biased, train):
    def attacked(iterations, parent=None):
        loss = PairwiseLoss(backend, biased, train, 5, fixed=1)
        return Perturbation(iterations, *run(loss, "bim", iterations=iterations, parent=parent))

    assert_equal(
        [attacked(3, attacked(2)).users, attacked(3, attacked(2)).items],
        [attacked(3).users, attacked(3).items],
    )
