"""The plain version of the hot loops: torch autograd and torch's own operations, one line a formula.

Slow and short on purpose: the compiled loops and the CUDA path are held against it (tests/test_compute.py), and
`make bench` measures them against it. Nothing else uses it.
"""

from __future__ import annotations

import torch

from embrittle.kernels.backend import (
    ADAGRAD_EPS,
    HIGHEST_DIFFERENCE,
    LOWEST_DIFFERENCE,
    SQUARED_NORM_FLOOR,
    StepSettings,
)

Parameters = list[torch.Tensor]  # user_factors, item_factors


def bpr_loss(parameters: Parameters, triples: torch.Tensor) -> torch.Tensor:
    """Sum over the triples of softplus(-clip(s_ui - s_uj, -80, 1e8)) (Rendle et al. 2009).

    Args:
        parameters: user_factors (n_users, n_factors) and item_factors (n_items, n_factors).
        triples: int64 (n, 3): user, positive, negative.
    """
    user_factors, item_factors = parameters
    users, positives, negatives = triples.unbind(1)
    difference = (user_factors[users] * (item_factors[positives] - item_factors[negatives])).sum(1)
    return torch.nn.functional.softplus(
        -difference.clamp(LOWEST_DIFFERENCE, HIGHEST_DIFFERENCE)
    ).sum()


def gradient(parameters: Parameters, triples: torch.Tensor) -> Parameters:
    """Gradient of `bpr_loss` by autograd."""
    leaves = [array.detach().requires_grad_() for array in parameters]
    return list(torch.autograd.grad(bpr_loss(leaves, triples), leaves))


def unit_rows(array: torch.Tensor) -> torch.Tensor:
    """Rows scaled to L2 norm 1; the squared norm counts as 1e-12 at least (TensorFlow's l2_normalize)."""
    return array * array.square().sum(1, keepdim=True).clamp_min(SQUARED_NORM_FLOOR).rsqrt()


def step_gradient(
    parameters: Parameters, triples: torch.Tensor, settings: StepSettings
) -> Parameters:
    """Gradient of L(Theta) + weight * L(Theta + Delta), Delta = epsilon * g / ||g|| a constant (MSAP, Eq. 8)."""
    clean = gradient(parameters, triples)
    if settings.adversarial_weight == 0:
        return clean
    shifted = [
        array + settings.adversarial_epsilon * unit_rows(slope)
        for array, slope in zip(parameters, clean, strict=True)
    ]
    adversarial = gradient(shifted, triples)
    return [a + settings.adversarial_weight * b for a, b in zip(clean, adversarial, strict=True)]


def train_epoch(
    parameters: Parameters, accumulators: Parameters, triples: torch.Tensor, settings: StepSettings
) -> float:
    """One epoch of Adagrad in place, without the last partial batch; returns the mean clean loss."""
    total, n_batches = 0.0, len(triples) // settings.batch_size
    for batch in triples[: n_batches * settings.batch_size].split(settings.batch_size):
        total += float(bpr_loss(parameters, batch))
        slopes = step_gradient(parameters, batch, settings)
        for array, accumulator, slope in zip(parameters, accumulators, slopes, strict=True):
            accumulator += slope.square()
            array -= settings.learning_rate * slope / (accumulator.sqrt() + ADAGRAD_EPS)
    return total / (n_batches * settings.batch_size)
