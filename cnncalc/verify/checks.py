"""What a run checks: a number stated by the static passes beside the same number as it was executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncalc.graph import Node
from cnncalc.text import Shape, later, number, say

if TYPE_CHECKING:
    from cnncalc.analysis.report import LayerFacts
    from cnncalc.engine.compiled import LayerProfile


class Check(NamedTuple):
    """One number, stated and executed. `what` is a key of DISAGREE.

    `within`: what is stated is known to be only a bound, and what was executed lies within it.
    """

    what: str
    static: object
    executed: object
    within: bool = False

    @property
    def agrees(self) -> bool:
        """Whether they are the same, or what is stated is a bound that holds."""
        return self.static == self.executed or self.within

    @property
    def bounded(self) -> bool:
        """Whether they agree without being the same."""
        return self.within and self.static != self.executed


class LayerProof(NamedTuple):
    """One layer's checks: shape, tensors held, multiply-adds, those on padded zeros. Counts are for one input.

    None where the run did not find it out: `shape` of a node whose result nobody computes, `macs` and `padded_macs`
    where the definition was not run, `error` where the two results were not compared, `seconds` of the fast engine.
    """

    node: Node
    shape: Check | None
    tensors: Check
    macs: Check | None
    padded_macs: Check | None
    parameter_count: int
    """How many numbers the kernel was given."""
    seconds: float | None
    ran: Ran | None = None
    """How the fast engine ran it."""
    error: Check | None = None
    """The largest difference from the definition's result, as a share of the largest number of that."""
    spread: int = 0
    """The numbers that were left out of that: not finite where the definition's are, since others are not."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """All there are."""
        every = (self.shape, self.tensors, self.macs, self.padded_macs, self.error)
        return tuple(check for check in every if check is not None)


class Ran(NamedTuple):
    """How the fast engine ran a node. `kind`: the operation that computes it, empty where there was nothing to do.

    `within`: where its work is part of a later node's, that node; else empty.
    """

    kind: str = ""
    within: str = ""


class EngineRun(NamedTuple):
    """What the fast engine tells of a run. `seconds`: of each run that was timed, after one that was not.

    `arena`: the most bytes of activations alive at once in this layout, beside those of the one block they lie in.
    `apart`: whether each layer was run for itself, so that all results are there.
    """

    threads: int
    target: str
    seconds: tuple[float, ...]
    arena: Check
    constant_bytes: int
    fallbacks: tuple[str, ...]
    checked: bool
    apart: bool
    profile: tuple[LayerProfile, ...] = ()

    @property
    def median(self) -> float:
        """The middle one of the seconds; of two in the middle, half way between them."""
        ordered = sorted(self.seconds)
        half = len(ordered) // 2
        return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


class UnitProof(NamedTuple):
    """What one unit sees of the input, axis by axis, first and last position: stated, and measured by marked inputs.

    `unit`: first, interior, last or any.
    """

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


DISAGREE: dict[str, str] = {
    "output shape": later("{layer}: output shape: static {static}, executed {executed}"),
    "tensors": later("{layer}: tensors: static {static}, executed {executed}"),
    "MACs": later("{layer}: MACs: static {static}, executed {executed}"),
    "MACs on padding": later("{layer}: MACs on padding: static {static}, executed {executed}"),
    "input seen": later("{layer}: input seen: static {static}, executed {executed}"),
    "receptive field (size, jump, start)": later(
        "{layer}: receptive field (size, jump, start): static {static}, executed {executed}"
    ),
    "peak memory": later("network: peak memory: static {static}, executed {executed}"),
    "memory of the plan": later("network: memory of the plan: predicted {static}, taken {executed}"),
    "relative error": later("{layer}: relative error: at most {static} is allowed, found {executed}"),
}
"""What is checked, and what is said where the two sides differ."""


def tensors_check(facts: LayerFacts, held: dict[str, Shape]) -> Check:
    """Compare the tensors a layer states with those that were read."""
    return Check("tensors", {**facts.held.parameters, **facts.held.buffers}, held)


def describe(layer: str, check: Check) -> str:
    """Return in words what a check of `layer` is about and its two sides."""
    return say(DISAGREE[check.what], layer=layer, static=_text(check.static), executed=_text(check.executed))


def _text(value: object) -> str:
    return number(value) if isinstance(value, int) else str(value)
