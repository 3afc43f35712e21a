"""The JSON Schema of specs for editors, made from the dataclasses that check them. Draft-07, `if/then` on `type`."""

from __future__ import annotations

from dataclasses import MISSING

from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import Layer, argument_fields
from cnncalc.layers.kinds import (
    PADDING_WORDS,
    Choice,
    Count,
    Flag,
    Kind,
    PaddingPairs,
    PerAxis,
    Real,
    Several,
    Sides,
)
from cnncalc.spec.items import ITEM_KEYS, SEQUENTIAL
from cnncalc.text import say

Schema = dict[str, object]

NAME: Schema = {"type": ["string", "integer"], "pattern": "^[A-Za-z0-9_.]+$"}
WAY: Schema = {
    "if": {"type": "array"},
    "then": {"$ref": "#/definitions/layers"},
    "else": {"$ref": "#/definitions/item"},
}
"""A branch or a head: a list of items, or one item."""


def schema() -> Schema:
    """Return the schema of a whole spec."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnncalc spec",
        "type": "object",
        "required": ["input", "layers"],
        "additionalProperties": False,
        "properties": {
            "cnncalc": {"const": 1, "description": say("version of the format")},
            "name": {"type": "string"},
            "reference": {"type": "string", "description": say("the paper, and which variant")},
            "input": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": _number({"type": "integer", "minimum": 1}),
                "description": say("channels, then the spatial sizes; no batch"),
            },
            "vars": {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string"]}},
            "defaults": {"type": "object", "additionalProperties": {"type": "object"}},
            "blocks": {"type": "object", "additionalProperties": {"$ref": "#/definitions/block"}},
            "layers": {"$ref": "#/definitions/layers"},
            "heads": {"type": "object", "additionalProperties": {"$ref": "#/definitions/head"}},
            "tensors": {"type": "object", "additionalProperties": {"type": ["array", "number"]}},
        },
        "definitions": _definitions(),
    }


def _definitions() -> Schema:
    block: Schema = {
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "params": {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string", "array"]}},
            "inline": {
                "type": "boolean",
                "description": say("its layers are named as if they were written where the block is used"),
            },
            "layers": {"$ref": "#/definitions/layers"},
        },
    }
    head: Schema = {
        "type": "object",
        "required": ["from", "layers"],
        "additionalProperties": False,
        "properties": {
            "from": NAME,
            "train_only": {"type": ["boolean", "string"]},
            "layers": WAY,
        },
    }
    return {
        "layers": {"type": "array", "items": {"$ref": "#/definitions/item"}},
        "block": block,
        "head": head,
        "item": _item(),
    }


def _item() -> Schema:
    """An item is a bare type or a mapping whose arguments follow from its type; a block's params are free."""
    common: Schema = {
        "type": {"type": "string", "examples": [*LAYERS, SEQUENTIAL]},
        "name": NAME,
        "from": {"if": {"type": "array"}, "then": {"type": "array", "minItems": 1, "items": NAME}, "else": NAME},
        "if": {"type": ["boolean", "string"]},
        "repeat": {
            "type": ["integer", "string", "object"],
            "minimum": 0,
            "properties": {"times": {"type": ["integer", "string"]}, "name": {"type": "string"}},
            "required": ["times"],
            "additionalProperties": False,
        },
        "layers": {"$ref": "#/definitions/layers"},
        "branches": {"type": ["object", "array"], "additionalProperties": WAY, "items": WAY},
        "functional": {
            "type": ["boolean", "string"],
            "description": say("called as a function, which tools that hook modules do not see"),
        },
    }
    return {
        "type": ["string", "object"],
        "required": ["type"],
        "properties": common,
        "allOf": [_type_rule(name, layer_type(name)) for name in LAYERS],
    }


def _type_rule(name: str, kind: type[Layer]) -> Schema:
    """Return the rule for items of one type. Required arguments may come from defaults, so none is required here."""
    arguments: Schema = {}
    for argument, (value, field) in argument_fields(kind).items():
        rule = _number(_kind(value, kind.axes)) | {"description": say(field.metadata["doc"])}
        if field.default is not MISSING and field.default is not None:
            rule["default"] = field.default
        arguments[argument] = rule
    keys: Schema = dict.fromkeys(ITEM_KEYS, True)
    return {
        "if": {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": arguments, "propertyNames": {"enum": [*keys, *arguments]}},
    }


def _number(rule: Schema) -> Schema:
    """Return a rule that lets an expression stand for the number."""
    kinds = rule.get("type")
    if kinds is None:
        return rule
    listed: list[object] = [*kinds] if isinstance(kinds, list) else [kinds]  # pyright: ignore[reportUnknownVariableType]
    return {**rule, "type": list(dict.fromkeys([*listed, "string"]))}


def _kind(kind: Kind, axes: int) -> Schema:
    """Return the rule of one kind of argument."""
    match kind:
        case Count(minimum, optional):
            return {"type": ["integer", "null"] if optional else "integer", "minimum": minimum}
        case Several(minimum, optional, most, fractions):
            bound: Schema = {"exclusiveMinimum": 0} if fractions else {"minimum": minimum}
            number = "number" if fractions else "integer"
            kinds = [number, "array", *(["null"] if optional else [])]
            entries: Schema = {"items": {"type": [number, "string"], **bound}, "minItems": 1, "maxItems": most}
            return {"type": kinds, **bound, **entries}
        case Real(minimum, maximum):
            bounds: Schema = {} if minimum is None else {"minimum": minimum}
            return {"type": "number", **bounds, **({} if maximum is None else {"maximum": maximum})}
        case Flag():
            return {"type": "boolean"}
        case Choice(words):
            return {"examples": list(words), "type": "string"}
        case PerAxis(minimum, optional, gaps):
            entry: Schema = {"type": ["integer", "string", *(["null"] if gaps else [])], "minimum": minimum}
            extra = ["null"] if optional or gaps else []
            return {"type": ["integer", "array", *extra], "minimum": minimum, **_list(entry, axes)}
        case PaddingPairs():
            pair: Schema = {
                "type": ["integer", "string", "array"],
                "minimum": 0,
                **_list({"type": ["integer", "string"], "minimum": 0}, 2),
            }
            return {
                "type": ["integer", "array", "string"],
                "minimum": 0,
                "examples": [0, 1, *PADDING_WORDS],
                **_list(pair, axes),
            }
        case Sides():
            return {"type": ["integer", "array"], **_list({"type": ["integer", "string"]}, 2 * axes)}


def _list(entry: Schema, length: int) -> Schema:
    return {"items": entry, "minItems": length, "maxItems": length}
