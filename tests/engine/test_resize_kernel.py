"""Upsample: compiled, against the definition in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_node
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import build

from cnncalc.engine.kernels.resize import variants
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.value import PLAIN, Value
from cnncalc.engine.reference.operation import Tensors
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.graph import Node
from cnncalc.layers import layer_type

SAMPLES = layer_type("Upsample").samples()
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def node_of(arguments: dict[str, object], shape: tuple[int, ...]) -> Node:
    return build(shape, ("node", "Upsample", arguments)).nodes[0]


def check(node: Node, x: np.ndarray, threads: int = 1) -> None:
    expected = OPERATIONS["Upsample"](node.layer, [x.astype(np.float64)], Tensors({}, "node")).output
    got = run_node(node, [x], threads=threads)
    assert got.shape == expected.shape
    if node.layer.mode == "nearest":
        assert np.array_equal(got, expected)
    else:
        assert np.abs(got - expected).max() <= 1e-6 * np.abs(x).max()


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("at", range(len(SAMPLES)))
def test_every_sample(at: int):
    sample = SAMPLES[at]
    check(node_of(dict(sample.arguments), sample.inputs[0]), numbers(2, *sample.inputs[0]), threads=2)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 66),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.sampled_from(["nearest", "linear", "cubic"]),
    st.booleans(),
    st.data(),
    st.integers(1, 2),
)
def test_any_size_and_factor(channels, size, way, by_size, data, threads):
    mode = {"nearest": "nearest", "linear": LINEAR[len(size)], "cubic": "bicubic"}[way]
    size = size if mode != "bicubic" else (size * 2)[:2]
    axes = len(size)
    arguments: dict[str, object] = {"mode": mode}
    if by_size:
        arguments["size"] = data.draw(st.lists(st.integers(1, 14), min_size=axes, max_size=axes))
    else:
        factors = st.sampled_from([1, 1.2, 1.5, 1.7, 2, 2.4, 3, 3.3])
        arguments["scale_factor"] = data.draw(st.lists(factors, min_size=axes, max_size=axes))
        arguments["recompute_scale_factor"] = data.draw(st.booleans())
    if mode != "nearest":
        arguments["align_corners"] = data.draw(st.booleans())
    check(node_of(arguments, (channels, *size)), numbers(2, channels, *size), threads)


def test_a_large_map_is_shared_among_threads():
    x = numbers(1, 20, 60, 70)
    for mode in ("bilinear", "bicubic", "nearest"):
        check(node_of({"scale_factor": 2, "mode": mode}, (20, 60, 70)), x, threads=2)


def test_what_is_not_in_blocks_is_left_to_the_definition():
    node = node_of({"scale_factor": 2, "mode": "bilinear"}, (3, 4, 4))
    with pytest.raises(Unsupported):
        BUILDERS["Upsample"](Draft({}, 1), node, [Value("x", (3, 4, 4), 1, PLAIN)])


def test_all_kernels_compile():
    assert all(kernel.address for kernel in variants())
