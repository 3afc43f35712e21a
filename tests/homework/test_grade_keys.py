"""Keys of a class's own questions: which is a student's, which go together, and what becomes of a file without one."""

from __future__ import annotations

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.grade import keys
from cnncalc.homework.grade.keys import load_keys
from cnncalc.homework.quiz.class_list import folder_names
from cnncalc.homework.submission import Student

KEY = """assignment: "{name}"
network: {{input: [3, 7, 7], layers: [{{type: Conv2d, name: conv, out_channels: 3, kernel_size: 3}}]}}
questions: [{{label: q1, quantity: conv.parameters, points: {points}}}]
"""


def write(folder, **names):
    folder.mkdir(exist_ok=True)
    for at, name in names.items():
        (folder / f"{name}.yaml").write_text(KEY.format(name=at, points=2))
    return folder


IDS = ["2026001", "ab", "AB", "x y", "x_y", "CON", "../../etc", "学生一", "-1", "a" * 60, "s-7"]


def test_every_student_of_a_class_has_the_key_that_was_written_for_them(tmp_path):
    names = folder_names([Student(id) for id in IDS])
    _, found = load_keys(write(tmp_path / "keys", **{str(at): names[id] for at, id in enumerate(IDS)}))
    assert len(found.assignments) == len(IDS)
    got = [found.of(id) for id in IDS]
    assert [one and one.name for one in got] == [str(at) for at in range(len(IDS))]


@pytest.mark.parametrize("id", ["", "2026002", "Ab", "2026001.yaml", "../keys/2026001", "x-y"])
def test_no_other_id_has_a_key(tmp_path, id):
    names = folder_names([Student(id) for id in IDS])
    _, found = load_keys(write(tmp_path / "keys", **{str(at): names[id] for at, id in enumerate(IDS)}))
    assert found.of(id) is None


@pytest.mark.parametrize("id", ["s-7", "S-7", " s-7", "ｓ-７"])
def test_an_id_alone_is_known_without_case_blanks_and_width(tmp_path, id):
    _, found = load_keys(write(tmp_path / "keys", one="s-7"))
    assert found.of(id)


def test_the_digest_tells_keys_apart(tmp_path):
    _, first = load_keys(write(tmp_path / "keys", one="1", two="2"))
    assert load_keys(tmp_path / "keys")[1].digest == first.digest
    text = (tmp_path / "keys/2.yaml").read_text()
    (tmp_path / "keys/2.yaml").write_text(text.replace("[3, 7, 7]", "[3, 8, 8]"))
    assert load_keys(tmp_path / "keys")[1].digest != first.digest


def test_keys_of_other_points_are_not_added_up(tmp_path):
    write(tmp_path / "keys", one="1")
    (tmp_path / "keys/2.yaml").write_text(KEY.format(name="two", points=3))
    with pytest.raises(CnncalcError, match="E578"):
        load_keys(tmp_path / "keys")


def test_a_broken_key_is_told_at_its_place(tmp_path):
    write(tmp_path / "keys", one="1")
    (tmp_path / "keys/2.yaml").write_text("assignment: x\nquestions: [q\n")
    with pytest.raises(CnncalcError) as error:
        load_keys(tmp_path / "keys")
    span = error.value.diagnostics[0].span
    assert span
    assert span.source.endswith("2.yaml")


@pytest.mark.parametrize(("limit", "value"), [("MOST", 1), ("MOST_BYTES", 1000)])
def test_there_are_not_more_keys_than_fit(tmp_path, monkeypatch, limit, value):
    write(tmp_path / "keys", one="1", two="2", three="3")
    monkeypatch.setattr(keys, limit, value)
    with pytest.raises(CnncalcError, match="E471"):
        load_keys(tmp_path / "keys")


def test_a_folder_without_keys_is_an_error(tmp_path):
    with pytest.raises(CnncalcError, match="E570"):
        load_keys(tmp_path)
