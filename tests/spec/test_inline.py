"""Inline blocks: their layers are named as if they were written where the block is used."""

from __future__ import annotations

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Graph
from cnncalc.spec.load import loads

PAIR = """
  Pair:
    params: {width: 4}
    inline: true
    layers:
      - {type: Conv2d, out_channels: width, kernel_size: 3, padding: 1}
      - ReLU
"""


def network(layers: str, blocks: str = PAIR, heads: str = "") -> Graph:
    return loads(f"input: [2, 8, 8]\nblocks:{blocks}layers:\n{layers}{heads}")


def wiring(found: Graph) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(node.name, node.type, node.inputs) for node in found.every_node()]


# Each use, and the same network with the layers written out.
CONV, RELU = "{type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}", "ReLU"
SAME = {
    "at the top": ("  - Pair\n  - Pair\n", f"  - {CONV}\n  - {RELU}\n" * 2),
    "repeated": ("  - {type: Pair, repeat: 3}\n  - ReLU\n", f"  - {CONV}\n  - {RELU}\n" * 3 + "  - ReLU\n"),
    "numbered": (
        "  - {name: features, type: Sequential, layers: [ReLU, {type: Pair, repeat: 2}, ReLU]}\n",
        f"  - {{name: features, type: Sequential, layers: [ReLU, {CONV}, {RELU}, {CONV}, {RELU}, ReLU]}}\n",
    ),
    "one branch": (
        "  - {type: Concat, branches: {left: {type: Pair}, right: []}}\n",
        f"  - {{type: Concat, branches: {{left: [{CONV}, {RELU}], right: []}}}}\n",
    ),
    "left out": ("  - {type: Pair, if: in_channels == 7}\n  - Pair\n", f"  - {CONV}\n  - {RELU}\n"),
    "with a number each": (
        '  - {type: Pair, repeat: 2, width: "8 if i else 4"}\n',
        f"  - {CONV}\n  - ReLU\n  - {CONV.replace('4', '8')}\n  - ReLU\n",
    ),
}


@pytest.mark.parametrize("use", SAME)
def test_names_and_wiring_are_those_of_the_layers_written_out(use: str) -> None:
    short, long = (network(text, PAIR if "Pair" in text else " {}\n") for text in SAME[use])
    assert wiring(short) == wiring(long)
    assert [node.output_shape for node in short.nodes] == [node.output_shape for node in long.nodes]


def test_one_inside_another() -> None:
    """A stage of pairs and a pool in a Sequential: the numbers run through, as VGG's in torchvision."""
    stage = """
  Stage:
    params: {convs: required}
    inline: true
    layers:
      - {type: Pair, repeat: convs}
      - {type: MaxPool2d, kernel_size: 2}
"""
    found = network(
        "  - {name: f, type: Sequential, layers: [{type: Stage, convs: 1}, {type: Stage, convs: 2}]}\n", PAIR + stage
    )
    assert [node.name for node in found.nodes] == [f"f.{at}" for at in range(8)]
    assert [node.type for node in found.nodes] == [
        *("Conv2d", "ReLU", "MaxPool2d"),
        *("Conv2d", "ReLU", "Conv2d", "ReLU", "MaxPool2d"),
    ]


def test_input_is_what_entered_the_inline_block() -> None:
    block = """
  Residual:
    inline: true
    layers:
      - {name: conv, type: Conv2d, out_channels: 2, kernel_size: 1}
      - {name: sum, type: Add, from: [conv, input]}
"""
    found = network("  - ReLU\n  - Residual\n  - {type: Concat, from: [conv, sum]}\n", block)
    assert wiring(found) == [
        ("relu1", "ReLU", ("input",)),
        ("conv", "Conv2d", ("relu1",)),
        ("sum", "Add", ("conv", "relu1")),
        ("concat1", "Concat", ("conv", "sum")),
    ]


def test_a_layer_handed_in_takes_no_name_outside() -> None:
    block = """
  Join:
    params: {other: ref}
    inline: true
    layers:
      - {type: Concat, from: [input, other]}
"""
    layers = "  - {name: a, type: ReLU}\n  - {name: b, type: ReLU}\n"
    found = network(f"{layers}  - {{type: Join, other: a}}\n  - {{type: Join, other: b}}\n", block)
    assert [node.inputs for node in found.nodes[2:]] == [("b", "a"), ("concat1", "b")]
    with pytest.raises(CnncalcError, match="no layer other"):
        network(f"{layers}  - {{type: Join, other: a}}\n  - {{type: Add, from: [b, other]}}\n", block)


def test_a_head_of_one() -> None:
    found = network("  - ReLU\n", heads="heads: {side: {from: relu1, layers: Pair}}\n")
    assert [node.name for node in found.heads[0].nodes] == ["side.conv1", "side.relu1"]


@pytest.mark.parametrize(
    ("layers", "blocks", "code", "line"),
    [
        ("  - {name: first, type: Pair}\n", PAIR, "E230", 10),
        ('  - {type: Pair, repeat: {times: 2, name: "p{i}"}}\n', PAIR, "E230", 10),
        ("  - Pair\n", PAIR.replace("inline: true", "inline: perhaps"), "E204", 5),
        ("  - Pair\n", PAIR.replace("inline: true", "inlined: true"), "E202", 5),
        ("  - Pair\n  - Pair\n", PAIR.replace("- ReLU", "- {name: act, type: ReLU}"), "E213", 8),
    ],
)
def test_what_is_refused(layers: str, blocks: str, code: str, line: int) -> None:
    with pytest.raises(CnncalcError) as refused:
        network(layers, blocks)
    (error,) = refused.value.diagnostics
    assert error.span is not None
    assert (error.code, error.span.line) == (code, line)
    assert error.help


def test_errors_inside_name_the_use() -> None:
    with pytest.raises(CnncalcError) as refused:
        network("  - {type: Pair, width: 0}\n")
    (error,) = refused.value.diagnostics
    assert [(label.text, label.span.line) for label in error.calls] == [("in Pair", 10)]
