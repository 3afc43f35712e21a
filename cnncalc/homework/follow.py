"""Follow-through: what a later answer should be, given the student's own earlier answers.

As teachers do by hand: a wrong output shape is taken for granted, and what the student computed from it is held
against what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

from cnncalc.analysis.memory import BITS
from cnncalc.analysis.rebuild import rebuilt
from cnncalc.graph import INPUT, Node
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import AXES, TOTAL, Asked
from cnncalc.layers.base import LayerError
from cnncalc.layers.geometry import Window
from cnncalc.text import Shape

Seen = tuple[Value, set[Asked]]
"""A value, and the student's wrong answers that it follows from."""

Rebuilt = dict[tuple[tuple[str, Shape], ...], Network]
"""Networks by the shapes that students put in them: a class repeats its mistakes."""


class Own:
    """The network as the student's own answers have it.

    `given`: what was answered and could be read. `known`: what was rebuilt before, which is added to.
    """

    def __init__(self, network: Network, given: Mapping[Asked, Value], known: Rebuilt | None = None) -> None:
        self.truth = network
        self.given = given
        self.known = {} if known is None else known
        self._entering: dict[str, set[Asked]] = {}
        self.wrong = {asked: value for asked, value in given.items() if value != network.value(asked)}

    def follow(self, asked: Asked) -> dict[Value, tuple[Asked, ...]]:
        """Return what `asked` may be, given the student's other answers, with those it follows from.

        Empty where nothing follows but the truth.
        """
        found: dict[Value, tuple[Asked, ...]] = {}
        truth = self.truth.value(asked)
        of_total, of_layer = (self._sum, self._sum_followed, self._parts), (self._shaped, self._parts, self._field)
        for way in of_total if asked.place == TOTAL else of_layer:
            result = way(asked)
            if result and result[1] and result[0] != truth:
                found.setdefault(result[0], tuple(sorted(result[1], key=lambda one: one.key)))
        return found

    @cached_property
    def shapes(self) -> dict[str, tuple[Shape, tuple[Asked, ...]]]:
        """The output shapes the student gave, whole or an axis, by layer, each with its answers that are wrong."""
        found: dict[str, tuple[Shape, tuple[Asked, ...]]] = {}
        for asked, value in self.given.items():
            right = self.truth.nodes[asked.place].output_shape if asked.place != TOTAL else ()
            fits = asked.quantity == "output_shape" and len(value) == len(right)
            if fits and all(size == int(size) > 0 for size in value):
                found[asked.place] = (tuple(map(int, value)), (asked,) if asked in self.wrong else ())
        for asked in [asked for asked in self.wrong if asked.quantity in AXES]:
            size = self.wrong[asked][0]
            if Asked(asked.place, "output_shape") not in self.given and size == int(size) > 0:
                sizes, used = found.get(asked.place, (self.truth.nodes[asked.place].output_shape, ()))
                at = _axes(sizes).index(asked.quantity)
                found[asked.place] = ((*sizes[:at], int(size), *sizes[at + 1 :]), (*used, asked))
        return found

    @cached_property
    def network(self) -> Network | None:
        """The network with these shapes in it, or None where the student got none wrong."""
        if not any(wrong for _, wrong in self.shapes.values()):
            return None
        shapes = {name: shape for name, (shape, _) in self.shapes.items()}
        key = tuple(sorted(shapes.items()))
        if key not in self.known:
            graph = rebuilt(self.truth.graph, shapes=shapes)
            self.known[key] = Network(graph, self.truth.counting, self.truth.seed)
        return self.known[key]

    def entering(self, name: str) -> set[Asked]:
        """Return the wrong shapes that reach the inputs of a layer: of each path, what was answered last."""
        if name not in self._entering:
            self._entering[name] = self._upstream(name)
        return self._entering[name]

    def _upstream(self, name: str) -> set[Asked]:
        found: set[Asked] = set()
        pending = list(self.truth.nodes[name].inputs)
        seen: set[str] = set()
        while pending:
            at = pending.pop()
            if at == INPUT or at in seen:
                continue
            seen.add(at)
            if at in self.shapes:
                found.update(self.shapes[at][1])
            else:
                pending.extend(self.truth.nodes[at].inputs)
        return found

    def _shaped(self, asked: Asked) -> Seen | None:
        """What follows from the shapes that enter, and for costs and memory from the student's own output shape."""
        if self.network is None or asked.place not in self.network.nodes or asked.quantity in _NO_SHAPES:
            return None
        node = self.network.nodes[asked.place]
        sources = self.entering(asked.place)
        if asked.quantity in ("output_shape", *AXES):
            computed = _again(node)
            if computed is None or len(computed) != len(node.output_shape):
                return None
            if asked.quantity == "output_shape":
                return computed, sources
            return (computed[_axes(computed).index(asked.quantity)],), sources
        if asked.quantity in _OF_OUTPUT and asked.place in self.shapes:
            sources = sources.union(self.shapes[asked.place][1])
        value = self.network.value_or_none(asked)
        return None if value is None else (value, sources)

    def _parts(self, asked: Asked) -> Seen | None:
        """What follows from the student's own numbers for the same place."""

        def own(quantity: str) -> int | None:
            value = self.given.get(Asked(asked.place, quantity))
            return None if value is None or value[0] != int(value[0]) else int(value[0])

        def result(number: int, *quantities: str) -> Seen:
            used = {Asked(asked.place, quantity) for quantity in quantities}
            return (number,), used & self.wrong.keys()

        counting = self.truth.counting
        match asked.quantity:
            case "parameters" if (weights := own("weights")) is not None and (biases := own("biases")) is not None:
                return result(weights + biases * counting.bias_in_parameters, "weights", "biases")
            case "flops" if (macs := own("macs")) is not None and not counting.bias_in_macs:
                return result(counting.flops_per_mac * macs, "macs")
            case "memory" if (elements := own("output_elements")) is not None:
                return result(self._bytes(elements) * counting.batch, "output_elements")
            case "parameter_memory" if (parameters := own("parameters")) is not None:
                return result(self._bytes(parameters), "parameters")
            case _:
                return None

    def _bytes(self, count: int) -> int:
        return -(-count * BITS[self.truth.counting.dtype] // 8)

    def _field(self, asked: Asked) -> Seen | None:
        """What follows from the student's own field and jump before the layer."""
        return self._fields.get(asked)

    @cached_property
    def _fields(self) -> dict[Asked, Seen]:
        """What follows for the field and the jump of each layer, forward; empty where the student got none wrong."""
        if not any(asked.quantity in FIELDS for asked in self.wrong):
            return {}
        axes = len(self.truth.graph.input_shape) - 1
        found: dict[Asked, Seen] = {}
        leaving: dict[str, tuple[Seen, Seen]] = {INPUT: (((1,) * axes, set()), ((1,) * axes, set()))}
        for node in self.truth.graph.every_node():
            windows = self.truth.windows[node.name]
            follows = _through(windows, *leaving[node.inputs[0]]) if windows else None
            truth = self.truth.fields[node.name].fields
            behind = follows or ((tuple(one.size for one in truth), set()), (tuple(one.jump for one in truth), set()))
            for asked, seen in zip((Asked(node.name, quantity) for quantity in FIELDS), behind, strict=True):
                if follows:
                    found[asked] = seen
            field, jump = (self._answered(node.name, quantity, axes) for quantity in FIELDS)
            leaving[node.name] = (field or behind[0], jump or behind[1])
        return found

    def _answered(self, place: str, quantity: str, axes: int) -> Seen | None:
        """Return the student's own answer for a field or a jump, a side an axis."""
        asked = Asked(place, quantity)
        value = self.given.get(asked)
        if value is None or len(value) not in (1, axes):
            return None
        return (value * axes if len(value) == 1 else value), {asked} & self.wrong.keys()

    def _sum(self, asked: Asked, *, followed: bool = False) -> Seen | None:
        """The sum of the student's own numbers for the layers, and of the right ones for those not answered."""
        if asked.quantity == "peak_memory":
            return None
        total: Fraction | int = 0
        used: set[Asked] = set()
        for node in self.truth.graph.executed:
            part = Asked(node.name, asked.quantity)
            value = self.given.get(part)
            if value is not None:
                used |= {part} & self.wrong.keys()
            elif followed and (result := self._shaped(part)):
                value = result[0]
                used |= result[1]
            total += (value or self.truth.value(part))[0]
        return (total,), used

    def _sum_followed(self, asked: Asked) -> Seen | None:
        """The same, with what follows from the student's shapes for the layers not answered."""
        return self._sum(asked, followed=True) if self.network else None


_OF_OUTPUT = ("output_elements", "macs", "flops", "memory", "locally_connected", "fully_connected")
"""What is computed from a layer's own output shape too."""

_NO_SHAPES = ("receptive_field", "jump", "output", "kernel_size", "stride", "padding", "dilation", "groups")
"""What no shape changes."""


FIELDS = ("receptive_field", "jump")


def _through(windows: tuple[Window, ...], field: Seen, jump: Seen) -> tuple[Seen, Seen] | None:
    """Return the field and the jump behind a layer, from those that enter it; None where axes were lost before it."""
    if not len(windows) == len(field[0]) == len(jump[0]):
        return None
    axes = list(zip(field[0], jump[0], windows, strict=True))
    sizes = tuple(r + (w.extent - 1) * j for r, j, w in axes)
    return (sizes, field[1] | jump[1]), (tuple(j * w.stride for _, j, w in axes), jump[1])


def _axes(shape: Shape) -> tuple[str, ...]:
    """Return what the axes of a shape are called."""
    names = {2: ("output_length",), 3: ("output_height", "output_width")}
    spatial = names.get(len(shape), ("output_depth", "output_height", "output_width")[: len(shape) - 1])
    return ("output_channels", *spatial)


def _again(node: Node) -> Shape | None:
    try:
        return node.layer.output_shape(node.input_shapes)
    except LayerError:
        return None
