"""Losses of the ranking, which attacks ascend to push target items down their users' lists (docs/method.md).

Light, apart from NumPy. The loops are in `numba_ranking_losses` and, for CUDA, in `cuda_ranking_losses`.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from embrittle.data.interactions import UserItems

Kind = Literal["lists", "smooth-rank", "margin"]

BEYOND = 10
"""The margin is in units of the distance from the best score to that of rank K + BEYOND."""
LEAST_SPREAD = 1e-6
"""A user's margins have no unit if this distance is a smaller share of the scores; such users do not count."""


@dataclass(frozen=True)
class RankingLoss:
    """A loss of the ranking of each user's target items t among the candidates j, the items that are not seen.

    With the scores s of a user, and sigma the logistic function:

    - "lists": sum over t and j of sigma(c (s_j - s_t)), j no target: the smooth ranks of the targets, less 1.
    - "smooth-rank": sum over t of 1 - 1 / log2(1 + r), with the smooth rank r of t: the nDCG that t has lost.
    - "margin": sum over t of min(m, enough), m = (s_(K) - s_t) / (s_(1) - s_(K + 10)), where s_(n) is the n-th largest
      score of the candidates other than t. m > 0 if and only if t is not in the list.

    Attributes:
        kind: which of the three.
        seen: the items that are no candidates.
        targets: the target items of each user, none of them seen.
        sharpness: c of each user, float32 (n_users,); not for "margin".
        length: K, for "margin".
        enough: for "margin": targets further outside the list than this have no gradient.
    """

    kind: Kind
    seen: UserItems
    targets: UserItems
    sharpness: np.ndarray
    length: int = 10
    enough: float = math.inf


def sharpness_of(
    user_factors: np.ndarray, item_factors: np.ndarray, temperature: float
) -> np.ndarray:
    """Return 1 / (temperature * standard deviation of a user's scores of all items): float32 (n_users,).

    Users with equal scores of all items have 0. Scaling a model therefore leaves c (s_j - s_t) as it is.
    """
    spread = item_factors - item_factors.mean(axis=0, dtype=np.float64)
    covariance = spread.T @ spread / len(item_factors)
    users = user_factors.astype(np.float64)
    deviation = np.sqrt(
        np.maximum(np.einsum("uk,kl,ul->u", users, covariance, users, optimize=True), 0)
    )
    with np.errstate(divide="ignore", over="ignore"):
        sharp = np.where(deviation > 0, 1 / (temperature * deviation), 0)
    return np.minimum(sharp, 1e30).astype(np.float32)
