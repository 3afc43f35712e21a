"""`schema` prints draft-07; it accepts what is right and rejects what is wrong. test_schema_file.py has the gallery."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import pytest
from shell import SPECS, cnncalc


@cache
def validator() -> jsonschema.Draft7Validator:
    schema = json.loads(cnncalc("schema").out)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def errors(spec: Any) -> list[str]:
    return [error.message for error in validator().iter_errors(spec)]


def test_it_prints_the_file_that_editors_read():
    assert cnncalc("schema").out == (SPECS / "cnncalc.schema.json").read_text(encoding="utf-8")


def test_it_says_which_draft():
    assert validator().schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def network(layer: Any, **other: Any) -> dict[str, Any]:
    return {"input": [3, 32, 32], "layers": [layer], **other}


CONV = {"type": "Conv2d", "out_channels": 8, "kernel_size": 3}

RIGHT = {
    "a bare type": network("ReLU"),
    "a convolution": network(CONV),
    "an expression": network({**CONV, "out_channels": "4 * width"}, vars={"width": 2}),
    "a window an axis": network({**CONV, "kernel_size": [3, 5], "padding": [[1, 0], [0, 1]]}),
    "padding in words": network({**CONV, "padding": "same"}),
    "branches": network({"type": "Concat", "branches": [[], ["ReLU"]]}),
    "repeat": network({"type": "Sequential", "repeat": 3, "layers": [CONV]}),
    "a block": network({"type": "Twice", "out": 4}, blocks={"Twice": {"params": {"out": "required"}, "layers": [
        {**CONV, "out_channels": "out"}]}}),
    "a head": network(CONV, heads={"aux": {"from": "conv1", "train_only": True, "layers": ["ReLU"]}}),
}  # fmt: skip

WRONG = {
    "no input": {"layers": ["ReLU"]},
    "no layers": {"input": [3, 32, 32]},
    "an unknown key": network("ReLU", optimizer="sgd"),
    "an input of five sizes": {"input": [1, 1, 3, 32, 32], "layers": ["ReLU"]},
    "an input of nothing": {"input": [], "layers": ["ReLU"]},
    "an input of 0": {"input": [0, 32, 32], "layers": ["ReLU"]},
    "an unknown argument": network({**CONV, "filters": 3}),
    "a kernel of 0": network({**CONV, "kernel_size": 0}),
    "a stride of 0": network({**CONV, "stride": 0}),
    "a negative padding": network({**CONV, "padding": -1}),
    "a fractional kernel": network({**CONV, "kernel_size": 2.5}),
    "a probability over 1": network({"type": "Dropout", "p": 1.5}),
    "a layer of two types": network({"type": ["ReLU", "ReLU"]}),
    "a list for a layer": network(["ReLU"]),
    "another version": network("ReLU", cnncalc=2),
    "branches of numbers": network({"type": "Concat", "branches": [1, 2]}),
    "a block without layers": network("ReLU", blocks={"B": {"params": {}}}),
    "a head without layers": network("ReLU", heads={"aux": {"train_only": True}}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_accepts(name):
    assert errors(RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_it_rejects(name):
    assert errors(WRONG[name])


def test_an_error_is_about_the_type_written():
    """if/then on `type`, not anyOf, so that an editor shows one error and not one for each type there is."""
    found = errors(network({**CONV, "filters": 3}))
    assert len(found) == 1 and "filters" in found[0]
