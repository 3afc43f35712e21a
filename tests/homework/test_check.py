"""Checking: verdicts, points and reasons for LeNet-5, whose numbers are worked out by hand beside each case."""

from __future__ import annotations

from fractions import Fraction

import pytest
from shell import LENET

import cnncalc
from cnncalc.homework.assignment import Assignment, Condition, Counting, Question
from cnncalc.homework.check import Checker
from cnncalc.homework.quantities import read_key
from cnncalc.homework.submission import read_submission

GRAPH = cnncalc.load(LENET)
NAMES = [node.name for node in GRAPH.nodes]


def question(key, **more):
    return Question(read_key(key, NAMES), **more)


def assignment(*questions, counting=Counting(), graph=GRAPH):  # noqa: B008
    asked = tuple(one if isinstance(one, Question) else question(one) for one in questions)
    return Assignment("homework", graph, asked, counting)


def check(work, **answers):
    """Check answers given as `conv1__output_shape="6x28x28"`, or as a text."""
    lines = "".join(f"  {key.replace('__', '.')}: {value!r}\n" for key, value in answers.items())
    return Checker(work).check(read_submission(f"answers:\n{lines}", "answers.yaml"))


def one(key, text, **more):
    """Return the mark of one answer to one question."""
    (mark,) = (
        Checker(assignment(question(key, **more)))
        .check(read_submission(f"answers:\n  {key}: {text!r}\n", "answers.yaml"))
        .marks
    )
    return mark


def mistakes(mark):
    return [tuple(named.name for named in diagnosis.mistakes) for diagnosis in mark.diagnoses]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("conv1.output_shape", "6x28x28"),
        ("conv1.output_shape", "6@28x28"),
        ("conv1.output_shape", "(6, 28, 28)"),
        ("conv1.output_shape", "28*28*6 (HWC)"),
        ("conv1.output_shape", "[1, 6, 28, 28]"),
        ("fc1.output_shape", "120"),
        ("fc1.output_shape", "1x120"),
        ("fc1.output_shape", "1x1x120"),
        ("fc1.output_shape", "120 x 1"),
        ("conv1.output_height", "(32-5)/1+1"),
        ("conv1.parameters", "156"),
        ("conv1.parameters", "(5*5*1+1)*6"),
        ("total.parameters", "61,706"),
        ("total.parameters", "61 706"),
        ("total.parameters", "61.7k"),
        ("total.parameters", "6.17e4"),
        ("total.macs", "0.417 M"),
        ("total.macs", "416,520 MACs"),
        ("total.macs", "833,040 FLOPs"),
        ("total.flops", "0.83 MFLOPs"),
        ("total.flops", "416,520 MACs"),
        ("conv2.receptive_field", "14"),
        ("conv2.receptive_field", "14x14"),
        ("conv2.jump", "2"),
        ("conv2.memory", "6.25 KiB"),  # 16*10*10*4 = 6,400 bytes
        ("conv2.memory", "6400"),
        ("conv2.memory", "51,200 bits"),
        ("conv2.memory", "6.4 KB"),
        ("conv1.padding", "0"),
    ],
)
def test_right_answers_in_every_notation(key, text):
    assert one(key, text).verdict == "right"


def test_rounding_is_said():
    assert one("total.parameters", "61.7k").notes
    assert not one("total.parameters", "61,706").notes


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("total.parameters", "61.8k"),
        ("total.parameters", "6e4"),  # one digit fits every number from 55,000 to 65,000
        ("total.parameters", "61,705"),
        ("conv1.output_shape", "6x28x29"),
        ("conv1.output_shape", "28x28"),
        ("conv2.receptive_field", "14x15"),
    ],
)
def test_what_is_near_is_wrong(key, text):
    mark = one(key, text)
    assert (mark.verdict, mark.points) == ("wrong", 0)


def test_the_mistake_is_named():
    mark = one("conv2.parameters", "2,400")
    assert mark.verdict == "wrong"
    assert mark.expected == (2416,)
    assert ("bias-forgotten",) in mistakes(mark)


@pytest.mark.parametrize(
    ("key", "text", "name"),
    [
        ("conv1.memory", "18.375 KB", "kib-called-kb"),  # 6*28*28*4 = 18,816 bytes = 18.375 KiB
        ("conv1.memory", "18.375", "unit-missing"),
        ("conv1.memory", "18.4", "unit-missing"),
        ("conv1.memory", "4704 elements", "elements-called-bytes"),
        ("conv1.memory", "150,528 bytes", "bits-called-bytes"),
        ("conv1.memory", "18,816 bits", "bytes-called-bits"),
        ("total.macs", "416,520 FLOPs", "macs-called-flops"),
        ("total.flops", "833,040 MACs", "flops-called-macs"),
        ("total.macs", "416,520 bytes", "wrong-unit"),
        ("conv2.parameters", "2416 KiB", "wrong-unit"),
        ("conv2.parameters", "9664 B", "bytes-for-numbers"),  # 4 bytes each
    ],
)
def test_a_wrong_unit_is_a_named_mistake(key, text, name):
    mark = one(key, text)
    assert mark.verdict == "wrong"
    assert (name,) in mistakes(mark)


def test_a_number_of_two_digits_is_near_everything_and_explained_by_nothing():
    assert one("total.parameters", "60k").diagnoses == ()
    assert mistakes(one("total.parameters", "61.5k"))  # 61,470 without the 236 biases


def test_a_lone_layers_quantities_need_no_layer():
    work = Assignment("one layer", SAME, (question_of("conv1.output_shape"), question_of("conv1.parameters")))
    found = check(work, output_shape="6x28x28", parameters=6 * (3 * 9 + 1))
    assert [mark.verdict for mark in found.marks] == ["right", "right"]


def test_an_early_mistake_is_not_marked_twice():
    work = assignment("conv1.output_shape", "pool1.output_shape", "conv2.output_shape", "total.parameters")
    found = check(
        work,
        conv1__output_shape="6x24x24",
        pool1__output_shape="6x12x12",
        conv2__output_shape="16x8x8",
        total__parameters=61_706,
    )
    assert [mark.verdict for mark in found.marks] == ["wrong", "followed", "followed", "right"]
    assert found.marks[1].follows_from == ("conv1.output_shape",)
    assert found.marks[2].follows_from == ("pool1.output_shape",)
    assert (found.points, found.of) == (3, 4)


def test_follow_through_can_be_off():
    work = assignment("conv1.output_shape", question("pool1.output_shape", follow_through=False))
    found = check(work, conv1__output_shape="6x24x24", pool1__output_shape="6x12x12")
    assert [mark.verdict for mark in found.marks] == ["wrong", "wrong"]
    assert found.marks[1].follows_from == ("conv1.output_shape",)
    assert found.points == 0


def test_an_answer_that_was_not_asked_is_gone_on_with():
    found = check(assignment("pool1.output_shape"), conv1__output_shape="6x24x24", pool1__output_shape="6x12x12")
    assert [mark.verdict for mark in found.marks] == ["followed"]
    assert [answer.key for answer in found.unasked] == ["conv1.output_shape"]


def test_a_mistake_made_on_an_own_number_is_named():
    # With 12x12 for 10x10: 16*6*25*144 = 345,600 multiply-accumulates; the answer is twice that.
    found = check(assignment("conv2.output_shape", "conv2.macs"), conv2__output_shape="16x12x12", conv2__macs=691_200)
    (given,) = [diagnosis for diagnosis in found.marks[1].diagnoses if diagnosis.given]
    assert given.given == ("conv2.output_shape",)


def test_two_names_of_one_question_are_one_answer():
    found = check(assignment("conv1.parameters"), conv1__params=150, conv1__parameters=156)
    assert found.marks[0].verdict == "right"
    assert [warning.code for warning in found.warnings] == ["W551"]


def test_a_key_that_means_nothing_is_said_with_its_place():
    found = check(assignment("conv1.parameters"), cnv1__parameters=156)
    assert found.marks[0].verdict == "blank"
    (warning,) = found.warnings
    assert (warning.code, warning.span.line, warning.help) == ("W556", 2, "did you mean conv1?")


def test_blank_and_unread_are_said_and_earn_nothing():
    work = assignment("conv1.output_shape", "conv1.parameters", "conv1.macs", "conv1.flops")
    found = check(work, conv1__output_shape="six", conv1__parameters="", conv1__macs="?")
    assert [mark.verdict for mark in found.marks] == ["unread", "blank", "blank", "blank"]
    assert found.marks[0].notes
    assert found.marks[0].answer.span.line == 2
    assert found.points == 0


def test_accepted_alternatives_and_partial_credit():
    assert one("conv1.parameters", "150", accept=("150",)).verdict == "right"
    share = {"bias-forgotten": Fraction(1, 2)}
    mark = one("conv2.parameters", "2400", points=Fraction(4), partial=share)
    assert (mark.verdict, mark.points) == ("wrong", 2)
    mark = one("conv2.parameters", "2400", points=Fraction(4), partial={"any": Fraction(1, 4)})
    assert mark.points == 1
    assert one("conv2.parameters", "2399", points=Fraction(4), partial={"any": Fraction(1, 4)}).points == 0


def test_channels_last():
    work = assignment("conv1.output_shape", counting=Counting(channels="last"))
    assert check(work, conv1__output_shape="28x28x6").marks[0].verdict == "right"
    assert check(work, conv1__output_shape="6x28x28 (CHW)").marks[0].verdict == "right"
    assert check(work, conv1__output_shape="6x28x28").marks[0].verdict == "wrong"


def test_a_course_may_count_otherwise():
    one_flop = assignment("total.flops", counting=Counting(flops_per_mac=1))
    assert check(one_flop, total__flops="416520").marks[0].verdict == "right"
    # conv1 adds a bias to each of 6*28*28 = 4,704 elements.
    with_bias = assignment("conv1.macs", counting=Counting(bias_in_macs=True))
    assert check(with_bias, conv1__macs=117_600 + 4_704).marks[0].verdict == "right"
    without = assignment("conv1.parameters", counting=Counting(bias_in_parameters=False))
    assert check(without, conv1__parameters=150).marks[0].verdict == "right"


SAME = cnncalc.loads(
    "cnncalc: 1\ninput: [3, 28, 28]\nlayers:\n- {type: Conv2d, out_channels: 6, kernel_size: 3, padding: 1}\n"
)


def question_of(key):
    return Question(read_key(key, ["conv1"]))


def conditioned(*keys):
    keeps = (Condition(read_key("conv1.output_shape", ["conv1"]), "6x28x28"),)
    asked = tuple(Question(read_key(key, ["conv1"]), such_that=keeps) for key in keys)
    return Assignment("homework", SAME, asked)


def test_any_argument_that_does_it_is_right():
    # Kernel 3 with padding 1 keeps 28. So does kernel 5 with padding 2, and kernel 7 with 3.
    assert check(conditioned("conv1.padding"), conv1__padding="1").marks[0].verdict == "right"
    assert check(conditioned("conv1.padding"), conv1__padding="1x1").marks[0].verdict == "right"
    both = conditioned("conv1.padding", "conv1.kernel_size")
    for padding, kernel in ((1, 3), (2, 5), (3, 7)):
        found = check(both, conv1__padding=padding, conv1__kernel_size=kernel)
        assert [mark.verdict for mark in found.marks] == ["right", "right"], (padding, kernel)
    found = check(both, conv1__padding=1, conv1__kernel_size=5)  # 28 + 2 - 5 + 1 = 26
    assert [mark.verdict for mark in found.marks] == ["right", "wrong"]


def test_what_comes_of_a_wrong_argument_is_said():
    mark = check(conditioned("conv1.padding"), conv1__padding=2).marks[0]
    assert (mark.verdict, mark.points) == ("wrong", 0)
    assert "6x30x30" in mark.notes[0]
    assert check(conditioned("conv1.kernel_size"), conv1__kernel_size=0).marks[0].verdict == "wrong"
    assert check(conditioned("conv1.kernel_size"), conv1__kernel_size=99).marks[0].verdict == "wrong"
    assert check(conditioned("conv1.stride"), conv1__stride=2).marks[0].verdict == "wrong"


def test_questions_under_labels_each_about_its_own_network():
    other = cnncalc.loads(
        "cnncalc: 1\ninput: [3, 32, 32]\nlayers:\n- {type: Conv2d, out_channels: 10, kernel_size: 5}\n"
    )
    asked = read_key("conv1.output_shape", ["conv1"])
    work = Assignment(
        "quiz",
        SAME,
        (Question(asked, label="q1"), Question(asked, label="q2", graph=other)),
    )
    found = check(work, q1="6x28x28", Q2="10x28x28")
    assert [mark.verdict for mark in found.marks] == ["right", "right"]
    found = check(work, q1="10x28x28", q2="6x28x28")
    assert [mark.verdict for mark in found.marks] == ["wrong", "wrong"]


def test_elements_of_an_output_are_right_to_their_decimals():
    spec = """
cnncalc: 1
input: [1, 3, 3]
layers:
- {type: Conv2d, out_channels: 1, kernel_size: 2, bias: false}
tensors:
  input: [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
  conv1.weight: [[[[1, 0], [0, -1]]]]
"""
    graph = cnncalc.loads(spec)
    work = Assignment("by hand", graph, (Question(read_key("conv1.output[0,1,1]", ["conv1"]), decimals=1),))
    key = "conv1.output[0,1,1]"
    # 5*1 + 6*0 + 8*0 + 9*(-1) = -4
    for text, verdict in (("-4", "right"), ("-4.04", "right"), ("-4.1", "wrong"), ("4", "wrong")):
        found = Checker(work).check(read_submission(f'answers:\n  "{key}": {text}\n', "answers.yaml"))
        assert found.marks[0].verdict == verdict, text


def test_a_field_quoted_without_gates_is_right_too():
    """3 wide and 3 wide again: 5, as papers have it; by the statistics between them a unit sees all 12 x 10."""
    graph = cnncalc.loads(
        "input: [4, 12, 10]\nlayers:\n  - {name: a, type: Conv2d, out_channels: 4, kernel_size: 3}\n"
        "  - {type: GroupNorm, num_groups: 2}\n  - {name: b, type: Conv2d, out_channels: 4, kernel_size: 3}\n"
    )
    asked = Question(read_key("b.receptive_field", [node.name for node in graph.nodes]))
    for text, verdict, notes in (("5", "right", 1), ("5x5", "right", 1), ("12x10", "right", 0), ("3", "wrong", 0)):
        (mark,) = check(assignment(asked, graph=graph), b__receptive_field=text).marks
        assert (mark.verdict, len(mark.notes)) == (verdict, notes), text
