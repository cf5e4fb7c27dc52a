"""Certified radii against a plain reference, brute force, every attack, exact rationals, and known invariances."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.attacks.run import Attacked, attack_model
from embrittle.certificates import measures
from embrittle.certificates.certificate import Certificate, certify
from embrittle.certificates.radii import Model, certified_radii, slack_of, staying_radii
from embrittle.certificates.threats import THREATS, Threat
from embrittle.controls.forms import control_of
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.numba_radii import radius_of_elements
from embrittle.metrics.measures import Lists, hits_per_user, ndcg_per_user

N_USERS, N_ITEMS, LENGTH = 6, 40, 4


def items_of(pairs, n_items=N_ITEMS):
    users, items = np.array(pairs or np.zeros((0, 2)), np.int64).T
    return UserItems.from_pairs(users, items, N_USERS, n_items)


def problem(seed, n_factors=3, size=1.0, fixed=0, ties=0):
    """A model, seen items and targets: users with none, one and several targets, and with few candidates."""
    rng = np.random.default_rng(seed)
    users, items = (
        rng.normal(0, size, (n, n_factors)).astype(np.float32) for n in (N_USERS, N_ITEMS)
    )
    items[:ties] = items[0]
    if ties:
        users[0] = 0
    seen, targets = [], []
    for user in range(N_USERS):
        order = np.argsort(-(items @ users[user]), kind="stable")
        n_seen = (0, 3, 12, 37)[rng.integers(4)]
        seen += [(user, item) for item in order[3 : 3 + n_seen]]
        rest = [item for item in order if (user, item) not in set(seen)]
        targets += [(user, item) for item in rng.permutation(rest[:5])[: rng.integers(0, 4)]]
    return Model(users, items, fixed), items_of(seen), items_of(targets)


problems = st.builds(
    problem,
    st.integers(0, 2**31),
    n_factors=st.sampled_from([1, 2, 5]),
    size=st.sampled_from([0.01, 1, 30]),
    ties=st.sampled_from([0, 6]),
)


def left_margin(threat, p, d, slack, a, e, constant=0.0):
    """The smallest margins of pairs, from the condition of docs/certificates.md and not from the closed radius.

    There is a pair for each row of `d`; the other arguments but p may be arrays, too. `constant` is the margin by
    factors that do not move, if there are any.
    """
    if threat.norm == "linf":
        a, e = np.asarray(a)[..., None], np.asarray(e)[..., None]
        ends = [(p + s * a) * d - 2 * e * np.abs(p + s * a) for s in (1, -1)]
        return np.minimum(*ends).sum(-1) - slack + constant
    length, norm, m = np.linalg.norm(d, axis=-1), np.linalg.norm(p), d @ p - slack + constant
    if np.all(a == 0):
        return m - 2 * e * norm
    if np.any(constant):  # the sum of the single effects
        return m - a * length - 2 * e * norm - 2 * a * e
    along = np.sqrt(np.maximum(norm**2 * length**2 - m * m, 0))
    left = m * np.sqrt(np.maximum(length**2 - 4 * e * e, 0)) - 2 * e * along - a * length**2
    return np.where((2 * e >= length) & (length > 0), -1.0, left)


def plain_radius(threat, p, d, slack, a, e, constant=0.0):
    """By bisection of `left_margin`, for each row of `d`."""

    def stays(radius):
        return left_margin(threat, p, d, slack, radius * a, radius * e, constant) > 0

    never = d @ p - slack + constant <= 0
    low, high = np.zeros(len(d)), np.ones(len(d))
    while (wider := stays(high) & (high < 1e9) & ~never).any():
        high = np.where(wider, 2 * high, high)
    for _ in range(80):
        middle = (low + high) / 2
        still = stays(middle)
        low, high = np.where(still, middle, low), np.where(still, high, middle)
    return np.where(never, 0, np.where(low < 1e9, low, np.inf))


def plain_radii(model, seen, targets, threat, position):
    """The smallest radii of one target, in order."""
    users, items = model.user_factors.astype(float), model.item_factors.astype(float)
    user, target = targets.users[position], targets.indices[position]
    own = targets.indices[targets.users == user]
    competitors = np.setdiff1d(
        np.arange(len(items)), np.concatenate([seen.indices[seen.users == user], own])
    )
    p, d = users[user], items[target] - items[competitors]
    norms = np.linalg.norm(items[target]) + np.linalg.norm(items[competitors], axis=1)
    slack = slack_of(users.shape[1]) * np.linalg.norm(p) * norms
    n, budgets = model.n_moved, threat.budgets(model.sizes)
    radii = plain_radius(threat, p[:n], d[:, :n], slack, *budgets, d[:, n:] @ p[n:])
    return np.pad(np.sort(radii), (0, LENGTH), constant_values=np.inf)[:LENGTH]


def check_radii(model, seen, targets, threats):
    """Compare the certified radii of all targets with `plain_radii`; return those found."""
    found = certified_radii(model, seen, targets, LENGTH, threats)
    for threat in threats:
        for position in range(len(targets.indices)):
            expected = plain_radii(model, seen, targets, threat, position)
            place = np.flatnonzero(found.pairs == position)
            if not len(place):
                assert expected[-1] == 0
                continue
            values = found.of(threat)[place[0]]
            np.testing.assert_allclose(values, expected, rtol=2e-5)
            assert (values <= expected * (1 + 1e-9)).all()  # rounded towards 0
            assert (np.diff(values) >= 0)[np.isfinite(values[1:])].all()
    return found.values


@settings(max_examples=25, deadline=None)
@given(problems, st.sampled_from(THREATS))
def test_the_radii_are_those_of_a_plain_reference(given_problem, threat):
    model, seen, targets = given_problem
    if min(model.sizes) == 0 and threat.budget == "relative":
        return
    check_radii(model, seen, targets, [threat])


@pytest.mark.parametrize("fixed", [0, 2])
@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("common", [0, 5])
def test_no_item_that_matters_is_left_out_of_many(fixed, size, common):
    """Rows of very different lengths, and many chunks: most items are not looked at."""
    rng = np.random.default_rng(fixed)
    sizes = rng.lognormal(0, 1.5, (1500, 1))
    users = size * rng.normal(size=(N_USERS, 8)).astype(np.float32)
    items = (rng.normal(size=(1500, 8)) * sizes).astype(np.float32)
    items[rng.permutation(1500)[:300]] *= 1e-6  # as the items that a truncated SVD has no place for
    # The longest rows have one factor, so that norms and sums of absolute values have another order.
    long = np.linalg.norm(items, axis=1) > np.quantile(np.linalg.norm(items, axis=1), 0.8)
    items[long] *= np.eye(8, dtype=np.float32)[rng.integers(6, size=long.sum())]
    items += np.float32(common)
    order = np.argsort(-(users @ items.T), axis=1)
    pairs = [(user, item) for user in range(N_USERS) for item in order[user, [0, 2]]]
    seen = items_of([(user, item) for user in range(N_USERS) for item in order[user, 20:40]], 1500)
    model, targets = Model(users, items, fixed), items_of(pairs, 1500)
    assert check_radii(model, seen, targets, THREATS).shape[1] == 12


def alone(user, target, close, further, fixed=0, mirrored=False):
    """A model whose first user has one target; `close` items have the highest scores of its competitors.

    The user has seen the `mirrored` further items, which are there for a mean near 0.
    """
    items = np.vstack([target, np.atleast_2d(close), np.atleast_2d(further)])
    n_compete = len(items)
    items = np.vstack([items, *([-further] if mirrored else [])]).astype(np.float32)
    users = np.repeat(np.atleast_2d(user), N_USERS, axis=0).astype(np.float32)
    seen = items_of([(0, item) for item in range(n_compete, len(items))], len(items))
    return Model(users, items, fixed), seen, items_of([(0, 0)], len(items))


ONE = np.eye(16)
LONG = np.linspace(-2.4, -1.9, 124)[:, None] * ONE[np.arange(124) % 4]
FAR = np.vstack([LONG, np.repeat([[0.5] * 3 + [-0.5] * 13], 4, axis=0)])
SPREAD = np.linspace(-3, -1, 30)
LEFT_OUT_WRONGLY = {
    # Limits on elements ask for sums of absolute values, but items are in the order of their norms: margins of 5 and
    # sums of 8 come after rows of one factor.
    "sums of later chunks": (
        ("users", "linf"),
        alone(
            [2] * 4 + [1] * 12,
            np.full(16, 0.05),
            0.05 - 0.01 * ONE[4:],
            FAR,
            mirrored=True,
        ),
    ),
    "slack": (
        ("items", "l2"),
        alone([1, 0], [1e-2, 0], [[1e-2 - 1e-5, 0]] * 12, [1e-2 - 1.5e-5, 100]),
    ),
    "no limit yet": (
        ("users", "l2"),  # the radii of the close items are infinite
        alone(
            [1, 1, 1],
            [1, 0, 1],
            [[1, 0, 0.9]] * 12,
            np.stack([SPREAD, SPREAD**0, 0 * SPREAD], 1),
            1,
        ),
    ),
    "users' sums": (
        ("both", "linf"),
        alone(
            np.ones(16),
            np.zeros(16),
            np.full((12, 16), -0.02),
            np.tile([1.25, -1.25], (30, 8)) - 0.45 / 16,
        ),
    ),
    "both sides, rows": (
        ("both", "l2"),
        alone([0, 1e-3, 1], [0, 0, 0], [[1e-4, 0, -1]] * 12, [[0.5, 0, -1.1]] * 30, 1),
    ),
    "both sides, elements": (
        ("both", "linf"),
        alone([0, 1e-3, 1], [0, 0, 0], [[1e-4, 0, -1]] * 12, [[0.5, 0, -1.1]] * 30, 1),
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT_WRONGLY)
def test_each_term_of_the_limit_is_needed(name):
    """Items that a limit without one of its terms leaves out, although they are among the nearest."""
    (rows, norm), problem_of = LEFT_OUT_WRONGLY[name]
    check_radii(*problem_of, [Threat(rows, norm, "absolute")])


def test_more_targets_than_fit_into_one_part_have_radii():
    users = np.random.default_rng(1).normal(size=(2500, 3)).astype(np.float32)
    model = Model(users, np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32))
    best = np.argmax(model.user_factors @ model.item_factors.T, axis=1)
    targets = UserItems.from_pairs(np.arange(2500), best, 2500, 9)
    none = UserItems.from_pairs(np.zeros(0, int), np.zeros(0, int), 2500, 9)
    found = certified_radii(model, none, targets, 2)
    assert found.pairs.tolist() == list(range(2500))
    for position in (0, 2047, 2048, 2499):
        for threat in THREATS:
            expected = plain_radii(model, none, targets, threat, position)[:2]
            np.testing.assert_allclose(found.of(threat)[position], expected, rtol=2e-5)


# --- One pair, by brute force ----------------------------------------------------------------------


def worst_of_grid(threat, p, d, radius):
    """The smallest margin at many perturbations of p on the edge of the budget, with the best answer of the items."""
    a, e = threat.budgets((1, 1))
    a, e = a * radius, e * radius
    if threat.norm == "linf":
        ends = np.stack(np.meshgrid(*[np.linspace(-a, a, 9)] * len(p)), -1).reshape(-1, len(p))
        answer = np.abs(p + ends).sum(axis=1)
    else:
        angles = np.linspace(0, 2 * np.pi, 721)
        circle = np.stack([np.cos(angles), np.sin(angles)], 1)
        if len(p) == 3:
            heights = np.linspace(-1, 1, 81)
            ring = np.sqrt(1 - heights**2)
            circle = np.concatenate(
                [np.column_stack([r * circle, np.full(721, h)]) for r, h in zip(ring, heights, strict=True)]
            )  # fmt: skip
        ends = a * circle
        answer = np.linalg.norm(p + ends, axis=1)
    return ((p + ends) @ d - 2 * e * answer).min()


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("threat", [t for t in THREATS if t.budget == "absolute"], ids=str)
def test_a_radius_is_where_brute_force_overtakes(threat, dimensions):
    rng = np.random.default_rng(dimensions)
    for _ in range(25):
        p, target, other = rng.normal(size=(3, dimensions)).astype(np.float32)
        model = Model(p[None].repeat(N_USERS, 0), np.stack([target, other]))
        targets, seen = items_of([(0, 0)], 2), items_of([], 2)
        found = certified_radii(model, seen, targets, 1, threats=[threat]).of(threat)
        p, d = p.astype(float), (target - other).astype(float)
        if not len(found):
            assert p @ d < 0
            continue
        radius = float(found[0, 0])
        size = np.linalg.norm(p) * np.linalg.norm(d)
        assert worst_of_grid(threat, p, d, 0.999 * radius) > 0
        assert worst_of_grid(threat, p, d, 1.001 * radius) < 3e-3 * size  # the grid is coarse


def test_elementwise_radii_hold_and_are_attained_at_the_corners():
    rng = np.random.default_rng(3)
    for _ in range(50):
        p, d = rng.normal(size=(2, 4))
        d *= np.sign(p @ d)
        radius = radius_of_elements(p @ d, p, d, abs(p).sum(), abs(d).sum(), 1.0, 0.7)
        threat = Threat("both", "linf", "absolute")
        less = radius * (1 - 1e-9)
        assert left_margin(threat, p, d, 0, less, 0.7 * less) > 0
        more = radius * (1 + 3e-6)
        assert left_margin(threat, p, d, 0, more, 0.7 * more) < 0


# --- No attack is below ----------------------------------------------------------------------------


def lists_of(users, items, seen, length=LENGTH):
    """Top lists by exact rational scores, ties against the item that comes first; `users` and `items` as Fractions."""
    found = np.full((N_USERS, length), -1, np.int32)
    for user in range(N_USERS):
        hidden = set(seen.indices[seen.users == user])
        scores = {
            item: sum(x * y for x, y in zip(users[user], items[item], strict=True))
            for item in range(len(items))
            if item not in hidden
        }
        order = sorted(scores, key=lambda item: (-scores[item], item))[:length]
        found[user, : len(order)] = order
    return Lists(found, np.zeros(found.shape, np.float32))


def exact(array):
    return [[Fraction(float(x)) for x in row] for row in array]


def within(threat, change, budget):
    """Scale rows so that their exact norms are within the budget."""
    change = change.astype(np.float64)
    norm = np.abs(change).max(1) if threat.norm == "linf" else np.linalg.norm(change, axis=1)
    return change * (budget * (1 - 1e-6) / np.maximum(norm, 1e-30))[:, None]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from(THREATS),
    st.sampled_from([0.01, 0.05, 0.2, 1.0]),
    st.sampled_from([0, 1]),
)
def test_no_perturbation_goes_below_the_certificate_in_exact_arithmetic(
    seed, threat, epsilon, fixed
):
    model, seen, targets = problem(seed, n_factors=3, fixed=fixed, ties=(0, 6)[seed % 2])
    rng = np.random.default_rng(seed)
    certificate = certified_radii(model, seen, targets, LENGTH, threats=[threat])
    values, of = certificate.of(threat), (certificate.pairs, targets, LENGTH)
    a, e = (budget * epsilon for budget in threat.budgets(model.sizes))
    users, items = model.user_factors.astype(float), model.item_factors.astype(float)
    for aimed in (False, True):
        changes = [np.zeros_like(users), np.zeros_like(items)]
        directions = [rng.normal(size=users.shape), rng.normal(size=items.shape)]
        if aimed:  # against the targets of one user
            user = rng.integers(N_USERS)
            own = np.isin(np.arange(N_ITEMS), targets.indices[targets.users == user])
            directions[1] = np.where(own[:, None], -1, 1) * users[user]
            directions[0] = -(users * 0 + items[own].sum(0) - items.mean(0))
        for change, direction, budget in zip(changes, directions, (a, e), strict=True):
            direction = np.sign(direction) if threat.norm == "linf" else direction
            change[:, : model.n_moved] = within(threat, direction[:, : model.n_moved], budget)
        lists = lists_of(exact(users + changes[0]), exact(items + changes[1]), seen)
        left = ndcg_per_user(lists, targets, LENGTH)
        certain = measures.ndcg_left(measures.overtaken_at(values, epsilon), *of)
        assert (left[targets.counts > 0] >= certain[targets.counts > 0] - 1e-12).all()
        hits = np.minimum(hits_per_user(lists, targets, LENGTH), 1)
        sure = measures.hits_left(measures.overtaken_at(values, epsilon), *of)
        assert (hits[targets.counts > 0] >= sure[targets.counts > 0]).all()


ATTACKS = {
    "fgsm": {"method": "fgsm"},
    "bim": {"method": "bim", "step_size": 0.25, "norm": "linf"},
    "pgd-l2": {"method": "pgd", "step_size": 0.25, "norm": "l2"},
    "noise": {"method": "noise"},
    **{
        f"apgd-{rows}-{budget}": {
            "method": "apgd", "loss": "margin", "knows": "test", "rows": rows, "budget": budget,
        }
        for rows in ("both", "users", "items")
        for budget in ("absolute", "relative")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_goes_below_its_certificate(name):
    attack = ATTACKS[name]
    rng = np.random.default_rng(7)
    users, items = (rng.normal(0, 1, (n, 4)).astype(np.float32) for n in (N_USERS, N_ITEMS))
    order = np.argsort(-(users @ items.T), axis=1)
    seen = items_of([(u, i) for u in range(N_USERS) for i in order[u, 8:12]])
    targets = items_of([(u, order[u, u % 3]) for u in range(N_USERS)])
    norm = "linf" if attack.get("norm") == "linf" else "l2"
    threat = Threat(attack.get("rows", "both"), norm, attack.get("budget", "absolute"))
    model = Model(users, items)
    radii = certified_radii(model, seen, targets, LENGTH, threats=[threat])
    below_initial, top = False, order[:, :LENGTH].astype(np.int32)
    unperturbed = ndcg_per_user(Lists(top, top.astype(np.float32)), targets, LENGTH)
    for epsilon in (0.02, 0.1, 0.3):
        attacked = Attacked(
            CpuBackend(), (users, items), seen, seen, seed=0, k=LENGTH, test=targets
        )
        steps = 1 if name in ("fgsm", "noise") else 20
        _, columns = attack_model(
            attacked, attack=dict(attack), epsilon=epsilon, iterations=steps, length=LENGTH
        )
        lists = Lists.from_long(*columns.values(), N_USERS, LENGTH)
        left = ndcg_per_user(lists, targets, LENGTH)
        certain = measures.ndcg_left(
            measures.overtaken_at(radii.of(threat), epsilon), radii.pairs, targets, LENGTH
        )
        assert (left >= certain - 1e-12).all()
        below_initial |= bool((left < unperturbed).any())
    assert below_initial or name == "noise"


def test_items_rows_reach_the_bound_of_one_user():
    """The same perturbation serves all competitors at once: the bound is the worst case of each user by itself."""
    model, seen, targets = problem(5, n_factors=4)
    threat = Threat("items", "l2", "absolute")
    radii = certified_radii(model, seen, targets, LENGTH, threats=[threat])
    items = model.item_factors.astype(float)
    reached = 0
    for place, position in enumerate(radii.pairs):
        user, target = targets.users[position], targets.indices[position]
        if targets.counts[user] > 1:
            continue
        p = model.user_factors[user].astype(float)
        epsilon = float(radii.of(threat)[place, 2]) * (1 + 1e-4)
        direction = epsilon * p / np.linalg.norm(p)
        moved = items + np.where(np.arange(N_ITEMS)[:, None] == target, -direction, direction)
        hidden = [*seen.indices[seen.users == user], target]
        above = np.delete(moved @ p, hidden) > moved[target] @ p
        assert above.sum() == measures.overtaken_at(radii.of(threat)[place : place + 1], epsilon)[0]
        reached += 1
    assert reached


# --- Relations -------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(problems)
def test_certificates_fall_with_epsilon_and_both_kinds_of_rows_are_no_safer(given_problem):
    model, seen, targets = given_problem
    threats = [t for t in THREATS if t.budget == "absolute"]
    radii = certified_radii(model, seen, targets, LENGTH, threats=threats)
    grid = [0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
    for norm in ("l2", "linf"):
        curves = {}
        for rows in ("users", "items", "both"):
            values = radii.of(Threat(rows, norm, "absolute"))
            of = (radii.pairs, targets, LENGTH)
            ndcg = [
                measures.ndcg_left(measures.overtaken_at(values, epsilon), *of) for epsilon in grid
            ]
            curves[rows] = [np.nansum(of_users) for of_users in ndcg]
        for curve in curves.values():
            assert (np.diff(curve) <= 1e-12).all()
        assert (np.array(curves["both"]) <= np.minimum(curves["users"], curves["items"])).all()
        both = radii.of(Threat("both", norm, "absolute"))
        for rows in ("users", "items"):
            assert (both <= radii.of(Threat(rows, norm, "absolute")) * (1 + 2e-6)).all()
    # The elements' limit allows at least the perturbations of the L2 norm, and at most sqrt(n) times as long ones.
    root = np.sqrt(model.n_moved)
    for rows in ("users", "items"):
        l2, linf = (radii.of(Threat(rows, norm, "absolute")) for norm in ("l2", "linf"))
        assert (linf <= l2 * (1 + 2e-6)).all()
        assert (linf * root >= l2 * (1 - 2e-6)).all()


def test_relative_certificates_do_not_depend_on_scale_and_balance():
    model, seen, targets = problem(11, n_factors=5)
    threats = [t for t in THREATS if t.budget == "relative"]
    radii = certified_radii(model, seen, targets, LENGTH, threats=threats)
    for users, items in ((4.0, 4.0), (0.25, 8.0)):
        scaled = Model(model.user_factors * users, model.item_factors * items)
        again = certified_radii(scaled, seen, targets, LENGTH, threats=threats)
        np.testing.assert_array_equal(again.pairs, radii.pairs)
        np.testing.assert_allclose(again.values, radii.values, rtol=1e-5)


def test_certificates_of_the_canonical_form_do_not_depend_on_the_basis():
    model, seen, targets = problem(13, n_factors=4)
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(4, 4))
    pair = model.user_factors @ basis, model.item_factors @ np.linalg.inv(basis).T
    threats = [Threat("both", "l2", "relative")]
    values = []
    for users, items in ((model.user_factors, model.item_factors), pair):
        factors = {"user_factors": users.astype(np.float32), "item_factors": items.astype(np.float32)}  # fmt: skip
        form = control_of({"of": "m", "form": "canonical"}, factors, 0, None, 0)
        canonical = Model(form["user_factors"], form["item_factors"])
        values.append(certified_radii(canonical, seen, targets, LENGTH, threats=threats))
    np.testing.assert_array_equal(values[0].pairs, values[1].pairs)
    np.testing.assert_allclose(values[0].values, values[1].values, rtol=2e-3, atol=1e-5)


# --- Own lists, edges ------------------------------------------------------------------------------


def test_own_lists_stay_until_so_many_others_overtake():
    model, seen, _ = problem(17, n_factors=3)
    lists = lists_of(exact(model.user_factors), exact(model.item_factors), seen).items
    users, places = np.nonzero(lists >= 0)
    own = UserItems.from_pairs(users, lists[users, places], N_USERS, N_ITEMS)
    threat = Threat("users", "l2", "absolute")
    staying = staying_radii(model, seen, own, LENGTH, [threat])[0]
    for position, (user, item) in enumerate(zip(own.users, own.indices, strict=True)):
        p = model.user_factors[user].astype(float)
        others = np.setdiff1d(np.arange(N_ITEMS), [*seen.indices[seen.users == user], item])
        d = (model.item_factors[item] - model.item_factors[others]).astype(float)
        radii = np.sort(np.maximum(d @ p, 0) / np.linalg.norm(d, axis=1))
        expected = radii[LENGTH - 1] if len(radii) >= LENGTH else np.inf
        assert staying[position] == pytest.approx(expected, rel=1e-4, abs=2e-5)
    share = measures.certain_share(staying, own, 0.05)
    kept = [np.mean(staying[own.users == user] > 0.05) for user in range(N_USERS)]
    assert share == pytest.approx(np.mean(kept))


def test_fewer_candidates_than_places_are_certain_for_ever():
    model, _, _ = problem(19)
    seen = items_of([(0, item) for item in range(3, N_ITEMS)])
    targets = items_of([(0, 0)])
    radii = certified_radii(model, seen, targets, LENGTH)
    assert np.isinf(radii.values[:, 0, 2:]).all()
    overtaken = measures.overtaken_at(radii.values[0], 1e9)
    assert measures.hits_left(overtaken, radii.pairs, targets, LENGTH)[0] == 1


def test_a_certificate_is_stored_and_read_bit_for_bit(tmp_path):
    model, seen, targets = problem(23)
    certificate = certify(model, seen, targets, k=3, length=LENGTH)
    certificate.write(tmp_path / "radii.safetensors")
    again = Certificate.read(tmp_path / "radii.safetensors")
    assert again.radii.threats == certificate.radii.threats == THREATS
    assert again.sizes == certificate.sizes
    for ours, theirs in (
        (again.radii.pairs, certificate.radii.pairs),
        (again.radii.values, certificate.radii.values),
        (again.own_lists.indices, certificate.own_lists.indices),
        (again.own_lists.indptr, certificate.own_lists.indptr),
        (again.staying, certificate.staying),
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_factors_that_are_not_finite_cannot_be_certified():
    model, seen, targets = problem(29)
    model.user_factors[0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        certified_radii(model, seen, targets, LENGTH)
