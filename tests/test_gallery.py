"""The gallery against numbers from elsewhere: torchvision's modules, published layer tables, and sums done by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from cnncalc.engine.matching import match
from cnncalc.graph import Graph, Nested, Node
from cnncalc.interop.weights import read_weights
from cnncalc.spec.load import load

ROOT = Path(__file__).parents[1]
FOUND = sorted(path.relative_to(ROOT / "specs").as_posix() for path in (ROOT / "specs").rglob("*.yaml"))
SPECS = [path for path in FOUND if not path.startswith("homework/")]
GOLDEN: dict[str, Any] = json.loads((ROOT / "tests/data/golden/torchvision.json").read_text(encoding="utf-8"))
NETWORKS = [name for name in GOLDEN if not name.startswith("_")]


def spec(name: str) -> Graph:
    return load(str(ROOT / "specs" / f"{name}.yaml"))


def parameters(nodes: Iterable[Node]) -> dict[str, int]:
    return {
        node.name: sum(prod(shape) for shape in node.layer.parameters(node.input_shapes).values()) for node in nodes
    }


def macs(nodes: Iterable[Node]) -> dict[str, int]:
    return {node.name: node.layer.quantities(node.input_shapes, node.output_shape).mac for node in nodes}


def learned(counts: dict[str, int]) -> list[int]:
    return [count for count in counts.values() if count]


@pytest.mark.parametrize("path", SPECS)
def test_every_spec_loads_without_a_warning(path: str) -> None:
    graph = load(str(ROOT / "specs" / path))
    assert [found.message for found in graph.warnings] == []
    assert graph.name != "unnamed"
    assert "examples/" in path or graph.reference


@pytest.fixture(scope="module")
def editor() -> jsonschema.Draft7Validator:
    """What an editor checks a spec with while it is typed."""
    return jsonschema.Draft7Validator(json.loads((ROOT / "specs/cnncalc.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SPECS)
def test_an_editor_finds_nothing_wrong(path: str, editor: jsonschema.Draft7Validator) -> None:
    written = yaml.safe_load((ROOT / "specs" / path).read_text(encoding="utf-8"))
    assert [error.message for error in editor.iter_errors(written)] == []


def test_every_golden_has_a_spec() -> None:
    assert {f"{name}.yaml" for name in NETWORKS} <= set(SPECS)


@pytest.mark.parametrize("name", NETWORKS)
def test_tensors_are_torchvisions(name: str) -> None:
    held: dict[str, list[int]] = {}
    parameter_count = buffer_count = 0
    for node in spec(name).every_node():
        trained, stored = node.layer.parameters(node.input_shapes), node.layer.buffers(node.input_shapes)
        held.update({f"{node.name}.{tensor}": list(shape) for tensor, shape in {**trained, **stored}.items()})
        parameter_count += sum(prod(shape) for shape in trained.values())
        buffer_count += sum(prod(shape) for shape in stored.values())
    assert held == dict(GOLDEN[name]["state_dict"])
    assert parameter_count == GOLDEN[name]["params"]
    assert buffer_count == GOLDEN[name]["buffers"]


@pytest.mark.parametrize("name", NETWORKS)
def test_macs_are_torchs(name: str) -> None:
    assert sum(macs(spec(name).executed).values()) == GOLDEN[name]["macs"]


@pytest.mark.parametrize("name", NETWORKS)
def test_modules_run_in_torchvisions_order(name: str) -> None:
    """Every module torchvision calls once is a node of that name, type and shape, in that order.

    The graph has more nodes: what torchvision does with functions (adding, flattening) or with one module repeatedly.
    """
    leaves = [(leaf, kind, tuple(shape)) for leaf, kind, shape in GOLDEN[name]["leaves"]]
    calls = Counter(leaf for leaf, _, _ in leaves)
    nodes = iter([(node.name, node.type, node.output_shape) for node in spec(name).executed])
    for leaf in leaves:
        if calls[leaf[0]] == 1:
            assert leaf in nodes, f"{leaf} is not among the nodes after the leaf before it"


OPERATIONS = ("Add", "Multiply", "Concat", "Slice", "Mean")
"""Types for which PyTorch has no module: an operator or a function does their work."""


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_not_functional_is_a_module_that_is_called(name: str) -> None:
    """Each type is called as a module as often with each output shape, neither more nor less."""
    calls = Counter((kind, tuple(shape)) for _, kind, shape in GOLDEN[name]["leaves"])
    modules = (node for node in spec(name).executed if not node.functional and node.type not in OPERATIONS)
    assert Counter((node.type, node.output_shape) for node in modules) == calls


def test_convnext_has_torchvisions_numbers() -> None:
    """torchvision permutes axes for Linear, and `layer_scale` is a bare parameter: as many numbers, other shapes."""
    golden: Any = GOLDEN["_convnext_tiny"]
    graph = spec("convnext_tiny")
    held = {
        f"{node.name}.{tensor}".replace("layer_scale.weight", "layer_scale"): prod(shape)
        for node in graph.executed
        for tensor, shape in node.layer.parameters(node.input_shapes).items()
    }
    assert held == {tensor: prod(shape) for tensor, shape in golden["state_dict"]}
    assert sum(held.values()) == golden["params"] == 28_589_128
    assert sum(macs(graph.executed).values()) == golden["macs"]
    # Liu et al. 2022, table 1: 29 M parameters, 4.5 G
    assert (round(golden["params"], -6), round(golden["macs"], -8)) == (29 * 10**6, 45 * 10**8)


@pytest.mark.parametrize(
    ("name", "heads"),
    [("googlenet", {"aux1": "inception4a", "aux2": "inception4d"}), ("inception_v3", {"AuxLogits": "Mixed_6e"})],
)
def test_auxiliary_heads_are_not_executed(name: str, heads: dict[str, str]) -> None:
    graph = spec(name)
    assert {head.name: head.nodes[0].inputs[0].split(".")[0] for head in graph.heads} == heads
    assert all(head.train_only for head in graph.heads)
    assert not any(node.name.startswith(tuple(heads)) for node in graph.executed)
    assert graph.outputs == ("fc",)


def test_lenet_as_published() -> None:
    graph = spec("lenet")
    assert learned(parameters(graph.nodes)) == [156, 2_416, 48_120, 10_164, 850]
    assert sum(parameters(graph.nodes).values()) == 61_706
    # 6 maps of 28x28 from 5x5 windows; 16 of 10x10 from 6x5x5; then a product a weight
    assert learned(macs(graph.nodes)) == [
        6 * 28 * 28 * 25,
        16 * 10 * 10 * 6 * 25,
        400 * 120,
        120 * 84,
        84 * 10,
    ]
    assert sum(macs(graph.nodes).values()) == 416_520
    sizes = [node.output_shape for node in graph.nodes if node.name in ("conv1", "pool1", "conv2", "pool2")]
    assert sizes == [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5)]


def test_googlenet_has_nine_inception_blocks() -> None:
    assert sum(node.type == "Concat" for node in spec("googlenet").nodes) == 9


def test_nin_by_hand() -> None:
    graph = spec("nin")
    counts = learned(parameters(graph.nodes))
    assert counts == [
        *(96 * (1 * 11 * 11 + 1), 96 * (96 + 1), 96 * (96 + 1)),
        *(256 * (96 * 5 * 5 + 1), 256 * (256 + 1), 256 * (256 + 1)),
        *(384 * (256 * 3 * 3 + 1), 384 * (384 + 1), 384 * (384 + 1)),
        *(10 * (384 * 3 * 3 + 1), 10 * (10 + 1), 10 * (10 + 1)),
    ]
    assert sum(counts) == 11_712 + 18_624 + 614_656 + 131_584 + 885_120 + 295_680 + 34_570 + 220 == 1_992_166
    products = learned(macs(graph.nodes))
    # (224 - 11) // 4 + 1 = 54; (54 - 3) // 2 + 1 = 26; (26 - 3) // 2 + 1 = 12; (12 - 3) // 2 + 1 = 5
    assert products == [
        *(54 * 54 * 96 * 121, 54 * 54 * 96 * 96, 54 * 54 * 96 * 96),
        *(26 * 26 * 256 * 96 * 25, 26 * 26 * 256 * 256, 26 * 26 * 256 * 256),
        *(12 * 12 * 384 * 256 * 9, 12 * 12 * 384 * 384, 12 * 12 * 384 * 384),
        *(5 * 5 * 10 * 384 * 9, 5 * 5 * 10 * 10, 5 * 5 * 10 * 10),
    ]
    # The shapes that "Dive into Deep Learning", section 8.3, prints.
    printed = [(96, 54, 54), (96, 26, 26), (256, 26, 26), (256, 12, 12), (384, 12, 12), (384, 5, 5), (10, 5, 5), (10,)]
    nodes = iter([node.output_shape for node in graph.nodes])
    assert all(shape in nodes for shape in printed)


def test_settings_reach_the_gallery() -> None:
    graph = load(str(ROOT / "specs/nin.yaml"), settings={"classes": 1000})
    assert graph.nodes[-1].output_shape == (1000,)


# -- the worked examples


def correlate(image: Nested, kernel: Nested, top: int, left: int) -> int:
    """One element of a cross-correlation of two maps, zeros outside."""
    assert isinstance(image, list) and isinstance(kernel, list)
    total: Any = 0
    for u, row in enumerate(kernel):
        for v, weight in enumerate(row):  # type: ignore[arg-type]
            if 0 <= top + u < len(image) and 0 <= left + v < len(image[0]):  # type: ignore[arg-type]
                total += image[top + u][left + v] * weight  # type: ignore[index]
    return total


def test_cross_correlation_is_minus_four_everywhere() -> None:
    graph = spec("examples/cross_correlation")
    image, kernel = graph.tensors["input"], graph.tensors["conv1.weight"]
    assert (image, kernel) == ([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], [[[[1, 0], [0, -1]]]])
    assert graph.nodes[-1].output_shape == (1, 2, 2)
    assert 1 * 1 + 2 * 0 + 4 * 0 + 5 * -1 == -4
    assert {correlate(image[0], kernel[0][0], i, j) for i in (0, 1) for j in (0, 1)} == {-4}  # type: ignore[index]


def test_three_filters_as_the_notes_compute_them() -> None:
    graph = spec("examples/filters_7x7x3")
    tensors: Any = graph.tensors
    assert graph.nodes[0].output_shape == (3, 7, 7)
    assert parameters(graph.nodes) == {"conv1": 3 * 27 + 3}
    first = tensors["conv1.weight"][0]
    # What is published: the red channel's window and kernel, and what each channel contributes.
    window = [[0, 0, 0], [0, *tensors["input"][0][0][:2]], [0, *tensors["input"][0][1][:2]]]
    assert window == [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert first[0] == [[1, -1, 0], [1, 0, -1], [1, 1, -1]]
    assert [correlate(tensors["input"][c], first[c], -1, -1) for c in range(3)] == [-1, 2, 0]
    assert -1 + 2 + 0 + tensors["conv1.bias"][0] == 2


def test_four_kernels_keep_the_size() -> None:
    graph = spec("examples/four_kernels")
    assert graph.nodes[-1].output_shape == (4, 28, 28)
    assert parameters(graph.nodes) == {"conv1": 4 * 27 + 4}


def test_windows_on_five_by_five() -> None:
    sizes = {node.name: node.output_shape[1:] for node in spec("examples/windows_5x5").executed}
    assert sizes == {"plain": (3, 3), "padded": (5, 5), "strided": (2, 2), "dilated": (1, 1)}


def test_one_by_one_is_fully_connected() -> None:
    graph = spec("examples/one_by_one")
    tensors: Any = graph.tensors
    flat = [[weight for plane in row for line in plane for weight in line] for row in tensors["conv1.weight"]]
    assert flat == tensors["connected.fc1.weight"]
    assert tensors["conv1.bias"] == tensors["connected.fc1.bias"]
    assert len(set(learned(parameters(graph.executed)))) == 1
    assert graph.nodes[-1].output_shape == graph.heads[0].nodes[-1].output_shape == (2,)


def test_depthwise_and_pointwise_against_full() -> None:
    graph = spec("examples/separable")
    assert parameters(graph.executed) == {
        "full": 64 * 32 * 9,
        "separable.depthwise": 32 * 9,
        "separable.pointwise": 64 * 32,
    }
    assert sum(macs(graph.heads[0].nodes).values()) == 28 * 28 * (288 + 2_048)
    assert macs(graph.nodes) == {"full": 28 * 28 * 18_432}
    assert graph.nodes[-1].output_shape == graph.heads[0].nodes[-1].output_shape


def test_stacked_kernels_have_fewer_weights() -> None:
    graph = spec("examples/stacked_3x3")
    assert list(parameters(graph.nodes).values()) == [9, 9, 9]
    assert [node.output_shape[1:] for node in graph.nodes] == [(13, 13), (11, 11), (9, 9)]
    assert sum(parameters(graph.nodes[:2]).values()) == 18 < 5 * 5
    assert sum(parameters(graph.nodes).values()) == 27 < 7 * 7


@pytest.mark.parametrize(
    "name",
    [
        *("resnet18", "googlenet", "densenet121", "squeezenet1_0", "inception_v3"),
        *("mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x1_0", "efficientnet_b0"),
    ],
)
def test_a_torchvision_checkpoint_loads_by_name(name: str, tmp_path: Path) -> None:
    """A file of the names and shapes of torchvision's state_dict, its batch counters and auxiliary heads included."""
    state = {tensor: np.zeros(shape, np.float16) for tensor, shape in GOLDEN[name]["state_dict"]}
    counters = {tensor.replace("running_mean", "num_batches_tracked") for tensor in state if "running_mean" in tensor}
    save_file({**state, **{counter: np.array(0) for counter in counters}}, tmp_path / "checkpoint.safetensors")
    matched = match(spec(name), read_weights(tmp_path / "checkpoint.safetensors"))
    assert matched.extra == []
    assert {tensor: list(array.shape) for tensor, array in matched.weights.items()} == {
        tensor: shape for tensor, shape in GOLDEN[name]["state_dict"] if not tensor.lower().startswith("aux")
    }
