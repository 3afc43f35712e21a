"""Weights to the network: each tensor that inference reads, by full name and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.reference.operation import Array, shaped
from cnncalc.engine.tensors import misshapen, tensor_shapes
from cnncalc.graph import Graph
from cnncalc.text import Shape, say, shape_text

MOST_NAMED = 12
"""Tensors without use that are named; of another network's file it would be hundreds."""


class Matched(NamedTuple):
    """The tensors the network needs, by full name, and the names in the file that it has no use for."""

    weights: dict[str, Array]
    extra: list[str]


def match(graph: Graph, tensors: Mapping[str, Array], dtype: npt.DTypeLike = np.float32) -> Matched:
    """Pick the tensors that inference needs by full name and shape, as `dtype`.

    Sizes of 1 do not tell shapes apart: the weight of a Linear is that of a 1x1 convolution, as in ConvNeXt, whose
    LayerScale is a bare parameter (C, 1, 1) under the layer's own name.
    Raises CnncalcError with a diagnostic for each tensor that is missing (E608), has another shape (E609) or is not of
    floating point (E604). PyTorch's batch counters and the tensors of train-only heads are not called extra.
    """
    wrong: list[Diagnostic] = []
    weights: dict[str, Array] = {}
    shapes = tensor_shapes(graph)
    taken: set[str] = set()
    for name, shape in shapes.items():
        stored = _stored_as(name, tensors)
        taken.add(stored)
        problem = _problem(stored, shape, tensors)
        if problem:
            wrong.append(problem)
        else:
            weights[name] = shaped(np.ascontiguousarray(tensors[stored], dtype), *shape)
    extra = [name for name in tensors if name not in taken and not _unused_in_inference(graph, name)]
    if wrong:
        raise CnncalcError([*wrong, *extra_tensors(extra)])
    return Matched(weights, extra)


def _stored_as(name: str, tensors: Mapping[str, Array]) -> str:
    """Return the name under which the file has a tensor: its own, or for a bare parameter the layer's."""
    bare = name.removesuffix(".weight")
    return bare if name not in tensors and bare in tensors else name


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def extra_tensors(extra: Sequence[str]) -> list[Diagnostic]:
    """Return the warning for tensors that the network has no use for, none where there are none."""
    if not extra:
        return []
    message = say(
        "the weights hold {count} tensors that the network does not have: {names}",
        count=len(extra),
        names=", ".join(extra[:MOST_NAMED]) + (", ..." if len(extra) > MOST_NAMED else ""),
    )
    if all(name.startswith("module.") for name in extra):
        help = say("their names start with module., as DataParallel writes them: save model.module.state_dict()")
    else:
        help = say("they are not used; is it this network's file?")
    return [Diagnostic("W610", message, help=help)]


def _problem(name: str, shape: Shape, tensors: Mapping[str, Array]) -> Diagnostic | None:
    if name not in tensors:
        return Diagnostic(
            "E608", say("the weights have no tensor {name} ({shape})", name=name, shape=shape_text(shape))
        )
    found = tensors[name]
    if _without_ones(found.shape) != _without_ones(shape):
        return misshapen("E609", name, found.shape, shape)
    if found.dtype.kind != "f":
        message = say("tensor {name} holds {dtype}, and floating point is needed", name=name, dtype=found.dtype)
        return Diagnostic("E604", message, help=say("quantized weights must be turned back into float32 first"))
    return None


def _unused_in_inference(graph: Graph, name: str) -> bool:
    node, _, short = name.rpartition(".")
    side = {node.name for head in graph.heads if head.train_only for node in head.nodes}
    return short == "num_batches_tracked" or node in side
