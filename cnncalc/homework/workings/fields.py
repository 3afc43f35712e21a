"""The workings of receptive fields: what each window on the way adds, and how far apart neighbouring units look."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, prod
from typing import Literal, NamedTuple

from cnncalc.analysis.fields import span
from cnncalc.analysis.receptive import Receptive
from cnncalc.graph import INPUT, Node
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.workings.parts import Number, number_text, plain
from cnncalc.homework.workings.products import Others
from cnncalc.homework.workings.working import Worked
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.conv import Conv
from cnncalc.layers.geometry import Bins, Sampling, SizeOnly, Spread, Whole, Window, Windows
from cnncalc.layers.linear import Linear
from cnncalc.layers.pool import Pool

Jumps = Literal["before", "own", "none", "previous", "added", "summed", "summed on"]
"""What an addition is multiplied by: the strides before it; its own too; nothing; the last before it only; the strides
before it less 1 each, added to 1; those over 1, added up; the same, added to 1."""


class Step(NamedTuple):
    """A window on the way, on one axis. `every`: it covers the whole map. `taken`: what is taken off the kernel."""

    kernel: int
    stride: Number
    dilation: int
    padding: int
    pool: bool
    every: bool = False
    taken: int = 1

    @property
    def taps(self) -> int:
        """How many positions it adds, before a jump."""
        return (self.kernel - self.taken) * self.dilation


class Chain(NamedTuple):
    """What is seen on each axis along the path that sees most.

    `beyond`: how much more the other paths see on each axis. `whole`: what every unit sees where all see the same, in
    place of what the chain gives, which takes padding for input. `sides`: how often the padding is added. `jump`: the
    jump is asked for.
    """

    axes: tuple[tuple[Step, ...], ...]
    beyond: tuple[int, ...]
    whole: tuple[int, ...] = ()
    jump: bool = False
    start: int = 1
    jumps: Jumps = "before"
    sides: int = 0
    multiplied: bool = False
    others: Others = ()

    @property
    def value(self) -> Value:
        """The size, or the jump, of each axis."""
        if self.whole:
            return self.whole
        known: dict[tuple[Step, ...], Number] = {}
        for steps in self.axes:
            if steps not in known:
                known[steps] = self._jump(steps) if self.jump else self._size(steps)
        beyond = (0,) * len(self.axes) if self.jump else self.beyond
        return tuple(plain(known[steps] + more) for steps, more in zip(self.axes, beyond, strict=True))

    def worked(self) -> Worked:
        """Return the sizes, and the additions; axes with the same additions are written once."""
        if self.whole:
            texts = [str(size) for size in self.whole]
        else:
            texts = [self._text(steps, beyond) for steps, beyond in zip(self.axes, self.beyond, strict=True)]
        return Worked(self.value, texts[0] if len(set(texts)) == 1 else ", ".join(texts))

    def each(self, change: Callable[[Step], Step]) -> Chain:
        """Return the chain with each step changed."""
        return self._replace(axes=tuple(tuple(map(change, steps)) for steps in self.axes))

    def _size(self, steps: tuple[Step, ...]) -> Number:
        if self.multiplied:
            return prod(step.kernel for step in steps)
        sizes = [ceil(step.taps * jump) for step, jump in self._weighed(steps)]
        return self.start + sum(sizes) + self.sides * sum(step.padding for step in steps)

    def _weighed(self, steps: tuple[Step, ...]) -> list[tuple[Step, Number]]:
        return list(zip(steps, self._multipliers(steps), strict=False))

    def _multipliers(self, steps: tuple[Step, ...]) -> list[Number]:
        """Return what each window is multiplied with, and at the end what the next one would be."""
        product, previous, added, summed = 1, 1, 1, 0
        found: list[Number] = []
        for stride in (*(step.stride for step in steps), 1):
            own = product * stride
            by: dict[Jumps, Number] = {"before": product, "own": own, "none": 1, "previous": previous}
            found.append({**by, "added": added, "summed": summed or 1, "summed on": 1 + summed}[self.jumps])
            product, previous, added, summed = own, stride, added + stride - 1, summed + (stride if stride != 1 else 0)
        return found

    def _jump(self, steps: tuple[Step, ...]) -> Number:
        return self._multipliers(steps)[-1]

    def _text(self, steps: tuple[Step, ...], beyond: int) -> str:
        if self.jump:
            return self._jump_text(steps)
        if self.multiplied:
            return "*".join(str(step.kernel) for step in steps) or "1"
        added = [str(self.start)] if self.start else []
        for step, jump in self._weighed(steps):
            if not step.taps:
                continue
            taps = f"({step.kernel} - {step.taken})" if step.taken else str(step.kernel)
            dilation = f"*{step.dilation}" if step.dilation > 1 else ""
            text = f"{taps}{dilation}*{number_text(jump)}"
            added.append(f"ceil({text})" if isinstance(plain(jump), Fraction) else text)
        added += [f"{self.sides}*{step.padding}" for step in steps if step.padding and self.sides]
        total = " + ".join(added + ([str(beyond)] if beyond > 0 else [])) or "0"
        return f"{total} - {-beyond}" if beyond < 0 else total

    def _jump_text(self, steps: tuple[Step, ...]) -> str:
        strides = [step.stride for step in steps]
        if self.jumps == "added":
            return " + ".join(["1", *(f"({number_text(stride)} - 1)" for stride in strides if stride != 1)])
        if self.jumps in ("summed", "summed on"):
            over = [number_text(stride) for stride in strides if stride != 1]
            return " + ".join(["1", *over] if self.jumps == "summed on" else over) or "1"
        if self.jumps == "before":
            return "*".join(number_text(stride) for stride in strides if stride != 1) or "1"
        return number_text(self._jump(steps))


def chain_of(network: Network, node: Node, jump: bool) -> Chain | None:
    """Return the working of the receptive field of a node, or of its jump; None for a network that reads a vector."""
    field = network.fields[node.name]
    if not field.fields:
        return None
    axes = tuple(tuple(_steps(network, node, axis)) for axis in range(len(field.fields)))
    chain = Chain(axes, (0,) * len(axes), jump=jump)
    whole = any(one.jump == 0 for one in field.fields)
    right = tuple(one.jump if jump else one.size for one in field.fields)
    if whole and not jump:
        return chain._replace(whole=tuple(one.size for one in field.fields))
    if jump:
        return chain if chain.value == right else None
    beyond = tuple(int(size - seen) for size, seen in zip(right, chain.value, strict=True))
    return chain._replace(beyond=beyond)


def _steps(network: Network, node: Node, axis: int) -> list[Step]:
    """Return the windows from the input to a node, on one axis, along the path that sees most."""
    steps: list[Step] = []
    at: Node | None = node
    while at is not None:
        relations = at.layer.windows(at.input_shapes, at.output_shape)
        sizes = [
            -1 if isinstance(relation, SizeOnly) else _seen(network, name, axis)
            for name, relation in zip(at.inputs, relations, strict=True)
        ]
        source = sizes.index(max(sizes))
        step = _step(network, at, source, axis)
        if step is not None:
            steps.append(step)
        at = network.nodes.get(at.inputs[source])
    return steps[::-1]


def _seen(network: Network, name: str, axis: int) -> int:
    return 1 if name == INPUT else network.fields[name].fields[axis].size


def _step(network: Network, node: Node, source: int, axis: int) -> Step | None:
    """Return the window of a node on one axis; None for what looks at a single position."""
    layer = node.layer
    name = node.inputs[source]
    before = _before(network, name)
    relation = layer.windows(node.input_shapes, node.output_shape)[source]
    if isinstance(layer, Linear):
        # a second fully connected layer sees what the first does
        spread = before is None or before.fields[axis].jump != 0
        size = (before.sizes if before else network.graph.input_shape[1:])[axis]
        return Step(size, 1, 1, 0, False, True) if spread else None
    if not isinstance(relation, Windows) or len(relation.axes) <= axis or len(node.output_shape) < 2:
        return None
    if before is not None and before.flat:
        return None
    window = relation.axes[axis]
    pool = isinstance(layer, Pool | BinPool)
    if isinstance(window, Whole):
        return Step(window.size, 1, 1, 0, pool, True)
    if isinstance(window, Sampling | Spread):
        outputs, inputs = window.period
        return Step(span(window), plain(Fraction(inputs, outputs)), 1, 0, pool)
    if isinstance(window, Bins):
        return Step(span(window), plain(Fraction(window.size, window.bins)), 1, 0, pool)
    if window == Window() and not isinstance(layer, Conv | Pool):
        return None
    return Step(window.kernel, window.stride, window.dilation, max(window.before, 0), pool)


def _before(network: Network, name: str) -> Receptive | None:
    return None if name == INPUT else network.fields[name]
