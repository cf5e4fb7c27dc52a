"""The losses of the ranking: they push target items down their users' lists (docs/method.md, "Attacks on the ranking").

The targets are the items of the model's own lists, which every attacker can see, or the test items.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from embrittle.attacks.loss import Loss, Pair
from embrittle.attacks.losses import kind_of, knows
from embrittle.attacks.own_lists import own_lists
from embrittle.errors import ConfigError
from embrittle.kernels.ranking_losses import RankingLoss, sharpness_of

if TYPE_CHECKING:
    from embrittle.attacks.run import Attacked

_LONGEST_ROW = 1e15
"""The L2 norm that the longest row of a gradient is scaled to.

Steps have the directions of the rows, except of rows that are too short to have one (`backend.SQUARED_NORM_FLOOR`). An
item that is far below all lists has a gradient that is many orders of magnitude shorter than that of others.
"""


class RankedLoss(Loss):
    """A ranking loss, as `kernels.ranking_losses.RankingLoss` defines it."""

    def __init__(
        self,
        attacked: Attacked,
        ranking: RankingLoss,
        **geometry: Any,
    ):
        """Copy the factors to the device.

        Args:
            attacked: the model, its data and the device.
            ranking: which loss, with seen items and targets.
            geometry: `relative` and `rows`, as in `Loss`.
        """
        super().__init__(attacked.backend, attacked.factors, attacked.fixed, **geometry)
        self._ranking = ranking

    def gradient(self, delta: Pair) -> Pair:
        """Return the gradient, scaled so that its longest row has a fixed length."""
        return self.losses_and_gradient(delta)[1]

    def losses_and_gradient(self, delta: Pair) -> tuple[np.ndarray, Pair]:
        """Return the users' losses at Theta + Delta, and `gradient`."""
        losses, *slopes = self.backend.ranking_gradient(*self.perturbed(delta), self._ranking)
        return losses, tuple(_lengthened(slope) for slope in self._without_fixed(tuple(slopes)))


def _lengthened(slope: Any) -> Any:
    longest = float((slope * slope).sum(1).max()) ** 0.5 if len(slope) else 0.0
    return slope * (_LONGEST_ROW / longest) if longest > 0 else slope


def loss_of(attacked: Attacked, definition: Mapping[str, Any], **geometry: Any) -> RankedLoss:
    """Return the loss of an attack.

    Args:
        attacked: the model, its data and the device.
        definition: of the attack, in the configuration.
        geometry: `relative` and `rows`, as in `Loss`.

    Raises:
        ConfigError: the attack knows the test items, and they are not given.
        DataError: lists of `attacked.k` items are longer than the catalogue, or a score is NaN.
    """
    kind, options = definition["loss"], {**kind_of(definition).options, **definition}
    if knows(definition) == "lists":
        targets = own_lists(attacked.backend, attacked.factors, attacked.seen_items, attacked.k)
    elif attacked.test is None:
        raise ConfigError("an attack that knows the test items needs them")
    else:
        targets = attacked.test
    n_users = len(attacked.factors[0])
    ranking = RankingLoss(
        kind,
        attacked.seen_items,
        targets,
        sharpness_of(*attacked.factors, options["temperature"])
        if "temperature" in options
        else np.zeros(n_users, np.float32),
        attacked.k,
        options.get("enough", math.inf),
    )
    return RankedLoss(attacked, ranking, **geometry)
