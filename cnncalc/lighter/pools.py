"""The classes of channels sorted: groups within which the choice is free, and bundles of layers cut together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import INPUT, Graph
from cnncalc.lighter.bonds import Bonds
from cnncalc.lighter.rules import RULES
from cnncalc.text import say

Place = tuple[int, int]
"""A split, by its number, and one of its blocks."""
Reason = tuple[str, str]
"""Why channels stay, a key of `wanted.KEPT_BECAUSE`, and the layer that is why."""


class Group(NamedTuple):
    """Classes of channels that belong to the same layers and blocks, in order; `places`: how many channels of each
    block one class has. `fixed`: why they stay, and where, if they must.
    """

    layers: tuple[str, ...]
    classes: tuple[int, ...]
    places: dict[Place, int]
    fixed: tuple[Reason, ...]


class Bundle(NamedTuple):
    """Layers that share channels, in order, with the groups of all their channels."""

    layers: tuple[str, ...]
    groups: tuple[Group, ...]


def follow_channels(graph: Graph) -> Bonds:
    """Follow the channels of the network's input through every layer, heads too.

    Raises CnncalcError (E744) for a layer type that has no rule.
    """
    bonds = Bonds()
    bonds.tensors[INPUT] = bonds.units.fresh(graph.input_shape[0])
    bonds.fix("input", INPUT, bonds.tensors[INPUT])
    for node in graph.every_node():
        if node.type not in RULES:
            problem = say("channels cannot be followed through {layer} ({type})", layer=node.name, type=node.type)
            raise CnncalcError([Diagnostic("E744", problem, node.span)])
        inputs = [bonds.tensors[name] for name in node.inputs]
        bonds.tensors[node.name] = RULES[node.type].follow(node, inputs, bonds)
    for name in (graph.nodes[-1].name, *(head.nodes[-1].name for head in graph.heads)):
        bonds.fix("output", name, bonds.tensors[name])
    return bonds


def bundles(bonds: Bonds) -> list[Bundle]:
    """Return the layers that make channels, those that share some in one bundle."""
    layers: dict[int, list[str]] = {}
    for name, channels in bonds.owners.items():
        for unit in dict.fromkeys(bonds.units.classes(channels)):
            layers.setdefault(unit, []).append(name)
    groups = _groups(bonds, layers)
    together = _joined([group.layers for group in groups])
    by_layers: dict[int, list[Group]] = {}
    for group in groups:
        by_layers.setdefault(together[group.layers[0]], []).append(group)
    order = {name: at for at, name in enumerate(bonds.owners)}
    return [
        Bundle(tuple(sorted({name for group in some for name in group.layers}, key=order.__getitem__)), tuple(some))
        for some in by_layers.values()
    ]


def _groups(bonds: Bonds, layers: dict[int, list[str]]) -> list[Group]:
    places: dict[int, Counter[Place]] = {}
    for number, split in enumerate(bonds.splits):
        for at, block in enumerate(split.blocks):
            for unit in bonds.units.classes(block):
                places.setdefault(unit, Counter())[number, at] += 1
    fixed: dict[int, dict[Reason, None]] = {}
    for one in bonds.fixed:
        for unit in bonds.units.classes(one.channels):
            fixed.setdefault(unit, {})[one.reason, one.node] = None
    alike: dict[object, list[int]] = {}
    for unit, names in layers.items():
        where = tuple(sorted(places[unit].items())) if unit in places else ()
        alike.setdefault((tuple(names), where, tuple(fixed.get(unit, {}))), []).append(unit)
    return [
        Group(tuple(layers[units[0]]), tuple(units), dict(places.get(units[0], {})), tuple(fixed.get(units[0], {})))
        for units in alike.values()
    ]


def _joined(groups: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return a number for each name, the same for names that some chain of groups joins."""
    number: dict[str, int] = {}
    members: dict[int, list[str]] = {}
    for at, names in enumerate(groups):
        members[at] = []
        for name in names:
            before = number.get(name)
            moved = [name] if before is None else members.pop(before) if before != at else []
            members[at] += moved
            number.update(dict.fromkeys(moved, at))
    return number
