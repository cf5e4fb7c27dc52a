"""The lengths of rows, beside which an absolute epsilon is small or large (docs/method.md, "Relative budgets")."""

import numpy as np

SIDES = ("users", "items")
STATISTICS = tuple(f"{side}_norm_{of}" for side in SIDES for of in ("mean", "rms"))
"""The names of `row_norms`."""


def rms_norm(rows: np.ndarray) -> float:
    """Return the root mean square of the L2 norms of rows, the unit of relative budgets."""
    return float(np.sqrt(np.square(rows, dtype=np.float64).sum() / len(rows)))


def row_sizes(users: np.ndarray, items: np.ndarray, n_factors: int) -> tuple[float, float]:
    """Return `rms_norm` of the first `n_factors` of user rows and of item rows."""
    return rms_norm(users[:, :n_factors]), rms_norm(items[:, :n_factors])


def row_norms(users: np.ndarray, items: np.ndarray, n_factors: int) -> dict[str, float]:
    """Return mean and root mean square of the L2 norms of a model's rows (`STATISTICS`).

    Args:
        users, items: user factors (n_users, n) and item factors (n_items, n).
        n_factors: the number of first factors that count, without those that no attack may move.
    """
    values = [
        value
        for rows in (users[:, :n_factors], items[:, :n_factors])
        for value in (float(np.linalg.norm(rows, axis=1).mean()), rms_norm(rows))
    ]
    return dict(zip(STATISTICS, values, strict=True))
