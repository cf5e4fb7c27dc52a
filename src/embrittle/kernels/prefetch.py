"""Ask the processor for a row of factors before it is needed.

The rows that a batch touches are scattered over memory that does not fit the inner caches; without the hint the
loops wait for most of them (docs/benchmarks.md).
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LINE = 64  # bytes
_LINES = 4  # 64 float32 factors; the hardware follows on longer rows, and a hint past the end does no harm


@intrinsic
def prefetch_row(typingctx, array, row):
    """Hint that `array[row]` (C-contiguous, 2-d) will be read soon; it changes nothing else."""

    def codegen(context, builder, signature, arguments):
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
            # for reading, keep in all cache levels, data (not instructions)
            builder.call(hint, [address, int32(0), int32(3), int32(1)])
        return context.get_dummy_value()

    return types.void(array, row), codegen
