"""The entries of the cache: a file each, which holds a digest and what was kept.

A file's name says what it is: a readable label, and a digest of all that tells this piece of compiled code from others
of the same sources. There is no index, so that two processes that compile at once, even different variants of one
kernel, cannot mix up whose code is whose: each writes beside and renames, and whoever comes last puts the same thing
there again. The digest at the file's beginning covers its place and its content; it is compared before anything is
done with the content, and a file that is cut off, damaged, or was something else's is deleted.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

from cnncalc.engine.cache import cache_state, give_up, make_private

_DIGEST_BYTES = hashlib.sha256().digest_size
_MOST_LABEL = 80
"""Characters of a label in a file's name; some file systems stop at 143 bytes."""


def entry_name(label: str, *parts: object) -> str:
    """Return the name of the entry for the compiled code that `label` and all these parts (by their repr) tell apart.

    It is of letters, digits, dots, dashes and underscores, and also serves as the name of a symbol.
    """
    digest = hashlib.sha256(repr((label, *parts)).encode()).hexdigest()[:16]
    readable = re.sub(r"[^A-Za-z0-9.]+", "_", label).strip("_")[:_MOST_LABEL]
    return f"{readable}-{digest}"


def has_entry(name: str) -> bool:
    """Tell whether there is an entry of this name, damaged or not."""
    path = _path(name)
    return path is not None and path.is_file()


def read_entry(name: str) -> bytes | None:
    """Return what is kept under a name, or None where nothing is, or nothing whole."""
    path = _path(name)
    if path is None:
        return None
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        found = b""  # a folder in its place, or a disk that fails
    content = found[_DIGEST_BYTES:]
    if found[:_DIGEST_BYTES] == _digest(path, content):
        return content
    drop_entry(name)
    return None


def write_entry(name: str, content: bytes) -> None:
    """Keep something under a name. Where that cannot be done, nothing more is kept in this process."""
    path = _path(name)
    if path is None:
        return
    try:
        make_private(path.parent)  # it may have been cleared away, as old, while this process ran
        _replace(path, _digest(path, content) + content)
    except OSError as error:
        give_up(error)


def drop_entry(name: str) -> None:
    """Delete an entry, and a folder in its place. Where that cannot be done, nothing more is kept in this process."""
    path = _path(name)
    if path is None:
        return
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        give_up(error)


def _path(name: str) -> Path | None:
    folder = cache_state().folder
    return None if folder is None else folder / name


def _digest(path: Path, content: bytes) -> bytes:
    """Cover the content and where it belongs: the folder's name stands for the sources, versions and processor."""
    return hashlib.sha256(b"\0".join([os.fsencode(path.parent.name), os.fsencode(path.name), content])).digest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file of this user's alone beside its place, then move it there. Raises OSError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(content)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
