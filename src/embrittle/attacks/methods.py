"""The attacks: how a perturbation Delta of learned factors is built (docs/method.md, "Perturbations").

An attack is one generator under `@attack`, which yields Delta after the first step, after the second, and so on for as
long as it is asked; the configuration names it as the `method` of a definition, and its keywords after epsilon and seed
are the options a definition may set, with their defaults. No step may depend on how many follow: what is reached after
L steps is read off on the way to more. A further attack is one more function. Light: the configuration is checked
against these signatures whenever the Snakefile is parsed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embrittle.attacks.run import BprLoss, Pair


@dataclass(frozen=True)
class Attack:
    """An attack method.

    Attributes:
        run: generator(loss, *, epsilon, seed, **options) of Delta of users and of items, after each step. What it has
            yielded may be changed in place by its next step.
        single_step: whether it always takes one iteration, and so yields once; others have no last step.
        options: the options with their defaults.
    """

    run: Callable[..., Iterator[Pair]]
    single_step: bool
    options: dict[str, float | str]


ATTACKS: dict[str, Attack] = {}


def attack(*, single_step: bool) -> Callable:
    """Register a function as an attack under its own name."""

    def register(function: Callable[..., Iterator[Pair]]) -> Callable[..., Iterator[Pair]]:
        keywords = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in keywords if p.default is not inspect.Parameter.empty}
        ATTACKS[function.__name__] = Attack(function, single_step, options)
        return function

    return register


@attack(single_step=True)
def fgsm(loss: BprLoss, *, epsilon: float, seed: int) -> Iterator[Pair]:
    """Delta = epsilon * g / ||g|| per row, in one step (He et al. 2018; MSAP, Eq. 4)."""
    yield loss.climb(loss.no_change(), epsilon, math.inf)


@attack(single_step=False)
def bim(
    loss: BprLoss,
    *,
    epsilon: float,
    seed: int,
    step_size: float = 0.25,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Iterator[Pair]:
    """Steps of step_size * epsilon from 0, each held to the budget (Kurakin et al. 2017; MSAP, Eq. 5-7).

    norm "linf" clips each element to +-epsilon, as the papers do; "l2" projects each row to the ball of radius epsilon.
    negatives "fixed" keeps those drawn once, as the papers do; "resampled" draws new ones for every step.
    """
    delta = loss.no_change()
    yield from _steps(loss, delta, epsilon, seed, step_size, norm, negatives)


@attack(single_step=False)
def pgd(
    loss: BprLoss,
    *,
    epsilon: float,
    seed: int,
    step_size: float = 0.25,
    start: float = 0.05,
    norm: str = "linf",
    negatives: str = "fixed",
) -> Iterator[Pair]:
    """As bim, but from a random start (Madry et al. 2018).

    With norm "linf" it is uniform(-start, start), whatever epsilon is (the authors' code); with "l2" each row starts
    uniformly in the ball of radius epsilon, and `start` is not looked at.
    """
    in_ball = norm == "l2"
    delta = loss.uniform_in_ball(epsilon, seed) if in_ball else loss.uniform_change(start, seed)
    yield from _steps(loss, delta, epsilon, seed, step_size, norm, negatives)


def _steps(
    loss: BprLoss,
    delta: Pair,
    epsilon: float,
    seed: int,
    step_size: float,
    norm: str,
    negatives: str,
) -> Iterator[Pair]:
    """Climb from Delta, within the budget."""
    for iteration in count():
        if negatives == "resampled" and iteration > 0:
            loss.draw_negatives(seed, iteration)
        delta = loss.climb(delta, step_size * epsilon, epsilon, norm)
        yield delta


@attack(single_step=True)
def noise(loss: BprLoss, *, epsilon: float, seed: int) -> Iterator[Pair]:
    """Delta = epsilon * n / ||n|| per row, on all rows, n truncated normal: no gradient (He et al. 2018)."""
    yield loss.random_directions(epsilon, seed)
