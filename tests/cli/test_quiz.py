"""The quiz command, as a teacher and a student use it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from tests.shell import COMMAND, LENET, ROOT, cnncalc, environment


def quiz_bytes(*arguments: object) -> bytes:
    command = [*COMMAND, "quiz", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True, timeout=120).stdout


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def answers_of(*arguments: object) -> dict[str, str]:
    data = json.loads(quiz_bytes(*arguments, "--format", "json"))
    return {question["label"]: question["answer"] for question in data["questions"]}


def filled_in(blank: bytes, answers: dict[str, str]) -> str:
    return re.sub(r"^  (q\d+):$", lambda found: f"{found[0]} {answers[found[1]]}", blank.decode(), flags=re.MULTILINE)


ASKED = ("--topic", "all", "--count", 8, "--seed", 42, "--level", 2)


def test_a_folder_holds_what_is_handed_out_and_the_key(tmp_path):
    folder = tmp_path / "quiz"
    done = cnncalc("quiz", *ASKED, "-o", folder)
    assert (done.code, done.out, done.err) == (0, "", "")
    found = files(folder)
    assert set(found) == {"sheet.md", "answers.yaml", "key.yaml", "key.md"}
    assert sha256(found["key.yaml"]).hexdigest() in found["sheet.md"].decode()
    handed_in = tmp_path / "handed_in.yaml"
    handed_in.write_text(filled_in(found["answers.yaml"], answers_of(*ASKED)))
    checked = cnncalc("check", handed_in, "--assignment", folder / "key.yaml")
    assert checked.code == 0, checked.out + checked.err
    assert "8 of 8 points" in checked.out


def test_the_empty_answer_file_is_blank_and_wrong_answers_are_explained(tmp_path):
    cnncalc("quiz", "--topic", "parameters", "--count", 1, "--seed", 1, "-o", tmp_path)
    blank = cnncalc("check", tmp_path / "answers.yaml", "--assignment", tmp_path / "key.yaml")
    assert blank.code == 1
    data = json.loads(quiz_bytes("--topic", "parameters", "--count", 1, "--seed", 1, "--format", "json"))
    wrong = data["questions"][0]["distractors"][0]
    (tmp_path / "handed_in.yaml").write_text(f"answers: {{q1: {wrong['answer']}}}")
    checked = cnncalc("check", tmp_path / "handed_in.yaml", "--assignment", tmp_path / "key.yaml")
    assert checked.code == 1
    assert wrong["feedback"][0].split(": ", 1)[1] in checked.out


def test_each_student_has_a_sheet_and_a_key(tmp_path):
    (tmp_path / "class.csv").write_text("学号,姓名\n2026001,李雷\n../b,Bob\n", encoding="utf-8")
    asked = ("--topic", "shape,parameters", "--count", 4, "--seed", 7)
    done = cnncalc("quiz", *asked, "--class", tmp_path / "class.csv", "-o", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    found = files(tmp_path / "out")
    assert len(found) == 8
    assert {path.name for path in tmp_path.iterdir()} == {"class.csv", "out"}
    assert "李雷" in found["students/2026001/sheet.md"].decode()
    other = next(name for name in found if name.startswith("students/") and "2026001" not in name).split("/")[1]
    for name in ("2026001", other):
        assert sha256(found[f"keys/{name}.yaml"]).hexdigest() in found[f"students/{name}/sheet.md"].decode()
        checked = cnncalc(
            "check", tmp_path / f"out/students/{name}/answers.yaml", "-a", tmp_path / f"out/keys/{name}.yaml", "--json"
        )
        assert checked.code == 1
        assert len(checked.json["questions"]) == 4
    assert found["keys/2026001.yaml"] != found[f"keys/{other}.yaml"]
    again = cnncalc("quiz", *asked, "--class", tmp_path / "class.csv", "-o", tmp_path / "again")
    assert again.code == 0
    assert files(tmp_path / "again") == found


def test_nothing_is_written_over(tmp_path):
    assert cnncalc("quiz", "--count", 2, "--seed", 1, "-o", tmp_path).code == 0
    before = files(tmp_path)
    assert cnncalc("quiz", "--count", 2, "--seed", 1, "-o", tmp_path).code == 0
    refused = cnncalc("quiz", "--count", 2, "--seed", 2, "-o", tmp_path)
    assert refused.code == 2
    assert "E585" in refused.err
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    refused = cnncalc("quiz", "--count", 1, "-o", tmp_path / "file" / "quiz")
    assert (refused.code, "E586" in refused.err) == (2, True)


def test_the_key_is_written_apart(tmp_path):
    done = cnncalc("quiz", "--count", 2, "--key", tmp_path / "key.yaml")
    assert done.code == 0
    data = (tmp_path / "key.yaml").read_bytes()
    assert sha256(data).hexdigest() in done.out
    assert quiz_bytes("--count", 2, "--format", "yaml") == data


@pytest.mark.parametrize("form", ["markdown", "yaml", "gift", "moodle-xml", "json", "qti"])
def test_the_same_seed_gives_the_same_bytes(form):
    first = quiz_bytes(*ASKED, "--format", form)
    assert first == quiz_bytes(*ASKED, "--format", form)
    assert first != quiz_bytes(*ASKED, "--format", form, "--seed", 43)


def test_the_forms_for_teaching_systems_are_what_they_are_called(tmp_path):
    assert len(ElementTree.fromstring(quiz_bytes("--count", 3, "--format", "moodle-xml"))) == 3
    assert "imsmanifest.xml" in ZipFile(BytesIO(quiz_bytes("--count", 3, "--format", "qti"))).namelist()
    assert quiz_bytes("--count", 3, "--format", "gift").decode().count("::[html]") == 3
    cnncalc("quiz", "--count", 3, "--format", "gift", "-o", tmp_path)
    assert (tmp_path / "quiz.gift.txt").read_bytes() == quiz_bytes("--count", 3, "--format", "gift")


def test_a_given_network_is_asked_about():
    sheet = quiz_bytes("--spec", LENET, "--topic", "shape,parameters", "--count", 4).decode()
    assert sheet.startswith("# Quiz on LeNet-5\n")
    assert not {"sigmoid1", "sigmoid2"} & set(re.findall(r"What enters (\w+) ", sheet)), "they change no shape"


def test_partial_points_reach_the_key_and_the_exports():
    assert 'partial_credit: {any: "1/4"}' in quiz_bytes("--count", 1, "--partial", 25, "--format", "yaml").decode()
    assert "=%25%" in quiz_bytes("--count", 1, "--partial", 25, "--format", "gift").decode()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--topic", "shapes"), "E580"),
        (("--topic", "parameters", "--spec", LENET, "--count", 50), "E581"),
        (("--partial", "33"), "E225"),
        (("--class", "class.csv"), "E225"),
        (("--key", "k.yaml", "-o", "folder"), "E225"),
        (("--class", "no such file", "-o", "folder"), "E101"),
        (("--spec", "no such file"), "E101"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_way_out(arguments, code, tmp_path):
    refused = cnncalc("quiz", *arguments, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert refused.code == 2
    assert f"error[{code}]" in refused.err
    assert not refused.out
    assert not list(tmp_path.iterdir())


def test_a_quiz_in_chinese_has_no_english_sentence(tmp_path):
    done = cnncalc("quiz", "--topic", "all", "--count", 16, "--level", 3, "--lang", "zh", "-o", tmp_path)
    assert done.code == 0
    for name in ("sheet.md", "key.md"):
        for line in (tmp_path / name).read_text(encoding="utf-8").splitlines():
            formula = re.match(r"^ {4}\S+ = ", line)
            said = re.sub(r"answers\.yaml|SHA-256|float32|[0-9a-f]{64}", "", line)
            known = r"(LeNet|conv|out|pool|fc|concat|add|flatten|bn|floor|ceil|KiB|KB|MACs?|FLOPs?)"
            foreign = [word for word in re.findall("[A-Za-z]{2,}", said) if not re.fullmatch(known, word)]
            assert formula or not foreign, line


def test_a_quiz_needs_no_numpy():
    code = (
        "import sys\nfrom cnncalc.cli import main\nsys.argv = ['cnncalc', 'quiz', '--count', '2']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "print(sorted({'numpy', 'numba', 'pydantic', 'rich.console'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == "[]"


def test_a_program_that_wants_json_is_told_errors_in_json():
    refused = cnncalc("quiz", "--topic", "shapes", "--format", "json")
    assert refused.code == 2
    assert [error["code"] for error in refused.json["errors"]] == ["E580"]


def test_the_help_names_the_default_topics_whole():
    shown = cnncalc("quiz", "--help").out
    words = " ".join(re.sub("[│|]", " ", shown).split())
    assert "Without it: shape, parameters, macs and receptive-field." in words
    assert "…" not in shown
