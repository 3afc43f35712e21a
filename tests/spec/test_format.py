"""The rules of the spec format, each by a small spec."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Graph
from cnncalc.spec.load import loads
from cnncalc.spec.write import network_spec

CONV = "{type: Conv2d, out_channels: 4, kernel_size: 3, padding: 1}"


def graph(*items: str, top: str = "", **options: Any) -> Graph:
    """The graph of a list of items after an input of 2x8x8; `top`: further top-level keys."""
    text = "input: [2, 8, 8]\n" + top + "layers:\n" + "".join(f"  - {item}\n" for item in items)
    return loads(text, **options)


def names(found: Graph) -> list[str]:
    return [node.name for node in found.nodes]


def inputs(found: Graph) -> dict[str, tuple[str, ...]]:
    return {node.name: node.inputs for node in found.nodes}


def shapes(found: Graph) -> list[tuple[int, ...]]:
    return [node.output_shape for node in found.nodes]


# -- rule 1: items


@pytest.mark.parametrize("item", ["ReLU", "relu", "RELU", "{type: ReLU}", "{type: relu, inplace: false}"])
def test_an_item_is_a_type_or_a_mapping_and_case_does_not_matter(item: str) -> None:
    (node,) = graph(item).nodes
    assert (node.name, node.type, node.inputs, node.output_shape) == ("relu1", "ReLU", ("input",), (2, 8, 8))


def test_inferred_arguments_may_be_written() -> None:
    written = graph(
        "{type: Conv2d, in_channels: 2, out_channels: 4, kernel_size: 3}",
        "{type: BatchNorm2d, num_features: 4}",
        "Flatten",
        "{type: Linear, in_features: 144, out_features: 3}",
    )
    left_out = graph(
        "{type: Conv2d, out_channels: 4, kernel_size: 3}", "BatchNorm2d", "Flatten", "{type: Linear, out_features: 3}"
    )
    assert shapes(written) == shapes(left_out) == [(4, 6, 6), (4, 6, 6), (144,), (3,)]


@pytest.mark.parametrize(
    ("size", "item", "shape"),
    [
        ("[3, 20]", "{type: Conv1d, out_channels: 4, kernel_size: 5}", (4, 16)),
        ("[3, 6, 7, 8]", "{type: Conv3d, out_channels: 4, kernel_size: 5}", (4, 2, 3, 4)),
        ("[12]", "{type: Linear, out_features: 4}", (4,)),
    ],
)
def test_inputs_of_every_rank(size: str, item: str, shape: tuple[int, ...]) -> None:
    assert shapes(loads(f"input: {size}\nlayers: [{item}]\n")) == [shape]


def test_name_and_reference_are_kept() -> None:
    found = graph("ReLU", top="cnncalc: 1\nname: 12\nreference: A and B, 2020\n")
    assert (found.name, found.reference) == ("12", "A and B, 2020")


# -- rule 2: blocks, vars, defaults

BLOCK = """blocks:
  Unit:
    params: {out: required, kernel: 3, padding: kernel // 2}
    layers:
      - {type: Conv2d, out_channels: out, kernel_size: kernel, padding: padding}
      - ReLU
"""


def test_params_with_defaults_that_use_each_other() -> None:
    found = graph("{type: Unit, out: 5}", "{type: unit, out: 6, kernel: 5, padding: 0}", top=BLOCK)
    assert names(found) == ["unit1.conv1", "unit1.relu1", "unit2.conv1", "unit2.relu1"]
    assert shapes(found)[::2] == [(5, 8, 8), (6, 4, 4)]
    assert found.nodes[0].calls[0].text == "in Unit unit1"


def test_a_ref_param_takes_a_layer() -> None:
    top = """blocks:
  Up:
    params: {skip: ref}
    layers:
      - ReLU
      - {type: Concat, from: [relu1, skip]}
"""
    found = graph("{name: early, type: Sigmoid}", CONV, "{type: Up, skip: early}", top=top)
    assert inputs(found)["up1.concat1"] == ("up1.relu1", "early")
    assert shapes(found)[-1] == (6, 8, 8)


def test_a_param_may_carry_a_word() -> None:
    top = """blocks:
  Unit:
    params: {pad: same}
    layers: [{type: Conv2d, out_channels: 1, kernel_size: 3, padding: pad}]
"""
    assert shapes(graph("Unit", "{type: Unit, pad: valid}", top=top)) == [(1, 8, 8), (1, 6, 6)]


def test_blocks_do_not_see_their_callers_params() -> None:
    top = """blocks:
  Inner:
    layers: [{type: Conv2d, out_channels: width, kernel_size: 1}]
  Outer:
    params: {width: 3}
    layers: [Inner]
"""
    with pytest.raises(CnncalcError, match="width is not a name in scope"):
        graph("Outer", top=top)


def test_vars_are_seen_everywhere_and_can_be_set() -> None:
    top = """vars: {width: 3, double: 2 * width}
blocks:
  Unit:
    layers: [{type: Conv2d, out_channels: double, kernel_size: 1}]
"""
    assert shapes(graph("Unit", top=top)) == [(6, 8, 8)]
    assert shapes(graph("Unit", top=top, settings={"width": 5})) == [(10, 8, 8)]
    assert shapes(graph("Unit", top=top, settings={"double": "width + 1"})) == [(4, 8, 8)]


def test_defaults_stand_behind_what_an_item_says() -> None:
    top = "defaults:\n  conv2d: {kernel_size: 3, padding: 1, bias: false}\n"
    found = graph("{type: Conv2d, out_channels: 4}", "{type: Conv2d, out_channels: 4, padding: 0, bias: true}", top=top)
    assert shapes(found) == [(4, 8, 8), (4, 6, 6)]
    assert [set(node.layer.parameters(node.input_shapes)) for node in found.nodes] == [{"weight"}, {"weight", "bias"}]


# -- rule 3: expressions


def test_expressions_know_what_enters_the_block_and_the_copy() -> None:
    top = """blocks:
  Unit:
    params: {grow: 1}
    layers:
      - {type: Conv2d, out_channels: "max(in_channels, in_height // 4) * grow", kernel_size: 1}
      - {type: MaxPool2d, kernel_size: 2, if: in_width % 2 == 0 and in_width > 2}
"""
    found = graph("{type: Unit, repeat: 3, grow: 1 if i == 0 else 2}", top=top)
    assert shapes(found) == [(2, 8, 8), (2, 4, 4), (4, 4, 4), (4, 2, 2), (8, 2, 2)]


def test_i_is_the_nearest_repeats() -> None:
    item = (
        "{type: Sequential, repeat: 2, layers: [{type: Conv2d, repeat: 2, out_channels: 10 * (i + 1), kernel_size: 1}]}"
    )
    assert [shape[0] for shape in shapes(graph(item))] == [10, 20, 10, 20]


# -- rule 4: from


def test_from_looks_outward_and_backward() -> None:
    found = graph(
        "{name: a, type: ReLU}",
        "{name: seq, type: Sequential, layers: [{name: b, type: Sigmoid}, {type: Add, from: [a, b, input]}]}",
        "{type: Add, from: [seq, seq.b, a, input]}",
    )
    assert inputs(found) == {
        "a": ("input",),
        "seq.b": ("a",),
        "seq.1": ("a", "seq.b", "input"),  # of the block or network: a Sequential is neither
        "add1": ("seq.1", "seq.b", "a", "input"),
    }


# -- rule 5: branches


def test_branches_are_items_or_lists_and_an_empty_one_is_the_identity() -> None:
    found = graph(
        "{name: first, type: ReLU}", f"{{type: Add, branches: [[{CONV.replace('4', '2')}, ReLU], [], Sigmoid]}}"
    )
    assert inputs(found)["add1"] == ("branch1.1", "first", "branch3")
    assert inputs(found)["branch3"] == ("first",)


def test_named_branches_and_a_named_merge() -> None:
    unnamed = graph("{type: Concat, branches: {left: ReLU, right: [ReLU, Sigmoid]}}")
    assert names(unnamed) == ["left", "right.0", "right.1", "concat1"]
    named = graph("{name: cat, type: Concat, branches: {left: ReLU, right: [ReLU, Sigmoid]}}")
    assert names(named) == ["cat.left", "cat.right.0", "cat.right.1", "cat"]
    assert shapes(named)[-1] == (4, 8, 8)


# -- rule 6: names


def test_automatic_names_count_a_kind_in_its_scope() -> None:
    found = graph(
        "ReLU", CONV, "LeakyReLU", "{type: MaxPool2d, kernel_size: 2}", "GlobalAvgPool2d", "Flatten", "Softmax"
    )
    assert names(found) == ["relu1", "conv1", "relu2", "pool1", "pool2", "flatten1", "softmax1"]


def test_automatic_names_avoid_explicit_ones() -> None:
    assert names(graph("ReLU", "{name: relu2, type: ReLU}", "ReLU")) == ["relu1", "relu2", "relu3"]
    assert names(graph("{name: stem, type: ReLU}", "ReLU")) == ["stem", "relu2"]
    assert names(graph("ReLU", "{name: relu1, type: ReLU}")) == ["relu2", "relu1"]


def test_sequential_numbers_its_children() -> None:
    found = graph(f"{{name: features, type: Sequential, layers: [{CONV}, {{name: act, type: ReLU}}, ReLU]}}", "ReLU")
    assert names(found) == ["features.0", "features.act", "features.2", "relu1"]


def test_repeat_numbers_its_copies() -> None:
    found = graph("{name: stage, type: ReLU, repeat: 2}", "{type: Unit, out: 2, repeat: 2}", top=BLOCK)
    assert names(found) == [
        *("stage.0", "stage.1"),
        *("unit1.0.conv1", "unit1.0.relu1", "unit1.1.conv1", "unit1.1.relu1"),
    ]


def test_repeat_in_a_sequential_continues_its_numbers() -> None:
    found = graph("{name: body, type: Sequential, layers: [ReLU, {type: ReLU, repeat: 2}, Sigmoid]}")
    assert names(found) == ["body.0", "body.1", "body.2", "body.3"]


def test_repeat_with_a_name_template() -> None:
    found = graph(
        '{name: block, type: ReLU, repeat: {times: 2, name: "layer{i + 1}"}}', "{type: Sigmoid, from: block.layer1}"
    )
    assert names(found) == ["block.layer1", "block.layer2", "sigmoid1"]
    assert inputs(found)["sigmoid1"] == ("block.layer1",)
    assert names(graph('{type: ReLU, repeat: {times: 2, name: "r{i}"}}')) == ["r0", "r1"]


def test_a_repeats_name_stands_for_its_last_copy() -> None:
    found = graph("{name: stage, type: ReLU, repeat: 3}", "Sigmoid", "{type: Add, from: [stage, sigmoid1]}")
    assert inputs(found)["add1"] == ("stage.2", "sigmoid1")


def test_repeat_zero_times_is_the_identity() -> None:
    found = graph("{name: a, type: ReLU}", "{name: none, type: Sigmoid, repeat: 0}", "{type: Add, from: [none, a]}")
    assert inputs(found) == {"a": ("input",), "add1": ("a", "a")}


def test_a_false_if_stands_for_its_input() -> None:
    found = graph(
        "{name: a, type: ReLU}",
        "{name: maybe, type: Sigmoid, from: input, if: 1 > 2}",
        "{type: Add, from: [a, maybe]}",
        "{type: ReLU, if: true}",
    )
    assert inputs(found) == {"a": ("input",), "add1": ("a", "input"), "relu2": ("add1",)}


# -- rule 7: padding


@pytest.mark.parametrize(
    ("padding", "stride", "sides", "size"),
    [
        ("1", 1, [(1, 1), (1, 1)], (8, 8)),
        ("[0, 1]", 1, [(0, 0), (1, 1)], (6, 8)),
        ("[[0, 1], [2, 0]]", 1, [(0, 1), (2, 0)], (7, 8)),
        ("[[0, 1], 2]", 1, [(0, 1), (2, 2)], (7, 10)),
        ("same", 1, [(1, 1), (1, 1)], (8, 8)),
        ("valid", 1, [(0, 0), (0, 0)], (6, 6)),
        ("same_upper", 2, [(0, 1), (0, 1)], (4, 4)),
        ("same_lower", 2, [(1, 0), (1, 0)], (4, 4)),
    ],
)
def test_padding_forms(padding: str, stride: int, sides: list[tuple[int, int]], size: tuple[int, int]) -> None:
    (node,) = graph(f"{{type: Conv2d, out_channels: 1, kernel_size: 3, stride: {stride}, padding: {padding}}}").nodes
    (relation,) = node.layer.windows(node.input_shapes, node.output_shape)
    assert [(axis.before, axis.after) for axis in relation.axes] == sides  # type: ignore[union-attr]
    assert node.output_shape[1:] == size


# -- rule 8: heads


def test_heads() -> None:
    top = """heads:
  aux: {from: early, train_only: true, layers: [Flatten, {name: fc, type: Linear, out_features: in_channels}]}
  side: {from: early, layers: {type: Conv2d, out_channels: in_channels + 1, kernel_size: 1}}
"""
    found = graph("{name: early, type: ReLU}", "Sigmoid", top=top)
    aux, side = found.heads
    assert ([node.name for node in aux.nodes], aux.train_only) == (["aux.flatten1", "aux.fc"], True)
    assert ([node.name for node in side.nodes], side.train_only) == (["side"], False)
    assert (aux.nodes[-1].output_shape, side.nodes[-1].output_shape) == ((2,), (3, 8, 8))
    assert [node.name for node in found.executed] == ["early", "sigmoid1", "side"]
    assert found.outputs == ("sigmoid1", "side")
    assert {node.name for node in found.every_node()} >= {"aux.fc", "side"}


# -- rule 9: tensors


def test_inline_tensors() -> None:
    text = """input: [1, 2, 2]
layers:
  - {name: conv, type: Conv2d, out_channels: 1, kernel_size: 2}
  - BatchNorm2d
tensors:
  input: [[[1, 2], [3.5, -4]]]
  conv.weight: [[[[1, 0], [0, 1]]]]
  conv.bias: [0.5]
  bn1.running_mean: [1e-3]
"""
    assert loads(text).tensors == {
        "input": [[[1, 2], [3.5, -4]]],
        "conv.weight": [[[[1, 0], [0, 1]]]],
        "conv.bias": [0.5],
        "bn1.running_mean": [0.001],
    }


# -- rule 10: YAML


def test_yaml_1_2_words_are_text_and_quotes_do_not_matter() -> None:
    assert graph("ReLU", top="name: on\nreference: no\n").name == "on"
    assert shapes(graph('{"type": "Conv2d", "out_channels": "4", kernel_size: \'3\'}')) == [(4, 6, 6)]


# -- options and warnings


def test_the_input_can_be_given() -> None:
    found = graph(CONV, input_shape=(3, 5, 7))
    assert (found.input_shape, shapes(found)) == ((3, 5, 7), [(4, 5, 7)])


def test_the_same_text_gives_the_same_graph() -> None:
    assert graph(CONV, "ReLU") == graph(CONV, "ReLU")


@pytest.mark.parametrize(
    ("top", "items", "code", "line", "said"),
    [
        (BLOCK, ["ReLU"], "W501", 3, "the block Unit is never used"),
        ("blocks:\n  A:\n    params: {x: 1}\n    layers: [ReLU]\n", ["A"], "W502", 4, "the param x is never used"),
        ("vars: {x: 1}\n", ["ReLU"], "W503", 2, "the var x is never used"),
        ("", ["ReLU", "{type: Sigmoid, from: input}"], "W504", 3, "the output of relu1 is not used"),
    ],
)
def test_what_is_not_used_is_warned_of(top: str, items: list[str], code: str, line: int, said: str) -> None:
    (found,) = graph(*items, top=top).warnings
    assert (found.code, found.message, found.severity) == (code, said, "warning")
    assert found.span and found.span.line == line
    assert found.help


def test_each_copy_of_a_repeated_merge_has_branches_of_its_own() -> None:
    """Also unnamed, and in a Sequential: no copy is lost to another's names."""
    merge = "{type: Add, repeat: 2, branches: [[{type: Conv2d, out_channels: 2, kernel_size: 1}, ReLU], []]}"
    assert names(graph(merge)) == [
        *("add1.0.branch1.0", "add1.0.branch1.1", "add1.0"),
        *("add1.1.branch1.0", "add1.1.branch1.1", "add1.1"),
    ]
    inside = names(graph(f"{{name: s, type: Sequential, layers: [{merge}]}}"))
    assert inside == ["s.0.branch1.0", "s.0.branch1.1", "s.0", "s.1.branch1.0", "s.1.branch1.1", "s.1"]


def test_automatic_names_avoid_those_of_templates_and_branches() -> None:
    conv = "{type: Conv2d, out_channels: 2, kernel_size: 1}"
    template = '{type: Conv2d, out_channels: 2, kernel_size: 1, repeat: {times: 2, name: "conv{i + 1}"}}'
    assert names(graph(template, conv)) == ["conv1", "conv2", "conv3"]
    assert names(graph(f"{{type: Add, branches: {{conv1: {conv}, same: []}}}}", conv)) == ["conv1", "add1", "conv2"]


def test_a_value_of_another_type_is_not_taken_for_its_equal() -> None:
    conv = "{type: Conv2d, out_channels: width, kernel_size: 1}"
    block = f"blocks:\n  B:\n    params: {{width: required}}\n    layers: [{conv}]\n"
    assert len(graph("{type: B, width: 4}", "{type: B, width: 4}", top=block).nodes) == 2
    with pytest.raises(CnncalcError, match=r"expected a whole number, got 4\.0"):
        graph("{type: B, width: 4}", "{type: B, width: 4.0}", top=block)


def test_a_head_that_is_run_cannot_read_one_that_is_not() -> None:
    aux = "heads:\n  aux: {from: relu1, train_only: true, layers: [{name: a, type: ReLU}]}\n"
    with pytest.raises(CnncalcError, match=r"E228.*aux\.a is in a head that is train_only"):
        graph("ReLU", top=aux + "  out: {from: aux.a, layers: ReLU}\n")
    assert len(graph("ReLU", top=aux + "  out: {from: aux.a, train_only: true, layers: ReLU}\n").heads) == 2


def test_a_merge_whose_if_is_false_is_as_if_unwritten():
    """The inverted residual of MobileNetV2: a shortcut only where shapes agree, whatever the order in from."""
    text = """input: [4, 8, 8]
blocks:
  Unit:
    params: {out: required, stride: 1}
    layers:
      - {name: proj, type: Conv2d, out_channels: out, kernel_size: 3, padding: 1, stride: stride}
      - {name: skip, type: Add, from: [input, proj], if: stride == 1 and in_channels == out}
layers:
  - {name: a, type: Unit, out: 4}
  - {name: b, type: Unit, out: 6, stride: 2}
  - {name: c, type: ReLU}
"""
    graph = loads(text)
    assert [node.name for node in graph.nodes] == ["a.proj", "a.skip", "b.proj", "c"]
    assert graph.nodes[2].inputs == ("a.skip",)
    assert graph.nodes[3].inputs == ("b.proj",)
    assert graph.nodes[3].output_shape == (6, 4, 4)
    assert not graph.warnings


# -- functional: what tools that hook modules do not see


def functional(found: Graph) -> list[bool]:
    return [node.functional for node in found.every_node()]


def test_a_layer_may_be_called_as_a_function() -> None:
    found = graph("ReLU", "{type: ReLU, functional: true}", "{type: relu, functional: false}")
    assert functional(found) == [False, True, False]
    assert found.nodes[0].layer == found.nodes[1].layer


def test_functional_of_a_type_stands_in_defaults_behind_what_an_item_says() -> None:
    top = "defaults: {ReLU: {functional: true, inplace: true}}\n"
    found = graph("ReLU", "{type: ReLU, functional: false}", "Sigmoid", top=top)
    assert functional(found) == [True, False, False]


def test_functional_may_be_an_expression_of_params_and_vars() -> None:
    block = "  Unit:\n    params: {late: required}\n    layers: [{type: ReLU, functional: late and bare}]\n"
    top = f"vars: {{bare: true}}\nblocks:\n{block}"
    found = graph("{type: Unit, late: false}", "{type: Unit, repeat: 2, late: i == 1}", top=top)
    assert functional(found) == [False, False, True]
    assert not found.warnings


def test_functional_is_written_back() -> None:
    again = loads(json.dumps(network_spec(graph("ReLU", "{type: ReLU, functional: true}"))))
    assert functional(again) == [False, True]
