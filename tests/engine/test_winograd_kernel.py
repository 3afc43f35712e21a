"""Winograd convolution against the definition in float64."""

import numpy as np
import pytest
from alone import run_alone
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.winograd import WinogradConvolution, best
from cnncalc.engine.plan.convolving import Finish, Window
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.convolution import correlate


def reference(x, weight, bias, padding):
    """Return the convolution by definition, (N, O, H, W), in float64."""
    padded = np.pad(x.astype(np.float64)[:, :, None], ((0, 0), (0, 0), (0, 0), *padding))
    sizes = [n - k + 1 for n, k in zip(padded.shape[2:], weight.shape[2:], strict=True)]
    y = np.empty((len(x), len(weight), *sizes))
    real = [np.ones(n, np.int64) for n in padded.shape[2:]]
    correlate(padded, *real, weight.astype(np.float64), bias.astype(np.float64), 1, (1, 1, 1), (1, 1, 1), y)
    return y[:, :, 0]


def largest_error(x, weight, padding, m, *, threads=1, seed=0, residual=False, low=-np.inf, high=np.inf):
    """Run a Winograd convolution; return its largest error relative to the largest output or a usual one."""
    random = np.random.default_rng(seed)
    bias = random.standard_normal(len(weight)).astype(np.float32)
    wanted = reference(x, weight, bias, padding)
    beside = random.standard_normal(wanted.shape).astype(np.float32)
    window = Window(weight, bias, padding=((0, 0), *padding))

    def make(x, *others):
        output = Value("out", wanted.shape[1:], wanted.shape[0])
        finish = Finish(low, high, others[0] if others else None)
        return WinogradConvolution("convolution", x, output, window, finish, m)

    got = run_alone(make, [x, beside] if residual else [x], threads=threads, times=2)
    if residual:
        wanted += beside
    usual = np.sqrt(weight[0].size)  # of sums of so many products; a few outputs may all be smaller by chance
    return np.abs(got - np.clip(wanted, low, high)).max() / max(usual, np.abs(wanted).max())


FORMS = [(3, 4), (3, 2), (5, 2)]
LINES = [(3, 4), (7, 4), (7, 6)]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(FORMS),
    st.integers(1, 70),
    st.integers(1, 140),
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 2]),
)
def test_any_convolution(form, channels, out, size, padding, batch, residual, clamps, threads):
    r, m = form
    top, bottom, left, right = padding
    height, width = (max(n, r - p) for n, p in zip(size, (top + bottom, left + right), strict=True))
    random = np.random.default_rng(channels * 1000 + out)
    x = random.standard_normal((batch, channels, height, width)).astype(np.float32)
    weight = random.standard_normal((out, channels, 1, r, r)).astype(np.float32)
    low, high = (0, 6) if clamps else (-np.inf, np.inf)
    given_padding = ((top, bottom), (left, right))
    error = largest_error(x, weight, given_padding, m, threads=threads, residual=residual, low=low, high=high)
    assert error < 2e-5


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(LINES),
    st.booleans(),
    st.integers(1, 70),
    st.integers(1, 140),
    st.tuples(st.integers(1, 18), st.integers(1, 18)),
    st.tuples(*[st.integers(0, 4)] * 4),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 2]),
)
def test_any_convolution_along_one_axis(form, upright, channels, out, size, padding, batch, residual, clamps, threads):
    r, m = form
    kernel = (r, 1) if upright else (1, r)
    top, bottom, left, right = padding
    height, width = (max(n, k - p) for n, k, p in zip(size, kernel, (top + bottom, left + right), strict=True))
    random = np.random.default_rng(channels * 1000 + out)
    x = random.standard_normal((batch, channels, height, width)).astype(np.float32)
    weight = random.standard_normal((out, channels, 1, *kernel)).astype(np.float32)
    low, high = (0, 6) if clamps else (-np.inf, np.inf)
    given_padding = ((top, bottom), (left, right))
    error = largest_error(x, weight, given_padding, m, threads=threads, residual=residual, low=low, high=high)
    assert error < 1.5e-5


@pytest.mark.parametrize(("channels", "out", "size", "m"), [(256, 208, 14, 4), (320, 256, 7, 2), (32, 64, 60, 4)])
def test_either_number_of_stages(channels, out, size, m):
    random = np.random.default_rng(size)
    x = random.standard_normal((2, channels, size, size)).astype(np.float32)
    weight = random.standard_normal((out, channels, 1, 3, 3)).astype(np.float32)
    assert largest_error(x, weight, ((1, 1), (1, 1)), m, threads=2, residual=True) < 2e-5


@pytest.mark.parametrize(
    ("channels", "out", "size", "m"),
    [(64, 64, 224, 4), (256, 256, 14, 2), (512, 512, 7, None), (128, 32, 28, 4), (16, 16, 2, None)],
)
def test_best_weighs_tiles_weights_and_transforms(channels, out, size, m):
    weight = np.zeros((out, channels, 1, 3, 3), np.float32)
    x, y = Value("x", (channels, size, size), 1), Value("y", (out, size, size), 1)
    window = Window(weight, np.zeros(out, np.float32), padding=((0, 0), (1, 1), (1, 1)))
    assert best(window, x, y) == m
    assert best(Window(weight, window.bias, stride=(1, 2, 2)), x, y) is None
    assert best(window, Value("x", (channels, size, size), 1, lanes=1), y) is None


@pytest.mark.parametrize(
    ("channels", "out", "size", "kernel", "m"),
    [
        (192, 192, (17, 17), (1, 7), 6),
        (192, 192, (17, 17), (7, 1), 6),
        (160, 160, (12, 12), (7, 1), 6),
        (160, 160, (32, 8), (1, 7), 4),
        (64, 64, (1, 2000), (1, 3), 4),
        (384, 384, (8, 8), (3, 1), None),
        (64, 64, (40, 40), (1, 9), None),
        (64, 64, (40, 40), (3, 5), None),
    ],
)
def test_best_for_windows_along_one_axis(channels, out, size, kernel, m):
    high, wide = kernel
    weight = np.zeros((out, channels, 1, high, wide), np.float32)
    padding = ((0, 0), (high // 2, high // 2), (wide // 2, wide // 2))
    x, y = Value("x", (channels, *size), 1), Value("y", (out, *size), 1)
    assert best(Window(weight, np.zeros(out, np.float32), padding=padding), x, y) == m
