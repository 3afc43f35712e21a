"""What `doctor` found, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import cells, clean, left
from cnncalc.text import say, say_count


def show_examination(screen: Screen, facts: Mapping[str, Any]) -> None:
    """Draw the facts of this installation."""
    packages: Mapping[str, str | None] = facts["packages"]
    rows = [
        ("cnncalc", facts["cnncalc"]),
        ("python", facts["python"]),
        (say("platform"), facts["platform"]),
        *((name, found or say("not installed")) for name, found in packages.items()),
        (say("instructions"), facts["instructions"]),
        (say("kernels"), _kernels(facts["kernels"])),
        (say("reference only"), say(", ").join(facts["without_fast_kernel"]) or say("none")),
        (say("threads"), facts["threads"]),
        (say("encoding"), facts["stdout_encoding"]),
        (say("width"), screen.width if screen.is_terminal else say("no terminal")),
        (say("cache"), facts["cache_folder"] or say("none")),
    ]
    width = max(cells(name) for name, _ in rows)
    lines: list[Line] = [f"{left(name, width)}  {clean(str(value))}" for name, value in rows]
    lines.append(f"{' ' * width}  {clean(facts['cache_note'])}")
    test = facts["self_test"]
    if test["passed"]:
        agree = say_count("passed: {count} check agrees", "passed: {count} checks agree", test["checks"])
        result = Piece(agree, "bold green")
    else:
        result = Piece(
            say_count(
                "failed: expected {expected}, got {output}; {count} check disagrees",
                "failed: expected {expected}, got {output}; {count} checks disagree",
                test["mismatches"],
                expected=test["expected"],
                output=test["output"],
            ),
            "bold red",
        )
    screen.show([*lines, [f"{left(say('self-test'), width)}  ", result]])


def _kernels(kernels: Mapping[str, int]) -> str:
    if kernels["ready"] == kernels["count"]:
        return say("all {count} compiled", count=kernels["count"])
    return say("{ready} of {count} compiled; the others when needed, or by --warm", **kernels)
