"""FGSM (He et al. 2018; MSAP, Eq. 4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Pair, PairwiseLoss


@attack(single_step=True)
def fgsm(loss: PairwiseLoss, delta: None, iteration: int, *, epsilon: float, seed: int) -> Pair:
    """Delta = epsilon * g / ||g|| per row, in one step."""
    return loss.ascent_step(loss.no_change(), epsilon, math.inf)
