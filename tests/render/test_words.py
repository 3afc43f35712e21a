"""Numbers, and text that came from the user."""

from __future__ import annotations

import unicodedata

import pytest

from cnncalc.render.words import cells, clean, folded, left, padding_text, right, size_text
from cnncalc.text import number, shape_text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (37632, "36.8 KiB"),
        (2**20 - 1, "1,024.0 KiB"),
        (2**20, "1.0 MiB"),
        (5 * 2**30, "5.0 GiB"),
        (36 * 10**18, "31.2 EiB"),
        (2**74, "16,384.0 EiB"),
    ],
)
def test_bytes(count, text):
    assert size_text(count) == text


def test_numbers_and_shapes():
    assert number(61706) == "61,706" and number(10**21) == "1" + ",000" * 7
    assert shape_text((6, 28, 28)) == "6x28x28" and shape_text(()) == ""


@pytest.mark.parametrize(
    ("padding", "text"),
    [
        (((0, 0), (0, 0)), "0"),
        (((1, 1), (2, 2)), "1x2"),
        (((0, 1), (0, 1)), "[0,1]"),
        (((0, 1), (1, 1)), "[0,1]x1"),
        ("same", " same"),
    ],
)
def test_padding(padding, text):
    assert padding_text(padding) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\u001b[31mred\u001b[0m"),
        ("\x1b]0;title\x07", r"\u001b]0;title\u0007"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("line\nbreak\rreturn\ttab", r"line\u000abreak\u000dreturn tab"),
        ("\x9b31m", r"\u009b31m"),
        ("\udcff", r"\udcff"),
        ("[/x] :boom: 卷积 é ﷽ 🎉", "[/x] :boom: 卷积 é ﷽ 🎉"),
    ],
)
def test_clean_makes_visible_what_a_terminal_would_obey(text, shown):
    assert clean(text) == shown


def test_clean_leaves_no_control_nor_format_character():
    assigned = [
        chr(point)
        for point in range(0x110000)
        if unicodedata.category(chr(point)) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(chr(point)) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    cleaned = clean("".join(assigned))
    assert len(assigned) > 2000 and cleaned.isascii() and cleaned.isprintable()


def test_cells_of_wide_characters():
    assert cells("conv") == 4 and cells("卷积") == 4 and cells("a卷b") == 4


def test_texts_are_filled_up_by_the_columns_a_terminal_gives_them():
    assert left("层", 5) + "|" == "层   |"
    assert right("参数量", 8) == "  参数量"
    assert left("params", 3) == "params"


def test_a_line_is_folded_by_columns():
    assert folded("left out to fit: memory, RF (a wider one)", 25) == ["left out to fit: memory,", "RF (a wider one)"]
    assert folded("short", 80) == ["short"]
    chinese = "FLOPs = 2 MACs；不计偏置、归一化、汇聚（池化）和激活"
    for width in range(20, cells(chinese) + 1):
        lines = folded(chinese, width)
        assert max(map(cells, lines)) <= width
        assert "".join(lines).replace(" ", "") == chinese.replace(" ", "")
        assert not any(line[0] in "；、）" or line[-1] in "（" for line in lines)


def test_a_word_that_is_too_long_stays_whole():
    assert folded("see " + "x" * 40 + " there", 20) == ["see", "x" * 40, "there"]


def test_folding_loses_no_character():
    odd = "a\u200b😀 é 中文，“引”(x)  y\tz"
    assert "".join(folded(odd * 9, 30)).replace(" ", "") == (odd * 9).replace(" ", "")
