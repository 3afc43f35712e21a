"""Grading a class: workers that break, limits, what is written, and runs that were stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grade_checkers import FORBIDDEN, Hostile, cannot_start
from shell import LENET, environment

from cnncalc import executors as common
from cnncalc.diagnostics import CnncalcError
from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.grade import executors, guarded
from cnncalc.homework.grade.files import submissions
from cnncalc.homework.grade.journal import Journal
from cnncalc.homework.grade.record import Record, Result, from_values, of_checked, to_line
from cnncalc.homework.grade.run import JOURNAL, Grading, run_key
from cnncalc.homework.grade.worker import Job
from cnncalc.homework.submission import read_submission
from cnncalc.render.feedback import Feedback

ASSIGNMENT = read_assignment(
    f"spec: {LENET}\nquestions: [conv1.output_shape, conv1.parameters, conv2.parameters, total.parameters]\n", "hw.yaml"
)
RIGHT = {
    "conv1.output_shape": "6x28x28",
    "conv1.parameters": "156",
    "conv2.parameters": "2,416",
    "total.parameters": "61,706",
}


def answers(name: str = "", id: str = "", **changed: str) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in {**RIGHT, **changed}.items())
    return f"student: {{id: '{id}', name: {name}}}\nanswers:\n{lines}"


def hand_in(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def job(checker=Checker, *, seconds: float = 5, memory: int = 256, renderer=None, language: str = "en") -> Job:
    return Job(ASSIGNMENT, checker, renderer or Feedback(), language, seconds, memory)


def grade(folder: Path, output: Path, work: Job, *, jobs: int = 2, fresh: bool = False) -> list[Record]:
    advanced: list[int] = []
    with Grading(submissions(folder), work, output, fresh=fresh) as grading:
        with executors.local(jobs) as executor:
            grading.run(executor, jobs, advanced.append)
        records = list(grading.records())
        grading.settle()
    assert sum(advanced) == len(records)
    return records


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def patient(monkeypatch):
    """A hanging worker is ended after a second instead of four times its time."""
    monkeypatch.setattr(guarded, "PATIENCE", 1)
    monkeypatch.setattr(guarded, "LEAST_PATIENCE", 1.0)


@pytest.mark.parametrize(
    ("does", "status"),
    [
        ("exits", "crashed"),
        ("raises", "crashed"),
        ("loops", "too slow"),
        ("hangs_in_c", "too slow"),
        ("sleeps", "too slow"),
        ("allocates", "too large"),
    ],
)
def test_a_file_that_breaks_its_worker_is_marked_and_the_others_are_graded(tmp_path, patient, does, status):
    files = {f"s{at}.yaml": answers(f"good{at}") for at in range(12)}
    files["s5.yaml"] = answers(does, "2026005")
    folder = hand_in(tmp_path / "in", files)
    records = grade(folder, tmp_path / "out", job(Hostile, seconds=0.5, memory=128))
    assert {one.file: one.status for one in records} == {
        name: status if name == "s5.yaml" else "graded" for name in sorted(files)
    }
    assert [one.points for one in records if one.is_graded] == [4] * 11
    # It keeps its student, so that the gradebook tells whose file to look at.
    assert [(one.id, one.name) for one in records if not one.is_graded] == [("2026005", does)]
    told = (tmp_path / "out/feedback/s5.md").read_text()
    assert "could not be graded" in told
    assert status in told


def test_every_file_may_break_its_worker(tmp_path):
    folder = hand_in(tmp_path / "in", {f"s{at}.yaml": answers("exits") for at in range(6)})
    assert [one.status for one in grade(folder, tmp_path / "out", job(Hostile))] == ["crashed"] * 6


def test_none_suffers_from_what_came_before_it_in_the_same_worker(tmp_path):
    folder = hand_in(tmp_path / "in", {"a.yaml": answers("spoils"), "b.yaml": answers("suffers"), "c.yaml": answers()})
    records = grade(folder, tmp_path / "out", job(Hostile), jobs=1)
    assert [one.status for one in records] == ["graded"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_worker_cannot_write_a_file(tmp_path):
    folder = hand_in(tmp_path / "in", {"a.yaml": answers("writes")})
    records = grade(folder, tmp_path / "out", job(Hostile))
    assert [one.status for one in records] == ["crashed"]
    assert FORBIDDEN.stat().st_size == 0
    FORBIDDEN.unlink()


def test_a_worker_that_cannot_start_is_an_error_not_a_mark(tmp_path):
    folder = hand_in(tmp_path / "in", {"a.yaml": answers()})
    with pytest.raises(CnncalcError, match="no such course") as error:
        grade(folder, tmp_path / "out", job(cannot_start))
    assert error.value.diagnostics[0].code == "E572"


def test_workers_need_no_numpy_for_what_is_counted(tmp_path):
    """Each worker starts as `check` does."""
    modules = "cnncalc.homework.grade.worker, cnncalc.homework.check, cnncalc.render.feedback"
    code = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "rich", "typer", "multiprocessing"} & set(done.stdout.split())


def test_modules_in_the_submissions_folder_are_never_imported(tmp_path, monkeypatch):
    folder = hand_in(
        tmp_path / "in", {"a.yaml": answers(), "yaml.py": "raise SystemExit", "difflib.py": "raise SystemExit"}
    )
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), "", *sys.path])
    records = grade(folder, tmp_path / "out", job())
    assert {one.file: one.status for one in records}["a.yaml"] == "graded"


def test_no_worker_is_left_behind(tmp_path):
    folder = hand_in(tmp_path / "in", {f"s{at}.yaml": answers() for at in range(4)})
    grade(folder, tmp_path / "out", job())
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children.read_text().split()]
        assert not [command for command in commands if b"grade.worker" in command]


# The same bytes for the same files.


@pytest.fixture
def mixed(tmp_path) -> Path:
    files = {
        f"s{at:02}.yaml": answers(f"n{at}", str(at), **{"conv2.parameters": "2,400"} if at % 3 else {})
        for at in range(40)
    }
    files["bad.yaml"] = "answers: [unclosed"
    files["twin.yaml"] = files["s01.yaml"]
    files["breaks.yaml"] = answers("exits")
    return hand_in(tmp_path / "in", files)


def test_the_same_bytes_for_any_number_of_jobs(tmp_path, mixed):
    for jobs in (1, 2, 3):
        grade(mixed, tmp_path / f"out{jobs}", job(Hostile), jobs=jobs)
    first = contents(tmp_path / "out1")
    assert len(first) == 2 * 43 + 1
    assert contents(tmp_path / "out2") == first
    assert contents(tmp_path / "out3") == first


def test_what_is_graded_is_not_graded_again(tmp_path, mixed):
    grade(mixed, tmp_path / "out", job())
    before = contents(tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/feedback").iterdir()}
    grade(mixed, tmp_path / "out", job())
    assert contents(tmp_path / "out") == before
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out/feedback").iterdir()} == times


def test_what_changed_is_graded_again_and_what_left_is_removed(tmp_path, mixed):
    grade(mixed, tmp_path / "out", job())
    (mixed / "s00.yaml").write_text(answers("n0", "0", **{"conv1.parameters": "150"}))
    (mixed / "s07.yaml").unlink()
    (tmp_path / "out/feedback/s03.md").write_text("changed by hand")
    (tmp_path / "out/feedback/mine.md").write_text("not ours")
    records = grade(mixed, tmp_path / "out", job())
    assert {one.file: one.points for one in records}["s00.yaml"] == 3
    (tmp_path / "out/feedback/mine.md").unlink()
    grade(mixed, tmp_path / "fresh", job())
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


@pytest.mark.parametrize("other", [job(language="zh"), job(renderer=Feedback(hints_only=True)), job(Hostile)])
def test_another_language_feedback_or_checker_is_another_run(other):
    assert run_key(other) != run_key(job())
    assert run_key(job(seconds=1, memory=99)) == run_key(job())


def test_what_was_too_slow_is_tried_again(tmp_path, patient):
    folder = hand_in(tmp_path / "in", {"a.yaml": answers("loops")})
    assert grade(folder, tmp_path / "out", job(Hostile, seconds=0.3))[0].status == "too slow"
    told = tmp_path / "out/feedback/a.md"
    before = told.stat().st_mtime_ns
    assert grade(folder, tmp_path / "out", job(Hostile, seconds=0.3))[0].status == "too slow"
    assert told.stat().st_mtime_ns > before


def test_fresh_grades_all_anew(tmp_path, mixed):
    grade(mixed, tmp_path / "out", job())
    before = contents(tmp_path / "out")
    kept = (tmp_path / "out/feedback/s03.md").stat().st_mtime_ns
    grade(mixed, tmp_path / "out", job(), fresh=True)
    assert contents(tmp_path / "out") == before
    assert (tmp_path / "out/feedback/s03.md").stat().st_mtime_ns > kept


@pytest.mark.parametrize("cut", [1, 7, 200, 1000])
def test_a_torn_journal_is_read_to_its_last_whole_line(tmp_path, mixed, cut):
    grade(mixed, tmp_path / "out", job())
    before = contents(tmp_path / "out")
    journal = tmp_path / "out" / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    grade(mixed, tmp_path / "out", job())
    assert contents(tmp_path / "out") == before


def test_a_journal_of_noise_is_no_journal(tmp_path, mixed):
    grade(mixed, tmp_path / "out", job())
    before = contents(tmp_path / "out")
    (tmp_path / "out" / JOURNAL).write_bytes(os.urandom(5000))
    grade(mixed, tmp_path / "out", job())
    assert contents(tmp_path / "out") == before


def test_a_journal_cannot_have_another_file_removed(tmp_path, mixed):
    (tmp_path / "precious.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    with Journal(tmp_path / "out" / JOURNAL, run_key(job())) as journal:
        paths = dict.fromkeys(("../precious.txt", str(tmp_path / "precious.txt"), "a/../../precious.txt"), "0")
        journal.add("0", paths, "gone.yaml", to_line(Record("gone.yaml", "graded")))
    grade(mixed, tmp_path / "out", job())
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_an_executor_that_fails_is_an_error_and_what_is_done_is_kept(tmp_path, mixed):
    class Lost(ThreadPoolExecutor):
        calls = 0

        def submit(self, function, *arguments):
            Lost.calls += 1
            return super().submit(function if Lost.calls < 2 else self.lost, *arguments)

        def lost(self, *arguments):
            raise ConnectionError("the cluster has gone")

    grading = Grading(submissions(mixed), job(), tmp_path / "out")
    try:
        with Lost(1) as executor, grading, pytest.raises(CnncalcError, match="has gone"):
            grading.run(executor, 1, lambda count: None)
    finally:
        guarded.close_workers()
    assert len((tmp_path / "out" / JOURNAL).read_text().splitlines()) > 2
    grade(mixed, tmp_path / "out", job())
    grade(mixed, tmp_path / "whole", job())
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_the_results_of_another_run_are_no_submissions(tmp_path, mixed):
    before = grade(mixed, tmp_path / "out", job())
    grade(mixed, mixed / "deep/results", job())
    assert len(submissions(mixed)) == len(before)
    assert grade(mixed, tmp_path / "out", job()) == before


def test_one_sentence_is_told_once_of_a_file_that_cannot_be_read(tmp_path):
    folder = hand_in(tmp_path / "in", {"a.yaml": "a: &a [1]\nanswers:\n  x: *a\n  y: *a\n  z: *a\n"})
    (record,) = grade(folder, tmp_path / "out", job())
    assert record.problem.count("*a") == 1
    assert record.problem.splitlines()[0].startswith("line 1: ")


# Records.


def test_a_record_comes_back_from_its_line():
    import json

    submission = read_submission(
        answers("Ada", "7", **{"conv2.parameters": "2,400", "conv1.output_shape": "no idea"}), "a.yaml"
    )
    record = of_checked("a.yaml", Checker(ASSIGNMENT).check(submission))
    assert from_values(json.loads(to_line(record))) == record
    assert record.id == "7"
    assert record.found == {"W557": 1}
    assert record.results[0] == Result("unread", 0 * record.points)
    wrong = record.results[2]
    assert (wrong.verdict, wrong.points, wrong.value) == ("wrong", 0, "2400")
    assert "bias-forgotten" in wrong.mistakes


@pytest.mark.parametrize("values", [None, 3, [], {}, ["a"] * 8, ["a", "graded", "", "", "", "1/0", [], ""]])
def test_what_is_no_record_is_a_value_error(values):
    with pytest.raises(ValueError):
        from_values(values)


# On a cluster.


def test_a_cluster_gives_the_same_bytes(tmp_path, mixed):
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    grading = Grading(submissions(mixed), job(), tmp_path / "dask")
    with local, common.cluster(local.scheduler_address, guarded.close_workers) as (executor, parallel), grading:
        assert parallel == 2
        grading.run(executor, parallel, lambda count: None)
        grading.settle()
    grade(mixed, tmp_path / "local", job())
    assert contents(tmp_path / "dask") == contents(tmp_path / "local")


def test_a_cluster_that_does_not_answer_is_an_error(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(common, "CONNECT", 1)
    start = time.monotonic()
    with pytest.raises(CnncalcError, match="E575"), common.cluster("tcp://127.0.0.1:9"):
        pass
    assert time.monotonic() - start < 30


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path):
    kept = tmp_path / "out/feedback/.mine.part"
    kept.parent.mkdir(parents=True)
    for one in (kept, tmp_path / "out/feedback/.a.json.0123abcd.part", tmp_path / "out/..cnncalc-grade.0123abcd.part"):
        one.write_text("half")
    grade(hand_in(tmp_path / "in", {"a.yaml": answers()}), tmp_path / "out", job(), jobs=1)
    assert list((tmp_path / "out").rglob("*.part")) == [kept]


def test_a_folder_that_another_run_writes_into_is_left_alone(tmp_path):
    files = submissions(hand_in(tmp_path / "in", {"a.yaml": answers()}))
    with Grading(files, job(), tmp_path / "out"):
        before = sorted(one.name for one in (tmp_path / "out").iterdir())
        for fresh in (False, True):
            with pytest.raises(CnncalcError, match="E579"):
                Grading(files, job(), tmp_path / "out", fresh=fresh)
        assert sorted(one.name for one in (tmp_path / "out").iterdir()) == before
    assert [one.status for one in grade(tmp_path / "in", tmp_path / "out", job(), jobs=1)] == ["graded"]
    assert not list((tmp_path / "out").rglob("*.lock"))
