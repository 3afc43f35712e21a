"""What a plan computes has the shapes that the layers state, and a plan that would compute others is found out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from networks import build, conv

from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.shapes import executed_shape, executed_shapes
from cnncalc.engine.tensors import random_weights
from cnncalc.graph import INPUT, Graph
from cnncalc.layers import LAYERS, layer_type

INPUTS = {"Add": 2, "Multiply": 2, "Concat": 3}


def every_form() -> Iterator[tuple[str, int, Graph]]:
    for kind in LAYERS:
        for at, sample in enumerate(layer_type(kind).samples()):
            if len(set(sample.inputs)) == 1:
                lines = [(f"in{one}", "Identity", {}, [INPUT]) for one in range(len(sample.inputs))]
                names = [line[0] for line in lines]
                yield kind, at, build(sample.inputs[0], *lines, ("layer", kind, sample.arguments, names))


FORMS = {f"{kind}/{at}": graph for kind, at, graph in every_form()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("fused", [True, False])
def test_every_form_of_every_layer_is_computed_as_it_is_stated(form, fused):
    graph = FORMS[form]
    shapes = executed_shapes(plan(graph, random_weights(graph), 3, fused=fused))
    assert shapes["layer"] == graph.nodes[-1].output_shape


def operations(kind: type[Operation]) -> Iterator[type[Operation]]:
    for one in kind.__subclasses__():
        yield one
        yield from operations(one)


def test_every_operation_has_a_rule():
    package = [one for one in operations(Operation) if one.__module__.startswith("cnncalc.")]
    assert len(package) > 15
    assert all(executed_shape.dispatch(one) is not executed_shape.dispatch(Operation) for one in package)


PARTS = build(
    (3, 20, 17),
    conv("conv1", 16, 3, padding=1),
    ("norm", "BatchNorm2d", {}),
    ("relu", "ReLU", {}),
    conv("left", 16, 3, ["relu"], padding=1),
    conv("right", 20, 1, ["relu"]),
    ("cat", "Concat", {}, ["left", "right"]),
    conv("back", 16, 5, ["cat"], padding=2),
    ("sum", "Add", {}, ["back", "relu"]),
    ("slice", "Slice", {"dim": 1, "start": 0, "end": 7}),
    ("drop", "Dropout", {"p": 0.5}),
    ("pool", "MaxPool2d", {"kernel_size": 3, "stride": 2}),
    ("flat", "Flatten", {}),
    ("fc", "Linear", {"out_features": 5}),
)
"""A residual, a concatenation in place, a view, a map read as a vector."""


@pytest.mark.parametrize("fused", [True, False])
def test_nodes_that_are_part_of_others_have_their_shapes_too(fused):
    shapes = executed_shapes(plan(PARTS, random_weights(PARTS), 2, fused=fused))
    assert {name: shapes[name] for name in shapes if name != INPUT} == {
        node.name: node.output_shape for node in PARTS.nodes
    }


@pytest.mark.parametrize(
    ("name", "stated"), [("conv1", (16, 21, 17)), ("right", (24, 20, 17)), ("fc", (6,)), ("back", (16, 20, 16))]
)
def test_a_wrong_shape_is_found_out(name, stated):
    """Of the node itself, whatever is stated of it."""
    nodes = [replace(node, output_shape=stated) if node.name == name else node for node in PARTS.nodes]
    true = next(node.output_shape for node in PARTS.nodes if node.name == name)
    wrong = replace(PARTS, nodes=tuple(nodes))
    assert executed_shapes(plan(wrong, random_weights(PARTS), 2, fused=False))[name] == true


def test_tensors_are_those_that_were_packed():
    made = plan(PARTS, random_weights(PARTS), 2)
    assert made.taken["right"] == {"weight": (20, 16, 1, 1), "bias": (20,)}
    assert set(made.taken["norm"]) == {"weight", "bias", "running_mean", "running_var"}
    assert "relu" not in made.taken
