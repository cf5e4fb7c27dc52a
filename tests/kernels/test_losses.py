"""Pairwise losses: their slopes, and that every backend uses the loss it is told to use, a made-up one included."""

import numpy as np
import pytest
import torch
from test_kernels import BACKENDS, N_ITEMS, N_USERS, epoch, factors_of, run_reference

from embrittle.data.interactions import UserItems
from embrittle.kernels import reference
from embrittle.kernels.backend import StepSettings
from embrittle.kernels.losses import LOSSES, ONE, ZERO, maximum, pairwise_loss
from embrittle.kernels.sampling import TripleSampler, draw_negatives

SQUARED_HINGE = "squared hinge of this test"
NAMES = [*LOSSES, SQUARED_HINGE]


@pytest.fixture(scope="module", autouse=True)
def squared_hinge():
    @pairwise_loss(SQUARED_HINGE)
    def formula(difference):
        gap = maximum(ONE - difference, ZERO)
        return gap * gap, -gap - gap

    yield
    del LOSSES[SQUARED_HINGE]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param()


@pytest.fixture
def train():
    interactions = np.argwhere(np.random.default_rng(7).random((N_USERS, N_ITEMS)) < 0.3)
    return UserItems.from_pairs(*interactions.T, N_USERS, N_ITEMS)


def value_of(name):
    """The loss as a function of the difference: written anew where its formula is known here."""
    written_anew = {
        "bpr": lambda difference: torch.nn.functional.softplus(-difference),
        SQUARED_HINGE: lambda difference: torch.relu(1 - difference).square(),
    }
    own = LOSSES[name]
    return written_anew.get(name, lambda difference: own.values(own.formula(difference)[0]))


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative_of_the_value(name):
    differences = torch.linspace(-30, 30, 1000, dtype=torch.float64)
    h = 1e-5

    def values(at):
        return LOSSES[name].values(LOSSES[name].formula(at)[0])

    expected = (values(differences + h) - values(differences - h)) / (2 * h)
    _, slopes = LOSSES[name].formula(differences)
    torch.testing.assert_close(slopes, expected, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(values(differences), value_of(name)(differences))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_an_epoch_uses_the_loss_it_is_told_to_use(backend, train, name, weight):
    factors = factors_of(np.random.default_rng(5), n_factors=10)
    triples = TripleSampler(train.indptr, train.indices, train.n_items).draw(
        np.random.SeedSequence([1])
    )
    settings = StepSettings(32, 0.05, 0.5, weight, loss=name)
    loss = reference.summed(value_of(name))
    expected, expected_value = run_reference(factors, triples, settings, loss)
    found, value = epoch(backend, factors, triples, settings)
    assert value == pytest.approx(expected_value, rel=1e-5)
    for array, wanted in zip(vars(found).values(), expected, strict=True):
        np.testing.assert_allclose(array, wanted, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_full_batch_gradient_is_that_of_the_loss_it_is_told_to_use(backend, train, name):
    factors = factors_of(np.random.default_rng(6), n_factors=10)
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([3])
    )
    users = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    triples = torch.tensor(np.column_stack([users, train.indices, negatives])).long()
    arrays = [factors.user_factors, factors.item_factors]
    parameters = [torch.tensor(array).double() for array in arrays]
    expected = reference.gradient(parameters, triples, reference.summed(value_of(name)))
    found = backend.full_batch_gradient(*map(backend.put, arrays), train, negatives, name)
    for array, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(backend.get(array), wanted.numpy(), rtol=1e-4, atol=1e-5)


def test_only_losses_of_the_package_are_cached_on_disk():
    """The cache's folder is named after the package's code, so an edit of a formula elsewhere would go unnoticed."""
    assert {name: LOSSES[name].cached for name in NAMES} == {"bpr": True, SQUARED_HINGE: False}


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="a pairwise loss named 'bpr' is registered already"):
        pairwise_loss("bpr")(lambda difference: (difference, difference))
