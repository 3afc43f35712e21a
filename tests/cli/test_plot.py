"""`plot`: SVGs into files and pipes, bars into terminals, and no option without effect."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled

RESNET = SPECS / "resnet18.yaml"
KINDS = ["network", "receptive-field", "costs"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", KINDS)
def test_an_svg_into_a_file_and_into_a_pipe(tmp_path, kind):
    path = tmp_path / "out.svg"
    written = cnncalc("plot", RESNET, "--kind", kind, "-o", path)
    assert (written.code, written.out, written.err) == (0, "", "")
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{SVG}svg" and "ResNet-18" in (root.findtext(f"{SVG}title") or "")
    piped = cnncalc("plot", RESNET, "--kind", kind)
    assert piped.out == path.read_text(encoding="utf-8") and list(tmp_path.iterdir()) == [path]
    assert cnncalc("plot", RESNET, "--kind", kind, "-o", "-").out == piped.out


def test_without_a_kind_a_pipe_gets_the_network_and_a_terminal_the_costs():
    assert cnncalc("plot", LENET).out == cnncalc("plot", LENET, "--kind", "network").out
    shown = in_terminal("plot", LENET)
    assert shown.code == 0 and "█" in shown.out and "61,706" in shown.out
    assert unstyled(shown.out) == unstyled(in_terminal("plot", LENET, "--kind", "costs", "--color", "never").out)


def test_the_picture_in_the_readme_is_the_present_one():
    """After a change: cnncalc plot specs/resnet18.yaml -o specs/pictures/resnet18.svg."""
    assert cnncalc("plot", RESNET).out == (SPECS / "pictures" / "resnet18.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_bars_fit_a_terminal(columns):
    shown = unstyled(in_terminal("plot", SPECS / "densenet121.yaml", columns=columns).out)
    assert max(map(len, shown.splitlines())) <= columns and "classifier" in shown


def test_bars_into_a_pipe_have_no_width_and_no_colour():
    shown = cnncalc("plot", SPECS / "densenet121.yaml", "--bars", "--depth", 3, env={"COLUMNS": "40"})
    assert shown.code == 0 and "\x1b" not in shown.out
    assert "features.denseblock4.denselayer16 " in shown.out
    assert "\x1b[" in cnncalc("plot", LENET, "--bars", "--color", "always").out


def test_bars_in_ascii():
    shown = cnncalc("plot", LENET, "--bars", env={"PYTHONIOENCODING": "ascii"})
    assert shown.out.isascii() and "####" in shown.out and "\\u" not in shown.out


def test_the_growth_in_a_terminal():
    shown = cnncalc("plot", LENET, "--bars", "--kind", "receptive-field").out
    assert [line.split()[0] for line in shown.splitlines() if "jump" in line] == ["conv1", "pool1", "conv2", "pool2"]
    assert re.search("pool2 +█+ 16 jump 4", shown)


def test_the_same_bytes_each_time():
    runs = {cnncalc("plot", SPECS / "googlenet.yaml", env={"PYTHONHASHSEED": str(seed)}).out for seed in range(2)}
    assert len(runs) == 1


def test_depth_full_input_and_set(tmp_path):
    whole = cnncalc("plot", RESNET).out
    assert "× 2" in whole and "× 2" not in cnncalc("plot", RESNET, "--full").out
    closed = cnncalc("plot", RESNET, "--depth", 1).out
    assert "layer3" in closed and "layer3.0" not in closed and "16 layers" in closed
    assert ">64x256x256<" in cnncalc("plot", RESNET, "--input", "3x512x512").out
    growth = cnncalc("plot", SPECS / "densenet121.yaml", "--set", "growth=16", "--depth", 2).out
    assert ">32x112x112<" in growth


def test_json():
    network = cnncalc("plot", LENET, "--json").json
    assert network["schema_version"] == 1 and network["kind"] == "network"
    assert [one["layers"] for one in network["parts"]][1] == ["conv1", "sigmoid1"]
    costs = cnncalc("plot", LENET, "--kind", "costs", "--json").json
    assert costs["rows"][1] == {"name": "conv2", "layers": 1, "parameters": 2416, "macs": 240000}
    assert costs["totals"] == {"parameters": 61706, "macs": 416520}
    growth = cnncalc("plot", LENET, "--kind", "receptive-field", "--json").json
    assert growth["steps"][3] == {"layer": "conv2", "type": "Conv2d", "size": [14, 14], "jump": [2, 2]}
    assert growth["whole_from"] == "fc1"
    assert in_terminal("plot", LENET, "--json").out.startswith("{")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "net.png"], "ends in .svg"),
        (["-o", "/nonexistent/net.svg"], "error[E124]"),
        (["-o", "/dev/null"], "not a regular file"),
        (["-o", "/dev/stdout"], "error[E123]: /dev/stdout is not a regular file"),
        (["-o", "/dev/stdout"], "-o - for standard output"),
        (["--bars", "-o", "net.svg"], "leave out -o"),
        (["--bars", "--json"], "leave out -o and --json"),
        (["--json", "-o", "net.svg"], "leave one of them out"),
        (["--bars", "--kind", "network"], "-o network.svg"),
        (["--full", "--kind", "costs"], "--kind network"),
        (["--depth", "2", "--kind", "receptive-field"], "leave it out"),
        (["--depth", "0"], "not in the range"),
        (["--kind", "cost"], "'costs'"),
        (["--input", "1xx"], "3x224x224"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(options, said):
    wrong = cnncalc("plot", LENET, *options)
    assert wrong.code == 2 and said in wrong.err and "Traceback" not in wrong.err
    assert not wrong.out or "--json" in options


def test_a_network_does_not_fit_a_terminal():
    shown = in_terminal("plot", LENET, "--kind", "network")
    assert shown.code == 2 and "-o network.svg" in shown.out


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("input: [8]\nlayers: [{type: Linear, out_features: 2}]\n", "vector"),
        ("input: [8, 4, 4]\nlayers: [{type: GlobalAvgPool2d}]\n", "the whole input"),
    ],
)
def test_where_nothing_grows(spec, why):
    wrong = cnncalc("plot", "-", "--kind", "receptive-field", stdin=spec)
    assert wrong.code == 2 and "error[E750]" in wrong.err and why in wrong.err and not wrong.out
    assert cnncalc("plot", "-", "--kind", "costs", stdin=spec).code == 0
    assert cnncalc("plot", "-", stdin=spec).code == 0


def test_an_svg_is_utf_8_whatever_the_locale():
    spec = "name: 卷积\ninput: [1, 8, 8]\nlayers: [ReLU]\n"
    shown = cnncalc("plot", "-", stdin=spec, env={"PYTHONIOENCODING": "ascii"})
    assert shown.code == 0 and "卷积" in shown.out


def test_chinese_in_the_picture_and_in_a_narrow_terminal():
    shown = in_terminal("plot", LENET, "--lang", "zh", columns=60)
    assert shown.code == 0 and "█" in shown.out
    assert ElementTree.fromstring(cnncalc("plot", LENET, "--lang", "zh").out) is not None
