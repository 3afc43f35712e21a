"""The values that items carry: numbers, conditions, counts and name templates, worked out in a scope."""

from __future__ import annotations

import re
from typing import Any

from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.fields import WORDS, Bad, value_of
from cnncalc.spec.items import Item
from cnncalc.spec.problems import Problems
from cnncalc.spec.scope import Scope
from cnncalc.spec.source import Scalar, Tree
from cnncalc.text import say


class Values:
    """Works out values, noting every problem."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def value(self, tree: Tree, scope: Scope) -> Any:
        """Return the value of a tree, or None after noting what is wrong with it."""
        try:
            found = value_of(tree, scope.numbers, WORDS)
        except Bad as bad:
            self.problems.take(bad.problem, scope.calls)
            return None
        if found is None:
            self.problems.add_in(scope, "E204", say("expected a value, got nothing"), tree.span)
        return found

    def times(self, item: Item, scope: Scope) -> int:
        """Return how often an item stands, 1 where that cannot be told."""
        assert item.repeat is not None
        tree = item.repeat.times
        times = self.value(tree, scope)
        if isinstance(times, bool) or not isinstance(times, int) or times < 0:
            if times is not None:
                self.problems.add_in(
                    scope,
                    "E204",
                    say("repeat: expected a whole number of 0 or more, got {value}", value=times),
                    tree.span,
                )
            return 1
        return times

    def holds(self, condition: Tree, scope: Scope) -> bool:
        """Tell whether an `if` holds; one that cannot be read does."""
        value = self.value(condition, scope)
        if value is not None and not isinstance(value, bool):
            self.problems.add_in(
                scope,
                "E204",
                say("if: expected true or false, got {value}", value=value),
                condition.span,
                help=say("compare it: {value} != 0", value=value),
            )
        return value is not False

    def is_functional(self, given: Tree, scope: Scope) -> bool:
        """Tell whether a layer is called as a function."""
        value = self.value(given, scope)
        if value is not None and not isinstance(value, bool):
            self.problems.add_in(
                scope, "E204", say("functional: expected true or false, got {value}", value=value), given.span
            )
        return value is True

    def template(self, name: Scalar, numbers: dict[str, Number]) -> str:
        """Return a name with its {expressions} worked out."""

        def fill(match: re.Match[str]) -> str:
            inner = Scalar(match[1], True, name.span)
            return str(value_of(inner, numbers))

        try:
            text = re.sub(r"\{([^{}]*)\}", fill, name.text)
        except Bad as bad:
            self.problems.take(bad.problem)
            return str(numbers["i"])
        if not text.isidentifier() and not text.isdigit():
            self.problems.add(
                "E205", say("{text} is not a name", text=text), name.span, say('write name: "layer{{i}}"')
            )
        return text
