"""The working of the most memory alive at once: the feature maps that are there at that moment."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.analysis.memory import BITS, tensor_bytes
from cnncalc.analysis.parameters import parameters
from cnncalc.graph import INPUT
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.workings.counts import shape_factors
from cnncalc.homework.workings.parts import Factor, Term
from cnncalc.homework.workings.products import bytes_of, sum_text
from cnncalc.homework.workings.working import Worked
from cnncalc.text import Shape


class Peak(NamedTuple):
    """Tensors alive at once. `maps`: the outputs of all layers; `stored`: the parameters, which do not count."""

    terms: tuple[Term, ...]
    maps: tuple[Term, ...]
    stored: tuple[Term, ...]

    @property
    def value(self) -> Value:
        """The bytes."""
        return (sum(term.value() for term in self.terms),)

    def worked(self) -> Worked:
        """Return the bytes, tensor by tensor."""
        return Worked(self.value, sum_text(self.terms))


def peak_of(network: Network) -> Peak:
    """Return the working of the peak: a node's inputs, its output, and what later nodes still need."""
    graph, counting = network.graph, network.counting
    shapes: dict[str, Shape] = {INPUT: graph.input_shape, **{node.name: node.output_shape for node in graph.executed}}
    last = {name: at for at, node in enumerate(graph.executed) for name in (*node.inputs, node.name)}
    forever = len(graph.executed)
    last.update(dict.fromkeys(graph.outputs, forever))
    made = {INPUT: -1, **{node.name: at for at, node in enumerate(graph.executed)}}
    bits = BITS[counting.dtype]

    def alive(moment: int) -> list[str]:
        return [name for name in shapes if made[name] <= moment <= last.get(name, forever)]

    moments = (alive(moment) for moment in range(forever))
    fullest = max(moments, key=lambda names: sum(tensor_bytes(shapes[name], bits, counting.batch) for name in names))
    size = bytes_of(bits)
    batch = (Factor("batch", counting.batch),) if counting.batch > 1 else ()

    def term(name: str) -> Term:
        return Term("memory", (*batch, *shape_factors(shapes[name]), size))

    held = parameters(graph)
    stored = tuple(
        Term("stored", (*(Factor("sizes", side, axis) for axis, side in enumerate(shape)), size))
        for node in graph.executed
        for shape in held[node.name].parameters.values()
    )
    return Peak(tuple(map(term, fullest)), tuple(term(node.name) for node in graph.executed), stored)
