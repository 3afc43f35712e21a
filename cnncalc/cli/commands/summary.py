"""`cnncalc summary`: every layer's numbers, and the totals."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.guard import guard, show_warnings
from cnncalc.cli.lighter import PruneOption, PruneTogetherOption, QuantizeOption, ScalesOption, wishes_of
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    DepthOption,
    Dtype,
    DtypeOption,
    File,
    Format,
    InputOption,
    JsonOption,
    LangOption,
    MaxLayersOption,
    SetOption,
    complete_columns,
    parse_settings,
    parse_shape,
)
from cnncalc.text import say

HELP = say("Show every layer's output shape, parameters, MACs, receptive field and memory, and the totals.")
EXAMPLE = "cnncalc summary specs/resnet50.yaml --depth 1"


def summary(
    file: File,
    depth: DepthOption = None,
    input: InputOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = Dtype.float32,
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
    prune: PruneOption = None,
    prune_together: PruneTogetherOption = False,
    quantize: QuantizeOption = None,
    scales: ScalesOption = None,
    save_spec: Annotated[
        str | None,
        typer.Option(
            "--save-spec", metavar=say("FILE"), help=say("Save the network shown as a spec, .yaml."), show_default=False
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

        wishes = wishes_of(prune, prune_together, quantize, scales)
        graph = load(file, input_shape=parse_shape(input), settings=parse_settings(set_), max_layers=max_layers)
        lightened = None
        if wishes:
            from cnncalc.lighter import lighten

            lightened = lighten(graph, wishes, batch=batch, dtype=dtype.value)
            report = lightened.report
        else:
            from cnncalc.analysis.report import analyze

            report = analyze(graph, batch=batch, dtype=dtype.value)
        if save_spec:
            from cnncalc.cli.show import write_spec

            write_spec(report.graph, save_spec)
        show_warnings(report.warnings, graph.source, color.value)
        print_summary(report, "json" if json else format.value, columns, depth, color.value, lightened)
