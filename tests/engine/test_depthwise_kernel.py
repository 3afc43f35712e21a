"""Depthwise convolution: the fast kernel against the definition in double precision."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from alone import run_alone
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.depthwise import DepthwiseConvolution, kernel_for, tile_for, variants
from cnncalc.engine.plan.convolving import Finish, Window
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS

STILL = ((0, 0),)


def numbers(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def defined(x: np.ndarray, window: Window, axes: int) -> np.ndarray:
    """What the reference engine computes of a window's last `axes` axes."""
    layer = SimpleNamespace(
        out_channels=x.shape[1],
        groups=x.shape[1],
        kernel_size=window.kernel_size[-axes:],
        stride=window.stride[-axes:],
        padding=window.padding[-axes:],
        dilation=window.dilation[-axes:],
        padding_mode="zeros",
        bias=True,
    )
    weight = window.weight.reshape(*window.weight.shape[:2], *layer.kernel_size)
    tensors = {"node.weight": weight.astype(np.float64), "node.bias": window.bias.astype(np.float64)}
    return OPERATIONS[f"Conv{axes}d"](layer, [x.astype(np.float64)], Tensors(tensors, "node")).output


def check(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    *,
    residual: bool = False,
    low: float = -np.inf,
    high: float = np.inf,
    batch: int = 1,
    threads: int = 1,
) -> None:
    axes, channels = len(kernel), shape[0]
    missing = 3 - axes
    ones = (1,) * missing
    weight = numbers(channels, (channels, 1, *ones, *kernel))
    window = Window(
        weight,
        numbers(2, (channels,)),
        (*ones, *stride),
        (*STILL * missing, *padding),
        (*ones, *dilation),
        channels,
    )
    x = numbers(3, (batch, *shape))
    expected = defined(x, window, axes)
    arrays = [x]
    if residual:
        arrays.append(numbers(4, expected.shape))
        expected = expected + arrays[1]
    largest = np.abs(expected).max()
    expected = np.clip(expected, low, high)

    def make(value: Value, *beside: Value) -> DepthwiseConvolution:
        output = Value("y", expected.shape[1:], batch)
        return DepthwiseConvolution("node", value, output, window, Finish(low, high, *beside))

    got = run_alone(make, arrays, threads=threads)
    assert got.shape == expected.shape
    assert np.max(np.abs(got - expected)) <= 1e-6 * largest


@settings(max_examples=80, deadline=None)
@given(
    axes=st.integers(1, 3),
    channels=st.integers(1, 64),
    sizes=st.tuples(*[st.integers(1, 12)] * 3),
    kernel=st.tuples(*[st.sampled_from([1, 2, 3, 4, 5, 7])] * 3),
    stride=st.tuples(*[st.integers(1, 3)] * 3),
    padding=st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * 3),
    dilation=st.tuples(*[st.integers(1, 3)] * 3),
    batch=st.integers(1, 3),
    threads=st.integers(1, 2),
    residual=st.booleans(),
)
def test_any_window(axes, channels, sizes, kernel, stride, padding, dilation, batch, threads, residual):
    kernel, stride, padding, dilation = (given[:axes] for given in (kernel, stride, padding, dilation))
    sizes = sizes[:axes]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    assume(all(n + sum(p) >= span for n, p, span in zip(sizes, padding, spans, strict=True)))
    check((channels, *sizes), kernel, stride, padding, dilation, residual=residual, batch=batch, threads=threads)


@settings(max_examples=50, deadline=None)
@given(
    taps=st.sampled_from([3, 5, 7]),
    stride=st.integers(1, 2),
    width=st.integers(1, 40),
    height=st.integers(1, 9),
    channels=st.integers(1, 40),
    threads=st.integers(1, 2),
)
def test_common_windows_on_rows_of_any_length(taps, stride, width, height, channels, threads):
    half = taps // 2
    around = ((half, half),) * 2
    check((channels, height, width), (taps,) * 2, (stride,) * 2, around, (1, 1), threads=threads)


@pytest.mark.parametrize(("low", "high"), [(0, np.inf), (0, 6), (-1, 1)])
@pytest.mark.parametrize("residual", [False, True])
def test_the_result_is_held_between_bounds(low: float, high: float, residual: bool):
    check((20, 9, 15), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), residual=residual, low=low, high=high, batch=2)


def test_a_nan_reaches_the_windows_it_lies_in_and_no_others():
    x = numbers(1, (1, 18, 9, 9))
    x[0, 17, 4, 4] = np.nan
    window = Window(numbers(2, (18, 1, 1, 3, 3)), numbers(3, (18,)), (1, 1, 1), ((0, 0), (1, 1), (1, 1)), (1, 1, 1), 18)

    def make(value: Value) -> DepthwiseConvolution:
        return DepthwiseConvolution("node", value, Value("y", (18, 9, 9), 1), window, Finish(0, 6))

    reach = np.zeros((1, 18, 9, 9), bool)
    reach[0, 17, 3:6, 3:6] = True
    assert np.array_equal(np.isnan(run_alone(make, [x])), reach)


def test_tiles_are_no_wider_than_a_row():
    assert all(tile_for(width) <= width for width in range(1, 300))


def test_variants_are_all_that_layers_choose():
    known = set(variants())
    for width in range(1, 60):
        for taps in range(1, 10):
            for stride in (1, 2, 3):
                window = Window(np.zeros((4, 1, 1, 1, taps)), np.zeros(4), (1, 1, stride), groups=4)
                kernel, at_once = kernel_for(window, width)
                assert kernel in known
                assert at_once in (1, taps)
