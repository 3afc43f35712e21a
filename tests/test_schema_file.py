"""specs/cnncalc.schema.json, which editors read by the first line of each spec, is what `cnncalc schema` prints."""

from __future__ import annotations

import os
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from cnncalc.render.to_json import dumps
from cnncalc.spec.schema import schema

SPECS = Path(__file__).resolve().parents[1] / "specs"
FILE = SPECS / "cnncalc.schema.json"
GALLERY = pytest.mark.parametrize("path", sorted(SPECS.rglob("*.yaml")), ids=lambda path: path.stem)


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == dumps(schema()), "run: cnncalc schema > specs/cnncalc.schema.json"


@GALLERY
def test_every_spec_of_the_gallery_refers_to_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert Path(os.path.normpath(path.parent / found[1])) == FILE


SINGLE = ("googlenet", "windows_5x5")
"""Specs whose heads hold one item instead of a list."""


@GALLERY
def test_every_spec_of_the_gallery_is_valid(path: Path, request: pytest.FixtureRequest) -> None:
    if path.stem in SINGLE:
        reason = "the program takes one item for a list of layers, and the schema does not yet: then drop SINGLE"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    validator = jsonschema.Draft7Validator(schema())
    assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))] == []


def test_the_schema_is_a_schema_and_refuses_what_the_program_refuses() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    validator = jsonschema.Draft7Validator(schema())

    def valid(item: object) -> bool:
        return validator.is_valid({"input": [3, 8, 8], "layers": [item]})

    assert valid("ReLU") and valid({"type": "Conv2d", "out_channels": "2 * width", "kernel_size": [3, 3]})
    assert not valid({"type": "Conv2d", "filters": 8, "kernel_size": 3})
    assert not valid({"type": "Conv2d", "out_channels": 8, "kernel_size": 0})
    assert not valid({"type": "MaxPool2d", "kernel_size": [3]})
    assert not valid({"name": "conv1"})
