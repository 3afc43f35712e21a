"""Convolution into one block of channels against the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_alone
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from networks import build, conv
from test_convolution_kernel import definition
from weighted import check, numbers

from cnncalc.engine.kernels.convolution import DirectConvolution
from cnncalc.engine.kernels.narrow import MOST_REPEATED, TAPS_AND_STRIDES, NarrowConvolution, rows_for, suits, variants
from cnncalc.engine.plan.choose import choose
from cnncalc.engine.plan.convolving import Finish, Window
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.value import Value
from cnncalc.engine.target import target
from cnncalc.engine.tensors import random_weights

pytestmark = pytest.mark.skipif(not target().slides, reason="too few registers on this processor")


@st.composite
def cases(draw):
    """(x shape, window, bounds, plain input or not, threads)."""
    rank = draw(st.integers(1, 3))
    taps, stride = draw(st.sampled_from(TAPS_AND_STRIDES))
    outer = [(draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))) for _ in range(rank - 1)]
    kernel = (*(1,) * (3 - rank), *(k for k, _, _ in outer), taps)
    strides = (*(1,) * (3 - rank), *(s for _, s, _ in outer), stride)
    dilation = (*(1,) * (3 - rank), *(d for _, _, d in outer), 1)
    padding = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank)]
    positions = [draw(st.integers(1, 4)) for _ in outer] + [draw(st.sampled_from([10, 14, 19, 24, 28, 41, 70]))]
    sizes = [
        max(1, (n - 1) * s + (k - 1) * d + 1 - sum(pair))
        for n, k, s, d, pair in zip(
            positions, kernel[3 - rank :], strides[3 - rank :], dilation[3 - rank :], padding, strict=True
        )
    ]
    channels, out = draw(st.integers(1, 40)), draw(st.integers(1, 16))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    margin = (*((0, 0),) * (3 - rank), *padding)
    window = Window(numbers(rng, out, channels, *kernel), numbers(rng, out), strides, margin, dilation)
    x = numbers(rng, draw(st.integers(1, 3)), channels, *sizes)
    bounds = draw(st.sampled_from([(-np.inf, np.inf), (0.0, 2.0)]))
    return x, window, bounds, draw(st.sampled_from([1, 16])), draw(st.integers(1, 2))


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(cases())
def test_it_computes_the_definition(case):
    x, window, bounds, lanes, threads = case
    wanted = definition(x, window)

    def make(value: Value) -> NarrowConvolution:
        return NarrowConvolution("c", value, Value("y", wanted.shape[1:], len(x)), window, Finish(*bounds))

    y = run_alone(make, [x], lanes=[lanes], threads=threads)
    check(y, np.clip(wanted, *bounds), np.abs(wanted).max())


def chosen(out: int, kernel: int, width: int, **arguments: object) -> type:
    network = build((3, 9, width), conv("c", out, kernel, **arguments), ("softmax", "Softmax", {"dim": 1}))
    return type(next(one for one in plan(network, random_weights(network), 1).operations if one.name == "c"))


def test_it_is_chosen_where_it_fits():
    assert chosen(16, 5, 32) is chosen(1, 3, 30, padding=1) is chosen(7, 3, 29, stride=2) is NarrowConvolution
    assert chosen(17, 5, 32) is chosen(6, 1, 30) is chosen(6, 5, 34, stride=2) is DirectConvolution
    assert chosen(6, 3, 34, dilation=2) is chosen(6, 3, 30, groups=3) is chosen(6, 3, 11) is DirectConvolution
    assert chosen(6, 3, 13) is DirectConvolution  # 11 pixels as two times 10


def test_a_residual_and_a_long_sum_are_left_to_others():
    window = Window(np.ones((4, 40, 1, 3, 3), np.float32), np.zeros(4, np.float32))
    x, y = Value("x", (40, 12, 30), 1), Value("y", (4, 10, 28), 1)
    assert suits(window, x, y)
    assert not suits(Window(np.ones((4, 400, 1, 3, 3), np.float32), window.bias), Value("x", (400, 12, 30), 1), y)
    plain = DirectConvolution("c", Value("x", (40, 12, 30), 1, 1), y, window)
    assert isinstance(choose([plain])[0], NarrowConvolution)
    plain.finish.residual = Value("z", (4, 10, 28), 1)
    assert choose([plain]) == [plain]


@pytest.mark.parametrize("width", range(10, 230))
def test_rows_cover_the_width_with_few_repeated(width: int):
    rows = rows_for(width)
    assert rows in target().slides
    computed = -(-width // rows) * rows
    assert all(computed <= -(-width // other) * other for other in target().slides)
    assert width < 22 or computed <= MOST_REPEATED * width


def test_all_kernels_are_listed():
    assert len(variants()) == len(set(variants())) == 2 * len(TAPS_AND_STRIDES) * len(target().slides)
