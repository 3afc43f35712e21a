"""How many layers see so much, against a field that is grown layer by layer."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc import analyze, loads
from cnncalc.diagnostics import CnncalcError
from cnncalc.questions.solve.field import FieldQuestion, Stack, field_size, rule, solve_field
from cnncalc.questions.solve.ranges import parse_vary


def grown(stack: Stack) -> int:
    seen = {0}
    for _ in range(stack.layers):
        # from the last layer back: each position stands for a window of the layer before
        seen = {at * stack.stride + tap * stack.dilation for at in seen for tap in range(stack.kernel)}
    return max(seen) - min(seen) + 1


STACKS = st.builds(Stack, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=80, deadline=None)
@given(STACKS)
def test_the_size_is_what_windows_of_windows_span(stack):
    assert field_size(stack) == grown(stack)
    derived = rule(stack)
    assert eval(derived.numbers) == derived.value == field_size(stack)


def test_it_is_what_the_analysis_of_such_a_network_says():
    layers = "\n".join(["  - {type: Conv2d, out_channels: 1, kernel_size: 3, stride: 2, dilation: 2}"] * 4)
    report = analyze(loads(f"input: [1, 99, 99]\nlayers:\n{layers}\n"))
    assert report.layers[-1].receptive.fields[0].size == field_size(Stack(4, 3, 2, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.dictionaries(st.sampled_from(["kernel", "stride", "dilation"]), st.integers(1, 3), max_size=2),
    st.sampled_from(
        ["layers=1:6", "layers=1:5,kernel=1:4", "kernel=1:5,layers=1:4", "stride=1:3,layers=1:4,dilation=1:3"]
    ),
)
def test_the_least_stacks_are_listed(target, given_, vary):
    ranges = parse_vary([vary])
    fixed = {name: value for name, value in given_.items() if name not in ranges}
    if "kernel" not in ranges:
        fixed.setdefault("kernel", 2)
    answer = solve_field(FieldQuestion(target, **fixed), ranges)
    tried = {
        values: grown(Stack(**fixed, **dict(zip(ranges, values, strict=True)))) for values in product(*ranges.values())
    }
    enough = {values for values, size in tried.items() if size >= target}
    smaller = lambda one, other: one != other and all(a <= b for a, b in zip(one, other, strict=True))  # noqa: E731
    least = {values for values in enough if not any(smaller(other, values) for other in enough)}
    assert {tuple(seen.values.values()) for seen in answer.solutions} == least
    assert [seen.values for seen in answer.solutions] == [
        dict(zip(ranges, values, strict=True)) for values in sorted(least)
    ]
    short = [size for size in tried.values() if size < target]
    assert [seen.size for seen in answer.misses] == ([max(short)] if short else [])


def test_how_many_3x3_layers_see_100_pixels():
    answer = solve_field(FieldQuestion(100, kernel=3))
    assert [(seen.stack.layers, seen.size) for seen in answer.solutions] == [(50, 101)]
    assert [(seen.stack.layers, seen.size) for seen in answer.misses] == [(49, 99)]


def test_kernels_of_1_see_one_pixel():
    answer = solve_field(FieldQuestion(2, kernel=1))
    assert not answer.solved and answer.one_pixel
    assert not solve_field(FieldQuestion(1000, layers=5)).one_pixel


@pytest.mark.parametrize("vary", ["padding", "layers=0:3", "kernel={same}", "layers=1:20000"])
def test_what_makes_no_sense_is_refused(vary):
    with pytest.raises(CnncalcError, match="E720"):
        solve_field(FieldQuestion(100), parse_vary([vary]))
    with pytest.raises(CnncalcError, match="E720"):
        solve_field(FieldQuestion(100, kernel=3), parse_vary(["kernel"]))


def test_the_number_of_combinations_is_bounded():
    with pytest.raises(CnncalcError, match="E472"):
        solve_field(FieldQuestion(100), parse_vary(["layers,kernel,stride"]), max_combinations=1000)
