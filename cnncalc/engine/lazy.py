"""What of Numba is needed only to compile, put off until then: a run whose kernels are all in the cache never loads it.

Modules are imported when something of them is first asked for. Functions that kernels call are noted where they are
defined, and registered with Numba before a kernel is compiled; for their callers they are plain functions all along.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

_registrations: list[Callable[[], object]] = []


class Later:
    """A module that is imported when something of it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def before_compiling(register: Callable[[], object]) -> None:
    """Have something done before the next kernel is compiled."""
    _registrations.append(register)


def register_all() -> None:
    """Do what was put off. To be called before a kernel is compiled, by one thread at a time."""
    while _registrations:
        _registrations[0]()
        del _registrations[0]


def intrinsic(definition: Any = None, *, prefer_literal: bool = False) -> Any:
    """Mark a function that makes LLVM code, as `numba.extending.intrinsic` does; kernels call it by its name."""
    if definition is None:
        return functools.partial(intrinsic, prefer_literal=prefer_literal)

    def register() -> None:
        templates: Any = import_module("numba.core.typing.templates")
        made = templates.make_intrinsic_template(
            definition, definition, definition.__name__, prefer_literal=prefer_literal
        )
        templates.infer_global(definition, import_module("numba").types.Function(made))

    before_compiling(register)
    return definition
