"""What a lighter network does to the output: both networks run on the same input, and the outputs are compared.

Quantized, it is simulated in floating point, as torch's fake quantization does: weights are rounded and restored, and
so are the input and each layer's output right after the layer, with the range seen in this very run. Layers are not
fused, so this is a little worse than what an integer kernel that fuses them gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log10, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.analysis.memory import BITS
from cnncalc.analysis.report import analyze
from cnncalc.engine.matching import match
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.run import Step, execute
from cnncalc.graph import Graph, Node
from cnncalc.lighter import Lightened, Wishes, lighten
from cnncalc.lighter.rules import RULES
from cnncalc.verify import Proof, needed_bytes
from cnncalc.verify.definition import prove
from cnncalc.verify.lighter_weights import filter_norms, lighter_weights, round_activation, taken

Array = npt.NDArray[Any]
Before = Callable[[Node], None]
After = Callable[[Step, Array], None]


class Changed(NamedTuple):
    """A weight that is not as it was: the L2 norm of the difference over that of the weight, channels cut apart."""

    name: str
    error: float


class Effect(NamedTuple):
    """The lighter network's output beside the original's, on the channels that both have.

    `largest_error`, `mean_error`: of the absolute difference, as a share of the largest magnitude in the original
    output. `cosine`: of the angle between both, all inputs together; None where one is all zero. `agreeing` of `tops`:
    how many times the same class is largest, for each input (of a map: each position). `noise_ratio`: ten times the
    decimal logarithm of the original's sum of squares over the difference's, in decibels; None where there is no
    difference. `zeros` of `weights`: elements that are zero among those that are multiplied. `most_changed`: the weight
    that differs most from the original's, None where all are as they were.
    """

    lightened: Lightened
    proof: Proof
    largest_error: float
    mean_error: float
    cosine: float | None
    agreeing: int
    tops: int
    noise_ratio: float | None
    zeros: int
    weights: int
    most_changed: Changed | None


class Prepared(NamedTuple):
    """A network made lighter with weights of its own; `weights` of both by full name."""

    graph: Graph
    lightened: Lightened
    original_weights: Mapping[str, Array]
    weights: dict[str, Array]


def prepare(graph: Graph, wishes: Wishes, weights: Mapping[str, Array], *, batch: int, dtype: str) -> Prepared:
    """Make a network lighter, cutting the channels whose filters have the smallest L1 norms.

    Raises CnncalcError as `lighten` does, and E401 where both networks would not fit into memory.
    """
    lightened = lighten(graph, wishes, batch=batch, dtype=dtype, norms=filter_norms(graph, weights))
    refuse_if_too_large(needed_bytes(lightened.original) + needed_bytes(lightened.report))
    return Prepared(graph, lightened, weights, lighter_weights(graph, lightened, weights))


def run_original(prepared: Prepared, x: Array, *, before: Before | None = None, after: After | None = None) -> Array:
    """Return the original network's output on `x`."""
    done = execute(prepared.graph, x, prepared.original_weights, before_step=before, after_step=after)
    return done.outputs[prepared.graph.nodes[-1].name]


def run_lighter(prepared: Prepared, x: Array, *, before: Before | None = None, after: After | None = None) -> Proof:
    """Run the lighter network on `x` and prove its facts; activations are rounded where it is quantized."""
    wishes, report = prepared.lightened.wishes, prepared.lightened.report
    bits = BITS[wishes.quantize] if wishes.quantize else 0
    if bits:
        x = np.array(x)
        round_activation(x, bits)

    def done(step: Step, output: Array) -> None:
        if bits:
            round_activation(output, bits)
        if after:
            after(step, output)

    dtype = str(x.dtype)
    weights = match(report.graph, prepared.weights, dtype).weights
    simulated = analyze(report.graph, batch=x.shape[0], dtype=dtype)
    return prove(simulated, x, weights, before=before, after=done)


def effect(prepared: Prepared, original: Array, proof: Proof) -> Effect:
    """Compare the lighter network's output with the `original` one."""
    lightened = prepared.lightened
    kept = lightened.kept[prepared.graph.nodes[-1].name]
    before: Array = np.take(original, kept, axis=1).astype(np.float64)
    after = proof.output.astype(np.float64)
    difference: Array = np.abs(after - before)
    largest = float(np.abs(before).max())
    signal, noise = float((before**2).sum()), float((difference**2).sum())
    power = signal * float((after**2).sum())
    same = np.argmax(before, axis=1) == np.argmax(after, axis=1)
    multiplied = [
        prepared.weights[f"{node.name}.weight"] for node in prepared.graph.executed if RULES[node.type].multiplies
    ]
    return Effect(
        lightened=lightened,
        proof=proof,
        largest_error=float(difference.max()) / (largest or 1),
        mean_error=float(difference.mean()) / (largest or 1),
        cosine=float((before * after).sum()) / sqrt(power) if power else None,
        agreeing=int(same.sum()),
        tops=int(same.size),
        noise_ratio=10 * log10(signal / noise) if noise and signal else None,
        zeros=sum(int(np.count_nonzero(weight == 0)) for weight in multiplied),
        weights=sum(weight.size for weight in multiplied),
        most_changed=_most_changed(prepared),
    )


def _most_changed(prepared: Prepared) -> Changed | None:
    """Return the weight that differs most from what channel pruning alone would have left of it."""
    found: list[Changed] = []
    kept = prepared.lightened.kept
    for node in prepared.graph.executed:
        rule = RULES[node.type]
        name = f"{node.name}.weight"
        if rule.multiplies:
            parts = rule.parts(node, "weight", [kept[one] for one in node.inputs], kept[node.name])
            before = taken(prepared.original_weights[name], parts).astype(np.float64)
            size = float(np.linalg.norm(before))
            error = float(np.linalg.norm(before - prepared.weights[name]))
            found.append(Changed(name, error / (size or 1)))
    most = max(found, key=lambda one: one.error, default=None)
    return most if most and most.error else None
