"""What an attacker may change: whose rows, measured by which norm, in which unit. Light."""

from itertools import product
from typing import NamedTuple

BUDGETS = ("absolute", "relative")


class Threat(NamedTuple):
    """The perturbations that a certificate covers, up to a radius epsilon.

    Attributes:
        rows: whose embeddings are perturbed: "users", "items" or "both".
        norm: "l2" limits the L2 norm of each row, "linf" each element, as the papers' clip.
        budget: the unit of epsilon: "absolute", or "relative": the root mean square of the norms of the users' rows,
            and for items that of the items' rows.
    """

    rows: str
    norm: str
    budget: str

    def budgets(self, sizes: tuple[float, float]) -> tuple[float, float]:
        """Return the budgets of users and of items at epsilon = 1.

        Args:
            sizes: `row_norms.row_sizes` of the model.
        """
        users, items = sizes if self.budget == "relative" else (1.0, 1.0)
        return (users if self.rows != "items" else 0.0), (items if self.rows != "users" else 0.0)


THREATS = [
    Threat(rows, norm, budget)
    for norm, budget, rows in product(("l2", "linf"), BUDGETS, ("users", "items", "both"))
]
