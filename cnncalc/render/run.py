"""The proof of a run: static beside executed, a mark where they agree, and in words what does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.render.grid import Heading, grid
from cnncalc.render.how import how_text
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.summary import heading, wrapped
from cnncalc.render.words import clean, folded, seen_text, size_text, time_text
from cnncalc.text import later, number, say, say_count, shape_text

if TYPE_CHECKING:
    from cnncalc.verify import Proof
    from cnncalc.verify.checks import Check, EngineRun, FieldProof, LayerProof

Origins = tuple[str | None, str | None, int]
"""The input's file, the weights' file (None: seeded random, or written in the spec), and the seed."""


@dataclass(frozen=True)
class Ranked:
    """One of the largest outputs."""

    index: int
    value: float
    label: str


COLUMNS: dict[str, Heading] = {
    "mark": Heading(""),
    "layer": Heading(later("layer")),
    "type": Heading(later("type"), gives_way=2),
    "output": Heading(later("output"), gives_way=6),
    "params": Heading(later("params"), right=True, gives_way=5),
    "macs": Heading(later("MACs counted"), right=True, gives_way=7),
    "padded": Heading(later("on padding"), right=True, gives_way=4),
    "how": Heading(later("how"), gives_way=3),
    "error": Heading(later("error"), right=True),
    "time": Heading(later("time"), right=True, gives_way=1),
}
DEFINED = ("mark", "layer", "type", "output", "params", "macs", "padded", "time")
VERIFIED = ("mark", "layer", "type", "output", "params", "macs", "padded", "how", "error")
FAST = ("mark", "layer", "type", "output", "params", "how")
"""What is shown of a run by the definitions, of one by the fast engine and the definitions, of one by it alone."""
UNITS: dict[str, str] = {
    "first": later("first unit {position} of {layer} sees input {seen}"),
    "interior": later("interior unit {position} of {layer} sees input {seen}"),
    "last": later("last unit {position} of {layer} sees input {seen}"),
    "any": later("any unit {position} of {layer} sees input {seen}"),
}
"""What a chosen unit was measured to see."""


def show_proof(screen: Screen, proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins) -> None:
    """Draw what a run proved."""
    screen.show(proof_lines(proof, ranked, origins, screen.width))


def proof_lines(proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins, width: int) -> Iterator[Line]:
    """Yield the lines of a proof."""
    yield from heading(proof.report, width)
    yield from folded(origin_text(proof, origins), width)
    yield ""
    yield from _table(proof, width)
    yield ""
    for field in proof.fields:
        yield from _checked(field.check, field_line(field), width)
        yield from _bound(field.check, width)
    for unit in proof.units:
        seen: Any = unit.check.executed
        sight = say(UNITS[unit.unit], position=",".join(map(str, unit.position)), layer=unit.node, seen=seen_text(seen))
        yield from _checked(unit.check, sight, width)
        yield from _bound(unit.check, width)
    if proof.peak:
        yield from _checked(proof.peak, _peak_text(proof), width)
    if proof.engine:
        yield from engine_lines(proof, proof.engine, width)
    for row, best in enumerate(ranked):
        yield ""
        yield say("largest outputs of input {row}:", row=row)
        for one in best:
            yield f"  {one.value:>12.6g}  {one.index:>5}  {clean(one.label)}".rstrip()
    if proof.engine and proof.engine.profile:
        from cnncalc.render.profile import profile_lines

        yield from profile_lines(proof.engine.profile, width)
    yield ""
    yield from _verdict(proof, width)


def field_line(field: FieldProof) -> str:
    """Say what was measured of a map's receptive field on one axis."""
    measured: Any = field.check.executed
    if measured is None:
        return say("receptive field of {layer}, axis {axis}, measured: nothing", layer=field.node, axis=field.axis)
    size, jump, start = measured
    return say(
        "receptive field of {layer}, axis {axis}, measured: size {size}, jump {jump}, start {start}",
        layer=field.node,
        axis=field.axis,
        size=size,
        jump=jump,
        start=start,
    )


def origin_text(proof: Proof, origins: Origins) -> str:
    """Say what the network ran on."""
    given, weights, seed = origins
    inline = proof.report.graph.tensors
    x = clean(given) if given else say("from the spec") if "input" in inline else say("random, seed {seed}", seed=seed)
    held = say("from the spec") if any(name != "input" for name in inline) else say("random, seed {seed}", seed=seed)
    return say("input {x}   weights {weights}", x=x, weights=clean(weights) if weights else held)


def engine_lines(proof: Proof, engine: EngineRun, width: int) -> Iterator[Line]:
    """Yield how far the fast engine's output is from the definition's, its memory, its speed, and what was slow."""
    if proof.error:
        found: Any = proof.error.executed
        allowed: Any = proof.error.static
        text = say(
            "output differs from the definition's, in float64, by {error} of its largest number; {allowed} is allowed",
            error=f"{found:.1e}",
            allowed=f"{allowed:.1e}",
        )
        yield from _checked(proof.error, text, width)
    if any(layer.spread for layer in proof.layers):
        for sentence in _spread_sentences(proof):
            yield from ([Piece(line, "bold yellow")] for line in folded(sentence, width))
    taken: Any = engine.arena.executed
    least: Any = engine.arena.static
    if taken == least:
        memory = say("memory of activations in this layout: {size}, as predicted", size=size_text(taken))
    else:
        sizes = {"size": size_text(taken), "predicted": size_text(least)}
        memory = say("memory of activations in this layout: {size}, predicted at least {predicted}", **sizes)
    yield from _checked(engine.arena, memory, width)
    yield from wrapped(speed_parts(proof, engine), width)
    if engine.fallbacks:
        names = say(", ").join(map(clean, engine.fallbacks))
        slow = say("these layers ran on the reference kernel, which is slow: {names}", names=names)
        yield from ([Piece(line, "bold yellow")] for line in folded(slow, width))
    if engine.apart:
        yield from folded(say("each layer was run for itself, to have its output; otherwise it is faster"), width)


def _spread_sentences(proof: Proof) -> Iterator[str]:
    """Say why something could not be compared, and what."""
    spoiled = proof.spoiled_by
    if spoiled == "input":
        yield say("the input is not finite")
    elif spoiled in proof.report.layer_facts:
        yield say("by definition the result of {layer} is not finite in float32", layer=clean(spoiled))
    else:
        yield say("tensor {name} is not finite", name=clean(spoiled))
    yield say(
        "the fast engine spreads what is not finite: numbers of {layers} became NaN or infinite that by definition are "
        "not; they are left out of the error (--dtype float64 runs the definitions alone)",
        layers=say(", ").join(clean(layer.node.name) for layer in proof.layers if layer.spread),
    )


def speed_parts(proof: Proof, engine: EngineRun) -> list[str]:
    """Return threads, instruction set, times and GMAC/s, each a phrase."""
    count = len(engine.seconds)
    parts = [say_count("{count} thread", "{count} threads", engine.threads), engine.target]
    if count == 1:
        parts.append(say("time {time}", time=time_text(engine.median)))
    else:
        times = {"median": engine.median, "least": min(engine.seconds), "most": max(engine.seconds)}
        parts.append(
            say(
                "median time {median} of {count} runs, from {least} to {most}",
                count=number(count),
                **{name: time_text(seconds) for name, seconds in times.items()},
            )
        )
    macs = proof.report.totals.macs * proof.report.batch
    if macs and engine.median:
        parts.append(say("{speed} GMAC/s", speed=f"{macs / engine.median / 1e9:,.1f}"))
    parts.append(say("packed weights {size}", size=size_text(engine.constant_bytes)))
    return parts


def _peak_text(proof: Proof) -> str:
    peak: Any = proof.peak and proof.peak.executed
    if proof.engine:
        return say("peak memory measured, of the definitions in float64: {size}", size=size_text(peak))
    return say("peak memory measured: {size}", size=size_text(peak))


def _table(proof: Proof, width: int) -> Iterator[Line]:
    columns = DEFINED if not proof.engine else VERIFIED if proof.verified else FAST
    rows: list[list[str]] = []
    styles: list[str] = []
    for layer in proof.layers:
        texts = _cells(layer)
        rows.append([texts[column] for column in columns])
        styles.append("" if texts["mark"] == MARK[True] else "bold red")
    yield from grid([COLUMNS[column] for column in columns], rows, width, styles)


MARK = {True: "=", False: "!"}
"""Before a number that agrees with the static one, and before one that does not."""


def _cells(layer: LayerProof) -> dict[str, str]:
    shape: Any = layer.shape.executed if layer.shape else None
    macs: Any = layer.macs.executed if layer.macs else None
    padded: Any = layer.padded_macs.executed if layer.padded_macs else None
    error: Any = layer.error.executed if layer.error else None
    return {
        "mark": MARK[all(check.agrees for check in layer.checks)],
        "layer": layer.node.name,
        "type": layer.node.type,
        "output": "-" if shape is None else shape_text(shape),
        "params": number(layer.parameter_count) if layer.parameter_count else "",
        "macs": "" if macs is None else number(macs),
        "padded": number(padded) if padded else "",
        "how": how_text(layer.ran) if layer.ran else "",
        "error": f"{error:.1e}" if error is not None else "-" if layer.spread else "",
        "time": "" if layer.seconds is None else f"{layer.seconds * 1000:.1f} ms",
    }


def _checked(check: Check, text: str, width: int) -> Iterator[Line]:
    """Yield what a check says behind its mark, further lines below the text."""
    first, *more = folded(text, width - 2)
    for line in (f"{MARK[check.agrees]} {first}", *(f"  {line}" for line in more)):
        yield line if check.agrees else [Piece(line, "bold red")]


def _bound(check: Check, width: int) -> Iterator[Line]:
    """Say of a check that agrees without being equal what it is within."""
    if check.bounded:
        static: Any = check.static
        if check.what == "input seen":
            text = say("  within what is stated, which is a bound here: {seen}", seen=seen_text(static))
        else:
            size, jump, start = static
            text = say(
                "  within what is stated, which is a bound here: size {size}, jump {jump}, start {start}",
                size=size,
                jump=jump,
                start=start,
            )
        yield from (f"  {line}" for line in folded(text.strip(), width - 2))


def _verdict(proof: Proof, width: int) -> Iterator[Line]:
    from cnncalc.verify.checks import describe

    wrong = proof.mismatches
    totals = proof.report.totals
    if not wrong and not proof.verified:
        text = say_count(
            "{count} check agrees: shapes, tensors and memory; params {params}, MACs {macs}",
            "{count} checks agree: shapes, tensors and memory; params {params}, MACs {macs}",
            len(proof.checks),
            params=number(totals.parameters),
            macs=number(totals.macs),
        )
        yield from ([Piece(line, "bold green")] for line in folded(text, width))
        yield from folded(say("--verify also proves MACs, receptive fields and every layer's numbers"), width)
        return
    if not wrong:
        counts = {"params": number(totals.parameters), "macs": number(totals.macs)}
        if proof.engine:
            text = say_count(
                "proven: {count} check agrees; params {params}, MACs {macs}",
                "proven: {count} checks agree; params {params}, MACs {macs}",
                len(proof.checks),
                **counts,
            )
        else:
            text = say_count(
                "proven: {count} check agrees; params {params}, MACs {macs}, in {seconds} s",
                "proven: {count} checks agree; params {params}, MACs {macs}, in {seconds} s",
                len(proof.checks),
                **counts,
                seconds=f"{proof.seconds:.2f}",
            )
        yield from ([Piece(line, "bold green")] for line in folded(text, width))
        return
    text = say_count(
        "{wrong} of {count} check disagrees:",
        "{wrong} of {count} checks disagree:",
        len(proof.checks),
        wrong=number(len(wrong)),
    )
    yield from ([Piece(line, "bold red")] for line in folded(text, width))
    for name, check in wrong:
        yield from (f"  {line}" for line in folded(describe(name, check), width - 2))
