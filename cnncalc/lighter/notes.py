"""What must be said of a lighter network's numbers, so that nobody reads more into them than they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.lighter.cut import Cut
from cnncalc.lighter.lightened import Lightened
from cnncalc.lighter.storage import counted, stored
from cnncalc.lighter.wanted import names_text
from cnncalc.text import later, number, say

HOW_QUANTIZED: dict[str, str] = {
    "per-channel": later(
        "weights are {dtype}, with a float32 scale for each output channel and no zero point; biases are int32; the "
        "input and each layer's output have a scale and a zero point"
    ),
    "per-tensor": later(
        "weights are {dtype}, with one float32 scale each and no zero point; biases are int32; the input and each "
        "layer's output have a scale and a zero point"
    ),
}
"""What is stored of quantized layers, by the kind of scales."""


def notes(found: Lightened, done: Cut, across: Sequence[str], dtype: str, *, can: bool) -> Iterator[str]:
    """Yield the sentences. `across`: layers whose channels are computed together and are fewer now; `dtype`: of what is
    not quantized; `can`: whether there are channels that may go.
    """
    if done.parted:
        yield say(
            "{layers}: no channels go, since they fall into parts that are cut each for itself, and the share is less "
            "than one of each part",
            layers=names_text(done.parted),
        )
    if done.lowered:
        yield say(
            "{layers}: fewer channels go than asked for, so that a grouped convolution keeps as many in each group",
            layers=names_text(done.lowered),
        )
    if across:
        yield say(
            "{layers}: computed over channels together, so those that stay come out otherwise than before",
            layers=names_text(across),
        )
    if can and not found.pools and not done.parted:
        yield say("no channels go: the share asked for is less than one of those that can")
    if found.report.graph.tensors != found.original.graph.tensors:
        yield say("the weights written in the spec have other shapes now, and are left out of it")
    yield from _on_zeros(found, dtype)
    yield from _on_bits(found, dtype)


def _on_zeros(found: Lightened, dtype: str) -> Iterator[str]:
    if not found.zeroed:
        return
    yield say(
        "zeros are multiplied like other weights by a dense kernel: MACs stay at {macs}",
        macs=number(found.report.totals.macs),
    )
    yield say(
        "pruned weights are stored as compressed sparse rows: the values, a column index of 2 bytes each (4 beyond "
        "65,536 columns), and a row pointer of 4 bytes a row"
    )
    dense = stored(found.report, {}, found.wishes, dtype)
    if found.stored.total >= dense.total:
        yield say(
            "sparse rows take more than they save: {sparse} bytes instead of {dense}",
            sparse=number(found.stored.total),
            dense=number(dense.total),
        )


def _on_bits(found: Lightened, dtype: str) -> Iterator[str]:
    if not found.wishes.quantize:
        return
    yield say(HOW_QUANTIZED[found.wishes.scales], dtype=found.wishes.quantize)
    if any(facts.held.buffer_count for facts in counted(found.report)):
        yield say("normalisation is not folded into the convolutions, and its numbers stay {dtype}", dtype=dtype)
