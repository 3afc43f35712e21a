"""The report against execution: every number the static passes state, next to what running the network showed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.analysis.report import LayerFacts, Report, analyze
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.matching import match
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.run import Step, execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.graph import Graph, Node
from cnncalc.text import say, shape_text
from cnncalc.verify.checks import Check, FieldProof, LayerProof, UnitProof
from cnncalc.verify.receptive import prove_fields

Array = npt.NDArray[Any]

RUN_DTYPES = ("float32", "float64")


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
    peak = Check("peak memory", report.totals.peak_bytes, execution.peak_bytes)
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
        Check("output shape", facts.node.output_shape, step.shape),
        Check("tensors", {**facts.held.parameters, **facts.held.buffers}, dict(step.held)),
        Check("MACs", cost.macs, step.mac),
        Check("MACs on padding", cost.macs - cost.macs_without_padding, step.padded_mac),
        sum(prod(shape) for shape in step.held.values()),
        step.seconds,
    )
