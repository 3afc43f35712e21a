"""What following the channels of a graph through its layers gives: which go together, which cannot go, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.lighter.units import Channels, Units


class Fixed(NamedTuple):
    """Channels that stay. `reason` is a key of `wanted.KEPT_BECAUSE`; `node` is where."""

    reason: str
    node: str
    channels: Channels


class Split(NamedTuple):
    """Channels that a layer takes in blocks. `even`: as many must stay of one block as of the next.

    Where not, each block must keep something, so the choice is made within each.
    """

    blocks: tuple[Channels, ...]
    even: bool


class Meeting(NamedTuple):
    """Where channels are bound: a residual Add, a depthwise convolution, a shuffle."""

    node: str
    channels: Channels


class Bonds:
    """The units of every tensor, and what is known of them."""

    def __init__(self) -> None:
        self.units = Units()
        self.tensors: dict[str, Channels] = {}
        """By node name, and of the network's input."""
        self.owners: dict[str, Channels] = {}
        """Of each layer whose channels are an argument or which has a filter for each: the output's."""
        self.fixed: list[Fixed] = []
        self.splits: list[Split] = []
        self.meetings: list[Meeting] = []
        self.across: list[str] = []
        """Layers that normalise across channels: fewer of them change the statistics of the others."""

    def own(self, node: str, count: int) -> Channels:
        """Return new units for the channels that a layer makes."""
        channels = self.units.fresh(count)
        self.owners[node] = channels
        return channels

    def join(self, node: str, tensors: Sequence[Channels]) -> Channels:
        """Bind the channels of tensors of equal length, one by one; return the first's."""
        for other in tensors[1:]:
            for one, two in zip(tensors[0], other, strict=True):
                self.units.bind(one, two)
        self.meetings.append(Meeting(node, tensors[0]))
        return tensors[0]

    def tie(self, node: str, bunches: Sequence[Channels]) -> None:
        """Bind the channels of each bunch."""
        for bunch in bunches:
            for unit in bunch[1:]:
                self.units.bind(bunch[0], unit)
        self.meetings.append(Meeting(node, [unit for bunch in bunches for unit in bunch]))

    def fix(self, reason: str, node: str, channels: Channels) -> None:
        """Keep these channels."""
        self.fixed.append(Fixed(reason, node, channels))

    def split(self, blocks: Sequence[Channels], *, even: bool) -> None:
        """Choose within each of these blocks."""
        self.splits.append(Split(tuple(blocks), even))


def blocks_of(channels: Channels, count: int) -> list[Channels]:
    """Cut channels into `count` blocks of equal length."""
    length = len(channels) // count
    return [channels[at * length : (at + 1) * length] for at in range(count)]
