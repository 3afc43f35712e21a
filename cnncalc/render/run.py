"""The proof of a run: static beside executed, a mark where they agree, and in words what does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.summary import heading, left_out
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import cells, clean, left, right, seen_text, size_text
from cnncalc.text import later, number, say, say_count, shape_text

if TYPE_CHECKING:
    from cnncalc.verify import Proof
    from cnncalc.verify.checks import Check, FieldProof, LayerProof

Origins = tuple[str | None, str | None, int]
"""The input's file, the weights' file (None: seeded random, or written in the spec), and the seed."""


@dataclass(frozen=True)
class Ranked:
    """One of the largest outputs."""

    index: int
    value: float
    label: str


TITLES = (
    "",
    later("layer"),
    later("type"),
    later("output"),
    later("params"),
    later("MACs counted"),
    later("on padding"),
    later("time"),
)
RIGHT = (False, False, False, False, True, True, True, True)
UNITS: dict[str, str] = {
    "first": later("first unit {position} of {layer} sees input {seen}"),
    "interior": later("interior unit {position} of {layer} sees input {seen}"),
    "last": later("last unit {position} of {layer} sees input {seen}"),
    "any": later("any unit {position} of {layer} sees input {seen}"),
}
"""What a chosen unit was measured to see."""
DROPPED_FIRST = (7, 2, 6)
"""Columns that give way on a narrow terminal: time, type, MACs on padding."""


def show_proof(screen: Screen, proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins) -> None:
    """Draw what a run proved."""
    screen.show(proof_lines(proof, ranked, origins, screen.width))


def proof_lines(proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins, width: int) -> Iterator[Line]:
    """Yield the lines of a proof."""
    yield from heading(proof.report, width)
    yield origin_text(proof, origins)
    yield ""
    yield from _table(proof, width)
    yield ""
    for field in proof.fields:
        yield _checked(field.check, field_line(field))
        yield from _bound(field.check)
    for unit in proof.units:
        seen: Any = unit.check.executed
        yield _checked(
            unit.check,
            say(
                UNITS[unit.unit],
                position=",".join(map(str, unit.position)),
                layer=unit.node,
                seen=seen_text(seen),
            ),
        )
        yield from _bound(unit.check)
    peak: Any = proof.peak.executed
    yield _checked(proof.peak, say("peak memory measured: {size}", size=size_text(peak)))
    for row, best in enumerate(ranked):
        yield ""
        yield say("largest outputs of input {row}:", row=row)
        for one in best:
            yield f"  {one.value:>12.6g}  {one.index:>5}  {clean(one.label)}".rstrip()
    yield ""
    yield from _verdict(proof)


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


def _table(proof: Proof, width: int) -> Iterator[Line]:
    titles = [title and say(title) for title in TITLES]
    rows = [_cells(layer) for layer in proof.layers]
    widths = [max(cells(row[at]) for row in [titles, *rows]) for at in range(len(titles))]
    kept = list(range(len(TITLES)))
    for at in DROPPED_FIRST:
        if sum(widths[column] + 2 for column in kept) - 2 <= width:
            break
        kept.remove(at)
    for number_, row in enumerate([titles, *rows]):
        parts = [right(row[at], widths[at]) if RIGHT[at] else left(row[at], widths[at]) for at in kept]
        text = "  ".join(parts).rstrip()
        bad = number_ > 0 and row[0] != MARK[True]
        yield [Piece(text, "bold" if not number_ else "bold red" if bad else "")]
    dropped = [titles[at] for at in DROPPED_FIRST if at not in kept]
    if dropped:
        yield from left_out(dropped, width)


MARK = {True: "=", False: "!"}
"""Before a number that agrees with the static one, and before one that does not."""


def _cells(layer: LayerProof) -> list[str]:
    shape: Any = layer.shape.executed
    padded: Any = layer.padded_macs.executed
    macs: Any = layer.macs.executed
    return [
        MARK[all(check.agrees for check in layer.checks)],
        layer.node.name,
        layer.node.type,
        shape_text(shape),
        number(layer.parameter_count) if layer.parameter_count else "",
        number(macs),
        number(padded) if padded else "",
        f"{layer.seconds * 1000:.1f} ms",
    ]


def _checked(check: Check, text: str) -> Line:
    if check.agrees:
        return f"{MARK[True]} {text}"
    return [Piece(f"{MARK[False]} {text}", "bold red")]


def _bound(check: Check) -> Iterator[Line]:
    """Say of a check that agrees without being equal what it is within."""
    if check.bounded:
        static: Any = check.static
        if check.what == "input seen":
            yield say("  within what is stated, which is a bound here: {seen}", seen=seen_text(static))
        else:
            size, jump, start = static
            yield say(
                "  within what is stated, which is a bound here: size {size}, jump {jump}, start {start}",
                size=size,
                jump=jump,
                start=start,
            )


def _verdict(proof: Proof) -> Iterator[Line]:
    from cnncalc.verify.checks import describe

    wrong = proof.mismatches
    totals = proof.report.totals
    if not wrong:
        text = say_count(
            "proven: {count} check agrees; params {params}, MACs {macs}, in {seconds} s",
            "proven: {count} checks agree; params {params}, MACs {macs}, in {seconds} s",
            len(proof.checks),
            params=number(totals.parameters),
            macs=number(totals.macs),
            seconds=f"{proof.seconds:.2f}",
        )
        yield [Piece(text, "bold green")]
        return
    text = say_count(
        "{wrong} of {count} check disagrees:",
        "{wrong} of {count} checks disagree:",
        len(proof.checks),
        wrong=number(len(wrong)),
    )
    yield [Piece(text, "bold red")]
    for name, check in wrong:
        yield f"  {describe(name, check)}"


def proof_json(proof: Proof, ranked: Sequence[Sequence[Ranked]], origins: Origins) -> dict[str, object]:
    """Return a proof as JSON values: each check with `static`, `executed`, `agrees`, and `bound` where it is within."""
    report = proof.report
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.graph.name,
        "input_shape": list(report.graph.input_shape),
        "batch": report.batch,
        "dtype": report.dtype,
        "input": origins[0],
        "weights": origins[1],
        "seed": origins[2],
        "layers": [
            {
                "name": layer.node.name,
                "type": layer.node.type,
                "output_shape": _check(layer.shape),
                "tensors": _check(layer.tensors),
                "macs": _check(layer.macs),
                "macs_on_padding": _check(layer.padded_macs),
                "seconds": layer.seconds,
            }
            for layer in proof.layers
        ],
        "receptive_field": [
            {"layer": field.node, "axis": field.axis, "input_size": field.input_size, **_check(field.check)}
            for field in proof.fields
        ],
        "input_seen": [
            {"layer": unit.node, "unit": unit.unit, "position": list(unit.position), **_check(unit.check)}
            for unit in proof.units
        ],
        "peak_bytes": _check(proof.peak),
        "checks": len(proof.checks),
        "mismatches": [{"layer": name, "what": check.what} for name, check in proof.mismatches],
        "agrees": not proof.mismatches,
        "output": {"shape": list(proof.output.shape), "top": [[asdict(one) for one in best] for best in ranked]},
        "seconds": proof.seconds,
    }


def _check(check: Check) -> dict[str, object]:
    bound = {"bound": True} if check.bounded else {}
    return {"static": check.static, "executed": check.executed, "agrees": check.agrees, **bound}
