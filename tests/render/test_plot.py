"""The pictures of a network: complete, readable at any size, and as long as the numbers say."""

from __future__ import annotations

import itertools
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnncalc.analysis.growth import growth
from cnncalc.analysis.outline import FAMILIES as OF_LAYERS
from cnncalc.analysis.report import analyze
from cnncalc.analysis.shares import shares
from cnncalc.diagnostics import CnncalcError
from cnncalc.render.plot.bars import bar, cost_lines, cut, growth_lines
from cnncalc.render.plot.costs import costs_svg
from cnncalc.render.plot.growth import growth_svg
from cnncalc.render.plot.layout import Box
from cnncalc.render.plot.network import NetworkPicture, path, strokes
from cnncalc.render.plot.palette import FAMILIES, box_class, box_colors
from cnncalc.render.plot.to_json import network_json
from cnncalc.render.svg import text_width
from cnncalc.render.words import cells
from cnncalc.spec.load import load, loads
from tests.render.drawings import check

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"


def report_of(name: str):
    return analyze(load(str(SPECS / f"{name}.yaml")))


def chain_of(times: int, layer: str = "{type: Conv2d, out_channels: %d, kernel_size: 3, padding: 1}"):
    layers = ", ".join(f"{layer % (3 + at)}, ReLU" for at in range(times))
    return analyze(loads(f"input: [3, 32, 32]\nlayers: [{layers}]\n"))


def texts(root) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        *((name, False) for name in GALLERY),
        *((name, True) for name in ("resnet50", "googlenet", "inception_v3", "unet")),
    ],
)
def test_the_gallery_is_drawn_without_overlap_and_whole(name, full):
    report = report_of(name)
    picture = NetworkPicture(report, full=full)
    check(picture.drawing)
    root = ElementTree.fromstring(picture.svg())
    drawn = [node.name for nodes in picture.nodes.values() for node in nodes]
    assert sorted(drawn) == sorted(node.name for node in report.graph.every_node())
    assert picture.drawing.places.keys() >= picture.nodes.keys()
    titles = " ".join(one.text or "" for one in root.iter(f"{SVG}title")).split()
    missing = {node.name for node in report.graph.every_node()} - set(titles)
    copies = {node.name for nodes in picture.nodes.values() for node in nodes if picture.sheet.places[node.name].copies}
    aside = {node.name for head in report.graph.heads for node in head.nodes if head.train_only}
    assert missing <= copies | (set() if full else aside)
    assert not (full and missing)


@pytest.mark.parametrize("name", ["resnet152", "densenet169", "mobilenet_v2", "shufflenet_v2_x1_0", "efficientnet_b0"])
def test_the_counts_add_up_to_the_layers(name):
    report = report_of(name)
    picture = NetworkPicture(report)
    texts = picture.sheet.texts
    total = 0
    for part, text in texts.items():
        if not isinstance(part, Box) or part not in picture.nodes:
            continue
        times, around = text.copies, picture.drawing.frame_of[part]
        while around is not None:
            times, around = times * texts[around].copies, picture.drawing.frame_of[around]
        shown = 1 + (text.lines[1].count(", ") + 1 if len(text.lines) > 1 else 0)
        total += times * shown
    assert total == len(list(report.graph.every_node()))


@pytest.mark.parametrize("name", GALLERY)
def test_every_picture_stays_within_a_page(name):
    drawing = NetworkPicture(report_of(name)).drawing
    assert drawing.height < 2600 and drawing.width < 3600


def test_five_hundred_layers_are_one_box_or_columns():
    same = NetworkPicture(analyze(loads("input: [8, 16, 16]\nlayers: [" + ", ".join(["ReLU"] * 500) + "]\n")))
    assert same.drawing.height < 300 and "× 500" in same.svg()
    other = NetworkPicture(chain_of(250))
    check(other.drawing)
    assert other.drawing.height < 2000 and len(other.drawing.places) == 252


def test_thirty_two_equal_branches_are_one_frame():
    lane = "[{type: Conv2d, out_channels: 4, kernel_size: 1}, {type: Conv2d, out_channels: 4, kernel_size: 3}]"
    text = "input: [64, 16, 16]\nlayers:\n  - type: Concat\n    branches:\n" + f"      - {lane}\n" * 32
    picture = NetworkPicture(analyze(loads(text)))
    check(picture.drawing)
    assert picture.drawing.width < 400 and "× 32 side by side" in picture.svg()
    # two layers of a branch, the join, and both ends; each joined to the next
    assert len([part for part in picture.drawing.places if isinstance(part, Box)]) == 5
    assert len(picture.drawing.routes) == 4
    assert [picture.label_text(one) for one in picture.drawing.labels].count("128x14x14") == 1


def test_a_tangle_is_refused_and_not_begun():
    items = ["{name: c0, type: ReLU}", "{name: c1, type: ReLU}"]
    items += [
        f"{{name: c{at}, type: Add, from: [{', '.join(f'c{one}' for one in range(at))}]}}" for at in range(2, 190)
    ]
    report = analyze(loads(f"input: [3, 2, 2]\nlayers: [{', '.join(items)}]\n"))
    with pytest.raises(CnncalcError) as refused:
        NetworkPicture(report)
    assert [(one.code, one.is_limit) for one in refused.value.diagnostics] == [("E475", True)]
    # Of a flat network nothing is drawn as one box.
    assert refused.value.diagnostics[0].help == "--kind costs can always be drawn"
    block = f"{{name: b, type: Sequential, layers: [{', '.join(items)}]}}"
    blocks = analyze(loads(f"input: [3, 2, 2]\nlayers: [{block}]\n"))
    with pytest.raises(CnncalcError) as refused:
        NetworkPicture(blocks)
    assert refused.value.diagnostics[0].help.startswith("--depth 1")
    assert NetworkPicture(blocks, 1).drawing.places
    assert costs_svg(report, shares(report))


def test_the_gallery_is_far_from_being_a_tangle(monkeypatch):
    monkeypatch.setattr("cnncalc.render.plot.network.MOST_PASSED", 1000)
    for name in GALLERY:
        assert NetworkPicture(report_of(name), full=True).drawing.places


def test_every_line_of_the_network_is_drawn():
    report = report_of("googlenet")
    picture = NetworkPicture(report, full=True)
    places = picture.sheet.places
    drawn = {(route.source, route.target) for route in picture.drawing.routes}
    for node in report.graph.every_node():
        for name in node.inputs:
            ends = places[name].box, places[node.name].box
            assert ends[0] is ends[1] or ends in drawn
    assert len({target for _, target in drawn}) == len(picture.drawing.places) - 1 - sum(
        hasattr(part, "parts") for part in picture.drawing.places
    )


def test_shapes_stand_beside_the_lines_and_of_copies_the_first_and_last():
    picture = NetworkPicture(report_of("densenet121"))
    shown = {picture.label_text(label) for label in picture.drawing.labels}
    # by hand: the first dense block begins with 64 channels and each of its 6 layers adds 32
    assert {"64…224x56x56", "32x56x56", "256x56x56", "128x28x28", "1000", "3x224x224"} <= shown
    assert "96x56x56" not in shown


def test_the_arguments_of_a_layer_are_never_cut():
    kernel = "kernel_size: [3, 5, 1], stride: 2, padding: [1, 2, 0], output_padding: [1, 0, 1], dilation: [1, 1, 2]"
    layer = f"{{type: ConvTranspose3d, out_channels: 16, groups: 8, {kernel}}}"
    svg = NetworkPicture(analyze(loads(f"input: [8, 9, 9, 9]\nlayers: [{layer}]\n"))).svg()
    assert "ConvTranspose3d 3x5x1/2 p1x2x0 o1x0x1 d1x1x2 g8" in texts(ElementTree.fromstring(svg))


def test_what_is_drawn_once_is_not_drawn_over():
    picture = NetworkPicture(report_of("googlenet"))
    pieces = [piece for points in strokes(picture.drawing.routes) for piece in itertools.pairwise(points)]
    assert len(pieces) == len(set(pieces))
    wanted = {piece for route in picture.drawing.routes for piece in zip(route.points, route.points[1:], strict=False)}
    assert set(pieces) == wanted


def test_a_path_is_straight_along_an_axis_and_bends_else():
    assert path([(0, 0), (0, 5), (0, 9)]) == "M0 0L0 9"
    assert path([(0, 0), (4, 8)]) == "M0 0C0 4 4 4 4 8"
    assert path([(0, 0), (0, 20), (20, 20)]) == "M0 0L0 12Q0 20 8 20L20 20"


def test_each_family_has_a_colour_light_and_dark_and_a_word():
    assert set(OF_LAYERS.values()) | {"closed"} == FAMILIES.keys()
    colors = box_colors()
    for family in FAMILIES:
        light, dark = colors[box_class(family)]
        assert light != dark


def test_only_the_families_there_are_stand_in_the_legend():
    root = ElementTree.fromstring(NetworkPicture(report_of("lenet")).svg())
    legend = [text for text in texts(root) if text in FAMILIES.values()]
    assert legend == ["convolution", "fully connected", "pooling", "other"]


def test_a_hostile_name_of_a_network_stays_text():
    name = "'</text><script>alert(1)</script>&\"卷积'"
    text = f"name: {name}\ninput: [3, 8, 8]\nlayers: [{{type: Conv2d, out_channels: 2, kernel_size: 3}}]\n"
    report = analyze(loads(text))
    for svg in (NetworkPicture(report).svg(), costs_svg(report, shares(report)), growth_svg(report, growth(report))):
        root = ElementTree.fromstring(svg)
        assert "<script" not in svg and any("<script>alert(1)</script>" in one.text for one in root.iter(f"{SVG}title"))


def test_the_json_has_the_geometry():
    picture = NetworkPicture(report_of("resnet18"))
    data = network_json(picture.report, picture)
    boxes = [part for part in data["parts"] if part["kind"] == "box"]
    assert sorted(name for box in boxes for name in box["layers"]) == sorted(
        node.name for node in picture.report.graph.every_node()
    )
    for one in data["lines"]:
        start, end = data["parts"][one["source"]]["place"], data["parts"][one["target"]]["place"]
        assert abs(one["points"][0][1] - start["y"] - start["height"]) < 0.1
        assert abs(one["points"][-1][1] - end["y"]) < 0.1


# costs


def bars_of(svg: str, class_: str) -> list[tuple[float, int]]:
    """Return (width, number in the title) of the bars of a class."""
    root = ElementTree.fromstring(svg)
    return [
        (float(one.get("width")), int(one.findtext(f"{SVG}title").rpartition(" ")[2].replace(",", "")))
        for one in root.iter(f"{SVG}rect")
        if one.get("class") == class_ and one.find(f"{SVG}title") is not None
    ]


@pytest.mark.parametrize("name", ["lenet", "vgg16", "densenet169", "resnet50"])
def test_bars_are_as_long_as_the_numbers(name):
    report = report_of(name)
    svg = costs_svg(report, shares(report))
    for class_, total in (("cnn-parameters", report.totals.parameters), ("cnn-macs", report.totals.macs)):
        bars = bars_of(svg, class_)
        assert sum(number for _, number in bars) == total
        widest, most = max(bars)
        assert most == max(number for _, number in bars)
        for width, number in bars:
            assert width == pytest.approx(max(0.5, widest * number / most), abs=0.02)


@pytest.mark.parametrize("name", ["lenet", "densenet169", "resnet152"])
@pytest.mark.parametrize("width", [40, 46, 60, 80, 100, 140, 200, 10_000])
@pytest.mark.parametrize("blocks", [True, False])
def test_bars_fit_a_terminal(name, width, blocks):
    report = report_of(name)
    found = shares(report)
    lines = [
        "".join(getattr(piece, "text", piece) for piece in line) if not isinstance(line, str) else line
        for line in cost_lines(report, found, width, blocks=blocks)
    ]
    assert max(map(cells, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    rows = found.rows
    assert len([line for line in lines if re.search("[█▏▎▍▌▋▊▉#]", line)]) == len(rows)
    if width == 10_000:
        text = "\n".join(lines)
        assert all(row.name in text for row in rows) and max(map(cells, lines)) < 160
    assert blocks or all(line.isascii() for line in lines)


def test_what_is_left_of_a_long_chain_does_not_dwarf_the_bars():
    report = chain_of(250)
    found = shares(report)
    *_, largest, rest = [line for line in cost_lines(report, found, 120, blocks=False) if "%" in str(line)]
    # by hand: of the parameters of c filters over c - 1 channels, 9c(c - 1) + c, the largest chain is that of 252
    assert found.rows[-1].parameters == 9 * 252 * 251 + 252
    assert "#" * 30 in "".join(getattr(piece, "text", piece) for piece in largest)
    text = "".join(getattr(piece, "text", piece) for piece in rest)
    assert "#" not in text and "210 other layers" in text
    bars = bars_of(costs_svg(report, found), "cnn-parameters")
    assert len(bars) == len(found.rows) and max(bars)[0] == pytest.approx(210)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_growth_fits_a_terminal(width):
    report = report_of("c3d")
    lines = [
        "".join(getattr(piece, "text", piece) for piece in line) if not isinstance(line, str) else line
        for line in growth_lines(report, growth(report), width, blocks=True)
    ]
    assert max(map(cells, lines)) <= width


def test_a_bar_in_eighths_and_in_ascii():
    assert bar(8, 8, 10, blocks=True) == "█" * 10
    assert bar(5, 8, 10, blocks=True) == "█" * 6 + "▎"
    assert bar(1, 1_000_000, 10, blocks=True) == "▏" and bar(0, 8, 10, blocks=True) == ""
    assert bar(5, 8, 10, blocks=False) == "######" and bar(1, 1_000_000, 10, blocks=False) == "#"
    assert cut("features.denseblock1", 12) == "featu..lock1" and cut("abc", 3) == "abc"


# receptive field


def test_the_curve_is_as_high_as_the_field_is_large():
    report = report_of("lenet")
    root = ElementTree.fromstring(growth_svg(report, growth(report)))
    (curve,) = [one for one in root.iter(f"{SVG}path") if one.get("class") == "cnn-first"]
    points = [tuple(map(float, one.split())) for one in curve.get("d")[1:].split("L")]
    (line,) = [one for one in root.iter(f"{SVG}path") if one.get("class") == "cnn-input"]
    at_32 = float(line.get("d")[1:].split("L")[0].split()[1])
    axis = max(
        y
        for one in root.iter(f"{SVG}path")
        if one.get("class") == "cnn-line"
        for y in [float(one.get("d")[1:].split("L")[0].split()[1])]
    )
    heights = [(axis - y) / (axis - at_32) * 32 for _, y in points[::2]]
    # conv1, sigmoid1, pool1, conv2, sigmoid2, pool2, flatten1, by hand
    assert heights == pytest.approx([5, 5, 6, 14, 14, 16, 16], abs=0.2)
    shown = texts(root)
    assert "pool1: jump 2" in shown and "pool2: jump 4" in shown and "input 32" in shown


@pytest.mark.parametrize("name", ["densenet169", "resnet152", "mobilenet_v3_large", "lenet"])
def test_no_number_lies_on_the_curve_or_another_and_no_name_leaves_the_page(name):
    report = report_of(name)
    root = ElementTree.fromstring(growth_svg(report, growth(report)))
    (curve,) = [one for one in root.iter(f"{SVG}path") if one.get("class") == "cnn-first"]
    points = [tuple(map(float, one.split())) for one in curve.get("d")[1:].split("L")]
    sizes = {f"{field.size:,}" for step in growth(report).steps for field in step.fields}
    numbers = [
        (float(one.get("x")), float(one.get("y")), text_width(one.text, 11))
        for one in root.iter(f"{SVG}text")
        if one.text in sizes and one.get("font-weight") is None and one.get("text-anchor") is None
    ]
    assert len(numbers) >= 4
    for x, y, wide in numbers:
        for (x0, y0), (x1, y1) in pairwise(points):
            beside = max(x0, x1) <= x or min(x0, x1) >= x + wide
            assert beside or max(y0, y1) <= y - 9 or min(y0, y1) >= y, (name, x, y)
    assert all(one[0] + one[2] <= other[0] for one, other in pairwise(numbers))
    for one in root.iter(f"{SVG}text"):
        if "rotate" in (one.get("transform") or ""):
            x = float(one.get("transform").removeprefix("translate(").split()[0])
            assert x - text_width(one.text, 11) * 2**-0.5 >= 0


def test_the_numbers_of_two_curves_do_not_lie_on_each_other():
    report = report_of("c3d")
    root = ElementTree.fromstring(growth_svg(report, growth(report)))
    numbers = [
        (float(one.get("x")), float(one.get("y")), text_width(one.text, 11))
        for one in root.iter(f"{SVG}text")
        if (one.text or "").isdigit() and one.get("text-anchor") is None
    ]
    assert len(numbers) > 12
    for (x0, y0, wide0), (x1, y1, wide1) in itertools.combinations(numbers, 2):
        assert x0 + wide0 <= x1 or x1 + wide1 <= x0 or abs(y0 - y1) >= 10


def test_names_that_begin_alike_are_written_without_that():
    shown = texts(ElementTree.fromstring(growth_svg(report_of("densenet169"), growth(report_of("densenet169")))))
    assert {"conv0: jump 2", "denseblock4.denselayer32.conv2", "the names begin with features."} <= set(shown)


def test_axes_that_differ_have_a_curve_each():
    report = analyze(loads("input: [1, 40, 20]\nlayers: [{type: Conv2d, out_channels: 1, kernel_size: [5, 3]}]\n"))
    shown = texts(ElementTree.fromstring(growth_svg(report, growth(report))))
    assert {"H: 5", "W: 3", "input 40", "input 20"} <= set(shown)
    c3d = report_of("c3d")
    assert "H, W: 150" in texts(ElementTree.fromstring(growth_svg(c3d, growth(c3d))))


def test_a_field_far_larger_than_the_input_has_a_logarithmic_scale():
    layers = ", ".join("{type: Conv2d, out_channels: 1, kernel_size: 3, stride: 2, padding: 1}" for _ in range(9))
    report = analyze(loads(f"input: [1, 8, 8]\nlayers: [{layers}]\n"))
    shown = texts(ElementTree.fromstring(growth_svg(report, growth(report))))
    assert {"10", "100", "1k"} <= set(shown)
