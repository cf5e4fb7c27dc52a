"""The reference version of the hot loops, with torch autograd and about one line of code for each formula.

The tests (tests/kernels) and `make bench` compare the compiled loops and the CUDA path with this module; the workflow
does not use it. Slopes come from autograd instead of `losses`: `settings.loss` is ignored, and a loss other than BPR
is passed as a function.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import softplus

from embrittle.kernels.backend import (
    ADAGRAD_EPS,
    HIGHEST_DIFFERENCE,
    LOWEST_DIFFERENCE,
    SQUARED_NORM_FLOOR,
    StepSettings,
)
from embrittle.kernels.ranking_losses import BEYOND, LEAST_SPREAD, RankingLoss

Parameters = list[torch.Tensor]  # user_factors, item_factors
Loss = Callable[[Parameters, torch.Tensor], torch.Tensor]  # parameters, triples -> scalar


def summed(value: Callable[[torch.Tensor], torch.Tensor]) -> Loss:
    """Return a loss function: the sum over triples of value(clip(s_ui - s_uj, -80, 1e8)).

    Args:
        value: pairwise loss of a score difference, elementwise on (n,).

    Returns:
        A function of parameters (user_factors (n_users, n_factors), item_factors (n_items, n_factors)) and triples
        (int64 (n, 3): user, positive, negative).
    """

    def loss(parameters: Parameters, triples: torch.Tensor) -> torch.Tensor:
        user_factors, item_factors = parameters
        users, positives, negatives = triples.unbind(1)
        spread = item_factors[positives] - item_factors[negatives]
        difference = (user_factors[users] * spread).sum(1)
        return value(difference.clamp(LOWEST_DIFFERENCE, HIGHEST_DIFFERENCE)).sum()

    return loss


bpr_loss = summed(lambda difference: softplus(-difference))  # Rendle et al. 2009


def gradient(parameters: Parameters, triples: torch.Tensor, loss: Loss = bpr_loss) -> Parameters:
    """Return the gradient of a loss by autograd, in the shapes of `parameters`."""
    leaves = [array.detach().requires_grad_() for array in parameters]
    return list(torch.autograd.grad(loss(leaves, triples), leaves))


def unit_rows(array: torch.Tensor) -> torch.Tensor:
    """Scale rows to L2 norm 1; squared norms below 1e-12 count as 1e-12 (TensorFlow's l2_normalize)."""
    return array * array.square().sum(1, keepdim=True).clamp_min(SQUARED_NORM_FLOOR).rsqrt()


def step_gradient(
    parameters: Parameters, triples: torch.Tensor, settings: StepSettings, loss: Loss = bpr_loss
) -> Parameters:
    """Return the gradient of L(Theta) + weight * L(Theta + Delta), Delta = epsilon * g / ||g|| held constant.

    This is MSAP, Eq. 8. With weight 0 it is the gradient of L(Theta), as in BPR-MF.
    """
    clean = gradient(parameters, triples, loss)
    if settings.adversarial_weight == 0:
        return clean
    shifted = [
        array + settings.adversarial_epsilon * unit_rows(slope)
        for array, slope in zip(parameters, clean, strict=True)
    ]
    adversarial = gradient(shifted, triples, loss)
    return [a + settings.adversarial_weight * b for a, b in zip(clean, adversarial, strict=True)]


def train_epoch(
    parameters: Parameters,
    accumulators: Parameters,
    triples: torch.Tensor,
    settings: StepSettings,
    loss: Loss = bpr_loss,
) -> float:
    """Train for one epoch of Adagrad, in place and without the last partial batch; return the mean clean loss."""
    total, n_batches = 0.0, len(triples) // settings.batch_size
    for batch in triples[: n_batches * settings.batch_size].split(settings.batch_size):
        total += float(loss(parameters, batch))
        slopes = step_gradient(parameters, batch, settings, loss)
        for array, accumulator, slope in zip(parameters, accumulators, slopes, strict=True):
            accumulator += slope.square()
            array -= settings.learning_rate * slope / (accumulator.sqrt() + ADAGRAD_EPS)
    return total / (n_batches * settings.batch_size)


def ranking_losses(parameters: Parameters, loss: RankingLoss) -> torch.Tensor:
    """Return a ranking loss (`ranking_losses.RankingLoss`) of each user, (n_users,), target by target."""
    losses = []
    for user, row in enumerate(parameters[0] @ parameters[1].T):
        seen, targets = (
            part.indices[part.indptr[user] : part.indptr[user + 1]].tolist()
            for part in (loss.seen, loss.targets)
        )
        total = torch.zeros((), dtype=parameters[0].dtype)
        for target in targets:
            if loss.kind == "margin":
                total = total + _margin_loss(row, seen, target, loss)
                continue
            others = [j for j in range(len(row)) if j not in (*seen, *targets)]
            differences = float(loss.sharpness[user]) * (row[others] - row[target])
            before = torch.sigmoid(differences).sum()
            total = total + (
                1 - 1 / torch.log2(2 + before) if loss.kind == "smooth-rank" else before
            )
        losses.append(total)
    return torch.stack(losses)


def _margin_loss(
    row: torch.Tensor, seen: list[int], target: int, loss: RankingLoss
) -> torch.Tensor:
    others = [j for j in range(len(row)) if j not in (*seen, target)]
    if len(others) < loss.length:
        return torch.zeros(())
    best = row[others].sort(descending=True).values
    beyond = best[min(loss.length + BEYOND, len(others)) - 1]
    spread = best[0] - beyond
    if spread <= LEAST_SPREAD * (abs(best[0]) + abs(beyond)):
        return torch.zeros(())
    return ((best[loss.length - 1] - row[target]) / spread).clamp_max(loss.enough)
