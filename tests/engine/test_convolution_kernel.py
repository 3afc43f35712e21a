"""Direct convolution against the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_alone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.convolution import DirectConvolution
from cnncalc.engine.kernels.direct import variants
from cnncalc.engine.plan.convolving import Finish, Prologue, Window
from cnncalc.engine.plan.value import Value
from cnncalc.engine.reference.convolution import correlate


def definition(x: np.ndarray, window: Window) -> np.ndarray:
    """The reference's loops, in float64."""
    volume = x.astype(np.float64).reshape(*x.shape[:2], *(1,) * (5 - x.ndim), *x.shape[2:])
    padded = np.pad(volume, ((0, 0), (0, 0), *window.padding))
    spans = [(k - 1) * d + 1 for k, d in zip(window.kernel_size, window.dilation, strict=True)]
    sizes = [(n - e) // s + 1 for n, e, s in zip(padded.shape[2:], spans, window.stride, strict=True)]
    y = np.empty((x.shape[0], len(window.weight), *sizes))
    real = [np.ones(n, np.int64) for n in padded.shape[2:]]
    weight, bias = window.weight.astype(np.float64), window.bias.astype(np.float64)
    correlate(padded, *real, weight, bias, window.groups, window.stride, window.dilation, y)
    return y.reshape(*y.shape[:2], *y.shape[7 - x.ndim :])


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def check(y: np.ndarray, wanted: np.ndarray, largest: float) -> None:
    """Equal up to rounding, `largest` being the largest sum before it was clamped."""
    assert y.shape == wanted.shape
    assert np.abs(y - wanted).max() <= 2e-6 * max(1e-3, largest)


@st.composite
def cases(draw):
    """(x shape, window, finish bounds, whether there is a residual, plain input or not, threads)."""
    rank = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 5]))
    channels = groups * draw(st.integers(1, 70 // groups))
    out = groups * draw(st.integers(1, 100 // groups))
    kernel = tuple(draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank)))
    axes = [
        (draw(st.integers(1, 3)), draw(st.integers(0, 3)), draw(st.integers(0, 2)), draw(st.integers(1, 2)))
        for _ in range(rank)
    ]
    sizes = tuple(
        max(1, (k - 1) * d + 1 - before - after) + draw(st.integers(0, 6 if rank > 1 else 40))
        for k, (_, before, after, d) in zip(kernel, axes, strict=True)
    )
    missing = 3 - rank
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    window = Window(
        numbers(rng, out, channels // groups, *(1,) * missing, *kernel),
        numbers(rng, out),
        (*(1,) * missing, *(a[0] for a in axes)),
        (*((0, 0),) * missing, *((a[1], a[2]) for a in axes)),
        (*(1,) * missing, *(a[3] for a in axes)),
        groups,
    )
    x = numbers(rng, draw(st.integers(1, 4)), channels, *sizes)
    bounds = draw(st.sampled_from([(-np.inf, np.inf), (0.0, np.inf), (0.0, 2.0)]))
    return x, window, bounds, draw(st.booleans()), draw(st.sampled_from([1, 16, 16])), draw(st.integers(1, 2))


@settings(max_examples=120, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(cases())
def test_it_computes_the_definition(case):
    x, window, (low, high), adds, lanes, threads = case
    wanted = definition(x, window)
    arrays, lane_counts = [x], [lanes]
    if adds:
        arrays.append(numbers(np.random.default_rng(5), *wanted.shape))
        lane_counts.append(16)
        wanted = wanted + arrays[1]

    def make(value: Value, residual: Value | None = None) -> DirectConvolution:
        output = Value("y", wanted.shape[1:], len(x))
        return DirectConvolution("c", value, output, window, Finish(low, high, residual))

    check(run_alone(make, arrays, lanes=lane_counts, threads=threads), np.clip(wanted, low, high), np.abs(wanted).max())
