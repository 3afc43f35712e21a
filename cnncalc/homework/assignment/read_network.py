"""The network that an assignment or a question names: a spec's file, an inline spec, or a sentence on a lone layer."""

from __future__ import annotations

import re
from collections.abc import Mapping as NamesMapping
from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.graph import Graph
from cnncalc.spec.files import read_text
from cnncalc.spec.load import build, loads
from cnncalc.spec.problems import Problems, kind_of
from cnncalc.spec.source import Entry, Mapping, Scalar, Tree
from cnncalc.text import say

KEYS = ("spec", "network", "layer")
"""`spec`: a file, named from the assignment's folder. `network`: a spec as a mapping. `layer`: a sentence."""


class NetworkReader:
    """Reads networks; the errors of each keep their own places, and `sources` holds the texts they are in."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.sources = {problems.source: problems.text}
        self._read: dict[Entry, Graph | None] = {}

    def read(self, entry: Entry, settings: Entry | None = None) -> Graph | None:
        """Return the network of an entry with a key of KEYS, or None after noting what is wrong with it.

        An entry is read once: asked again, its network is the same object.
        """
        if entry not in self._read:
            self._read[entry] = self._network(entry, settings)
        return self._read[entry]

    def _network(self, entry: Entry, settings: Entry | None) -> Graph | None:
        values = self._settings(settings)
        try:
            if isinstance(entry.value, Mapping):
                return self._inline(entry.value, values)
            if not isinstance(entry.value, Scalar) or not entry.value.text.strip():
                self._refuse(entry)
                return None
            if entry.key.text == "spec":
                return self._file(entry.value, values)
            return self._sentence(entry.value)
        except CnncalcError as error:
            for found in error.diagnostics:
                if found not in self.problems.errors:
                    where = settings or entry if found.code == "E218" else entry
                    self.problems.errors.append(found if found.span else found._replace(span=where.value.span))
            self.sources.update(error.sources)
            return None

    def _refuse(self, entry: Entry) -> None:
        message = say("{key}: expected a network, got {kind}", key=entry.key.text, kind=kind_of(entry.value))
        help = say("write a spec's file, an inline spec with input and layers, or a sentence on one layer")
        self.problems.add("E201", message, entry.span, help)

    def _settings(self, entry: Entry | None) -> dict[str, str]:
        if entry is None:
            return {}
        if isinstance(entry.value, Mapping) and all(isinstance(given.value, Scalar) for given in entry.value.entries):
            return {given.key.text: _text(given.value) for given in entry.value.entries}
        message = say("set: expected a mapping of the spec's vars to numbers, got {kind}", kind=kind_of(entry.value))
        self.problems.add("E201", message, entry.span, say("write set: {{width: 64}}"))
        return {}

    def _inline(self, tree: Mapping, settings: NamesMapping[str, str]) -> Graph:
        unread = [found for found in self.problems.errors if found.span and _within(found.span, tree.span)]
        return build(tree, Problems(self.problems.source, self.problems.text, unread), settings=settings)

    def _file(self, name: Scalar, settings: NamesMapping[str, str]) -> Graph:
        written = name.text.strip()
        if re.match(r"[A-Za-z][\w+.-]+://", written):
            message = say("{path} is an address, and only files are read", path=written)
            raise CnncalcError([Diagnostic("E521", message, name.span, say("save the spec beside the assignment"))])
        path = str(Path(self.problems.source).parent / written)
        if path == "-":
            message = say("a spec is read from a file, not from standard input")
            raise CnncalcError(
                [Diagnostic("E521", message, name.span, say("write the network in the assignment: network:"))]
            )
        return loads(read_text(path), source=path, settings=settings)

    def _sentence(self, sentence: Scalar) -> Graph:
        from cnncalc.homework.assignment.lone import lone_layer

        try:
            return lone_layer(sentence.text)
        except CnncalcError as error:
            raise CnncalcError(
                [found._replace(span=_moved(found.span, sentence)) for found in error.diagnostics]
            ) from None


def _text(tree: Tree) -> str:
    return tree.text if isinstance(tree, Scalar) else ""


def _within(inner: Span, outer: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) <= (outer.end_line, outer.end_column)


def _moved(span: Span | None, sentence: Scalar) -> Span:
    """Return where in the file a part of a sentence stands; the whole sentence where that cannot be told."""
    whole = sentence.span
    quotes = 0 if sentence.plain else 2
    if span is None or whole.line != whole.end_line or whole.end_column - whole.column != len(sentence.text) + quotes:
        return whole
    before = whole.column - 1 + quotes // 2
    return whole._replace(column=before + span.column, end_column=before + span.end_column)
