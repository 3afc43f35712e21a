"""Softmax, LogSoftmax: fast kernel against the definition in double precision, through their builders."""

from __future__ import annotations

import numpy as np
import pytest
from against import check, node_of, numbers
from alone import run_node
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.layers import layer_type

TYPES = ("Softmax", "LogSoftmax")


@pytest.mark.parametrize("kind", TYPES)
def test_every_sample_of_the_layers(kind: str):
    for sample in layer_type(kind).samples():
        node = node_of(kind, sample.arguments, sample.inputs[0])
        check(node, numbers(1, (3, *node.input_shapes[0]), 0, 5), threads=2)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(TYPES),
    channels=st.integers(1, 64),
    size=st.lists(st.integers(1, 40), max_size=2),
    axis=st.integers(0, 2),
    batch=st.integers(1, 3),
    spread=st.sampled_from([(0.0, 1.0), (1e4, 10.0), (-1e30, 1e29), (0.0, 50.0)]),
    threads=st.integers(1, 2),
)
def test_any_axis_of_any_size(kind, channels, size, axis, batch, spread, threads):
    shape = (channels, *size)
    node = node_of(kind, {"dim": 1 + axis % len(shape)}, shape)
    check(node, numbers(channels, (batch, *shape), *spread), threads)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("dim", [1, 3])
def test_numbers_that_are_minus_infinity_have_no_share(kind: str, dim: int):
    x = numbers(2, (1, 21, 3, 5))
    x[:, 3, :, 4] = -np.inf
    x[0, :, 1, :4] = -np.inf
    check(node_of(kind, {"dim": dim}, (21, 3, 5)), x)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_nowhere_hidden(kind: str, value: float):
    x = numbers(2, (2, 35))
    x[0, 33] = value
    got = run_node(node_of(kind, {}, (35,)), [x])
    assert np.isnan(got[0]).sum() >= 1
    assert np.isnan(got[0, 33])
    assert np.isfinite(got[1]).all()


def test_where_nothing_is_likely_nothing_is_said():
    got = run_node(node_of("Softmax", {}, (20,)), [np.full((1, 20), -np.inf, np.float32)])
    assert np.isnan(got).all()


def test_shares_of_many_classes_sum_to_one():
    got = run_node(node_of("Softmax", {}, (1000,)), [numbers(5, (4, 1000), 0, 3)])
    assert np.allclose(got.astype(np.float64).sum(1), 1, rtol=0, atol=3e-7)
