"""APGD, projected gradient ascent that chooses its steps itself (Croce and Hein 2020, Algorithm 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from embrittle.attacks.registry import whole_attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair

FIRST_STEP = 2.0  # in units of epsilon
MOMENTUM = 0.75
LEAST_SHARE = 0.75  # of the steps since the last checkpoint that must have raised the loss
FIRST_PERIOD, LESS, SHORTEST = (
    0.22,
    0.03,
    0.06,
)  # of the steps between checkpoints, as shares of all


@whole_attack
def apgd(
    loss: Loss, *, epsilon: float, iterations: int, seed: int, norm: str = "l2", starts: int = 1
) -> Pair:
    """Return the Delta with the largest loss that the steps find; `loss.history` has the loss at every iterate.

    As in the paper, with the L2 norm of each row, one step size for all rows, and one objective.

    Args:
        loss: the loss to ascend.
        epsilon: the budget.
        iterations: number of steps.
        seed: of the random starts.
        norm: "l2" or "linf", as in `bim`.
        starts: number of runs, of which the best counts. The first starts from Delta = 0, the others from random rows
            in the L2 ball of radius epsilon.
    """
    best, best_value = None, -math.inf
    for start in range(int(starts)):
        delta = loss.uniform_in_ball(epsilon, seed, start) if start else loss.no_change()
        if start and norm == "linf":
            delta = loss.step_along(delta, delta, 0.0, epsilon, norm)
        found, value = _ascended(loss, delta, epsilon, iterations, norm)
        if best is None or value > best_value:
            best, best_value = found, value
    assert best is not None
    return best


def checkpoints(iterations: int) -> Iterator[int]:
    """Yield the numbers of steps after which the step size is reconsidered, ascending, without end."""
    period = max(int(FIRST_PERIOD * iterations), 1)
    step = period
    while True:
        yield step
        period = max(period - max(int(LESS * iterations), 1), max(int(SHORTEST * iterations), 1))
        step += period


def _ascended(
    loss: Loss, delta: Pair, epsilon: float, iterations: int, norm: str
) -> tuple[Pair, float]:
    """Run APGD from a start; return the best Delta and its loss."""
    value, gradient = loss.value_and_gradient(delta)
    loss.history.append(value)
    best = _Iterate(delta, value, gradient)
    now, before = best, delta
    step, raised, halved, best_at_checkpoint = FIRST_STEP * epsilon, 0, True, best.value
    turns = checkpoints(iterations)
    turn, last_turn = next(turns), 0
    for number in range(1, iterations + 1):
        # Arrays may be overwritten by a step, so every step gets copies.
        ahead = loss.step_along(_copy(now.delta), now.gradient, step, epsilon, norm)
        if number > 1:
            ahead = tuple(
                x + MOMENTUM * (z - x) + (1 - MOMENTUM) * (x - y)
                for x, y, z in zip(now.delta, before, ahead, strict=True)
            )
            ahead = loss.step_along(ahead, now.gradient, 0.0, epsilon, norm)
        value, gradient = loss.value_and_gradient(ahead)
        loss.history.append(value)
        raised += value > now.value
        before, now = now.delta, _Iterate(ahead, value, gradient)
        if value > best.value:
            best = now
        if number == turn:
            too_few = raised < LEAST_SHARE * (number - last_turn)
            stuck = not halved and best.value == best_at_checkpoint
            halved = too_few or stuck
            if halved:
                step, now = step / 2, best
            raised, best_at_checkpoint, last_turn = 0, best.value, number
            turn = next(turns)
    return best.delta, best.value


class _Iterate:
    """A Delta with its loss and gradient."""

    def __init__(self, delta: Pair, value: float, gradient: Pair):
        self.delta, self.value, self.gradient = delta, value, gradient


def _copy(delta: Pair) -> Pair:
    return tuple(1 * change for change in delta)
