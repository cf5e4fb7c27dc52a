"""The same work as our hot loops, written as one would with torch or NumPy: what ours are compared with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import embedding, softplus

from embrittle.certificates.radii import Model
from embrittle.certificates.threats import Threat
from embrittle.data.interactions import UserItems
from embrittle.kernels import reference
from embrittle.kernels.backend import ADAGRAD_EPS, Factors, StepSettings
from embrittle.kernels.numba_graph import Graph
from embrittle.kernels.ranking_losses import RankingLoss

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Trains on int64 triples (n, 3), without the last partial batch; returns user_factors and item_factors.
Epoch = Callable[[torch.Tensor], list[torch.Tensor]]


def tensors(factors: Factors, device: str) -> list[torch.Tensor]:
    """Copies of user_factors, item_factors, user_accumulators and item_accumulators on a device."""
    return [torch.tensor(array, device=device) for array in vars(factors).values()]


def reference_epoch(factors: Factors, settings: StepSettings, device: str = "cpu") -> Epoch:
    """The reference that the tests hold our loops against: autograd, and Adagrad written out."""
    arrays = tensors(factors, device)

    def epoch(triples: torch.Tensor) -> list[torch.Tensor]:
        reference.train_epoch(arrays[:2], arrays[2:], triples, settings)
        return arrays[:2]

    return epoch


def embedding_loss(parameters: list[torch.Tensor], triples: torch.Tensor) -> torch.Tensor:
    """`reference.bpr_loss` with rows looked up by `embedding`, whose backward pass is quicker than indexing's."""
    user_factors, item_factors = parameters
    users, positives, negatives = triples.unbind(1)
    spread = embedding(positives, item_factors) - embedding(negatives, item_factors)
    difference = (embedding(users, user_factors) * spread).sum(1)
    return softplus(-difference.clamp(-80, 1e8)).sum()


def embedding_gradient(
    parameters: list[torch.Tensor], triples: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Gradient of `embedding_loss` by autograd."""
    leaves = [array.detach().requires_grad_() for array in parameters]
    return torch.autograd.grad(embedding_loss(leaves, triples), leaves)


def ranking_gradient_by_autograd(
    user_factors: np.ndarray, item_factors: np.ndarray, loss: RankingLoss, n_block: int = 128
) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss "smooth-rank" with its gradient as one would write it in torch: all pairs of some users, autograd."""
    parameters = [torch.tensor(a, requires_grad=True) for a in (user_factors, item_factors)]
    total = 0.0
    for first in range(0, len(user_factors), n_block):
        block = range(first, min(first + n_block, len(user_factors)))
        scores = parameters[0][block.start : block.stop] @ parameters[1].T
        targets = torch.from_numpy(
            np.stack([_items_of(loss.targets, user) for user in block]).astype(np.int64)
        )
        compared = torch.ones_like(scores, dtype=torch.bool).scatter_(1, targets, False)
        for row, user in enumerate(block):
            compared[row, torch.from_numpy(_items_of(loss.seen, user).astype(np.int64))] = False
        sharpness = torch.from_numpy(loss.sharpness[block.start : block.stop])[:, None, None]
        differences = sharpness * (scores[:, None, :] - scores.gather(1, targets)[:, :, None])
        before = (torch.sigmoid(differences) * compared[:, None, :]).sum(2)
        value = (1 - 1 / torch.log2(2 + before)).sum()
        value.backward()
        total += value.item()
    users, items = (array.grad.numpy() for array in parameters)  # type: ignore[union-attr]
    return total, users, items


def _items_of(items: UserItems, user: int) -> np.ndarray:
    return items.indices[items.indptr[user] : items.indptr[user + 1]]


def numpy_radii(
    model: Model, seen: UserItems, targets: np.ndarray, length: int, threats: Sequence[Threat]
) -> np.ndarray:
    """The smallest radii of one target of each user, as one would write them in NumPy: all items, user by user.

    Returns:
        float64 (n_threats, n_users, length), for limits on rows.
    """
    users, items = model.user_factors.astype(np.float64), model.item_factors.astype(np.float64)
    budgets = np.array([threat.budgets(model.sizes) for threat in threats])
    found = np.empty((len(threats), len(users), length))
    for user, target in enumerate(targets):
        differences = items[target] - items
        margins, squares = differences @ users[user], np.square(differences).sum(axis=1)
        across = np.sqrt(np.maximum(users[user] @ users[user] * squares - margins**2, 0))
        hidden = np.append(_items_of(seen, user), target)
        for number, (a, e) in enumerate(budgets):
            along = a * squares + 2 * e * across
            size = np.sqrt(along**2 + 4 * e * e * margins**2)
            with np.errstate(invalid="ignore", divide="ignore"):
                radii = np.where(margins > 0, margins * np.sqrt(squares) / size, 0)
            radii[hidden] = np.inf
            found[number, user] = np.sort(np.partition(radii, length)[:length])
    return found


def optimiser_epoch(factors: Factors, settings: StepSettings, device: str = "cpu") -> Epoch:
    """BPR-MF as it is usually written in torch: `embedding`, autograd and torch's Adagrad, in its quickest form."""
    parameters = [array.requires_grad_() for array in tensors(factors, device)[:2]]
    optimiser = torch.optim.Adagrad(
        parameters,
        lr=settings.learning_rate,
        initial_accumulator_value=float(factors.user_accumulators.flat[0]),
        eps=ADAGRAD_EPS,
        fused=True,
    )

    def epoch(triples: torch.Tensor) -> list[torch.Tensor]:
        n_batches = len(triples) // settings.batch_size
        for batch in triples[: n_batches * settings.batch_size].split(settings.batch_size):
            optimiser.zero_grad()
            embedding_loss(parameters, batch).backward()
            optimiser.step()
        return parameters

    return epoch


def scipy_graph(graph: Graph) -> csr_array:
    """LightGCN's normalised adjacency matrix for SciPy."""
    # Here, because the GPU's benchmark runs where SciPy may be missing.
    from scipy.sparse import csr_array

    n_nodes = len(graph.indptr) - 1
    return csr_array((graph.weights, graph.neighbours, graph.indptr), shape=(n_nodes, n_nodes))


def mean_of_layers(matrix: csr_array, rows: np.ndarray, n_layers: int) -> np.ndarray:
    """LightGCN's mean of the rows and of all layers, by SciPy."""
    total, layer = rows.copy(), rows
    for _ in range(n_layers):
        layer = matrix @ layer
        total += layer
    return total / np.float32(n_layers + 1)


def torch_graph(graph: Graph) -> torch.Tensor:
    """The same matrix for torch."""
    arrays = map(torch.from_numpy, (graph.indptr, graph.neighbours.astype(np.int64), graph.weights))
    n_nodes = len(graph.indptr) - 1
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")  # torch calls its sparse tensors a beta
        return torch.sparse_csr_tensor(*arrays, size=(n_nodes, n_nodes), check_invariants=True)


def torch_mean_of_layers(matrix: torch.Tensor, rows: np.ndarray, n_layers: int) -> np.ndarray:
    """The gradient of half the squared length of the mean of layers: the mean of layers of the mean of layers."""
    start = torch.from_numpy(rows).requires_grad_()
    total, layer = start, start
    for _ in range(n_layers):
        layer = matrix @ layer
        total = total + layer
    (gradient,) = torch.autograd.grad((total / (n_layers + 1)).square().sum() / 2, start)
    return gradient.numpy()


def _scores(
    user_factors: np.ndarray, item_factors: np.ndarray, indptr: np.ndarray, indices: np.ndarray
) -> np.ndarray:
    """All scores at once, float32 (n_users, n_items), -inf for training items."""
    scores = user_factors @ item_factors.T
    scores[np.repeat(np.arange(len(user_factors)), np.diff(indptr)), indices] = -np.inf
    return scores


def numpy_top_items(
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    length: int,
) -> np.ndarray:
    """Items of the top lists, int64 (n_users, length): scores, argpartition, and a sort of what it leaves."""
    scores = _scores(user_factors, item_factors, indptr, indices)
    best = np.argpartition(scores, -length, axis=1)[:, -length:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def numpy_target_ranks(
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    targets: np.ndarray,
) -> np.ndarray:
    """Ranks of the targets, int64 (n_users,), 0 without one: how many scores are higher, plus 1."""
    scores = _scores(user_factors, item_factors, indptr, indices)
    own = scores[np.arange(len(targets)), targets]
    return np.where(targets >= 0, 1 + (scores > own[:, None]).sum(axis=1), 0)


def _torch_scores(
    user_factors: torch.Tensor, item_factors: torch.Tensor, seen: torch.Tensor
) -> torch.Tensor:
    """All scores at once, float32 (n_users, n_items), -inf for training items: int64 (2, n), users and items."""
    scores = user_factors @ item_factors.T
    scores[seen[0], seen[1]] = -torch.inf
    return scores


def torch_top_items(
    user_factors: torch.Tensor, item_factors: torch.Tensor, seen: torch.Tensor, length: int
) -> torch.Tensor:
    """Items of the top lists, int64 (n_users, length)."""
    return _torch_scores(user_factors, item_factors, seen).topk(length).indices


def torch_target_ranks(
    user_factors: torch.Tensor,
    item_factors: torch.Tensor,
    seen: torch.Tensor,
    targets: torch.Tensor,
) -> torch.Tensor:
    """Ranks of the targets (int64, -1 for none), int64 (n_users,), 0 without one."""
    scores = _torch_scores(user_factors, item_factors, seen)
    own = scores.gather(1, targets.clamp_min(0)[:, None])
    return torch.where(targets >= 0, 1 + (scores > own).sum(1), 0)
