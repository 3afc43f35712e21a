"""Execute a graph layer by layer, and record what really happened: shapes, multiply-adds, tensors, live memory."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from cnncalc.engine.reference.operation import Array, Done, Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.text import Shape


class Step(NamedTuple):
    """One node as it ran. Counts are for one input of the batch."""

    node: Node
    shape: Shape
    """Of the array that came out, without the batch axis."""
    mac: int
    """Multiply-adds that the loops made, those with padded zeros included."""
    padded_mac: int
    """How many of them met a padded zero."""
    held: dict[str, Shape]
    """The tensors that the kernel read, by their short names."""
    seconds: float


class Execution(NamedTuple):
    """What a run leaves: the arrays of `graph.outputs`, a record of each node, and the most bytes alive at once."""

    outputs: dict[str, Array]
    steps: list[Step]
    peak_bytes: int


def execute(
    graph: Graph,
    x: Array,
    weights: Mapping[str, Array],
    *,
    before_step: Callable[[Node], None] | None = None,
    after_step: Callable[[Step, Array], None] | None = None,
) -> Execution:
    """Run `graph.executed` in order on `x` (N, *input_shape), float32 or float64, with tensors as `conv1.weight`.

    Each layer's result is an array of its own, dropped when the last layer that needs it has run. While a layer runs,
    its inputs, its output and all that is needed later are alive: `peak_bytes` is the most of these at once, for the
    whole batch, measured from the arrays' lives. Weights, and the padded copy a convolution reads, are not in it.

    Raises KeyError for a missing tensor and ValueError for one of another shape; see `interop.weights.match`.
    """
    if tuple(x.shape[1:]) != graph.input_shape or not x.shape[0]:
        raise ValueError(f"the input is {x.shape}, and the network takes (N, {graph.input_shape})")
    memory = _LiveBytes()
    alive: dict[str, Array] = {INPUT: memory.watch(np.array(x, order="C"))}
    last_use = _last_uses(graph)
    steps: list[Step] = []
    for position, node in enumerate(graph.executed):
        if before_step:
            before_step(node)
        step, output = _run(node, [alive[name] for name in node.inputs], weights)
        alive[node.name] = memory.watch(output)
        steps.append(step)
        if after_step:
            after_step(step, output)
        del output
        for name in {*node.inputs, node.name}:
            if last_use.get(name, -1) <= position and name not in graph.outputs:
                alive.pop(name, None)
    return Execution({name: alive[name] for name in graph.outputs}, steps, memory.peak)


def _run(node: Node, inputs: list[Array], weights: Mapping[str, Array]) -> tuple[Step, Array]:
    tensors = Tensors(weights, node.name)
    start = time.perf_counter()
    done = OPERATIONS[node.type](node.layer, inputs, tensors)
    seconds = time.perf_counter() - start
    batch = inputs[0].shape[0]
    real, padded = _for_one(done, batch)
    return Step(node, done.output.shape[1:], real + padded, padded, tensors.taken, seconds), done.output


def _for_one(done: Done, batch: int) -> tuple[int, int]:
    """Divide the counts by the batch. Every input makes the same products, so it must come out even."""
    real, real_rest = divmod(int(done.real), batch)
    padded, padded_rest = divmod(int(done.padded), batch)
    if real_rest or padded_rest:
        raise AssertionError(f"{done.real} and {done.padded} multiply-adds do not divide by the batch of {batch}")
    return real, padded


def _last_uses(graph: Graph) -> dict[str, int]:
    return {name: position for position, node in enumerate(graph.executed) for name in node.inputs}


class _LiveBytes:
    """Counts the bytes of the watched arrays that are alive now, and the most there ever were."""

    def __init__(self) -> None:
        self.now = 0
        self.peak = 0

    def watch(self, array: Array) -> Array:
        """Count `array` until it dies. A view is counted by the array that owns its memory."""
        owner: Array = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        self._add(owner.nbytes)
        weakref.finalize(owner, self._add, -owner.nbytes)
        return array

    def _add(self, size: int) -> None:
        self.now += size
        self.peak = max(self.peak, self.now)
