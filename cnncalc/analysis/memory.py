"""Bytes: of each output, of the parameters, alive at once in execution order, and kept to train."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import NamedTuple

from cnncalc.analysis.parameters import Held
from cnncalc.graph import INPUT, Graph
from cnncalc.lifetimes import Lifetime, peak_of
from cnncalc.text import Shape

BITS = {"float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}
"""Bits a number, by dtype."""

OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2}
"""Numbers an optimizer keeps for each parameter: none; a velocity; two moments (Kingma and Ba 2015)."""


class Training(NamedTuple):
    """Bytes to train, train-only heads included: parameters, as many gradients, optimizer states, kept activations.

    `kept_activations` is the input and every layer's output, which backpropagation needs. `total` is by optimizer.
    """

    gradients: int
    optimizer: dict[str, int]
    kept_activations: int
    total: dict[str, int]


class Memory(NamedTuple):
    """Bytes, for a batch and a dtype. Each tensor is rounded up to whole bytes on its own.

    `activations`: of each node's output. `peak` is the most alive at once while the network runs (parameters apart):
    a node's inputs, its output, and what later nodes still need; `peak_at` is the node where.
    """

    activations: dict[str, int]
    parameters: int
    buffers: int
    peak: int
    peak_at: str
    training: Training


def memory(graph: Graph, held: Mapping[str, Held], *, batch: int = 1, dtype: str = "float32") -> Memory:
    """Return the memory of a graph, whose nodes hold `held`. `dtype` is a key of BITS; KeyError for another."""
    bits = BITS[dtype]
    activations = {node.name: tensor_bytes(node.output_shape, bits, batch) for node in graph.every_node()}
    entering = tensor_bytes(graph.input_shape, bits, batch)
    executed = [node.name for node in graph.executed]
    stored = _sum((held[name].parameters for name in executed), bits)
    peak, peak_at = peak_live(graph, activations, entering)
    trained = _sum((held[node.name].parameters for node in graph.every_node()), bits)
    kept = entering + sum(activations.values())
    states = {name: count * trained for name, count in OPTIMIZER_STATES.items()}
    total = {name: 2 * trained + kept + size for name, size in states.items()}
    return Memory(
        activations=activations,
        parameters=stored,
        buffers=_sum((held[name].buffers for name in executed), bits),
        peak=peak,
        peak_at=peak_at,
        training=Training(trained, states, kept, total),
    )


def tensor_bytes(shape: Shape, bits: int, batch: int = 1) -> int:
    """Return the bytes of one tensor."""
    return -(-prod(shape) * batch * bits // 8)


def _sum(tensors: Iterable[Mapping[str, Shape]], bits: int) -> int:
    return sum(tensor_bytes(shape, bits) for group in tensors for shape in group.values())


def peak_live(graph: Graph, activations: Mapping[str, int], entering: int) -> tuple[int, str]:
    """Return the most bytes alive at once, and the node during which they are."""
    names = [INPUT, *(node.name for node in graph.executed)]
    first = {name: max(0, at - 1) for at, name in enumerate(names)}
    last = dict(first)
    for at, node in enumerate(graph.executed):
        last.update(dict.fromkeys(node.inputs, at))
    last.update(dict.fromkeys(graph.outputs, len(names)))
    sizes = {INPUT: entering, **activations}
    peak, step = peak_of(Lifetime(sizes[name], first[name], last[name]) for name in names)
    return peak, graph.executed[step].name
