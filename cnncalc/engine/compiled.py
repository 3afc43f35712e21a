"""A network compiled for inputs of one batch size: what runs it, and what it tells of itself."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.desk import Desk, Turns
from cnncalc.engine.machine import Machine
from cnncalc.engine.matching import match
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.native import OnCompile, compile_all
from cnncalc.engine.other_shape import other_network, other_sizes, reshaped, transposed
from cnncalc.engine.plan.arrays import read
from cnncalc.engine.plan.assemble import GUARD, Program, assemble, lay_out
from cnncalc.engine.plan.fallback import Fallback
from cnncalc.engine.plan.flattened import Flattened
from cnncalc.engine.plan.operation import Array, Operation, Step
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.value import Value
from cnncalc.engine.target import target
from cnncalc.engine.tensors import random_weights, tensor_shapes
from cnncalc.executors import cores
from cnncalc.graph import Graph, check_network
from cnncalc.text import say, shape_text

CHECKED = "CNNCALC_ENGINE_CHECKED"
"""An environment variable; 1 puts guard zones round every buffer and looks at them after every run."""
FLOAT32 = np.dtype(np.float32)
TINY = 2_000_000
"""Multiply-adds below which a second thread costs more than it does."""


class LayerProfile(NamedTuple):
    """What one operation of the plan took. `covers`: the nodes whose work it does; `kind`: how it is done.

    `seconds` is the median over the runs, `macs` are the definition's, for the whole batch, and `nbytes` what it reads
    and writes once. `peak`: the most multiply-adds a second that the threads reached that ran it, measured.
    """

    name: str
    covers: tuple[str, ...]
    kind: str
    seconds: float
    macs: int
    nbytes: int
    peak: float

    @property
    def share_of_peak(self) -> float:
        """Multiply-adds a second, as a share of the most this machine can do; Winograd makes fewer, and may pass 1."""
        return self.gmacs * 1e9 / self.peak

    @property
    def gmacs(self) -> float:
        """Billions of multiply-adds a second."""
        return self.macs / self.seconds / 1e9 if self.seconds else 0.0


class Engine:
    """Call it with an array (batch, *input_shape) and it returns the network's output (batch, *output_shape).

    It holds memory and threads until it is closed or let go of. Calls from several Python threads wait for each other.

    The same input gives the same bits in every run and for any number of threads, since how the work is cut depends on
    the network, the batch and the processor alone; another of these may round differently. Where the definition gives
    NaN or an infinity, so does the engine, or NaN. Such numbers may also spread to elements nearby, and to channels of
    other groups, where they meet zeros that stand for "not part of this sum".
    """

    def __init__(
        self,
        network: Graph,
        weights: Mapping[str, Array],
        batch: int,
        threads: int,
        *,
        fused: bool = True,
        keep: bool = False,
        on_compile: OnCompile | None = None,
    ) -> None:
        self.network = network
        self.weights = weights
        self.batch = batch
        self.plan = plan(network, weights, batch, fused=fused, keep=keep)
        kept = [_held(value) for value in self.plan.results.values()] if keep else []
        self.checked = os.environ.get(CHECKED, "") not in ("", "0")
        self.threads = threads if sum(operation.macs for operation in self.plan.operations) > TINY else 1
        layout = lay_out(self.plan.operations, kept, checked=self.checked)
        refuse_if_too_large(layout.arena_bytes + self.threads * layout.scratch_bytes + layout.constant_bytes)
        self._program = assemble(layout)
        compile_all([step.kernel for phase in self._program.phases for step in phase], on_compile)
        self._machine = Machine(self._program.phases, threads=self.threads, scratch_bytes=layout.scratch_bytes)
        self._segments = _segments(self._program)
        self._guards = self._program.guards
        self._input_shape = (batch, *network.input_shape)
        self._main = network.outputs[0]
        self._desk = Desk(self.plan, self._input_shape)
        self._turns = Turns()

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the network's output (batch, *output_shape). Raises CnncalcError where `x` is of another shape."""
        return self.run(x)[self._main]

    def run(self, x: npt.ArrayLike) -> dict[str, Array]:
        """Return every output of the network by its node's name, the main one first."""
        given = self._checked_input(x)
        with self._turns.lock():
            self._desk.take(given)
            for first, last, calls in self._segments:
                if first < last:
                    self._machine.run(first, last)
                for fallback in calls:
                    fallback.call(self._program.memory, self._program.arena)
            if self._guards:
                self._check_guards()
            return self._desk.give()

    def _checked_input(self, x: npt.ArrayLike) -> Array:
        if type(x) is np.ndarray and x.dtype == FLOAT32 and x.shape == self._input_shape:
            return x  # nothing is to be done, and asking more would take as long as a small layer
        try:
            if np.iscomplexobj(x):
                raise TypeError(say("it is complex"))
            given: Array = np.asarray(x, np.float32)
        except (TypeError, ValueError) as error:
            message = say("the input is not an array of numbers: {error}", error=error)
            raise CnncalcError([Diagnostic("E605", message)]) from None
        if given.shape != self._input_shape:
            message = say(
                "the input is {got}, and the engine was compiled for {wanted}",
                got=shape_text(given.shape) or say("a single number"),
                wanted=shape_text(self._input_shape),
            )
            raise CnncalcError([Diagnostic("E770", message, help=_way_out(given.shape, self._input_shape))])
        return given

    def _check_guards(self) -> None:
        for owner, first, last in self._guards:
            zone: Any = self._program.arena[first:last]
            if (zone.view(np.uint32) != GUARD).any():
                raise AssertionError(f"a kernel wrote outside of {owner}")

    def result(self, name: str) -> Array | None:
        """Return what a node computed in the last run, (batch, *shape); None where its work is part of a later node's.

        Only of an engine made with `keep`, others use the same memory again.
        """
        value = self.plan.results.get(name)
        if value is None:
            return None
        return np.reshape(read(_held(value), self._program.memory, self._program.arena), (value.batch, *value.shape))

    @property
    def arena_bytes(self) -> int:
        """Bytes for all activations."""
        return self._program.layout.arena_bytes

    @property
    def predicted_bytes(self) -> int:
        """The most bytes of activations alive at once in this layout, which no arena can undercut."""
        return self._program.layout.predicted_bytes

    @property
    def constant_bytes(self) -> int:
        """Bytes of packed weights and tables."""
        return self._program.memory.constant_bytes

    @property
    def target(self) -> str:
        """The instruction set it is compiled for."""
        return target().name

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """The nodes that run on the reference kernel, since no fast one covers them."""
        return tuple(fallback.name for fallback in self.plan.fallbacks)

    def profile(self, x: npt.ArrayLike | None = None, repeats: int = 10) -> list[LayerProfile]:
        """Time each operation on its own, with all threads, on `x` (zeros unless given); in the order they run."""
        from cnncalc.engine.peak import peak

        if repeats < 1:
            raise CnncalcError([Diagnostic("E771", say("repeats must be 1 or more, got {repeats}", repeats=repeats))])
        given = self._checked_input(np.zeros(self._input_shape) if x is None else x)
        with self._turns.lock():
            return self._profile(given, repeats, peak(self.threads))

    def _profile(self, given: Array, repeats: int, most: float) -> list[LayerProfile]:
        self._desk.take(given)
        seconds: dict[Operation, list[float]] = {operation: [] for operation in self.plan.operations}
        alone, labels = _one_by_one(self._program)
        machine = Machine(alone, threads=self.threads, scratch_bytes=self._program.layout.scratch_bytes)
        for _ in range(repeats):
            spent = dict.fromkeys(self.plan.operations, 0.0)
            for at, operation in enumerate(labels):
                start = time.perf_counter()
                machine.run(at, at + 1)
                if isinstance(operation, Fallback):
                    operation.call(self._program.memory, self._program.arena)
                spent[operation] += time.perf_counter() - start
            for operation, taken in spent.items():
                seconds[operation].append(taken)
        machine.close()
        self._desk.give()
        return [_profiled(operation, seconds[operation], most) for operation in self.plan.operations]

    def close(self) -> None:
        """End the threads; a later call starts new ones. Memory is given back when the engine is let go of."""
        self._machine.close()

    def __repr__(self) -> str:
        shape = shape_text(self._input_shape)
        return f"<Engine {self.network.name!r}: input {shape}, threads {self.threads}, {self.target}>"

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def compile(
    network: Graph,
    *,
    weights: Mapping[str, Any] | None = None,
    batch: int = 1,
    threads: int | None = None,
    seed: int = 0,
    on_compile: OnCompile | None = None,
) -> Engine:
    """Compile a network for inputs (batch, *input_shape) of float32.

    `weights` {full name: array} stand for seeded random ones (see `engine.tensors`). `threads`: the cores this process
    may use unless given; a tiny network runs on one. Raises CnncalcError where weights do not fit the network, and
    before anything is allocated where it would not fit into memory.
    """
    check_network(network)
    if batch < 1:
        raise CnncalcError([Diagnostic("E771", say("batch must be 1 or more, got {batch}", batch=batch))])
    if threads is not None and threads < 1:
        raise CnncalcError([Diagnostic("E771", say("threads must be 1 or more, got {threads}", threads=threads))])
    refuse_if_too_large(4 * sum(prod(shape) for shape in tensor_shapes(network).values()))
    held = random_weights(network, seed) if weights is None else match(network, weights, "float32").weights
    return Engine(network, held, batch, threads or cores(), on_compile=on_compile)


def _way_out(got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Say what to do about an input of another shape."""
    if got == wanted[1:]:
        return say("the batch is its first axis: x[None] has one")
    if got[1:] == wanted[1:]:
        return say("compile it for another batch")
    turned = reshaped(got, wanted) or transposed(got, wanted[1:])
    if turned:
        return turned
    sizes = other_sizes(got, wanted[1:])
    return other_network(sizes) if sizes else say("the first axis is the batch, the others are the network's input")


def _segments(program: Program) -> list[tuple[int, int, list[Fallback]]]:
    """Return ranges of phases that run without Python, each with what Python runs after it."""
    found: list[tuple[int, int, list[Fallback]]] = []
    start = 0
    for phase, calls in sorted(program.calls.items()):
        found.append((start, phase, calls))
        start = phase
    return [*found, (start, len(program.phases), [])]


def _one_by_one(program: Program) -> tuple[list[list[Step]], list[Operation]]:
    """Return the steps with a phase for each operation's, and whose they are. Margins go with the phase's first."""
    phases: list[list[Step]] = []
    owners: list[Operation] = []
    for number, (phase, labels) in enumerate(zip(program.phases, program.labels, strict=True)):
        groups: dict[Operation, list[Step]] = {call: [] for call in program.calls.get(number, [])}
        margins = [step for step, label in zip(phase, labels, strict=True) if label is None]
        for step, label in zip(phase, labels, strict=True):
            if label is not None:
                groups.setdefault(label, []).append(step)
        for owner, steps in groups.items():
            phases.append([*margins, *steps])
            owners.append(owner)
            margins = []
    return phases, owners


def _held(value: Value) -> Value:
    """Return the value that is in memory: of a vector that is still a map, the map."""
    return value.map if isinstance(value, Flattened) else value


def _profiled(operation: Operation, seconds: list[float], peak: float) -> LayerProfile:
    middle = sorted(seconds)[len(seconds) // 2]
    nbytes = sum(value.nbytes for value in (*operation.reads, operation.output)) + operation.constant_bytes()
    kind = type(operation).__name__
    return LayerProfile(operation.name, operation.covers, kind, middle, operation.macs, nbytes, peak)
