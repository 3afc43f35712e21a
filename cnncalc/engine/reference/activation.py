"""Activations, element by element; Softmax and LogSoftmax along an axis.

Comparisons are written so that NaN comes out as NaN, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, around, by_channel, flat


def elementwise(function: Callable[..., None], *arguments: str) -> Callable[[Any, list[Array], Tensors], Done]:
    """Return the operation that fills its output with `function(x, y, ...)`, given these arguments of the layer."""

    def operation(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
        x = inputs[0]
        y = np.empty_like(x)
        values = [x.dtype.type(getattr(layer, name)) for name in arguments]
        function(flat(x), flat(y), *values)
        return Done(y)

    return operation


@kernel
def copy(x: Array, y: Array) -> None:
    """Dropout and Identity at inference: y = x."""
    for i in range(x.size):
        y[i] = x[i]


@kernel
def relu(x: Array, y: Array) -> None:
    """ReLU: y = max(0, x)."""
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else x[i]


@kernel
def relu6(x: Array, y: Array) -> None:
    """ReLU6: y = min(max(0, x), 6)."""
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else 6 if x[i] > 6 else x[i]


@kernel
def leaky_relu(x: Array, y: Array, negative_slope: float) -> None:
    """LeakyReLU: y = x, or negative_slope * x below zero."""
    for i in range(x.size):
        y[i] = x[i] if x[i] > 0 else negative_slope * x[i]


@kernel
def elu(x: Array, y: Array, alpha: float) -> None:
    """ELU: y = x, or alpha * (exp(x) - 1) below zero."""
    for i in range(x.size):
        y[i] = x[i] if x[i] > 0 else alpha * math.expm1(x[i])


@kernel
def silu(x: Array, y: Array) -> None:
    """SiLU: y = x / (1 + exp(-x))."""
    for i in range(x.size):
        y[i] = x[i] / (1 + math.exp(-x[i]))


@kernel
def sigmoid(x: Array, y: Array) -> None:
    """Sigmoid: y = 1 / (1 + exp(-x))."""
    for i in range(x.size):
        y[i] = 1 / (1 + math.exp(-x[i]))


@kernel
def tanh(x: Array, y: Array) -> None:
    """Tanh: y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    for i in range(x.size):
        y[i] = math.tanh(x[i])


@kernel
def mish(x: Array, y: Array) -> None:
    """Mish: y = x * tanh(log(1 + exp(x)))."""
    for i in range(x.size):
        # of a large x the exponential overflows, and the logarithm is x itself
        y[i] = x[i] * math.tanh(x[i] if x[i] > 20 else math.log1p(math.exp(x[i])))


@kernel
def hardtanh(x: Array, y: Array, min_val: float, max_val: float) -> None:
    """Hardtanh: y = min(max(min_val, x), max_val)."""
    for i in range(x.size):
        y[i] = min_val if x[i] < min_val else max_val if x[i] > max_val else x[i]


@kernel
def softplus(x: Array, y: Array, beta: float, threshold: float) -> None:
    """Softplus: y = log(1 + exp(beta x)) / beta, or x where beta x is over the threshold."""
    for i in range(x.size):
        y[i] = x[i] if x[i] * beta > threshold else math.log1p(math.exp(x[i] * beta)) / beta


@kernel
def hardswish(x: Array, y: Array) -> None:
    """Hardswish: y = x * min(max(0, x + 3), 6) / 6."""
    for i in range(x.size):
        raised = x[i] + 3
        y[i] = x[i] * (0 if raised < 0 else 6 if raised > 6 else raised) / 6


@kernel
def hardsigmoid(x: Array, y: Array) -> None:
    """Hardsigmoid: y = min(max(0, x + 3), 6) / 6."""
    for i in range(x.size):
        raised = x[i] + 3
        y[i] = (0 if raised < 0 else 6 if raised > 6 else raised) / 6


@kernel
def gelu_exact(x: Array, y: Array) -> None:
    """GELU: y = x/2 * (1 + erf(x / sqrt(2)))."""
    for i in range(x.size):
        y[i] = x[i] / 2 * (1 + math.erf(x[i] / math.sqrt(2)))


@kernel
def gelu_tanh(x: Array, y: Array) -> None:
    """GELU in its tanh form: y = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))."""
    for i in range(x.size):
        y[i] = x[i] / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x[i] + 0.044715 * x[i] ** 3)))


def gelu(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """GELU in the form asked for."""
    form = gelu_tanh if layer.approximate == "tanh" else gelu_exact
    return elementwise(form)(layer, inputs, tensors)


def prelu(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """PReLU: y = max(0, x) + weight[c] * min(0, x)."""
    x = inputs[0]
    y = np.empty_like(x)
    rectify(by_channel(x), tensors.take("weight", (layer.num_parameters,)), by_channel(y))
    return Done(y)


@kernel
def rectify(x: Array, slope: Array, y: Array) -> None:
    """PReLU of x (N, C, P), with one slope for all channels or one each."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            s = slope[c] if slope.size > 1 else slope[0]
            for i in range(x.shape[2]):
                y[n, c, i] = x[n, c, i] if x[n, c, i] > 0 else s * x[n, c, i]


def softmax(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[i] = exp(x[i]) / sum over j of exp(x[j])."""
    return _normalised(soften, layer, inputs[0])


def log_softmax(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[i] = x[i] - log(sum over j of exp(x[j]))."""
    return _normalised(soften_log, layer, inputs[0])


def _normalised(function: Callable[..., None], layer: Any, x: Array) -> Done:
    axis = layer.dim % x.ndim
    y = np.empty_like(x)
    function(around(x, axis), around(y, axis))
    return Done(y)


@kernel
def soften(x: Array, y: Array) -> None:
    """Softmax along the middle axis; the largest element is taken off first, which changes nothing but overflow."""
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            top = x[a, 0, b]
            for i in range(x.shape[1]):
                top = x[a, i, b] if x[a, i, b] > top else top
            total = 0.0
            for i in range(x.shape[1]):
                total += math.exp(x[a, i, b] - top)
            for i in range(x.shape[1]):
                y[a, i, b] = math.exp(x[a, i, b] - top) / total


@kernel
def soften_log(x: Array, y: Array) -> None:
    """LogSoftmax along the middle axis, with the largest element taken off first."""
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            top = x[a, 0, b]
            for i in range(x.shape[1]):
                top = x[a, i, b] if x[a, i, b] > top else top
            total = 0.0
            for i in range(x.shape[1]):
                total += math.exp(x[a, i, b] - top)
            for i in range(x.shape[1]):
                y[a, i, b] = x[a, i, b] - top - math.log(total)
