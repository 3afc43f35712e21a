"""The whole proof, by the definitions: shapes, tensors, multiply-adds, receptive fields and memory, as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.engine.reference.operation import Array
from cnncalc.engine.run import Step, execute
from cnncalc.graph import Node
from cnncalc.verify.checks import Check, LayerProof, tensors_check
from cnncalc.verify.proof import Proof
from cnncalc.verify.receptive import prove_fields


def prove(
    report: Report,
    given: Array,
    weights: Mapping[str, Array],
    *,
    before: Callable[[Node], None] | None = None,
    after: Callable[[Step, Array], None] | None = None,
) -> Proof:
    """Run the definitions on `given` (N, *input_shape), in the dtype it has, and compare all facts with the report."""
    execution = execute(report.graph, given, weights, before_step=before, after_step=after)
    facts = report.layer_facts
    layers = tuple(_layer(facts[step.node.name], step) for step in execution.steps)
    units, fields = prove_fields(report)
    peak = Check("peak memory", report.totals.peak_bytes, execution.peak_bytes)
    seconds = sum(step.seconds for step in execution.steps)
    return Proof(report, layers, units, fields, peak, execution.outputs, seconds)


def _layer(facts: LayerFacts, step: Step) -> LayerProof:
    cost = facts.cost
    return LayerProof(
        facts.node,
        Check("output shape", facts.node.output_shape, step.shape),
        tensors_check(facts, dict(step.held)),
        Check("MACs", cost.macs, step.mac),
        Check("MACs on padding", cost.macs - cost.macs_without_padding, step.padded_mac),
        sum(prod(shape) for shape in step.held.values()),
        step.seconds,
    )
