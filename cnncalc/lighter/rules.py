"""Layer type -> how channels pass through it. A type that is missing here is refused, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.lighter import change, follow
from cnncalc.lighter.bonds import Bonds
from cnncalc.lighter.change import Arguments, Kept, Parts
from cnncalc.lighter.units import Channels


class Rule(NamedTuple):
    """What fewer channels mean for a layer type.

    `follow`: which units the output's channels are. `arguments`: those that change. `parts`: what stays of a tensor,
    None for all of it. `multiplies`: its `weight` is multiplied with the input, so that zeros in it, and fewer bits,
    are worth while.
    """

    follow: Callable[[Node, Sequence[Channels], Bonds], Channels]
    arguments: Callable[[Node, Sequence[Kept], Kept], Arguments] = change.nothing
    parts: Callable[[Node, str, Sequence[Kept], Kept], Parts | None] = change.none
    multiplies: bool = False


SAME = Rule(follow.same)
CONVOLUTION = Rule(follow.grouped, change.convolution, change.filters, multiplies=True)
TRANSPOSED = Rule(follow.grouped, change.convolution, change.transposed_filters, multiplies=True)
NORM = Rule(follow.same, change.counted("num_features"), change.rows)
SOFTMAX = Rule(follow.along_axis)

RULES: dict[str, Rule] = {
    "Conv1d": CONVOLUTION,
    "Conv2d": CONVOLUTION,
    "Conv3d": CONVOLUTION,
    "ConvTranspose1d": TRANSPOSED,
    "ConvTranspose2d": TRANSPOSED,
    "ConvTranspose3d": TRANSPOSED,
    "Linear": Rule(follow.own, change.linear, change.filters, multiplies=True),
    "BatchNorm1d": NORM,
    "BatchNorm2d": NORM,
    "BatchNorm3d": NORM,
    "InstanceNorm1d": NORM,
    "InstanceNorm2d": NORM,
    "InstanceNorm3d": NORM,
    "GroupNorm": Rule(follow.group_norm, change.group_norm, change.rows),
    "LayerNorm": Rule(follow.layer_norm, change.normalized_shape, change.layer_norm_rows),
    "LayerNorm2d": Rule(follow.across, change.counted("normalized_shape"), change.rows),
    "LayerScale": Rule(follow.same, change.nothing, change.rows),
    "LocalResponseNorm": Rule(follow.across),
    "PReLU": Rule(follow.same, change.slopes, change.rows),
    "Softmax": SOFTMAX,
    "LogSoftmax": SOFTMAX,
    "Add": Rule(follow.add),
    "Multiply": Rule(follow.multiply),
    "Concat": Rule(follow.concat),
    "Flatten": Rule(follow.flatten),
    "Unflatten": Rule(follow.unflatten, change.unflattened_size),
    "Mean": Rule(follow.mean),
    "Slice": Rule(follow.take_slice, change.slice_ends),
    "ChannelShuffle": Rule(follow.shuffle),
    "PixelShuffle": Rule(follow.pixel_shuffle),
    "PixelUnshuffle": Rule(follow.pixel_unshuffle),
    **dict.fromkeys(
        (
            *(f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "LP") for axes in (1, 2, 3)),
            *(f"{kind}Pool{axes}d" for kind in ("AdaptiveAvg", "AdaptiveMax") for axes in (1, 2, 3)),
            *(f"{kind}Pool{axes}d" for kind in ("GlobalAvg", "GlobalMax") for axes in (1, 2, 3)),
            *(f"{kind}Pad{axes}d" for kind in ("Zero", "Constant", "Reflection") for axes in (1, 2, 3)),
            *(f"{kind}Pad{axes}d" for kind in ("Replication", "Circular") for axes in (1, 2, 3)),
            *("ReLU", "ReLU6", "LeakyReLU", "ELU", "SiLU", "GELU", "Mish", "Softplus"),
            *("Hardswish", "Hardsigmoid", "Hardtanh", "Sigmoid", "Tanh"),
            *("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "StochasticDepth", "Identity"),
            *("Upsample", "CenterCrop"),
        ),
        SAME,
    ),
}
