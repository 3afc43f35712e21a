"""`cnncalc solve`: the inverse. Which settings give a wanted size, receptive field or cost."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli.guard import FINDING, guard, show_warnings
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    Dtype,
    DtypeOption,
    InputOption,
    JsonOption,
    LangOption,
    MaxLayersOption,
    SetOption,
    complete_file,
    complete_layer,
)
from cnncalc.text import say

HELP = say(
    "Find the settings that give a wanted size, receptive field or cost: of a lone kernel, a stack of layers or a spec."
)
EXAMPLE = "cnncalc solve --in 28 --out 28 --kernel 5 --dilation 2 --vary padding"


def _sizes(flag: str, help: str) -> object:
    return typer.Option(flag, metavar=say("SIZE"), help=help, show_default=False)


def solve(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar=say("FILE"),
            help=say("A spec; without it the question is about a lone kernel or a stack of layers."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar=say("NAME[=VALUES]"),
            help=say("What may change, over which values: kernel,padding or stride=1:8 or kernel={{1,3,5}}."),
            show_default=False,
        ),
    ] = None,
    in_: Annotated[
        str | None, _sizes("--in", say("Size that enters, such as 28 or 28x32; asked for without it."))
    ] = None,
    out: Annotated[str | None, _sizes("--out", say("Size that is to come out."))] = None,
    kernel: Annotated[str | None, _sizes("--kernel", say("Kernel size."))] = None,
    stride: Annotated[str | None, _sizes("--stride", say("Stride; 1 without it, the kernel for a pool."))] = None,
    padding: Annotated[
        str | None, _sizes("--padding", say("Padding on each side, or two sides with a comma: 1,2; 0 without it."))
    ] = None,
    dilation: Annotated[str | None, _sizes("--dilation", say("Dilation; 1 without it."))] = None,
    output_padding: Annotated[
        str | None, _sizes("--output-padding", say("Of a transposed convolution; 0 without it."))
    ] = None,
    pool: Annotated[bool, typer.Option("--pool", help=say("The window is a pool's."))] = False,
    transposed: Annotated[bool, typer.Option("--transposed", help=say("The convolution is transposed."))] = False,
    ceil_mode: Annotated[bool, typer.Option("--ceil-mode", help=say("The pool rounds up."))] = False,
    rf: Annotated[
        str | None, _sizes("--rf", say("Pixels to be seen by a stack of equal layers, such as --rf 100 --kernel 3."))
    ] = None,
    layers: Annotated[
        str | None, _sizes("--layers", say("How many layers the stack has; asked for without it."))
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer",
            help=say("The layer of the spec whose arguments --vary names."),
            show_default=False,
            autocompletion=complete_layer,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar=say("LAYER"),
            help=say("The layer whose shape or receptive field is wanted; --layer, else the output, without it."),
            show_default=False,
            autocompletion=complete_layer,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar=say("WANTED"),
            help=say("What is wanted of the spec: 14x14, 512x14x14, params<=1M, macs, flops, rf, memory, layers."),
            show_default=False,
        ),
    ] = None,
    input: InputOption = None,
    set_: SetOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = Dtype.float32,
    max_combinations: Annotated[
        int | None,
        typer.Option(
            "--max-combinations",
            min=1,
            help=say("The most combinations tried; 400,000 of a kernel and 20,000 of a spec without it."),
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Read the question, answer it, print the answer."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli import questions

        window = {
            "--in": in_,
            "--out": out,
            "--kernel": kernel,
            "--stride": stride,
            "--padding": padding,
            "--dilation": dilation,
            "--output-padding": output_padding,
            "--pool": pool,
            "--transposed": transposed,
            "--ceil-mode": ceil_mode,
            "--rf": rf,
            "--layers": layers,
        }
        network = {"--layer": layer, "--at": at, "--target": target, "--input": input, "--set": set_}
        questions.refuse_mixed(file, window, network)
        if file is None:
            answer = questions.solve_lone(window, vary, max_combinations)
        else:
            answer = questions.solve_spec(
                file,
                questions.SpecQuestion(
                    vary or [], target or [], layer, at, input, set_, batch, dtype.value, max_layers
                ),
                max_combinations,
                color.value,
            )
            show_warnings(answer.graph.warnings, answer.graph.source, color.value)
        if json:
            from cnncalc.render.solve_json import answer_json
            from cnncalc.render.to_json import dumps

            sys.stdout.write(dumps(answer_json(answer)))
        else:
            from cnncalc.render.screen import Screen
            from cnncalc.render.solve import answer_lines

            screen = Screen(sys.stdout, color.value)
            screen.show(answer_lines(answer, screen.width))
    raise typer.Exit(0 if answer.solved else FINDING)
