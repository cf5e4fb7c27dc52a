"""A control whose lists are not those of its model is found out; ties by rounding are counted."""

import numpy as np
import pytest

from embrittle.controls.forms import canonical, scaled
from embrittle.controls.lists import compare_lists
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.kernels.cpu import CpuBackend

N_USERS, N_ITEMS = 30, 40


@pytest.fixture
def model():
    rng = np.random.default_rng(4)
    users, items = (rng.normal(size=(n, 64)).astype(np.float32) for n in (N_USERS, N_ITEMS))
    return {"user_factors": users, "item_factors": items}


@pytest.fixture
def seen():
    rng = np.random.default_rng(5)
    return UserItems.from_pairs(*np.nonzero(rng.random((N_USERS, N_ITEMS)) < 0.2), N_USERS, N_ITEMS)


def compare(model, control, seen):
    return compare_lists(CpuBackend(), model, control, seen, 10)


def test_the_lists_of_controls_are_those_of_the_model(model, seen):
    for control in (model, scaled(model, 3.7), canonical(model)):
        assert compare(model, control, seen) == 0


def test_items_of_equal_score_may_change_places_and_are_counted(model, seen):
    twins = {side: rows.copy() for side, rows in model.items()}
    twins["item_factors"][1] = twins["item_factors"][0]
    control = {side: rows.copy() for side, rows in twins.items()}
    control["item_factors"][1] *= np.float32(
        1 + 2e-7
    )  # the next number or so: where scores are positive, item 1 leads
    assert compare(twins, control, seen) > 0


def test_other_lists_fail_with_the_pairs_named(model, seen):
    control = {side: rows.copy() for side, rows in model.items()}
    control["item_factors"][7] *= 1.5
    with pytest.raises(DataError) as error:
        compare(model, control, seen)
    message = str(error.value)
    assert message.startswith("the lists of the control are not those of the model: ")
    assert f" of {10 * N_USERS} places differ by more than rounding (user " in message
    assert message.count(" instead of ") == 5
    assert "item 7 instead of" in message


def test_users_without_a_row_have_ties_only(model, seen):
    nobody = {**model, "user_factors": model["user_factors"] * (np.arange(N_USERS) > 3)[:, None]}
    assert compare(nobody, scaled(nobody, 2), seen) == 0
