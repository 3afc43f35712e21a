"""What stands in the picture of a network: a box or frame for each item of its outline, with the texts on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from cnncalc.analysis.outline import Block, Item, Repeat, Unit, family, leaves, outline
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.merge import Concat
from cnncalc.render.plot.layout import Box, Frame, Part
from cnncalc.render.svg import shortened, text_width
from cnncalc.render.words import clean, kernel_text
from cnncalc.text import Shape, number, say, say_count, shape_text

LINE = 16.0
SMALL = 11.0
STACK = 6.0
"""How far the boxes show that lie behind one that stands for several."""
_SIDE, _ABOVE_BELOW = 10.0, 6.0
_NARROWEST, _WIDEST_NAME, _WIDEST = 84.0, 190.0, 330.0
_MOST_TITLE = 170.0
_GAP = 8.0
ONCE = Repeat(((),))
"""What is there once."""


class Texts(NamedTuple):
    """What is written on a box or a frame: its name, more lines, how many copies it stands for, and its whole title.

    `family` is that of its layers, `closed` for a block shown as a whole, `end` for the network's input and outputs.
    `aside` says that it is only for training, `beside` that the copies stand side by side and not in a row.
    """

    name: str
    lines: tuple[str, ...]
    copies: int
    title: str
    family: str
    aside: bool = False
    beside: bool = False


Copies = tuple[tuple[int, int], ...]
"""The repeats around something, from the outer to the inner, by number, and in which copy of each it is."""


class Place(NamedTuple):
    """The box a layer is in, and which of its copies it is."""

    box: Box
    copies: Copies


class Sheet(NamedTuple):
    """The parts of a picture in order, what is written on them, and where each layer is, the input among them.

    `ends` are (layer, box) for each output of the network. `holders` are the frames of repeats, by the repeat's number.
    """

    parts: list[Part]
    texts: dict[Part, Texts]
    places: dict[str, Place]
    ends: list[tuple[str, Box]]
    holders: dict[int, Part]


def sheet(graph: Graph, depth: int | None = None, *, full: bool = False) -> Sheet:
    """Return the parts of a network's picture; `depth` and `full` as in the outline."""
    return _Sheet(graph, depth, full).sheet()


class _Sheet:
    def __init__(self, graph: Graph, depth: int | None, full: bool) -> None:
        self.graph = graph
        self.items = outline(graph, depth=depth, full=full)
        self.aside = {head.name for head in graph.heads if head.train_only}
        self.kept = {head.nodes[-1].name: head.name for head in graph.heads if not head.train_only}
        self.texts: dict[Part, Texts] = {}
        self.places: dict[str, Place] = {}
        self.holders: dict[int, Part] = {}
        self.repeats = 0

    def sheet(self) -> Sheet:
        start = self._end(say("input"), self.graph.input_shape)
        self.places[INPUT] = Place(start, ())
        parts: list[Part] = [start, *self._parts(self.items, "", ())]
        last = self.graph.nodes[-1].name
        ends = [(last, self._end(say("output"), None))]
        ends += [(name, self._end(say("output {name}", name=clean(head)), None)) for name, head in self.kept.items()]
        return Sheet([*parts, *(box for _, box in ends)], self.texts, self.places, ends, self.holders)

    def _end(self, name: str, shape: Shape | None) -> Box:
        label = text_width(shape_text(shape), SMALL) + _GAP if shape else 0.0
        box = Box(max(64.0, text_width(name, bold=True) + 28), 26.0, label)
        self.texts[box] = Texts(name, (), 1, name, "end")
        return box

    def _parts(self, items: Sequence[Item], prefix: str, copies: Copies) -> list[Part]:
        return [self._part(item, prefix, copies) for item in items]

    def _part(self, item: Item, prefix: str, copies: Copies) -> Part:
        """Return the part of an item in the frame whose layers' names begin with `prefix`."""
        title = _name(item)
        name = clean(title.removeprefix(prefix))
        if isinstance(item, Repeat):
            return self._repeat(item, prefix, copies, name)
        if isinstance(item, Unit) or item.closed:
            return self._box(item, copies, name, clean(title))
        if len(item.items) == 1 and isinstance(item.items[0], Repeat):
            return self._repeat(item.items[0], f"{item.name}.", copies, name)
        inner = self._parts(item.items, f"{item.name}.", copies)
        return self._frame(inner, name, clean(title), aside=item.name in self.aside)

    def _repeat(self, repeat: Repeat, prefix: str, copies: Copies, name: str) -> Part:
        """Return the first copy, called `name`; the layers of the others have their place in it too."""
        self.repeats += 1
        number, first = self.repeats, repeat.copies[0]
        title = _name(repeat)
        alone = first[0] if len(first) == 1 else None
        inside = (*copies, (number, 0))
        part: Part
        if isinstance(alone, Unit) or (isinstance(alone, Block) and alone.closed):
            part = self._box(alone, inside, name, clean(title), repeat)
        elif isinstance(alone, Block):
            part = self._frame(self._parts(alone.items, f"{alone.name}.", inside), name, clean(title), repeat)
        else:
            part = self._frame(self._parts(first, prefix, inside), name, clean(title), repeat)
        self.holders[number] = part
        for at, copy in enumerate(repeat.copies[1:], 1):
            for drawn, twin in zip(leaves(first), leaves(copy), strict=True):
                place = self.places[drawn.name]
                outer, inner = place.copies[: len(copies)], place.copies[len(copies) + 1 :]
                self.places[twin.name] = Place(place.box, (*outer, (number, at), *inner))
        return part

    def _box(self, item: Unit | Block, copies: Copies, name: str, title: str, repeat: Repeat = ONCE) -> Box:
        """Return the box of a unit or a closed block, as wide as its texts."""
        count, beside = len(repeat.copies), repeat.beside
        nodes = list(leaves([item]))
        aside = isinstance(item, Block) and item.name in self.aside
        if isinstance(item, Unit):
            lines = [" ".join(filter(None, [nodes[0].type, kernel_text(nodes[0])]))]
            lines += [say(", ").join(node.type for node in nodes[1:])] if nodes[1:] else []
            title = " ".join([title, *(clean(node.name) for node in nodes[1:])])
        else:
            lines = [say_count("{count} layer", "{count} layers", len(nodes))]
            lines += [say("only for training")] if aside else []
        kind = family(nodes[0]) if isinstance(item, Unit) else "closed"
        title_width = min(_WIDEST_NAME, text_width(name, bold=True)) + _count_room(count, beside)
        width = min(_WIDEST, max(_NARROWEST, title_width, *(text_width(line, SMALL) for line in lines)) + 2 * _SIDE)
        even = isinstance(nodes[0].layer, Concat)
        height = LINE * (1 + len(lines)) + 2 * _ABOVE_BELOW
        behind = STACK if count > 1 else 0.0
        label = _label_room(nodes[-1].output_shape, ranged=bool(copies))
        box = Box(width + behind, height + behind, label, even)
        self.texts[box] = Texts(name, tuple(lines), count, title, kind, aside, beside)
        for node in nodes:
            self.places[node.name] = Place(box, copies)
        return box

    def _frame(self, parts: list[Part], name: str, title: str, repeat: Repeat = ONCE, *, aside: bool = False) -> Frame:
        count, beside = len(repeat.copies), repeat.beside
        lines = (say("only for training"),) if aside else ()
        shown = shortened(say("{name}: only for training", name=name) if aside else name, _MOST_TITLE, bold=True)
        frame = Frame(tuple(parts), text_width(shown, bold=True) + 2 * _SIDE, _count_room(count, beside) + _SIDE)
        self.texts[frame] = Texts(shown, lines, count, title, "frame", aside, beside)
        return frame


def _label_room(shape: Shape, *, ranged: bool) -> float:
    """Return the room for the text beside an output; of copies, for two numbers of channels."""
    more = "…0" + str(shape[0]) if ranged else ""
    return text_width(shape_text(shape) + more, SMALL) + _GAP


def _name(item: Item) -> str:
    """Return an item's name: its first layer's, its block's, or its copies'."""
    if isinstance(item, Unit):
        return item.nodes[0].name
    if isinstance(item, Block):
        return item.name
    return _range(_name(item.copies[0][0]), _name(item.copies[-1][-1]))


def _range(first: str, last: str) -> str:
    """Return the names of copies: layer3.1 and layer3.5 are `layer3.1…5`."""
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    while same and first[same - 1].isdigit():
        same -= 1
    return f"{first}…{last[same:]}"


def _count_room(count: int, beside: bool) -> float:
    return text_width(count_text(count, beside), bold=True) + 2 * _GAP if count > 1 else 0.0


def count_text(count: int, beside: bool) -> str:
    """Write how many copies there are, in a row or side by side."""
    return say("× {count} side by side", count=number(count)) if beside else f"× {number(count)}"


def output_text(places: Mapping[str, Place], nodes: Sequence[Node], outside: Set[int]) -> str:
    """Write the shape of a box's output as it is where the repeats in `outside` are seen from outside.

    `nodes` are the copies of the layer. Of a repeat seen from outside it is the last copy's; inside, where the copies
    differ, the first and the last: `64…224x56x56`.
    """
    last = max(nodes, key=lambda node: [at for _, at in places[node.name].copies])
    final = places[last.name].copies
    seen = [
        node
        for node in nodes
        if all(own == end for own, end in zip(places[node.name].copies, final, strict=True) if end[0] in outside)
    ]
    first = min(seen, key=lambda node: [at for _, at in places[node.name].copies])
    sizes = [
        str(one) if one == other else f"{one}…{other}"
        for one, other in zip(first.output_shape, last.output_shape, strict=True)
    ]
    return "x".join(sizes)
