"""The side that starts workers: hands them files, ends those that take too long, and pins a failure to its file.

A worker is a fresh Python process at the end of two pipes: not a fork, which would copy threads' locks and the
parent's memory, and not one of multiprocessing, which a daemonic process (a worker of Dask) may not start. A failure
counts only for the first file of a fresh worker: a file that fails later is tried again in a new one, so that none
suffers from what came before it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cnncalc.homework.grade.file import Status
from cnncalc.homework.grade.worker import BROKEN, LENGTH, OUT_OF_MEMORY, WHOSE, read_frame, write_frame
from cnncalc.homework.submission import Student
from cnncalc.text import say

PATIENCE = 4
"""A worker may take so many times its computing time on the clock, since others compute too; then it hangs."""
LEAST_PATIENCE = 2.0
START = 120.0
"""Seconds in which a worker must have started; an assignment that asks for elements compiles the engine."""
TICK = 0.1

Task = tuple[str, bytes]
"""A file's name and its bytes."""


class Outcome(NamedTuple):
    """What came of a file: the record, a line of JSON, and the texts by path; or else the status of the failure.

    `error`: the name of the exception, where there was one. `student`: whose file failed, as far as it was read.
    """

    record: bytes = b""
    texts: Mapping[str, bytes] = {}
    failure: Status = ""
    error: str = ""
    student: Student = Student()


class Closed(Exception):
    """The work was called off."""


class StartError(Exception):
    """A worker could not start; its text says why."""


class _Failed(Exception):
    def __init__(self, status: Status, error: str = "", student: Student = Student()) -> None:  # noqa: B008
        self.status = status
        self.error = error
        self.student = student


class Worker:
    """One process. `deadline`: when it is ended, on the monotonic clock; None while it has nothing to do."""

    def __init__(self) -> None:
        self.deadline: float | None = time.monotonic() + START
        self.is_late = False
        self.is_fresh = True
        self._process = subprocess.Popen(
            [sys.executable, "-c", _program()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        assert self._process.stdin and self._process.stdout
        self._to: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._from: BinaryIO = self._process.stdout  # type: ignore[assignment]

    def begin(self, job: bytes) -> None:
        """Give it the job. Raises StartError."""
        try:
            write_frame(self._to, job)
            problem = json.loads(read_frame(self._from)).get("failed", "")
        except (EOFError, OSError):
            problem = say("it ended with {code}", code=self._end())
        if problem:
            self.kill()
            raise StartError(problem)
        self.deadline = None

    def send(self, tasks: Sequence[Task], seconds: float) -> None:
        """Hand over files; it reads them all before it answers. Raises _Failed."""
        frames: list[bytes] = [LENGTH.pack(len(tasks))]
        for name, data in tasks:
            plain = name.encode("utf-8", "surrogatepass")
            frames += [LENGTH.pack(len(plain)), plain, LENGTH.pack(len(data)), data]
        self.deadline = time.monotonic() + seconds
        try:
            self._to.write(b"".join(frames))
            self._to.flush()
        except OSError:
            raise _Failed(self._verdict()) from None

    def receive(self, seconds: float) -> Outcome:
        """Wait for the next result, for `seconds` on the clock. Raises _Failed."""
        self.deadline = time.monotonic() + seconds
        student = Student()
        try:
            frame = read_frame(self._from)
            if frame.startswith(WHOSE):
                student = Student(*json.loads(frame[len(WHOSE) :]))
                frame = read_frame(self._from)
        except (EOFError, OSError):
            raise _Failed(self._verdict(), student=student) from None
        self.deadline = None
        if frame.startswith(BROKEN):
            raise _Failed("crashed", frame[len(BROKEN) :].decode(), student)
        self.is_fresh = False
        record, lengths, bodies = frame.split(b"\n", 2)
        texts: dict[str, bytes] = {}
        start = 0
        for path, length in json.loads(lengths):
            texts[path] = bodies[start : start + length]
            start += length
        return Outcome(record, texts)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._end()
        self._from.close()

    def stop(self, is_late: bool = False) -> None:
        """Have it end; whoever waits for it finds its pipe closed."""
        self.is_late = is_late
        self._process.kill()

    def _end(self) -> int:
        self.deadline = None
        with contextlib.suppress(OSError):
            self._to.close()
        return self._process.wait()

    def _verdict(self) -> Status:
        code = self._end()
        if self.is_late or (sys.platform != "win32" and code == -signal.SIGPROF):
            return "too slow"
        return "too large" if code == OUT_OF_MEMORY else "crashed"


def _program() -> str:
    """Return what the process runs.

    It finds modules where this process does, but not in the current folder: that may be the submissions'.
    """
    package = str(Path(__file__).resolve().parents[3])
    here = {"", ".", str(Path.cwd())} - {package}
    path = [*(one for one in sys.path if one not in here), package]
    return f"import sys; sys.path[:] = {path!r}; from cnncalc.homework.grade.worker import main; main()"


class Workers:
    """The workers of one job in this process, a call at a time each. `seconds`: of computing, a file."""

    def __init__(self, job: bytes, seconds: float) -> None:
        self._job = job
        self._patience = max(LEAST_PATIENCE, PATIENCE * seconds)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="cnncalc-watch").start()

    def grade(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Return what came of each file, in order. Raises StartError, and Closed where the work was called off."""
        done: list[Outcome] = []
        while len(done) < len(tasks):
            worker = self._take()
            try:
                worker.send(tasks[len(done) :], self._patience)
                while len(done) < len(tasks):
                    done.append(worker.receive(self._patience))
            except _Failed as failure:
                self._drop(worker)
                if self._closed.is_set():
                    raise Closed from None
                if worker.is_fresh:
                    done.append(Outcome(failure=failure.status, error=failure.error, student=failure.student))
            else:
                with self._lock:
                    self._idle.append(worker)
        return done

    def close(self) -> None:
        """Call all work off and end all workers."""
        self._closed.set()
        with self._lock:
            workers, idle = tuple(self._all), tuple(self._idle)
            self._idle.clear()
        for worker in workers:
            worker.stop()
        for worker in idle:
            self._drop(worker)

    def _take(self) -> Worker:
        with self._lock:
            if self._closed.is_set():
                raise Closed
            if self._idle:
                return self._idle.pop()
            worker = Worker()
            self._all.add(worker)
        try:
            worker.begin(self._job)
        except StartError:
            if self._closed.is_set():
                raise Closed from None
            raise
        return worker

    def _drop(self, worker: Worker) -> None:
        worker.kill()
        self._all.discard(worker)

    def _watch(self) -> None:
        """End every worker that is late."""
        while not self._closed.wait(TICK):
            now = time.monotonic()
            for worker in tuple(self._all):
                deadline = worker.deadline
                if deadline is not None and now > deadline:
                    worker.stop(is_late=True)


_workers: dict[bytes, Workers] = {}
_workers_lock = threading.Lock()


def grade_chunk(job: bytes, seconds: float, tasks: Sequence[Task]) -> list[Outcome]:
    """Return what came of each file, with the workers that this process keeps for the job: `Workers.grade`."""
    with _workers_lock:
        workers = _workers.get(job)
        if workers is None:
            workers = _workers[job] = Workers(job, seconds)
    return workers.grade(tasks)


def close_workers() -> None:
    """Call off all work of this process."""
    with _workers_lock:
        for workers in _workers.values():
            workers.close()
        _workers.clear()
