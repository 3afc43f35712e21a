"""Hints: no answer to a question that is not yet right stands in them, however it got there."""

from __future__ import annotations

from shell import LENET

import cnncalc
from cnncalc.homework.assignment.defaults import assignment_for
from cnncalc.homework.check import Checker
from cnncalc.homework.hints import as_hints, masked
from cnncalc.homework.submission import read_submission


def hints(**answers):
    lines = "".join(f"  {key.replace('__', '.')}: {value!r}\n" for key, value in answers.items())
    checked = Checker(assignment_for(cnncalc.load(LENET))).check(read_submission(f"answers:\n{lines}", "a.yaml"))
    told = as_hints(checked)
    named = [one for mark in told.marks for diagnosis in mark.diagnoses for one in diagnosis.mistakes]
    assert all(diagnosis.numbers == "" for mark in told.marks for diagnosis in mark.diagnoses)
    return " ".join(one.sentence for one in named), {one.name for one in named}


def test_a_planted_total_does_not_give_the_layers_away():
    sentences, names = hints(total__parameters=60_856)  # without fc3's 850
    assert names == {"layer-left-out"}
    assert not {"156", "2,416", "48,120", "10,164"} & set(sentences.split())


def test_a_map_that_is_asked_for_is_not_named():
    # 16*5*5 = 400 enter fc1; with the channels alone, (16 + 1)*120 ... and 25 positions: 25*120 + 120 = 3,120.
    sentences, names = hints(fc1__parameters=3120)
    assert "fed-positions-only" in names
    assert "16x5x5" not in sentences
    sentences, names = hints(fc1__parameters=3120, pool2__output_shape="16x5x5")
    assert "16x5x5" in sentences


def test_another_layers_answer_is_not_told():
    _, names = hints(pool1__output_shape="6x28x28")
    assert "another-layer" not in names


def test_numbers_are_masked_whole():
    hidden = frozenset(("16", "1,176", "10x10"))
    assert masked("16 of 160, 1,176 and 11,176; 10x10, 10×10 and 10x10x3.", hidden) == (
        "… of 160, … and 11,176; …, … and 10x10x3."
    )
