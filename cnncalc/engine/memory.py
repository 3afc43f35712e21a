"""Refusing work that would not fit into memory, before anything is allocated."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import number, say

_MEMINFO = Path("/proc/meminfo")
_CGROUP_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def refuse_if_too_large(needed_bytes: int) -> None:
    """Raise CnncalcError (E401) where `needed_bytes` are more than this machine has free.

    Where the system does not say how much that is, nothing is refused.
    """
    available = available_bytes()
    if available is None or needed_bytes <= available:
        return
    message = say(
        "this run needs {needed} bytes of memory, and {available} are available",
        needed=number(needed_bytes),
        available=number(available),
    )
    raise CnncalcError(
        [Diagnostic("E401", message, help=say("use a smaller batch, a smaller input, fewer threads or float32"))]
    )


def available_bytes() -> int | None:
    """Return how many bytes can still be had, the least that machine, container and process leave; None: unknown."""
    limits = [_free_of_machine(), _free_of_container(), _free_of_process()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _free_of_machine() -> int | None:
    for line in _read(_MEMINFO).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _free_of_container() -> int | None:
    for limit_file, used_file in _CGROUP_LIMITS:
        limit, used = _read(limit_file).strip(), _read(used_file).strip()
        if limit.isdigit() and used.isdigit():
            return max(0, int(limit) - int(used))
    return None


def _free_of_process() -> int | None:
    """What RLIMIT_AS leaves of the address space."""
    try:
        resource: Any = import_module("resource")
    except ImportError:  # Windows
        return None
    limit = int(resource.getrlimit(resource.RLIMIT_AS)[0])
    used = _read(Path("/proc/self/statm")).split()
    if limit < 0 or not used:
        return None
    return max(0, limit - int(used[0]) * int(resource.getpagesize()))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
