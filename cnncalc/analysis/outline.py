"""What a network looks like from afar: layers in units, units in blocks, and blocks that are repeated.

A unit is a layer with the normalisation and activation that only it feeds. A block is a run of layers whose names begin
alike. Where neighbouring units or blocks are copies of each other and each reads the one before, they are one repeat;
so are branches that are copies of each other, read the same, and are read by the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from cnncalc.graph import Graph, Node
from cnncalc.layers import LAYERS

FAMILIES = {
    "conv": "convolution",
    "transposed": "convolution",
    "linear": "linear",
    "norm": "normalisation",
    "layer_norm": "normalisation",
    "response_norm": "normalisation",
    "activation": "activation",
    "softmax": "activation",
    "pool": "pooling",
    "adaptive": "pooling",
    "power_pool": "pooling",
    "reduce": "pooling",
    "merge": "merge",
    "identity": "other",
    "reshape": "other",
    "padding": "other",
    "crop": "other",
    "upsample": "other",
    "pixel_shuffle": "other",
}
"""What kind of layer each module of `layers` holds."""
Family = str
"""A value of FAMILIES."""

_FOLLOWS = {"norm", "layer_norm", "response_norm", "activation", "softmax", "identity"}
_LEADS = {"convolution", "linear", "merge", "normalisation"}
LEAST_UNITS = 4
"""Fewer equal units in a row are drawn one by one; of equal blocks two are a repeat."""
LEAST_BESIDE = 4
"""Fewer equal branches are drawn one by one."""
_LONGEST_PERIOD = 8


def family(node: Node) -> Family:
    """Return what kind of layer a node is."""
    return FAMILIES[LAYERS[node.type]]


class Unit(NamedTuple):
    """One layer, or several of which each feeds only the next and changes no shape."""

    nodes: tuple[Node, ...]


class Block(NamedTuple):
    """Layers whose names begin with `name`. A closed one is shown as a whole, its inside is not."""

    name: str
    items: tuple[Item, ...]
    closed: bool = False


class Repeat(NamedTuple):
    """Copies of the same items, each of which reads the one before and nothing else; `beside`, all read the same."""

    copies: tuple[tuple[Item, ...], ...]
    beside: bool = False


Item = Unit | Block | Repeat


def outline(graph: Graph, *, depth: int | None = None, full: bool = False) -> tuple[Item, ...]:
    """Return the network, heads included, as nested items in execution order; together they hold every node once.

    Blocks whose names have `depth` segments are closed, and so are heads that are only for training. With `full`
    nothing is closed but by `depth`, and nothing is a repeat.
    """
    nodes = tuple(graph.every_node())
    readers: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for name in node.inputs:
            readers[name].append(node.name)
    items = _grouped(nodes, 0, readers, depth)
    if not full:
        aside = {head.name for head in graph.heads if head.train_only}
        items = tuple(
            Block(item.name, item.items, closed=True) if isinstance(item, Block) and item.name in aside else item
            for item in items
        )
        items = collapsed(items, readers)
    return items


def leaves(items: Iterable[Item]) -> Iterator[Node]:
    """Yield every node of items, those of all copies included."""
    for item in items:
        if isinstance(item, Unit):
            yield from item.nodes
        elif isinstance(item, Block):
            yield from leaves(item.items)
        else:
            for copy in item.copies:
                yield from leaves(copy)


def _grouped(
    nodes: Sequence[Node], level: int, readers: Mapping[str, list[str]], depth: int | None
) -> tuple[Item, ...]:
    """Group nodes that share the first `level` segments of their names by the next one; fuse units between."""
    items: list[Item] = []
    split = [(node, node.name.split(".")) for node in nodes]
    for (segment, alone), group in groupby(split, key=lambda one: (one[1][level], len(one[1]) == level + 1)):
        members = [node for node, _ in group]
        if alone:
            for node in members:
                _add(items, node, readers)
            continue
        name = ".".join([*split[0][1][:level], segment])
        if depth is not None and level + 1 >= depth:
            items.append(Block(name, tuple(Unit((node,)) for node in members), closed=True))
            continue
        inner = _grouped(members, level + 1, readers, depth)
        items.append(inner[0] if len(inner) == 1 else Block(name, inner))
    return _spliced(items, readers) if level else tuple(items)


def _spliced(items: Sequence[Item], readers: Mapping[str, list[str]]) -> tuple[Item, ...]:
    """Return items with the units of blocks in their place where those are lanes: mere chains beside each other."""
    if all(_reads_only(before, item, readers) for before, item in pairwise(items)):
        return tuple(items)
    found: list[Item] = []
    for item in items:
        found += item.items if isinstance(item, Block) and _is_lane(item, readers) else [item]
    return tuple(found)


def _is_lane(block: Block, readers: Mapping[str, list[str]]) -> bool:
    """Whether an open block is units in a row and no more."""
    units = not block.closed and all(isinstance(one, Unit) for one in block.items)
    return units and all(_reads_only(before, one, readers) for before, one in pairwise(block.items))


def _add(items: list[Item], node: Node, readers: Mapping[str, list[str]]) -> None:
    """Add a layer to the unit before it where it belongs there, else as its own."""
    last = items[-1] if items else None
    if isinstance(last, Unit):
        before = last.nodes[-1]
        fits = LAYERS[node.type] in _FOLLOWS and family(last.nodes[0]) in _LEADS
        only = node.inputs == (before.name,) and readers[before.name] == [node.name]
        same_block = before.name.rpartition(".")[0] == node.name.rpartition(".")[0]
        if fits and only and same_block and node.output_shape == before.output_shape:
            items[-1] = Unit((*last.nodes, node))
            return
    items.append(Unit((node,)))


def collapsed(items: Sequence[Item], readers: Mapping[str, list[str]]) -> tuple[Item, ...]:
    """Return items with copies in a row or side by side as repeats, inner ones first."""
    opened = [_opened(item, readers) for item in items]
    forms = [form(item) for item in opened]
    linked = [False, *(_reads_only(before, item, readers) for before, item in pairwise(opened))]
    found: list[Item] = []
    at = 0
    while at < len(opened):
        period, times = _branches(opened, forms, readers, at)
        beside = times > 1
        if not beside:
            period, times = _longest_run(opened, forms, linked, at)
        if times > 1:
            end = at + period * times
            copies = [tuple(opened[start : start + period]) for start in range(at, end, period)]
            found.append(Repeat(tuple(collapsed(copy, readers) if beside else copy for copy in copies), beside))
            at = end
        else:
            found.append(opened[at])
            at += 1
    return tuple(found)


def _opened(item: Item, readers: Mapping[str, list[str]]) -> Item:
    """Return an item with the copies inside it as repeats."""
    if not isinstance(item, Block) or item.closed:
        return item
    return Block(item.name, collapsed(item.items, readers))


def _longest_run(items: Sequence[Item], forms: Sequence[object], linked: Sequence[bool], at: int) -> tuple[int, int]:
    """Return the period and count of the copies that start at an item and cover most; the shortest period of equals."""
    best, covered = (1, 1), 1
    for period in range(1, min(_LONGEST_PERIOD, (len(items) - at) // 2) + 1):
        if period > 1 and not all(linked[at + 1 : at + period]):
            break
        times = 1
        while at + period * (times + 1) <= len(items):
            start = at + period * times
            if not all(linked[start : start + period]) or forms[start : start + period] != forms[at : at + period]:
                break
            times += 1
        plain = all(isinstance(item, Unit) for item in items[at : at + period])
        least = 2 if not plain else LEAST_UNITS if period == 1 else LEAST_UNITS - 1
        if times >= least and period * times > covered:
            best, covered = (period, times), period * times
    return best


def _branches(
    items: Sequence[Item], forms: Sequence[object], readers: Mapping[str, list[str]], at: int
) -> tuple[int, int]:
    """Return of how many items a branch that starts at an item is, and how many equal ones there are side by side."""
    for period in range(1, min(_LONGEST_PERIOD, (len(items) - at) // LEAST_BESIDE) + 1):
        if forms[at : at + period] != forms[at + period : at + 2 * period]:
            continue
        first = _ends(items[at : at + period], readers)
        times = 1
        while first and _ends(items[at + period * times : at + period * (times + 1)], readers) == first:
            times += 1
        if times >= LEAST_BESIDE:
            return period, times
    return 1, 1


def _ends(branch: Sequence[Item], readers: Mapping[str, list[str]]) -> object:
    """Return what equal branches have in common: what they read, their layers and shapes, and who reads the last.

    None for what is no branch: where others read more than its last layer, or nobody reads that.
    """
    nodes = list(leaves(branch))
    index = {node.name: at for at, node in enumerate(nodes)}
    leaving = {reader for node in nodes[:-1] for reader in readers[node.name]} - index.keys()
    read_by = {reader for node in nodes[-1:] for reader in readers[node.name]}
    if leaving or not read_by:
        return None
    layers = [(node.layer, tuple(index.get(name, name) for name in node.inputs), node.output_shape) for node in nodes]
    return layers, [_skeleton(item) for item in branch], read_by


def _reads_only(before: Item, item: Item, readers: Mapping[str, list[str]]) -> bool:
    """Whether an item reads the last layer of the one before and nothing else, and is all that reads that one."""
    inside = list(leaves([item]))
    names = {node.name for node in inside}
    *others, last = (node.name for node in leaves([before]))
    held = {*others, last}
    entering = {name for node in inside for name in node.inputs if name not in names}
    leaving = {reader for name in others for reader in readers[name] if reader not in held}
    return entering == {last} and not leaving and set(readers[last]) <= names


def form(item: Item) -> object:
    """Return what two copies have in common: types, arguments, what reads what, and spatial sizes; not names.

    Blocks may differ in channels, as the layers of a dense block do; units may not.
    """
    nodes = list(leaves([item]))
    index = {node.name: at for at, node in enumerate(nodes)}
    exact = isinstance(item, Unit)
    layers = tuple(
        (
            node.layer,
            tuple(index.get(name, -1) for name in node.inputs),
            node.input_shapes if exact else tuple(shape[1:] for shape in node.input_shapes),
            node.output_shape if exact else node.output_shape[1:],
        )
        for node in nodes
    )
    return _skeleton(item), layers


def _skeleton(item: Item) -> object:
    """Return how the units of an item are nested."""
    if isinstance(item, Unit):
        return len(item.nodes)
    if isinstance(item, Block):
        return ("block", item.closed, tuple(_skeleton(one) for one in item.items))
    return ("repeat", item.beside, tuple(tuple(_skeleton(one) for one in copy) for copy in item.copies))
