"""The problem of `attack_problem`, on every device."""

import numpy as np
import pytest
import torch

from attack_problem import N_FACTORS, N_ITEMS, N_USERS, UNRATED, RecordedLoss
from embrittle.data.interactions import UserItems
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend

no_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
BACKENDS = [
    pytest.param(CpuBackend, id="compiled"),
    pytest.param(lambda: CudaBackend("cpu"), id="torch"),
    pytest.param(lambda: CudaBackend("cuda"), id="cuda", marks=no_cuda),
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param()


@pytest.fixture(scope="module")
def train():
    interactions = np.random.default_rng(7).random((N_USERS, N_ITEMS)) < 0.3
    interactions[:, UNRATED] = False
    interactions[:, 0] |= ~interactions.any(1)
    return UserItems.from_pairs(*np.nonzero(interactions), N_USERS, N_ITEMS)


@pytest.fixture(scope="module")
def factors():
    rng = np.random.default_rng(8)
    return tuple(rng.normal(0, 0.3, (n, N_FACTORS)).astype(np.float32) for n in (N_USERS, N_ITEMS))


@pytest.fixture
def loss(backend, factors, train):
    return RecordedLoss(backend, factors, train, seed=5)
