"""Normalisation by own statistics: fast kernels against the definition in double precision, through their builders."""

from __future__ import annotations

import numpy as np
import pytest
from against import check, node_of, numbers, tensors_of
from alone import run_node
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.layers import layer_type

TYPES = ("LayerNorm", "LayerNorm2d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
SPREAD = st.sampled_from([(0.0, 1.0), (3.0, 0.1), (1e4, 1.0), (0.0, 1e15), (-1e-3, 1e-6)])
"""Mean and deviation of the input."""


@pytest.mark.parametrize("kind", [*TYPES, "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"])
def test_every_sample_of_the_layers(kind: str):
    for sample in layer_type(kind).samples():
        node = node_of(kind, sample.arguments, sample.inputs[0])
        check(node, numbers(1, (3, *node.input_shapes[0]), 2, 3), threads=2)


@settings(max_examples=40, deadline=None)
@given(
    channels=st.integers(1, 64),
    size=st.lists(st.integers(1, 9), min_size=2, max_size=2),
    batch=st.integers(1, 3),
    spread=SPREAD,
    threads=st.integers(1, 2),
    kind=st.sampled_from(["LayerNorm", "LayerNorm2d"]),
)
def test_layer_norms_of_any_size(channels, size, batch, spread, threads, kind):
    shape = (channels, *size)
    check(node_of(kind, {"eps": 1e-12}, shape), numbers(channels, (batch, *shape), *spread), threads)


@settings(max_examples=20, deadline=None)
@given(channels=st.integers(1, 40), length=st.integers(2, 9), batch=st.integers(1, 4), spread=SPREAD)
def test_a_batch_normalised_together(channels, length, batch, spread):
    node = node_of("BatchNorm1d", {"track_running_stats": False}, (channels, length))
    check(node, numbers(channels, (batch, channels, length), *spread), threads=2)


@settings(max_examples=40, deadline=None)
@given(
    groups=st.integers(1, 9),
    each=st.integers(1, 20),
    size=st.lists(st.integers(1, 5), max_size=3),
    batch=st.integers(1, 2),
    spread=SPREAD,
    threads=st.integers(1, 2),
)
def test_groups_wherever_blocks_cut_them(groups, each, size, batch, spread, threads):
    shape = (groups * each, *size)
    check(node_of("GroupNorm", {"num_groups": groups}, shape), numbers(each, (batch, *shape), *spread), threads)


@pytest.mark.parametrize("kind", ["LayerNorm", "LayerNorm2d", "GroupNorm", "InstanceNorm2d"])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e6, 3e18])
def test_constant_numbers_become_the_bias(kind: str, value: float):
    """The mean as rounded is not the number, but what is left over must not be blown up by the tiny deviation."""
    arguments = {"num_groups": 2} if kind == "GroupNorm" else {}
    node = node_of(kind, {**arguments, "eps": 1e-5}, (22, 13, 11))
    tensors = {
        f"node.{name}": np.ones(shape, np.float32) for name, shape in node.layer.parameters(node.input_shapes).items()
    }
    got = run_node(node, [np.full((1, 22, 13, 11), value, np.float32)], tensors)
    assert np.abs(got - tensors.get("node.bias", np.zeros(1)).max(initial=0)).max() <= max(1e-6, abs(value) * 1e-11)


def test_a_large_map_keeps_its_digits():
    """All squares are equal, so that their roundings add up where a sum grows number by number."""
    x = np.where(np.indices((200, 300)).sum(0) % 2, 0.1, -0.1).astype(np.float32)
    for kind, arguments in (("InstanceNorm2d", {}), ("GroupNorm", {"num_groups": 1})):
        check(node_of(kind, arguments, (3, 200, 300)), np.broadcast_to(x, (1, 3, 200, 300)).copy())


@pytest.mark.parametrize("kind", ["LayerNorm2d", "GroupNorm"])
def test_a_nan_stays_in_what_is_normalised_with_it(kind: str):
    arguments = {"num_groups": 2} if kind == "GroupNorm" else {}
    node = node_of(kind, arguments, (20, 3, 3))
    x = numbers(3, (1, 20, 3, 3))
    x[0, 2, 1, 1] = np.nan
    got = run_node(node, [x], tensors_of(node))
    reach = np.zeros(got.shape, bool)
    reach[(0, slice(None), 1, 1) if kind == "LayerNorm2d" else (0, slice(0, 10))] = True
    assert np.array_equal(np.isnan(got), reach)
