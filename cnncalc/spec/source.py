"""A spec's text as a tree with places. No YAML library object leaves this file, and nothing in the text is executed.

Only YAML 1.2 core scalars, mappings and sequences are read; anchors, aliases, tags and further documents are refused,
and so is whatever is too large, before it is parsed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, cast

import yaml

from cnncalc.diagnostics import MAX_SHOWN, CnncalcError, Diagnostic, Label, Span
from cnncalc.text import later, say

MAX_EVENTS = 100_000
MAX_SCALAR = 4096
MAX_DEPTH = 64
MAX_DIGITS = 18

LOADER: Any = getattr(yaml, "CLoader", yaml.Loader)


class Scalar(NamedTuple):
    """A word, number or text. `plain`: written without quotes."""

    text: str
    plain: bool
    span: Span


class Entry(NamedTuple):
    """One `key: value` of a mapping."""

    key: Scalar
    value: Tree

    @property
    def span(self) -> Span:
        """From the key's first character to the value's last."""
        return join(self.key.span, self.value.span)


class Mapping(NamedTuple):
    """Keys and values, in the order written, no key twice."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Entry | None:
        """Return the entry of `key`."""
        return next((entry for entry in self.entries if entry.key.text == key), None)


class Sequence(NamedTuple):
    """A list."""

    items: tuple[Tree, ...]
    span: Span


Tree = Scalar | Mapping | Sequence


def join(first: Span, last: Span) -> Span:
    """Return the span from the start of `first` to the end of `last`."""
    return Span(first.source, first.line, first.column, last.end_line, last.end_column)


class Parsed(NamedTuple):
    """A document's tree, and what was found in it that did not stop the parser."""

    tree: Tree
    found: list[Diagnostic]


def parse(text: str, source: str) -> Parsed:
    """Return the tree of one YAML document. Raises CnncalcError where the parser had to stop, with all found before."""
    composer = _Composer(source, text)
    try:
        tree = composer.document()
    except yaml.YAMLError as error:
        composer.found.append(_syntax(error, source, text))
        tree = None
    if tree is None:
        raise CnncalcError(composer.found, {source: text})
    return Parsed(tree, composer.found)


class _Composer:
    """Turns parse events into a tree, within the limits."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.text = text
        self.found: list[Diagnostic] = []
        self.events: Iterator[Any] = iter(())
        self.count = 0

    def document(self) -> Tree | None:
        self.events = iter(cast(Any, yaml).parse(self.text, Loader=LOADER))
        tree: Tree | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if tree is not None:
                    self.stop(
                        "E106", say("a second document starts here"), event, say("one spec a file: remove the ---")
                    )
                tree = self.node(self.next(), 1)
        if tree is None:
            span = Span(self.source, 1, 1, 1, 1)
            self.found.append(Diagnostic("E104", say("the file is empty"), span, say("start with input: and layers:")))
        return tree

    def next(self) -> Any:
        self.count += 1
        event: Any = next(self.events)
        if self.count > MAX_EVENTS:
            self.stop(
                "E102",
                say("the file has more than {limit} parts", limit=f"{MAX_EVENTS:,}"),
                event,
                say("write repeated layers with blocks and repeat"),
            )
        return event

    def node(self, event: Any, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            self.stop("E105", say("nested deeper than {limit} levels", limit=MAX_DEPTH), event, say("use blocks"))
        self.refuse_references(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return Scalar("", False, self.span(event))
        return self.scalar(event)

    def scalar(self, event: Any) -> Scalar:
        if len(event.value) > MAX_SCALAR:
            self.stop(
                "E102",
                say(
                    "a value of {size} characters; at most {limit} are read",
                    size=f"{len(event.value):,}",
                    limit=f"{MAX_SCALAR:,}",
                ),
                event,
                say("shorten it"),
            )
        return Scalar(event.value, bool(event.implicit[0]) and event.style in (None, ""), self.span(event))

    def sequence(self, start: Any, depth: int) -> Sequence:
        items: list[Tree] = []
        event = self.next()
        while not isinstance(event, yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
            event = self.next()
        if start.flow_style:
            self.refuse_cut_expressions(items)
        return Sequence(tuple(items), self.span(start, event))

    def mapping(self, start: Any, depth: int) -> Mapping:
        entries: list[Entry] = []
        seen: dict[str, Scalar] = {}
        event = self.next()
        while not isinstance(event, yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(self.next(), depth + 1)
            if isinstance(key, Scalar):
                entries.append(Entry(key, value))
                self.check_key(key, value, seen, bool(start.flow_style))
            else:
                self.add("E108", say("a key must be a word"), key.span, say("write name: value"))
            event = self.next()
        if start.flow_style:
            self.refuse_cut_expressions([entry.value for entry in entries])
        return Mapping(tuple(entries), self.span(start, event))

    def check_key(self, key: Scalar, value: Tree, seen: dict[str, Scalar], flow: bool) -> None:
        text = key.text
        if text == "<<":
            self.add("E106", say("merge keys (<<) are not read"), key.span, say("use defaults or blocks"))
        elif text in seen:
            message = say("the key {key} is given twice", key=text)
            first = Label(seen[text].span, say("first here"))
            self.found.append(Diagnostic("E109", message, key.span, say("remove one of them"), (first,)))
        elif flow and key.plain and isinstance(value, Scalar) and not value.text and value.plain:
            self.check_valueless(key)
        seen.setdefault(text, key)

    def check_valueless(self, key: Scalar) -> None:
        name, colon, rest = key.text.partition(":")
        if colon and rest:
            self.add(
                "E110",
                say("a space is missing after the colon of {key}", key=key.text),
                key.span,
                say("write {name}: {value}", name=name, value=rest.strip()),
            )
        elif any(mark in key.text for mark in "：，"):
            self.add(
                "E111",
                say("{key} has a full-width colon or comma", key=key.text),
                key.span,
                say("write : and , from the English keyboard, each followed by a space"),
            )

    def refuse_cut_expressions(self, values: list[Tree]) -> None:
        for value in values:
            if isinstance(value, Scalar) and value.plain and value.text.count("(") > value.text.count(")"):
                self.add(
                    "E112",
                    say("YAML ends the value {value} at the comma", value=value.text),
                    value.span,
                    say('quote the expression: "{value}, ...)"', value=value.text),
                )

    def refuse_references(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            name: str = event.anchor
            self.add(
                "E106",
                say("YAML reads *{name} as an alias, and aliases are not read", name=name),
                self.span(event),
                say("write {name}, or quote an expression; for repeated layers use blocks", name=name),
            )
            return
        if event.anchor is not None:
            self.add(
                "E106",
                say("anchors (&{name}) are not read", name=event.anchor),
                self.span(event),
                say("use blocks, vars or defaults"),
            )
        if event.tag is not None:
            self.add("E106", say("tags ({tag}) are not read", tag=event.tag), self.span(event), say("remove the tag"))

    def add(self, code: str, message: str, span: Span, help: str) -> None:
        self.found.append(Diagnostic(code, message, span, help))
        if len(self.found) >= MAX_SHOWN:
            raise CnncalcError(self.found, {self.source: self.text})

    def stop(self, code: str, message: str, event: Any, help: str) -> NoReturn:
        self.found.append(Diagnostic(code, message, self.span(event), help))
        raise CnncalcError(self.found, {self.source: self.text})

    def span(self, start: Any, end: Any = None) -> Span:
        first, last = start.start_mark, (end or start).end_mark
        return Span(self.source, first.line + 1, first.column + 1, last.line + 1, last.column + 1)


def _syntax(error: yaml.YAMLError, source: str, text: str) -> Diagnostic:
    """Turn the YAML library's complaint into one with a place and a way out."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else _first_unprintable(text)
    span = Span(source, line, column, line, column + 1)
    lines = text.splitlines() or [""]
    written = min(line, len(lines))
    here = lines[written - 1]
    before = lines[written - 2] if written > 1 else ""
    if "\t" in here[: max(column, len(here) - len(here.lstrip()))]:
        return Diagnostic("E107", say("a tab where YAML wants spaces"), span, say("indent with spaces"))
    for at, content in ((written, here), (written - 1, before)):
        glued = re.match(r"[\s{-]*([A-Za-z_]\w*)([:：])([^\s,}][^,}#]*)", content)
        wide = re.search(r"[：，]", content)
        if wide:
            place = Span(source, at, wide.start() + 1, at, wide.end() + 1)
            return Diagnostic(
                "E111",
                say("a full-width colon or comma"),
                place,
                say("write : and , from the English keyboard, each followed by a space"),
            )
        if glued:
            place = Span(source, at, glued.start(1) + 1, at, glued.end() + 1)
            return Diagnostic(
                "E110",
                say("a space is missing after the colon of {key}", key=glued[1]),
                place,
                say("write {name}: {value}", name=glued[1], value=glued[3].strip()),
            )
    problem: str = getattr(error, "problem", None) or str(error).splitlines()[0]
    template = problem.replace("{", "{{").replace("}", "}}")
    problem = say(template) if template in YAML_PROBLEMS else problem
    return Diagnostic(
        "E104",
        say("not YAML: {problem}", problem=problem),
        span,
        say("look for a missing colon, bracket, quote or indent here or just above"),
    )


YAML_PROBLEMS = frozenset(
    (
        later("mapping values are not allowed in this context"),
        later("block sequence entries are not allowed in this context"),
        later("could not find expected ':'"),
        later("did not find expected ',' or ']'"),
        later("did not find expected ',' or '}}'"),
        later("did not find expected '-' indicator"),
        later("did not find expected key"),
        later("did not find expected node content"),
        later("did not find expected <document start>"),
        later("did not find expected alphabetic or numeric character"),
        later("found character that cannot start any token"),
        later("found unexpected end of stream"),
        later("found unexpected document indicator"),
        later("found unknown escape character"),
        later("control characters are not allowed"),
    )
)
"""What libyaml, the parser, complains of most; the rest of its sentences stay in English."""


def _first_unprintable(text: str) -> tuple[int, int]:
    found = re.search(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    at = found.start() if found else 0
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

Plain = int | float | bool | str | None


def plain_value(scalar: Scalar) -> Plain:
    """Return what a scalar means under YAML 1.2's core rules; text stays text, also `on`, `1_000`, `0777` and dates.

    Raises ValueError with a sentence for a number too long to mean anything.
    """
    return _core_value(scalar.text) if scalar.plain else scalar.text


@lru_cache(maxsize=4096)
def _core_value(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(say("a number of {count} digits; at most 2^53 is read", count=len(text.lstrip("+-"))))
        return int(text)
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        raise ValueError(say("expected a finite number, got {value}", value=text))
    if _DECIMAL.fullmatch(text) and not re.match(r"[-+]?0[0-9]", text):
        if len(text) > 64 or abs(float(text)) > 2**53:
            raise ValueError(say("expected a number of at most 2^53, got {value}", value=text[:32]))
        return float(text)
    return text
