"""The report against execution: every number the static passes state, next to what running the network showed.

float32 runs on the fast engine, which shows shapes, tensors and memory; `verify` adds what only the definitions show:
multiply-adds, receptive fields, and how far each result is from theirs. float64 runs by the definitions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cnncalc.analysis.report import Report, analyze
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.compiled import Engine
from cnncalc.engine.matching import match
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.other_shape import other_network, other_sizes, rearranged
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.executors import cores
from cnncalc.graph import Graph, check_network
from cnncalc.text import say, shape_text
from cnncalc.verify.proof import Array, Proof
from cnncalc.verify.watch import Silence, Watch

__all__ = ["RUN_DTYPES", "Proof", "needed_bytes", "run"]

RUN_DTYPES = ("float32", "float64")


def run(
    network: Graph,
    *,
    x: npt.ArrayLike | None = None,
    weights: Mapping[str, Array] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    seed: int = 0,
    verify: bool = False,
    threads: int | None = None,
    repeat: int | None = None,
    profile: bool = False,
    on_output: Callable[[str, Array], None] | None = None,
    watch: Watch | None = None,
) -> Proof:
    """Execute a network and compare facts with the report: float32 on the fast engine, float64 by the definitions.

    `x` (N, *input_shape), or one input without N, and `weights` {full name: array} stand for seeded random ones (see
    `engine.tensors`). `verify`: run the definitions too, in float64, and compare everything. `threads`: the cores this
    process may use unless given. `repeat`: how many runs are timed, after one that is not; unless given, a few where
    they are short, else the first. `profile`: time each layer.
    `on_output(name, array)` is given what each layer computes; for that, layers are run apart from each other.
    Raises CnncalcError for what does not fit the network, and, before anything is allocated, where the run would not
    fit into memory.
    """
    check_network(network)
    _check(dtype, seed, threads, repeat)
    watch = watch or Silence()
    given = None if x is None else _batched(network, x, dtype)
    report = analyze(network, batch=batch if given is None else given.shape[0], dtype=dtype)
    exact = analyze(network, batch=report.batch, dtype="float64") if verify and dtype == "float32" else None
    refuse_if_too_large(needed_bytes(report) + (needed_bytes(exact) if exact else 0))
    held = random_weights(network, seed, dtype) if weights is None else match(network, weights, dtype).weights
    if given is None:
        given = random_input(network, batch, seed, dtype)
    if dtype == "float64":
        return _by_definition(report, given, held, on_output, watch)
    from cnncalc.verify.fast import run_engine, save_all, verified

    watch.stage("pack")
    apart = on_output is not None
    with Engine(
        network,
        held,
        report.batch,
        threads or cores(),
        fused=not apart,
        keep=apart or verify,
        on_compile=watch.compiling,
    ) as engine:
        watch.stage("run")
        proof = run_engine(engine, report, given, apart=apart, repeat=repeat, profile=profile)
        if on_output:
            save_all(engine, report, on_output)
        return verified(proof, engine, exact, given, held, watch) if exact else proof


def _by_definition(
    report: Report,
    given: Array,
    weights: Mapping[str, Array],
    on_output: Callable[[str, Array], None] | None,
    watch: Watch,
) -> Proof:
    from cnncalc.verify.definition import prove

    def done(step: Any, output: Array) -> None:
        watch.after(step)
        if on_output:
            on_output(step.node.name, output)

    return prove(report, given, weights, before=watch.before, after=done)


def _check(dtype: str, seed: int, threads: int | None, repeat: int | None) -> None:
    """Raise CnncalcError for numbers out of range."""
    if dtype not in RUN_DTYPES:
        known = say("there are {names}", names=", ".join(RUN_DTYPES))
        raise CnncalcError([Diagnostic("E222", say("a run cannot compute in {dtype}", dtype=dtype), help=known)])
    if seed < 0:
        raise CnncalcError([Diagnostic("E222", say("seed must be 0 or more, got {seed}", seed=seed))])
    if threads is not None and threads < 1:
        raise CnncalcError([Diagnostic("E771", say("threads must be 1 or more, got {threads}", threads=threads))])
    if repeat is not None and repeat < 1:
        raise CnncalcError([Diagnostic("E222", say("repeat must be 1 or more, got {repeat}", repeat=repeat))])


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
            got=shape_text(array.shape) or say("a single number"),
            wanted=shape_text(network.input_shape),
        )
        sizes = other_sizes(array.shape, network.input_shape)
        help = rearranged(array.shape, network.input_shape) or (other_network(sizes) if sizes else "")
        raise CnncalcError([Diagnostic("E605", message, help=help)])
    return array


def needed_bytes(report: Report) -> int:
    """Return the bytes a run takes: the activations' peak, weights, and the padded copy that a convolution reads."""
    largest = max(facts.activation_bytes for facts in report.layers)
    totals = report.totals
    return totals.peak_bytes + totals.parameter_bytes + totals.buffer_bytes + 2 * largest
