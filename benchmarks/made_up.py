"""Made-up interactions of MovieLens-1M's size and skew, for machines without the data set."""

from __future__ import annotations

import numpy as np

from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError

from .setting import Problem

_LEAST = 20  # interactions of a user, as in ML-1M, where the catalogue is large enough
# Fitted to ML-1M: the activity of its users, above the least, is about lognormal, and the popularity of its items falls
# with the root of their rank.
_LOG_SPREAD, _STEEPNESS = 1.2, 6.0


def _activity(rng: np.random.Generator, n_users: int, n_items: int, total: int) -> np.ndarray:
    """Interactions of each user, int64 (n_users,), which sum to `total`; at most 5 of 8 items, as in ML-1M."""
    most = max(2, 5 * n_items // 8)
    least = max(2, min(_LEAST, total // n_users // 2))
    if not least * n_users <= total <= most * n_users:
        raise ConfigError(
            f"{n_users} users with {least} to {most} items each have no {total} interactions"
        )
    drawn = np.exp(_LOG_SPREAD * rng.standard_normal(n_users))
    counts = np.full(n_users, least)
    while (lacking := total - counts.sum()) > 0:
        open_ = counts < most
        share = np.where(open_, drawn, 0)
        more = np.floor(lacking * share / share.sum()).astype(np.int64)
        if more.sum() == 0:  # less than one each: to the first ones
            more[np.flatnonzero(open_)[:lacking]] = 1
        counts = np.minimum(counts + more, most)
    return counts


def make_problem(n_users: int, n_items: int, n_interactions: int, seed: int) -> Problem:
    """Make a split in memory: each user's items without repetition, popular ones more often, one of them held out.

    Raises:
        ConfigError: so many interactions do not fit so few users and items, or the other way round.
    """
    rng = np.random.default_rng(seed)
    counts = _activity(rng, n_users, n_items, n_interactions)
    log_popularity = -_STEEPNESS * np.sqrt(np.arange(n_items) / n_items)
    rng.shuffle(log_popularity)
    users, items, test = [], [], np.empty(n_users, np.int32)
    for user, count in enumerate(counts):
        # The largest of log-weights with Gumbel noise are a draw by weight without repetition.
        keys = log_popularity + rng.gumbel(size=n_items)
        chosen = np.argpartition(keys, -count)[-count:]
        rng.shuffle(chosen)
        test[user] = chosen[0]
        users.append(np.full(count - 1, user))
        items.append(chosen[1:])
    train = UserItems.from_pairs(np.concatenate(users), np.concatenate(items), n_users, n_items)
    return Problem(None, train, UserItems.from_pairs(np.arange(n_users), test, n_users, n_items))
