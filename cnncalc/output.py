"""Files that are there whole or not at all, and that one run at a time writes."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import reason_text, say

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_PART = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place, then move it there. Raises OSError, and an old file then stays as it was.

    The name beside is this call's own, so that of two runs that write one file each moves a whole one.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.writelines(parts)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def remove_parts(paths: Iterable[Path]) -> None:
    """Remove those of the paths that a killed run left beside; for the holder of the lock, as no other run writes."""
    for path in paths:
        if _PART.fullmatch(path.name):
            path.unlink(missing_ok=True)


class HeldError(Exception):
    """Another run holds the lock."""


class Lock:
    """A lock beside `path`, held until it is closed or the process ends, however that happens.

    The system lets go of it with the process, so that a run that was killed leaves at most an empty file, which the
    next run takes. Where files cannot be locked (some network drives) it holds nobody off. Raises HeldError, OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f".{path.name.lstrip('.')}.lock")
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _lock(self._descriptor)
                if self._is_at_its_place():
                    return
            except BaseException:
                os.close(self._descriptor)
                raise
            os.close(self._descriptor)

    def close(self) -> None:
        """Let go, and remove the file; Windows removes none that is open, and no other run opens it unlocked."""
        if os.name == "nt":
            os.close(self._descriptor)
        with suppress(OSError):
            self._path.unlink()
        if os.name != "nt":
            os.close(self._descriptor)

    def _is_at_its_place(self) -> bool:
        """Whether the file locked is still the one that others find; a run that ended may have removed it."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def _lock(descriptor: int) -> None:
    """Lock an open file, or raise HeldError at once."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise HeldError from None


def cannot_write(path: Path, error: OSError) -> CnncalcError:
    """Return the error for a place where nothing can be written."""
    message = say("cannot write to {path}: {reason}", path=path, reason=reason_text(error))
    if error.errno in _FULL:
        help = say("make room, and run this again: it goes on where it stopped")
    elif isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        help = say("there is no folder {folder}: make it first, or name another place", folder=path.parent)
    else:
        help = say("name another place, where files can be written")
    return CnncalcError([Diagnostic("E573", message, help=help)])
