"""The gradient of the ranking losses in torch, for CUDA: the same blocks of users as on the CPU, as tensors."""

from __future__ import annotations

import math

import numpy as np
import torch

from embrittle.data.interactions import UserItems
from embrittle.kernels.blocks import user_blocks
from embrittle.kernels.ranking_losses import BEYOND, LEAST_SPREAD, RankingLoss

_BLOCK_SCORES = 2**24  # scores of a block: 64 MiB for each of the few tensors of this size


def losses_and_gradient(
    user_factors: torch.Tensor, item_factors: torch.Tensor, loss: RankingLoss
) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Return the losses and their gradient with respect to both factors, as `Backend.ranking_gradient`."""
    user_gradient, item_gradient = torch.empty_like(user_factors), torch.zeros_like(item_factors)
    losses = torch.empty(len(user_factors), dtype=torch.float64, device=user_factors.device)
    slopes_of = _margin_slopes if loss.kind == "margin" else _rank_slopes
    for block in user_blocks(len(user_factors), len(item_factors), _BLOCK_SCORES):
        scores = user_factors[block] @ item_factors.T
        losses[block], slopes = slopes_of(scores, block, loss)
        user_gradient[block] = slopes @ item_factors
        item_gradient += slopes.T @ user_factors[block]
    return losses.cpu().numpy(), user_gradient, item_gradient


def _rank_slopes(
    scores: torch.Tensor, block: slice, loss: RankingLoss
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return "lists" or "smooth-rank" of each user of a block, and the slopes, (n_block, n_items)."""
    device = scores.device
    sharpness = torch.from_numpy(loss.sharpness[block]).to(device).unsqueeze(1)
    targets, exists = _padded(loss.targets, block, device)
    own = scores.gather(1, targets)
    compared = torch.ones_like(scores, dtype=torch.bool)
    compared[_pairs(loss.seen, block, device)] = False
    compared[_pairs(loss.targets, block, device)] = False
    slopes = torch.zeros_like(scores)
    losses = torch.zeros(len(scores), dtype=torch.float64, device=device)
    for n in range(targets.shape[1]):
        differences = sharpness * (scores - own[:, n : n + 1])
        shares = torch.where(compared, torch.sigmoid(differences), 0)
        before = shares.sum(1, keepdim=True)
        if loss.kind == "smooth-rank":
            logarithms = torch.log2(2 + before)
            values = 1 - 1 / logarithms
            weights = sharpness / (math.log(2) * (2 + before) * logarithms.square())
        else:
            values, weights = before, sharpness.expand_as(before)
        counted = exists[:, n : n + 1]
        losses += torch.where(counted, values, 0).squeeze(1)
        changes = torch.where(counted, weights, 0) * (shares * torch.sigmoid(-differences))
        slopes += changes
        slopes.scatter_add_(1, targets[:, n : n + 1], -changes.sum(1, keepdim=True))
    return losses, slopes


def _margin_slopes(
    scores: torch.Tensor, block: slice, loss: RankingLoss
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return "margin" of each user of a block, and the slopes, (n_block, n_items)."""
    device, length = scores.device, loss.length
    targets, exists = _padded(loss.targets, block, device)
    own = scores.gather(1, targets)
    scores[_pairs(loss.seen, block, device)] = -math.inf
    n_candidates = torch.isfinite(scores).sum(1, keepdim=True)
    best, items = scores.topk(min(length + BEYOND + 1, scores.shape[1]), dim=1)
    slopes = torch.zeros_like(scores)
    losses = torch.zeros(len(scores), dtype=torch.float64, device=device)
    for n in range(targets.shape[1]):
        target = targets[:, n : n + 1]
        is_target = items == target
        kept = torch.where(
            is_target.any(1, keepdim=True), is_target.int().argmax(1, keepdim=True), 2**30
        )
        n_others = n_candidates - 1
        counted = exists[:, n : n + 1] & (n_others >= length)

        def place(rank: torch.Tensor, kept: torch.Tensor = kept) -> torch.Tensor:
            """Return the place among the best of the candidate of this rank (from 0) without the target."""
            return (rank + (kept <= rank)).clamp_max(best.shape[1] - 1)

        zero = torch.zeros_like(n_others)
        ends = [
            place(rank)
            for rank in (zero, zero + length - 1, (n_others - 1).clamp(0, length + BEYOND - 1))
        ]
        first, kth, beyond = (best.gather(1, end) for end in ends)
        spread = first - beyond
        counted &= spread > LEAST_SPREAD * (first.abs() + beyond.abs())
        spread = torch.where(counted, spread, 1)
        margins = torch.where(counted, (kth - own[:, n : n + 1]) / spread, 0)
        losses += margins.clamp_max(loss.enough).squeeze(1)
        counted = counted & (margins <= loss.enough)
        slope = torch.where(counted, 1 / spread, 0)
        of_spread = torch.where(counted, margins / spread, 0)
        where = torch.cat([items.gather(1, end) for end in ends] + [target], dim=1)
        slopes.scatter_add_(1, where, torch.cat([-of_spread, slope, of_spread, -slope], dim=1))
    return losses, slopes


def _padded(
    targets: UserItems, block: slice, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the target items of a block of users, int64 (n_block, most), and which of them exist (others are 0)."""
    counts = targets.counts[block]
    exists = np.arange(counts.max(initial=0)) < counts[:, None]
    items = np.zeros(exists.shape, np.int64)
    items[exists] = targets.indices[targets.indptr[block.start] : targets.indptr[block.stop]]
    return torch.from_numpy(items).to(device), torch.from_numpy(exists).to(device)


def _pairs(
    items: UserItems, block: slice, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows of a block and the items of each of its pairs, int64 (n_pairs,)."""
    rows = np.repeat(np.arange(block.stop - block.start), items.counts[block])
    columns = items.indices[items.indptr[block.start] : items.indptr[block.stop]]
    return torch.from_numpy(rows).to(device), torch.from_numpy(columns.astype(np.int64)).to(device)
