"""What the processor offers, as Numba sees it, and the register tiles that suit it."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any, NamedTuple


class Target(NamedTuple):
    """An instruction set. `tiles`: rows of pixels for 1, 2, ... columns of 16 output channels in registers.

    A tile's sums, one row of weights and one broadcast number must fit into the registers, else the inner loop spends
    its time on the stack: with AVX-512 32 registers hold a vector of 16 each, with AVX2 16 hold half a one.
    """

    name: str
    tiles: dict[int, int]

    @property
    def columns(self) -> int:
        """The most columns of a tile."""
        return max(self.tiles)


AVX512 = Target("AVX-512", {1: 8, 2: 7, 3: 7, 4: 6})
AVX2 = Target("AVX2", {1: 6})
PLAIN = Target("plain", {1: 3})


@functools.cache
def target() -> Target:
    """Return what this process compiles for. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES, read by Numba, choose another."""
    registry: Any = import_module("numba.core.registry")
    _, _, features = registry.cpu_target.target_context.codegen().magic_tuple()
    have = set(str(features).split(","))
    if "+avx512f" in have:
        return AVX512
    return AVX2 if {"+avx2", "+fma"} <= have else PLAIN
