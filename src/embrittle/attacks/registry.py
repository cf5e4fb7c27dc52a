"""The registry of attack methods. It imports nothing heavy, because Snakemake checks the configuration against it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embrittle.attacks.loss import Pair


@dataclass(frozen=True)
class Attack:
    """An attack method: either `step` or `run`.

    Attributes:
        step: function(loss, delta, iteration, *, epsilon, seed, **options) that returns Delta of users and of items
            after one further step. `iteration` counts from 0; at iteration 0 `delta` is None. `delta` may be
            overwritten.
        single_step: whether the attack always takes exactly one iteration.
        options: option -> default.
        run: function(loss, *, epsilon, iterations, seed, **options) that returns Delta after all steps, of a method
            whose steps depend on more than Delta, so that it cannot continue from the Delta of fewer iterations.
    """

    step: Callable[..., Pair] | None
    single_step: bool
    options: dict[str, float | str]
    run: Callable[..., Pair] | None = None


ATTACKS: dict[str, Attack] = {}
ENSEMBLE = "ensemble"
"""The `method` of an attack that is the strongest of others, its `members`."""
TRANSFER = "transfer"
"""The `method` of an attack that uses the perturbation that another attack found on another model."""


def attack(*, single_step: bool) -> Callable:
    """Register a function as the step of an attack; the attack and its method get the name of the function."""

    def register(function: Callable[..., Pair]) -> Callable[..., Pair]:
        ATTACKS[function.__name__] = Attack(function, single_step, _options(function))
        return function

    return register


def whole_attack(function: Callable[..., Pair]) -> Callable[..., Pair]:
    """Register a function as an attack of many steps, run as a whole (`Attack.run`)."""
    ATTACKS[function.__name__] = Attack(None, False, _options(function), function)
    return function


def _options(function: Callable[..., Pair]) -> dict[str, float | str]:
    keywords = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in keywords if p.default is not inspect.Parameter.empty}
