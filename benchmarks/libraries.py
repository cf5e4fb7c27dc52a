"""One epoch of the BPR that other libraries offer, on one thread: cornac and implicit (envs/benchmarks.txt).

Both do plain stochastic gradient descent, triple by triple. An epoch is as many draws as there are positives; a draw
whose negative is one of the user's items is skipped, not repeated, so they update a little less often than we do. Both
keep their factors from one `fit` to the next, so a fit of no epochs is what a fit costs before its first epoch, and
is subtracted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np

from .setting import BPR_MF, SEED, Problem
from .timing import Measurement, seconds_of

_BOTH = {"learning_rate": BPR_MF.learning_rate, "num_threads": 1}


def cornac_fit(problem: Problem) -> Callable[[int], object]:
    """Return a function that fits cornac's BPR for a number of epochs: float32, without biases or regularisation."""
    # Imported here, as implicit below: they are installed for the benchmark alone, and the rest runs without them.
    from cornac.data import Dataset
    from cornac.models import BPR

    train = problem.train
    same_ids = [{index: index for index in range(n)} for n in (train.n_users, train.n_items)]
    triples = (problem.users(), train.indices, np.ones(len(train.indices), np.float32))
    data = Dataset(train.n_users, train.n_items, *same_ids, triples, seed=SEED)
    model = BPR(k=BPR_MF.factors, lambda_reg=0.0, use_bias=False, seed=SEED, **_BOTH)

    def fit(epochs: int) -> None:
        model.max_iter = epochs
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Model is already fitted")
            model.fit(data)

    return fit


def implicit_fit(problem: Problem) -> Callable[[int], object]:
    """Return a function that fits implicit's BPR for a number of epochs: float32, negatives verified.

    Its biases are a column of the factors and cannot be left out; it draws negatives by popularity.
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking
    from scipy.sparse import csr_matrix

    train = problem.train
    ones = np.ones(len(train.indices), np.float32)
    matrix = csr_matrix((ones, train.indices, train.indptr), (train.n_users, train.n_items))
    model = BayesianPersonalizedRanking(
        factors=BPR_MF.factors,
        regularization=0.0,
        verify_negative_samples=True,
        random_state=SEED,
        **_BOTH,
    )

    def fit(epochs: int) -> None:
        model.iterations = epochs
        model.fit(matrix, show_progress=False)

    return fit


LIBRARIES = {"cornac": cornac_fit, "implicit": implicit_fit}


def epoch_of(fit: Callable[[int], object], epochs: int) -> Measurement:
    """Seconds of one epoch: a fit of several, less what a fit costs without any, divided by their number."""

    def measure() -> float:
        before_epochs = seconds_of(lambda: fit(0))
        return (seconds_of(lambda: fit(epochs)) - before_epochs) / epochs

    return measure


def installed() -> dict[str, Callable[[Problem], Callable[[int], object]]]:
    """Return the libraries that are here, by name and version."""
    return {f"{name} {version(name)}": LIBRARIES[name] for name in LIBRARIES if find_spec(name)}


def missing() -> list[str]:
    """Names of the libraries that are not here."""
    return [name for name in LIBRARIES if not find_spec(name)]
