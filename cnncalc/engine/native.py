"""The plan's kernels: plain Python functions, compiled to C functions when first needed, and kept on disk.

A kernel takes the address of its arguments (one row of a structured dtype, so that it reads them by name), the number
of the chunk to do, and the address of this thread's scratch memory. Variants, such as tiles of several sizes, are made
by a factory whose parameters are ints: Numba takes them as constants, and they are part of the compiled code's name.

    @functools.cache
    def scale(columns: int) -> Native:
        @native(ROW)
        def kernel(arguments, chunk, scratch):
            row = fields(arguments)
            ...
        return kernel
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from cnncalc.engine.cache_entries import entry_name, has_entry, read_entry, write_entry
from cnncalc.engine.lazy import Later, before_compiling, intrinsic
from cnncalc.engine.object_code import compile_object, load_object

_extending: Any = Later("numba.extending")


def inlined(function: Any) -> Any:
    """Mark a function that kernels call; it is compiled within each of them."""
    before_compiling(lambda: _extending.register_jitable(function))
    return function


def specialised(function: Any) -> Any:
    """Mark such a function whose int arguments are sizes of tiles: it is compiled anew for each constant."""

    def chosen(*args: Any, **names: Any) -> Any:
        return function

    before_compiling(lambda: _extending.overload(function, strict=False, prefer_literal=True)(chosen))
    return function


Kernel = Callable[[Any, int, int], None]
OnCompile = Callable[[str, int, int], None]

C_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
"""Makes a Python function of a kernel's address, one that lets go of Python's lock while it runs."""

_ENGINE = "cnncalc.engine."
_lock = threading.RLock()
_loaded: dict[str, int] = {}
_numbers = itertools.count()


def native(row: np.dtype[Any]) -> Callable[[Kernel], Native]:
    """Make a kernel of a function whose arguments are rows of this structured dtype."""
    return lambda function: Native(function, row)


class Native:
    """A kernel that is compiled, or loaded from the cache, when its address is first asked for."""

    def __init__(self, function: Kernel, row: np.dtype[Any]) -> None:
        self.function = function
        self.row = row
        self._address: int | None = None

    @functools.cached_property
    def name(self) -> str:
        """What it is for its readers: its file and factory, such as `direct.convolve(columns=4, rows=6, unroll=4)`."""
        captured = [f"{name}={_shown(value)}" for name, value in _captured(self.function)]
        file = self.function.__module__.rpartition(".")[2]
        return f"{file}.{_title(self.function)}" + (f"({', '.join(captured)})" if captured else "")

    @functools.cached_property
    def entry(self) -> str:
        """The name of its entry in the cache, and of its symbol."""
        return entry_name(self.name, _identity(self.function), repr(self.row), self.row.itemsize)

    @functools.cached_property
    def is_kept(self) -> bool:
        """Whether the cache may keep it: if all of it is in the engine, whose sources the cache follows."""
        return all(str(part.__module__).startswith(_ENGINE) for part in _functions(self.function))

    @property
    def is_loaded(self) -> bool:
        """Whether its machine code is in memory."""
        return self._address is not None

    @property
    def is_ready(self) -> bool:
        """Whether it can be had without compiling."""
        return self.is_loaded or (self.is_kept and has_entry(self.entry))

    @property
    def address(self) -> int:
        """Where the compiled code is."""
        if self._address is None:
            with _lock:
                if self._address is None:
                    self._address = _machine_code(self)
        return self._address


@intrinsic
def fields(_: Any, arguments: Any) -> Any:
    """The row whose address a kernel was given: each field is read when it is named."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return arguments.dtype(arguments), code


def _machine_code(kernel: Native) -> int:
    """Load a kernel from the cache, or compile and keep it."""
    if not kernel.is_kept:
        symbol = f"{kernel.entry}.{next(_numbers)}"  # its name tells little: functions of tests may share theirs
        return load_object(compile_object(kernel.function, kernel.row, symbol), symbol)
    if kernel.entry not in _loaded:
        code = read_entry(kernel.entry)
        if code is None:
            code = compile_object(kernel.function, kernel.row, kernel.entry)
            write_entry(kernel.entry, code)
        _loaded[kernel.entry] = load_object(code, kernel.entry)
    return _loaded[kernel.entry]


def compile_all(kernels: Iterable[Native], on_compile: OnCompile | None = None) -> int:
    """Have all these kernels in memory; return how many had to be compiled.

    `on_compile(name, number, count)` is told before each of those which it is and how many there are. One after the
    other: Numba compiles in one thread at a time. A second process would nearly halve the wait, which comes once for
    each kernel on a machine; that is not worth starting, instructing and ending it.
    """
    wanted = {kernel.entry: kernel for kernel in kernels if not kernel.is_loaded}.values()
    missing = [kernel for kernel in wanted if not kernel.is_ready]
    for number, kernel in enumerate(missing, 1):
        if on_compile:
            on_compile(kernel.name, number, len(missing))
        _ = kernel.address
    for kernel in wanted:
        _ = kernel.address
    return len(missing)


def _captured(function: Any) -> list[tuple[str, Any]]:
    """Return what of the factory a kernel uses, its parameters above all, by name."""
    cells = function.__closure__ or ()
    return [(name, cell.cell_contents) for name, cell in zip(function.__code__.co_freevars, cells, strict=True)]


def _functions(function: Any) -> Iterator[Any]:
    """Yield a function and those it captures."""
    yield function
    if isinstance(function, FunctionType):
        for _, value in _captured(function):
            if callable(value):
                yield from _functions(value)


def _title(function: Any) -> str:
    """Name a function by its factory; one that a module holds itself, by its own name."""
    return str(function.__qualname__).removesuffix(".<locals>.kernel").replace(".<locals>", "")


def _shown(value: Any) -> str:
    return _title(value) if callable(value) else str(value)


def _identity(value: Any) -> str:
    """Return what tells a captured value from others. Raises TypeError for what no kernel may capture."""
    if isinstance(value, FunctionType):
        held = [(name, _identity(each)) for name, each in _captured(value)]
        return f"{value.__module__}.{value.__qualname__} {held}"
    if callable(value) and hasattr(value, "__qualname__"):  # of Python's own, such as len
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, tuple):
        return str([_identity(each) for each in cast(tuple[Any, ...], value)])
    if isinstance(value, int | float | str | np.number):
        return f"{type(cast(object, value)).__name__} {value}"
    raise TypeError(f"a kernel may capture numbers and functions, not {value!r}")


def row(kind: np.dtype[Any], **values: Any) -> npt.NDArray[Any]:
    """Return one row of arguments, every field given by name. Raises ValueError where one is missing or unknown."""
    if set(values) != set(kind.names or ()):
        raise ValueError(f"fields {sorted(set(values) ^ set(kind.names or ()))} are missing or unknown")
    made = np.zeros(1, kind)
    for name, value in values.items():
        made[name] = value
    return made
