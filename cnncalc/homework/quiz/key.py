"""The key of a quiz: an assignment file that holds its networks, so that it can be read wherever it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import indent
from typing import Any, cast

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.layers.base import argument_fields
from cnncalc.layers.merge import Merge


def key_text(quiz: Quiz) -> str:
    """Return the YAML of an assignment that asks what the quiz asks, each question under its label.

    A quiz on a given network holds its spec once; of one on drawn networks, each question holds its own.
    """
    first = quiz.items[0].network.graph
    lines = [f"assignment: {quoted(quiz.title)}", "network:"]
    lines.append(indent(quiz.spec.strip(), "  ") if quiz.spec else "\n".join(_network(first, "  ")))
    lines.append("questions:")
    for item in quiz.items:
        lines.extend(_question(item, first))
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Write a text as YAML reads it back, whatever is in it; letters of any script stay as they are."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)


def _question(item: Item, first: Graph) -> Iterator[str]:
    question = item.question
    yield f"  - label: {item.label}"
    yield f"    quantity: {json.dumps(question.asked.key)}"
    if item.network.graph is not first:
        yield "    network:"
        yield from _network(item.network.graph, "      ")
    if question.such_that:
        conditions = {condition.asked.key: condition.text for condition in question.such_that}
        yield f"    such_that: {json.dumps(conditions)}"
    if question.partial:
        shares = {name: str(share) for name, share in question.partial.items()}
        yield f"    partial_credit: {json.dumps(shares)}"
    yield f"    wording: {quoted(question.wording)}"


def _network(graph: Graph, margin: str) -> Iterator[str]:
    """Yield the lines of a network's spec: every argument that is not its default."""
    yield f"{margin}input: {json.dumps(list(graph.input_shape))}"
    yield f"{margin}layers:"
    before = INPUT
    for node in graph.nodes:
        layer: dict[str, object] = {"name": node.name, "type": node.type, **_arguments(node)}
        if node.inputs != (before,):
            layer["from"] = list(node.inputs) if isinstance(node.layer, Merge) else "".join(node.inputs)
        yield f"{margin}  - {json.dumps(layer)}"
        before = node.name


def _arguments(node: Node) -> dict[str, object]:
    known = argument_fields(type(node.layer))
    written = {name: _short(getattr(node.layer, name)) for name in known}
    return {name: value for name, value in written.items() if value not in (None, known[name][1].default)}


def _short(value: Any) -> Any:
    """Write (5, 5) as 5, and padding ((2, 2), (2, 2)) as 2."""
    if isinstance(value, tuple):
        parts = [_short(part) for part in cast(tuple[Any, ...], value)]
        return parts[0] if all(part == parts[0] for part in parts) else parts
    return value
