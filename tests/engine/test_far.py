"""Offsets are int32: what lies further away than 2 GiB is refused, and no table wraps round.

A margin so wide that the second row of a map begins 2 GiB behind the first needs no memory to be planned.
"""

from __future__ import annotations

import numpy as np
import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.kernels.movement import CopyIn, CopyOut
from cnncalc.engine.plan.assemble import steps_of
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Array, Memory, Operation
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.value import LANES, PLAIN, Value
from cnncalc.graph import Node
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import Sample, create

BEHIND = {LANES: 1 << 25, PLAIN: 1 << 29}
"""Positions of 2 GiB."""
NEAR = 1 << 24
"""Bytes within which all of these small maps lie, where rows are not so far apart."""


class Tables(Memory):
    """Nowhere. It looks at each table: of an offset of 2 GiB and a little, an int32 would keep a negative number."""

    def constant(self, array: Array) -> int:
        if array.dtype == np.int32:
            assert np.abs(array.astype(np.int64)).max(initial=0) < NEAR, "a table has wrapped round"
        return super().constant(array)


def is_refused(operation: Operation) -> bool:
    """Whether an operation on maps with rows so far apart is refused; if not, all its tables must be right."""
    values = {*operation.reads, operation.output}
    for value in values:
        value.want_margin(((0, 0), (0, 0), (0, BEHIND[value.lanes])))
    try:
        steps_of(operation, Tables({value.root: 0 for value in values}, {operation: 0}))
    except CnncalcError as error:
        (problem,) = error.diagnostics
        assert problem.code == "E407" and operation.name in problem.message and problem.help
        return True
    return False


def operations_of(kind: str, sample: Sample) -> list[Operation]:
    layer = create(layer_type(kind), sample.arguments)
    names = tuple(f"in{at}" for at in range(len(sample.inputs)))
    node = Node("n", layer, names, tuple(sample.inputs), layer.output_shape(sample.inputs))
    held = layer.parameters(sample.inputs) | layer.buffers(sample.inputs)
    draft = Draft({f"n.{name}": np.ones(shape, np.float32) for name, shape in held.items()}, 1)
    BUILDERS[kind](draft, node, [Value(name, shape, 1) for name, shape in zip(names, sample.inputs, strict=True)])
    return draft.operations


@pytest.mark.parametrize("kind", LAYERS)
def test_no_table_of_any_layer_wraps_round(kind):
    for sample in layer_type(kind).samples():
        for operation in operations_of(kind, sample):
            is_refused(operation)


@pytest.mark.parametrize("kind", ["Conv2d", "ZeroPad2d", "ChannelShuffle", "Upsample", "PixelShuffle", "LayerNorm2d"])
def test_what_needs_a_table_is_refused(kind):
    assert any(map(is_refused, operations_of(kind, layer_type(kind).samples()[0])))


@pytest.mark.parametrize("lanes", [LANES, PLAIN])
def test_the_networks_own_input_and_output(lanes):
    for end in (CopyIn, CopyOut):
        assert is_refused(end("in", Value("x", (3, 2, 5), 1, lanes)))
        assert not is_refused(end("in", Value("x", (3, 1, 5), 1, LANES)))
