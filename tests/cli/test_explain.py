"""`explain`: the derivations as on the board, and the arithmetic of one element."""

from __future__ import annotations

import numpy as np
import pytest
from shell import LENET, SPECS, cnncalc

CROSS = SPECS / "examples" / "cross_correlation.yaml"
FILTERS = SPECS / "examples" / "filters_7x7x3.yaml"


def test_a_convolution_as_on_the_board():
    shown = cnncalc("explain", LENET, "conv2")
    assert shown.code == 0 and shown.err == ""
    lines = shown.out.splitlines()
    assert lines[0].startswith("conv2  Conv2d  6x14x14 -> 16x10x10") and "specs/lenet.yaml:" in lines[0]
    assert "= floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1" in shown.out
    assert "= floor((14 + 2*0 - 1*(5 - 1) - 1) / 1) + 1 = 10" in shown.out
    assert "16*(6*5*5 + 1) = 2,416   the + 1 is the bias" in shown.out
    assert "= 16*6*5*5*10*10 = 240,000" in shown.out
    assert "6 + (5 - 1)*2 = 14" in shown.out and "before: 6, jump 2" in shown.out
    sharing = next(line for line in lines if line.startswith("sharing"))
    assert sharing.split("   ")[1:] == ["this layer 2,416", "locally connected 241,600", "fully connected 1,883,200"]
    assert "cross-correlation" in lines[-1]


@pytest.mark.parametrize(
    ("quantity", "has", "lacks"),
    [
        ("macs", "240,000", "2,416"),
        ("parameters", "2,416", "240,000"),
        ("shape", "H_out", "params"),
        ("receptive_field", "= 14", "H_out"),
        ("memory", "6,400", "MACs "),
        ("flops", "480,000", "params"),
        ("sharing", "1,883,200", "H_out"),
    ],
)
def test_one_quantity(quantity, has, lacks):
    shown = cnncalc("explain", LENET, "conv2", quantity)
    assert shown.code == 0 and has in shown.out and lacks not in shown.out


def test_batch_and_dtype_show_in_the_memory():
    assert (
        "2*16*10*10*2 = 6,400" in cnncalc("explain", LENET, "conv2", "memory", "--batch", 2, "--dtype", "float16").out
    )
    assert "ceil(6*28*28*4 / 8) = 2,352" in cnncalc("explain", LENET, "conv1", "memory", "--dtype", "int4").out


def test_json_of_an_explanation_and_of_an_element():
    explained = cnncalc("explain", LENET, "conv2", "macs", "--json").json
    assert explained["schema_version"] == 1 and explained["name"] == "conv2"
    assert [rule["value"] for rule in explained["rules"]["macs"]] == [240000]
    element = cnncalc("explain", CROSS, "conv1", "--at", "0,1,1", "--json").json
    assert element["value"] == -4 and element["schema_version"] == 1 and element["index"] == [0, 1, 1]
    assert element["patches"][0]["window"] == [[5, 6], [8, 9]]
    assert element["patches"][0]["kernel"] == [[1, 0], [0, -1]]


def test_the_course_s_cross_correlation():
    shown = cnncalc("explain", CROSS, "conv1", "--at", "0,0,0")
    assert "1*1 + 2*0 + 4*0 + 5*(-1) = -4" in shown.out
    assert shown.out.startswith("conv1[0,0,0] = -4\n")


def test_the_course_s_three_filters_channel_by_channel():
    shown = cnncalc("explain", FILTERS, "conv1", "--at", "0,0,0").out
    totals = [line.rpartition("= ")[2] for line in shown.splitlines() if "*" in line and line.startswith("  0")]
    assert totals == ["-1", "2", "0"]
    assert "together: (-1) + 2 + 0 + 1 = 2   the last is the bias" in shown
    assert "(0) (0) (0)   x    1 -1  0" in shown


def test_an_element_of_other_layers():
    assert cnncalc("explain", LENET, "pool1", "--at", "0,0,0").out.count("the sum of") == 1
    linear = cnncalc("explain", LENET, "fc3", "--at", "0").out
    assert "... 52 more ..." in linear and "the last is the bias" in linear
    assert cnncalc("explain", LENET, "sigmoid1", "--at", "0,0,0").out.splitlines()[-2].startswith("from ")


def test_an_element_of_a_given_input_and_seed(tmp_path):
    given = tmp_path / "x.npy"
    np.save(given, np.arange(9, dtype=np.float32).reshape(1, 3, 3))
    shown = cnncalc("explain", CROSS, "conv1", "--at", "0,0,0", "--input", given)
    assert "0*1 + 1*0 + 3*0 + 4*(-1) = -4" in shown.out
    one, again, other = (cnncalc("explain", LENET, "conv1", "--at", "0,0,0", "--seed", seed).out for seed in (1, 1, 2))
    assert one == again != other


def test_an_element_of_given_weights(tmp_path):
    weights = tmp_path / "w.npz"
    spec = tmp_path / "one.yaml"
    spec.write_text("input: [2]\nlayers: [{name: fc, type: Linear, out_features: 1}]\ntensors: {input: [3, 4]}\n")
    np.savez(weights, **{"fc.weight": np.array([[10.0, 100.0]]), "fc.bias": np.array([0.5])})
    assert "3*10 + 4*100 = 430" in cnncalc("explain", spec, "fc", "--at", "0", "--weights", weights).out


@pytest.mark.parametrize(
    ("arguments", "help"),
    [
        (["conv22"], "did you mean conv2?"),
        (["zzzzzz"], "there are conv1, "),
        (["conv2", "param"], "did you mean parameters?"),
        (["conv2", "--at", "16,0,0"], "the last is 15,9,9"),
        (["conv2", "--at", "0,0"], "the last is 15,9,9"),
        (["conv2", "--at", "a"], "--at 0,2,3"),
        (["conv2", "--at", "-1,0,0"], "--at 0,2,3"),
        (["conv22", "--at", "0,0,0"], "did you mean conv2?"),
        (["conv2", "macs", "--at", "0,0,0"], "leave one of them out"),
        (["conv2", "--weights", "w.npz"], "add --at 0,0,0"),
    ],
)
def test_a_wrong_argument_is_answered_with_a_way_out(arguments, help):
    wrong = cnncalc("explain", LENET, *arguments)
    assert wrong.code == 2 and wrong.out == "" and help in wrong.err


def test_a_group_is_answered_with_its_layers():
    wrong = cnncalc("explain", SPECS / "resnet18.yaml", "layer1")
    assert wrong.code == 2 and "layer1.0.conv1" in wrong.err


def test_an_element_of_a_network_too_large_to_run(tmp_path):
    spec = tmp_path / "large.yaml"
    spec.write_text("input: [1000000000, 8, 8]\nlayers: [{name: c, type: Conv2d, out_channels: 10, kernel_size: 3}]\n")
    wrong = cnncalc("explain", spec, "c", "--at", "0,0,0")
    assert wrong.code == 3 and "error[E401]" in wrong.err


def test_what_one_element_sees_without_running():
    # conv2 has r = 14, j = 2, start 0 (LeNet): row 2 sees 4..17, column 3 sees 6..19.
    shown = cnncalc("explain", LENET, "conv2", "receptive_field", "--at", "0,2,3")
    assert (shown.code, shown.out) == (0, "conv2[0,2,3] sees the input's positions 4..17 x 6..19, counted from 0\n")
    told = cnncalc("explain", LENET, "conv2", "receptive_field", "--at", "0,2,3", "--json").json
    assert told == {"schema_version": 1, "layer": "conv2", "index": [0, 2, 3], "input_seen": [[4, 17], [6, 19]]}
    # A corner of ResNet-18's last map: 0*32 - 217 + 435 - 1 = 217 is the last position, the border clips the first.
    corner = cnncalc("explain", SPECS / "resnet18.yaml", "layer4.1.relu2", "receptive_field", "--at", "9,0,6")
    assert "0..217 x 0..223" in corner.out
    outside = cnncalc("explain", LENET, "conv2", "receptive_field", "--at", "16,0,0")
    assert outside.code == 2 and "the last is 15,9,9" in outside.err


def test_the_arithmetic_of_an_element_ends_with_what_it_sees():
    shown = cnncalc("explain", CROSS, "conv1", "--at", "0,1,0")
    assert shown.out.splitlines()[-1] == "conv1[0,1,0] sees the input's positions 1..2 x 0..1, counted from 0"
    assert cnncalc("explain", CROSS, "conv1", "--at", "0,1,0", "--json").json["input_seen"] == [[1, 2], [0, 1]]


@pytest.mark.parametrize(
    ("column", "quantity"), [("rf", "receptive_field"), ("params", "parameters"), ("output", "shape")]
)
def test_a_quantity_may_be_called_as_its_column(column, quantity):
    assert cnncalc("explain", LENET, "conv2", column).out == cnncalc("explain", LENET, "conv2", quantity).out
