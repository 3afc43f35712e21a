"""Weights to the network: each tensor that inference reads, by full name and shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

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


def match(graph: Graph, tensors: Mapping[str, npt.ArrayLike], dtype: npt.DTypeLike = np.float32) -> Matched:
    """Pick the tensors that inference needs by full name and shape, as `dtype`.

    Sizes of 1 do not tell shapes apart: the weight of a Linear is that of a 1x1 convolution, as in ConvNeXt, whose
    LayerScale is a bare parameter (C, 1, 1) under the layer's own name.
    What NumPy makes an array of will do: lists of numbers, the tensors of PyTorch. Raises CnncalcError with a
    diagnostic for each tensor that is missing (E608), has another shape (E609), is not of floating point (E604) or no
    array (E774), and where there is no mapping of names (E773). PyTorch's batch counters and the tensors of train-only
    heads are not called extra.
    """
    _check_names(tensors)
    wrong: list[Diagnostic] = []
    weights: dict[str, Array] = {}
    shapes = tensor_shapes(graph)
    taken: set[str] = set()
    for name, shape in shapes.items():
        stored = _stored_as(name, tensors)
        taken.add(stored)
        if stored not in tensors:
            message = say("the weights have no tensor {name} ({shape})", name=stored, shape=shape_text(shape))
            wrong.append(Diagnostic("E608", message))
            continue
        found = _array(stored, tensors[stored])
        problem = found if isinstance(found, Diagnostic) else _problem(stored, shape, found)
        if problem:
            wrong.append(problem)
        else:
            weights[name] = shaped(np.ascontiguousarray(found, dtype), *shape)
    extra = [name for name in tensors if name not in taken and not _unused_in_inference(graph, name)]
    if wrong:
        raise CnncalcError([*wrong, *extra_tensors(extra)])
    return Matched(weights, extra)


def _check_names(tensors: object) -> None:
    """Raise CnncalcError (E773) for what is no mapping of names, before it is looked into."""
    if not isinstance(tensors, Mapping):
        kind = type(tensors).__name__
        message = say("the weights are a {kind}, and a mapping of names to arrays is needed", kind=kind)
    else:
        names = cast(Iterable[object], tensors)
        name = next((name for name in names if not isinstance(name, str)), None)
        if name is None:
            return
        message = say("the weights have {name} for a name, and names are texts", name=repr(name))
    help = say("write {example}, as state_dict() has it", example='{"conv1.weight": array, "conv1.bias": array}')
    raise CnncalcError([Diagnostic("E773", message, help=help)])


def _array(name: str, given: npt.ArrayLike) -> Array | Diagnostic:
    """Return a tensor as an array, or what is wrong with it. Whole numbers in lists are numbers like others."""
    way_out = say("give an array of float32; of a tensor of PyTorch, tensor.detach().float()")
    try:
        array: Array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # the last from PyTorch, of a tensor that has a gradient
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        message = say("tensor {name} is no array of numbers: {reason}", name=name, reason=reason)
        return Diagnostic("E774", message, help=way_out)
    if array.dtype.kind in "biufc" or hasattr(given, "dtype"):
        return array.astype(np.float64) if isinstance(given, list | tuple) and array.dtype.kind in "iu" else array
    message = say("tensor {name} is a {kind}, and an array of numbers is needed", name=name, kind=type(given).__name__)
    return Diagnostic("E774", message, help=way_out)


def _stored_as(name: str, tensors: Mapping[str, object]) -> str:
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


def _problem(name: str, shape: Shape, found: Array) -> Diagnostic | None:
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
