"""From a kernel's Python function to machine code as bytes, and from such bytes to an address.

Numba types the function and makes LLVM code of it; of the result only one C function is kept, with what it calls:
`void f(int64 arguments, int64 chunk, int64 scratch)`. That is a self-contained object file, as a linker would take it,
without a trace of Python. To load one takes LLVM's own loader and a tenth of a millisecond; Numba, whose first use
costs a quarter of a second, is needed only to compile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.lazy import register_all
from cnncalc.text import say

_FLAGS = {"nopython": True, "error_model": "numpy"}
"""Division as in IEEE 754. Nothing raises, since nobody would hear of it."""
_COUNTING = "NRT_"
"""How the functions begin that count references to Python's arrays; Numba adds them to everything."""
_ABSENT = (_COUNTING, "numba", "Py")
"""How the functions begin that are there only once Numba is loaded, or have no place in a kernel."""
_lock = threading.Lock()


def compile_object(function: Callable[..., None], row: np.dtype[Any], symbol: str) -> bytes:
    """Return the object file of a kernel whose arguments are a row of this dtype; `symbol` names its function.

    Raises CnncalcError (E760) where Numba was told not to compile.
    """
    compiler: Any = import_module("numba.core.compiler")
    target: Any = import_module("numba.core.registry").cpu_target
    numba: Any = import_module("numba")
    if numba.config.DISABLE_JIT:
        message = say("NUMBA_DISABLE_JIT is set, and the fast engine cannot run without compiling")
        raise CnncalcError([Diagnostic("E760", message, help=say("unset it"))])
    flags = compiler.Flags()
    target.options.parse_as_flags(flags, _FLAGS)
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
    types = numba.types
    arguments = (types.CPointer(numba.from_dtype(row)), types.int64, types.int64)
    with import_module("numba.core.compiler_lock").global_compiler_lock:
        register_all()
        made = compiler.compile_extra(
            target.typing_context, target.target_context, function, arguments, types.void, flags, {}
        )
        made.library.add_ir_module(_entry(target.target_context, made.fndesc, symbol))
        made.library.finalize()
        return _stripped(made.library.get_llvm_str(), target.target_context.codegen(), symbol)


def _entry(context: Any, described: Any, symbol: str) -> Any:
    """Return LLVM code for the C function, which calls the kernel as Numba's functions are called."""
    ir: Any = import_module("llvmlite.ir")
    module = context.create_module("entry")
    kernel_type = context.call_conv.get_function_type(described.restype, described.argtypes)
    kernel = ir.Function(module, kernel_type, described.llvm_func_name)
    parameters = [context.get_value_type(kind) for kind in described.argtypes]
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), parameters), symbol)
    builder = ir.IRBuilder(entry.append_basic_block())
    context.call_conv.call_function(builder, kernel, described.restype, described.argtypes, entry.args)
    builder.ret_void()
    return module


def _stripped(code: str, codegen: Any, symbol: str) -> bytes:
    """Return the object file of optimised LLVM code, with one symbol to be seen and none missing."""
    binding = _binding()
    module = binding.parse_assembly(code)
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = "available_externally" if function.name.startswith(_COUNTING) else "internal"
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    called = _called(module)
    missing = {name for name in called if name.startswith(_ABSENT) or not binding.address_of_symbol(name)}
    if missing:  # LLVM ends the process when it loads code of which something is missing
        raise RuntimeError(f"{symbol} calls {', '.join(sorted(missing))}, which is not there when it is loaded")
    return bytes(codegen._tm.emit_object(module))


def _called(module: Any) -> Iterator[str]:
    """Yield the names of what is called from outside of the code that will be emitted."""
    outside = {function.name for function in module.functions if _is_outside(function)}
    for function in module.functions:
        if function.is_declaration or function.name in outside:
            continue
        for block in function.blocks:
            for instruction in block.instructions:
                if instruction.opcode == "call":
                    yield from outside & {operand.name for operand in instruction.operands}


def _is_outside(function: Any) -> bool:
    return not function.name.startswith("llvm.") and (function.is_declaration or function.name.startswith(_COUNTING))


def load_object(code: bytes, symbol: str) -> int:
    """Return the address of the function that an object file names `symbol`. It stays loaded; load it only once."""
    with _lock:
        engine = _engine()
        engine.add_object_file(_binding().ObjectFileRef.from_data(code))
        engine.finalize_object()
        return int(engine.get_function_address(symbol))


@cache
def _binding() -> Any:
    """Return LLVM, ready to make and load code for this processor."""
    binding: Any = import_module("llvmlite.binding")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@cache
def _engine() -> Any:
    """Return the loader, which owns the memory of all that is loaded."""
    binding = _binding()
    machine = binding.Target.from_triple(binding.get_process_triple()).create_target_machine()
    return binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
