"""The weights of a lighter network: filters ranked and taken out, small weights set to zero, the rest rounded."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from cnncalc.analysis.memory import BITS
from cnncalc.graph import Graph, Node
from cnncalc.lighter import Lightened
from cnncalc.lighter.change import Parts
from cnncalc.lighter.rules import RULES

Array = npt.NDArray[Any]


def filter_norms(graph: Graph, weights: Mapping[str, Array]) -> dict[str, list[float]]:
    """Return the L1 norm of the filter of each output channel, for the layers that multiply weights and are run.

    Li et al. 2017 (arXiv 1608.08710), section 3.1: the sum of the absolute kernel weights; biases are not in it.
    """
    return {
        node.name: np.abs(by_output(node, weights[f"{node.name}.weight"])).sum(axis=1, dtype=np.float64).tolist()
        for node in graph.executed
        if RULES[node.type].multiplies
    }


def by_output(node: Node, weight: Array) -> Array:
    """Return a weight as (C_out, everything else). A transposed convolution has (C_in, C_out/groups, ...)."""
    if not node.type.startswith("ConvTranspose"):
        return np.reshape(weight, (weight.shape[0], -1))
    return np.reshape(np.swapaxes(_grouped(node, weight), 1, 2), (node.output_shape[0], -1))


def _grouped(node: Node, weight: Array) -> Array:
    """View a transposed convolution's weight as (groups, C_in/groups, C_out/groups, taps)."""
    layer: Any = node.layer
    groups: int = layer.groups
    return np.reshape(weight, (groups, weight.shape[0] // groups, weight.shape[1], prod(weight.shape[2:])))


def from_output(node: Node, rows: Array, weight: Array) -> Array:
    """Undo `by_output`: give back `rows` in the shape of `weight`."""
    if not node.type.startswith("ConvTranspose"):
        return np.reshape(rows, weight.shape)
    groups, inputs, outputs, taps = _grouped(node, weight).shape
    return np.reshape(np.swapaxes(np.reshape(rows, (groups, outputs, inputs, taps)), 1, 2), weight.shape)


def lighter_weights(graph: Graph, lightened: Lightened, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the tensors of the lighter network, made of those of the original `graph`.

    Channels are taken out, then in each pruned weight the elements of smallest magnitude are set to zero (of equal ones
    the first), then what multiplies is rounded and restored.
    """
    found: dict[str, Array] = {}
    smaller = {node.name: node for node in lightened.report.graph.executed}
    quantize = lightened.wishes.quantize
    for node in graph.executed:
        rule = RULES[node.type]
        inputs = [lightened.kept[name] for name in node.inputs]
        for name in node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes):
            full = f"{node.name}.{name}"
            tensor = taken(weights[full], rule.parts(node, name, inputs, lightened.kept[node.name]))
            tensor = smallest_zeroed(tensor, lightened.zeroed.get(full, 0))
            if quantize and rule.multiplies and name == "weight":
                one = lightened.wishes.scales == "per-tensor"
                tensor = rounded_weight(smaller[node.name], tensor, BITS[quantize], per_tensor=one)
            found[full] = tensor
    return found


def taken(tensor: Array, parts: Parts | None) -> Array:
    """Return what stays of a tensor: its parts, one below the other; all of it for None."""
    if parts is None:
        return tensor
    rows = (tensor[np.asarray(part.rows, np.intp)] for part in parts)
    pieces = [
        some if part.columns is None else some[:, np.asarray(part.columns, np.intp)]
        for some, part in zip(rows, parts, strict=True)
    ]
    return np.ascontiguousarray(np.concatenate(pieces))


def smallest_zeroed(tensor: Array, count: int) -> Array:
    """Return a tensor with its `count` elements of smallest magnitude set to zero, of equal ones the first."""
    if not count:
        return tensor
    flat = np.array(tensor).ravel()
    flat[np.argsort(np.abs(flat), kind="stable")[:count]] = 0
    return np.reshape(flat, tensor.shape)


def rounded_weight(node: Node, weight: Array, bits: int, *, per_tensor: bool) -> Array:
    """Return a weight rounded to integers of so many bits and restored, with a scale an output channel or one in all.

    Symmetric, with the range narrowed by one so that it is the same on both sides (Krishnamoorthi 2018, section 2.1,
    equation 9): scale = max |w| / (2^(bits - 1) - 1), w' = scale * round(w / scale), halves to the even number.
    """
    rows = by_output(node, weight)
    top = 2 ** (bits - 1) - 1
    largest = np.abs(rows).max(axis=None if per_tensor else 1, keepdims=True)
    scale = np.where(largest > 0, largest / top, 1)
    return from_output(node, np.asarray(np.rint(rows / scale) * scale, weight.dtype), weight)


def round_activation(values: Array, bits: int) -> None:
    """Round an activation to integers of so many bits and restore it, in place, with one scale and zero point.

    Affine (Jacob et al. 2018, section 3): the range is that of these values, widened to hold 0, so that 0 is exact;
    scale = (max - min) / (2^bits - 1), zero = round(-min / scale), x' = scale * (clip(round(x / scale) + zero) - zero).
    """
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if low == high:
        return
    top = 2**bits - 1
    scale = (high - low) / top
    zero = round(-low / scale)
    levels: Array = np.rint(values / scale) + zero
    values[...] = (np.minimum(np.maximum(levels, 0), top) - zero) * scale
