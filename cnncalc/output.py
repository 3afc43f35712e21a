"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import reason_text, say


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, then move it there. Raises OSError, and an old file then stays as it was."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(parts)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def cannot_write(path: Path, error: OSError) -> CnncalcError:
    """Return the error for a place where nothing can be written."""
    message = say("cannot write to {path}: {reason}", path=path, reason=reason_text(error))
    help = say("make room or name another folder, and run this again: it goes on where it stopped")
    return CnncalcError([Diagnostic("E573", message, help=help)])
