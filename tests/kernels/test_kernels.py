"""The compiled loops against the torch reference, and properties that every step must have."""

import math

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from embrittle.data.interactions import UserItems
from embrittle.errors import DeviceError, TrainingError
from embrittle.kernels import reference
from embrittle.kernels.backend import SQUARED_NORM_FLOOR, Factors, StepSettings
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend, _Step
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.sampling import TripleSampler, draw_negatives

N_USERS, N_ITEMS, N_FACTORS = 40, 30, 64

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
# The operations of the CUDA path run anywhere; the captured graph only where there is a GPU.
BACKENDS = [
    pytest.param(CpuBackend, id="compiled"),
    pytest.param(lambda: CudaBackend("cpu"), id="torch"),
    pytest.param(lambda: CudaBackend("cuda"), id="cuda", marks=no_cuda),
    pytest.param(lambda: CudaBackend("cuda", capture=False), id="no graph", marks=no_cuda),
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param()


def put(backend, factors: Factors) -> Factors:
    return Factors(*(backend.put(array) for array in vars(factors).values()))


def get(backend, factors: Factors) -> Factors:
    return Factors(*(backend.get(array) for array in vars(factors).values()))


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def train(rng):
    interactions = np.argwhere(rng.random((N_USERS, N_ITEMS)) < 0.3)
    return UserItems.from_pairs(*interactions.T, N_USERS, N_ITEMS)


def factors_of(rng, scale=0.3, n_factors=N_FACTORS) -> Factors:
    def draw(n):
        return rng.normal(0, scale, (n, n_factors)).astype(np.float32)

    def accumulators(n):
        return (0.1 + rng.random((n, n_factors))).astype(np.float32)

    return Factors(draw(N_USERS), draw(N_ITEMS), accumulators(N_USERS), accumulators(N_ITEMS))


def epoch(backend, factors: Factors, triples, settings) -> tuple[Factors, float]:
    """The factors after one epoch, and the loss; the given ones stay as they are."""
    placed = put(backend, factors)
    loss = backend.train_epoch(placed, np.asarray(triples, np.int32), settings)
    return get(backend, placed), loss


def run_reference(factors: Factors, triples, settings, loss=reference.bpr_loss):
    """The reference in float64, so that the only difference is the rounding of the compiled loop."""
    arrays = [torch.tensor(array, dtype=torch.float64) for array in vars(factors).values()]
    parameters, accumulators = arrays[:2], arrays[2:]
    triples = torch.tensor(triples).long()
    value = reference.train_epoch(parameters, accumulators, triples, settings, loss)
    return [array.numpy() for array in [*parameters, *accumulators]], value


@pytest.mark.parametrize("n_factors", [1, 10, 64, 100])
@pytest.mark.parametrize("weight", [0.0, 1.0, 0.3])
def test_an_epoch_equals_the_reference(backend, train, rng, n_factors, weight):
    factors = factors_of(rng, n_factors=n_factors)
    triples = TripleSampler(train.indptr, train.indices, train.n_items).draw(
        np.random.SeedSequence([1])
    )
    settings = StepSettings(32, 0.05, adversarial_epsilon=0.5, adversarial_weight=weight)
    expected, expected_loss = run_reference(factors, triples, settings)
    found, loss = epoch(backend, factors, triples, settings)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for array, wanted in zip(vars(found).values(), expected, strict=True):
        np.testing.assert_allclose(array, wanted, rtol=2e-4, atol=2e-5)


def test_a_second_epoch_with_other_triples_equals_the_reference(backend, train, rng):
    """Data that a backend keeps between epochs (buffers, a captured step) must not be stale."""
    factors, settings = factors_of(rng), StepSettings(32, 0.05, 0.5, 1.0)
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    epochs = [
        sampler.draw(np.random.SeedSequence([1, 1])).copy(),
        sampler.draw(np.random.SeedSequence([1, 2])).copy(),
    ]
    placed = put(backend, factors)
    losses = [backend.train_epoch(placed, triples, settings) for triples in epochs]
    arrays = [torch.tensor(array, dtype=torch.float64) for array in vars(factors).values()]
    expected = [
        reference.train_epoch(arrays[:2], arrays[2:], torch.tensor(triples).long(), settings)
        for triples in epochs
    ]
    assert losses == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(backend.get(placed.item_factors), arrays[1], rtol=2e-4, atol=2e-5)


def test_adversarial_weight_zero_is_bpr_mf(backend, train, rng):
    factors = factors_of(rng)
    triples = TripleSampler(train.indptr, train.indices, train.n_items).draw(
        np.random.SeedSequence([1])
    )
    plain, _ = epoch(backend, factors, triples, StepSettings(32, 0.05))
    without_weight, _ = epoch(backend, factors, triples, StepSettings(32, 0.05, 0.5, 0.0))
    np.testing.assert_array_equal(plain.user_factors, without_weight.user_factors)
    # And the adversarial branch itself, with a weight that vanishes beside float32's last digit.
    almost, _ = epoch(backend, factors, triples, StepSettings(32, 0.05, 0.5, 1e-30))
    np.testing.assert_allclose(almost.item_factors, plain.item_factors, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_batch_moves_only_its_own_rows(backend, rng, weight):
    before = factors_of(rng)
    triples = [[3, 5, 6], [3, 7, 6], [8, 5, 9]]
    after, _ = epoch(backend, before, triples, StepSettings(3, 0.05, 0.5, weight))

    def changed(name):
        return np.flatnonzero((getattr(after, name) != getattr(before, name)).any(1)).tolist()

    assert changed("user_factors") == changed("user_accumulators") == [3, 8]
    assert changed("item_factors") == changed("item_accumulators") == [5, 6, 7, 9]


def test_the_last_partial_batch_is_dropped(backend, rng):
    before = factors_of(rng)
    triples = [[0, 1, 2], [1, 2, 3], [9, 8, 7]]
    after, _ = epoch(backend, before, triples, StepSettings(2, 0.05))
    assert (after.user_factors[9] == before.user_factors[9]).all()
    assert (after.user_factors[1] != before.user_factors[1]).any()


def test_rows_shared_within_a_batch_take_one_step_with_the_summed_gradient(backend):
    # One user, twice the same triple: g = 2 * slope * (q_i - q_j), accumulator 0.1 + g^2.
    user, positive, negative = 0.5, 1.0, 0.25
    one = np.float32
    factors = Factors(
        np.array([[user]], one),
        np.array([[positive], [negative]], one),
        np.full((1, 1), 0.1, one),
        np.full((2, 1), 0.1, one),
    )
    after, loss = epoch(backend, factors, [[0, 0, 1], [0, 0, 1]], StepSettings(2, 0.05))
    difference = user * (positive - negative)
    slope = -1 / (1 + math.exp(difference))
    assert loss == pytest.approx(math.log1p(math.exp(-difference)), rel=1e-6)
    gradient = 2 * slope * (positive - negative)
    assert after.user_accumulators[0, 0] == pytest.approx(0.1 + gradient**2, rel=1e-6)
    assert after.user_factors[0, 0] == pytest.approx(
        user - 0.05 * gradient / (math.sqrt(0.1 + gradient**2) + 1e-7), rel=1e-6
    )
    item_gradient = 2 * slope * user
    assert after.item_factors[1, 0] == pytest.approx(
        negative + 0.05 * item_gradient / (math.sqrt(0.1 + item_gradient**2) + 1e-7), rel=1e-6
    )


def test_differences_are_clipped_and_a_clipped_triple_has_no_gradient(backend):
    one = np.float32
    factors = Factors(
        np.array([[10.0]], one),
        np.array([[-10.0], [10.0]], one),
        np.full((1, 1), 0.1, one),
        np.full((2, 1), 0.1, one),
    )
    after, loss = epoch(backend, factors, [[0, 0, 1]], StepSettings(1, 0.05))
    assert loss == pytest.approx(80.0, rel=1e-6)  # not 200
    assert after.user_factors[0, 0] == 10.0


def test_a_nan_shows_in_the_loss(backend, rng):
    factors = factors_of(rng)
    factors.user_factors[3, 0] = np.nan
    _, loss = epoch(backend, factors, [[3, 5, 6], [1, 2, 3]], StepSettings(2, 0.05))
    assert math.isnan(loss)


@pytest.mark.parametrize("n_factors", [1, 10, 64])
def test_the_full_batch_gradient_equals_autograd(backend, train, rng, n_factors):
    factors = factors_of(rng, n_factors=n_factors)
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([3])
    )
    users = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    triples = torch.tensor(np.column_stack([users, train.indices, negatives])).long()
    arrays = [factors.user_factors, factors.item_factors]
    expected = reference.gradient([torch.tensor(array).double() for array in arrays], triples)
    found = backend.full_batch_gradient(*map(backend.put, arrays), train, negatives)
    for array, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(backend.get(array), wanted.numpy(), rtol=1e-4, atol=1e-5)


def stepped(backend, delta, gradient, step, bound):
    return backend.get(backend.ascent_step(backend.put(delta), backend.put(gradient), step, bound))


def test_an_ascent_step_is_a_unit_step_per_row_clipped_per_element(backend, rng):
    delta = rng.normal(0, 0.4, (5, 8)).astype(np.float32)
    gradient = rng.normal(0, 3, (5, 8)).astype(np.float32)
    gradient[2] = 0
    norms = np.linalg.norm(gradient, axis=1, keepdims=True)
    unit = gradient / np.where(norms == 0, 1, norms)
    found = stepped(backend, delta, gradient, 0.25, 0.5)
    np.testing.assert_allclose(found, np.clip(delta + 0.25 * unit, -0.5, 0.5), rtol=1e-6, atol=1e-7)
    assert np.abs(found).max() == 0.5


def test_a_gradient_below_the_floor_is_not_blown_up_to_a_unit_row(backend):
    tiny = np.full((1, 4), 1e-9, np.float32)
    found = stepped(backend, np.zeros((1, 4), np.float32), tiny, 1.0, math.inf)
    np.testing.assert_allclose(found, tiny / math.sqrt(SQUARED_NORM_FLOOR), rtol=1e-6)


class Operations(TorchDispatchMode):
    """Keeps the names of torch's operations, and of those that are given a value which no operation has made."""

    def __init__(self, own):
        super().__init__()
        self.names, self.foreign = set(), set()
        self._known = list(own)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.names.add(str(func))
        given = (a for a in tree_leaves((args, kwargs)) if isinstance(a, torch.Tensor))
        if any(all(a is not known for known in self._known) for a in given):
            self.foreign.add(str(func))
        self._known += [a for a in tree_leaves(result) if isinstance(a, torch.Tensor)]
        return result


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_graph_can_capture_a_step(rng, name):
    """Nothing in a step reads a value of the device or brings one from the host: either waits for the device."""
    placed = put(CudaBackend("cpu"), factors_of(rng))
    step = _Step(placed, StepSettings(2, 0.05, 0.5, 1.0, name), 4, capture=False)
    step.start_epoch(np.array([[3, 5, 6], [3, 7, 6], [8, 5, 9], [1, 2, 3]], np.int32))
    arrays = [a for a in [*vars(step).values(), *vars(placed).values()] if torch.is_tensor(a)]
    with Operations(arrays) as operations:
        step.run()
    assert operations.foreign == set()
    waiting = {"_local_scalar_dense", "_to_copy", "copy_", "nonzero", "lift_fresh", "masked_select"}
    assert {n.split(".")[1] for n in operations.names} & waiting == set()
    assert "aten.index_add_.default" in operations.names


def test_cuda_that_is_not_there_is_a_clear_error():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(DeviceError, match="device is cuda, but torch finds no CUDA device"):
        CudaBackend()


def test_negatives_are_never_training_items_and_uniform_over_the_others():
    users = np.repeat(np.arange(1500), 3)
    train = UserItems.from_pairs(users, np.tile([0, 1, 4], 1500), 1500, 6)
    negatives = draw_negatives(train.indptr, train.indices, 6, np.random.SeedSequence([11]))
    values, counts = np.unique(negatives, return_counts=True)
    assert values.tolist() == [2, 3, 5]
    assert (np.abs(counts - 1500) < 5 * math.sqrt(4500 * 2 / 9)).all()


def test_an_epochs_triples_are_all_positives_once_shuffled_and_fixed_by_the_seed(train):
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    first = sampler.draw(np.random.SeedSequence([5, 1])).copy()
    again = sampler.draw(np.random.SeedSequence([5, 1])).copy()
    other = sampler.draw(np.random.SeedSequence([5, 2])).copy()
    assert (first == again).all()
    assert (first != other).any()
    users = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    positives = sorted(zip(users.tolist(), train.indices.tolist(), strict=True))
    assert sorted(map(tuple, first[:, :2].tolist())) == positives
    assert list(map(tuple, first[:, :2].tolist())) != positives


def test_a_user_with_the_whole_catalogue_is_an_error_not_an_endless_search():
    train = UserItems.from_pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), 2, 2)
    with pytest.raises(TrainingError, match="user 0 "):
        TripleSampler(train.indptr, train.indices, 2)
    with pytest.raises(TrainingError, match="user 0 "):
        draw_negatives(train.indptr, train.indices, 2, np.random.SeedSequence([0]))
