"""FGSM, the fast gradient sign method adapted to embeddings (He et al. 2018; MSAP, Eq. 4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair


@attack(single_step=True)
def fgsm(loss: Loss, delta: None, iteration: int, *, epsilon: float, seed: int) -> Pair:
    """Return Delta = epsilon * g / ||g||, with the norm of each row."""
    return loss.ascent_step(loss.no_change(), epsilon, math.inf)
