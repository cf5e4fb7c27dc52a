"""MI, the momentum iterative method (Dong et al. 2018, Eq. 6 and 7, with the step of the L2 norm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.registry import whole_attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair

_SMALLEST = 1e-30  # sum of the absolute values of a row without a gradient


@whole_attack
def mi(
    loss: Loss,
    *,
    epsilon: float,
    iterations: int,
    seed: int,
    step_size: float = 0.25,
    norm: str = "linf",
    momentum: float = 1.0,
) -> Pair:
    """Take steps along v <- momentum * v + g / ||g||_1, with the norms of each row, from Delta = 0.

    Args:
        loss: the loss to ascend.
        epsilon: the budget.
        iterations: number of steps.
        seed: not used; the negatives of a pairwise loss are drawn with the seed of the model.
        step_size: L2 norm of the step in each row, in units of epsilon.
        norm: as in `bim`.
        momentum: the share of v that a step keeps.
    """
    delta, direction = loss.no_change(), loss.no_change()
    for _ in range(iterations):
        direction = tuple(
            momentum * v + g * (1 / (abs(g).sum(1)[:, None] + _SMALLEST))
            for v, g in zip(direction, loss.gradient(delta), strict=True)
        )
        delta = loss.step_along(delta, direction, step_size * epsilon, epsilon, norm)
    return delta
