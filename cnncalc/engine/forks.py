"""Which of the processes that fork from each other this is, told without asking the system, which takes long."""

from __future__ import annotations

import os
from typing import Any

_forks = 0


def _count() -> None:
    global _forks
    _forks += 1


_register: Any = getattr(os, "register_at_fork", None)  # Windows has none, and no forks
if _register:
    _register(after_in_child=_count)


def forks() -> int:
    """Return how many forks lie between the first process and this one: another number than in all it came from."""
    return _forks
