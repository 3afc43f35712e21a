"""Mean: fast kernels against the definition in double precision, through the builder."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from against import check, node_of, numbers
from alone import run_node
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.layers import layer_type


def test_every_sample_of_the_layer():
    for sample in layer_type("Mean").samples():
        node = node_of("Mean", sample.arguments, sample.inputs[0])
        check(node, numbers(1, (3, *node.input_shapes[0])), threads=2)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("shape", [(35, 4), (35, 4, 18), (18, 3, 33, 2)])
def test_every_choice_of_axes(shape: tuple[int, ...], keepdim: bool):
    axes = range(1, len(shape) + 1)
    for count in range(1, len(shape) + keepdim):
        for dim in itertools.combinations(axes, count):
            check(node_of("Mean", {"dim": list(dim), "keepdim": keepdim}, shape), numbers(1, (2, *shape)))


@settings(max_examples=40, deadline=None)
@given(
    channels=st.integers(1, 64),
    size=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    dim=st.integers(1, 4),
    batch=st.integers(1, 3),
    threads=st.integers(1, 2),
    middle=st.sampled_from([0.0, 1e6]),
)
def test_any_size(channels, size, dim, batch, threads, middle):
    shape = (channels, *size)
    node = node_of("Mean", {"dim": 1 + dim % len(shape)}, shape)
    x = numbers(channels, (batch, *shape), middle)
    expected = x.astype(np.float64).mean(1 + dim % len(shape))
    got = run_node(node, [x], threads=threads)
    assert np.max(np.abs(got - expected)) <= 3e-7 * np.max(np.abs(x))


def test_many_equal_numbers_have_themselves_as_mean():
    """Each is rounded alike as a sum grows, so that the errors add up."""
    x = np.full((1, 3, 300, 300), 0.1, np.float32)
    for dim in ([2, 3], [1, 2], 1):
        got = run_node(node_of("Mean", {"dim": dim}, (3, 300, 300)), [x])
        assert np.abs(got / x.flat[0] - 1).max() <= 3e-7
