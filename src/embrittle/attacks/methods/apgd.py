"""APGD, projected gradient ascent that chooses its steps itself (Croce and Hein 2020, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embrittle.attacks.registry import whole_attack

if TYPE_CHECKING:
    import numpy as np

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

    As in the paper, with the L2 norm of each row. All rows share one step size and one objective, unless users alone
    move: then nothing that one user's row does changes the loss of another, and each row takes the steps and keeps the
    best iterate of its own.

    Args:
        loss: the loss to ascend.
        epsilon: the budget.
        iterations: number of steps.
        seed: of the random starts.
        norm: "l2" or "linf", as in `bim`.
        starts: number of runs, of which the best counts. The first starts from Delta = 0, the others from random rows
            in the L2 ball of radius epsilon.
    """
    courses = (_Separate if loss.separate else _Shared)(loss)
    best: _Iterate | None = None
    for start in range(int(starts)):
        delta = loss.uniform_in_ball(epsilon, seed, start) if start else loss.no_change()
        if start and norm == "linf":
            delta = loss.step_along(delta, delta, 0.0, epsilon, norm)
        found = _ascended(loss, courses, delta, epsilon, iterations, norm)
        best = found if best is None else courses.better(found, best)
    assert best is not None
    return best.delta


def checkpoints(iterations: int) -> Iterator[int]:
    """Yield the numbers of steps after which the step size is reconsidered, ascending, without end."""
    period = max(int(FIRST_PERIOD * iterations), 1)
    step = period
    while True:
        yield step
        period = max(period - max(int(LESS * iterations), 1), max(int(SHORTEST * iterations), 1))
        step += period


@dataclass(frozen=True)
class _Iterate:
    """A Delta with its gradient and with the loss of each course of steps, float64 (n_courses,)."""

    delta: Pair
    gradient: Pair
    losses: np.ndarray


class _Shared:
    """One course of steps for all rows."""

    def __init__(self, loss: Loss):
        self._loss = loss

    def at(self, delta: Pair) -> _Iterate:
        """Return the loss and its gradient at Delta; note the loss in the history."""
        losses, gradient = self._loss.losses_and_gradient(delta)
        self._loss.history.append(float(losses.sum()))
        return _Iterate(delta, gradient, self._of_courses(losses))

    def chosen(self, of_first: np.ndarray, first: _Iterate, second: _Iterate) -> _Iterate:
        """Return the first iterate for the courses in `of_first`, bool (n_courses,), and the second for the others."""
        return first if of_first.all() else second

    def better(self, first: _Iterate, second: _Iterate) -> _Iterate:
        """Return the iterate with the larger loss; the second if they are equal."""
        return self.chosen(first.losses > second.losses, first, second)

    def lengths(self, step: float | np.ndarray) -> float | np.ndarray:
        """Return the step of all courses, or of each, (n_courses,), as `Loss.step_along` takes it."""
        return step if isinstance(step, float) else step.item()

    def _of_courses(self, losses: np.ndarray) -> np.ndarray:
        return losses.sum(keepdims=True)


class _Separate(_Shared):
    """A course of its own for each user's row."""

    def chosen(self, of_first: np.ndarray, first: _Iterate, second: _Iterate) -> _Iterate:
        """Return the rows of the first iterate for the users in `of_first`, and those of the second for the others."""
        losses = second.losses.copy()
        losses[of_first] = first.losses[of_first]
        return _Iterate(
            self._loss.chosen(of_first, first.delta, second.delta),
            self._loss.chosen(of_first, first.gradient, second.gradient),
            losses,
        )

    def lengths(self, step: float | np.ndarray) -> float | np.ndarray:
        """Return the step of all users, or of each."""
        return step

    def _of_courses(self, losses: np.ndarray) -> np.ndarray:
        return losses


def _ascended(
    loss: Loss, courses: _Shared, delta: Pair, epsilon: float, iterations: int, norm: str
) -> _Iterate:
    """Run APGD from a start; return the best iterate of each course."""
    before, now = delta, courses.at(delta)
    best, best_at_checkpoint = now, now.losses
    # Of all courses alike at first, and of each, (n_courses,), once they have been told apart.
    step: float | np.ndarray = FIRST_STEP * epsilon
    raised: int | np.ndarray = 0
    went_on: bool | np.ndarray = False  # whether the step was not halved at the last checkpoint
    turns = checkpoints(iterations)
    turn, last_turn = next(turns), 0
    for number in range(1, iterations + 1):
        # Arrays may be overwritten by a step, so every step gets copies.
        ahead = loss.step_along(
            _copy(now.delta), now.gradient, courses.lengths(step), epsilon, norm
        )
        if number > 1:
            ahead = tuple(
                x + MOMENTUM * (z - x) + (1 - MOMENTUM) * (x - y)
                for x, y, z in zip(now.delta, before, ahead, strict=True)
            )
            ahead = loss.step_along(ahead, now.gradient, 0.0, epsilon, norm)
        before, last, now = now.delta, now, courses.at(ahead)
        raised = raised + (now.losses > last.losses)
        best = courses.better(now, best)
        if number == turn:
            too_few = raised < LEAST_SHARE * (number - last_turn)
            halved = too_few | (went_on & (best.losses == best_at_checkpoint))
            step, now = step * (1 - 0.5 * halved), courses.chosen(halved, best, now)
            raised, went_on, best_at_checkpoint, last_turn = 0, ~halved, best.losses, number
            turn = next(turns)
    return best


def _copy(delta: Pair) -> Pair:
    return tuple(1 * change for change in delta)
