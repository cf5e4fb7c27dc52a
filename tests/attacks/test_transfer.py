"""A perturbation that was found on one model, on another one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embrittle.attacks.run import Perturbation
from embrittle.attacks.transfer import perturbed, transferred
from embrittle.errors import DataError


def made_up(seed, n_users=7, n_items=9, n_factors=4):
    """A model, a perturbation of it, and a random orthogonal matrix."""
    draw = np.random.default_rng(seed)

    def rows(n):
        return draw.normal(size=(n, n_factors)).astype(np.float32)

    model = {"user_factors": rows(n_users), "item_factors": rows(n_items)}
    delta = Perturbation(5, 0.1 * rows(n_users), 0.1 * rows(n_items))
    rotation, _ = np.linalg.qr(draw.normal(size=(n_factors, n_factors)))
    return model, delta, rotation.astype(np.float32)


def scores(model, delta):
    users, items = perturbed(model, delta)
    return users @ items.T


@given(seed=st.integers(0, 1000), scale=st.sampled_from([1.0, 0.5, 3.0]))
def test_a_rotated_model_gets_the_rotated_perturbation(seed, scale):
    """The scores are then those of the first model; a relative budget follows the size of the rows."""
    model, delta, rotation = made_up(seed)
    other = {side: scale * rows @ rotation for side, rows in model.items()}
    moved = transferred(delta, model, other, relative=True)
    np.testing.assert_allclose(
        scores(other, moved), scale**2 * scores(model, delta), atol=1e-4 * scale**2
    )
    absolute = transferred(delta, model, other, relative=False)
    for ours, theirs in ((absolute.users, delta.users), (absolute.items, delta.items)):
        np.testing.assert_allclose(
            np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1), rtol=1e-5
        )


def test_between_unlike_models_the_norms_of_rows_stay():
    (model, delta, _), (other, _, _) = made_up(1), made_up(2)
    moved = transferred(delta, model, other, relative=False)
    assert (moved.iterations, moved.users.dtype) == (5, np.float32)
    np.testing.assert_allclose(
        np.linalg.norm(moved.items, axis=1), np.linalg.norm(delta.items, axis=1), rtol=1e-5
    )
    assert not np.allclose(moved.items, delta.items, atol=0.01)


def test_factors_that_may_not_move_take_no_part():
    model, delta, rotation = made_up(3)
    biased = {
        side: np.column_stack([rows, np.full(len(rows), 100, np.float32)])
        for side, rows in model.items()
    }
    other = {side: biased[side].copy() for side in biased}
    for side in other:
        other[side][:, :4] = model[side] @ rotation
    moved = transferred(delta, biased, other, relative=False, fixed=1)
    np.testing.assert_allclose(moved.users, delta.users @ rotation, atol=1e-5)
    users, items = perturbed(other, moved)
    assert (users[:, 4] == 100).all()
    np.testing.assert_allclose(items[:, :4], other["item_factors"][:, :4] + moved.items)


def test_models_of_other_items_or_factors_are_refused():
    model, delta, _ = made_up(4)
    for other, _, _ in (made_up(5, n_items=8), made_up(5, n_factors=3), made_up(5, n_factors=5)):
        with pytest.raises(DataError, match="same users, items and number of factors"):
            transferred(delta, model, other, relative=False)
