"""The files of a folder that are submissions: regular ones under the root, and by name those that are refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.grade.archive import of_archive
from cnncalc.homework.grade.file import JOURNAL, MAX_FILES, File, Refusal, check_size, is_left_behind, refuse, too_many
from cnncalc.spec.files import MAX_BYTES
from cnncalc.text import reason_text, say

MAX_DEPTH = 32


def submissions(path: Path, leave: Collection[Path] = ()) -> list[File]:
    """Return the files of a folder or a .zip, or the one file itself, by name.

    `leave` are files and folders that stand there and are no submissions: the output folder, the assignment. Raises
    CnncalcError: E570 for what cannot be read, or has nothing to grade; E577 for a folder that holds the results of a
    run, or would; E470 for more than MAX_FILES.
    """
    try:
        if path.is_dir():
            left = {_identity(one) for one in leave if one.exists()}
            if _identity(path) in left or (path / JOURNAL).exists():
                raise _is_taken(path)
            found = _of_folder(path, left)
        elif path.suffix.lower() == ".zip":
            found = of_archive(path)
        else:
            path.stat()
            found = [File(path.name, _reader(path))]
    except (OSError, ValueError) as error:
        message = say("cannot read {path}: {reason}", path=path, reason=reason_text(error))
        raise CnncalcError([Diagnostic("E570", message)]) from None
    if not found:
        message = say("{path} holds no files to grade", path=path)
        raise CnncalcError([Diagnostic("E570", message, help=say("name the folder, or the .zip, of the submissions"))])
    return sorted(found, key=lambda file: file.name)


def _is_taken(path: Path) -> CnncalcError:
    message = say("{path} cannot hold both submissions and results", path=path)
    help = say("keep the submissions in a folder of their own, and name another with -o")
    return CnncalcError([Diagnostic("E577", message, help=help)])


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _of_folder(root: Path, leave: Collection[tuple[int, int]]) -> list[File]:
    """Walk without following a link; folders are not entered deeper than MAX_DEPTH."""
    found: list[File] = []
    pending = [(root, "", 0)]
    while pending:
        folder, prefix, depth = pending.pop()
        try:
            entries = list(_scan(folder))
        except OSError as error:
            if not prefix:
                raise
            found.append(File(prefix.rstrip("/"), refuse(_unreadable(error))))
            continue
        if any(entry.name == JOURNAL for entry in entries):
            continue
        for entry in entries:
            name = f"{prefix}{entry.name}"
            info = entry.stat(follow_symlinks=False)
            if is_left_behind(entry.name) or (info.st_dev, info.st_ino) in leave:
                continue
            if stat.S_ISDIR(info.st_mode) and depth < MAX_DEPTH:
                pending.append((Path(entry.path), f"{name}/", depth + 1))
                continue
            found.append(File(name, _reader(Path(entry.path))))
            if len(found) > MAX_FILES:
                raise too_many(root)
    return found


def _scan(folder: Path) -> Iterable[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _unreadable(error: OSError) -> str:
    return say("it cannot be read: {reason}", reason=reason_text(error))


def _reader(path: Path) -> Callable[[], bytes]:
    """Return a function that opens the file then, looks at what it really opened, and reads no more than is allowed."""

    def read() -> bytes:
        try:
            _check_kind(os.lstat(path))
            # The flags are for a file that was changed between the look and the opening.
            flags = (
                os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            )
            handle = os.open(path, flags)
            with os.fdopen(handle, "rb") as file:
                opened = os.fstat(handle)
                _check_kind(opened)
                check_size(opened.st_size)
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Refusal("refused", _unreadable(error)) from None
        check_size(len(data))
        return data

    return read


def _check_kind(found: os.stat_result) -> None:
    """Raise Refusal for anything but a regular file under one name: a second name may stand for any file."""
    if stat.S_ISLNK(found.st_mode):
        raise Refusal("refused", say("it is a symbolic link, which may lead anywhere"))
    if stat.S_ISDIR(found.st_mode):
        raise Refusal("refused", say("it is a folder {depth} folders deep", depth=MAX_DEPTH))
    if not stat.S_ISREG(found.st_mode):
        raise Refusal("refused", say("it is not a regular file"))
    if found.st_nlink > 1:
        raise Refusal("refused", say("it is a hard link: the same file has another name elsewhere"))
