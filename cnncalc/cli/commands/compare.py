"""`cnncalc compare`: networks side by side, and what a build server makes of it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnncalc.cli.guard import FINDING, guard, show_warnings
from cnncalc.cli.lighter import PruneOption, PruneTogetherOption, QuantizeOption, ScalesOption, wishes_of
from cnncalc.cli.options import (
    BatchOption,
    Color,
    ColorOption,
    DepthOption,
    Dtype,
    DtypeOption,
    InputOption,
    JsonOption,
    LangOption,
    MaxLayersOption,
    SetOption,
    complete_file,
)
from cnncalc.text import say

HELP = say("Show networks side by side, or one with other vars or made lighter: totals with ratios, then the layers.")
EXAMPLE = "cnncalc compare specs/resnet18.yaml specs/resnet34.yaml --depth 1"


def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar=say("FILE..."),
            help=say("The specs; the others are held against the first."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ],
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar=say("NAME=VALUE,..."),
            help=say("Also compare each spec with these vars, or with another input: growth=48,input=3x64x64."),
            show_default=False,
        ),
    ] = None,
    set_: SetOption = None,
    input: InputOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = Dtype.float32,
    depth: DepthOption = None,
    only_differences: Annotated[
        bool, typer.Option("--only-differences", help=say("Leave out what all of them have alike."))
    ] = False,
    expect_equal: Annotated[
        bool,
        typer.Option(
            "--expect-equal", help=say("Exit with 1 where input, output shapes, parameters or MACs differ in a layer.")
        ),
    ] = False,
    equal_in: Annotated[
        str | None,
        typer.Option(
            "--equal-in",
            metavar=say("WHAT,..."),
            help=say("The same for other things: shapes, params, macs, buffers, rf, memory, types, names."),
            show_default=False,
        ),
    ] = None,
    max_params: Annotated[
        str | None,
        typer.Option(
            "--max-params",
            metavar=say("COUNT"),
            help=say("Exit with 1 where a network has more parameters, such as 5M."),
            show_default=False,
        ),
    ] = None,
    max_macs: Annotated[
        str | None,
        typer.Option("--max-macs", metavar=say("COUNT"), help=say("The same for MACs: 600M."), show_default=False),
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            "--max-memory", metavar=say("BYTES"), help=say("The same for the peak memory: 20MiB."), show_default=False
        ),
    ] = None,
    min_rf: Annotated[
        str | None,
        typer.Option(
            "--min-rf",
            metavar=say("PIXELS"),
            help=say("Exit with 1 where the units of the last feature map see less."),
            show_default=False,
        ),
    ] = None,
    prune: PruneOption = None,
    prune_together: PruneTogetherOption = False,
    quantize: QuantizeOption = None,
    scales: ScalesOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
    max_layers: MaxLayersOption = 20_000,
) -> None:
    """Load and analyse all of them, print the table, tell what was found."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.comparing import budgets, check_count, expectation, show_findings, variants
        from cnncalc.questions.candidates import candidates
        from cnncalc.questions.compare import compare as compare_all
        from cnncalc.questions.findings import broken_budgets, differences

        allowed = budgets(max_params, max_macs, max_memory, min_rf)
        expected = expectation(expect_equal, equal_in)
        wishes = wishes_of(prune, prune_together, quantize, scales)
        varied, common = variants(with_, set_, input, alone=len(files) == 1 and wishes is None)
        found = candidates(
            files,
            varied,
            common=common,
            wishes=wishes,
            batch=batch,
            dtype=dtype.value,
            max_layers=max_layers,
        )
        check_count(len(found), allowed)
        told = {one.report.graph.source: one.report.warnings for one in reversed(found)}
        for source, warnings in told.items():
            show_warnings(warnings, source, color.value)
        whole = compare_all(*found)
        shown = whole if depth is None else compare_all(*found, depth=depth)
        broken = broken_budgets(whole, allowed)
        differs = differences(whole, expected) if expected else []
        if json:
            from cnncalc.render.compare_json import comparison_json
            from cnncalc.render.to_json import dumps

            sys.stdout.write(dumps(comparison_json(shown, broken, differs, only_differences=only_differences)))
        else:
            from cnncalc.render.compare import compare_lines
            from cnncalc.render.screen import Screen

            screen = Screen(sys.stdout, color.value)
            screen.show(compare_lines(shown, screen.width, only_differences=only_differences))
        show_findings(broken, differs, color.value)
    raise typer.Exit(FINDING if broken or differs else 0)
