"""Names of layers: bound where an item stands, looked up by `from`, outward and only backwards."""

from __future__ import annotations

from cnncalc.diagnostics import Label
from cnncalc.graph import INPUT
from cnncalc.spec.items import Item
from cnncalc.spec.problems import Problems, suggestion
from cnncalc.spec.scope import Scope, Tensor
from cnncalc.spec.source import Scalar
from cnncalc.text import say


class References:
    """Knows what each name stands for. `misnamed`: names that were refused, and are not complained of again."""

    def __init__(self, problems: Problems, misnamed: set[str]) -> None:
        self.problems = problems
        self.misnamed = misnamed
        self.by_path: dict[str, Tensor] = {}

    def bind(self, scope: Scope, name: str, item: Item, tensor: Tensor) -> None:
        """Make a name known in its scope and by its full path; a second use of it is an error."""
        if name in scope.tensors:
            place = item.name.span if item.name else item.span
            first = scope.declared.get(name)
            labels = (Label(first, say("first here")),) if first and first != place else ()
            self.problems.add_in(
                scope,
                "E213",
                say("the name {name} is used twice", name=scope.full(name)),
                place,
                labels=labels,
                help=say("give one of them another name"),
            )
        scope.tensors[name] = tensor
        self.by_path[scope.full(name)] = tensor

    def lookup(self, source: Scalar, scope: Scope) -> Tensor:
        """Return what a name in a `from` stands for, looking outward from `scope`."""
        name = source.text
        if name == INPUT:
            return scope.entry
        at: Scope | None = scope
        while at is not None:
            if name in at.handed:
                return at.handed[name]
            if name in at.tensors:
                return at.tensors[name]
            if "." in name and at.full(name) in self.by_path:
                return self.by_path[at.full(name)]
            if name in at.declared:
                self.problems.add_in(
                    scope,
                    "E214",
                    say("{name} comes later: from may only look back", name=name),
                    source.span,
                    labels=(Label(at.declared[name], say("defined here")),),
                    help=say("move this item below it, or name an earlier one"),
                )
                return Tensor(name, None)
            at = at.parent
        if name in self.misnamed:
            return Tensor(name, None)
        known = self.known_names(scope)
        self.problems.add_in(
            scope,
            "E215",
            say("there is no layer {name} before this", name=name),
            source.span,
            help=suggestion(name, known[-12:]),
        )
        return Tensor(name, None)

    def known_names(self, scope: Scope) -> list[str]:
        """Return the names a `from` could use here, outermost first."""
        found: list[str] = []
        at: Scope | None = scope
        while at is not None:
            found = [*at.handed, *at.tensors, *found]
            at = at.parent
        return [INPUT, *dict.fromkeys(found)]
