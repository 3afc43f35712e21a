"""Assignments whose conditions, accepted answers or networks cannot be meant as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.assignment.write import write_assignment

LENET = f"spec: {Path(__file__).parents[2] / 'specs/lenet.yaml'}\n"


def problems_of(text: str) -> list[Diagnostic]:
    try:
        read_assignment(text, "homework.yaml")
    except CnncalcError as error:
        return error.diagnostics
    return []


def words_at(text: str, found: Diagnostic) -> str:
    assert found.span is not None
    return text.splitlines()[found.span.line - 1][found.span.column - 1 : found.span.end_column - 1]


def test_a_condition_that_nothing_meets_is_an_error_at_its_place() -> None:
    """Pooling 28 wide gives 99 with no window; 14 with the spec's own 2."""
    text = LENET + "questions: [{quantity: pool1.kernel_size, such_that: {pool1.output_shape: 6x99x99}}]"
    (found,) = problems_of(text)
    assert found.code == "E523"
    assert words_at(text, found) == "such_that: {pool1.output_shape: 6x99x99}"
    assert not problems_of(text.replace("99x99", "14x14"))


def test_a_condition_may_need_another_argument_on_each_axis() -> None:
    """28 + 2 * padding - 5 + 1, padding 1 and 2: 26 and 28. With one padding on both sides 26 and 27 are impossible."""
    text = "layer: input 28x28x1, six 5x5 filters\n"
    text += "questions: [{quantity: conv1.padding, such_that: {conv1.output_shape: 6x26x28}}]"
    assert not problems_of(text)
    assert [found.code for found in problems_of(text.replace("6x26x28", "6x26x27"))] == ["E523"]


def test_the_own_argument_counts_beyond_those_that_are_tried() -> None:
    """300 filters of 3x3x1 have 2,700 weights and 300 biases; twice 3 filters is not so many."""
    text = "layer: input 28x28x1, {} 3x3 filters\n"
    text += "questions: [{{quantity: conv1.out_channels, such_that: {{conv1.parameters: 3000}}}}]"
    assert not problems_of(text.format(300))
    assert [found.code for found in problems_of(text.format(3))] == ["E523"]


def test_arguments_of_one_layer_are_solved_together() -> None:
    """No padding makes 24 of 5x5 windows into 12, and a stride of 2 with it does: (24 + 2*2 - 5) // 2 + 1."""
    text = "layer: input 24x24x1, six 5x5 filters\n"
    text += "questions:\n  - {quantity: conv1.padding, such_that: {conv1.output_shape: 6x12x12}}\n"
    assert [found.code for found in problems_of(text)] == ["E523"]
    assert not problems_of(text + "  - {quantity: conv1.stride, such_that: {conv1.output_shape: 6x12x12}}\n")


def test_each_answer_that_cannot_be_meant_is_reported() -> None:
    text = LENET + "questions: [{quantity: conv1.parameters, accept: [abc, '6x6', '2,400', 6x(25+1)]}]"
    found = problems_of(text)
    assert [one.code for one in found] == ["E524", "E524"]
    assert [words_at(text, one) for one in found] == ["abc", "'6x6'"]


OWN = """
questions:
  - {label: q1, network: "input 7x7x3, three 3x3 filters", quantity: parameters}
  - {label: q2, network: "input 9x9x3, four 3x3 filters", quantity: parameters}
"""


def test_where_each_question_has_a_network_the_assignment_needs_none() -> None:
    assignment = read_assignment(OWN, "a.yaml")
    assert assignment.graph.input_shape == (3, 7, 7)
    assert [(one.graph or assignment.graph).input_shape for one in assignment.questions] == [(3, 7, 7), (3, 9, 9)]
    again = read_assignment(write_assignment(assignment), "b.yaml")
    assert [one.asked for one in again.questions] == [one.asked for one in assignment.questions]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (OWN + "  - total.parameters", ["E203"]),
        (OWN.replace("three", "thre"), ["E528"]),
        (OWN.replace("three", "thre").replace("four", "fuor"), ["E528", "E528"]),
        (OWN.replace("three", "thre").replace("q2, network", "q1, network"), ["E528"]),
        (OWN + "set: {width: 3}", ["E527"]),
    ],
)
def test_what_is_wrong_with_such_questions_is_said_once(text: str, codes: list[str]) -> None:
    assert [found.code for found in problems_of(text)] == codes
