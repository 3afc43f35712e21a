"""The rows of a sweep, in order, from this process or from an executor; what is on its way is bounded."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from time import perf_counter

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.questions.sweep.evaluate import Evaluator, Job, Row, evaluate_chunk
from cnncalc.text import say

FEW = 48
"""So many combinations are done before other processes would have started."""
MOST = 256
"""Rows that a worker is handed at a time, at most."""
TRIED = 4
"""So many rows are worked out here first, which tells how long one takes."""
CHUNK_SECONDS = 0.2
"""About so long a worker is busy with them: a sweep that is stopped loses no more."""
TOGETHER = 0.05
"""Seconds after which what is worked out here is handed on."""
AHEAD = 4
"""So many chunks a worker are on their way."""


def run(job: Job, executor: Executor | None, parallel: int, first: int = 0) -> Iterator[list[Row]]:
    """Yield the rows from number `first` on, some at a time; without an executor they are worked out here.

    Raises CnncalcError (E734) where a worker has another version, or the executor fails.
    """
    count = job.plan.size
    evaluator = Evaluator(job)
    if executor is None:
        yield from _here(evaluator, first, count)
        return
    seconds = CHUNK_SECONDS
    for index in range(first, min(first + TRIED, count)):
        start = perf_counter()
        row = evaluator.row(index)
        # The first one takes far longer than those after it.
        seconds = min(seconds, perf_counter() - start)
        yield [row]
    first = min(first + TRIED, count)
    size = max(1, min(MOST, int(CHUNK_SECONDS / seconds), (count - first) // (AHEAD * parallel)))
    pickled = pickle.dumps(job)
    pending: deque[Future[list[Row] | str]] = deque()
    try:
        for begin in range(first, count, size):
            pending.append(executor.submit(evaluate_chunk, pickled, begin, min(begin + size, count)))
            if len(pending) >= AHEAD * parallel:
                yield _result(pending.popleft(), job)
        while pending:
            yield _result(pending.popleft(), job)
    finally:
        for future in pending:
            future.cancel()


def _here(evaluator: Evaluator, first: int, count: int) -> Iterator[list[Row]]:
    """Yield the rows, as many at a time as are done in TOGETHER seconds."""
    rows: list[Row] = []
    due = perf_counter() + TOGETHER
    for index in range(first, count):
        rows.append(evaluator.row(index))
        if perf_counter() >= due:
            yield rows
            rows, due = [], perf_counter() + TOGETHER
    if rows:
        yield rows


def _result(future: Future[list[Row] | str], job: Job) -> list[Row]:
    try:
        found = future.result()
    except Exception as error:
        # A process that the system ended, or a cluster that is lost; what is written stays.
        message = say("the work was lost: {problem}", problem=f"{type(error).__name__}: {error}".rstrip(": "))
        help = say("run this again; with -o it goes on where it stopped")
        raise CnncalcError([Diagnostic("E734", message, help=help)]) from None
    if isinstance(found, str):
        message = say("a worker has cnncalc {version}, and this is {own}", version=found, own=job.version)
        raise CnncalcError([Diagnostic("E734", message, help=say("install the same version on every machine"))])
    return found
