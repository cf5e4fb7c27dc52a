"""The measures as they were while each user had at most one test item, for the proof that their values stay.

`test_items` is int32 (n_users,), -1 for users without a test item; `relevance` is float64 (n_users,).
"""

import math

import numpy as np


def discounts(ranks):
    return 1.0 / np.log2(ranks + 1.0)


def mean_over_tested(values):
    return float(values[~np.isnan(values)].mean())


def hit_ranks(lists, test_items, k):
    hits = (lists.items[:, :k] == test_items[:, None]) & (test_items != -1)[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def per_tested_user(test_items, values):
    return np.where(test_items != -1, values, np.nan)


def recall_per_user(lists, test_items, k):
    return per_tested_user(test_items, (hit_ranks(lists, test_items, k) > 0).astype(np.float64))


def ndcg_per_user(lists, test_items, k):
    ranks = hit_ranks(lists, test_items, k)
    return per_tested_user(test_items, np.where(ranks > 0, discounts(np.maximum(ranks, 1)), 0.0))


def efd_per_user(lists, test_items, train_counts, k):
    seen = np.maximum(train_counts, train_counts[train_counts > 0].min())
    novelty = -np.log2(seen / train_counts.sum())[np.maximum(test_items, 0)]
    return ndcg_per_user(lists, test_items, k) * novelty / discounts(np.arange(1, k + 1)).sum()


def accuracy(lists, test_items, train_counts, k):
    """PR, RE, nDCG and EFD at k."""
    recall = mean_over_tested(recall_per_user(lists, test_items, k))
    return {
        "PR": recall / k,
        "RE": recall,
        "nDCG": mean_over_tested(ndcg_per_user(lists, test_items, k)),
        "EFD": mean_over_tested(efd_per_user(lists, test_items, train_counts, k)),
    }


def on_hits(lists, test_items, values, k, n_items):
    hit = hit_ranks(lists, test_items, k) > 0
    return np.bincount(test_items[hit], weights=values[hit], minlength=n_items)


def item_values(lists, test_items, relevance, k, n_items):
    """The values of items: rated-hits, ndcg, score and gain."""
    top = lists.items[:, :k]
    tested = np.maximum(np.bincount(test_items[test_items != -1], minlength=n_items), 1)
    recommended = np.maximum(np.bincount(top[top != -1], minlength=n_items), 1)
    ndcg = np.nan_to_num(ndcg_per_user(lists, test_items, k))
    ranks = hit_ranks(lists, test_items, k)
    at_hit = lists.scores[np.arange(len(test_items)), np.maximum(ranks, 1) - 1]
    scores = np.where(ranks > 0, at_hit, 0)
    return {
        "rated-hits": on_hits(lists, test_items, relevance, k, n_items) / tested,
        "ndcg": on_hits(lists, test_items, ndcg, k, n_items) / tested,
        "score": on_hits(lists, test_items, scores, k, n_items) / recommended,
        "gain": on_hits(lists, test_items, 2.0**relevance - 1, k, n_items) / recommended,
    }


def selection_accuracy(ranks, test_items, k):
    """HR@k and nDCG@k by which epochs are selected, from a rank for each user."""
    ranks = ranks[test_items >= 0]
    hits, gains = (ranks > 0) & (ranks <= k), 1 / np.log2(np.maximum(ranks, 1) + 1.0)
    values = (hits, np.where(hits, gains, 0.0))
    return tuple(float(np.mean(each)) if len(ranks) else math.nan for each in values)
