"""What a perturbation spends: how long the rows of its Delta are.

Apart from the measures of lists, because attacks report it: another measure must not run them again.
"""

import numpy as np

# In one number: the mean L2 norm of the rows of a Delta, users and items together.
SPENT = "all L2 mean"


def spent_metric(name: str) -> str:
    """What a statistic of `spent_norms` is called among the metrics."""
    return f"spent {name}"


SPENT_NORM = spent_metric(SPENT)
"""What it is called among the metrics."""


def spent_norms(user_delta: np.ndarray, item_delta: np.ndarray) -> dict[str, float]:
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


NOTHING_SPENT = spent_norms(np.zeros((1, 1)), np.zeros((1, 1)))
