"""Functions of one process timed in turns, so that a busy machine slows all alike and no pool hinders another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

Times = dict[str, list[float]]

FEWEST, MOST = 3, 60
"""Rounds."""
_BURST = 0.01
_CALLS = 100
"""A contender's turn lasts at least so many seconds or calls, and the median of its calls is the turn's time."""
_WARMS_ITSELF = 0.1
"""Seconds from which a call needs no call before it to fetch its data into the caches."""


def in_turns(calls: Mapping[str, Callable[[], object]], seconds: float) -> Times:
    """Return each contender's times, one a round, in as many rounds as fit into about so many seconds.

    Every round has them in another order. Times of one round belong together: their ratios are what to look at.
    """
    names = list(calls)
    once = {name: _first(calls[name]) for name in names}
    times: Times = {name: [] for name in names}
    start = time.perf_counter()
    for turn in range(MOST):
        for name in ordered(names, turn):
            times[name].append(_turn(calls[name], once[name]))
        spent = time.perf_counter() - start
        if turn + 1 >= FEWEST and spent * (turn + 2) / (turn + 1) > seconds:
            break
    return times


def ordered(names: list[str], turn: int) -> list[str]:
    """Return the order of a turn: another begins each time, and every other turn goes backwards."""
    at = turn // 2 % max(1, len(names))
    rotated = names[at:] + names[:at]
    return rotated[::-1] if turn % 2 else rotated


def settle(limit: float = 0.2) -> None:
    """Wait until no thread of this process is awake: pools spin for a while after their work."""
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(0.002)
        if time.process_time() - before < 0.0003:
            return


def _first(call: Callable[[], object]) -> float:
    """The time of a call after the first, which may compile, allocate and start threads."""
    settle()
    call()
    return _timed(call)


def _turn(call: Callable[[], object], once: float) -> float:
    settle()
    if once < _WARMS_ITSELF:
        call()
    taken = [_timed(call)]
    while sum(taken) < _BURST and len(taken) < _CALLS:
        taken.append(_timed(call))
    return median(taken)


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
