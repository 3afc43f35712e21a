"""How many fused multiply-adds a second this machine can do: what a network's speed is a share of.

Independent sums in registers, and nothing else: each sum waits for itself, so there are more of them than the processor
can have under way. They start from unlike numbers, else the compiler would make one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from cnncalc.engine.native import C_FUNCTION, Native, fields, native, row
from cnncalc.engine.simd.emit import LANES
from cnncalc.engine.simd.vector import add, broadcast, fma, load, multiply, store, subtract

ROW = np.dtype([("loops", "i8"), ("result", "i8")])
"""How often to go round, and the address of the vector that the sums start from and end in."""

_LOOPS = 1_000_000


@native(ROW)
def few(arguments: Any, chunk: int, scratch: int) -> None:
    """5 sums in registers: with AVX2, where a vector is two, 10 chains, and 8 are needed to keep two units busy."""
    row = fields(arguments)
    x = broadcast(np.float32(0.5))
    a = load(row.result)
    b, c, d, e = add(a, x), subtract(a, x), multiply(x, x), x
    for _ in range(row.loops):
        a, b, c, d, e = fma(a, x, x), fma(b, x, x), fma(c, x, x), fma(d, x, x), fma(e, x, x)
    store(row.result, add(add(add(a, b), add(c, d)), e))


@native(ROW)
def many(arguments: Any, chunk: int, scratch: int) -> None:
    """10 sums in registers, for processors where a vector is one register."""
    row = fields(arguments)
    x = broadcast(np.float32(0.5))
    a = load(row.result)
    b, c, d, e = add(a, x), subtract(a, x), multiply(x, x), x
    f, g, h, i, j = add(b, d), add(b, x), subtract(c, d), subtract(c, x), add(d, x)
    for _ in range(row.loops):
        a, b, c, d, e = fma(a, x, x), fma(b, x, x), fma(c, x, x), fma(d, x, x), fma(e, x, x)
        f, g, h, i, j = fma(f, x, x), fma(g, x, x), fma(h, x, x), fma(i, x, x), fma(j, x, x)
    store(row.result, add(add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h))), add(i, j)))


_SUMS = ((few, 5), (many, 10))
KERNELS = (few, many)
"""All of this file."""


def peak(threads: int, rounds: int = 20) -> float:
    """Return the most multiply-adds a second that so many threads together reached, each on its own registers."""
    with ThreadPoolExecutor(threads) as pool:
        return max(_rate(pool, threads, kernel, sums) for _ in range(rounds) for kernel, sums in _SUMS)


def call(kernel: Native) -> Callable[[int, int, int], None]:
    """Return a kernel as a Python function, which lets go of Python's lock while it runs."""
    return C_FUNCTION(kernel.address)


def _rate(pool: ThreadPoolExecutor, threads: int, kernel: Native, sums: int) -> float:
    results = np.zeros((threads, LANES), np.float32)
    rows = [row(ROW, loops=_LOOPS, result=result.ctypes.data) for result in results]
    run = call(kernel)
    start = time.perf_counter()
    for done in [pool.submit(run, one.ctypes.data, 0, 0) for one in rows]:
        done.result()
    spent = time.perf_counter() - start
    return threads * sums * LANES * _LOOPS / spent
