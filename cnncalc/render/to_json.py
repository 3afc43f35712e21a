"""The JSON that other programs build on. `schema_version` grows when a key changes its meaning or goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from cnncalc.analysis.receptive import Field, Fields, Receptive
from cnncalc.analysis.report import HeadFacts, LayerFacts, Report
from cnncalc.diagnostics import Diagnostic

if TYPE_CHECKING:
    from cnncalc.analysis.explain import Explanation
    from cnncalc.engine.element import Element
    from cnncalc.render.words import Seen

SCHEMA_VERSION = 1


def dumps(value: object) -> str:
    """Return JSON text in ASCII, one object, with a last newline; a fraction, such as a jump of 1/2, as 0.5.

    JSON knows no infinity and no NaN: each is null.
    """
    try:
        return json.dumps(value, indent=1, default=_number, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_finite(value), indent=1, default=_number, allow_nan=False) + "\n"


def _number(value: Any) -> float | None:
    number = float(value)
    return number if isfinite(number) else None


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in cast(dict[str, object], value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast(Sequence[object], value)]
    return _number(value) if isinstance(value, float) else value


def report_json(report: Report) -> dict[str, object]:
    """Return the summary."""
    totals = report.totals._asdict()
    totals["training"] = report.totals.training._asdict()
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.graph.name,
        "reference": report.graph.reference,
        "input_shape": list(report.graph.input_shape),
        "batch": report.batch,
        "dtype": report.dtype,
        "layers": [layer_json(facts) for facts in report.layers],
        "heads": [head_json(head) for head in report.heads],
        "totals": totals,
        "warnings": [diagnostic_json(warning) for warning in report.warnings],
    }


def head_json(head: HeadFacts) -> dict[str, object]:
    """Return one side output."""
    return {"name": head.name, "train_only": head.train_only, "layers": [layer_json(facts) for facts in head.layers]}


def layer_json(facts: LayerFacts) -> dict[str, object]:
    """Return one layer."""
    node = facts.node
    return {
        "name": node.name,
        "type": node.type,
        "inputs": list(node.inputs),
        "input_shapes": [list(shape) for shape in node.input_shapes],
        "output_shape": list(node.output_shape),
        "arguments": {field.name: getattr(node.layer, field.name) for field in fields(node.layer)},
        "parameters": {name: list(shape) for name, shape in facts.held.parameters.items()},
        "buffers": {name: list(shape) for name, shape in facts.held.buffers.items()},
        "parameter_count": facts.held.parameter_count,
        "buffer_count": facts.held.buffer_count,
        "macs": facts.cost.macs,
        "macs_without_padding": facts.cost.macs_without_padding,
        "flops": facts.cost.flops,
        "receptive_field": _axes(facts.receptive.fields),
        **_other_paths(facts.receptive),
        "activation_bytes": facts.activation_bytes,
    }


def _other_paths(receptive: Receptive) -> dict[str, object]:
    """Return the fields of the path without gates and of the smallest path, where they are not the whole's."""
    other = {
        "receptive_field_without_gate": receptive.without_gate,
        "receptive_field_smallest_path": receptive.smallest,
    }
    return {name: _axes(fields_) for name, fields_ in other.items() if fields_ != receptive.fields}


def _axes(receptive: Fields) -> list[dict[str, object]]:
    return [_field(field) for field in receptive]


def _field(field: Field) -> dict[str, object]:
    """Return one axis; where units see unequally much, what each unit of a period sees: [first, last], or null."""
    jump = field.jump if isinstance(field.jump, int) else float(field.jump)
    phases = {"phases": list(field.phases)} if field.phases else {}
    return {"size": field.size, "jump": jump, "start": field.start, **phases}


def explanation_json(explained: Explanation, quantities: Sequence[str]) -> dict[str, object]:
    """Return the derivations of one layer."""
    node = explained.facts.node
    wanted = {name: rules for name, rules in explained.rules.items() if name in quantities}
    return {
        "schema_version": SCHEMA_VERSION,
        "name": node.name,
        "type": node.type,
        "input_shapes": [list(shape) for shape in node.input_shapes],
        "output_shape": list(node.output_shape),
        "formula": explained.formula,
        "rules": {name: [rule._asdict() for rule in rules] for name, rules in wanted.items()},
        "sharing": explained.sharing if "sharing" in quantities else {},
    }


def element_json(element: Element, seen: Seen) -> dict[str, object]:
    """Return the arithmetic of one output element."""
    return {
        "schema_version": SCHEMA_VERSION,
        "layer": element.node.name,
        "index": list(element.place),
        "patches": [patch._asdict() for patch in element.patches],
        "bias": element.bias,
        "rule": element.rule,
        "value": element.value,
        "input_seen": list(seen),
    }


def window_json(layer: str, index: Sequence[int], seen: Seen) -> dict[str, object]:
    """Return which part of the input one element sees: [first, last] an axis."""
    return {"schema_version": SCHEMA_VERSION, "layer": layer, "index": list(index), "input_seen": list(seen)}


def diagnostic_json(found: Diagnostic) -> dict[str, object]:
    """Return one error or warning."""
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "place": found.span._asdict() if found.span else None,
        "also": [{"text": label.text, "place": label.span._asdict()} for label in found.labels],
        "calls": [{"text": label.text, "place": label.span._asdict()} for label in found.calls],
        "shapes": list(found.shapes),
    }


def errors_json(found: Sequence[Diagnostic]) -> dict[str, object]:
    """Return what a command that could not do its work says to a program."""
    return {"schema_version": SCHEMA_VERSION, "errors": [diagnostic_json(one) for one in found]}
