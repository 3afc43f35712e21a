"""The geometry of drawings: whatever the boxes, frames and lines, nothing overlaps and every line reaches its ends."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.render.plot.layered import IN, OUT, Link, Segment, arrange, crossings
from cnncalc.render.plot.layout import Box, Frame, draw
from tests.render.drawings import check

sizes = st.tuples(st.floats(20, 220), st.floats(20, 70), st.sampled_from([0.0, 40.0, 90.0]), st.booleans())
boxes = st.builds(lambda size: Box(*size), sizes)
parts = st.recursive(
    boxes,
    lambda inner: st.builds(
        lambda held, title, count: Frame(tuple(held), title, count),
        st.lists(inner, min_size=1, max_size=5),
        st.floats(0, 200),
        st.floats(0, 60),
    ),
    max_leaves=18,
)


def boxes_of(parts):
    for part in parts:
        yield from boxes_of(part.parts) if isinstance(part, Frame) else [part]


@st.composite
def drawn(draw_from):
    """Parts, and lines that run forwards: most to the next box, as in networks, some anywhere."""
    held = draw_from(st.lists(parts, min_size=1, max_size=5))
    order = list(boxes_of(held))
    edges = []
    for at in range(1, len(order)):
        sources = draw_from(st.lists(st.integers(0, at - 1) | st.just(at - 1), min_size=0, max_size=3))
        edges += [(order[source], order[at]) for source in sources]
    return held, edges


@settings(max_examples=120, deadline=None)
@given(drawn(), st.sampled_from([60.0, 250.0, 100_000.0]))
def test_any_drawing_is_readable(given_, lowest):
    held, edges = given_
    check(draw(held, edges, lowest=lowest))


def test_a_chain_is_one_vertical_line():
    chain = [Box(50 + 10 * (at % 3), 30, 20) for at in range(6)]
    drawing = draw(chain, list(pairwise(chain)))
    middles = {round(place.x + place.width / 2, 3) for place in drawing.places.values()}
    assert len(middles) == 1
    assert all({round(x, 3) for x, _ in route.points} == middles for route in drawing.routes)


def test_a_skip_passes_beside_what_it_skips_and_the_main_line_is_straight():
    start, one, two, end = (Box(width, 30) for width in (60, 120, 90, 60))
    drawing = draw([start, one, two, end], [(start, one), (one, two), (two, end), (start, end)])
    check(drawing)
    middles = {round(place.x + place.width / 2, 3) for place in drawing.places.values()}
    assert len(middles) == 1
    skip = next(route for route in drawing.routes if (route.source, route.target) == (start, end))
    assert max(x for x, _ in skip.points) > drawing.places[one].x + 120


def test_branches_that_are_alike_lie_around_the_middle():
    start, end = Box(60, 30), Box(60, 30, even=True)
    branches = [Box(100, 30) for _ in range(4)]
    edges = [(start, branch) for branch in branches] + [(branch, end) for branch in branches]
    drawing = draw([start, *branches, end], edges)
    check(drawing)
    places = [drawing.places[branch] for branch in branches]
    assert len({place.y for place in places}) == 1
    middle = sum(place.x + place.width / 2 for place in places) / 4
    for part in (start, end):
        assert abs(drawing.places[part].x + 30 - middle) < 1


def test_a_long_chain_goes_on_in_columns_of_about_the_same_height():
    chain = [Box(100, 40) for _ in range(200)]
    drawing = draw(chain, list(pairwise(chain)), aspect=1.5)
    check(drawing)
    assert 0.9 < drawing.width / drawing.height < 2.5
    columns = {}
    for place in drawing.places.values():
        columns.setdefault(round(place.x), []).append(place.y)
    heights = [max(column) - min(column) for column in columns.values()]
    assert len(columns) > 5 and sorted(heights)[1] > 0.9 * max(heights)


def test_a_frame_is_crossed_where_its_line_goes_on():
    outer_start, inner, outer_end = Box(60, 30, 20), Box(80, 30, 20), Box(60, 30)
    frame = Frame((inner,), 30, 0)
    drawing = draw([outer_start, frame, outer_end], [(outer_start, inner), (inner, outer_end)])
    check(drawing)
    assert {label.level for label in drawing.labels} == {None}
    assert {label.source for label in drawing.labels} == {outer_start, inner}


def test_rows_and_crossings():
    links = [Link(IN, 0, "a"), Link(0, 2, "b"), Link(IN, 1, "a"), Link(1, 2, "c"), Link(IN, 2, "a"), Link(2, OUT, "d")]
    rows = arrange(3, links)
    kinds = [sorted(rows.vertices[one].kind for one in row) for row in rows.rows]
    assert kinds == [["in"], ["lane", "part", "part"], ["part"], ["out"]]
    assert crossings(rows.rows, rows.segments) == 0
    assert crossings([[0, 1], [2, 3]], [Segment(0, 3, ""), Segment(1, 2, "")]) == 1
    assert crossings([[0, 1], [2, 3]], [Segment(0, 3, ""), Segment(1, 3, "")]) == 0


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_anything(count):
    drawing = draw([Box(50, 20)] * count, [])
    check(drawing)
    assert len(drawing.places) == count
