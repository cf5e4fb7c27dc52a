"""A small model to attack, slow versions of the attacks' formulas, and a loss that records its gradients."""

import numpy as np
import torch

from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.run import perturb
from embrittle.kernels import reference

N_USERS, N_ITEMS, N_FACTORS = 40, 30, 64
UNRATED = 29  # an item in nobody's training data; it can be drawn as a negative


class RecordedLoss(PairwiseLoss):
    """Records Delta (as NumPy arrays) and the negatives of every gradient."""

    def __init__(self, backend, factors, train, seed):
        super().__init__(backend, factors, train, seed)
        self.deltas, self.negatives = [], []
        plain = backend.full_batch_gradient

        def recording(users, items, train, negatives, loss):
            self.deltas.append(
                [backend.get(a) - f for a, f in zip((users, items), factors, strict=True)]
            )
            self.negatives.append(negatives.copy())
            return plain(users, items, train, negatives, loss)

        backend.full_batch_gradient = recording


def run(loss, method, epsilon=0.5, iterations=1, seed=5, **options):
    """Delta of users and of items, as NumPy arrays."""
    settings = {"epsilon": epsilon, "iterations": iterations, "seed": seed}
    delta = perturb(loss, method, **settings, **options)
    return [loss.backend.get(array) for array in delta]


def triples_of(loss, train):
    users = np.repeat(np.arange(N_USERS), np.diff(train.indptr))
    return torch.tensor(np.column_stack([users, train.indices, loss.negatives[0]])).long()


def slow_gradient(loss, factors, train, delta):
    """Gradient by autograd in float64, with the negatives that the attack used."""
    parameters = [torch.tensor(f + d).double() for f, d in zip(factors, delta, strict=True)]
    return [array.numpy() for array in reference.gradient(parameters, triples_of(loss, train))]


def slow_step(loss, factors, train, delta, step, bound):
    result = []
    for change, slope in zip(delta, slow_gradient(loss, factors, train, delta), strict=True):
        norms = np.sqrt(np.maximum((slope**2).sum(1, keepdims=True), 1e-12))
        result.append(np.clip(change + step * slope / norms, -bound, bound))
    return result


def zeros():
    return [np.zeros((n, N_FACTORS)) for n in (N_USERS, N_ITEMS)]


def norms_of(delta):
    return np.concatenate([np.linalg.norm(array, axis=1) for array in delta])


def assert_close(found, wanted):
    for array, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-6)


def assert_equal(found, wanted):
    for array, expected in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(array, expected)
