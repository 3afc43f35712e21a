"""Who writes and who reads each value: what the passes ask before they join operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import Value


class Uses:
    """The makers and the numbers of readers of values. `kept` values are read from outside as well."""

    def __init__(self, operations: Sequence[Operation], kept: Sequence[Value]) -> None:
        self._maker = {operation.output: operation for operation in operations}
        self._readers: Counter[Value] = Counter(kept)
        for operation in operations:
            self._readers.update(operation.reads)
        # A view is another name for a part of its parent, so the parent has one reader more.
        views = {value for value in self._readers if value.parent}
        while views:
            view = views.pop()
            assert view.parent
            self._readers[view.parent] += 1
            if view.parent.parent:
                views.add(view.parent)
        self._place = {operation: at for at, operation in enumerate(operations)}

    def maker(self, value: Value) -> Operation | None:
        """Return what computes a value."""
        return self._maker.get(value)

    def only_maker(self, value: Value) -> Operation | None:
        """Return what computes a value that is read just once, and not as a part."""
        return self._maker.get(value) if self._readers[value] == 1 else None

    def place(self, operation: Operation) -> int:
        """Return an operation's place in the order."""
        return self._place[operation]

    def before(self, value: Value, operation: Operation) -> bool:
        """Whether a value is complete when an operation begins, in the order of operations."""
        maker = self._maker.get(value.root) or self._maker.get(value)
        return maker is None or self._place[maker] < self._place[operation]

    def absorb(self, maker: Operation, last: Operation) -> None:
        """Let `maker` write what `last` would have written; `last` is to be dropped."""
        maker.output = last.output
        maker.covers = (*maker.covers, *last.covers)
        self._maker[last.output] = maker
