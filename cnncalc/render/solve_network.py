"""Answers to `solve` about a network: the solutions, the sizes on the way, one derived; else the nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnncalc.questions.solve.network import NetworkAnswer, Outcome, Stretch
from cnncalc.questions.solve.ranges import Value, values_text
from cnncalc.questions.solve.targets import Reading, Target
from cnncalc.render.explain import rule_lines
from cnncalc.render.screen import Line, Piece
from cnncalc.render.solve_parts import heading, table, told, tried_lines
from cnncalc.render.words import cells, clean, folded, size_text
from cnncalc.text import number, say, say_count, shape_text


def network_lines(answer: NetworkAnswer, width: int) -> Iterator[Line]:
    """Yield the answer about a network."""
    wanted = [target_text(target, answer.at) for target in answer.targets]
    yield from heading([clean(answer.graph.name), *wanted], width)
    yield from tried_lines({one.name: one.values for one in answer.unknowns}, answer.tried, 0, width)
    if answer.broken:
        yield from told(
            say_count(
                "{count} of them gives no network: {problem}",
                "{count} of them give no network, such as: {problem}",
                answer.broken,
                problem=clean(answer.broken_because),
            ),
            width,
        )
    yield ""
    names = [one.name for one in answer.unknowns]
    headers = [*names, *(target.quantity for target in answer.targets)]
    if answer.solved:
        yield from table(headers, [_stretch_cells(answer, stretch) for stretch in answer.stretches])
        for path in answer.paths:
            yield ""
            yield from folded(" -> ".join(f"{name} {shape_text(sizes)}" for name, sizes in path), width)
        if answer.rules:
            yield ""
        if answer.rules and len(answer.solutions) > 1:
            yield [Piece(say("the first of them:"), "dim")]
        for name, rules in answer.rules.items():
            yield [Piece(name, "bold")]
            for rule in rules:
                yield from rule_lines(rule, max(cells(one.left) for one in rules))
        return
    yield from told(say("none of the combinations in these ranges does it"), width)
    if answer.misses:
        yield [Piece(say("nearest:"), "bold")]
        rows = [[*_value_cells(one.values), *_reading_cells(answer.targets, one)] for one in answer.misses]
        head, *lines = table(headers, rows)
        yield head
        for line, outcome in zip(lines, answer.misses, strict=True):
            yield line
            if outcome.problem:
                text = say("but then {problem}", problem=clean(outcome.problem))
                yield from (f"    {part}" for part in folded(text, width - 4))


def target_text(target: Target, at: str) -> str:
    """Say what is wanted."""
    amount = reading_text(target.quantity, target.wanted)
    if target.quantity in ("shape", "rf"):
        return say(
            "wanted: {quantity} of {layer} {sign} {amount}",
            quantity=target.quantity,
            layer=at,
            sign=target.comparison,
            amount=amount,
        )
    return say("wanted: {quantity} {sign} {amount}", quantity=target.quantity, sign=target.comparison, amount=amount)


def reading_text(quantity: str, reading: Reading) -> str:
    """Write a shape, a count, or bytes."""
    if not isinstance(reading, int):
        return shape_text(reading)
    return size_text(reading) if quantity == "memory" else number(reading)


def _value_cells(values: Mapping[str, Value]) -> list[str]:
    return [values_text([value]) for value in values.values()]


def _reading_cells(targets: Sequence[Target], outcome: Outcome) -> list[str]:
    return [reading_text(target.quantity, one) for target, one in zip(targets, outcome.readings, strict=True)]


def _stretch_cells(answer: NetworkAnswer, stretch: Stretch) -> list[str]:
    """Write a stretch: its last unknown from the first value to the last, and what the ends have."""
    first, last = stretch
    one, other = _value_cells(first.values), _value_cells(last.values)
    firsts, lasts = _reading_cells(answer.targets, first), _reading_cells(answer.targets, last)
    values = answer.unknowns[-1].values
    step = values.step if isinstance(values, range) else 1
    return [
        a
        if a == b
        else say("{first} to {last} in steps of {step}", first=a, last=b, step=step)
        if step > 1 and a == one[-1]
        else say("{first} to {last}", first=a, last=b)
        for a, b in zip([*one, *firsts], [*other, *lasts], strict=True)
    ]
