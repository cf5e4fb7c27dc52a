"""PGD, projected gradient descent: BIM from a random start (Madry et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.methods.bim import bim
from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair


@attack(single_step=False)
def pgd(
    loss: Loss,
    delta: Pair | None,
    iteration: int,
    *,
    epsilon: float,
    seed: int,
    step_size: float = 0.25,
    start: float = 0.05,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Pair:
    """Take one step of `bim`, starting from a random Delta.

    Args:
        loss, delta, iteration, epsilon, step_size, norm, negatives: as in `bim`.
        seed: seed of the start and the negatives.
        start: with norm "linf", elements start from uniform(-start, start), independent of epsilon, as in the authors'
            code. With norm "l2", rows start uniformly in the L2 ball of radius epsilon, and `start` is ignored.
    """
    if delta is None:
        in_ball = norm == "l2"
        delta = loss.uniform_in_ball(epsilon, seed) if in_ball else loss.uniform_change(start, seed)
    options = {"step_size": step_size, "norm": norm, "negatives": negatives}
    return bim(loss, delta, iteration, epsilon=epsilon, seed=seed, **options)
