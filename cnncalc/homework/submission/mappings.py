"""Answers in YAML or JSON: flat or nested, under `answers` or alone, or a list of questions with their answers."""

from __future__ import annotations

import json
import re

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.homework.quantities import QUANTITIES, quantity_of
from cnncalc.homework.submission.collected import MAX_KEY, Collector, student_key, without_emphasis
from cnncalc.spec.source import Entry, Mapping, Parsed, Scalar, Sequence, Tree, parse
from cnncalc.text import later, say

ANSWERS = ("answers", "answer", "答案", "作答")
QUESTION = ("question", "quantity", "key", "题目", "问题")
ANSWER = ("answer", "value", "答案", "值")
LAYER = ("layer", "层")
AXES = {
    **dict.fromkeys(("c", "channel", "channels", "通道", "通道数"), "C"),
    **dict.fromkeys(("h", "height", "高", "高度"), "H"),
    **dict.fromkeys(("w", "width", "宽", "宽度"), "W"),
}
"""The axes of a shape, folded."""
_SHAPED = {"output", *(name for name, about in QUANTITIES.items() if about.kind != "number")}
_NULL = ("", "~", "null", "Null", "NULL")

_HELP = {
    "E102": later("write the values alone, one answer a question"),
    "E105": later("write layer.quantity: value, one a line"),
    "E106": later("put quotes round a value that begins with * & or !, and write one document a file"),
}
"""The YAML reader's own help is for networks."""


def read_mapping(collector: Collector) -> None:
    """Read YAML or JSON into `collector`. Raises CnncalcError for what is refused or is neither."""
    _Reader(collector).read(_parsed(collector))


def _parsed(collector: Collector) -> Parsed:
    try:
        parsed = parse(_without_emphasis(_joined_surrogates(collector.text)), collector.source)
    except CnncalcError as error:
        raise _explained(error, collector) from None
    refused = [one for one in parsed.found if one.code in ("E106", "E108")]
    if refused:
        raise _explained(CnncalcError(refused), collector)
    return parsed


def _joined_surrogates(text: str) -> str:
    r"""Write JSON's pair `\ud842\udfb7` as YAML's one `\U00020bb7`, which is 2 characters shorter."""
    if "\\ud" not in text and "\\uD" not in text:
        return text

    def joined(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0]
        pair = int(found[1], 16), int(found[2], 16)
        return f"\\U{0x10000 + (pair[0] - 0xD800) * 0x400 + pair[1] - 0xDC00:08x}"

    return re.sub(r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})", joined, text)


_EMPHASISED = re.compile(r"^([^\n:#]*:[ \t]+)(\*\*|\*|`)([^*`\n\"']+)(\2[ \t]*)$", re.MULTILINE)


def _without_emphasis(text: str) -> str:
    """Write blanks for the marks of `key: **156**`, which YAML takes for the name of an anchor; places stay."""
    if "*" not in text and "`" not in text:
        return text
    return _EMPHASISED.sub(lambda found: f"{found[1]}{' ' * len(found[2])}{found[3]}{' ' * len(found[4])}", text)


def _explained(error: CnncalcError, collector: Collector) -> CnncalcError:
    """Give each diagnostic of the YAML reader a way out that fits a file of answers."""
    found = [_json_error(collector) or one if one.code in ("E104", "E107") else one for one in error.diagnostics]
    return CnncalcError([_helped(one, collector) for one in found], {collector.source: collector.text})


def _helped(found: Diagnostic, collector: Collector) -> Diagnostic:
    if found.code in _HELP:
        return found._replace(help=say(_HELP[found.code]))
    if found.code != "E104" or not found.span:
        return found
    for at in (found.span.line, found.span.line - 1):
        line = collector.lines[at - 1][1].strip() if 1 <= at <= len(collector.lines) else ""
        glued = re.fullmatch(r"(?:- )?([^\W\d][\w.]*):([^\s:].*)", line[:MAX_KEY])
        if glued:
            message = say("a space is missing after the colon of {key}", key=glued[1])
            place = Span(collector.source, at, 1, at, len(line) + 1)
            return Diagnostic("E110", message, place, say("write {key}: {value}", key=glued[1], value=glued[2]))
        key, colon, value = line[:MAX_KEY].removeprefix("- ").partition(": ")
        value = value.strip()
        if colon and value and (value[0] in "[{(`@%*&!|>-'\"" or ": " in value):
            bare = value.strip("\"'").replace('"', "'")
            return found._replace(help=say('put quotes round the value: {key}: "{value}"', key=key, value=bare))
    return found


def _json_error(collector: Collector) -> Diagnostic | None:
    """Say what JSON has against a text that looks like it; YAML's complaint would send a student astray."""
    if not re.match(r'\s*(?:\{\s*"|\[\s*\{)', collector.text):
        return None
    try:
        json.loads(collector.text)
    except json.JSONDecodeError as error:
        place = Span(collector.source, error.lineno, error.colno, error.lineno, error.colno + 1)
        message = say("not JSON: {problem}", problem=error.msg)
        return Diagnostic("E104", message, place, say("look for a missing comma, quote or bracket here or just before"))
    except (ValueError, RecursionError):
        return None
    return None


class _Reader:
    """Walks the tree and hands the answers on."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.starts = [start for start, _ in collector.lines]

    def read(self, parsed: Parsed) -> None:
        for one in parsed.found:
            if one.code in ("E110", "E111"):  # a key without its value; E109 and E112 are told below, with the keys
                self.collector.warn("W552", one.message, one.span, one.help)
        tree = parsed.tree
        if isinstance(tree, Sequence):
            self.items(tree, "")
        elif isinstance(tree, Mapping):
            self.top(tree)
        elif re.search("[:：]", tree.text[:MAX_KEY]):
            place = tree.span._replace(end_line=tree.span.line, end_column=tree.span.column + 1)
            message, help = (
                say("a colon needs a blank behind it"),
                say("write layer.quantity: value, with a plain colon"),
            )
            raise self.collector.error("E110", message, place, help)

    def top(self, tree: Mapping) -> None:
        has_answers = any(_folded(entry) in ANSWERS for entry in tree.entries)
        rest: list[Entry] = []
        for entry in tree.entries:
            if student_key(entry.key.text):
                self.student(entry)
            elif has_answers and _folded(entry) in ANSWERS:
                self.value("", entry.value, entry.key.span)
            elif has_answers and _folded(entry) in ("spec", "assignment") and isinstance(entry.value, Scalar):
                setattr(self.collector, _folded(entry), _text(entry.value))
            else:
                rest.append(entry)
        if not has_answers:
            self.entries(rest, tree.span, "")
            return
        for entry in rest:
            self.collector.warn(
                "W554",
                say("{key} stands beside the answers and is not read", key=entry.key.text[:MAX_KEY]),
                entry.key.span,
                say("indent it below answers: if it is one"),
            )

    def student(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, Scalar):
            text = _text(value)
            self.collector.identify(**{student_key(entry.key.text, text.strip()): text})
        elif isinstance(value, Mapping):
            for inner in value.entries:
                part = student_key(inner.key.text)
                if part and isinstance(inner.value, Scalar):
                    self.collector.identify(**{part: _text(inner.value)})
        else:
            self.collector.warn(
                "W554",
                say("the student is written as a list and is not read"),
                value.span,
                say("write student: with id: and name: below it"),
            )

    def value(self, key: str, value: Tree, key_span: Span) -> None:
        """Hand on what stands under `key`, the keys above it included."""
        if isinstance(value, Mapping) and (axes := _axes(key, value)):
            self.collector.answer(key, axes, value.span)
        elif isinstance(value, Mapping):
            self.entries(list(value.entries), value.span, key)
        elif isinstance(value, Sequence) and (not key or any(isinstance(item, Mapping) for item in value.items)):
            self.items(value, key)
        elif key:
            text = without_emphasis(_text(value))
            self.collector.answer(key, text, value.span if text else key_span)

    def entries(self, entries: list[Entry], span: Span, above: str) -> None:
        if self.character(span) == "{":
            entries = self.stitched(entries)
        for entry in entries:
            key = f"{above}.{entry.key.text}" if above else entry.key.text
            if len(key) > MAX_KEY:
                self.collector.answer(key, "", entry.key.span)  # which says so, and goes no deeper
            elif not _is_glued(entry):
                self.value(key, entry.value, entry.key.span)

    def items(self, items: Sequence, above: str) -> None:
        """Read a list of `{question: ..., answer: ...}`, or of short mappings."""
        for item in items.items:
            if not isinstance(item, Mapping):
                self.collector.warn(
                    "W554",
                    say("an item without a question is not read"),
                    item.span,
                    say("write question: and answer: in each item"),
                )
                continue
            roles = {_folded(entry): entry for entry in item.entries}
            question = next((roles[name] for name in QUESTION if name in roles), None)
            answer = next((roles[name] for name in ANSWER if name in roles), None)
            if question is None or not isinstance(question.value, Scalar):
                self.entries(list(item.entries), item.span, above)
                continue
            layer = next((roles[name].value for name in LAYER if name in roles), None)
            keys = [above, _text(layer) if isinstance(layer, Scalar) else "", _text(question.value)]
            key = ".".join(filter(None, keys))
            self.value(key, answer.value if answer else Scalar("", True, question.span), question.value.span)

    def stitched(self, entries: list[Entry]) -> list[Entry]:
        """Put together what `{conv1.parameters: 2,416}` was cut into at its comma, and say so."""
        whole: list[Entry] = []
        cut: dict[int, Span] = {}
        for entry in entries:
            last = whole[-1].value if whole else None
            if _is_remainder(entry) and isinstance(last, Scalar) and last.plain and last.text:
                cut[len(whole) - 1] = _joined(last.span, entry.key.span)
            else:
                whole.append(entry)
        for at, span in cut.items():
            key, value = whole[at].key.text[:MAX_KEY], self.slice(span)
            whole[at] = whole[at]._replace(value=Scalar(value, True, span))
            self.collector.warn(
                "W552",
                say("YAML ends the value of {key} at the comma; it is read as {value}", key=key, value=value),
                span,
                say('put quotes round it: {key}: "{value}"', key=key, value=value),
            )
        return whole

    def character(self, span: Span) -> str:
        at = self.starts[span.line - 1] + span.column - 1 if span.line <= len(self.starts) else 0
        return self.collector.text[at : at + 1]

    def slice(self, span: Span) -> str:
        """Return the source text of a place, its blanks and line ends as single blanks."""
        start = self.starts[span.line - 1] + span.column - 1
        end = self.starts[span.end_line - 1] + span.end_column - 1
        return " ".join(self.collector.text[start:end].split())


def _joined(first: Span, last: Span) -> Span:
    return first._replace(end_line=last.end_line, end_column=last.end_column)


def _folded(entry: Entry) -> str:
    return entry.key.text.strip().casefold()


def _is_empty(entry: Entry) -> bool:
    return isinstance(entry.value, Scalar) and entry.value.plain and not entry.value.text and entry.key.plain


def _is_remainder(entry: Entry) -> bool:
    """Whether a key is the rest of a value that was cut at its comma: no word, and nothing behind it."""
    return _is_empty(entry) and not entry.key.text[:1].isalpha()


def _is_glued(entry: Entry) -> bool:
    """Whether the value stands in the key, `{a:1}`, which has been said."""
    return _is_empty(entry) and any(mark in entry.key.text for mark in ":：，")


def _axes(key: str, value: Mapping) -> str:
    """Return `{c: 6, h: 28, w: 28}` as `C=6, H=28, W=28` where it is a shape's value, else nothing.

    Below a layer, `{height: 28, width: 28}` are two answers.
    """
    quantity = quantity_of(key.rpartition(".")[2])
    letters = [AXES.get(_folded(entry), "") for entry in value.entries]
    sizes = [_text(entry.value) for entry in value.entries if isinstance(entry.value, Scalar)]
    if quantity not in _SHAPED or not all(letters) or len(sizes) != len(letters):
        return ""
    return ", ".join(f"{letter}={size}" for letter, size in zip(letters, sizes, strict=True))


def _text(value: Tree) -> str:
    """Return a value as text; a list as `[6, 28, 28]`."""
    if isinstance(value, Scalar):
        return "" if value.plain and value.text in _NULL else value.text.strip()
    if isinstance(value, Sequence):
        return f"[{', '.join(_text(item) for item in value.items)}]"
    return "{}"
