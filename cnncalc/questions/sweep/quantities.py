"""What a sweep can tell of each combination: quantities of the whole network or of one place in it, as columns.

A place is a layer's name, or the beginning of several (`layer4`): costs are summed then, and a shape is the last one's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from cnncalc.analysis.costs import Cost, costs
from cnncalc.analysis.memory import BITS, peak_live, tensor_bytes
from cnncalc.analysis.parameters import Held, parameters
from cnncalc.analysis.receptive import Receptive, receptive
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import Graph, Node
from cnncalc.text import Shape, later, say

Kind = Literal["count", "bytes", "size", "shape", "value"]
"""How a value is written: a number; bytes; a number an axis; channels and sizes; or a var's own value."""
Aim = Literal["min", "max", ""]
Cell = int | float | str | bool | Shape | None


class Facts:
    """What is worked out of a graph, each pass when something asks for it."""

    def __init__(self, graph: Graph, batch: int, dtype: str) -> None:
        self.graph = graph
        self.batch = batch
        self.dtype = dtype

    @cached_property
    def held(self) -> dict[str, Held]:
        """The tensors of each node."""
        return parameters(self.graph)

    @cached_property
    def costs(self) -> dict[str, Cost]:
        """The work of each node."""
        return costs(self.graph)

    @cached_property
    def fields(self) -> dict[str, Receptive]:
        """The receptive field of each node."""
        return receptive(self.graph)[0]

    @cached_property
    def activations(self) -> dict[str, int]:
        """The bytes of each node's output."""
        bits = BITS[self.dtype]
        return {node.name: tensor_bytes(node.output_shape, bits, self.batch) for node in self.graph.executed}

    @property
    def peak(self) -> int:
        """The most bytes alive at once."""
        entering = tensor_bytes(self.graph.input_shape, BITS[self.dtype], self.batch)
        return peak_live(self.graph, self.activations, entering)[0]

    def nodes(self, place: str) -> Sequence[Node]:
        """Return the nodes of a place that inference runs; of the whole network without one."""
        if not place:
            return self.graph.executed
        inside = f"{place}."
        return [node for node in self.graph.executed if node.name == place or node.name.startswith(inside)]

    def output(self, place: str) -> Node | None:
        """Return the node whose output is a place's."""
        nodes = self.nodes(place) if place else self.graph.nodes
        return nodes[-1] if nodes else None


class Quantity(NamedTuple):
    """`title`: a template. `aim`: which is better. `of`: its value for a place (empty: the whole network)."""

    title: str
    kind: Kind
    aim: Aim
    of: Callable[[Facts, str], Cell]
    of_place: bool = True


def _summed(of_node: Callable[[Facts, Node], int]) -> Callable[[Facts, str], Cell]:
    return lambda facts, place: sum(of_node(facts, node) for node in facts.nodes(place))


def _field(facts: Facts, place: str) -> Cell:
    node = facts.output(place)
    sizes = tuple(field.size for field in facts.fields[node.name].fields) if node else ()
    return sizes or None


def _shape(facts: Facts, place: str) -> Cell:
    node = facts.output(place)
    return node.output_shape if node else None


def _parameter_bytes(facts: Facts, node: Node) -> int:
    return sum(tensor_bytes(shape, BITS[facts.dtype]) for shape in facts.held[node.name].parameters.values())


def _peak(facts: Facts, place: str) -> Cell:
    return facts.peak


def _layers(facts: Facts, place: str) -> Cell:
    return len(facts.nodes(place))


QUANTITIES: Mapping[str, Quantity] = {
    "params": Quantity(
        later("params"), "count", "min", _summed(lambda facts, node: facts.held[node.name].parameter_count)
    ),
    "buffers": Quantity(
        later("buffers"), "count", "min", _summed(lambda facts, node: facts.held[node.name].buffer_count)
    ),
    "macs": Quantity(later("MACs"), "count", "min", _summed(lambda facts, node: facts.costs[node.name].macs)),
    "real_macs": Quantity(
        later("MACs on data"), "count", "min", _summed(lambda facts, node: facts.costs[node.name].macs_without_padding)
    ),
    "flops": Quantity(later("FLOPs"), "count", "min", _summed(lambda facts, node: facts.costs[node.name].flops)),
    "rf": Quantity(later("RF"), "size", "max", _field),
    "peak": Quantity(later("peak memory"), "bytes", "min", _peak, of_place=False),
    "memory": Quantity(later("memory"), "bytes", "min", _summed(lambda facts, node: facts.activations[node.name])),
    "param_bytes": Quantity(later("parameter bytes"), "bytes", "min", _summed(_parameter_bytes)),
    "output": Quantity(later("output"), "shape", "", _shape),
    "layers": Quantity(later("layers"), "count", "min", _layers),
}
"""Every quantity by its one name; those of `summary` have the names they have there."""

ALSO_CALLED: Mapping[str, str] = {
    "parameters": "params",
    "receptive_field": "rf",
    "peak_memory": "peak",
    "peak_bytes": "peak",
    "activation_bytes": "memory",
    "parameter_bytes": "param_bytes",
    "parameter_memory": "param_bytes",
    "output_shape": "output",
    "shape": "output",
    "macs_without_padding": "real_macs",
}

DEFAULT = ("params", "macs", "flops", "rf", "peak", "param_bytes", "output")
PARETO = ("params", "macs", "rf")


WHOLE = "total"
"""The place that is the whole network, where it must be written."""
MARK, ERROR = "pareto", "error"
"""The keys of a row that are neither a var nor a quantity."""


def var_column(name: str) -> Column:
    """Return the column of a var; `vars.error` for one that is called as something else in a row."""
    return Column(f"vars.{name}" if name in (MARK, ERROR) else name)


class Column(NamedTuple):
    """One column: a var (`quantity` is empty), or a quantity of a place."""

    key: str
    quantity: str = ""
    place: str = ""

    @property
    def kind(self) -> Kind:
        """How its values are written."""
        return QUANTITIES[self.quantity].kind if self.quantity else "value"

    @property
    def title(self) -> str:
        """What people read above it."""
        if not self.quantity:
            return self.key
        title = say(QUANTITIES[self.quantity].title)
        place = self.place or (WHOLE if self.key.startswith(f"{WHOLE}.") else "")
        return say("{place} {quantity}", place=place, quantity=title) if place else title

    @property
    def aim(self) -> Aim:
        """Which of its values are better, where that is plain."""
        return QUANTITIES[self.quantity].aim if self.quantity else ""

    def of(self, facts: Facts) -> Cell:
        """Return its value; None where the network has no such place. Not for vars."""
        if self.place and not facts.nodes(self.place):
            return None
        return QUANTITIES[self.quantity].of(facts, self.place)


def read_columns(names: Sequence[str], known: Sequence[str] = ()) -> list[Column]:
    """Return the quantities named, such as `params` and `layer4.output_shape`. Raises CnncalcError (E733).

    `known`: names of other columns, which an error tells too.
    """
    found: list[Column] = []
    for name in names:
        column = read_column(name, known)
        if column not in found:
            found.append(column)
    return found


def read_column(name: str, known: Sequence[str] = ()) -> Column:
    """Return one quantity of the network or a place of it. Raises CnncalcError (E733); see `read_columns`."""
    place, _, last = name.strip().rpartition(".")
    if place == WHOLE:
        place = ""
    quantity = ALSO_CALLED.get(last.lower(), last.lower())
    if quantity not in QUANTITIES:
        near = did_you_mean(last, [*QUANTITIES, *ALSO_CALLED, *known])
        names = ", ".join([*known, *QUANTITIES])
        help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=names)
        raise CnncalcError(
            [Diagnostic("E733", say("there is no quantity {name}", name=name.strip() or '""'), help=help)]
        )
    if place and not QUANTITIES[quantity].of_place:
        message = say("{name} is of the whole network only", name=quantity)
        raise CnncalcError([Diagnostic("E733", message, help=say("write {name}", name=quantity))])
    return Column(f"{place}.{quantity}" if place else quantity, quantity, place)


def as_number(cell: Cell, column: Column) -> int | float | None:
    """Return what is compared: the number itself, or of sizes the smallest; None where there is none.

    Of a varied input, that is its smallest size behind the channels.
    """
    if isinstance(cell, tuple):
        sizes = cell if column.kind == "size" else cell[1:] or cell
        return None if column.kind == "shape" else min(sizes)
    return None if isinstance(cell, str | bool) else cell
