"""The decorator of every kernel: compiled by Numba at the first call for each element type, and kept on disk."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from cnncalc.engine.cache import cache_state, give_up, wipe
from cnncalc.text import say

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
    folder = cache_state().folder
    if folder is not None:
        try:
            # What enable_caching() does, with our folder and our guard in place of its own.
            dispatcher._cache = _guarded_cache(numba, function, folder)
        except Exception as error:  # no source on disk (a frozen program), or another Numba
            give_up(str(error))
    return dispatcher


def _guarded_cache(numba: Any, function: Callable[..., Any], folder: Path) -> Any:
    """Return Numba's cache for `function` below `folder`, which a damaged entry or a full disk cannot break."""
    caching: Any = import_module("numba.core.caching")
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        cache: Any = caching.FunctionCache(function)
    finally:
        numba.config.CACHE_DIR = before
    if not Path(cache.cache_path).is_relative_to(folder):
        raise OSError(say("{folder} cannot be written to", folder=folder))
    return _Guard(cache, folder)


class _Guard:
    """Numba's cache of one function. What cannot be read is wiped and compiled anew; what cannot be written is left."""

    wiped: ClassVar[set[Path]] = set()

    def __init__(self, cache: Any, folder: Path) -> None:
        self.cache = cache
        self.folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cache, name)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the kept code, or None where there is none or it is damaged (pickle raises almost anything)."""
        try:
            return self.cache.load_overload(signature, target)
        except Exception as error:
            if self.folder in self.wiped:
                self._stop(error)
            else:
                self.wiped.add(self.folder)
                wipe(self.folder)
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep the code if that can be done."""
        try:
            self.cache.save_overload(signature, compiled)
        except Exception as error:
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        self.cache.disable()
        give_up(f"{type(error).__name__}: {error}")
