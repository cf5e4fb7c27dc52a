"""The norms of a perturbation."""

import numpy as np

from embrittle.attacks.norms import perturbation_norms


def test_perturbation_norms_are_those_of_the_rows():
    users, items = (
        np.array([[3.0, -4.0], [0.0, 0.0]]),
        np.array([[0.0, 1.0], [6.0, 8.0], [1.0, 0.0]]),
    )
    norms = perturbation_norms(users.astype(np.float32), items.astype(np.float32))
    assert {key: norms[key] for key in norms if key.startswith("users")} == {
        "users L2 mean": 2.5,
        "users L2 median": 2.5,
        "users L2 max": 5.0,
        "users Linf mean": 2.0,
        "users Linf median": 2.0,
        "users Linf max": 4.0,
    }
    assert (norms["items L2 mean"], norms["items L2 median"], norms["items Linf max"]) == (4, 1, 8)
    assert (norms["all L2 mean"], norms["all L2 max"]) == (17 / 5, 10)
    assert len(norms) == 3 * 2 * 3 + 1


def test_short_rows_are_those_that_end_inside_the_ball():
    # Of users one of four, of items two of three: below 99 % of the longest row of their own side.
    users = np.array([[0.5, 0.0], [0.0, -0.5], [0.3, 0.3], [0.0, 0.4951]])
    items = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.9]])
    assert perturbation_norms(users, items)["short rows"] == 3 / 7
    still = np.zeros((5, 2))
    assert perturbation_norms(users, still)["short rows"] == 1 / 4  # items were not to move
    assert perturbation_norms(still, still)["short rows"] == 0
