"""Transposed convolution: ConvTranspose1d to 3d. Each input element lays its products down, and each is counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, shaped, three, volume


def transposed_convolution(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[n, o, i*stride + t*dilation - padding] += weight[c, o, t] * x[n, c, i], upon bias[o].

    All products are laid onto a canvas from the first place that a tap reaches to the last, and output_padding more;
    what padding cuts off is then left out.
    """
    x = volume(inputs[0])
    axes = len(layer.kernel_size)
    filters = layer.out_channels // layer.groups
    weight = tensors.take("weight", (x.shape[1], filters, *layer.kernel_size))
    bias = tensors.take("bias", (layer.out_channels,)) if layer.bias else np.zeros(layer.out_channels, x.dtype)
    cut = (0,) * (3 - axes) + tuple(layer.padding)
    extra = (0,) * (3 - axes) + tuple(layer.output_padding)
    stride, dilation, sizes = three(layer.stride), three(layer.dilation), three(layer.kernel_size)
    reached = [_reach(n, k, s, d) for n, k, s, d in zip(x.shape[2:], sizes, stride, dilation, strict=True)]
    lengths = [length + more for length, more in zip(reached, extra, strict=True)]
    canvas = np.empty((x.shape[0], layer.out_channels, *lengths), x.dtype)
    ends = [length - off for length, off in zip(lengths, cut, strict=True)]
    planes, rows, columns = (
        np.array([off <= at < end for at in range(n)], np.int64) for n, off, end in zip(lengths, cut, ends, strict=True)
    )
    weight = shaped(weight, *weight.shape[:2], *sizes)
    counts = lay(x, weight, bias, layer.groups, stride, dilation, planes, rows, columns, canvas)
    inside = tuple(slice(off, end) for off, end in zip(cut, ends, strict=True))
    y = np.array(canvas[(slice(None), slice(None), *inside)], order="C")
    return Done(shaped(y, *y.shape[:2], *y.shape[5 - axes :]), *counts)


def _reach(size: int, kernel_size: int, stride: int, dilation: int) -> int:
    """Return one more than the last place that a tap reaches."""
    return range(0, size * stride, stride)[-1] + range(0, kernel_size * dilation, dilation)[-1] + 1


@kernel
def lay(
    x: Array,
    weight: Array,
    bias: Array,
    groups: int,
    stride: tuple[int, int, int],
    dilation: tuple[int, int, int],
    kept_planes: Array,
    kept_rows: Array,
    kept_columns: Array,
    y: Array,
) -> tuple[int, int]:
    """Lay the products of x (N, C, D, H, W) with weight (C, O/groups, kd, kh, kw) onto y (N, O, D', H', W').

    Returns the products that land on places that are kept, and those that land on the others.
    """
    kept = 0
    cut = 0
    filters = weight.shape[1]
    channels = x.shape[1] // groups  # of each group
    for n in range(y.shape[0]):
        for o in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        y[n, o, d, h, w] = bias[o]
            first = o // filters * channels  # input channel where this filter's group starts
            for c in range(first, first + channels):
                for d in range(x.shape[2]):
                    for i in range(weight.shape[2]):
                        plane = d * stride[0] + i * dilation[0]
                        for h in range(x.shape[3]):
                            for j in range(weight.shape[3]):
                                row = h * stride[1] + j * dilation[1]
                                row_is_kept = kept_planes[plane] * kept_rows[row]
                                for k in range(weight.shape[4]):
                                    factor = weight[c, o % filters, i, j, k]
                                    met = 0
                                    for w in range(x.shape[4]):
                                        column = w * stride[2] + k * dilation[2]
                                        y[n, o, plane, row, column] += factor * x[n, c, d, h, w]
                                        met += kept_columns[column]
                                    kept += row_is_kept * met
                                    cut += x.shape[4] - row_is_kept * met
    return kept, cut
