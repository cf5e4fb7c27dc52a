"""Pairwise losses of a score difference s(u, i) - s(u, j), found by name.

A further loss is one function with the decorator `pairwise_loss`. numba compiles that function into the loops of the
CPU, and on CUDA the same function works on tensors; so it is written with `exp`, `maximum`, arithmetic, and the
constants `ZERO` and `ONE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba.extending import overload, register_jitable

# A plain 0 or 1 would turn float32 into float64 in the compiled loops.
ZERO, ONE = np.float32(0), np.float32(1)


@dataclass(frozen=True)
class PairwiseLoss:
    """One loss.

    Attributes:
        formula: difference -> (term, slope), elementwise. The slope is the derivative of the value.
        log1p: whether the value is ln(1 + term) instead of the term. The loops then multiply many 1 + term and take
            one logarithm of the product; a term may be 1e50 at most.
        cached: whether numba may keep compiled loops on disk. Their folder is named after the code of this package,
            so a formula from elsewhere could change and its old machine code would stay in use.
    """

    formula: Callable[[Any], tuple[Any, Any]]
    log1p: bool
    cached: bool

    def values(self, terms: Any) -> Any:
        """Return the values that belong to a tensor of terms."""
        return terms.log1p() if self.log1p else terms


LOSSES: dict[str, PairwiseLoss] = {}


def pairwise_loss(name: str, *, log1p: bool = False) -> Callable[[Callable], Callable]:
    """Register a formula as the loss `name`; see `PairwiseLoss`.

    Raises:
        ValueError: a loss of that name exists.
    """

    def register(formula: Callable) -> Callable:
        if name in LOSSES:
            raise ValueError(f"there already is a pairwise loss named {name!r}")
        # Not a numba dispatcher: the kernels' cache on disk would take it for another one in every process.
        register_jitable(inline="always")(formula)
        LOSSES[name] = PairwiseLoss(formula, log1p, cached=formula.__module__ == __name__)
        return formula

    return register


# --- Operations: as written here for tensors, as overloaded for the numbers of the compiled loops ------


def exp(x):
    """e^x."""
    return x.exp()


@overload(exp, inline="always")
def _exp_of_a_number(x):
    return lambda x: math.exp(x)


def maximum(x, least):
    """The larger of x and the number `least`; a NaN stays a NaN."""
    return x.clamp_min(least)


@overload(maximum, inline="always")
def _maximum_of_numbers(x, least):
    return lambda x, least: least if x < least else x


# --- Losses --------------------------------------------------------------------------------------------


@pairwise_loss("bpr", log1p=True)
def bpr(difference):
    """ln(1 + exp(-difference)) (Rendle et al. 2009)."""
    exponential = exp(-difference)
    return exponential, -exponential / (ONE + exponential)
