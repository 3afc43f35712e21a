"""Inline tensors of worked examples: nested lists of numbers, checked against the shape that their name asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnncalc.graph import INPUT, Nested, Node
from cnncalc.spec.problems import Problems, suggestion
from cnncalc.spec.source import Entry, Scalar, Sequence, Tree, plain_value
from cnncalc.text import Shape, say, shape_text


def inline_tensors(
    entry: Entry | None, input_shape: Shape, nodes: Iterable[Node], problems: Problems
) -> dict[str, Nested]:
    """Return the inline tensors, each of the shape its name asks for."""
    if entry is None:
        return {}
    if isinstance(entry.value, Scalar | Sequence):
        problems.add(
            "E201",
            say("tensors is a mapping of names to nested lists"),
            entry.span,
            say("write tensors: and below it input: [[[1, 2], [3, 4]]]"),
        )
        return {}
    wanted: dict[str, Shape] = {INPUT: input_shape}
    for node in nodes:
        held = {**node.layer.parameters(node.input_shapes), **node.layer.buffers(node.input_shapes)}
        wanted.update({f"{node.name}.{name}": shape for name, shape in held.items()})
    found: dict[str, Nested] = {}
    for given in entry.value.entries:
        name = given.key.text
        if name not in wanted:
            problems.add(
                "E220",
                say("no layer holds a tensor {name}", name=name),
                given.key.span,
                suggestion(name, list(wanted)[:12]),
            )
            continue
        before = len(problems.errors)
        tensor = _nested(given.value, problems)
        shape = tensor_shape(tensor)
        if shape != wanted[name] and len(problems.errors) == before:
            got = say("a list of uneven lists") if shape is None else shape_text(shape) or say("one number")
            problems.add(
                "E221",
                say("{name} is {got}, and must be {wanted}", name=name, got=got, wanted=shape_text(wanted[name])),
                given.span,
            )
        found[name] = tensor
    return found


def _nested(tree: Tree, problems: Problems) -> Nested:
    """Return nested lists of numbers; a problem is noted where it is something else."""
    if isinstance(tree, Sequence):
        return [_nested(item, problems) for item in tree.items]
    value: Any = None
    if isinstance(tree, Scalar):
        try:
            value = plain_value(tree)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.add("E204", say("a tensor is nested lists of numbers"), tree.span)
        return 0
    return value


def tensor_shape(tensor: Nested) -> Shape | None:
    """Return the shape of nested lists, or None where they are uneven."""
    if not isinstance(tensor, list):
        return ()
    inner = {tensor_shape(item) for item in tensor}
    if len(inner) != 1 or None in inner:
        return None
    rest = inner.pop()
    return None if rest is None else (len(tensor), *rest)
