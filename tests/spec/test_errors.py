"""What is caught in a spec: the code, the place, and a message and a way out that a student can use."""

from __future__ import annotations

import re

import pytest

from cnncalc.diagnostics import CnncalcError, Diagnostic, plain
from cnncalc.spec import other_tools
from cnncalc.spec.load import loads

CONV = "{type: Conv2d, out_channels: 4, kernel_size: 3}"


def errors(text: str) -> list[Diagnostic]:
    with pytest.raises(CnncalcError) as caught:
        loads(text, source="net.yaml")
    assert caught.value.sources == {"net.yaml": text}
    return caught.value.diagnostics


def spec(*items: str, size: str = "[1, 28, 28]", top: str = "", end: str = "") -> str:
    """A spec whose first item is on line 3, if `top` has no lines."""
    return f"{top}input: {size}\nlayers:\n" + "".join(f"  - {item}\n" for item in items) + end


def only(text: str, code: str, at: str, line: int = 0) -> Diagnostic:
    """Check that the text has one error of this code, that starts where `at` does and covers it; return it.

    `at` stands once in its line; `line` where it stands in several.
    """
    found = errors(text)
    assert [plain(error) for error in found if error.code != code] == []
    assert len(found) == 1, [plain(error) for error in found]
    (error,) = found
    assert error.span is not None
    lines = text.splitlines()
    wanted = line or next(number for number, content in enumerate(lines, 1) if at in content)
    assert (error.span.line, error.span.column) == (wanted, lines[wanted - 1].index(at) + 1), error
    assert error.span.end_line == wanted
    assert lines[wanted - 1][error.span.column - 1 : error.span.end_column - 1] == at
    return error


# -- the shape of the text


@pytest.mark.parametrize(
    ("text", "at", "help"),
    [
        (spec("{type: Conv2d, out_channels: 3, kernel_size:5}"), "kernel_size:5", "write kernel_size: 5"),
        (spec("{type: Conv2d, kernel_size:5, out_channels: 3}"), "kernel_size:5", "write kernel_size: 5"),
        (spec("type: Conv2d\n    kernel_size:5\n    stride: 2"), "kernel_size:5", "write kernel_size: 5"),
        (spec("type:Conv2d\n    kernel_size: 5"), "type:Conv2d", "write type: Conv2d"),
        (spec("{type:Conv2d, kernel_size: 5}"), "type:Conv2d", "write type: Conv2d"),
        (spec("type:ReLU"), "type:ReLU", "write type: ReLU"),
    ],
)
def test_no_space_after_a_colon(text: str, at: str, help: str) -> None:
    error = only(text, "E110", at)
    assert "a space is missing after the colon" in error.message
    assert error.help == help


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (spec("{type: Conv2d, out_channels：3, kernel_size: 5}"), "out_channels：3"),
        (spec("{type: Conv2d， out_channels: 3, kernel_size: 5}"), "，"),
        (spec("type: Conv2d\n    out_channels：3\n    kernel_size: 5"), "："),
        (spec("ReLU", end="name：net\n"), "："),
    ],
)
def test_full_width_colon_and_comma(text: str, at: str) -> None:
    error = only(text, "E111", at)
    assert "full-width" in error.message
    assert "English keyboard" in error.help


@pytest.mark.parametrize("text", ["input: [1, 8, 8]\nlayers:\n\t- ReLU\n", spec("type: ReLU\n\tinplace: true")])
def test_tabs(text: str) -> None:
    error = only(text, "E107", "\t")
    assert error.help == "indent with spaces"


def test_an_expression_cut_at_its_comma() -> None:
    error = only(spec("{type: Conv2d, out_channels: max(4, 8), kernel_size: 5}"), "E112", "max(4")
    assert "at the comma" in error.message
    assert error.help.startswith('quote the expression: "max(4')


def test_a_product_read_as_an_alias() -> None:
    error = only(spec("{type: Linear, out_features: *width}", top="vars: {width: 4}\n"), "E106", "*width")
    assert "YAML reads *width as an alias" in error.message
    assert "write width, or quote an expression" in error.help


def test_items_run_together() -> None:
    found = errors("input: [1, 8, 8]\nlayers:\n - ReLU\n  - ReLU\n")
    assert [(error.code, error.span and error.span[1:3]) for error in found] == [("E211", (3, 4))]
    assert "all dashes in one column" in found[0].help


# -- names from other tools


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("filters", "out_channels"),
        ("num_output", "out_channels"),
        ("num_filters", "out_channels"),
        ("out_chanels", "out_channels"),
        ("Out_Channels", "out_channels"),
        ("units", "out_channels"),
    ],
)
def test_arguments_for_the_channels(argument: str, meant: str) -> None:
    error = only(spec(f"{{type: Conv2d, {argument}: 4, kernel_size: 3}}"), "E202", argument)
    assert (error.message, error.help) == (f"Conv2d has no argument {argument}", f"did you mean {meant}?")


@pytest.mark.parametrize(
    ("argument", "help"),
    [
        ("strides", "did you mean stride?"),
        ("pad", "did you mean padding?"),
        ("dilations", "did you mean dilation?"),
        ("use_bias", "did you mean bias?"),
        ("activation", "write the activation as the next item: - ReLU"),
        ("input_shape", "the input's size is written once, at the top: input: [channels, height, width]"),
        ("nonsense", "known here: in_channels, out_channels, kernel_size"),
    ],
)
def test_other_arguments(argument: str, help: str) -> None:
    error = only(spec(f"{{type: Conv2d, out_channels: 4, kernel_size: 3, {argument}: 1}}"), "E202", argument)
    assert error.help.startswith(help)


def test_a_size_given_twice_under_two_names_is_one_mistake() -> None:
    assert only(spec("{type: MaxPool2d, pool_size: 2}"), "E202", "pool_size").help == "did you mean kernel_size?"
    assert only(spec("Flatten", "{type: Linear, units: 3}"), "E202", "units").help == "did you mean out_features?"


@pytest.mark.parametrize(
    ("type_name", "meant"),
    [
        ("Dense", "Linear"),
        ("InnerProduct", "Linear"),
        ("MaxPooling2D", "MaxPool2d"),
        ("Convolution", "Conv2d"),
        ("BatchNormalization", "BatchNorm2d"),
        ("Rellu", "ReLU"),
        ("nn.Conv2d", "Conv2d"),
        ("Concatenate", "Concat"),
        ("Conv2DTranspose", "ConvTranspose2d"),
        ("Deconvolution", "ConvTranspose2d"),
        ("LayerNormalization", "LayerNorm"),
        ("SpatialDropout2D", "Dropout2d"),
        ("DepthwiseConv2D", "Conv2d"),
        ("DepthToSpace", "PixelShuffle"),
        ("DropPath", "StochasticDepth"),
        ("ReduceMean", "Mean"),
        ("Sequental", "Sequential"),
    ],
)
def test_types_from_other_tools(type_name: str, meant: str) -> None:
    error = only(spec(type_name), "E211", type_name)
    assert error.help == f"did you mean {meant}?"
    named, *rest = errors(spec(f"{{type: {type_name}, size: 3}}"))  # of a known word, what is written is judged too
    assert (named.code, named.help) == ("E211", error.help)
    assert [argument.code for argument in rest] == (["E202"] if type_name.casefold() in other_tools.TYPES else [])


def test_conv2d_of_another_tool_is_ours_in_other_letters() -> None:
    assert loads(spec("{type: Conv2D, out_channels: 4, kernel_size: 3}")).nodes[0].type == "Conv2d"


def test_what_means_nothing_shows_what_there_is() -> None:
    help = only(spec("Quux"), "E211", "Quux").help
    assert {"Conv2d", "ReLU", "Sequential"} <= set(re.findall(r"\w+", help))


# -- shapes


def test_the_documented_error() -> None:
    text = spec(
        "{name: conv2, type: Conv2d, out_channels: 16, kernel_size: 5}",
        "{name: relu2, type: ReLU}",
        "{name: pool2, type: MaxPool2d, kernel_size: 2}",
        "{name: conv3, type: Conv2d, out_channels: 32, kernel_size: 7}",
        size="[6, 14, 14]",
    )
    error = only(text, "E310", "kernel_size: 7")
    assert error.message == "conv3: kernel 7x7 does not fit its input 5x5 (padding 0)"
    assert error.shapes == ("conv2 16x10x10 -> relu2 16x10x10 -> pool2 16x5x5 -> conv3",)
    assert error.help == "padding 1 or more, or kernel_size 5 or less"


@pytest.mark.parametrize("cure", ["padding: 1, kernel_size: 7", "kernel_size: 5"])
def test_the_documented_ways_out_work(cure: str) -> None:
    loads(spec(f"{{type: Conv2d, out_channels: 32, {cure}}}", size="[16, 5, 5]"))


def test_a_trace_from_the_input() -> None:
    error = only(spec("{type: MaxPool2d, kernel_size: 14}", CONV), "E310", "kernel_size: 3")
    assert error.shapes == ("input 1x28x28 -> pool1 1x2x2 -> conv1",)


@pytest.mark.parametrize("argument", ["stride", "dilation", "groups", "out_channels", "kernel_size"])
def test_zero(argument: str) -> None:
    arguments = {"out_channels": 4, "kernel_size": 3, argument: 0}
    item = "{type: Conv2d, " + ", ".join(f"{name}: {value}" for name, value in arguments.items()) + "}"
    error = only(spec(item), "E204", f"{argument}: 0")
    assert error.message == f"{argument}: expected 1 or more, got 0"


def test_groups_that_do_not_divide() -> None:
    item = "{type: Conv2d, out_channels: 6, kernel_size: 3, groups: 4}"
    error = only(spec(CONV, item), "E306", "groups: 4")
    assert "out_channels (=6) must be divisible by groups (=4)" in error.message
    assert error.help == "groups must divide both 4 and 6"


def test_pool_padding_over_half_the_kernel() -> None:
    error = only(spec("{type: MaxPool2d, kernel_size: 2, padding: 2}"), "E308", "padding: 2")
    assert "padding 2 is over half the kernel 2" in error.message
    assert "padding 1 or less" in error.help


@pytest.mark.parametrize(
    ("merge", "rule"), [("Add", "Add needs inputs of one shape"), ("Concat", "agree in every axis")]
)
def test_branches_that_do_not_agree_show_both_traces(merge: str, rule: str) -> None:
    item = f"{{type: {merge}, branches: {{left: {CONV}, right: [{CONV.replace('3}', '5}')}, ReLU]}}}}"
    error = only(spec(item), "E312", f"type: {merge}")
    assert rule in error.message
    assert error.message.endswith("4x26x26, 4x24x24")
    assert error.shapes == (
        f"input 1x28x28 -> left 4x26x26 -> {merge.lower()}1",
        f"input 1x28x28 -> right.0 4x24x24 -> right.1 4x24x24 -> {merge.lower()}1",
    )
    assert "stride and padding" in error.help


def test_a_from_that_does_not_agree_is_marked_itself() -> None:
    error = only(spec(CONV, "{type: Add, from: [conv1, input]}"), "E312", "from: [conv1, input]")
    assert error.shapes == ("input 1x28x28 -> conv1 4x26x26 -> add1", "input 1x28x28 -> add1")


def test_linear_after_a_feature_map() -> None:
    error = only(spec(CONV, "{type: Linear, out_features: 3}"), "E309", "type: Linear")
    assert "its input is the feature map 4x26x26" in error.message
    assert error.help == f"put Flatten before it, which makes {4 * 26 * 26:,} features of it"


def test_wrong_in_features_shows_where_the_right_ones_come_from() -> None:
    item = "{type: Linear, in_features: 100, out_features: 3}"
    error = only(spec(CONV, "{type: MaxPool2d, kernel_size: 2}", "Flatten", item), "E304", "in_features: 100")
    assert "in_features is 100" in error.message
    assert error.help == "write in_features: 676, or leave it out: it is inferred"
    assert error.shapes == ("conv1 4x26x26 -> pool1 4x13x13 -> flatten1 676 -> fc1",)


def test_wrong_in_channels() -> None:
    error = only(spec("{type: Conv2d, in_channels: 3, out_channels: 4, kernel_size: 3}"), "E304", "in_channels: 3")
    assert error.help == "write in_channels: 1, or leave it out: it is inferred"


@pytest.mark.parametrize("size", ["[1, 1, 28, 28]", "[32, 3, 224, 224]"])
def test_a_batch_axis(size: str) -> None:
    error = only(spec(CONV, size=size), "E303", "type: Conv2d")
    assert error.help.startswith("input has no batch axis: leave the first number out")


@pytest.mark.parametrize("first", ["-1", "null"])
def test_a_batch_axis_left_open(first: str) -> None:
    error = only(spec(CONV, size=f"[{first}, 3, 224, 224]"), "E204", first)
    assert error.help.startswith("input has no batch axis")


def test_five_axes() -> None:
    error = only(spec(CONV, size="[1, 3, 8, 8, 8]"), "E219", "input: [1, 3, 8, 8, 8]")
    assert error.help.startswith("input has no batch axis")


def test_channels_last() -> None:
    assert only(spec(CONV, size="[28, 28, 1]"), "E310", "kernel_size: 3").help.endswith("input: [1, 28, 28]")


@pytest.mark.parametrize("size", ["3x8x8", "(3, 8, 8)", "28"])
def test_an_input_that_is_no_list(size: str) -> None:
    assert "[channels, height, width]" in only(spec(CONV, size=size), "E204", f"input: {size}").help


# -- references


def test_an_unknown_reference() -> None:
    error = only(spec("{name: stem, type: ReLU}", "{type: ReLU, from: stam}"), "E215", "stam")
    assert (error.message, error.help) == ("there is no layer stam before this", "did you mean stem?")


def test_a_forward_reference() -> None:
    error = only(spec("{type: ReLU, from: late}", "{name: late, type: ReLU}"), "E214", "late", 3)
    assert "from may only look back" in error.message
    assert [(label.span.line, label.text) for label in error.labels] == [(4, "defined here")]


def test_a_name_used_twice() -> None:
    found = errors(spec("{name: same, type: ReLU}", "{name: same, type: Sigmoid}"))
    assert [(error.code, error.span and error.span[1:3]) for error in found] == [("E213", (4, 12))]
    assert found[0].message == "the name same is used twice"
    assert [label.span[1:3] for label in found[0].labels] == [(3, 12)]


def test_a_recursive_block() -> None:
    top = "blocks:\n  Tick:\n    layers: [ReLU, Tock]\n  Tock:\n    layers: [Tick]\n"
    error = only(spec("Tick", top=top), "E216", "Tick", 5)
    assert error.message == "the block contains itself: Tick -> Tock -> Tick"
    assert [label.span.line for label in error.calls] == [8, 3]


def test_blocks_nested_too_deep() -> None:
    top = "blocks:\n  B0: {layers: [ReLU]}\n"
    top += "".join(f"  B{depth}: {{layers: [B{depth - 1}]}}\n" for depth in range(1, 20))
    assert "deeper than 16" in only(spec("B19", top=top), "E217", "B3", 6).message
    assert len(loads(spec("B15", top=top)).nodes) == 1


def test_too_many_layers_is_a_limit() -> None:
    (error,) = errors(spec("{type: ReLU, repeat: 20001}"))
    assert error.code == "E402"
    assert error.is_limit
    assert "--max-layers" in error.help
    assert len(loads(spec("{type: ReLU, repeat: 20000}")).nodes) == 20_000


def test_repeats_of_nothing_end_too() -> None:
    seq = "{type: Sequential, repeat: 1000000, layers: []}"
    assert errors(spec(f"{{type: Sequential, repeat: 1000000, layers: [{seq}]}}"))[0].code == "E402"


def test_a_head_without_layers() -> None:
    text = spec("{name: stem, type: ReLU}", end="heads:\n  aux: {from: stem, layers: []}\n")
    assert "is not used" in only(text, "E209", "aux: {from: stem, layers: []}").message


# -- blocks

UNIT = """blocks:
  Unit:
    params: {width: required, stride: 1}
    layers:
      - {type: Conv2d, out_channels: width, kernel_size: 3, stride: stride}
"""


def test_an_error_in_a_block_shows_the_uses_that_led_there() -> None:
    outer = "  Outer:\n    layers:\n      - {type: Unit, width: 4, repeat: 20}\n"
    error = only(spec("{name: body, type: Outer}", top=UNIT + outer), "E310", "kernel_size: 3")
    assert [(label.text, label.span.line) for label in error.calls] == [
        ("in Outer body", 11),
        ("in Unit body.unit1.13", 8),
    ]
    steps = "body.unit1.10.conv1 4x6x6 -> body.unit1.11.conv1 4x4x4 -> body.unit1.12.conv1 4x2x2"
    assert error.shapes == (f"{steps} -> body.unit1.13.conv1",)


def test_params_missing_unknown_and_misspelt() -> None:
    assert only(spec("Unit", top=UNIT), "E203", "Unit", 8).message == "the block Unit needs width"
    assert only(spec("{type: Unit, widht: 4}", top=UNIT), "E202", "widht").help == "did you mean width?"
    assert only(spec("{type: Unit, width: 4, depth: 1}", top=UNIT), "E202", "depth").message.endswith("no param depth")


def test_a_param_that_is_no_number() -> None:
    error = only(spec("{type: Unit, width: wide}", top=UNIT), "E206", "wide")
    assert "wide is not a name in scope" in error.message


# -- values


@pytest.mark.parametrize(
    ("argument", "at", "code", "said", "help"),
    [
        ("kernel_size: 3.0", "kernel_size: 3.0", "E204", "expected a whole number, got 3.0; write 3", ""),
        ("kernel_size: true", "kernel_size: true", "E204", "expected a whole number, got true", ""),
        ("kernel_size: [3, 3, 3]", "kernel_size: [3, 3, 3]", "E204", "a list of 2, got a list of 3", ""),
        ("kernel_size: 3, padding: -1", "padding: -1", "E204", "expected 0 or more, got -1", ""),
        ("kernel_size: 3, bias: 1", "bias: 1", "E204", "expected true or false, got 1", ""),
        ("kernel_size: 3, bias: yes", "yes", "E206", "yes is not a name", "write true or false"),
        ("kernel_size: 3, padding: SAME", "SAME", "E206", "SAME is not a name", "did you mean same?"),
        ("kernel_size: 3, padding_mode: mirror", "mirror", "E206", "mirror is not a name", "one of circular, reflect"),
        ("kernel_size: 3, stride: 1_0", "1_0", "E206", "underscore", "write 10"),
        ("kernel_size: 3 +", "3 +", "E206", "neither a number nor an expression", "a number, or names"),
        ("kernel_size: {a: 1}", "{a: 1}", "E204", "expected a value, got a mapping", ""),
        ("kernel_size: ", "kernel_size:", "E204", "expected a whole number, got null", ""),
    ],
)
def test_values(argument: str, at: str, code: str, said: str, help: str) -> None:
    found = errors(spec(f"{{type: Conv2d, out_channels: 4, {argument}}}"))
    assert [error.code for error in found] == [code]
    assert said in found[0].message
    assert found[0].help.startswith(help)
    assert (
        found[0].span
        and found[0].span.column == spec(f"{{type: Conv2d, out_channels: 4, {argument}}}").splitlines()[2].index(at) + 1
    )


@pytest.mark.parametrize(
    ("item", "code", "at", "said"),
    [
        ("{type: ReLU, if: 1}", "E204", "1", "expected true or false"),
        ("{type: ReLU, repeat: -1}", "E204", "-1", "expected a whole number of 0 or more"),
        ("{type: ReLU, repeat: 1.5}", "E204", "1.5", "expected a whole number of 0 or more"),
        ('{type: ReLU, repeat: {times: 2, name: "a b{i}"}}', "E205", '"a b{i}"', "is not a name"),
        ('{type: ReLU, repeat: {times: 2, name: "l{j}"}}', "E206", '"l{j}"', "j is not a name in scope"),
        ("{type: ReLU, repeat: {time: 2}}", "E202", "time", "repeat has no key time"),
        ("{type: Add}", "E302", "type: Add", "needs two or more inputs"),
        ("{type: ReLU, from: [input, input]}", "E302", "from: [input, input]", "takes one input"),
        ("{type: ReLU, from: {a: 1}}", "E212", "from: {a: 1}", "a name or a list of names"),
        ("{type: ReLU, branches: [ReLU, ReLU]}", "E210", "branches", "belongs to Add, Multiply or Concat"),
        ("Sequential", "E210", "Sequential", "Sequential needs it"),
        ("{type: ReLU, layers: [Sigmoid]}", "E210", "ReLU", "layers belongs to Sequential"),
        ("{name: conv-1, type: ReLU}", "E205", "conv-1", "conv-1 is not a name"),
        ("{name: a.b, type: ReLU}", "E205", "a.b", "a.b is not a name"),
        ("{name: input, type: ReLU}", "E205", "name: input", "may not be called input"),
        ("[ReLU]", "E201", "[ReLU]", "this is a list"),
        ("Conv2d: {out_channels: 3}", "E203", "Conv2d: {out_channels: 3}", "the item has no type"),
    ],
)
def test_items(item: str, code: str, at: str, said: str) -> None:
    found = errors(spec(item))
    assert [error.code for error in found] == [code]
    assert said in found[0].message
    assert found[0].span and found[0].span[1:3] == (3, spec(item).splitlines()[2].index(at) + 1)


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ("", "E104", 1, "the file is empty"),
        ("# only this\n", "E104", 1, "the file is empty"),
        ("LeNet\n", "E201", 1, "a spec is a mapping"),
        ("- ReLU\n", "E201", 1, "a spec is a mapping"),
        ("layers: [ReLU]\n", "E203", 1, "the spec has no input"),
        ("input: [1, 8, 8]\n", "E203", 1, "the spec has no layers"),
        ("inputs: [1, 8, 8]\nlayers: [ReLU]\n", "E202", 1, "a spec has no key inputs"),
        ("input: [1, 8, 8]\nlayers: []\n", "E209", 2, "the network has no layers"),
        ("input: [1, 8, 8]\nlayers: {conv1: 3}\n", "E201", 2, "layers is a list"),
        ("input: [1, 8, 8]\nlayers:\n", "E201", 2, "layers is a list"),
        ("cnncalc: 2\n" + spec("ReLU"), "E207", 1, "a format this version does not know"),
        ("name: [a]\n" + spec("ReLU"), "E201", 1, "name is a line of text"),
        ("vars: {i: 1}\n" + spec("ReLU"), "E208", 1, "a meaning of its own"),
        ("vars: {a: b}\n" + spec("ReLU"), "E206", 1, "b is not a name in scope"),
        ("blocks:\n  ReLU: {layers: [Sigmoid]}\n" + spec("Tanh"), "E208", 2, "the name of a layer type"),
        ("blocks:\n  A: {params: {name: 1}, layers: [ReLU]}\n" + spec("A"), "E208", 2, "a key of every item"),
        ("defaults: {Conv2d: {bas: 1}}\n" + spec("ReLU"), "E202", 1, "no argument bas"),
        ("defaults: {ReLU: {functional: 2}}\n" + spec("ReLU"), "E204", 1, "functional: expected true or false, got 2"),
        (spec("{type: ReLU, functional: maybe}"), "E206", 3, "maybe is not a name in scope"),
        (spec("{type: Sequential, functional: true, layers: [ReLU]}"), "E210", 3, "Sequential holds layers"),
        ("defaults: {relu: {}, ReLU: {}}\n" + spec("ReLU"), "E109", 1, "given twice"),
        (spec("ReLU", end="heads: [a]\n"), "E201", 4, "heads is a mapping"),
        (spec("ReLU", end="heads: {a: 3}\n"), "E201", 4, "a head is a mapping"),
        (spec("ReLU", end="heads: {a: {layers: [ReLU]}}\n"), "E203", 4, "the head a has no from"),
        (spec("{name: a, type: ReLU}", end="heads: {a: {from: a, layers: ReLU}}\n"), "E213", 4, "used twice"),
        (spec("ReLU", end="tensors: {input: [1, 2]}\n"), "E221", 4, "input is 2, and must be 1x28x28"),
        (spec("ReLU", end="tensors: {input: [[1, 2], [3]]}\n"), "E221", 4, "uneven"),
        (spec("ReLU", end="tensors: {input: [[[a]]]}\n"), "E204", 4, "nested lists of numbers"),
        (spec("ReLU", end="tensors: {inptu: [1]}\n"), "E220", 4, "no layer holds a tensor inptu"),
        (spec("{type: ReLU"), "E104", 4, "not YAML"),
    ],
)
def test_the_rest_of_a_file(text: str, code: str, line: int, said: str) -> None:
    found = errors(text)
    assert [(error.code, error.span and error.span.line) for error in found] == [(code, line)]
    assert said in found[0].message


# -- all at once, and each once


def test_all_errors_of_a_file_at_once_in_order() -> None:
    text = spec(
        "{type: Conv2d, filters: 4, kernel_size: 3}",
        "ReLU",
        "Dense",
        "{name: ok, type: Conv2d, out_channels: 4, kernel_size: 0}",
        "{type: ReLU, from: nowhere}",
        "{type: Linear, in_features: 3, out_features: x}",
        top="nmae: a\n",
    )
    found = errors(text)
    assert [(error.code, error.span and error.span.line) for error in found] == [
        *(("E202", 1), ("E202", 4), ("E211", 6), ("E204", 7), ("E215", 8), ("E206", 9)),
    ]


@pytest.mark.parametrize(
    "items",
    [
        # each time the first item is wrong, and the others are right if it were right
        ["{name: a, type: Foo}", "{type: ReLU, from: a}"],
        ["{name: conv-1, type: ReLU}", "{type: ReLU, from: conv-1}"],
        ["{name: a, size: 3}", "{type: Add, from: [a, input]}"],
        ["{type: MaxPoool2d, kernel_size: 2}", "Flatten", "{type: Linear, in_features: 196, out_features: 3}"],
        ["{type: Conv2d, out_channels: 4, kernel_size: 99}", "{type: Unit, width: in_channels}"],
        ["{name: s, type: Sequential, layers: [Foo]}", "{type: Unit, width: 3, repeat: 20, from: s}"],
        ["{type: Unit, width: x}", "{type: Linear, out_features: 3}"],
        ["{type: Unit, width: 3, repeat: x}", "{type: ReLU, from: unit1}"],
        ["{type: Concat, branches: {a: Foo, b: ReLU}}", "{type: Linear, out_features: 1}"],
        ["{type: Concat, branches: 3}", "{type: Linear, out_features: 1}"],
    ],
)
def test_one_mistake_is_one_error(items: list[str]) -> None:
    found = errors(spec(*items, top=UNIT))
    assert [error.span and error.span.line for error in found] == [8], [plain(error) for error in found]


def test_a_var_that_cannot_be_read_is_one_error() -> None:
    text = spec(
        "{type: Linear, out_features: a + b}", "{type: ReLU, if: a > 3}", size="[a]", top="vars: {a: x y, b: a}\n"
    )
    assert [(error.code, error.span and error.span.line) for error in errors(text)] == [("E206", 1)]


def test_a_mistake_in_a_repeated_block_is_one_error() -> None:
    top = UNIT.replace("stride: stride}", "strides: stride}")
    assert len(errors(spec("{type: Unit, width: 3, repeat: 8}", "{type: Unit, width: 4}", top=top))) == 1


def test_more_errors_than_are_shown_are_all_there() -> None:
    assert len(errors(spec(*["Foo"] * 30))) == 30


def test_settings_that_do_not_fit() -> None:
    text = "vars: {width: 3}\n" + spec("{type: Conv2d, out_channels: width, kernel_size: 1}")
    with pytest.raises(CnncalcError) as caught:
        loads(text, settings={"widht": 4})
    (error,) = caught.value.diagnostics
    assert (error.code, error.help) == ("E218", "did you mean width?")
    with pytest.raises(CnncalcError, match="--set width: x is not a name"):
        loads(text, settings={"width": "x"})


def test_braces_in_what_the_user_wrote_stay_text() -> None:
    items = ["{x}", '{type: "{x}"}', '{name: "{x}", type: ReLU}', '{type: ReLU, "{0}": 1}', '{type: ReLU, from: "{a}"}']
    for item in (*items, '{type: ReLU, if: "{}"}', '{type: Conv2d, out_channels: "{x}", kernel_size: "{!r}"}'):
        assert errors(spec(item))


def test_what_yaml_reads_wrongly_is_told_together_with_the_rest():
    found = errors("""input: [3, 32, 32]
vars: {wide: *base}
layers:
  - {name: conv1, type: Conv2d, out_channels: 8, kernel_size:5}
  - {name: conv2, type: Conv2d, out_channels: wide, kernel_size: 3}
  - {name: pool, type: MaxPool2d, kernel_size: max(2, 3)}
  - {name: twice, type: ReLU, name: again}
  - {name: last, type: Conv2d, filters: 8, kernel_size: 3}
  - {type: Add, from: [conv1, nowhere]}
""")
    # conv2 and the pool are not judged further: what they depend on could not be read.
    assert [(error.code, error.span.line) for error in found if error.span] == [
        ("E106", 2),
        ("E110", 4),
        ("E112", 6),
        ("E109", 7),
        ("E202", 8),
        ("E215", 9),
    ]


def test_the_arguments_of_another_tools_type_are_judged_in_the_same_round():
    found = errors(spec("Flatten", "{type: Dense, units: 10}"))
    assert [(error.code, error.help) for error in found] == [
        ("E211", "did you mean Linear?"),
        ("E202", "did you mean out_features?"),
    ]


@pytest.mark.parametrize(
    ("items", "size", "help"),
    [
        (["Flatten", "BatchNorm2d"], "[3, 4, 4]", "use BatchNorm1d"),
        (["{type: MaxPool1d, kernel_size: 2}"], "[3, 4, 4]", "use MaxPool2d"),
        ([CONV], "[28, 28]", "the channels are missing: input: [1, 28, 28]"),
        (["{type: Conv2d, out_channels: 4, kernel_size: 3, in_channels: 3}"], "[224, 224, 3]", "input: [3, 224, 224]"),
        (["{type: Conv2d, out_channels: 4, kernel_size: '(3, 3)'}"], "[3, 8, 8]", "write [3, 3]"),
        (["{type: Conv2d, out_channels: 4, kernel_size: 3x3}"], "[3, 8, 8]", "write a list: [3, 3]"),
        (["ReLU", "{type: Add, inputs: [relu1, input]}"], "[3, 8, 8]", "from: [first, second]"),
    ],
)
def test_the_help_solves_it(items: list[str], size: str, help: str) -> None:
    assert help in errors(spec(*items, size=size))[0].help


def test_a_network_that_ends_with_an_earlier_layer():
    items = ("{name: a, type: ReLU}", "{name: b, type: ReLU}", "{type: Sequential, from: a, layers: []}")
    error = only(spec(*items), "E229", items[1])
    assert "ends with a" in error.message and "remove" in error.help


def test_channels_last_is_warned_of():
    graph = loads(spec(CONV, size="[224, 224, 3]"))
    assert [(warning.code, warning.help) for warning in graph.warnings] == [
        ("W505", "the channels come first: input: [3, 224, 224]")
    ]
    assert not loads(spec(CONV, size="[3, 224, 224]")).warnings
    assert not loads(spec(CONV, size="[64, 4, 4]")).warnings
