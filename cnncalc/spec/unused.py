"""Warnings of what a spec defines and never uses: often a typing mistake elsewhere."""

from __future__ import annotations

from collections.abc import Container

from cnncalc.diagnostics import Span
from cnncalc.graph import Node
from cnncalc.spec.items import Structure, words_in
from cnncalc.spec.problems import Problems
from cnncalc.spec.source import Entry, Scalar, Sequence, Tree
from cnncalc.text import say


def warn_unused(structure: Structure, problems: Problems) -> None:
    """Warn of each block and var that nothing uses."""
    bodies: list[Tree] = [
        entry.value for key, entry in structure.entries.items() if key in ("input", "layers", "heads")
    ]
    blocks = structure.entries.get("blocks")
    used = {word for body in bodies for word in words_in(body)}
    reached: set[str] = set()
    frontier = {name for name in structure.blocks if name in used}
    while frontier:
        reached |= frontier
        frontier = {
            name
            for name in structure.blocks
            if name not in reached and any(name in structure.blocks[user].words for user in reached)
        }
    for name, block in structure.blocks.items():
        if name not in reached:
            problems.add(
                "W501",
                say("the block {name} is never used", name=name),
                _key_span(blocks, name, block.span),
                say("remove it, or use it: type: {name}", name=name),
            )
    everywhere = used | {word for block in structure.blocks.values() for word in block.words}
    everywhere |= {word for entry in structure.variables.values() for word in words_in(entry.value)}
    everywhere |= {
        word for entries in structure.defaults.values() for entry in entries for word in words_in(entry.value)
    }
    everywhere |= {
        word for block in structure.blocks.values() for entry in block.params.values() for word in words_in(entry.value)
    }
    everywhere |= {word for given in structure.functional.values() for word in words_in(given)}
    for name, entry in structure.variables.items():
        if name not in everywhere:
            problems.add("W503", say("the var {name} is never used", name=name), entry.key.span, say("remove it"))


def warn_dangling(main: tuple[Node, ...], consumed: Container[str], problems: Problems) -> None:
    """Warn of each node, the last apart, whose output nothing reads."""
    for node in main[:-1]:
        if node.name not in consumed:
            problems.add(
                "W504",
                say("the output of {name} is not used", name=node.name),
                node.span,
                say("name it in a from, or remove it"),
                calls=node.calls,
            )


def _key_span(blocks: Entry | None, name: str, otherwise: Span) -> Span:
    if blocks is not None and not isinstance(blocks.value, Scalar | Sequence):
        entry = blocks.value.get(name)
        return entry.key.span if entry else otherwise
    return otherwise
