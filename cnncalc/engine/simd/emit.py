"""What Numba asks of an intrinsic, and the LLVM code that several of them share.

An intrinsic returns a signature and a function that writes LLVM code with a builder. LLVM's and Numba's names are
loaded when something is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncalc.engine.lazy import Later, intrinsic

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")
cgutils: Any = Later("numba.core.cgutils")

LANES = 16
"""Numbers in a vector, and channels in a block of the blocked layout."""
VECTOR_BYTES = 4 * LANES

Generator = Callable[[Any, Any, Any, Any], Any]


def emit(code: Callable[[Any, Any], Any]) -> Generator:
    """What Numba asks of an intrinsic that gives a value: `code(builder, args)` makes it."""
    return lambda context, builder, signature, args: code(builder, args)


def emit_tile(code: Callable[[Any, Any], list[Any]]) -> Generator:
    """The same for one that gives a tuple."""
    return lambda context, builder, signature, args: context.make_tuple(
        builder, signature.return_type, code(builder, args)
    )


def emit_effect(code: Callable[[Any, Any], Any]) -> Generator:
    """The same for one that gives nothing."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code(builder, args)
        return context.get_dummy_value()

    return generate


def binary(code: Callable[[Any, Any, Any], Any], name: str, meaning: str) -> Any:
    """Return the intrinsic of an operation on two vectors, with its name and what it means."""

    def operation(_: Any, a: Any, b: Any) -> Any:
        return types.vector(types.vector, types.vector), emit(lambda builder, args: code(builder, *args))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = meaning
    return intrinsic(operation)


def pointer(builder: Any, address: Any, kind: Any) -> Any:
    """An address as a pointer to a kind of value."""
    return builder.inttoptr(address, kind.as_pointer())


def plus(builder: Any, address: Any, offset: int) -> Any:
    """An address and a number of bytes."""
    return builder.add(address, ir.Constant(types.INT64, offset)) if offset else address


def vector_at(builder: Any, address: Any, align: int = 4) -> Any:
    """The vector at an address."""
    return builder.load(pointer(builder, address, types.VECTOR), align=align)


def stepped(builder: Any, address: Any, step: Any, count: int) -> Any:
    """`count` addresses, `step` bytes apart."""
    return builder.add(address, builder.mul(step, ir.Constant(types.INT64, count)))


def int32_at(builder: Any, address: Any) -> Any:
    """The int32 at an address, as int64."""
    return builder.sext(builder.load(pointer(builder, address, types.INT32), align=4), types.INT64)


def splat(builder: Any, number: Any) -> Any:
    """One float32 in all lanes."""
    nothing = ir.Constant(types.VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(types.INT32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(types.INT32, LANES), [0] * LANES))


def splat_int(builder: Any, number: Any) -> Any:
    """One int32 in all lanes."""
    kind = ir.VectorType(types.INT32, LANES)
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, builder.trunc(number, types.INT32), ir.Constant(types.INT32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(kind, [0] * LANES))


def bits_and_root(builder: Any, value: Any) -> tuple[Any, Any]:
    """The bits of a vector's numbers, and those of sqrt(1/2)."""
    kind = ir.VectorType(types.INT32, LANES)
    return builder.bitcast(value, kind), ir.Constant(kind, [0x3F3504F3] * LANES)


def reduce_lanes(builder: Any, value: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Combine the lower half of a vector with the upper, until one number is left."""
    half = LANES // 2
    while half:
        nothing = ir.Constant(value.type, ir.Undefined)
        kind = ir.VectorType(types.INT32, half)
        lower, upper = (
            builder.shuffle_vector(value, nothing, ir.Constant(kind, list(range(first, first + half))))
            for first in (0, half)
        )
        value, half = combine(lower, upper), half // 2
    return builder.extract_element(value, ir.Constant(types.INT32, 0))


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The vector a * b + c, rounded once."""
    return llvm(builder, "fma", [a, b, c])


def sum_of_product(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The same, but rounded twice where there is no instruction for it: for long sums, that must be fast everywhere."""
    return llvm(builder, "fmuladd", [a, b, c])


def llvm(builder: Any, operation: str, args: Any) -> Any:
    """Call one of LLVM's own functions on vectors."""
    name = f"llvm.{operation}.v{LANES}f32"  # llvmlite's declare_intrinsic cannot name vector types
    known = builder.module.globals.get(name)
    function = known or ir.Function(
        builder.module, ir.FunctionType(types.VECTOR, [types.VECTOR] * len(args)), name=name
    )
    return builder.call(function, args)


def larger(builder: Any, a: Any, b: Any) -> Any:
    """The vector b where a < b, else a."""
    return builder.select(builder.fcmp_ordered("<", a, b), b, a)


def largest(builder: Any, a: Any, b: Any) -> Any:
    """The larger, or NaN where either is."""
    return builder.select(builder.fcmp_unordered("uno", b, b), b, larger(builder, a, b))


def smaller(builder: Any, a: Any, b: Any) -> Any:
    """The vector b where a > b, else a."""
    return builder.select(builder.fcmp_ordered(">", a, b), b, a)


def shuffle_mask(lanes: list[int]) -> Any:
    """The constant that names lanes to LLVM."""
    return ir.Constant(ir.VectorType(types.INT32, LANES), lanes)


def bitwise(builder: Any, operation: str, a: Any, b: Any) -> Any:
    """An operation on the bits of two vectors."""
    bits = ir.VectorType(types.INT32, LANES)
    return builder.bitcast(
        getattr(builder, operation)(builder.bitcast(a, bits), builder.bitcast(b, bits)), types.VECTOR
    )


def tile_addresses(builder: Any, rows: Any, width: int, stride: Any) -> list[Any]:
    """Where each vector of a tile lies, row by row."""
    steps = [builder.mul(stride, ir.Constant(types.INT64, v)) for v in range(width)]
    return [builder.add(row, step) for row in cgutils.unpack_tuple(builder, rows) for step in steps]


FIRST_LEVEL, SECOND_LEVEL = 3, 2
"""What LLVM calls all levels of cache, and all but the first."""


def ask_for(builder: Any, address: Any, level: int = FIRST_LEVEL, *, write: bool = False) -> None:
    """Emit a prefetch of the cache line at an address, which need not be there."""
    byte = ir.IntType(8).as_pointer()
    name = "llvm.prefetch.p0i8"
    kind = ir.FunctionType(types.VOID, [byte, types.INT32, types.INT32, types.INT32])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name=name)
    how = [ir.Constant(types.INT32, number) for number in (int(write), level, 1)]
    builder.call(function, [builder.inttoptr(address, byte), *how])
