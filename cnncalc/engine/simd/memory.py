"""Numbers in memory, and what threads share: atomic counters, calls through addresses, waiting."""

from __future__ import annotations

from typing import Any

from cnncalc.engine.lazy import Later, intrinsic
from cnncalc.engine.simd.emit import emit, emit_effect, int32_at, pointer

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")


@intrinsic
def load_float(_: Any, address: Any) -> Any:
    """The float32 at an address."""

    def code(builder: Any, args: Any) -> Any:
        return builder.load(pointer(builder, args[0], types.FLOAT), align=4)

    return types.float32(types.int64), emit(code)


@intrinsic
def store_float(_: Any, address: Any, value: Any) -> Any:
    """Write a float32."""

    def code(builder: Any, args: Any) -> None:
        builder.store(args[1], pointer(builder, args[0], types.FLOAT), align=4)

    return types.void(types.int64, types.float32), emit_effect(code)


@intrinsic
def load_int32(_: Any, address: Any) -> Any:
    """The int32 at an address, as int64."""
    return types.int64(types.int64), emit(lambda builder, args: int32_at(builder, args[0]))


@intrinsic
def load_int64(_: Any, address: Any) -> Any:
    """The int64 at an address, seen at once when another thread writes it (acquire)."""

    def code(builder: Any, args: Any) -> Any:
        return builder.load_atomic(pointer(builder, args[0], types.INT64), "acquire", 8)

    return types.int64(types.int64), emit(code)


@intrinsic
def store_int64(_: Any, address: Any, value: Any) -> Any:
    """Write an int64 so that other threads see all that was written before it (release)."""

    def code(builder: Any, args: Any) -> None:
        builder.store_atomic(args[1], pointer(builder, args[0], types.INT64), "release", 8)

    return types.void(types.int64, types.int64), emit_effect(code)


def _atomic(operation: str, name: str, meaning: str) -> Any:
    def atomic(_: Any, address: Any, value: Any) -> Any:
        def code(builder: Any, args: Any) -> Any:
            return builder.atomic_rmw(operation, pointer(builder, args[0], types.INT64), args[1], "seq_cst")

        return types.int64(types.int64, types.int64), emit(code)

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

    return types.void(*[types.int64] * 4), emit_effect(code)


@intrinsic
def call_yield(_: Any, function: Any) -> Any:
    """Call the system's function at an address that gives the processor to another thread."""

    def code(builder: Any, args: Any) -> None:
        kind = ir.FunctionType(types.INT32, [])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [])

    return types.void(types.int64), emit_effect(code)


@intrinsic
def relax(_: Any) -> Any:
    """Tell the processor that this thread spins."""

    def code(builder: Any, args: Any) -> None:
        if builder.module.triple.startswith(("x86", "i686", "i386")):
            name = "llvm.x86.sse2.pause"
            known = builder.module.globals.get(name)
            builder.call(known or ir.Function(builder.module, ir.FunctionType(types.VOID, []), name=name), [])

    return types.void(), emit_effect(code)
