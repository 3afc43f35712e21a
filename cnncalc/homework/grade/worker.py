"""The worker's side: a process that gets the bytes of files, checks them within its limits, and answers with JSON.

It opens no file, and none that it tried to write could grow. Frames are a length and so many bytes. What comes in first
is the job; then, again and again, a count and so many files; what goes out is a word that all is ready, then a result
a file. A file that breaks the worker ends it, and whoever started it goes on with another.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import struct
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple, Protocol

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.assignment import Assignment
from cnncalc.homework.grade.file import Status
from cnncalc.homework.grade.keys import Keys
from cnncalc.homework.grade.record import Record, of_checked, to_line
from cnncalc.homework.marks import Checked
from cnncalc.homework.submission import Student, Submission, read_submission
from cnncalc.spec.files import decode
from cnncalc.text import say, use_language

LENGTH = struct.Struct(">I")
MEBIBYTE = 2**20


class Checks(Protocol):
    """What marks submissions: `cnncalc.homework.check.Checker`."""

    def check(self, submission: Submission) -> Checked:
        """Return the marks."""
        ...


class Renderer(Protocol):
    """What writes for one student, as text by path; `{}` in a path is the student's file name, made safe.

    It is pickled, and its `repr` tells all that it depends on.
    """

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return what is written of a checked submission."""
        ...

    def failed(self, file: str, status: Status, problem: str) -> Mapping[str, str]:
        """Return what is written of a file that could not be graded."""
        ...


class Job(NamedTuple):
    """What a worker needs to know. `seconds`: of computing, a file. `memory`: MiB a file may take.

    `keys`: where each student has an assignment of their own; `assignment` then stands for what all have in common.
    """

    assignment: Assignment
    checker: Callable[[Assignment], Checks]
    renderer: Renderer
    language: str
    seconds: float
    memory: int
    keys: Keys | None = None


FindChecks = Callable[[str], "Checks | None"]
"""Returns what marks the submissions of a student's id; None where no key has that id."""


def checks_of(job: Job) -> FindChecks:
    """Return what finds the checks; what all submissions have in common is worked out here, once."""
    checker = job.checker(job.assignment)
    checker.check(Submission("", Student(), (), ()))
    keys = job.keys
    if keys is None:
        return lambda id: checker

    def find(id: str) -> Checks | None:
        found = keys.of(id)
        # Kept for no other file, since a student hands in one.
        return None if found is None else job.checker(found)

    return find


def main() -> None:
    """Work until nothing more comes in."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    arrive, leave = _channels()
    try:
        job: Job = pickle.loads(read_frame(arrive))
        use_language(job.language)
        # Outside the limits of any submission.
        checks = checks_of(job)
    except Exception as error:
        write_frame(leave, json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        return
    gc.collect()
    gc.freeze()
    # What a file leaves behind is young when its chunk ends; to look through all that is kept would take longer.
    gc.disable()
    _limit(job.memory)
    write_frame(leave, b"{}")
    while count := arrive.read(LENGTH.size):
        files = [(read_frame(arrive), read_frame(arrive)) for _ in range(LENGTH.unpack(count)[0])]
        for name, data in files:
            _limit_time(job.seconds)
            try:
                result = _result(job.renderer, checks, name.decode("utf-8", "surrogatepass"), data, leave)
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            except Exception as error:
                write_frame(leave, BROKEN + type(error).__name__.encode())
                os._exit(1)
            write_frame(leave, result)
        _limit_time(0)
        gc.collect(0)


def _result(renderer: Renderer, checks: FindChecks, name: str, data: bytes, leave: BinaryIO) -> bytes:
    """Return what came of one file.

    That is the record, and the path and length in bytes of each text, a line of JSON each; then the texts.
    """

    def tell(student: Student) -> None:
        write_frame(leave, WHOSE + json.dumps(student).encode())

    record, texts = grade(renderer, checks, name, data, tell)
    bodies = [text.encode("utf-8", "backslashreplace") for text in texts.values()]
    lengths = json.dumps([*zip(texts, map(len, bodies), strict=True)]).encode()
    return b"".join((to_line(record), b"\n", lengths, b"\n", *bodies))


OUT_OF_MEMORY = 71
"""How the process ends where a file was too large for it."""
BROKEN = b"\n"
"""What an answer starts with where the code failed; the exception's name follows."""
WHOSE = b"\r"
"""What a message starts with that tells whose file is checked next: a file that fails keeps its student."""


def grade(
    renderer: Renderer, checks: FindChecks, name: str, data: bytes, tell: Callable[[Student], None]
) -> tuple[Record, Mapping[str, str]]:
    """Return the record of a file's bytes, and what is written of it, by path; `tell` learns whose it is, before."""
    try:
        submission = read_submission(decode(data, name), name)
    except CnncalcError as error:
        different: dict[str, Diagnostic] = {}
        for one in error.diagnostics:
            different.setdefault(one.message, one)
        problem = "\n".join(_problem(one) for one in [*different.values()][:MOST_PROBLEMS])
        return Record(name, "unreadable", problem), renderer.failed(name, "unreadable", problem)
    student = _short(submission.student)
    submission = submission._replace(student=student)
    tell(student)
    checker = checks(student.id)
    if checker is None:
        problem = _no_key(student.id)
        return Record(name, "no key", problem, student.id, student.name), renderer.failed(name, "no key", problem)
    checked = checker.check(submission)
    return of_checked(name, checked), renderer.graded(name, checked)


MOST_PROBLEMS = 5
"""So many different ones are told of a file that cannot be read."""
LONGEST_NAME = 200
"""Characters that are kept of a student's id, and of a name."""


def _short(student: Student) -> Student:
    return Student(student.id[:LONGEST_NAME], student.name[:LONGEST_NAME])


def _no_key(id: str) -> str:
    if not id:
        return say("the file has no student number, so nothing tells which key is for it")
    return say("there is no key for the student number {id}", id=id)


def _problem(found: Diagnostic) -> str:
    if found.span is None:
        return found.message
    return say("line {line}: {problem}", line=found.span.line, problem=found.message)


def read_frame(stream: BinaryIO) -> bytes:
    """Return the next frame. Raises EOFError where the other side has gone."""
    head = stream.read(LENGTH.size)
    if len(head) == LENGTH.size:
        length = LENGTH.unpack(head)[0]
        data = stream.read(length)
        if len(data) == length:
            return data
    raise EOFError


def write_frame(stream: BinaryIO, data: bytes) -> None:
    """Write one frame."""
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes for ourselves: whatever else reads or prints meets the null device."""
    arrive, leave = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)
    return arrive, leave


def _limit(memory: int) -> None:
    """Let the process grow by `memory` MiB, write no file and leave no core, where the system can see to it."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            pages = int(file.read().split()[0])
    except OSError:
        # Without the size to start from, a limit would be a guess; macOS does not enforce it anyway.
        return
    most = pages * resource.getpagesize() + memory * MEBIBYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time(seconds: float) -> None:
    """Have the system end the process after so many seconds of computing, inside C code too; 0: never.

    Time that others take from it does not count, so a busy machine changes no mark.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
