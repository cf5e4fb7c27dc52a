"""The exact worst case of perturbed user rows, by branch and bound (docs/certificates.md, "Rows of users, exactly").

A perturbation of p can put all of the items S above the target t if and only if p is no further than the budget from
the cone of all x with (q_t - q_j) . x <= 0 for all j in S. Non-negative least squares gives this distance.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

from embrittle.accuracy import gains
from embrittle.certificates.radii import Model, slack_of
from embrittle.data.interactions import UserItems

_TIE = 1e-12  # a margin below this share of the largest one is 0, but for rounding
_ROUNDING = 1e-14  # of the squared distance of two rows, as a share of their squared norms


@dataclass(frozen=True)
class Found:
    """What a search tells of a target.

    Attributes:
        reached: a perturbation within the budget puts so many items above the target (K for K or more).
        excluded: no perturbation puts more items above it (K for K or more), even if each margin is wrong by its slack.
            Equal to `reached` if the search ended and no set of items hangs on the slack.
        n_nodes: number of sets of items that were tried.
        row: float64 (n_moved,), the perturbed row of the user with which so many items are reached.
    """

    reached: int
    excluded: int
    n_nodes: int
    row: np.ndarray


def search_users(
    model: Model,
    seen: UserItems,
    targets: UserItems,
    pairs: np.ndarray,
    *,
    budgets: Sequence[float],
    length: int,
    n_nodes: int,
) -> Iterator[tuple[int, int, Found]]:
    """Search the worst perturbations of each user's row, for each target that can be in the list.

    Args:
        model, seen, targets: as in `radii.certified_radii`.
        pairs: integers, ascending: positions in `targets.indices` of the targets that are in the list of the model as
            it is.
        budgets: the largest L2 norms of a perturbation, ascending.
        length: the length of the lists, K.
        n_nodes: after so many sets, the search of a target at one budget ends without a decision.

    Yields:
        (position of a target, number of a budget, what is found). What is reached of a user's targets is reached by one
        perturbation, the one that leaves the smallest nDCG of those found. It may bring a target into the list that is
        not in `pairs`.
    """
    users, items = model.user_factors.astype(np.float64), _Items.of(model)
    of_users = targets.users[pairs]
    for user in np.unique(of_users):
        positions = pairs[of_users == user]
        first, last = targets.indptr[user : user + 2].tolist()
        taken = seen.indices[slice(*seen.indptr[user : user + 2])]
        rivals = _Rivals(users[user], items, taken, targets.indices[first:last])
        found = {
            position: rivals.search(targets.indices[position], budgets, length, n_nodes)
            for position in positions.tolist()
        }
        if last - first == 1:
            yield from ((first, number, of) for number, of in enumerate(found[first]))
        else:
            of_targets = [found.get(position) for position in range(first, last)]
            for place, number, of in _together(rivals, of_targets, length):
                yield first + place, number, of


@dataclass(frozen=True)
class _Items:
    """What all users share.

    Attributes:
        rows: float64 (n_items, n_factors).
        n_moved: the number of first factors that move.
        norms: float64 (n_items,), the L2 norms of the rows.
        squares: float64 (n_items,), the squared L2 norms of the factors that move.
    """

    rows: np.ndarray
    n_moved: int
    norms: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, model: Model) -> "_Items":
        """Return the items of a model."""
        rows = model.item_factors.astype(np.float64)
        squares = np.square(rows[:, : model.n_moved]).sum(axis=1)
        return cls(rows, model.n_moved, np.linalg.norm(rows, axis=1), squares)


class _Rivals:
    """The items that compete with the targets of a user."""

    def __init__(self, user: np.ndarray, items: _Items, seen: np.ndarray, targets: np.ndarray):
        self.user, self.items, self.targets = user, items, targets
        self.size = float(np.linalg.norm(user))
        self.scores = items.rows @ user
        self.competes = np.ones(len(items.rows), bool)
        self.competes[seen] = False
        self.competes[targets] = False

    def search(
        self, target: int, budgets: Sequence[float], length: int, n_nodes: int
    ) -> list[Found]:
        """Return what is found of a target at each budget."""
        items, moved = self.items, self.items.rows[:, : self.items.n_moved]
        slack = slack_of(len(self.user)) * self.size * (items.norms[target] + items.norms)
        margins = self.scores[target] - self.scores - slack
        gaps2 = items.squares + items.squares[target] - 2 * (moved @ moved[target])
        rounding = _ROUNDING * (items.squares + items.squares[target])
        distances = np.sqrt(np.maximum(gaps2, 0) + rounding)  # never too small
        found: list[Found] = []
        for budget in budgets:
            if found and found[-1].reached >= length:
                found.append(replace(found[-1], n_nodes=0))  # a larger budget reaches no less
                continue
            near = np.flatnonzero(self.competes & (margins <= budget * distances))
            differences = items.rows[target] - items.rows[near]
            of = self.user, differences, slack[near], budget, length, n_nodes, items.n_moved
            found.append(most_overtaken(*of, known=found[-1] if found else None))
        return found

    def above(self, row: np.ndarray, length: int) -> np.ndarray:
        """Return how many competitors are above each target with a perturbed row, at most `length`: integers."""
        scores = self.items.rows @ np.concatenate([row, self.user[self.items.n_moved :]])
        tie = 2 * _TIE * self.size * float(self.items.norms.max())
        competing = scores[self.competes]
        n = min(length, len(competing))
        highest = np.sort(np.partition(competing, len(competing) - n)[len(competing) - n :])
        return n - np.searchsorted(highest, scores[self.targets] - tie)


def _together(
    rivals: _Rivals, found: Sequence[list[Found] | None], length: int
) -> Iterator[tuple[int, int, Found]]:
    """Combine what is found of the targets of a user, None for those that are not in the list.

    Yields:
        (place among the targets, number of a budget, what is found), as in `search_users`.
    """
    row = rivals.user[: rivals.items.n_moved]
    best, tried = rivals.above(row, length), {id(row)}
    for number, of_budget in enumerate(zip(*(of for of in found if of is not None), strict=True)):
        for of in of_budget:
            if id(of.row) not in tried:
                tried.add(id(of.row))
                above = rivals.above(of.row, length)
                if _gain(above, length) < _gain(best, length):
                    best, row = above, of.row
        for place, own in enumerate(found):
            if own is not None:
                yield place, number, replace(own[number], reached=int(best[place]), row=row)
            elif best[place] < length:
                yield place, number, Found(int(best[place]), length, 0, row)


def _gain(above: np.ndarray, length: int) -> float:
    """Return the DCG of a list if so many competitors are above each target: integers (n_targets,)."""
    ranks = np.sort(above) + np.arange(1, len(above) + 1)
    return float(gains(ranks, length).sum())


def most_overtaken(
    user: np.ndarray,
    differences: np.ndarray,
    slack: np.ndarray,
    budget: float,
    most: int,
    n_nodes: int,
    n_moved: int | None = None,
    known: Found | None = None,
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
        known: what was found at a smaller budget. What is reached there is reached here.
    """
    n_moved = len(user) if n_moved is None else n_moved
    moved, offsets = differences[:, :n_moved], differences[:, n_moved:] @ user[n_moved:]
    if len(differences) == 0:
        return Found(0, 0, 0, user[:n_moved])
    if offsets.any():  # half-spaces that do not meet in 0: no cone
        above = int(np.count_nonzero(differences @ user <= 0))
        return Found(min(above, most), min(len(differences), most), 0, user[:n_moved])
    search = _Search(user[:n_moved], moved, slack, budget, most, n_nodes)
    if known is not None and known.reached > search.reached:
        search.reached, search.row = known.reached, known.row
    ended = search.run()
    excluded = max(search.reached, search.possible) if ended else len(differences)
    return Found(min(search.reached, most), min(excluded, most), search.n_nodes, search.row)


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
        self.row = user

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
            reached = self.always + int(np.count_nonzero(above <= self.tie))
            if reached > self.reached:
                self.reached, self.row = reached, nearest
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
