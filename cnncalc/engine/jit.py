"""The decorator of every kernel: compiled by Numba at the first call for each element type, and kept on disk."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

from cnncalc.engine.cache_entries import drop_entry, entry_name, read_entry, write_entry

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile `function` when it is first called. It must be at the top of a module, and only index, never allocate.

    Division follows IEEE 754 as in PyTorch (1/0 is inf), and other threads run meanwhile.
    """
    return cast(Function, _Kernel(function))


class _Kernel:
    """Stands in for a function until it is called, so that a module of kernels imports without Numba."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.dispatcher: Any = None

    def __call__(self, *arguments: Any) -> Any:
        if self.dispatcher is None:
            self.dispatcher = _compiling(self.function)
        return self.dispatcher(*arguments)


def _compiling(function: Callable[..., Any]) -> Any:
    numba: Any = import_module("numba")
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _Kept(function)  # where enable_caching() puts Numba's own
    return dispatcher


class _Kept:
    """The compiled variants of one function in our cache, as Numba asks for them."""

    cache_path = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def _entry(self, signature: Any) -> str:
        function = self._function
        return entry_name(function.__qualname__, function.__module__, str(signature))

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the kept code, or None where there is none.

        Numba's cache first has all that Numba can compile registered, a tenth of a second; what is already compiled
        asks only for its runtime.
        """
        name = self._entry(signature)
        content = read_entry(name)
        if content is None:
            return None
        try:
            import_module("numba.core.runtime").rtsys.initialize(target)
            result: Any = import_module("numba.core.compiler").CompileResult
            return result._rebuild(target, *pickle.loads(content))
        except Exception:  # whole, but not what this Numba can read: pickle raises almost anything
            drop_entry(name)
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep the code if that can be done."""
        if compiled.lifted or compiled.library.has_dynamic_globals:
            return
        serialize: Any = import_module("numba.core.serialize")
        write_entry(self._entry(signature), serialize.dumps(compiled._reduce()))
