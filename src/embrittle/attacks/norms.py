"""The norm of a perturbation: how long the rows of its Delta are.

Apart from the measures of lists, because attacks report it: another measure must not run them again.
"""

import numpy as np

# In one number: the mean L2 norm of the rows of a Delta, users and items together.
MEAN_NORM = "all L2 mean"


def norm_metric(name: str) -> str:
    """Return the name among the metrics of a statistic of `perturbation_norms`."""
    return f"spent {name}"


MEAN_NORM_METRIC = norm_metric(MEAN_NORM)

METADATA = "perturbation_norms"
"""The key of the norms in the metadata of a file of lists."""


def perturbation_norms(user_delta: np.ndarray, item_delta: np.ndarray) -> dict[str, float]:
    """How large a perturbation is: mean, median and largest norm of its rows, L2 and L-infinity.

    Args:
        user_delta, item_delta: Delta of users and items, (n, n_factors).

    Returns:
        "users L2 mean", "users L2 median", ..., "items Linf max", and the same of "all" rows together.
    """
    rows = {"users": user_delta, "items": item_delta}
    norms = {
        (side, norm): np.linalg.norm(delta.astype(np.float64), ord=order, axis=1)
        for side, delta in rows.items()
        for norm, order in (("L2", 2), ("Linf", np.inf))
    }
    for norm in ("L2", "Linf"):
        norms["all", norm] = np.concatenate([norms["users", norm], norms["items", norm]])
    statistics = {"mean": np.mean, "median": np.median, "max": np.max}
    return {
        f"{side} {norm} {name}": float(statistic(values))
        for (side, norm), values in norms.items()
        for name, statistic in statistics.items()
    }


NO_PERTURBATION = perturbation_norms(np.zeros((1, 1)), np.zeros((1, 1)))
"""The norms of Delta = 0."""
