"""The commands and their options. A command's work is imported when it runs, so that `summary` starts fast.

The help texts are said when this is imported, so the language is settled before (see `language`).
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli.check import check
from cnncalc.cli.grade import grade
from cnncalc.cli.guard import guard, show_warnings
from cnncalc.cli.mistakes import mistakes
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    Dtype,
    File,
    Format,
    JsonOption,
    LangOption,
    MaxLayersOption,
    RunDtype,
    SeedOption,
    SetOption,
    WeightsOption,
    complete_columns,
    complete_layer,
    complete_quantity,
    parse_settings,
    parse_shape,
)
from cnncalc.cli.quiz import quiz
from cnncalc.cli.typer_words import Command, Group
from cnncalc.text import say

app = typer.Typer(
    name="cnncalc",
    cls=Group,
    help=say(
        "Shapes, parameters, MACs, receptive fields and memory of a CNN from a text file, each proven by running it."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from cnncalc import __version__

        typer.echo(f"cnncalc {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=say("Print the version and stop."))
    ] = False,
    lang: LangOption = None,
) -> None:
    """Options before the command."""


@app.command(
    cls=Command,
    help=say("Show every layer's output shape, parameters, MACs, receptive field and memory, and the totals."),
    epilog=say("Example: {command}", command="cnncalc summary specs/resnet50.yaml --depth 1"),
)
def summary(
    file: File,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, help=say("Name segments shown; deeper layers are summed."), show_default=False),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            "--input", metavar=say("SHAPE"), help=say("Another input, such as 3x512x512."), show_default=False
        ),
    ] = None,
    batch: BatchOption = 1,
    dtype: Annotated[Dtype, typer.Option("--dtype", help=say("For the bytes."))] = Dtype.float32,
    set_: SetOption = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            help=say("Columns to show, with commas between."),
            show_default=False,
            autocompletion=complete_columns,
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help=say("How to print it."))] = Format.table,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Load, analyse, print the table."""
    json = json or format is Format.json
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.show import print_summary
        from cnncalc.spec.load import load

        graph = load(file, input_shape=parse_shape(input), settings=parse_settings(set_), max_layers=max_layers)
        from cnncalc.analysis.report import analyze

        report = analyze(graph, batch=batch, dtype=dtype.value)
        show_warnings(report.warnings, graph.source, color.value)
        print_summary(report, "json" if json else format.value, columns, depth, color.value)


@app.command(
    cls=Command,
    help=say("Derive one layer's numbers: the rule, the numbers put in, the result."),
    epilog=say("Example: {command}", command="cnncalc explain specs/lenet.yaml conv2"),
)
def explain(
    file: File,
    layer: Annotated[
        str, typer.Argument(help=say("The layer's full name, such as layer1.0.conv1."), autocompletion=complete_layer)
    ],
    quantity: Annotated[
        str | None,
        typer.Argument(
            help=say("shape, parameters, macs, flops, receptive_field, memory or sharing; all without it."),
            show_default=False,
            autocompletion=complete_quantity,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar=say("C,Y,X"),
            help=say("Show the arithmetic of one output element; with receptive_field, what it sees."),
            show_default=False,
        ),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar=say("SHAPE|FILE"),
            help=say("Another input shape; with --at also a .npy or image."),
            show_default=False,
        ),
    ] = None,
    weights: WeightsOption = None,
    seed: SeedOption = 0,
    batch: BatchOption = 1,
    dtype: Annotated[Dtype, typer.Option("--dtype", help=say("For the bytes."))] = Dtype.float32,
    set_: SetOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Load, then print derivations, one element's arithmetic, or what it sees."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.options import is_shape
        from cnncalc.cli.show import canonical, check_explain, print_element, print_explanation, print_window
        from cnncalc.spec.load import load

        quantity = canonical(quantity)
        check_explain(quantity, at, weights)
        shape = parse_shape(input) if input and (at is None or is_shape(input)) else None
        graph = load(file, input_shape=shape, settings=parse_settings(set_), max_layers=max_layers)
        if at is not None and quantity is not None:
            print_window(graph, layer, at, as_json=json, color=color.value)
            return
        if at is not None:
            print_element(graph, layer, at, None if shape else input, weights, seed, as_json=json, color=color.value)
            return
        from cnncalc.analysis.report import analyze

        print_explanation(
            analyze(graph, batch=batch, dtype=dtype.value), layer, quantity, as_json=json, color=color.value
        )


@app.command(
    cls=Command,
    help=say(
        "Run the network, and prove its shapes, parameters, MACs, receptive field and memory by what really happened."
    ),
    epilog=say("Example: {command}", command="cnncalc run specs/lenet.yaml --input digit.png --top 3"),
)
def run(
    file: File,
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar=say("FILE|SHAPE"),
            help=say("A .npy, PNG or JPEG; or a shape for a random input."),
            show_default=False,
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option("--mean", help=say("Of an image, one or one a channel: 0.485,0.456,0.406."), show_default=False),
    ] = None,
    std: Annotated[
        str | None, typer.Option("--std", help=say("Of an image, one or one a channel."), show_default=False)
    ] = None,
    resize: Annotated[
        str | None, typer.Option("--resize", help=say("Shorter side of an image, or HxW."), show_default=False)
    ] = None,
    crop: Annotated[
        str | None, typer.Option("--crop", help=say("Centre crop of an image, one side or HxW."), show_default=False)
    ] = None,
    weights: WeightsOption = None,
    seed: SeedOption = 0,
    batch: BatchOption = 1,
    dtype: Annotated[RunDtype, typer.Option("--dtype", help=say("To compute in."))] = RunDtype.float32,
    set_: SetOption = None,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar=say("FILE"), help=say("Save the output, .npy."), show_default=False),
    ] = None,
    save_activations: Annotated[
        str | None,
        typer.Option(
            "--save-activations", metavar=say("DIR"), help=say("Save each layer's output, .npy."), show_default=False
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help=say("Show the largest outputs."), show_default=False)
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", metavar=say("FILE"), help=say("Names of the outputs, one a line."), show_default=False
        ),
    ] = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Execute, print the proof."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.execute import Request, execute

        request = Request(
            file=file,
            input=input,
            mean=mean,
            std=std,
            resize=resize,
            crop=crop,
            weights=weights,
            seed=seed,
            batch=batch,
            dtype=dtype.value,
            settings=parse_settings(set_),
            output=output,
            save_activations=save_activations,
            top=top,
            labels=labels,
            max_layers=max_layers,
        )
        code = execute(request, as_json=json, color=color.value)
    if code:
        raise typer.Exit(code)


app.command(
    cls=Command,
    help=say("Check answers to homework: which are right, and which mistake each wrong number comes from."),
    epilog=say("Example: {command}", command="cnncalc check answers.yaml --spec specs/lenet.yaml"),
)(check)

app.command(
    cls=Command,
    help=say("Grade a class: a gradebook, feedback for each student, and a report of what went wrong."),
    epilog=say("Example: {command}", command="cnncalc grade submissions -a homework.yaml -o results"),
)(grade)

app.command(
    cls=Command,
    help=say("Set a quiz: questions with plain numbers, a sheet to hand out, and a key that check and grade read."),
    epilog=say("Example: {command}", command="cnncalc quiz --topic shape,parameters --seed 42 -o quiz"),
)(quiz)

app.command(
    cls=Command,
    help=say("List the mistakes that wrong numbers are traced to, with the names that partial credit goes by."),
    epilog=say("Example: {command}", command="cnncalc mistakes"),
)(mistakes)


@app.command(
    cls=Command,
    help=say("Print the JSON Schema of specs, for editors that complete and check them."),
    epilog=say("Example: {command}", command="cnncalc schema > cnncalc.schema.json"),
)
def schema(lang: LangOption = None) -> None:
    """Print the schema."""
    with guard():
        from cnncalc.render.to_json import dumps
        from cnncalc.spec.schema import schema as build

        sys.stdout.write(dumps(build()))


@app.command(
    cls=Command,
    help=say("Show versions, the cache folder, threads and encoding, and run a self-test."),
    epilog=say("Example: {command}", command="cnncalc doctor"),
)
def doctor(json: JsonOption = False, color: ColorOption = Color.auto, lang: LangOption = None) -> None:
    """Print what is found."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.doctor import examine

        code = examine(as_json=json, color=color.value)
    if code:
        raise typer.Exit(code)
