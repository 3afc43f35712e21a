"""Class lists as people keep them, hostile ones included, and folders that are safe on every system."""

from __future__ import annotations

import re

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.quiz.class_list import folder_names, read_class
from cnncalc.homework.submission.collected import Student


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,Ada\n2,Bob\n",
        "name,id\nAda,1\nBob,2\n",
        "ID , Name,group\n 1 , Ada ,A\n\n2,Bob,B\n",
        "学号,姓名\n1,Ada\n2,Bob\n",
        '"id","name"\r\n"1","Ada"\r\n"2","Bob"\r\n',
    ],
)
def test_lists_are_read_by_their_header(text):
    assert read_class(text, "class.csv") == [Student("1", "Ada"), Student("2", "Bob")]


def test_names_may_be_missing():
    assert read_class("id\n1\n2\n", "class.csv") == [Student("1"), Student("2")]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "E582", 1),
        ("a,b\n1,2\n", "E582", 1),
        ("id,name\n", "E582", None),
        ("id,name\n1,Ada\n,Bob\n", "E583", 3),
        ("id,name\n1,Ada\n1,Bob\n", "E583", 3),
        ("id,name\n" + "9" * 201 + ",Ada\n", "E583", 2),
        ("id\n" + "\n".join(map(str, range(5001))), "E484", None),
    ],
)
def test_what_is_wrong_is_told_at_its_line(text, code, line):
    with pytest.raises(CnncalcError) as caught:
        read_class(text, "class.csv")
    (found,) = caught.value.diagnostics
    assert (found.code, found.span and found.span.line) == (code, line)
    assert found.help


AWKWARD = [
    "../../etc/passwd",
    "..",
    ".",
    "a/b",
    "a\\b",
    "CON",
    "con",
    "lpt1",
    "-rf",
    "Ada",
    "ada",
    "ADA",
    "李雷",
    "韩梅",
    "x" * 200,
    "a b",
    "a\tb",
    "=1+1",
    "a\n",
    "~root",
    "ada-5f2",
]


def test_folders_are_plain_names_and_no_two_are_alike_in_any_case():
    names = folder_names([Student(id) for id in AWKWARD])
    assert list(names) == AWKWARD
    assert len({name.casefold() for name in names.values()}) == len(AWKWARD)
    for name in names.values():
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,60}", name)
        assert name.casefold() not in ("con", "lpt1")


def test_a_plain_number_is_its_own_folder():
    assert folder_names([Student("2026-007_a")]) == {"2026-007_a": "2026-007_a"}


def test_a_folder_does_not_depend_on_who_else_is_in_the_class():
    """So that a sheet that was handed out keeps its place when the list grows, unless an id differs in case only."""
    alone = folder_names([Student("a b")])["a b"]
    assert folder_names([Student("a b"), Student("a_b"), Student("c")])["a b"] == alone


def test_a_field_without_end_is_refused():
    with pytest.raises(CnncalcError) as caught:
        read_class('id,name\n1,"' + "a" * 200_000, "class.csv")
    assert caught.value.diagnostics[0].code == "E582"
