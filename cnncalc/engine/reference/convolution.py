"""The layers that multiply weights with their input, and count each product as they make it: Conv1d to 3d, Linear."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, shaped, three
from cnncalc.engine.reference.padding import output_sizes, pad


def convolution(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[n, o, p] = bias[o] + sum over c, t of weight[o, c, t] * x[n, c, p*stride - padding + t*dilation]."""
    x = inputs[0]
    channels = x.shape[1] // layer.groups
    weight = tensors.take("weight", (layer.out_channels, channels, *layer.kernel_size))
    bias = _bias(layer, layer.out_channels, tensors, x.dtype)
    before, after = resolved_padding(layer, x.shape[2:])
    padded = pad(x, before, after, layer.padding_mode)
    sizes = output_sizes(padded.map.shape[2:], layer.kernel_size, layer.stride, layer.dilation)
    y = np.empty((x.shape[0], layer.out_channels, *sizes), x.dtype)
    weight = shaped(weight, layer.out_channels, channels, *three(layer.kernel_size))
    counts = correlate(
        padded.map, *padded.real, weight, bias, layer.groups, three(layer.stride), three(layer.dilation), y
    )
    axes = len(layer.kernel_size)
    return Done(shaped(y, *y.shape[:2], *sizes[3 - axes :]), *counts)


def resolved_padding(layer: Any, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the padding before and after each axis; the words as PyTorch (`same`) and ONNX (auto_pad) define them."""
    if not isinstance(layer.padding, str):
        return tuple(pair[0] for pair in layer.padding), tuple(pair[1] for pair in layer.padding)
    before: list[int] = []
    after: list[int] = []
    dilation = getattr(layer, "dilation", None) or (1,) * len(sizes)
    stride = layer.stride or layer.kernel_size
    for n, k, s, d in zip(sizes, layer.kernel_size, stride, dilation, strict=True):
        last_start = len(range(0, n, s)) * s - s  # one window starts at every s-th position
        total = max(0, last_start + d * (k - 1) + 1 - n)
        half = total // 2
        before.append(total - half if layer.padding == "same_lower" else half)
        after.append(total - before[-1])
    return tuple(before), tuple(after)


@kernel
def correlate(
    x: Array,
    real_planes: Array,
    real_rows: Array,
    real_columns: Array,
    weight: Array,
    bias: Array,
    groups: int,
    stride: tuple[int, int, int],
    dilation: tuple[int, int, int],
    y: Array,
) -> tuple[int, int]:
    """Cross-correlate the padded x (N, C, D, H, W) with weight (O, C/groups, kd, kh, kw) into y (N, O, D', H', W').

    The kernel is not flipped. Returns the products made with real data and those made with padded zeros. One row of
    outputs is summed at a time, since a row lies in memory as one piece.
    """
    real = 0
    padded = 0
    channels, planes, rows, columns = weight.shape[1], weight.shape[2], weight.shape[3], weight.shape[4]
    filters = weight.shape[0] // groups  # of each group
    for n in range(y.shape[0]):
        for o in range(y.shape[1]):
            first = o // filters * channels  # input channel where this filter's group starts
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        y[n, o, d, h, w] = bias[o]
                    for c in range(channels):
                        for i in range(planes):
                            plane = d * stride[0] + i * dilation[0]
                            for j in range(rows):
                                row = h * stride[1] + j * dilation[1]
                                row_is_real = real_planes[plane] * real_rows[row]
                                for k in range(columns):
                                    factor = weight[o, c, i, j, k]
                                    met = 0
                                    for w in range(y.shape[4]):
                                        column = w * stride[2] + k * dilation[2]
                                        y[n, o, d, h, w] += factor * x[n, first + c, plane, row, column]
                                        met += real_columns[column]
                                    real += row_is_real * met
                                    padded += y.shape[4] - row_is_real * met
    return real, padded


def linear(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[n, o] = bias[o] + sum over i of weight[o, i] * x[n, i]."""
    x = inputs[0]
    weight = tensors.take("weight", (layer.out_features, x.shape[1]))
    bias = _bias(layer, layer.out_features, tensors, x.dtype)
    y = np.empty((x.shape[0], layer.out_features), x.dtype)
    return Done(y, weigh(x, weight, bias, y))


@kernel
def weigh(x: Array, weight: Array, bias: Array, y: Array) -> int:
    """Fill y (N, O) with the weighted sums of x (N, I); returns how many products were made."""
    products = 0
    for n in range(y.shape[0]):
        for o in range(y.shape[1]):
            total = bias[o]
            for i in range(weight.shape[1]):
                total += weight[o, i] * x[n, i]
                products += 1
            y[n, o] = total
    return products


def _bias(layer: Any, count: int, tensors: Tensors, dtype: Any) -> Array:
    return tensors.take("bias", (count,)) if layer.bias else np.zeros(count, dtype)
