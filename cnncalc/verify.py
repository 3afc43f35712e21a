"""The report against execution: every number the static passes state, next to what running the network showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.analysis.receptive import Fields
from cnncalc.analysis.report import LayerFacts, Report, analyze
from cnncalc.analysis.window import window
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.matching import match
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.probe import measure
from cnncalc.engine.resize import resized
from cnncalc.engine.run import Step, execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.graph import Graph, Node
from cnncalc.layers.adaptive import BinPool
from cnncalc.text import Shape, number, say, shape_text

Array = npt.NDArray[Any]
Interval = tuple[int, int] | None

RUN_DTYPES = ("float32", "float64")


class Check(NamedTuple):
    """One number, stated and executed."""

    what: str
    static: object
    executed: object

    @property
    def agrees(self) -> bool:
        """Whether they are the same."""
        return self.static == self.executed


class LayerProof(NamedTuple):
    """One layer's checks: shape, tensors held, multiply-adds, those on padded zeros. Counts are for one input."""

    node: Node
    shape: Check
    tensors: Check
    macs: Check
    padded_macs: Check
    parameter_count: int
    """How many numbers the kernel was given."""
    seconds: float

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        return (self.shape, self.tensors, self.macs, self.padded_macs)


class UnitProof(NamedTuple):
    """What one unit sees of the input, axis by axis, first and last position: stated, and measured by marked inputs."""

    node: str
    unit: str
    position: Shape
    check: Check


class FieldProof(NamedTuple):
    """Size, jump and start of a map's receptive field on one input axis, from two neighbouring units no border clips.

    `input_size`: how long the axis was made for that; the network's own length where that is enough.
    """

    node: str
    axis: int
    input_size: int
    check: Check


class Proof(NamedTuple):
    """What a run proved. `outputs`: arrays (N, *shape) by node name, the network's output first."""

    report: Report
    layers: tuple[LayerProof, ...]
    units: tuple[UnitProof, ...]
    fields: tuple[FieldProof, ...]
    peak: Check
    outputs: dict[str, Array]
    seconds: float

    @property
    def output(self) -> Array:
        """The network's output (N, *shape)."""
        return self.outputs[self.report.graph.nodes[-1].name]

    @property
    def checks(self) -> list[tuple[str, Check]]:
        """Every check with the name of what it is about."""
        return [
            *((layer.node.name, check) for layer in self.layers for check in layer.checks),
            *((unit.node, unit.check) for unit in self.units),
            *((field.node, field.check) for field in self.fields),
            ("network", self.peak),
        ]

    @property
    def mismatches(self) -> list[tuple[str, Check]]:
        """The checks that failed."""
        return [(name, check) for name, check in self.checks if not check.agrees]


def run(
    network: Graph,
    *,
    x: npt.ArrayLike | None = None,
    weights: Mapping[str, Array] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    seed: int = 0,
    before_step: Callable[[Node], None] | None = None,
    after_step: Callable[[Step, Array], None] | None = None,
) -> Proof:
    """Execute a network and compare each fact with the report.

    `x` (N, *input_shape), or one input without N, and `weights` {full name: array} stand for seeded random ones (see
    `engine.tensors`). `dtype` is float32 or float64. Raises CnncalcError for what does not fit the network, and, before
    anything is allocated, where the run would not fit into memory.
    """
    if dtype not in RUN_DTYPES:
        known = say("there are {names}", names=", ".join(RUN_DTYPES))
        raise CnncalcError([Diagnostic("E222", say("a run cannot compute in {dtype}", dtype=dtype), help=known)])
    if seed < 0:
        raise CnncalcError([Diagnostic("E222", say("seed must be 0 or more, got {seed}", seed=seed))])
    given = None if x is None else _batched(network, x, dtype)
    report = analyze(network, batch=batch if given is None else given.shape[0], dtype=dtype)
    refuse_if_too_large(needed_bytes(report))
    held = random_weights(network, seed, dtype) if weights is None else match(network, weights, dtype).weights
    if given is None:
        given = random_input(network, batch, seed, dtype)
    execution = execute(network, given, held, before_step=before_step, after_step=after_step)
    facts = report.layer_facts
    layers = tuple(_layer(facts[step.node.name], step) for step in execution.steps)
    units, fields = prove_fields(report)
    peak = Check(say("peak memory"), report.totals.peak_bytes, execution.peak_bytes)
    seconds = sum(step.seconds for step in execution.steps)
    return Proof(report, layers, units, fields, peak, execution.outputs, seconds)


def _batched(network: Graph, x: npt.ArrayLike, dtype: str) -> Array:
    """Return an input as (N, *input_shape). Raises CnncalcError where it is neither that nor one input."""
    try:
        array = np.asarray(x, dtype)
    except (TypeError, ValueError) as error:
        raise CnncalcError(
            [Diagnostic("E605", say("the input is not an array of numbers: {error}", error=error))]
        ) from None
    if array.shape == network.input_shape:
        array = array[None]
    if array.shape[1:] != network.input_shape or not array.shape[0]:
        message = say(
            "the input is {got}, and the network takes {wanted}, one or a batch of them",
            got=shape_text(array.shape),
            wanted=shape_text(network.input_shape),
        )
        raise CnncalcError([Diagnostic("E605", message)])
    return array


def needed_bytes(report: Report) -> int:
    """Return the bytes a run takes: the activations' peak, weights, and the padded copy that a convolution reads."""
    largest = max(facts.activation_bytes for facts in report.layers)
    totals = report.totals
    return totals.peak_bytes + totals.parameter_bytes + totals.buffer_bytes + 2 * largest


def _layer(facts: LayerFacts, step: Step) -> LayerProof:
    cost = facts.cost
    return LayerProof(
        facts.node,
        Check(say("output shape"), facts.node.output_shape, step.shape),
        Check(say("tensors"), {**facts.held.parameters, **facts.held.buffers}, dict(step.held)),
        Check(say("MACs"), cost.macs, step.mac),
        Check(say("MACs on padding"), cost.macs - cost.macs_without_padding, step.padded_mac),
        sum(prod(shape) for shape in step.held.values()),
        step.seconds,
    )


def prove_fields(report: Report) -> tuple[tuple[UnitProof, ...], tuple[FieldProof, ...]]:
    """Measure what chosen units see: of the last feature map its corners and middle, and the output."""
    graph = report.graph
    facts = report.layer_facts
    wanted: dict[str, list[tuple[str, Shape]]] = {}
    last_map = next((node for node in reversed(graph.nodes) if _is_map(facts[node.name])), None)
    if last_map is not None:
        sizes = last_map.output_shape[1:]
        middle = tuple(size // 2 for size in sizes)
        wanted[last_map.name] = [
            (say("first"), (0,) * len(sizes)),
            (say("interior"), middle),
            (say("last"), tuple(size - 1 for size in sizes)),
        ]
    output = graph.nodes[-1]
    whole = facts[output.name].receptive.fields
    sees_whole = output is not last_map and bool(whole) and all(field.jump == 0 for field in whole)
    if sees_whole:
        wanted[output.name] = [(say("any"), (0,) * max(1, len(output.output_shape) - 1))]
    measured = measure(graph, {name: [position for _, position in units] for name, units in wanted.items()})
    proofs = [
        UnitProof(
            name,
            unit,
            position,
            Check(
                say("input seen"),
                _ends(whole) if name == output.name and sees_whole else window(graph, name, position),
                seen,
            ),
        )
        for name, units in wanted.items()
        for (unit, position), seen in zip(units, measured[name], strict=True)
    ]
    sliding = [node for node in _without_bins(graph) if _is_map(facts[node.name])]
    return tuple(proofs), tuple(_fields(report, sliding[-1].name)) if sliding else ()


def _is_map(facts: LayerFacts) -> bool:
    return not facts.receptive.flat and any(size > 1 for size in facts.node.output_shape[1:])


def _ends(whole: Fields) -> tuple[Interval, ...]:
    """Return the first and last position of fields that are the same for every unit."""
    return tuple((field.start, field.start + field.size - 1) if field.size else None for field in whole)


def _fields(report: Report, name: str) -> Iterator[FieldProof]:
    """Measure size, jump and start on each axis, on an input lengthened along it until two neighbours are unclipped.

    It grows by multiples of the jump, which leaves every layer's windows where they were. An axis where all units see
    the same has no such numbers to measure.
    """
    graph = report.graph
    for axis, field in enumerate(report.layer(name).receptive.fields):
        if not isinstance(field.jump, int) or field.jump == 0:
            continue
        unit = max(0, -(field.start // field.jump))
        end = field.start + (unit + 1) * field.jump + field.size
        own = graph.input_shape[1 + axis]
        length = own + max(0, -((own - end) // field.jump)) * field.jump
        shape = tuple(length if at == 1 + axis else size for at, size in enumerate(graph.input_shape))
        larger = resized(graph, name, shape)
        if larger is None or larger.nodes[-1].output_shape[1 + axis] < unit + 2:
            continue
        line = _line_on_data(larger, name, axis, unit)
        if line is None:
            continue
        places = [(*line[:axis], one, *line[axis + 1 :]) for one in (unit, unit + 1)]
        seen = [windows[axis] for windows in measure(larger, {name: places})[name]]
        measured = _size_jump_start(seen[0], seen[1], unit)
        check = Check(say("receptive field (size, jump, start)"), (field.size, field.jump, field.start), measured)
        yield FieldProof(name, axis, length, check)


def _line_on_data(graph: Graph, name: str, axis: int, unit: int) -> Shape | None:
    """Return a place at `unit` on `axis` whose window meets data on the other axes too, not padding alone."""
    sizes = graph.nodes[-1].output_shape[1:]
    tried = [(size // 2, 0, size - 1) if at != axis else (unit,) for at, size in enumerate(sizes)]
    return next((place for place in product(*tried) if None not in window(graph, name, place)), None)


def _without_bins(graph: Graph) -> list[Node]:
    """Return the nodes that only sliding windows lead to: adaptive pooling's bins change with the size of the input."""
    binned: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.layer, BinPool) or binned.intersection(node.inputs):
            binned.add(node.name)
    return [node for node in graph.nodes if node.name not in binned]


def _size_jump_start(seen: Interval, beside: Interval, unit: int) -> tuple[int, int, int] | None:
    if seen is None or beside is None:
        return None
    jump = beside[0] - seen[0]
    return seen[1] - seen[0] + 1, jump, seen[0] - unit * jump


def describe(check: Check) -> str:
    """Return a check's two sides in words."""
    return say(
        "{what}: static {static}, executed {executed}",
        what=check.what,
        static=_text(check.static),
        executed=_text(check.executed),
    )


def _text(value: object) -> str:
    return number(value) if isinstance(value, int) else str(value)
