"""`cnncalc explain`: where one layer's numbers come from."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.guard import guard
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
    SeedOption,
    SetOption,
    WeightsOption,
    complete_layer,
    complete_quantity,
    parse_settings,
    parse_shape,
)
from cnncalc.text import say

HELP = say("Derive one layer's numbers: the rule, the numbers put in, the result.")
EXAMPLE = "cnncalc explain specs/lenet.yaml conv2"


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
    dtype: DtypeOption = Dtype.float32,
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
