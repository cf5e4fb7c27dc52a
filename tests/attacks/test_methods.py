"""The attacks against slow versions of their formulas, and their budgets."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attack_problem import (
    N_FACTORS,
    N_ITEMS,
    N_USERS,
    RecordedLoss,
    assert_close,
    assert_equal,
    norms_of,
    run,
    slow_step,
    triples_of,
    zeros,
)
from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.methods import ATTACKS
from embrittle.data.interactions import UserItems
from embrittle.kernels import reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend

# --- The formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.001, 0.5, 10])
def test_rows_of_fgsm_have_norm_epsilon_and_the_direction_of_the_gradient(
    loss, factors, train, epsilon
):
    delta = run(loss, "fgsm", epsilon)
    np.testing.assert_allclose(norms_of(delta), epsilon, rtol=2e-6)
    assert_close(delta, slow_step(loss, factors, train, zeros(), epsilon, math.inf))


def test_fgsm_is_bounded_by_its_norm_alone(backend, factors, train):
    # Two factors: an element of a row of norm 0.5 may be 0.5 nearly, and no clip at 0.25 is in the way.
    narrow = [array[:, :2] for array in factors]
    delta = run(RecordedLoss(backend, narrow, train, seed=5), "fgsm")
    assert max(np.abs(array).max() for array in delta) > 0.45


def test_an_item_in_no_triple_stays_where_it_is(backend, factors):
    # One user with item 0, of three items: one of 1 and 2 is the negative, the other is in no triple.
    train = UserItems.from_pairs(np.array([0]), np.array([0]), 1, 3)
    loss = RecordedLoss(backend, (factors[0][:1], factors[1][:3]), train, seed=5)
    for method in ("fgsm", "bim"):
        norms = np.linalg.norm(run(loss, method)[1], axis=1)
        assert np.flatnonzero(norms).tolist() == [0, loss.negatives[0][0]]


def test_the_first_step_of_bim_is_a_quarter_of_epsilon(loss, factors, train):
    delta = run(loss, "bim", epsilon=0.5, iterations=1)
    np.testing.assert_allclose(norms_of(delta), 0.125, rtol=2e-6)
    assert_close(delta, slow_step(loss, factors, train, zeros(), 0.125, 0.5))
    assert_equal(loss.deltas[0], zeros())


def test_bim_in_two_steps_equals_the_slow_version(loss, factors, train):
    delta = run(loss, "bim", epsilon=0.5, iterations=2)
    slow = zeros()
    for _ in range(2):
        slow = slow_step(loss, factors, train, slow, 0.125, 0.5)
    assert_close(delta, slow)
    assert len(loss.deltas) == 2
    assert_close(loss.deltas[1], slow_step(loss, factors, train, zeros(), 0.125, 0.5))


def test_the_step_size_is_in_units_of_epsilon(loss):
    np.testing.assert_allclose(norms_of(run(loss, "bim", 0.2, step_size=0.5)), 0.1, rtol=2e-6)
    np.testing.assert_allclose(norms_of(run(loss, "bim", 2, step_size=0.1)), 0.2, rtol=2e-6)


@pytest.mark.parametrize("method", ["bim", "pgd"])
@pytest.mark.parametrize("epsilon", [0.01, 0.5])
def test_elements_stay_within_epsilon_and_rows_may_grow_far_beyond_it(loss, method, epsilon):
    delta = run(loss, method, epsilon, iterations=40)
    assert max(np.abs(array).max() for array in delta) == np.float32(epsilon)
    # The budgets of single and multi-step attacks are not matched: a row may reach epsilon * sqrt(64).
    norms = norms_of(delta)
    assert 2 * epsilon < np.median(norms)
    assert norms.max() <= 8 * epsilon * (1 + 1e-6)


@pytest.mark.parametrize("epsilon", [0.01, 0.5, 10])
def test_pgd_starts_from_the_same_uniform_range_whatever_epsilon(loss, epsilon):
    run(loss, "pgd", epsilon)
    start = np.concatenate(loss.deltas[0])
    assert 0.0499 < np.abs(start).max() < 0.05 + 1e-6
    assert start.std() == pytest.approx(0.05 / math.sqrt(3), rel=0.03)
    assert abs(start.mean()) < 5 * 0.05 / math.sqrt(3 * start.size)
    same, other = (loss.backend.get(loss.uniform_change(0.05, seed)[0]) for seed in (5, 6))
    np.testing.assert_allclose(loss.deltas[0][0], same, atol=1e-6)
    assert (same != other).mean() > 0.99
    run(loss, "pgd", 0.5, start=0.2)
    assert 0.199 < np.abs(np.concatenate(loss.deltas[1])).max() < 0.2 + 1e-6


@pytest.mark.parametrize("epsilon", [0.01, 0.5])
def test_the_first_step_of_pgd_equals_the_slow_version(loss, factors, train, epsilon):
    delta = run(loss, "pgd", epsilon)
    start = [loss.backend.get(array) for array in loss.uniform_change(0.05, 5)]
    assert_close(loss.deltas[0], start)
    assert_close(delta, slow_step(loss, factors, train, start, epsilon / 4, epsilon))
    if epsilon < 0.05:  # then most of the start is clipped away
        saturated = np.abs(np.concatenate(delta)) == np.float32(epsilon)
        assert saturated.mean() > 0.7


def test_attacks_raise_the_loss_more_steps_more(loss, factors, train):
    def loss_at(delta):
        parameters = [torch.tensor(f + d) for f, d in zip(factors, delta, strict=True)]
        return float(reference.bpr_loss(parameters, triples_of(loss, train)))

    fgsm, bim, pgd = run(loss, "fgsm"), run(loss, "bim"), run(loss, "pgd")
    clean = loss_at([np.zeros_like(array) for array in factors])
    assert clean < loss_at(bim) < loss_at(fgsm)
    assert loss_at(pgd) > clean
    assert loss_at(run(loss, "bim", iterations=10)) > 2 * loss_at(fgsm)


# --- Within the L2 ball -------------------------------------------------------------------------------


def test_one_whole_step_in_the_ball_is_fgsm(loss):
    for epsilon in (0.001, 0.5, 10):
        one_step = run(loss, "bim", epsilon, norm="l2", step_size=1)
        assert_close(one_step, run(loss, "fgsm", epsilon))


@pytest.mark.parametrize("method", ["bim", "pgd"])
@pytest.mark.parametrize("epsilon", [0.01, 0.5, 3])
def test_rows_stay_within_the_ball(loss, method, epsilon):
    delta = run(loss, method, epsilon, iterations=12, norm="l2")
    norms = norms_of([array.astype(np.float64) for array in delta])
    assert norms.max() <= epsilon
    assert np.median(norms) == pytest.approx(epsilon, rel=1e-5)


def test_two_steps_in_the_ball_equal_the_slow_version(loss, factors, train):
    delta = run(loss, "bim", epsilon=0.5, iterations=2, norm="l2", step_size=0.8)
    slow = zeros()
    for _ in range(2):
        moved = slow_step(loss, factors, train, slow, 0.4, math.inf)
        slow = [
            row * np.minimum(1, 0.5 / np.linalg.norm(row, axis=1, keepdims=True)) for row in moved
        ]
    assert_close(delta, slow)


def test_pgd_starts_uniformly_in_the_ball(backend, train):
    wide = tuple(np.zeros((n, 3), np.float32) for n in (20_000, 10))
    start = backend.get(PairwiseLoss(backend, wide, train, 5).uniform_in_ball(2.0, seed=5)[0])
    lengths = np.linalg.norm(start, axis=1)
    assert lengths.max() <= 2.0 * (1 + 1e-6)
    # Uniform in a ball: the share of the volume within half of the radius, and no direction preferred.
    assert (lengths < 1).mean() == pytest.approx(1 / 8, abs=0.01)
    assert np.abs((start / lengths[:, None]).mean(axis=0)).max() < 0.02


@given(
    st.lists(
        st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3), min_size=1, max_size=5
    ),
    st.floats(1e-3, 1e3),
)
def test_projection_is_exact_never_too_long_and_done_once(rows, radius):
    start = np.array(rows, np.float32)
    for backend in (CpuBackend(), CudaBackend("cpu")):

        def projected(array, backend=backend):
            delta, nothing = backend.put(array), backend.put(np.zeros_like(array))
            return backend.get(backend.ascent_step_in_ball(delta, nothing, 0.0, radius))

        once = projected(start)
        lengths = np.linalg.norm(start.astype(np.float64), axis=1, keepdims=True)
        exact = start * np.minimum(1, radius / np.maximum(lengths, 1e-30))
        np.testing.assert_allclose(once, exact, rtol=4e-7, atol=1e-37)
        assert (np.linalg.norm(once.astype(np.float64), axis=1) <= radius).all() or (
            lengths <= radius
        ).all()
        np.testing.assert_array_equal(projected(once), once)
        np.testing.assert_array_equal(
            once[(lengths <= radius)[:, 0]], start[(lengths <= radius)[:, 0]]
        )


def test_a_larger_ball_never_does_less_damage_to_the_loss(loss, factors, train):
    def loss_at(delta):
        parameters = [torch.tensor(f + d).double() for f, d in zip(factors, delta, strict=True)]
        return float(reference.bpr_loss(parameters, triples_of(loss, train)))

    damage = [
        loss_at(run(loss, "bim", epsilon, iterations=20, norm="l2"))
        for epsilon in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    ]
    assert damage == sorted(damage)
    # Bounded by each element, rows may be longer than in the ball of the same epsilon.
    assert damage[3] < loss_at(run(loss, "bim", 0.4, iterations=20))


def test_resampled_negatives_are_new_at_each_step_and_fixed_by_the_seed(factors, train):
    def negatives(seed, **options):
        loss = RecordedLoss(CpuBackend(), factors, train, seed)
        delta = run(loss, "bim", iterations=3, seed=seed, negatives="resampled", **options)
        return delta, loss.negatives

    delta, used = negatives(5)
    again, _ = negatives(5)
    assert_equal(delta, again)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (used[i] != used[j]).mean() > 0.5
    fixed = RecordedLoss(CpuBackend(), factors, train, 5)
    run(fixed, "bim")
    np.testing.assert_array_equal(used[0], fixed.negatives[0])  # the first step is the papers'
    owners = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    positives = set(zip(owners.tolist(), train.indices.tolist(), strict=True))
    assert positives.isdisjoint(zip(owners.tolist(), used[2].tolist(), strict=True))
    assert (negatives(6)[1][1] != used[1]).mean() > 0.5


# --- Random noise -------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.001, 0.5, 10])
def test_noise_has_norm_epsilon_on_every_row_and_takes_no_gradient(loss, epsilon):
    delta = run(loss, "noise", epsilon)
    norms = norms_of(delta)
    assert len(norms) == N_USERS + N_ITEMS  # the item in nobody's training data among them
    np.testing.assert_allclose(norms, epsilon, rtol=2e-6)
    assert loss.deltas == []


def test_the_directions_of_noise_are_truncated_normal(loss):
    rows = np.concatenate(run(loss, "noise", epsilon=1))
    # Scaled back to the standard deviation of a normal truncated at 2, 0.8796, no value is far beyond 2: an
    # untruncated row of 64 has a value beyond 2.5 in every second case.
    scaled = rows * 0.8796 * math.sqrt(N_FACTORS)
    assert np.abs(scaled).max() < 2.5
    # (P(1.7) - P(2)) / P(2); a uniform one would end at 1.52.
    assert (np.abs(scaled) > 1.7).mean() == pytest.approx(0.0457, abs=0.01)
    assert abs(rows.mean()) < 5 / math.sqrt(rows.size * N_FACTORS)
    assert np.abs(np.corrcoef(rows)[np.triu_indices(len(rows), 1)]).max() < 0.7


def test_noise_of_another_size_is_the_same_noise_scaled(loss):
    small, large = run(loss, "noise", 0.1), run(loss, "noise", 1)
    assert_close([10 * array for array in small], large)


# --- Negatives and determinism ------------------------------------------------------------------------


def test_negatives_are_drawn_once_the_same_for_all_attacks_and_fixed_by_the_seed(factors, train):
    used = []
    for method, iterations in (("fgsm", 1), ("bim", 3), ("pgd", 2)):
        loss = RecordedLoss(CpuBackend(), factors, train, seed=5)
        run(loss, method, iterations=iterations)
        assert len(loss.negatives) == iterations
        used += loss.negatives
    for negatives in used:
        np.testing.assert_array_equal(negatives, used[0])
    owners = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    positives = set(zip(owners.tolist(), train.indices.tolist(), strict=True))
    assert positives.isdisjoint(zip(owners.tolist(), used[0].tolist(), strict=True))
    other = RecordedLoss(CpuBackend(), factors, train, seed=6)
    run(other, "fgsm")
    assert (other.negatives[0] != used[0]).mean() > 0.5


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd", "noise"])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(factors, train, method):
    iterations = 1 if ATTACKS[method].single_step else 4

    def attacked(seed):
        loss = PairwiseLoss(CpuBackend(), factors, train, seed)
        return run(loss, method, iterations=iterations, seed=seed)

    assert_equal(attacked(5), attacked(5))
    assert (attacked(5)[0] != attacked(6)[0]).mean() > 0.9


def test_the_model_is_left_as_it_was(backend, factors, train):
    before = [array.copy() for array in factors]
    loss = PairwiseLoss(backend, factors, train, seed=5)
    run(loss, "pgd", iterations=3)
    assert_equal(factors, before)
    assert_equal([backend.get(array) for array in loss.factors], before)
