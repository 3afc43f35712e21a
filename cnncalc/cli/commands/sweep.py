"""`cnncalc sweep`: what every combination of settings costs."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncalc.cli.guard import FINDING, guard
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    Dtype,
    File,
    JsonOption,
    LangOption,
    MaxLayersOption,
    refused,
)
from cnncalc.text import say

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from cnncalc.questions.sweep.evaluate import Job, Row
    from cnncalc.questions.sweep.results import Form
    from cnncalc.questions.sweep.view import View


class SweepFormat(str, Enum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"


HELP = say("Try every combination of settings: parameters, MACs, receptive field and memory of each, and the best.")
EXAMPLE = "cnncalc sweep specs/densenet121.yaml --set growth=12:48:4 --set input=3x{160,192,224}"


class Request(NamedTuple):
    """The options that decide how the work is done, and where its rows go."""

    output: str | None
    restart: bool
    jobs: int | None
    dask: str | None


def sweep(
    file: File,
    more: Annotated[list[str] | None, typer.Argument(hidden=True, metavar=say("[VALUES]..."))] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar=say("NAME=VALUES"),
            help=say(
                "Values of a var or of the input: 12:48:4 (from 12 to 48, both included, by 4), 16,24,32 or "
                "3x{{160,192}}. Several options give all their combinations."
            ),
            show_default=False,
        ),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option(
            "--together",
            metavar=say("NAMES"),
            help=say("Vars that change together, first with first, instead of being combined: width,depth."),
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", help=say("What to tell of each: params,macs,layer4.output_shape."), show_default=False
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar=say("CONDITION"),
            help=say("Only what meets this, such as 'macs<=600M'; several must all be met."),
            show_default=False,
        ),
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            "--pareto",
            help=say("What the best are the best in, else params,macs,rf: costs small, rf large; or write max:NAME."),
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", help=say("A column to sort by, or max:NAME."), show_default=False)
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help=say("So many rows."), show_default=False)] = None,
    plot: Annotated[
        str | None,
        typer.Option("--plot", metavar=say("X,Y"), help=say("Draw one column against another."), show_default=False),
    ] = None,
    svg: Annotated[
        str | None,
        typer.Option("--svg", metavar=say("FILE"), help=say("Draw the plot into a file."), show_default=False),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar=say("FILE"),
            help=say("Stream all rows to a .csv, .json or .jsonl file; when stopped, the same command goes on."),
            show_default=False,
        ),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help=say("Begin the file anew."))] = False,
    batch: BatchOption = 1,
    dtype: Annotated[Dtype, typer.Option("--dtype", help=say("For the bytes."))] = Dtype.float32,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, max=512, help=say("Processes at once; else one a core."), show_default=False
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask", metavar=say("ADDRESS"), help=say("Work on a Dask cluster: tcp://host:8786."), show_default=False
        ),
    ] = None,
    max_combinations: Annotated[
        int, typer.Option("--max-combinations", min=1, help=say("The most combinations."))
    ] = 100_000,
    format: Annotated[SweepFormat, typer.Option("--format", help=say("How to print the rows."))] = SweepFormat.table,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Plan, work, print."""
    form = SweepFormat.json if json else format
    with guard(as_json=form is SweepFormat.json, color=color.value):
        if dask is not None and jobs is not None:
            raise refused(say("--jobs is for this machine, and --dask for a cluster"), say("leave one of them out"))
        file, sets = _gathered([file, *(more or [])], set_ or [])
        from cnncalc.questions.sweep import DEFAULT, job_for, plan_of
        from cnncalc.questions.sweep.view import view_of, wanted
        from cnncalc.spec.files import read_text
        from cnncalc.spec.load import draft

        asked = wanted(pareto, where or [], sort, top, plot, draws=svg is not None)
        drafted = draft(read_text(file), source="<stdin>" if file == "-" else file)
        plan = plan_of(drafted, sets, together or [], max_combinations)
        names = columns.split(",") if columns is not None else DEFAULT
        job = job_for(drafted, plan, names, asked.names, batch, dtype.value, max_layers)
        view = view_of(asked, job.all_columns)
        rows = _work(job, Request(output, restart, jobs, dask), view, color.value)
        _show(job, rows, view, form, output, svg, color.value, keep_all=columns is not None)
    if all(row.error for row in rows):
        raise typer.Exit(FINDING)


def _gathered(words: list[str], given: list[str]) -> tuple[str, list[str]]:
    """Return the file and the values; what a shell made of braces is put together again. Raises CnncalcError.

    Of `--set input=3x{160,192}` bash makes `--set input=3x160 input=3x192`.
    """
    sets = {text.partition("=")[0].strip(): text for text in given}
    files: list[str] = []
    for word in words:
        name, equals, values = word.partition("=")
        if equals and name in sets:
            given[given.index(sets[name])] = sets[name] = f"{sets[name]},{values}"
        else:
            files.append(word)
    if len(files) != 1:
        problem = say("one spec is swept, and these are named: {names}", names=", ".join(files))
        raise refused(problem, say("name one file; put the values into quotes: --set 'width=16,24,32'"))
    return files[0], given


def _work(job: Job, request: Request, view: View, color: str) -> list[Row]:
    """Work out all rows, and write them where that is asked for."""
    from cnncalc.questions.sweep.run import run
    from cnncalc.render.progress import counting

    if request.output is None:
        rows: list[Row] = []
        with _executor(request, job.plan.size) as (executor, parallel), counting(job.plan.size, color) as advance:
            for chunk in run(job, executor, parallel):
                rows.extend(chunk)
                advance(len(chunk))
        return rows
    return _stream(job, request, view, color)


def _stream(job: Job, request: Request, view: View, color: str) -> list[Row]:
    """Work out the rows that the file does not have yet, and write them; an interrupt keeps what is done."""
    from pathlib import Path

    from cnncalc.questions.sweep.results import Results
    from cnncalc.questions.sweep.run import run
    from cnncalc.render.progress import counting

    path = Path(request.output or "")
    with Results(path, _form(path, job), job, restart=request.restart) as results:
        try:
            with (
                _executor(request, job.plan.size - len(results.rows)) as (executor, parallel),
                counting(job.plan.size, color) as advance,
            ):
                advance(len(results.rows))
                for chunk in run(job, executor, parallel, len(results.rows)):
                    results.append(chunk)
                    advance(len(chunk))
        except KeyboardInterrupt:
            _say_interrupted(len(results.rows), job.plan.size, color)
            raise typer.Exit(130) from None
        results.settle(view.marked(results.rows))
        return results.rows


def _form(path: Path, job: Job) -> Form:
    """Return the form that a file's ending asks for. Raises CnncalcError."""
    from cnncalc.render.sweep_forms import FORMS

    form = FORMS.get(path.suffix[1:].lower())
    if form is None:
        problem = say("--output {path}: the ending tells the format, and there is none for this one", path=path)
        raise refused(problem, say("name a file that ends with .csv, .json or .jsonl"))
    return form(job.all_columns)


def _say_interrupted(done: int, count: int, color: str) -> None:
    from cnncalc.render.screen import Screen
    from cnncalc.text import number

    text = say(
        "stopped after {done} of {count} combinations; the same command goes on from here",
        done=number(done),
        count=number(count),
    )
    Screen(sys.stderr, color).show([text])


@contextmanager
def _executor(request: Request, count: int) -> Generator[tuple[Executor | None, int]]:
    """Give where the work is done; none where so few combinations are quicker done here."""
    from cnncalc.executors import cluster, cores, processes
    from cnncalc.questions.sweep.run import FEW

    jobs = request.jobs or cores()
    if request.dask is not None:
        with cluster(request.dask) as given:
            yield given
    elif jobs == 1 or count <= FEW:
        yield None, 1
    else:
        with processes(jobs) as executor:
            yield executor, jobs


def _show(
    job: Job,
    rows: list[Row],
    view: View,
    form: SweepFormat,
    output: str | None,
    svg: str | None,
    color: str,
    *,
    keep_all: bool,
) -> None:
    """Print the rows, or with an output file what is in it; draw what is to be drawn."""
    marked, shown = view.marked(rows), view.shown(rows)
    if svg is not None:
        _write_svg(job, rows, view, svg)
    if form is not SweepFormat.table:
        from cnncalc.questions.sweep.results import whole
        from cnncalc.render.sweep_forms import FORMS

        again = {at for at, index in enumerate(shown) if index in marked}
        parts = whole(FORMS[form.value](job.all_columns), [rows[index] for index in shown], again)
        sys.stdout.writelines(part.decode() for part in parts)
        return
    from cnncalc.render.screen import Screen
    from cnncalc.render.sweep import footer, table
    from cnncalc.render.words import clean

    screen = Screen(sys.stdout, color)
    if output is None or view.picks:
        screen.show(table(job.all_columns, rows, shown, marked, screen.width, keep_all=keep_all))
        screen.show([""])
    if view.plot is not None and svg is None:
        from cnncalc.questions.sweep.view import picture_of
        from cnncalc.render.sweep_plot import terminal_plot

        screen.show(terminal_plot(picture_of(view, rows), screen.width))
        screen.show([""])
    screen.show(footer(rows, len(shown), marked, view.objectives, view.conditions, screen.width))
    if output is not None:
        screen.show([say("all rows are in {path}", path=clean(output))])


def _write_svg(job: Job, rows: list[Row], view: View, path: str) -> None:
    """Draw the rows into a file. Raises CnncalcError (E573) where it cannot be written."""
    from pathlib import Path

    from cnncalc.output import cannot_write, replace_file
    from cnncalc.questions.sweep.view import picture_of
    from cnncalc.render.sweep_plot import sweep_svg

    picture = sweep_svg(picture_of(view, rows), job.source)
    try:
        replace_file(Path(path), [picture.encode("utf-8", "backslashreplace")])
    except OSError as error:
        raise cannot_write(Path(path), error) from None
