"""NeuMF (He et al. 2017): a generalised matrix factorisation (GMF) and a multi-layer perceptron (MLP), fused.

Implemented from the paper: each part is first trained alone with Adam on the pointwise cross-entropy, then both
together with plain gradient descent. docs/method.md, "The baselines", lists the differences.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from embrittle.data.interactions import UserItems
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, generator, seeds, torch_seed

logger = logging.getLogger(__name__)

_PAIRS_AT_ONCE = 200_000  # (user, item) pairs scored at a time, which take tens of megabytes
GMF, MLP, FUSED = "gmf", "mlp", "fused"


class Network(nn.Module):
    """GMF and MLP; `forward` returns the logits of one part ("gmf", "mlp") or of both ("fused")."""

    def __init__(self, n_users: int, n_items: int, factors: int):
        """Initialise embeddings from normal(0, 0.01) as in the paper. Hidden layers: 1, 1/2 and 1/4 of `factors`."""
        super().__init__()
        for name, n_rows in (("users", n_users), ("items", n_items)):
            for part in (GMF, MLP):
                # sparse: gradients only of the rows in the batch, so that a step does not grow with the catalogue
                table = nn.Embedding(n_rows, factors, sparse=True)
                nn.init.normal_(table.weight, std=0.01)
                setattr(self, f"{part}_{name}", table)
        widths = [2 * factors, factors, max(1, factors // 2), max(1, factors // 4)]
        self.layers = nn.ModuleList(nn.Linear(wide, narrow) for wide, narrow in pairwise(widths))
        self.outputs = nn.ModuleDict(
            {
                GMF: nn.Linear(factors, 1),
                MLP: nn.Linear(widths[-1], 1),
                FUSED: nn.Linear(factors + widths[-1], 1),
            }
        )
        for layer in (*self.layers, *self.outputs.values()):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def hidden(self, users: Tensor, items: Tensor, part: str) -> Tensor:
        """Return the input of a part's output layer; `users` and `items` are broadcast against each other."""
        pieces = []
        if part != MLP:
            pieces.append(self.gmf_users(users) * self.gmf_items(items))
        if part != GMF:
            # The first layer is applied to users and items separately, so that all pairs of a block share its results.
            weights = self.layers[0].weight.chunk(2, dim=1)
            rows = self.mlp_users(users) @ weights[0].T + self.mlp_items(items) @ weights[1].T
            rows = torch.relu(rows + self.layers[0].bias)
            for layer in self.layers[1:]:
                rows = torch.relu(layer(rows))
            pieces.append(rows)
        return torch.cat(pieces, -1)

    def forward(self, users: Tensor, items: Tensor, part: str) -> Tensor:
        """Return the logits of (user, item) pairs; arguments as in `hidden`."""
        return self.outputs[part](self.hidden(users, items, part)).squeeze(-1)

    def fuse(self) -> None:
        """Initialise the fused output layer with half the weights of the two trained ones."""
        fused, parts = self.outputs[FUSED], (self.outputs[GMF], self.outputs[MLP])
        with torch.no_grad():
            fused.weight.copy_(0.5 * torch.cat([part.weight for part in parts], 1))
            fused.bias.copy_(0.5 * (parts[0].bias + parts[1].bias))


class Model:
    """NeuMF with the interface `training.Recommender`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Initialise the network, and train each part alone for `pretraining` epochs."""
        if device == "cpu":
            torch.set_num_threads(1)
        torch.manual_seed(torch_seed(Stream.NEUMF_WEIGHTS, seed))
        self._train, self._options, self._seed, self._device = train, options, seed, device
        self._users = np.repeat(np.arange(train.n_users), np.diff(train.indptr))
        self._n_epochs = 0
        self.network = Network(train.n_users, train.n_items, int(options["factors"])).to(device)
        for part in (GMF, MLP) if options["pretraining"] else ():
            optimisers = self._adam()
            for _ in range(int(options["pretraining"])):
                loss = self._epoch(part, optimisers)
            logger.info("pretraining of %s: loss %.4f", part, loss)
        if options["pretraining"]:
            self.network.fuse()
            rate = options["learning_rate"]
            self._optimisers = [torch.optim.SGD(self.network.parameters(), lr=rate)]
        else:
            self._optimisers = self._adam()

    def _adam(self) -> list[torch.optim.Optimizer]:
        """Return Adam optimisers; the one for embeddings updates only the rows in the batch."""
        tables = [m.weight for m in self.network.modules() if isinstance(m, nn.Embedding)]
        others = [p for p in self.network.parameters() if all(p is not table for table in tables)]
        rate = self._options["learning_rate"]
        return [torch.optim.SparseAdam(tables, lr=rate), torch.optim.Adam(others, lr=rate)]

    def _examples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return users, items and labels of an epoch, shuffled: every positive, and new negatives."""
        self._n_epochs += 1
        train, n = self._train, int(self._options["negatives"])
        at, csr = (self._seed, self._n_epochs), (train.indptr, train.indices, train.n_items)
        negatives = (draw_negatives(*csr, seeds(Stream.NEUMF_NEGATIVES, *at, k)) for k in range(n))
        items = np.concatenate([train.indices, *negatives])
        order = generator(Stream.NEUMF_ORDER, *at).permutation(len(items))
        n_positives = len(train.indices)
        return self._users[order % n_positives], items[order], order < n_positives

    def _epoch(self, part: str, optimisers: list[torch.optim.Optimizer]) -> float:
        """Train a part for one epoch; return the mean loss."""
        users, items, labels = self._examples()
        total, size = 0.0, int(self._options["batch_size"])
        for start in range(0, len(users), size):
            batch = slice(start, start + size)
            logits = self.network(self._put(users[batch]), self._put(items[batch]), part)
            wanted = self._put(labels[batch].astype(np.float32))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted)
            for optimiser in optimisers:
                optimiser.zero_grad(set_to_none=True)
            loss.backward()
            for optimiser in optimisers:
                optimiser.step()
            total += loss.item() * len(logits)
        return total / len(users)

    def _put(self, array: np.ndarray) -> Tensor:
        kind = torch.float32 if array.dtype == np.float32 else torch.int64
        return torch.as_tensor(array, dtype=kind, device=self._device)

    def train_epoch(self) -> float:
        """Train both parts together for one epoch; return the mean loss."""
        return self._epoch(FUSED, self._optimisers)

    def scores(self, block: slice) -> np.ndarray:
        """Return the logits of a block of users for all items, computed for a few users at a time."""
        n_items = self._train.n_items
        result = np.empty((block.stop - block.start, n_items), np.float32)
        step = max(1, _PAIRS_AT_ONCE // n_items)
        items = torch.arange(n_items, device=self._device)
        with torch.no_grad():
            for start in range(block.start, block.stop, step):
                stop = min(start + step, block.stop)
                users = torch.arange(start, stop, device=self._device)[:, None]
                rows = slice(start - block.start, stop - block.start)
                result[rows] = self.network(users, items[None], FUSED).cpu().numpy()
        return result
