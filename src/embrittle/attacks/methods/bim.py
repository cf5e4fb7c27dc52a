"""BIM (Kurakin et al. 2017; MSAP, Eq. 5-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Pair, PairwiseLoss


@attack(single_step=False)
def bim(
    loss: PairwiseLoss,
    delta: Pair | None,
    iteration: int,
    *,
    epsilon: float,
    seed: int,
    step_size: float = 0.25,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Pair:
    """Ascend by step_size * epsilon, from 0 in the first step, and stay within the budget.

    norm "linf" clips each element to +-epsilon, as the papers do; "l2" projects each row to the ball of radius epsilon.
    negatives "fixed" keeps those drawn once, as the papers do; "resampled" draws new ones for every step.
    """
    if delta is None:
        delta = loss.no_change()
    if negatives == "resampled" and iteration > 0:
        loss.draw_negatives(seed, iteration)
    return loss.ascent_step(delta, step_size * epsilon, epsilon, norm)
