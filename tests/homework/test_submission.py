"""Files that students hand in: each format with its answers and places, and what must happen to hostile ones."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import ends

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.submission import Submission, load_submission, read_submission


def read(text: str, source: str = "ada.txt") -> Submission:
    return read_submission(text, source)


def answers(text: str, source: str = "ada.txt") -> dict[str, str]:
    found = read(text, source)
    for answer in found.answers:
        assert answer.span and answer.span.source == source
    return {answer.key: answer.text for answer in found.answers}


def warnings(text: str) -> list[tuple[str, int, int]]:
    found = read(text).found
    assert all(one.help and one.span and one.severity == "warning" for one in found)
    return [(one.code, *one.span[1:3]) for one in found if one.span]


def refused(text: str, source: str = "ada.txt") -> list[Diagnostic]:
    with ends(), pytest.raises(CnncalcError) as caught:
        read(text, source)
    assert caught.value.sources == {source: text}
    return caught.value.diagnostics


def marked(text: str, source: str = "ada.txt") -> dict[str, str]:
    """What stands at each answer's place in the text."""
    lines = text.replace("\r\n", "\n").split("\n")
    return {
        answer.key: lines[answer.span.line - 1][answer.span.column - 1 : answer.span.end_column - 1]
        for answer in read(text, source).answers
        if answer.span
    }


# -- YAML and JSON

NESTED = """\
student:
  id: 007
  name: Ada Lovelace
answers:
  conv1.output_shape: 6x28x28
  conv1:
    parameters: 2,416
    output: [6, 28, 28]
    macs:
  layer1:
    block 0:
      conv1 . padding: [[0, 1], [1, 0]]
  pool1.output[0,1,2]: 0.25
  total.macs: (5*5*1+1)*6
  fc1.memory: "18.4 KiB"
  fc2.parameters: ~
  fc3.output_shape:
    - 10
"""


def test_flat_and_nested_yaml() -> None:
    found = read(NESTED)
    assert found.student == ("007", "Ada Lovelace")
    assert answers(NESTED) == {
        "conv1.output_shape": "6x28x28",
        "conv1.parameters": "2,416",
        "conv1.output": "[6, 28, 28]",
        "conv1.macs": "",
        "layer1.block_0.conv1.padding": "[[0, 1], [1, 0]]",
        "pool1.output[0,1,2]": "0.25",
        "total.macs": "(5*5*1+1)*6",
        "fc1.memory": "18.4 KiB",
        "fc2.parameters": "",
        "fc3.output_shape": "[10]",
    }
    assert found.found == ()
    assert (found.source, found.text) == ("ada.txt", NESTED)


def test_places_in_yaml() -> None:
    places = marked(NESTED)
    assert places["conv1.parameters"] == "2,416"
    assert places["conv1.output"] == "[6, 28, 28]"
    assert places["fc1.memory"] == '"18.4 KiB"'
    assert places["conv1.macs"] == "macs"  # an unanswered question is shown at its key


@pytest.mark.parametrize(
    ("text", "student"),
    [
        ("student: 2026001\n", ("2026001", "")),
        ("学生: 2026001\n", ("2026001", "")),
        ("student: {学号: 2026001, 姓名: 张三}\n", ("2026001", "张三")),
        ("学号: 2026001\n姓名: 张三\n", ("2026001", "张三")),
        ("id: 0x1F\nname: 1e3\n", ("0x1F", "1e3")),
        ("student: {Student ID: 5, Full name: A}\n", ("5", "A")),
        ("student:\n", ("", "")),
        ("", ("", "")),
        ('student: "\\e[31mred"\n', ("\x1b[31mred", "")),  # kept; cleaned when it is drawn
    ],
)
def test_students(text: str, student: tuple[str, str]) -> None:
    for body in ("answers: {a.b: 1}\n", "答案: {a.b: 1}\n", "a.b: 1\n"):
        found = read(text + body)
        assert found.student == student
        assert [answer[:2] for answer in found.answers] == [("a.b", "1")]


def test_a_list_of_questions() -> None:
    text = (
        "- question: conv1.parameters\n  answer: 156\n- {layer: conv2, question: output shape, answer: [16, 10, 10]}\n"
        "- conv3.macs: 5\n- question: fc.rf\n- 题目: fc.params\n  答案: 850\n"
    )
    assert answers(text) == {
        "conv1.parameters": "156",
        "conv2.output_shape": "[16, 10, 10]",
        "conv3.macs": "5",
        "fc.rf": "",
        "fc.params": "850",
    }
    assert answers("answers:\n" + "".join(f"  {line}\n" for line in text.splitlines())) == answers(text)
    assert warnings(text + "- 7\n") == [("W554", 8, 3)]


def test_json_goes_through_the_same_reader() -> None:
    text = (
        '{"student":{"id":"1","name":"\\ud842\\udfb7 \\u5f20"},\n\t"answers":{"a.b":61706,"c":null,"d":[1,2.5],\n'
        '\t\t"e":"x\\/\\ty","f":6.170E4,"g":""}}'
    )
    assert read(text, "a.json").student.name == "𠮷 张"
    assert answers(text, "a.json") == {"a.b": "61706", "c": "", "d": "[1, 2.5]", "e": "x/\ty", "f": "6.170E4", "g": ""}
    assert answers(json.dumps(json.loads(text), indent="\t"), "a.json")["e"] == "x/\ty"
    assert answers('{"a":"\\\\ud842\\\\udfb7"}') == {"a": "\\ud842\\udfb7"}


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85\ufeff\ufffe\uffff"), max_size=20
)


@given(
    st.dictionaries(
        st.text("abc1_", min_size=1, max_size=5),
        WORDS | st.integers() | st.lists(st.integers(), max_size=4),
        min_size=1,
    ),
    st.booleans(),
)
def test_what_json_writes_is_read(values: dict, ascii_only: bool) -> None:
    expected = {key: str(value).strip() for key, value in values.items()}
    text = json.dumps({"answers": values}, ensure_ascii=ascii_only)
    assert answers(text, "a.json") == expected


def test_json_errors_are_told_as_json() -> None:
    (found,) = refused('{"answers": {\n\t"a": 1\n\t"b": 2}}', "a.json")
    assert found.code == "E104" and "not JSON" in found.message
    assert found.span and found.span[1:3] == (3, 2)


# -- traps of YAML


def test_a_value_cut_at_its_comma_is_put_together_and_said() -> None:
    text = "{conv1.parameters: 2,416, b: (6, 28, 28), c: 7, d: 6,28,28}"
    assert answers(text) == {"conv1.parameters": "2,416", "b": "(6, 28, 28)", "c": "7", "d": "6,28,28"}
    assert warnings(text) == [("W552", 1, 20), ("W552", 1, 30), ("W552", 1, 52)]
    assert 'conv1.parameters: "2,416"' in read(text).found[0].help
    assert marked(text)["conv1.parameters"] == "2,416"


def test_a_colon_without_a_blank() -> None:
    assert warnings("{a: 1, conv1.parameters:156}") == [("W552", 1, 8)]
    assert answers("{a: 1, conv1.parameters:156}") == {"a": "1"}
    assert [one.code for one in refused("a: 1\nconv1.parameters:156\nb: 2\n")] == ["E110"]
    assert [one.code for one in refused("conv1.parameters:156\n")] == ["E110"]
    assert [one.code for one in refused("a: 1\nconv1.parameters：156\nb: 2\n")] == ["E111"]
    assert [one.code for one in refused("conv1.parameters：156\n")] == ["E110"]


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("[ (32-5)/1 ] + 1", '"[ (32-5)/1 ] + 1"'),
        ("[6, 28, 28] (CHW)", '"[6, 28, 28] (CHW)"'),
        ("{6, 28} x", '"{6, 28} x"'),
        ("@28", '"@28"'),
        ("%5", '"%5"'),
        ("**6** x", '"**6** x"'),
        ("- 4", '"- 4"'),
        ("156 (note: with bias)", '"156 (note: with bias)"'),
        ('"6" x 28', '"6\' x 28"'),
    ],
)
def test_values_that_yaml_refuses_are_to_be_quoted(value: str, quoted: str) -> None:
    found = refused(f"a: 1\nconv1.output: {value}\nb: 2\n", "a.yaml")
    assert [one.code for one in found] == ["E104"]
    assert quoted in found[0].help and "conv1.output" in found[0].help


@pytest.mark.parametrize(
    "value",
    ["=156", "= 156", "6:28", "6@28x28", "(6, 28, 28)", "50%", "-4", "+3", "~61.7k", "on", "0777", "2020-13-45"],
)
def test_values_that_yaml_lets_through_stay_as_written(value: str) -> None:
    assert answers(f"a.b: {value}  # a comment\n") == {"a.b": value}


def test_tabs() -> None:
    assert answers("a.b:\t156\n") == {"a.b": "156"}
    (found,) = refused("a:\n\tb: 1\n")
    assert (found.code, found.span and found.span.line) == ("E107", 2)


def test_a_key_given_twice_shows_both_lines_and_the_later_counts() -> None:
    text = "answers:\n  a.b: 1\n  c: 2\n  a:\n    b: 3\n  c: 4\n"
    found = read(text)
    assert [(one.code, one.span and one.span.line, one.labels[0].span.line) for one in found.found] == [
        ("W551", 5, 2),
        ("W551", 6, 3),
    ]
    assert answers(text) == {"a.b": "3", "c": "4"}
    assert answers("answers: {a: 1}\nanswers: {b: 2}\n") == {"a": "1", "b": "2"}


def test_what_stands_beside_the_answers_is_said() -> None:
    assert warnings("answers: {a: 1}\nconv1.macs: 5\n") == [("W554", 2, 1)]
    assert warnings("student: [1, 2]\nanswers: {a: 1}\n") == [("W554", 1, 10)]


# -- Markdown

MARKDOWN = """\
# Homework 1

**Name:** Ada Lovelace
- 学号：2026001

The layer: conv1 is an example.

| Layer | Output  shape | `parameters` | # |
|:------|:-------------:|-------------:|---|
| conv1 | **6x28x28**   | `2,416`      | 1 |
| **pool1** | 6\\*14\\*14 | |
| fc1   | a \\| b        | *156*        | 3 |

Some text | with a bar.

question|answer
--|--
total.macs | 416,520
fc1.params |
"""


def test_markdown_tables() -> None:
    assert read(MARKDOWN, "a.md").student == ("2026001", "Ada Lovelace")
    assert answers(MARKDOWN, "a.md") == answers(MARKDOWN) == {
        "conv1.Output_shape": "6x28x28",
        "conv1.parameters": "2,416",
        "pool1.Output_shape": "6*14*14",
        "pool1.parameters": "",
        "fc1.Output_shape": "a | b",
        "fc1.parameters": "156",
        "total.macs": "416,520",
        "fc1.params": "",
    }  # fmt: skip
    places = marked(MARKDOWN)
    assert places["conv1.Output_shape"] == "**6x28x28**"
    assert places["pool1.Output_shape"] == "6\\*14\\*14"
    assert places["total.macs"] == "416,520"


def test_rows_of_markdown_that_do_not_fit_are_said() -> None:
    text = "| layer | params |\n|---|---|\n| conv1 | 1 | 2 |\n| | 5 |\n| conv2 | 7 |\n"
    assert answers(text) == {"conv2.params": "7"}
    assert warnings(text) == [("W553", 3, 3), ("W553", 4, 2)]
    two = "| x | y |\n|---|---|\n| 1 | 2 |\n\n| layer | params |\n|---|---|\n| conv1 | 5 |\n"
    assert answers(two) == {"conv1.params": "5"}
    assert warnings(two) == [("W554", 1, 3)]
    assert [one.code for one in refused("no table here\n", "a.md")] == ["E553"]


@pytest.mark.parametrize(
    ("line", "student"),
    [
        ("Name: Ada   ID: 2026001", ("2026001", "Ada")),
        ("姓名：张三，学号：2026001", ("2026001", "张三")),
        ("Student: 2026001", ("2026001", "")),
        ("## Student ID: 5", ("5", "")),
        ("> *Student name:* Ada", ("", "Ada")),
        ("The name: Ada", ("", "")),
        ("Names: Ada", ("", "")),
    ],
)
def test_whose_sheet_it_is(line: str, student: tuple[str, str]) -> None:
    assert read(f"{line}\n\n| layer | params |\n|---|---|\n| conv1 | 5 |\n").student == student
    assert read(f"# {line}\nlayer,params\nconv1,5\n").student == student


# -- CSV


def test_csv_wide_and_long() -> None:
    wide = '# id: 2026001\n# name: Ada\n#,Layer,output shape,params\n1,conv1,"(6, 28, 28)","2,416"\n2,pool1,6x14x14\n'
    assert read(wide, "a.csv").student == ("2026001", "Ada")
    assert answers(wide) == {
        "conv1.output_shape": "(6, 28, 28)",
        "conv1.params": "2,416",
        "pool1.output_shape": "6x14x14",
        "pool1.params": "",
    }
    assert marked(wide)["conv1.params"] == '"2,416"'
    assert answers("question,answer\nconv1.params,156\n") == {"conv1.params": "156"}
    assert answers("layer;quantity;value\nconv1;params;2,416\n") == {"conv1.params": "2,416"}
    assert answers("题目\t答案\nconv1.参数\t156\n") == {"conv1.参数": "156"}
    assert answers("层,参数\nconv1,156\n") == {"conv1.参数": "156"}
    assert answers("layer,answer\nconv1.params,156\n") == {"conv1.params": "156"}
    assert answers("sep=;\r\nlayer;params\r\nconv1;156\r\n") == {"conv1.params": "156"}


def test_a_csv_value_without_quotes() -> None:
    long = "question,answer\nconv1.params,2,416\nconv1.shape,(6, 28, 28)\n"
    assert answers(long) == {"conv1.params": "2,416", "conv1.shape": "(6, 28, 28)"}
    assert warnings(long) == [("W552", 2, 14), ("W552", 3, 13)]
    wide = "layer,shape,params\nconv1,6x28x28,2,416\nconv2,1,2\n"
    assert answers(wide) == {"conv2.shape": "1", "conv2.params": "2"}
    assert warnings(wide) == [("W553", 2, 1)]


def test_a_csv_cell_may_run_over_lines() -> None:
    text = 'question,answer\na, "1\n2"\n"b",3\nc,"say ""5"""\n'
    assert answers(text) == {"a": "1\n2", "b": "3", "c": 'say "5"'}
    assert [answer.span[1:] for answer in read(text).answers if answer.span] == [
        (2, 4, 3, 3),
        (4, 5, 4, 6),
        (5, 3, 5, 14),
    ]


@pytest.mark.parametrize(
    "text", ['question,answer\na,"5\n', 'question,answer\na,"5"x\n', "a,b\n1,2\n", "layer\nconv1\n"]
)
def test_csv_without_a_usable_table(text: str) -> None:
    assert [one.code for one in refused(text, "a.csv")] == ["E553"]


CELLS = st.text("abc0123,;|\"' x()\n", max_size=12).map(str.strip)


@given(
    st.lists(st.tuples(st.text("abc.", min_size=1, max_size=6), CELLS), min_size=1, max_size=8),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_csv_writes_is_read(rows: list[tuple[str, str]], delimiter: str, end: str) -> None:
    rows = [(f"k{at}{key}k", value) for at, (key, value) in enumerate(rows)]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerows([("question", "answer"), *rows])
    assert list(answers(file.getvalue(), "a.csv").items()) == rows


# -- positions, marks, files


@pytest.mark.parametrize("text", [NESTED, MARKDOWN, "layer,params\nconv1,5\nconv2,6\n"])
def test_a_byte_order_mark_and_windows_lines_change_nothing(text: str, tmp_path: Path) -> None:
    plain = read(text).answers
    assert read("\ufeff" + text).answers == plain
    file = tmp_path / "ada.txt"
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    windows = load_submission(str(file)).answers
    assert [(answer.key, answer.text, answer.span and answer.span[1:3]) for answer in windows] == [
        (answer.key, answer.text, answer.span and answer.span[1:3]) for answer in plain
    ]


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ("学号: 1\n".encode("gbk"), "E103", "GBK"),
        ("a: 1\n".encode("utf-16"), "E103", "UTF-16"),
        (b"a: 1\0\n", "E103", "zero bytes"),
        (b"a: 1\n" + b"#" * 2**20, "E102", "larger than"),
        (b"\x80\x04\x95", "E103", "not UTF-8"),
        (b"", "E551", "empty"),
    ],
)
def test_files_that_are_no_text(data: bytes, code: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    with pytest.raises(CnncalcError) as caught:
        load_submission(str(file))
    assert [one.code for one in caught.value.diagnostics] == [code]
    assert said in str(caught.value)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "missing"):
        with pytest.raises(CnncalcError) as caught:
            load_submission(str(path))
        assert caught.value.diagnostics[0].code == "E101"


# -- hostile files

BOMB = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
DEEP = "answers: " + "{a: " * 30_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "E106"), ("a: &a\n  <<: *a\n", "E106"), ("a: &a [*a]\n", "E106"), ("{<<: {a: 1}}\n", "E106"),
        ("answers: *6\n", "E106"),
        (DEEP, "E105"), ("[" * 200_000, "E105"), ("a: !!python/object/apply:os.system [true]\n", "E106"),
        ("a: !mine 1\n", "E106"),
        ("answers: !!int 3\n", "E106"), ("a: 1\n---\nb: 2\n", "E106"), ("? [a]\n: 1\n", "E108"),
        ("a: " + "1" * 5000 + "\n", "E102"),
        ("[" + "1," * 120_000 + "]", "E102"), ("", "E551"), (" \n\t\n", "E551"), ("just words\n", "E551"),
        ("[]", "E551"), ("answers: {}\n", "E551"),
        ("student: 5\n", "E551"), ("a: 1\x1b\n", "E104"), ("\x00", "E104"),
        ("".join(f"a{at}: 1\n" for at in range(2001)), "E552"),
        ("question,answer\n" + "".join(f"a{at},1\n" for at in range(2001)), "E552"),
        ("question,answer\na," + "5" * 5000, "E102"),
        ("|layer|" + "a|" * 3000 + "\n" + "|-" * 3001 + "|\n|conv1|\n", "W551"),
        ("|layer|x|\n|-|-|\n|a|" + "5" * 5000 + "|\n", "E102"),
        ("question,answer\na\x00,5\n\"", "E553"), (",", "E553"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_at_once(text: str, code: str) -> None:
    if code == "W551":  # 3,000 columns of one name are one answer, given 3,000 times
        with ends():
            assert answers(text) == {"conv1.a": ""}
            assert len(read(text).found) == 200
        return
    found = refused(text)
    assert found[0].code == code
    assert all(one.help for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "{a: " + ",".join(str(at) for at in range(20_000)) + "}",
        "question,answer\n" + "a,1,2\n" * 60_000,
        "layer,x\n" + "a,1,2\n" * 60_000 + "b,1\n",
        "|layer|x|\n|-|-|\n" + "|a|1|2|\n" * 60_000 + "|b|1|\n",
        "|layer|x|\n|-|-|\n|b|1|\n" + "|" * 500_000 + "\n",
        "|layer|x|\n|-|-|\n|b|1|\n" + "|-\n" * 200_000,
        "Name:" + " " * 500_000 + "|\n|layer|x|\n|-|-|\n|b|1|\n",
        "|layer|x|\n|-|-|\n|b|" + "*" * 4000 + "|\n",
        "a: {" + "b: {" * 50 + "c: 1" + "}" * 51,
    ],
)
def test_large_files_are_read_in_linear_time(text: str) -> None:
    with ends():  # the slowest takes 1.5 s
        assert answers(text)


def test_long_keys_are_not_kept() -> None:
    deep = "answers:\n" + "".join("  " * at + "k" * 50 + ":\n" for at in range(1, 30)) + "  " * 30 + "x: 1\n"
    assert {one.code for one in refused(deep)} == {"E551", "W553"}
    assert answers(deep + "  b: 2\n") == {"b": "2"}


FRAGMENTS = st.sampled_from(
    ["answers:", "student:", "question,answer", "layer,params", "conv1.params", ":", ",", ";", "|", "\\|",
    "|---|---|", "|layer|params|", "{", "}", "[", "]", "(", ")", "&", "*", "!", '"', "'", "#", "-", "--", "156",
    "2,416", "6x28x28", "：", "，", "\n", "\n\n", "\t", "\r\n", "\r", "\u2028", "\x85", "\x00", "\x1b", "\ufeff",
    "学号：1", "~", "null", "<<:", "%TAG", "?", ">", "|", "`", "=", "sep=;", "\\ud842", "\\u0000"]
)  # fmt: skip
FILES = st.one_of(
    st.text(max_size=200), st.lists(FRAGMENTS, max_size=40).map("".join), st.lists(FRAGMENTS, max_size=40).map(" ".join)
)


@given(FILES, st.sampled_from(["a.txt", "a.csv", "a.md", "a.json", "a.yaml", "a"]))
@settings(max_examples=1500, deadline=30_000)
def test_no_text_does_anything_but_be_read_or_refused(text: str, source: str) -> None:
    try:
        found = read(text, source)
    except CnncalcError as error:
        assert error.diagnostics
        return
    assert found.answers
    for place in [*(answer.span for answer in found.answers), *(one.span for one in found.found)]:
        assert place and 1 <= place.line <= place.end_line <= len(text) + 1 and place.column >= 1
        assert place.end_column >= place.column or place.end_line > place.line


def test_emphasis_round_a_value_is_left_aside() -> None:
    text = (
        'a.parameters: **156**\nb.parameters: `156`\nc.parameters: "**156**"\nd.parameters: *156*\ne.parameters: 2**3\n'
    )
    assert answers(text, "a.yaml") == {
        "a.parameters": "156",
        "b.parameters": "156",
        "c.parameters": "156",
        "d.parameters": "156",
        "e.parameters": "2**3",
    }
    assert marked(text, "a.yaml")["a.parameters"] == "156"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{c: 6, h: 28, w: 28}", "C=6, H=28, W=28"),
        ("{height: 28, width: 28, channels: 6}", "H=28, W=28, C=6"),
        ("{通道: 6, 高: 28, 宽: 28}", "C=6, H=28, W=28"),
        ('{"c": 6, "h": 28, "w": 28}', "C=6, H=28, W=28"),
    ],
)
def test_a_mapping_of_axes_is_a_shape(value: str, expected: str) -> None:
    assert answers(f"answers:\n  conv1.output_shape: {value}\n") == {"conv1.output_shape": expected}
    assert answers(f"answers:\n  conv1:\n    shape: {value}\n") == {"conv1.shape": expected}
    assert answers(f'{{"conv1.output": {value}}}', "a.json" if '"' in value else "a.yaml") == {"conv1.output": expected}


def test_a_mapping_below_a_layer_holds_answers() -> None:
    text = "conv1:\n  channels: 6\n  height: 28\n"
    assert answers(text) == {"conv1.channels": "6", "conv1.height": "28"}
