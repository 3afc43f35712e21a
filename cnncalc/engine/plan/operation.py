"""What a plan consists of: an operation computes one value from others, in one or more steps of the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.engine.native import Native
from cnncalc.engine.plan.value import NO_MARGIN, Margin, Place, Value

Array = npt.NDArray[Any]


class Step(NamedTuple):
    """One row of the machine's table: a kernel, its arguments, and into how many chunks the threads may share it.

    `work`: about how many multiply-adds a chunk is worth; it decides after how much work Ctrl-C is looked for.
    `weights`: address and bytes of those it begins with, for the step before to ask for.
    """

    kernel: Native
    arguments: Array
    chunks: int
    work: int
    weights: tuple[int, int] = (0, 0)


class Memory:
    """Where values lie, once the arena exists, and the constants that rows point to, which it keeps alive."""

    def __init__(self, addresses: dict[Value, int], shared: dict[Operation, int]) -> None:
        self._addresses = addresses
        self._shared = shared
        self._constants: list[Array] = []

    def place(self, value: Value) -> Place:
        """Return where a value lies."""
        return value.place(self._addresses[value.root])

    def address(self, root: Value) -> int:
        """Return where the memory of a root value begins, its margin included."""
        return self._addresses[root]

    def shared(self, operation: Operation) -> int:
        """Return the address of the bytes an operation asked for with `shared_bytes`."""
        return self._shared[operation]

    def constant(self, array: Array) -> int:
        """Keep an array, such as packed weights, for as long as the plan lives; return its address, 64-byte aligned."""
        kept = aligned(array.shape, array.dtype)
        kept[...] = array
        return self.keep(kept)

    def keep(self, array: Array) -> int:
        """The same for an array that is aligned already."""
        self._constants.append(array)
        return int(array.ctypes.data)

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants."""
        return sum(array.nbytes for array in self._constants)


class Operation(ABC):
    """Computes `output` from `inputs`. `name` is the graph's node it stands for; `covers`, all nodes it does.

    Subclasses pack their weights when they are made or when `steps` is called, and give the machine its steps. Stages
    run one after the other; steps of a stage, and operations that do not need each other, run side by side.
    """

    stages = 1
    """How many phases it takes."""

    def __init__(self, name: str, inputs: Sequence[Value], output: Value) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.output = output
        self.covers: tuple[str, ...] = (name,)
        self.macs = 0
        """Multiply-adds of the definition, for the whole batch: what a profile divides by the time."""

    @property
    def reads(self) -> tuple[Value, ...]:
        """All values that must be ready: the inputs, and a residual where there is one."""
        return self.inputs

    def margins(self) -> tuple[Margin, ...]:
        """Return the zeros that must lie round each of the inputs."""
        return (NO_MARGIN,) * len(self.inputs)

    def scratch_bytes(self) -> int:
        """Return how much memory of its own a thread needs while it does a chunk."""
        return 0

    def shared_bytes(self) -> int:
        """Return how much memory is needed from the first stage to the last, by all threads together."""
        return 0

    def constant_bytes(self) -> int:
        """Return about how much memory packed weights and tables will take."""
        return 0

    @abstractmethod
    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the steps of each stage, for values that lie where `memory` says."""


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike = np.float32, boundary: int = 64) -> Array:
    """Return an array of zeros whose first byte lies on a boundary: a cache line, or a page."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    raw: Any = np.zeros(size + boundary, np.uint8)
    start = -int(raw.ctypes.data) % boundary
    whole: Array = raw[start : start + size].view(kind)
    return np.reshape(whole, shape)
