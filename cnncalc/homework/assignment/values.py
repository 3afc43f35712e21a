"""The values of an assignment's keys: each is checked, and each error is noted at its own place."""

from __future__ import annotations

import re
from collections.abc import Sequence as Items
from fractions import Fraction

from cnncalc.diagnostics import did_you_mean
from cnncalc.spec.problems import Problems, kind_of
from cnncalc.spec.source import Entry, Scalar, Sequence, Tree
from cnncalc.text import say

_FRACTION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9}|/[0-9]{1,9})?|\.[0-9]{1,9}")


class Values:
    """Reads values; what is wrong is noted in `problems`, and None stands for it."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def line(self, entry: Entry) -> str | None:
        """Return a line of text."""
        if isinstance(entry.value, Scalar) and entry.value.text.strip():
            return entry.value.text.strip()
        self._expected_line(entry.key.text, entry.value)
        return None

    def lines(self, entry: Entry) -> list[Scalar]:
        """Return one text or a list of them, with their places."""
        items = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        found = [item for item in items if isinstance(item, Scalar) and item.text.strip()]
        for item in items:
            if not isinstance(item, Scalar) or not item.text.strip():
                self._expected_line(entry.key.text, item)
        return found

    def _expected_line(self, key: str, tree: Tree) -> None:
        message = say("{key}: expected a line of text, got {kind}", key=key, kind=kind_of(tree))
        self.problems.add("E201", message, tree.span)

    def flag(self, entry: Entry) -> bool | None:
        """Return true or false, as YAML 1.2 has them."""
        written = entry.value.text.casefold() if isinstance(entry.value, Scalar) else ""
        if written in ("true", "false"):
            return written == "true"
        message = say("{key}: expected true or false, got {kind}", key=entry.key.text, kind=kind_of(entry.value))
        self.problems.add("E204", message, entry.value.span)
        return None

    def choice(self, entry: Entry, words: Items[str]) -> str | None:
        """Return one of a few words."""
        written = entry.value.text if isinstance(entry.value, Scalar) else ""
        if written in words:
            return written
        near = did_you_mean(written, words)
        message = say(
            "{key}: expected one of {words}, got {kind}",
            key=entry.key.text,
            words=", ".join(words),
            kind=kind_of(entry.value),
        )
        self.problems.add("E204", message, entry.value.span, say("did you mean {name}?", name=near) if near else "")
        return None

    def whole(self, entry: Entry, least: int, most: int) -> int | None:
        """Return a whole number from `least` to `most`."""
        written = entry.value.text if isinstance(entry.value, Scalar) else ""
        if re.fullmatch(r"[0-9]{1,18}", written) and least <= int(written) <= most:
            return int(written)
        message = say(
            "{key}: expected a whole number from {least} to {most}, got {kind}",
            key=entry.key.text,
            least=least,
            most=most,
            kind=kind_of(entry.value),
        )
        self.problems.add("E204", message, entry.value.span)
        return None

    def points(self, entry: Entry) -> Fraction | None:
        """Return points, exactly: `2`, `0.5` or `1/3`."""
        found = _fraction(entry.value)
        if found is None:
            message = say(
                "{key}: expected points of 0 or more, got {kind}", key=entry.key.text, kind=kind_of(entry.value)
            )
            self.problems.add("E520", message, entry.value.span, say("write 2, 0.5 or 1/3"))
        return found

    def share(self, entry: Entry) -> Fraction | None:
        """Return a share of the points, from 0 to 1, exactly."""
        found = _fraction(entry.value)
        if found is not None and found <= 1:
            return found
        message = say("{key}: expected a share from 0 to 1, got {kind}", key=entry.key.text, kind=kind_of(entry.value))
        self.problems.add("E520", message, entry.value.span, say("write 0.5 or 1/2 for half of the points"))
        return None


def _fraction(tree: Tree) -> Fraction | None:
    written = tree.text.strip() if isinstance(tree, Scalar) else ""
    if not _FRACTION.fullmatch(written):
        return None
    above, _, below = written.partition("/")
    return None if below and not int(below) else Fraction(above) / Fraction(below or 1)
