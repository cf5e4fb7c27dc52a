"""Attacks on the ranking against the exact worst case, which is known for two factors.

Only the direction of a user's row decides its list. Within a budget the directions are an interval, and the place of
the test item changes only where a direction is orthogonal to the difference of two items, so trying these angles and
the ends of the interval finds the worst place.
"""

import numpy as np

from embrittle.attacks.run import Attacked, attack_model
from embrittle.data.interactions import UserItems
from embrittle.kernels.cpu import CpuBackend
from embrittle.metrics.ensemble import strongest
from embrittle.metrics.measures import Lists, ndcg_per_user
from embrittle.products.settings import ATTACK_DEFINITIONS

N_USERS, K = 150, 10
MEMBERS = [
    {**ATTACK_DEFINITIONS[name], "rows": "users"}
    for name in ATTACK_DEFINITIONS["reliable-test"]["members"]
]


def worst_ndcg(user, items, target, budget):
    """The smallest nDCG@K of a test item over all rows within the budget."""
    behind = np.delete(items[target] - items, target, axis=0)
    half = np.arcsin(min(1.0, budget / np.linalg.norm(user)))
    middle = np.arctan2(user[1], user[0])
    edges = np.arctan2(behind[:, 1], behind[:, 0])[:, None] + np.array([-np.pi / 2, np.pi / 2])
    offsets = (edges.ravel() - middle + np.pi) % (2 * np.pi) - np.pi
    edges = np.concatenate([offsets[np.abs(offsets) <= half], [-half, half, 0]])
    angles = middle + np.concatenate([edges - 1e-6, edges + 1e-6]).clip(-half, half)
    scores = np.stack([np.cos(angles), np.sin(angles)], 1) @ behind.T
    rank = (scores < 0).sum(axis=1).max()
    return 1 / np.log2(rank + 2) if rank < K else 0.0


def damage(n_items, epsilon):
    """How much of nDCG@K the ensemble takes, and how much the worst case, in the mean over users."""
    rng = np.random.default_rng(3)
    items = rng.normal(size=(n_items, 2)).astype(np.float32)
    users = rng.normal(size=(N_USERS, 2))
    users *= rng.uniform(1, 2, (N_USERS, 1)) / np.linalg.norm(users, axis=1, keepdims=True)
    users = users.astype(np.float32)
    order = np.argsort(-(users @ items.T), axis=1)
    targets = order[np.arange(N_USERS), rng.integers(0, K, N_USERS)]
    test = UserItems.from_pairs(np.arange(N_USERS), targets, N_USERS, n_items)
    nothing = UserItems.from_pairs(np.zeros(0, int), np.zeros(0, int), N_USERS, n_items)
    model = Attacked(CpuBackend(), (users, items), nothing, nothing, seed=0, k=K, test=test)
    found = []
    for attack in MEMBERS:
        _, lists = attack_model(model, attack=attack, epsilon=epsilon, iterations=50, length=K)
        found.append(Lists(*(lists[of].reshape(N_USERS, K) for of in ("item", "score"))))
    counts = strongest(found, test, K, separate=True)
    left = np.stack([ndcg_per_user(of, test, K) for of in found])[counts, np.arange(N_USERS)]
    clean = 1 / np.log2((order == targets[:, None]).argmax(axis=1) + 2)
    pairs = zip(users, targets, strict=True)
    worst = np.array([worst_ndcg(user, items, target, epsilon) for user, target in pairs])
    assert (left >= worst - 1e-6).all()
    return (clean - left).mean(), (clean - worst).mean()


def test_the_ensemble_reaches_what_can_be_reached():
    cases = [damage(n_items, epsilon) for n_items in (60, 300) for epsilon in (0.05, 0.2, 0.6)]
    shares = [taken / most for taken, most in cases]
    assert min(shares) >= 0.95
    assert np.mean(shares) >= 0.98
