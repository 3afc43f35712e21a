"""Receptive fields against published tables, hand computation, and a brute-force count of what each unit depends on."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cnncalc.analysis.fields import Field
from cnncalc.analysis.receptive import receptive
from cnncalc.analysis.window import window
from cnncalc.spec.load import load, loads

SPECS = Path(__file__).parents[2] / "specs"


def field(graph, name):
    """Return (r, j, P) of a node on its first axis, P being the padding before, as tables print it."""
    found = receptive(graph)[0][name].fields
    assert all(axis == found[0] for axis in found)
    return found[0].size, found[0].jump, -found[0].start


# Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks", table 1, and Google's
# receptive-field library for the same networks: receptive field size, effective stride, effective padding.
def test_vgg16():
    assert field(load(str(SPECS / "vgg16.yaml")), "features.30") == (212, 32, 90)


def test_alexnet_v2():
    graph = loads("""
input: [3, 231, 231]
layers:
  - {type: Conv2d, out_channels: 64, kernel_size: 11, stride: 4}
  - {type: MaxPool2d, kernel_size: 3, stride: 2}
  - {type: Conv2d, out_channels: 192, kernel_size: 5, padding: same}
  - {type: MaxPool2d, kernel_size: 3, stride: 2}
  - {type: Conv2d, out_channels: 384, kernel_size: 3, padding: same, repeat: 3}
  - {name: pool5, type: MaxPool2d, kernel_size: 3, stride: 2}
""")
    assert field(graph, "pool5") == (195, 32, 64)


def test_mobilenet_v1_with_the_one_sided_padding_of_its_first_publication():
    graph = loads("""
input: [3, 224, 224]
defaults:
  Conv2d: {kernel_size: 3, padding: same_upper}
layers:
  - {type: Conv2d, out_channels: 32, stride: 2}
  - {type: Conv2d, out_channels: 32, groups: 32}
  - {type: Conv2d, out_channels: 32, groups: 32, stride: 2}
  - {type: Conv2d, out_channels: 32, groups: 32}
  - {type: Conv2d, out_channels: 32, groups: 32, stride: 2}
  - {type: Conv2d, out_channels: 32, groups: 32}
  - {type: Conv2d, out_channels: 32, groups: 32, stride: 2}
  - {type: Conv2d, out_channels: 32, groups: 32, repeat: 5}
  - {type: Conv2d, out_channels: 32, groups: 32, stride: 2}
  - {name: last, type: Conv2d, out_channels: 32, groups: 32}
""")
    assert field(graph, "last") == (315, 32, 126)


def test_resnet18_and_both_resnet50():
    assert field(load(str(SPECS / "resnet18.yaml")), "layer4.1.relu2") == (435, 32, 217)
    assert field(load(str(SPECS / "resnet50.yaml")), "layer4.2.relu3") == (427, 32, 213)
    # The variant with the stride in the first 1x1 convolution, which has the same name and another field.
    text = (SPECS / "resnet50.yaml").read_text()
    text = text.replace(
        "{name: conv1, type: Conv2d, out_channels: width, kernel_size: 1}",
        "{name: conv1, type: Conv2d, out_channels: width, kernel_size: 1, stride: stride}",
    ).replace("kernel_size: 3, stride: stride, padding: 1", "kernel_size: 3, padding: 1")
    assert field(loads(text), "layer4.2.relu3") == (483, 32, 241)


def test_stacks_of_3x3():
    """Two 3x3 see 5x5, three see 7x7 (Simonyan and Zisserman 2014, section 2.3)."""
    graph = loads("input: [1, 9, 9]\nlayers:\n  - {type: Conv2d, out_channels: 1, kernel_size: 3, repeat: 3}\n")
    assert [field(graph, f"conv1.{i}")[0] for i in range(3)] == [3, 5, 7]


def test_a_gate_sees_everything_and_the_path_without_it_is_told_too():
    graph = loads("""
input: [4, 20, 20]
layers:
  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
  - {name: squeeze, type: GlobalAvgPool2d}
  - {name: gate, type: Sigmoid}
  - {name: scaled, type: Multiply, from: [conv, gate]}
  - {name: after, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
""")
    fields = receptive(graph)[0]
    assert fields["scaled"].fields[0] == Field(20, 0, 0)
    assert fields["scaled"].without_gate[0] == Field(3, 1, -1)
    assert fields["after"].without_gate[0] == Field(5, 1, -2)
    assert not receptive(graph)[1]


@pytest.mark.parametrize(
    "norm",
    [
        "{type: GroupNorm, num_groups: 2}",
        "InstanceNorm2d",
        "LayerNorm",
        "{type: BatchNorm2d, track_running_stats: false}",
    ],
)
def test_own_statistics_see_the_whole_map_and_papers_leave_them_out(norm):
    """Each position is shifted by a mean over the map, so that it depends on all of it; the field quoted is local."""
    graph = loads(f"""
input: [4, 20, 20]
layers:
  - {{name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}}
  - {norm}
  - {{name: after, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1, stride: 2}}
""")
    found = receptive(graph)[0]
    assert found[graph.nodes[1].name].fields[0] == Field(20, 0, 0)
    assert found[graph.nodes[1].name].without_gate[0] == Field(3, 1, -1)
    assert found["after"].fields[0] == Field(20, 0, 0)
    assert found["after"].without_gate[0] == found["after"].smallest[0] == Field(5, 2, -2)
    assert window(graph, "after", (5, 5)) == ((0, 19), (0, 19))


@pytest.mark.parametrize(
    "norm", ["LayerNorm2d", "BatchNorm2d", "{type: InstanceNorm2d, track_running_stats: true}", "LayerScale"]
)
def test_what_is_normalised_where_it_stands_sees_no_further(norm):
    graph = loads(f"input: [4, 20, 20]\nlayers:\n  - {{type: Conv2d, out_channels: 4, kernel_size: 3}}\n  - {norm}\n")
    found = receptive(graph)[0]
    assert found[graph.nodes[1].name] == found["conv1"]


def test_along_one_axis_only():
    """LayerNorm over the last axis and a mean over it see a row, of the conv's three rows; the rows stay apart."""
    graph = loads("""
input: [4, 20, 30]
layers:
  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}
  - {name: rows, type: LayerNorm, normalized_shape: 30}
  - {name: kept, type: Mean, dim: -1, keepdim: true, from: conv}
  - {name: gone, type: Mean, dim: -1, from: conv}
  - {name: pooled, type: Mean, dim: [2, 3], from: conv}
""")
    found = receptive(graph)[0]
    for name in ("rows", "kept", "gone"):
        assert found[name].fields == (Field(3, 1, -1), Field(30, 0, 0))
    assert found["pooled"].fields == (Field(20, 0, 0), Field(30, 0, 0))
    assert found["rows"].without_gate == (Field(3, 1, -1), Field(3, 1, -1))
    assert window(graph, "kept", (7, 0)) == window(graph, "gone", (7,)) == ((6, 8), (0, 29))
    assert window(graph, "pooled", (2,)) == ((0, 19), (0, 29))


def test_an_axis_is_followed_where_another_is_gone_or_laid_into_the_channels():
    """By hand: 3 wide, stride 2, then 3 wide again: 3 + 2*2 = 7 columns, 2 apart. Of the 20 rows all are seen."""
    graph = loads("""
input: [4, 20, 31]
layers:
  - {name: conv, type: Conv2d, out_channels: 4, kernel_size: 3, stride: [1, 2], padding: 1}
  - {name: mean, type: Mean, dim: 2, from: conv}
  - {name: after_mean, type: Conv1d, out_channels: 8, kernel_size: 3}
  - {name: lines, type: Flatten, start_dim: 1, end_dim: 2, from: conv}
  - {name: after_lines, type: Conv1d, out_channels: 8, kernel_size: 3}
""")
    found = receptive(graph)[0]
    assert found["mean"].fields == found["lines"].fields == (Field(20, 0, 0), Field(3, 2, -1))
    assert found["after_mean"].fields == found["after_lines"].fields == (Field(20, 0, 0), Field(7, 2, -1))
    assert not found["after_lines"].bound


def test_an_axis_that_is_taken_apart_is_seen_whole_and_the_others_as_before():
    """By hand: of 6 rows in 2 blocks of 3, a unit reads one, which the forward rule does not follow; columns stay."""
    graph = loads("""
input: [4, 6, 9]
layers:
  - {name: conv, type: Conv2d, out_channels: 6, kernel_size: 3, padding: 1}
  - {name: rows, type: Unflatten, dim: 2, unflattened_size: [2, 3]}
  - {name: deep, type: Conv3d, out_channels: 2, kernel_size: [1, 1, 3]}
  - {name: channels, type: Unflatten, dim: 1, unflattened_size: [2, 3], from: conv}
""")
    found = receptive(graph)[0]
    assert found["rows"].fields == (Field(6, 0, 0), Field(3, 1, -1))
    assert found["deep"].fields == (Field(6, 0, 0), Field(5, 1, -1))
    assert found["deep"].bound
    assert window(graph, "rows", (1, 0, 4)) == ((2, 4), (3, 5))
    assert found["channels"].fields == found["conv"].fields
    assert not found["channels"].bound


def test_behind_a_linear_layer_each_position_sees_all():
    graph = loads("""
input: [1, 8, 8]
layers:
  - Flatten
  - {type: Linear, out_features: 16}
  - {name: map, type: Unflatten, dim: 1, unflattened_size: [4, 2, 2]}
  - {name: up, type: ConvTranspose2d, out_channels: 1, kernel_size: 4, stride: 2, padding: 1}
""")
    found = receptive(graph)[0]
    assert found["map"].fields == found["up"].fields == (Field(8, 0, 0), Field(8, 0, 0))
    assert not found["up"].bound
    assert window(graph, "up", (3, 0)) == ((0, 7), (0, 7))


def test_a_group_of_features_sees_what_its_features_saw():
    """12 features of a 3x4 map in four groups: the third is the last two of the second row, the first of the third."""
    text = "input: [1, 3, 4]\nlayers: [Flatten, {name: norm, type: GroupNorm, num_groups: 4}]\n"
    graph = loads(text)
    assert window(graph, "norm", (7,)) == ((1, 2), (0, 3))
    assert window(graph, "norm", (0,)) == ((0, 0), (0, 2))
    assert receptive(graph)[0]["norm"].bound


def test_unaligned_branches_are_warned_of_and_their_union_is_reported():
    graph = loads("""
input: [1, 10, 10]
layers:
  - type: Concat
    branches:
      left: [{type: ZeroPad2d, padding: [2, 0, 0, 0]}, {type: Conv2d, out_channels: 1, kernel_size: [1, 3]}]
      right: {type: Conv2d, out_channels: 1, kernel_size: [1, 3], padding: [0, 1]}
""")
    fields, warnings = receptive(graph)
    # Unit x sees x-2..x on the left and x-1..x+1 on the right: together x-2..x+1.
    assert fields["concat1"].fields == (Field(1, 1, 0), Field(4, 1, -2))
    assert [warning.code for warning in warnings] == ["W510"]
    assert "not aligned" in warnings[0].message


def test_branches_that_see_all_of_one_axis_are_compared_along_the_other():
    """Columns 1 apart beside columns 2 apart, each read from all rows on the right."""
    graph = loads("""
input: [1, 4, 8]
layers:
  - type: Add
    branches:
      left: {type: Conv2d, out_channels: 1, kernel_size: [1, 5]}
      right: [{type: Conv2d, out_channels: 1, kernel_size: [4, 2], stride: 2}, {type: ZeroPad2d, padding: [0, 0, 0, 3]}]
""")
    assert [warning.code for warning in receptive(graph)[1]] == ["W510"]
    aligned = loads("""
input: [1, 4, 8]
layers:
  - {name: pool, type: MaxPool2d, kernel_size: [1, 2]}
  - {name: lines, type: Mean, dim: 2, keepdim: true, from: pool}
  - {type: Multiply, from: [pool, lines]}
""")
    assert receptive(aligned)[1] == []


def test_the_smallest_path_of_a_residual_block_is_its_shortcut():
    graph = loads("""
input: [2, 12, 12]
layers:
  - {name: stem, type: Conv2d, out_channels: 2, kernel_size: 3, padding: 1}
  - {name: conv, type: Conv2d, out_channels: 2, kernel_size: 3, padding: 1}
  - {name: sum, type: Add, from: [conv, stem]}
""")
    found = receptive(graph)[0]["sum"]
    assert (found.fields[0].size, found.smallest[0].size) == (5, 3)


def test_uneven_adaptive_bins():
    """7 positions in 3 bins: 0..2, 2..4, 4..6, so the widest is 3 and they are 7/3 apart."""
    graph = loads("input: [1, 7]\nlayers:\n  - {name: pool, type: AdaptiveAvgPool1d, output_size: 3}\n")
    found = receptive(graph)[0]["pool"].fields[0]
    assert (found.size, found.jump * 3) == (3, 7)
    assert [window(graph, "pool", (unit,)) for unit in range(3)] == [((0, 2),), ((2, 4),), ((4, 6),)]


AXES = [
    "{type: Conv1d, out_channels: 1, kernel_size: 3}",
    "{type: Conv1d, out_channels: 1, kernel_size: 2, stride: 3, padding: [[1, 0]]}",
    "{type: Conv1d, out_channels: 1, kernel_size: 3, dilation: 3, padding: 4}",
    "{type: MaxPool1d, kernel_size: 3, stride: 2, padding: 1, ceil_mode: true}",
    "{type: AvgPool1d, kernel_size: 2, stride: 2}",
    "{type: Conv1d, out_channels: 1, kernel_size: 3, padding: 2, padding_mode: circular}",
    "{type: Conv1d, out_channels: 1, kernel_size: 3, padding: 2, padding_mode: reflect}",
    "{type: Conv1d, out_channels: 1, kernel_size: 4, padding: same, padding_mode: replicate}",
]


def reads(layer, size, unit):
    """List the input positions that one unit of a 1-d layer reads, padding left out, from its arguments alone."""
    kernel, stride = layer.kernel_size[0], (layer.stride or layer.kernel_size)[0]
    dilation = getattr(layer, "dilation", (1,))[0]
    before = (kernel - 1) // 2 if layer.padding == "same" else layer.padding[0][0]
    found = set()
    for tap in range(kernel):
        at = unit * stride - before + tap * dilation
        mode = getattr(layer, "padding_mode", "zeros")
        if mode == "circular":
            at %= size
        elif mode == "reflect":
            at = abs(at) if at < size else 2 * (size - 1) - at
        elif mode == "replicate":
            at = min(max(at, 0), size - 1)
        if 0 <= at < size:
            found.add(at)
    return found


@pytest.mark.parametrize("first", AXES)
def test_windows_are_exact(first):
    """Follow sets of positions back through three layers, one position at a time, for every unit of the last."""
    for rest in product(AXES, repeat=2):
        graph = loads("input: [1, 31]\nlayers:\n" + "".join(f"  - {layer}\n" for layer in (first, *rest)))
        last = graph.nodes[-1]
        for unit in range(last.output_shape[1]):
            seen = {unit}
            for node in reversed(graph.nodes):
                seen = set().union(*(reads(node.layer, node.input_shapes[0][1], one) for one in seen))
            expected = (min(seen), max(seen)) if seen else None
            assert window(graph, last.name, (unit,)) == (expected,), rest


def test_the_forward_rule_gives_every_unclipped_unit():
    """-P + y j to -P + y j + r - 1 is what the exact sets say, wherever no border clips it."""
    for layers in product(AXES[:3] + AXES[4:5], repeat=3):
        graph = loads("input: [1, 90]\nlayers:\n" + "".join(f"  - {layer}\n" for layer in layers))
        last = graph.nodes[-1]
        rule = receptive(graph)[0][last.name].fields[0]
        unclipped = [
            unit
            for unit in range(last.output_shape[1])
            if rule.start + unit * rule.jump >= 0 and rule.start + unit * rule.jump + rule.size <= 90
        ]
        assert unclipped
        for unit in unclipped:
            first = rule.start + unit * rule.jump
            assert window(graph, last.name, (unit,)) == ((first, first + rule.size - 1),)


def test_features_of_a_vector_are_followed_one_by_one():
    graph = loads("""
input: [1, 8]
layers:
  - {name: flat, type: Flatten}
  - {name: tail, type: Slice, start: 3, step: 2, from: flat}
  - {name: both, type: Concat, from: [tail, flat]}
""")
    assert window(graph, "tail", (1,)) == ((5, 5),)
    assert [window(graph, "both", (feature,)) for feature in (0, 2, 3, 10)] == [((p, p),) for p in (3, 7, 0, 7)]
    found = receptive(graph)[0]
    assert found["both"].fields == found["flat"].fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 5 positions, windows 0..1 and 2..3: position 4 is never seen, though padding after it reaches so far.
        (
            "input: [1, 5, 5]\nlayers:\n  - {type: Conv2d, out_channels: 1, kernel_size: 2, stride: 2}\n"
            "  - {type: Conv2d, out_channels: 1, kernel_size: 3, padding: 1}\n  - Flatten\n"
            "  - {name: end, type: Linear, out_features: 2}\n",
            [(4, 0, 0), (4, 0, 0)],
        ),
        # 100 positions in steps of 3 from 0: 33 windows of 3 end at 98.
        (
            "input: [1, 100]\nlayers:\n  - {type: Conv1d, out_channels: 1, kernel_size: 3, stride: 3}\n"
            "  - {type: Conv1d, out_channels: 1, kernel_size: 3, padding: 1}\n  - {name: end, type: GlobalAvgPool1d}\n",
            [(99, 0, 0)],
        ),
        # Cropping the first row leaves 1..7 to be seen.
        (
            "input: [1, 8, 8]\nlayers:\n  - {type: ZeroPad2d, padding: [0, 0, -1, 0]}\n"
            "  - {name: end, type: GlobalMaxPool2d}\n",
            [(7, 0, 1), (8, 0, 0)],
        ),
    ],
)
def test_what_all_units_see_is_what_is_really_seen(text, expected):
    graph = loads(text)
    assert [axis[:3] for axis in receptive(graph)[0]["end"].fields] == expected
    place = (0,) * max(1, len(graph.nodes[-1].output_shape) - 1)
    seen = window(graph, "end", place)
    assert [(last - first + 1, 0, first) for first, last in seen] == expected
