"""Where compiled kernels are kept between runs: a folder of the user's own, or none.

The entries are machine code, so a folder that somebody else could write to is never used, nor is the working folder.
The folder's name covers everything the machine code depends on, so changed sources never meet stale code. Folders of
other versions, sources or processors are cleared away when a new one is made, once they have not been used for a week,
or for an hour where there are eight newer ones; one that a running process still wants is made anew by it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import cnncalc
from cnncalc.engine.processor import host, numba_settings
from cnncalc.text import reason_text, say


class CacheState(NamedTuple):
    """Where compiled code is kept (None: nowhere), why as a sentence, and whether that is the usual place."""

    folder: Path | None
    note: str
    usual: bool


class Unusable(Exception):
    """A folder that must not or cannot hold compiled code; the text says why."""


_chosen: list[CacheState] = []

_FOLDER = re.compile(r"\d[\w.+]*-[0-9a-f]{16}", re.ASCII)
"""What `_key` names a folder: a version and a digest."""
_KEPT_FOLDERS = 8
_HOUR = 3600
_WEEK = 7 * 24 * _HOUR


def cache_state() -> CacheState:
    """Return the folder of this process, choosing and creating it at the first call."""
    if not _chosen:
        _chosen.append(_choose())
    return _chosen[0]


def cache_warning() -> str | None:
    """Return the one line to warn the user with, or None where compiled code is kept in its usual place."""
    state = cache_state()
    return None if state.usual else state.note


def give_up(error: OSError) -> None:
    """Keep nothing for the rest of this process, since this happened."""
    note = say("compiled code is not kept, so each run compiles again: {reason}", reason=_reason(error))
    _chosen[:] = [CacheState(None, note, usual=False)]


def make_private(folder: Path) -> None:
    """Create a folder of this user's alone, unless it is there. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)


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
    is_new = not folder.exists()
    for place in (base, folder):
        make_private(place)
        _check_owned(place)
    tempfile.TemporaryFile(dir=folder).close()  # a read-only file system shows only when written to
    os.utime(folder)  # when it was last used
    if is_new:
        _clear_away_old(base, folder)
    return folder


def _clear_away_old(base: Path, own: Path) -> None:
    """Delete the folders beside `own` that nobody seems to use any more."""
    last_used: dict[Path, float] = {}
    for folder in base.iterdir():
        with suppress(OSError):
            found = os.lstat(folder)
            if folder != own and _FOLDER.fullmatch(folder.name) and stat.S_ISDIR(found.st_mode):
                last_used[folder] = found.st_mtime
    now = time.time()
    for newer, (folder, used) in enumerate(sorted(last_used.items(), key=lambda item: -item[1])):
        if now - used > (_WEEK if newer < _KEPT_FOLDERS else _HOUR):
            shutil.rmtree(folder, ignore_errors=True)


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
    """Name the folder by all that compiled code depends on: versions, settings, the processor, the engine's sources."""
    digest = hashlib.sha256()
    for part in (sys.version, *_versions(), *host(), *numba_settings()):
        digest.update(f"{part}\0".encode())
    here = Path(__file__).parent
    for source in sorted(here.rglob("*.py")):
        digest.update(f"{source.relative_to(here)}\0".encode())
        digest.update(source.read_bytes())
    return f"{cnncalc.__version__}-{digest.hexdigest()[:16]}"


def _versions() -> list[str]:
    """Return the versions of what makes machine code: of Numba the file that says it, since importing it takes long."""
    numba = find_spec("numba")
    folders = (numba and numba.submodule_search_locations) or ()
    loaded: list[Any] = [import_module(name) for name in ("llvmlite", "numpy")]
    return [*(Path(folder, "_version.py").read_text() for folder in folders), *(one.__version__ for one in loaded)]
