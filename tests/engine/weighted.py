"""What the tests of convolutions, transposed convolutions and Linear layers share: samples, and the definition."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from alone import run_node
from networks import build

from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import Node
from cnncalc.layers import layer_type


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normal numbers, float32."""
    return rng.standard_normal(shape).astype(np.float32)


def check(y: np.ndarray, wanted: np.ndarray, largest: float | None = None) -> None:
    """Equal up to rounding, `largest` being the largest sum before it was clamped."""
    assert y.shape == wanted.shape
    assert np.abs(y - wanted).max() <= 2e-6 * max(1e-3, largest or np.abs(wanted).max())


def node_of(kind: str, shape: tuple[int, ...], arguments: Mapping[str, object]) -> Node:
    """A node of its own."""
    return build(shape, ("layer", kind, arguments)).nodes[0]


def check_node(node: Node, batch: int, *, lanes: int = 16, threads: int = 1) -> None:
    """The builder's operations against the definition in float64, on random numbers."""
    rng = np.random.default_rng(1)
    x = numbers(rng, batch, *node.input_shapes[0])
    weights = {
        f"layer.{name}": numbers(rng, *shape) for name, shape in node.layer.parameters(node.input_shapes).items()
    }
    doubles = {name: array.astype(np.float64) for name, array in weights.items()}
    wanted = OPERATIONS[node.type](node.layer, [x.astype(np.float64)], Tensors(doubles, "layer")).output
    check(run_node(node, [x], weights, lanes=[lanes], threads=threads), wanted)


def check_samples(kind: str) -> None:
    """All forms of a layer type's arguments."""
    for sample in layer_type(kind).samples():
        check_node(node_of(kind, sample.inputs[0], sample.arguments), 3)
