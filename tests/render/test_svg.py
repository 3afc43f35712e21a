"""The SVG builder: nothing of a user's text gets out of its place, and texts fit where they are put."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.render.axes import Scale, horizontal_axis, linear_ticks, si_text, vertical_axis
from cnncalc.render.svg import document, element, escaped, label, line, rectangle, shortened, text_width
from cnncalc.render.words import clean

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>alert("1")</script>&amp;\x00\x1b[31m\u202e\ufffe\ud800\n\t\'x'


def parsed(*parts):
    return ElementTree.fromstring(document(100, 50, "a title", "what it shows", parts).encode())


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_one_text_and_one_attribute(text):
    root = parsed(element("text", text, class_=text))
    (found,) = root.findall(f"{SVG}text")
    assert not list(found) and found.get("class") == (found.text or "")
    if clean(text) == text:
        assert (found.text or "") == text


def test_a_hostile_text_stays_text_everywhere():
    parts = [
        label(1, 2, HOSTILE),
        label(1, 2, HOSTILE * 9, room=40),
        rectangle(0, 0, 5, 5, HOSTILE, title=HOSTILE),
        line([(0, 0), (1, 1)], "cnn-line", title=HOSTILE),
    ]
    text = document(10, 10, HOSTILE, HOSTILE, parts)
    root = ElementTree.fromstring(text.encode())
    assert "<script" not in text and not re.search("[\x00-\x08\x0b-\x1f\u202e\ufffe\ud800]", text)
    assert {one.tag for one in root.iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "style", "rect", "text", "path")
    }


def test_a_document_says_what_it_is_and_loads_nothing():
    text = document(100.5, 50, "a title", "what it shows", [])
    root = ElementTree.fromstring(text)
    assert root.get("viewBox") == "0 0 100.5 50" and root.get("role") == "img"
    assert [one.tag.removeprefix(SVG) for one in root][:2] == ["title", "desc"]
    assert root.findtext(f"{SVG}title") == "a title" and root.findtext(f"{SVG}desc") == "what it shows"
    assert "prefers-color-scheme:dark" in text
    assert not re.search(r"url\(|href|@import|<script|http(?!://www\.w3\.org/2000/svg)", text)


def test_names_and_numbers_of_attributes():
    assert element("a", class_="b", stroke_width=2, x=1.5, y=0.333333, z=None, w=-0.25) == (
        '<a class="b" stroke-width="2" x="1.5" y="0.33" w="-0.25"/>'
    )
    assert element("a", element("b"), "<b/>") == "<a><b/>&lt;b/&gt;</a>"
    assert escaped("a\u200bb") == "a\\u200bb"


@pytest.mark.parametrize(
    ("text", "units"),
    # of DejaVu Sans, measured with FreeType, in thousandths of the font size
    [("layer1.0.conv1", 7440), ("BatchNorm2d", 6873), ("512x28x28", 5637), ("illicit", 2331), ("3/2 p1", 3198)],
)
def test_a_width_is_about_the_font_s_and_not_less(text, units):
    assert units / 1000 * 12 <= text_width(text) <= units / 1000 * 12 * 1.15


def test_chinese_characters_are_as_wide_as_the_font_is_high():
    assert 40 <= text_width("卷积模块", 10) <= 44


@given(st.text(max_size=60), st.floats(12, 200))
def test_what_is_shortened_fits(text, room):
    short = shortened(text, room)
    assert short == text or (short.count("…") >= 1 and text_width(short) <= room)
    assert text_width(short) <= max(room, text_width("…"))


def test_what_is_shortened_keeps_both_ends_and_is_whole_in_the_title():
    name = "features.denseblock4.denselayer16.conv2"
    short = shortened(name, 120)
    before, after = short.split("…")
    assert name.startswith(before) and name.endswith(after) and len(after) >= 6
    root = parsed(label(0, 10, name, room=120))
    (text,) = root.findall(f"{SVG}text")
    assert text.text == short and text.findtext(f"{SVG}title") == name
    assert shortened(name, 1000) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (999.9, "1k"),
        (4100, "4.1k"),
        (25_557_032, "25.6M"),
        (999_999, "1M"),
        (4_089_184_256, "4.09G"),
        (0.25, "0.25"),
    ],
)
def test_si_prefixes(value, text):
    assert si_text(value) == text


@given(st.floats(1e-3, 1e12), st.floats(0, 1000), st.integers(2, 10))
def test_ticks_are_round_and_inside(span, away, count):
    low = span * away
    high = low + span
    ticks = linear_ticks(low, high, count)
    steps = {float(f"{after - before:.6g}") for before, after in pairwise(ticks)}
    assert len(steps) <= 1 and all(f"{step:e}"[0] in "125" for step in steps)
    assert count / 3 - 1 <= len(ticks) <= count + 1
    assert all(low - span * 1e-6 <= tick <= high + span * 1e-6 for tick in ticks)


@pytest.mark.parametrize(("low", "high"), [(1, 10), (1, 427), (3, 40), (1, 1e9)])
def test_ticks_of_a_logarithmic_scale(low, high):
    scale = Scale(low, high, 300, 0, log=True)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 7 and all(low <= tick <= high for tick in ticks)
    assert scale.at(low) == 300 and abs(scale.at(high)) < 1e-9
    assert abs(scale.at((low * high) ** 0.5) - 150) < 1e-9


def test_axes_lie_where_their_scales_say():
    scale = Scale(0, 40, 10, 90)
    root = parsed(*horizontal_axis(scale, 5, 40, "MACs"), *vertical_axis(Scale(0, 4e6, 40, 5), 10, 90, "params"))
    texts = {one.text: (float(one.get("x")), float(one.get("y"))) for one in root.findall(f"{SVG}text")}
    assert texts["20"][0] == 50 and texts["40"][0] == 90 and texts["2M"][1] == 22.5 + 4
    assert {"MACs", "params"} <= texts.keys()
