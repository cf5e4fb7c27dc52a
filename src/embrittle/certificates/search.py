"""The exact worst case of perturbed user rows, by branch and bound (docs/certificates.md, "Rows of users, exactly").

A perturbation of p can put all of the items S above the target t if and only if p is no further than the budget from
the cone of all x with (q_t - q_j) . x <= 0 for all j in S. Non-negative least squares gives this distance.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from embrittle.certificates.radii import Model, slack_of
from embrittle.data.interactions import UserItems

_TIE = 1e-12  # a margin below this share of the largest one is 0, but for rounding


@dataclass(frozen=True)
class Found:
    """What a search tells of a target.

    Attributes:
        reached: a perturbation within the budget puts so many items above the target (K for K or more).
        excluded: no perturbation puts more items above it (K for K or more), even if each margin is wrong by its slack.
            Equal to `reached` if the search ended and no set of items hangs on the slack.
        n_nodes: number of sets of items that were tried.
    """

    reached: int
    excluded: int
    n_nodes: int


def search_users(
    model: Model,
    seen: UserItems,
    targets: UserItems,
    pairs: np.ndarray,
    *,
    budgets: Sequence[float],
    length: int,
    n_nodes: int,
) -> Iterator[list[Found]]:
    """Search the worst perturbations of each user's row for one target.

    Args:
        model, seen, targets: as in `radii.certified_radii`.
        pairs: integers, positions in `targets.indices` of the targets to search for.
        budgets: the largest L2 norms of a perturbation, ascending.
        length: the length of the lists, K.
        n_nodes: after so many sets, the search of a target at one budget ends without a decision.

    Yields:
        What is found of each target, for all budgets.
    """
    users, items = model.user_factors.astype(np.float64), model.item_factors.astype(np.float64)
    norms = np.linalg.norm(items, axis=1)
    of_users, largest = targets.users, max(budgets)
    for pair in pairs:
        user, target = of_users[pair], targets.indices[pair]
        competes = np.ones(len(items), bool)
        competes[seen.indices[seen.indptr[user] : seen.indptr[user + 1]]] = False
        competes[targets.indices[targets.indptr[user] : targets.indptr[user + 1]]] = False
        differences = items[target] - items[competes]
        distances = np.linalg.norm(differences[:, : model.n_moved], axis=1)
        margins = differences @ users[user]
        slack = slack_of(items.shape[1]) * np.linalg.norm(users[user])
        slack = slack * (norms[target] + norms[competes])
        within = margins <= slack + largest * distances
        differences, slack = differences[within], slack[within]
        nearest = (margins[within] - slack) / distances[within].clip(1e-30)
        found: list[Found] = []
        for budget in budgets:
            if found and found[-1].reached >= length:
                found.append(Found(length, length, 0))  # a larger budget reaches no less
                continue
            near = nearest <= budget
            of = (
                users[user],
                differences[near],
                slack[near],
                budget,
                length,
                n_nodes,
                model.n_moved,
            )
            found.append(most_overtaken(*of))
        yield found


def most_overtaken(
    user: np.ndarray,
    differences: np.ndarray,
    slack: np.ndarray,
    budget: float,
    most: int,
    n_nodes: int,
    n_moved: int | None = None,
) -> Found:
    """Find how many of the items can be above a target at once.

    Args:
        user: float64 (n_factors,), p.
        differences: float64 (n, n_factors), q_t - q_j of the items that can be above it one by one.
        slack: float64 (n,), by how much the margin of each item may be wrong.
        budget: the largest L2 norm of a perturbation of p.
        most: the search ends when so many are reached.
        n_nodes: the search ends after so many sets.
        n_moved: the number of first factors that move; all by default.
    """
    n_moved = len(user) if n_moved is None else n_moved
    moved, offsets = differences[:, :n_moved], differences[:, n_moved:] @ user[n_moved:]
    if len(differences) == 0:
        return Found(0, 0, 0)
    if offsets.any():  # half-spaces that do not meet in 0: no cone
        return Found(0, min(len(differences), most), 0)
    search = _Search(user[:n_moved], moved, slack, budget, most, n_nodes)
    ended = search.run()
    excluded = max(search.reached, search.possible) if ended else len(differences)
    return Found(min(search.reached, most), min(excluded, most), search.n_nodes)


class _Search:
    """Depth first: a set S, and items that may still join it."""

    def __init__(
        self,
        user: np.ndarray,
        differences: np.ndarray,
        slack: np.ndarray,
        budget: float,
        most: int,
        n_nodes: int,
    ):
        self.user = user
        lengths = np.linalg.norm(differences, axis=1)
        # Items with the target's factors are always above it: a half-space without a direction.
        self.always = int(np.count_nonzero(lengths == 0))
        self.directions = differences[lengths > 0] / lengths[lengths > 0, None]
        self.slack = slack[lengths > 0] / lengths[lengths > 0]
        self.budget2 = budget**2 * (1 + _TIE)
        self.most, self.limit = most, n_nodes
        self.tie = _TIE * float(np.linalg.norm(user))
        # `possible`: the largest set that is within the budget only if margins are wrong by their slack.
        self.reached, self.possible, self.n_nodes = self.always, self.always, 0

    def run(self) -> bool:
        """Return whether the search came to its end."""
        stack = [(np.zeros(0, np.int64), np.arange(len(self.directions)))]
        while stack and self.n_nodes < self.limit and self.reached < self.most:
            inside, rest = stack.pop()
            stack += self._branches(inside, rest)
        return not stack or self.reached >= self.most

    def _branches(
        self, inside: np.ndarray, rest: np.ndarray
    ) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        """Try one set; return the sets to try next, the most promising last."""
        if self.always + len(inside) + len(rest) <= self.reached:
            return ()
        self.n_nodes += 1
        nearest, least2 = self._nearest(inside)
        if least2 > self.budget2:
            return ()
        above = self.directions @ nearest
        if np.square(nearest - self.user).sum() <= self.budget2:
            self.reached = max(self.reached, self.always + np.count_nonzero(above <= self.tie))
        # Any point of the cone that is also beyond item j is at least this far from p (projections are obtuse).
        beyond = np.maximum(above[rest] - self.slack[rest], 0)
        rest = rest[least2 + np.square(beyond) <= self.budget2]
        if self.always + len(inside) + len(rest) <= self.reached:
            return ()
        missing = rest[above[rest] > self.tie]
        if not len(missing):
            self.possible = max(self.possible, self.always + len(inside) + len(rest))
            return ()
        chosen = missing[above[missing].argmin()]
        others = rest[rest != chosen]
        return (inside, others), (np.append(inside, chosen), others)

    def _nearest(self, inside: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the point x of the cone of `inside` that is nearest to p (Moreau), and a bound.

        Bound: if z is where each margin of `inside` is at most its slack, the squared distance of p and z is at least
        this bound plus that of x and z (docs/certificates.md, "Rounding").
        """
        if not len(inside):
            return self.user, 0.0
        rows = self.directions[inside]
        weights, _ = nnls(rows.T, self.user)
        away = weights @ rows
        nearest = self.user - away
        return nearest, float(away @ away + 2 * (away @ nearest - weights @ self.slack[inside]))
