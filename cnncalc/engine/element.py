"""The arithmetic of one output element: which inputs it met, with which weights, and how they add up.

Traced in plain Python from the layer's windows, apart from the kernels, and set beside what the kernel computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.reference.operation import Array, flat
from cnncalc.engine.reference.upsampling import reads
from cnncalc.engine.run import Step, execute
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.conv import Conv
from cnncalc.layers.geometry import Window, Windows
from cnncalc.layers.linear import Linear
from cnncalc.layers.pool import AvgPool, MaxPool
from cnncalc.layers.reshape import ChannelShuffle
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.layers.upsample import Upsample
from cnncalc.text import Shape, say


class Patch(NamedTuple):
    """What one input channel gives: its window and kernel, rows of the last axis, their products and sum.

    `kernel` is empty where nothing is learned; `inside` tells padding from data, element for element.
    """

    channel: int
    window: list[list[float]]
    inside: list[list[bool]]
    kernel: list[list[float]]
    total: float


class Element(NamedTuple):
    """One output element: the patches and the bias it is made of, and the value that the kernel computed."""

    node: Node
    place: Shape
    patches: list[Patch]
    bias: float | None
    rule: str
    value: float


def trace(graph: Graph, name: str, index: Sequence[int], x: Array, weights: Mapping[str, Array]) -> Element:
    """Run the network up to node `name` on `x` (1, *input_shape) and take one element of its output apart.

    `index` is (c, y, x) in a feature map, (feature,) in a vector. Raises CnncalcError for one outside the output, and
    for a node of a train-only head.
    """
    part = replace(graph, nodes=graph.needed_for([name]), heads=())
    node = part.nodes[-1]
    if node not in graph.executed:
        message = say("{layer} is in a head that is train_only, which is not run", layer=name)
        raise CnncalcError([Diagnostic("E228", message, help=say("ask for its receptive_field, which needs no run"))])
    node.check_index(index)
    kept: dict[str, Array] = {INPUT: x}

    def keep(step: Step, output: Array) -> None:
        if step.node.name in (*node.inputs, name):
            kept[step.node.name] = output

    execute(part, x, weights, after_step=keep)
    entering = [kept[source][0] for source in node.inputs]
    value = float(kept[name][(0, *index)])
    patches, bias, rule = _parts(node, tuple(index), entering, weights)
    return Element(node, tuple(index), patches, bias, rule, value)


def _parts(
    node: Node, index: Shape, entering: list[Array], weights: Mapping[str, Array]
) -> tuple[list[Patch], float | None, str]:
    layer = node.layer
    if isinstance(layer, Conv):
        kernel = weights[f"{node.name}.weight"][index[0]]
        first = index[0] // (layer.out_channels // layer.groups) * kernel.shape[0]
        patches = [_patch(node, index, entering[0], first + at, kernel[at]) for at in range(kernel.shape[0])]
        return patches, _bias(node, index, weights), "sum"
    if isinstance(layer, ConvTranspose):
        share = layer.out_channels // layer.groups
        channels = entering[0].shape[0] // layer.groups
        group = range(index[0] // share * channels, (index[0] // share + 1) * channels)
        weight = weights[f"{node.name}.weight"]
        met = [_laid_patch(layer, index, entering[0], channel, weight[channel, index[0] % share]) for channel in group]
        return [patch for patch in met if patch.window], _bias(node, index, weights), "sum"
    if isinstance(layer, Linear):
        row = weights[f"{node.name}.weight"][index[0]]
        values = [float(value) for value in entering[0]]
        kernel_row = [float(weight) for weight in row]
        total = sum(value * weight for value, weight in zip(values, kernel_row, strict=True))
        return [Patch(0, [values], [[True] * len(values)], [kernel_row], total)], _bias(node, index, weights), "sum"
    if isinstance(layer, Upsample):
        return [_read_patch(layer, index, entering[0])], None, "sum"
    if isinstance(layer, MaxPool | AvgPool):
        patch = _patch(node, index, entering[0], index[0], None)
        return [patch], None, "max" if isinstance(layer, MaxPool) else "mean"
    if node.input_shapes[0] == node.output_shape and not isinstance(layer, ChannelShuffle):
        values = [float(one[index]) for one in entering if one.shape == node.output_shape]
        return (
            [Patch(index[0], [[value] for value in values], [[True]] * len(values), [], sum(values))],
            None,
            "formula",
        )
    return [], None, "formula"


def _bias(node: Node, index: Shape, weights: Mapping[str, Array]) -> float | None:
    bias = weights.get(f"{node.name}.bias")
    return None if bias is None else float(bias[index[0]])


def _patch(node: Node, index: Shape, x: Array, channel: int, kernel: Array | None) -> Patch:
    relation = node.layer.windows(node.input_shapes, node.output_shape)[0]
    assert isinstance(relation, Windows)
    places = [
        [
            _source(at * axis.stride - axis.before + tap * axis.dilation, size, relation.mode)
            for tap in range(axis.kernel)
        ]
        for axis, at, size in zip(_sliding(relation), index[1:], x.shape[1:], strict=True)
    ]
    width = len(places[-1])
    spots = list(product(*places))
    inside = [None not in spot for spot in spots]
    values = [float(x[(channel, *spot)]) if None not in spot else 0.0 for spot in spots]
    weights = [] if kernel is None else [float(weight) for weight in flat(kernel)]
    total = sum(value * weight for value, weight in zip(values, weights, strict=True)) if weights else sum(values)
    rows = range(0, prod(len(axis) for axis in places), width)
    return Patch(
        channel,
        [values[row : row + width] for row in rows],
        [inside[row : row + width] for row in rows],
        [weights[row : row + width] for row in rows] if weights else [],
        total,
    )


def _laid_patch(layer: ConvTranspose, index: Shape, x: Array, channel: int, kernel: Array) -> Patch:
    """Return the inputs that lay a weight onto the element, in order, and these weights, which stand backwards."""
    axes: list[list[tuple[int, int]]] = []
    for spread, at, size in zip(layer.spreads, index[1:], x.shape[1:], strict=True):
        met = [source for source in spread.sees(at) if 0 <= source < size]
        axes.append([(source, (at + spread.before - source * spread.stride) // spread.dilation) for source in met])
    spots = list(product(*axes))
    values = [float(x[(channel, *(source for source, _ in spot))]) for spot in spots]
    weights = [float(kernel[tuple(tap for _, tap in spot)]) for spot in spots]
    total = sum(value * weight for value, weight in zip(values, weights, strict=True))
    width = len(axes[-1])
    rows = range(0, len(spots), width or 1)
    return Patch(
        channel,
        [values[row : row + width] for row in rows],
        [[True] * width for _ in rows],
        [weights[row : row + width] for row in rows],
        total,
    )


def _read_patch(layer: Upsample, index: Shape, x: Array) -> Patch:
    """Return the inputs that the element is read from, and what each of them weighs."""
    tables = reads(layer, x.shape[1:])
    axes = [
        [(at, weight) for at, weight in table[place] if weight] for table, place in zip(tables, index[1:], strict=True)
    ]
    met = list(product(*axes))
    values = [float(x[(index[0], *(at for at, _ in spot))]) for spot in met]
    weights = [float(prod(weight for _, weight in spot)) for spot in met]
    width = len(axes[-1])
    rows = range(0, len(met), width)
    return Patch(
        index[0],
        [values[row : row + width] for row in rows],
        [[True] * width for _ in rows],
        [weights[row : row + width] for row in rows],
        sum(value * weight for value, weight in zip(values, weights, strict=True)),
    )


def _sliding(relation: Windows) -> list[Window]:
    return [axis for axis in relation.axes if isinstance(axis, Window)]


def _source(at: int, size: int, mode: str) -> int | None:
    """Return the input position that stands at `at`, or None for a padded zero."""
    if 0 <= at < size:
        return at
    if mode == "replicate":
        return 0 if at < 0 else size - 1
    if mode == "reflect":
        return -at if at < 0 else 2 * (size - 1) - at
    return at % size if mode == "circular" else None
