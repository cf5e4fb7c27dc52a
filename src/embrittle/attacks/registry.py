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
    """An attack method.

    Attributes:
        step: function(loss, delta, iteration, *, epsilon, seed, **options) that returns Delta of users and of items
            after one further step. `iteration` counts from 0; at iteration 0 `delta` is None. `delta` may be
            overwritten.
        single_step: whether the attack always takes exactly one iteration.
        options: option -> default.
    """

    step: Callable[..., Pair]
    single_step: bool
    options: dict[str, float | str]


ATTACKS: dict[str, Attack] = {}


def attack(*, single_step: bool) -> Callable:
    """Register a function as the step of an attack; the attack and its method get the name of the function."""

    def register(function: Callable[..., Pair]) -> Callable[..., Pair]:
        keywords = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in keywords if p.default is not inspect.Parameter.empty}
        ATTACKS[function.__name__] = Attack(function, single_step, options)
        return function

    return register
