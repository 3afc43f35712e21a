"""`sweep`: work out the rows, here or elsewhere, stream them to a file, show what is asked for of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from errno import ENOENT
from pathlib import Path
from typing import NamedTuple

import typer

from cnncalc.cli.options import refused
from cnncalc.executors import cluster, cores, processes
from cnncalc.interop.files import check_regular, write_whole
from cnncalc.output import cannot_write
from cnncalc.questions.sweep.evaluate import Job, Row
from cnncalc.questions.sweep.results import Form, Results, whole
from cnncalc.questions.sweep.run import FEW, run
from cnncalc.questions.sweep.view import View, picture_of
from cnncalc.render.progress import counting
from cnncalc.render.screen import Screen
from cnncalc.render.sweep import footer, table
from cnncalc.render.sweep_forms import FORMS
from cnncalc.render.words import clean
from cnncalc.text import number, say


class Request(NamedTuple):
    """The options that decide how the work is done, and where its rows go."""

    output: str | None
    restart: bool
    jobs: int | None
    dask: str | None
    form: str
    svg: str | None
    keep_all: bool
    color: str


def work(job: Job, request: Request, view: View) -> list[Row]:
    """Work out all rows, and write them where that is asked for. Raises CnncalcError; Exit 130 for an interrupt.

    That the picture has a place is asked before the work, which may be long.
    """
    if request.svg is not None:
        _check_picture(Path(request.svg))
    if request.output is not None:
        return _stream(job, request, view, Path(request.output))
    rows: list[Row] = []
    with _executor(request, job.plan.size) as (executor, parallel), counting(job.plan.size, request.color) as advance:
        for chunk in run(job, executor, parallel):
            rows.extend(chunk)
            advance(len(chunk))
    return rows


def _stream(job: Job, request: Request, view: View, path: Path) -> list[Row]:
    """Work out the rows that the file does not have yet, and write them; an interrupt keeps what is done."""
    with Results(_target(path), _form(path, job), job, restart=request.restart) as results:
        try:
            with (
                _executor(request, job.plan.size - len(results.rows)) as (executor, parallel),
                counting(job.plan.size, request.color) as advance,
            ):
                advance(len(results.rows))
                for chunk in run(job, executor, parallel, len(results.rows)):
                    results.append(chunk)
                    advance(len(chunk))
        except KeyboardInterrupt:
            _say_interrupted(len(results.rows), job.plan.size, request.color)
            raise typer.Exit(130) from None
        results.settle(view.marked(results.rows))
        return results.rows


def _form(path: Path, job: Job) -> Form:
    """Return the form that a file's ending asks for. Raises CnncalcError."""
    form = FORMS.get(path.suffix[1:].lower())
    if form is None:
        problem = say("--output {path}: the ending tells the format, and there is none for this one", path=path)
        raise refused(problem, say("name a file that ends with .csv, .json or .jsonl"))
    return form(job.all_columns)


def _target(path: Path) -> Path:
    """Return the file that a path means, through links. Raises CnncalcError (E122, E123) for a folder or a device."""
    if path.exists():
        check_regular(path)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _check_picture(path: Path) -> None:
    """Raise CnncalcError where no picture can be written."""
    if path.suffix.lower() != ".svg":
        problem = say("what is drawn is SVG, and {path} does not end in .svg", path=path)
        raise refused(problem, say("name a file that ends in .svg; browsers, Inkscape and slides read it"))
    target = _target(path)
    if not target.parent.is_dir():
        raise cannot_write(path, FileNotFoundError(ENOENT, os.strerror(ENOENT)))


def _say_interrupted(done: int, count: int, color: str) -> None:
    text = say(
        "stopped after {done} of {count} combinations; the same command goes on from here",
        done=number(done),
        count=number(count),
    )
    Screen(sys.stderr, color).show([text])


@contextmanager
def _executor(request: Request, count: int) -> Generator[tuple[Executor | None, int]]:
    """Give where the work is done; none where so few combinations are quicker done here."""
    jobs = request.jobs or cores()
    if request.dask is not None:
        with cluster(request.dask) as given:
            yield given
    elif jobs == 1 or count <= FEW:
        yield None, 1
    else:
        with processes(jobs) as executor:
            yield executor, jobs


def show(job: Job, rows: Sequence[Row], request: Request, view: View) -> None:
    """Print the rows, or with an output file what is in it; draw what is to be drawn."""
    if request.svg is not None:
        _write_svg(job, rows, view, Path(request.svg))
    if request.form == "table":
        _show_table(job, rows, request, view, Screen(sys.stdout, request.color))
        return
    shown, marked = view.shown(rows), view.marked(rows)
    again = {at for at, index in enumerate(shown) if index in marked}
    parts = whole(FORMS[request.form](job.all_columns), [rows[index] for index in shown], again)
    sys.stdout.writelines(part.decode() for part in parts)


def _show_table(job: Job, rows: Sequence[Row], request: Request, view: View, screen: Screen) -> None:
    marked, shown = view.marked(rows), view.shown(rows)
    if request.output is None or view.picks:
        screen.show(table(job.all_columns, rows, shown, marked, screen.width, keep_all=request.keep_all))
        screen.show([""])
    if view.plot is not None and request.svg is None:
        from cnncalc.render.sweep_plot import terminal_plot

        screen.show(terminal_plot(picture_of(view, rows), screen.width))
        screen.show([""])
    screen.show(footer(rows, len(shown), marked, view.objectives, view.conditions, screen.width))
    if request.output is not None:
        screen.show([say("all rows are in {path}", path=clean(request.output))])


def _write_svg(job: Job, rows: Sequence[Row], view: View, path: Path) -> None:
    """Draw the rows into a file. Raises CnncalcError (E124) where it cannot be written."""
    from cnncalc.render.sweep_plot import sweep_svg

    picture = sweep_svg(picture_of(view, rows), job.source).encode("utf-8", "backslashreplace")
    write_whole(path, lambda file: file.writelines([picture]))
