"""`cnncalc count`: the number each tool would print, and what makes it differ from the exact count."""

from __future__ import annotations

import sys
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
    refused,
)
from cnncalc.text import say

HELP = say("Show the MACs or FLOPs that other tools would print, and what each counts besides the exact MACs.")
EXAMPLE = "cnncalc count specs/resnet50.yaml --as fvcore"


def complete_tool(incomplete: str) -> list[str]:
    """Offer the names of the tools."""
    from cnncalc.conventions import TOOLS

    return [name for name in TOOLS if name.startswith(incomplete)]


def count(
    file: File,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar=say("TOOL"),
            help=say("A tool, such as fvcore, or several: fvcore,thop. All without it."),
            show_default=False,
            autocompletion=complete_tool,
        ),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help=say("With one tool: what it counts, layer by layer."))
    ] = False,
    input: InputOption = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, help=say("Images at once, for tools whose number grows with them."))
    ] = 1,
    set_: SetOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Load, count as the tools do, print."""
    with guard(as_json=json, color=color.value):
        from cnncalc.conventions import TOOLS, counts
        from cnncalc.spec.load import load

        named = [name.strip() for text in tools or [] for name in text.split(",")]
        wanted = list(dict.fromkeys(named or TOOLS))
        if layers and not json and len(wanted) > 1:
            raise refused(say("--layers is for one tool"), say("name it: --as fvcore"))
        graph = load(file, input_shape=parse_shape(input), settings=parse_settings(set_), max_layers=max_layers)
        found = counts(graph, wanted, batch=batch)
        show_warnings(graph.warnings, graph.source, color.value)
        if json:
            from cnncalc.render.count import counts_json
            from cnncalc.render.to_json import dumps

            sys.stdout.write(dumps(counts_json(graph, found, layers=layers)))
            return
        from cnncalc.render.count import show_tool, show_tools
        from cnncalc.render.screen import Screen

        screen = Screen(sys.stdout, color.value)
        if len(found) == 1:
            show_tool(screen, graph, found[0], layers=layers)
        else:
            show_tools(screen, graph, found)
