"""`cnncalc sweep`: what every combination of settings costs."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from cnncalc.cli.guard import FINDING, guard
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    Dtype,
    DtypeOption,
    File,
    JsonOption,
    LangOption,
    MaxLayersOption,
    is_shape,
    refused,
)
from cnncalc.text import say


class SweepFormat(str, Enum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"


HELP = say("Try every combination of settings: parameters, MACs, receptive field and memory of each, and the best.")
EXAMPLE = "cnncalc sweep specs/densenet121.yaml --set growth=12:48:4 --set input=3x{160,192,224}"


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
    input: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar=say("SHAPES"),
            help=say("Values of the input: the same as --set input=SHAPES."),
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
    dtype: DtypeOption = Dtype.float32,
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
        file, sets = _gathered(*_with_input([file, *(more or [])], set_ or [], input or []))
        from cnncalc.cli.sweeping import Request, show, work
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
        request = Request(output, restart, jobs, dask, form.value, svg, columns is not None, color.value)
        rows = work(job, request, view)
        show(job, rows, request, view)
    if all(row.error for row in rows):
        raise typer.Exit(FINDING)


def _with_input(words: list[str], given: list[str], shapes: list[str]) -> tuple[list[str], list[str]]:
    """Return the words and the values, those of --input among them. Raises CnncalcError where --set gives them too.

    Of `--input 3x{160,192}` bash makes `--input 3x160 3x192`, of `--input=3x{160,192}` two options.
    """
    if not shapes:
        return words, given
    if any(text.partition("=")[0].strip() == "input" for text in given):
        problem = say("--input and --set input= give the same")
        raise refused(problem, say("leave one of them out"))
    more = [word for word in words if is_shape(word)]
    return [word for word in words if word not in more], [*given, f"input={','.join([*shapes, *more])}"]


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
