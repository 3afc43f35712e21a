"""Normalisation as at inference: by stored statistics, by an input's own, and LocalResponseNorm; LayerScale."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, by_channel, flat, shaped


def batch_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """BatchNorm: y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], from stored or own statistics."""
    x = by_channel(inputs[0])
    channels = x.shape[1]
    ones, zeros = np.ones(channels, x.dtype), np.zeros(channels, x.dtype)
    weight = tensors.take("weight", (channels,)) if layer.affine else ones
    bias = tensors.take("bias", (channels,)) if layer.affine else zeros
    if layer.track_running_stats:
        mean, variance = tensors.take("running_mean", (channels,)), tensors.take("running_var", (channels,))
    else:
        mean, variance = np.empty_like(zeros), np.empty_like(zeros)
        gather(x, mean, variance)
    y = np.empty_like(x)
    standardise(x, mean, variance, weight, bias, x.dtype.type(layer.eps), y)
    return Done(shaped(y, *inputs[0].shape))


@kernel
def gather(x: Array, mean: Array, variance: Array) -> None:
    """Find the mean and the biased variance of each channel of x (N, C, P), summed in double precision."""
    count = x.shape[0] * x.shape[2]
    for c in range(x.shape[1]):
        total = 0.0
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                total += x[n, c, i]
        middle = total / count
        squares = 0.0
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                squares += (x[n, c, i] - middle) ** 2
        mean[c] = middle
        variance[c] = squares / count


@kernel
def standardise(x: Array, mean: Array, variance: Array, weight: Array, bias: Array, eps: float, y: Array) -> None:
    """Shift and scale each channel of x (N, C, P)."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            deviation = np.sqrt(variance[c] + eps)
            for i in range(x.shape[2]):
                y[n, c, i] = (x[n, c, i] - mean[c]) / deviation * weight[c] + bias[c]


def instance_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """InstanceNorm: as BatchNorm with stored statistics, or each channel of each input by its own."""
    if layer.track_running_stats:
        return batch_norm(layer, inputs, tensors)
    y = _by_own(layer, inputs[0], 2)
    return _scaled_by_channel(layer.affine, layer.affine, y, tensors)


def group_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """GroupNorm: y = (x - mean[g]) / sqrt(var[g] + eps) * weight[c] + bias[c], g the group of the channel."""
    x = inputs[0]
    groups = shaped(x, x.shape[0], layer.num_groups, -1)
    y = shaped(_by_own(layer, groups, 2), *x.shape)
    return _scaled_by_channel(layer.affine, layer.affine, y, tensors)


def layer_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """LayerNorm: y = (x - mean) / sqrt(var + eps) * weight[i] + bias[i], over the last axes laid end to end."""
    x = inputs[0]
    sizes = layer.normalized_shape or x.shape[1:]
    y = _by_own(layer, x, x.ndim - len(sizes))
    if layer.elementwise_affine:
        rows = shaped(y, -1, prod(sizes), 1)
        weight = flat(tensors.take("weight", sizes))
        bias = flat(tensors.take("bias", sizes)) if layer.bias else np.zeros_like(weight)
        rescale(rows, weight, bias)
    return Done(y)


def channels_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """LayerNorm2d: y = (x - mean[p]) / sqrt(var[p] + eps) * weight[c] + bias[c], over the channels of position p."""
    x = by_channel(inputs[0])
    y = np.empty_like(x)
    standardise_along(x, layer.eps, y)
    return _scaled_by_channel(
        layer.elementwise_affine, layer.elementwise_affine and layer.bias, shaped(y, *inputs[0].shape), tensors
    )


def layer_scale(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """LayerScale: y = x * weight[c]."""
    return _scaled_by_channel(True, False, np.array(inputs[0]), tensors)


def _by_own(layer: Any, x: Array, axis: int) -> Array:
    """Return x with the axes from `axis` on shifted and scaled together to their own mean and variance."""
    y = np.empty_like(x)
    rows = prod(x.shape[:axis])
    standardise_along(shaped(x, rows, -1, 1), layer.eps, shaped(y, rows, -1, 1))
    return y


def _scaled_by_channel(scaled: bool, shifted: bool, y: Array, tensors: Tensors) -> Done:
    channels = y.shape[1]
    if scaled:
        weight = tensors.take("weight", (channels,))
        rescale(by_channel(y), weight, tensors.take("bias", (channels,)) if shifted else np.zeros_like(weight))
    return Done(y)


@kernel
def standardise_along(x: Array, eps: float, y: Array) -> None:
    """Shift and scale x (A, M, B) along its middle axis to its own mean and biased variance, in double precision."""
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            total = 0.0
            for m in range(x.shape[1]):
                total += x[a, m, b]
            middle = total / x.shape[1]
            squares = 0.0
            for m in range(x.shape[1]):
                squares += (x[a, m, b] - middle) ** 2
            deviation = np.sqrt(squares / x.shape[1] + eps)
            for m in range(x.shape[1]):
                y[a, m, b] = (x[a, m, b] - middle) / deviation


@kernel
def rescale(y: Array, weight: Array, bias: Array) -> None:
    """Scale and shift y (A, M, B) in place by learned numbers along its middle axis."""
    for a in range(y.shape[0]):
        for m in range(y.shape[1]):
            for b in range(y.shape[2]):
                y[a, m, b] = y[a, m, b] * weight[m] + bias[m]


def local_response_norm(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c] = x[c] / (k + alpha/size * sum of x[j]^2 over `size` neighbouring channels j) ^ beta."""
    x = by_channel(inputs[0])
    y = np.empty_like(x)
    real = x.dtype.type
    damp(x, layer.size, real(layer.alpha), real(layer.beta), real(layer.k), y)
    return Done(shaped(y, *inputs[0].shape))


@kernel
def damp(x: Array, size: int, alpha: float, beta: float, k: float, y: Array) -> None:
    """LocalResponseNorm of x (N, C, P). Of an even size, one neighbour more lies before than after."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            first = max(0, c - size // 2)
            end = min(x.shape[1], c + (size + 1) // 2)
            for i in range(x.shape[2]):
                squares = x.dtype.type(0)
                for j in range(first, end):
                    squares += x[n, j, i] * x[n, j, i]
                y[n, c, i] = x[n, c, i] / (k + alpha * squares / x.dtype.type(size)) ** beta
