"""With one test item for each user, every value is that of the formulas of leave-one-out, to the last bit."""

import numpy as np
import pytest

import one_item_each as before
from embrittle.metrics import fairness, measures
from embrittle.metrics.evaluation import read_relevance
from embrittle.metrics.measures import Lists
from embrittle.models.selection import EpochSelection
from held_out import held_out

N_USERS, N_ITEMS, LENGTH = 700, 90, 40


@pytest.fixture(params=range(5))
def drawn(request):
    """Lists, some of them short or empty, test items (a tenth of the users have none), training counts, relevance."""
    rng = np.random.default_rng(request.param)
    items = rng.permuted(np.tile(np.arange(N_ITEMS, dtype=np.int32), (N_USERS, 1)), axis=1)
    items = items[:, :LENGTH]
    items[np.arange(LENGTH) >= rng.integers(0, 4 * LENGTH, N_USERS)[:, None]] = -1
    scores = np.where(items < 0, np.nan, rng.normal(size=items.shape)).astype(np.float32)
    test = rng.integers(0, N_ITEMS, N_USERS).astype(np.int32)
    test[rng.random(N_USERS) < 0.1] = -1
    relevance = rng.integers(1, 6, N_USERS).astype(np.float64)
    return Lists(items, scores), test, rng.integers(0, 50, N_ITEMS), relevance


@pytest.mark.parametrize("k", [1, 10, LENGTH])
def test_accuracy_and_novelty(drawn, k):
    lists, test, counts, _ = drawn
    of_users = held_out(test, N_ITEMS)
    expected = before.accuracy(lists, test, counts, k)
    found = {name: value for _, name, value in measures.evaluate(lists, of_users, counts, [k])}
    assert {name: found[name] for name in expected} == expected
    assert "HR" not in found  # it is RE
    assert measures.hit_rate(lists, of_users, counts, k) == expected["RE"]
    per_user = {
        "nDCG": (measures.ndcg_per_user(lists, of_users, k), before.ndcg_per_user(lists, test, k)),
        "hits": (
            measures.hits_per_user(lists, of_users, k),
            before.recall_per_user(lists, test, k),
        ),
        "EFD": (
            measures.efd_per_user(lists, of_users, counts, k),
            before.efd_per_user(lists, test, counts, k),
        ),
    }
    for name, (ours, theirs) in per_user.items():
        assert ours.tobytes() == theirs.tobytes(), name


@pytest.mark.parametrize("k", [1, 10, LENGTH])
def test_values_of_items(drawn, k):
    lists, test, _, relevance = drawn
    expected = before.item_values(lists, test, relevance, k, N_ITEMS)
    of_users, of_tested = held_out(test, N_ITEMS), relevance[test >= 0]
    arguments = (lists, of_users, of_tested, k, N_ITEMS)
    found = {
        "rated-hits": fairness.rated_hits(*arguments),
        "ndcg": fairness.item_ndcg(*arguments),
        "score": fairness.score_per_item(lists, of_users, k, N_ITEMS),
        "gain": fairness.gain_per_item(*arguments),
    }
    for name, values in expected.items():
        assert found[name].tobytes() == values.tobytes(), name


def test_the_criterion_of_the_epochs(drawn):
    _, test, _, _ = drawn
    rng = np.random.default_rng(len(test))
    ranks = rng.integers(0, N_ITEMS, N_USERS).astype(np.int32)
    of_users = held_out(test, N_ITEMS)
    nobody = held_out([-1] * N_USERS, N_ITEMS)
    selection = EpochSelection("last", "HR@10", nobody, of_users, nobody)
    found = selection._accuracy(ranks[test >= 0], of_users)
    assert tuple(found.values()) == before.selection_accuracy(ranks, test, 10)


def test_the_relevance_of_a_users_only_test_item(tmp_path):
    from embrittle.files import write_parquet

    columns = {"user": [0, 2], "item": [4, 1], "rating": [3.0, 5.0]}
    write_parquet({name: np.array(values) for name, values in columns.items()}, tmp_path / "t")
    assert read_relevance(tmp_path / "t", "rating").tolist() == [3, 5]
    assert read_relevance(tmp_path / "t", "binary").tolist() == [1, 1]
