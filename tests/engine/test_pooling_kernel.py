"""Pooling: fast kernels against the definition in double precision, through their builders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from alone import run_node, run_operations
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import build

from cnncalc.engine.kernels.depthwise import DepthwiseConvolution
from cnncalc.engine.kernels.pooling import WINDOWS, variants
from cnncalc.engine.plan.convolving import Window
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.value import PLAIN, Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import LayerError

WINDOWED = [f"{kind}Pool{axes}d" for kind in ("Max", "Avg") for axes in (1, 2, 3)]
BINNED = [
    f"{form}{kind}Pool{axes}d" for form in ("Adaptive", "Global") for kind in ("Avg", "Max") for axes in (1, 2, 3)
]
POWER = [f"LPPool{axes}d" for axes in (1, 2, 3)]


def node_of(kind: str, arguments: Mapping[str, object], shape: tuple[int, ...]) -> Node:
    return build(shape, ("node", kind, dict(arguments))).nodes[0]


def numbers(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def expected_of(node: Node, x: np.ndarray) -> np.ndarray:
    return OPERATIONS[node.type](node.layer, [x.astype(np.float64)], Tensors({}, "node")).output


def check(node: Node, x: np.ndarray, threads: int = 1) -> None:
    expected = expected_of(node, x)
    got = run_node(node, [x], threads=threads)
    assert got.shape == expected.shape
    if "Max" in node.type:
        assert np.array_equal(got, expected)
    else:
        assert np.max(np.abs(got - expected)) <= 1e-6 * np.max(np.abs(x))


@pytest.mark.parametrize("kind", [*WINDOWED, *BINNED, *POWER])
def test_every_sample_of_the_layers(kind: str):
    for sample in layer_type(kind).samples():
        x = numbers(1, (2, *sample.inputs[0]))
        check(node_of(kind, sample.arguments, sample.inputs[0]), np.abs(x) if kind in POWER else x, threads=2)


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(WINDOWED),
    channels=st.integers(1, 64),
    sizes=st.tuples(*[st.integers(1, 30)] * 3),
    kernel=st.tuples(*[st.integers(1, 5)] * 3),
    stride=st.tuples(*[st.integers(1, 4)] * 3),
    padding=st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3),
    dilation=st.tuples(*[st.integers(1, 3)] * 3),
    ceil_mode=st.booleans(),
    count_include_pad=st.booleans(),
    batch=st.integers(1, 3),
    threads=st.integers(1, 2),
)
def test_any_sliding_window(
    kind, channels, sizes, kernel, stride, padding, dilation, ceil_mode, count_include_pad, batch, threads
):
    axes = layer_type(kind).axes
    arguments = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    chosen = {name: [list(n) if isinstance(n, tuple) else n for n in given[:axes]] for name, given in arguments.items()}
    if kind.startswith("Avg"):
        del chosen["dilation"]
        chosen["count_include_pad"] = count_include_pad
    shape = (channels, *(n // axes + 1 for n in sizes[:axes]))
    try:
        node = node_of(kind, {**chosen, "ceil_mode": ceil_mode}, shape)
        check(node, numbers(channels, (batch, *shape)), threads)
    except (LayerError, Unsupported):
        assume(False)


@settings(max_examples=50, deadline=None)
@given(
    kind=st.sampled_from(["MaxPool2d", "AvgPool2d"]),
    window=st.sampled_from(WINDOWS),
    padding=st.integers(0, 1),
    ceil_mode=st.booleans(),
    channels=st.integers(1, 40),
    height=st.integers(3, 12),
    width=st.integers(7, 64),
    threads=st.integers(1, 2),
)
def test_common_windows_on_rows_of_any_length(kind, window, padding, ceil_mode, channels, height, width, threads):
    arguments = {"kernel_size": window[0], "stride": window[1], "padding": padding, "ceil_mode": ceil_mode}
    shape = (channels, height, width)
    check(node_of(kind, arguments, shape), numbers(channels, (2, *shape)), threads)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from([kind for kind in BINNED if kind.startswith("Adaptive")]),
    channels=st.integers(1, 64),
    sizes=st.tuples(*[st.integers(1, 20)] * 3),
    bins=st.tuples(*[st.integers(1, 12)] * 3),
    batch=st.integers(1, 2),
    threads=st.integers(1, 2),
)
def test_any_bins(kind, channels, sizes, bins, batch, threads):
    axes = layer_type(kind).axes
    shape = (channels, *sizes[:axes])
    check(node_of(kind, {"output_size": list(bins[:axes])}, shape), numbers(channels, (batch, *shape)), threads)


@settings(max_examples=20, deadline=None)
@given(
    channels=st.integers(1, 40),
    power=st.sampled_from([1, 2, 3, 0.5, -1]),
    size=st.integers(3, 12),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 4),
    ceil_mode=st.booleans(),
)
def test_any_norm(channels, power, size, kernel, stride, ceil_mode):
    arguments = {"norm_type": power, "kernel_size": kernel, "stride": stride, "ceil_mode": ceil_mode}
    shape = (channels, size, size + 1)
    x = np.abs(numbers(channels, (2, *shape))) + np.float32(0.5)
    node = node_of("LPPool2d", arguments, shape)
    np.testing.assert_allclose(run_node(node, [x], threads=2), expected_of(node, x), rtol=1e-6)


def test_a_negative_sum_has_no_broken_root():
    node = node_of("LPPool1d", {"norm_type": 3, "kernel_size": 2}, (5, 4))
    x = numbers(3, (1, 5, 4))
    expected = expected_of(node, x)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(run_node(node, [x]), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["MaxPool1d", "AvgPool1d"])
@pytest.mark.parametrize("window", [(3, 2), (3, 1), (4, 3), (1, 90)])
def test_long_rows_are_cut(kind: str, window: tuple[int, int]):
    arguments = {"kernel_size": window[0], "stride": window[1], "padding": window[0] // 2}
    check(node_of(kind, arguments, (18, 1500)), numbers(1, (1, 18, 1500)), threads=2)


def test_a_mean_of_very_many():
    check(node_of("GlobalAvgPool1d", {}, (3, 20_000)), numbers(1, (2, 3, 20_000)) + np.float32(10))


@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d", "AdaptiveMaxPool2d", "GlobalMaxPool2d"])
@pytest.mark.parametrize("bad", [np.nan, -np.inf, np.inf])
def test_nan_and_infinity_come_through_wherever_they_lie(kind: str, bad: float):
    uses = [{"output_size": 5}] if "Adaptive" in kind else [{}]
    if not kind.startswith(("Adaptive", "Global")):
        uses = [{"kernel_size": 3, "stride": stride, "padding": 1} for stride in (1, 2, 3)]
    for arguments in uses:
        node = node_of(kind, arguments, (17, 15, 15))
        x = numbers(5, (1, 17, 15, 15))
        for at, place in enumerate([(0, 0), (7, 7), (14, 14), (3, 4), (4, 3), (9, 8), (14, 0)]):
            x[0, at, place[0], place[1]] = bad
        np.testing.assert_allclose(run_node(node, [x]), expected_of(node, x), rtol=1e-5, atol=1e-6)


def test_the_result_is_the_same_for_any_number_of_threads():
    node = node_of("AvgPool2d", {"kernel_size": 3, "padding": 1, "stride": 1}, (40, 33, 21))
    x = numbers(1, (2, 40, 33, 21))
    assert np.array_equal(run_node(node, [x], threads=1), run_node(node, [x], threads=2, times=3))


def test_bins_of_one_position_take_no_operation():
    node = node_of("AdaptiveAvgPool2d", {"output_size": 6}, (20, 6, 6))
    draft = Draft({}, 2)
    x = Value("x", (20, 6, 6), 2)
    assert BUILDERS[node.type](draft, node, [x]) is x
    assert draft.operations == []


def test_windows_of_padding_only_and_plain_values_are_left_to_the_definition():
    node = node_of("MaxPool1d", {"kernel_size": 2, "dilation": 3, "padding": 1, "stride": 1}, (3, 2))
    with pytest.raises(Unsupported):
        run_node(node, [numbers(1, (1, 3, 2))])
    with pytest.raises(Unsupported):
        run_node(node_of("MaxPool1d", {"kernel_size": 2}, (3, 4)), [numbers(1, (1, 3, 4))], lanes=[PLAIN])


def test_variants_are_all_that_layers_choose():
    known = set(variants())
    for width in (1, 2, 3, 6, 7, 8, 14, 300):
        for kernel, stride in ((1, 1), (2, 2), (3, 1), (3, 2), (5, 1)):
            for kind in ("MaxPool2d", "AvgPool2d"):
                use = {"kernel_size": kernel, "stride": stride, "padding": kernel // 2}
                node = node_of(kind, use, (3, 9, width))
                draft = Draft({}, 1)
                BUILDERS[kind](draft, node, [Value("x", node.input_shapes[0], 1)])
                assert draft.operations[0].kernel in known


def test_poolings_write_side_by_side_into_a_value_with_margins():
    """As in an Inception block whose Concat takes no copy: both write blocks of one value, which has zeros round it."""
    use = {"kernel_size": 3, "stride": 1, "padding": 1}
    nodes = [node_of(kind, use, (16, 8, 9)) for kind in ("MaxPool2d", "AvgPool2d")]
    numbers_in = numbers(1, (2, 16, 8, 9))
    x, both, y = (Value(name, (channels, 8, 9), 2) for name, channels in (("x", 16), ("both", 32), ("y", 32)))
    draft = Draft({}, 2)
    for at, node in enumerate(nodes):
        part = BUILDERS[node.type](draft, node, [x])
        part.parent, part.first_block = both, at
    weight = np.ones((32, 1, 1, 3, 3), np.float32)
    summing = Window(weight, np.zeros(32, np.float32), padding=((0, 0), (1, 1), (1, 1)), groups=32)
    draft.add(DepthwiseConvolution("sum", both, y, summing))
    got = run_operations(draft.operations, y, [x], [numbers_in], threads=2, times=2)
    pooled = np.concatenate([expected_of(node, numbers_in) for node in nodes], 1)
    around = np.pad(pooled, ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = np.lib.stride_tricks.sliding_window_view(around, (3, 3), (2, 3)).sum((-1, -2))
    assert np.max(np.abs(got - expected)) <= 1e-6 * np.abs(expected).max()
