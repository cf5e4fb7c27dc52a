"""IRGAN (Wang et al. 2017): a generator that samples items, and a discriminator that tells them from a user's own.

Both are matrix factorisations with item biases; the generator, trained by policy gradient, is what recommends. Written
after the paper, with the settings of its authors' code; docs/method.md says where it differs.
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
    """Scores p_u . q_i + b_i."""

    def __init__(self, users: np.ndarray, items: np.ndarray):
        """Start from factors, biases 0."""
        super().__init__()
        self.users = nn.Parameter(torch.from_numpy(users))
        self.items = nn.Parameter(torch.from_numpy(items))
        self.biases = nn.Parameter(torch.zeros(len(items)))

    def all_scores(self, users: Tensor) -> Tensor:
        """(n, n_items)."""
        return self.users[users] @ self.items.T + self.biases

    def penalty(self, users: Tensor, rows: Tensor, items: Tensor) -> Tensor:
        """Half the squared norm of what the pairs (users[row], item) use, as often as they use it."""
        of_users = torch.bincount(rows, minlength=len(users)) * self.users[users].square().sum(1)
        norms = self.items.square().sum(1) + self.biases.square()
        of_items = torch.bincount(items, minlength=len(norms)) * norms
        return 0.5 * (of_users.sum() + of_items.sum())


class Model:
    """See `training.Recommender`."""

    def __init__(self, train: UserItems, options: Mapping[str, float], seed: int, device: str):
        """Start the generator from a short training of BPR-MF, the discriminator from uniform(-0.05, 0.05)."""
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
        self._learn_to_tell, self._learn_to_fool = (
            torch.optim.SGD(network.parameters(), lr=rate)
            for network in (self.discriminator, self.generator)
        )

    def train_epoch(self) -> float:
        """Some epochs of the discriminator, then some of the generator; the discriminator's mean loss."""
        losses = [self._tell() for _ in range(int(self._options["discriminator_epochs"]))]
        for _ in range(int(self._options["generator_epochs"])):
            self._fool()
        return float(np.mean(losses))

    def scores(self, block: slice) -> np.ndarray:
        """The generator's."""
        with torch.no_grad():
            users = torch.arange(block.start, block.stop, device=self._device)
            return self.generator.all_scores(users).cpu().numpy()

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Users in random order; the rows in the batch of their items, and these."""
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

    def _tell(self) -> float:
        """Each item of a user against one that the generator samples, sharpened by the temperature."""
        total, n_pairs = 0.0, 0
        for users, rows, positives in self._batches():
            with torch.no_grad():
                scores = self.generator.all_scores(users) / self._options["temperature"]
                sampled = _sample(torch.softmax(scores, 1), rows)
            # All scores of the batch: a matrix product is quicker than the rows of so many pairs.
            told, loss = self.discriminator.all_scores(users), 0.0
            for items, sign in ((positives, -1), (sampled, 1)):
                penalty = self.discriminator.penalty(users, rows, items)
                loss = loss + nn.functional.softplus(sign * told[rows, items]).sum()
                loss = loss + self._options["regularisation"] * penalty
            _step(self._learn_to_tell, loss)
            total, n_pairs = total + loss.item(), n_pairs + 2 * len(rows)
        return total / n_pairs

    def _fool(self) -> None:
        """Policy gradient on samples of the generator, mixed with the user's items for importance sampling."""
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
            gained = (log_chances[twice, items] * weights).sum()
            _step(self._learn_to_fool, -gained)


def _sample(chances: Tensor, rows: Tensor) -> Tensor:
    """Draw an item from `chances[row]` for each of `rows`, with replacement."""
    n_rows, n_items = chances.shape
    # One ascending scale for all rows, from row to row + 1 each; in float64, so that small chances remain.
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
    """User and item factors of BPR-MF after a few epochs, with the settings of docs/method.md."""
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
