"""Which channels go, and the graph without them.

How many: of n channels among which the choice is free, floor(n * share), so at least one stays. Where a grouped
convolution takes channels in blocks, as many go from each block as from the one that can lose the fewest. Which: those
whose filters have the smallest L1 norms (Li et al. 2017, arXiv 1608.08710, section 3.1), summed over the layers that
must lose them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import NamedTuple

from cnncalc.analysis.rebuild import rebuilt
from cnncalc.graph import INPUT, Graph
from cnncalc.layers.base import Layer
from cnncalc.lighter.bonds import Bonds
from cnncalc.lighter.lightened import Pool
from cnncalc.lighter.pools import Group, Place
from cnncalc.lighter.rules import RULES

Norms = Mapping[str, Sequence[float]]
"""A number for each output channel of a layer, by the layer's name."""
Kept = dict[str, tuple[int, ...]]


class Cut(NamedTuple):
    """The graph that stays, the original indices of each tensor's channels that do, and how many went where.

    `lowered`: layers that lose fewer channels than asked for, so that the groups of a convolution stay even.
    """

    graph: Graph
    kept: Kept
    pools: tuple[Pool, ...]
    lowered: tuple[str, ...]


def cut(graph: Graph, bonds: Bonds, shares: Sequence[tuple[Group, Fraction]], norms: Norms | None) -> Cut:
    """Return the graph with these shares of the groups' channels gone."""
    groups = [group for group, _ in shares]
    asked = [floor(len(group.classes) * share) for group, share in shares]
    counts = evened(groups, asked, _even_blocks(bonds))
    scores = _scores(bonds, norms or {})
    gone: set[int] = set()
    for group, count in zip(groups, counts, strict=True):
        ranked = sorted(group.classes, key=lambda unit: (scores.get(unit, 0.0), -unit))
        gone.update(ranked[:count])
    kept = {
        name: tuple(at for at, unit in enumerate(bonds.units.classes(channels)) if unit not in gone)
        for name, channels in bonds.tensors.items()
    }
    pools = tuple(
        Pool(group.layers, len(group.classes), count) for group, count in zip(groups, counts, strict=True) if count
    )
    lowered = dict.fromkeys(
        name for group, count, wish in zip(groups, counts, asked, strict=True) if count < wish for name in group.layers
    )
    return Cut(without(graph, kept) if gone else graph, kept, pools, tuple(lowered))


def _even_blocks(bonds: Bonds) -> dict[int, int]:
    """Return how many blocks each split has that must stay even, by its number."""
    return {number: len(split.blocks) for number, split in enumerate(bonds.splits) if split.even}


def evened(groups: Sequence[Group], asked: Sequence[int], even: Mapping[int, int]) -> list[int]:
    """Return the counts, lowered until each even split loses as many channels from one of its blocks as from the next.

    Each step takes one back from the largest count in a block that loses more than another; with all at 0 every split
    is even, so it ends.
    """
    counts = list(asked)
    members: dict[Place, list[int]] = {}
    for at, group in enumerate(groups):
        for place in group.places:
            members.setdefault(place, []).append(at)
    changed = True
    while changed:
        changed = False
        for split, blocks in even.items():
            inside = [members.get((split, block), []) for block in range(blocks)]
            lost = [
                sum(counts[at] * groups[at].places[split, block] for at in some) for block, some in enumerate(inside)
            ]
            for block, some in enumerate(inside):
                if lost[block] > min(lost):
                    counts[max((at for at in some if counts[at]), key=lambda at: counts[at])] -= 1
                    changed = True
                    break
    return counts


def _scores(bonds: Bonds, norms: Norms) -> dict[int, float]:
    """Return the sum of the norms of each class's filters."""
    scores: dict[int, float] = {}
    for name, values in norms.items():
        for unit, value in zip(bonds.units.classes(bonds.owners[name]), values, strict=True):
            scores[unit] = scores.get(unit, 0.0) + value
    return scores


def without(graph: Graph, kept: Kept) -> Graph:
    """Return the graph whose tensors have the channels `kept` and no others; tensors written in it, but for the input,
    are dropped, since they no longer fit.
    """
    layers: dict[str, Layer] = {}
    for node in graph.every_node():
        inputs = [kept[name] for name in node.inputs]
        changed = dict(RULES[node.type].arguments(node, inputs, kept[node.name]))
        different = {name: value for name, value in changed.items() if getattr(node.layer, name) != value}
        if different:
            layers[node.name] = replace(node.layer, **different)
    tensors = {name: values for name, values in graph.tensors.items() if name == INPUT}
    smaller = rebuilt(replace(graph, tensors=tensors), layers=layers)
    shapes = {node.name: node.output_shape[0] for node in smaller.every_node()}
    if any(shapes.get(node.name) != len(kept[node.name]) for node in graph.every_node()):
        raise AssertionError("the layers that stay do not fit together")
    return smaller
