"""A network in words: whole sentences, one or more for each property, so that each can be said in any language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.homework.assignment import Question
from cnncalc.homework.quantities import TOTAL, Asked
from cnncalc.layers.axes import axis_of
from cnncalc.layers.base import Layer, argument_fields
from cnncalc.layers.conv import Conv
from cnncalc.layers.crop import CenterCrop
from cnncalc.layers.geometry import Window, Windows
from cnncalc.layers.kinds import Padding, Sizes, show
from cnncalc.layers.layer_norm import GroupNorm, LayerNorm, LayerNorm2d
from cnncalc.layers.linear import Linear
from cnncalc.layers.merge import Concat, Merge
from cnncalc.layers.norm import BatchNorm, InstanceNorm, Normalisation
from cnncalc.layers.pool import AvgPool, Pool
from cnncalc.layers.power_pool import LPPool
from cnncalc.layers.reshape import Flatten
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.layers.upsample import Upsample
from cnncalc.text import Shape, say, say_count, shape_text

ACROSS = ("receptive_field", "jump")
"""What a layer's own input does not tell: all the layers before it count."""


def description(graph: Graph, question: Question, *, alone: bool) -> list[str]:
    """Return the lines that say what is needed to answer a question.

    An argument that is asked for is not told. `alone`: describe the one layer and what enters it, where that is enough,
    and not the network that leads to it.
    """
    asked = question.asked
    hidden = asked.quantity if question.such_that else ""
    nodes = described(graph, question, alone=alone)
    if _is_enough(asked, alone=alone):
        (node,) = nodes
        return [*(_entering(node.name, shape) for shape in node.input_shapes), _line(node, node.inputs, hidden)]
    lines = [_input(graph.input_shape)]
    before = INPUT
    for node in nodes:
        lines.append(_line(node, (before,), hidden if node.name == asked.place else ""))
        before = node.name
    return lines


def described(graph: Graph, question: Question, *, alone: bool) -> tuple[Node, ...]:
    """Return the layers that `description` describes."""
    asked = question.asked
    if _is_enough(asked, alone=alone):
        return (next(node for node in graph.every_node() if node.name == asked.place),)
    return tuple(graph.executed) if asked.place == TOTAL else graph.needed_for([asked.place])


def entering(graph: Graph, question: Question, *, alone: bool) -> tuple[Shape, ...]:
    """Return the shapes that `description` states."""
    if _is_enough(question.asked, alone=alone):
        return described(graph, question, alone=alone)[0].input_shapes
    return (graph.input_shape,)


def _is_enough(asked: Asked, *, alone: bool) -> bool:
    """Whether the layer asked of is described alone."""
    return alone and asked.place != TOTAL and asked.quantity not in ACROSS


def joined(sentences: list[str]) -> str:
    """Put sentences behind one another: with a space, where the writing has any."""
    text = ""
    for sentence in sentences:
        text += f" {sentence}" if text and not text.endswith(("。", "？")) else sentence
    return text


def listed(names: Sequence[str]) -> str:
    """Return names one behind another, with the comma of the language between them."""
    text = names[0]
    for name in names[1:]:
        text = say("{names}, {name}", names=text, name=name)
    return text


def _input(shape: Shape) -> str:
    """What enters the network."""
    if len(shape) == 1:
        return say_count("The input is a single number.", "The input is a vector of {count} numbers.", shape[0])
    if len(shape) == 2:
        return say_count(
            "The input has 1 channel and is {length} long.",
            "The input has {count} channels and is {length} long.",
            shape[0],
            length=shape[1],
        )
    if len(shape) == 3:
        return say_count(
            "The input has 1 channel and is {height} high and {width} wide.",
            "The input has {count} channels and is {height} high and {width} wide.",
            shape[0],
            height=shape[1],
            width=shape[2],
        )
    return say("The input has the shape {shape}.", shape=shape_text(shape))


def _entering(name: str, shape: Shape) -> str:
    """What enters a layer."""
    if len(shape) == 1:
        return say("What enters {name} is a vector of {length} numbers.", name=name, length=shape[0])
    return say("What enters {name} has the shape {shape}, channels first.", name=name, shape=shape_text(shape))


def _line(node: Node, before: tuple[str, ...], hidden: str = "") -> str:
    """Return all sentences on a layer. `before`: what a reader takes it to read."""
    kind = next((kind for kind in _KINDS if isinstance(node.layer, kind)), None)
    told = _KINDS[kind](node, hidden) if kind else _other(node, hidden)
    sentences = [sentence for argument, sentence in told.items() if not hidden or argument != hidden]
    if node.inputs != before and len(node.inputs) == 1:
        source = node.inputs[0]
        sentences.append(say("It reads the input.") if source == INPUT else say("It reads {source}.", source=source))
    return joined(sentences)


Told = dict[str, str]
"""The sentences on a layer by the argument each tells; the first tells what the layer is."""


def _convolution(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, Conv)
    filters = say_count(
        "{name} is a convolution with 1 filter.",
        "{name} is a convolution with {count} filters.",
        layer.out_channels,
        name=node.name,
    )
    told = {"": say("{name} is a convolution.", name=node.name) if hidden == "out_channels" else filters}
    told["kernel_size"] = say("Its kernel is {kernel}.", kernel=shape_text(layer.kernel_size))
    told |= _steps(layer.stride, layer.padding, layer.dilation)
    if layer.groups > 1:
        told["groups"] = say("Its channels are in {groups} groups.", groups=layer.groups)
    told |= _unusual(node, "padding_mode")
    told["bias"] = say("Each filter has a bias.") if layer.bias else say("It has no biases.")
    return told


def _transposed(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, ConvTranspose)
    channels = say_count(
        "{name} is a transposed convolution with 1 output channel.",
        "{name} is a transposed convolution with {count} output channels.",
        layer.out_channels,
        name=node.name,
    )
    told = {"": say("{name} is a transposed convolution.", name=node.name) if hidden == "out_channels" else channels}
    told["kernel_size"] = say("Its kernel is {kernel}.", kernel=shape_text(layer.kernel_size))
    told |= _steps(layer.stride, tuple((side, side) for side in layer.padding), layer.dilation)
    if any(layer.output_padding):
        told["output_padding"] = say("Its output padding is {padding}.", padding=_sides(layer.output_padding))
    if layer.groups > 1:
        told["groups"] = say("Its channels are in {groups} groups.", groups=layer.groups)
    told["bias"] = say("Each output channel has a bias.") if layer.bias else say("It has no biases.")
    return told


def _upsampling(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, Upsample)
    told = {"": say("{name} reads its input at evenly spaced places (mode {mode}).", name=node.name, mode=layer.mode)}
    if layer.size is not None:
        told["size"] = say("Its output has the size {size}.", size=_sides(layer.size))
    if layer.scale_factor is not None:
        alike = len(set(layer.scale_factor)) == 1
        factors = listed([show(factor) for factor in (layer.scale_factor[:1] if alike else layer.scale_factor)])
        told["scale_factor"] = say("Its output is larger than its input by the factor {factor}.", factor=factors)
    return told | _unusual(node, "align_corners", "recompute_scale_factor")


def _crop(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, CenterCrop)
    if layer.size is not None:
        return {"": say("{name} keeps the middle {size} of its input.", name=node.name, size=_sides(layer.size))}
    of, like = node.inputs
    return {"": say("{name} keeps the middle of {of}, as large as {like}.", name=node.name, of=of, like=like)}


def _pooling(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, Pool)
    if isinstance(layer, LPPool):
        kind = say("{name} is a pooling by the norm of order {p}.", name=node.name, p=f"{layer.norm_type:g}")
    elif isinstance(layer, AvgPool):
        kind = say("{name} is an average pooling.", name=node.name)
    else:
        kind = say("{name} is a max pooling.", name=node.name)
    told = {
        "": kind,
        "kernel_size": say("Its windows are {kernel}.", kernel=shape_text(layer.kernel_size)),
        **_steps(layer.strides, layer.padding, layer.dilations),
    }
    if layer.ceil_mode:
        told["ceil_mode"] = say("Its output size is rounded up (ceil_mode).")
    return told


def _linear(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, Linear)
    units = say_count(
        "{name} is a fully connected layer with 1 unit.",
        "{name} is a fully connected layer with {count} units.",
        layer.out_features,
        name=node.name,
    )
    return {"": units, "bias": say("Each unit has a bias.") if layer.bias else say("It has no biases.")}


def _normalisation(node: Node, hidden: str) -> Told:
    layer = node.layer
    assert isinstance(layer, Normalisation)
    told = {"": _kind_of_norm(node)}
    if not layer.scaled:
        told["affine"] = say("It learns no scale and no shift.")
    elif not layer.bias:
        told["bias"] = say("It learns a scale, and no shift.")
    elif isinstance(layer, InstanceNorm):
        told["affine"] = say("It learns a scale and a shift.")
    if isinstance(layer, InstanceNorm) and layer.track_running_stats:
        told["track_running_stats"] = say("It stores running statistics.")
    if isinstance(layer, BatchNorm) and not layer.track_running_stats:
        told["track_running_stats"] = say("It stores no running statistics.")
    return told


def _kind_of_norm(node: Node) -> str:
    layer = node.layer
    if isinstance(layer, GroupNorm):
        return say_count(
            "{name} is a group normalisation with 1 group.",
            "{name} is a group normalisation with {count} groups.",
            layer.num_groups,
            name=node.name,
        )
    if isinstance(layer, LayerNorm2d):
        return say("{name} is a layer normalisation over the channels at each position.", name=node.name)
    if isinstance(layer, LayerNorm):
        sizes = shape_text(layer.learned(node.input_shapes[0]))
        return say("{name} is a layer normalisation over the last axes, {sizes}.", name=node.name, sizes=sizes)
    if isinstance(layer, InstanceNorm):
        return say("{name} is an instance normalisation.", name=node.name)
    return say("{name} is a batch normalisation.", name=node.name)


def _concat(node: Node, hidden: str) -> Told:
    layer, names = node.layer, listed(node.inputs)
    assert isinstance(layer, Concat)
    if axis_of(layer.dim, node.output_shape):
        along = say("{name} lays the outputs of {names} end to end along an axis.", name=node.name, names=names)
        return {"": along, **_unusual(node, "dim")}
    return {"": say("{name} lays the outputs of {names} side by side along the channels.", name=node.name, names=names)}


def _merge(node: Node, hidden: str) -> Told:
    names = listed(node.inputs)
    if node.type == "Add":
        return {"": say("{name} adds the outputs of {names}, element by element.", name=node.name, names=names)}
    return {"": say("{name} multiplies the outputs of {names}, element by element.", name=node.name, names=names)}


def _flatten(node: Node, hidden: str) -> Told:
    if len(node.output_shape) == 1:
        return {"": say("{name} lays its input out as a vector.", name=node.name)}
    told = {"": say("{name} lays axes of its input end to end.", name=node.name)}
    return told | _unusual(node, "start_dim", "end_dim")


def _other(node: Node, hidden: str) -> Told:
    """Say the type by its name, and each argument that is not its default."""
    told = {"": say("{name} is a layer of the type {type}.", name=node.name, type=node.type)}
    return told | _unusual(node, *argument_fields(type(node.layer)))


def _unusual(node: Node, *arguments: str) -> Told:
    """Say those of a layer's arguments that are not their defaults."""
    told: Told = {}
    for name in arguments:
        value: object = getattr(node.layer, name)
        if value is not None and value != argument_fields(type(node.layer))[name][1].default:
            told[name] = say("Its {argument} is {value}.", argument=name, value=show(value))
    return told


_KINDS: Mapping[type[Layer], Callable[[Node, str], Told]] = {
    Conv: _convolution,
    ConvTranspose: _transposed,
    Upsample: _upsampling,
    CenterCrop: _crop,
    Pool: _pooling,
    Linear: _linear,
    Flatten: _flatten,
    Normalisation: _normalisation,
    Concat: _concat,
    Merge: _merge,
}
"""How a layer is told, by its family; what stands first comes first."""


def _steps(stride: Sizes, padding: Padding, dilation: Sizes) -> Told:
    told = {"stride": say("Its stride is {stride}.", stride=_sides(stride)), "padding": _padding(padding)}
    if set(dilation) != {1}:
        told["dilation"] = say("Its dilation is {dilation}.", dilation=_sides(dilation))
    return told


def _padding(padding: Padding) -> str:
    if isinstance(padding, str):
        return say("Its padding is {padding}.", padding=padding)
    if any(before != after for before, after in padding):
        sides = listed([f"[{before}, {after}]" for before, after in padding])
        return say("Its padding, before and after on each axis, is {sides}.", sides=sides)
    sides = _sides(tuple(before for before, _ in padding))
    return say("Its padding is {padding} on each side.", padding=sides)


def _sides(sizes: Sizes) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else shape_text(sizes)


def divides(node: Node) -> bool:
    """Whether every window of a layer fits into what enters it without a remainder, so that nothing is rounded."""
    relations = node.layer.windows(node.input_shapes, node.output_shape)
    for shape, relation in zip(node.input_shapes, relations, strict=True):
        axes = relation.axes if isinstance(relation, Windows) else ()
        for size, axis in zip(shape[1:], axes, strict=False):
            if isinstance(axis, Window) and (size + axis.before + axis.after - axis.extent) % axis.stride:
                return False
    return True
