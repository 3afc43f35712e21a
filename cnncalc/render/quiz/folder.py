"""A quiz as a folder: what is handed out, and the keys apart; nothing that is there is written over."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.quiz.class_list import folder_names
from cnncalc.homework.quiz.item import Quiz
from cnncalc.homework.quiz.key import key_text
from cnncalc.render.quiz import EXPORTS
from cnncalc.render.quiz.sheet import answer_file, key, sheet
from cnncalc.text import reason_text, say

Files = dict[str, bytes]


def sealed(quiz: Quiz) -> tuple[bytes, str]:
    """Return the key, an assignment, and its SHA-256, which the sheet carries.

    The key's first line holds the SHA-256 of the sheet without its seal, so that each tells the other.
    """
    bare = sha256(sheet(quiz)).hexdigest()
    text = f"# {say('For the sheet whose text above the seal has the SHA-256 {digest}.', digest=bare)}\n"
    data = (text + key_text(quiz)).encode()
    return data, sha256(data).hexdigest()


def one_sheet(quiz: Quiz, form: str) -> Files:
    """Return the files of one quiz for all: the sheet, the empty answer file, the key, and the form asked for."""
    data, seal = sealed(quiz)
    files = {"sheet.md": sheet(quiz, seal), "answers.yaml": answer_file(quiz), "key.yaml": data}
    return files | {"key.md": key(quiz)} | _exported(quiz, form, "")


def a_sheet_each(quizzes: Sequence[Quiz], form: str) -> Files:
    """Return the files of a quiz a student: a folder each to hand out, and all keys in `keys`."""
    names = folder_names([quiz.student for quiz in quizzes])
    files: dict[str, bytes] = {}
    for quiz in quizzes:
        name = names[quiz.student.id]
        data, seal = sealed(quiz)
        files |= {f"students/{name}/sheet.md": sheet(quiz, seal), f"students/{name}/answers.yaml": answer_file(quiz)}
        files |= {f"keys/{name}.yaml": data, f"keys/{name}.md": key(quiz)}
        files |= _exported(quiz, form, f"keys/{name}.")
    return files


def _exported(quiz: Quiz, form: str, before: str) -> Files:
    """Return the form for a teaching system, which holds the answers and so stands with the key."""
    return {f"{before}{EXPORTS[form].file}": EXPORTS[form].write(quiz)} if form in EXPORTS else {}


def write_files(folder: str | Path, files: Files) -> None:
    """Write the files, each whole or not at all. Raises CnncalcError (E585, E586) before anything is lost."""
    root = Path(folder)
    for path, data in files.items():
        target = root / path
        try:
            if target.read_bytes() != data:
                message = say("{path} is there already, with something else in it", path=target)
                raise CnncalcError([Diagnostic("E585", message, help=say("name another folder"))])
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unwritable(target, error) from None
    for path, data in files.items():
        try:
            _write(root / path, data)
        except OSError as error:
            raise _unwritable(root / path, error) from None


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> CnncalcError:
    message = say("cannot write {path}: {reason}", path=path, reason=reason_text(error))
    return CnncalcError([Diagnostic("E586", message, help=say("name a folder that can be written to"))])
