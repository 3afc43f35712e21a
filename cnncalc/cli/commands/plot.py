"""`cnncalc plot`: the network, its receptive field's growth or its costs, as an SVG or as bars in the terminal."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from cnncalc.cli.guard import guard, show_warnings
from cnncalc.cli.options import (
    Color,
    ColorOption,
    File,
    InputOption,
    JsonOption,
    LangOption,
    MaxLayersOption,
    SetOption,
    parse_settings,
    parse_shape,
)
from cnncalc.text import say

HELP = say(
    "Draw the network, how its receptive field grows, or where its parameters and MACs lie: as an SVG into a file "
    "or a pipe, as bars in a terminal."
)
EXAMPLE = "cnncalc plot specs/googlenet.yaml -o googlenet.svg"


class Kind(str, Enum):
    """What there is to draw."""

    network = "network"
    receptive_field = "receptive-field"
    costs = "costs"


def plot(
    file: File,
    kind: Annotated[
        Kind | None,
        typer.Option(
            "--kind", help=say("What to draw: the network into a file, the costs in a terminal."), show_default=False
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar=say("FILE"), help=say("Write the SVG here; - is a pipe."), show_default=False
        ),
    ] = None,
    bars: Annotated[bool, typer.Option("--bars", help=say("Draw bars as text, into a pipe too."))] = False,
    depth: Annotated[
        int | None,
        typer.Option("--depth", min=1, help=say("Name segments kept; deeper layers are one."), show_default=False),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help=say("Draw every copy of what is repeated, and heads that only train."))
    ] = False,
    input: InputOption = None,
    set_: SetOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Load, analyse, draw."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.draw import Wish, draw
        from cnncalc.spec.load import load

        wish = Wish(kind.value if kind else None, output, depth, bars=bars, full=full, as_json=json, color=color.value)
        wish.check()
        graph = load(file, input_shape=parse_shape(input), settings=parse_settings(set_), max_layers=max_layers)
        from cnncalc.analysis.report import analyze

        report = analyze(graph)
        show_warnings(report.warnings, graph.source, color.value)
        draw(report, wish)
