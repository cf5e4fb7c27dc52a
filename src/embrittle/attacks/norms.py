"""Perturbation norms: the lengths of the rows of Delta.

They are kept apart from the measures of lists, because attacks report them: a change of the measures must not rerun
attacks.
"""

import numpy as np

# The summary of a perturbation in one number: the mean L2 norm of all rows of Delta, users and items together.
MEAN_NORM = "all L2 mean"


def norm_metric(name: str) -> str:
    """Return the metric name of a statistic of `perturbation_norms`."""
    return f"spent {name}"


MEAN_NORM_METRIC = norm_metric(MEAN_NORM)
# The same in units of the size of the model's own rows.
RELATIVE_NORM_METRIC = norm_metric("all relative L2 mean")
# Rows that end inside their ball: without a gradient, with one that is too short to have a direction, or turned around.
SHORT = "short rows"
SHORT_METRIC = norm_metric(SHORT)
_SHORT = 0.99

NORMS_KEY = "perturbation_norms"
"""Key of the perturbation norms in the metadata of a file of lists."""


def perturbation_norms(user_delta: np.ndarray, item_delta: np.ndarray) -> dict[str, float]:
    """Return mean, median and maximum of the L2 and L-infinity norms of the rows of Delta, and the share of short rows.

    Args:
        user_delta, item_delta: Delta of users and of items, (n_users, n_factors) and (n_items, n_factors).

    Returns:
        Name -> value, for "users L2 mean", "users L2 median", ..., "items Linf max", and for "all" rows together; and
        "short rows", the share of rows whose L2 norm is below 99 % of the largest of its side. A side that does not
        move at all does not count.
    """
    rows = {"users": user_delta, "items": item_delta}
    norms = {
        (side, norm): np.linalg.norm(delta.astype(np.float64), ord=order, axis=1)
        for side, delta in rows.items()
        for norm, order in (("L2", 2), ("Linf", np.inf))
    }
    for norm in ("L2", "Linf"):
        norms["all", norm] = np.concatenate([norms["users", norm], norms["items", norm]])
    moved = [norms[side, "L2"] for side in rows if norms[side, "L2"].any()]
    short = np.concatenate([np.zeros(0), *(side < _SHORT * side.max() for side in moved)])
    statistics = {"mean": np.mean, "median": np.median, "max": np.max}
    return {
        f"{side} {norm} {name}": float(statistic(values))
        for (side, norm), values in norms.items()
        for name, statistic in statistics.items()
    } | {SHORT: float(short.mean()) if len(short) else 0.0}


def relative_norms(
    user_delta: np.ndarray, item_delta: np.ndarray, units: tuple[float, float]
) -> dict[str, float]:
    """Return the mean L2 norms of the rows of Delta in units of the size of the model's own rows.

    Args:
        user_delta, item_delta: as in `perturbation_norms`.
        units: `row_norms.rms_norm` of the user factors and of the item factors.

    Returns:
        "users relative L2 mean", "items relative L2 mean", and "all relative L2 mean" for all rows together; empty if
        all rows of one side are zero, which nothing can be relative to.
    """
    if min(units) == 0:
        return {}
    sides = zip((user_delta, item_delta), units, strict=True)
    users, items = (np.linalg.norm(d.astype(np.float64), axis=1) / unit for d, unit in sides)
    rows = {"users": users, "items": items, "all": np.concatenate([users, items])}
    return {f"{side} relative L2 mean": float(norms.mean()) for side, norms in rows.items()}


_NOTHING = np.zeros((1, 1))
NO_PERTURBATION = perturbation_norms(_NOTHING, _NOTHING) | relative_norms(
    _NOTHING, _NOTHING, (1, 1)
)
"""The norms of the unperturbed model, Delta = 0."""
