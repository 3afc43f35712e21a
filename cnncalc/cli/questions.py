"""From the options of `solve` to its questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from cnncalc.cli.options import parse_settings, parse_shape, refused
from cnncalc.questions.solve.axes import WindowAnswer, WindowQuestion, solve_window
from cnncalc.questions.solve.field import NAMES as STACK_NAMES
from cnncalc.questions.solve.field import FieldAnswer, FieldQuestion, solve_field
from cnncalc.questions.solve.network import MOST_NETWORKS, NetworkAnswer
from cnncalc.questions.solve.ranges import MOST_COMBINATIONS, parse_vary
from cnncalc.text import say

_SIZES = re.compile(r"[0-9]{1,9}(?:[x×][0-9]{1,9}){0,2}")
_PADDING = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})?(?:[x×][0-9]{1,9}(?:,[0-9]{1,9})?){0,2}")


class SpecQuestion(NamedTuple):
    """The options of a question about a spec, as they were written."""

    vary: Sequence[str]
    target: Sequence[str]
    layer: str | None
    at: str | None
    input: str | None
    settings: list[str] | None
    batch: int
    dtype: str
    max_layers: int


def refuse_mixed(file: str | None, window: Mapping[str, object], network: Mapping[str, object]) -> None:
    """Refuse options that are about something else than what is asked. Raises CnncalcError."""
    if file is None:
        for name, value in network.items():
            if value:
                raise refused(
                    say("{option} is about a spec, and none is named", option=name), say("name the spec first")
                )
        return
    for name, value in window.items():
        if value:
            problem = say("{option} is about a lone kernel, and a spec is named", option=name)
            raise refused(problem, say("write --vary and --target for a spec, or leave the spec out"))


def solve_lone(
    given: Mapping[str, Any], vary: Sequence[str] | None, max_combinations: int | None
) -> WindowAnswer | FieldAnswer:
    """Answer a question about a lone kernel, or about a stack of layers where --rf or --layers is given."""
    most = max_combinations or MOST_COMBINATIONS
    ranges = parse_vary(vary or [])
    if given["--rf"] or given["--layers"] or "layers" in ranges:
        return solve_field(_stack(given), ranges, max_combinations=most)
    if not (given["--in"] or given["--out"]):
        raise refused(
            say("nothing is asked"),
            say(
                "give sizes (--in 28 --out 28 --kernel 5 --vary padding), pixels to see (--rf 100 --kernel 3) or a spec"
            ),
        )
    if given["--pool"] and given["--transposed"]:
        raise refused(say("no pool is transposed"), say("leave --pool or --transposed out"))
    question = WindowQuestion(
        size=_sizes("--in", given["--in"], 1),
        out=_sizes("--out", given["--out"], 1),
        kernel=_sizes("--kernel", given["--kernel"], 1),
        stride=_sizes("--stride", given["--stride"], 1),
        dilation=_sizes("--dilation", given["--dilation"], 1),
        padding=_pairs(given["--padding"]),
        output_padding=_sizes("--output-padding", given["--output-padding"], 0),
        kind="pool" if given["--pool"] else "transposed" if given["--transposed"] else "conv",
        ceil_mode=given["--ceil-mode"],
    )
    return solve_window(question, ranges, max_combinations=most)


def _stack(given: Mapping[str, Any]) -> FieldQuestion:
    """Return the question about a stack of layers; what has no effect on its receptive field is refused."""
    for option in ("--in", "--out", "--padding", "--output-padding", "--pool", "--transposed", "--ceil-mode"):
        if given[option]:
            raise refused(
                say("{option} has no effect on how many pixels are seen", option=option),
                say("leave {option} out", option=option),
            )

    def one(option: str) -> int | None:
        sizes = _sizes(option, given[option], 1)
        if sizes is not None and len(sizes) > 1:
            raise refused(say("{option} takes one number here", option=option), say("write one axis at a time"))
        return sizes[0] if sizes else None

    return FieldQuestion(one("--rf"), *(one(f"--{name}") for name in STACK_NAMES))


def _sizes(option: str, text: str | None, least: int) -> tuple[int, ...] | None:
    """Return the numbers of `28` or `28x32`. Raises CnncalcError."""
    if text is None:
        return None
    sizes = tuple(int(part) for part in re.split("[x×]", text)) if _SIZES.fullmatch(text) else ()
    if not sizes or min(sizes) < least:
        raise refused(
            say("{option} {text} is not a size", option=option, text=text or '""'),
            say("write a whole number of {least} or more, or one an axis: 28x32", least=least),
        )
    return sizes


def _pairs(text: str | None) -> tuple[tuple[int, int], ...] | None:
    """Return (before, after) an axis of `1`, `1,2` or `1,2x0,1`. Raises CnncalcError."""
    if text is None:
        return None
    if not _PADDING.fullmatch(text):
        problem = say("--padding {text} is not a padding", text=text or '""')
        if text.lower() == "same":
            raise refused(problem, say("leave it out and write --vary total_padding: it finds what same would add"))
        raise refused(
            problem,
            say("write 1 for both sides, 1,2 for before and after, and an x between axes: 1x2"),
        )
    sides = [[int(part) for part in axis.split(",")] for axis in re.split("[x×]", text)]
    return tuple((one[0], one[-1]) for one in sides)


def solve_spec(file: str, asked: SpecQuestion, max_combinations: int | None, color: str) -> NetworkAnswer:
    """Answer a question about a spec, with a bar where that lasts."""
    from cnncalc.questions.solve.ask import solve
    from cnncalc.render.progress import counting

    return solve(
        file,
        vary=asked.vary,
        target=asked.target,
        layer=asked.layer,
        at=asked.at,
        input_shape=parse_shape(asked.input),
        settings=parse_settings(asked.settings),
        batch=asked.batch,
        dtype=asked.dtype,
        max_layers=asked.max_layers,
        max_combinations=max_combinations or MOST_NETWORKS,
        watching=partial(counting, color=color),
    )
