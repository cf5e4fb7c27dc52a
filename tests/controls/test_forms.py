"""Controls have the scores of their model up to a factor, and the rows that their form promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embrittle.controls import forms
from embrittle.errors import DataError
from embrittle.row_norms import rms_norm
from embrittle.vocabulary import FACTORS


def model_of(seed, n_users=9, n_items=7, d=4, rank=None):
    """Random factors of a rank, with one user and one item whose rows are zero."""
    rng = np.random.default_rng(seed)
    users, items = rng.normal(0, 1, (n_users, d)), rng.normal(0.5, 2, (n_items, d))
    if rank is not None:
        users = users[:, :rank] @ rng.normal(size=(rank, d))
    users[3], items[2] = 0, 0
    return {"user_factors": users.astype(np.float32), "item_factors": items.astype(np.float32)}


def scores(model):
    users, items = (model[side].astype(np.float64) for side in FACTORS)
    return users @ items.T


def assert_proportional(found, expected, factor):
    np.testing.assert_allclose(
        found, factor * expected, rtol=0, atol=1e-5 * factor * np.abs(expected).max()
    )


SIZES = st.tuples(st.integers(4, 12), st.integers(3, 12), st.integers(1, 6))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), sizes=SIZES, scale=st.floats(0.01, 100))
def test_scaling_multiplies_all_scores(seed, sizes, scale):
    model = model_of(seed, *sizes)
    found = forms.scaled(model, scale)
    assert all(found[side].dtype == np.float32 for side in FACTORS)
    assert_proportional(scores(found), scores(model), scale**2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), sizes=SIZES)
def test_balanced_rows_have_one_size_and_the_same_scores(seed, sizes):
    model = model_of(seed, *sizes)
    found = forms.balanced(model)
    users, items = forms.row_sizes(found)
    assert users == pytest.approx(items, rel=1e-5)
    assert_proportional(scores(found), scores(model), 1)


def test_the_norms_of_another_model_are_those_of_its_sides():
    model, other = model_of(1), model_of(2, n_users=20, d=6)
    found = forms.with_norms_of(model, other)
    assert forms.row_sizes(found) == pytest.approx(forms.row_sizes(other), rel=1e-5)
    own, wanted = forms.row_sizes(model), forms.row_sizes(other)
    assert_proportional(scores(found), scores(model), wanted[0] / own[0] * wanted[1] / own[1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 99), sizes=SIZES, rank=st.sampled_from([None, 1]))
def test_the_canonical_form_depends_on_the_scores_alone(seed, sizes, rank):
    model = model_of(seed, *sizes, rank=rank)
    d = sizes[2]
    found = forms.canonical(model)
    assert_proportional(scores(found), scores(model), 1)
    # Both sides have the same Gram matrix, diagonal with falling singular values.
    grams = [found[side].astype(np.float64).T @ found[side] for side in FACTORS]
    size = max(grams[0].max(), 1e-9)
    np.testing.assert_allclose(grams[0], grams[1], rtol=0, atol=1e-4 * size)
    np.testing.assert_allclose(grams[0], np.diag(np.diag(grams[0])), rtol=0, atol=1e-4 * size)
    assert (np.diff(np.diag(grams[0])) <= 1e-4 * size).all()
    # (P A, Q A^-T), a well conditioned A
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2))
    a = left @ np.diag(rng.uniform(0.5, 2, d)) @ right
    same = {
        "user_factors": (model["user_factors"].astype(np.float64) @ a),
        "item_factors": (model["item_factors"].astype(np.float64) @ np.linalg.inv(a).T),
    }
    again = forms.canonical(same)
    values = np.sqrt(np.maximum(np.diag(grams[0]), 0))
    apart = (
        np.abs(np.subtract.outer(values, values)) + np.eye(d) * values.max() > 0.05 * values.max()
    )
    if apart.all():  # equal singular values have no order, and small ones no direction
        for side in FACTORS:
            np.testing.assert_allclose(
                again[side], found[side], rtol=0, atol=2e-3 * np.abs(found[side]).max()
            )


def test_the_canonical_form_of_a_known_matrix():
    rng = np.random.default_rng(3)
    u, v = (np.linalg.qr(rng.normal(size=(n, 2)))[0] for n in (6, 5))
    v *= np.sign(v[np.abs(v).argmax(axis=0), [0, 1]])
    model = {"user_factors": u * [9.0, 4.0] * 7, "item_factors": v / 7}
    found = forms.canonical(model)
    np.testing.assert_allclose(found["user_factors"], u * [3, 2], atol=1e-5)
    np.testing.assert_allclose(found["item_factors"], v * [3, 2], atol=1e-5)


def test_one_factor():
    model = {"user_factors": np.float32([[2], [-4]]), "item_factors": np.float32([[1], [-3], [0]])}
    found = forms.canonical(model)
    # sqrt(20) * sqrt(10) is the singular value; the largest item, -3, becomes positive
    root = 200**0.25
    np.testing.assert_allclose(
        found["item_factors"][:, 0], root * np.array([-1, 3, 0]) / np.sqrt(10), rtol=1e-5
    )
    np.testing.assert_allclose(
        found["user_factors"][:, 0], root * np.array([-2, 4]) / np.sqrt(20), rtol=1e-5
    )


@pytest.mark.parametrize("way", ["scale", "norms", "balanced", "canonical"])
def test_biases_keep_their_share_of_every_score(way):
    plain = model_of(5)
    bias = np.random.default_rng(6).normal(0, 3, 7).astype(np.float32)
    model = {
        "user_factors": np.hstack([plain["user_factors"], np.ones((9, 1), np.float32)]),
        "item_factors": np.hstack([plain["item_factors"], bias[:, None]]),
    }
    other = model_of(8)
    found = {
        "scale": lambda: forms.scaled(model, 3.0),
        "norms": lambda: forms.with_norms_of(model, other, fixed=1),
        "balanced": lambda: forms.balanced(model, fixed=1),
        "canonical": lambda: forms.canonical(model, fixed=1),
    }[way]()
    factor = {"scale": 9.0, "balanced": 1.0, "canonical": 1.0}.get(way)
    if way == "norms":
        own, wanted = forms.row_sizes(model, 1), forms.row_sizes(other)
        assert forms.row_sizes(found, 1) == pytest.approx(wanted, rel=1e-5)
        factor = wanted[0] / own[0] * wanted[1] / own[1]
    if way == "balanced":
        assert rms_norm(found["user_factors"][:, :-1]) == pytest.approx(
            rms_norm(found["item_factors"][:, :-1]), rel=1e-5
        )
    assert_proportional(scores(found), scores(model), factor)


def test_rows_that_are_all_zero_have_no_size():
    model = model_of(1)
    zero = {**model, "item_factors": 0 * model["item_factors"]}
    for make in (lambda: forms.balanced(zero), lambda: forms.with_norms_of(model, zero)):
        with pytest.raises(DataError, match="all item rows of the model are zero"):
            make()
