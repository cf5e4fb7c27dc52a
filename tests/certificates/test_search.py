"""The exact worst case of a user's row against enumeration, and against all directions in the plane."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import lsq_linear, nnls

from embrittle.certificates import measures
from embrittle.certificates.radii import Model, certified_radii
from embrittle.certificates.search import most_overtaken, search_users
from embrittle.certificates.threats import Threat
from embrittle.data.interactions import UserItems


def overtaken(user, rows, budget, most, n_nodes, slack=0.0, **more):
    """`most_overtaken` with one slack for all margins."""
    return most_overtaken(user, rows, np.full(len(rows), slack), budget, most, n_nodes, **more)


def distance(user, rows):
    """The distance of a point to the cone where all of `rows` are at most 0, by another solver than the search's."""
    solution = lsq_linear(rows.T, user, bounds=(0, np.inf), tol=1e-14, lsmr_tol=None)
    return np.linalg.norm(rows.T @ solution.x)


def distance_with_slack(user, rows, slack):
    """The same to where all of `rows` are at most `slack`, by least distance programming (Lawson and Hanson)."""
    system = np.vstack([-rows.T, rows @ user - slack])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    residual = system @ nnls(system, target)[0] - target
    return np.linalg.norm(residual[:-1] / residual[-1]) if abs(residual[-1]) > 1e-13 else np.inf


def enumerated(user, rows, budget, slack=0.0):
    """The size of the largest set within the budget, trying all."""
    for size in range(len(rows), 0, -1):
        for chosen in combinations(range(len(rows)), size):
            of = rows[list(chosen)]
            if (distance_with_slack(user, of, slack) if slack else distance(user, of)) <= budget:
                return size
    return 0


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_enumeration_finds(seed):
    rng = np.random.default_rng(seed)
    user, rows = rng.normal(size=3), rng.normal(size=(7, 3))
    rows *= np.sign(rows @ user)[:, None] * rng.uniform(0.1, 10, (7, 1))
    for budget in (0.1, 0.4, 0.8):
        found = overtaken(user, rows, budget, 7, 10**6)
        assert found.reached == found.excluded == enumerated(user, rows, budget)


@pytest.mark.parametrize("seed", range(12))
def test_no_set_is_excluded_that_wrong_margins_would_allow(seed):
    rng = np.random.default_rng(seed)
    user, rows = rng.normal(size=3), rng.normal(size=(7, 3))
    rows *= np.sign(rows @ user)[:, None]
    for budget in (0.1, 0.4, 0.8):
        for slack in (1e-6, 0.1):
            found = overtaken(user, rows, budget, 7, 10**6, slack)
            assert found.reached == enumerated(user, rows, budget)
            assert found.excluded >= enumerated(user, rows, budget, slack)
            assert slack == 0.1 or found.excluded == found.reached


def test_an_item_at_the_edge_of_the_budget_is_neither_reached_nor_excluded():
    user, rows = np.array([1.0, 0.3]), np.array([[1.0, 0.0]])
    inside = overtaken(user, rows, 1 + 1e-7, 1, 100, 1e-6)
    edge = overtaken(user, rows, 1 - 1e-7, 1, 100, 1e-6)
    outside = overtaken(user, rows, 1 - 1e-5, 1, 100, 1e-6)
    assert [(f.reached, f.excluded) for f in (inside, edge, outside)] == [(1, 1), (0, 1), (0, 0)]
    # Two items that almost contradict each other: wrong margins open a gap that is much wider than they are wrong.
    rows = np.array([[1.0, 0.01], [-1.0, 0.01]])
    user = np.array([0.0, 1.0])
    assert overtaken(user, rows, 0.5, 2, 100).excluded == 1
    assert overtaken(user, rows, 0.5, 2, 100, 0.006).excluded == 2


def in_the_plane(user, rows, budget):
    """All x within the budget have directions in an interval; sets change where a direction is orthogonal to a row."""
    length = np.linalg.norm(user)
    middle = np.arctan2(user[1], user[0])
    half = np.arcsin(budget / length)
    edges = np.arctan2(rows[:, 1], rows[:, 0])[:, None] + np.array([-np.pi / 2, np.pi / 2])
    offsets = (edges.ravel() - middle + np.pi) % (2 * np.pi) - np.pi
    angles = middle + np.concatenate([offsets[np.abs(offsets) <= half], [-half, half, 0]])
    points = np.stack([np.cos(angles), np.sin(angles)], 1)
    return int((points @ rows.T <= 1e-12).sum(axis=1).max())


@pytest.mark.parametrize("seed", range(20))
def test_the_search_is_exact_in_the_plane(seed):
    rng = np.random.default_rng(100 + seed)
    user, rows = rng.normal(size=2), rng.normal(size=(60, 2))
    budget = 0.4 * np.linalg.norm(user)
    within = rows @ user <= budget * np.linalg.norm(rows, axis=1)
    found = overtaken(user, rows[within], budget, 60, 10**6)
    assert found.reached == found.excluded == in_the_plane(user, rows, budget)


def test_a_search_that_is_cut_short_keeps_the_bound():
    rng = np.random.default_rng(1)
    user, rows = rng.normal(size=6), rng.normal(size=(30, 6))
    rows *= np.sign(rows @ user)[:, None]
    budget = 0.7 * np.linalg.norm(user)
    rows = rows[rows @ user <= budget * np.linalg.norm(rows, axis=1)]
    whole = overtaken(user, rows, budget, len(rows), 10**6)
    short = overtaken(user, rows, budget, len(rows), 3)
    assert short.n_nodes == 3
    assert short.reached <= whole.reached == whole.excluded < short.excluded == len(rows)
    first = overtaken(user, rows, budget, 1, 10**6)
    assert first.reached == first.excluded == 1  # one is enough, if the list has one place


def test_items_like_the_target_and_factors_that_do_not_move():
    user = np.array([1.0, 0.5])
    same = np.zeros((2, 2))
    assert overtaken(user, same, 0.1, 5, 100).reached == 2
    assert overtaken(user, np.zeros((0, 2)), 0.1, 5, 100).excluded == 0
    biased = overtaken(user, np.ones((3, 2)), 0.1, 2, 100, n_moved=1)
    assert (biased.reached, biased.excluded) == (0, 2)  # not decided


def test_users_are_searched_among_their_candidates_and_at_all_budgets():
    rng = np.random.default_rng(2)
    users, items = (rng.normal(size=(n, 4)).astype(np.float32) for n in (8, 50))
    order = np.argsort(-(users @ items.T), axis=1)
    seen = UserItems.from_pairs(np.repeat(np.arange(8), 3), order[:, 5:8].ravel(), 8, 50)
    targets = UserItems.from_pairs(np.arange(8), order[np.arange(8), np.arange(8) % 4], 8, 50)
    model = Model(users, items)
    threat = Threat("users", "l2", "absolute")
    radii = certified_radii(model, seen, targets, 5, threats=[threat])
    budgets = [0.02, 0.1, 0.3, 0.9]
    found = {pair: [None] * 4 for pair in radii.pairs}
    of = {"budgets": budgets, "length": 5, "n_nodes": 10**5}
    for pair, number, result in search_users(model, seen, targets, radii.pairs, **of):
        found[pair][number] = result
    for place, of in enumerate(found.values()):
        user, target = radii.pairs[place], targets.indices[radii.pairs[place]]
        others = np.setdiff1d(np.arange(50), [*seen.indices[seen.users == user], target])
        rows = (items[target] - items[others]).astype(float)
        for budget, result in zip(budgets, of, strict=True):
            bound = measures.overtaken_at(radii.of(threat)[place : place + 1], budget)[0]
            assert result.reached == result.excluded <= bound
            near = rows[rows @ users[user] <= budget * np.linalg.norm(rows, axis=1)]
            if len(near) <= 8:
                assert result.reached == min(5, enumerated(users[user].astype(float), near, budget))
        assert [r.reached for r in of] == sorted(r.reached for r in of)


def competitors_above(items, seen, targets, x):
    """How many items that are neither seen nor targets reach the score of each target, ties as lost."""
    scores = items @ x
    rivals = np.setdiff1d(np.arange(len(items)), [*seen, *targets])
    return np.array([np.sum(scores[rivals] >= scores[t] - 1e-11) for t in targets])


def gain(above, length):
    ranks = np.sort(above) + np.arange(1, len(above) + 1)
    return sum(1 / np.log2(rank + 1) for rank in ranks if rank <= length)


def worst_gain_in_the_plane(user, items, seen, targets, budget, length):
    """The smallest DCG of all directions within the budget; it can change where two items have equal scores."""
    half = np.arcsin(budget / np.linalg.norm(user))
    middle = np.arctan2(user[1], user[0])
    gaps = (items[targets][:, None] - items[None]).reshape(-1, 2)
    edges = np.arctan2(gaps[:, 1], gaps[:, 0])[:, None] + np.array([-np.pi / 2, np.pi / 2])
    offsets = (edges.ravel() - middle + np.pi) % (2 * np.pi) - np.pi
    angles = middle + np.concatenate([offsets[np.abs(offsets) <= half], [-half, half, 0]])
    points = np.stack([np.cos(angles), np.sin(angles)], 1)
    return min(gain(competitors_above(items, seen, targets, x), length) for x in points)


def test_the_worst_case_of_several_targets_lies_between_what_is_excluded_and_what_one_row_reaches():
    length, decided, entered = 4, 0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        users, items = (rng.normal(size=(n, 2)).astype(np.float32) for n in (1, 25))
        order = np.argsort(-(items @ users[0]))
        seen, chosen = order[[1]], np.sort(order[[0, 3, 7]])
        lists = (UserItems.from_pairs(np.zeros(len(of), int), of, 1, 25) for of in (seen, chosen))
        seen_items, targets = lists
        model = Model(users, items)
        pairs = certified_radii(model, seen_items, targets, length, threats=[USERS]).pairs
        budgets = [share * float(np.linalg.norm(users[0])) for share in (0.05, 0.2, 0.5)]
        of = {"budgets": budgets, "length": length, "n_nodes": 10**5}
        results = list(search_users(model, seen_items, targets, pairs, **of))
        assert [number for _, number, _ in results] == sorted(number for _, number, _ in results)
        for number, budget in enumerate(budgets):
            here = {position: result for position, at, result in results if at == number}
            excluded = np.full(3, length)
            excluded[list(here)] = [result.excluded for result in here.values()]
            row = next(iter(here.values())).row
            assert np.linalg.norm(row - users[0]) <= budget * (1 + 1e-9)
            above = competitors_above(items.astype(float), seen, chosen, row).clip(max=length)
            reached = np.full(3, length)
            reached[list(here)] = [result.reached for result in here.values()]
            assert reached.tolist() == above.tolist()
            entered += len(here) > len(pairs)
            exact = worst_gain_in_the_plane(
                users[0].astype(float), items.astype(float), seen, chosen, budget, length
            )
            assert gain(excluded, length) <= exact + 1e-9 <= gain(reached, length) + 2e-9
            decided += gain(excluded, length) == gain(reached, length)
    assert decided > 40  # of 120
    assert entered > 0  # a perturbation that breaks one target can bring another one in


USERS = Threat("users", "l2", "absolute")
