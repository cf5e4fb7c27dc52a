"""PGD (Madry et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.methods.bim import bim
from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Pair, PairwiseLoss


@attack(single_step=False)
def pgd(
    loss: PairwiseLoss,
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
    """As bim, but from a random start.

    With norm "linf" it is uniform(-start, start), whatever epsilon is (the authors' code); with "l2" each row starts
    uniformly in the ball of radius epsilon, and `start` is ignored.
    """
    if delta is None:
        in_ball = norm == "l2"
        delta = loss.uniform_in_ball(epsilon, seed) if in_ball else loss.uniform_change(start, seed)
    options = {"step_size": step_size, "norm": norm, "negatives": negatives}
    return bim(loss, delta, iteration, epsilon=epsilon, seed=seed, **options)
