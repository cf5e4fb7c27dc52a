"""APGD's choice of steps, on losses whose course can be worked out by hand, and what every run of it keeps to."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attack_problem import assert_equal, run
from embrittle.attacks.loss import Loss
from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.methods.apgd import apgd, checkpoints
from embrittle.kernels.cpu import CpuBackend


class Peaks(Loss):
    """-|x - peak| of the only element of each user's row; the item row does not move."""

    def __init__(self, *peaks, backend=None):
        factors = np.zeros((len(peaks), 1), np.float32), np.zeros((1, 1), np.float32)
        super().__init__(backend or CpuBackend(), factors, rows="users")
        self.peaks = np.array(peaks)

    def gradient(self, delta):
        return self.losses_and_gradient(delta)[1]

    def losses_and_gradient(self, delta):
        away = self.backend.get(delta[0])[:, 0] - self.peaks
        slopes = np.where(away > 0, -1, 1)[:, None].astype(np.float32)
        return -abs(away), (self.backend.put(slopes), self.no_change()[1])


def test_checkpoints_are_those_of_the_paper():
    assert list(islice(checkpoints(100), 8)) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert list(islice(checkpoints(10), 5)) == [2, 3, 4, 5, 6]


def test_a_course_worked_out_by_hand():
    """Ball of radius 1, 10 steps; checkpoints after 2, 3, 4 ... steps.

    Step 1, of length 2: from 0 to 1, the edge of the ball. Step 2: to -1, with momentum 1 + 3/4 (-2) + 1/4 (1) =
    -0.25. One of two steps has raised the loss: the step is halved to 1, from the best x, 0. Step 3: 3/4 (1) +
    1/4 (0 - 1) = 0.5, which raises the loss. Step 4: 0.5 + 3/4 (-1) + 1/4 (0.5) = -0.125, which does not: halved to
    1/2, from 0.5. Step 5: 0.5 + 3/4 (-1/2) + 1/4 (0.5 - 0.5) = 0.125.
    """
    loss = Peaks(0.3)
    apgd(loss, epsilon=1.0, iterations=10, seed=0)
    values = [-abs(x - 0.3) for x in (0, 1, -0.25, 0.5, -0.125, 0.125)]
    assert loss.history[:6] == pytest.approx(values, abs=1e-6)
    assert len(loss.history) == 11


@given(st.floats(-2, 2), st.integers(1, 60))
def test_the_best_iterate_is_returned_and_it_is_within_the_ball(peak, iterations):
    loss = Peaks(peak)
    delta = apgd(loss, epsilon=1.0, iterations=iterations, seed=0)
    assert abs(delta[0][0, 0]) <= 1
    assert loss.losses_and_gradient(delta)[0].sum() == max(loss.history)


@pytest.mark.parametrize("starts", [1, 3])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_each_user_alone_takes_the_same_steps(backend, norm, starts):
    """One needs short steps, one long ones, and one has nothing to gain beyond the edge of the ball."""
    peaks = (0.3, -0.9, 0.05, 2.0)
    options = {"epsilon": 1.0, "iterations": 30, "seed": 0, "norm": norm}
    together = Peaks(*peaks, backend=backend)
    delta = apgd(together, **options, starts=starts)
    found = backend.get(delta[0])
    if starts == 1:
        alone = [apgd(Peaks(peak, backend=backend), **options) for peak in peaks]
        expected = np.concatenate([backend.get(users) for users, _ in alone])
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert np.abs(found[:, 0] - np.minimum(peaks, 1)).max() < 0.03
    of_steps = np.array(together.history)
    assert len(of_steps) == 31 * starts
    assert together.losses_and_gradient(delta)[0].sum() > of_steps.max()


def test_many_steps_come_close_to_the_peak():
    loss = Peaks(0.3)
    apgd(loss, epsilon=1.0, iterations=100, seed=0)
    assert max(loss.history) > -0.001


def test_several_starts_give_the_best_of_them(factors, train):
    def found(starts):
        loss = PairwiseLoss(CpuBackend(), factors, train, 5)
        delta = run(loss, "apgd", iterations=4, starts=starts)
        return delta, loss.history

    one, first = found(1)
    again, _ = found(1)
    assert_equal(one, again)
    three, all_three = found(3)
    assert all_three[:5] == first
    assert len(all_three) == 15
    courses = [all_three[n : n + 5] for n in (0, 5, 10)]
    assert len({course[0] for course in courses}) == 3
    losses, _ = PairwiseLoss(CpuBackend(), factors, train, 5).losses_and_gradient(
        tuple(map(np.float32, three))
    )
    assert losses.sum() == pytest.approx(max(all_three), rel=1e-6)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_budgets_hold_on_every_device(backend, factors, train, norm):
    delta = run(PairwiseLoss(backend, factors, train, 5), "apgd", 0.3, iterations=9, norm=norm)
    lengths = [np.linalg.norm(x.astype(np.float64), axis=1).max() for x in delta]
    largest = max(np.abs(x).max() for x in delta)
    if norm == "l2":
        assert max(lengths) <= 0.3
    else:
        assert largest == np.float32(0.3)
        assert max(lengths) > 0.3


def test_the_loss_of_bpr_is_raised_more_than_by_the_fixed_steps(factors, train):
    """Of the same number of steps in the same ball."""

    def reached(method):
        loss = PairwiseLoss(CpuBackend(), factors, train, 5)
        options = {"norm": "l2", "iterations": 25}
        delta = run(loss, method, 0.5, **options)
        return loss.losses_and_gradient(tuple(map(np.float32, delta)))[0].sum()

    assert reached("apgd") > reached("bim")
