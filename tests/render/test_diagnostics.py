"""Errors as people read them, to the character."""

from __future__ import annotations

import pytest

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label, Span
from cnncalc.render.diagnostics import diagnostic_lines, show_diagnostics
from cnncalc.render.screen import Piece, Screen
from cnncalc.spec.load import loads

MYNET = """\
cnncalc: 1
name: mynet
input: [1, 32, 32]
layers:
  - {name: conv1, type: Conv2d, out_channels: 6, kernel_size: 5}
  - ReLU
  - {name: pool1, type: MaxPool2d, kernel_size: 2}
  - {name: conv2, type: Conv2d, out_channels: 16, kernel_size: 5}
  - ReLU
  # 16x10x10, halved
  - {name: pool2, type: MaxPool2d, kernel_size: 2}
  - {name: conv3, type: Conv2d, out_channels: 32, kernel_size: 7}
"""

E310 = """\
error[E310]: conv3: kernel 7x7 does not fit its input 5x5 (padding 0)
  --> specs/mynet.yaml:12:51
12 |   - {name: conv3, type: Conv2d, out_channels: 32, kernel_size: 7}
   |                                                   ^^^^^^^^^^^^^^
   = shapes: conv2 16x10x10 -> relu2 16x10x10 -> pool2 16x5x5 -> conv3
   = help: padding 1 or more, or kernel_size 5 or less
"""


def drawn(text: str, source: str = "specs/mynet.yaml") -> str:
    with pytest.raises(CnncalcError) as caught:
        loads(text, source=source)
    return plain(caught.value.diagnostics, caught.value.sources)


def plain(found: list[Diagnostic], sources: dict[str, str]) -> str:
    lines = (line for one in found for line in diagnostic_lines(one, sources))
    texts = ("".join(p.text if isinstance(p, Piece) else p for p in ([line] if isinstance(line, str) else line))
             for line in lines)  # fmt: skip
    return "".join(f"{text}\n" for text in texts)


def test_the_example_of_the_format():
    assert drawn(MYNET) == E310


def test_the_caret_stands_under_what_follows_wide_characters():
    text = 'input: [1, 8, 8]\nlayers:\n  - {name: a, type: ReLU, "卷积": 1}\n'
    lines = drawn(text).splitlines()
    assert lines[2] == '3 |   - {name: a, type: ReLU, "卷积": 1}'
    assert lines[3] == "  |                           ^^^^^^"  # two quotes, and two characters of two cells each
    wide = Diagnostic("E999", "x", Span("s", 1, 5, 1, 7))
    assert plain([wide], {"s": "卷积: ab"}).splitlines()[3] == "  |       ^^"


def test_control_characters_in_the_line_keep_the_caret_in_place():
    found = Diagnostic("E999", "x", Span("s", 1, 3, 1, 4))
    assert plain([found], {"s": "\x1b\u202eab"}).splitlines()[2:] == [r"1 | \u001b\u202eab", "  |             ^"]
    assert plain([found], {"s": "\t\tab"}).splitlines()[2:] == ["1 |   ab", "  |   ^"]


def test_lines_are_counted_as_yaml_counts_them():
    found = Diagnostic("E999", "x", Span("s", 3, 1, 3, 2))
    assert plain([found], {"s": "a\r\nb\x0bb\x1cb\nc\n"}).splitlines()[2] == "3 | c"


def test_a_long_line_is_shown_round_the_place():
    found = Diagnostic("E999", "x", Span("s", 1, 1001, 1, 1004))
    text, caret = plain([found], {"s": "a" * 1000 + "XYZ" + "b" * 1000}).splitlines()[2:]
    assert len(text) < 200 and text[caret.index("^") : caret.index("^") + 3] == "XYZ" and caret.endswith("^^^")


def test_other_places_calls_and_help():
    here, there = Span("s", 2, 1, 2, 5), Span("s", 1, 1, 1, 5)
    found = Diagnostic("E999", "twice", here, "rename one", (Label(there, "first here"),), (Label(there, "in Block"),))
    assert plain([found], {"s": "name\nname"}) == (
        "error[E999]: twice\n --> s:2:1\n2 | name\n  | ^^^^\n ::: s:1:1 first here\n1 | name\n  | ^^^^\n"
        "  = in Block (s:1:1)\n  = help: rename one\n"
    )


def test_after_twenty_the_rest_are_counted(capsys):
    show_diagnostics(Screen(color="never"), [Diagnostic("E999", f"number {at}") for at in range(25)], {})
    shown = capsys.readouterr().out
    assert shown.count("error[E999]") == 20 and shown.endswith("\nand 5 more\n")


def test_markup_and_emoji_are_text(capsys):
    found = [Diagnostic("E999", "[/x] [bold]:boom:[/bold] \x1b[2J", help="[link=x]y")]
    show_diagnostics(Screen(color="always"), found, {})
    shown = capsys.readouterr().out
    assert r"[/x] [bold]:boom:[/bold] \u001b[2J" in shown and "[link=x]y" in shown
