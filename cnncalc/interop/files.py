"""Opening a file that somebody names: regular files only, so that nothing hangs on a pipe or reads a device on."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import reason_text, say


def failed(code: str, message: str, help: str = "") -> CnncalcError:
    """Return the error with this one diagnostic."""
    return CnncalcError([Diagnostic(code, message, help=help)])


def check_regular(path: Path) -> int:
    """Return the size in bytes of a regular file; raise CnncalcError (E120 to E123) for anything else.

    Opening a FIFO would wait for a writer, so the kind is looked at first.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise failed("E120", say("there is no file {path}", path=path)) from None
    except (OSError, ValueError) as error:
        raise failed("E121", say("{path} cannot be read: {reason}", path=path, reason=reason_text(error))) from error
    if stat.S_ISDIR(found.st_mode):
        raise failed("E122", say("{path} is a folder, and a file is needed", path=path))
    if not stat.S_ISREG(found.st_mode):
        raise failed("E123", say("{path} is not a regular file", path=path))
    return found.st_size


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, or raise CnncalcError."""
    check_regular(path)
    try:
        return path.open("rb")
    except OSError as error:
        raise failed("E121", say("{path} cannot be read: {reason}", path=path, reason=reason_text(error))) from error


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file so that it is there whole or not at all: beside its place first, then moved onto it.

    A link is followed. Raises CnncalcError: E124 where that cannot be done, and an old file then stays as it was; E122,
    E123 for a folder, a device or a pipe, which must not be replaced.
    """
    path = Path(os.path.realpath(path))
    if path.exists():
        check_regular(path)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            Path(temporary).chmod(0o666 & ~_umask())
            write(file)
        Path(temporary).replace(path)
    except OSError as error:
        raise failed("E124", say("{path} cannot be written: {reason}", path=path, reason=reason_text(error))) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
