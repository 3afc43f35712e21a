"""`cnncalc grade`: the marks of a class, into a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncalc.cli.guard import FINDING, guard
from cnncalc.cli.options import Color, ColorOption, HintsOption, JsonOption, LangOption, complete_file, refused
from cnncalc.text import say

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from cnncalc.homework.assignment import Assignment
    from cnncalc.homework.grade.run import Grading
    from cnncalc.homework.grade.tally import ClassTally
    from cnncalc.homework.grade.worker import Renderer


class GradeFormat(str, Enum):
    """Whose results are written."""

    report = "report"
    gradescope = "gradescope"
    prairielearn = "prairielearn"
    nbgrader = "nbgrader"
    classroom50 = "classroom50"


_ONE_FILE = {
    GradeFormat.gradescope: "results.json",
    GradeFormat.prairielearn: "results.json",
    GradeFormat.classroom50: "result.json",
}
"""The formats that have a file of their own for each submission, and its name."""


class Request(NamedTuple):
    """The options of `grade`, as written."""

    folder: str
    assignment: str
    output: str
    format: GradeFormat
    jobs: int | None
    timeout: float
    memory: int
    hints_only: bool
    fresh: bool
    dask: str | None


HELP = say("Grade a class: a gradebook, feedback for each student, and a report of what went wrong.")
EXAMPLE = "cnncalc grade submissions -a homework.yaml -o results"


def grade(
    folder: Annotated[
        str,
        typer.Argument(
            metavar=say("FOLDER"),
            help=say("The submissions: a folder with all that is in it, a .zip, or one file."),
            show_default=False,
        ),
    ],
    assignment: Annotated[
        str,
        typer.Option(
            "--assignment",
            "-a",
            metavar=say("FILE"),
            help=say("What was asked, and what it is worth; or the folder of keys that quiz --class wrote."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar=say("DIR"), help=say("Where the results are written."), show_default=False
        ),
    ],
    format: Annotated[
        GradeFormat,
        typer.Option("--format", help=say("A report of the class, or what another system reads.")),
    ] = GradeFormat.report,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=512, help=say("Files at once; else one a core."), show_default=False),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, max=3600, help=say("Seconds of computing, a file."))
    ] = 10,
    memory: Annotated[int, typer.Option("--memory", min=16, help=say("MiB of memory, a file."))] = 256,
    hints_only: HintsOption = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help=say("Grade every file anew, also what an earlier run has graded."))
    ] = False,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask", metavar=say("ADDRESS"), help=say("Grade on a Dask cluster: tcp://host:8786."), show_default=False
        ),
    ] = None,
    lang: LangOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
) -> None:
    """Grade, write, print what came of the class."""
    with guard(as_json=json, color=color.value):
        if dask is not None and jobs is not None:
            raise refused(say("--jobs is for this machine, and --dask for a cluster"), say("leave one of them out"))
        request = Request(folder, assignment, output, format, jobs, timeout, memory, hints_only, fresh, dask)
        code = _grade(request, as_json=json, color=color.value)
    if code:
        raise typer.Exit(code)


def _grade(request: Request, *, as_json: bool, color: str) -> int:
    """Grade and write; return 1 where a file could not be graded."""
    from pathlib import Path

    from cnncalc.homework.assignment.read import load_assignment
    from cnncalc.homework.check import Checker
    from cnncalc.homework.grade.files import submissions
    from cnncalc.homework.grade.keys import load_keys
    from cnncalc.homework.grade.run import Grading
    from cnncalc.homework.grade.tally import tally
    from cnncalc.homework.grade.worker import Job
    from cnncalc.render.progress import counting
    from cnncalc.text import language

    asked = Path(request.assignment)
    assignment, keys = load_keys(asked) if asked.is_dir() else (load_assignment(request.assignment), None)
    folder, output = Path(request.folder), Path(request.output)
    files = submissions(folder, leave=[output, asked])
    renderer = _renderer(request, assignment, alone=folder.is_file() and len(files) == 1)
    job = Job(assignment, Checker, renderer, language(), request.timeout, request.memory, keys)
    with Grading(files, job, output, fresh=request.fresh) as grading:
        with _executor(request) as (executor, parallel), counting(len(files), color) as advance:
            grading.run(executor, parallel, advance)
        counted = tally(assignment, grading.records())
        _write(request.format, assignment, grading, counted, output)
        grading.settle()
    _show(assignment, counted, as_json=as_json, color=color)
    return _exit_code(request.format, counted)


def _renderer(request: Request, assignment: Assignment, *, alone: bool) -> Renderer:
    """Return what writes for single students. A file graded alone has its results where a container looks for them."""
    if request.format is GradeFormat.report:
        from cnncalc.render.feedback import Feedback

        return Feedback(request.hints_only)
    from cnncalc.render import autograders

    if request.format is GradeFormat.nbgrader:
        return autograders.Nothing()
    name = _ONE_FILE[request.format]
    path = name if alone else f"{{}}/{name}"
    if request.format is GradeFormat.gradescope:
        return autograders.Gradescope(path, request.hints_only)
    if request.format is GradeFormat.prairielearn:
        return autograders.PrairieLearn(path, request.hints_only)
    fields = autograders.classroom50_fields(os.environ)
    return autograders.Classroom50(path, fields, autograders.whole_scale(assignment))


@contextmanager
def _executor(request: Request) -> Generator[tuple[Executor, int]]:
    from cnncalc.executors import cluster, cores
    from cnncalc.homework.grade.executors import local
    from cnncalc.homework.grade.guarded import close_workers

    if request.dask is not None:
        with cluster(request.dask, close_workers) as given:
            yield given
        return
    jobs = request.jobs or cores()
    with local(jobs) as executor:
        yield executor, jobs


def _write(format: GradeFormat, assignment: Assignment, grading: Grading, counted: ClassTally, output: Path) -> None:
    """Write what is about the whole class. Raises CnncalcError (E573) where that cannot be done."""
    from cnncalc.output import cannot_write, replace_file

    try:
        for name, parts in _class_files(format, assignment, grading, counted):
            replace_file(output / name, parts)
    except OSError as error:
        raise cannot_write(output, error) from None


def _class_files(
    format: GradeFormat, assignment: Assignment, grading: Grading, counted: ClassTally
) -> Iterable[tuple[str, Iterable[bytes]]]:
    if format is GradeFormat.nbgrader:
        from cnncalc.render.autograders import nbgrader_csv

        yield "grades.csv", nbgrader_csv(assignment, grading.records())
    if format is not GradeFormat.report:
        return
    from cnncalc.render import class_report
    from cnncalc.render.class_bars import bars_svg
    from cnncalc.render.to_json import dumps

    yield "gradebook.csv", class_report.gradebook_csv(assignment, grading.records(), counted.same_id)
    texts = {
        "report.svg": bars_svg(counted),
        "report.md": class_report.class_markdown(assignment, counted, "report.svg"),
        "report.html": class_report.class_html(assignment, counted),
        "report.json": dumps(class_report.class_json(assignment, counted)),
    }
    for name, text in texts.items():
        yield name, [text.encode("utf-8", "backslashreplace")]


def _show(assignment: Assignment, counted: ClassTally, *, as_json: bool, color: str) -> None:
    if as_json:
        from cnncalc.render.class_report import class_json
        from cnncalc.render.to_json import dumps

        sys.stdout.write(dumps(class_json(assignment, counted)))
        return
    from cnncalc.render.class_report import summary_lines
    from cnncalc.render.screen import Screen

    Screen(sys.stdout, color).show(summary_lines(counted))


def _exit_code(format: GradeFormat, counted: ClassTally) -> int:
    """Return 1 where a file has no marks; an autograder's runner reads that in the results, unless grading broke."""
    statuses = {failure.status for failure in counted.failures}
    if format in _ONE_FILE:
        return FINDING if "crashed" in statuses else 0
    return FINDING if statuses else 0
