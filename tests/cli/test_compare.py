"""`cnncalc compare` as its users, and build servers, run it."""

from __future__ import annotations

import json

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled

RESNET18 = str(SPECS / "resnet18.yaml")
RESNET34 = str(SPECS / "resnet34.yaml")
DENSENET = str(SPECS / "densenet121.yaml")


def test_two_networks_side_by_side():
    done = cnncalc("compare", RESNET18, RESNET34, "--depth", 1)
    assert done.code == 0 and not done.err
    lines = done.out.splitlines()
    assert lines[:2] == ["A  ResNet-18", "B  ResNet-34"]
    params = next(line for line in lines if "params" in line)
    assert params.split() == ["~", "params", "11,689,512", "21,797,672", "x1.86"]
    conv1 = next(line for line in lines if " conv1 " in line)
    assert conv1.split() == ["conv1", "Conv2d", "64x112x112", "=", "9,408", "=", "118,013,952", "="]
    assert any(line.startswith("~ layer1 ") for line in lines)
    assert not any(line != line.rstrip() for line in lines)


def test_one_network_with_other_vars():
    done = cnncalc("compare", DENSENET, "--with", "growth=16", "--with", "growth=16,input=3x64x64", "--json")
    found = done.json
    assert [one["label"] for one in found["networks"]] == [
        "DenseNet-121",
        "DenseNet-121 growth=16",
        "DenseNet-121 growth=16,input=3x64x64",
    ]
    summary = cnncalc("summary", DENSENET, "--set", "growth=16", "--input", "3x64x64", "--json").json["totals"]
    assert found["totals"]["parameters"]["values"][2] == summary["parameters"]
    assert found["totals"]["macs"]["values"][2] == summary["macs"]


def test_one_network_under_set():
    done = cnncalc("compare", DENSENET, "--set", "growth=16", "--set", "growth=24", "--json").json
    labels = ["DenseNet-121", "DenseNet-121 growth=16", "DenseNet-121 growth=24"]
    assert [one["label"] for one in done["networks"]] == labels
    wanted = [cnncalc("summary", DENSENET, "--set", f"growth={g}", "--json").json["totals"]["macs"] for g in (16, 24)]
    assert done["totals"]["macs"]["values"][1:] == wanted
    both = cnncalc("compare", DENSENET, "--set", "growth=16", "--with", "input=3x64x64", "--json").json
    assert both["totals"]["parameters"]["values"] == [done["totals"]["parameters"]["values"][1]] * 2


def test_set_takes_another_input_as_in_a_sweep():
    done = cnncalc("compare", LENET, "--set", "input=1x28x28", "--set", "input=1x64x64", "--json").json
    assert [one["input_shape"] for one in done["networks"]] == [[1, 32, 32], [1, 28, 28], [1, 64, 64]]
    both = cnncalc("compare", DENSENET, "--set", "growth=16", "--input", "3x64x64", "--json").json
    assert [one["label"] for one in both["networks"]][1:] == ["DenseNet-121 growth=16,input=3x64x64"]


def test_only_differences_leaves_out_the_rest():
    done = cnncalc("compare", LENET, "--with", "input=1x28x28", "--only-differences", "--json")
    assert "parameters" in done.json["totals"] and "layers" not in done.json["totals"]
    assert all(row["differs"] for row in done.json["layers"])
    same = cnncalc("compare", LENET, LENET, "--only-differences")
    assert same.out.splitlines()[-1] == "no differences" and "params" not in same.out


def test_only_differences_of_what_is_equal_is_no_table():
    assert cnncalc("compare", LENET, LENET, "--only-differences").out.splitlines() == [
        "A  LeNet-5 (lenet.yaml)", "B  LeNet-5 (lenet.yaml)", "batch 1   float32", "", "no differences",
    ]  # fmt: skip
    alone = cnncalc("compare", LENET, "--max-params", "1M", "--only-differences")
    assert alone.out.splitlines() == ["A  LeNet-5", "batch 1   float32"]


def test_a_lighter_network_stands_beside_itself():
    done = cnncalc("compare", RESNET18, "--prune", "weights=0.9", "--quantize", "int8", "--depth", 1)
    assert done.code == 0
    assert "~ of them not zero       11,689,512      1,178,491" in done.out
    assert "B: zeros are multiplied like other weights" in done.out


def test_budgets_for_a_build_server():
    kept = ("--max-params", "12M", "--max-macs", "2G", "--max-memory", "7MiB", "--min-rf", "400")
    assert cnncalc("compare", RESNET18, RESNET18, *kept).code == 0
    done = cnncalc("compare", RESNET18, RESNET34, "--max-params", "12M", "--min-rf", "500", "--json")
    assert done.code == 1
    assert done.json["broken_budgets"] == [
        {"network": "ResNet-34", "quantity": "params", "amount": 21797672, "bound": 12000000, "by": 9797672},
        {"network": "ResNet-18", "quantity": "rf", "amount": 435, "bound": 500, "by": 65},
    ]
    assert "ResNet-34: 21,797,672 parameters are 9,797,672 more than the 12,000,000 allowed" in done.err


def test_one_network_is_held_against_budgets():
    done = cnncalc("compare", RESNET18, "--max-params", "11M", "--max-memory", "6.2MiB", "--depth", 1)
    assert done.code == 1
    assert "ResNet-18: 11,689,512 parameters are 689,512 more than the 11,000,000 allowed" in done.err
    assert "1,814,073,344" in done.out and "differ" not in done.out and "~" not in done.out
    kept = cnncalc("compare", RESNET18, "--max-params", "12M", "--max-memory", "6.2MiB", "--json")
    assert kept.code == 0 and kept.json["broken_budgets"] == [] and len(kept.json["networks"]) == 1


def test_equality_for_a_build_server():
    assert cnncalc("compare", LENET, LENET, "--expect-equal").code == 0
    done = cnncalc("compare", LENET, "--with", "input=1x28x28", "--expect-equal")
    assert done.code == 1 and "conv1 gives 6x24x24, and 6x28x28 in the first network" in done.err
    assert cnncalc("compare", LENET, "--with", "input=1x28x28", "--equal-in", "types,names").code == 0
    found = cnncalc("compare", LENET, "--with", "input=1x28x28", "--equal-in", "params", "--json")
    assert found.code == 1
    assert [one["layer"] for one in json.loads(found.out)["differences"]] == ["fc1"]


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_a_narrow_terminal_leaves_columns_out_and_says_so(columns):
    done = in_terminal("compare", RESNET18, RESNET34, "--depth", 2, columns=columns)
    lines = unstyled(done.out).splitlines()
    assert done.code == 0 and max(map(len, lines)) <= columns
    assert any("11,689,512" in line and "21,797,672" in line for line in lines)
    assert ("left out to fit" in done.out) == (columns < 120)
    assert "\x1b[33m" in done.out


@pytest.mark.parametrize(("columns", "millions"), [(65, "11,689,512"), (64, "11.7M")])
def test_counts_are_short_where_three_networks_leave_no_room(columns, millions):
    done = in_terminal("compare", RESNET18, RESNET34, DENSENET, "--depth", 1, columns=columns)
    lines = unstyled(done.out).splitlines()
    assert max(map(len, lines)) <= columns and any(millions in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((LENET,), "there is only one network, and nothing to compare it with"),
        ((LENET, "--expect-equal"), "there is only one network, and nothing to compare it with"),
        ((LENET, LENET, "--max-params", "5MB"), "5MB is not an amount"),
        ((LENET, LENET, "--max-memory", "20"), "write the unit"),
        ((LENET, LENET, "--equal-in", "sizes"), "networks cannot be equal in sizes"),
        ((LENET, "--with", "growth"), "--with growth is not NAME=VALUE"),
        ((LENET, "--with", "growth=3"), "the spec has no var growth"),
        ((LENET, "--with", "input=abc"), "abc is not a shape"),
        ((LENET, "--set", "input="), "is not a shape"),
        ((LENET, "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_bad_input_is_2(arguments, said):
    done = cnncalc("compare", *arguments)
    assert done.code == 2 and said in done.err and not done.out


def test_commas_inside_an_expression_do_not_end_it(tmp_path):
    spec = tmp_path / "a.yaml"
    spec.write_text(
        "name: a\ninput: [1, 8, 8]\nvars: {width: 4, other: 2}\n"
        "layers:\n  - {type: Conv2d, out_channels: width, kernel_size: other}\n"
    )
    done = cnncalc("compare", spec, "--with", "width=max(2, 6),other=3", "--json")
    assert done.json["totals"]["parameters"]["values"] == [4 * 5, 6 * 10]
