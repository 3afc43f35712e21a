"""The bytes and the text of a file: regular, small, UTF-8."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import reason_text, say

MAX_BYTES = 2**20


def read_text(path: str) -> str:
    """Return the text of a spec file, or of standard input for `-`.

    Raises CnncalcError for what is not a readable regular file of at most MAX_BYTES in UTF-8.
    """
    return decode(read_bytes(path), "<stdin>" if path == "-" else path)


def read_bytes(path: str) -> bytes:
    """Return the bytes of a regular file of at most MAX_BYTES; never waits on a pipe or a device."""
    if path == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            message = say("{path} is not a regular file", path=path)
            raise CnncalcError([Diagnostic("E101", message, help=say("name a spec file"))])
        with os.fdopen(handle, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        message = say(
            "{path} is larger than {limit} bytes, the most a spec may have", path=path, limit=f"{MAX_BYTES:,}"
        )
        raise CnncalcError([Diagnostic("E102", message, help=say("write repeated layers with blocks and repeat"))])
    return data


def _unreadable(path: str, error: OSError | ValueError) -> CnncalcError:
    near = ""
    if isinstance(error, FileNotFoundError):
        folder = Path(path).parent
        names = sorted(p.name for p in folder.glob("*.y*ml"))[:8] if folder.is_dir() else []
        near = say("{folder} has {names}", folder=folder, names=", ".join(names)) if names else ""
    return CnncalcError(
        [Diagnostic("E101", say("cannot read {path}: {reason}", path=path, reason=reason_text(error)), help=near)]
    )


def decode(data: bytes, name: str) -> str:
    """Return the text of UTF-8 bytes, with or without a byte order mark; say what another encoding looks like."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = _encoding(data)
        at = data.count(b"\n", 0, error.start) + 1
        message = say(
            "{path} is not UTF-8: line {line} has the byte {byte}", path=name, line=at, byte=hex(data[error.start])
        )
        if found:
            message = say("{path} is not UTF-8: it looks like {encoding}", path=name, encoding=found)
        raise CnncalcError([Diagnostic("E103", message, help=say("save it as UTF-8"))]) from None
    if "\0" in text:
        message = say("{path} is not a text file, or is UTF-16: it holds zero bytes", path=name)
        raise CnncalcError([Diagnostic("E103", message, help=say("save it as UTF-8"))])
    return text


def _encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16"
    try:
        data.decode("gbk")
    except UnicodeDecodeError:
        return ""
    return "GBK"
