"""Attacks on the ranking: their targets, what they read, which rows move, and what does not depend on the scale."""

import numpy as np
import pytest

from attack_problem import N_ITEMS, N_USERS
from embrittle.attacks.losses import LOSSES
from embrittle.attacks.losses.ranking import loss_of
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.own_lists import own_lists
from embrittle.attacks.run import Attacked, Perturbation, attack_model
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.ranking import top_items

RANKING = [name for name, kind in LOSSES.items() if kind.module == "ranking"]
K = 4


@pytest.fixture(scope="module")
def test_items(train):
    """One unseen item of each user."""
    rng = np.random.default_rng(1)
    chosen = [
        rng.choice(np.setdiff1d(np.arange(N_ITEMS), train.indices[a:b]))
        for a, b in zip(train.indptr[:-1], train.indptr[1:], strict=True)
    ]
    return UserItems.from_pairs(np.arange(N_USERS), np.array(chosen), N_USERS, N_ITEMS)


def attacked(factors, train, backend=None, **more):
    return Attacked(backend or CpuBackend(), factors, train, train, seed=5, k=K, **more)


def hits(lists, items):
    listed = set(zip(lists["user"].tolist(), lists["item"].tolist(), strict=True))
    return sum((u, i) in listed for u, i in zip(items.users, items.indices.tolist(), strict=True))


@pytest.mark.parametrize("loss", RANKING)
def test_each_loss_drives_its_targets_out_of_the_lists(backend, factors, train, test_items, loss):
    settings = {"epsilon": 0.6, "iterations": 20, "length": K}
    clean = {"attack": {"method": "noise"}, **settings, "epsilon": 1e-6, "iterations": 1}
    model = attacked(factors, train, backend, test=test_items)
    before = attack_model(model, **clean)[1]
    own = own_lists(backend, factors, train, K)
    for knows, targets in (("lists", own), ("test", test_items)):
        attack = {"method": "apgd", "loss": loss, "knows": knows}
        perturbation, lists = attack_model(model, attack=attack, **settings)
        assert hits(lists, targets) < 0.6 * hits(before, targets)
        assert len(perturbation.history) == 21
        assert max(perturbation.history) > perturbation.history[0]


def test_the_targets_of_an_attacker_without_test_items_are_the_models_own_lists(factors, train):
    items, _ = top_items(CpuBackend(), *factors, train, K)
    own = own_lists(CpuBackend(), factors, train, K)
    assert (own.counts == K).all()
    for user in range(N_USERS):
        mine = own.indices[own.indptr[user] : own.indptr[user + 1]]
        assert sorted(mine) == sorted(items[user])


def test_an_attack_that_knows_no_test_items_is_the_same_without_them(factors, train, test_items):
    attack = {"method": "apgd", "loss": "smooth-rank"}
    settings = {"attack": attack, "epsilon": 0.3, "iterations": 5, "length": K}
    without, _ = attack_model(attacked(factors, train), **settings)
    beside, _ = attack_model(attacked(factors, train, test=test_items), **settings)
    np.testing.assert_array_equal(without.items, beside.items)
    with pytest.raises(ConfigError, match="knows the test items needs them"):
        loss_of(attacked(factors, train), {"loss": "margin", "knows": "test"})


@pytest.mark.parametrize("method", ATTACKS)
@pytest.mark.parametrize(("rows", "moves"), [("users", 0), ("items", 1)])
def test_only_the_rows_that_may_move_do(backend, factors, train, method, rows, moves):
    iterations = 1 if ATTACKS[method].single_step else 4
    perturbation, _ = attack_model(
        attacked(factors, train, backend),
        attack={"method": method, "rows": rows},
        epsilon=0.5,
        iterations=iterations,
        length=K,
    )
    sides = perturbation.users, perturbation.items
    assert np.abs(sides[moves]).max() > 0.01
    assert not sides[1 - moves].any()


@pytest.mark.parametrize("loss", RANKING)
@pytest.mark.parametrize("rule", ["apgd", "mi"])
def test_relative_attacks_on_the_ranking_do_the_same_to_a_scaled_model(factors, train, loss, rule):
    """Powers of two scale without rounding."""
    attack = {"method": rule, "loss": loss, "budget": "relative", "norm": "l2"}
    settings = {"attack": attack, "epsilon": 0.2, "iterations": 6, "length": K}
    scaled = tuple(np.float32(4) * array for array in factors)
    plain, lists = attack_model(attacked(factors, train), **settings)
    large, same = attack_model(attacked(scaled, train), **settings)
    np.testing.assert_allclose(large.items, 4 * plain.items, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(same["item"], lists["item"])


def test_momentum_is_the_sum_of_normalised_gradients(factors, train):
    """Without momentum MI is BIM; with it, the second step goes along both gradients."""
    model = attacked(factors, train)
    settings = {"epsilon": 0.5, "length": K}

    def moved(method, iterations, **options):
        attack = {"method": method, **options}
        return attack_model(model, attack=attack, iterations=iterations, **settings)[0].users

    np.testing.assert_allclose(moved("mi", 3, momentum=0.0), moved("bim", 3), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moved("mi", 1), moved("bim", 1), rtol=1e-4, atol=1e-6)
    assert np.abs(moved("mi", 2) - moved("bim", 2)).max() > 1e-3


def test_the_course_of_the_loss_is_kept_with_the_perturbation(factors, train, tmp_path):
    settings = {"epsilon": 0.3, "iterations": 3, "length": K}
    found, _ = attack_model(attacked(factors, train), attack={"method": "apgd"}, **settings)
    found.write(tmp_path / "delta.safetensors")
    again = Perturbation.read(tmp_path / "delta.safetensors")
    assert again.history == found.history
    assert len(again.history) == 4
