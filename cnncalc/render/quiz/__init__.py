"""A quiz in the forms that people and teaching systems read, a file each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncalc.homework.quiz.item import Quiz
from cnncalc.render.quiz.gift import gift
from cnncalc.render.quiz.moodle_xml import moodle_xml
from cnncalc.render.quiz.qti import qti
from cnncalc.render.quiz.to_json import quiz_json


class Export(NamedTuple):
    """A form that holds the answers too: what writes it, and its file's name."""

    write: Callable[[Quiz], bytes]
    file: str


EXPORTS = {
    "gift": Export(gift, "quiz.gift.txt"),
    "moodle-xml": Export(moodle_xml, "quiz.xml"),
    "qti": Export(qti, "quiz.zip"),
    "json": Export(quiz_json, "quiz.json"),
}
"""The forms for teaching systems by the names users give."""
