"""Keys of a class in which each student has questions of their own, as `quiz --class` writes them: `keys/ID.yaml`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.assignment import Assignment
from cnncalc.homework.assignment.read import load_assignment
from cnncalc.homework.quiz.class_list import MOST, folder_names
from cnncalc.homework.submission import Student
from cnncalc.text import reason_text, say

MOST_BYTES = 2**26
"""Of all keys together, as they are handed to workers; a key of ten questions takes 6,000."""


class Keys(NamedTuple):
    """Assignments, pickled, by the names of their files without ending and case; `digest` tells them from others."""

    assignments: dict[str, bytes]
    digest: str

    def of(self, id: str) -> Assignment | None:
        """Return the assignment of a student's id, or None where no key has its name."""
        for name in _names(id):
            found = self.assignments.get(name.casefold())
            if found is not None:
                return pickle.loads(found)
        return None


def _names(id: str) -> Iterator[str]:
    """Yield the names that the key of an id may have, as written and without blanks and width.

    Alone, an id may be a name as it stands; beside one that is the same but for its case, it never is.
    """
    for written in dict.fromkeys((id, "".join(normalize("NFKC", id).split()))):
        if written:
            student = Student(written)
            yield folder_names([student, student])[written]
            yield folder_names([student])[written]


def load_keys(folder: Path) -> tuple[Assignment, Keys]:
    """Return the first key, which stands for what all have in common, and all keys.

    Raises CnncalcError: what is wrong with a key; E570 for a folder without keys; E578 for keys whose questions have
    other names or points than the first's, since their points could not be added up; E471 for too many.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as error:
        message = say("cannot read {path}: {reason}", path=folder, reason=reason_text(error))
        raise CnncalcError([Diagnostic("E570", message)]) from None
    if not paths:
        message = say("{path} holds no keys", path=folder)
        raise CnncalcError([Diagnostic("E570", message, help=say("name a folder of one ID.yaml for each student"))])
    if len(paths) > MOST:
        raise _too_many(folder)
    first = load_assignment(str(paths[0]))
    found: dict[str, bytes] = {}
    digest = sha256()
    size = 0
    for path in paths:
        key = load_assignment(str(path))
        if _shape(key) != _shape(first):
            message = say("{path} does not ask for the same labels and points as {other}", path=path, other=paths[0])
            raise CnncalcError([Diagnostic("E578", message, help=say("grade the two quizzes apart"))])
        data = pickle.dumps(key)
        size += len(data)
        if size > MOST_BYTES:
            raise _too_many(folder)
        found[path.stem.casefold()] = data
        digest.update(repr((path.stem, key)).encode("utf-8", "backslashreplace"))
    return first, Keys(found, digest.hexdigest())


def _shape(key: Assignment) -> list[tuple[str, Fraction, dict[str, Fraction]]]:
    """Return what the keys of a class have in common."""
    return [(one.label or one.asked.key, one.points, dict(one.partial)) for one in key.questions]


def _too_many(folder: Path) -> CnncalcError:
    message = say("{path} holds more keys than can be graded at once", path=folder)
    return CnncalcError([Diagnostic("E471", message, help=say("grade it in parts"))])
