"""The file a sweep streams to: valid at every moment, taken up again after any stop, and no other sweep's."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from cnncalc.diagnostics import CnncalcError
from cnncalc.questions.sweep import job_for, plan_of
from cnncalc.questions.sweep.evaluate import Job, Row
from cnncalc.questions.sweep.results import DIFFERENT, Results, key_of, note_path
from cnncalc.questions.sweep.results import whole as whole_file
from cnncalc.questions.sweep.run import run
from cnncalc.questions.sweep.view import view_of, wanted
from cnncalc.render.sweep_forms import FORMS
from cnncalc.spec.load import draft

SPEC = """
input: [1, 8, 8]
vars: {width: 4, kernel: 3, scale: 1, pad: valid}
layers:
  - {name: conv, type: Conv2d, out_channels: floor(width * scale), kernel_size: kernel, padding: pad}
  - Flatten
  - {name: fc, type: Linear, out_features: 10}
"""
SETS = ("width=4,8", "kernel=3,5,9", "scale=0.5,1", "pad=same,valid", "input=1x{8,12}x{8,9}")


def job(sets: tuple[str, ...] = SETS, names: tuple[str, ...] = ("params", "macs", "rf", "output", "peak")) -> Job:
    drafted = draft(SPEC, source="net.yaml")
    return job_for(drafted, plan_of(drafted, sets, (), 1000), names, (), 1, "float32", 100)


JOB = job()
ROWS = [row for rows in run(JOB, None, 1) for row in rows]


def finish(path: Path, work: Job = JOB) -> bytes:
    """Do what is not done, three rows at a time, and return the file."""
    with Results(path, FORMS[path.suffix[1:]](work.all_columns), work) as results:
        rest = [row for rows in run(work, None, 1, len(results.rows)) for row in rows]
        for at in range(0, len(rest), 3):
            results.append(rest[at : at + 3])
        results.settle(view_of(wanted(None, [], None, None, None, draws=False), work.all_columns).marked(results.rows))
    return path.read_bytes()


def readable_rows(path: Path) -> list[dict[str, str]]:
    """The rows by another reader of the format; it fails where the file is not valid."""
    text = path.read_text()
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines(), strict=True))
    if path.suffix == ".json":
        return json.loads(text)["rows"]
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(params=["csv", "json", "jsonl"])
def path(request, tmp_path) -> Path:
    return tmp_path / f"results.{request.param}"


def test_the_file_is_valid_at_every_moment(path):
    with Results(path, FORMS[path.suffix[1:]](JOB.all_columns), JOB) as results:
        assert readable_rows(path) == []
        for at in range(0, len(ROWS), 5):
            results.append(ROWS[at : at + 5])
            assert len(readable_rows(path)) == len(ROWS[: at + 5])
    assert note_path(path).exists()


def test_what_is_written_is_what_was_worked_out(path):
    finish(path)
    assert not note_path(path).exists()
    found = readable_rows(path)
    assert len(found) == len(ROWS) == 96
    for row, values in zip(ROWS, found, strict=True):
        assert (values["error"] or "") == row.error
        if row.error:
            assert not values["params"] and values["pareto"] in ("no", False)
            continue
        assert int(values["params"]) == row.cells[5]
        if path.suffix == ".csv":
            assert values["input"] == "x".join(map(str, row.cells[4])) and values["rf"] != ""
        else:
            assert values["input"] == list(row.cells[4]) and values["scale"] == row.cells[2]
    assert any(row.error for row in ROWS)
    assert {"yes", True} & {values["pareto"] for values in found}


def test_the_rows_of_a_file_are_read_as_they_were(path):
    form = FORMS[path.suffix[1:]](JOB.all_columns)
    for row in ROWS:
        for mark in (None, True, False):
            again = form.row(form.line(row, mark))
            assert form.line(again, mark) == form.line(row, mark)
            assert again.error == row.error and again.cells[:5] == row.cells[:5]


@pytest.mark.parametrize("done", [0, 1, 2, 50, 95, 96])
@pytest.mark.parametrize("torn", [b"", b"x", b'\n4,3,0.5,"va', b',\n{"width": 4, "ker'])
def test_a_stopped_sweep_gives_the_same_bytes_when_it_goes_on(path, tmp_path, done, torn):
    whole = finish(path)
    other = tmp_path / "again" / path.name
    other.parent.mkdir()
    with Results(other, FORMS[path.suffix[1:]](JOB.all_columns), JOB) as results:
        if done:
            results.append(ROWS[:done])
    if torn:
        # As if the process had been ended within a write, which is over what ended the file before.
        last = FORMS[path.suffix[1:]].last if done else b""
        other.write_bytes(other.read_bytes().removesuffix(last) + torn)
    with Results(other, FORMS[path.suffix[1:]](JOB.all_columns), JOB) as results:
        # Of a row whose line is not ended nobody knows whether it is whole.
        assert len(results.rows) in (done, done - 1) if torn else len(results.rows) == done
        readable_rows(other)
        form = FORMS[path.suffix[1:]](JOB.all_columns)
        assert other.read_bytes() == b"".join(whole_file(form, results.rows, None))
    assert finish(other) == whole
    assert sorted(one.name for one in other.parent.iterdir()) == [path.name]


def test_every_length_of_a_file_is_taken_up(tmp_path):
    work = job(("width=4,8", "kernel=3,9"))
    for ending in FORMS:
        path = tmp_path / f"r.{ending}"
        with Results(path, FORMS[ending](work.all_columns), work) as results:
            results.append([row for rows in run(work, None, 1) for row in rows])
        whole, note = path.read_bytes(), note_path(path).read_bytes()
        expected = finish(path, work)
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            note_path(path).write_bytes(note)
            assert finish(path, work) == expected


def test_a_lost_file_is_begun_anew(path):
    whole = finish(path)
    with Results(path, FORMS[path.suffix[1:]](JOB.all_columns), JOB) as results:
        results.append(ROWS[:10])
    path.unlink()
    assert finish(path) == whole


def test_a_finished_file_is_replaced(path):
    whole = finish(path)
    assert finish(path) == whole
    path.write_text("something else\n")
    assert finish(path) == whole


@pytest.mark.parametrize(
    ("different", "changed"),
    [
        ("spec", JOB._replace(text=SPEC + "#")),
        ("sets", job(("width=4,9", *SETS[1:]))),
        ("columns", job(SETS, ("params",))),
        ("options", JOB._replace(batch=2)),
        ("options", JOB._replace(dtype="int8")),
        ("options", JOB._replace(language="zh")),
        ("version", JOB._replace(version="0")),
    ],
)
def test_a_part_of_another_sweep_is_not_gone_on_with(path, different, changed):
    form = FORMS[path.suffix[1:]](JOB.all_columns)
    with Results(path, form, JOB) as results:
        results.append(ROWS[:10])
    before = path.read_bytes()
    with pytest.raises(CnncalcError, match="E735") as caught:
        Results(path, FORMS[path.suffix[1:]](changed.all_columns), changed)
    assert caught.value.diagnostics[0].message == DIFFERENT[different].format(path=path)
    assert path.read_bytes() == before
    assert set(key_of(changed)) == set(DIFFERENT)
    with Results(path, FORMS[path.suffix[1:]](changed.all_columns), changed, restart=True) as results:
        assert results.rows == []


def test_a_note_that_is_no_note_belongs_to_no_sweep(path):
    finish(path)
    note_path(path).write_text("[1")
    with pytest.raises(CnncalcError, match="E735"):
        Results(path, FORMS[path.suffix[1:]](JOB.all_columns), JOB)


def test_where_nothing_can_be_written_is_an_error(tmp_path):
    path = tmp_path / "no" / "r.csv"
    with pytest.raises(CnncalcError, match="E573"):
        Results(path, FORMS["csv"](JOB.all_columns), JOB)


@pytest.mark.skipif(os.name != "posix", reason="no limit of a file's size here")
def test_a_disk_that_fills_tears_no_row(path):
    """A limit of a file's size stands for the disk; the part that fits of a write is written, as there."""
    import resource
    import signal

    whole = finish(path)
    path.unlink()
    form = FORMS[path.suffix[1:]](JOB.all_columns)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with Results(path, form, JOB) as results:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) // 2, before[1]))
            with pytest.raises(CnncalcError, match="E573"):
                for at in range(0, len(ROWS), 3):
                    results.append(ROWS[at : at + 3])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    kept = readable_rows(path)
    assert 0 < len(kept) < len(ROWS) and len(kept) % 3 == 0
    assert path.read_bytes().endswith(b"\n")
    assert finish(path) == whole


def test_what_a_row_says_stays_in_its_line(path):
    form = FORMS[path.suffix[1:]](JOB.all_columns)
    row = Row((1, 'a"b\n,', True, "=1", (1, 2), None, None, None, None, None), "E1: a\r\nb, \x1b[1m")
    assert b"\n" not in form.line(row, None) and b"\x1b" not in form.line(row, None)
    form.row(form.line(row, None))


def test_what_a_killed_sweep_left_is_removed_and_nothing_else(path):
    parts = [path.with_name(f".{one.name}.0123abcd.part") for one in (path, note_path(path))]
    kept = path.with_name(f".{path.name}.mine.part")
    for one in (*parts, kept):
        one.write_text("half")
    finish(path)
    assert sorted(one.name for one in path.parent.iterdir()) == sorted([path.name, kept.name])


def test_a_file_that_another_sweep_writes_is_left_alone(path):
    form = FORMS[path.suffix[1:]](JOB.all_columns)
    with Results(path, form, JOB) as results:
        results.append(ROWS[:10])
        before = path.read_bytes()
        for restart in (False, True):
            with pytest.raises(CnncalcError, match="E738"):
                Results(path, form, JOB, restart=restart)
        assert path.read_bytes() == before
        results.append(ROWS[10:20])
    with Results(path, form, JOB) as results:
        assert [form.line(row, None) for row in results.rows] == [form.line(row, None) for row in ROWS[:20]]
