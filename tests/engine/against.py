"""One node by its builder's operations, against the definition in double precision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from alone import run_node
from networks import build

from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import Node


def node_of(kind: str, arguments: Mapping[str, object], shape: tuple[int, ...]) -> Node:
    return build(shape, ("node", kind, dict(arguments))).nodes[0]


def numbers(seed: int, shape: tuple[int, ...], middle: float = 0, deviation: float = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(middle, deviation, shape).astype(np.float32)


def tensors_of(node: Node) -> dict[str, np.ndarray]:
    shapes = node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes)
    tensors = {f"node.{name}": numbers(7, shape) for name, shape in shapes.items()}
    return {name: np.abs(tensor) if name.endswith("var") else tensor for name, tensor in tensors.items()}


def defined(node: Node, x: np.ndarray) -> np.ndarray:
    """The definition's output for x, in double precision."""
    exact = {name: tensor.astype(np.float64) for name, tensor in tensors_of(node).items()}
    return OPERATIONS[node.type](node.layer, [x.astype(np.float64)], Tensors(exact, "node")).output


def check(node: Node, x: np.ndarray, threads: int = 1, tolerance: float = 1e-6) -> None:
    expected = defined(node, x)
    got = run_node(node, [x], tensors_of(node), threads=threads)
    assert got.shape == expected.shape
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    known = np.isfinite(expected)
    assert np.array_equal(got[~known], expected[~known].astype(np.float32), equal_nan=True)
    largest = np.max(np.abs(expected[known]), initial=1e-30)
    assert np.max(np.abs(got[known] - expected[known]), initial=0) <= tolerance * largest
