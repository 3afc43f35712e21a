"""What other tools call layer types and arguments, so that a spec written with their words is answered with ours."""

from __future__ import annotations

from cnncalc.text import later

TYPES: dict[str, str] = {
    "dense": "Linear",
    "fullyconnected": "Linear",
    "innerproduct": "Linear",
    "convolution": "Conv2d",
    "convolution1d": "Conv1d",
    "convolution2d": "Conv2d",
    "convolution3d": "Conv3d",
    "conv": "Conv2d",
    "separableconv2d": "Conv2d",
    "depthwiseconv2d": "Conv2d",
    "pooling": "MaxPool2d",
    "maxpool": "MaxPool2d",
    "maxpooling1d": "MaxPool1d",
    "maxpooling2d": "MaxPool2d",
    "maxpooling3d": "MaxPool3d",
    "avgpool": "AvgPool2d",
    "averagepool": "AvgPool2d",
    "averagepooling1d": "AvgPool1d",
    "averagepooling2d": "AvgPool2d",
    "averagepooling3d": "AvgPool3d",
    "globalaveragepool": "GlobalAvgPool2d",
    "globalaveragepooling1d": "GlobalAvgPool1d",
    "globalaveragepooling2d": "GlobalAvgPool2d",
    "globalaveragepooling3d": "GlobalAvgPool3d",
    "globalmaxpooling2d": "GlobalMaxPool2d",
    "batchnorm": "BatchNorm2d",
    "batchnormalization": "BatchNorm2d",
    "lrn": "LocalResponseNorm",
    "activation": "ReLU",
    "zeropadding2d": "ZeroPad2d",
    "concatenate": "Concat",
    "cat": "Concat",
    "eltwise": "Add",
    "sum": "Add",
    "mul": "Multiply",
    "swish": "SiLU",
    "hardswish": "Hardswish",
    "dropout2d": "Dropout",
}
"""What other tools call a layer -> its type here."""

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "filters": ("out_channels", "out_features"),
    "num_output": ("out_channels", "out_features"),
    "num_filters": ("out_channels", "out_features"),
    "units": ("out_features", "out_channels"),
    "size": ("kernel_size",),
    "pool_size": ("kernel_size",),
    "kernel": ("kernel_size",),
    "kernel_shape": ("kernel_size",),
    "strides": ("stride",),
    "pad": ("padding",),
    "pads": ("padding",),
    "dilations": ("dilation",),
    "dilation_rate": ("dilation",),
    "group": ("groups",),
    "use_bias": ("bias",),
    "bias_term": ("bias",),
    "rate": ("p",),
    "epsilon": ("eps",),
    "axis": ("dim",),
}
"""What other tools call an argument -> what it is here, the first that the layer has."""

ELSEWHERE: dict[str, str] = {
    "activation": later("write the activation as the next item: - ReLU"),
    "inputs": later("name what enters with from: [first, second]"),
    "input_shape": later("the input's size is written once, at the top: input: [channels, height, width]"),
}
"""What other tools take as an argument and is written elsewhere here."""
