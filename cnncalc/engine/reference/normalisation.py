"""BatchNorm as at inference, and LocalResponseNorm."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, by_channel, shaped


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
