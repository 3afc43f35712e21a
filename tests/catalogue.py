"""The message catalogues, kept in step with the sentences in the package's sources and conventions.

`python tests/catalogue.py` adds to each .po the sentences that are new, untranslated, takes out those that are gone,
compiles the .mo, and lists what is left to translate; with `--check` it changes nothing and exits with 1 where
something is to be done.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cnncalc"
PO = PACKAGE / "locale/zh/LC_MESSAGES/cnncalc.po"
MO = PO.with_suffix(".mo")

MARKS = {"say": (0,), "later": (0,), "argument": (1,), "say_count": (0, 1)}
"""Function -> which of its arguments are sentences; of two, the first is for one thing and the second for many."""

Key = tuple[str, ...]


class Mark(NamedTuple):
    """A call that marks a sentence. `key` is empty where what is said is no literal."""

    function: str
    key: Key
    path: Path
    line: int
    node: ast.Call


def marks(path: Path) -> Iterator[Mark]:
    """Yield the marked sentences of a source file, in order."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in MARKS:
            continue
        given = [node.args[at] for at in MARKS[name] if at < len(node.args)]
        literal = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        yield Mark(name, tuple(literal) if len(literal) == len(MARKS[name]) else (), path, node.lineno, node)


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


CONVENTIONS = sorted((PACKAGE / "conventions").glob("*.toml"))
TEXTS = ("title", "left_out", "notes", "what", "wrong")
"""The keys of a convention under which sentences stand, one or a list."""


def texts(value: object) -> Iterator[str]:
    """Yield the sentences of a convention."""
    if isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key in TEXTS:
                yield from [one] if isinstance(one, str) else one
            else:
                yield from texts(one)


def sentences() -> dict[Key, list[str]]:
    """Return each sentence of the package with the files it stands in."""
    found: dict[Key, list[str]] = {}
    marked = [(path, mark.key) for path in sources() for mark in marks(path) if mark.key]
    stated = [(path, (text,)) for path in CONVENTIONS for text in texts(toml.loads(path.read_text(encoding="utf-8")))]
    for path, key in [*marked, *stated]:
        files = found.setdefault(key, [])
        name = path.relative_to(ROOT).as_posix()
        if name not in files:
            files.append(name)
    return found


def key_of(message: Message) -> Key:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def texts_of(message: Message) -> list[str]:
    """Return a message's translations: one, or one a plural form; empty texts where it has none."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def read(path: Path = PO) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh")


def updated(old: Catalog) -> Catalog:
    """Return the catalogue of the package's sentences, with the translations there are."""
    known = {key_of(message): message for message in old if message.id}
    new = Catalog(locale="zh", domain="cnncalc", header_comment=old.header_comment, fuzzy=False)
    for key, files in sentences().items():
        before = known.get(key)
        new.add(
            key if len(key) > 1 else key[0],
            before.string if before else "",
            locations=[(name, None) for name in files],
            user_comments=before.user_comments if before else (),
            flags=before.flags & {"fuzzy"} if before else (),
        )
    return new


HEADERS = ("Content-Type", "Plural-Forms", "Language", "MIME-Version", "Content-Transfer-Encoding")


def po_text(catalogue: Catalog) -> str:
    """Return a .po whose lines change only with the sentences: no dates, no line numbers."""
    out = io.BytesIO()
    write_po(out, catalogue, width=110, include_lineno=False, ignore_obsolete=True)
    lines = out.getvalue().decode().splitlines(keepends=True)
    stamps = (
        '"Project-Id',
        '"Report-Msgid',
        '"POT-Creation',
        '"PO-Revision',
        '"Last-Tr',
        '"Language-Team',
        '"Generated-',
    )
    return "".join(line for line in lines if not line.startswith(stamps))


def mo_bytes(catalogue: Catalog) -> bytes:
    catalogue.creation_date = catalogue.revision_date = datetime(2000, 1, 1, tzinfo=timezone.utc)
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> int:
    old = PO.read_text(encoding="utf-8")
    text = po_text(updated(read()))
    if "--check" not in sys.argv:
        PO.write_text(text, encoding="utf-8", newline="\n")
        MO.write_bytes(mo_bytes(read()))
    left = [message for message in read() if message.id and (not all(texts_of(message)) or message.fuzzy)]
    for message in left:
        print(f"not translated: {' / '.join(key_of(message))}")
    print(f"{len(left)} of {len(sentences())} sentences are not translated")
    return 1 if left or ("--check" in sys.argv and text != old) else 0


if __name__ == "__main__":
    sys.exit(main())
