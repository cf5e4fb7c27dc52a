"""BIM, the basic iterative method (Kurakin et al. 2017; MSAP, Eq. 5-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair


@attack(single_step=False)
def bim(
    loss: Loss,
    delta: Pair | None,
    iteration: int,
    *,
    epsilon: float,
    seed: int,
    step_size: float = 0.25,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Pair:
    """Take one ascent step within the budget, starting from Delta = 0.

    Args:
        loss: the loss to ascend.
        delta: Delta so far, None before the first step; may be overwritten.
        iteration: number of this step, from 0.
        epsilon: the budget.
        seed: seed of the negatives.
        step_size: L2 norm of the step in each row, in units of epsilon.
        norm: "linf" clips each element to [-epsilon, epsilon] as in the papers; "l2" projects each row to the L2 ball
            of radius epsilon.
        negatives: "fixed" draws negatives once as in the papers; "resampled" draws new ones for every step.
    """
    if delta is None:
        delta = loss.no_change()
    if negatives == "resampled" and iteration > 0:
        loss.draw_negatives(seed, iteration)
    return loss.ascent_step(delta, step_size * epsilon, epsilon, norm)
