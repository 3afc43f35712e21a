"""What becomes of a layer when channels before and after it go: its arguments, and which parts of its tensors stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncalc.graph import Node
from cnncalc.layers.axes import axis_of
from cnncalc.lighter.follow import depthwise

Kept = Sequence[int]
"""The original indices of the channels that stay, in order."""
Arguments = Mapping[str, object]


class Part(NamedTuple):
    """A part of a tensor: these rows (axis 0), and of them these columns (axis 1), all where None.

    What stays of a tensor are its parts, one below the other.
    """

    rows: Kept
    columns: Kept | None = None


Parts = Sequence[Part]


def nothing(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """No argument says how many channels there are."""
    return {}


def counted(name: str) -> Callable[[Node, Sequence[Kept], Kept], Arguments]:
    """Return the rule for a layer whose argument `name` is the number of its input's channels, and may be left out."""

    def arguments(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
        return {} if getattr(node.layer, name) is None else {name: len(inputs[0])}

    return arguments


def convolution(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """Channels in and out; a depthwise convolution has as many groups as channels."""
    groups = {"groups": len(inputs[0])} if depthwise(node) else {}
    return {**counted("in_channels")(node, inputs, output), "out_channels": len(output), **groups}


def linear(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """Features in and out."""
    return {**counted("in_features")(node, inputs, output), "out_features": len(output)}


def slopes(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """PReLU: one slope for all, or one a channel."""
    layer: Any = node.layer
    return {} if layer.num_parameters == 1 else {"num_parameters": len(output)}


def group_norm(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """As many groups, or one a channel where it was so."""
    layer: Any = node.layer
    single = layer.num_groups == node.input_shapes[0][0]
    groups = {"num_groups": len(output)} if single else {}
    return {**counted("num_channels")(node, inputs, output), **groups}


def normalized_shape(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """LayerNorm: the first size where it is that of the channels."""
    layer: Any = node.layer
    sizes: tuple[int, ...] | None = layer.normalized_shape
    if sizes is None or len(sizes) < len(node.input_shapes[0]):
        return {}
    return {"normalized_shape": (len(output), *sizes[1:])}


def unflattened_size(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """Unflatten: the first size where it is that of the channels; one that is -1 follows by itself."""
    layer: Any = node.layer
    sizes: tuple[int, ...] = layer.unflattened_size
    if axis_of(layer.dim, node.input_shapes[0]) != 0 or sizes[0] < 0:
        return {}
    return {"unflattened_size": (len(output), *sizes[1:])}


def slice_ends(node: Node, inputs: Sequence[Kept], output: Kept) -> Arguments:
    """Slice along the channels: as many before its start, and before its end, as stay there."""
    layer: Any = node.layer
    shape = node.input_shapes[0]
    if axis_of(layer.dim, shape) != 0 or len(inputs[0]) == shape[0]:
        return {}
    taken: range = layer.taken(shape)
    start = sum(at < taken.start for at in inputs[0])
    end = {} if layer.end is None else {"end": start + len(output)}
    return {"start": start, **end}


def none(node: Node, name: str, inputs: Sequence[Kept], output: Kept) -> Parts | None:
    """The tensor stays whole."""
    return None


def rows(node: Node, name: str, inputs: Sequence[Kept], output: Kept) -> Parts | None:
    """A row for each channel; a tensor with one for all channels, or none for them, stays whole."""
    shape = (node.layer.parameters(node.input_shapes) | node.layer.buffers(node.input_shapes))[name]
    return [Part(output)] if shape[0] == node.output_shape[0] > 1 else None


def layer_norm_rows(node: Node, name: str, inputs: Sequence[Kept], output: Kept) -> Parts | None:
    """A row for each channel, where the statistics are over these too."""
    layer: Any = node.layer
    sizes: tuple[int, ...] | None = layer.normalized_shape
    return None if sizes is not None and len(sizes) < len(node.input_shapes[0]) else [Part(output)]


def filters(node: Node, name: str, inputs: Sequence[Kept], output: Kept) -> Parts | None:
    """`weight` (out, in/groups, ...): for each group, its outputs' rows and its inputs' columns; `bias` (out)."""
    if name != "weight":
        return [Part(output)]
    groups = getattr(node.layer, "groups", 1)
    return grouped_parts(output, node.output_shape[0], inputs[0], node.input_shapes[0][0], groups)


def transposed_filters(node: Node, name: str, inputs: Sequence[Kept], output: Kept) -> Parts | None:
    """`weight` (in, out/groups, ...): for each group, its inputs' rows and its outputs' columns; `bias` (out)."""
    if name != "weight":
        return [Part(output)]
    groups = getattr(node.layer, "groups", 1)
    return grouped_parts(inputs[0], node.input_shapes[0][0], output, node.output_shape[0], groups)


def grouped_parts(rows: Kept, row_count: int, columns: Kept, column_count: int, groups: int) -> Parts:
    """Return the parts of a weight whose rows of a group meet that group's columns only, numbered within it."""
    height, width = row_count // groups, column_count // groups
    own_rows: list[list[int]] = [[] for _ in range(groups)]
    own_columns: list[list[int]] = [[] for _ in range(groups)]
    for row in rows:
        own_rows[row // height].append(row)
    for column in columns:
        own_columns[column // width].append(column % width)
    return [Part(*part) for part in zip(own_rows, own_columns, strict=True) if part[0]]
