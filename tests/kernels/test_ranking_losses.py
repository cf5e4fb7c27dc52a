"""The ranking losses and their gradients against torch autograd, user by user and target by target."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.data.interactions import UserItems
from embrittle.kernels import cuda_ranking_losses, numba_ranking_losses, reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.numba_ranking_losses import _write_powers
from embrittle.kernels.ranking_losses import RankingLoss, sharpness_of

KINDS = ("lists", "smooth-rank", "margin")
BACKENDS = {"compiled": CpuBackend, "torch": lambda: CudaBackend("cpu")}
N_USERS, N_ITEMS, N_FACTORS = 5, 30, 4


@pytest.fixture(autouse=True, scope="module")
def blocks_of_two_users():
    """Five users are three blocks, the last of which is smaller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba_ranking_losses, "IN_PLACE", 2 * N_ITEMS)
        patch.setattr(cuda_ranking_losses, "_BLOCK_SCORES", 2 * N_ITEMS)
        yield


@st.composite
def problems(draw):
    """Factors, seen items and targets: users with none, one and several targets, and with few candidates; ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    size = draw(st.sampled_from([0.01, 1, 30]))
    factors = [rng.normal(0, size, (n, N_FACTORS)).astype(np.float32) for n in (N_USERS, N_ITEMS)]
    factors[1][: draw(st.sampled_from([0, 7]))] = factors[1][0]
    seen, targets = [], []
    for user in range(N_USERS):
        order = rng.permutation(N_ITEMS)
        n_seen = draw(st.sampled_from([0, 3, 12, 26]))
        n_targets = draw(st.integers(0, 4))
        seen += [(user, item) for item in order[:n_seen]]
        targets += [(user, item) for item in order[n_seen : n_seen + n_targets]]
    return factors, *(items_of(pairs) for pairs in (seen, targets))


def items_of(pairs):
    users, items = np.array(pairs or np.zeros((0, 2)), np.int64).T
    return UserItems.from_pairs(users, items, N_USERS, N_ITEMS)


def loss_of(kind, factors, seen, targets, temperature=0.3, **more):
    return RankingLoss(
        kind, seen, targets, sharpness_of(*factors, temperature), **{"length": 5, **more}
    )


def by_autograd(factors, loss):
    leaves = [torch.tensor(array.astype(np.float64), requires_grad=True) for array in factors]
    losses = reference.ranking_losses(leaves, loss)
    if not losses.requires_grad:
        return losses.numpy(), [np.zeros_like(array) for array in factors]
    slopes = torch.autograd.grad(losses.sum(), leaves, allow_unused=True)
    return losses.detach().numpy(), [
        np.zeros_like(array) if slope is None else slope.numpy()
        for slope, array in zip(slopes, factors, strict=True)
    ]


def found(backend, factors, loss):
    losses, *slopes = backend.ranking_gradient(*map(backend.put, factors), loss)
    return losses, [backend.get(slope) for slope in slopes]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["lists", "smooth-rank"])
@settings(deadline=None)  # the first example compiles the loop
@given(problem=problems())
def test_loss_and_gradient_are_those_of_autograd(backend, kind, problem):
    factors, seen, targets = problem
    loss = loss_of(kind, factors, seen, targets)
    losses, slopes = found(BACKENDS[backend](), factors, loss)
    expected_losses, expected = by_autograd(factors, loss)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4, atol=1e-5)
    for slope, by_torch in zip(slopes, expected, strict=True):
        # Slopes of single pairs may cancel out, so errors are in proportion to them and not to their sum.
        scale = loss.sharpness.max() * max(np.abs(array).max() for array in factors)
        np.testing.assert_allclose(slope, by_torch, rtol=1e-3, atol=1e-5 * scale)


def distinct(factors, least=1e-3):
    """Whether no two scores of a user are so close that float32 may order them in another way."""
    scores = np.sort(factors[0].astype(np.float64) @ factors[1].T.astype(np.float64), axis=1)
    return (np.diff(scores) > least).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("enough", [0.2, 1e9])
@settings(deadline=None)
@given(seed=st.integers(0, 2**31), problem=problems())
def test_margins_and_their_gradient_are_those_of_autograd(backend, enough, seed, problem):
    _, seen, targets = problem
    rng = np.random.default_rng(seed)
    factors = [rng.normal(0, 1, (n, N_FACTORS)).astype(np.float32) for n in (N_USERS, N_ITEMS)]
    loss = loss_of("margin", factors, seen, targets, enough=enough)
    if not distinct(factors, 1e-4):
        return
    losses, slopes = found(BACKENDS[backend](), factors, loss)
    expected_losses, expected = by_autograd(factors, loss)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4, atol=1e-5)
    for slope, by_torch in zip(slopes, expected, strict=True):
        scale = np.abs(by_torch).max(initial=0)
        np.testing.assert_allclose(slope, by_torch, rtol=2e-3, atol=1e-4 * scale + 1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_positive_margin_is_a_target_outside_the_list(backend):
    """One user, scores 9, 8, ..., 0, lists of 3: the target of rank r among the others has margin s_3 - s_t."""
    scores = np.arange(9, -1, -1, dtype=np.float32)
    factors = np.ones((1, 1), np.float32), scores[:, None]
    nothing = UserItems(np.zeros(2, np.int64), np.zeros(0, np.int32), 10)
    for target in range(10):
        targets = UserItems(np.array([0, 1]), np.array([target], np.int32), 10)
        loss = RankingLoss("margin", nothing, targets, np.ones(1, np.float32), length=3, enough=1e9)
        (value,), _ = found(BACKENDS[backend](), factors, loss)
        others = np.delete(scores, target)
        assert value == pytest.approx((others[2] - scores[target]) / (others[0] - others[-1]))
        assert (value > 0) == (target >= 3)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_equal_scores_and_users_without_targets_have_no_slope_that_is_not_finite(backend, kind):
    factors = [
        np.zeros((N_USERS, N_FACTORS), np.float32),
        np.ones((N_ITEMS, N_FACTORS), np.float32),
    ]
    seen, targets = items_of([(0, 1)]), items_of([(0, 2), (0, 3), (3, 4)])
    losses, slopes = found(BACKENDS[backend](), factors, loss_of(kind, factors, seen, targets))
    assert np.isfinite(losses).all()
    assert losses[1] == losses[2] == 0
    assert all(np.isfinite(slope).all() for slope in slopes)


@pytest.mark.parametrize("kind", ["lists", "smooth-rank"])
def test_far_items_keep_the_direction_of_their_gradient(kind):
    """An item far below every target has tiny slopes, but steps are of one length in each row."""
    rng = np.random.default_rng(3)
    factors = [
        np.abs(rng.normal(1, 0.2, (n, N_FACTORS))).astype(np.float32) for n in (N_USERS, N_ITEMS)
    ]
    factors[1][:5] *= -8
    targets = items_of([(user, 10 + user) for user in range(N_USERS)])
    loss = loss_of(kind, factors, items_of([]), targets, temperature=0.1)
    _, (_, slopes) = found(CpuBackend(), factors, loss)
    _, (_, expected) = by_autograd(factors, loss)
    assert np.linalg.norm(expected[:5], axis=1).max() < 1e-7
    cosines = (slopes[:5].astype(np.float64) * expected[:5]).sum(1) / (
        np.linalg.norm(slopes[:5].astype(np.float64), axis=1) * np.linalg.norm(expected[:5], axis=1)
    )
    assert cosines.min() > 0.9999


@given(st.lists(st.floats(-150, 150, width=32), min_size=1, max_size=40))
def test_powers_of_two_are_accurate_and_end_at_the_limit(exponents):
    x, result = np.array(exponents, np.float32), np.empty(len(exponents), np.float32)
    _write_powers(x, np.float32(0), np.float32(1), np.float32(100), result)
    np.testing.assert_allclose(result, 2.0 ** np.clip(x.astype(np.float64), -100, 100), rtol=2e-6)


@given(problem=problems(), factor=st.floats(0.1, 10))
def test_sharpness_makes_the_losses_those_of_a_scaled_model(problem, factor):
    factors, seen, targets = problem
    scaled = [np.float32(factor) * array for array in factors]
    for kind in ("lists", "smooth-rank"):
        values = [
            found(CpuBackend(), of, loss_of(kind, of, seen, targets))[0] for of in (factors, scaled)
        ]
        assert values[1] == pytest.approx(values[0], rel=1e-3, abs=1e-4)
