"""One vector: 16 float32, in registers.

LLVM makes of it one AVX-512 register, two of AVX2, or four of SSE or NEON. Kernels are ordinary Python functions that
Numba compiles; what Python has no word for is here, each as one small piece of LLVM code. Addresses are int64. Nothing
here checks bounds; see CNNCALC_ENGINE_CHECKED in README.md.
"""

from __future__ import annotations

from typing import Any

from cnncalc.engine.lazy import Later, intrinsic
from cnncalc.engine.simd.emit import (
    LANES,
    binary,
    bits_and_root,
    bitwise,
    emit,
    emit_effect,
    fused,
    int32_at,
    larger,
    llvm,
    plus,
    pointer,
    reduce_lanes,
    shuffle_mask,
    smaller,
    splat,
    splat_int,
    vector_at,
)

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")
cgutils: Any = Later("numba.core.cgutils")


@intrinsic
def load(_: Any, address: Any) -> Any:
    """The vector at an address of any alignment."""
    return types.vector(types.int64), emit(lambda builder, args: vector_at(builder, args[0]))


@intrinsic
def store(_: Any, address: Any, value: Any) -> Any:
    """Write a vector to an address of any alignment."""

    def code(builder: Any, args: Any) -> None:
        builder.store(args[1], pointer(builder, args[0], types.VECTOR), align=4)

    return types.void(types.int64, types.vector), emit_effect(code)


@intrinsic
def broadcast(_: Any, number: Any) -> Any:
    """A vector of one float32, 16 times."""
    return types.vector(types.float32), emit(lambda builder, args: splat(builder, args[0]))


@intrinsic
def fma(_: Any, a: Any, b: Any, c: Any) -> Any:
    """The vector a * b + c, rounded once: without such an instruction, a function call a number."""
    return types.vector(types.vector, types.vector, types.vector), emit(lambda builder, args: fused(builder, *args))


add = binary(lambda builder, a, b: builder.fadd(a, b), "add", "a + b")


subtract = binary(lambda builder, a, b: builder.fsub(a, b), "subtract", "a - b")


multiply = binary(lambda builder, a, b: builder.fmul(a, b), "multiply", "a * b")


divide = binary(lambda builder, a, b: builder.fdiv(a, b), "divide", "a / b")


maximum = binary(lambda builder, a, b: larger(builder, a, b), "maximum", "b where a < b, else a: a NaN in `a` stays.")


minimum = binary(lambda builder, a, b: smaller(builder, a, b), "minimum", "b where a > b, else a: a NaN in `a` stays.")


@intrinsic
def sqrt(_: Any, value: Any) -> Any:
    """The square root of each number."""

    def code(builder: Any, args: Any) -> Any:
        name = f"llvm.sqrt.v{LANES}f32"
        known = builder.module.globals.get(name)
        function = known or ir.Function(builder.module, ir.FunctionType(types.VECTOR, [types.VECTOR]), name=name)
        return builder.call(function, [args[0]])

    return types.vector(types.vector), emit(code)


@intrinsic
def first_lanes(_: Any, value: Any, count: Any, other: Any) -> Any:
    """The first `count` numbers of `value`, then those of `other`: for a last block with fewer channels."""

    def code(builder: Any, args: Any) -> Any:
        value, count, other = args
        lane = ir.Constant(ir.VectorType(types.INT32, LANES), list(range(LANES)))
        return builder.select(builder.icmp_signed("<", lane, splat_int(builder, count)), value, other)

    return types.vector(types.vector, types.int64, types.vector), emit(code)


@intrinsic
def join_halves(_: Any, a: Any, b: Any) -> Any:
    """The first 8 numbers of `a`, then the first 8 of `b`."""
    lanes = [*range(LANES // 2), *range(LANES, LANES + LANES // 2)]
    return types.vector(types.vector, types.vector), emit(
        lambda builder, args: builder.shuffle_vector(*args, shuffle_mask(lanes))
    )


@intrinsic(prefer_literal=True)
def half_twice(_: Any, value: Any, half: Any) -> Any:
    """The first (0) or the last (1) 8 numbers of a vector, twice."""
    lanes = [*range(LANES // 2 * half.literal_value, LANES // 2 * (half.literal_value + 1))] * 2
    return types.vector(types.vector, half), emit(
        lambda builder, args: builder.shuffle_vector(args[0], args[0], shuffle_mask(lanes))
    )


@intrinsic
def first_number(_: Any, value: Any) -> Any:
    """The first number of a vector."""
    return types.float32(types.vector), emit(
        lambda builder, args: builder.extract_element(args[0], ir.Constant(types.INT32, 0))
    )


@intrinsic
def sum_lanes(_: Any, value: Any) -> Any:
    """The sum of a vector's numbers, added in pairs."""
    return types.float32(types.vector), emit(lambda builder, args: reduce_lanes(builder, args[0], builder.fadd))


@intrinsic
def max_lanes(_: Any, value: Any) -> Any:
    """The largest of a vector's numbers; a NaN may go unnoticed."""
    return types.float32(types.vector), emit(
        lambda builder, args: reduce_lanes(builder, args[0], lambda a, b: larger(builder, a, b))
    )


@intrinsic
def absolute(_: Any, a: Any) -> Any:
    """The magnitude of each number."""
    return types.vector(types.vector), emit(lambda builder, args: llvm(builder, "fabs", args))


@intrinsic
def copy_sign(_: Any, magnitude: Any, sign: Any) -> Any:
    """The numbers of one vector with the signs of another."""
    return types.vector(types.vector, types.vector), emit(lambda builder, args: llvm(builder, "copysign", args))


@intrinsic
def where_less(_: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """`then` where a < b, else `otherwise`, also where a or b is NaN."""

    def code(builder: Any, args: Any) -> Any:
        a, b, then, otherwise = args
        return builder.select(builder.fcmp_ordered("<", a, b), then, otherwise)

    return types.vector(types.vector, types.vector, types.vector, types.vector), emit(code)


@intrinsic
def power_of_two(_: Any, number: Any) -> Any:
    """2 ** n for n given as the float 1.5 * 2**23 + 127 + n, whose last bits are the exponent's of 2 ** n.

    0 for n = -127, infinity for n = 128.
    """

    def code(builder: Any, args: Any) -> Any:
        kind = ir.VectorType(types.INT32, LANES)
        places = ir.Constant(kind, [23] * LANES)
        return builder.bitcast(builder.shl(builder.bitcast(args[0], kind), places), types.VECTOR)

    return types.vector(types.vector), emit(code)


@intrinsic
def exponent(_: Any, x: Any) -> Any:
    """The whole number e, as floats, of x = m * 2**e with sqrt(1/2) <= m < sqrt(2), for normal x > 0."""

    def code(builder: Any, args: Any) -> Any:
        bits = builder.sub(*bits_and_root(builder, args[0]))
        kind = bits.type
        return builder.sitofp(builder.ashr(bits, ir.Constant(kind, [23] * LANES)), types.VECTOR)

    return types.vector(types.vector), emit(code)


@intrinsic
def mantissa(_: Any, x: Any) -> Any:
    """The number m of the same."""

    def code(builder: Any, args: Any) -> Any:
        bits, root = bits_and_root(builder, args[0])
        digits = ir.Constant(bits.type, [(1 << 23) - 1] * LANES)
        return builder.bitcast(builder.add(builder.and_(builder.sub(bits, root), digits), root), types.VECTOR)

    return types.vector(types.vector), emit(code)


@intrinsic
def polynomial(_: Any, x: Any, coefficients: Any) -> Any:
    """coefficients[0] + x * (coefficients[1] + x * (...)), a tuple of float32, by Horner's rule."""

    def code(builder: Any, args: Any) -> Any:
        *rest, value = (splat(builder, number) for number in cgutils.unpack_tuple(builder, args[1]))
        for coefficient in reversed(rest):
            value = fused(builder, value, args[0], coefficient)
        return value

    return types.vector(types.vector, coefficients), emit(code)


@intrinsic
def gather(_: Any, base: Any, table: Any) -> Any:
    """The 16 numbers at base + table[0], ..., `table` being the address of int32 offsets."""

    def code(builder: Any, args: Any) -> Any:
        value = ir.Constant(types.VECTOR, ir.Undefined)
        for lane in range(LANES):
            at = builder.add(args[0], int32_at(builder, plus(builder, args[1], 4 * lane)))
            number = builder.load(pointer(builder, at, types.FLOAT), align=4)
            value = builder.insert_element(value, number, ir.Constant(types.INT32, lane))
        return value

    return types.vector(types.int64, types.int64), emit(code)


intersect = binary(lambda builder, a, b: bitwise(builder, "and_", a, b), "intersect", "The bits that both have.")


unite = binary(lambda builder, a, b: bitwise(builder, "or_", a, b), "unite", "The bits that either has.")
