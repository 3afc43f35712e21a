"""A limit for what must come to an end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 30
"""Far more than anything here takes on a busy machine, far less than what takes quadratic time or waits for ever."""


@contextmanager
def ends() -> Iterator[None]:
    """Fail where the block does not come to an end. Not a measurement: how fast things are is for the benchmarks."""

    def fail(*_: object) -> None:
        raise AssertionError(f"this has not come to an end after {SECONDS} seconds")

    if not hasattr(signal, "SIGALRM"):  # on Windows
        yield
        return
    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
