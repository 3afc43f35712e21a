"""The steps in order: channels go first, then weights, then bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from cnncalc.analysis.report import Report, analyze
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph
from cnncalc.lighter.cut import cut
from cnncalc.lighter.lightened import Lightened, Stored
from cnncalc.lighter.notes import notes
from cnncalc.lighter.pools import bundles, follow_channels
from cnncalc.lighter.rules import RULES
from cnncalc.lighter.storage import stored
from cnncalc.lighter.wanted import check_paths, wanted
from cnncalc.lighter.wishes import QUANTIZED, Wishes
from cnncalc.text import say


def lighten(
    graph: Graph,
    wishes: Wishes,
    *,
    batch: int = 1,
    dtype: str = "float32",
    norms: Mapping[str, Sequence[float]] | None = None,
) -> Lightened:
    """Return `graph` made lighter as wished, with what that saves.

    `dtype` is what is not quantized, and the original, one of analysis.memory.BITS. `norms`: a number for each output
    channel of a layer, by its name; where channels are chosen among, those with the smallest sums go. Without it the
    last ones go; how many go does not depend on it.

    Raises CnncalcError: E741 for a layer there is not or that holds nothing of the kind, E742 for channels that cannot
    be cut alone, E743 for shares that contradict each other, E744 for what cannot be cut at all, E745 for a dtype that
    is quantized already.
    """
    if wishes.quantize and dtype in QUANTIZED:
        problem = say("--dtype {dtype} says that all numbers are integers already", dtype=dtype)
        raise CnncalcError([Diagnostic("E745", problem, help=say("leave --dtype out, or --quantize"))])
    original = analyze(graph, batch=batch, dtype=dtype)
    bonds = follow_channels(graph)
    check_paths(graph, bonds, wishes)
    want = wanted(bonds, bundles(bonds) if wishes.of("channels") else [], wishes)
    done = cut(graph, bonds, want.shares, norms)
    zeroed = zeroes(done.graph, wishes)
    report = analyze(done.graph, batch=batch, dtype=dtype)
    now = stored(report, zeroed, wishes, dtype)
    executed = {node.name for node in done.graph.executed}
    zeros = sum(count for name, count in zeroed.items() if name.rpartition(".")[0] in executed)
    found = Lightened(
        wishes=wishes,
        original=original,
        report=_in_bytes(report, now, wishes, batch),
        nonzero_parameters=report.totals.parameters - zeros,
        original_stored=stored(original, {}, Wishes(), dtype),
        stored=now,
        kept=done.kept,
        pools=done.pools,
        zeroed=zeroed,
        notes=(),
    )
    fewer = {name for name, channels in bonds.tensors.items() if len(done.kept[name]) < len(channels)}
    together = {*bonds.across}
    across = [node.name for node in graph.every_node() if node.name in together and not fewer.isdisjoint(node.inputs)]
    return found._replace(notes=(*want.notes, *notes(found, done, across, dtype, can=bool(want.shares))))


def zeroes(graph: Graph, wishes: Wishes) -> dict[str, int]:
    """Return how many elements of each weight are set to zero: round(amount * n), as torch.nn.utils.prune has it."""
    found: dict[str, int] = {}
    for node in graph.every_node():
        wish = wishes.for_layer("weights", node.name)
        if wish and wish.share and RULES[node.type].multiplies:
            count = prod(node.layer.parameters(node.input_shapes)["weight"])
            found[f"{node.name}.weight"] = round(wish.share * count)
    return found


def _in_bytes(report: Report, now: Stored, wishes: Wishes, batch: int) -> Report:
    """Return the report with activations in the quantized dtype, and parameters as they are stored."""
    if wishes.quantize:
        quantized = analyze(report.graph, batch=batch, dtype=wishes.quantize)
        totals = quantized.totals._replace(training=report.totals.training, buffer_bytes=report.totals.buffer_bytes)
        report = quantized._replace(totals=totals)
    return report._replace(totals=report.totals._replace(parameter_bytes=now.total - now.buffers))
