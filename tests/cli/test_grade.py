"""`grade`: the command, its formats as other systems document them, and what stops it."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from jsonschema import validate
from shell import COMMAND, LENET, ROOT, cnncalc, environment, in_terminal, unstyled

HOMEWORK = f"""assignment: LeNet
spec: {LENET}
partial_credit: {{any: 0.5}}
questions: [conv1.output_shape, {{quantity: conv1.parameters, points: 3}}, conv2.parameters]
"""
GOOD = """student: {id: '7', name: Ada King Lovelace}
answers: {conv1: {output_shape: 6x28x28, parameters: 150}, conv2.parameters: '2,416'}
"""


@pytest.fixture
def homework(tmp_path) -> Path:
    (tmp_path / "hw.yaml").write_text(HOMEWORK)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ada.yaml").write_text(GOOD)
    return tmp_path


def grade(homework: Path, *options: object, **how):
    return cnncalc("grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / "out", *options, **how)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_class_is_graded_into_a_folder(homework):
    (homework / "in/bob.csv").write_text(
        "question,answer\nconv1.output_shape,6x28x28\nconv1.parameters,156\nconv2.parameters,2416\n"
    )
    done = grade(homework)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "2 of 2 submissions graded"
    # 1 + 3/2 + 1 = 3.5, and 5
    assert "mean 4.25" in done.out
    assert set(contents(homework / "out")) == {
        ".cnncalc-grade",
        "gradebook.csv",
        "report.html",
        "report.json",
        "report.md",
        "report.svg",
        *(f"feedback/{name}.{kind}" for name in ("ada", "bob") for kind in ("md", "json")),
    }
    rows = list(csv.DictReader((homework / "out/gradebook.csv").open()))
    assert [(row["file"], row["points"], row["conv1.parameters"]) for row in rows] == [
        ("ada.yaml", "3.5", "1.5"),
        ("bob.csv", "5", "3"),
    ]


def test_a_file_that_cannot_be_graded_is_exit_code_1_and_named(homework):
    (homework / "in/bad.yaml").write_text("answers: [")
    (homework / "in/link.yaml").symlink_to("/etc/passwd")
    done = grade(homework)
    assert done.code == 1
    assert "bad.yaml: cannot be read" in done.out
    assert "link.yaml: refused" in done.out
    assert "root:" not in str(contents(homework / "out"))


def test_json_is_the_report(homework):
    done = grade(homework, "--json")
    assert done.json == json.loads((homework / "out/report.json").read_text())
    assert done.json["graded"] == 1


def test_an_archive_is_graded_without_being_unpacked(homework):
    with zipfile.ZipFile(homework / "in.zip", "w") as archive:
        archive.writestr("a/ada.yaml", GOOD)
        archive.writestr("../evil.yaml", GOOD)
    done = cnncalc("grade", homework / "in.zip", "-a", homework / "hw.yaml", "-o", homework / "deep/out")
    assert done.code == 1
    assert sorted(path.name for path in (homework / "deep/out/feedback").iterdir()) == [
        "a_ada.json",
        "a_ada.md",
        "evil.json",
        "evil.md",
    ]
    assert not list(homework.rglob("*evil.yaml"))


def test_feedback_in_chinese(homework):
    assert grade(homework, "--lang", "zh").code == 0
    text = (homework / "out/feedback/ada.md").read_text()
    assert re.search("[\u4e00-\u9fff]", text)
    assert (homework / "out/gradebook.csv").read_text().startswith("id,name,file,status,points,of,note,")


@pytest.mark.parametrize("way", ["option", "assignment"])
def test_hints_only_writes_no_answer_for_students(homework, way):
    if way == "assignment":
        (homework / "hw.yaml").write_text(HOMEWORK + "reveal: false\n")
    assert grade(homework, *(["--hints-only"] if way == "option" else [])).code == 0
    assert not any("156" in path.read_text() for path in (homework / "out/feedback").iterdir())
    assert (
        grade(homework, "--fresh", *(["--hints-only"] if way == "option" else []), "--format", "gradescope").code == 0
    )
    assert "156" not in (homework / "out/ada/results.json").read_text()


def test_the_answer_is_shown_where_the_assignment_reveals_it(homework):
    assert grade(homework).code == 0
    assert "156" in (homework / "out/feedback/ada.md").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--jobs", "0"),
        ("--timeout", "0"),
        ("--format", "canvas"),
        ("--jobs", "2", "--dask", "tcp://x:1"),
        ("--memory", "1"),
    ],
)
def test_wrong_options_are_exit_code_2_and_nothing_is_written(homework, arguments):
    done = grade(homework, *arguments)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not (homework / "out").exists()


def test_a_missing_folder_assignment_or_place_is_exit_code_2(homework):
    assert cnncalc("grade", homework / "no", "-a", homework / "hw.yaml", "-o", homework / "out").code == 2
    assert cnncalc("grade", homework / "in", "-a", homework / "no.yaml", "-o", homework / "out").code == 2
    done = cnncalc("grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / "hw.yaml")
    assert done.code == 2
    assert "E573" in done.err
    assert (homework / "hw.yaml").read_text() == HOMEWORK


def test_the_submissions_folder_is_not_the_results(homework):
    before = contents(homework)
    done = cnncalc("grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / "in")
    assert done.code == 2
    assert "E577" in done.err
    assert contents(homework) == before


# Keys of a class: 3 filters of 3x3x3 and a bias are 3 * 28 = 84; 2 of 5x5x1 are 2 * 26 = 52.
KEYS = {
    "2026001": ("[3, 7, 7]", 3, 3, "84", "3x5x5"),
    "2026002": ("[1, 9, 9]", 2, 5, "52", "2x5x5"),
}


@pytest.fixture
def variants(tmp_path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "in").mkdir()
    for id, (input, filters, kernel, parameters, shape) in KEYS.items():
        layer = f"{{type: Conv2d, name: conv, out_channels: {filters}, kernel_size: {kernel}}}"
        (tmp_path / f"keys/{id}.yaml").write_text(
            f"assignment: Quiz\nnetwork: {{input: {input}, layers: [{layer}]}}\n"
            "questions: [{label: q1, quantity: conv.parameters, points: 2}, {label: q2, quantity: conv.output_shape}]\n"
        )
        (tmp_path / f"keys/{id}.md").write_text("the key to read")
        (tmp_path / f"in/{id}.yaml").write_text(
            f"student: {{id: '{id}'}}\nanswers: {{q1: {parameters}, q2: {shape}}}\n"
        )
    return tmp_path


def grade_variants(variants: Path, *options: object):
    return cnncalc("grade", variants / "in", "-a", variants / "keys", "-o", variants / "out", *options)


def gradebook(homework: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((homework / "out/gradebook.csv").open(encoding="utf-8")))


def test_each_student_is_graded_with_their_own_key(variants):
    (variants / "in/copied.yaml").write_text("student: {id: '2026002'}\nanswers: {q1: 84, q2: 3x5x5}\n")
    done = grade_variants(variants)
    assert (done.code, done.err) == (0, "")
    rows = gradebook(variants)
    assert [(row["file"], row["points"], row["of"], row["q1"], row["q2"]) for row in rows] == [
        ("2026001.yaml", "3", "3", "2", "1"),
        ("2026002.yaml", "3", "3", "2", "1"),
        ("copied.yaml", "0", "3", "0", "0"),
    ]
    report = json.loads((variants / "out/report.json").read_text())
    assert [(one["question"], one["verdicts"]["right"]) for one in report["questions"]] == [("q1", 2), ("q2", 2)]
    assert "84" in (variants / "out/feedback/2026001.md").read_text()


def test_a_file_without_a_known_id_has_no_key_and_it_is_said(variants):
    (variants / "in/nobody.yaml").write_text("answers: {q1: 84}\n")
    (variants / "in/stranger.yaml").write_text("student: {id: '99', name: Eve}\nanswers: {q1: 84}\n")
    done = grade_variants(variants)
    assert done.code == 1
    assert "stranger.yaml: no key: there is no key for the student number 99" in done.out
    rows = {row["file"]: row for row in gradebook(variants)}
    assert [rows[name]["status"] for name in ("nobody.yaml", "stranger.yaml")] == ["no key", "no key"]
    assert (rows["stranger.yaml"]["id"], rows["stranger.yaml"]["name"], rows["stranger.yaml"]["points"]) == (
        "99",
        "Eve",
        "",
    )
    assert "No points yet" in (variants / "out/feedback/nobody.md").read_text()


def test_a_changed_key_changes_the_marks(variants):
    grade_variants(variants)
    key = variants / "keys/2026001.yaml"
    key.write_text(key.read_text().replace("out_channels: 3", "out_channels: 4"))
    grade_variants(variants)
    assert [row["points"] for row in gradebook(variants)] == ["0", "3"]


def test_the_keys_of_a_quiz_for_a_class_are_read(tmp_path):
    (tmp_path / "class.csv").write_text("id,name\nab,Ann\n赵 2,Bo\nX 1,Di\n", encoding="utf-8")
    made = cnncalc("quiz", "--class", tmp_path / "class.csv", "-o", tmp_path / "quiz", "--count", "3")
    assert made.code == 0, made.err
    (tmp_path / "in").mkdir()
    for folder in (tmp_path / "quiz/students").iterdir():
        blank = (folder / "answers.yaml").read_text()
        (tmp_path / f"in/{folder.name}.yaml").write_text(blank.replace("q1:", "q1: no idea"))
    done = cnncalc("grade", tmp_path / "in", "-a", tmp_path / "quiz/keys", "-o", tmp_path / "out")
    assert done.code == 0, done.out + done.err
    rows = gradebook(tmp_path)
    assert sorted(row["id"] for row in rows) == ["X 1", "ab", "赵 2"]
    assert {row["note"] for row in rows} == {"1 answer could not be read"}
    assert [*rows[0]][-3:] == ["q1", "q2", "q3"]


def test_dask_without_distributed_says_how_to_install_it(homework):
    (homework / "distributed.py").write_text("raise ImportError")
    done = grade(homework, "--dask", "tcp://127.0.0.1:1", env={"PYTHONPATH": f"{homework}{os.pathsep}{ROOT}"})
    assert done.code == 2
    assert 'pip install "cnncalc[dask]"' in done.err


def test_a_full_disk_is_an_error_and_nothing_is_half_written(homework):
    """A limit on the size of files stands for the disk: 2,000 bytes hold the feedback in Markdown, not in JSON."""

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = grade(homework, before=small)
    assert done.code == 2
    assert "E573" in done.err
    assert "Traceback" not in done.err
    assert not list((homework / "out").rglob("*.part"))
    assert grade(homework).code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_error(homework):
    (homework / "out").mkdir(mode=0o500)
    assert "E573" in grade(homework).err


def test_assignments_that_ask_for_elements_are_graded_too(homework):
    (homework / "hw.yaml").write_text(f"spec: {LENET}\nquestions: ['conv1.output[0,0,0]']\n")
    (homework / "in/ada.yaml").write_text("answers: {'conv1.output[0,0,0]': 123}\n")
    done = grade(homework)
    assert done.code == 0, done.err + done.out
    assert json.loads((homework / "out/feedback/ada.json").read_text())["questions"][0]["verdict"] == "wrong"


# Runs that are stopped.


def many(homework: Path, count: int) -> None:
    for at in range(count):
        (homework / f"in/s{at:04}.yaml").write_text(GOOD.replace("150", str(100 + at % 90)).replace("'7'", f"'{at}'"))


def start(homework: Path, output: str) -> subprocess.Popen[bytes]:
    arguments = ["grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / output]
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(homework: Path, output: str, count: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        folder = homework / output / "feedback"
        if folder.exists() and len(list(folder.iterdir())) >= count:
            return
        time.sleep(0.005)
    raise AssertionError("nothing was graded")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bytes(homework, how):
    many(homework, 600)
    child = start(homework, "out")
    wait_for(homework, "out", 100)
    os.killpg(child.pid, how) if how is signal.SIGINT else child.kill()
    _, err = child.communicate(timeout=30)
    assert child.returncode == (130 if how is signal.SIGINT else -9)
    assert b"Traceback" not in err
    done = len((homework / "out/.cnncalc-grade").read_bytes().splitlines())
    assert not (homework / "out/gradebook.csv").exists()
    assert grade(homework).code == 0
    assert cnncalc("grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / "whole").code == 0
    assert contents(homework / "out") == contents(homework / "whole")
    assert 1 < done < 602


def test_workers_end_with_a_killed_parent(homework):
    many(homework, 600)
    child = start(homework, "out")
    wait_for(homework, "out", 20)
    workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    tasks = Path(f"/proc/{child.pid}/task").iterdir()
    workers = {one for task in tasks for one in (task / "children").read_text().split()} | set(workers)
    child.kill()
    child.communicate()
    assert workers
    end = time.monotonic() + 20
    while time.monotonic() < end and any(_runs(one) for one in workers):
        time.sleep(0.05)
    assert not any(_runs(one) for one in workers)


def _runs(process: str) -> bool:
    try:
        return b"grade.worker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def test_progress_is_on_stderr_of_a_terminal_only(homework):
    many(homework, 700)
    piped = grade(homework)
    assert piped.err == ""
    shown = in_terminal("grade", homework / "in", "-a", homework / "hw.yaml", "-o", homework / "out2", split=True)
    assert shown.code == 0
    assert "submissions graded" in shown.out
    assert "/701" in unstyled(shown.err) or shown.err == ""


# Other systems. The schemas are written from their documentation.

VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEXT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
GRADESCOPE = {
    # https://gradescope-autograders.readthedocs.io/en/latest/specs/ "Output format"
    "type": "object",
    "required": ["score"],
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": TEXT_FORMAT,
        "test_output_format": TEXT_FORMAT,
        "test_name_format": TEXT_FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": TEXT_FORMAT,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": TEXT_FORMAT,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
        "leaderboard": {"type": "array"},
    },
}
PRAIRIELEARN = {
    # https://docs.prairielearn.com/externalGrading/ "Grading results": score is needed where the file is gradable
    "type": "object",
    "if": {"properties": {"gradable": {"const": False}}, "required": ["gradable"]},
    "else": {"required": ["score"]},
    "properties": {
        "gradable": {"type": "boolean"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "message": {"type": "string"},
        "output": {"type": "string"},
        "format_errors": {"type": ["string", "array"], "items": {"type": "string"}},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "points", "max_points"],
                "properties": {
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "points": {"type": "number"},
                    "max_points": {"type": "number"},
                    "message": {"type": "string"},
                    "output": {"type": "string"},
                },
            },
        },
    },
}
_WORD = {"type": "string", "minLength": 1}
CLASSROOM50 = {
    # https://github.com/foundation50/classroom50/wiki/Advanced-Autograding "The result.json contract"
    "type": "object",
    "required": [
        "schema",
        "classroom",
        "assignment",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "score",
        "max-score",
        "tests",
    ],
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(("classroom", "assignment", "submission", "commit", "release", "review"), _WORD),
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": {"type": "integer"},
        "max-score": {"type": "integer"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["test-name", "passed", "score", "max-score"],
                "properties": {
                    "test-name": _WORD,
                    "passed": {"type": "boolean"},
                    "score": {"type": "integer"},
                    "max-score": {"type": "integer"},
                },
            },
        },
    },
}
RUNNER = {
    "CLASSROOM": "cs",
    "ASSIGNMENT": "hw1",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/commit/a1b2c3d",
    "RELEASE_URL": "https://example.org/releases/1",
    "REVIEW_URL": "",
}


def alone(homework: Path, format: str, text: str, **how):
    """Grade one file as an autograder's container does, and return the result."""
    (homework / "in/ada.yaml").write_text(text)
    done = cnncalc(
        "grade",
        homework / "in/ada.yaml",
        "-a",
        homework / "hw.yaml",
        "-o",
        homework / "results",
        "--format",
        format,
        **how,
    )
    assert done.code == 0, done.err
    name = "result.json" if format == "classroom50" else "results.json"
    return json.loads((homework / "results" / name).read_text())


def test_gradescope(homework):
    found = alone(homework, "gradescope", GOOD)
    validate(found, GRADESCOPE)
    assert (found["score"], found["visibility"]) == (3.5, "after_published")
    assert [(test["score"], test["max_score"], test["status"]) for test in found["tests"]] == [
        (1, 1, "passed"),
        (1.5, 3, "failed"),
        (1, 1, "passed"),
    ]
    assert "biases" in found["tests"][1]["output"]
    unreadable = alone(homework, "gradescope", "answers: [")
    validate(unreadable, GRADESCOPE)
    assert unreadable["score"] == 0
    assert alone(homework, "gradescope", GOOD.replace("150", "151"))["visibility"] == "after_published"


def test_prairielearn(homework):
    found = alone(homework, "prairielearn", GOOD)
    validate(found, PRAIRIELEARN)
    assert (found["gradable"], found["score"]) == (True, 0.7)
    unreadable = alone(homework, "prairielearn", "answers: [")
    validate(unreadable, PRAIRIELEARN)
    assert unreadable["gradable"] is False
    assert unreadable["format_errors"]


def test_prairielearn_takes_no_more_than_a_megabyte(homework):
    asked = ["conv1.parameters"] + [
        f"{{label: q{at}, quantity: conv1.parameters, network: 'input 7x7x3, three 3x3 filters'}}" for at in range(400)
    ]
    (homework / "hw.yaml").write_text(f"spec: {LENET}\nquestions: [{', '.join(asked)}]\n")
    text = "answers:\n" + "".join(f"  q{at}: {'x ' * 1200}\n" for at in range(400))
    found = alone(homework, "prairielearn", text)
    validate(found, PRAIRIELEARN)
    assert (homework / "results/results.json").stat().st_size <= 1_000_000
    assert len(found["tests"]) == 401


def test_classroom50(homework):
    found = alone(homework, "classroom50", GOOD, env=RUNNER)
    validate(found, CLASSROOM50)
    # Two mistakes together may earn a quarter, so all points are multiplied by 4: 3.5 of 5 is 14 of 20.
    assert (found["score"], found["max-score"]) == (14, 20)
    assert [test["score"] for test in found["tests"]] == [4, 6, 4]
    assert found["datetime"] == "2026-06-01T14:32:05Z"
    assert found["review"] == RUNNER["COMMIT_URL"]
    unreadable = alone(homework, "classroom50", "answers: [", env=RUNNER)
    validate(unreadable, CLASSROOM50)
    assert not unreadable["tests"][0]["passed"]


def test_nbgrader(homework):
    # The columns of nbgrader/plugins/export.py, CsvExportPlugin.
    (homework / "in/bad.yaml").write_text("answers: [")
    (homework / "in/eve.yaml").write_text(GOOD.replace("Ada King Lovelace", "'=1+1'").replace("'7'", "''"))
    assert grade(homework, "--format", "nbgrader").code == 1
    head, *rows = csv.reader((homework / "out/grades.csv").open())
    names = "last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    assert ",".join(head) == f"assignment,duedate,timestamp,student_id,{names}"
    assert rows == [
        ["LeNet", "", "", "7", "Lovelace", "Ada King", "", "3.5", "0.0", "3.5", "5.0"],
        ["LeNet", "", "", "eve.yaml", "'=1+1", "", "", "3.5", "0.0", "3.5", "5.0"],
    ]


def test_a_class_in_the_format_of_one_system_has_a_folder_a_file(homework):
    many(homework, 3)
    assert grade(homework, "--format", "gradescope").code == 0
    written = set(contents(homework / "out")) - {".cnncalc-grade"}
    assert written == {f"{name}/results.json" for name in ("ada", "s0000", "s0001", "s0002")}
