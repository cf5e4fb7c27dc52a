"""CDAE (Wu et al. 2016): a denoising auto-encoder of each user's items with a user-specific input vector.

Implemented from the paper; docs/method.md, "The baselines", lists the differences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from embrittle.data.interactions import UserItems
from embrittle.kernels.sampling import draw_negatives
from embrittle.rng import Stream, generator, seeds, torch_seed


class Network(nn.Module):
    """z_u = sigmoid(sum of W over the user's items + V_u + b), score_ui = W'_i z_u + b'_i."""

    def __init__(self, n_users: int, n_items: int, factors: int):
        """Initialise weights from normal(0, 0.01), and biases with 0."""
        super().__init__()
        self.inputs = nn.EmbeddingBag(n_items, factors, mode="sum")
        self.users = nn.Embedding(n_users, factors)
        self.outputs = nn.Embedding(n_items, factors)
        self.output_bias = nn.Parameter(torch.zeros(n_items))
        self.bias = nn.Parameter(torch.zeros(factors))
        for table in (self.inputs, self.users, self.outputs):
            nn.init.normal_(table.weight, std=0.01)

    def code(self, users: Tensor, items: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
        """Return the hidden layer z of a batch of users.

        Args:
            users: int64 (n,).
            items: int64 (n_inputs,), the input items of all users, concatenated in the order of `users`.
            starts: int64 (n,), position in `items` of each user's first item.
            weights: float32 (n_inputs,), weight of each input item.

        Returns:
            float32 (n, factors).
        """
        summed = self.inputs(items, starts, per_sample_weights=weights)
        return torch.sigmoid(summed + self.users(users) + self.bias)


class Model:
    """CDAE with the interface `training.Recommender`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Initialise the network, and Adagrad as in the paper."""
        if device == "cpu":
            torch.set_num_threads(1)
        torch.manual_seed(torch_seed(Stream.CDAE_WEIGHTS, seed))
        self._train, self._options, self._seed, self._device = train, options, seed, device
        self._rng = generator(Stream.CDAE, seed)
        self._n_epochs = 0
        self.network = Network(train.n_users, train.n_items, int(options["factors"])).to(device)
        self._optimiser = torch.optim.Adagrad(
            self.network.parameters(),
            lr=options["learning_rate"],
            weight_decay=options["regularisation"],
        )

    def train_epoch(self) -> float:
        """Train on every user once, with the logistic loss of all positives and of new negatives; return its mean."""
        self._n_epochs += 1
        train, n = self._train, int(self._options["negatives"])
        at, stream = (self._seed, self._n_epochs), Stream.CDAE_NEGATIVES
        csr = train.indptr, train.indices, train.n_items
        negatives = (draw_negatives(*csr, seeds(stream, *at, k)) for k in range(n))
        drawn = [train.indices, *negatives]
        total, order = 0.0, self._rng.permutation(train.n_users)
        size = int(self._options["batch_size"])
        for start in range(0, len(order), size):
            total += self._step(order[start : start + size], drawn)
        return total / (len(train.indices) * (1 + n))

    def _step(self, users: np.ndarray, drawn: list[np.ndarray]) -> float:
        """Take one step on a batch of users; return the sum of the losses."""
        places, owners = _places_of(self._train, users)
        kept = self._rng.random(len(places)) >= self._options["corruption"]
        code = self._code(users, places[kept], owners[kept], 1 / (1 - self._options["corruption"]))
        rows, loss = self._put(owners), 0.0
        for number, items in enumerate(drawn):  # number 0: the positives
            chosen = self._put(items[places])
            logits = (code[rows] * self.network.outputs(chosen)).sum(1)
            logits = logits + self.network.output_bias[chosen]
            loss = loss + nn.functional.softplus(logits if number else -logits).sum()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        return loss.item()

    def _code(
        self, users: np.ndarray, places: np.ndarray, owners: np.ndarray, weight: float
    ) -> Tensor:
        """Return the hidden layer of `users` from the items at `places`, all with the same weight."""
        starts = np.searchsorted(owners, np.arange(len(users)))
        items = self._put(self._train.indices[places])
        weights = torch.full((len(places),), weight, device=self._device)
        return self.network.code(self._put(users), items, self._put(starts), weights)

    def _put(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, dtype=torch.int64, device=self._device)

    def scores(self, block: slice) -> np.ndarray:
        """Return the scores of a block of users, with all positives of a user as input."""
        users = np.arange(block.start, block.stop)
        with torch.no_grad():
            code = self._code(users, *_places_of(self._train, users), weight=1.0)
            scores = code @ self.network.outputs.weight.T + self.network.output_bias
        return scores.cpu().numpy()


def _places_of(train: UserItems, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the items of `users` in `train.indices`, and for each its user's position in `users`."""
    counts = np.diff(train.indptr)[users]
    owners = np.repeat(np.arange(len(users)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(train.indptr[users], counts) + within, owners
