"""Which channels go, and the graph without them.

How many: of a layer's n channels floor(n * share), so at least one stays. Where others take them in parts, of each part
the floor, and one more of some parts until the layer has lost its own. Where a grouped convolution takes channels in
blocks, as many go from each block as from the one that can lose the fewest. Which: those whose filters have the
smallest L1 norms (Li et al. 2017, arXiv 1608.08710, section 3.1), summed over the layers that must lose them together.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
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
    `parted`: layers that lose none, since their channels fall into groups of which the share is less than one.
    """

    graph: Graph
    kept: Kept
    pools: tuple[Pool, ...]
    lowered: tuple[str, ...]
    parted: tuple[str, ...]


def cut(graph: Graph, bonds: Bonds, shares: Sequence[tuple[Group, Fraction]], norms: Norms | None) -> Cut:
    """Return the graph with these shares of the groups' channels gone."""
    groups = [group for group, _ in shares]
    asked = [floor(len(group.classes) * share) for group, share in shares]
    counts = topped_up(shares, evened(groups, asked, _even_blocks(bonds)), _even_blocks(bonds))
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
    parted = tuple(name for name in _parted(shares, counts) if name not in lowered)
    return Cut(without(graph, kept) if gone else graph, kept, pools, tuple(lowered), parted)


def _parted(shares: Sequence[tuple[Group, Fraction]], counts: Sequence[int]) -> list[str]:
    """Return the layers that lose nothing, though the share of all their channels is one or more."""
    owed: dict[str, Fraction] = {}
    lost: dict[str, int] = {}
    for (group, share), count in zip(shares, counts, strict=True):
        for name in group.layers:
            owed[name] = owed.get(name, Fraction(0)) + len(group.classes) * share
            lost[name] = lost.get(name, 0) + count
    return [name for name in owed if owed[name] >= 1 and not lost[name]]


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


def topped_up(shares: Sequence[tuple[Group, Fraction]], counts: Sequence[int], even: Container[int]) -> list[int]:
    """Return the counts, raised where small groups leave a layer more channels than the floor of them all would.

    Each step takes one more from the group that is owed the most, as long as each of its layers is owed a whole
    channel, and something stays of each block of a split. Groups in even splits are left alone.
    """
    found = list(counts)
    owed: dict[str, Fraction] = {}
    stay: dict[Place, int] = {}
    for (group, share), count in zip(shares, found, strict=True):
        for name in group.layers:
            owed[name] = owed.get(name, Fraction(0)) + len(group.classes) * share - count
        for place, each in group.places.items():
            stay[place] = stay.get(place, 0) + (len(group.classes) - count) * each

    def rest(at: int) -> Fraction:
        return len(shares[at][0].classes) * shares[at][1] - found[at]

    # Nothing that is owed grows, so that a group which cannot give now cannot later.
    free = [
        at for at, (group, _) in enumerate(shares) if rest(at) > 0 and not any(one in even for one, _ in group.places)
    ]
    for at in sorted(free, key=rest, reverse=True):
        group = shares[at][0]
        enough = all(owed[name] >= 1 for name in group.layers)
        if enough and all(stay[place] > each for place, each in group.places.items()):
            found[at] += 1
            for name in group.layers:
                owed[name] -= 1
            for place, each in group.places.items():
                stay[place] -= each
    return found


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
