"""`cnncalc run`: execution, and the proof by it."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.guard import guard
from cnncalc.cli.lighter import PruneOption, PruneTogetherOption, QuantizeOption, ScalesOption, wishes_of
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    File,
    JsonOption,
    LangOption,
    MaxLayersOption,
    RunDtype,
    SeedOption,
    SetOption,
    WeightsOption,
    parse_settings,
)
from cnncalc.text import say

HELP = say(
    "Run the network fast, and check its shapes, tensors and memory; with --verify prove MACs, receptive field and "
    "every layer's numbers too, by what really happened."
)
EXAMPLE = "cnncalc run specs/lenet.yaml --input digit.png --top 3"


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
    dtype: Annotated[
        RunDtype, typer.Option("--dtype", help=say("To compute in; float64 by the definitions alone, all proven."))
    ] = RunDtype.float32,
    verify: Annotated[
        bool, typer.Option("--verify", help=say("Run the definitions too, and compare everything; slow."))
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help=say("Else the cores this process may use."), show_default=False),
    ] = None,
    repeat: Annotated[
        int | None,
        typer.Option("--repeat", min=1, help=say("Time so many runs: median and spread."), show_default=False),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help=say("Show where the time goes, layer by layer."))] = False,
    set_: SetOption = None,
    prune: PruneOption = None,
    prune_together: PruneTogetherOption = False,
    quantize: QuantizeOption = None,
    scales: ScalesOption = None,
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
            wishes=wishes_of(prune, prune_together, quantize, scales),
            verify=verify,
            threads=threads,
            repeat=repeat,
            profile=profile,
        )
        code = execute(request, as_json=json, color=color.value)
    if code:
        raise typer.Exit(code)
