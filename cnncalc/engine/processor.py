"""The processor that Numba compiles for, found without loading Numba unless it is told to choose another."""

from __future__ import annotations

import functools
import os
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple


class Processor(NamedTuple):
    """A processor as LLVM names it. `features`: `+avx2,-avx512f,...`."""

    triple: str
    name: str
    features: str


def host() -> Processor:
    """Return the processor of this machine."""
    binding: Any = import_module("llvmlite.binding")
    return Processor(
        binding.get_process_triple(), binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    )


@functools.cache
def compiled_for() -> Processor:
    """Return what this process compiles for: this machine, unless NUMBA_CPU_NAME and the like choose another."""
    if not any("CPU" in setting or "AVX" in setting for setting in map(str.upper, numba_settings())):
        return host()
    registry: Any = import_module("numba.core.registry")
    return Processor(*registry.cpu_target.target_context.codegen().magic_tuple())


def numba_settings() -> list[str]:
    """Return what Numba is told, by variables such as NUMBA_OPT and by its file in the working folder."""
    told = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_")]
    file = Path(".numba_config.yaml")
    return [*told, file.read_text(errors="replace")] if file.is_file() else told
