"""A plan that is being written, node by node: what the builders of layer types add their operations to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnncalc.engine.plan.operation import Array, Operation
from cnncalc.engine.plan.value import Value
from cnncalc.graph import Node
from cnncalc.text import Shape


class Unsupported(Exception):
    """Raised by a builder for arguments that its kernels do not cover: the node then runs on the reference kernel."""


class Draft:
    """A plan that is being written. Builders add operations to it, in an order in which they could run."""

    def __init__(self, weights: Mapping[str, Array], batch: int) -> None:
        self.batch = batch
        self.operations: list[Operation] = []
        self.weights = weights
        self.taken: dict[str, dict[str, Shape]] = {}
        """The shapes of the tensors that builders took, by node and short name."""

    def tensor(self, node: Node, name: str) -> Array:
        """Return a parameter or buffer of a node by its short name, `weight`."""
        array = self.weights[f"{node.name}.{name}"]
        self.taken.setdefault(node.name, {})[name] = array.shape
        return array

    def has_tensor(self, node: Node, name: str) -> bool:
        """Whether the node has such a tensor."""
        return f"{node.name}.{name}" in self.weights

    def value(self, node: Node, shape: Shape | None = None, suffix: str = "") -> Value:
        """Return a new blocked value for the node's result, or, with a suffix, for something on the way to it."""
        return Value(node.name + suffix, node.output_shape if shape is None else shape, self.batch)

    def add(self, operation: Operation) -> Value:
        """Append an operation; return its output."""
        self.operations.append(operation)
        return operation.output


Builder = Callable[[Draft, Node, list[Value]], Value]
"""Adds what computes a node from its inputs' values; returns the value that is its result."""
