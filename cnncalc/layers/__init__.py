"""The layer types: one visible table, and the way to a type by its name."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from cnncalc.layers.base import Layer

LAYERS: dict[str, str] = {
    "Conv1d": "conv",
    "Conv2d": "conv",
    "Conv3d": "conv",
    "ConvTranspose1d": "transposed",
    "ConvTranspose2d": "transposed",
    "ConvTranspose3d": "transposed",
    "MaxPool1d": "pool",
    "MaxPool2d": "pool",
    "MaxPool3d": "pool",
    "AvgPool1d": "pool",
    "AvgPool2d": "pool",
    "AvgPool3d": "pool",
    "LPPool1d": "power_pool",
    "LPPool2d": "power_pool",
    "LPPool3d": "power_pool",
    "AdaptiveAvgPool1d": "adaptive",
    "AdaptiveAvgPool2d": "adaptive",
    "AdaptiveAvgPool3d": "adaptive",
    "AdaptiveMaxPool1d": "adaptive",
    "AdaptiveMaxPool2d": "adaptive",
    "AdaptiveMaxPool3d": "adaptive",
    "GlobalAvgPool1d": "adaptive",
    "GlobalAvgPool2d": "adaptive",
    "GlobalAvgPool3d": "adaptive",
    "GlobalMaxPool1d": "adaptive",
    "GlobalMaxPool2d": "adaptive",
    "GlobalMaxPool3d": "adaptive",
    "Linear": "linear",
    "BatchNorm1d": "norm",
    "BatchNorm2d": "norm",
    "BatchNorm3d": "norm",
    "InstanceNorm1d": "norm",
    "InstanceNorm2d": "norm",
    "InstanceNorm3d": "norm",
    "GroupNorm": "layer_norm",
    "LayerNorm": "layer_norm",
    "LayerNorm2d": "layer_norm",
    "LayerScale": "layer_norm",
    "LocalResponseNorm": "response_norm",
    "ReLU": "activation",
    "ReLU6": "activation",
    "LeakyReLU": "activation",
    "PReLU": "activation",
    "ELU": "activation",
    "SiLU": "activation",
    "GELU": "activation",
    "Hardswish": "activation",
    "Hardsigmoid": "activation",
    "Sigmoid": "activation",
    "Tanh": "activation",
    "Mish": "activation",
    "Hardtanh": "activation",
    "Softplus": "activation",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
    "Dropout": "identity",
    "Dropout1d": "identity",
    "Dropout2d": "identity",
    "Dropout3d": "identity",
    "AlphaDropout": "identity",
    "StochasticDepth": "identity",
    "Identity": "identity",
    "Add": "merge",
    "Multiply": "merge",
    "Concat": "merge",
    "Flatten": "reshape",
    "Unflatten": "reshape",
    "Slice": "reshape",
    "ChannelShuffle": "reshape",
    "Mean": "reduce",
    "ZeroPad1d": "padding",
    "ZeroPad2d": "padding",
    "ZeroPad3d": "padding",
    "ConstantPad1d": "padding",
    "ConstantPad2d": "padding",
    "ConstantPad3d": "padding",
    "ReflectionPad1d": "padding",
    "ReflectionPad2d": "padding",
    "ReflectionPad3d": "padding",
    "ReplicationPad1d": "padding",
    "ReplicationPad2d": "padding",
    "ReplicationPad3d": "padding",
    "CircularPad1d": "padding",
    "CircularPad2d": "padding",
    "CircularPad3d": "padding",
    "Upsample": "upsample",
    "PixelShuffle": "pixel_shuffle",
    "PixelUnshuffle": "pixel_shuffle",
    "CenterCrop": "crop",
}
"""Type name -> the module of this package that defines it. A module is imported when a type of it is first used."""

CANONICAL: dict[str, str] = {name.casefold(): name for name in LAYERS}
"""Types are matched without regard to case."""


@cache
def layer_type(name: str) -> type[Layer]:
    """Return the layer type of a name in LAYERS."""
    module = import_module(f"cnncalc.layers.{LAYERS[name]}")
    found: type[Layer] = getattr(module, name)
    return found
