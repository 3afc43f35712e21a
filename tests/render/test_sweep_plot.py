"""Plots of sweeps: what is drawn where, as a picture and in characters."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.questions.sweep.evaluate import Row
from cnncalc.questions.sweep.quantities import Column, read_columns
from cnncalc.questions.sweep.view import Picture, picture_of, view_of, wanted
from cnncalc.render.screen import Line
from cnncalc.render.sweep_plot import HEIGHT, WIDTH, sweep_svg, terminal_plot

SVG = "{http://www.w3.org/2000/svg}"
COLUMNS = (Column("a"), *read_columns(["params", "macs", "rf", "peak"]))


def picture(rows: list[tuple[int, int, int, int]], plot: str = "macs,params", pareto: str = "macs,max:params", **more):
    view = view_of(wanted(pareto, more.get("where", []), None, more.get("top"), plot, draws=True), COLUMNS)
    made = [Row((a, params, macs, (rf, rf), 2 * macs)) for a, params, macs, rf in rows]
    return picture_of(view, [*made, Row((99, None, None, None, None), "E310: no")])


def characters(line: Line) -> str:
    return line if isinstance(line, str) else "".join(one if isinstance(one, str) else one.text for one in line)


LINE = [(a, 100 * a, 1000 * a, 7) for a in range(1, 9)]


def parts(made: Picture, kind: str, source: str = "net.yaml") -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(sweep_svg(made, source)).iter(SVG + kind))


def test_each_row_with_both_numbers_is_a_dot():
    rows = [*LINE, (9, 50, 8500, 7), (10, 60, 9000, 7)]
    dots = parts(picture(rows), "circle")
    assert len(dots) == 10
    assert [dot.get("class") for dot in dots].count("cnn-best") == 8
    for dot in dots:
        assert 0 < float(dot.get("cx") or 0) < WIDTH and 0 < float(dot.get("cy") or 0) < HEIGHT
    best = [dot for dot in dots if dot.get("class") == "cnn-best"]
    # Evenly apart, to the right and up.
    across = [float(dot.get("cx") or 0) for dot in best]
    up = [float(dot.get("cy") or 0) for dot in best]
    for places in (across, up[::-1]):
        steps = [after - before for before, after in pairwise(places)]
        assert min(steps) > 0 and max(steps) - min(steps) < 0.05
    assert dots[-1].findtext(SVG + "title") == "a 8: 8k, 800"


def test_the_front_is_joined_from_left_to_right():
    rows = [(1, 10, 50, 1), (2, 40, 80, 1), (3, 20, 60, 1), (4, 5, 70, 1)]
    (path,) = [one for one in parts(picture(rows), "path") if one.get("class") == "cnn-front"]
    found = [tuple(map(float, point.split())) for point in re.findall(r"[\d.]+ [\d.]+", path.get("d") or "")]
    dots = {dot.findtext(SVG + "title"): dot for dot in parts(picture(rows), "circle")}
    wanted_ = [dots[name] for name in ("a 1: 50, 10", "a 3: 60, 20", "a 2: 80, 40")]
    assert found == [(float(dot.get("cx") or 0), float(dot.get("cy") or 0)) for dot in wanted_]


def test_a_wide_range_is_logarithmic():
    dots = parts(picture([(a, 10**a, 10**a, 1) for a in range(1, 5)]), "circle")
    across = [float(dot.get("cx") or 0) for dot in dots]
    steps = [after - before for before, after in pairwise(across)]
    assert max(steps) - min(steps) < 0.05


def test_words_do_not_lie_on_each_other():
    rows = [(a, 1000 + a % 7 * 3 + a, 1000 + 2 * a, 1) for a in range(60)]
    made = picture(rows)
    names = [text for text in parts(made, "text") if (text.text or "").startswith("a ")]
    assert names
    boxes = [(float(text.get("x") or 0), float(text.get("y") or 0), 5.0 * len(text.text or ""), 8.0) for text in names]
    for at, (x, y, wide, high) in enumerate(boxes):
        for other_x, other_y, other_wide, _ in boxes[at + 1 :]:
            assert x + wide <= other_x or other_x + other_wide <= x or abs(y - other_y) >= high


def test_the_words_of_a_point_are_beside_no_other():
    # Three on the front, close above each other and to the axis: words below the second would be taken for the first's.
    rows = [(1, 1385, 217, 1), (2, 1385, 313, 2), (3, 1385, 426, 3), (4, 17113, 6287, 1)]
    made = picture(rows, "params,macs", "macs,rf")
    dots = {dot.findtext(SVG + "title"): dot for dot in parts(made, "circle")}
    places = {
        (title or "").split(":")[0]: (float(dot.get("cx") or 0), float(dot.get("cy") or 0))
        for title, dot in dots.items()
    }
    words = [word for word in parts(made, "text") if (word.text or "") in places]
    assert words
    for word in words:
        # The middle of the letters' height, at the end that is nearer to the dots.
        x, y = float(word.get("x") or 0), float(word.get("y") or 0) - 3.5
        nearest = min(places, key=lambda name: (places[name][0] - x) ** 2 + (places[name][1] - y) ** 2)
        assert nearest == word.text


def test_what_a_user_wrote_is_text():
    text = sweep_svg(picture(LINE), "<script>\x1b[1m&.yaml")
    assert "<script>" not in text and "\x1b" not in text
    assert any("<script>" in (one.text or "") for one in ElementTree.fromstring(text).iter(SVG + "text"))


@pytest.mark.parametrize("rows", [[(1, 5, 5, 1)], [(1, 0, 0, 1), (2, 0, 0, 1)], [(1, 1, 10**15, 1), (2, 3, 1, 1)]])
def test_few_and_far_points_can_be_drawn(rows):
    assert len(parts(picture(rows), "circle")) == len(rows)
    assert any("*" in characters(line) for line in terminal_plot(picture(rows), 60))


def test_conditions_hold_for_the_picture_and_the_number_of_rows_does_not():
    assert len(picture(LINE, where=["params<=400"]).points) == 4
    assert len(picture(LINE, top=2).points) == 8
    with pytest.raises(CnncalcError, match="E737"):
        picture(LINE, where=["params<=4"])


@pytest.mark.parametrize("width", [30, 60, 80, 10_000])
def test_characters_keep_to_the_width(width):
    drawn = [characters(line) for line in terminal_plot(picture([*LINE, (9, 50, 8500, 7)]), width)]
    assert max(map(len, drawn)) <= min(width, 102)
    assert drawn[0] == "params" and drawn[-1].endswith("MACs")
    body = [line.partition("|")[2] or line.partition("+")[2] for line in drawn[1:-3]]
    assert sum(line.count("*") for line in body) in range(5, 9)
    assert sum(line.count(".") for line in body) == 1
