"""The attacks: how a perturbation Delta of learned factors is built (docs/method.md, "Perturbations").

An attack is one function under `@attack`; the configuration names it as the `method` of a definition, and its keywords
after epsilon, iterations and seed are the options a definition may set, with their defaults. A further attack is one
more function. Light: the configuration is checked against these signatures whenever the Snakefile is parsed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .perturbation import BprLoss, Pair


@dataclass(frozen=True)
class Attack:
    """An attack method.

    Attributes:
        run: function(loss, *, epsilon, iterations, seed, **options) -> Delta of users and of items.
        single_step: whether it always takes one iteration.
        options: the options with their defaults.
    """

    run: Callable[..., Pair]
    single_step: bool
    options: dict[str, float | str]


ATTACKS: dict[str, Attack] = {}


def attack(*, single_step: bool) -> Callable:
    """Register a function as an attack under its own name."""

    def register(function: Callable[..., Pair]) -> Callable[..., Pair]:
        keywords = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in keywords if p.default is not inspect.Parameter.empty}
        ATTACKS[function.__name__] = Attack(function, single_step, options)
        return function

    return register


@attack(single_step=True)
def fgsm(loss: BprLoss, *, epsilon: float, iterations: int, seed: int) -> Pair:
    """Delta = epsilon * g / ||g|| per row, in one step (He et al. 2018; MSAP, Eq. 4)."""
    return loss.climb(loss.no_change(), epsilon, math.inf)


@attack(single_step=False)
def bim(
    loss: BprLoss,
    *,
    epsilon: float,
    iterations: int,
    seed: int,
    step_size: float = 0.25,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Pair:
    """Steps of step_size * epsilon from 0, each held to the budget (Kurakin et al. 2017; MSAP, Eq. 5-7).

    norm "linf" clips each element to +-epsilon, as the papers do; "l2" projects each row to the ball of radius epsilon.
    negatives "fixed" keeps those drawn once, as the papers do; "resampled" draws new ones for every step.
    """
    return _steps(loss, loss.no_change(), epsilon, iterations, seed, step_size, norm, negatives)


@attack(single_step=False)
def pgd(
    loss: BprLoss,
    *,
    epsilon: float,
    iterations: int,
    seed: int,
    step_size: float = 0.25,
    start: float = 0.05,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Pair:
    """As bim, but from a random start (Madry et al. 2018).

    With norm "linf" it is uniform(-start, start), whatever epsilon is (the authors' code); with "l2" each row starts
    uniformly in the ball of radius epsilon, and `start` is not looked at.
    """
    in_ball = norm == "l2"
    first = loss.uniform_in_ball(epsilon, seed) if in_ball else loss.uniform_change(start, seed)
    return _steps(loss, first, epsilon, iterations, seed, step_size, norm, negatives)


def _steps(
    loss: BprLoss,
    delta: Pair,
    epsilon: float,
    iterations: int,
    seed: int,
    step_size: float,
    norm: str,
    negatives: str,
) -> Pair:
    """Climb from Delta, within the budget."""
    for iteration in range(iterations):
        if negatives == "resampled" and iteration > 0:
            loss.draw_negatives(seed, iteration)
        delta = loss.climb(delta, step_size * epsilon, epsilon, norm)
    return delta


@attack(single_step=True)
def noise(loss: BprLoss, *, epsilon: float, iterations: int, seed: int) -> Pair:
    """Delta = epsilon * n / ||n|| per row, on all rows, n truncated normal: no gradient (He et al. 2018)."""
    return loss.random_directions(epsilon, seed)
