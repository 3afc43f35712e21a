"""The names of what can be asked, and the values the analyzer gives, against LeNet-5's published numbers."""

from __future__ import annotations

import pytest
from shell import LENET

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment import Counting
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import BY_NAME, QUANTITIES, Asked, quantity_of, read_key

NETWORK = Network(cnncalc.load(LENET))


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("conv1.output_shape", "conv1.output_shape"),
        ("Conv1 . Output Shape", "conv1.output_shape"),
        ("conv1.shape", "conv1.output_shape"),
        ("conv1.output", "conv1.output_shape"),
        ("conv1.输出", "conv1.output_shape"),
        ("conv1.参数量", "conv1.parameters"),
        ("conv1.感受野", "conv1.receptive_field"),
        ("ｃｏｎｖ１.rf", "conv1.receptive_field"),
        ("conv2.mult-adds", "conv2.macs"),
        ("total.params", "total.parameters"),
        ("合计.参数", "total.parameters"),
        ("parameters", "total.parameters"),
        ("total_parameters", "total.parameters"),
        ("conv1 macs", "conv1.macs"),
        ("conv1_output_shape", "conv1.output_shape"),
        ("parameter_memory", "total.parameter_memory"),
        ("pool1.output[0,1,2]", "pool1.output[0,1,2]"),
        ("pool1.output [0, 1, 2]", "pool1.output[0,1,2]"),
    ],
)
def test_keys_as_people_write_them(written, key):
    assert read_key(written, NETWORK.nodes).key == key


def test_names_with_dots():
    names = ["layer1.0.conv1", "layer1"]
    assert read_key("layer1.0.conv1.parameters", names) == Asked("layer1.0.conv1", "parameters")


@pytest.mark.parametrize(
    ("written", "code", "help"),
    [
        ("conv1.outputshape", "E501", "did you mean output_shape?"),
        ("conv1.colour", "E501", "there are output_shape"),
        ("cnv1.parameters", "E502", "did you mean conv1?"),
        ("stem.parameters", "E502", "there are conv1"),
        ("conv1.macs[0,1]", "E501", "write conv1.macs"),
        ("", "E501", "there are output_shape"),
    ],
)
def test_keys_that_mean_nothing(written, code, help):
    with pytest.raises(CnncalcError) as caught:
        read_key(written, NETWORK.nodes)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert found.help.startswith(help)


def test_every_name_leads_to_a_quantity_and_is_folded():
    assert set(BY_NAME.values()) == set(QUANTITIES)
    assert all(quantity_of(name) == quantity for name, quantity in BY_NAME.items())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("conv1.output_shape", (6, 28, 28)),
        ("conv1.output_channels", (6,)),
        ("conv1.output_width", (28,)),
        ("conv1.output_elements", (4704,)),  # 6*28*28
        ("conv1.parameters", (156,)),
        ("conv1.weights", (150,)),
        ("conv1.biases", (6,)),
        ("conv1.macs", (117_600,)),
        ("conv1.flops", (235_200,)),
        ("conv2.receptive_field", (14, 14)),
        ("conv2.jump", (2, 2)),
        ("conv1.memory", (18_816,)),
        ("conv1.parameter_memory", (624,)),
        ("conv2.locally_connected", (241_600,)),  # 16*10*10*(6*25 + 1)
        ("conv2.fully_connected", (1_883_200,)),  # 1600*1176 + 1600
        ("conv1.kernel_size", (5, 5)),
        ("pool1.stride", (2, 2)),
        ("conv1.padding", (0, 0)),
        ("conv2.groups", (1,)),
        ("fc1.out_features", (120,)),
        ("total.parameters", (61_706,)),
        ("total.biases", (236,)),  # 6 + 16 + 120 + 84 + 10
        ("total.weights", (61_470,)),
        ("total.macs", (416_520,)),
        ("total.peak_memory", (37_632,)),  # two maps of 6*28*28 floats
    ],
)
def test_values(key, value):
    assert NETWORK.value(read_key(key, NETWORK.nodes)) == value


def test_a_course_may_count_otherwise():
    network = Network(NETWORK.graph, Counting(1, bias_in_macs=True, bias_in_parameters=False, dtype="int8", batch=2))
    assert network.value(Asked("conv1", "macs")) == (117_600 + 4704,)
    assert network.value(Asked("conv1", "flops")) == (117_600 + 4704,)
    assert network.value(Asked("conv1", "parameters")) == (150,)
    assert network.value(Asked("conv1", "memory")) == (2 * 4704,)


@pytest.mark.parametrize(
    "key", ["fc1.output_height", "fc1.receptive_field", "pool1.out_channels", "fc1.jump", "total.jump"]
)
def test_what_a_place_does_not_have(key):
    vector = Network(cnncalc.loads("cnncalc: 1\ninput: [8]\nlayers:\n- {name: fc1, type: Linear, out_features: 2}\n"))
    network = vector if key == "fc1.receptive_field" else NETWORK
    with pytest.raises(CnncalcError) as caught:
        network.value(read_key(key, network.nodes))
    assert caught.value.diagnostics[0].help
