"""The options that several commands share, and how their texts become values."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

import typer

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import Shape, say, use_language


class Color(str, Enum):
    """When to colour."""

    auto = "auto"
    always = "always"
    never = "never"


class Dtype(str, Enum):
    """The numbers' type, for bytes."""

    float32 = "float32"
    float64 = "float64"
    float16 = "float16"
    bfloat16 = "bfloat16"
    int8 = "int8"
    int4 = "int4"


class RunDtype(str, Enum):
    """The numbers' type, for execution."""

    float32 = "float32"
    float64 = "float64"


class Format(str, Enum):
    """Forms of the summary."""

    table = "table"
    csv = "csv"
    tsv = "tsv"
    markdown = "markdown"
    latex = "latex"
    json = "json"


class Lang(str, Enum):
    """Languages."""

    en = "en"
    zh = "zh"


def complete_file(incomplete: str) -> list[str]:
    """Offer spec files and folders; of a folder that is the only choice, what it holds, since a shell adds a space."""
    from pathlib import Path

    typed = Path(incomplete)
    folder, start = (typed, "") if incomplete.endswith("/") else (typed.parent, typed.name)
    try:
        found = [path for path in sorted(folder.iterdir()) if path.name.startswith(start) and path.name[0] != "."]
        names = [f"{path}/" if path.is_dir() else str(path) for path in found if path.is_dir() or path.suffix in SPECS]
    except OSError:
        return []
    return complete_file(names[0]) if len(names) == 1 and names[0].endswith("/") else names


SPECS = (".yaml", ".yml")


def complete_layer(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the layer names of the spec already typed."""
    from cnncalc.spec.load import load

    path = ctx.params.get("file")
    try:
        return [node.name for node in load(str(path)).every_node() if node.name.startswith(incomplete)]
    except CnncalcError:
        return []


def complete_quantity(incomplete: str) -> list[str]:
    """Offer the quantities that can be explained."""
    from cnncalc.analysis.explain import QUANTITIES

    return [name for name in QUANTITIES if name.startswith(incomplete)]


def complete_columns(incomplete: str) -> list[str]:
    """Offer column names after the last comma."""
    from cnncalc.render.table import COLUMNS

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in COLUMNS if name.startswith(last)]


def use_lang(lang: Lang | None) -> Lang | None:
    """Say what follows in the language asked for."""
    if lang is not None:
        use_language(lang.value)
    return lang


File = Annotated[
    str,
    typer.Argument(
        metavar=say("FILE"),
        help=say("The spec, a YAML file; - reads standard input."),
        show_default=False,
        autocompletion=complete_file,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar=say("NAME=VALUE"), help=say("Give a var of the spec another value."), show_default=False
    ),
]
InputOption = Annotated[
    str | None,
    typer.Option("--input", metavar=say("SHAPE"), help=say("Another input, such as 3x512x512."), show_default=False),
]
DtypeOption = Annotated[Dtype, typer.Option("--dtype", help=say("For the bytes."))]
DepthOption = Annotated[
    int | None,
    typer.Option("--depth", min=1, help=say("Name segments shown; deeper layers are summed."), show_default=False),
]
BatchOption = Annotated[
    int, typer.Option("--batch", min=1, help=say("Images at once. Bytes scale with it; MACs are for one."))
]
JsonOption = Annotated[bool, typer.Option("--json", help=say("Print JSON for programs."))]
ColorOption = Annotated[Color, typer.Option("--color", help=say("When to colour; NO_COLOR is respected."))]
MaxLayersOption = Annotated[int, typer.Option("--max-layers", min=1, help=say("The most layers a spec may expand to."))]
LangOption = Annotated[
    Lang | None,
    typer.Option(
        "--lang",
        help=say("Language of what is said, en or zh; else the environment's."),
        show_default=False,
        is_eager=True,
        callback=use_lang,
    ),
]
"""Accepted before and after each command. `main` has looked for it already; the callback serves other callers."""
HintsOption = Annotated[
    bool, typer.Option("--hints-only", help=say("Say what is wrong and the mistake, never the answer."))
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help=say("Of the random input and weights."))]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar=say("FILE"),
        help=say("Weights, .safetensors or .npz, matched by name."),
        show_default=False,
    ),
]

_SHAPE = r"[0-9]{1,16}([x×,][0-9]{1,16}){0,3}"


def refused(problem: str, help: str) -> CnncalcError:
    """Return the error for an option's value."""
    return CnncalcError([Diagnostic("E225", problem, help=help)])


def is_shape(text: str) -> bool:
    """Whether a text is a shape (3x224x224) and not a file's name."""
    return re.fullmatch(_SHAPE, text) is not None


def parse_shape(text: str | None) -> Shape | None:
    """Return the shape of `3x224x224`. Raises CnncalcError."""
    if text is None:
        return None
    sizes = tuple(int(part) for part in re.split("[x×,]", text)) if is_shape(text) else ()
    if not sizes or min(sizes) < 1 or max(sizes) > 2**53:
        problem = say("--input {text} is not a shape", text=text)
        raise refused(problem, say("write channels, height and width: --input 3x224x224"))
    return sizes


def parse_settings(given: list[str] | None) -> dict[str, str | int | float | bool]:
    """Return {name: expression} of `name=value` options. Raises CnncalcError."""
    found: dict[str, str | int | float | bool] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            problem = say("--set {text} is not NAME=VALUE", text=text)
            raise refused(problem, say("write --set width=64"))
        found[name.strip()] = value.strip()
    return found
