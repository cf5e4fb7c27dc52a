"""Accuracy with several test items of a user, against trec_eval, which the library ir-measures calls."""

import ir_measures
import numpy as np
import pytest
from ir_measures import P, Qrel, R, ScoredDoc, Success, nDCG

from embrittle.metrics.measures import Lists, evaluate
from embrittle.models.selection import EpochSelection
from held_out import held_out

THEIRS = {"PR": P, "RE": R, "HR": Success, "nDCG": nDCG}


@pytest.mark.parametrize("k", [1, 5, 20])
def test_accuracy_of_random_lists(k):
    rng = np.random.default_rng(k)
    n_users, n_items = 200, 60
    items = np.stack([rng.permutation(n_items)[:20] for _ in range(n_users)]).astype(np.int32)
    scores = np.tile(-np.arange(20, dtype=np.float32), (n_users, 1))
    test = [rng.permutation(n_items)[: rng.integers(0, 31)] for _ in range(n_users)]
    assert min(map(len, test)) == 0  # such a user is not measured
    of_users = held_out(test, n_items)
    qrels = [Qrel(str(u), str(i), 1) for u, row in enumerate(test) for i in row]
    run = [
        ScoredDoc(str(u), str(i), float(score))
        for u, row in enumerate(items)
        for i, score in zip(row, scores[u], strict=True)
    ]
    theirs = ir_measures.calc_aggregate([at @ k for at in THEIRS.values()], qrels, run)
    counts = np.ones(n_items, int)
    ours = evaluate(Lists(items, scores), of_users, counts, [k], list(THEIRS))
    for _, name, value in ours:
        assert value == pytest.approx(theirs[THEIRS[name] @ k], rel=1e-12)
    assert len({value for _, _, value in ours}) == (
        4 if k > 1 else 2
    )  # at 1 all but RE are the same

    nobody = held_out([-1] * n_users, n_items)
    selection = EpochSelection("last", f"HR@{k}", nobody, of_users, nobody)
    found = selection._accuracy(of_users.ranks_in(items), of_users)
    assert found[f"HR@{k}"] == pytest.approx(theirs[Success @ k], rel=1e-12)
    assert found[f"nDCG@{k}"] == pytest.approx(theirs[nDCG @ k], rel=1e-12)
