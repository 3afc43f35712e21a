"""What comes out: the lighter network, what is stored of it, and both beside the original."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.analysis.report import Report
from cnncalc.lighter.wishes import Wishes


class Pool(NamedTuple):
    """Channels among which the same choice is made: `removed` of `channels` go, from all of `layers` alike."""

    layers: tuple[str, ...]
    channels: int
    removed: int


class Stored(NamedTuple):
    """Bytes that a network takes on disk, for inference.

    `values`: the parameters themselves. `indices`: the columns and row pointers of what is sparse. `scales`: scales and
    zero points of what is quantized, activations' too. `buffers`: running statistics.
    """

    values: int
    indices: int
    scales: int
    buffers: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


class Saving(NamedTuple):
    """A number before and after."""

    before: int
    after: int

    @property
    def ratio(self) -> float:
        """What is left, as a share; 1 where there was nothing."""
        return self.after / self.before if self.before else 1.0


class Lightened(NamedTuple):
    """A network made lighter, beside the original. Bytes of both reports are for the same batch.

    `report` is the analysis of the network with fewer channels: its parameters and MACs count zeros too, since a dense
    kernel multiplies them. Its bytes are in the quantized dtype where there is one, its `totals.parameter_bytes` are
    what `stored` says without buffers, and its memory to train is in the original's dtype. `kept` are the original
    indices of the channels (a vector's features) that stay, in order, of each tensor by node name and of `input`.
    `zeroed`: how many elements of a weight, by full name, are set to zero; they are not in `nonzero_parameters`.
    `notes` are sentences on what could not be cut, and on what the numbers mean.
    """

    wishes: Wishes
    original: Report
    report: Report
    nonzero_parameters: int
    original_stored: Stored
    stored: Stored
    kept: dict[str, tuple[int, ...]]
    pools: tuple[Pool, ...]
    zeroed: dict[str, int]
    notes: tuple[str, ...]

    @property
    def savings(self) -> dict[str, Saving]:
        """Before and after, by `parameters`, `macs`, `stored_bytes`, `peak_bytes`."""
        before, after = self.original.totals, self.report.totals
        return {
            "parameters": Saving(before.parameters, after.parameters),
            "macs": Saving(before.macs, after.macs),
            "stored_bytes": Saving(self.original_stored.total, self.stored.total),
            "peak_bytes": Saving(before.peak_bytes, after.peak_bytes),
        }

    @property
    def stored_bytes(self) -> int:
        """Bytes on disk, indices, scales and buffers included."""
        return self.stored.total
