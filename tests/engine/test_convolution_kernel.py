"""Direct convolution against the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_alone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from weighted import check, check_node, check_samples, node_of, numbers

from cnncalc.engine.kernels.convolution import DirectConvolution
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


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))
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


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_all_forms_of_the_arguments(rank):
    check_samples(f"Conv{rank}d")


@pytest.mark.parametrize(("groups", "channels", "out"), [(2, 96, 128), (32, 128, 128), (3, 24, 60), (48, 48, 96)])
def test_groups_of_any_size(groups, channels, out):
    node = node_of("Conv2d", (channels, 6, 6), {"out_channels": out, "kernel_size": 3, "padding": 1, "groups": groups})
    check_node(node, 2, threads=2)


def test_sums_too_long_for_the_cache_are_made_in_parts_upon_the_residual():
    rng = np.random.default_rng(3)
    x, residual = numbers(rng, 1, 300, 5, 5), numbers(rng, 1, 70, 5, 5)
    window = Window(numbers(rng, 70, 300, 1, 3, 3), numbers(rng, 70), padding=((0, 0), (1, 1), (1, 1)))
    wanted = definition(x, window) + residual

    def make(value: Value, beside: Value) -> DirectConvolution:
        output = Value("y", (70, 5, 5), 1)
        beside.parent = output  # the result takes the residual's place
        return DirectConvolution("c", value, output, window, Finish(0.0, np.inf, beside))

    check(run_alone(make, [x, residual], threads=2), np.maximum(wanted, 0), np.abs(wanted).max())


@pytest.mark.parametrize(("channels", "out", "batch", "size"), [(70, 40, 1, 14), (33, 130, 3, 5), (600, 20, 2, 12)])
def test_inputs_are_scaled_shifted_and_held_above_zero_first(channels, out, batch, size):
    rng = np.random.default_rng(4)
    x = numbers(rng, batch, channels, size, size)
    window = Window(numbers(rng, out, channels, 1, 1, 1), numbers(rng, out))
    prologue = Prologue(numbers(rng, channels), numbers(rng, channels))
    scaled = x * prologue.scale[:, None, None].astype(np.float64) + prologue.shift[:, None, None]
    wanted = definition(np.maximum(scaled, 0), window)

    def make(value: Value) -> DirectConvolution:
        convolution = DirectConvolution("c", value, Value("y", wanted.shape[1:], batch), window)
        convolution.prologue = prologue
        return convolution

    check(run_alone(make, [x], threads=2), wanted)


@pytest.mark.parametrize("channels", [32, 23])
def test_maps_that_do_not_fit_into_the_cache(channels):
    rng = np.random.default_rng(channels)
    x = numbers(rng, 1, channels, 67, 71)
    window = Window(numbers(rng, 40, channels, 1, 1, 1), numbers(rng, 40))
    y = run_alone(lambda x: DirectConvolution("c", x, Value("y", (40, 67, 71), 1), window), [x], threads=2)
    check(y, definition(x, window))
