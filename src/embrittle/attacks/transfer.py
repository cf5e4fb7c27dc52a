"""A perturbation that was found on one model, on another one (docs/method.md, "Transfer")."""

from collections.abc import Mapping

import numpy as np

from embrittle.attacks.run import Perturbation
from embrittle.errors import DataError
from embrittle.row_norms import row_sizes
from embrittle.vocabulary import FACTORS


def transferred(
    perturbation: Perturbation,
    source: Mapping[str, np.ndarray],
    target: Mapping[str, np.ndarray],
    *,
    relative: bool,
    fixed: int = 0,
) -> Perturbation:
    """Return the perturbation of one model in the coordinates of another one of the same users and items.

    Two trainings may have the same factors in other directions. So the rows of Delta are rotated by the orthogonal
    matrix that brings the rows of the source nearest to those of the target (Procrustes; Schönemann 1966). A rotation
    keeps the L2 norm of each row.

    Args:
        perturbation: of the source.
        source, target: float32 user_factors (n_users, n_factors) and item_factors (n_items, n_factors). The last
            columns, for which Delta has none, do not count.
        relative: whether its budget is in units of the rows, so that Delta is scaled to those of the target.
        fixed: the number of the target's last factors that no attack may move.

    Raises:
        DataError: the models have other numbers of rows, or of factors that may move.
    """
    n_factors = perturbation.users.shape[1]
    n_there = target[FACTORS[0]].shape[1] - fixed
    here, there = (
        [model[side][:, :n].astype(np.float64) for side in FACTORS]
        for model, n in ((source, n_factors), (target, n_there))
    )
    if [side.shape for side in here] != [side.shape for side in there]:
        shapes = (" and ".join(str(side.shape) for side in sides) for sides in (here, there))
        raise DataError(
            "A perturbation can only be transferred between models of the same users, items and number of factors. The "
            f"user and item factors are {next(shapes)} in the one and {next(shapes)} in the other."
        )
    left, _, right = np.linalg.svd(sum(a.T @ b for a, b in zip(here, there, strict=True)))
    sizes = (row_sizes(*sides, n_factors) for sides in (here, there))
    units = zip(*sizes, strict=True) if relative else [(1.0, 1.0)] * 2
    users, items = (
        (delta @ (left @ right) * (of_target / of_source)).astype(np.float32)
        for delta, (of_source, of_target) in zip(
            (perturbation.users, perturbation.items), units, strict=True
        )
    )
    return Perturbation(perturbation.iterations, users, items)


def perturbed(
    model: Mapping[str, np.ndarray], perturbation: Perturbation
) -> tuple[np.ndarray, np.ndarray]:
    """Return the user factors and item factors of a model plus Delta, float32; the last ones may not move."""
    users, items = (model[side].copy() for side in FACTORS)
    for rows, delta in ((users, perturbation.users), (items, perturbation.items)):
        rows[:, : delta.shape[1]] += delta
    return users, items
