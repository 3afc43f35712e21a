"""The sentences a user reads.

Every one is a whole sentence, a literal template at its place of use with named values put in here, so that
a message catalogue can be drawn from the sources and a translation can put the values in its own order.
"""

from __future__ import annotations

from collections.abc import Sequence

Shape = tuple[int, ...]


def say(template: str, **values: object) -> str:
    """Return the sentence `template` with `values` in their places; a brace that is meant is written twice."""
    return template.format(**values)


def later(template: str) -> str:
    """Return a template as it is, to be said later: what stands in a table or a constant is marked with this."""
    return template


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as people do: (6, 28, 28) is `6x28x28`."""
    return "x".join(str(size) for size in shape)


def number(value: int | float) -> str:
    """Write a number for people, with a comma each three digits: 61706 is `61,706`."""
    return f"{value:,}"
