"""Infinities and NaN: told beforehand, and no disagreement where the fast engine spreads them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import LENET, cnncalc

import cnncalc as package
from cnncalc.engine.tensors import random_weights
from cnncalc.render.to_json import dumps
from cnncalc.verify.finite import compared, finite_warnings, is_finite

INF, NAN = np.inf, np.nan
NETWORK = package.load(str(LENET))
GROUPED = """
input: [4, 8, 8]
layers:
  - {name: before, type: ReLU}
  - {name: grouped, type: Conv2d, out_channels: 20, kernel_size: 3, groups: 2}
"""
"""A convolution whose kernel multiplies the numbers of other groups by zeros, which makes NaN of an infinity."""


def floats(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


@pytest.mark.parametrize(
    ("found", "right", "error"),
    [
        (floats(1, 2, 3.5), [1, 2, 4], 1 / 8),
        (floats(INF, -INF, NAN, NAN, 4), [INF, -INF, INF, NAN, 4], 0),
        (floats(INF, -INF, 1), [1e39, -1e39, 1], 0),  # float32 holds neither
        (floats(NAN, 4), [INF, 5], 1 / 5),
    ],
)
def test_how_far_results_are_apart(found, right, error):
    for spoiled in (True, False):
        check, spread = compared(found, np.array(right, np.float64), 1e-6, spoiled=spoiled)
        assert check is not None and check.executed == pytest.approx(error) and spread == 0
        assert check.agrees is (error == 0)


@pytest.mark.parametrize("number", [INF, -INF, NAN])
def test_what_is_not_finite_where_the_definition_is(number):
    found, right = floats(number, 2, 3), np.array([1.0, 2, 4])
    check, spread = compared(found, right, 1e-6, spoiled=False)
    assert check is not None and not check.agrees and spread == 0
    check, spread = compared(found, right, 0.5, spoiled=True)
    assert check is not None and check.executed == 1 / 4 and spread == 1
    assert compared(floats(number, NAN), np.array([1.0, INF]), 1e-6, spoiled=True) == (None, 1)
    check, spread = compared(floats(number, -INF), np.array([1.0, INF]), 1e-6, spoiled=True)
    assert check is not None and not check.agrees and spread == 1


@pytest.mark.parametrize(
    ("found", "right"), [(floats(1, 1), [NAN, 1]), (floats(1, 1), [INF, 1]), (floats(-INF, 1), [INF, 1])]
)
def test_a_number_in_the_place_of_what_is_none_is_a_disagreement(found, right):
    for spoiled in (True, False):
        check, _ = compared(found, np.array(right), 1e-6, spoiled=spoiled)
        assert check is not None and not check.agrees


def test_what_is_finite():
    assert is_finite(floats(1, -3e38)) and is_finite(np.array([1e300]), np.float64) and is_finite(floats())
    for number in (INF, -INF, NAN):
        assert not is_finite(floats(1, number)) and not is_finite(floats(number, 1))
    assert not is_finite(np.array([-1e39]))


def test_an_input_that_is_not_finite_is_no_disagreement():
    x = np.ones((2, 4, 8, 8))
    x[1, 0, 5, 7] = INF
    proof = package.run(package.loads(GROUPED), x=x, verify=True)
    assert not proof.mismatches and proof.spoiled_by == "input"
    assert 0 < proof.spread <= proof.output.size, "no number was spoiled, so that this test shows nothing"
    assert proof.layers[0].spread == 0 and proof.layers[0].error is not None
    (warning,) = finite_warnings(x, {}, fast=True)
    assert warning.code == "W613" and "1 number" in warning.message and "inf at 1,0,5,7" in warning.message
    assert warning.help


def test_weights_that_are_not_finite_are_named():
    weights = random_weights(NETWORK)
    weights["conv2.bias"][3:5] = NAN
    proof = package.run(NETWORK, weights=weights, verify=True)
    assert not proof.mismatches and proof.spoiled_by == "conv2.bias"
    (warning,) = finite_warnings(np.ones((1, 1, 32, 32)), weights, fast=False)
    assert "conv2.bias holds 2 numbers" in warning.message and "nan at 3" in warning.message and not warning.help


def test_what_float32_cannot_hold_is_no_disagreement():
    network = package.loads("""
input: [3, 6, 6]
layers:
  - {name: a, type: Conv2d, out_channels: 5, kernel_size: 3, padding: 1}
  - {name: b, type: Conv2d, out_channels: 5, kernel_size: 3, padding: 1}
""")
    weights = {name: np.abs(array) * np.float32(1e25) for name, array in random_weights(network).items()}
    proof = package.run(network, x=np.ones((3, 6, 6)), weights=weights, verify=True)
    assert not proof.mismatches and proof.spoiled_by == "b" and np.isinf(proof.output).all()


def test_the_command_says_what_is_not_finite_and_what_was_left_out(tmp_path):
    x = np.ones((4, 8, 8))
    x[0, 5, 7] = 1e300  # float32 makes an infinity of it
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "grouped.yaml").write_text(GROUPED)
    command = ("run", tmp_path / "grouped.yaml", "--input", tmp_path / "x.npy")
    shown = cnncalc(*command, "--verify")
    assert shown.code == 0 and "the input is not finite" in shown.out and "grouped became NaN" in shown.out
    assert "= output differs" in shown.out and "overflow" not in shown.err
    assert "warning[W613]: the input holds 1 number that is not finite in float32: inf at 0,5,7" in shown.err
    by_definition = cnncalc(*command, "--dtype", "float64")
    assert by_definition.code == 0 and not by_definition.err


def test_json_has_no_infinity_and_no_nan(tmp_path):
    np.save(tmp_path / "x.npy", np.full((1, 32, 32), NAN))
    shown = cnncalc("run", LENET, "--input", tmp_path / "x.npy", "--verify", "--top", "1", "--json")

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    proof = json.loads(shown.out, parse_constant=refuse)
    assert proof["spoiled_by"] == "input" and proof["output"]["top"][0][0]["value"] is None
    assert json.loads(dumps({"a": [1.5, INF, (np.float32(NAN), "x")], "b": True})) == {
        "a": [1.5, None, [None, "x"]],
        "b": True,
    }
