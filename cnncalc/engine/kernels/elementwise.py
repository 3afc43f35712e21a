"""Operations that treat each element alone: activations, a scale and shift a channel, sums and products.

They have one kernel, elementwise_kernel.py, compiled for the function each needs. Most of what a network has of them is
fused into convolutions; these passes over memory are for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.kernels import activations as of
from cnncalc.engine.kernels.elementwise_kernel import (
    ALL,
    ONE,
    ROW,
    STRIDES,
    added,
    elementwise,
    multiplied,
    scale_shift,
    scale_shift_add,
    unchanged,
)
from cnncalc.engine.native import Native, row
from cnncalc.engine.plan.convolving import Finish
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES

NO_BOUNDS = (-np.inf, np.inf)


class Kind(NamedTuple):
    """A function of one element, how many parameters it has, and about how many multiply-adds it is worth."""

    function: Callable[..., Any]
    parameters: int = 0
    cost: int = 40


PASS_COST = 10
"""About how many multiply-adds reading and writing an element is worth."""
KINDS: dict[str, Kind] = {
    "clamp": Kind(unchanged, 0, PASS_COST),
    "leaky_relu": Kind(of.leaky_relu, 1, PASS_COST),
    "hardswish": Kind(of.hardswish, 0, PASS_COST),
    "hardsigmoid": Kind(of.hardsigmoid, 0, PASS_COST),
    "elu": Kind(of.elu, 1),
    "silu": Kind(of.silu),
    "gelu": Kind(of.gelu),
    "gelu_tanh": Kind(of.gelu_tanh),
    "sigmoid": Kind(of.sigmoid),
    "tanh": Kind(of.tanh),
    "mish": Kind(of.mish),
    "softplus": Kind(of.softplus_of, 2),
}
"""What an Activation may be."""
PAIRS: dict[str, Callable[..., Any]] = {"add": added, "multiply": multiplied}
"""What a Combine may be."""


def _pairs(kind: Kind) -> bool:
    """Whether a function takes so long that two pixels of few channels had better share a vector."""
    return kind.parameters == 0 and kind.cost > PASS_COST


def variants() -> list[Native]:
    """Return all kernels of this file."""
    kernels = [elementwise(kind.function, 1, kind.parameters) for kind in KINDS.values()]
    kernels += [elementwise(kind.function, 1, 0, pixels=2) for kind in KINDS.values() if _pairs(kind)]
    kernels += [elementwise(scale_shift, 1, 2), elementwise(scale_shift_add, 2, 2)]
    return kernels + [elementwise(function, 2, 0, lanes) for function in PAIRS.values() for lanes in (ALL, ONE)]


class Activation(Operation):
    """y = function(x, *parameters), then held between two bounds; `kind` is a key of KINDS.

    Each parameter is one number, or one a channel: slope, alpha, (beta, threshold). `output` may be `x`.
    """

    def __init__(
        self,
        name: str,
        x: Value,
        output: Value,
        kind: str,
        parameters: Sequence[float | Array] = (),
        bounds: tuple[float, float] = NO_BOUNDS,
    ) -> None:
        super().__init__(name, [x], output)
        self.kind = kind
        self.parameters = tuple(parameters)
        self.bounds = bounds

    @property
    def clamp(self) -> tuple[float, float] | None:
        """The bounds, where they are all there is to it."""
        return self.bounds if self.kind == "clamp" else None

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        function, count, cost = KINDS[self.kind]
        pixels = 2 if _pairs(KINDS[self.kind]) and self.output.channels <= LANES // 2 else 1
        kernel = elementwise(function, 1, count, pixels=pixels)
        operands = [memory.place(self.inputs[0])] * 2
        finish = Finish(*self.bounds)
        return [[_step(kernel, memory, self.output, operands, finish, cost, self.parameters)]]


class ScaleShift(Operation):
    """y = min(max(x * scale[c] + shift[c] + residual, low), high), scale and shift (channels,). `output` may be `x`."""

    def __init__(
        self, name: str, x: Value, output: Value, scale: Array, shift: Array, finish: Finish | None = None
    ) -> None:
        super().__init__(name, [x], output)
        self.scale = scale
        self.shift = shift
        self.finish = finish or Finish()

    @property
    def reads(self) -> tuple[Value, ...]:
        """The input, and the residual."""
        return self.inputs if self.finish.residual is None else (*self.inputs, self.finish.residual)

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        beside = self.finish.residual
        kernel = elementwise(scale_shift_add, 2, 2) if beside else elementwise(scale_shift, 1, 2)
        operands = [memory.place(self.inputs[0]), memory.place(beside or self.inputs[0])]
        parameters = (self.scale, self.shift)
        return [[_step(kernel, memory, self.output, operands, self.finish, PASS_COST, parameters)]]


class Combine(Operation):
    """The sum or the product of two or more inputs, held between two bounds; `kind` is a key of PAIRS.

    An input's size of 1 is stretched to the output's. Of three inputs, the first two are joined in a first stage, and
    the third to their result in a second.
    """

    def __init__(
        self, name: str, inputs: Sequence[Value], output: Value, kind: str, finish: Finish | None = None
    ) -> None:
        super().__init__(name, inputs, output)
        self.kind = kind
        self.finish = finish or Finish()
        self.stages = len(inputs) - 1

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return a step a stage."""
        # One with all channels comes first: only the second operand's one channel can be stretched to all lanes.
        first, *others = sorted(self.inputs, key=lambda value: -value.channels)
        found: list[list[Step]] = []
        for other in others:
            stretches = other.channels < self.output.channels
            kernel = elementwise(PAIRS[self.kind], 2, 0, ONE if stretches else ALL)
            operands = [_stretched(memory.place(value), value, self.output) for value in (first, other)]
            finish = self.finish if other is others[-1] else Finish()
            found.append([_step(kernel, memory, self.output, operands, finish, PASS_COST)])
            first = self.output
        return found


def _stretched(place: Place, value: Value, output: Value) -> Place:
    """Return strides of 0 along the axes on which a value is stretched."""
    depth, height, width = (have == 1 < want for have, want in zip(value.size, output.size, strict=True))
    return place._replace(
        block=0 if value.blocks < output.blocks else place.block,
        plane=0 if depth else place.plane,
        row=0 if height else place.row,
        pixel=0 if width else place.pixel,
    )


LONGEST_LINE = 1024
MOST_CHUNKS = 32
WORK_OF_A_CHUNK = 100_000


def _step(
    kernel: Native,
    memory: Memory,
    output: Value,
    operands: Sequence[Place],
    finish: Finish,
    cost: int,
    parameters: Sequence[float | Array] = (),
) -> Step:
    """Return the step that goes over `output`, reading its two operands where they lie."""
    places = [*operands, memory.place(output)]
    depth, height, width = joined(output.size, places)
    volumes, lines = output.batch * output.blocks, depth * height
    work = volumes * lines * width * LANES * cost
    wanted = max(1, min(MOST_CHUNKS, work // WORK_OF_A_CHUNK))
    volume_chunks = min(volumes, wanted)
    line_chunks = min(lines, -(-wanted // volume_chunks))
    vectors = [_vectors(value, output) for value in parameters] + [np.zeros(LANES, np.float32)] * 2
    fields: dict[str, int] = {}
    for name, place in zip("xzy", places, strict=True):
        fields |= {name + stride: at for stride, at in zip(STRIDES, place, strict=True)}
    for name, vector in zip("ab", vectors, strict=False):
        fields[name] = memory.constant(vector)
        fields[f"{name}_block"] = VECTOR_BYTES if vector.size > LANES else 0
    arguments = row(
        ROW,
        **fields,
        images=output.batch,
        blocks=output.blocks,
        depth=depth,
        height=height,
        width=width,
        line_chunks=line_chunks,
        volume_chunks=volume_chunks,
        low=finish.low,
        high=finish.high,
    )
    chunks = volume_chunks * line_chunks
    return Step(kernel, arguments, chunks, work // chunks)


def joined(size: tuple[int, int, int], places: Sequence[Place]) -> tuple[int, int, int]:
    """Return depth, height and width after rows, and then planes, that lie one behind the other became one line."""
    depth, height, width = size
    for count, stride in ((height, "row"), (depth, "plane")):
        close = all(getattr(place, stride) == width * place.pixel for place in places)
        if count > 1 and not (close and count * width <= LONGEST_LINE):
            break
        width *= count
        depth, height = (depth, 1) if stride == "row" else (1, 1)
    return depth, height, width


def _vectors(parameter: float | Array, output: Value) -> Array:
    """Return a parameter a channel as whole vectors, padded with zeros; of one for all, one vector."""
    values = np.asarray(parameter, np.float32).ravel()
    if values.size == 1:
        return np.full(LANES, values[0])
    return np.pad(values, (0, output.blocks * LANES - values.size))
