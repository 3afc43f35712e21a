"""A vector that is still a map: what Flatten gives, until somebody needs its numbers in their order."""

from __future__ import annotations

from cnncalc.engine.kernels.movement import Reorder
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.value import LANES, Value
from cnncalc.graph import Node


class Flattened(Value):
    """The features of `map` in row-major order, nowhere in memory. A Linear layer packs its weights to fit instead."""

    def __init__(self, name: str, map: Value) -> None:
        features = map.channels
        for size in map.shape[1:]:
            features *= size
        super().__init__(name, (features,), map.batch)
        self.map = map
        self.in_order: Value | None = None
        """The numbers in their order, once somebody needed them."""


def flatten(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a Flatten: nothing where the result is a vector."""
    if len(node.output_shape) > 1:
        return draft.add(Reorder(node.name, inputs[0], draft.value(node)))
    return inputs[0] if len(inputs[0].shape) == 1 else Flattened(node.name, inputs[0])


def settled(draft: Draft, value: Value) -> Value:
    """Return a value whose numbers lie in their order."""
    if not isinstance(value, Flattened):
        return value
    if value.in_order is None:
        value.in_order = _in_order(draft, value)
    return value.in_order


def _in_order(draft: Draft, value: Flattened) -> Value:
    vector = Value(value.name, value.shape, value.batch)
    if value.map.size == (1, 1, 1) and value.map.lanes == LANES:
        vector.parent = value.map
        return vector
    return draft.add(Reorder(value.name, value.map, vector))
