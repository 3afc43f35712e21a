"""Questions are plain, told apart from their mistakes, new, and the same for the same seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fractions import Fraction

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment import Counting, Question
from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.quiz.describe import listed
from cnncalc.homework.quiz.draw import Draw
from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.homework.quiz.key import key_text
from cnncalc.homework.quiz.make import Order, make_quiz
from cnncalc.homework.quiz.questions import ENOUGH, FEWEST
from cnncalc.homework.quiz.telling import tells, told_by
from cnncalc.homework.quiz.topics import LARGEST, RECIPES, read_topics
from cnncalc.homework.submission import read_submission
from cnncalc.homework.submission.collected import Student
from cnncalc.render.quiz.words import feedback
from cnncalc.spec.load import load, loads
from tests.shell import LENET, ROOT

SEEDS = 80


def starts(size: int, kernel: int, stride: int, padding: int, dilation: int) -> list[int]:
    """Return where windows start, found by sliding one along until it leaves the padded input."""
    reach = [tap * dilation for tap in range(kernel)]
    found, at = [], -padding
    while at + reach[-1] < size + padding:
        found.append(at)
        at += stride
    return found


def leaves_nothing_over(node) -> bool:
    """Whether the last window of a convolution or pooling ends with the padded input, on each axis."""
    layer = node.layer
    if not hasattr(layer, "kernel_size"):
        return True
    dilation = getattr(layer, "dilation", (1, 1))
    stride = getattr(layer, "strides", None) or layer.stride
    for axis, size in enumerate(node.input_shapes[0][1:]):
        kernel, padding = layer.kernel_size[axis], layer.padding[axis][0]
        last = starts(size, kernel, stride[axis], padding, dilation[axis])[-1]
        if last + (kernel - 1) * dilation[axis] != size + padding - 1:
            return False
    return True


def check_item(item: Item, level: int) -> None:
    answer = item.text(item.answer)
    wrong = [item.text(distractor.value) for distractor in item.distractors]
    assert re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", answer)
    assert all(re.fullmatch(r"\d+(x\d+)*", text) for text in wrong)
    assert answer not in wrong, "a mistake gives the right answer"
    assert len(set(wrong)) == len(wrong) >= FEWEST.get(item.question.asked.quantity, ENOUGH)
    assert max(item.answer) <= LARGEST[level - 1]
    assert all(distractor.diagnoses for distractor in item.distractors)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_question_is_plain_and_no_mistake_hides_in_it(level):
    for seed in range(SEEDS):
        quiz = make_quiz(Order(tuple(RECIPES), len(RECIPES), seed, level))
        assert [item.topic for item in quiz.items] == list(RECIPES)
        for item in quiz.items:
            check_item(item, level)
            if item.question.asked.quantity not in ("parameters", "receptive_field", "jump", "parameter_memory"):
                assert all(map(leaves_nothing_over, item.network.graph.nodes)), item.lines


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("topic", RECIPES)
def test_no_question_comes_twice(topic, level):
    for seed in range(3):
        quiz = make_quiz(Order((topic,), 12, seed, level))
        assert len({(item.lines, item.question.asked) for item in quiz.items}) == 12


@pytest.mark.parametrize("level", [1, 2, 3])
def test_with_fractions_every_shape_is_rounded(level):
    for seed in range(20):
        for item in make_quiz(Order(("shape",), 3, seed, level, fractions=True)).items:
            check_item(item, level)
            assert not all(map(leaves_nothing_over, item.network.graph.nodes)), item.lines


def read_from_sheet(item: Item) -> dict[str, int]:
    """Read the numbers of a lone convolution out of its description, as a student does."""
    text = " ".join(item.lines)
    size = re.search(r"has (\d+) channels? and is (\d+) high and (\d+) wide", text)
    found = dict(zip(("channels", "height", "width"), map(int, size.groups()), strict=True))
    found["filters"] = int(re.search(r"with (\d+) filters?", text)[1])
    found["kernel"] = int(re.search(r"kernel is (\d+)x\1\.", text)[1])
    found["stride"] = int(re.search(r"stride is (\d+)\.", text)[1])
    found["padding"] = int(re.search(r"padding is (\d+) on each side", text)[1])
    for name, words in (("dilation", r"dilation is (\d+)\."), ("groups", r"in (\d+) groups")):
        written = re.search(words, text)
        found[name] = int(written[1]) if written else 1
    found["bias"] = int("Each filter has a bias." in text)
    assert ("It has no biases." in text) != bool(found["bias"])
    return found


def test_the_description_says_all_that_the_answer_needs():
    """Windows slid by hand and weights counted one by one, from the sheet's words alone."""
    seen = set()
    for seed in range(40):
        for level in (1, 2):
            for item in make_quiz(Order(("shape", "parameters", "macs", "memory"), 8, seed, level)).items:
                if [node.type for node in item.network.graph.nodes] != ["Conv2d"]:
                    continue
                told = read_from_sheet(item)
                sides = [
                    len(starts(told[side], told["kernel"], told["stride"], told["padding"], told["dilation"]))
                    for side in ("height", "width")
                ]
                filter_weights = sum(
                    1 for _ in range(told["channels"] // told["groups"]) for _ in range(told["kernel"] ** 2)
                )
                places = sides[0] * sides[1] * told["filters"]
                by_hand = {
                    "output_shape": (told["filters"], *sides),
                    "parameters": (told["filters"] * (filter_weights + told["bias"]),),
                    "macs": (places * filter_weights,),
                    "memory": (places * 4,),
                    "parameter_memory": (told["filters"] * (filter_weights + told["bias"]) * 4,),
                }
                assert item.answer == by_hand[item.question.asked.quantity]
                seen.add(item.question.asked.quantity)
    assert seen == {"output_shape", "parameters", "macs", "memory", "parameter_memory"}


def test_an_argument_that_is_asked_for_is_not_told():
    words = {"padding": "padding is", "stride": "stride is", "kernel_size": "kernel is", "out_channels": "filters."}
    for level in (1, 2, 3):
        for seed in range(10):
            for item in make_quiz(Order(("solve",), 4, seed, level)).items:
                said = words.get(item.question.asked.quantity, "dilation is")
                assert said not in " ".join(item.lines)
                assert item.question.such_that[0].text in item.prompt


def fill_in(quiz: Quiz, answers: dict[str, str]) -> list:
    assignment = read_assignment(key_text(quiz), "key.yaml")
    text = "answers:\n" + "".join(f"  {label}: {answer}\n" for label, answer in answers.items())
    return list(Checker(assignment).check(read_submission(text, "answers.yaml")).marks)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_key_gives_right_answers_full_marks_and_names_every_mistake(level):
    quiz = make_quiz(Order(tuple(RECIPES), 16, 5, level, partial=Fraction(1, 2)))
    right = fill_in(quiz, {item.label: item.text(item.answer) for item in quiz.items})
    assert [mark.verdict for mark in right] == ["right"] * 16
    assert [mark.points for mark in right] == [1] * 16
    for item in quiz.items:
        for distractor in item.distractors:
            marks = fill_in(quiz, {item.label: item.text(distractor.value)})
            (mark,) = (mark for mark in marks if mark.question.label == item.label)
            named = {one.name for diagnosis in mark.diagnoses for one in diagnosis.mistakes}
            assert named >= {one.name for diagnosis in distractor.diagnoses for one in diagnosis.mistakes}
            assert (mark.verdict, mark.points) == ("wrong", Fraction(1, 2))


def test_the_key_of_a_given_network_holds_its_spec():
    order = Order(("shape", "parameters"), 6, 1, graph=load(LENET))
    quiz = make_quiz(order)
    assignment = read_assignment(key_text(quiz), "elsewhere/key.yaml")
    assert [node.name for node in assignment.graph.nodes] == [node.name for node in load(LENET).nodes]
    marks = fill_in(quiz, {item.label: item.text(item.answer) for item in quiz.items})
    assert {mark.verdict for mark in marks} == {"right"}


def test_questions_on_lenet_have_its_published_numbers():
    """LeCun's LeNet-5 as courses count it: 156 + 2,416 + 48,120 + 10,164 + 850 = 61,706 parameters."""
    published = {"conv1": 156, "conv2": 2416, "fc1": 48120, "fc2": 10164, "fc3": 850, "total": 61706}
    quiz = make_quiz(Order(("parameters",), 6, 3, level=3, graph=load(LENET)))
    assert {item.question.asked.place: item.answer[0] for item in quiz.items} == published


def test_too_few_questions_are_refused():
    with pytest.raises(CnncalcError) as caught:
        make_quiz(Order(("parameters",), 20, 1, graph=load(LENET)))
    assert [found.code for found in caught.value.diagnostics] == ["E581"]


def stated(item: Item) -> set[str]:
    """Return every shape and number that a question states, but for those in names (features.10) and examples."""
    text = re.sub(r"such as [\dx]+", "", "\n".join([*item.lines, item.prompt]).replace(",", ""))
    text = re.sub(r"\b[A-Za-z_]\w*(\.\w+)*", " ", text)
    return {found for shape in re.findall(r"\d+(?:x\d+)*", text) for found in (shape, *shape.split("x"))}


GALLERY = sorted((ROOT / "specs").glob("*.yaml"))


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_no_question_on_a_network_answers_another(path):
    """Read off the sheet's words alone: no shape or count that is asked for is stated anywhere on it."""
    for seed in range(3):
        items = make_quiz(Order(("shape", "parameters", "macs", "memory"), 8, seed, 2, graph=load(path))).items
        counts = [item for item in items if item.question.asked.about.kind in ("shape", "number")]
        assert len(counts) == 8
        for item in counts:
            assert not [other.label for other in items if item.text(item.answer) in stated(other)], item.prompt


def test_what_enters_a_layer_tells_the_shape_of_the_layer_before():
    network = Network(load(ROOT / "specs/vgg16.yaml"), Counting())
    pooled = next(node for node in network.graph.nodes if node.type == "MaxPool2d")
    after = next(node for node in network.graph.nodes if pooled.name in node.inputs)
    told = told_by(network, Question(Asked(after.name, "macs")), alone=True)
    assert tells(told, network, Asked(pooled.name, "output_shape"), pooled.output_shape)
    assert not tells(told, network, Asked(after.name, "output_shape"), after.output_shape)


def test_an_argument_is_not_told_by_another_question():
    words = {"padding": "padding is", "stride": "stride is", "kernel_size": "kernel is|windows are"}
    for seed in range(6):
        items = make_quiz(Order(("solve", "macs", "shape"), 6, seed, 3, graph=load(ROOT / "specs/vgg16.yaml"))).items
        for item in items:
            said = words.get(item.question.asked.quantity, "dilation is")
            if item.topic == "solve" and item.question.asked.quantity != "out_channels":
                place = re.escape(item.question.asked.place)
                lines = [line for other in items for line in other.lines if re.match(rf"{place} is ", line)]
                assert lines
                assert not any(re.search(said, line) for line in lines), item.prompt


def test_the_kernel_of_the_first_layer_is_no_receptive_field_to_ask_for():
    for seed in range(6):
        items = make_quiz(Order(("receptive-field",), 2, seed, graph=load(LENET))).items
        assert "conv1" not in {item.question.asked.place for item in items}, "5 is told: its kernel is 5x5"


@pytest.mark.parametrize("level", [1, 3])
def test_no_question_is_longer_than_half_a_page(level):
    quiz = make_quiz(Order(tuple(RECIPES), 12, 1, level, graph=load(ROOT / "specs/densenet121.yaml")))
    assert max(len(item.lines) for item in quiz.items) <= 17, "the input, and 16 layers"
    assert max(len(item.question.wording) for item in quiz.items) < 3000
    right = fill_in(quiz, {item.label: item.text(item.answer) for item in quiz.items})
    assert [mark.verdict for mark in right] == ["right"] * 12


def test_a_topic_whose_other_questions_are_too_long_is_refused():
    layers = "- {type: Conv2d, out_channels: 4, kernel_size: 3}\n" * 30
    graph = loads("input: [3, 200, 200]\nlayers:\n" + layers)
    with pytest.raises(CnncalcError) as caught:
        make_quiz(Order(("receptive-field",), 20, 1, graph=graph))
    assert "too long" in caught.value.diagnostics[0].message


def test_names_are_listed_as_the_language_does(chinese):
    assert listed(["conv1"]) == "conv1"
    assert listed(["conv1", "conv2", "pool1"]) == "conv1、conv2、pool1"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_no_feedback_hides_anything(level):
    """The key and the exports tell a student everything, after the fact."""
    quiz = make_quiz(Order(tuple(RECIPES), 32, 3, level))
    assert not [told for item in quiz.items for one in item.distractors for told in feedback(item, one) if "…" in told]


def test_topics_are_read_as_people_write_them():
    assert read_topics("Shape, receptive_field,shape") == ("shape", "receptive-field")
    assert read_topics("all") == tuple(RECIPES)
    with pytest.raises(CnncalcError) as caught:
        read_topics("shapes")
    assert caught.value.diagnostics[0].help == "did you mean shape?"


def test_students_have_quizzes_of_their_own_and_the_same_each_time():
    order = Order(("shape", "parameters"), 4, 7)
    ada, bob = (make_quiz(order, Student(id)) for id in ("ada", "bob"))
    assert key_text(ada) == key_text(make_quiz(order, Student("ada", "Ada Lovelace")))
    assert [item.lines for item in ada.items] != [item.lines for item in bob.items]


def test_draws_are_the_same_on_every_python():
    """The Mersenne Twister of a known seed, SHA-256 of the keys: numbers printed by Python 3.10 and 3.14 alike."""
    draw = Draw("quiz", 42, "ada")
    assert [draw.below(1000) for _ in range(6)] == DRAWN
    assert sorted(draw.shuffled(range(9))) == list(range(9))


DRAWN = [622, 242, 708, 768, 930, 288]

PRINT = """
from cnncalc.homework.quiz.make import Order, make_quiz
from cnncalc.homework.quiz.telling import tells, told_by
from cnncalc.homework.quiz.topics import RECIPES
from cnncalc.render.quiz.to_json import quiz_json
import sys
sys.stdout.buffer.write(quiz_json(make_quiz(Order(tuple(RECIPES), 16, 9, 2))))
"""


def test_the_order_of_sets_does_not_matter():
    def printed(seed: str) -> bytes:
        env = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, env=env, capture_output=True, check=True).stdout

    assert printed("1") == printed("2")
