"""The vector value of the engine's kernels, raw memory, and the few operations that a register tile needs.

Kernels are ordinary Python functions that Numba compiles; what Python has no word for is here, each as one small piece
of LLVM code. A `vector` is 16 float32 whatever the processor: LLVM makes of it one AVX-512 register, two of AVX2, or
four of SSE or NEON. A *tile* is a tuple of rows x columns vectors, which stays in registers while a loop runs.

Addresses are int64 and offsets are in bytes. Nothing here checks bounds; see CNNCALC_ENGINE_CHECKED in README.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cnncalc.engine.lazy import Later, intrinsic

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")
_cgutils: Any = Later("numba.core.cgutils")

LANES = 16
"""Numbers in a vector, and channels in a block of the blocked layout."""
VECTOR_BYTES = 4 * LANES

Generator = Callable[[Any, Any, Any, Any], Any]


def _emit(code: Callable[[Any, Any], Any]) -> Generator:
    """What Numba asks of an intrinsic that gives a value: `code(builder, args)` makes it."""
    return lambda context, builder, signature, args: code(builder, args)


def _emit_tile(code: Callable[[Any, Any], list[Any]]) -> Generator:
    """The same for one that gives a tuple."""
    return lambda context, builder, signature, args: context.make_tuple(
        builder, signature.return_type, code(builder, args)
    )


def _emit_effect(code: Callable[[Any, Any], Any]) -> Generator:
    """The same for one that gives nothing."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        code(builder, args)
        return context.get_dummy_value()

    return generate


# ---- one vector


@intrinsic
def load(_: Any, address: Any) -> Any:
    """The vector at an address of any alignment."""
    return types.vector(types.int64), _emit(lambda builder, args: _load(builder, args[0]))


@intrinsic
def store(_: Any, address: Any, value: Any) -> Any:
    """Write a vector to an address of any alignment."""

    def code(builder: Any, args: Any) -> None:
        builder.store(args[1], _pointer(builder, args[0], types.VECTOR), align=4)

    return types.void(types.int64, types.vector), _emit_effect(code)


@intrinsic
def broadcast(_: Any, number: Any) -> Any:
    """A vector of one float32, 16 times."""
    return types.vector(types.float32), _emit(lambda builder, args: _splat(builder, args[0]))


@intrinsic
def fma(_: Any, a: Any, b: Any, c: Any) -> Any:
    """The vector a * b + c, rounded once: without such an instruction, a function call a number."""
    return types.vector(types.vector, types.vector, types.vector), _emit(lambda builder, args: _fma(builder, *args))


def _binary(emit: Callable[[Any, Any, Any], Any], name: str, meaning: str) -> Any:
    def operation(_: Any, a: Any, b: Any) -> Any:
        return types.vector(types.vector, types.vector), _emit(lambda builder, args: emit(builder, *args))

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = meaning
    return intrinsic(operation)


add = _binary(lambda builder, a, b: builder.fadd(a, b), "add", "a + b")
subtract = _binary(lambda builder, a, b: builder.fsub(a, b), "subtract", "a - b")
multiply = _binary(lambda builder, a, b: builder.fmul(a, b), "multiply", "a * b")
divide = _binary(lambda builder, a, b: builder.fdiv(a, b), "divide", "a / b")
maximum = _binary(lambda builder, a, b: _larger(builder, a, b), "maximum", "b where a < b, else a: a NaN in `a` stays.")
minimum = _binary(
    lambda builder, a, b: _smaller(builder, a, b), "minimum", "b where a > b, else a: a NaN in `a` stays."
)


@intrinsic
def sqrt(_: Any, value: Any) -> Any:
    """The square root of each number."""

    def code(builder: Any, args: Any) -> Any:
        name = f"llvm.sqrt.v{LANES}f32"
        known = builder.module.globals.get(name)
        function = known or ir.Function(builder.module, ir.FunctionType(types.VECTOR, [types.VECTOR]), name=name)
        return builder.call(function, [args[0]])

    return types.vector(types.vector), _emit(code)


@intrinsic
def first_lanes(_: Any, value: Any, count: Any, other: Any) -> Any:
    """The first `count` numbers of `value`, then those of `other`: for a last block with fewer channels."""

    def code(builder: Any, args: Any) -> Any:
        value, count, other = args
        lane = ir.Constant(ir.VectorType(types.INT32, LANES), list(range(LANES)))
        return builder.select(builder.icmp_signed("<", lane, _splat_int(builder, count)), value, other)

    return types.vector(types.vector, types.int64, types.vector), _emit(code)


@intrinsic
def first_number(_: Any, value: Any) -> Any:
    """The first number of a vector."""
    return types.float32(types.vector), _emit(
        lambda builder, args: builder.extract_element(args[0], ir.Constant(types.INT32, 0))
    )


@intrinsic
def sum_lanes(_: Any, value: Any) -> Any:
    """The sum of a vector's numbers, added in pairs."""
    return types.float32(types.vector), _emit(lambda builder, args: _reduce(builder, args[0], builder.fadd))


@intrinsic
def max_lanes(_: Any, value: Any) -> Any:
    """The largest of a vector's numbers; a NaN may go unnoticed."""
    return types.float32(types.vector), _emit(
        lambda builder, args: _reduce(builder, args[0], lambda a, b: _larger(builder, a, b))
    )


@intrinsic
def absolute(_: Any, a: Any) -> Any:
    """The magnitude of each number."""
    return types.vector(types.vector), _emit(lambda builder, args: _llvm(builder, "fabs", args))


@intrinsic
def copy_sign(_: Any, magnitude: Any, sign: Any) -> Any:
    """The numbers of one vector with the signs of another."""
    return types.vector(types.vector, types.vector), _emit(lambda builder, args: _llvm(builder, "copysign", args))


@intrinsic
def where_less(_: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """`then` where a < b, else `otherwise`, also where a or b is NaN."""

    def code(builder: Any, args: Any) -> Any:
        a, b, then, otherwise = args
        return builder.select(builder.fcmp_ordered("<", a, b), then, otherwise)

    return types.vector(types.vector, types.vector, types.vector, types.vector), _emit(code)


@intrinsic
def power_of_two(_: Any, number: Any) -> Any:
    """2 ** n for n given as the float 1.5 * 2**23 + n, whose last bits are n. 0 for n = -127, infinity for n = 128."""

    def code(builder: Any, args: Any) -> Any:
        kind = ir.VectorType(types.INT32, LANES)
        places, one = (ir.Constant(kind, [number] * LANES) for number in (23, 127 << 23))
        return builder.bitcast(builder.add(builder.shl(builder.bitcast(args[0], kind), places), one), types.VECTOR)

    return types.vector(types.vector), _emit(code)


@intrinsic
def exponent(_: Any, x: Any) -> Any:
    """The whole number e, as floats, of x = m * 2**e with sqrt(1/2) <= m < sqrt(2), for normal x > 0."""

    def code(builder: Any, args: Any) -> Any:
        bits = builder.sub(*_bits_and_root(builder, args[0]))
        kind = bits.type
        return builder.sitofp(builder.ashr(bits, ir.Constant(kind, [23] * LANES)), types.VECTOR)

    return types.vector(types.vector), _emit(code)


@intrinsic
def mantissa(_: Any, x: Any) -> Any:
    """The number m of the same."""

    def code(builder: Any, args: Any) -> Any:
        bits, root = _bits_and_root(builder, args[0])
        digits = ir.Constant(bits.type, [(1 << 23) - 1] * LANES)
        return builder.bitcast(builder.add(builder.and_(builder.sub(bits, root), digits), root), types.VECTOR)

    return types.vector(types.vector), _emit(code)


@intrinsic
def polynomial(_: Any, x: Any, coefficients: Any) -> Any:
    """coefficients[0] + x * (coefficients[1] + x * (...)), a tuple of float32, by Horner's rule."""

    def code(builder: Any, args: Any) -> Any:
        *rest, value = (_splat(builder, number) for number in _cgutils.unpack_tuple(builder, args[1]))
        for coefficient in reversed(rest):
            value = _fma(builder, value, args[0], coefficient)
        return value

    return types.vector(types.vector, coefficients), _emit(code)


# ---- a tile of rows x columns vectors


@intrinsic(prefer_literal=True)
def addresses(_: Any, base: Any, table: Any, count: Any) -> Any:
    """(base + table[0], ..., base + table[count - 1]), `table` being the address of int32 offsets."""
    rows = count.literal_value
    signature = types.UniTuple(types.int64, rows)(types.int64, types.int64, count)

    def code(builder: Any, args: Any) -> list[Any]:
        base, table, _ = args
        return [builder.add(base, _load_int32(builder, _plus(builder, table, 4 * row))) for row in range(rows)]

    return signature, _emit_tile(code)


@intrinsic(prefer_literal=True)
def spaced(_: Any, base: Any, stride: Any, count: Any) -> Any:
    """(base, base + stride, ..., base + (count - 1) * stride)."""
    rows = count.literal_value
    signature = types.UniTuple(types.int64, rows)(types.int64, types.int64, count)

    def code(builder: Any, args: Any) -> list[Any]:
        return [builder.add(args[0], builder.mul(args[1], ir.Constant(types.INT64, row))) for row in range(rows)]

    return signature, _emit_tile(code)


@intrinsic(prefer_literal=True)
def repeat(_: Any, value: Any, rows: Any, columns: Any) -> Any:
    """A tile of rows x columns times the same vector."""
    count = rows.literal_value * columns.literal_value
    signature = types.UniTuple(types.vector, count)(types.vector, rows, columns)
    return signature, _emit_tile(lambda builder, args: [args[0]] * count)


@intrinsic(prefer_literal=True)
def repeat_row(_: Any, base: Any, rows: Any, columns: Any) -> Any:
    """A tile whose every row is the `columns` vectors that lie at `base`: where a sum starts, at the bias."""
    height, width = rows.literal_value, columns.literal_value
    signature = types.UniTuple(types.vector, height * width)(types.int64, rows, columns)

    def code(builder: Any, args: Any) -> list[Any]:
        row = [_load(builder, _plus(builder, args[0], VECTOR_BYTES * column)) for column in range(width)]
        return row * height

    return signature, _emit_tile(code)


@intrinsic(prefer_literal=True)
def load_tile(_: Any, rows: Any, columns: Any, stride: Any) -> Any:
    """The tile whose row i lies at rows[i], its vectors `stride` bytes apart."""
    height, width = rows.count, columns.literal_value
    signature = types.UniTuple(types.vector, height * width)(rows, columns, types.int64)

    def code(builder: Any, args: Any) -> list[Any]:
        return [_load(builder, at) for at in _tile_addresses(builder, args[0], width, args[2])]

    return signature, _emit_tile(code)


@intrinsic
def store_tile(_: Any, tile: Any, rows: Any, stride: Any) -> Any:
    """Write a tile, row i at rows[i], its vectors `stride` bytes apart."""
    width = tile.count // rows.count

    def code(builder: Any, args: Any) -> None:
        places = _tile_addresses(builder, args[1], width, args[2])
        for value, place in zip(_cgutils.unpack_tuple(builder, args[0]), places, strict=True):
            builder.store(value, _pointer(builder, place, types.VECTOR), align=4)

    return types.void(tile, rows, types.int64), _emit_effect(code)


@intrinsic(prefer_literal=True)
def multiply_add(_: Any, tile: Any, pixels: Any, offset: Any, weights: Any, channels: Any) -> Any:
    """tile[i][v] + the sum over c < channels of (number c at pixels[i] + offset) * (vector [c][v] at `weights`).

    The whole of the engine's arithmetic in its inner loop: `columns` vector loads and rows x columns fused
    multiply-adds a channel. Each number is broadcast from memory, which on x86 is part of the multiply-add.
    """
    depth, height = channels.literal_value, pixels.count
    width = tile.count // height

    def code(builder: Any, args: Any) -> list[Any]:
        sums = _cgutils.unpack_tuple(builder, args[0])
        starts = [builder.add(pixel, args[2]) for pixel in _cgutils.unpack_tuple(builder, args[1])]
        for channel in range(depth):
            first = channel * width
            row = [_load(builder, _plus(builder, args[3], VECTOR_BYTES * (first + v)), 64) for v in range(width)]
            for i in range(height):
                number = builder.load(_pointer(builder, _plus(builder, starts[i], 4 * channel), types.FLOAT), align=4)
                value = _splat(builder, number)
                for v in range(width):
                    sums[i * width + v] = _multiply_add(builder, value, row[v], sums[i * width + v])
        return sums

    return tile(tile, pixels, types.int64, types.int64, channels), _emit_tile(code)


@intrinsic
def add_tiles(_: Any, a: Any, b: Any) -> Any:
    """The sum of two tiles."""

    def code(builder: Any, args: Any) -> list[Any]:
        pairs = zip(*(_cgutils.unpack_tuple(builder, tile) for tile in args), strict=True)
        return [builder.fadd(x, y) for x, y in pairs]

    return a(a, b), _emit_tile(code)


@intrinsic
def clamp_tile(_: Any, tile: Any, low: Any, high: Any) -> Any:
    """Each number of a tile, held between two vectors; NaN stays NaN."""

    def code(builder: Any, args: Any) -> list[Any]:
        low, high = args[1:]
        return [_smaller(builder, _larger(builder, x, low), high) for x in _cgutils.unpack_tuple(builder, args[0])]

    return tile(tile, types.vector, types.vector), _emit_tile(code)


# ---- between lanes


@intrinsic
def plane_addresses(_: Any, base: Any, stride: Any, count: Any, spare: Any) -> Any:
    """(base, base + stride, ...), one a lane; from number `count` on, `spare`."""
    integer = types.int64

    def code(builder: Any, args: Any) -> list[Any]:
        base, stride, count, spare = args
        found: list[Any] = []
        for lane in range(LANES):
            number = ir.Constant(types.INT64, lane)
            there = builder.icmp_signed("<", number, count)
            found.append(builder.select(there, builder.add(base, builder.mul(stride, number)), spare))
        return found

    return types.UniTuple(integer, LANES)(integer, integer, integer, integer), _emit_tile(code)


@intrinsic
def transpose(_: Any, tile: Any) -> Any:
    """16 vectors with rows and lanes exchanged: in step s, for each bit s of the two numbers (Eklundh 1972)."""

    def code(builder: Any, args: Any) -> list[Any]:
        rows = _cgutils.unpack_tuple(builder, args[0])
        for bit in (1, 2, 4, 8):
            low = _shuffle_mask([lane if not lane & bit else LANES + lane - bit for lane in range(LANES)])
            high = _shuffle_mask([lane + bit if not lane & bit else LANES + lane for lane in range(LANES)])
            for at in (row for row in range(LANES) if not row & bit):
                a, b = rows[at], rows[at + bit]
                rows[at], rows[at + bit] = builder.shuffle_vector(a, b, low), builder.shuffle_vector(a, b, high)
        return rows

    return tile(tile), _emit_tile(code)


@intrinsic
def gather(_: Any, base: Any, table: Any) -> Any:
    """The 16 numbers at base + table[0], ..., `table` being the address of int32 offsets."""

    def code(builder: Any, args: Any) -> Any:
        value = ir.Constant(types.VECTOR, ir.Undefined)
        for lane in range(LANES):
            at = builder.add(args[0], _load_int32(builder, _plus(builder, args[1], 4 * lane)))
            number = builder.load(_pointer(builder, at, types.FLOAT), align=4)
            value = builder.insert_element(value, number, ir.Constant(types.INT32, lane))
        return value

    return types.vector(types.int64, types.int64), _emit(code)


intersect = _binary(lambda builder, a, b: _bitwise(builder, "and_", a, b), "intersect", "The bits that both have.")
unite = _binary(lambda builder, a, b: _bitwise(builder, "or_", a, b), "unite", "The bits that either has.")


# ---- a row: neighbouring positions of a map, one vector each, as a tile


@intrinsic(prefer_literal=True)
def load_row(_: Any, base: Any, count: Any, step: Any) -> Any:
    """The `count` vectors that lie `step` bytes apart from `base` on."""
    signature = types.UniTuple(types.vector, count.literal_value)(types.int64, count, types.int64)

    def code(builder: Any, args: Any) -> list[Any]:
        return [_load(builder, _stepped(builder, args[0], args[2], at)) for at in range(count.literal_value)]

    return signature, _emit_tile(code)


@intrinsic
def store_row(_: Any, tile: Any, base: Any) -> Any:
    """Write the vectors of a tile one behind the other."""

    def code(builder: Any, args: Any) -> None:
        for at, value in enumerate(_cgutils.unpack_tuple(builder, args[0])):
            builder.store(value, _pointer(builder, _plus(builder, args[1], VECTOR_BYTES * at), types.VECTOR), align=4)

    return types.void(tile, types.int64), _emit_effect(code)


@intrinsic(prefer_literal=True)
def multiply_add_row(_: Any, tile: Any, base: Any, step: Any, weights: Any, taps: Any) -> Any:
    """tile[i] + the sum over t < taps of (vector at base + i * step + t * 64) * (vector t at `weights`)."""
    signature = tile(tile, types.int64, types.int64, types.int64, taps)

    def code(builder: Any, args: Any) -> list[Any]:
        sums = _cgutils.unpack_tuple(builder, args[0])
        for tap in range(taps.literal_value):
            weight = _load(builder, _plus(builder, args[3], VECTOR_BYTES * tap), 64)
            start = _plus(builder, args[1], VECTOR_BYTES * tap)
            for at, total in enumerate(sums):
                sums[at] = _multiply_add(builder, _load(builder, _stepped(builder, start, args[2], at)), weight, total)
        return sums

    return signature, _emit_tile(code)


@intrinsic
def scale_row(_: Any, tile: Any, factor: Any, factors: Any) -> Any:
    """Each vector of a tile times `factor`, and a float32 of its own; these lie one behind the other at `factors`."""

    def code(builder: Any, args: Any) -> list[Any]:
        places = [_pointer(builder, _plus(builder, args[2], 4 * at), types.FLOAT) for at in range(tile.count)]
        own = [_splat(builder, builder.load(place, align=4)) for place in places]
        pairs = zip(_cgutils.unpack_tuple(builder, args[0]), own, strict=True)
        return [builder.fmul(x, builder.fmul(args[1], y)) for x, y in pairs]

    return tile(tile, types.vector, types.int64), _emit_tile(code)


@intrinsic
def max_tiles(_: Any, a: Any, b: Any) -> Any:
    """The larger of each two numbers; NaN where either is."""

    def code(builder: Any, args: Any) -> list[Any]:
        pairs = zip(*(_cgutils.unpack_tuple(builder, tile) for tile in args), strict=True)
        return [_largest(builder, x, y) for x, y in pairs]

    return a(a, b), _emit_tile(code)


def _slide(combine: Callable[[Any, Any, Any], Any], name: str, meaning: str) -> Any:
    def slide(_: Any, row: Any, count: Any, taps: Any, stride: Any) -> Any:
        windows, width, step = count.literal_value, taps.literal_value, stride.literal_value

        def code(builder: Any, args: Any) -> list[Any]:
            values = _cgutils.unpack_tuple(builder, args[0])
            tops = [at * step for at in range(windows)]
            return [functools.reduce(functools.partial(combine, builder), values[at : at + width]) for at in tops]

        return types.UniTuple(types.vector, windows)(row, count, taps, stride), _emit_tile(code)

    slide.__name__ = slide.__qualname__ = name
    slide.__doc__ = meaning
    return intrinsic(prefer_literal=True)(slide)


slide_add = _slide(
    lambda builder, a, b: builder.fadd(a, b),
    "slide_add",
    "`count` windows over a row, `stride` vectors apart: the sum of the `taps` vectors of each.",
)
slide_max = _slide(lambda builder, a, b: _largest(builder, a, b), "slide_max", "The same for the larger, or NaN.")


# ---- numbers in memory, and what threads share


@intrinsic(prefer_literal=True)
def prefetch(_: Any, address: Any, rows: Any, columns: Any) -> Any:
    """Ask for the rows x columns vectors from an address on, which need not be there."""
    count = rows.literal_value * columns.literal_value

    def code(builder: Any, args: Any) -> None:
        byte = ir.IntType(8).as_pointer()
        name = "llvm.prefetch.p0i8"
        kind = ir.FunctionType(types.VOID, [byte, types.INT32, types.INT32, types.INT32])
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name=name)
        read, keep, data = (ir.Constant(types.INT32, number) for number in (0, 3, 1))
        for line in range(count):
            at = builder.inttoptr(_plus(builder, args[0], VECTOR_BYTES * line), byte)
            builder.call(function, [at, read, keep, data])

    return types.void(types.int64, rows, columns), _emit_effect(code)


@intrinsic
def load_float(_: Any, address: Any) -> Any:
    """The float32 at an address."""

    def code(builder: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], types.FLOAT), align=4)

    return types.float32(types.int64), _emit(code)


@intrinsic
def store_float(_: Any, address: Any, value: Any) -> Any:
    """Write a float32."""

    def code(builder: Any, args: Any) -> None:
        builder.store(args[1], _pointer(builder, args[0], types.FLOAT), align=4)

    return types.void(types.int64, types.float32), _emit_effect(code)


@intrinsic
def load_int32(_: Any, address: Any) -> Any:
    """The int32 at an address, as int64."""
    return types.int64(types.int64), _emit(lambda builder, args: _load_int32(builder, args[0]))


@intrinsic
def load_int64(_: Any, address: Any) -> Any:
    """The int64 at an address, seen at once when another thread writes it (acquire)."""

    def code(builder: Any, args: Any) -> Any:
        return builder.load_atomic(_pointer(builder, args[0], types.INT64), "acquire", 8)

    return types.int64(types.int64), _emit(code)


@intrinsic
def store_int64(_: Any, address: Any, value: Any) -> Any:
    """Write an int64 so that other threads see all that was written before it (release)."""

    def code(builder: Any, args: Any) -> None:
        builder.store_atomic(args[1], _pointer(builder, args[0], types.INT64), "release", 8)

    return types.void(types.int64, types.int64), _emit_effect(code)


def _atomic(operation: str, name: str, meaning: str) -> Any:
    def atomic(_: Any, address: Any, value: Any) -> Any:
        def code(builder: Any, args: Any) -> Any:
            return builder.atomic_rmw(operation, _pointer(builder, args[0], types.INT64), args[1], "seq_cst")

        return types.int64(types.int64, types.int64), _emit(code)

    atomic.__name__ = atomic.__qualname__ = name
    atomic.__doc__ = meaning
    return intrinsic(atomic)


fetch_add = _atomic("add", "fetch_add", "Add to the int64 at an address; what it was before.")
exchange = _atomic("xchg", "exchange", "Put an int64 at an address; what was there before.")


@intrinsic
def call_kernel(_: Any, kernel: Any, arguments: Any, chunk: Any, scratch: Any) -> Any:
    """Call the compiled kernel at an address."""

    def code(builder: Any, args: Any) -> None:
        kind = ir.FunctionType(types.VOID, [types.INT64] * 3)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return types.void(*[types.int64] * 4), _emit_effect(code)


@intrinsic
def call_yield(_: Any, function: Any) -> Any:
    """Call the system's function at an address that gives the processor to another thread."""

    def code(builder: Any, args: Any) -> None:
        kind = ir.FunctionType(types.INT32, [])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [])

    return types.void(types.int64), _emit_effect(code)


@intrinsic
def relax(_: Any) -> Any:
    """Tell the processor that this thread spins."""

    def code(builder: Any, args: Any) -> None:
        if builder.module.triple.startswith(("x86", "i686", "i386")):
            name = "llvm.x86.sse2.pause"
            known = builder.module.globals.get(name)
            builder.call(known or ir.Function(builder.module, ir.FunctionType(types.VOID, []), name=name), [])

    return types.void(), _emit_effect(code)


# ---- LLVM


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _plus(builder: Any, address: Any, offset: int) -> Any:
    return builder.add(address, ir.Constant(types.INT64, offset)) if offset else address


def _load(builder: Any, address: Any, align: int = 4) -> Any:
    return builder.load(_pointer(builder, address, types.VECTOR), align=align)


def _stepped(builder: Any, address: Any, step: Any, count: int) -> Any:
    return builder.add(address, builder.mul(step, ir.Constant(types.INT64, count)))


def _load_int32(builder: Any, address: Any) -> Any:
    return builder.sext(builder.load(_pointer(builder, address, types.INT32), align=4), types.INT64)


def _splat(builder: Any, number: Any) -> Any:
    nothing = ir.Constant(types.VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(types.INT32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(types.INT32, LANES), [0] * LANES))


def _splat_int(builder: Any, number: Any) -> Any:
    kind = ir.VectorType(types.INT32, LANES)
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, builder.trunc(number, types.INT32), ir.Constant(types.INT32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(kind, [0] * LANES))


def _bits_and_root(builder: Any, value: Any) -> tuple[Any, Any]:
    """The bits of a vector's numbers, and those of sqrt(1/2)."""
    kind = ir.VectorType(types.INT32, LANES)
    return builder.bitcast(value, kind), ir.Constant(kind, [0x3F3504F3] * LANES)


def _reduce(builder: Any, value: Any, combine: Callable[[Any, Any], Any]) -> Any:
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


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return _llvm(builder, "fma", [a, b, c])


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """The same, but rounded twice where there is no instruction for it: for long sums, that must be fast everywhere."""
    return _llvm(builder, "fmuladd", [a, b, c])


def _llvm(builder: Any, operation: str, args: Any) -> Any:
    """Call one of LLVM's own functions on vectors."""
    name = f"llvm.{operation}.v{LANES}f32"  # llvmlite's declare_intrinsic cannot name vector types
    known = builder.module.globals.get(name)
    function = known or ir.Function(
        builder.module, ir.FunctionType(types.VECTOR, [types.VECTOR] * len(args)), name=name
    )
    return builder.call(function, args)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), b, a)


def _largest(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_unordered("uno", b, b), b, _larger(builder, a, b))


def _smaller(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), b, a)


def _shuffle_mask(lanes: list[int]) -> Any:
    return ir.Constant(ir.VectorType(types.INT32, LANES), lanes)


def _bitwise(builder: Any, operation: str, a: Any, b: Any) -> Any:
    bits = ir.VectorType(types.INT32, LANES)
    return builder.bitcast(
        getattr(builder, operation)(builder.bitcast(a, bits), builder.bitcast(b, bits)), types.VECTOR
    )


def _tile_addresses(builder: Any, rows: Any, width: int, stride: Any) -> list[Any]:
    """Where each vector of a tile lies, row by row."""
    steps = [builder.mul(stride, ir.Constant(types.INT64, v)) for v in range(width)]
    return [builder.add(row, step) for row in _cgutils.unpack_tuple(builder, rows) for step in steps]
