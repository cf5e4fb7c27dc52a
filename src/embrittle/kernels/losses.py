"""Registry of pairwise losses, functions of a score difference s(u, i) - s(u, j).

To add a loss, write one function with the decorator `pairwise_loss`. numba compiles the function into the loops of the
CPU, and on CUDA the same function is applied to tensors. It may therefore use only `exp`, `maximum`, arithmetic, and
the constants `ZERO` and `ONE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.extending import overload, register_jitable

# Python's 0 and 1 would promote float32 to float64 in the compiled loops.
ZERO, ONE = np.float32(0), np.float32(1)


@dataclass(frozen=True)
class PairwiseLoss:
    """A pairwise loss.

    Attributes:
        formula: function of the score difference that returns (term, slope), elementwise. The slope is the derivative
            of the loss with respect to the difference.
        log1p: whether the loss is ln(1 + term) instead of the term itself. The loops then multiply the 1 + term of
            many triples and take one logarithm of the product, so a term must not exceed 1e50.
        cached: whether numba may cache the compiled loops on disk. Only for formulas in this package: the cache folder
            is named after the package's code, so a change of a formula elsewhere would go unnoticed.
    """

    formula: Callable[[Any], tuple[Any, Any]]
    log1p: bool
    cached: bool

    def values(self, terms: Any) -> Any:
        """Return the losses that belong to a tensor of terms, in the shape of `terms`."""
        return terms.log1p() if self.log1p else terms


LOSSES: dict[str, PairwiseLoss] = {}


def pairwise_loss(name: str, *, log1p: bool = False) -> Callable[[Callable], Callable]:
    """Register a formula as the loss `name`; see `PairwiseLoss` for the formula and `log1p`.

    Raises:
        ValueError: the name is registered already.
    """

    def register(formula: Callable) -> Callable:
        if name in LOSSES:
            raise ValueError(f"a pairwise loss named {name!r} is registered already")
        # Not njit: the disk cache would treat a dispatcher as a different function in every process.
        register_jitable(inline="always")(formula)
        LOSSES[name] = PairwiseLoss(formula, log1p, cached=formula.__module__ == __name__)
        return formula

    return register


# --- Operations: the functions work on tensors, their overloads on the scalars of the compiled loops -----
# (An overload has no annotations: numba demands that they are those of the lambda, which can have none.)


def exp(x: Any) -> Any:
    """Return e^x, elementwise."""
    return x.exp()


@overload(exp, inline="always")
def _exp_of_a_number(x):  # type: ignore[no-untyped-def]
    return lambda x: math.exp(x)


def maximum(x: Any, least: Any) -> Any:
    """Return the larger of x and the number `least`, elementwise; NaN for NaN."""
    return x.clamp_min(least)


@overload(maximum, inline="always")
def _maximum_of_numbers(x, least):  # type: ignore[no-untyped-def]
    return lambda x, least: least if x < least else x


# --- Losses --------------------------------------------------------------------------------------------


@pairwise_loss("bpr", log1p=True)
def bpr(difference: Any) -> tuple[Any, Any]:
    """BPR: ln(1 + exp(-difference)) in nats (Rendle et al. 2009, section 4.1)."""
    exponential = exp(-difference)
    return exponential, -exponential / (ONE + exponential)
