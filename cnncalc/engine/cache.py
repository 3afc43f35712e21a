"""Where compiled kernels are kept between runs: a folder of the user's own, or none.

The entries are pickles, so a folder that somebody else could write to is never used, nor is the working folder. The
folder's name covers everything the machine code depends on, so changed sources never meet stale code.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

import cnncalc
from cnncalc.text import reason_text, say


class CacheState(NamedTuple):
    """Where compiled code is kept (None: nowhere), why as a sentence, and whether that is the usual place."""

    folder: Path | None
    note: str
    usual: bool


class Unusable(Exception):
    """A folder that must not or cannot hold compiled code; the text says why."""


_chosen: list[CacheState] = []


def cache_state() -> CacheState:
    """Return the folder of this process, choosing and creating it at the first call."""
    if not _chosen:
        _chosen.append(_choose())
    return _chosen[0]


def cache_warning() -> str | None:
    """Return the one line to warn the user with, or None where compiled code is kept in its usual place."""
    state = cache_state()
    return None if state.usual else state.note


def give_up(reason: str) -> None:
    """Keep nothing for the rest of this process."""
    note = say("compiled code is not kept, so each run compiles again: {reason}", reason=reason)
    _chosen[:] = [CacheState(None, note, usual=False)]


def wipe(folder: Path) -> None:
    """Delete every entry below `folder`; the folders stay, since other kernels are about to write there."""
    for entry in folder.rglob("*"):
        if entry.is_file():
            entry.unlink(missing_ok=True)


def _choose() -> CacheState:
    try:
        folder = _prepared(_usual_base())
        return CacheState(folder, say("compiled code is kept in {folder}", folder=folder), usual=True)
    except (Unusable, OSError) as error:
        reason = _reason(error)
    try:
        folder = _prepared(_temporary_base())
        note = say("compiled code is kept in {folder} for now: {reason}", folder=folder, reason=reason)
        return CacheState(folder, note, usual=False)
    except (Unusable, OSError):
        note = say("compiled code is not kept, so each run compiles again: {reason}", reason=reason)
        return CacheState(None, note, usual=False)


def _reason(error: Unusable | OSError) -> str:
    name: object = getattr(error, "filename", None)
    return f"{name}: {reason_text(error)}" if name else reason_text(error)


def _usual_base() -> Path:
    """$CNNCALC_CACHE_DIR, or `cnncalc` in the platform's folder for caches."""
    own = os.environ.get("CNNCALC_CACHE_DIR")
    if own:
        return _absolute(Path(own))
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return _absolute(Path(local) if local else _home() / "AppData" / "Local") / "cnncalc"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "cnncalc"
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else _home() / ".cache") / "cnncalc"


def _home() -> Path:
    try:
        return _absolute(Path.home())
    except RuntimeError as error:
        raise Unusable(say("the home folder is unknown")) from error


def _absolute(folder: Path) -> Path:
    """Refuse a relative folder: it would be the working folder, or below it, where anybody may put files."""
    if not folder.is_absolute():
        raise Unusable(say("{folder} is not an absolute path", folder=folder))
    return folder


def _temporary_base() -> Path:
    user = str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "user")
    return _absolute(Path(tempfile.gettempdir())) / f"cnncalc-{user}"


def _prepared(base: Path) -> Path:
    """Create `base` and in it the folder for this code on this machine; both must be the user's alone to write."""
    base.parent.mkdir(parents=True, exist_ok=True)
    folder = base / _key()
    for place in (base, folder):
        place.mkdir(mode=0o700, exist_ok=True)
        _check_owned(place)
    tempfile.TemporaryFile(dir=folder).close()  # a read-only file system shows only when written to
    return folder


def _check_owned(folder: Path) -> None:
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise Unusable(say("{folder} is not a folder", folder=folder))
    if sys.platform == "win32":
        return
    if found.st_uid != os.getuid():
        raise Unusable(say("{folder} belongs to another user", folder=folder))
    if found.st_mode & 0o022:
        raise Unusable(say("others may write to {folder}", folder=folder))


def _key() -> str:
    """Name the folder by all that compiled code depends on: versions, the processor, and the kernels' sources."""
    binding: Any = import_module("llvmlite.binding")
    digest = hashlib.sha256()
    for part in (metadata.version("numba"), sys.version, str(binding.get_host_cpu_name())):
        digest.update(part.encode())
    here = Path(__file__).parent
    for source in sorted(here.rglob("*.py")):
        digest.update(str(source.relative_to(here)).encode())
        digest.update(source.read_bytes())
    return f"{cnncalc.__version__}-{digest.hexdigest()[:16]}"
