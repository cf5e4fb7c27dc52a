"""IRGAN (Wang et al. 2017): a generator samples items, and a discriminator tells them from a user's positives.

Both are matrix factorisations with item biases. The generator is trained by policy gradient and makes the
recommendations. Implemented from the paper, with the settings of the authors' code; docs/method.md, "The baselines",
lists the differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from embrittle.data.interactions import UserItems
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.training import TrainingSettings, initial_factors
from embrittle.rng import Stream, generator, seeds, torch_seed


class Factorisation(nn.Module):
    """Matrix factorisation with item biases: the score is p_u . q_i + b_i."""

    def __init__(self, users: np.ndarray, items: np.ndarray):
        """Start from float32 factors (n_users, n_factors) and (n_items, n_factors), and biases 0."""
        super().__init__()
        self.users = nn.Parameter(torch.from_numpy(users))
        self.items = nn.Parameter(torch.from_numpy(items))
        self.biases = nn.Parameter(torch.zeros(len(items)))

    def all_scores(self, users: Tensor) -> Tensor:
        """Return the scores of `users` (int64 (n,)) for all items: (n, n_items)."""
        return self.users[users] @ self.items.T + self.biases

    def penalty(self, users: Tensor, rows: Tensor, items: Tensor) -> Tensor:
        """Return the L2 penalty of pairs (users[row], item): half the squared norms of each pair's parameters, summed.

        Args:
            users: int64 (n,).
            rows: int64 (n_pairs,), position in `users` of each pair's user.
            items: int64 (n_pairs,), each pair's item.
        """
        of_users = torch.bincount(rows, minlength=len(users)) * self.users[users].square().sum(1)
        norms = self.items.square().sum(1) + self.biases.square()
        of_items = torch.bincount(items, minlength=len(norms)) * norms
        return 0.5 * (of_users.sum() + of_items.sum())


class Model:
    """IRGAN with the interface `training.Recommender`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Start the generator from a short training of BPR-MF, and the discriminator from uniform(-0.05, 0.05)."""
        if device == "cpu":
            torch.set_num_threads(1)
        torch.manual_seed(torch_seed(Stream.IRGAN_WEIGHTS, seed))
        self._train, self._options, self._device = train, options, device
        self._rng = generator(Stream.IRGAN, seed)
        self.generator = Factorisation(*_pretrained(train, options, seed)).to(device)
        width = int(options["factors"])
        uniform = [
            self._rng.uniform(-0.05, 0.05, (n_rows, width)).astype(np.float32)
            for n_rows in (train.n_users, train.n_items)
        ]
        self.discriminator = Factorisation(*uniform).to(device)
        rate = options["learning_rate"]
        self._discriminator_optimiser, self._generator_optimiser = (
            torch.optim.SGD(network.parameters(), lr=rate)
            for network in (self.discriminator, self.generator)
        )

    def train_epoch(self) -> float:
        """Train the discriminator, then the generator, for their epochs; return the discriminator's mean loss."""
        losses = [
            self._discriminator_epoch() for _ in range(int(self._options["discriminator_epochs"]))
        ]
        for _ in range(int(self._options["generator_epochs"])):
            self._generator_epoch()
        return float(np.mean(losses))

    def scores(self, block: slice) -> np.ndarray:
        """Return the generator's scores of a block of users."""
        with torch.no_grad():
            users = torch.arange(block.start, block.stop, device=self._device)
            return self.generator.all_scores(users).cpu().numpy()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield batches in random order: users (n,), and for each positive of theirs its user's row and the item."""
        train, size = self._train, int(self._options["batch_size"])
        order = self._rng.permutation(np.flatnonzero(np.diff(train.indptr)))
        for start in range(0, len(order), size):
            users = order[start : start + size]
            counts = np.diff(train.indptr)[users]
            items = np.concatenate(
                [train.indices[train.indptr[u] : train.indptr[u + 1]] for u in users]
            )
            rows = np.repeat(np.arange(len(users)), counts)
            yield tuple(
                torch.as_tensor(array, dtype=torch.int64, device=self._device)
                for array in (users, rows, items)
            )

    def _discriminator_epoch(self) -> float:
        """Train the discriminator on each positive and one sample of the generator, sharpened by the temperature."""
        total, n_pairs = 0.0, 0
        for users, rows, positives in self._batches():
            with torch.no_grad():
                scores = self.generator.all_scores(users) / self._options["temperature"]
                sampled = _sample(torch.softmax(scores, 1), rows)
            # One matrix product for all items is faster than gathering the rows of so many pairs.
            logits, loss = self.discriminator.all_scores(users), 0.0
            for items, sign in ((positives, -1), (sampled, 1)):
                penalty = self.discriminator.penalty(users, rows, items)
                loss = loss + nn.functional.softplus(sign * logits[rows, items]).sum()
                loss = loss + self._options["regularisation"] * penalty
            _step(self._discriminator_optimiser, loss)
            total, n_pairs = total + loss.item(), n_pairs + 2 * len(rows)
        return total / n_pairs

    def _generator_epoch(self) -> None:
        """Train the generator by policy gradient, with importance sampling.

        Items are sampled from a mixture of the generator's distribution and the user's positives.
        """
        share = self._options["positive_share"]
        for users, rows, positives in self._batches():
            log_chances = torch.log_softmax(self.generator.all_scores(users), 1)
            with torch.no_grad():
                chances = log_chances.exp()
                counts = torch.bincount(rows, minlength=len(users)).to(chances.dtype)
                mixed = (1 - share) * chances
                mixed.index_put_((rows, positives), share / counts[rows], accumulate=True)
                twice = rows.repeat_interleave(2)
                items = _sample(mixed, twice)
                reward = 2 * torch.sigmoid(self.discriminator.all_scores(users)[twice, items]) - 1
                reward = reward * chances[twice, items] / mixed[twice, items]
                weights = reward / (2 * counts[twice])
            expected_reward = (log_chances[twice, items] * weights).sum()
            _step(self._generator_optimiser, -expected_reward)


def _sample(chances: Tensor, rows: Tensor) -> Tensor:
    """Draw an item from the distribution `chances[row]` for each of `rows`, with replacement."""
    n_rows, n_items = chances.shape
    # One ascending scale on which row r covers r to r + 1; in float64, so that small probabilities are not lost.
    scale = torch.cumsum(chances.double(), 1)
    scale = scale / scale[:, -1:] + torch.arange(n_rows, device=rows.device)[:, None]
    drawn = rows + torch.rand(len(rows), dtype=scale.dtype, device=rows.device)
    places = torch.searchsorted(scale.flatten(), drawn, right=True)
    return torch.clamp(places - rows * n_items, 0, n_items - 1)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def _pretrained(
    train: UserItems, options: Mapping[str, float], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return user and item factors of BPR-MF after `pretraining` epochs, with the settings of docs/method.md."""
    batch = min(512, len(train.indices))
    settings = TrainingSettings(
        *("BPR-MF", int(options["factors"]), batch, 0.05, 0.1, 0.01, "last", 1)
    )
    shape, stream = (train.n_users, train.n_items), Stream.IRGAN_INITIAL_FACTORS
    factors = initial_factors(*shape, settings, seed, stream)
    sampler = TripleSampler(train.indptr, train.indices, train.n_items)
    for epoch in range(int(options["pretraining"])):
        triples = sampler.draw(seeds(Stream.IRGAN_TRIPLES, seed, epoch))
        CpuBackend().train_epoch(factors, triples, settings.step())
    return factors.user_factors, factors.item_factors
