"""Weights and inputs for a run when nobody gives any: random by a stated rule, or written in the spec.

Each tensor is drawn from a generator of its own, seeded by the user's seed and the CRC-32 of the tensor's full name, so
that a layer more or less changes no other tensor. The rule, by the tensor's short name:

- `weight` of a convolution or Linear: normal, standard deviation sqrt(2 / fan_in) (He et al. 2015)
- `weight` of normalisations and LayerScale, and `running_var`: uniform from 0.5 to 1.5
- `weight` of PReLU: uniform from 0 to 0.5
- `bias` and `running_mean`: normal, standard deviation 0.1
- the input: standard normal
"""

from __future__ import annotations

import zlib
from math import prod, sqrt

import numpy as np
import numpy.typing as npt

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.reference.operation import Array
from cnncalc.graph import INPUT, Graph, Nested, Node
from cnncalc.layers.layer_norm import LayerScale
from cnncalc.layers.norm import Normalisation
from cnncalc.text import Shape, say, shape_text


def tensor_shapes(graph: Graph) -> dict[str, Shape]:
    """Return the full names and shapes of all parameters and buffers that inference reads, in order."""
    return {
        f"{node.name}.{name}": shape
        for node in graph.executed
        for name, shape in (node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes)).items()
    }


def random_weights(graph: Graph, seed: int = 0, dtype: npt.DTypeLike = np.float32) -> dict[str, Array]:
    """Return a tensor for each parameter and buffer by its full name; those written in the spec as they are written."""
    weights: dict[str, Array] = {}
    for node in graph.executed:
        shapes = node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes)
        for name, shape in shapes.items():
            full = f"{node.name}.{name}"
            weights[full] = _draw(node, name, shape, _generator(seed, full)).astype(dtype, copy=False)
    return weights | inline_weights(graph, dtype)


def random_input(graph: Graph, batch: int = 1, seed: int = 0, dtype: npt.DTypeLike = np.float32) -> Array:
    """Return an input (batch, *input_shape), the one written in the spec (repeated) where there is one."""
    if INPUT in graph.tensors:
        one = _array(INPUT, graph.tensors[INPUT], graph.input_shape, dtype)
        return np.repeat(one[None], batch, axis=0)
    return _generator(seed, INPUT).standard_normal((batch, *graph.input_shape)).astype(dtype)


def inline_weights(graph: Graph, dtype: npt.DTypeLike = np.float32) -> dict[str, Array]:
    """Return the tensors written in the spec that inference reads, the input apart.

    Raises CnncalcError, with an entry for each one whose name the network does not have (E601) or whose shape differs
    (E602).
    """
    shapes = tensor_shapes(graph)
    train_only = tuple(f"{node.name}." for head in graph.heads if head.train_only for node in head.nodes)
    found: dict[str, Array] = {}
    wrong: list[Diagnostic] = []
    for name, nested in graph.tensors.items():
        if name == INPUT or name.startswith(train_only):
            continue
        try:
            if name not in shapes:
                raise CnncalcError([Diagnostic("E601", say("the network has no tensor {name}", name=name))])
            found[name] = _array(name, nested, shapes[name], dtype)
        except CnncalcError as error:
            wrong += error.diagnostics
    if wrong:
        raise CnncalcError(wrong)
    return found


def _array(name: str, nested: Nested, shape: Shape, dtype: npt.DTypeLike) -> Array:
    """Make an array of nested lists of numbers, whose shape must be `shape`."""
    try:
        array = np.array(nested, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        message = say("tensor {name} is not a table of numbers with rows of one length", name=name)
        raise CnncalcError([Diagnostic("E602", message)]) from error
    if array.shape != shape:
        raise CnncalcError([misshapen("E602", name, array.shape, shape)])
    return array


def misshapen(code: str, name: str, got: Shape, wanted: Shape) -> Diagnostic:
    """Return the error for a tensor whose shape is not what its name asks for."""
    message = say(
        "tensor {name} is {got}, and the network needs {wanted}",
        name=name,
        got=shape_text(got) or say("a single number"),
        wanted=shape_text(wanted),
    )
    return Diagnostic(code, message)


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _draw(node: Node, name: str, shape: Shape, generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw in single precision always, so that a run in double precision has the same weights."""
    if name in ("bias", "running_mean"):
        return generator.standard_normal(shape, np.float32) * np.float32(0.1)
    if name == "running_var" or isinstance(node.layer, Normalisation | LayerScale):
        return generator.random(shape, np.float32) + np.float32(0.5)
    if node.type == "PReLU":
        return generator.random(shape, np.float32) * np.float32(0.5)
    return generator.standard_normal(shape, np.float32) * np.float32(sqrt(2 / prod(shape[1:])))
