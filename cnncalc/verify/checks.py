"""What a run checks: a number stated by the static passes beside the same number as it was executed."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Node
from cnncalc.text import Shape, later, number, say


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
}
"""What is checked, and what is said where the two sides differ."""


def describe(layer: str, check: Check) -> str:
    """Return in words what a check of `layer` is about and its two sides."""
    return say(DISAGREE[check.what], layer=layer, static=_text(check.static), executed=_text(check.executed))


def _text(value: object) -> str:
    return number(value) if isinstance(value, int) else str(value)
