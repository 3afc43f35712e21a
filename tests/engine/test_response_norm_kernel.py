"""LocalResponseNorm: fast kernel against the definition in double precision; logarithm and power against numpy."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from against import check, node_of, numbers
from alone import run_node
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.kernels.logarithm import log, power
from cnncalc.engine.native import fields, native, row
from cnncalc.engine.simd.vector import broadcast, load, store
from cnncalc.layers import layer_type


def test_every_sample_of_the_layer():
    for sample in layer_type("LocalResponseNorm").samples():
        node = node_of("LocalResponseNorm", sample.arguments, sample.inputs[0])
        check(node, numbers(1, (3, *node.input_shapes[0]), 0, 5), threads=2)


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 64),
    size=st.one_of(st.integers(1, 9), st.integers(10, 70)),
    spatial=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    batch=st.integers(1, 2),
    threads=st.integers(1, 2),
    alpha=st.sampled_from([1e-4, 1.0, 50.0]),
    beta=st.sampled_from([0.75, 0.5, 0.0, 1.0, -0.3, 3.0]),
    k=st.sampled_from([1.0, 2.0, 1e-3]),
    deviation=st.sampled_from([1.0, 1e-6, 1e6, 1e15]),
)
def test_windows_across_blocks(channels, size, spatial, batch, threads, alpha, beta, k, deviation):
    arguments = {"size": size, "alpha": alpha, "beta": beta, "k": k}
    shape = (channels, *spatial)
    check(node_of("LocalResponseNorm", arguments, shape), numbers(size, (batch, *shape), 0, deviation), threads)


def test_zeros_without_k_are_as_defined():
    x = numbers(1, (1, 20, 2, 2))
    x[0, 5:] = 0
    with np.errstate(invalid="ignore"):
        check(node_of("LocalResponseNorm", {"size": 3, "k": 0}, (20, 2, 2)), x)


def test_what_is_negative_has_no_power():
    got = run_node(node_of("LocalResponseNorm", {"size": 3, "alpha": -1, "k": 0}, (5, 2)), [numbers(1, (1, 5, 2))])
    assert np.isnan(got).all()


ROW = np.dtype([("x", "i8"), ("logs", "i8"), ("powers", "i8"), ("p", "f4")])


@native(ROW)
def both(arguments, chunk, scratch):
    p = fields(arguments)
    x = load(p.x + 64 * chunk)
    store(p.logs + 64 * chunk, log(x))
    store(p.powers + 64 * chunk, power(x, broadcast(p.p)))


def logs_and_powers(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
    logs, powers = np.empty_like(x), np.empty_like(x)
    arguments = row(ROW, x=x.ctypes.data, logs=logs.ctypes.data, powers=powers.ctypes.data, p=p)
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(both.address)
    for chunk in range(len(x) // 16):
        call(arguments.ctypes.data, chunk, 0)
    return logs, powers


@pytest.mark.parametrize("p", [-0.75, 0.75, -0.5, 1.0, -3.0, 0.0])
def test_logarithms_and_powers_are_exact_to_a_few_last_places(p: float):
    x = np.float32(2.0) ** np.linspace(-126, 127.9, 16 * 4000, dtype=np.float32)
    near = np.linspace(0.5, 2, 16 * 4000, dtype=np.float32)
    for some in (x, near):
        logs, powers = logs_and_powers(some, p)
        exact = some.astype(np.float64)
        assert np.max(np.abs(logs - np.log(exact)) / np.maximum(np.abs(np.log(exact)), 1e-12)) < 2.5e-7
        expected = exact ** float(np.float32(p))
        normal = (expected > 2.0**-126) & (expected < 2.0**128)
        assert np.max(np.abs(powers[normal] / expected[normal] - 1)) < 5e-7
        assert np.allclose(powers[~normal], np.where(expected[~normal] > 1, np.inf, 0), atol=1e-37)


def test_logarithms_and_powers_of_what_has_none():
    x = np.array([0, -0.0, -1, -np.inf, np.nan, np.inf, 1, 4] * 2, np.float32)
    with np.errstate(all="ignore"):
        for p in (-0.75, 2.0):
            logs, powers = logs_and_powers(x, p)
            assert np.array_equal(logs, np.log(x), equal_nan=True)
            expected = np.where(x < 0, np.nan, np.abs(x) ** np.float32(p))
            assert np.allclose(powers, expected, rtol=1e-6, equal_nan=True)
