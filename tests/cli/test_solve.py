"""`cnncalc solve` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled

RESNET50 = str(SPECS / "resnet50.yaml")


def test_which_padding_keeps_28():
    done = cnncalc("solve", "--in", 28, "--out", 28, "--kernel", 5, "--dilation", 2, "--vary", "padding")
    assert done.code == 0 and not done.err
    assert "tried: padding 0:11; 12 combinations" in done.out
    assert "= floor((28 + 2*4 - 2*(5 - 1) - 1) / 1) + 1 = 28" in done.out


def test_none_is_proven_with_the_nearest():
    done = cnncalc("solve", "--in", 224, "--out", 50, "--kernel", 7, "--padding", 3, "--vary", "stride")
    assert done.code == 1
    assert "no stride gives 50: 4 gives 56 and 5 gives 45" in done.out
    assert done.out.endswith("nearest:\nstride  out\n     6   38\n     5   45\n     4   56\n     3   75\n")
    pair = cnncalc("solve", "--in", "28", "--out", "28", "--kernel", "4", "--vary", "padding")
    assert pair.code == 1 and "3 in all, which is odd: [1, 2] gives 28" in pair.out


def test_a_kernel_that_does_not_fit_is_said():
    forward = cnncalc("solve", "--in", 3, "--kernel", 5)
    assert forward.code == 1 and forward.out.endswith("\nthe kernel does not fit what enters\n")
    never = cnncalc("solve", "--in", 3, "--out", 5, "--kernel", 5, "--vary", "stride")
    assert never.code == 1 and "no stride gives 5: the kernel never fits what enters" in never.out
    both = cnncalc("solve", "--in", 28, "--out", 20, "--kernel", 3)
    assert both.code == 1 and both.out.endswith("this gives 26, not 20; name what may change with --vary\n")
    fewer = cnncalc("solve", "--layers", 5, "--kernel", 3, "--rf", 20)
    assert fewer.code == 1 and "this sees 11, which is less" in fewer.out


def test_what_breaks_later_says_where():
    asked = (str(SPECS / "resnet18.yaml"), "--layer", "layer1.0.conv1", "--vary", "padding", "--target", "58x58")
    done = in_terminal("solve", *asked, columns=60)
    lines = unstyled(done.out).splitlines()
    assert done.code == 1 and max(map(len, lines)) <= 60
    assert any(line.startswith("    but then layer1.0.add1: ") for line in lines)


def test_which_inputs_give_7x7():
    done = cnncalc("solve", RESNET50, "--vary", "input=180:230", "--at", "layer4", "--target", "7x7")
    assert done.code == 0
    assert "193 to 224  7x7" in done.out
    assert "layer3.0.conv2 14x14 -> layer4.0.conv2 7x7" in done.out


def test_how_many_layers_see_100_pixels():
    done = cnncalc("solve", "--rf", 100, "--kernel", 3)
    assert done.code == 0 and "    50   101\n" in done.out and "    49    99\n" in done.out


def test_json_has_everything():
    window = cnncalc("solve", "--out", "7x9", "--kernel", 3, "--stride", 2, "--padding", "0,1", "--json").json
    assert (window["about"], window["solved"], window["given"]["padding"]) == ("window", True, [[0, 1]])
    assert [[axis["in"] for axis in one["axes"]] for one in window["solutions"]] == [[[14, 15], [18, 19]]]
    assert window["axes"][0]["proof"] is None
    field = cnncalc("solve", "--rf", 9, "--kernel", 3, "--json").json
    assert (field["about"], field["solutions"][0]["layers"], field["solutions"][0]["size"]) == ("field", 4, 9)
    done = cnncalc("solve", LENET, "--layer", "conv2", "--vary", "padding", "--target", "99x99", "--json")
    network = json.loads(done.out)
    assert done.code == 1 and not done.err
    assert (network["about"], network["solved"], network["solutions"], network["tried"]) == ("network", False, [], 12)
    assert network["misses"][0] == {"values": {"padding": 11}, "readings": {"shape": [32, 32]}, "problem": ""}
    assert network["ranges"] == {"padding": {"first": 0, "last": 11, "step": 1}}


def test_all_of_it_fits_a_narrow_terminal():
    done = in_terminal("solve", LENET, "--layer", "conv2", "--vary", "padding", "--target", "10x10", columns=60)
    assert done.code == 0
    folded = [line for line in unstyled(done.out).splitlines() if "floor" not in line]
    assert folded and max(map(len, folded)) <= 60


def test_standard_input_is_read():
    text = Path(LENET).read_text(encoding="utf-8")
    done = cnncalc("solve", "-", "--vary", "input=20:40", "--target", "params<=70k", stdin=text)
    assert done.code == 0 and "20 to" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is asked"),
        (("--in", "28", "--out", "x"), "--out x is not a size"),
        (("--in", "28", "--out", "28", "--padding", "1;2"), "--padding 1;2 is not a padding"),
        (("--in", "28", "--out", "28", "--kernel", "4", "--padding", "same"), "--vary total_padding"),
        (("--in", "28", "--out", "28", "--vary", "kernle"), "did you mean kernel?"),
        (("--in", "28", "--out", "28", "--pool", "--transposed"), "no pool is transposed"),
        (("--in", "28", "--rf", "10", "--kernel", "3"), "--in has no effect"),
        (("--rf", "10x10", "--kernel", "3"), "--rf takes one number"),
        (("--in", "28", "--out", "28", "--layer", "conv1"), "--layer is about a spec"),
        ((LENET, "--kernel", "3"), "--kernel is about a lone kernel"),
        ((LENET, "--vary", "padding", "--target", "3x3"), "--vary conv1.padding"),
        ((LENET, "--vary", "input", "--target", "parms<=3"), "names nothing that can be wanted"),
        ((LENET, "--vary", "input"), "nothing is said of what is wanted"),
        ((LENET, "--at", "conv2", "--target", "7x7"), "write --vary input"),
        ((LENET, "--layer", "conv2", "--vary", "pading", "--target", "7x7"), "did you mean padding?"),
        ((LENET, "--layer", "pool2", "--vary", "groups", "--target", "7x7"), "pool2 is of type AvgPool2d, which has"),
        ((RESNET50, "--layer", "layer2", "--vary", "stride", "--target", "7x7"), "write --layer layer2.0.conv1"),
        (("nowhere.yaml", "--vary", "input", "--target", "3"), "nowhere.yaml"),
    ],
)
def test_bad_input_is_2(arguments, said):
    done = cnncalc("solve", *arguments)
    assert done.code == 2 and said in done.err and not done.out


def test_too_many_combinations_are_a_limit():
    asked = ("solve", "--in", 28, "--out", 28, "--vary", "kernel=1:50,stride=1:50")
    done = cnncalc(*asked, "--max-combinations", 100)
    assert done.code == 3 and "2,500 combinations are more than 100" in done.err
    assert cnncalc(*asked).code == 0
