"""Grades the files of a class: reads them, has them checked, writes what comes of each, and keeps what is done.

Only this process opens submissions and writes results. What is in memory at once is bounded, however many there are.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from cnncalc import __version__
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.grade.file import JOURNAL, File, Refusal, Status
from cnncalc.homework.grade.guarded import Outcome, StartError, grade_chunk
from cnncalc.homework.grade.journal import Journal
from cnncalc.homework.grade.names import safe_names
from cnncalc.homework.grade.record import Record, digest_of, to_line
from cnncalc.homework.grade.worker import Job
from cnncalc.homework.submission import Student
from cnncalc.output import HeldError, Lock, cannot_write, remove_parts, replace_file
from cnncalc.text import say

MOST_FILES, MOST_BYTES = 32, 2**20
"""What a worker is handed at a time, at most."""
AHEAD = 2
"""So many chunks a worker are on their way."""

NOBODY = Student()

TRANSIENT: frozenset[Status] = frozenset(("crashed", "too slow", "too large"))
"""What another run may find otherwise, so that it is tried again."""


class _Read(NamedTuple):
    """A file that is on its way."""

    name: str
    digest: str
    data: bytes


class Grading:
    """One run into an output folder.

    Raises CnncalcError: E573 where the folder cannot be written to, E579 while another run writes into it.
    """

    def __init__(self, files: Sequence[File], job: Job, folder: Path, *, fresh: bool = False) -> None:
        self.files = files
        self._job = job
        self._folder = folder
        self._names = safe_names(file.name for file in files)
        self._folders: set[Path] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(folder / JOURNAL)
        except HeldError:
            message = say("another run that has not ended writes into {path}", path=folder)
            help = say("wait until it ends, or name another folder")
            raise CnncalcError([Diagnostic("E579", message, help=help)]) from None
        except OSError as error:
            raise cannot_write(folder, error) from None
        try:
            remove_parts(folder.rglob(".*.part"))
            self._journal = Journal(folder / JOURNAL, run_key(job), fresh=fresh)
        except BaseException as error:
            self._lock.close()
            if isinstance(error, OSError):
                raise cannot_write(folder, error) from None
            raise

    def __enter__(self) -> Grading:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._journal.__exit__(kind, error, at)
        self._lock.close()

    def run(self, executor: Executor, parallel: int, advance: Callable[[int], None]) -> None:
        """Grade what is not graded yet, `parallel` chunks at once; `advance` is told how many files are done.

        Raises CnncalcError: E572 for a worker that cannot start, E573 for a full disk, E576 where the executor fails.
        """
        job = pickle.dumps(self._job)
        pending: dict[Future[list[Outcome]], list[_Read]] = {}
        try:
            for chunk in self._chunks(parallel, advance):
                tasks = [(one.name, one.data) for one in chunk]
                pending[executor.submit(grade_chunk, job, self._job.seconds, tasks)] = chunk
                while len(pending) >= AHEAD * parallel:
                    self._collect(pending, advance)
            while pending:
                self._collect(pending, advance)
        except OSError as error:
            raise cannot_write(self._folder, error) from None
        finally:
            for future in pending:
                future.cancel()

    def records(self) -> Iterator[Record]:
        """Yield the record of every file, by name."""
        for line in self._journal.lines(file.name for file in self.files):
            yield line.record

    def name_of(self, file: str) -> str:
        """Return the safe name of a file."""
        return self._names[file]

    def settle(self) -> None:
        """Put the journal in order, and remove what earlier runs wrote for files that are no longer there."""
        try:
            kept = {path for line in self._journal.lines(file.name for file in self.files) for path in line.outputs}
            for path in sorted(self._journal.written - kept):
                if _is_inside(path):
                    (self._folder / path).unlink(missing_ok=True)
            self._journal.settle(file.name for file in self.files)
        except OSError as error:
            raise cannot_write(self._folder, error) from None

    def _chunks(self, parallel: int, advance: Callable[[int], None]) -> Iterator[list[_Read]]:
        """Yield the files that must be graded, some at a time; what is known or refused is settled here."""
        most = max(1, min(MOST_FILES, len(self.files) // (AHEAD * parallel)))
        chunk: list[_Read] = []
        size = 0
        for file in self.files:
            try:
                data = file.read()
            except Refusal as refusal:
                self._write_failure(file.name, "", refusal.status, refusal.problem)
                advance(1)
                continue
            digest = digest_of(data)
            if self._is_known(file.name, digest):
                advance(1)
                continue
            chunk.append(_Read(file.name, digest, data))
            size += len(data)
            if len(chunk) >= most or size >= MOST_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _is_known(self, file: str, digest: str) -> bool:
        """Whether a file was graded before, and all that was written for it is still there as it was."""
        line = self._journal.find(file)
        if line is None or line.digest != digest or line.record.status in TRANSIENT:
            return False
        try:
            return all(
                path.format(self._names[file]) == path and digest_of((self._folder / path).read_bytes()) == known
                for path, known in line.outputs.items()
            )
        except OSError:
            return False

    def _collect(self, pending: dict[Future[list[Outcome]], list[_Read]], advance: Callable[[int], None]) -> None:
        """Wait for a chunk, and write what came of its files."""
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        # What succeeded is kept before what failed is told.
        for future in sorted(done, key=lambda one: one.exception() is not None):
            chunk = pending.pop(future)
            for one, outcome in zip(chunk, _outcomes(future), strict=True):
                if outcome.failure:
                    problem = _failure_text(outcome, self._job)
                    self._write_failure(one.name, one.digest, outcome.failure, problem, outcome.student)
                else:
                    self._write(one.name, one.digest, outcome.record, outcome.texts)
            self._journal.flush()
            advance(len(chunk))

    def _write_failure(self, file: str, digest: str, status: Status, problem: str, student: Student = NOBODY) -> None:
        record = Record(file, status, problem, student.id, student.name)
        texts = self._job.renderer.failed(file, status, problem)
        bodies = {path: text.encode("utf-8", "backslashreplace") for path, text in texts.items()}
        self._write(file, digest, to_line(record), bodies)

    def _write(self, file: str, digest: str, record: bytes, texts: Mapping[str, bytes]) -> None:
        """Write a file's results, each whole or not at all, and note them."""
        outputs: dict[str, str] = {}
        for template, data in texts.items():
            path = template.format(self._names[file])
            target = self._folder / path
            if target.parent not in self._folders:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(target.parent)
            replace_file(target, [data])
            outputs[path] = digest_of(data)
        self._journal.add(digest, outputs, file, record)


def run_key(job: Job) -> str:
    """Return what tells runs apart: the assignment, the keys, the version, the language, and what is written."""
    checker = f"{job.checker.__module__}.{job.checker.__qualname__}"
    parts = (__version__, job.language, checker, job.assignment, job.renderer, job.keys and job.keys.digest)
    return sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _outcomes(future: Future[list[Outcome]]) -> list[Outcome]:
    try:
        return future.result()
    except StartError as error:
        message = say("a worker could not start: {problem}", problem=error)
        raise CnncalcError([Diagnostic("E572", message)]) from None
    except Exception as error:
        # A cluster that is lost; what is graded is kept.
        message = say("the work was lost: {problem}", problem=f"{type(error).__name__}: {error}")
        help = say("run this again: it goes on where it stopped")
        raise CnncalcError([Diagnostic("E576", message, help=help)]) from None


def _failure_text(outcome: Outcome, job: Job) -> str:
    if outcome.failure == "too slow":
        return say("checking it takes more than {seconds} seconds", seconds=f"{job.seconds:g}")
    if outcome.failure == "too large":
        return say("checking it takes more than {memory} MiB", memory=job.memory)
    if outcome.error:
        return say("checking it failed with {error}, which is a bug of cnncalc", error=outcome.error)
    return say("checking it ended the process that did so")


def _is_inside(path: str) -> bool:
    """Whether a path that the journal names is one that a run can have written."""
    parts = path.split("/")
    return "\\" not in path and ":" not in path and all(part not in ("", ".", "..") for part in parts)
