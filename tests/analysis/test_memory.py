"""Memory against hand computation and what torchinfo prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.analysis.report import analyze
from cnncalc.diagnostics import CnncalcError
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"

CHAIN = """
input: [2, 4, 4]
layers:
  - {name: conv, type: Conv2d, out_channels: 3, kernel_size: 3, padding: 1}
  - {name: pool, type: MaxPool2d, kernel_size: 2}
"""


def test_lenet_peak_is_the_first_map_twice():
    totals = analyze(load(str(SPECS / "lenet.yaml"))).totals
    # 6*28*28 float32 = 18,816 bytes in and as many out of the first sigmoid.
    assert (totals.peak_bytes, totals.peak_at) == (2 * 18_816, "sigmoid1")


def test_chain_by_hand():
    totals = analyze(loads(CHAIN)).totals
    # input 2*4*4*4 = 128 B, conv 3*4*4*4 = 192 B, pool 3*2*2*4 = 48 B; most while conv runs: 128 + 192.
    assert totals.activation_bytes == 192 + 48
    assert (totals.peak_bytes, totals.peak_at) == (320, "conv")
    # weights 3*2*3*3 + 3 = 57 numbers
    assert totals.parameter_bytes == 57 * 4
    training = totals.training
    assert training.gradients == 228
    assert training.optimizer == {"sgd": 0, "momentum": 228, "adam": 456}
    assert training.kept_activations == 128 + 192 + 48
    assert training.total == {"sgd": 228 * 2 + 368, "momentum": 228 * 3 + 368, "adam": 228 * 4 + 368}


def test_a_shortcut_keeps_its_input_alive():
    graph = loads("""
input: [1, 4, 4]
layers:
  - {name: a, type: ReLU}
  - {name: b, type: ReLU}
  - {name: c, type: ReLU}
  - {name: sum, type: Add, from: [c, a]}
""")
    # Each map is 64 bytes. While c runs, b (its input), c (its output) and a (needed by the sum) are alive.
    assert (analyze(graph).totals.peak_bytes, analyze(graph).totals.peak_at) == (192, "c")


@pytest.mark.parametrize(
    ("dtype", "parameters", "activations"),
    [("float64", 456, 480), ("float32", 228, 240), ("float16", 114, 120), ("bfloat16", 114, 120), ("int8", 57, 60)],
)
def test_dtypes(dtype, parameters, activations):
    totals = analyze(loads(CHAIN), dtype=dtype).totals
    assert (totals.parameter_bytes, totals.activation_bytes) == (parameters, activations)


def test_int4_rounds_each_tensor_up_to_whole_bytes():
    # 54 weights in 27 bytes, 3 biases in 2; maps of 48 and 12 numbers in 24 and 6 bytes.
    totals = analyze(loads(CHAIN), dtype="int4").totals
    assert (totals.parameter_bytes, totals.activation_bytes) == (29, 30)


def test_the_batch_scales_bytes_and_no_count():
    one, eight = analyze(loads(CHAIN)).totals, analyze(loads(CHAIN), batch=8).totals
    assert eight.activation_bytes == 8 * one.activation_bytes
    assert eight.peak_bytes == 8 * one.peak_bytes
    assert (eight.macs, eight.flops, eight.parameter_bytes) == (one.macs, one.flops, one.parameter_bytes)


@pytest.mark.parametrize(
    ("spec", "param_bytes"),
    # torchinfo 1.8.0's "Params size" of the torchvision models
    [("alexnet", 244_403_360), ("vgg16", 553_430_176), ("resnet18", 46_758_048), ("resnet50", 102_228_128),
     ("squeezenet1_0", 4_993_696)],
)  # fmt: skip
def test_parameter_bytes_are_torchinfos(spec, param_bytes):
    assert analyze(load(str(SPECS / f"{spec}.yaml"))).totals.parameter_bytes == param_bytes


def test_train_only_heads_count_for_training_alone():
    graph = loads("""
input: [4]
layers:
  - {name: a, type: Linear, out_features: 2, bias: false}
heads:
  extra: {from: input, train_only: true, layers: [{name: fc, type: Linear, out_features: 3, bias: false}]}
""")
    totals = analyze(graph).totals
    assert totals.parameter_bytes == 8 * 4
    assert totals.training.gradients == (8 + 12) * 4


def test_refuses_a_batch_and_a_dtype_there_are_not():
    for wrong in ({"batch": 0}, {"dtype": "float8"}):
        with pytest.raises(CnncalcError):
            analyze(loads(CHAIN), **wrong)
