"""Assignment files: what they ask, each error with its place, and writing one that reads back."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Assignment, Counting
from cnncalc.homework.assignment.defaults import assignment_for
from cnncalc.homework.assignment.read import load_assignment, read_assignment
from cnncalc.homework.assignment.write import write_assignment
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.spec.load import load, loads

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
LENET = f"spec: {SPECS / 'lenet.yaml'}\n"


def read(text: str) -> Assignment:
    return read_assignment(text, "homework.yaml")


def keys(assignment: Assignment) -> list[str]:
    return [question.label or question.asked.key for question in assignment.questions]


def errors(text: str) -> list[Diagnostic]:
    with pytest.raises(CnncalcError) as caught:
        read(text)
    assert caught.value.sources["homework.yaml"] == text
    return caught.value.diagnostics


def words_at(text: str, found: Diagnostic) -> str:
    assert found.span is not None
    assert found.span.line == found.span.end_line
    return text.splitlines()[found.span.line - 1][found.span.column - 1 : found.span.end_column - 1]


def test_what_is_left_out_is_the_default() -> None:
    assignment = read(LENET)
    assert assignment.name == "LeNet-5"
    assert assignment.counting == Counting()
    assert (assignment.reveal, assignment.seed) == (True, 0)
    assert {(question.points, question.follow_through) for question in assignment.questions} == {(1, True)}


def test_the_default_questions_are_those_of_a_bare_spec() -> None:
    """Sigmoids only pass numbers on; Flatten changes the shape and holds nothing; students give pooling parameters."""
    wanted = []
    for layer in ("conv1", "pool1", "conv2", "pool2", "flatten1", "fc1", "fc2", "fc3"):
        wanted += [f"{layer}.output_shape"] + ([f"{layer}.parameters"] if layer != "flatten1" else [])
    wanted.append("total.parameters")
    assert keys(read(LENET)) == keys(assignment_for(load(str(SPECS / "lenet.yaml")))) == wanted


def test_everything_an_assignment_can_say() -> None:
    assignment = read(
        LENET
        + """
assignment: LeNet by hand
channels: last
flops_per_mac: 1
bias_in_macs: true
bias_in_parameters: false
dtype: float16
batch: 8
seed: 7
reveal: false
points: 1/3
decimals: 4
follow_through: false
partial_credit: {any: 0.5}
questions:
  - conv1.output_shape
  - {quantity: conv1.parameters, points: .5, accept: ["2,400", 150], wording: How many?, follow_through: true}
  - {quantity: "pool1.output[0,1,2]", decimals: 3, partial_credit: {any: 1/4}}
  - {quantity: conv1.padding, such_that: {conv1.output_shape: 28x28x6, conv1.receptive_field: 5}, label: q1}
  - {layer: conv2, quantities: [output_shape, macs], points: 2}
  - {layers: [fc1, fc2], quantities: [biases]}
  - {quantities: [parameters, macs]}
"""
    )
    assert assignment.name == "LeNet by hand"
    assert assignment.counting == Counting(1, True, False, "last", "float16", 8)
    assert (assignment.reveal, assignment.seed) == (False, 7)
    assert keys(assignment) == [
        "conv1.output_shape",
        "conv1.parameters",
        "pool1.output[0,1,2]",
        "q1",
        "conv2.output_shape",
        "conv2.macs",
        "fc1.biases",
        "fc2.biases",
        "total.parameters",
        "total.macs",
    ]
    first, second, third, fourth, fifth = assignment.questions[:5]
    assert (first.points, first.partial, first.follow_through, first.decimals) == (
        Fraction(1, 3),
        {"any": Fraction(1, 2)},
        False,
        4,
    )
    assert (second.points, second.accept, second.wording) == (Fraction(1, 2), ("2,400", "150"), "How many?")
    assert second.follow_through
    assert (third.asked, third.decimals, third.partial) == (
        Asked("pool1", "output", (0, 1, 2)),
        3,
        {"any": Fraction(1, 4)},
    )
    assert [(condition.asked.key, condition.text) for condition in fourth.such_that] == [
        ("conv1.output_shape", "28x28x6"),
        ("conv1.receptive_field", "5"),
    ]
    assert (fifth.points, fifth.label) == (2, "")


def test_partial_credit_by_the_name_of_a_mistake() -> None:
    assignment = read(LENET + "questions: [{quantity: conv1.parameters, partial_credit: {bias-forgotten: 0.75}}]")
    assert assignment.questions[0].partial == {"bias-forgotten": Fraction(3, 4)}
    (found,) = errors(LENET + "partial_credit: {bias-forgoten: 0.75}")
    assert (found.code, found.help) == ("E526", "did you mean bias-forgotten?")


def test_points_are_exact() -> None:
    assignment = read(LENET + "points: 0.1\nquestions: [conv1.macs, conv2.macs, total.macs]")
    assert sum(question.points for question in assignment.questions) == Fraction(3, 10)


def test_layers_by_a_rule_leave_out_what_is_not_asked_there() -> None:
    everywhere = read(LENET + "questions: [{layers: all, quantities: [parameters, kernel_size]}]")
    assert keys(everywhere) == [
        *("conv1.parameters", "conv1.kernel_size", "pool1.parameters", "pool1.kernel_size"),
        *("conv2.parameters", "conv2.kernel_size", "pool2.parameters", "pool2.kernel_size"),
        *("fc1.parameters", "fc2.parameters", "fc3.parameters"),
    ]
    linear = read(LENET + "questions: [{layers: linear, quantities: [parameters]}]")
    assert keys(linear) == ["fc1.parameters", "fc2.parameters", "fc3.parameters"]


def test_a_lone_layer() -> None:
    assignment = read('layer: "input 32x32x3, ten 5x5 filters, stride 1, padding 2"\nquestions: [parameters, macs]')
    assert keys(assignment) == ["conv1.parameters", "conv1.macs"]
    network = Network(assignment.graph)
    # 10 filters of 5*5*3 weights and a bias; 10*32*32 outputs of 75 products
    assert [network.value(question.asked) for question in assignment.questions] == [(760,), (768_000,)]


def test_an_inline_network_and_questions_on_networks_of_their_own() -> None:
    assignment = read(
        """network:
  input: [3, 7, 7]
  layers:
    - {type: Conv2d, out_channels: 3, kernel_size: 3, padding: 1}
questions:
  - output_shape
  - {label: q1, network: "input 300x300x3, fully connected, 100 units", quantity: parameters}
  - {label: q2, network: {input: [1, 9, 9], layers: [{type: Conv2d, out_channels: 2, kernel_size: 3}, ReLU]},
     quantities: [parameters]}
  - {label: q3, network: "input 14x14x8, max pooling 2x2", quantities: [output_shape, parameters]}
"""
    )
    assert keys(assignment) == ["conv1.output_shape", "q1", "q2.parameters", "q3.output_shape", "q3.parameters"]
    values = [Network(each.graph or assignment.graph).value(each.asked) for each in assignment.questions]
    assert values == [(3, 7, 7), (27_000_100,), (20,), (8, 7, 7), (0,)]
    assert assignment.questions[3].graph is assignment.questions[4].graph


def test_a_spec_is_named_from_the_assignments_folder(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "wide.yaml").write_text(
        "vars: {width: 4}\ninput: [1, 8, 8]\nlayers: [{type: Conv2d, out_channels: width, kernel_size: 3}]\n"
    )
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw" / "a.yaml").write_text("spec: ../nets/wide.yaml\nset: {width: 2 * 8}\n")
    graph = load_assignment(str(tmp_path / "hw" / "a.yaml")).graph
    assert graph.nodes[0].output_shape == (16, 6, 6)


PLACES = [
    (LENET + "pionts: 1", "E202", "pionts", "did you mean points?"),
    (LENET + "points: -1", "E520", "-1", "write 2, 0.5 or 1/3"),
    (LENET + "points: .inf", "E520", ".inf", "write 2, 0.5 or 1/3"),
    (LENET + "points: 1/0", "E520", "1/0", "write 2, 0.5 or 1/3"),
    (LENET + "points: 1e9", "E520", "1e9", "write 2, 0.5 or 1/3"),
    (LENET + "partial_credit: {any: 1.5}", "E520", "1.5", "write 0.5 or 1/2 for half of the points"),
    (LENET + "partial_credit: 0.5", "E201", "partial_credit: 0.5", "write partial_credit: {any: 0.5}"),
    (LENET + "reveal: yes", "E204", "yes", ""),
    (LENET + "channels: lst", "E204", "lst", "did you mean last?"),
    (LENET + "flops_per_mac: 3", "E204", "3", ""),
    (LENET + "batch: 0", "E204", "0", ""),
    (LENET + "seed: -4", "E204", "-4", ""),
    (LENET + "set: {width: 3}", "E218", "{width: 3}", "the spec has no vars"),
    (LENET + "questions: []", "E209", "questions: []", "leave the key out"),
    (LENET + "questions: conv1.macs", "E201", "conv1.macs", "write each on a line of its own"),
    (LENET + "questions: [conv1.outptu_shape]", "E501", "conv1.outptu_shape", "did you mean output_shape?"),
    (LENET + "questions: [cnov1.macs]", "E502", "cnov1.macs", "did you mean conv1?"),
    (LENET + "questions: [sigmoid1.padding]", "E503", "sigmoid1.padding", "Sigmoid has no such argument"),
    (LENET + "questions: [total.output_shape]", "E503", "total.output_shape", "ask it of a layer"),
    (LENET + 'questions: ["pool1.output[0,99,0]"]', "E227", '"pool1.output[0,99,0]"', "count from 0"),
    (LENET + "questions: [total.output]", "E503", "total.output", "ask it of a layer"),
    (LENET + "questions: [conv1.macs, Conv1.MACs]", "E525", "Conv1.MACs", "remove one of them"),
    (LENET + "questions: [{layer: [fc1, fc1], quantities: [macs]}]", "E525", "macs", "remove one of them"),
    (LENET + "questions: [{quantitty: conv1.macs}]", "E202", "quantitty", "did you mean quantity?"),
    (LENET + "questions: [{points: 1}]", "E203", "{points: 1}", "write quantity: conv1.output_shape"),
    (LENET + "questions: [{layer: conv1}]", "E203", "{layer: conv1}", "write quantity: conv1.output_shape"),
    (LENET + "questions: [{layers: BatchNorm2d, quantities: [macs]}]", "E522", "BatchNorm2d", "known here: Conv2d"),
    (LENET + "questions: [{layer: conv9, quantities: [macs]}]", "E502", "conv9", "did you mean conv2?"),
    (LENET + "questions: [{layer: conv1, quantities: [makcs]}]", "E501", "makcs", "did you mean macs?"),
    (LENET + "questions: [{quantity: conv1.macs, accept: [six]}]", "E524", "six", ""),
    (LENET + "questions: [{quantity: conv1.macs, label: q 1}]", "E205", "q 1", "write letters, digits"),
    (
        LENET + 'questions: [{quantity: parameters, network: "input 4x9, batch norm"}]',
        "E203",
        "network",
        "label",
    ),
    (
        LENET + "questions: [{quantity: conv1.macs, such_that: {conv1.output_shape: 6x28x28}}]",
        "E523",
        "conv1.macs",
        "ask for conv1.kernel_size, conv1.stride",
    ),
    (
        LENET + "questions: [{quantity: conv1.padding, such_that: {'conv1.output[0,0,0]': 3}}]",
        "E523",
        "'conv1.output[0,0,0]'",
        "write a shape, a receptive field",
    ),
    (
        LENET + "questions: [{quantity: conv1.padding, such_that: {sigmoid1.padding: 3}}]",
        "E503",
        "sigmoid1.padding",
        "Sigmoid has no such argument",
    ),
    (
        LENET + "questions: [{quantity: conv1.padding, such_that: {conv1.output_shape: six}}]",
        "E524",
        "six",
        "",
    ),
    (
        LENET + "questions: [{quantity: conv1.padding, such_that: 6x28x28}]",
        "E201",
        "such_that: 6x28x28",
        "write such_that",
    ),
    (LENET + "network: {input: [1], layers: [ReLU]}", "E527", "network", "remove one of them"),
    ("points: 1", "E203", "", "write spec: lenet.yaml"),
    ("spce: lenet.yaml", "E202", "spce", "did you mean spec?"),
    ("spec: https://example.org/lenet.yaml", "E521", "https://example.org/lenet.yaml", "save the spec"),
    ("spec: '-'", "E521", "'-'", "write the network in the assignment"),
    ("spec: nowhere.yaml", "E101", "nowhere.yaml", ""),
    (f"spec: {SPECS}", "E101", str(SPECS), "name a spec file"),
    ("spec: [a]", "E201", "spec: [a]", "write a spec's file"),
    ("network: {input: [1, 8, 8], layers: [{type: Flatten, start: 1}]}", "E202", "start", "start_dim"),
    ("network: {input: [1, 8, 8], layer: [ReLU]}", "E202", "layer", "did you mean layers?"),
    ('layer: "input 8x8x3, ten 9x9 filters"', "E310", "9x9", "padding 1 or more"),
    ("layer: input 8x8x3, ten 3x3 fitlers", "E528", "ten 3x3 fitlers", "write input 32x32x3"),
    ("layer: input 8x8x3, 2x2 max pooling\nset: {a: 1}", "E527", "set", "remove it"),
]


@pytest.mark.parametrize(
    ("text", "code", "words", "help"), PLACES, ids=[case[0].removeprefix(LENET) for case in PLACES]
)
def test_an_error_has_its_place_and_a_way_out(text: str, code: str, words: str, help: str) -> None:
    (found,) = errors(text)
    assert (found.code, words_at(text, found)) == (code, words)
    assert help in found.help


def test_all_errors_are_told_at_once_in_order() -> None:
    found = errors(
        """network:
  input: [1, 8, 8]
  layers:
    - {type: Conv2d, out_channels: 3, kernel: 3}
points: x
questions:
  - conv1.macs
"""
    )
    assert [(each.code, each.span.line) for each in found if each.span] == [("E202", 4), ("E520", 5)]
    found = errors(LENET + "decimals: 99\nquestions:\n  - conv1.mcs\n  - conv8.macs\n  - {quantity: 3}\n")
    assert [(each.code, each.span.line) for each in found if each.span] == [
        ("E204", 2),
        ("E501", 4),
        ("E502", 5),
        ("E501", 6),
    ]


def test_the_errors_of_a_spec_are_shown_in_the_spec(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("input: [1, 8, 8]\nlayers:\n  - {type: Conv2d, out_chanels: 3}\n")
    text = "spec: net.yaml\npoints: -1\n"
    with pytest.raises(CnncalcError) as caught:
        read_assignment(text, str(tmp_path / "a.yaml"))
    places = {
        (found.code, Path(found.span.source).name, found.span.line) for found in caught.value.diagnostics if found.span
    }
    assert places >= {("E202", "net.yaml", 3), ("E520", "a.yaml", 2)}
    assert {Path(source).name for source in caught.value.sources} == {"a.yaml", "net.yaml"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.yaml")
    with pytest.raises(CnncalcError, match="not a regular file"):
        read_assignment("spec: net.yaml\n", str(tmp_path / "a.yaml"))


def test_loading_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Network, "element", lambda *_: pytest.fail("an element was run"))
    assert keys(read(LENET + 'questions: ["pool1.output[0,1,2]"]')) == ["pool1.output[0,1,2]"]


def parts(graph: Graph) -> list[object]:
    return [
        graph.name,
        graph.input_shape,
        graph.tensors,
        *((head.name, head.train_only) for head in graph.heads),
        *((node.name, node.layer, node.inputs, node.output_shape) for node in graph.every_node()),
    ]


def assert_same(one: Assignment, other: Assignment) -> None:
    assert parts(one.graph) == parts(other.graph)
    assert [question._replace(graph=None) for question in one.questions] == [
        question._replace(graph=None) for question in other.questions
    ]
    for own, again in zip(one.questions, other.questions, strict=True):
        assert (own.graph is None) == (again.graph is None)
        assert own.graph is None or again.graph is None or parts(own.graph) == parts(again.graph)
    assert one._replace(graph=other.graph, questions=(), source="") == other._replace(questions=(), source="")


GALLERY = sorted(path for path in SPECS.rglob("*.yaml") if SPECS / "homework" not in path.parents)


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_an_assignment_on_any_network_reads_back(path: Path) -> None:
    assignment = assignment_for(load(str(path)))
    assert_same(assignment, read(write_assignment(assignment)))


def test_what_is_asked_reads_back() -> None:
    assignment = read(
        LENET
        + """
assignment: 'A "quoted" name: 卷积 # no comment'
channels: last
flops_per_mac: 1
dtype: int8
seed: 3
reveal: false
questions:
  - {quantity: conv1.parameters, points: 1/3, accept: ["2,400"], wording: "How many?\\nAll.", follow_through: false}
  - {quantity: "pool1.output[0,1,2]", decimals: 3, partial_credit: {any: 1/4}}
  - {quantity: conv1.padding, such_that: {conv1.output_shape: 28x28x6}}
  - {label: q1, network: "input 300x300x3, fully connected, 100 units", quantity: parameters}
  - {label: 甲, network: {input: [1, 9, 9], layers: [{type: AvgPool2d, kernel_size: 3}]}, quantities: [output_shape]}
"""
    )
    assert_same(assignment, read(write_assignment(assignment)))


def test_a_network_that_no_spec_gives_is_not_written() -> None:
    nodes = loads("input: [1, 8, 8]\nlayers: [{name: a, type: Sequential, layers: [ReLU, ReLU]}, ReLU]").nodes
    scattered = Graph("scattered", (1, 8, 8), (nodes[0], nodes[2], nodes[1]))
    with pytest.raises(CnncalcError, match="scattered cannot be written as a spec"):
        write_assignment(assignment_for(scattered))


FULL = (Path(__file__).parents[2] / "specs/homework/lenet_table.yaml").read_text(encoding="utf-8")
PIECES = [
    *"[]{}:,-#&*!|>'\"%@`? \n\t：，\u200b\x00",
    "-1",
    "9" * 30,
    "null",
    "{}",
    "[]",
    "all",
    "such_that: ",
    "layer: ",
]


@settings(max_examples=300, deadline=30_000)
@given(st.integers(0, 2**32))
def test_a_mutated_assignment_is_read_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    text = FULL
    for _ in range(draw.randint(1, 5)):
        at, end = sorted((draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)))
        end = min(end, at + draw.choice((0, 1, 5, 40)))
        text = text[:at] + draw.choice((draw.choice(PIECES), "", text[at:end] * 2)) + text[end:]
    try:
        assignment = read_assignment(text, str(SPECS / "homework" / "mutated.yaml"))
    except CnncalcError as error:
        assert error.diagnostics
    else:
        assert assignment.questions
