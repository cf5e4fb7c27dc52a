"""Random noise (He et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Pair, PairwiseLoss


@attack(single_step=True)
def noise(loss: PairwiseLoss, delta: None, iteration: int, *, epsilon: float, seed: int) -> Pair:
    """Delta = epsilon * n / ||n|| per row, on all rows, n truncated normal: no gradient."""
    return loss.random_directions(epsilon, seed)
