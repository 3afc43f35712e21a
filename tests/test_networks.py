"""Whole networks against PyTorch: the same weights by the same names give the same outputs (data/make_networks.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cnncalc

SPECS = Path(__file__).parents[1] / "specs"
EXPECTED = np.load(Path(__file__).parent / "data" / "networks.npz")
SIZE = 64


@pytest.mark.parametrize("name", EXPECTED.files)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_outputs_are_pytorchs(name, dtype, tolerance):
    path = str(SPECS / f"{name}.yaml")
    channels, own, _ = cnncalc.load(path).input_shape
    network = cnncalc.load(path, input_shape=(channels, min(own, SIZE), min(own, SIZE)))
    output = cnncalc.run(network, batch=2, dtype=dtype).output.reshape(2, -1)
    expected = EXPECTED[name]
    assert output.dtype == dtype
    assert np.abs(output - expected).max() <= tolerance * np.abs(expected).max()
