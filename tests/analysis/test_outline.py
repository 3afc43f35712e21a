"""The outline of a network: what is one unit, what is one block, and which blocks are copies."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from cnncalc.analysis.outline import FAMILIES, Block, Repeat, Unit, leaves, outline
from cnncalc.layers import LAYERS
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.yaml"))


def test_each_layer_type_is_of_a_family():
    assert {LAYERS[name] for name in LAYERS} - FAMILIES.keys() == set()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", GALLERY)
def test_every_layer_is_in_the_outline_once_and_in_order(name, full):
    graph = load(str(SPECS / f"{name}.yaml"))
    names = [node.name for node in graph.every_node()]
    for depth in (None, 1, 2):
        assert [node.name for node in leaves(outline(graph, depth=depth, full=full))] == names


def repeats(items):
    """Return (name of the first layer, copies) of each repeat, outer ones first."""
    for item in items:
        if isinstance(item, Repeat):
            yield next(leaves(item.copies[0])).name, len(item.copies)
            yield from repeats(item.copies[0])
        elif isinstance(item, Block):
            yield from repeats(item.items)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # ResNets: table 1 of He et al. 2015, less the first block of each stage, whose shortcut is a convolution
        ("resnet152", [("layer1.1.conv1", 2), ("layer2.1.conv1", 7), ("layer3.1.conv1", 35), ("layer4.1.conv1", 2)]),
        ("resnet101", [("layer1.1.conv1", 2), ("layer2.1.conv1", 3), ("layer3.1.conv1", 22), ("layer4.1.conv1", 2)]),
        # DenseNet-169: table 1 of Huang et al. 2016
        (
            "densenet169",
            [(f"features.denseblock{at}.denselayer1.norm1", count) for at, count in enumerate((6, 12, 32, 32), 1)],
        ),
        ("lenet", []),
        ("vgg16", []),
        ("googlenet", []),
    ],
)
def test_copies_are_found(name, expected):
    assert list(repeats(outline(load(str(SPECS / f"{name}.yaml"))))) == expected


def test_copies_have_the_same_layers_and_read_only_the_one_before():
    for name in GALLERY:
        graph = load(str(SPECS / f"{name}.yaml"))
        stack = list(outline(graph))
        while stack:
            item = stack.pop()
            if isinstance(item, Block):
                stack += item.items
            elif isinstance(item, Repeat):
                stack += item.copies[0]
                copies = [list(leaves(copy)) for copy in item.copies]
                for before, copy in pairwise(copies):
                    assert [node.layer for node in copy] == [node.layer for node in before]
                    own = {node.name for node in copy}
                    assert {one for node in copy for one in node.inputs} - own == {before[-1].name}


def chain(layers: str):
    return outline(loads(f"input: [8, 16, 16]\nlayers: [{layers}]\n"))


CONV = "{type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1}"


def test_normalisation_and_activation_belong_to_the_convolution_before_them():
    items = chain(f"{CONV}, BatchNorm2d, ReLU, {{type: MaxPool2d, kernel_size: 2}}, ReLU, Flatten")
    assert [[node.type for node in item.nodes] for item in items if isinstance(item, Unit)] == [
        ["Conv2d", "BatchNorm2d", "ReLU"],
        ["MaxPool2d"],
        ["ReLU"],
        ["Flatten"],
    ]


def test_what_others_read_too_stays_apart():
    items = chain(
        "{name: a, type: Conv2d, out_channels: 8, kernel_size: 1}, {name: b, type: ReLU}, {type: Add, from: [a, b]}"
    )
    assert [len(item.nodes) for item in items if isinstance(item, Unit)] == [1, 1, 1]


@pytest.mark.parametrize(("times", "found"), [(3, []), (4, [4]), (500, [500])])
def test_few_equal_units_are_drawn_and_many_are_one(times, found):
    items = chain(", ".join([f"{CONV}, ReLU"] * times))
    assert [count for _, count in repeats(items)] == found


def test_units_of_other_channels_are_no_copies_and_a_change_of_size_ends_them():
    pool = "{type: MaxPool2d, kernel_size: 2}"
    items = chain(", ".join([CONV, CONV, CONV, CONV, pool, CONV, CONV, CONV, CONV]))
    assert [count for _, count in repeats(items)] == [4, 4]
    wider = [f"{{type: Conv2d, out_channels: {8 + at}, kernel_size: 1}}" for at in range(6)]
    assert list(repeats(chain(", ".join(wider)))) == []


def test_two_kinds_in_turns_are_one_repeat():
    other = "{type: Conv2d, out_channels: 8, kernel_size: 1}"
    (item,) = chain(", ".join([CONV, other] * 5))
    assert isinstance(item, Repeat) and len(item.copies) == 5 and [len(copy) for copy in item.copies] == [2] * 5


def test_a_depth_closes_blocks_and_heads_that_train_are_closed():
    graph = load(str(SPECS / "googlenet.yaml"))
    closed = [item.name for item in outline(graph, depth=1) if isinstance(item, Block) and item.closed]
    assert closed[:2] == ["conv1", "conv2"] and "inception3a" in closed
    assert [item.name for item in outline(graph) if isinstance(item, Block) and item.closed] == ["aux1", "aux2"]
    assert not any(isinstance(item, Block) and item.closed for item in outline(graph, full=True))


def branches(*convolutions: str):
    listed = "\n".join(f"      - {one}" for one in convolutions)
    return outline(loads(f"input: [8, 16, 16]\nlayers:\n  - type: Concat\n    branches:\n{listed}\n"))


def test_equal_branches_are_one_where_there_are_four():
    lane = f"[{{type: Conv2d, out_channels: 2, kernel_size: 1}}, {CONV}]"
    repeat, concat = branches(*[lane] * 32)
    assert isinstance(repeat, Repeat) and repeat.beside and len(repeat.copies) == 32
    assert [node.type for node in leaves([concat])] == ["Concat"]
    assert list(repeats(branches(*[lane] * 3))) == []


def test_branches_that_differ_stay_apart():
    narrow, wide = (f"{{type: Conv2d, out_channels: {out}, kernel_size: 1}}" for out in (2, 4))
    first, repeat, _ = branches(wide, *[narrow] * 5)
    assert isinstance(first, Unit) and isinstance(repeat, Repeat) and len(repeat.copies) == 5
    assert list(repeats(branches(*[narrow, wide] * 4))) == []


def test_branches_that_read_or_feed_another_layer_stay_apart():
    conv = "{{name: {}, type: Conv2d, out_channels: 8, kernel_size: 1, from: {}}}"
    readers = [conv.format(f"b{at}", "stem" if at else "input") for at in range(4)]
    stem = conv.format("stem", "input")
    assert list(repeats(chain(f"{stem}, {', '.join(readers)}, {{type: Add, from: [b0, b1, b2, b3]}}"))) == []
    alike = [conv.format(f"b{at}", "stem") for at in range(4)]
    two = "{name: half, type: Add, from: [b0, b1, b2]}, {type: Add, from: [half, b3]}"
    assert list(repeats(chain(f"{stem}, {', '.join(alike)}, {two}"))) == []


def test_a_chain_inside_equal_branches_is_a_repeat_in_a_repeat():
    repeat, _ = branches(*["[" + ", ".join([CONV] * 6) + "]"] * 4)
    assert isinstance(repeat, Repeat) and repeat.beside
    assert [count for _, count in repeats([repeat])] == [4, 6]
