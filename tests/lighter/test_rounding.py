"""Weights and activations rounded and restored, against PyTorch's fake quantization; and the measures of the effect.

The values were computed once with torch 2.13: fake_quantize_per_channel_affine, fake_quantize_per_tensor_affine, and
scale and zero point from torch.ao.quantization.MinMaxObserver.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cnncalc
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.lighter import read_wishes
from cnncalc.verify.lighter import effect, prepare, run_lighter, run_original
from cnncalc.verify.lighter_weights import (
    by_output,
    filter_norms,
    from_output,
    round_activation,
    rounded_weight,
    smallest_zeroed,
)

SPECS = Path(__file__).parents[2] / "specs"
WEIGHT = np.array([[0.3, -1.27, 0.005, 0.635], [2.0, -0.015, 1.0, -0.5], [0, 0, 0, 0]], np.float32)
ACTIVATION = np.array([[-0.73, 0.2, 1.9, 0.01], [0.5, -0.1, 3.14, 2.7]], np.float32)


def linear(inputs: int, outputs: int):
    graph = cnncalc.loads(f"input: [{inputs}]\nlayers:\n  - {{name: fc, type: Linear, out_features: {outputs}}}\n")
    return graph.nodes[0]


@pytest.mark.parametrize(
    ("bits", "per_tensor", "expected"),
    [
        (8, False, [[0.3, -1.27, 0.0, 0.64], [2.0, -0.015748031, 1.007874012, -0.503937006], [0, 0, 0, 0]]),
        (
            8,
            True,
            [[0.299212605, -1.275590539, 0, 0.629921257], [2.0, -0.015748031, 1.007874012, -0.503937006], [0] * 4],
        ),
        (4, False, [[0.362857133, -1.269999981, 0, 0.725714266], [2.0, 0, 0.857142925, -0.571428597], [0, 0, 0, 0]]),
    ],
)
def test_weights_are_rounded_as_torch_does(bits, per_tensor, expected):
    rounded = rounded_weight(linear(4, 3), WEIGHT, bits, per_tensor=per_tensor)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, expected, rtol=2e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("values", "bits", "expected"),
    [
        (ACTIVATION, 8, [[-0.728470623, 0.197294131, 1.897058964, 0.015176471],
                         [0.500823557, -0.106235296, 3.14152956, 2.701411963]]),
        (ACTIVATION, 4, [[-0.774000049, 0.258000016, 1.806000113, 0], [0.516000032, 0, 3.096000195, 2.580000162]]),
        (np.array([1, 2, 3.7], np.float32), 8, [1.001176477, 2.002352953, 3.700000048]),
    ],
)  # fmt: skip
def test_activations_are_rounded_as_torch_does(values, bits, expected):
    rounded = values.copy()
    round_activation(rounded, bits)
    np.testing.assert_allclose(rounded, expected, rtol=3e-7, atol=1e-7)


def test_zeros_stay_zeros():
    for values in (np.zeros((2, 3), np.float32), np.array([0, -1.7, 2.3]), np.array([0.0, 4.0])):
        rounded = values.copy()
        round_activation(rounded, 4)
        assert (rounded[values == 0] == 0).all()
        assert np.isfinite(rounded).all()


def test_the_smallest_weights_go_as_in_torch():
    """torch.nn.utils.prune.l1_unstructured of these with amount 0.4: the second, fifth and sixth."""
    tensor = np.array([[0.5, -0.1, 0.3, -0.7, 0.05, 0.2, -0.9, 0.4]])
    assert smallest_zeroed(tensor, 3).tolist() == [[0.5, 0, 0.3, -0.7, 0, 0, -0.9, 0.4]]
    assert smallest_zeroed(np.array([1.0, -1.0, 1.0]), 2).tolist() == [0, 0, 1], "of equal ones the first"


def test_a_transposed_convolution_has_its_outputs_on_the_second_axis():
    """Two groups, of 2 inputs and 3 outputs each: output 4 is the second of the second group, so rows 2 and 3."""
    text = (
        "input: [4, 5]\nlayers:\n"
        "  - {name: up, type: ConvTranspose1d, out_channels: 6, kernel_size: 2, groups: 2, bias: false}\n"
    )
    node = cnncalc.loads(text).nodes[0]
    weight = np.arange(4 * 3 * 2, dtype=np.float64).reshape(4, 3, 2)
    rows = by_output(node, weight)
    assert rows.shape == (6, 4)
    assert rows[4].tolist() == [*weight[2, 1], *weight[3, 1]]
    np.testing.assert_array_equal(from_output(node, rows, weight), weight)
    assert filter_norms(cnncalc.loads(text), {"up.weight": -weight})["up"][4] == weight[2:, 1].sum()


def run_both(graph, wishes, batch=3, dtype="float32"):
    x, weights = random_input(graph, batch, dtype=dtype), random_weights(graph, dtype=dtype)
    prepared = prepare(graph, wishes, weights, batch=batch, dtype=dtype)
    return effect(prepared, run_original(prepared, x), run_lighter(prepared, x))


def test_the_measures_of_a_known_difference():
    """x = (3, 4); the identity with its second weight gone gives (3, 0) for (3, 4): errors 0 and 4 of a largest 4,
    cosine 9 / (5 * 3), 10 log10(25 / 16) dB; the largest was the second, and is now the first. And of w = (1, 1), one
    goes: 1 / sqrt(2) of its norm.
    """
    text = (
        "input: [2, 1, 1]\nlayers:\n"
        "  - {name: c, type: Conv2d, out_channels: 2, kernel_size: 1, groups: 2, bias: false}\n"
        "tensors: {input: [[[3]], [[4]]], c.weight: [[[[1.25]]], [[[1]]]]}\n"
    )
    found = run_both(cnncalc.loads(text), read_wishes(["weights=0.5"]), batch=1)
    assert found.proof.output.ravel().tolist() == [3.75, 0]
    assert found.largest_error == 1 and found.mean_error == 0.5
    assert found.cosine == pytest.approx(3.75**2 / (3.75 * np.hypot(3.75, 4)))
    assert found.noise_ratio == pytest.approx(10 * np.log10((3.75**2 + 16) / 16))
    assert (found.agreeing, found.tops, found.zeros, found.weights) == (0, 1, 1, 2)
    assert found.most_changed == ("c.weight", pytest.approx(1 / np.hypot(1.25, 1)))


def test_nothing_asked_for_changes_nothing():
    found = run_both(cnncalc.load(str(SPECS / "lenet.yaml")), read_wishes(["weights=0"]))
    assert (found.largest_error, found.noise_ratio, found.most_changed) == (0, None, None)
    assert found.agreeing == found.tops == 3


def test_more_bits_make_less_noise():
    """Each bit is worth 20 log10(2) = 6 dB, so four of them about 24."""
    graph = cnncalc.load(str(SPECS / "lenet.yaml"))
    four, eight = (run_both(graph, read_wishes(quantize=name), batch=1) for name in ("int4", "int8"))
    assert four.noise_ratio and eight.noise_ratio
    assert eight.noise_ratio - four.noise_ratio > 15
    assert not four.proof.mismatches and not eight.proof.mismatches


def test_one_scale_for_all_makes_more_noise_where_channels_differ():
    text = "input: [4]\nlayers:\n  - {name: fc, type: Linear, out_features: 2, bias: false}\n"
    graph = cnncalc.loads(text)
    weight = np.array([[100.0, 50, -70, 20], [0.03, 0.5, -0.7, 0.1]])
    errors = []
    for scales in ("per-channel", "per-tensor"):
        wishes = read_wishes(quantize="int8", scales=scales)
        made = prepare(graph, wishes, {"fc.weight": weight}, batch=1, dtype="float64").weights["fc.weight"]
        errors.append(np.abs(made - weight)[1].max())
    assert errors[0] <= 0.7 / 127 / 2 < errors[1] <= 100 / 127 / 2
