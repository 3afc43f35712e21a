"""Answers to `solve` for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncalc.layers.base import Rule
from cnncalc.questions.solve.axes import WindowAnswer
from cnncalc.questions.solve.field import FieldAnswer, Seen
from cnncalc.questions.solve.network import NetworkAnswer, Outcome
from cnncalc.questions.solve.ranges import Values
from cnncalc.questions.solve.window import Found
from cnncalc.render.to_json import SCHEMA_VERSION


def answer_json(answer: WindowAnswer | FieldAnswer | NetworkAnswer) -> dict[str, object]:
    """Return an answer; `about` says of which kind it is."""
    if isinstance(answer, WindowAnswer):
        return {"schema_version": SCHEMA_VERSION, "about": "window", **window_json(answer)}
    if isinstance(answer, FieldAnswer):
        return {"schema_version": SCHEMA_VERSION, "about": "field", **field_json(answer)}
    return {"schema_version": SCHEMA_VERSION, "about": "network", **network_json(answer)}


def window_json(answer: WindowAnswer) -> dict[str, object]:
    """Return the answer about a window: the settings that solve all axes, then each axis for itself."""
    question = answer.question
    return {
        "given": {name: list(values) for name, values in question.given.items()},
        "kind": question.kind,
        "ceil_mode": question.ceil_mode,
        "ranges": _ranges(answer.ranges),
        "solved": answer.solved,
        "solutions": [
            {"values": one.values, "axes": [_found(found) for found in one.axes], "rules": _rules(one.rules)}
            for one in answer.together
        ],
        "axes": [
            {
                "name": name,
                "tried": axis.tried,
                "refused": axis.refused,
                "solutions": [_found(found) for found in axis.solutions],
                "misses": [_found(found) for found in axis.misses],
                "proof": proof._asdict() if proof else None,
            }
            for name, axis, proof in zip(answer.names, answer.axes, answer.proofs, strict=False)
        ],
    }


def _found(found: Found) -> dict[str, object]:
    _, kernel, dilation, _, before, after, output_padding = found.setting
    return {
        "values": found.values,
        "in": list(found.sizes),
        "out": found.out,
        "kernel": kernel,
        "stride": found.setting.step,
        "dilation": dilation,
        "padding": [before, after],
        "output_padding": output_padding,
    }


def field_json(answer: FieldAnswer) -> dict[str, object]:
    """Return the answer about a stack of layers."""
    return {
        "given": answer.question.given,
        "target": answer.question.target,
        "ranges": _ranges(answer.ranges),
        "tried": answer.tried,
        "solved": answer.solved,
        "solutions": [_seen(seen) for seen in answer.solutions],
        "misses": [_seen(seen) for seen in answer.misses],
    }


def _seen(seen: Seen) -> dict[str, object]:
    return {"values": seen.values, **seen.stack._asdict(), "size": seen.size, "rules": _rules([seen.rule])}


def network_json(answer: NetworkAnswer) -> dict[str, object]:
    """Return the answer about a network."""
    return {
        "name": answer.graph.name,
        "at": answer.at,
        "targets": [target._asdict() for target in answer.targets],
        "ranges": _ranges({one.name: one.values for one in answer.unknowns}),
        "tried": answer.tried,
        "broken": answer.broken,
        "broken_because": answer.broken_because,
        "solved": answer.solved,
        "solutions": [_outcome(answer, one) for one in answer.solutions],
        "stretches": [{"first": one.first.values, "last": one.last.values} for one in answer.stretches],
        "misses": [_outcome(answer, one) for one in answer.misses],
        "paths": [[{"layer": name, "sizes": list(sizes)} for name, sizes in path] for path in answer.paths],
        "rules": {name: _rules(rules) for name, rules in answer.rules.items()},
    }


def _outcome(answer: NetworkAnswer, outcome: Outcome) -> dict[str, object]:
    readings = zip((target.quantity for target in answer.targets), outcome.readings, strict=True)
    return {"values": outcome.values, "readings": dict(readings), "problem": outcome.problem}


def _ranges(ranges: Mapping[str, Values]) -> dict[str, object]:
    """Return each range as [first, last, step], or as its values where they are listed."""
    return {
        name: {"first": values[0], "last": values[-1], "step": values.step}
        if isinstance(values, range)
        else {"values": list(values)}
        for name, values in ranges.items()
    }


def _rules(rules: Sequence[Rule]) -> list[dict[str, object]]:
    return [rule._asdict() for rule in rules]
