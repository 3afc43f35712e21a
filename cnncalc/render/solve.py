"""Answers to `solve`: what was asked and tried, the solutions as a table, one of them derived, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.questions.solve.axes import Together, WindowAnswer
from cnncalc.questions.solve.field import FieldAnswer, Seen
from cnncalc.questions.solve.network import NetworkAnswer
from cnncalc.questions.solve.proof import Proof
from cnncalc.questions.solve.window import AxisAnswer, Found
from cnncalc.render.screen import Line, Piece
from cnncalc.render.solve_network import network_lines
from cnncalc.render.solve_parts import derived, heading, table, told, tried_lines
from cnncalc.text import later, number, say, shape_text

Answer = WindowAnswer | FieldAnswer | NetworkAnswer


def answer_lines(answer: Answer, width: int) -> Iterator[Line]:
    """Yield the lines of an answer for a screen of `width` columns."""
    if isinstance(answer, WindowAnswer):
        yield from window_lines(answer, width)
    elif isinstance(answer, FieldAnswer):
        yield from field_lines(answer, width)
    else:
        yield from network_lines(answer, width)


# -- a lone window


def window_lines(answer: WindowAnswer, width: int) -> Iterator[Line]:
    """Yield the answer about a window."""
    yield from heading([_given_text(answer)], width)
    yield from tried_lines(answer.ranges, answer.axes[0].tried, answer.axes[0].refused, width)
    yield ""
    if answer.together:
        names = list(answer.together[0].values)
        headers = [*names, *_size_headers(answer)]
        yield from table(headers, [_together_cells(answer, one) for one in answer.together])
        yield ""
        yield from derived(answer.together[0].rules, len(answer.together))
        return
    if answer.solved:
        yield from told(say("no one setting solves all axes; each axis has its own:"), width)
        yield from _axes_table(
            [(name, axis, axis.solutions) for name, axis in zip(answer.names, answer.axes, strict=True)]
        )
        return
    named = len(answer.axes) > 1
    for name, axis, proof in zip(answer.names, answer.axes, answer.proofs, strict=False):
        if proof is None:
            yield from told(say("axis {name} alone is solved by:", name=name), width)
            yield from _axes_table([(name, axis, axis.solutions)])
            continue
        for sentence in proof_sentences(axis, proof):
            yield from told(say("axis {name}: {sentence}", name=name, sentence=sentence) if named else sentence, width)
        if axis.misses and axis.question.unknown:
            yield [Piece(say("nearest:"), "bold")]
            yield from _axes_table([(name if named else "", axis, axis.misses)])


def _given_text(answer: WindowAnswer) -> str:
    """Return what was given, in one line."""
    question = answer.question
    parts = [KINDS[question.kind]] if question.kind != "conv" else []
    words = [say(part) for part in parts]
    for name, values in question.given.items():
        if name == "padding" and question.padding is not None:
            sides = [str(b) if b == a else f"[{b}, {a}]" for b, a in question.padding]
            words.append(f"{name} {'x'.join(sides)}")
        else:
            words.append(f"{name} {'x'.join(map(str, values))}")
    if question.ceil_mode:
        words.append("ceil_mode")
    return "   ".join(words)


KINDS = {"pool": later("pool"), "transposed": later("transposed convolution")}


def _size_headers(answer: WindowAnswer) -> list[str]:
    """Return the columns of sizes: those that are asked for, an axis each where they differ."""
    asked = (["in"] if answer.question.size is None else []) + (["out"] if answer.question.out is None else [])
    return asked or ([] if answer.together[0].values else ["out"])


def _together_cells(answer: WindowAnswer, one: Together) -> list[str]:
    cells_ = [_value_text(name, value) for name, value in one.values.items()]
    shown = one.axes if len({(found.sizes, found.out) for found in one.axes}) > 1 else one.axes[:1]
    texts = {
        "in": " x ".join(sizes_text(found.sizes) for found in shown),
        "out": shape_text([found.out for found in shown]),
    }
    return cells_ + [texts[name] for name in _size_headers(answer)]


def _value_text(name: str, value: int) -> str:
    """Write the value of an unknown; of a total padding also how it is shared out."""
    return f"{value} [{value // 2}, {value - value // 2}]" if name == "total_padding" else str(value)


def sizes_text(sizes: tuple[int, int]) -> str:
    """Write the first and the last of sizes that follow one another."""
    first, last = sizes
    return number(first) if first == last else say("{first} to {last}", first=number(first), last=number(last))


def _axes_table(axes: Sequence[tuple[str, AxisAnswer, Sequence[Found]]]) -> Iterator[Line]:
    """Yield what settings give, axis by axis; the axis is named where it has a name."""
    named = bool(axes[0][0])
    unknown = axes[0][1].question.unknown
    sizes = "in" in unknown
    headers = [
        *([say("axis")] if named else []),
        *(one for one in unknown if one != "in"),
        *(["in"] if sizes else []),
        "out",
    ]
    rows = [
        [
            *([name] if named else []),
            *(_value_text(key, value) for key, value in one.values.items()),
            *([sizes_text(one.sizes)] if sizes else []),
            number(one.out) if one.out else say("does not fit"),
        ]
        for name, _, found in axes
        for one in found
    ]
    yield from table(headers, rows)


def proof_sentences(axis: AxisAnswer, proof: Proof) -> Iterator[str]:
    """Yield why an axis has no solution."""
    target = axis.question.target or 0
    if axis.question.target is None:
        yield say("the kernel does not fit what enters")
        return
    if not axis.question.unknown and axis.tried:
        (miss,) = axis.misses
        template = GIVES if miss.out else FITS_NOT
        yield say(template, out=miss.out, target=target)
        return
    if not axis.tried:
        yield say("PyTorch takes none of these combinations")
        return
    if proof.kind == "tried":
        yield say("none of the combinations in these ranges gives {target}", target=target)
        return
    if proof.kind == "always" and not proof.out:
        yield say("no {name} gives {target}: the kernel never fits what enters", name=proof.name, target=target)
        return
    sentences = INPUT_PROOFS if proof.name == "in" else PROOFS
    yield say(sentences[proof.kind], **{**proof._asdict(), "next": proof.value + 1, "target": target})
    if proof.pair:
        yield say(
            "the padding needed is {total} in all, which is odd: [{before}, {after}] gives {target}",
            total=sum(proof.pair),
            before=proof.pair[0],
            after=proof.pair[1],
            target=target,
        )


GIVES = later("this gives {out}, not {target}; name what may change with --vary")
FITS_NOT = later("the kernel does not fit what enters, so nothing gives {target}; name what may change with --vary")

PROOFS = {
    "outside": later("nothing in the range gives {target}; {name} {value}, outside it, does"),
    "between": later(
        "no {name} gives {target}: {value} gives {out} and {next} gives {next_out}; others lead further away"
    ),
    "least": later("no {name} gives {target}: the smallest, {value}, gives {out}, larger ones lead further away"),
    "most": later(
        "no {name} gives {target}: the largest that PyTorch takes, {value}, gives {out}, smaller ones lead further away"
    ),
    "always": later("no {name} gives {target}: every one gives {out}"),
}
"""By the kind of proof."""

INPUT_PROOFS = {
    **PROOFS,
    "outside": later("no input size in the range gives {target}; {value}, outside it, does"),
    "between": later(
        "no input size gives {target}: {value} gives {out} and {next} gives {next_out}; others lead further away"
    ),
    "least": later("no input size gives {target}: the smallest, {value}, gives {out}, larger ones lead further away"),
}


# -- how many layers see so much


def field_lines(answer: FieldAnswer, width: int) -> Iterator[Line]:
    """Yield the answer about a stack of equal layers."""
    question = answer.question
    parts = [f"{name} {value}" for name, value in question.given.items()]
    if question.target is not None:
        parts.insert(0, say("wanted: a receptive field of {size} or more", size=number(question.target)))
    yield from heading(parts, width)
    yield from tried_lines(answer.ranges, answer.tried, 0, width)
    yield ""
    headers = [*answer.ranges, say("sees")]
    if answer.solved:
        yield from table(headers, [_seen_cells(seen) for seen in answer.solutions])
        yield ""
        yield from derived([answer.solutions[0].rule], len(answer.solutions))
        if answer.misses and answer.misses[0].values:
            yield ""
            yield [Piece(say("the most that falls short:"), "bold")]
            yield from table(headers, [_seen_cells(seen) for seen in answer.misses])
        return
    if answer.one_pixel:
        yield from told(say("kernels of 1 see one pixel, however many layers there are"), width)
        return
    if not answer.ranges:
        nearest = number(answer.misses[0].size)
        yield from told(say("this sees {size}, which is less; name what may change with --vary", size=nearest), width)
        yield from derived([answer.misses[0].rule], 1)
        return
    wanted = number(question.target or 0)
    said = say("nothing in these ranges sees {size}; the field only grows with each number", size=wanted)
    yield from told(said, width)
    yield [Piece(say("nearest:"), "bold")]
    yield from table(headers, [_seen_cells(seen) for seen in answer.misses])
    yield from derived([answer.misses[0].rule], 1)


def _seen_cells(seen: Seen) -> list[str]:
    return [*(number(value) for value in seen.values.values()), number(seen.size)]
