"""What a run of the fast engine shows, and its results beside those of the definitions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.engine.compiled import Engine
from cnncalc.engine.plan.plan import Plan
from cnncalc.engine.plan.shapes import executed_shapes
from cnncalc.graph import Graph
from cnncalc.text import Shape
from cnncalc.verify.checks import Check, EngineRun, LayerProof, Ran, tensors_check
from cnncalc.verify.finite import Compared, compared, is_finite, not_finite
from cnncalc.verify.proof import Array, Proof

if TYPE_CHECKING:
    from cnncalc.engine.run import Step
    from cnncalc.verify.watch import Watch

LAYER_BOUND = 1e-4
"""How much of a layer's largest number a result may differ from the definition's."""
OUTPUT_BOUND = 1e-5
"""The same for the network's output, unless float32 cannot be that exact."""
ROUNDING = 4
"""How many times the error of the definitions in float32 is allowed where that is much, of a layer or of the output."""
NOT_COMPARED = Compared(None, 0)
LONG = 0.1
"""Seconds of a run that need not be repeated to be told."""
FEW = 3
"""Runs that are timed of a shorter one."""


def run_engine(
    engine: Engine, report: Report, given: Array, *, apart: bool, repeat: int | None, profile: bool
) -> Proof:
    """Run a network on the fast engine, once and then `repeat` times for the clock; check shapes, tensors and memory.

    Unless it is said how often, the first run's time counts where it was long, and three more are timed where not.
    A plan whose shapes are not those of the report is not run, as it would read and write beside its memory: the
    outputs are the definition's then.
    """
    seconds: list[float] = []
    if not _fits(_layers(engine.plan, report)):
        from cnncalc.engine.run import execute

        start = time.perf_counter()
        outputs = execute(report.graph, given, engine.weights).outputs
        seconds.append(time.perf_counter() - start)
    else:
        outputs, first = _timed(engine, given)
        times = repeat if repeat is not None else 0 if first > LONG else FEW
        for _ in range(times):
            outputs, spent = _timed(engine, given)
            seconds.append(spent)
        seconds = seconds or [first]
    least, taken = engine.predicted_bytes, engine.arena_bytes
    ran = EngineRun(
        engine.threads,
        engine.target,
        tuple(seconds),
        Check("memory of the plan", least, taken, within=taken >= least),
        engine.constant_bytes,
        engine.fallbacks,
        engine.checked,
        apart,
        tuple(engine.profile(given)) if profile else (),
    )
    return Proof(report, _layers(engine.plan, report), (), (), None, outputs, ran.median, ran)


def _fits(layers: Sequence[LayerProof]) -> bool:
    """Whether the plan's shapes are the report's, so that it can be run."""
    return all(layer.shape is None or layer.shape.agrees for layer in layers)


def _timed(engine: Engine, given: Array) -> tuple[dict[str, Array], float]:
    start = time.perf_counter()
    outputs = engine.run(given)
    return outputs, time.perf_counter() - start


def verified(
    proof: Proof, engine: Engine, exact: Report, given: Array, weights: Mapping[str, Array], watch: Watch
) -> Proof:
    """Add to a run of the fast engine all that the definitions prove, in float64, and how far each result is from it.

    `exact`: the report for float64. The engine still holds what it computed on `given`.
    """
    from cnncalc.verify.definition import prove

    errors: dict[str, Compared] = {}
    far: dict[str, Array] = {}
    was_run = _fits(proof.layers)
    spoiled = [found.name for found in islice(not_finite(given, weights), 1)]

    def compare(step: Step, output: Array) -> None:
        if not spoiled and not is_finite(output):
            spoiled.append(step.node.name)
        found = engine.result(step.node.name) if was_run else None
        if found is not None:
            error = errors[step.node.name] = compared(found, output, LAYER_BOUND, spoiled=bool(spoiled))
            if not _near(error):
                far[step.node.name] = output
        watch.after(step)

    doubles = {name: array.astype(np.float64) for name, array in weights.items()}
    defined = prove(exact, given.astype(np.float64), doubles, before=watch.before, after=compare)
    whole = compared(proof.output, defined.output, OUTPUT_BOUND, spoiled=bool(spoiled)) if was_run else NOT_COMPARED
    if not _near(whole):
        far[exact.graph.outputs[0]] = defined.output
    rounding = _rounding(exact.graph, given, weights, far)
    whole = _allowing(whole, rounding.get(exact.graph.outputs[0], 0.0))
    errors = {name: _allowing(error, rounding.get(name, 0.0)) for name, error in errors.items()}
    layers = tuple(
        _joined(fast, slow, errors.get(fast.node.name, NOT_COMPARED))
        for fast, slow in zip(proof.layers, defined.layers, strict=True)
    )
    return proof._replace(
        layers=layers,
        units=defined.units,
        fields=defined.fields,
        peak=defined.peak,
        error=whole.check,
        spread=whole.spread,
        spoiled_by=spoiled[0] if spoiled else "",
    )


def _joined(fast: LayerProof, slow: LayerProof, error: Compared) -> LayerProof:
    """Put both runs of a layer together; where they differ in what both show, the one that disagrees is told."""
    shape = fast.shape if fast.shape and not fast.shape.agrees else slow.shape
    tensors = slow.tensors if fast.tensors.agrees else fast.tensors
    return fast._replace(
        shape=shape,
        tensors=tensors,
        macs=slow.macs,
        padded_macs=slow.padded_macs,
        error=error.check,
        spread=error.spread,
    )


def _near(error: Compared) -> bool:
    return error.check is None or error.check.agrees


def _rounding(graph: Graph, given: Array, weights: Mapping[str, Array], far: Mapping[str, Array]) -> dict[str, float]:
    """Return how far off float32 is by the definitions themselves, of the nodes in `far`: their results in float64.

    Where a clamp bounds what would be large, or sums cancel, rounding is a larger share of what is left.
    """
    found: dict[str, float] = {}

    def measure(step: Step, output: Array) -> None:
        if step.node.name in far:
            check = compared(output, far[step.node.name], 0.0, spoiled=True).check
            found[step.node.name] = _numbers(check)[1] if check else 0.0

    if far:
        from cnncalc.engine.run import execute

        execute(graph, given, weights, after_step=measure)
    return found


def _allowing(error: Compared, rounding: float) -> Compared:
    """Allow for so much rounding, where what is allowed anyway does not do."""
    if error.check is None or error.check.agrees:
        return error
    bound, executed = _numbers(error.check)
    bound = max(bound, ROUNDING * rounding)
    return error._replace(check=error.check._replace(static=bound, within=executed <= bound))


def _numbers(check: Check) -> tuple[float, float]:
    bound: Any = check.static
    executed: Any = check.executed
    return bound, executed


def _layers(plan: Plan, report: Report) -> tuple[LayerProof, ...]:
    shapes, ran = executed_shapes(plan), _ran(plan)
    facts = report.layer_facts
    fallbacks = {operation.name: operation for operation in plan.fallbacks}
    return tuple(
        _layer(
            facts[node.name],
            shapes.get(node.name),
            fallbacks[node.name].taken if node.name in fallbacks else plan.taken.get(node.name, {}),
            ran.get(node.name, Ran()),
        )
        for node in report.graph.executed
    )


def _layer(facts: LayerFacts, shape: Shape | None, held: dict[str, Shape], ran: Ran) -> LayerProof:
    return LayerProof(
        facts.node,
        None if shape is None else Check("output shape", facts.node.output_shape, shape),
        tensors_check(facts, held),
        None,
        None,
        sum(prod(one) for one in held.values()),
        None,
        ran,
    )


def _ran(plan: Plan) -> dict[str, Ran]:
    """Return how each node was run; those that are not in it needed nothing to be done."""
    found: dict[str, Ran] = {}
    ends = {plan.entry, *plan.exits.values()}
    for operation in plan.operations:
        if operation not in ends:
            *parts, last = operation.covers
            found |= {name: Ran(within=last) for name in parts}
            found[last] = Ran(type(operation).__name__)
    return found


def save_all(engine: Engine, report: Report, on_output: Callable[[str, Array], None]) -> None:
    """Hand over what each layer computed in the last run, in order."""
    for node in report.graph.executed:
        found = engine.result(node.name)
        assert found is not None, f"{node.name} has no result of its own"
        on_output(node.name, found)
