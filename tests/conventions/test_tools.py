"""Counts against what the tools themselves print: published goldens, and real outputs (data/make_tool_counts.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cnncalc
from cnncalc.conventions import count
from cnncalc.graph import Graph
from cnncalc.layers import LAYERS as TYPES
from cnncalc.spec.load import loads

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
TOTALS = json.loads((GOLDEN / "tool_totals.json").read_text())
LAYERS = json.loads((GOLDEN / "tool_single_layers.json").read_text())
KERAS = json.loads((GOLDEN / "keras_counts.json").read_text())
PRINTED = json.loads((GOLDEN / "tool_counts.json").read_text())

NAMES = {
    "ptflops_pytorch": "ptflops",
    "ptflops_aten": "ptflops-aten",
    "torch_flop_counter": "torch",
    "torchfcm": "torch",
    "thop_ul": "ultralytics-thop",
}
"""What the published goldens call some tools."""


def printed(graph: Graph, tool: str, batch: int = 1) -> int | list[int]:
    """What a tool prints, in the form of tool_counts.json."""
    found = count(graph, tool, batch=batch)
    assert sum(item.amount for item in found.items) == found.total
    return [found.total, *(one.value for one in found.also)] if found.also else found.total


# -- whole networks


@pytest.mark.parametrize("network", [name for name in TOTALS if name != "_about"])
def test_whole_networks(network: str) -> None:
    graph = cnncalc.load(str(ROOT / "specs" / f"{network}.yaml"))
    for name, total in TOTALS[network].items():
        tool = NAMES.get(name, name)
        found = count(graph, tool)
        if tool == "torchinfo":
            assert {"mult_adds": found.total, **{one.key: one.value for one in found.also}} == total
        else:
            assert found.total == total, tool


OTHERWISE = {
    # torchvision has LayerNorm and Linear over the last axis, where the spec has LayerNorm2d and 1x1 convolutions
    "convnext_tiny.yaml": {"torchinfo", "thop", "ptflops", "calflops"},
    # torchvision has a subclass of nn.Conv3d, and these two ask for the type itself
    "r3d_18.yaml": {"thop", "ptflops"},
}
"""Tools that print another number than for the spec, since torchvision's module is not the one the spec names."""

GALLERY = [row["file"] for row in PRINTED.values() if "file" in row]


@pytest.mark.parametrize("file", GALLERY)
def test_the_networks_that_torchvision_has(file: str) -> None:
    graph = cnncalc.load(str(ROOT / "specs" / file))
    totals = PRINTED[f"specs/{file}"]["totals"]
    other = OTHERWISE.get(file, set())
    assert {tool for tool in totals if printed(graph, tool) != totals[tool]} == other


OPS = {
    "alexnet": 0.714, "convnext_tiny": 4.456, "densenet121": 2.834, "densenet169": 3.36, "efficientnet_b0": 0.386,
    "googlenet": 1.498, "inception_v3": 5.713, "mobilenet_v2": 0.301, "mobilenet_v3_large": 0.217,
    "mobilenet_v3_small": 0.057, "r3d_18": 40.697, "resnet101": 7.801, "resnet152": 11.514, "resnet18": 1.814,
    "resnet34": 3.664, "resnet50": 4.089, "shufflenet_v2_x1_0": 0.145, "squeezenet1_0": 0.819,
    "squeezenet1_1": 0.349, "vgg11": 7.609, "vgg13": 11.308, "vgg16": 15.47, "vgg16_bn": 15.47, "vgg19": 19.632,
}  # fmt: skip
"""What torchvision 0.28 publishes as `_ops` of the networks' weights, in thousands of millions."""


@pytest.mark.parametrize("name", OPS)
def test_what_torchvision_publishes(name: str) -> None:
    found = count(cnncalc.load(str(ROOT / "specs" / f"{name}.yaml")), "torchvision")
    assert round(found.total / 1e9, 3) == OPS[name] and found.unit == "MACs"


# -- single layers

MAP, DECONV = "[8, 16, 16]", "{type: ConvTranspose2d, out_channels: 6, kernel_size: 4, stride: 2, padding: 1"
CONV = "{type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1"
SINGLE = {
    "conv b (3->8,k3,p1,16x16)": ("[3, 16, 16]", CONV + "}"),
    "conv nobias": ("[3, 16, 16]", CONV + ", bias: false}"),
    "conv groups=4 (8->8) nobias": (MAP, CONV + ", groups: 4, bias: false}"),
    "convT (4->6,k4,s2,p1,8x8) nobias": ("[4, 8, 8]", DECONV + ", bias: false}"),
    "convT bias": ("[4, 8, 8]", DECONV + "}"),
    "convT g=2 nobias": ("[4, 8, 8]", DECONV + ", groups: 2, bias: false}"),
    "linear b 32->10": ("[32]", "{type: Linear, out_features: 10}"),
    "linear nobias": ("[32]", "{type: Linear, out_features: 10, bias: false}"),
    "bn 8@16x16": (MAP, "BatchNorm2d"),
    "layernorm [8,16,16]": (MAP, "{type: LayerNorm, normalized_shape: [8, 16, 16]}"),
    "relu": (MAP, "ReLU"),
    "leaky": (MAP, "LeakyReLU"),
    "sigmoid": (MAP, "Sigmoid"),
    "maxpool2/2": (MAP, "{type: MaxPool2d, kernel_size: 2}"),
    "avgpool3/2p1": (MAP, "{type: AvgPool2d, kernel_size: 3, stride: 2, padding: 1}"),
    "adaptiveavg1": (MAP, "{type: AdaptiveAvgPool2d, output_size: 1}"),
    "upsample nearest2": (MAP, "{type: Upsample, scale_factor: 2}"),
    "upsample bilinear2": (MAP, "{type: Upsample, scale_factor: 2, mode: bilinear}"),
    "softmax": ("[10]", "{type: Softmax, dim: 1}"),
    "LRN5": (MAP, "{type: LocalResponseNorm, size: 5}"),
    "add": (MAP, "{type: Add, from: [input, input]}"),
    "concat": (MAP, "{type: Concat, from: [input, input]}"),
}


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("_about", "torchscan")])
def test_single_layers(name: str) -> None:
    """ERR in the golden: calflops stops where a model has no parameters, so there is no number to compare with."""
    tool = NAMES.get(name, name)
    compared = 0
    for layer, total in LAYERS[name].items():
        if isinstance(total, str):
            assert total.startswith("ERR") and tool == "calflops"
            continue
        shape, item = SINGLE[layer]
        found = printed(loads(f"input: {shape}\nlayers: [{item}]\n"), tool)
        assert (found[0] if tool == "torchinfo" else found) == total, layer
        compared += 1
    assert compared >= 9


# -- every layer type's samples, and random networks, as the tools printed them


@pytest.mark.parametrize("tool", sorted(PRINTED["network 0"]["totals"]))
def test_what_the_tools_printed(tool: str) -> None:
    """Null where the tool failed; torchinfo's bytes are left out where functions are called by hidden modules."""
    compared, wrong = 0, []
    for name, row in PRINTED.items():
        if "spec" not in row or row["totals"][tool] is None:
            continue
        text = json.dumps(row["spec"])
        total, found = row["totals"][tool], printed(loads(text), tool, row["batch"])
        if tool == "torchinfo" and "functional" in text:
            total, found = total[0], found[0]
        if found != total:
            wrong.append((name, found, total))
        compared += 1
    assert not wrong
    assert compared > 900


def test_the_tools_were_given_every_layer_type() -> None:
    """Those with several inputs stand in the random networks."""
    alone = {name.split("/")[0] for name in PRINTED if "/" in name}
    joined = {item["type"] for row in PRINTED.values() if "spec" in row for item in row["spec"]["layers"]}
    assert set(TYPES) <= alone | joined


def test_what_tensorflows_profiler_printed() -> None:
    """For layers of Keras (data/make_keras_counts.py). All of these are known."""
    assert len(KERAS) > 100
    for name, row in KERAS.items():
        found = count(loads(json.dumps(row["spec"])), "keras", batch=row["batch"])
        assert found.total == row["total"], name
        assert "unknown" not in {one.state for one in found.not_counted}, name


def test_what_the_tools_know() -> None:
    """Zero is what a tool knows to cost nothing; what it has no rule for is unsupported."""
    checked = 0
    for row in PRINTED.values():
        for tool, known in row.get("supported", {}).items():
            (layer,) = count(loads(json.dumps(row["spec"])), tool).layers
            if layer.state in ("zero", "unsupported") and (layer.type, tool) != ("Upsample", "thop"):
                assert (layer.state == "zero") is known, (layer, tool)
                checked += 1
    assert checked > 200
