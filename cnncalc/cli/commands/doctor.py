"""`cnncalc doctor`: what this installation is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncalc.cli.guard import guard
from cnncalc.cli.options import (
    Color,
    ColorOption,
    JsonOption,
    LangOption,
)
from cnncalc.text import say

HELP = say("Show versions, the processor, the cache folder, threads and encoding, and run a self-test.")
EXAMPLE = "cnncalc doctor"


def doctor(
    warm: Annotated[
        bool, typer.Option("--warm", help=say("Compile all kernels first, so that no later run has to."))
    ] = False,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    lang: LangOption = None,
) -> None:
    """Print what is found."""
    with guard(as_json=json, color=color.value):
        from cnncalc.cli.doctor import examine

        code = examine(warm=warm, as_json=json, color=color.value)
    if code:
        raise typer.Exit(code)
