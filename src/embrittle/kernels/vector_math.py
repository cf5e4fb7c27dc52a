"""The exponential of float32 numbers, in a form that the compiler turns into vector instructions.

In a compiled loop, `math.exp` is a call for each number. It would take most of the time of the ranking losses.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

LOG2_E = np.float32(1 / math.log(2))
# Taylor's coefficients of 2^x, which suffice for float32 between -1/2 and 1/2.
_C1, _C2, _C3, _C4, _C5, _C6 = (
    np.float32(math.log(2) ** k / math.factorial(k)) for k in range(1, 7)
)
_ONE, _BIAS, _SHIFT = np.float32(1), np.int32(127), np.int32(23)


# (An intrinsic has no annotations: numba looks at its names alone.)
@intrinsic
def _from_bits(context, bits):  # type: ignore[no-untyped-def]
    """Return the float32 number with the bits of an int32."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def _nearest(context, x):  # type: ignore[no-untyped-def]
    """Return the integer nearest to a float32 number, as float32."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function = builder.module.declare_intrinsic("llvm.rint", [ir.FloatType()])
        return builder.call(function, values)

    return types.float32(types.float32), generate


@njit(inline="always")
def power_of_two(x: np.float32, limit: np.float32) -> np.float32:
    """Return 2^x to a relative error of 1e-6, for -limit <= x <= limit <= 126; other x count as the nearer limit."""
    x = min(max(x, -limit), limit)
    whole = _nearest(x)
    rest = x - whole
    mantissa = _ONE + rest * (
        _C1 + rest * (_C2 + rest * (_C3 + rest * (_C4 + rest * (_C5 + rest * _C6))))
    )
    return mantissa * _from_bits((np.int32(whole) + _BIAS) << _SHIFT)
