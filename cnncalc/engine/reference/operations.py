"""The definition of each operation by its layer's type.

An operation takes a layer, its input arrays (N, C, *spatial) and its tensors, finds the size of its output by stepping
through the input (it does not ask the static rule, which it is there to prove), and fills it with one or two kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncalc.engine.reference import activation as act
from cnncalc.engine.reference import convolution as conv
from cnncalc.engine.reference import movement as move
from cnncalc.engine.reference import normalisation as norm
from cnncalc.engine.reference import pooling as pool
from cnncalc.engine.reference import reduction as reduce
from cnncalc.engine.reference import upsampling
from cnncalc.engine.reference.operation import Array, Done, Tensors
from cnncalc.engine.reference.padding import pad_layer
from cnncalc.engine.reference.transposed import transposed_convolution

Operation = Callable[[Any, list[Array], Tensors], Done]

_copy = act.elementwise(act.copy)

OPERATIONS: dict[str, Operation] = {
    "Conv1d": conv.convolution,
    "Conv2d": conv.convolution,
    "Conv3d": conv.convolution,
    "ConvTranspose1d": transposed_convolution,
    "ConvTranspose2d": transposed_convolution,
    "ConvTranspose3d": transposed_convolution,
    "MaxPool1d": pool.max_pool,
    "MaxPool2d": pool.max_pool,
    "MaxPool3d": pool.max_pool,
    "AvgPool1d": pool.average_pool,
    "AvgPool2d": pool.average_pool,
    "AvgPool3d": pool.average_pool,
    "LPPool1d": pool.power_pool,
    "LPPool2d": pool.power_pool,
    "LPPool3d": pool.power_pool,
    "AdaptiveAvgPool1d": pool.adaptive_average_pool,
    "AdaptiveAvgPool2d": pool.adaptive_average_pool,
    "AdaptiveAvgPool3d": pool.adaptive_average_pool,
    "AdaptiveMaxPool1d": pool.adaptive_max_pool,
    "AdaptiveMaxPool2d": pool.adaptive_max_pool,
    "AdaptiveMaxPool3d": pool.adaptive_max_pool,
    "GlobalAvgPool1d": pool.adaptive_average_pool,
    "GlobalAvgPool2d": pool.adaptive_average_pool,
    "GlobalAvgPool3d": pool.adaptive_average_pool,
    "GlobalMaxPool1d": pool.adaptive_max_pool,
    "GlobalMaxPool2d": pool.adaptive_max_pool,
    "GlobalMaxPool3d": pool.adaptive_max_pool,
    "Linear": conv.linear,
    "BatchNorm1d": norm.batch_norm,
    "BatchNorm2d": norm.batch_norm,
    "BatchNorm3d": norm.batch_norm,
    "InstanceNorm1d": norm.instance_norm,
    "InstanceNorm2d": norm.instance_norm,
    "InstanceNorm3d": norm.instance_norm,
    "GroupNorm": norm.group_norm,
    "LayerNorm": norm.layer_norm,
    "LayerNorm2d": norm.channels_norm,
    "LayerScale": norm.layer_scale,
    "LocalResponseNorm": norm.local_response_norm,
    "ReLU": act.elementwise(act.relu),
    "ReLU6": act.elementwise(act.relu6),
    "LeakyReLU": act.elementwise(act.leaky_relu, "negative_slope"),
    "PReLU": act.prelu,
    "ELU": act.elementwise(act.elu, "alpha"),
    "SiLU": act.elementwise(act.silu),
    "GELU": act.gelu,
    "Hardswish": act.elementwise(act.hardswish),
    "Hardsigmoid": act.elementwise(act.hardsigmoid),
    "Sigmoid": act.elementwise(act.sigmoid),
    "Tanh": act.elementwise(act.tanh),
    "Mish": act.elementwise(act.mish),
    "Hardtanh": act.elementwise(act.hardtanh, "min_val", "max_val"),
    "Softplus": act.elementwise(act.softplus, "beta", "threshold"),
    "Softmax": act.softmax,
    "LogSoftmax": act.log_softmax,
    "Dropout": _copy,
    "Dropout1d": _copy,
    "Dropout2d": _copy,
    "Dropout3d": _copy,
    "AlphaDropout": _copy,
    "StochasticDepth": _copy,
    "Identity": _copy,
    "Add": move.add,
    "Multiply": move.multiply,
    "Concat": move.concat,
    "Flatten": move.flatten,
    "Unflatten": move.unflatten,
    "Slice": move.take_slice,
    "ChannelShuffle": move.channel_shuffle,
    "Mean": reduce.mean,
    "ZeroPad1d": pad_layer,
    "ZeroPad2d": pad_layer,
    "ZeroPad3d": pad_layer,
    "ConstantPad1d": pad_layer,
    "ConstantPad2d": pad_layer,
    "ConstantPad3d": pad_layer,
    "ReflectionPad1d": pad_layer,
    "ReflectionPad2d": pad_layer,
    "ReflectionPad3d": pad_layer,
    "ReplicationPad1d": pad_layer,
    "ReplicationPad2d": pad_layer,
    "ReplicationPad3d": pad_layer,
    "CircularPad1d": pad_layer,
    "CircularPad2d": pad_layer,
    "CircularPad3d": pad_layer,
    "Upsample": upsampling.upsample,
    "PixelShuffle": upsampling.pixel_shuffle,
    "PixelUnshuffle": upsampling.pixel_unshuffle,
    "CenterCrop": upsampling.center_crop,
}
"""Layer type -> what runs it."""
