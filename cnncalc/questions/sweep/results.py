"""The file that rows are streamed to: valid whenever it is looked at, and taken up again by the same sweep.

Beside it, until all is done, a note says which sweep it belongs to. Rows are in the order of their numbers, so that as
many as can be read are done; one that is torn ends what counts. At the end the file is written anew, with the marks
that need all rows, and the note goes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from glob import escape
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.output import HeldError, Lock, cannot_write, remove_parts, replace_file
from cnncalc.questions.sweep.evaluate import Job, Row
from cnncalc.text import later, say

FORM = 1


class Form(Protocol):
    """How rows are written: `first`, the lines with `between` between them, `last`; or `empty` where there are none.

    Each line is one row, whatever it holds, and ends with a line feed.
    """

    first: bytes
    between: bytes
    last: bytes
    empty: bytes

    def line(self, row: Row, mark: bool | None) -> bytes:
        """Return one row, without the line's end. `mark`: whether it is on the Pareto front; None: not known yet."""
        ...

    def row(self, line: bytes) -> Row:
        """Return the row of a line. Raises ValueError for anything else."""
        ...


DIFFERENT: Mapping[str, str] = {
    "spec": later("{path} holds a part of a sweep of another spec, or of this one before it changed"),
    "sets": later("{path} holds a part of a sweep with other values"),
    "columns": later("{path} holds a part of a sweep with other columns"),
    "options": later("{path} holds a part of a sweep with another --batch, --dtype, --max-layers or --lang"),
    "version": later("{path} holds a part of a sweep by another version of cnncalc"),
}


def key_of(job: Job) -> dict[str, str]:
    """Return what tells sweeps apart, part by part."""
    parts = {
        "spec": job.text,
        "sets": job.plan,
        "columns": job.columns,
        "options": (job.batch, job.dtype, job.max_layers, job.language),
        "version": job.version,
    }
    return {name: sha256(repr(part).encode("utf-8", "backslashreplace")).hexdigest() for name, part in parts.items()}


def note_path(path: Path) -> Path:
    """Return where the note of a results file is."""
    return path.with_name(f".{path.name}.sweep")


class Results:
    """The rows at `path`; those an earlier run of the same sweep has written are taken over.

    Raises CnncalcError: E735 where the file is a part of another sweep and `restart` is not asked for, E738 while
    another run writes it, E573 where it cannot be written.
    """

    def __init__(self, path: Path, form: Form, job: Job, *, restart: bool = False) -> None:
        self.rows: list[Row] = []
        self._path = path
        self._note = note_path(path)
        self._form = form
        try:
            self._lock = Lock(path)
        except HeldError:
            raise _held(path) from None
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            self._open(job, restart)
        except BaseException:
            self._lock.close()
            raise

    def _open(self, job: Job, restart: bool) -> None:
        key, path = key_of(job), self._path
        try:
            for one in (path, self._note):
                remove_parts(path.parent.glob(f".{escape(one.name)}.*.part"))
            found = None if restart else self._found_key()
            if found is not None:
                different = next((name for name in DIFFERENT if found.get(name) != key[name]), None)
                if different:
                    raise _other(different, path)
            if found is not None and path.exists():
                self._take_over(job.plan.size)
            else:
                self._begin(key)
            # Unbuffered, so that each chunk is one write.
            self._file: BinaryIO = path.open("r+b", buffering=0)
            self._trim()
        except OSError as error:
            raise cannot_write(path, error) from None

    def __enter__(self) -> Results:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._lock.close()

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows; they outlive this process from now on."""
        lines = self._form.between.join(self._form.line(row, None) for row in rows)
        data = (self._form.between if self.rows else self._form.first) + lines
        try:
            self._write_at_end(data + self._form.last)
        except OSError as error:
            self._untear()
            raise cannot_write(self._path, error) from None
        self._end += len(data)
        self.rows.extend(rows)

    def settle(self, marked: Collection[int]) -> None:
        """Write the file anew, with the marks of the front, and end the run."""
        try:
            replace_file(self._path, whole(self._form, self.rows, marked))
            self._note.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self._path, error) from None

    def _found_key(self) -> dict[str, Any] | None:
        """Return the key of an unfinished sweep; one that cannot be read is none that could go on."""
        try:
            found: Any = json.loads(self._note.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            return {}
        return {str(name): part for name, part in found.items()} if isinstance(found, dict) else {}  # type: ignore[union-attr]

    def _begin(self, key: Mapping[str, str]) -> None:
        # In this order: rows of another sweep are never beside a note of this one.
        self._note.unlink(missing_ok=True)
        replace_file(self._path, [self._form.empty])
        replace_file(self._note, [json.dumps({"form": FORM, **key}).encode() + b"\n"])
        self._end = 0

    def _take_over(self, most: int) -> None:
        """Read the rows that are whole."""
        data = self._path.read_bytes()
        self._end = 0
        if not data.startswith(self._form.first):
            return
        at = len(self._form.first)
        for ended in data[at:].split(b"\n")[:-1]:
            line = ended.removesuffix(self._form.between[:-1])
            try:
                row = self._form.row(line)
            except ValueError:
                break
            self.rows.append(row)
            self._end = at + len(line)
            at += len(ended) + 1
            if len(self.rows) == most:
                break

    def _untear(self) -> None:
        """Take back what the disk had room for of rows that did not fit: what was there before had it too."""
        with suppress(OSError):
            self._file.truncate(self._end)
            self._trim()

    def _trim(self) -> None:
        """Cut off what does not count."""
        self._write_at_end(self._form.last if self.rows else self._form.empty)
        self._file.truncate()

    def _write_at_end(self, data: bytes) -> None:
        """Write after the rows, in one piece unless the disk is full."""
        self._file.seek(self._end)
        while data:
            data = data[self._file.write(data) :]


def whole(form: Form, rows: Sequence[Row], marked: Collection[int] | None) -> Iterator[bytes]:
    """Yield a whole file of rows; `marked` are the numbers of those on the front, or None where no front was asked."""
    if not rows:
        yield form.empty
        return
    yield form.first
    for index, row in enumerate(rows):
        yield form.between if index else b""
        yield form.line(row, None if marked is None else index in marked)
    yield form.last


def _other(different: str, path: Path) -> CnncalcError:
    help = say("name another file, or begin anew with --restart")
    return CnncalcError([Diagnostic("E735", say(DIFFERENT[different], path=path), help=help)])


def _held(path: Path) -> CnncalcError:
    message = say("another sweep that is still running writes {path}", path=path)
    return CnncalcError([Diagnostic("E738", message, help=say("wait until it ends, or name another file"))])
