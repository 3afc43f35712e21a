"""A node that no kernel of the plan covers, run by the reference kernel between two phases of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnncalc.engine.plan.arrays import read, write
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.graph import Node
from cnncalc.text import Shape


class Fallback(Operation):
    """Calls Python, so it has no step in the table; `call` is to be run once everything it reads is ready."""

    def __init__(self, node: Node, inputs: Sequence[Value], output: Value, weights: Mapping[str, Array]) -> None:
        super().__init__(node.name, inputs, output)
        self.node = node
        self.taken: dict[str, Shape] = {}
        """The tensors that it read when it was called, by their short names."""
        self._weights = weights

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return no step."""
        return [[]]

    def call(self, memory: Memory, arena: Array) -> None:
        """Read the inputs from the arena, run the definition in float32, write the output."""
        from cnncalc.engine.reference.operations import OPERATIONS

        arrays = [read(value, memory, arena) for value in self.inputs]
        tensors = Tensors(self._weights, self.node.name)
        done = OPERATIONS[self.node.type](self.node.layer, arrays, tensors)
        self.taken = dict(tensors.taken)
        write(self.output, memory, arena, np.asarray(done.output, np.float32))
