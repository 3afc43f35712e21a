"""What is said of a number: the facts' own examples, ties, pairs, what is dropped, and what no sentence may hold."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from diagnosing import ask, diagnosed, evaluated, names, network, of_gallery, questions
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import ends

from cnncalc.analysis.rebuild import rebuilt
from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment import Counting
from cnncalc.homework.diagnose import MOST, Diagnoser, folded
from cnncalc.homework.mistakes import MISTAKES
from cnncalc.homework.network import Network
from cnncalc.homework.workings import working_of

HUNDRED = network("{name: conv1, type: Conv2d, out_channels: 100, kernel_size: 5}", "[3, 32, 32]")
"""The facts' base example: 100 filters of 5x5 on RGB, 7600 parameters, 28x28 positions."""


@pytest.mark.parametrize(
    ("written", "expected", "numbers"),
    [
        (7500, ["bias-forgotten"], "100*3*5*5"),
        (7501, ["bias-once"], "100*3*5*5 + 1"),
        (7503, ["bias-per-input-channel"], "100*3*5*5 + 3"),
        (2600, ["channels-forgotten"], "100*5*5 + 100"),
        (2501, ["bias-once + channels-forgotten"], "100*5*5 + 1"),
        (5_958_400, ["sharing-forgotten"], "100*3*5*5*28*28 + 100*28*28"),
        (5_880_000, ["macs-for-parameters"], "100*3*5*5*28*28"),
        (20_384, ["kernel-a-position"], "5*5*28*28 + 28*28"),
    ],
)
def test_the_base_example_of_the_facts(written, expected, numbers):
    found = diagnosed(HUNDRED, "conv1.parameters", written)
    assert names(found)[: len(expected)] == expected
    assert found[0].numbers == numbers


def test_neighbouring_numbers_are_different_mistakes():
    assert all(names(diagnosed(HUNDRED, "conv1.parameters", at))[:1] != ["bias-forgotten"] for at in (7499, 7502))


@pytest.mark.parametrize(
    ("layer", "input", "written", "name"),
    [
        ("out_channels: 1, kernel_size: 5, padding: 2", 19, 17, "padding-once"),
        ("out_channels: 1, kernel_size: 4", 28, 24, "one-forgotten"),
        ("out_channels: 1, kernel_size: 5, stride: 2", 28, 24, "stride-forgotten"),
        ("out_channels: 1, kernel_size: 11, stride: 4", 224, Fraction("54.25"), "not-rounded"),
    ],
)
def test_the_sizes_of_the_facts(layer, input, written, name):
    of = network(f"{{name: c, type: Conv2d, {layer}}}", f"[1, {input}, {input}]")
    assert name in names(diagnosed(of, "c.output_shape", 1, written, written))
    assert name in names(diagnosed(of, "c.output_height", written))


ALEXNET = network(
    """{name: conv1, type: Conv2d, out_channels: 96, kernel_size: 11, stride: 4}
    {name: pool1, type: MaxPool2d, kernel_size: 3, stride: 2}
    {name: conv2, type: Conv2d, out_channels: 256, kernel_size: 5, padding: 2, groups: 2}
    {name: pool2, type: MaxPool2d, kernel_size: 3, stride: 2}
    {name: conv3, type: Conv2d, out_channels: 384, kernel_size: 3, padding: 1}
    {name: conv4, type: Conv2d, out_channels: 384, kernel_size: 3, padding: 1, groups: 2}
    {name: conv5, type: Conv2d, out_channels: 256, kernel_size: 3, padding: 1, groups: 2}
    {name: pool5, type: MaxPool2d, kernel_size: 3, stride: 2}
    {name: flatten, type: Flatten}
    {name: fc6, type: Linear, out_features: 4096}
    {name: fc7, type: Linear, out_features: 4096}
    {name: fc8, type: Linear, out_features: 1000}""",
    "[3, 227, 227]",
)
"""Krizhevsky et al. 2012, in two groups."""


def test_alexnet_without_its_groups():
    assert ALEXNET.value(ask(ALEXNET, "total.parameters")) == (60_965_224,)
    assert names(diagnosed(ALEXNET, "total.parameters", 62_378_344)) == ["groups-forgotten"]


def test_a_fully_connected_layer_fed_one_channel():
    of = network("{name: flatten, type: Flatten}\n{name: fc, type: Linear, out_features: 100}", "[3, 300, 300]")
    assert of.value(ask(of, "fc.parameters")) == (27_000_100,)
    assert names(diagnosed(of, "fc.parameters", 9_000_100)) == ["fed-positions-only"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (333, ["kernel-whole"]),
        (243, ["own-stride-included"]),
        (32, ["strides-ignored", "pool-strides-skipped", "jump-for-field", "another-layer"]),
        (100, ["jump-added", "another-layer"]),
        (40, ["previous-stride-only", "another-layer"]),
        (27, ["pools-skipped"]),
    ],
)
def test_the_six_fields_of_vgg_16(written, expected):
    vgg = of_gallery("vgg16")
    assert vgg.value(ask(vgg, "features.30.receptive_field")) == (212, 212)
    assert names(diagnosed(vgg, "features.30.receptive_field", written)) == expected
    assert names(diagnosed(vgg, "features.30.receptive_field", written, written)) == expected


def test_two_stacked_3x3_said_to_see_7x7():
    of = network(
        """{name: a, type: Conv2d, out_channels: 1, kernel_size: 3}
        {name: b, type: Conv2d, out_channels: 1, kernel_size: 3}"""
    )
    assert of.value(ask(of, "b.receptive_field")) == (5, 5)
    assert names(diagnosed(of, "b.receptive_field", 7)) == ["kernel-whole"]


def test_batch_normalisation_counted_with_its_statistics_or_by_half():
    of = network("{name: bn, type: BatchNorm2d}", "[32, 8, 8]")
    assert names(diagnosed(of, "bn.parameters", 128)) == ["statistics-counted"]
    assert names(diagnosed(of, "bn.parameters", 32)) == ["scale-only"]


def test_macs_and_flops_taken_for_each_other():
    assert names(diagnosed(HUNDRED, "conv1.flops", 5_880_000)) == ["macs-for-flops"]
    assert names(diagnosed(HUNDRED, "conv1.macs", 11_760_000)) == ["flops-for-macs"]
    as_one = Network(HUNDRED.graph, Counting(flops_per_mac=1))
    assert names(diagnosed(as_one, "conv1.flops", 11_760_000)) == ["flops-for-macs"]


# what ties, what is dropped, what is paired


def test_mistakes_that_give_the_same_number_do_not_hide_one_another():
    # three input channels, and a kernel of three: leaving out the one or counting the other once is the same
    of = network("{name: c, type: Conv2d, out_channels: 8, kernel_size: 3}", "[3, 9, 9]")
    assert names(diagnosed(of, "c.parameters", 80)) == ["channels-forgotten", "kernel-once"]


@pytest.mark.parametrize("name", ["lenet", "googlenet"])
def test_whatever_is_made_is_told(name):
    """Every change of every mistake is among the distractors, unless it is the truth, or impossible."""
    of = of_gallery(name)
    diagnoser = Diagnoser(of)
    for asked in list(questions(of))[::3]:
        told = {folded(asked, value): found for value, found in diagnoser.distractors(asked).items()}
        right, working = folded(asked, of.value(asked)), working_of(of, asked)
        assert right not in told
        for mistake in MISTAKES:
            if asked.quantity not in mistake.quantities or working is None:
                continue
            for changed in mistake.change(working):
                value = folded(asked, changed.working.value)
                if value == right or min(value, default=0) <= 0:
                    continue
                if mistake.slip:
                    found = diagnoser.diagnose(asked, value)
                    assert mistake.name in [one.mistakes[0].name for one in found] or len(found) == MOST
                    assert mistake.name not in [one.mistakes[0].name for one in told.get(value, ())]
                else:
                    assert mistake.name in [one.mistakes[0].name for one in told[value]], (asked.key, value)


def test_a_mistake_that_changes_nothing_is_not_told():
    """Without a bias there is none to forget; on one channel there are none to leave out."""
    of = network("{name: c, type: Conv2d, out_channels: 4, kernel_size: 3, bias: false}", "[1, 9, 9]")
    told = {
        one.mistakes[0].name for found in Diagnoser(of).distractors(ask(of, "c.parameters")).values() for one in found
    }
    assert not told & {"bias-forgotten", "bias-once", "channels-forgotten", "groups-forgotten"}
    assert diagnosed(of, "c.parameters", 36) == ()


def test_no_size_of_nothing_is_told():
    of = network("{name: c, type: Conv2d, out_channels: 4, kernel_size: 9}", "[1, 9, 9]")
    for value in Diagnoser(of).distractors(ask(of, "c.output_shape")):
        assert min(value) > 0


def test_a_pair_is_told_once_and_only_where_no_single_mistake_fits():
    found = diagnosed(HUNDRED, "conv1.parameters", 2501)
    assert len({frozenset(one.mistakes) for one in found}) == len(found)
    assert all(len(one.mistakes) == 2 for one in found)
    assert all(len(one.mistakes) == 1 for one in diagnosed(HUNDRED, "conv1.parameters", 2600))


def test_of_pairs_with_the_same_arithmetic_the_first_is_told():
    # 6*5*5 + 6: one filter, and a bias a channel; but also one channel, and six filters for sixteen
    of = network("{name: c, type: Conv2d, out_channels: 16, kernel_size: 5}", "[6, 14, 14]")
    (told,) = diagnosed(of, "c.parameters", 6 * 5 * 5 + 6)
    assert names((told,)) == ["filters-forgotten + bias-per-input-channel"]
    assert told.numbers == "6*5*5 + 6"


def test_pairs_are_left_out_where_they_are_not_wanted():
    asked = ask(HUNDRED, "conv1.parameters")
    assert Diagnoser(HUNDRED).diagnose(asked, (2501,), pairs=False) == ()
    assert names(Diagnoser(HUNDRED).diagnose(asked, (2600,), pairs=False)) == ["channels-forgotten"]


def test_a_pool_taken_for_a_convolution_with_biases():
    of = network("{name: p, type: MaxPool2d, kernel_size: 2}", "[16, 8, 8]")
    assert "bias-invented + pool-given-filters" in [
        " + ".join(sorted(named.name for named in one.mistakes)) for one in diagnosed(of, "p.parameters", 1024 + 16)
    ]


def test_two_mistakes_in_one_shape():
    of = network("{name: c, type: Conv2d, out_channels: 6, kernel_size: 5, padding: 2}", "[3, 19, 19]")
    assert "padding-forgotten + channels-last" in names(diagnosed(of, "c.output_shape", 15, 15, 6))
    assert "channels-last + batch-in-shape" in names(diagnosed(of, "c.output_shape", 1, 19, 19, 6))
    # four filters for six, and read by the wrong end: nothing of the kind is made up from where a size stands
    assert diagnosed(of, "c.output_shape", 19, 3, 6) == ()


def test_at_most_so_many_are_told_and_always_the_same():
    vgg = of_gallery("vgg16")
    asked = ask(vgg, "features.30.receptive_field")
    for written in range(1, 60):
        found = Diagnoser(vgg).diagnose(asked, (written,))
        assert len(found) <= MOST
        assert found == Diagnoser(vgg).diagnose(asked, (written,))


def test_what_no_mistake_gives_is_not_explained():
    assert diagnosed(HUNDRED, "conv1.parameters", 123_457) == ()
    assert diagnosed(HUNDRED, "conv1.kernel_size", 3) == ()


def test_a_rounded_number_is_found_within_its_slack():
    asked = ask(HUNDRED, "conv1.macs")
    assert Diagnoser(HUNDRED).diagnose(asked, (11_800_000,)) == ()
    assert names(Diagnoser(HUNDRED).diagnose(asked, (11_800_000,), Fraction(50_000)))[0] == "flops-for-macs"


def test_other_layers_answers_may_be_left_out():
    lenet = of_gallery("lenet")
    asked = ask(lenet, "fc1.parameters")
    assert names(Diagnoser(lenet).diagnose(asked, (10_164,))) == ["another-layer"]  # fc2's
    assert "another-layer" not in names(Diagnoser(lenet, others=False).diagnose(asked, (10_164,), pairs=False))


def test_what_there_is_not_is_refused():
    with pytest.raises(CnncalcError) as caught:
        diagnosed(HUNDRED, "conv1.output_depth", 3)
    assert caught.value.diagnostics[0].code == "E503"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_shape_that_someone_claims_can_be_gone_on_with(data):
    """What a student writes of a layer, right or not, is put into the network; nothing that follows may fail."""
    lenet = of_gallery("lenet")
    claimed = {
        name: tuple(data.draw(st.integers(1, 40)) for _ in lenet.nodes[name].output_shape)
        for name in data.draw(st.lists(st.sampled_from(list(lenet.nodes)), min_size=1, max_size=3, unique=True))
    }
    of = Network(rebuilt(lenet.graph, shapes=claimed))
    diagnoser = Diagnoser(of)
    for asked in questions(of):
        right = of.value(asked)
        assert folded(asked, right) not in {folded(asked, value) for value in diagnoser.distractors(asked)}


# what is said


def test_what_is_fixed_in_a_sentence_is_no_result():
    """`2(d - 1)` is a formula, 4 bytes a number, 1998 a year; whatever depends on the network is a value put in."""
    for mistake in MISTAKES:
        fixed = re.sub(r"\{\w+\}", "", mistake.sentence)
        assert set(re.findall(r"\d+", fixed)) <= {"0", "1", "2", "4", "8", "1000", "1024", "1998"}, mistake.name


@pytest.mark.parametrize("name", ["lenet", "squeezenet1_0"])
def test_every_sentence_is_told_whole(name):
    """A value that happens to be the right answer stands in its place; hints leave it out where they are shown."""
    of = of_gallery(name)
    diagnoser = Diagnoser(of)
    for asked in questions(of):
        for found in diagnoser.distractors(asked).values():
            sentences = [named.sentence for one in found for named in one.mistakes]
            assert not any("…" in sentence or "{" in sentence for sentence in sentences)


def test_a_value_that_is_the_answer_is_said():
    of = network("{name: p, type: MaxPool2d, kernel_size: 4, stride: 2}", "[1, 6, 6]")
    assert of.value(ask(of, "p.output_height")) == (2,)  # (6 - 4) / 2 + 1
    told = {one.mistakes[0].name: one.mistakes[0].sentence for one in diagnosed(of, "p.output_height", 3)}
    assert told["size-over-stride"] == "the size is taken for input / stride, 6 / 2; kernel and padding count too"


def test_the_arithmetic_of_a_diagnosis_gives_the_number():
    for of in (of_gallery("lenet"), of_gallery("resnet18")):
        diagnoser = Diagnoser(of)
        for asked in questions(of):
            for value, found in diagnoser.distractors(asked).items():
                for one in found:
                    assert folded(asked, evaluated(one.numbers, len(value))) == folded(asked, value), one


def test_sentences_are_in_the_language_of_the_moment(monkeypatch):
    diagnoser = Diagnoser(HUNDRED)
    asked = ask(HUNDRED, "conv1.parameters")
    english = diagnoser.diagnose(asked, (7500,))[0].mistakes[0].sentence
    assert english == "the biases (100) are left out"
    monkeypatch.setattr("cnncalc.homework.diagnose.say", lambda template, **values: f"<{template}>")
    monkeypatch.setattr("cnncalc.homework.diagnose.language", lambda: "zh")
    assert diagnoser.diagnose(asked, (7500,))[0].mistakes[0].sentence == "<the biases ({count}) are left out>"
    monkeypatch.undo()
    assert diagnoser.diagnose(asked, (7500,))[0].mistakes[0].sentence == english


# any convolution, any mistake


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, filters = (groups * draw(st.integers(1, 6)) for _ in range(2))
    kernel, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    extent = dilation * (kernel - 1) + 1
    sides = [draw(st.integers(extent, extent + 20)) for _ in range(2)]
    arguments = {
        "out_channels": filters,
        "kernel_size": kernel,
        "stride": draw(st.integers(1, 4)),
        "padding": draw(st.integers(0, 3)),
        "dilation": dilation,
        "groups": groups,
        "bias": str(draw(st.booleans())).lower(),
    }
    text = ", ".join(f"{name}: {value}" for name, value in arguments.items())
    return network(f"{{name: c, type: Conv2d, {text}}}", f"[{channels}, {sides[0]}, {sides[1]}]")


@settings(max_examples=60, deadline=None)
@given(of=convolutions(), data=st.data())
def test_any_mistake_in_any_convolution_is_named(of, data):
    asked = data.draw(st.sampled_from([one for one in questions(of) if one.place == "c"]))
    working = working_of(of, asked)
    assert working is not None
    changes = [
        (mistake.name, changed.working.value)
        for mistake in MISTAKES
        if asked.quantity in mistake.quantities
        for changed in mistake.change(working)
    ]
    if not changes:
        return
    name, value = data.draw(st.sampled_from(changes))
    if folded(asked, value) == folded(asked, of.value(asked)) or min(value) <= 0:
        return
    found = Diagnoser(of).diagnose(asked, value)
    assert all(len(one.mistakes) == 1 for one in found)
    assert name in [one.mistakes[0].name for one in found] or len(found) == MOST


def test_a_number_seen_before_is_looked_up():
    """A class is graded with these: once a question's tables are there, a number costs microseconds."""
    resnet = of_gallery("resnet50")
    diagnoser = Diagnoser(resnet)
    asked = ask(resnet, "total.parameters")
    diagnoser.diagnose(asked, (1,))
    with ends():  # to make the tables anew for each would take minutes
        for written in range(20_000):
            diagnoser.diagnose(asked, (written,))
