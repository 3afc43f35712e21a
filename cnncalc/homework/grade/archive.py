"""The members of a .zip as submissions: read from the archive in memory, never unpacked, by bounds it cannot move."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.grade.file import JOURNAL, MAX_FILES, File, Refusal, check_size, is_left_behind, refuse, too_many
from cnncalc.spec.files import MAX_BYTES
from cnncalc.text import say

MAX_ARCHIVE = 2**30
MAX_RATIO = 200
"""Deflate reaches 1,032; text of students rarely 20."""
FREE_OF_RATIO = 2**16
"""A member up to this size may shrink as it likes."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others take, before the first byte, as much memory as the archive asks for."""


def of_archive(path: Path) -> list[File]:
    """Return the members of an archive. Raises CnncalcError: E571 for no usable archive, E470 for too many members."""
    if not path.is_file():
        raise _broken(path, say("it is not a regular file"))
    if path.stat().st_size > MAX_ARCHIVE:
        raise _broken(path, say("it is larger than {limit} bytes", limit=f"{MAX_ARCHIVE:,}"))
    try:
        # Members are read while grading goes on; the archive is closed with the last of them.
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeDecodeError):
        raise _broken(path, say("its table of contents is broken")) from None
    results = tuple(one[: -len(JOURNAL)] for one in archive.namelist() if one.endswith(f"/{JOURNAL}"))
    members = [
        one
        for one in archive.infolist()
        if not one.is_dir() and not _left_behind(one.filename) and not one.filename.startswith(results)
    ]
    if len(members) > MAX_FILES:
        raise too_many(path)
    found: dict[str, File] = {}
    for member in members:
        name, copies = member.filename, 1
        read = _reader(archive, member)
        while name in found:
            copies += 1
            name = f"{member.filename}#{copies}"
            read = refuse(say("the archive holds this name more than once"))
        found[name] = File(name, read)
    return list(found.values())


def _broken(path: Path, problem: str) -> CnncalcError:
    return CnncalcError([Diagnostic("E571", say("{path} is no usable archive: {problem}", path=path, problem=problem))])


def _left_behind(name: str) -> bool:
    return any(is_left_behind(part) for part in name.split("/") if part not in (".", ".."))


def _reader(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    problem = _problem(member)
    if problem:
        return refuse(problem)

    def read() -> bytes:
        check_size(member.file_size)
        if member.file_size > max(FREE_OF_RATIO, MAX_RATIO * member.compress_size):
            raise Refusal("refused", say("it would grow more than {ratio} times when unpacked", ratio=MAX_RATIO))
        try:
            with archive.open(member) as file:
                # What the table of contents says of its size may be a lie.
                data = file.read(MAX_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
            raise Refusal("unreadable", say("it is damaged in the archive")) from None
        check_size(len(data))
        return data

    return read


def _problem(member: zipfile.ZipInfo) -> str:
    """Return why a member is not read, or nothing."""
    name = member.filename
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        return say("its name leads out of the archive")
    if stat.S_ISLNK(member.external_attr >> 16):
        return say("it is a symbolic link, which may lead anywhere")
    if member.flag_bits & 0x1:
        return say("it is encrypted")
    if member.compress_type not in _METHODS:
        return say("it is compressed in a way that is not read: use the ordinary deflate")
    return ""
