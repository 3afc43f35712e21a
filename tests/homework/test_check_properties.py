"""A right answer is right in every notation; a mistake is named, and never counted right."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from shell import LENET, SPECS

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.check import Checker
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import QUANTITIES, TOTAL, Asked
from cnncalc.homework.submission import read_submission

GRAPHS = [cnncalc.load(LENET), cnncalc.load(str(SPECS / "alexnet.yaml"))]


def askable(graph):
    network = Network(graph)
    for place in [*network.nodes, TOTAL]:
        for quantity in QUANTITIES:
            if quantity == "output" or (place == TOTAL) > QUANTITIES[quantity].of_total:
                continue
            try:
                network.value(Asked(place, quantity))
            except CnncalcError:
                continue
            yield Question(Asked(place, quantity))


CHECKERS = [Checker(Assignment("any", graph, tuple(askable(graph)))) for graph in GRAPHS]
QUESTIONS = [(checker, question) for checker in CHECKERS for question in checker.assignment.questions]

SHAPES = ("x", "×", " x ", "*", ", ", " X ")
FULL_WIDTH = str.maketrans("0123456789,.()x", "０１２３４５６７８９，．（）ｘ")


def notations(asked, value):
    """Return how people write a right value."""
    if asked.about.kind == "shape":
        sizes = [str(size) for size in value]
        joined = [mark.join(sizes) for mark in SHAPES] if len(sizes) > 1 else [sizes[0], f"1x{sizes[0]}"]
        listed = ", ".join(sizes)
        more = [f"({listed})", f"[{listed}]", f"torch.Size([1, {listed}])", f"(N, {listed})"]
        if len(sizes) == 3:
            channels, height, width = sizes
            more += [
                f"{channels}@{height}x{width}",
                f"{height}*{width}*{channels} (HWC)",
                f"C={channels}, H={height}, W={width}",
            ]
        return joined + more
    number = int(value[0])
    if asked.about.kind == "size":
        return (
            [str(number), "x".join(map(str, map(int, value)))] if len(set(value)) == 1 else ["x".join(map(str, value))]
        )
    plain = [
        str(number),
        f"{number:,}",
        f"{number:,}".replace(",", " "),
        f"{number}.0",
        f"+{number}",
        f"{number - 7} + 7",
    ]
    plain += [f"2*{number}/2", f"({number})", f"{number} = {number}"]
    unit = {"B": " B", "MAC": " MACs", "FLOP": " FLOPs"}.get(asked.about.unit, "")
    return [*plain, f"{number}{unit}"]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_right_answer_is_right_in_every_notation(data):
    checker, question = data.draw(st.sampled_from(QUESTIONS))
    value = checker.taker.network(question).value(question.asked)
    text = data.draw(st.sampled_from(notations(question.asked, value)))
    if data.draw(st.booleans()):
        text = text.translate(FULL_WIDTH)
    submission = read_submission(f"answers:\n  {question.asked.key}: '{text}'\n", "a.yaml")
    (mark,) = [mark for mark in checker.check(submission).marks if mark.question is question]
    assert (mark.verdict, mark.points) == ("right", 1), (text, mark)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mistake_is_named_and_never_right(data):
    checker, question = data.draw(st.sampled_from(QUESTIONS))
    asked = question.asked
    network = checker.taker.network(question)
    wrong = Diagnoser(network).distractors(asked)
    whole = {value: found for value, found in wrong.items() if all(size == int(size) for size in value)}
    if not whole:
        return
    value, diagnoses = data.draw(st.sampled_from(sorted(whole.items(), key=lambda item: item[0])))
    text = "x".join(str(int(size)) for size in value)
    submission = read_submission(f"answers:\n  {asked.key}: '{text}'\n", "a.yaml")
    (mark,) = [mark for mark in checker.check(submission).marks if mark.question is question]
    if mark.verdict == "right":  # written with a batch axis, or as a map of one position, it is the truth
        assert asked.about.kind == "shape" and len(value) != len(network.value(asked))
        return
    named = {one.name for diagnosis in mark.diagnoses for one in diagnosis.mistakes}
    assert mark.verdict == "wrong"
    assert named & {one.name for diagnosis in diagnoses for one in diagnosis.mistakes}


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(QUESTIONS), st.text(max_size=40))
def test_no_text_breaks_the_checker_or_is_right_by_chance(which, text):
    checker, question = which
    escaped = text.encode("unicode_escape").decode().replace('"', '\\"')
    try:
        submission = read_submission(f'answers:\n  {question.asked.key}: "{escaped}"\n', "a.yaml")
    except CnncalcError:
        return
    found = checker.check(submission)
    assert Fraction(0) <= found.points <= found.of
