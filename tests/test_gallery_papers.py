"""The gallery's networks that torchvision lacks, against their papers' tables and other people's counts of them."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest

from cnncalc.analysis.report import Totals, analyze
from cnncalc.graph import Graph
from cnncalc.spec.load import load

SPECS = Path(__file__).parents[1] / "specs"


def spec(name: str, input_shape: tuple[int, ...] | None = None, **settings: Any) -> Graph:
    return load(str(SPECS / f"{name}.yaml"), input_shape=input_shape, settings=settings)


def totals(name: str, input_shape: tuple[int, ...] | None = None, **settings: Any) -> Totals:
    return analyze(spec(name, input_shape, **settings)).totals


def shapes(graph: Graph, *names: str) -> list[tuple[int, ...]]:
    found = {node.name: node.output_shape for node in graph.nodes}
    return [found[name] for name in names]


def parameters(graph: Graph, part: str) -> int:
    """Sum the parameters of a layer, or of all layers under a name."""
    return sum(
        prod(shape)
        for node in graph.nodes
        if node.name.split(".")[0] == part
        for shape in node.layer.parameters(node.input_shapes).values()
    )


def connections(graph: Graph, part: str) -> int:
    """Count as LeCun et al. do: each unit has a connection for every input it multiplies, and one for its bias."""
    nodes = [node for node in graph.nodes if node.name.split(".")[0] == part]
    counted = [node.layer.quantities(node.input_shapes, node.output_shape) for node in nodes]
    if not any(node.type == "AvgPool2d" for node in nodes):
        return sum(one.mac + one.bias_add for one in counted)
    # Subsampling: the four units under the window, and the bias, for each unit of the map.
    return (4 + 1) * prod(nodes[-1].output_shape)


# LeCun et al. 1998, section II.B: trainable parameters and connections of each layer.
LENET_1998 = {
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
}


def test_lenet_of_1998() -> None:
    graph = spec("lenet_1998")
    assert {layer: (parameters(graph, layer), connections(graph, layer)) for layer in LENET_1998} == LENET_1998
    assert shapes(graph, "C1", "S2.scale", "C3", "S4.scale", "C5", "F6") == [
        *((6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,)),
    ]
    # "340,908 connections, but only 60,000 trainable free parameters": with the 84 inputs of each of 10 output units
    assert totals("lenet_1998").parameters == 60_000
    assert sum(count for _, count in LENET_1998.values()) + 10 * 84 == 340_908


# The same paper, table I: the maps of S2 that each map of C3 combines.
TABLE_I = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def test_the_maps_of_lenet_are_connected_as_in_table_1() -> None:
    """Follow each map of C3 back to the maps of S2, through the slices and the ring of two copies."""
    graph = spec("lenet_1998")
    nodes = {node.name: node for node in graph.nodes}

    def reads(name: str) -> list[int]:
        """The map of S2 that each channel of a node is, before the convolution."""
        node, layer = nodes[name], nodes[name].layer
        if node.type == "Concat":
            return [map for source in node.inputs for map in reads(source)]
        if node.type == "Slice":
            return [reads(node.inputs[0])[at] for at in layer.taken(node.input_shapes[0])]  # type: ignore[attr-defined]
        return list(range(node.output_shape[0]))

    columns = list(zip(*(line.split() for line in TABLE_I.split("\n") if line), strict=True))
    maps = [sorted(reads(nodes[source].inputs[0])) for source in nodes["C3"].inputs]
    assert maps == [[at for at, cross in enumerate(column) if cross == "X"] for column in columns]


# Howard et al. 2017, tables 6 and 7: million mult-adds and parameters; 290 is 291 in the authors' own list of models
# (tensorflow/models, research/slim/nets/mobilenet_v1.md), as the exact 290.7 is. Weights: github.com/osmr/imgclsmob.
@pytest.mark.parametrize(
    ("width", "size", "mult_adds", "million", "weights"),
    [
        ("1", 224, 569, 4.2, 4_231_976),
        ("0.75", 224, 325, 2.6, 2_585_560),
        ("0.5", 224, 149, 1.3, 1_331_592),
        ("0.25", 224, 41, 0.5, 470_072),
        ("1", 192, 418, 4.2, 4_231_976),
        ("1", 160, 291, 4.2, 4_231_976),
        ("1", 128, 186, 4.2, 4_231_976),
    ],
)
def test_mobilenet_v1_of_each_width_and_size(
    width: str, size: int, mult_adds: int, million: float, weights: int
) -> None:
    found = totals("mobilenet_v1", (3, size, size), width=width)
    assert round(found.macs / 1e6) == mult_adds
    assert round(found.parameters / 1e6, 1) == million
    assert found.parameters == weights


def test_mobilenet_v1_exactly() -> None:
    """By hand from table 1: depthwise 9 c, pointwise c c', two numbers a channel of each normalisation."""
    rows = [(32, 64, 112), (64, 128, 56), (128, 128, 56), (128, 256, 28), (256, 256, 28), (256, 512, 14)]
    rows += [(512, 512, 14)] * 5 + [(512, 1024, 7), (1024, 1024, 7)]
    weights = 27 * 32 + sum(9 * c + c * out for c, out, _ in rows) + 1024 * 1000
    norms = 2 * 32 + sum(2 * (c + out) for c, out, _ in rows)
    products = 112 * 112 * 27 * 32 + sum(size * size * (9 * c + c * out) for c, out, size in rows) + 1024 * 1000
    found = totals("mobilenet_v1")
    assert (found.parameters, found.macs) == (weights + norms + 1000, products) == (4_231_976, 568_740_352)


# Zhang et al. 2017, table 1: channels of stage 2, and the complexity in millions, the fully connected layer left out.
# Weights: the counts that github.com/osmr/imgclsmob asserts of its models shufflenet_g1_w1 to shufflenet_g8_w1.
@pytest.mark.parametrize(
    ("groups", "width", "complexity", "weights"),
    [
        (1, 144, 143, 1_531_936),
        (2, 200, 140, 1_733_848),
        (3, 240, 137, 1_865_728),
        (4, 272, 133, 1_968_344),
        (8, 384, 137, 2_434_768),
    ],
)
def test_shufflenet_v1_of_each_number_of_groups(groups: int, width: int, complexity: int, weights: int) -> None:
    found = totals("shufflenet_v1", groups=groups, width=width)
    assert round((found.macs - 4 * width * 1000) / 1e6) == complexity
    assert found.parameters == weights


def test_shufflenet_v1_has_the_sizes_of_table_1() -> None:
    stages = shapes(spec("shufflenet_v1"), "conv1", "maxpool", "stage2.3.relu2", "stage3.7.relu2", "stage4.3.relu2")
    assert stages == [(24, 112, 112), (24, 56, 56), (240, 28, 28), (480, 14, 14), (960, 7, 7)]


# Parameters and multiply-adds in millions: Sandler et al. 2018, table 4; Ma et al. 2018, table 8; Howard et al. 2019,
# table 3, whose squeeze and excitation differs a little from torchvision's; Tan and Le 2019, table 2.
@pytest.mark.parametrize(
    ("name", "million", "mult_adds"),
    [
        ("mobilenet_v2", 3.4, 300),
        ("shufflenet_v2_x1_0", 2.3, 146),
        ("mobilenet_v3_large", 5.4, 219),
        ("mobilenet_v3_small", 2.5, 56),
        ("efficientnet_b0", 5.3, 390),
    ],
)
def test_mobile_networks_are_near_what_their_papers_say(name: str, million: float, mult_adds: int) -> None:
    """The papers round, and differ from torchvision's models by some per cent."""
    found = totals(name)
    assert found.parameters / 1e6 == pytest.approx(million, rel=0.035)
    assert found.macs / 1e6 == pytest.approx(mult_adds, rel=0.015)


# He et al. 2015, table 1: billions of multiply-adds, with the stride in the first 1x1 of a bottleneck.
@pytest.mark.parametrize(("name", "billion"), [("resnet18", 1.8), ("resnet34", 3.6), ("resnet50_stride_in_1x1", 3.8)])
def test_resnets_have_the_flops_of_the_paper(name: str, billion: float) -> None:
    assert int(totals(name).macs / 1e8) / 10 == billion


def test_the_stride_in_the_3x3_costs_more_and_weighs_the_same() -> None:
    old, new = totals("resnet50_stride_in_1x1"), totals("resnet50")
    assert old.parameters == new.parameters
    # Three blocks compute their first 1x1 on four times the positions: width of the block's inside and what enters it.
    more = sum(3 * size * size * entering * inside for size, entering, inside in [(28, 256, 128), (14, 512, 256)])
    more += 3 * 7 * 7 * 1024 * 512
    # ... and their 3x3 is unchanged: its outputs are as many.
    assert new.macs - old.macs == more == 231_211_008


def test_zfnet_has_the_sizes_of_figure_3() -> None:
    """The weights are those of github.com/osmr/imgclsmob's zfnet."""
    graph = spec("zfnet")
    sizes = shapes(graph, "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    assert sizes == [
        *((96, 110, 110), (96, 55, 55), (256, 26, 26), (256, 13, 13)),
        *((384, 13, 13), (384, 13, 13), (256, 13, 13), (256, 6, 6)),
    ]
    assert totals("zfnet").parameters == 62_357_608


def test_c3d_has_the_layers_of_the_sports_1m_model() -> None:
    """A Keras summary of the converted model (github.com/litao1381/C3D_Sport1M_keras); 38.5 G: Tran et al. 2017."""
    graph = spec("c3d")
    counted = {node.name: parameters(graph, node.name) for node in graph.nodes if node.type in ("Conv3d", "Linear")}
    assert counted == {
        "conv1a": 5_248,
        "conv2a": 221_312,
        "conv3a": 884_992,
        "conv3b": 1_769_728,
        "conv4a": 3_539_456,
        "conv4b": 7_078_400,
        "conv5a": 7_078_400,
        "conv5b": 7_078_400,
        "fc6": 33_558_528,
        "fc7": 16_781_312,
        "fc8": 1_995_239,
    }
    assert shapes(graph, "pool1", "pool2", "pool3", "pool4", "pool5") == [
        *((64, 16, 56, 56), (128, 8, 28, 28), (256, 4, 14, 14), (512, 2, 7, 7), (512, 1, 4, 4)),
    ]
    found = totals("c3d")
    assert found.parameters == 79_991_015
    assert int(found.macs / 1e8) / 10 == 38.5


# Dai et al. 2016, table 1: 3.7, 1.8 and 0.5 million parameters (0.56, cut off), and the sizes after each pooling. The
# exact counts and receptive fields are a reader's, who worked out the whole family (with a bias in each convolution).
@pytest.mark.parametrize(
    ("settings", "weights", "field"),
    [
        ({}, 3_683_786, 11_980),
        ({"n1": 2, "n2": 2, "n3": 3, "n4": 2}, 1_786_442, 7_052),
        ({"width": 128, "n1": 1, "n2": 1, "n3": 1, "n4": 0}, 559_114, 1_772),
    ],
)
def test_m18_and_its_smaller_relatives(settings: dict[str, int], weights: int, field: int) -> None:
    report = analyze(spec("m18", **settings))
    assert report.totals.parameters == weights
    assert [facts.node.output_shape[1] for facts in report.layers if facts.node.type == "MaxPool1d"] == [
        *(2000, 500, 125, 32),
    ]
    before_the_mean = report.layer(report.layer("avgpool").node.inputs[0])
    assert before_the_mean.receptive.fields[0].size == field


# Google's receptive_field library (Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural
# networks", table 1): size, effective stride, effective padding.
@pytest.mark.parametrize(
    ("name", "layer", "published"),
    [
        ("vgg16", "features.30", (212, 32, 90)),
        ("mobilenet_v1", "block5.1.relu2", (315, 32, 126)),
        ("inception_v3", "Mixed_7c.concat3", (1311, 32, 618)),
        ("resnet50_stride_in_1x1", "layer4.2.relu3", (483, 32, 241)),
    ],
)
def test_receptive_fields(name: str, layer: str, published: tuple[int, int, int]) -> None:
    fields = analyze(spec(name)).layer(layer).receptive.fields
    assert {(field.size, field.jump, -field.start) for field in fields} == {published}


def test_what_faster_rcnn_sees() -> None:
    """Ren et al. 2015, section 3.1: 171 and 228 pixels for ZF and VGG, after one more 3x3 on the last convolution."""
    for name, layer, pixels in [("zfnet", "conv5", 171), ("vgg16", "features.28", 228)]:
        field = analyze(spec(name)).layer(layer).receptive.fields[0]
        assert field.size + (3 - 1) * field.jump == pixels


def test_unet_has_the_sizes_of_figure_1() -> None:
    graph = spec("unet")
    assert shapes(graph, "down1.relu2", "down2.relu2", "down3.relu2", "down4.relu2", "bottom.relu2") == [
        *((64, 568, 568), (128, 280, 280), (256, 136, 136), (512, 64, 64), (1024, 28, 28)),
    ]
    assert shapes(graph, "up4.concat1", "up3.concat1", "up2.concat1", "up1.concat1", "segment") == [
        *((1024, 56, 56), (512, 104, 104), (256, 200, 200), (128, 392, 392), (2, 388, 388)),
    ]
    # The count of a Keras model of the same layers on three channels; padding does not change it.
    assert totals("unet", (3, 572, 572)).parameters == 31_031_810
    assert totals("unet").parameters == 31_031_810 - 2 * 64 * 9
