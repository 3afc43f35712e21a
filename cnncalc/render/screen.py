"""Where output goes: data to stdout, diagnostics and progress to stderr; colour and width only where wanted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

UNLIMITED = 10_000
"""The width of what is not a terminal: nothing is ever cut there."""


class Piece(NamedTuple):
    """A stretch of a line, with a style in rich's words (`bold`, `red`), or none."""

    text: str
    style: str = ""


Line = Sequence[Piece | str] | str


class Screen:
    """One output stream. `color`: auto (a terminal, and neither NO_COLOR nor TERM=dumb), always or never."""

    def __init__(self, stream: TextIO | None = None, color: str = "auto") -> None:
        self.stream = stream or sys.stdout
        self.is_terminal = self.stream.isatty()
        dumb = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self.color = color == "always" or (color == "auto" and self.is_terminal and not dumb)

    @property
    def width(self) -> int:
        """Columns to draw in."""
        if not self.is_terminal:
            return UNLIMITED
        return shutil.get_terminal_size((80, 24)).columns

    def show(self, lines: Iterable[Line]) -> None:
        """Write lines. Their text is taken as it is: no markup, no wrapping."""
        if not self.color:
            self.stream.writelines(f"{_plain(line)}\n" for line in lines)
        else:
            self._show_styled(lines)
        self.stream.flush()

    def _show_styled(self, lines: Iterable[Line]) -> None:
        # Styles alone, not rich's Console, whose import takes longer than the analysis of most networks.
        from rich.color import ColorSystem
        from rich.style import Style

        for line in lines:
            for piece in [line] if isinstance(line, str) else line:
                if isinstance(piece, str) or not piece.style:
                    self.stream.write(piece if isinstance(piece, str) else piece.text)
                else:
                    self.stream.write(Style.parse(piece.style).render(piece.text, color_system=ColorSystem.STANDARD))
            self.stream.write("\n")


def _plain(line: Line) -> str:
    if isinstance(line, str):
        return line
    return "".join(piece if isinstance(piece, str) else piece.text for piece in line)


def make_streams_safe() -> None:
    """Let stdout and stderr write an escape, instead of failing, where their encoding lacks a character.

    One that was closed before the start swallows what is written.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
