"""What each tool prints, as people read it: its number as the sum of its items, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.conventions import Count, Item
from cnncalc.conventions.count import LayerCount
from cnncalc.conventions.read import STATES
from cnncalc.graph import Graph
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.summary import left_out
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import cells, clean, folded, left, right
from cnncalc.text import later, number, say, shape_text

ROOM_FOR_ITEMS = 40
"""Columns that what is counted needs beside the tools' numbers; with less it stands below them."""

LEFT_OUT = {
    "zero": later("counted as zero: {types}"),
    "unsupported": later("not supported, so left out: {types}"),
    "unseen": later("not seen, as functions are not: {types}"),
    "unknown": later("not known how it counts them, so left out here: {types}"),
}
"""What is said of layers that add nothing, by read.STATES."""


def show_tools(screen: Screen, graph: Graph, counts: Sequence[Count]) -> None:
    """Draw tools side by side: a number each, and the items that sum to it."""
    screen.show(tool_lines(graph, counts, screen.width))


def show_tool(screen: Screen, graph: Graph, found: Count, *, layers: bool) -> None:
    """Draw one tool's number: its items, what it leaves out, where this is from; with `layers`, layer by layer."""
    screen.show(one_tool_lines(graph, found, screen.width, layers=layers))


def tool_lines(graph: Graph, counts: Sequence[Count], width: int) -> Iterator[Line]:
    """Yield the lines of tools side by side."""
    yield from heading(graph, counts[0].batch, width)
    yield ""
    names = max(len(found.tool.name) for found in counts)
    totals = [f"{number(found.total)} {found.unit}" for found in counts]
    wide = max(map(len, totals))
    digits = max(len(number(abs(item.amount))) for found in counts for item in found.items)
    start = names + wide + 4
    beside = width >= start + digits + 4 + ROOM_FOR_ITEMS
    for found, total in zip(counts, totals, strict=True):
        first: Line = [Piece(left(found.tool.name, names), "bold"), f"  {right(total, wide)}"]
        items = list(item_lines(found.items, digits, width - (start if beside else 4)))
        if not beside:
            yield first
        for at, line in enumerate(items):
            yield [*first, "  ", *line] if beside and at == 0 else [" " * (start if beside else 4), *line]
        unknown = [of_type(one.type, one.layers) for one in found.not_counted if one.state == "unknown"]
        if unknown:
            text = say(LEFT_OUT["unknown"], types=say(", ").join(unknown))
            indent = start if beside else 4
            yield from (f"{' ' * indent}{line}" for line in folded(text, width - indent))
    yield ""
    alone = [found.tool.name for found in counts if found.batch > 1 and not found.tool.scales]
    if alone:
        yield from folded(say("for one input, whatever the batch: {tools}", tools=say(", ").join(alone)), width)
    yield from folded(say("name one tool with --as to see what it leaves out, and why"), width)


def item_lines(items: Sequence[Item], digits: int, width: int) -> Iterator[Sequence[Piece | str]]:
    """Yield the items of a sum: `=` the exact count, then `+` or `-` each that makes it differ."""
    for at, item in enumerate(items):
        sign = "=" if at == 0 else "-" if item.amount < 0 else "+"
        said = say(item.what)
        if item.wrong:
            said = say("{what} (a slip: {why})", what=said, why=say(item.wrong))
        first, *rest = folded(said, width - digits - 4)
        yield [f"{sign} {right(number(abs(item.amount)), digits)}  {first}"]
        for line in rest:
            yield [f"{' ' * (digits + 4)}{line}"]


def one_tool_lines(graph: Graph, found: Count, width: int, *, layers: bool) -> Iterator[Line]:
    """Yield the lines of one tool."""
    tool = found.tool
    yield from heading(graph, found.batch, width)
    yield ""
    if layers:
        yield from layer_lines(found.layers, width)
        yield ""
    title = f"{say(tool.title)} {tool.version}".rstrip()
    digits = max(len(number(abs(value))) for value in (found.total, *(item.amount for item in found.items)))
    yield [Piece(title, "bold")]
    yield from item_lines(found.items, digits, width)
    yield [Piece(f"= {right(number(found.total), digits)}  {found.unit}", "bold")]
    if found.batch > 1 and not tool.scales:
        yield from folded(say("it is for one input, whatever the batch"), width)
    if found.also:
        yield ""
        digits = max(len(number(one.value)) for one in found.also)
        for one in found.also:
            yield f"  {right(number(one.value), digits)}  {say(one.what)}"
    yield ""
    yield from left_out_lines(found, width)
    for note in tool.notes:
        yield from folded(say(note), width)
    yield say("source: {source}", source=tool.source)


def left_out_lines(found: Count, width: int) -> Iterator[str]:
    """Yield which layers add nothing, by why that is."""
    for state, said in LEFT_OUT.items():
        types = [of_type(one.type, one.layers) for one in found.not_counted if one.state == state]
        if types:
            yield from folded(say(said, types=say(", ").join(types)), width)
        if types and state == "unsupported" and found.tool.left_out:
            yield from folded(say(found.tool.left_out), width)


def of_type(kind: str, layers: int) -> str:
    """Write how many layers of a type: `16 Add`."""
    return f"{number(layers)} {kind}"


def heading(graph: Graph, batch: int, width: int) -> Iterator[Line]:
    """Yield the line that names the network; two where one is too narrow."""
    name = clean(graph.name)
    what = say("input {shape}   batch {batch}", shape=shape_text(graph.input_shape), batch=batch)
    if cells(name) + 3 + cells(what) <= width:
        yield [Piece(name, "bold"), f"   {what}"]
    else:
        yield [Piece(name, "bold")]
        yield what


LAYER_TITLES = (later("layer"), later("type"), later("output"), later("counted"), later("what is counted"))
DROPPED_FIRST = (4, 2, 1)
"""The order in which the columns of layers give way on a narrow terminal."""


def layer_lines(layers: Sequence[LayerCount], width: int) -> Iterator[Line]:
    """Yield a table, a row a layer: what is counted of it, or why nothing is."""
    rows = [[say(title) for title in LAYER_TITLES], *map(_cells, layers)]
    widths = [max(cells(row[at]) for row in rows) for at in range(len(LAYER_TITLES))]
    shown = list(range(len(widths)))
    dropped: list[str] = []
    for at in DROPPED_FIRST:
        if sum(widths[one] + 2 for one in shown) - 2 <= width:
            break
        shown.remove(at)
        dropped.append(rows[0][at])
    for place, row in enumerate(rows):
        parts = [right(row[at], widths[at]) if at == 3 else left(row[at], widths[at]) for at in shown]
        yield [Piece("  ".join(parts).rstrip(), "bold" if place == 0 else "")]
    if dropped:
        yield from left_out(dropped, width)


def _cells(layer: LayerCount) -> list[str]:
    what = say("; ").join(say(item.what) for item in layer.items) or (say(STATES[layer.state]) if layer.state else "")
    return [layer.name, layer.type, shape_text(layer.output_shape), number(layer.amount), what]


def counts_json(graph: Graph, counts: Sequence[Count], *, layers: bool) -> dict[str, object]:
    """Return counts for programs. What is counted is in English there, whatever the language."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": graph.name,
        "input_shape": list(graph.input_shape),
        "batch": counts[0].batch,
        "counts": {found.tool.name: _count_json(found, layers=layers) for found in counts},
    }


def _count_json(found: Count, *, layers: bool) -> dict[str, object]:
    listed: dict[str, object] = {
        "total": found.total,
        "unit": found.unit,
        "items": [_item_json(item) for item in found.items],
        "slips": [{"what": item.what, "why": item.wrong} for item in found.items if item.wrong],
        "not_counted": [one._asdict() for one in found.not_counted],
        "also": {one.key: one.value for one in found.also},
        "title": found.tool.title,
        "version": found.tool.version,
        "source": found.tool.source,
    }
    if layers:
        listed["layers"] = [
            {
                "name": one.name,
                "type": one.type,
                "amount": one.amount,
                "items": [_item_json(item) for item in one.items],
                "state": one.state,
            }
            for one in found.layers
        ]
    return listed


def _item_json(item: Item) -> dict[str, object]:
    return {"what": item.what, "amount": item.amount}
