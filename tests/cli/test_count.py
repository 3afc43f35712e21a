"""`count`: what each tool prints, on a terminal, in a pipe and for programs."""

from __future__ import annotations

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled

from cnncalc.conventions.read import STATES
from cnncalc.render.count import LEFT_OUT
from cnncalc.render.words import cells

RESNET50 = SPECS / "resnet50.yaml"


def test_one_tool_itemised():
    shown = cnncalc("count", RESNET50, "--as", "fvcore")
    assert shown.code == 0 and shown.err == ""
    lines = shown.out.splitlines()
    assert lines[0] == "ResNet-50   input 3x224x224   batch 1"
    assert lines[3:7] == [
        "= 4,089,184,256  convolution and linear MACs, exact",
        "+    22,227,968  BatchNorm, 2 an element",
        "+       100,352  adaptive average pool, 1 an input element",
        "= 4,111,512,576  MACs",
    ]
    assert "not supported, so left out: 1 MaxPool2d, 16 Add" in lines
    assert "counted as zero: 49 ReLU, 1 Flatten" in lines


def test_all_tools_side_by_side():
    shown = cnncalc("count", RESNET50).out
    totals = {
        "exact": "4,089,184,256 MACs", "torchinfo": "4,089,238,376 MACs", "fvcore": "4,111,512,576 MACs",
        "thop": "4,133,742,592 MACs", "ptflops": "4,132,436,968 MACs", "ptflops-aten": "4,089,185,256 MACs",
        "torch": "8,178,368,512 FLOPs", "calflops": "8,211,108,352 FLOPs", "torchvision": "4,089,184,256 MACs",
    }  # fmt: skip
    for tool, total in totals.items():
        assert any(line.split()[:3] == [tool, *total.split()] for line in shown.splitlines()), tool
    assert "(a slip: counted twice: as a module and as the function that it calls)" in shown


def test_several_tools_in_the_order_asked():
    for asked in (("--as", "thop,fvcore"), ("--as", "thop", "--as", "fvcore"), ("--as", "thop, fvcore,thop")):
        assert list(cnncalc("count", LENET, *asked, "--json").json["counts"]) == ["thop", "fvcore"]
    shown = cnncalc("count", LENET, "--as", "thop,fvcore").out
    assert shown.index("thop ") < shown.index("fvcore ") and "name one tool with --as" in shown


def test_json():
    found = cnncalc("count", RESNET50, "--json").json
    assert set(found) == {"schema_version", "name", "input_shape", "batch", "counts"} and found["schema_version"] == 1
    assert list(found["counts"]) == [
        "exact", "torchinfo", "fvcore", "thop", "ultralytics-thop", "ptflops", "ptflops-aten", "torch", "calflops",
        "keras", "torchvision",
    ]  # fmt: skip
    for count in found["counts"].values():
        assert sum(item["amount"] for item in count["items"]) == count["total"]
        assert set(count) == {
            "total", "unit", "items", "slips", "not_counted", "also", "title", "version", "source",
        }  # fmt: skip
        assert all(set(item) == {"what", "amount"} for item in count["items"])
        assert {slip["what"] for slip in count["slips"]} <= {item["what"] for item in count["items"]}
    # both are hooked as modules and patched as functions in ptflops' own pytorch_ops.py
    assert [slip["what"].split(",")[0] for slip in found["counts"]["ptflops"]["slips"]] == ["ReLU", "pools"]
    fvcore = found["counts"]["fvcore"]
    assert (fvcore["total"], fvcore["unit"]) == (4_111_512_576, "MACs")
    assert fvcore["items"][1] == {"what": "BatchNorm, 2 an element", "amount": 22_227_968}
    assert fvcore["not_counted"][0] == {"state": "zero", "type": "ReLU", "layers": 49}
    assert found["counts"]["torchinfo"]["also"] == {
        "params": 25_557_032, "param_bytes": 102_228_128, "forward_backward_bytes": 177_831_744,
    }  # fmt: skip
    assert found["counts"]["calflops"]["also"] == {"macs": 4_089_184_256}


def test_layer_by_layer():
    """By hand: LeNet's first convolution makes 6x28x28 of 25 products each, and a bias for each output."""
    lines = cnncalc("count", LENET, "--as", "torchinfo", "--layers").out.splitlines()
    assert lines[2].split() == ["layer", "type", "output", "counted", "what", "is", "counted"]
    assert lines[3].split()[:4] == ["conv1", "Conv2d", "6x28x28", f"{6 * 28 * 28 * 26:,}"]
    layers = cnncalc("count", LENET, "--as", "torchinfo", "--layers", "--json").json["counts"]["torchinfo"]["layers"]
    assert len(layers) == 12 and layers[0]["amount"] == 122_304
    assert layers[1] == {"name": "sigmoid1", "type": "Sigmoid", "amount": 0, "items": [], "state": "zero"}


def test_some_tools_another_input_vars_and_the_batch():
    some = cnncalc("count", RESNET50, "--as", "thop", "--as", "exact", "--input", "3x64x64", "--json").json
    assert list(some["counts"]) == ["thop", "exact"] and some["input_shape"] == [3, 64, 64]
    grown = cnncalc("count", SPECS / "densenet121.yaml", "--set", "growth=8", "--as", "torch", "--batch", "3", "--json")
    alone = cnncalc("count", SPECS / "densenet121.yaml", "--set", "growth=8", "--as", "torch", "--json")
    totals = [one.json["counts"]["torch"]["total"] for one in (grown, alone)]
    assert totals[0] == 3 * totals[1] < 3 * 2 * 2_834_161_664
    told = cnncalc("count", LENET, "--as", "ptflops", "--batch", "3").out
    assert "it is for one input, whatever the batch" in told
    told = cnncalc("count", LENET, "--batch", "3").out
    assert "for one input, whatever the batch: exact, ptflops, ptflops-aten, torchvision" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--as", "fvcor"), "error[E701]: there is no tool fvcor"),
        (("--layers",), "error[E225]: --layers is for one tool"),
        (("--input", "big"), "error[E225]: --input big is not a shape"),
        (("--set", "depth=3"), "error[E"),
    ],
)
def test_what_is_refused(arguments, told):
    done = cnncalc("count", LENET, *arguments)
    assert done.code == 2 and done.out == "" and told in done.err
    if arguments != ("--layers",):  # JSON has room for every tool's layers
        assert cnncalc("count", LENET, *arguments, "--json").json["errors"]


@pytest.mark.parametrize("columns", [60, 100, 160])
@pytest.mark.parametrize("arguments", [(), ("--as", "ptflops"), ("--as", "thop", "--layers")], ids=len)
def test_a_terminal_of_any_width(columns, arguments):
    done = in_terminal("count", LENET, *arguments, columns=columns, env={"NO_COLOR": "1"})
    assert done.code == 0 and "\x1b" not in done.out
    lines = [line for line in unstyled(done.out).splitlines() if "https://" not in line]
    assert max(map(cells, lines)) <= columns
    if columns == 60 and "--layers" in arguments:
        assert any("left out to fit: what is counted" in line for line in lines)


def test_each_state_is_said():
    assert set(LEFT_OUT) == set(STATES)
