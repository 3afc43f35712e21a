"""A submission before it is read: its name, how to read it, and how it says that it will not be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.spec.files import MAX_BYTES
from cnncalc.text import say

MAX_FILES = 100_000

JOURNAL = ".cnncalc-grade"
"""The journal's name in an output folder; a folder that holds one is a run's results, and no submission."""

_LEFT_BEHIND = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
"""What systems leave in folders, next to hidden files."""

Status = str
"""`graded`, or why not: `unreadable`, `refused`, `too large`, `too slow`, `crashed`, `no key`."""


class Refusal(Exception):
    """A file that is not read: its status, and a sentence that tells why."""

    def __init__(self, status: Status, problem: str) -> None:
        self.status = status
        self.problem = problem
        super().__init__(problem)


class File(NamedTuple):
    """One file. `name` is relative to the root, with slashes; `read` returns its bytes, or raises Refusal."""

    name: str
    read: Callable[[], bytes]


def is_left_behind(name: str) -> bool:
    """Whether a name is a hidden file's, or one that systems leave in folders."""
    return name.startswith((".", "~$")) or name.casefold() in _LEFT_BEHIND


def refuse(problem: str, status: Status = "refused") -> Callable[[], bytes]:
    """Return the `read` of a file that is not read."""

    def read() -> bytes:
        raise Refusal(status, problem)

    return read


def too_many(path: Path) -> CnncalcError:
    """Return the error for a folder or an archive of too many files."""
    message = say("{path} holds more than {limit} files", path=path, limit=f"{MAX_FILES:,}")
    return CnncalcError([Diagnostic("E470", message, help=say("grade it in parts"))])


def check_size(size: int) -> None:
    """Raise Refusal for a file of more than MAX_BYTES."""
    if size > MAX_BYTES:
        raise Refusal("too large", say("it is larger than {limit} bytes", limit=f"{MAX_BYTES:,}"))
