"""The types that kernels compute with, as Numba names them (small letters) and as LLVM does (capitals).

Importing this loads Numba, so that nothing but `simd` should, and only to compile.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cnncalc.engine.simd.emit import LANES

# Numba and llvmlite carry no types; named through import_module, everything of theirs is Any.
ir: Any = import_module("llvmlite.ir")
types: Any = import_module("numba").types
extending: Any = import_module("numba.extending")

UniTuple: Any = types.UniTuple
void: Any = types.void
float32: Any = types.float32
int64: Any = types.int64

VOID: Any = ir.VoidType()
FLOAT: Any = ir.FloatType()
INT32: Any = ir.IntType(32)
INT64: Any = ir.IntType(64)
VECTOR: Any = ir.VectorType(FLOAT, LANES)


class VectorType(types.Type):
    """16 float32 in registers."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")  # pyright: ignore[reportUnknownMemberType]


vector = VectorType()


@extending.register_model(VectorType)
class _VectorModel(extending.models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, VECTOR)  # pyright: ignore[reportUnknownMemberType]
