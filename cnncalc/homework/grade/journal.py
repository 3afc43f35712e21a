"""What is already graded, kept beside the results, so that a run that was stopped goes on where it was.

The first line names the run: what was asked, and by which version. Then, a file, its digest, the digests of what was
written for it, and its record; a line that is torn ends what counts. When all is done the lines are put in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from cnncalc.homework.grade.record import Record, from_values
from cnncalc.output import replace_file

FORM = 2


class Line(NamedTuple):
    """One file's line. `outputs`: the digest of each file written for it, by path."""

    digest: str
    outputs: Mapping[str, str]
    record: Record


class Journal:
    """The journal at `path` of the run named `run`; of another run's only the paths it wrote are taken: `written`."""

    def __init__(self, path: Path, run: str, *, fresh: bool = False) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        self.written: set[str] = set()
        head = json.dumps({"form": FORM, "run": run}).encode() + b"\n"
        kept = self._take_over(head, fresh)
        self._file: BinaryIO = path.open("r+b" if kept else "w+b")
        self._file.seek(kept)
        self._file.truncate()
        if not kept:
            self._file.write(head)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def _take_over(self, head: bytes, fresh: bool) -> int:
        """Note the lines of an earlier run, and return how many bytes of it count."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return 0
        with file:
            is_ours = file.readline() == head and not fresh
            kept = file.tell()
            for text in file:
                try:
                    line = _read(text)
                except ValueError:
                    break
                self.written.update(line.outputs)
                self._places[line.record.file] = kept
                kept = file.tell()
        if not is_ours:
            self._places.clear()
        return kept if is_ours else 0

    def find(self, file: str) -> Line | None:
        """Return what is known of a file."""
        place = self._places.get(file)
        return None if place is None else self._at(place)

    def add(self, digest: str, outputs: Mapping[str, str], file: str, record: bytes) -> None:
        """Add a file; the last one of its name counts."""
        self._places[file] = self._file.seek(0, 2)
        self._file.write(b'["%s",%s,%s]\n' % (digest.encode(), json.dumps(outputs).encode(), record))

    def flush(self) -> None:
        """Hand what was added to the system, so that it outlives this process."""
        self._file.flush()

    def lines(self, files: Iterable[str]) -> Iterator[Line]:
        """Yield the lines of these files, in this order."""
        for file in files:
            yield self._at(self._places[file])

    def settle(self, files: Iterable[str]) -> None:
        """Put the journal in order, with these files alone; it ends with this."""
        self._file.seek(0)
        head = self._file.readline()

        def lines() -> Iterator[bytes]:
            yield head
            for file in files:
                self._file.seek(self._places[file])
                yield self._file.readline()

        replace_file(self._path, lines())

    def _at(self, place: int) -> Line:
        self._file.seek(place)
        return _read(self._file.readline())


def _read(text: bytes) -> Line:
    """Return a line. Raises ValueError for anything else."""
    if not text.endswith(b"]\n"):
        raise ValueError("torn")
    found: Any = json.loads(text)
    digest, outputs, record = found
    if not isinstance(digest, str) or not isinstance(outputs, dict):
        raise ValueError("not a line")
    paths: dict[str, str] = {str(path): str(value) for path, value in outputs.items()}  # type: ignore[union-attr]
    return Line(digest, paths, from_values(record))
