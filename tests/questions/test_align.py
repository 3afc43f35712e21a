"""Rows of several networks: nothing is lost, nothing changes places, and what belongs together stands together."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.questions.align import aligned_rows, pair


class One(NamedTuple):
    name: str
    type: str
    output_shape: tuple[int, ...] = (1,)


TYPES = st.sampled_from(["Conv2d", "ReLU", "Pool"])
LAYERS = st.lists(st.tuples(st.sampled_from("abcd"), TYPES), max_size=6, unique_by=lambda one: one[0]).map(
    lambda made: [One(*one) for one in made]
)
NUMBERED = st.lists(TYPES, max_size=6).map(lambda types: [One(f"body.{at}", kind) for at, kind in enumerate(types)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(LAYERS, NUMBERED), min_size=1, max_size=4))
def test_every_list_is_read_down_its_column(lists):
    rows = aligned_rows(lists)
    for at, layers in enumerate(lists):
        assert [row[at] for row in rows if row[at] is not None] == layers
    assert all(any(one is not None for one in row) and len(row) == len(lists) for row in rows)
    for row in rows:
        first, *others = [one for one in row if one is not None]
        assert all(one.name == first.name or one.type == first.type for one in others)


def longest_common(a: list[str], b: list[str]) -> int:
    """Return the length of the longest common subsequence, by trying all."""
    for size in range(min(len(a), len(b)), 0, -1):
        if {tuple(one) for one in combinations(a, size)} & {tuple(one) for one in combinations(b, size)}:
            return size
    return 0


@settings(max_examples=150, deadline=None)
@given(NUMBERED, NUMBERED)
def test_numbered_layers_are_paired_as_often_as_their_types_allow(a, b):
    pairs = [one for one in pair(a, b) if None not in one]
    assert len(pairs) == longest_common([one.type for one in a], [one.type for one in b])


def test_a_layer_put_in_between_moves_no_other():
    before = [One("conv1", "Conv2d"), One("relu1", "ReLU"), One("fc", "Linear")]
    after = [One("conv1", "Conv2d"), One("bn1", "BatchNorm2d"), One("relu1", "ReLU"), One("fc", "Linear")]
    assert [tuple(one and one.name for one in row) for row in aligned_rows([before, after])] == [
        ("conv1", "conv1"),
        (None, "bn1"),
        ("relu1", "relu1"),
        ("fc", "fc"),
    ]


def test_equal_shapes_decide_between_equal_types():
    a = [One("x.0", "Conv2d", (8, 4, 4))]
    b = [One("x.0", "Conv2d", (8, 2, 2)), One("x.1", "Conv2d", (8, 4, 4))]
    assert pair(a, b) == [(None, 0), (0, 1)]


def test_long_lists_without_a_common_name_are_laid_side_by_side():
    a = [One(f"a{at}", "Conv2d") for at in range(600)]
    b = [One(f"b{at}", "Conv2d") for at in range(602)]
    assert pair(a, b) == [*((at, at) for at in range(600)), (None, 600), (None, 601)]
    other = [One(f"b{at}", "ReLU") for at in range(602)]
    assert len(pair(a, other)) == 1202


def test_groups_are_not_mixed_up_for_having_no_type():
    assert pair([One("block1", "")], [One("features", "")]) == [(0, None), (None, 0)]
    assert pair([One("layer1.0", "")], [One("layer1.0", ""), One("layer1.1", "")]) == [(0, 0), (None, 1)]
