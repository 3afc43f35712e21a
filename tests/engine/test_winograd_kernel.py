"""Winograd convolution against the definition in float64."""

import numpy as np
from alone import run_alone
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.winograd import WinogradConvolution
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
    """Run a Winograd convolution; return its largest error relative to the largest output."""
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
    return np.abs(got - np.clip(wanted, low, high)).max() / np.abs(wanted).max()


FORMS = [(3, 4), (3, 2), (5, 2)]


@settings(max_examples=60, deadline=None)
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
