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


class Peak(Loss):
    """-|x - peak| of the only element of the only user row; the item row does not move."""

    def __init__(self, peak):
        nothing = np.zeros((1, 1), np.float32)
        super().__init__(CpuBackend(), (nothing, nothing), rows="users")
        self.peak = peak

    def gradient(self, delta):
        return self.value_and_gradient(delta)[1]

    def value_and_gradient(self, delta):
        away = float(delta[0][0, 0]) - self.peak
        slope = np.full((1, 1), -np.sign(away) or 1, np.float32)
        return -abs(away), (slope, np.zeros((1, 1), np.float32))


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
    loss = Peak(0.3)
    apgd(loss, epsilon=1.0, iterations=10, seed=0)
    values = [-abs(x - 0.3) for x in (0, 1, -0.25, 0.5, -0.125, 0.125)]
    assert loss.history[:6] == pytest.approx(values, abs=1e-6)
    assert len(loss.history) == 11


@given(st.floats(-2, 2), st.integers(1, 60))
def test_the_best_iterate_is_returned_and_it_is_within_the_ball(peak, iterations):
    loss = Peak(peak)
    delta = apgd(loss, epsilon=1.0, iterations=iterations, seed=0)
    assert abs(delta[0][0, 0]) <= 1
    assert loss.value_and_gradient(delta)[0] == max(loss.history)


def test_many_steps_come_close_to_the_peak():
    loss = Peak(0.3)
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
    best = PairwiseLoss(CpuBackend(), factors, train, 5).value_and_gradient(
        tuple(map(np.float32, three))
    )[0]
    assert best == pytest.approx(max(all_three), rel=1e-6)


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
        return loss.value_and_gradient(tuple(map(np.float32, delta)))[0]

    assert reached("apgd") > reached("bim")
