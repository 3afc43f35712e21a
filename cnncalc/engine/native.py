"""The plan's kernels: plain Python functions, compiled to C functions when a plan first needs them.

A kernel takes the address of its arguments (one row of a structured dtype, so that it reads them by name), the number of
the chunk to do, and the address of this thread's scratch memory. Variants, such as tiles of several sizes, are made by
a factory whose parameters are ints: Numba takes them as constants, and they are part of the compiled code's name.

    @functools.cache
    def scale(columns: int) -> Native:
        @native(ROW)
        def kernel(arguments, chunk, scratch):
            row = carray(arguments, 1)[0]
            ...
        return kernel
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

numba: Any = import_module("numba")
carray: Any = numba.carray
inlined: Any = import_module("numba.extending").register_jitable
"""Marks a function that kernels call; it is compiled within each of them."""


def specialised(function: Any) -> Any:
    """Mark such a function whose int arguments are sizes of tiles: it is compiled anew for each constant."""
    extending: Any = import_module("numba.extending")
    extending.overload(function, strict=False, prefer_literal=True)(lambda *args, **names: function)
    return function


Kernel = Callable[[Any, int, int], None]


def native(row: np.dtype[Any]) -> Callable[[Kernel], Native]:
    """Make a kernel of a function whose arguments are rows of this structured dtype."""
    return lambda function: Native(function, row)


class Native:
    """A kernel that is compiled, or loaded from the cache, when its address is first asked for."""

    def __init__(self, function: Kernel, row: np.dtype[Any]) -> None:
        self.function = function
        self.row = row
        self._compiled: Any = None

    @property
    def address(self) -> int:
        """Where the compiled code is."""
        if self._compiled is None:
            types = numba.types
            arguments = types.CPointer(numba.from_dtype(self.row))
            signature = types.void(arguments, types.int64, types.int64)
            self._compiled = numba.cfunc(signature, nogil=True, error_model="numpy")(self.function)
        return int(self._compiled.address)


def row(kind: np.dtype[Any], **values: Any) -> npt.NDArray[Any]:
    """Return one row of arguments, with every field given by name. Raises ValueError where one is missing or unknown."""
    if set(values) != set(kind.names or ()):
        raise ValueError(f"fields {sorted(set(values) ^ set(kind.names or ()))} are missing or unknown")
    made = np.zeros(1, kind)
    for name, value in values.items():
        made[name] = value
    return made
