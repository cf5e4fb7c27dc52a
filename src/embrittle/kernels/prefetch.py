"""A prefetch instruction for rows of factors.

The rows of a batch are scattered over an array that is larger than the inner caches. Without prefetching, the loops
wait for memory at most rows (docs/benchmarks.md).
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LINE = 64  # bytes
# Cache lines to prefetch: 64 float32 factors. The hardware prefetches the rest of longer rows, and prefetching past the
# end of a shorter row is harmless.
_LINES = 4


@intrinsic
def prefetch_row(typingctx: Any, array: Any, row: Any) -> tuple[Any, Any]:
    """Prefetch `array[row]` of a C-contiguous 2-d array into the cache; results do not depend on it."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, row_type = signature.args
        view = context.make_array(array_type)(context, builder, arguments[0])
        index = context.cast(builder, arguments[1], row_type, types.intp)
        start = cgutils.get_item_pointer(
            context, builder, array_type, view, [index, context.get_constant(types.intp, 0)]
        )
        byte_pointer, int32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte_pointer, int32, int32, int32]),
            "llvm.prefetch.p0",
        )
        start = builder.bitcast(start, byte_pointer)
        for line in range(_LINES):
            address = builder.gep(start, [ir.Constant(ir.IntType(64), line * _LINE)])
            # the arguments: read access, all cache levels, data cache
            builder.call(hint, [address, int32(0), int32(3), int32(1)])
        return context.get_dummy_value()

    return types.void(array, row), codegen
