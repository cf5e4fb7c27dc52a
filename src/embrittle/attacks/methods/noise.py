"""Random noise, the control of gradient-based attacks (He et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embrittle.attacks.registry import attack

if TYPE_CHECKING:
    from embrittle.attacks.loss import Loss, Pair


@attack(single_step=True)
def noise(loss: Loss, delta: None, iteration: int, *, epsilon: float, seed: int) -> Pair:
    """Return Delta = epsilon * n / ||n|| for every row, with truncated normal n; no gradient is used."""
    return loss.random_directions(epsilon, seed)
